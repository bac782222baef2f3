//! What *Nearly Lossless Adaptive Bit Switching* promises.

use std::convert::Infallible;

use rand::{Rng, TryRng};
use ratebook::Result;
use ratebook::quantization::baselines::{DirectRounding, HalfUp, PrintedSearch, Truncation};
use ratebook::quantization::double_rounding::{
    BitSwitch, DoubleRounding, HalfEven, HessianSearch, Roulette, step_learning_rate,
};
use ratebook::quantization::{BitSearch, BitWidth, Quantizer, SecondRounding};
use ratebook_judge::{Cases, Claim, Paper, Source, Tolerance};

/// (1 + 3·4^(−Δ))/12: the mean square of Ŵ_l − W in units of the narrow step, for W uniform over whole periods
/// and Δ ≥ 1.
///
/// Derived: the first rounding error is uniform, 1/12 in units of s_h², and independent of the residue of W_h
/// modulo 2^Δ; to that is added [`second_rounding_error`], and 4^Δ units of s_h² are one of s_l².
pub fn mean_square(delta: f64) -> f64 {
    (1.0 + 3.0 * 4_f64.powf(-delta)) / 12.0
}

/// (4^Δ + 2)/12: the mean square of 2^Δ·W_l − W_h over whole periods of codes, in units of s_h², Δ ≥ 1.
///
/// Derived: the residues −2^(Δ−1) < r ≤ 2^(Δ−1) are equally frequent.
pub fn second_rounding_error(delta: f64) -> f64 {
    (4_f64.powf(delta) + 2.0) / 12.0
}

/// The mean of 2^Δ·W_l − W_h over two periods of codes in units of s_h: 0 with ties to even, 1/2 with ties
/// upwards, −(2^Δ − 1)/2 when truncating. Derived: all residues but the tie are paired.
pub fn bias_of_truncation(delta: f64) -> f64 {
    -(delta.exp2() - 1.0) / 2.0
}

/// How many of the 256 codes of 8 bits change when narrowed to l bits over m bits instead of at once. Enumerated
/// with another program, by rounding rational numbers.
pub const PATHS: [(u32, u32, usize); 15] = [
    (6, 4, 30),
    (6, 5, 31),
    (6, 3, 14),
    (6, 2, 6),
    (5, 4, 45),
    (5, 3, 28),
    (5, 2, 12),
    (4, 3, 49),
    (4, 2, 24),
    (3, 2, 45),
    (7, 6, 0),
    (7, 5, 31),
    (7, 4, 15),
    (7, 3, 7),
    (7, 2, 3),
];

/// 1/n for a layer below the mean trace, else b_i/Σb (Algorithm 1).
pub fn roulette_probability(bits: &[u32], index: usize, sensitive: bool) -> f64 {
    match sensitive {
        false => 1.0 / bits.len() as f64,
        true => f64::from(bits[index]) / f64::from(bits.iter().sum::<u32>()),
    }
}

/// λ_b of Equations 6 and 7, from the mean over the layers of the largest clipped gradient.
pub fn learning_rate(lambda: f64, delta: u32, mean: f64) -> f64 {
    let eta = [1.0, 0.5, 0.1, 0.05, 0.01, 0.005, 0.001][delta as usize];
    eta * (lambda - mean)
}

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

/// The narrow width of the experiments; the wide one is 2 + Δ.
const LOW: u32 = 2;

/// Every code from −2^(Δ+1) on, over two periods of 2^Δ: none is clipped at two bits.
fn two_periods(delta: u32) -> std::ops::Range<i32> {
    -(2 << delta)..0
}

fn twice<R: SecondRounding + Copy>(rounding: R) -> impl Fn(&[f64], u32) -> Result<Vec<f64>> {
    move |weights, delta| {
        let quantizer = DoubleRounding::with_rounding(1.0, BitWidth::new(LOW + delta)?, rounding)?;
        quantizer.decode_at(&quantizer.encode(weights)?, BitWidth::new(LOW)?)
    }
}

fn once(weights: &[f64], delta: u32) -> Result<Vec<f64>> {
    let quantizer = DirectRounding::new(f64::from(1 << delta), BitWidth::new(LOW)?)?;
    Ok(quantizer.decode(&quantizer.encode(weights)?))
}

/// Rounding twice costs 3·4^(−Δ) of the error of rounding once.
pub fn error(decode: impl Fn(&[f64], u32) -> Result<Vec<f64>> + Send + Sync + 'static) -> Claim {
    /// Cells of the integration between neighbouring codes: the midpoint rule is off by 1/CELLS² of 1/12.
    const CELLS: i32 = 64;
    Claim::equals("error", mean_square, Tolerance::Relative(5e-4))
        .states("The mean square error is $(1 + 3 \\cdot 4^{-\\Delta})/12$ in units of the narrow step.")
        .assuming(
            "weights uniform over two whole periods, unclipped; by the midpoint rule with 64 cells a code",
        )
        .source(Source::Derived)
        .computed()
        .sweep("Δ", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        .full_sweep((1..=14).map(f64::from).collect::<Vec<_>>())
        .detects(0.002)
        .measure(move |delta, _| -> Result<f64> {
            let codes = two_periods(delta as u32);
            let cells = (CELLS * codes.start)..(CELLS * codes.end);
            let weights: Vec<f64> = cells.map(|k| (f64::from(k) + 0.5) / f64::from(CELLS)).collect();
            let decoded = decode(&weights, delta as u32)?;
            let squares: f64 = weights.iter().zip(decoded).map(|(w, v)| (v - w).powi(2)).sum();
            Ok(squares / weights.len() as f64 / 4_f64.powf(delta))
        })
}

/// 2^Δ·W_l − W_h for every code of two periods.
fn code_errors<R: SecondRounding + Copy>(rounding: R, delta: u32) -> Result<Vec<f64>> {
    let switch = BitSwitch::new(BitWidth::new(LOW + delta)?, BitWidth::new(LOW)?, rounding)?;
    Ok(two_periods(delta).map(|code| f64::from((switch.apply(code) << delta) - code)).collect())
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

/// The second rounding alone, over every code.
pub fn error_of_codes<R: SecondRounding + Copy + Send + Sync + 'static>(rounding: R) -> Claim {
    Claim::equals("error of codes", second_rounding_error, Tolerance::Relative(0.0))
        .states("The mean of $(\\tilde W_h - 2^\\Delta \\tilde W_l)^2$ over the codes is exactly $(4^\\Delta + 2)/12$.")
        .assuming("every code of two periods, unclipped")
        .source(Source::Derived)
        .exhaustive()
        .sweep("Δ", (1..=14).map(f64::from).collect::<Vec<_>>())
        .measure(move |delta, _| -> Result<f64> {
            Ok(mean(code_errors(rounding, delta as u32)?.into_iter().map(|error| error * error)))
        })
}

/// The mean error of the second rounding over every code is what the treatment of ties makes it.
pub fn bias<R: SecondRounding + Copy + Send + Sync + 'static>(
    id: &str,
    rounding: R,
    formula: &str,
    prediction: impl Fn(f64) -> f64 + Send + Sync + 'static,
) -> Claim {
    Claim::equals(id, prediction, Tolerance::Absolute(1e-9))
        .states(&format!("The mean of $\\hat W_l - W$ over the codes is exactly ${formula}$."))
        .assuming("every code of two periods, unclipped; in units of s_h")
        .source(Source::Derived)
        .exhaustive()
        .sweep("Δ", (1..=14).map(f64::from).collect::<Vec<_>>())
        .measure(move |delta, _| -> Result<f64> {
            Ok(mean(code_errors(rounding, delta as u32)?.into_iter()))
        })
}

/// Candidate widths of the paper's first configuration.
const CANDIDATES: [u32; 4] = [2, 4, 6, 8];

fn widths(bits: &[u32]) -> Result<Vec<BitWidth>> {
    bits.iter().map(|&bits| BitWidth::new(bits)).collect()
}

/// Every sequence of `length` elements of `values`.
fn sequences<T: Copy>(values: &[T], length: usize) -> impl Iterator<Item = Vec<T>> {
    let base = values.len();
    let element = move |code: usize, place: usize| values[code / base.pow(place as u32) % base];
    (0..base.pow(length as u32)).map(move |code| (0..length).map(|place| element(code, place)).collect())
}

/// Sensitivities with ties and gaps of every size.
const SENSITIVITIES: [f64; 4] = [0.1, 1.0, 1.5, 8.0];

/// Calls `check` with every instance of up to `layers` layers: sensitivities, total bits, the bits found.
fn every_search(
    search: &impl BitSearch,
    layers: usize,
    mut check: impl FnMut(&[f64], u32, &[u32]),
) -> Result<()> {
    let candidates = widths(&CANDIDATES)?;
    for sensitivities in sequences(&SENSITIVITIES, layers) {
        for total in (2 * layers as u32..=8 * layers as u32).step_by(2) {
            let mean_bits = f64::from(total) / layers as f64;
            let found = search.search(&sensitivities, &candidates, mean_bits)?;
            check(&sensitivities, total, &found.iter().map(|width| width.bits()).collect::<Vec<_>>());
        }
    }
    Ok(())
}

/// Of two layers the more sensitive one never gets fewer bits: "Higher bits are priority selected for sensitive
/// layers" (Section 3.3).
///
/// The printed Algorithm 2 minimises Σ (t_l/n_l)·b_l under a fixed mean of the b_l, which by the rearrangement
/// inequality gives the fewest bits to the most sensitive layers.
pub fn sensitive_layers_get_more_bits(search: impl BitSearch + Send + Sync + 'static) -> Claim {
    Claim::always("sensitive layers get more bits")
        .states("If $t_i/n_i > t_j/n_j$ then the search gives layer $i$ at least as many bits as layer $j$.")
        .assuming(
            "candidates {2, 4, 6, 8}; every sequence of sensitivities from {0.1, 1, 1.5, 8}, every mean",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("layers", [2.0, 3.0, 4.0])
        .full_sweep([2.0, 3.0, 4.0, 5.0, 6.0])
        .check(move |layers, _, cases| {
            every_search(&search, layers as usize, |sensitivities, _, bits| {
                let inverted = (0..bits.len()).any(|i| {
                    (0..bits.len()).any(|j| sensitivities[i] > sensitivities[j] && bits[i] < bits[j])
                });
                cases.holds(!inverted, || format!("{bits:?} for sensitivities {sensitivities:?}"));
            })
        })
}

/// The search attains the maximum over all assignments with the given mean.
pub fn optimal_search(search: impl BitSearch + Send + Sync + 'static) -> Claim {
    Claim::always("optimal search")
        .states("The search attains $\\max \\sum_l (t_l/n_l) b_l$ over all assignments with mean $\\omega$.")
        .assuming(
            "candidates {2, 4, 6, 8}; every sequence of sensitivities from {0.1, 1, 1.5, 8}, every mean",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("layers", [1.0, 2.0, 3.0, 4.0])
        .full_sweep([1.0, 2.0, 3.0, 4.0, 5.0])
        .check(move |layers, _, cases| {
            let assignments: Vec<_> = sequences(&CANDIDATES, layers as usize).collect();
            every_search(&search, layers as usize, |sensitivities, total, bits| {
                let value = |bits: &[u32]| -> f64 {
                    sensitivities.iter().zip(bits).map(|(s, &b)| s * f64::from(b)).sum()
                };
                let allowed = assignments.iter().filter(|bits| bits.iter().sum::<u32>() == total);
                let best = allowed.map(|bits| value(bits)).fold(f64::MIN, f64::max);
                cases.holds(bits.iter().sum::<u32>() == total, || format!("{bits:?} do not sum to {total}"));
                cases.at_most(best, value(bits) + 1e-9, || format!("{bits:?} for {sensitivities:?}"));
            })
        })
}

/// A broken search: as even as the candidates allow, whatever the sensitivities.
#[derive(Debug, Clone, Copy)]
struct Even;

impl BitSearch for Even {
    fn search(
        &self,
        sensitivities: &[f64],
        candidates: &[BitWidth],
        mean_bits: f64,
    ) -> Result<Vec<BitWidth>> {
        HessianSearch.search(&vec![1.0; sensitivities.len()], candidates, mean_bits)
    }
}

/// Whatever the number of widths served, h bits are stored for each weight.
pub fn storage(store: impl Fn(&[f64], &[BitWidth]) -> Result<usize> + Send + Sync + 'static) -> Claim {
    const WEIGHTS: usize = 4096;
    Claim::equals("storage", |_| 8.0, Tolerance::Relative(0.0))
        .states("Serving any set of widths up to $h = 8$ stores $h$ bits per weight.")
        .assuming("4096 weights; the size of what is stored; widths 8, 6, 4, 2 in turn; without the 64 bits of a step")
        .source(Source::Abstract)
        .computed()
        .sweep("widths", [1.0, 2.0, 3.0, 4.0])
        .measure(move |count, _| -> Result<f64> {
            let weights: Vec<f64> = (0..WEIGHTS).map(|i| (0.7 * i as f64).sin()).collect();
            let bits = store(&weights, &widths(&[8, 6, 4, 2][..count as usize])?)?;
            Ok(bits as f64 / WEIGHTS as f64)
        })
}

const STEP: f64 = 1.0 / 128.0;

fn one_model(weights: &[f64], served: &[BitWidth]) -> Result<usize> {
    let quantizer = DoubleRounding::new(STEP, served[0])?;
    let code = quantizer.encode(weights)?;
    for &width in served {
        quantizer.decode_at(&code, width)?;
    }
    Ok(quantizer.stored_bits(&code) - 64)
}

fn separate_models(weights: &[f64], served: &[BitWidth]) -> Result<usize> {
    let stored = |&width: &BitWidth| {
        let step = STEP * f64::from(1 << (served[0].bits() - width.bits()));
        let quantizer = DirectRounding::new(step, width)?;
        Ok(quantizer.stored_bits(&quantizer.encode(weights)?) - 64)
    };
    served.iter().map(stored).sum()
}

fn float_master(weights: &[f64], _: &[BitWidth]) -> Result<usize> {
    let master: Vec<f32> = weights.iter().map(|&weight| weight as f32).collect();
    Ok(8 * size_of_val(master.as_slice()))
}

/// Narrowing in two steps differs from narrowing at once, by one step and for a known number of codes.
pub fn paths<R: SecondRounding + Copy + Send + Sync + 'static>(rounding: R) -> Claim {
    Claim::always("paths")
        .states("Narrowing from 8 to $l$ bits over $m$ bits changes a known number of codes, each by at most one.")
        .assuming("all 256 codes; the sweep is the number 10 m + l")
        .source(Source::Derived)
        .exhaustive()
        .sweep("10m+l", PATHS.map(|(middle, low, _)| f64::from(10 * middle + low)))
        .check(move |path, _, cases: &mut Cases| {
            let (middle, low) = (path as u32 / 10, path as u32 % 10);
            let [wide, middle_width, low_width] = [8, middle, low].map(BitWidth::new);
            let (wide, middle_width, low_width) = (wide?, middle_width?, low_width?);
            let at_once = BitSwitch::new(wide, low_width, rounding)?;
            let first = BitSwitch::new(wide, middle_width, rounding)?;
            let second = BitSwitch::new(middle_width, low_width, rounding)?;
            let mut changed = 0;
            for code in wide.lowest()..=wide.highest() {
                let distance = (second.apply(first.apply(code)) - at_once.apply(code)).abs();
                cases.at_most(f64::from(distance), 1.0, || format!("code {code} over {middle} to {low} bits"));
                changed += usize::from(distance != 0);
            }
            let expected = PATHS.iter().find(|known| (known.0, known.1) == (middle, low)).map(|known| known.2);
            cases.holds(Some(changed) == expected, || format!("{changed} codes change over {middle} to {low} bits"));
            Ok::<(), ratebook::Error>(())
        })
}

/// Words that go through [0, 1) in equal steps, from the middle of the first: a draw at every quantile.
struct Quantiles {
    next: u64,
    step: u64,
}

impl TryRng for Quantiles {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> std::result::Result<u32, Infallible> {
        self.try_next_u64().map(|word| (word >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> std::result::Result<u64, Infallible> {
        let word = self.next;
        self.next = self.next.wrapping_add(self.step);
        Ok(word)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> std::result::Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.try_next_u64()?.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// The roulette draws each width with the probability that Algorithm 1 gives it.
pub fn roulette(
    draw: impl Fn(f64, f64, &Roulette, &mut dyn Rng) -> Result<BitWidth> + Send + Sync + 'static,
) -> Claim {
    const DRAWS: u64 = 1 << 16;
    Claim::equals("roulette", |_| 1.0, Tolerance::Relative(2e-4))
        .states("A layer below the mean trace draws each width with probability $1/n$, any other $b_i/\\sum_j b_j$.")
        .assuming("widths {2, 4, 6, 8}; frequencies ÷ probabilities over 2¹⁶ evenly spaced draws; the trace in units of the mean")
        .source(Source::Derived)
        .computed()
        .sweep("t_l/t_m", [0.5, 1.0, 2.0])
        .detects(0.01)
        .measure(move |trace, _| -> Result<Vec<f64>> {
            let roulette = Roulette::new(widths(&CANDIDATES)?)?;
            let step = (u64::MAX / DRAWS) + 1;
            let mut rng = Quantiles { next: step / 2, step };
            let mut counts = [0_u32; CANDIDATES.len()];
            for _ in 0..DRAWS {
                let drawn = draw(trace, 1.0, &roulette, &mut rng)?.bits();
                counts.iter_mut().zip(CANDIDATES).for_each(|(count, bits)| *count += u32::from(bits == drawn));
            }
            let ratio = |(index, &count): (usize, &u32)| {
                f64::from(count) / DRAWS as f64 / roulette_probability(&CANDIDATES, index, trace >= 1.0)
            };
            Ok(counts.iter().enumerate().map(ratio).collect())
        })
}

/// The learning rates of the steps are those of Equations 6 and 7, negative ones included.
pub fn learning_rates(rate: impl Fn(f64, u32, &[Vec<f64>]) -> Result<f64> + Send + Sync + 'static) -> Claim {
    Claim::always("learning rates")
        .states("$\\lambda_b = \\eta_b (\\lambda - \\frac1L \\sum_i \\min(\\max|\\mathrm{clip}(\\nabla s_b^i, 1)|, 1))$.")
        .assuming("layers with gradients (0, −g), (g/2, g), g from {0, 10⁻⁴, 10⁻², 1, 100}, λ = 5·10⁻⁴, 0.1, 2")
        .source(Source::Derived)
        .exhaustive()
        .sweep("Δ", [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        .check(move |delta, _, cases| -> Result<()> {
            const SIZES: [f64; 5] = [0.0, 1e-4, 1e-2, 1.0, 100.0];
            for (lambda, pair) in [5e-4, 0.1, 2.0].into_iter().flat_map(|l| sequences(&SIZES, 2).map(move |g| (l, g))) {
                let layers = [vec![0.0, -pair[0]], vec![pair[1] / 2.0, pair[1]]];
                let mean = (pair[0].min(1.0) + pair[1].min(1.0)) / 2.0;
                let expected = learning_rate(lambda, delta as u32, mean);
                let found = rate(lambda, delta as u32, &layers)?;
                cases.close(found, expected, 1e-12, || format!("λ = {lambda}, gradients {pair:?}"));
            }
            Ok(())
        })
}

/// A broken rate: the gradients are not clipped.
fn unclipped(lambda: f64, delta: u32, gradients: &[Vec<f64>]) -> Result<f64> {
    let largest =
        |layer: &Vec<f64>| layer.iter().fold(0.0_f64, |largest, gradient| largest.max(gradient.abs()));
    Ok(learning_rate(lambda, delta, mean(gradients.iter().map(largest))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(mean_square(1.0), 7.0 / 48.0, max_relative = 1e-12);
        assert_relative_eq!(mean_square(2.0), 19.0 / 192.0, max_relative = 1e-12);
        let errors = [0.5, 1.5, 5.5, 21.5, 85.5, 341.5];
        for (delta, error) in (1..).zip(errors) {
            assert_eq!(second_rounding_error(f64::from(delta)), error);
        }
        assert_eq!([1.0, 2.0, 6.0].map(bias_of_truncation), [-0.5, -1.5, -31.5]);
        assert_eq!(roulette_probability(&[2, 4, 6, 8], 3, true), 0.4);
        assert_eq!(roulette_probability(&[2, 4, 6, 8], 3, false), 0.25);
        assert_relative_eq!(learning_rate(0.5, 2, 0.1), 0.04, max_relative = 1e-12);
        assert_relative_eq!(learning_rate(5e-4, 1, 0.25), -0.12475, max_relative = 1e-12);
    }

    quickcheck! {
        fn the_error_falls_to_that_of_one_rounding(delta: u8) -> bool {
            let delta = f64::from(delta % 20);
            mean_square(delta) > mean_square(delta + 1.0) && mean_square(delta + 1.0) > 1.0 / 12.0
        }

        fn both_errors_agree(delta: u8) -> bool {
            let delta = f64::from(delta % 20);
            let both = (second_rounding_error(delta) + 1.0 / 12.0) / 4f64.powf(delta);
            (both / mean_square(delta) - 1.0).abs() < 1e-12
        }

        fn roulette_probabilities_sum_to_one(bits: Vec<u8>, sensitive: bool) -> bool {
            let bits: Vec<u32> = bits.into_iter().map(|b| u32::from(b) + 1).collect();
            let sum: f64 = (0..bits.len()).map(|i| roulette_probability(&bits, i, sensitive)).sum();
            bits.is_empty() || (sum - 1.0).abs() < 1e-12
        }
    }
}
