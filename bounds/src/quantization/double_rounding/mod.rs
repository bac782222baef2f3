//! What *Nearly Lossless Adaptive Bit Switching* promises.

mod bounds;
mod rounding;
mod search;
mod storage;
mod training;

use ratebook::Result;
use ratebook::quantization::BitWidth;
use ratebook::quantization::baselines::{HalfUp, PrintedSearch, Truncation};
use ratebook::quantization::double_rounding::{HalfEven, HessianSearch, step_learning_rate};
use ratebook_judge::Paper;

pub use bounds::{
    PATHS, bias_of_truncation, learning_rate, mean_square, roulette_probability, second_rounding_error,
};
pub use rounding::{bias, error, error_of_codes, paths};
use rounding::{once, twice};
use search::Even;
pub use search::{optimal_search, sensitive_layers_get_more_bits};
pub use storage::storage;
use storage::{float_master, one_model, separate_models};
use training::unclipped;
pub use training::{learning_rates, roulette};

/// The paper and its claims.
pub fn paper() -> Paper {
    Paper::new("quantization/double_rounding", "Nearly Lossless Adaptive Bit Switching")
        .arxiv("2502.01199")
        .seed_line(315)
        .claim(
            error(twice(HalfEven))
                .control("truncates instead of rounding again", error(twice(Truncation)))
                .baseline("rounds once, to the narrow step", error(once)),
        )
        .claim(
            error_of_codes(HalfEven)
                .control("truncates", error_of_codes(Truncation))
                .baseline("ties upwards", error_of_codes(HalfUp)),
        )
        .claim(
            bias("bias", HalfEven, "0", |_| 0.0)
                .control("ties upwards", bias("bias", HalfUp, "0", |_| 0.0))
                .control("truncates", bias("bias", Truncation, "0", |_| 0.0)),
        )
        .claim(
            bias("bias with ties upwards", HalfUp, "s_h/2", |_| 0.5)
                .control("ties to even", bias("bias with ties upwards", HalfEven, "s_h/2", |_| 0.5)),
        )
        .claim(bias("bias of truncation", Truncation, "-s_h(2^\\Delta-1)/2", bias_of_truncation).control(
            "ties to even",
            bias("bias of truncation", HalfEven, "-s_h(2^\\Delta-1)/2", bias_of_truncation),
        ))
        .claim(
            sensitive_layers_get_more_bits(HessianSearch).refutes(
                "Algorithm 2, line 2: minimal objective",
                sensitive_layers_get_more_bits(PrintedSearch),
            ),
        )
        .claim(
            optimal_search(HessianSearch)
                .control("minimises the objective", optimal_search(PrintedSearch))
                .control("gives every layer the same bits", optimal_search(Even)),
        )
        .claim(
            storage(one_model)
                .control("a model for each width", storage(separate_models))
                .control("a master in single precision", storage(float_master)),
        )
        .claim(paths(HalfEven).control("truncates, which is nested", paths(Truncation)))
        .claim(roulette(|trace, mean, roulette, rng| roulette.draw(trace, mean, rng)).control(
            "the branches reversed",
            roulette(|trace, mean, roulette, rng| roulette.draw(mean, trace, rng)),
        ))
        .claim(learning_rates(step_learning_rate).control("does not clip", learning_rates(unclipped)))
}

/// Candidate widths of the paper's first configuration.
const CANDIDATES: [u32; 4] = [2, 4, 6, 8];

fn widths(bits: &[u32]) -> Result<Vec<BitWidth>> {
    bits.iter().map(|&bits| BitWidth::new(bits)).collect()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}
