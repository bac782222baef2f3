//! The claims about greedy coupling: how far from the least entropy it stays.

use ratebook::Result;
use ratebook::information::Coupler;
use ratebook::information::baselines::{OptimalCoupling, integer_partitions};
use ratebook::information::coupling::meet;
use ratebook::math::entropy::entropy;
use ratebook_judge::{Claim, Source};

use super::bounds::{greedy_over_meet, greedy_over_optimum};
use super::law;

/// The largest excess of a coupler's entropy over `floor`, over every pair of laws in whole units with at most four
/// masses.
fn worst_excess(
    coupler: &impl Coupler,
    units: f64,
    mut floor: impl FnMut(&[u32], &[u32]) -> Result<f64>,
) -> Result<f64> {
    let partitions = integer_partitions(units as u32, 4);
    let mut worst = f64::NEG_INFINITY;
    for (i, p) in partitions.iter().enumerate() {
        for q in &partitions[i..] {
            let coupling = coupler.couple(&law(p), &law(q))?;
            worst = worst.max(coupling.entropy() - floor(p, q)?);
        }
    }
    Ok(worst)
}

/// Greedy coupling is within log₂(e)/e of the least entropy.
pub fn over_optimum(coupler: impl Coupler + Send + Sync + 'static) -> Claim {
    Claim::at_most("over optimum", |_| greedy_over_optimum())
        .states("The entropy of the greedy coupling of two laws is at most $\\log_2(e)/e = 0.531$ above the least.")
        .assuming("every pair of laws in whole units with at most four masses; Compton et al. 2023, arXiv 2302.11838")
        .source(Source::Classical)
        .exhaustive()
        .sweep("units", [12.0])
        .full_sweep([12.0, 16.0])
        .measure(move |units, _| {
            let mut optimal = OptimalCoupling::new(units as u32);
            worst_excess(&coupler, units, |p, q| Ok(optimal.entropy(p, q)))
        })
}

/// Greedy coupling is within one bit of the entropy of the meet.
pub fn over_meet(coupler: impl Coupler + Send + Sync + 'static) -> Claim {
    Claim::at_most("over meet", |_| greedy_over_meet())
        .states("The entropy of the greedy coupling of two laws is at most one bit above that of their meet.")
        .assuming("every pair of laws in whole units with at most four masses")
        .source(Source::Classical)
        .from_memory()
        .exhaustive()
        .sweep("units", [12.0, 16.0])
        .full_sweep([12.0, 16.0, 24.0])
        .measure(move |units, _| worst_excess(&coupler, units, |p, q| Ok(entropy(&meet(&law(p), &law(q))?))))
}
