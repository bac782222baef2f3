//! Exponents against a promised rate.

use super::{
    BETA, FRAGILE_EXTRA, Findings, Region, STUDENT_MINIMUM, curve_at, point_outcome, replicates_for, vacuous,
};
use crate::claim::Claim;
use crate::experiment::Fault;
use crate::fit::{self, Worst};
use crate::interval::Interval;
use crate::law::{Curve, Evidence};
use crate::outcome::{Judgement, Verdict};
use crate::quantile;
use crate::run::Tier;
use crate::sample::Sample;

pub(super) fn judge(
    claim: &Claim,
    sample: &Sample,
    curve: &Curve,
    exactly: bool,
    tier: Tier,
) -> Result<Judgement, Fault> {
    let bounds = curve_at(curve, sample)?;
    let design = |e: fit::FitError| Fault::Design(e.to_string());
    let slope_of = |sample: &Sample, curve: &[f64]| {
        fit::slope(sample, curve, Worst::Largest, tier.alpha()).map_err(design)
    };
    let n = sample.points[0].replicates();
    if claim.evidence == Evidence::Sampled && n < STUDENT_MINIMUM {
        return Err(Fault::Design(format!("{n} replicates: a fitted exponent needs {STUDENT_MINIMUM}")));
    }
    let slope = slope_of(sample, &bounds)?;
    let (half, half_bounds) = fit::last_half(sample, &bounds);
    let last = slope_of(&half, &half_bounds)?;
    let slack = claim.detectable();
    let region =
        Region { floor: if exactly { -slack } else { f64::NEG_INFINITY }, ceiling: slack, scale: 1.0 };

    let mut found = Findings::new();
    found.add(region, Interval { low: slope.low, high: slope.high });
    // Curvature must not hide: the last half must agree, on its own interval to violate, on its fit to hold.
    found.excluded |= region.excludes(Interval { low: last.low, high: last.high });
    let agrees = region.contains(Interval { low: last.fit, high: last.fit });
    if claim.evidence == Evidence::Sampled {
        let half_width = slope.high - slope.fit;
        let (z_alpha, z_beta) = (-quantile::normal(tier.alpha()), -quantile::normal(BETA));
        found.needed = replicates_for(half_width * (1.0 + z_beta / z_alpha), slack, n);
        found.fragile = region.room(slope.fit) < half_width * (1.0 + FRAGILE_EXTRA / z_alpha);
    }
    let (mut verdict, mut reason) = found.decide(n);
    if verdict == Verdict::Holds && !agrees {
        verdict = Verdict::Inconclusive;
        reason = format!("the last half's slope, {:+.3}, does not agree", last.fit);
    }
    let points: Vec<_> =
        sample.points.iter().zip(&bounds).map(|(p, &b)| point_outcome(p, b, Worst::Largest)).collect();
    Ok(Judgement {
        verdict,
        reason,
        vacuous: vacuous(claim, &points),
        worst_ratio: points.iter().filter_map(|p| p.ratio).reduce(f64::max),
        points,
        exponent: Some(slope_of(sample, &vec![1.0; bounds.len()])?.fit),
        margin: found.margin.max(region.excess(Interval { low: last.low, high: last.high })),
        slope: Some(slope),
        fragile: verdict == Verdict::Holds && found.fragile,
    })
}
