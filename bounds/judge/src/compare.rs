//! Is the variant better? A comparison of two samples over the same sweep, in four words.
//!
//! At every point the quantity compared is the log-ratio of the point values, variant over reference.
//! 1. Its interval is log-ratio ∓ t·s, s being a bootstrap standard error over replicates, as in
//!    [`fit::slope`](crate::fit::slope).
//! 2. Its p-value is that of a permutation test of the difference of the point values: the labels are
//!    swapped within pairs at random ([`compare`]) or shuffled over all replicates
//!    ([`compare_unpaired`]). It is valid for every law, zeros included.
//! 3. The p-values are adjusted by Holm's method, so that *better* or *worse* is said wrongly anywhere in
//!    the sweep with probability at most alpha.
//! 4. A point is *equivalent* when its whole interval lies within ±5 %, whatever its p-value; else
//!    *better* or *worse* when its adjusted p-value is at most alpha; else *undecided*.

use std::fmt;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::fit::{RESAMPLES, Worst, value_of_rows};
use crate::quantile::student_t_upper;
use crate::sample::{Point, Sample, variance};

/// Ratios between 1/(1 + this) and 1 + this are equivalent: 5 %, and symmetric, so that exchanging
/// the two samples exchanges *better* and *worse* and leaves *equivalent* as it is.
pub const EQUIVALENCE: f64 = 0.05;

/// The seed of resamples and permutations. It is fixed, so that two samples have one comparison.
const SEED: u64 = 0xc03b_a2e0_0000_0001;

/// The outcome at a point, or of a whole comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// The variant is better.
    Better,
    /// The variant is within 5 % of the reference.
    Equivalent,
    /// The variant is worse.
    Worse,
    /// The data do not tell.
    Undecided {
        /// About how many more replicates would, if the ratio is what it seems.
        more_replicates: usize,
    },
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Better => f.write_str("better"),
            Self::Equivalent => f.write_str("equivalent (within 5 %)"),
            Self::Worse => f.write_str("worse"),
            Self::Undecided { more_replicates } => {
                write!(f, "undecided: about {more_replicates} more replicates")
            }
        }
    }
}

/// The comparison at one point. (In JSON, an infinite log-ratio or limit becomes null.)
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PointComparison {
    /// The position on the sweep's axis.
    pub x: f64,
    /// ln(variant / reference): zero when both are zero, infinite when one is.
    pub log_ratio: f64,
    /// The lower limit of the log-ratio, wrong with probability at most alpha.
    pub low: f64,
    /// The upper limit of the log-ratio, wrong with probability at most alpha.
    pub high: f64,
    /// The two-sided permutation p-value of this point alone.
    pub p_value: f64,
    /// The p-value adjusted for the number of points (Holm).
    pub adjusted_p_value: f64,
    /// The outcome.
    pub word: Word,
}

/// A whole comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Point by point, in the sweep's order.
    pub points: Vec<PointComparison>,
    /// *Worse* if any point is; else *better* if any point is; else *undecided* (with the most
    /// replicates that a point asks for) if any point is; else *equivalent*.
    pub overall: Word,
}

/// What a comparison may err, and how hard it works.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Which member's mean represents a point with several members.
    pub worst: Worst,
    /// The error rate: of each interval limit, and of the words *better* and *worse* over the sweep.
    pub alpha: f64,
    /// The number of random permutations; p-values are at least 1/(permutations + 1), so it must
    /// exceed (number of points)/alpha.
    pub permutations: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { worst: Worst::Largest, alpha: 0.01, permutations: 1_999 }
    }
}

/// Why two samples cannot be compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CompareError {
    /// The sweeps differ in length, or have no point.
    #[error("the reference has {reference} points and the variant {variant}: must be equal, and at least 1")]
    Points {
        /// The reference's points.
        reference: usize,
        /// The variant's points.
        variant: usize,
    },
    /// The sweeps differ in position.
    #[error("the reference has a point at {reference} where the variant has one at {variant}")]
    Axis {
        /// The reference's x.
        reference: f64,
        /// The variant's x.
        variant: f64,
    },
    /// The families differ in size.
    #[error("at x = {x} the reference has {reference} members and the variant {variant}")]
    Members {
        /// Where.
        x: f64,
        /// The reference's members.
        reference: usize,
        /// The variant's members.
        variant: usize,
    },
    /// Members of one family differ in their replicates, or pairs are incomplete, or one sample has a
    /// single replicate (an exact number) and the other several, or one has none.
    #[error("at x = {x} the replicates do not match: {expected} against {found}")]
    Replicates {
        /// Where.
        x: f64,
        /// The replicates of the reference's first member.
        expected: usize,
        /// The replicates that do not match them.
        found: usize,
    },
    /// A ratio needs values that are finite and not negative.
    #[error("the point value is {value} at x = {x}: must be finite and not negative")]
    Value {
        /// Where.
        x: f64,
        /// The value, or the first mean that is not finite.
        value: f64,
    },
}

/// Compares two samples made on the same streams: replicate r of the one is paired with replicate r of
/// the other, and what the instance and the noise contribute to both cancels.
///
/// The values must be comparable as ratios: single replicates may be zero or negative, the point
/// values not negative. Two values of zero are equivalent. If just one is zero the log-ratio is
/// infinite, the interval says nothing, and the point is decided by the p-value of the difference. With
/// a single replicate everywhere the values count as exact: the interval is a point and the p-value
/// zero or one.
///
/// # Errors
/// [`CompareError`], for samples that are not of the same sweep, family and number of replicates.
pub fn compare(
    reference: &Sample,
    variant: &Sample,
    lower_is_better: bool,
    settings: &Settings,
) -> Result<Comparison, CompareError> {
    compare_as(Design::Paired, reference, variant, lower_is_better, settings)
}

/// Compares two samples made apart, whose numbers of replicates may differ: as [`compare`], with
/// independent resamples and labels shuffled over all replicates. It needs more replicates for the same
/// word.
///
/// # Errors
/// [`CompareError`], for samples that are not of the same sweep and family.
pub fn compare_unpaired(
    reference: &Sample,
    variant: &Sample,
    lower_is_better: bool,
    settings: &Settings,
) -> Result<Comparison, CompareError> {
    compare_as(Design::Unpaired, reference, variant, lower_is_better, settings)
}

/// Holm's adjusted p-values: rejecting where they are at most alpha errs anywhere with probability at
/// most alpha, however the tests depend on each other.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&i, &j| p_values[i].total_cmp(&p_values[j]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (rank, &index) in order.iter().enumerate() {
        let hypotheses_left = (p_values.len() - rank) as f64;
        largest = largest.max(hypotheses_left * p_values[index]).min(1.0);
        adjusted[index] = largest;
    }
    adjusted
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Design {
    Paired,
    Unpaired,
}

/// Both samples at one point: their replicates in one pool (the reference's first), so that a resample
/// or a relabelling is two lists of rows.
struct Pool {
    members: Vec<Vec<f64>>,
    reference: Vec<usize>,
    variant: Vec<usize>,
    design: Design,
    worst: Worst,
}

/// What the data say at one point, before it is judged together with the others.
struct Measured {
    x: f64,
    log_ratio: f64,
    /// The bootstrap standard error of the log-ratio; infinite if unknown.
    error: f64,
    /// The replicates of the smaller sample.
    replicates: usize,
    p_value: f64,
}

fn compare_as(
    design: Design,
    reference: &Sample,
    variant: &Sample,
    lower_is_better: bool,
    settings: &Settings,
) -> Result<Comparison, CompareError> {
    let (expected, found) = (reference.points.len(), variant.points.len());
    if expected == 0 || expected != found {
        return Err(CompareError::Points { reference: expected, variant: found });
    }
    let pairs: Vec<(&Point, &Point)> = reference.points.iter().zip(&variant.points).collect();
    let measured = pairs
        .into_par_iter()
        .enumerate()
        .map(|(index, (reference, variant))| {
            check(design, reference, variant)?;
            let mut rng = Pcg64::seed_from_u64(SEED + index as u64);
            Pool::new(design, reference, variant, settings.worst).measure(reference.x, settings, &mut rng)
        })
        .collect::<Result<Vec<Measured>, CompareError>>()?;

    let p_values: Vec<f64> = measured.iter().map(|point| point.p_value).collect();
    let points: Vec<PointComparison> = measured
        .iter()
        .zip(holm(&p_values))
        .map(|(point, adjusted)| point.judge(adjusted, expected, lower_is_better, settings.alpha))
        .collect();
    let overall = overall(&points);
    Ok(Comparison { points, overall })
}

fn overall(points: &[PointComparison]) -> Word {
    let any = |word: Word| points.iter().any(|point| point.word == word);
    let most = points.iter().filter_map(|point| match point.word {
        Word::Undecided { more_replicates } => Some(more_replicates),
        _ => None,
    });
    if any(Word::Worse) {
        Word::Worse
    } else if any(Word::Better) {
        Word::Better
    } else if let Some(more_replicates) = most.max() {
        Word::Undecided { more_replicates }
    } else {
        Word::Equivalent
    }
}

fn check(design: Design, reference: &Point, variant: &Point) -> Result<(), CompareError> {
    let x = reference.x;
    if reference.x != variant.x {
        return Err(CompareError::Axis { reference: x, variant: variant.x });
    }
    let (expected, found) = (reference.members.len(), variant.members.len());
    if expected == 0 || expected != found {
        return Err(CompareError::Members { x, reference: expected, variant: found });
    }
    let (expected, other) = (reference.replicates(), variant.replicates());
    let matching = match design {
        Design::Paired => expected == other,
        Design::Unpaired => (expected == 1) == (other == 1),
    };
    if expected == 0 || other == 0 || !matching {
        return Err(CompareError::Replicates { x, expected, found: other });
    }
    for (point, count) in [(reference, expected), (variant, other)] {
        for found in point.members.iter().map(Vec::len) {
            if found != count {
                return Err(CompareError::Replicates { x, expected: count, found });
            }
        }
    }
    Ok(())
}

impl Pool {
    fn new(design: Design, reference: &Point, variant: &Point, worst: Worst) -> Self {
        let first = reference.replicates();
        Self {
            members: reference
                .members
                .iter()
                .zip(&variant.members)
                .map(|(r, v)| [&r[..], v].concat())
                .collect(),
            reference: (0..first).collect(),
            variant: (first..first + variant.replicates()).collect(),
            design,
            worst,
        }
    }

    fn measure(&self, x: f64, settings: &Settings, rng: &mut Pcg64) -> Result<Measured, CompareError> {
        let reference = value_of_rows(&self.members, &self.reference, self.worst);
        let variant = value_of_rows(&self.members, &self.variant, self.worst);
        for value in [reference, variant] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(CompareError::Value { x, value });
            }
        }
        let replicates = self.reference.len().min(self.variant.len());
        let both_zero = reference == 0.0 && variant == 0.0;
        let log_ratio = if both_zero { 0.0 } else { (variant / reference).ln() };
        let exact = replicates == 1 || both_zero;
        let error = if exact {
            0.0
        } else if log_ratio.is_finite() {
            self.bootstrap_error(replicates, rng)
        } else {
            f64::INFINITY
        };
        let p_value = match exact {
            true if reference == variant => 1.0,
            true => 0.0,
            false => self.permutation_p_value((variant - reference).abs(), settings.permutations, rng),
        };
        Ok(Measured { x, log_ratio, error, replicates, p_value })
    }

    /// The standard deviation of the log-ratio over resamples, times √(n/(n − 1)) as in
    /// [`fit::slope`](crate::fit::slope); infinite if a resample has no log-ratio.
    fn bootstrap_error(&self, replicates: usize, rng: &mut Pcg64) -> f64 {
        let log_ratios: Vec<f64> = (0..RESAMPLES)
            .map(|_| {
                let rows = draw(&self.reference, rng);
                let partners: Vec<usize> = match self.design {
                    Design::Paired => rows.iter().map(|&row| self.variant[row]).collect(),
                    Design::Unpaired => draw(&self.variant, rng),
                };
                let reference = value_of_rows(&self.members, &rows, self.worst);
                (value_of_rows(&self.members, &partners, self.worst) / reference).ln()
            })
            .collect();
        if !log_ratios.iter().all(|value| value.is_finite()) {
            return f64::INFINITY;
        }
        let n = replicates as f64;
        (variance(&log_ratios) * n / (n - 1.0)).sqrt()
    }

    /// The share of relabellings, the identity among them, whose difference is as large as the observed.
    fn permutation_p_value(&self, observed: f64, permutations: usize, rng: &mut Pcg64) -> f64 {
        // Equal differences may differ by rounding, because they are summed in another order.
        let threshold = observed * (1.0 - 1e-9);
        let (mut left, mut right) = (self.reference.clone(), self.variant.clone());
        let mut as_large = 1;
        for _ in 0..permutations {
            match self.design {
                Design::Paired => {
                    for (left, right) in left.iter_mut().zip(&mut right) {
                        if rng.random() {
                            std::mem::swap(left, right);
                        }
                    }
                }
                Design::Unpaired => {
                    let mut rows = [&left[..], &right].concat();
                    rows.shuffle(rng);
                    right = rows.split_off(left.len());
                    left = rows;
                }
            }
            let difference = value_of_rows(&self.members, &right, self.worst)
                - value_of_rows(&self.members, &left, self.worst);
            if difference.abs() >= threshold {
                as_large += 1;
            }
        }
        as_large as f64 / (permutations + 1) as f64
    }
}

/// As many rows as there are, drawn with replacement.
fn draw(rows: &[usize], rng: &mut Pcg64) -> Vec<usize> {
    rows.iter().map(|_| rows[rng.random_range(0..rows.len())]).collect()
}

impl Measured {
    fn judge(&self, adjusted: f64, points: usize, lower_is_better: bool, alpha: f64) -> PointComparison {
        let margin = EQUIVALENCE.ln_1p();
        let (low, high) = self.interval(alpha);
        let word = if low >= -margin && high <= margin {
            Word::Equivalent
        } else if adjusted <= alpha {
            if (self.log_ratio < 0.0) == lower_is_better { Word::Better } else { Word::Worse }
        } else {
            Word::Undecided { more_replicates: self.more_replicates(points, margin, alpha) }
        };
        let Self { x, log_ratio, p_value, .. } = *self;
        PointComparison { x, log_ratio, low, high, p_value, adjusted_p_value: adjusted, word }
    }

    fn interval(&self, alpha: f64) -> (f64, f64) {
        if self.error == f64::INFINITY {
            return (f64::NEG_INFINITY, f64::INFINITY);
        }
        let radius = self.radius(alpha);
        (self.log_ratio - radius, self.log_ratio + radius)
    }

    /// The half-width of the interval at level alpha, zero for exact values.
    fn radius(&self, alpha: f64) -> f64 {
        if self.replicates == 1 {
            return 0.0;
        }
        student_t_upper(alpha, (self.replicates - 1) as f64) * self.error
    }

    /// The replicates n' at which the radius, shrinking as 1/√n', no longer reaches from the log-ratio
    /// to zero (at the level of the strictest of the points' tests, and with pairs enough for a
    /// permutation p-value that small) or no longer to the farther end of the margin, whichever comes
    /// first. As many again as there are when the radius is unknown.
    fn more_replicates(&self, points: usize, margin: f64, alpha: f64) -> usize {
        let now = self.replicates as f64;
        let needed = |radius: f64, room: f64| now * (radius / room).powi(2);
        let strictest = alpha / points as f64;
        let pairs = 1.0 - strictest.log2();
        let distinct = needed(self.radius(0.5 * strictest), self.log_ratio.abs()).max(pairs);
        let equivalent = needed(self.radius(alpha), (margin - self.log_ratio.abs()).max(0.0));
        let more = distinct.min(equivalent) - now;
        if more.is_finite() { more.ceil().max(1.0) as usize } else { self.replicates }
    }
}
