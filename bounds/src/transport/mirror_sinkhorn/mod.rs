//! What *Mirror Sinkhorn: Fast Online Optimization on Transport Polytopes* promises.
//!
//! The paper's theorems have these rates with other constants and steps; the constants below are derived, in
//! the documentation of each bound. Throughout, B is the range of the gradients and
//! D = min(H(a), H(b)) ≤ ln min(m, n).

mod bounds;
mod gap;
mod rounding;

use ratebook::Result;
use ratebook::transport::baselines::Sinkhorn;
use ratebook::transport::instances::LinearCost;
use ratebook::transport::mirror_sinkhorn::MirrorSinkhorn;
use ratebook_judge::{Paper, Streams};

pub use bounds::{advantage, anytime_gap, gap, marginal_error, regret, rounded_gap};
pub use gap::{anytime_gap_at_most, curved_gap_at_most, gap_at_most, noisy_gap_at_most, regret_at_most};
use rounding::last_iterate;
pub use rounding::{
    Report, beats_fixed_regularisation, bracketed, marginal_error_rate, rounded_average, rounded_gap_rate,
};

/// The paper and its claims.
pub fn paper() -> Paper {
    let method = MirrorSinkhorn::for_horizon;
    let timid = || method().scaled(0.1).expect("0.1 is positive");
    let eager = MirrorSinkhorn::constant(1.0).expect("1 is positive");
    let hundredth = MirrorSinkhorn::anytime().scaled(0.01).expect("0.01 is positive");
    let sinkhorn = Sinkhorn::new(ETA).expect("η is positive");
    let loose = || method().without_marginals();
    Paper::new(
        "transport/mirror_sinkhorn",
        "Mirror Sinkhorn: Fast Online Optimization on Transport Polytopes",
    )
    .arxiv("2211.10420")
    .seed_line(257)
    .claim(gap_at_most(method()).control("steps ten times too small", gap_at_most(timid())))
    .claim(noisy_gap_at_most(method()).control("steps ten times too small", noisy_gap_at_most(timid())))
    .claim(curved_gap_at_most(method()).control("steps ten times too small", curved_gap_at_most(timid())))
    .claim(
        anytime_gap_at_most(MirrorSinkhorn::anytime())
            .control("steps a hundred times too small", anytime_gap_at_most(hundredth)),
    )
    .claim(regret_at_most(method()).control("the step 1 at every horizon", regret_at_most(eager)))
    .claim(
        bracketed(method(), rounded_average)
            .control("the last iterate, not rounded", bracketed(method(), last_iterate))
            .control("steps ten times too small", bracketed(timid(), rounded_average)),
    )
    .claim(rounded_gap_rate(method()).control("only the total mass is repaired", rounded_gap_rate(loose())))
    .claim(
        marginal_error_rate(method())
            .control("only the total mass is repaired", marginal_error_rate(loose())),
    )
    .claim(
        beats_fixed_regularisation(method())
            .control("Sinkhorn itself", beats_fixed_regularisation(sinkhorn))
            .baseline("the anytime schedule", beats_fixed_regularisation(MirrorSinkhorn::anytime())),
    )
}

/// The size of the random linear costs.
const SIZE: usize = 16;

/// The regularisation of the rival.
const ETA: f64 = 0.1;

/// `count` random costs.
fn costs(count: usize, streams: &mut Streams) -> Result<Vec<LinearCost>> {
    (0..count).map(|_| LinearCost::random(SIZE, &mut streams.instance)).collect()
}

/// At every horizon, what `measure` says of each objective.
fn on_each<O>(
    objectives: &[O],
    horizons: &[f64],
    mut measure: impl FnMut(&O, f64) -> Result<f64>,
) -> Result<Vec<Vec<f64>>> {
    let mut at = |&rounds: &f64| objectives.iter().map(|objective| measure(objective, rounds)).collect();
    horizons.iter().map(&mut at).collect()
}

/// ln n, the information of uniform weights on n points.
fn information(size: usize) -> f64 {
    (size as f64).ln()
}
