//! Means against a bound or a prediction.

use super::{
    BETA, FRAGILE_EXTRA, Findings, Region, STUDENT_MINIMUM, curve_at, point_outcome, replicates_for, vacuous,
};
use crate::claim::Claim;
use crate::experiment::Fault;
use crate::fit::Worst;
use crate::interval::{self, Interval};
use crate::law::{Curve, Evidence, Interval as Method, Law, Tolerance};
use crate::outcome::{Judgement, Verdict};
use crate::quantile;
use crate::run::Tier;
use crate::sample::{Sample, mean, standard_error};

pub(super) fn judge(claim: &Claim, sample: &Sample, curve: &Curve, tier: Tier) -> Result<Judgement, Fault> {
    let bounds = curve_at(curve, sample)?;
    let worst = if matches!(claim.law, Law::AtLeast(_)) { Worst::Smallest } else { Worst::Largest };
    let found = check_means(claim, sample, &bounds, tier)?;
    let (mut verdict, mut reason) = found.decide(sample.points[0].replicates());
    if verdict == Verdict::Holds
        && let Some(loosened) = self_check(claim, sample, &bounds, tier)?
    {
        (verdict, reason) = (Verdict::Inconclusive, loosened);
    }
    let points: Vec<_> =
        sample.points.iter().zip(&bounds).map(|(p, &b)| point_outcome(p, b, worst)).collect();
    let ratios = points.iter().filter_map(|p| p.ratio);
    let worst_ratio = match claim.law {
        Law::AtMost(_) => ratios.reduce(f64::max),
        Law::AtLeast(_) => ratios.reduce(f64::min),
        _ => ratios.reduce(|a, b| if (a - 1.0).abs() >= (b - 1.0).abs() { a } else { b }),
    };
    Ok(Judgement {
        verdict,
        reason,
        vacuous: vacuous(claim, &points),
        points,
        slope: None,
        exponent: None,
        margin: found.margin,
        worst_ratio,
        fragile: verdict == Verdict::Holds && found.fragile,
    })
}

fn region(claim: &Claim, bound: f64) -> Region {
    let (floor, ceiling) = match claim.law {
        Law::AtLeast(_) => (bound, f64::INFINITY),
        Law::Equals(_, Tolerance::Relative(share)) => {
            (bound - share * bound.abs(), bound + share * bound.abs())
        }
        Law::Equals(_, Tolerance::Absolute(by)) => (bound - by, bound + by),
        _ => (f64::NEG_INFINITY, bound),
    };
    let scale = if bound == 0.0 { 1.0 } else { bound.abs() };
    let region = Region { floor, ceiling, scale };
    if claim.evidence == Evidence::Sampled { region } else { region.widened(claim.rounding * scale) }
}

/// The distance between the bound (the edge of the tolerance) and the smallest violation to catch.
fn distance_to_violation(claim: &Claim, bound: f64) -> f64 {
    let detects = claim.detectable();
    match claim.law {
        Law::Equals(_, Tolerance::Relative(share)) => (detects - share) * bound.abs(),
        Law::Equals(_, Tolerance::Absolute(by)) => detects - by,
        _ => detects * bound.abs(),
    }
}

fn check_means(claim: &Claim, sample: &Sample, bounds: &[f64], tier: Tier) -> Result<Findings, Fault> {
    let mut found = Findings::new();
    let (z_alpha, z_beta) = (-quantile::normal(tier.alpha()), -quantile::normal(BETA));
    for (point, &bound) in sample.points.iter().zip(bounds) {
        let region = region(claim, bound);
        let n = point.replicates();
        // Two-sided regions and families share the point's α.
        let sides = if matches!(claim.law, Law::Equals(..)) { 2.0 } else { 1.0 };
        let alpha = tier.alpha() / (sides * point.members.len() as f64);
        for values in &point.members {
            let interval = bracket(claim, values, alpha)?;
            found.add(region, interval);
            let se = standard_error(values);
            if claim.evidence == Evidence::Sampled {
                let reach = (interval.high - interval.low) / 2.0 + z_beta * se;
                found.needed =
                    found.needed.max(replicates_for(reach, distance_to_violation(claim, bound), n));
                found.fragile |= region.room(mean(values)) < (z_alpha + FRAGILE_EXTRA) * se;
            }
        }
    }
    Ok(found)
}

/// The confidence interval of a mean, each side wrong with probability at most `alpha`.
fn bracket(claim: &Claim, values: &[f64], alpha: f64) -> Result<Interval, Fault> {
    if claim.evidence != Evidence::Sampled {
        return Ok(Interval { low: values[0], high: values[0] });
    }
    match claim.interval {
        Method::Student if values.len() < STUDENT_MINIMUM => {
            Err(Fault::Design(format!("{} replicates: Student's t needs {STUDENT_MINIMUM}", values.len())))
        }
        Method::Student => Ok(interval::student(values, alpha)),
        Method::Bounded(low, high) => {
            if let Some(v) = values.iter().find(|v| !(low..=high).contains(*v)) {
                return Err(Fault::Design(format!("measured {v}, outside the declared [{low}, {high}]")));
            }
            Ok(interval::empirical_bernstein(values, (low, high), alpha))
        }
        Method::MedianOfMeans(blocks) => Ok(interval::median_of_means(values, blocks, alpha)),
    }
}

/// Tests the test: with the prediction moved by the declared violation, or a tight bound tightened,
/// the claim must not hold. Returns the complaint if it still does.
fn self_check(claim: &Claim, sample: &Sample, bounds: &[f64], tier: Tier) -> Result<Option<String>, Fault> {
    let still_holds = |moved: Vec<f64>| -> Result<bool, Fault> {
        Ok(check_means(claim, sample, &moved, tier)?.verdict() == Verdict::Holds)
    };
    let moved = |sign: f64, by: f64| bounds.iter().map(|b| b + sign * by * b.abs()).collect::<Vec<_>>();
    let detects = claim.detectable();
    let (perturbed, by) = match (&claim.law, claim.tight) {
        (Law::Equals(_, Tolerance::Relative(_)), _) => {
            (vec![moved(1.0, detects), moved(-1.0, detects)], detects)
        }
        (Law::Equals(_, Tolerance::Absolute(_)), _) => {
            let shifted = |by: f64| bounds.iter().map(|b| b + by).collect();
            (vec![shifted(detects), shifted(-detects)], detects)
        }
        (Law::AtLeast(_), Some(share)) => (vec![moved(1.0, share)], share),
        (_, Some(share)) => (vec![moved(-1.0, share)], share),
        _ => return Ok(None),
    };
    for bounds in perturbed {
        if still_holds(bounds)? {
            return Ok(Some(format!("still holds with the curve moved by {by}")));
        }
    }
    Ok(None)
}
