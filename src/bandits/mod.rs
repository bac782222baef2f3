//! A learner pulls arms, sees noisy rewards of the arms it pulled, and is judged against the best arm.
//!
//! # Which method?
//! - *Return one good arm after a budget of pulls.* [`bracketing_halving::SequentialHalving`] when the
//!   budget covers every arm $\log_2 n$ times; [`bracketing_halving::BracketingHalving`] when there are
//!   more arms than pulls, or when one good arm among many is enough.
//! - *Arms ordered by their means, find where the mean crosses a level.*
//!   [`noisy_binary_search`]: the order saves all but $O(\log n)$ pulls.
//!
//! # The protocol
//! A [`Bandit`] knows its means, and so owns the one definition of a gap. A policy never sees it: it
//! spends [`Pulls`], which draw rewards, count, and refuse what the budget does not cover. A pull may ask
//! for many rewards of one arm at once; their sum is then drawn exactly, so budgets may be astronomical at
//! a cost of $O(1)$ a batch.

pub mod baselines;
pub mod bracketing_halving;
pub mod instances;
pub mod noisy_binary_search;

use rand::Rng;

use crate::{Error, Result};

/// A stochastic bandit with independent rewards and known means.
pub trait Bandit {
    /// The number of arms, at least one.
    fn arms(&self) -> usize;

    /// The mean reward of an arm: for the judge, not for policies.
    fn mean(&self, arm: usize) -> f64;

    /// The largest mean.
    fn best_mean(&self) -> f64;

    /// The sum of `n` independent rewards of `arm`, drawn exactly in O(1) expected time.
    fn pull(&self, arm: usize, n: u64, rng: &mut dyn Rng) -> f64;

    /// How much worse `arm` is than the best one; never negative. The simple regret of a policy that
    /// returns `arm`.
    fn gap(&self, arm: usize) -> f64 {
        self.best_mean() - self.mean(arm)
    }
}

/// The pulls that a policy may spend on a bandit.
pub struct Pulls<'a> {
    bandit: &'a dyn Bandit,
    noise: &'a mut dyn Rng,
    remaining: u64,
}

impl<'a> Pulls<'a> {
    /// `budget` pulls of `bandit`, whose rewards are drawn from `noise`.
    pub fn new(bandit: &'a dyn Bandit, budget: u64, noise: &'a mut dyn Rng) -> Self {
        Self { bandit, noise, remaining: budget }
    }

    /// The number of arms.
    pub fn arms(&self) -> usize {
        self.bandit.arms()
    }

    /// How many pulls are left.
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    /// The mean of `n` fresh rewards of `arm`.
    ///
    /// # Errors
    /// `n` is zero or more than what remains, or there is no such arm.
    pub fn mean_of(&mut self, arm: usize, n: u64) -> Result<f64> {
        if arm >= self.bandit.arms() {
            return Err(Error::OutOfRange { name: "arm", value: arm as f64, requirement: "an existing arm" });
        }
        if n == 0 || n > self.remaining {
            let requirement = "at least one pull and within the budget";
            return Err(Error::OutOfRange { name: "pulls", value: n as f64, requirement });
        }
        self.remaining -= n;
        Ok(self.bandit.pull(arm, n, self.noise) / n as f64)
    }
}

/// A policy that spends a budget of pulls and then returns one arm.
pub trait FixedBudget {
    /// Spends at most the pulls it is given and returns an arm.
    ///
    /// # Errors
    /// The budget is too small for the policy.
    fn recommend(&self, pulls: &mut Pulls<'_>, rng: &mut dyn Rng) -> Result<usize>;
}
