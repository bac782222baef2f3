use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::bandits::agents::LinearBandit;
use crate::math::vector::{dot, norm};
use crate::{Error, Result, error};

/// A linear bandit whose actions are the unit ball, with normal noise. The best action is θ/‖θ‖.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitBall {
    theta: Vec<f64>,
    length: f64,
    deviation: f64,
}

impl UnitBall {
    /// Parameter `theta` in the unit ball, noise of standard deviation `deviation` ≥ 0.
    ///
    /// # Errors
    /// `theta` is empty, not finite or longer than 1, or `deviation` is negative or not finite.
    pub fn new(theta: Vec<f64>, deviation: f64) -> Result<Self> {
        error::finite_slice("theta", &theta)?;
        error::non_negative("deviation", deviation)?;
        let length = norm(&theta);
        if !(length <= 1.0 + ROUNDING) {
            return Err(Error::OutOfRange {
                name: "theta",
                value: length,
                requirement: "of length at most 1",
            });
        }
        Ok(Self { theta, length, deviation })
    }

    /// The parameter: for the judge, not for agents.
    pub fn theta(&self) -> &[f64] {
        &self.theta
    }
}

/// A vector normalised in floating point may be longer than one by this much.
const ROUNDING: f64 = 1e-12;

impl LinearBandit for UnitBall {
    fn dim(&self) -> usize {
        self.theta.len()
    }

    fn offer(&self, n: u64, _: &mut dyn Rng) -> Vec<u64> {
        vec![n]
    }

    fn gap(&self, set: usize, action: &[f64]) -> Option<f64> {
        let inside = set == 0 && norm(action) <= 1.0 + ROUNDING;
        inside.then(|| (self.length - dot(&self.theta, action)).max(0.0))
    }

    fn pull(&self, action: &[f64], n: u64, rng: &mut dyn Rng) -> f64 {
        let noise: f64 = rng.sample(StandardNormal);
        n as f64 * dot(&self.theta, action) + (n as f64).sqrt() * self.deviation * noise
    }
}
