//! Sketched ridgeless least squares: fit fewer rows than you have.
//!
//! # Problem
//! Linear regression $y = X\beta + \varepsilon$ with $n$ rows, $p$ isotropic features,
//! $\|\beta\| = \alpha$, noise variance $\sigma^2$. The minimum-norm least-squares fit has a risk
//! $\|\hat\beta - \beta\|^2$ that blows up where $p \approx n$, and more data can make it worse.
//!
//! # Idea
//! A sketch $S$ with $m < n$ rows turns the problem into one with $m$ rows. That is usually seen as a
//! price for speed. But near $p = n$ it is a gain: with $p > m$ the fit interpolates $m$ equations,
//! does not depend on how the rows were mixed, and behaves like an $m$-row problem, so $m$ acts as a
//! regulariser that can be moved away from the peak.
//!
//! # Algorithm
//! 1. Draw a [`Sketch`] $S \in \mathbb{R}^{m \times n}$: Haar orthogonal, subsampled randomised
//!    Hadamard, uniform rows, or i.i.d. Gaussian.
//! 2. $\hat\beta = (SX)^+ S y$, by minimum-norm least squares ([`SketchedRidgeless`]).
//! 3. Choose $m$ from $(n, p, \alpha, \sigma)$ when they are known ([`optimal_rows`]): with
//!    signal-to-noise ratio $\alpha > \sigma$ and $1 - \sigma/(2\alpha) < p/n \le \alpha/(\alpha - \sigma)$
//!    take $m^\star = p(1 - \sigma/\alpha)$; with $\alpha \le \sigma$ and
//!    $p/n > \alpha^2/(\alpha^2 + \sigma^2)$ estimate zero; otherwise keep all rows.
//! 4. When they are not known ([`ValidatedRows`]): fit a grid of sizes on one part of the data and keep
//!    the fit with the least error on the rest.
//!
//! # Theorem
//! As $n, p, m \to \infty$ with $p/n \to \phi$ and $p/m \to r$ (Theorem 3.2, isotropic features), the
//! risk tends to
//! $$ \alpha^2\Bigl(1 - \frac1r\Bigr) + \frac{\sigma^2}{r - 1} \ (r > 1), \qquad
//!    \frac{\sigma^2 r}{1 - r} \ (r < 1,\ \text{orthogonal}), \qquad
//!    \sigma^2\Bigl(\frac{\phi}{1 - \phi} + \frac{r}{1 - r}\Bigr) \ (r < 1,\ \text{i.i.d.}), $$
//! and over $r > 1$ it is least at $r^\star = \alpha/(\alpha - \sigma)$, where it is
//! $2\alpha\sigma - \sigma^2$ (Theorem 3.6). For Gaussian features the bounds module gives the exact
//! risk at every finite size.
//!
//! # Reference
//! Chen, Zeng, Yang, Sun, *Sketched Ridgeless Linear Regression: The Role of Downsampling*, ICML 2023,
//! arXiv 2302.01088. The three cases of step 3 and the limits agree with the authors' package
//! `SRLR`; theorem numbers are those its result files carry. The package validates on an independent
//! sample with sizes evenly spaced between 0.1 and 0.99 of the rows; here the caller states the share
//! held out and the sizes.
//!
//! # Complexity
//! A fit is $O(mp\min(m, p))$; the sketches cost $O(nm(m + p))$ (Haar), $O(nmp)$ (Gaussian),
//! $O(np\log n)$ (Hadamard), $O(mp)$ (rows).

use nalgebra::{DMatrix, DVector};
use rand::seq::index;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::instances::Regression;
use super::{Estimator, Sketch};
use crate::error::{self, Error, Result};
use crate::math::least_squares::minimum_norm;
use crate::math::orthogonal::{haar_columns, walsh_hadamard};

/// The first rows of a uniformly distributed orthogonal matrix.
#[derive(Debug, Clone, Copy)]
pub struct Haar;

impl Sketch for Haar {
    fn apply(&self, data: &Regression, rows: usize, rng: &mut dyn Rng) -> Result<Regression> {
        let columns = haar_columns(data.rows(), rows, rng);
        Ok(data.map_rows(|x| columns.tr_mul(x)))
    }
}

/// Independent N(0, 1/m) entries.
#[derive(Debug, Clone, Copy)]
pub struct Gaussian;

impl Sketch for Gaussian {
    fn apply(&self, data: &Regression, rows: usize, rng: &mut dyn Rng) -> Result<Regression> {
        let scale = 1.0 / (rows as f64).sqrt();
        let s = DMatrix::from_fn(rows, data.rows(), |_, _| scale * rng.sample::<f64, _>(StandardNormal));
        Ok(data.map_rows(|x| &s * x))
    }
}

/// Random signs, the orthonormal Walsh–Hadamard transform, then rows chosen without replacement. The
/// number of data rows must be a power of two: padding with zeros would lose the orthonormal rows that
/// the theorem needs.
#[derive(Debug, Clone, Copy)]
pub struct SubsampledHadamard;

impl Sketch for SubsampledHadamard {
    fn apply(&self, data: &Regression, rows: usize, rng: &mut dyn Rng) -> Result<Regression> {
        let n = data.rows();
        if !n.is_power_of_two() {
            return Err(Error::OutOfRange { name: "n", value: n as f64, requirement: "a power of two" });
        }
        let signs = DVector::from_fn(n, |_, _| if rng.random::<bool>() { 1.0 } else { -1.0 });
        let kept = index::sample(rng, n, rows).into_vec();
        Ok(data.map_rows(|x| {
            let mut mixed = x.clone();
            for mut column in mixed.column_iter_mut() {
                column.component_mul_assign(&signs);
                walsh_hadamard(column.as_mut_slice());
            }
            mixed.select_rows(&kept)
        }))
    }
}

/// Rows chosen uniformly without replacement.
#[derive(Debug, Clone, Copy)]
pub struct UniformRows;

impl Sketch for UniformRows {
    fn apply(&self, data: &Regression, rows: usize, rng: &mut dyn Rng) -> Result<Regression> {
        let kept = index::sample(rng, data.rows(), rows).into_vec();
        Ok(data.map_rows(|x| x.select_rows(&kept)))
    }
}

/// Minimum-norm least squares on a sketch of the data (steps 1 and 2).
#[derive(Debug, Clone, Copy)]
pub struct SketchedRidgeless<S> {
    sketch: S,
    rows: usize,
}

impl<S: Sketch> SketchedRidgeless<S> {
    /// Keeps `rows` = m rows.
    ///
    /// # Errors
    /// If `rows` is 0.
    pub fn new(sketch: S, rows: usize) -> Result<Self> {
        Ok(Self { sketch, rows: error::at_least_one("rows", rows)? })
    }
}

impl<S: Sketch> Estimator<Regression> for SketchedRidgeless<S> {
    type Estimate = DVector<f64>;

    /// # Errors
    /// If the data have fewer than m rows, entries near the largest float overflow in the sketch or in
    /// the fit, and those of the sketch.
    fn estimate(&self, data: &Regression, rng: &mut dyn Rng) -> Result<DVector<f64>> {
        if self.rows > data.rows() {
            return Err(Error::OutOfRange {
                name: "rows",
                value: self.rows as f64,
                requirement: "at most the rows of the data",
            });
        }
        let sketched = self.sketch.apply(data, self.rows, rng)?;
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        if !(finite(sketched.x().as_slice()) && finite(sketched.y().as_slice())) {
            return Err(Error::Diverged { name: "sketched data", steps: 0 });
        }
        let beta = minimum_norm(sketched.x(), sketched.y());
        if finite(beta.as_slice()) { Ok(beta) } else { Err(Error::Diverged { name: "beta", steps: 0 }) }
    }
}

/// What step 3 advises.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rows {
    /// Keep all rows.
    All,
    /// Sketch down to this many.
    Keep(usize),
    /// Estimate zero: every fit with r > 1 is worse.
    Null,
}

/// The number of rows of least limiting risk among the full sample and all r > 1 (step 3).
///
/// # Errors
/// If `n` or `p` is 0, or `alpha` or `sigma` is not positive and finite.
pub fn optimal_rows(n: usize, p: usize, alpha: f64, sigma: f64) -> Result<Rows> {
    error::at_least_one("n", n)?;
    error::at_least_one("p", p)?;
    error::positive("alpha", alpha)?;
    error::positive("sigma", sigma)?;
    let phi = p as f64 / n as f64;
    let noise = sigma / alpha;
    Ok(if noise < 1.0 && phi > 1.0 - noise / 2.0 && phi * (1.0 - noise) <= 1.0 {
        Rows::Keep(((p as f64 * (1.0 - noise)).round() as usize).clamp(1, n))
    } else if noise >= 1.0 && phi * (1.0 + noise * noise) > 1.0 {
        Rows::Null
    } else {
        Rows::All
    })
}

/// Chooses the number of rows by validation (step 4). The estimate is the fit on the training part
/// with the least validation error, and is not refitted.
#[derive(Debug, Clone)]
pub struct ValidatedRows<S> {
    sketch: S,
    held_out: f64,
    sizes: Vec<usize>,
}

impl<S: Sketch> ValidatedRows<S> {
    /// Holds out the share `held_out` of the rows and tries `sizes` on the rest.
    ///
    /// # Errors
    /// If the share is not strictly between 0 and 1, or `sizes` is empty or contains 0.
    pub fn new(sketch: S, held_out: f64, sizes: Vec<usize>) -> Result<Self> {
        error::open_unit("held_out", held_out)?;
        if sizes.is_empty() {
            return Err(Error::Empty { name: "sizes" });
        }
        sizes.iter().try_for_each(|&size| error::at_least_one("sizes", size).map(drop))?;
        Ok(Self { sketch, held_out, sizes })
    }

    /// How many of `n` rows are used for fitting: the rest, rounded, at least one on either side.
    pub fn training_rows(&self, n: usize) -> usize {
        let fit = n as f64 * (1.0 - self.held_out);
        (fit.round() as usize).clamp(1, n.saturating_sub(1).max(1))
    }
}

impl<S: Sketch> Estimator<Regression> for ValidatedRows<S> {
    type Estimate = DVector<f64>;

    /// # Errors
    /// If the data have a single row, a size exceeds the training rows, and those of the sketch.
    fn estimate(&self, data: &Regression, rng: &mut dyn Rng) -> Result<DVector<f64>> {
        let (training, validation) = data.split(self.training_rows(data.rows()))?;
        let mut best: Option<(f64, DVector<f64>)> = None;
        for &size in &self.sizes {
            let fit = SketchedRidgeless::new(&self.sketch, size)?.estimate(&training, rng)?;
            let error = (validation.y() - validation.x() * &fit).norm_squared();
            if best.as_ref().is_none_or(|(least, _)| error < *least) {
                best = Some((error, fit));
            }
        }
        best.map(|(_, fit)| fit).ok_or(Error::Empty { name: "sizes" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_cases_of_the_optimal_size() {
        // σ/α = ½: sketch for ¾ < p/n ≤ 2.
        assert_eq!(optimal_rows(100, 75, 1.0, 0.5).unwrap(), Rows::All);
        assert_eq!(optimal_rows(100, 76, 1.0, 0.5).unwrap(), Rows::Keep(38));
        assert_eq!(optimal_rows(100, 200, 1.0, 0.5).unwrap(), Rows::Keep(100));
        assert_eq!(optimal_rows(100, 201, 1.0, 0.5).unwrap(), Rows::All);
        // σ = α: null for p/n > ½.
        assert_eq!(optimal_rows(100, 50, 1.0, 1.0).unwrap(), Rows::All);
        assert_eq!(optimal_rows(100, 51, 1.0, 1.0).unwrap(), Rows::Null);
    }
}
