//! The primal learners: whom the prices are shown to.

use rand::{Rng, RngExt};

use super::Revealed;
use crate::bandits::primitives::ExponentialWeights;
use crate::error::{self, Result};

/// A learner of arms from losses that may depend on what it played before.
pub trait Primal {
    /// The number of arms.
    fn arms(&self) -> usize;

    /// The next arm.
    fn draw(&mut self, rng: &mut dyn Rng) -> usize;

    /// Learns from losses in [0, 1] of distinct arms, among them `arm`, which was played.
    ///
    /// # Errors
    /// It needs the losses of other arms too.
    fn update(&mut self, arm: usize, losses: &[Revealed]) -> Result<()>;
}

/// Hedge: exponential weights on the losses of all arms.
///
/// Its regret over T rounds is at most √(T ln K/2), also when losses depend on the past.
#[derive(Debug, Clone, PartialEq)]
pub struct Hedge {
    weights: ExponentialWeights,
}

impl Hedge {
    /// For `arms` arms and `horizon` rounds, with η = √(8 ln K/T).
    ///
    /// # Errors
    /// `arms` or `horizon` is zero.
    pub fn new(arms: usize, horizon: u64) -> Result<Self> {
        let horizon = super::rounds(horizon)?;
        let log_arms = (error::at_least_one("arms", arms)? as f64).ln();
        Ok(Self { weights: ExponentialWeights::new(arms, (8.0 * log_arms / horizon).sqrt())? })
    }
}

impl Primal for Hedge {
    fn arms(&self) -> usize {
        self.weights.arms()
    }

    fn draw(&mut self, rng: &mut dyn Rng) -> usize {
        self.weights.sample(rng)
    }

    /// # Errors
    /// Not every arm's loss is revealed.
    fn update(&mut self, _: usize, losses: &[Revealed]) -> Result<()> {
        error::same_size("feedback", self.arms(), losses.len())?;
        losses.iter().for_each(|seen| self.weights.add(seen.arm, seen.loss));
        Ok(())
    }
}

/// Exp3.P: exponential weights on importance-weighted gains with a bonus β/p for what was not played, mixed with
/// uniform exploration; the bonus makes it good against losses that depend on the past.
///
/// Bubeck and Cesa-Bianchi (2012), Theorem 3.3: with the constants below the expected regret is at most
/// 5.15·√(TK ln K) + √(TK/ln K).
#[derive(Debug, Clone, PartialEq)]
pub struct Exp3P {
    weights: ExponentialWeights,
    /// γ, the share of uniform draws.
    exploration: f64,
    /// β.
    bonus: f64,
}

impl Exp3P {
    /// For `arms` arms and `horizon` rounds: η = 0.95·√(ln K/(TK)), γ = 1.05·√(K ln K/T), at most 1/2, and
    /// β = √(ln K/(TK)).
    ///
    /// # Errors
    /// `arms` or `horizon` is zero.
    pub fn new(arms: usize, horizon: u64) -> Result<Self> {
        let horizon = super::rounds(horizon)?;
        let k = error::at_least_one("arms", arms)? as f64;
        let bonus = (k.ln() / (horizon * k)).sqrt();
        let exploration = (1.05 * (k * k.ln() / horizon).sqrt()).min(0.5);
        Ok(Self { weights: ExponentialWeights::new(arms, 0.95 * bonus)?, exploration, bonus })
    }

    fn probability(&self, arm: usize) -> f64 {
        (1.0 - self.exploration) * self.weights.probability(arm) + self.exploration / self.arms() as f64
    }
}

impl Primal for Exp3P {
    fn arms(&self) -> usize {
        self.weights.arms()
    }

    fn draw(&mut self, rng: &mut dyn Rng) -> usize {
        if rng.random::<f64>() < self.exploration {
            rng.random_range(0..self.arms())
        } else {
            self.weights.sample(rng)
        }
    }

    fn update(&mut self, arm: usize, losses: &[Revealed]) -> Result<()> {
        let gain = losses.iter().find(|seen| seen.arm == arm).map_or(0.0, |seen| 1.0 - seen.loss);
        // All with the probabilities that the arm was drawn with: the weights move as they are updated.
        let estimates: Vec<f64> = (0..self.arms())
            .map(|other| (self.bonus + if other == arm { gain } else { 0.0 }) / self.probability(other))
            .collect();
        for (arm, estimate) in estimates.into_iter().enumerate() {
            self.weights.add(arm, -estimate);
        }
        Ok(())
    }
}
