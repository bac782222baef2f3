use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::bandits::Game;
use crate::{Error, Result, error};

/// A pool of actions with known means, of which each round offers some at random; rewards have normal noise. What
/// the actions are, points of a sphere or anything else, is told to a policy when it is built; in a round it is told
/// their numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    means: Vec<f64>,
    deviation: f64,
    /// A permutation of all actions whose head is offered.
    order: Vec<usize>,
    offered: usize,
    reward: f64,
}

impl Pool {
    /// Actions with these means, of which each round offers `offered` distinct ones; noise of standard deviation
    /// `deviation` ≥ 0.
    ///
    /// # Errors
    /// There is no action, a mean is not finite, `offered` is zero or more than there are, or `deviation` is
    /// negative or not finite.
    pub fn new(means: Vec<f64>, offered: usize, deviation: f64) -> Result<Self> {
        error::finite_slice("means", &means)?;
        error::non_negative("deviation", deviation)?;
        if !(1..=means.len()).contains(&offered) {
            let requirement = "at least 1 and at most the number of actions";
            return Err(Error::OutOfRange { name: "offered", value: offered as f64, requirement });
        }
        let order = (0..means.len()).collect();
        Ok(Self { means, deviation, order, offered, reward: 0.0 })
    }
}

impl Game for Pool {
    type Context = [usize];
    type Feedback = f64;

    fn open(&mut self, noise: &mut dyn Rng) {
        // The head of a Fisher-Yates shuffle.
        for i in 0..self.offered {
            self.order.swap(i, noise.random_range(i..self.means.len()));
        }
    }

    fn context(&self) -> &[usize] {
        &self.order[..self.offered]
    }

    fn arms(&self) -> usize {
        self.offered
    }

    fn regret(&self, arm: usize) -> f64 {
        let best = self.context().iter().map(|&action| self.means[action]).fold(f64::NEG_INFINITY, f64::max);
        best - self.means[self.order[arm]]
    }

    fn feedback(&mut self, arm: usize, _: &[usize], noise: &mut dyn Rng) -> &f64 {
        let standard: f64 = noise.sample(StandardNormal);
        self.reward = self.means[self.order[arm]] + self.deviation * standard;
        &self.reward
    }
}
