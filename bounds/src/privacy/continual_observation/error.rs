//! The claims about errors: their growth with the horizon, and the bounds that they keep.

use ratebook::Result;
use ratebook::privacy::channel::Ledger;
use ratebook::privacy::instances::{MaxSum, SumSelect};
use ratebook::privacy::{ContinualMechanism, ContinualRun, Shape};
use ratebook_judge::{Claim, Source, geometric, powers_of_two};

use super::bounds::{
    bit_sum_rate, bit_sum_variance, max_sum_rate, recompute_error, select_error, tree_error,
};
use super::{BETA, RHO, largest_error};

/// The largest MaxSum error on the stream whose every record is (1, 0, …, 0).
fn error_on_always_first(
    mechanism: &impl ContinualMechanism<Run: ContinualRun<Answer = f64>>,
    columns: usize,
    horizon: f64,
    rng: &mut impl rand::Rng,
) -> Result<f64> {
    largest_error(&MaxSum, mechanism, Shape::new(columns, horizon as usize)?, rng, |record| record[0] = true)
}

/// The largest error of MaxSum grows like T^(1/3)·√(ln T), no faster and no slower.
pub fn rate_in_horizon(
    mechanism: impl ContinualMechanism<Run: ContinualRun<Answer = f64>> + Send + Sync + 'static,
) -> Claim {
    Claim::rate_exactly("rate in horizon", max_sum_rate)
        .states("The largest error over $T$ answers to MaxSum grows like $T^{1/3} \\sqrt{\\ln T}$.")
        .assuming("ρ = 1, two columns, every record (1, 0): a held answer ages at every step")
        .source(Source::Abstract)
        .sweep("T", geometric(1e2, 1e5, 8))
        .replicates(120, 2000)
        .detects(0.05)
        .measure(move |horizon, streams| error_on_always_first(&mechanism, 2, horizon, &mut streams.noise))
}

/// The largest error of MaxSum exceeds r − 1 + √((k/ρ)·ln(2k/β)) with probability at most β.
pub fn recompute_keeps_its_bound(
    mechanism: impl ContinualMechanism<Run: ContinualRun<Answer = f64>> + Send + Sync + 'static,
) -> Claim {
    Claim::fails_at_most("recompute keeps its bound", |_| BETA)
        .states(
            "With probability $1 - \\beta$ every answer to MaxSum is within $r - 1 + \\sqrt{(k/\\rho) \\ln(2k/\\beta)}$ \
             of the truth, where $r = \\lceil (T/\\rho)^{1/3} \\rceil$ and $k = \\lceil T/r \\rceil$.",
        )
        .assuming("ρ = 1, β = 0.05, two columns, every record (1, 0): a held answer ages at every step")
        .source(Source::Derived)
        .sweep("T", geometric(1e2, 3e4, 4))
        .full_sweep(geometric(1e2, 1e5, 5))
        .replicates(800, 3000)
        .measure(move |horizon, streams| -> Result<f64> {
            let error = error_on_always_first(&mechanism, 2, horizon, &mut streams.noise)?;
            Ok(error / recompute_error(horizon, RHO, BETA))
        })
}

/// The largest error of SumSelect exceeds r − 1 + √(k/(2ρ))·ln(dk/β) with probability at most β.
///
/// The stream is the one on which the union bound is least wasteful: one column gets ahead until selecting any
/// other would break the bound, and from then on all columns grow alike, so that every release is a chance to.
pub fn select_keeps_its_bound(
    mechanism: impl ContinualMechanism<Run: ContinualRun<Answer = usize>> + Send + Sync + 'static,
) -> Claim {
    const COLUMNS: usize = 8;
    Claim::fails_at_most("select keeps its bound", |_| BETA)
        .states(
            "With probability $1 - \\beta$ the sum of every selected column is within $r - 1 + \\sqrt{k/(2\\rho)} \
             \\ln(dk/\\beta)$ of the largest.",
        )
        .assuming("ρ = 1, β = 0.05, d = 8; the last column leads by just more than the bound, then all grow alike")
        .source(Source::Derived)
        .sweep("T", geometric(64.0, 4096.0, 4))
        .replicates(1200, 5000)
        .measure(move |horizon, streams| -> Result<f64> {
            let bound = select_error(COLUMNS as f64, horizon, RHO, BETA);
            let shape = Shape::new(COLUMNS, horizon as usize)?;
            let mut lead = 0.0;
            let error = largest_error(&SumSelect, &mechanism, shape, &mut streams.noise, |record| {
                let ahead = lead > bound;
                lead += f64::from(!ahead);
                record.fill(ahead);
                record[COLUMNS - 1] = true;
            })?;
            Ok(error / bound)
        })
}

/// The largest error of a bit sum grows at most like L·√(ln T).
pub fn bit_sum_is_polylogarithmic(
    mechanism: impl ContinualMechanism<Run: ContinualRun<Answer = f64>> + Send + Sync + 'static,
) -> Claim {
    Claim::rate("bit sum is polylogarithmic", bit_sum_rate)
        .states("The largest error over $T$ answers to a bit sum grows at most like $(\\log_2 T + 1) \\sqrt{\\ln T}$.")
        .assuming("ρ = 1, one column, every record 1")
        .source(Source::Classical)
        .sweep("T", powers_of_two(7..=14))
        .replicates(200, 2000)
        .measure(move |horizon, streams| error_on_always_first(&mechanism, 1, horizon, &mut streams.noise))
}

/// The largest error of a bit sum exceeds L·√(ln(2T/β)/ρ) with probability at most β.
pub fn tree_keeps_its_bound(
    mechanism: impl ContinualMechanism<Run: ContinualRun<Answer = f64>> + Send + Sync + 'static,
) -> Claim {
    Claim::fails_at_most("tree keeps its bound", |_| BETA)
        .states("With probability $1 - \\beta$ every answer to a bit sum is within $L \\sqrt{\\ln(2T/\\beta)/\\rho}$.")
        .assuming("ρ = 1, β = 0.05, one column, every record 1")
        .source(Source::Derived)
        .sweep("T", geometric(128.0, 16_384.0, 5))
        .replicates(300, 3000)
        .measure(move |horizon, streams| -> Result<f64> {
            let error = error_on_always_first(&mechanism, 1, horizon, &mut streams.noise)?;
            Ok(error / tree_error(1.0, horizon, RHO, BETA))
        })
}

/// The variance of the bit sum at time t is popcount(t)·L/(2ρ), exactly, for every horizon and time.
///
/// The answer is linear in its noises, so replaying the run with the k-th noise at one standard deviation and all
/// others at zero gives the k-th coefficient, and the variance is the sum of their squares.
pub fn variance_is_popcount(
    mechanism: impl ContinualMechanism<Run: ContinualRun<Answer = f64>> + Send + Sync + 'static,
) -> Claim {
    const LONGEST: usize = 64;
    Claim::always("variance is popcount")
        .states(
            "The answer to a bit sum at time $t$ has variance $\\mathrm{popcount}(t) \\cdot L / (2\\rho)$.",
        )
        .assuming("one column, every horizon T up to 64 and every t ≤ T; the law of the noise, not a sample")
        .source(Source::Derived)
        .exhaustive()
        .sweep("rho", [0.5, 1.0, 4.0])
        .check(move |rho, _, cases| -> Result<()> {
            for horizon in 1..=LONGEST {
                let shape = Shape::new(1, horizon)?;
                let replay = |script: Vec<f64>| -> Result<Vec<f64>> {
                    let (mut run, mut channel) = (mechanism.start(shape, rho)?, Ledger::replaying(script));
                    (0..horizon).map(|_| run.step(&[true], &mut channel)).collect()
                };
                let mean = replay(Vec::new())?;
                let mut variance = vec![0.0; horizon];
                for noise in 0..horizon {
                    let moved = replay((0..=noise).map(|k| f64::from(k == noise)).collect())?;
                    for ((variance, moved), mean) in variance.iter_mut().zip(moved).zip(&mean) {
                        *variance += (moved - mean).powi(2);
                    }
                }
                for (time, variance) in (1..).zip(variance) {
                    let exact = bit_sum_variance(time, horizon as f64, rho);
                    cases.close(variance, exact, 1e-9 * exact, || format!("T = {horizon}, t = {time}"));
                }
            }
            Ok(())
        })
}
