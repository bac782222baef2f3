//! Plain or weaker methods of the area: rivals, floors, and the broken variants that controls use.

use nalgebra::DVector;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::instances::{Regression, Trajectory};
use super::{Estimator, RowRule, Sketch};
use crate::error::{self, Result};

/// Empirical frequencies N_ij/N_i: the maximum-likelihood row. Optimal in squared loss, infinitely
/// bad in Kullback–Leibler loss whenever a symbol was not seen.
#[derive(Debug, Clone, Copy)]
pub struct Frequencies;

impl RowRule for Frequencies {
    fn row(&self, _: usize, counts: &[u64], row: &mut [f64]) {
        smoothed_row(counts, 0.0, row);
    }
}

/// Add-β with β = √N_i: far too strong a pull to the uniform row. A control.
#[derive(Debug, Clone, Copy)]
pub struct AddSquareRoot;

impl RowRule for AddSquareRoot {
    fn row(&self, _: usize, counts: &[u64], row: &mut [f64]) {
        let visits: u64 = counts.iter().sum();
        smoothed_row(counts, (visits as f64).sqrt(), row);
    }
}

/// (N_ij + β)/(N_i + kβ), uniform when nothing was counted.
pub(super) fn smoothed_row(counts: &[u64], beta: f64, row: &mut [f64]) {
    let visits: u64 = counts.iter().sum();
    let symbols = counts.len() as f64;
    if visits == 0 {
        row.fill(1.0 / symbols);
        return;
    }
    for (q, &count) in row.iter_mut().zip(counts) {
        *q = (count as f64 + beta) / (visits as f64 + symbols * beta);
    }
}

/// Predicts from the last `window` symbols of a trajectory only. A control: it forgets.
#[derive(Debug, Clone, Copy)]
pub struct Window<E> {
    window: usize,
    inner: E,
}

impl<E> Window<E> {
    /// Lets `inner` see the last `window` symbols.
    ///
    /// # Errors
    /// If `window` is 0.
    pub fn new(window: usize, inner: E) -> Result<Self> {
        Ok(Self { window: error::at_least_one("window", window)?, inner })
    }
}

impl<E: Estimator<Trajectory>> Estimator<Trajectory> for Window<E> {
    type Estimate = E::Estimate;

    /// # Errors
    /// If the window is a single symbol, which holds no transition, and those of the inner estimator.
    fn estimate(&self, data: &Trajectory, rng: &mut dyn Rng) -> Result<E::Estimate> {
        let states = data.states();
        let start = states.len().saturating_sub(self.window);
        self.inner.estimate(&Trajectory::new(states[start..].to_vec(), data.symbols())?, rng)
    }
}

/// A sketch whose rows get independent log-normal weights after the inner sketch. A control: unequal
/// weights leave an interpolating fit alone and spoil one with more rows than features.
#[derive(Debug, Clone, Copy)]
pub struct UnequalWeights<S>(pub S);

impl<S: Sketch> Sketch for UnequalWeights<S> {
    fn apply(&self, data: &Regression, rows: usize, rng: &mut dyn Rng) -> Result<Regression> {
        let sketched = self.0.apply(data, rows, rng)?;
        let weights = DVector::from_fn(rows, |_, _| rng.sample::<f64, _>(StandardNormal).exp());
        Ok(sketched.map_rows(|x| {
            let mut weighted = x.clone();
            for mut column in weighted.column_iter_mut() {
                column.component_mul_assign(&weights);
            }
            weighted
        }))
    }
}
