//! Convex losses whose minimiser moves: projected descent, and its rates.

use crate::error::{Result, finite, finite_slice, non_negative, positive, same_size};
use crate::math::first_order::{Projection, same_dimension};

/// A descent whose rate is chosen from outside, round by round.
pub trait Descent {
    /// θ_t.
    fn point(&self) -> &[f64];

    /// Steps from θ_t with rate `eta` and the gradient of f_t there.
    ///
    /// # Errors
    /// The gradient has another dimension or is not finite, or `eta` is not.
    fn step(&mut self, eta: f64, gradient: &[f64]) -> Result<()>;
}

/// Gradient descent that stays in a convex set: θ ← Π(θ − η·g).
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectedDescent<K> {
    domain: K,
    point: Vec<f64>,
}

impl<K: Projection> ProjectedDescent<K> {
    /// Starts at the point of `domain` nearest to `point`.
    ///
    /// # Errors
    /// `point` is empty, not finite or not of the domain's dimension.
    pub fn new(domain: K, mut point: Vec<f64>) -> Result<Self> {
        finite_slice("point", &point)?;
        same_dimension("point", point.len(), domain.dim())?;
        domain.project(&mut point);
        Ok(Self { domain, point })
    }
}

impl<K: Projection> Descent for ProjectedDescent<K> {
    fn point(&self) -> &[f64] {
        &self.point
    }

    fn step(&mut self, eta: f64, gradient: &[f64]) -> Result<()> {
        finite("eta", eta)?;
        same_size("gradient", self.point.len(), gradient.len())?;
        finite_slice("gradient", gradient)?;
        self.point.iter_mut().zip(gradient).for_each(|(theta, g)| *theta -= eta * g);
        self.domain.project(&mut self.point);
        Ok(())
    }
}

/// √((D² + 2D·P)/(G²T)): the constant rate that minimises the regret bound over `rounds` T, for a set of diameter
/// D, gradients of length at most G and a path of length P.
///
/// # Errors
/// A parameter, or the rate, is not positive and finite; `path` may be 0.
pub fn tuned_rate(diameter: f64, gradient: f64, path: f64, rounds: f64) -> Result<f64> {
    positive("diameter", diameter)?;
    positive("gradient", gradient)?;
    positive("rounds", rounds)?;
    non_negative("path", path)?;
    positive("eta", (diameter * (diameter + 2.0 * path) / rounds).sqrt() / gradient)
}

/// The rate that is tuned to what happened so far: [`tuned_rate`] for the present time and path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunningRate {
    diameter: f64,
    gradient: f64,
    path: f64,
    rounds: f64,
}

impl RunningRate {
    /// For a set of diameter D and gradients of length at most G.
    ///
    /// # Errors
    /// A parameter is not positive and finite.
    pub fn new(diameter: f64, gradient: f64) -> Result<Self> {
        tuned_rate(diameter, gradient, 0.0, 1.0)?;
        Ok(Self { diameter, gradient, path: 0.0, rounds: 0.0 })
    }

    /// The rate of the next round, after the minimiser has moved by `gamma` since the last one.
    ///
    /// # Errors
    /// `gamma` is negative or not finite.
    pub fn next(&mut self, gamma: f64) -> Result<f64> {
        non_negative("gamma", gamma)?;
        self.path += gamma;
        self.rounds += 1.0;
        tuned_rate(self.diameter, self.gradient, self.path, self.rounds)
    }
}
