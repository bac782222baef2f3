//! Linear regression with Gaussian features.

use nalgebra::{DMatrix, DVector};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::error::{self, Error, Result};
use crate::statistics::Experiment;

/// A regression problem: n rows of p features, and a response for each.
#[derive(Debug, Clone, PartialEq)]
pub struct Regression {
    x: DMatrix<f64>,
    y: DVector<f64>,
}

impl Regression {
    /// The features as an n × p matrix and the n responses.
    ///
    /// # Errors
    /// If there is no row or no feature, the sizes differ, or an entry is not finite.
    pub fn new(x: DMatrix<f64>, y: DVector<f64>) -> Result<Self> {
        error::finite_slice("x", x.as_slice())?;
        error::same_size("y", x.nrows(), y.len())?;
        error::finite_slice("y", y.as_slice())?;
        Ok(Self { x, y })
    }

    /// The features, n × p.
    pub fn x(&self) -> &DMatrix<f64> {
        &self.x
    }

    /// The responses, n of them.
    pub fn y(&self) -> &DVector<f64> {
        &self.y
    }

    /// The number n of rows.
    pub fn rows(&self) -> usize {
        self.x.nrows()
    }

    /// The same linear map of the rows applied to features and responses; it must keep at least one.
    pub fn map_rows(&self, map: impl Fn(&DMatrix<f64>) -> DMatrix<f64>) -> Self {
        let features = self.x.ncols();
        let mut joined = self.x.clone().resize_horizontally(features + 1, 0.0);
        joined.set_column(features, &self.y);
        let mapped = map(&joined);
        let y = mapped.column(features).into_owned();
        Self { x: mapped.remove_column(features), y }
    }

    /// The first `rows` rows, and the others.
    ///
    /// # Errors
    /// If one of the parts would be empty.
    pub fn split(&self, rows: usize) -> Result<(Self, Self)> {
        let n = self.rows();
        if rows == 0 || rows >= n {
            return Err(Error::OutOfRange {
                name: "rows",
                value: rows as f64,
                requirement: "between 1 and n - 1",
            });
        }
        let part = |from, count| Self {
            x: self.x.rows(from, count).into_owned(),
            y: self.y.rows(from, count).into_owned(),
        };
        Ok((part(0, rows), part(rows, n - rows)))
    }
}

/// Gaussian linear regression: y = Xβ + ε with standard normal features, ‖β‖ = α in a uniform
/// direction, noise N(0, σ²). The loss ‖β̂ − β‖² is the excess squared error on a fresh row.
#[derive(Debug, Clone, Copy)]
pub struct GaussianLinear {
    n: usize,
    p: usize,
    alpha: f64,
    sigma: f64,
}

impl GaussianLinear {
    /// `n` rows, `p` features, signal `alpha`, noise `sigma`.
    ///
    /// # Errors
    /// If `n` or `p` is 0, or `alpha` or `sigma` is negative or not finite.
    pub fn new(n: usize, p: usize, alpha: f64, sigma: f64) -> Result<Self> {
        Ok(Self {
            n: error::at_least_one("n", n)?,
            p: error::at_least_one("p", p)?,
            alpha: error::non_negative("alpha", alpha)?,
            sigma: error::non_negative("sigma", sigma)?,
        })
    }
}

impl Experiment for GaussianLinear {
    type Data = Regression;
    type Truth = DVector<f64>;
    type Estimate = DVector<f64>;

    fn draw(&self, rng: &mut dyn Rng) -> (Regression, DVector<f64>) {
        let mut normal =
            |rows, columns| DMatrix::<f64>::from_fn(rows, columns, |_, _| rng.sample(StandardNormal));
        let x = normal(self.n, self.p);
        let direction = normal(self.p, 1).column(0).into_owned();
        // A zero draw has probability zero, but then the signal is zero too instead of NaN.
        let beta = direction.try_normalize(0.0).unwrap_or_else(|| DVector::zeros(self.p)) * self.alpha;
        let y = &x * &beta + normal(self.n, 1).column(0) * self.sigma;
        (Regression { x, y }, beta)
    }

    fn loss(&self, truth: &DVector<f64>, estimate: &DVector<f64>) -> f64 {
        (estimate - truth).norm_squared()
    }
}
