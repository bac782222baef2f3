//! Is the variant better? A comparison of two samples over the same sweep, in four words.
//!
//! At every point the quantity compared is the log-ratio of the point values, variant over reference.
//! 1. Its interval is log-ratio ∓ t·s, s being a bootstrap standard error over replicates, as in
//!    [`fit::slope`](crate::fit::slope).
//! 2. Its p-value is that of a permutation test of the difference of the point values: the labels are
//!    swapped within pairs at random ([`compare`]) or shuffled over all replicates
//!    ([`compare_unpaired`]). It is valid for every law, zeros included, under the null
//!    hypothesis that the labels can be exchanged: variant and reference then have the same law.
//! 3. The p-values are adjusted by Holm's method, so that *better* or *worse* is said wrongly anywhere in
//!    the sweep with probability at most alpha.
//! 4. A point is *equivalent* when its whole interval lies within ±5 %, whatever its p-value; else
//!    *better* or *worse* when its adjusted p-value is at most alpha; else *undecided*.

mod pool;

use std::fmt;

use rand::SeedableRng;
use rand_pcg::Pcg64;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::pool::{Measured, Pool};
use crate::fit::Worst;
use crate::sample::{Point, Sample};

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
    /// The number of random permutations. A p-value p is itself known to √(p/permutations) and is at
    /// least 1/(permutations + 1), so it must be well above (number of points)/alpha.
    pub permutations: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { worst: Worst::Largest, alpha: 0.01, permutations: 9_999 }
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
/// word. It assumes that the samples are independent: on samples that do share their streams it errs
/// towards *undecided*, and [`compare`] should be used.
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
