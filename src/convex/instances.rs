//! Problems on which the whole area is tried, each with its minimiser.
//!
//! | instance | what it is for |
//! |---|---|
//! | [`DiagonalQuadratic`] | any spectrum; a gradient method acts on each coordinate alone |
//! | [`Huber`] | flat slopes: the exact worst case of gradient descent and of its accelerations |
//! | [`LinearCost`] | a slope that ends at a constraint: the worst case of projected methods |
//! | [`NesterovChain`] | the worst case of every gradient method at once |

pub use super::classics::lower_bound_smooth::NesterovChain;

use crate::Result;
use crate::error::{Error, finite_slice, non_negative, positive, same_size};
use crate::math::first_order::{Objective, Solved};

/// f(x) = ½ Σ_i λ_i (x_i − x*_i)².
#[derive(Debug, Clone, PartialEq)]
pub struct DiagonalQuadratic {
    eigenvalues: Vec<f64>,
    minimizer: Vec<f64>,
}

impl DiagonalQuadratic {
    /// The quadratic with these eigenvalues (≥ 0) and this minimiser.
    ///
    /// # Errors
    /// Slices that are empty, not finite, or of different sizes; a negative eigenvalue.
    pub fn new(eigenvalues: &[f64], minimizer: &[f64]) -> Result<Self> {
        finite_slice("eigenvalues", eigenvalues)?;
        finite_slice("minimizer", minimizer)?;
        same_size("minimizer", eigenvalues.len(), minimizer.len())?;
        for &eigenvalue in eigenvalues {
            non_negative("eigenvalue", eigenvalue)?;
        }
        Ok(Self { eigenvalues: eigenvalues.to_vec(), minimizer: minimizer.to_vec() })
    }
}

impl Objective for DiagonalQuadratic {
    fn dim(&self) -> usize {
        self.eigenvalues.len()
    }

    fn value(&self, x: &[f64]) -> f64 {
        let terms = x.iter().zip(&self.minimizer).zip(&self.eigenvalues);
        terms.map(|((x, m), lambda)| 0.5 * lambda * (x - m) * (x - m)).sum()
    }

    fn gradient(&self, x: &[f64], gradient: &mut [f64]) {
        for (i, g) in gradient.iter_mut().enumerate() {
            *g = self.eigenvalues[i] * (x[i] - self.minimizer[i]);
        }
    }
}

impl Solved for DiagonalQuadratic {
    fn minimizer(&self) -> &[f64] {
        &self.minimizer
    }

    fn gap(&self, x: &[f64]) -> f64 {
        self.value(x)
    }
}

/// A function of one variable, least at 0, whose curvature is β near 0 and α beyond:
/// f′(x) = αx + (β−α)·clamp(x, −lower, upper). β-smooth and α-strongly convex.
///
/// With α = 0 it is Huber's function: a parabola that continues with a constant slope. A method that
/// starts on the slope learns nothing until it reaches the parabola.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Huber {
    alpha: f64,
    beta: f64,
    lower: f64,
    upper: f64,
}

impl Huber {
    /// Huber's function of curvature `beta` for |x| ≤ `tau` and slope ±`beta`·`tau` outside.
    ///
    /// # Errors
    /// `beta` or `tau` not positive and finite.
    pub fn new(beta: f64, tau: f64) -> Result<Self> {
        positive("tau", tau)?;
        Self::asymmetric(0.0, beta, tau, tau)
    }

    /// Curvature `beta` on \[−`lower`, `upper`\] and `alpha` outside.
    ///
    /// # Errors
    /// `beta` not positive and finite; `alpha` not in \[0, `beta`\]; `lower` or `upper` negative or
    /// not finite; all of `alpha`, `lower` and `upper` zero.
    pub fn asymmetric(alpha: f64, beta: f64, lower: f64, upper: f64) -> Result<Self> {
        positive("beta", beta)?;
        non_negative("alpha", alpha)?;
        if alpha > beta {
            return Err(Error::OutOfRange { name: "alpha", value: alpha, requirement: "at most beta" });
        }
        non_negative("lower", lower)?;
        non_negative("upper", upper)?;
        positive("max(alpha, lower, upper)", alpha.max(lower).max(upper))?;
        Ok(Self { alpha, beta, lower, upper })
    }
}

impl Objective for Huber {
    fn dim(&self) -> usize {
        1
    }

    fn value(&self, x: &[f64]) -> f64 {
        let inner = x[0].clamp(-self.lower, self.upper);
        0.5 * self.alpha * x[0] * x[0] + (self.beta - self.alpha) * inner * (x[0] - 0.5 * inner)
    }

    fn gradient(&self, x: &[f64], gradient: &mut [f64]) {
        let inner = x[0].clamp(-self.lower, self.upper);
        gradient[0] = self.alpha * x[0] + (self.beta - self.alpha) * inner;
    }
}

impl Solved for Huber {
    fn minimizer(&self) -> &[f64] {
        &[0.0]
    }

    fn gap(&self, x: &[f64]) -> f64 {
        self.value(x)
    }
}

/// f(x) = ⟨cost, x⟩ with cost ≥ 0, to be minimised over x ≥ 0: the minimiser is 0.
///
/// Convex and β-smooth for every β > 0.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearCost {
    cost: Vec<f64>,
    minimizer: Vec<f64>,
}

impl LinearCost {
    /// The linear function with this cost per coordinate.
    ///
    /// # Errors
    /// A cost that is empty, not finite or negative.
    pub fn new(cost: &[f64]) -> Result<Self> {
        finite_slice("cost", cost)?;
        if cost.iter().any(|&c| c < 0.0) {
            return Err(Error::Invalid { name: "cost", requirement: "no element may be negative" });
        }
        Ok(Self { cost: cost.to_vec(), minimizer: vec![0.0; cost.len()] })
    }
}

impl Objective for LinearCost {
    fn dim(&self) -> usize {
        self.cost.len()
    }

    fn value(&self, x: &[f64]) -> f64 {
        crate::math::vector::dot(&self.cost, x)
    }

    fn gradient(&self, _x: &[f64], gradient: &mut [f64]) {
        gradient.copy_from_slice(&self.cost);
    }
}

impl Solved for LinearCost {
    fn minimizer(&self) -> &[f64] {
        &self.minimizer
    }

    /// Over x ≥ 0.
    fn gap(&self, x: &[f64]) -> f64 {
        self.value(x)
    }
}
