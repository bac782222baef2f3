//! Decides. A law allows a region; a measurement brings a confidence interval; the claim holds when
//! the interval lies inside the region and is violated when it lies outside.

mod always;
mod failures;
mod means;
mod rate;

use crate::claim::Claim;
use crate::experiment::Fault;
use crate::fit::{self, Worst};
use crate::interval::Interval;
use crate::law::{Curve, Law};
use crate::outcome::{Judgement, PointOutcome, Verdict};
use crate::run::{Measured, Tier};
use crate::sample::{Point, Sample, mean, standard_error};

/// The probability with which a violation of the declared size may escape.
pub const BETA: f64 = 1e-3;
/// A bound this many times the measurement says nothing.
pub const VACUOUS_FACTOR: f64 = 1000.0;
/// Student's t needs this many replicates.
pub const STUDENT_MINIMUM: usize = 30;
/// A claim that holds by less than z_α plus this many standard errors is fragile.
pub const FRAGILE_EXTRA: f64 = 3.0;

/// The values that a law allows at one point, and the unit in which distances from it are told.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Region {
    floor: f64,
    ceiling: f64,
    scale: f64,
}

impl Region {
    fn contains(&self, i: Interval) -> bool {
        i.low >= self.floor && i.high <= self.ceiling
    }

    fn excludes(&self, i: Interval) -> bool {
        i.low > self.ceiling || i.high < self.floor
    }

    /// How far outside the interval lies; negative when it touches the region.
    fn excess(&self, i: Interval) -> f64 {
        (i.low - self.ceiling).max(self.floor - i.high) / self.scale
    }

    /// How far inside the value lies.
    fn room(&self, value: f64) -> f64 {
        (self.ceiling - value).min(value - self.floor)
    }

    /// Both limits moved outwards.
    fn widened(self, by: f64) -> Self {
        Self { floor: self.floor - by, ceiling: self.ceiling + by, ..self }
    }
}

/// Judges one measured series of a claim.
///
/// # Errors
/// [`Fault::Design`] when the claim cannot be decided as it is written.
pub fn judge(claim: &Claim, measured: &Measured, tier: Tier) -> Result<Judgement, Fault> {
    match (measured, &claim.law) {
        (Measured::Ledgers(ledgers), Law::Always) => always::judge(claim, ledgers, tier),
        (Measured::Numbers(sample), Law::Rate { curve, exactly }) => {
            rate::judge(claim, sample, curve, *exactly, tier)
        }
        (Measured::Numbers(sample), Law::FailsAtMost(delta)) => failures::judge(claim, sample, delta, tier),
        (Measured::Numbers(sample), Law::AtMost(c) | Law::AtLeast(c) | Law::Equals(c, _)) => {
            means::judge(claim, sample, c, tier)
        }
        _ => Err(Fault::Design(format!("the law {} has another kind of experiment", claim.law.name()))),
    }
}

/// The curve at every point of the sweep; it must be finite.
fn curve_at(curve: &Curve, sample: &Sample) -> Result<Vec<f64>, Fault> {
    let value = |p: &Point| {
        let bound = curve(p.x);
        bound.is_finite().then_some(bound).ok_or_else(|| Fault::Design(format!("bound {bound} at {}", p.x)))
    };
    sample.points.iter().map(value).collect()
}

/// What has been found about all points so far.
struct Findings {
    contained: bool,
    excluded: bool,
    margin: f64,
    /// The number of replicates that the declared violation needs.
    needed: usize,
    fragile: bool,
}

impl Findings {
    fn new() -> Self {
        Self { contained: true, excluded: false, margin: f64::NEG_INFINITY, needed: 0, fragile: false }
    }

    fn add(&mut self, region: Region, interval: Interval) {
        self.contained &= region.contains(interval);
        self.excluded |= region.excludes(interval);
        self.margin = self.margin.max(region.excess(interval));
    }

    fn verdict(&self) -> Verdict {
        match (self.contained, self.excluded) {
            (_, true) => Verdict::Violated,
            (true, false) => Verdict::Holds,
            _ => Verdict::Inconclusive,
        }
    }

    /// The verdict with its reason, given the replicates there were.
    fn decide(&self, n: usize) -> (Verdict, String) {
        match self.verdict() {
            Verdict::Violated => (Verdict::Violated, String::new()),
            verdict if self.needed > n => {
                let reason =
                    format!("{n} replicates do not reach the declared violation: {} would", self.needed);
                (if verdict == Verdict::Holds { Verdict::Inconclusive } else { verdict }, reason)
            }
            Verdict::Holds => (Verdict::Holds, String::new()),
            Verdict::Inconclusive => {
                (Verdict::Inconclusive, "a confidence interval straddles the limit".into())
            }
        }
    }
}

/// The least number of replicates for which `reach`, which shrinks like 1/√n, is at most `allowed`.
fn replicates_for(reach: f64, allowed: f64, n: usize) -> usize {
    if reach <= allowed { n } else { (n as f64 * (reach / allowed).powi(2)).ceil() as usize }
}

fn point_outcome(point: &Point, bound: f64, worst: Worst) -> PointOutcome {
    let shown = fit::point_value(&point.members, worst);
    let values = point.members.iter().find(|values| mean(values) == shown).unwrap_or(&point.members[0]);
    PointOutcome {
        x: point.x,
        n: point.replicates(),
        mean: shown,
        stderr: standard_error(values),
        bound,
        ratio: (bound != 0.0).then(|| shown / bound),
    }
}

/// Whether no point is informative: bound within a factor 1,000 of the measurement and below (for
/// lower bounds: above) the trivial one.
fn vacuous(claim: &Claim, points: &[PointOutcome]) -> bool {
    let informative = |p: &PointOutcome| {
        let trivial = claim.trivial.as_ref().map(|t| t(p.x));
        match claim.law {
            Law::AtMost(_) => p.mean * VACUOUS_FACTOR >= p.bound && trivial.is_none_or(|t| p.bound < t),
            Law::AtLeast(_) => p.bound * VACUOUS_FACTOR >= p.mean && trivial.is_none_or(|t| p.bound > t),
            Law::FailsAtMost(_) => {
                p.bound < 1.0
                    && (claim.fails_above < 1.0 || p.ratio.is_some_and(|r| r * VACUOUS_FACTOR >= 1.0))
            }
            Law::Rate { .. } => trivial.is_none_or(|t| p.mean < t),
            Law::Equals(..) | Law::Always => true,
        }
    };
    !points.iter().any(informative)
}
