use rand::Rng;

use crate::bandits::primitives::exact::Choices;
use crate::bandits::primitives::{ExponentialWeights, TsallisWeights};
use crate::bandits::{Policy, Revealed};
use crate::math::chance::Chance;
use crate::{Error, Result, error};

/// Exp3: exponential weights on importance-weighted losses of the arms played.
#[derive(Debug, Clone, PartialEq)]
pub struct Exp3 {
    weights: ExponentialWeights,
}

impl Exp3 {
    /// For `arms` arms with learning rate `eta` ≥ 0; √(2 ln K/(TK)) gives a regret of at most √(2TK ln K).
    ///
    /// # Errors
    /// `arms` is zero, or `eta` is negative or not finite.
    pub fn new(arms: usize, eta: f64) -> Result<Self> {
        ExponentialWeights::new(arms, eta).map(|weights| Self { weights })
    }

    /// With the learning rate √(2 ln K/(TK)) for `horizon` rounds.
    ///
    /// # Errors
    /// `arms` is zero or `horizon` is not positive and finite.
    pub fn tuned(arms: usize, horizon: f64) -> Result<Self> {
        error::positive("horizon", horizon)?;
        let k = error::at_least_one("arms", arms)? as f64;
        Self::new(arms, (2.0 * k.ln() / (horizon * k)).sqrt())
    }
}

impl Policy for Exp3 {
    type Context = ();
    type Feedback = [Revealed];

    fn choose(&mut self, context: &(), rng: &mut dyn Rng) -> Result<usize> {
        self.choose_by(context, rng)
    }

    fn observe(&mut self, arm: usize, feedback: &[Revealed]) -> Result<()> {
        // What the game reveals besides the arm played is ignored.
        for seen in feedback.iter().filter(|seen| seen.arm == arm) {
            let loss = error::probability("loss", seen.loss)?;
            self.weights.add(arm, loss / self.weights.probability(arm));
        }
        Ok(())
    }
}

/// Tsallis-INF: Tsallis weights on importance-weighted losses of the arms played.
#[derive(Debug, Clone, PartialEq)]
pub struct TsallisInf {
    weights: TsallisWeights,
}

impl TsallisInf {
    /// For `arms` arms with the regulariser weight √(2T) for `horizon` = T rounds, which gives a regret of at most
    /// 2√(2TK).
    ///
    /// # Errors
    /// `arms` is zero, or `horizon` is outside [1, 10¹⁰⁰].
    pub fn tuned(arms: usize, horizon: f64) -> Result<Self> {
        if !(1.0..=1e100).contains(&horizon) {
            let requirement = "in [1, 1e100]";
            return Err(Error::OutOfRange { name: "horizon", value: horizon, requirement });
        }
        TsallisWeights::new(arms, (2.0 * horizon).sqrt()).map(|weights| Self { weights })
    }
}

impl Policy for TsallisInf {
    type Context = ();
    type Feedback = [Revealed];

    fn choose(&mut self, (): &(), rng: &mut dyn Rng) -> Result<usize> {
        Ok(self.weights.sample(rng))
    }

    fn observe(&mut self, arm: usize, feedback: &[Revealed]) -> Result<()> {
        // What the game reveals besides the arm played is ignored.
        for seen in feedback.iter().filter(|seen| seen.arm == arm) {
            let loss = error::probability("loss", seen.loss)?;
            self.weights.add(arm, loss / self.weights.probability(arm));
        }
        Ok(())
    }
}

impl Choices for Exp3 {
    fn choose_by<C: Chance + ?Sized>(&mut self, (): &(), chance: &mut C) -> Result<usize> {
        Ok(self.weights.sample(chance))
    }
}
