//! The observer: maximum likelihood in one dimension.

use super::{Family, Record};
use crate::error::{self, Error, Result};

/// Guesses θ from a record.
pub trait Estimator {
    /// The estimate of θ for the record of an unknown member of the family.
    ///
    /// # Errors
    /// The record does not fit the family.
    fn estimate(&self, family: &Family, record: &Record) -> Result<f64>;
}

/// Step 3: the maximum-likelihood estimate in [r, R].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mle {
    smallest: f64,
    largest: f64,
}

/// The points of the first, logarithmic search.
const GRID: usize = 41;
/// The steps of the second: each keeps 0.618 of the interval, 25 of them 6e-6 of a grid cell.
const GOLDEN_STEPS: usize = 25;

impl Mle {
    /// The estimate among `smallest` ≤ θ ≤ `largest` (the paper's r and R).
    ///
    /// # Errors
    /// The limits are not positive and finite, or not in order.
    pub fn new(smallest: f64, largest: f64) -> Result<Self> {
        error::positive("smallest", smallest)?;
        error::positive("largest", largest)?;
        if !(smallest < largest) {
            let requirement = "less than the largest";
            return Err(Error::OutOfRange { name: "smallest", value: smallest, requirement });
        }
        Ok(Self { smallest, largest })
    }

    /// Maximises a function of θ that need not be concave; where it is −∞, θ is impossible.
    ///
    /// # Errors
    /// Whatever the function returns, or that it is −∞ at every point of the grid.
    pub fn maximise(&self, mut value: impl FnMut(f64) -> Result<f64>) -> Result<f64> {
        let log_step = (self.largest / self.smallest).ln() / (GRID - 1) as f64;
        let point =
            |i: usize| (self.smallest.ln() + log_step * i as f64).exp().clamp(self.smallest, self.largest);
        let mut best = (f64::NEG_INFINITY, 0);
        for i in 0..GRID {
            let found = value(point(i))?;
            if found > best.0 {
                best = (found, i);
            }
        }
        if best.0 == f64::NEG_INFINITY {
            return Err(Error::Invalid {
                name: "record",
                requirement: "possible under some rate in the range",
            });
        }
        // Golden section between the neighbours: of the two inner points the better one stays.
        let golden = (5f64.sqrt() - 1.0) / 2.0;
        let (mut low, mut high) = (point(best.1.saturating_sub(1)), point((best.1 + 1).min(GRID - 1)));
        let inner = |low: f64, high: f64| (high - golden * (high - low), low + golden * (high - low));
        let (mut left, mut right) = inner(low, high);
        let (mut at_left, mut at_right) = (value(left)?, value(right)?);
        for _ in 0..GOLDEN_STEPS {
            if at_left < at_right {
                (low, left, at_left) = (left, right, at_right);
                right = inner(low, high).1;
                at_right = value(right)?;
            } else {
                (high, right, at_right) = (right, left, at_left);
                left = inner(low, high).0;
                at_left = value(left)?;
            }
        }
        Ok((0.5 * (low + high)).clamp(self.smallest, self.largest))
    }
}

impl Estimator for Mle {
    /// # Errors
    /// The record does not fit the family, is impossible for every rate in the range, or a rate underflows.
    fn estimate(&self, family: &Family, record: &Record) -> Result<f64> {
        self.maximise(|theta| family.individual(theta)?.log_likelihood(record))
    }
}
