//! Failure frequencies against δ.

use statrs::distribution::{Binomial, DiscreteCDF};

use super::{BETA, FRAGILE_EXTRA, Findings, Region, curve_at, vacuous};
use crate::claim::Claim;
use crate::experiment::Fault;
use crate::interval;
use crate::law::Curve;
use crate::outcome::{Judgement, PointOutcome, Verdict};
use crate::run::Tier;
use crate::sample::Sample;

pub(super) fn judge(claim: &Claim, sample: &Sample, delta: &Curve, tier: Tier) -> Result<Judgement, Fault> {
    let deltas = curve_at(delta, sample)?;
    let mut found = Findings::new();
    let mut points = Vec::with_capacity(deltas.len());
    for (point, &delta) in sample.points.iter().zip(&deltas) {
        let region = Region { floor: f64::NEG_INFINITY, ceiling: delta, scale: delta };
        let n = point.replicates();
        let alpha = tier.alpha() / point.members.len() as f64;
        found.needed = found.needed.max(trials_for(delta, claim.detectable(), alpha, n));
        let (mut most, mut tightness) = (0, f64::NEG_INFINITY);
        for values in &point.members {
            let failed = values.iter().filter(|v| **v > claim.fails_above).count();
            found.add(region, interval::clopper_pearson(failed, n, alpha));
            let allowed = (failed..=n).take_while(|&k| interval::clopper_pearson(k, n, alpha).high <= delta);
            let room = allowed.count() as f64;
            found.fragile |= room < FRAGILE_EXTRA * (failed as f64 + 1.0).sqrt();
            most = most.max(failed);
            tightness = tightness.max(upper_quantile(values, delta));
        }
        let frequency = most as f64 / n as f64;
        points.push(PointOutcome {
            x: point.x,
            n,
            mean: frequency,
            stderr: (frequency * (1.0 - frequency) / n as f64).sqrt(),
            bound: delta,
            ratio: Some(if claim.fails_above < 1.0 { frequency / delta } else { tightness }),
        });
    }
    let (verdict, reason) = found.decide(sample.points[0].replicates());
    Ok(Judgement {
        verdict,
        reason,
        vacuous: vacuous(claim, &points),
        worst_ratio: points.iter().filter_map(|p| p.ratio).reduce(f64::max),
        points,
        slope: None,
        exponent: None,
        margin: found.margin,
        fragile: verdict == Verdict::Holds && found.fragile,
    })
}

/// The (1−δ)-quantile: the least value that at most a share δ of the values exceeds.
fn upper_quantile(values: &[f64], delta: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let exceeding = (delta * sorted.len() as f64).floor() as usize;
    sorted[sorted.len() - 1 - exceeding.min(sorted.len() - 1)]
}

/// The least number of trials, at least `n`, that finds a failure probability of (1 + detects)·δ
/// violated with probability 1 − β; trials grow by tenths.
fn trials_for(delta: f64, detects: f64, alpha: f64, n: usize) -> usize {
    let truth = ((1.0 + detects) * delta).min(1.0);
    let reaches = |n: usize| {
        // The verdict is violated from `least` failures on: a bisection over a monotone limit.
        let (mut below, mut least) = (0, n + 1);
        while least - below > 1 {
            let middle = below.midpoint(least);
            if interval::clopper_pearson(middle, n, alpha).low > delta {
                least = middle
            } else {
                below = middle
            }
        }
        least <= n && Binomial::new(truth, n as u64).is_ok_and(|b| b.sf(least as u64 - 1) >= 1.0 - BETA)
    };
    let mut trials = n;
    while !reaches(trials) && trials < 100_000_000 {
        trials += trials / 10 + 1;
    }
    trials
}
