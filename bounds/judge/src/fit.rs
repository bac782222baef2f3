//! The exponent of a measured curve: the slope of log(measured / promised) against log x.
//!
//! A measurement that keeps a promised rate has slope zero or below. The points are the means over
//! replicates (the worst of a family's means where a point has several members); the slope is fitted
//! by weighted least squares, and its error comes from a bootstrap over the replicates.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::quantile::student_t_upper;
use crate::sample::{Point, Sample, mean, standard_error, variance};

/// The relative error that every point is granted beside its standard error.
///
/// A pure power law is itself an approximation of the promised curve: without this floor one point with
/// a tiny standard error would decide the slope alone.
pub const FLOOR: f64 = 0.01;

/// The number of bootstrap resamples; the standard error they give is itself accurate to 3.5 %.
pub const RESAMPLES: usize = 400;

/// The seed of the bootstrap. It is fixed, so that a sample has one interval.
const SEED: u64 = 0x5107_e5ee_d000_0001;

/// A fitted slope with its confidence limits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Slope {
    /// The weighted least-squares slope.
    pub fit: f64,
    /// The lower limit, wrong with probability at most alpha.
    pub low: f64,
    /// The upper limit, wrong with probability at most alpha.
    pub high: f64,
}

/// Which member's mean represents a point with several members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worst {
    /// The largest: for a claim that bounds from above.
    Largest,
    /// The smallest: for a claim that bounds from below.
    Smallest,
}

/// Why a sample has no slope.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FitError {
    /// A line through one or two points leaves nothing to judge it by.
    #[error("{found} points: a slope needs at least 3")]
    FewPoints {
        /// The number of points.
        found: usize,
    },
    /// The promised curve does not have one value per point.
    #[error("the curve has {found} values for {expected} points")]
    CurveLength {
        /// The number of points.
        expected: usize,
        /// The number of values.
        found: usize,
    },
    /// The logarithm of x must exist and increase.
    #[error("x = {x}: must be positive, finite and above the point before")]
    Axis {
        /// The first x that breaks the rule.
        x: f64,
    },
    /// The measured value, or its ratio to the promised one, has no logarithm.
    #[error("measured / promised = {value} at x = {x}: both must be positive and the ratio finite")]
    Value {
        /// Where.
        x: f64,
        /// The ratio.
        value: f64,
    },
    /// Members of a point, or points that cannot be resampled together, differ in their replicates.
    #[error("the point at x = {x} has {found} replicates where {expected} are needed")]
    Replicates {
        /// Where.
        x: f64,
        /// The number of the other members, or of the other points.
        expected: usize,
        /// The number found.
        found: usize,
    },
}

/// The slope of the line that minimises the weighted squares. Weights are positive.
pub fn weighted_slope(x: &[f64], y: &[f64], weights: &[f64]) -> f64 {
    let total: f64 = weights.iter().sum();
    let center = x.iter().zip(weights).map(|(x, w)| x * w).sum::<f64>() / total;
    let (mut covariance, mut spread) = (0.0, 0.0);
    for ((x, y), w) in x.iter().zip(y).zip(weights) {
        // Centring x alone is enough: the weighted deviations of x sum to zero.
        covariance += w * (x - center) * y;
        spread += w * (x - center).powi(2);
    }
    covariance / spread
}

/// The worst of the members' means: NaN without members, and the first mean that is not finite, if any.
pub fn point_value(members: &[Vec<f64>], worst: Worst) -> f64 {
    worst_member(members, worst, mean).1
}

/// The log-log slope of (point value / curve) against x, with its interval.
///
/// The weights are 1/(r² + [`FLOOR`]²), r being the relative standard error of the point's value. The
/// interval is fit ∓ t·s: s is the standard deviation of the slope over [`RESAMPLES`] bootstrap
/// resamples, times √(n/(n − 1)) because a resample of n values has that much too little spread, and t is
/// Student's upper alpha-quantile with n − 1 degrees of freedom, n being the fewest replicates of any
/// point. (Percentiles of the resamples themselves would need 1e8 of them at alpha = 1e-6.)
///
/// A resample draws replicates with replacement, on its own at each point, and whole paths where
/// `sample.paths`; the members of a replicate stay together. If some resample's value is not positive
/// (nearly all replicates are zero), the data do not bound the slope and the interval is the whole line.
/// One replicate everywhere is a deterministic measurement: low = high = fit.
///
/// # Errors
/// [`FitError`], for a sample without a slope.
pub fn slope(sample: &Sample, curve: &[f64], worst: Worst, alpha: f64) -> Result<Slope, FitError> {
    let n = check(sample, curve)?;
    let x: Vec<f64> = sample.points.iter().map(|point| point.x.ln()).collect();
    let (mut y, mut weights) = (Vec::new(), Vec::new());
    for (point, promised) in sample.points.iter().zip(curve) {
        let (member, value) = worst_member(&point.members, worst, mean);
        let ratio = value / promised;
        let log_ratio = ratio.ln();
        // Zero, negative, infinite and NaN have no finite logarithm.
        if !(value.ln().is_finite() && log_ratio.is_finite()) {
            return Err(FitError::Value { x: point.x, value: ratio });
        }
        y.push(log_ratio);
        let relative = standard_error(&point.members[member]) / value;
        weights.push(1.0 / (relative.powi(2) + FLOOR.powi(2)));
    }
    let fit = weighted_slope(&x, &y, &weights);
    if n == 1 {
        return Ok(Slope { fit, low: fit, high: fit });
    }

    let resampled: Vec<f64> = (0..RESAMPLES)
        .into_par_iter()
        .map(|resample| {
            let mut rng = Pcg64::seed_from_u64(SEED + resample as u64);
            let mut rows = Vec::new();
            let mut y = Vec::with_capacity(x.len());
            for point in &sample.points {
                // A path keeps the rows drawn at its first point.
                if rows.is_empty() || !sample.paths {
                    let count = point.replicates();
                    rows = (0..count).map(|_| rng.random_range(0..count)).collect();
                }
                // The promised curve is the same in every resample: it moves all slopes alike.
                y.push(value_of_rows(&point.members, &rows, worst).ln());
            }
            weighted_slope(&x, &y, &weights)
        })
        .collect();
    if !resampled.iter().all(|slope| slope.is_finite()) {
        return Ok(Slope { fit, low: f64::NEG_INFINITY, high: f64::INFINITY });
    }
    let count = n as f64;
    let error = (variance(&resampled) * count / (count - 1.0)).sqrt();
    let radius = student_t_upper(alpha, count - 1.0) * error;
    Ok(Slope { fit, low: fit - radius, high: fit + radius })
}

/// The last half of the points (at least three of them, or all) and of the curve: its slope must
/// agree with the whole's, so that curvature cannot hide.
pub fn last_half(sample: &Sample, curve: &[f64]) -> (Sample, Vec<f64>) {
    let total = sample.points.len();
    let kept = total.div_ceil(2).max(3);
    let points: Vec<Point> = sample.points[total.saturating_sub(kept)..].to_vec();
    let curve = curve[curve.len().saturating_sub(kept)..].to_vec();
    (Sample { points, paths: sample.paths }, curve)
}

/// The point value of the replicates in `rows` alone (repeats count as often as they occur).
pub(crate) fn value_of_rows(members: &[Vec<f64>], rows: &[usize], worst: Worst) -> f64 {
    let average = |values: &[f64]| rows.iter().map(|&row| values[row]).sum::<f64>() / rows.len() as f64;
    worst_member(members, worst, average).1
}

/// The index and the average of the worst member; the first average that is not finite, if any.
fn worst_member(members: &[Vec<f64>], worst: Worst, average: impl Fn(&[f64]) -> f64) -> (usize, f64) {
    let mut found = (0, f64::NAN);
    for (index, values) in members.iter().enumerate() {
        let value = average(values);
        if !value.is_finite() {
            return (index, value);
        }
        let worse = match worst {
            Worst::Largest => value > found.1,
            Worst::Smallest => value < found.1,
        };
        if index == 0 || worse {
            found = (index, value);
        }
    }
    found
}

/// Checks everything but the values, and returns the fewest replicates of any point.
fn check(sample: &Sample, curve: &[f64]) -> Result<usize, FitError> {
    let points = &sample.points;
    if points.len() < 3 {
        return Err(FitError::FewPoints { found: points.len() });
    }
    if curve.len() != points.len() {
        return Err(FitError::CurveLength { expected: points.len(), found: curve.len() });
    }
    let (mut before, mut fewest) = (0.0, usize::MAX);
    for point in points {
        let (x, replicates) = (point.x, point.replicates());
        if !(x > before && x.is_finite()) {
            return Err(FitError::Axis { x });
        }
        if replicates == 0 {
            return Err(FitError::Replicates { x, expected: 1, found: 0 });
        }
        for found in point.members.iter().map(Vec::len) {
            if found != replicates {
                return Err(FitError::Replicates { x, expected: replicates, found });
            }
        }
        before = x;
        fewest = fewest.min(replicates);
    }
    // Paths pair the replicates of all points; a lone replicate among many is no deterministic sample.
    for point in points {
        let found = point.replicates();
        if found != fewest && (sample.paths || fewest == 1) {
            return Err(FitError::Replicates { x: point.x, expected: fewest, found });
        }
    }
    Ok(fewest)
}
