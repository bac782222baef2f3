//! Synthetic runs of a known law, which fits are to recover.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::{LossLaw, Run};
use crate::error::{self, Result};

/// Runs spread over compute and over the ratio of tokens to parameters, with log-normal noise on the
/// loss: log₁₀ C uniform on [18.5, 21.5], log₁₀(D/N) uniform within one decade of 20.
///
/// The spread of the ratio is what separates the two terms of a law; it is much of what an interval's
/// width depends on.
#[derive(Debug, Clone, Copy)]
pub struct LawData<L> {
    law: L,
    noise: f64,
    runs: usize,
}

impl<L: LossLaw> LawData<L> {
    /// `runs` runs of `law` with noise of standard deviation `noise` on ln L.
    ///
    /// # Errors
    /// If `noise` is negative or not finite, or `runs` is 0.
    pub fn new(law: L, noise: f64, runs: usize) -> Result<Self> {
        Ok(Self {
            law,
            noise: error::non_negative("noise", noise)?,
            runs: error::at_least_one("runs", runs)?,
        })
    }

    /// Draws one data set.
    pub fn draw(&self, rng: &mut dyn Rng) -> Vec<Run> {
        (0..self.runs)
            .map(|_| {
                let compute = 10f64.powf(18.5 + 3.0 * rng.random::<f64>());
                let ratio = 20.0 * 10f64.powf(2.0 * rng.random::<f64>() - 1.0);
                let parameters = (compute / (6.0 * ratio)).sqrt();
                let tokens = ratio * parameters;
                let noise: f64 = rng.sample(StandardNormal);
                let loss = self.law.loss(parameters, tokens) * (self.noise * noise).exp();
                Run { parameters, tokens, loss }
            })
            .collect()
    }
}
