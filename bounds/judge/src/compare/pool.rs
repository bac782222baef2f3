//! One point of a comparison: its measurement by resampling and relabelling, and its word.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;

use super::{CompareError, Design, EQUIVALENCE, PointComparison, Settings, Word};
use crate::fit::{RESAMPLES, Worst, value_of_rows};
use crate::quantile::student_t_upper;
use crate::sample::{Point, variance};

/// Both samples at one point: their replicates in one pool (the reference's first), so that a resample
/// or a relabelling is two lists of rows.
pub(super) struct Pool {
    members: Vec<Vec<f64>>,
    reference: Vec<usize>,
    variant: Vec<usize>,
    design: Design,
    worst: Worst,
}

/// What the data say at one point, before it is judged together with the others.
pub(super) struct Measured {
    x: f64,
    log_ratio: f64,
    /// The bootstrap standard error of the log-ratio; infinite if unknown.
    error: f64,
    /// The replicates of the smaller sample.
    replicates: usize,
    pub(super) p_value: f64,
}

impl Pool {
    pub(super) fn new(design: Design, reference: &Point, variant: &Point, worst: Worst) -> Self {
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

    pub(super) fn measure(
        &self,
        x: f64,
        settings: &Settings,
        rng: &mut Pcg64,
    ) -> Result<Measured, CompareError> {
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
    pub(super) fn judge(
        &self,
        adjusted: f64,
        points: usize,
        lower_is_better: bool,
        alpha: f64,
    ) -> PointComparison {
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
        if self.error == f64::INFINITY {
            return self.replicates;
        }
        let now = self.replicates as f64;
        let needed = |radius: f64, room: f64| now * (radius / room).powi(2);
        let strictest = alpha / points as f64;
        let pairs = 1.0 - strictest.log2();
        let distinct = needed(self.radius(0.5 * strictest), self.log_ratio.abs()).max(pairs);
        let equivalent = needed(self.radius(alpha), (margin - self.log_ratio.abs()).max(0.0));
        (distinct.min(equivalent) - now).ceil().max(1.0) as usize
    }
}
