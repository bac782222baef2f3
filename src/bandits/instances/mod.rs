//! The problems that the whole area is tried on.

use rand::{Rng, RngExt};
use rand_distr::Binomial;

mod adversary;
mod ball;
mod contexts;
mod epochs;
mod gaussian;
mod linear;
mod pareto;
mod pool;
mod recorded;

pub use adversary::{Adversary, Graph, Losses, Segments};
pub use ball::UnitBall;
pub use contexts::{Contexts, Contextual};
pub use epochs::Epochs;
pub use gaussian::Gaussian;
pub use linear::Linear;
pub use pareto::{Pareto, pareto_mean};
pub use pool::Pool;
pub use recorded::Recorded;

use super::{Bandit, Game};
use crate::error::{self, probability};
use crate::{Error, Result};

/// Arms with rewards 0 and 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Bernoulli {
    means: Vec<f64>,
    best: f64,
}

impl Bernoulli {
    /// Arms with these success probabilities.
    ///
    /// # Errors
    /// There is no arm, or a mean outside [0, 1].
    pub fn new(means: Vec<f64>) -> Result<Self> {
        error::finite_slice("means", &means)?;
        means.iter().try_for_each(|&mean| probability("means", mean).map(drop))?;
        let best = means.iter().copied().fold(0.0, f64::max);
        Ok(Self { means, best })
    }

    /// One arm of mean 1/2 + `gap` (the last) among `arms` arms, the others of mean 1/2.
    ///
    /// # Errors
    /// `arms` is zero or `gap` is outside [0, 1/2].
    pub fn one_good_arm(arms: usize, gap: f64) -> Result<Self> {
        error::at_least_one("arms", arms)?;
        if !(0.0..=0.5).contains(&gap) {
            return Err(Error::OutOfRange { name: "gap", value: gap, requirement: "in [0, 1/2]" });
        }
        let mut means = vec![0.5; arms];
        means[arms - 1] += gap;
        Self::new(means)
    }

    /// Means 1 − (i/n)^`power` for i = 1, …, n: the larger the power, the more arms are good.
    ///
    /// # Errors
    /// `arms` is zero or `power` is not positive and finite.
    pub fn polynomial(arms: usize, power: f64) -> Result<Self> {
        error::at_least_one("arms", arms)?;
        error::positive("power", power)?;
        Self::new((1..=arms).map(|i| 1.0 - (i as f64 / arms as f64).powf(power)).collect())
    }
}

impl Bandit for Bernoulli {
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
        successes(self.means[arm], n, rng)
    }
}

/// The sum of `n` rewards that are 1 with probability `mean`, else 0.
fn successes(mean: f64, n: u64, rng: &mut dyn Rng) -> f64 {
    if n == 1 {
        return f64::from(rng.random::<f64>() < mean);
    }
    match Binomial::new(n, mean) {
        Ok(law) => rng.sample(law) as f64,
        // Means are checked when an instance is built, so this is never reached.
        Err(_) => n as f64 * mean,
    }
}

/// Arms whose means are the evenly spaced quantiles of Beta(1, 4), best arm first, with rewards 0 and 1: the
/// same law of means (mean 1/5, few good arms) for every number of arms. Nothing is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BetaQuantiles {
    arms: usize,
}

impl BetaQuantiles {
    /// This many arms.
    ///
    /// # Errors
    /// `arms` is zero.
    pub fn new(arms: usize) -> Result<Self> {
        error::at_least_one("arms", arms).map(|arms| Self { arms })
    }
}

impl Bandit for BetaQuantiles {
    fn arms(&self) -> usize {
        self.arms
    }

    fn mean(&self, arm: usize) -> f64 {
        // The distribution function of Beta(1, 4) is 1 − (1 − x)⁴.
        1.0 - ((arm as f64 + 0.5) / self.arms as f64).powf(0.25)
    }

    fn best_mean(&self) -> f64 {
        self.mean(0)
    }

    fn pull(&self, arm: usize, n: u64, rng: &mut dyn Rng) -> f64 {
        successes(self.mean(arm), n, rng)
    }
}

/// A [`Bandit`] played one pull a round, with the reward as feedback.
#[derive(Debug, Clone, PartialEq)]
pub struct Rounds<B> {
    bandit: B,
    reward: f64,
}

impl<B: Bandit> Rounds<B> {
    /// Rounds of this bandit.
    pub fn new(bandit: B) -> Self {
        Self { bandit, reward: 0.0 }
    }
}

impl<B: Bandit> Game for Rounds<B> {
    type Context = ();
    type Feedback = f64;

    fn open(&mut self, _: &mut dyn Rng) {}

    fn context(&self) -> &() {
        &()
    }

    fn arms(&self) -> usize {
        self.bandit.arms()
    }

    fn regret(&self, arm: usize) -> f64 {
        self.bandit.gap(arm)
    }

    fn feedback(&mut self, arm: usize, _: &[usize], noise: &mut dyn Rng) -> &f64 {
        self.reward = self.bandit.pull(arm, 1, noise);
        &self.reward
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_what_they_say() {
        let bandit = Bernoulli::one_good_arm(3, 0.25).unwrap();
        assert_eq!([0, 1, 2].map(|arm| bandit.mean(arm)), [0.5, 0.5, 0.75]);
        assert_eq!([0, 2].map(|arm| bandit.gap(arm)), [0.25, 0.0]);
        assert_eq!(Bernoulli::polynomial(4, 2.0).unwrap().mean(1), 0.75);
        let quantiles = BetaQuantiles::new(100_000).unwrap();
        let mean = (0..100_000).map(|arm| quantiles.mean(arm)).sum::<f64>() / 1e5;
        assert!((mean - 0.2).abs() < 1e-5);
    }
}
