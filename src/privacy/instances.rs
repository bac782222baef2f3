//! The questions that are asked of a binary stream.
//!
//! Both questions are about the column sums $s_j = \sum_{i \le t} x_{ij}$. Replacing one record
//! moves each sum by at most one. The *bit sum* of one column is [`MaxSum`] at d = 1.

use super::Channel;
use super::channel::first_argmax;
use super::zcdp::{budget, exponential_epsilon, gaussian_sigma};
use crate::error::{Result, open_unit};

/// A question about column sums: how to answer it, privately and not, and what an error is.
///
/// Every error and every bound is in units of the sums.
pub trait Question: Clone {
    /// The form of an answer.
    type Answer: Copy + PartialEq + std::fmt::Debug;

    /// The answer that the given sums, exact or noisy, imply.
    fn answer(&self, sums: &[f64]) -> Self::Answer;

    /// How wrong an answer is when the exact sums are `sums`; zero for the right answer, and within
    /// 2·Δ of each other for sums that differ by at most Δ per column.
    fn error(&self, answer: Self::Answer, sums: &[f64]) -> f64;

    /// One release in the batch model at a cost of `rho`.
    ///
    /// # Errors
    /// `rho` is not positive.
    fn release(&self, sums: &[f64], rho: f64, channel: &mut dyn Channel) -> Result<Self::Answer>;

    /// With probability at least 1 − `beta` the error of [`Question::release`] is at most this.
    ///
    /// # Errors
    /// `rho` is not positive, `beta` outside (0, 1).
    fn release_error(&self, columns: usize, rho: f64, beta: f64) -> Result<f64>;

    /// The error of [`Question::answer`] per unit of error in the sums.
    fn sensitivity_to_sums(&self) -> f64;
}

/// The largest column sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MaxSum;

impl Question for MaxSum {
    type Answer = f64;

    fn answer(&self, sums: &[f64]) -> f64 {
        sums[first_argmax(sums)]
    }

    fn error(&self, answer: f64, sums: &[f64]) -> f64 {
        (answer - self.answer(sums)).abs()
    }

    /// The exact maximum, of sensitivity 1, plus Gaussian noise.
    fn release(&self, sums: &[f64], rho: f64, channel: &mut dyn Channel) -> Result<f64> {
        Ok(channel.gaussian(self.answer(sums), gaussian_sigma(1.0, rho)?))
    }

    /// σ·√(2·ln(2/β)): the tail of one Gaussian.
    fn release_error(&self, _columns: usize, rho: f64, beta: f64) -> Result<f64> {
        Ok(gaussian_sigma(1.0, rho)? * (2.0 * (2.0 / open_unit("beta", beta)?).ln()).sqrt())
    }

    fn sensitivity_to_sums(&self) -> f64 {
        1.0
    }
}

/// The index of a column with the largest sum; its error is how far its sum is below the largest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SumSelect;

impl Question for SumSelect {
    type Answer = usize;

    fn answer(&self, sums: &[f64]) -> usize {
        first_argmax(sums)
    }

    fn error(&self, answer: usize, sums: &[f64]) -> f64 {
        MaxSum.answer(sums) - sums[answer]
    }

    /// The exponential mechanism with the sums as scores.
    fn release(&self, sums: &[f64], rho: f64, channel: &mut dyn Channel) -> Result<usize> {
        Ok(channel.exponential(sums, exponential_epsilon(rho)?))
    }

    /// (2/ε)·ln(d/β): a column that far below the best has odds below β/d against it.
    fn release_error(&self, columns: usize, rho: f64, beta: f64) -> Result<f64> {
        let epsilon = exponential_epsilon(budget(rho)?)?;
        Ok(2.0 / epsilon * (columns as f64 / open_unit("beta", beta)?).ln())
    }

    /// Two: one for the winner that lost, one for the loser that won.
    fn sensitivity_to_sums(&self) -> f64 {
        2.0
    }
}

/// Adds a record to the exact column sums.
pub fn add_record(sums: &mut [f64], record: &[bool]) {
    for (sum, &bit) in sums.iter_mut().zip(record) {
        *sum += f64::from(bit);
    }
}
