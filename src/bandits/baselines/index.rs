use rand::{Rng, RngExt};

use crate::bandits::Policy;
use crate::bandits::primitives::argmax;
use crate::{Error, Result, error};

/// The upper confidence bound: plays the arm with the largest μ̂ + σ·√(4 ln T / n), each arm once first. With
/// σ = 0 it is greedy.
#[derive(Debug, Clone, PartialEq)]
pub struct Ucb {
    sums: Vec<f64>,
    counts: Vec<u64>,
    /// 4σ² ln T.
    width: f64,
}

impl Ucb {
    /// For `arms` arms, rewards that are sub-Gaussian with parameter `sigma` ≥ 0, and `horizon` rounds.
    ///
    /// # Errors
    /// `arms` or `horizon` is zero, or `sigma` is negative or not finite.
    pub fn new(arms: usize, sigma: f64, horizon: u64) -> Result<Self> {
        error::at_least_one("arms", arms)?;
        error::non_negative("sigma", sigma)?;
        if horizon == 0 {
            return Err(Error::OutOfRange { name: "horizon", value: 0.0, requirement: "at least 1" });
        }
        let width = 4.0 * sigma * sigma * (horizon as f64).ln();
        Ok(Self { sums: vec![0.0; arms], counts: vec![0; arms], width })
    }
}

impl Policy for Ucb {
    type Context = ();
    type Feedback = f64;

    fn choose(&mut self, (): &(), rng: &mut dyn Rng) -> Result<usize> {
        let scores = self.sums.iter().zip(&self.counts).map(|(sum, &count)| match count {
            0 => f64::INFINITY,
            n => sum / n as f64 + (self.width / n as f64).sqrt(),
        });
        argmax(scores, rng).ok_or(Error::Empty { name: "arms" })
    }

    fn observe(&mut self, arm: usize, reward: &f64) -> Result<()> {
        self.sums[arm] += error::finite("reward", *reward)?;
        self.counts[arm] += 1;
        Ok(())
    }
}

/// Plays every arm `pulls` times in turn, then the best mean for ever.
#[derive(Debug, Clone, PartialEq)]
pub struct ExploreThenCommit {
    sums: Vec<f64>,
    pulls: u64,
    played: u64,
    committed: Option<usize>,
}

impl ExploreThenCommit {
    /// `pulls` pulls of each of `arms` arms.
    ///
    /// # Errors
    /// `arms` or `pulls` is zero, or their product does not fit into 64 bits.
    pub fn new(arms: usize, pulls: u64) -> Result<Self> {
        error::at_least_one("arms", arms)?;
        if pulls == 0 || pulls.checked_mul(arms as u64).is_none() {
            let requirement = "at least 1, and arms times pulls below 2^64";
            return Err(Error::OutOfRange { name: "pulls", value: pulls as f64, requirement });
        }
        Ok(Self { sums: vec![0.0; arms], pulls, played: 0, committed: None })
    }
}

impl Policy for ExploreThenCommit {
    type Context = ();
    type Feedback = f64;

    fn choose(&mut self, (): &(), rng: &mut dyn Rng) -> Result<usize> {
        let arms = self.sums.len() as u64;
        if self.played < self.pulls * arms {
            return Ok((self.played % arms) as usize);
        }
        if self.committed.is_none() {
            self.committed = argmax(self.sums.iter().copied(), rng);
        }
        self.committed.ok_or(Error::Empty { name: "arms" })
    }

    fn observe(&mut self, arm: usize, reward: &f64) -> Result<()> {
        error::finite("reward", *reward)?;
        if self.committed.is_none() {
            self.sums[arm] += reward;
            self.played += 1;
        }
        Ok(())
    }
}

/// Plays a uniformly random arm every round: what a learner has to beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UniformArms {
    arms: usize,
}

impl UniformArms {
    /// Among `arms` arms.
    ///
    /// # Errors
    /// `arms` is zero.
    pub fn new(arms: usize) -> Result<Self> {
        error::at_least_one("arms", arms).map(|arms| Self { arms })
    }
}

impl Policy for UniformArms {
    type Context = ();
    type Feedback = f64;

    fn choose(&mut self, (): &(), rng: &mut dyn Rng) -> Result<usize> {
        Ok(rng.random_range(0..self.arms))
    }

    fn observe(&mut self, _: usize, reward: &f64) -> Result<()> {
        error::finite("reward", *reward).map(drop)
    }
}
