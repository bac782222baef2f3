//! Sinkhorn's algorithm, the rival of every method for discrete transport.

use nalgebra::{DMatrix, DVector};

use super::{Learner, Method, Polytope, check_gradient};
use crate::error::{Error, Result, at_least_one, finite, positive};
use crate::math::exp::Real;
use crate::math::log_matrix::LogMatrix;

/// Sinkhorn's algorithm at a fixed regularisation η (Cuturi 2013), one rescaling per round, for one fixed
/// linear cost: the first gradient C makes the kernel exp(−C/η), later ones are not looked at.
///
/// It converges fast to the minimiser of ⟨C, X⟩ + η·KL(X, abᵀ), whose cost exceeds the optimum by an
/// entropic bias between 0 and η·min(H(a), H(b)) that more rounds do not remove. The answer is the last
/// iterate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sinkhorn {
    eta: f64,
}

impl Sinkhorn {
    /// Sinkhorn at regularisation `eta`, in units of the cost.
    ///
    /// # Errors
    /// If it is not positive and finite.
    pub fn new(eta: f64) -> Result<Self> {
        Ok(Self { eta: positive("eta", eta)? })
    }
}

impl Method for Sinkhorn {
    fn start(&self, polytope: &Polytope, range: f64, horizon: usize) -> Result<Box<dyn Learner>> {
        positive("range", range)?;
        at_least_one("horizon", horizon)?;
        finite("range / eta", range / self.eta)?;
        let iterate = LogMatrix::product(polytope.rows(), polytope.columns());
        Ok(Box::new(Run { eta: self.eta, polytope: polytope.clone(), range, iterate, round: 1 }))
    }
}

struct Run {
    eta: f64,
    polytope: Polytope,
    range: f64,
    iterate: LogMatrix,
    round: usize,
}

impl Learner for Run {
    fn coupling(&self) -> &DMatrix<f64> {
        self.iterate.values()
    }

    fn observe(&mut self, gradient: &DMatrix<f64>) -> Result<()> {
        let (low, _) = check_gradient(&self.polytope, self.range, gradient)?;
        if self.round == 1 {
            self.iterate.tilt(self.range / self.eta, gradient, low, self.range);
        }
        if self.round.is_multiple_of(2) {
            self.iterate.rescale_rows(&self.polytope.rows);
        } else {
            self.iterate.rescale_columns(&self.polytope.columns);
        }
        self.round += 1;
        Ok(())
    }

    fn answer(&self) -> DMatrix<f64> {
        self.iterate.values().clone()
    }
}

/// Sinkhorn in the logarithmic domain, until the marginal error (L1, both sides) is at most `tolerance`:
/// returns the coupling with exact column sums. No regularisation is too small for it.
///
/// # Errors
/// If the cost has the wrong size or an entry that is not finite, `eta` or `tolerance` is not positive and
/// finite, or the tolerance is not reached within `cap` iterations (of both sides).
pub fn sinkhorn_log(
    polytope: &Polytope,
    cost: &DMatrix<f64>,
    eta: f64,
    tolerance: f64,
    cap: usize,
) -> Result<DMatrix<f64>> {
    let (low, high) = check_gradient(polytope, f64::INFINITY, cost)?;
    positive("eta", eta)?;
    positive("tolerance", tolerance)?;
    finite("range / eta", (high - low) / eta)?;
    let mut iterate = LogMatrix::product(polytope.rows(), polytope.columns());
    iterate.tilt(1.0, cost, low, eta);
    for _ in 0..cap {
        iterate.rescale_rows(&polytope.rows);
        iterate.rescale_columns(&polytope.columns);
        if polytope.marginal_error(iterate.values()) <= tolerance {
            return Ok(iterate.values().clone());
        }
    }
    Err(Error::NotConverged { name: "sinkhorn_log", steps: cap })
}

/// Sinkhorn in the linear domain: X = diag(u)·exp(−C/η)·diag(v), two matrix-vector products per iteration.
/// Several times faster than [`sinkhorn_log`] where η is not small.
///
/// # Errors
/// As [`sinkhorn_log`]; besides, [`Error::Diverged`] if a sum underflows (η below about 1/700 of the range
/// of the cost).
pub fn sinkhorn_linear(
    polytope: &Polytope,
    cost: &DMatrix<f64>,
    eta: f64,
    tolerance: f64,
    cap: usize,
) -> Result<DMatrix<f64>> {
    let (low, _) = check_gradient(polytope, f64::INFINITY, cost)?;
    positive("eta", eta)?;
    positive("tolerance", tolerance)?;
    let kernel = cost.map(|entry| (-(entry - low) / eta).exp_nonpositive());
    let (a, b) = (polytope.rows(), polytope.columns());
    let mut v = DVector::from_element(b.len(), 1.0);
    let (mut row_sums, mut column_sums) = (DVector::zeros(a.len()), DVector::zeros(b.len()));
    row_sums.gemv(1.0, &kernel, &v, 0.0);
    for steps in 0..cap {
        let u = a.zip_map(&row_sums, |mass, sum| mass / sum);
        column_sums.gemv_tr(1.0, &kernel, &u, 0.0);
        v = b.zip_map(&column_sums, |mass, sum| mass / sum);
        row_sums.gemv(1.0, &kernel, &v, 0.0);
        // Columns are exact now: the error is that of the rows.
        let error: f64 =
            u.iter().zip(row_sums.iter()).zip(a.iter()).map(|((u, sum), a)| (u * sum - a).abs()).sum();
        if !error.is_finite() {
            return Err(Error::Diverged { name: "sinkhorn_linear", steps });
        }
        if error <= tolerance {
            let mut coupling = kernel;
            for (mut column, v) in coupling.column_iter_mut().zip(v.iter()) {
                column.component_mul_assign(&u);
                column *= *v;
            }
            return Ok(coupling);
        }
    }
    Err(Error::NotConverged { name: "sinkhorn_linear", steps: cap })
}
