use rand::Rng;

use crate::bandits::primitives::{NoiseRange, Ridge, argmax};
use crate::bandits::{Actions, Policy};
use crate::{Error, Result, error};

/// Optimism in the face of uncertainty for linear bandits: plays the largest ⟨x, θ⟩ + β‖x‖ in the metric of
/// ridge regression. With β = 0 it is greedy.
#[derive(Debug, Clone, PartialEq)]
pub struct Oful {
    ridge: Ridge,
    beta: f64,
    played: Vec<f64>,
}

impl Oful {
    /// In dimension `dim` with regulariser `lambda` > 0 and a constant confidence radius `beta` ≥ 0.
    ///
    /// # Errors
    /// `dim` is zero, `lambda` is not positive and finite, or `beta` is negative or not finite.
    pub fn new(dim: usize, lambda: f64, beta: f64) -> Result<Self> {
        error::non_negative("beta", beta)?;
        Ok(Self { ridge: Ridge::new(dim, lambda)?, beta, played: vec![0.0; dim] })
    }
}

impl Policy for Oful {
    type Context = Actions;
    type Feedback = f64;

    fn choose(&mut self, actions: &Actions, rng: &mut dyn Rng) -> Result<usize> {
        error::same_size("actions", self.ridge.dim(), actions.dim())?;
        let scores = actions.iter().map(|x| self.ridge.predict(x) + self.beta * self.ridge.width(x));
        let arm = argmax(scores, rng).ok_or(Error::Empty { name: "actions" })?;
        self.played.copy_from_slice(actions.get(arm));
        Ok(arm)
    }

    fn observe(&mut self, _: usize, reward: &f64) -> Result<()> {
        self.ridge.add(&self.played, error::finite("reward", *reward)?, 1.0);
        Ok(())
    }
}

/// Optimism with weighted regression for rounds that announce their noise level σ: weights 1/max(σ, σ_min)² and
/// the radius √(d ln(1 + t·L²/(dλσ_min²)) + 2 ln(1/δ)) + √λ·B in round t.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedOful {
    noise: NoiseRange,
    ridge: Ridge,
    round: u64,
    played: Vec<f64>,
    weight: f64,
}

impl WeightedOful {
    /// In the setting of [`NoiseRange`].
    ///
    /// # Errors
    /// A parameter of `noise` is outside its range.
    pub fn new(noise: NoiseRange) -> Result<Self> {
        let ridge = Ridge::new(noise.check()?.dim, noise.lambda)?;
        Ok(Self { noise, ridge, round: 0, played: vec![0.0; noise.dim], weight: 0.0 })
    }
}

impl Policy for WeightedOful {
    type Context = Actions;
    type Feedback = f64;

    fn choose(&mut self, actions: &Actions, rng: &mut dyn Rng) -> Result<usize> {
        let deviation = self.noise.admit(actions)?;
        self.round += 1;
        let floor = self.noise.sigma_min;
        let beta = self.noise.root(self.round, floor) + self.noise.bias();
        let scores = actions.iter().map(|x| self.ridge.predict(x) + beta * self.ridge.width(x));
        let arm = argmax(scores, rng).ok_or(Error::Empty { name: "actions" })?;
        self.played.copy_from_slice(actions.get(arm));
        self.weight = deviation.max(floor).powi(-2);
        Ok(arm)
    }

    fn observe(&mut self, _: usize, reward: &f64) -> Result<()> {
        self.ridge.add(&self.played, error::finite("reward", *reward)?, self.weight);
        Ok(())
    }
}
