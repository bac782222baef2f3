//! The rival: least squares on a design.

use nalgebra::{Cholesky, DMatrix, DVector};
use rand::Rng;

use crate::bandits::primitives::argmax;
use crate::bandits::{Actions, FixedBudget, Pulls};
use crate::error::{self, Result};
use crate::math::least_squares::minimum_norm;
use crate::math::vector::dot;

/// Spends the budget on a fixed design, fits a linear model to the answers by weighted least squares and returns
/// the action that it likes best.
///
/// On a G-optimal design its action is O(ε√d)-optimal (Lattimore, Szepesvári and Weisz 2020), and no better.
#[derive(Debug, Clone, PartialEq)]
pub struct DesignLeastSquares {
    actions: Actions,
    weights: Vec<f64>,
}

impl DesignLeastSquares {
    /// The design that gives each action its share of the budget.
    ///
    /// # Errors
    /// `weights` is no distribution, or has not one weight an action.
    pub fn new(actions: Actions, weights: Vec<f64>) -> Result<Self> {
        error::same_size("weights", actions.arms(), weights.len())?;
        error::distribution("weights", &weights)?;
        Ok(Self { actions, weights })
    }

    /// max_a ‖φ(a)‖² in the metric V⁻¹, V = Σ_a w(a)·φ(a)φ(a)ᵀ. It is at least the dimension, and equals it for a
    /// G-optimal design (Kiefer and Wolfowitz 1960); +∞ for a design that does not span the space (to twelve
    /// digits).
    pub fn variance(&self) -> f64 {
        let mut information = DMatrix::zeros(self.actions.dim(), self.actions.dim());
        for (x, &weight) in self.actions.iter().zip(&self.weights) {
            let x = DVector::from_column_slice(x);
            information.ger(weight, &x, &x, 1.0);
        }
        // Rounding can make a singular matrix look positive definite.
        let eigenvalues = information.symmetric_eigenvalues();
        let singular = !(eigenvalues.min() > 1e-12 * eigenvalues.max());
        let Some(factor) = Cholesky::new(information).filter(|_| !singular) else { return f64::INFINITY };
        let norms = self.actions.iter().map(|x| {
            let x = DVector::from_column_slice(x);
            x.dot(&factor.solve(&x))
        });
        norms.fold(0.0, f64::max)
    }
}

impl FixedBudget for DesignLeastSquares {
    /// # Errors
    /// The bandit has another number of arms, or the budget does not cover one query of every action of the
    /// design.
    fn recommend(&self, pulls: &mut Pulls<'_>, rng: &mut dyn Rng) -> Result<usize> {
        error::same_size("arms", self.actions.arms(), pulls.arms())?;
        let budget = pulls.remaining() as f64;
        let (mut rows, mut answers) = (Vec::new(), Vec::new());
        for (arm, &weight) in self.weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            answers.push(weight.sqrt() * pulls.mean_of(arm, ((weight * budget) as u64).max(1))?);
            rows.extend(self.actions.get(arm).iter().map(|x| weight.sqrt() * x));
        }
        let design = DMatrix::from_row_slice(answers.len(), self.actions.dim(), &rows);
        let theta = minimum_norm(&design, &DVector::from_vec(answers));
        let scores = self.actions.iter().map(|x| dot(x, theta.as_slice()));
        // There is at least one action.
        Ok(argmax(scores, rng).unwrap_or(0))
    }
}
