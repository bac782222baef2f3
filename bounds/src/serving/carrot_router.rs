//! What *CARROT: A Cost Aware Rate Optimal Router* promises.

mod rates;
mod small_bumps;

use ratebook::Result;
use ratebook::math::sequences::sequences;
use ratebook::serving::carrot_router::{Carrot, neighbors, risks};
use ratebook_judge::{Claim, Paper, Source};

pub use rates::{Crossing, learned_cost, rate};
pub use small_bumps::lower;

/// γ(1 + α)/(2γ + d): the exponent at which the excess risk falls, for equal smoothness of all metrics.
pub fn rate_exponent(gamma: f64, alpha: f64, dimension: f64) -> f64 {
    gamma * (1.0 + alpha) / (2.0 * gamma + dimension)
}

/// 2·max_m |η̂_m − η_m|: the most that routing by η̂ can cost at a point.
///
/// Proved: η_ĝ ≤ η̂_ĝ + e ≤ η̂_g* + e ≤ η_g* + 2e.
pub fn pointwise_excess(largest_error: f64) -> f64 {
    2.0 * largest_error
}

/// ∫₀^h kl(½ + δ, ½ − δ) dδ for 0 ≤ h < ½, where kl = 2δ·ln((1 + 2δ)/(1 − 2δ)): with u = 2h it is ∫₀^u v·artanh v
/// dv = Σ_j u^{2j+3}/((2j + 1)(2j + 3)), whose terms are all positive.
pub fn tent_divergence(height: f64) -> f64 {
    let u = 2.0 * height;
    let mut power = u * u * u;
    let mut sum = 0.0;
    for j in 0..10_000 {
        let odd = f64::from(2 * j + 1);
        let term = power / (odd * (odd + 2.0));
        sum += term;
        if !(term > 1e-17 * sum) {
            break;
        }
        power *= u * u;
    }
    sum
}

/// How many bins [`lower_bound`] has, and how high their tents are: ⌈n^{1/3}⌉ and 1/(4·bins).
pub fn bumps(samples: f64) -> (usize, f64) {
    // n^{1/3} of a cube must not be rounded up.
    let bins = (samples.cbrt() - 1e-9).ceil().max(1.0);
    (bins as usize, 0.25 / bins)
}

/// ¼·Σ_j ∫|δ|·exp(−n ∫_{bin j} kl(½ + δ, ½ − δ)): what every router loses on average over the signs of the tents.
///
/// Proved: for each bin the Bretagnolle–Huber inequality, between the two signs of its tent. A bin of width 1/b has
/// ∫|δ| = h/(2b) and ∫kl = [`tent_divergence`]/(b·h).
pub fn lower_bound(samples: f64) -> f64 {
    let (bins, height) = bumps(samples);
    let divergence = tent_divergence(height) / (bins as f64 * height);
    0.25 * height / 2.0 * (-samples * divergence).exp()
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let best = |n: usize, gamma: f64| neighbors(n, gamma, 1);
    let five = |_: usize, _: f64| Ok(5);
    let all = |n: usize, _: f64| Ok(n);
    let mut paper = Paper::new("serving/carrot_router", "CARROT: A Cost Aware Rate Optimal Router")
        .arxiv("2502.03261")
        .seed_line(189);
    for crossing in [Crossing::LINEAR, Crossing::FLAT, Crossing::STEEP] {
        paper = paper.claim(
            rate(crossing, best)
                .control("five neighbours", rate(crossing, five))
                .control("the average of each model", rate(crossing, all)),
        );
    }
    let first = |table: Vec<f64>, tradeoff: Vec<f64>| {
        let copy = move |_: &[f64], out: &mut [f64]| out.copy_from_slice(&table);
        Ok(Carrot::new(copy, 2, tradeoff)?.route(&[]))
    };
    let worst = |table: Vec<f64>, tradeoff: Vec<f64>| {
        let last = risks(&table, &tradeoff).max_by(|a, b| a.1.total_cmp(&b.1));
        Ok(last.map_or(0, |last| last.0))
    };
    paper
        .claim(pointwise(first).control("routes to the largest risk", pointwise(worst)))
        .claim(small_bumps::listed())
        .claim(rates::listed())
}

/// Whatever the predictions, the excess is at most twice the largest error.
pub fn pointwise(route: impl Fn(Vec<f64>, Vec<f64>) -> Result<usize> + Send + Sync + 'static) -> Claim {
    Claim::always("pointwise")
        .states(
            "$\\eta_{\\hat g} - \\min_m \\eta_m \\le 2 \\max_m |\\hat\\eta_m - \\eta_m| \\le 2 \\sum_k \\mu_k \\max_m |\\hat\\Phi_{m,k} - \\Phi_{m,k}|$.",
        )
        .assuming("every two tables of two models and two metrics from {0, ½, 1}")
        .source(Source::Derived)
        .exhaustive()
        .sweep("mu of the first metric", [0.0, 0.25, 0.5, 1.0])
        .check(move |mu, _, cases| -> Result<()> {
            let tradeoff = vec![mu, 1.0 - mu];
            for tables in sequences(&[0.0, 0.5, 1.0], 8) {
                let (truth, guess) = tables.split_at(4);
                let eta = |table: &[f64]| risks(table, &tradeoff).map(|(_, risk)| risk).collect::<Vec<f64>>();
                let (eta, eta_hat) = (eta(truth), eta(guess));
                let largest = |pairs: &mut dyn Iterator<Item = (f64, f64)>| {
                    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
                };
                let error = largest(&mut eta_hat.iter().copied().zip(eta.iter().copied()));
                let by_metric = (0..2).map(|metric| {
                    let of = |table: &[f64]| [table[metric], table[2 + metric]];
                    tradeoff[metric] * largest(&mut of(guess).into_iter().zip(of(truth)))
                });
                let excess = eta[route(guess.to_vec(), tradeoff.clone())?] - eta[0].min(eta[1]);
                let name = || format!("Φ = {truth:?}, Φ̂ = {guess:?}");
                cases.at_most(excess, pointwise_excess(error), name);
                cases.holds(error <= by_metric.sum::<f64>() + 1e-12, name);
            }
            Ok(())
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(rate_exponent(1.0, 1.0, 1.0), 2.0 / 3.0, max_relative = 1e-12);
        assert_relative_eq!(rate_exponent(0.5, 2.0, 1.0), 0.75, max_relative = 1e-12);
        assert_eq!(pointwise_excess(0.25), 0.5);
        // ((u² − 1)·artanh u + u)/2 at u = ½, artanh ½ = ln(3)/2.
        let closed = (-0.75 * 3f64.ln() / 2.0 + 0.5) / 2.0;
        assert_relative_eq!(tent_divergence(0.25), closed, max_relative = 1e-12);
        assert_eq!(bumps(1000.0), (10, 0.025));
        assert_eq!(bumps(100.0).0, 5);
        // One bin of height ¼: ¼·(1/8)·exp(−4·closed).
        assert_relative_eq!(lower_bound(1.0), (-4.0 * closed).exp() / 32.0, max_relative = 1e-12);
    }

    quickcheck! {
        fn smoother_and_clearer_is_faster(gamma: u8, alpha: u8) -> bool {
            let (gamma, alpha) = (f64::from(gamma % 100 + 1) / 100.0, f64::from(alpha) / 50.0);
            rate_exponent(gamma, alpha, 1.0) < rate_exponent(gamma + 0.01, alpha, 1.0)
                && rate_exponent(gamma, alpha, 1.0) < rate_exponent(gamma, alpha + 0.1, 1.0)
                && rate_exponent(gamma, alpha, 2.0) < rate_exponent(gamma, alpha, 1.0)
        }

        fn small_tents_diverge_as_their_cube(height: u8) -> bool {
            let h = f64::from(height % 50 + 1) / 10_000.0;
            let ratio = tent_divergence(h) / (8.0 * h * h * h / 3.0);
            (1.0..=1.001).contains(&ratio)
        }

        fn the_lower_bound_falls(samples: u16) -> bool {
            let n = f64::from(samples) + 1.0;
            lower_bound(8.0 * n) < lower_bound(n) && lower_bound(n) > 0.0
        }
    }
}
