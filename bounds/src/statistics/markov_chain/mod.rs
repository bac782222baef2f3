//! What *On Learning Markov Chains* promises, and what it promised too much.

mod bounds;
mod estimation;
mod prediction;

use ratebook::statistics::baselines::{AddSquareRoot, Frequencies};
use ratebook::statistics::markov_chain::{AddConstant, AveragedAddOne, PlugIn};
use ratebook_judge::Paper;

pub use bounds::{
    averaged_add_one_risk, coin_bayes_risks, entered_pair_risk, hard_prior, printed_rate, repaired_rate,
    row_divergence_risk, row_squared_risk, three_state_bayes_risk, two_state_bayes_risk, two_state_rate,
};
pub use estimation::{estimated_row_divergence, estimated_row_squares};
use prediction::{LastTen, Told, hybrid, hybrid_risk};
pub use prediction::{
    averaged_at_most, every_rule_pays, three_states, three_states_as_printed, two_states, two_states_at_least,
};

/// The paper and its claims.
pub fn paper() -> Paper {
    let half = AddConstant::half;
    Paper::new("statistics/markov_chain", "On Learning Markov Chains")
        .arxiv("1810.11754")
        .seed_line(179)
        .claim(
            two_states(hybrid)
                .control("add-1/2 on every trajectory", two_states(move |_| Ok(half())))
                .control("add-1 on every trajectory", two_states(|_| Ok(AddConstant::one()))),
        )
        .claim(
            three_states(repaired_rate, three_state_bayes_risk)
                .refutes(
                    "the printed upper bound k^2 ln ln n / n at k = 3 (abstract of arXiv 1810.11754)",
                    three_states_as_printed(three_state_bayes_risk),
                )
                .control("the risk of two states", three_states(repaired_rate, hybrid_risk)),
        )
        .claim(
            averaged_at_most(AveragedAddOne)
                .control("sees only the last 10 symbols", averaged_at_most(LastTen))
                .baseline("add-1/2 on the whole trajectory", averaged_at_most(PlugIn(half()))),
        )
        .claim(
            two_states_at_least(hard_prior)
                .control("a prior on 1/4 and 1/2", two_states_at_least(|_| vec![0.25, 0.5])),
        )
        .claim(
            every_rule_pays(|n, _| hybrid(n))
                .control(
                    "is told the transition probabilities",
                    every_rule_pays(|n, back| Ok(Told { n, back })),
                )
                .baseline("add-1/2 on every trajectory", every_rule_pays(move |_, _| Ok(half()))),
        )
        .claim(
            estimated_row_divergence(half())
                .control("adds the square root of the visits", estimated_row_divergence(AddSquareRoot)),
        )
        .claim(
            estimated_row_squares(Frequencies)
                .control("adds the square root of the visits", estimated_row_squares(AddSquareRoot))
                .baseline("add-1/2", estimated_row_squares(half())),
        )
}
