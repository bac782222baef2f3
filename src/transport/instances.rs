//! Objectives on transport polytopes whose minima are known exactly, and an online adversary.

use nalgebra::{DMatrix, DVector};
use rand::{Rng, RngExt};

use super::{Objective, Polytope};
use crate::error::{Result, finite_slice, probability, same_size};
use crate::math::{assignment::assignment, simplex};

/// The transport cost ⟨C, X⟩ between uniform distributions on n points each, with entries of C in [0, 1].
///
/// The polytope's vertices are the permutations ÷ n (Birkhoff), so the minimum is an assignment problem.
#[derive(Debug, Clone)]
pub struct LinearCost {
    cost: DMatrix<f64>,
    polytope: Polytope,
    minimum: f64,
    noisy: bool,
}

impl LinearCost {
    /// The cost matrix C, square.
    ///
    /// # Errors
    /// If it is empty, not square, or has an entry outside [0, 1].
    pub fn uniform(cost: DMatrix<f64>) -> Result<Self> {
        finite_slice("cost", cost.as_slice())?;
        for &entry in cost.iter() {
            probability("cost", entry)?;
        }
        let (_, total) = assignment(&cost)?;
        let n = cost.nrows();
        Ok(Self { polytope: Polytope::uniform(n, n)?, minimum: total / n as f64, cost, noisy: false })
    }

    /// A cost with independent uniform entries.
    ///
    /// # Errors
    /// If `n` is zero.
    pub fn random(n: usize, rng: &mut dyn Rng) -> Result<Self> {
        Self::uniform(DMatrix::from_fn(n, n, |_, _| rng.random()))
    }

    /// The same cost, but every gradient entry is a coin that shows 1 with probability Cᵢⱼ, else 0: as
    /// noisy as an unbiased gradient in [0, 1] can be.
    pub fn with_coin_gradients(self) -> Self {
        Self { noisy: true, ..self }
    }

    /// The cost matrix C.
    pub fn cost(&self) -> &DMatrix<f64> {
        &self.cost
    }
}

impl Objective for LinearCost {
    fn polytope(&self) -> &Polytope {
        &self.polytope
    }

    fn range(&self) -> f64 {
        1.0
    }

    fn gradient(&self, _: &DMatrix<f64>, rng: &mut dyn Rng, gradient: &mut DMatrix<f64>) {
        if self.noisy {
            gradient.zip_apply(&self.cost, |coin, cost| *coin = f64::from(rng.random::<f64>() < cost));
        } else {
            gradient.copy_from(&self.cost);
        }
    }

    fn value(&self, x: &DMatrix<f64>) -> f64 {
        self.cost.dot(x)
    }

    fn minimum(&self) -> f64 {
        self.minimum
    }
}

/// The squared distance f(X) = ‖X − X₀‖² to a matrix with entries in [0, 1], a convex function whose
/// gradient 2(X − X₀) depends on where it is taken; its entries lie in [−2, 2], so B = 4.
#[derive(Debug, Clone)]
pub struct SquaredDistance {
    target: DMatrix<f64>,
    polytope: Polytope,
    minimum: f64,
}

impl SquaredDistance {
    /// The squared distance to `target`, on `polytope`.
    ///
    /// The minimum is found in the dual by exact maximisation over row and column multipliers in turn:
    /// every dual value is a lower bound, so the reported minimum errs only downward.
    ///
    /// # Errors
    /// If the sizes disagree or an entry is outside [0, 1].
    pub fn new(target: DMatrix<f64>, polytope: Polytope) -> Result<Self> {
        for &entry in target.iter() {
            probability("target", entry)?;
        }
        same_size("target", polytope.rows().len(), target.nrows())?;
        same_size("target", polytope.columns().len(), target.ncols())?;
        let minimum = projection_distance(&target, &polytope);
        Ok(Self { target, polytope, minimum })
    }
}

impl Objective for SquaredDistance {
    fn polytope(&self) -> &Polytope {
        &self.polytope
    }

    fn range(&self) -> f64 {
        4.0
    }

    fn gradient(&self, x: &DMatrix<f64>, _: &mut dyn Rng, gradient: &mut DMatrix<f64>) {
        gradient.copy_from(x);
        *gradient -= &self.target;
        *gradient *= 2.0;
    }

    fn value(&self, x: &DMatrix<f64>) -> f64 {
        (x - &self.target).norm_squared()
    }

    fn minimum(&self) -> f64 {
        self.minimum
    }
}

/// The dual value of min ‖X − X₀‖² over the polytope after enough rounds to be tight. The minimiser has
/// the form X = max(X₀ − u1ᵀ − 1vᵀ, 0).
fn projection_distance(target: &DMatrix<f64>, polytope: &Polytope) -> f64 {
    const ROUNDS: usize = 500;
    let (a, b) = (polytope.rows(), polytope.columns());
    let (mut u, mut v) = (DVector::zeros(a.len()), DVector::zeros(b.len()));
    for _ in 0..ROUNDS {
        for i in 0..a.len() {
            let mut row: Vec<f64> = (0..b.len()).map(|j| target[(i, j)] - v[j]).collect();
            u[i] = simplex::threshold(&mut row, a[i]);
        }
        for j in 0..b.len() {
            let mut column: Vec<f64> = (0..a.len()).map(|i| target[(i, j)] - u[i]).collect();
            v[j] = simplex::threshold(&mut column, b[j]);
        }
    }
    let x = DMatrix::from_fn(a.len(), b.len(), |i, j| (target[(i, j)] - u[i] - v[j]).max(0.0));
    let multipliers = u.dot(&(x.column_sum() - a)) + v.dot(&(x.row_sum_tr() - b));
    (x - target).norm_squared() + 2.0 * multipliers
}

/// The cost of round t = 1, 2, … of an adversary on the 2×2 polytope: the identity and its complement in
/// turn, the first one halved. Whoever follows the last cost too closely is on the wrong side each time.
pub fn alternating_cost(round: usize) -> DMatrix<f64> {
    let scale = if round == 1 { 0.5 } else { 1.0 };
    let identity = DMatrix::identity(2, 2);
    if round % 2 == 1 { identity * scale } else { DMatrix::from_element(2, 2, 1.0) - identity }
}
