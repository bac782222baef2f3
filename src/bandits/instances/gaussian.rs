use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::bandits::Bandit;
use crate::{Result, error};

/// Arms with normal rewards of one standard deviation. The sum of a batch is one draw, whatever its size.
#[derive(Debug, Clone, PartialEq)]
pub struct Gaussian {
    means: Vec<f64>,
    deviation: f64,
    best: f64,
}

impl Gaussian {
    /// Arms with these means; every reward has standard deviation `deviation` ≥ 0.
    ///
    /// # Errors
    /// There is no arm, a mean is not finite, or `deviation` is negative or not finite.
    pub fn new(means: Vec<f64>, deviation: f64) -> Result<Self> {
        error::finite_slice("means", &means)?;
        error::non_negative("deviation", deviation)?;
        let best = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Ok(Self { means, deviation, best })
    }
}

impl Bandit for Gaussian {
    fn arms(&self) -> usize {
        self.means.len()
    }

    fn mean(&self, arm: usize) -> f64 {
        self.means[arm]
    }

    fn best_mean(&self) -> f64 {
        self.best
    }

    fn pull(&self, arm: usize, n: u64, rng: &mut dyn Rng) -> f64 {
        let noise: f64 = rng.sample(StandardNormal);
        n as f64 * self.means[arm] + (n as f64).sqrt() * self.deviation * noise
    }
}
