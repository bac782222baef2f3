//! What mechanisms are compared with, and the broken ones that a claim has to catch.

use super::{Channel, ContinualMechanism, ContinualRun, Shape};
use crate::error::{Result, non_negative};

/// A mechanism whose noise is multiplied by a factor that its accounting does not know of.
///
/// The area's shared control: at 1/2 every privacy claim must fail (Gaussian noise then costs 4ρ, an
/// exponential mechanism likewise). At 0 it is the exact answer, private to no degree.
#[derive(Debug, Clone, Copy)]
pub struct ScaledNoise<M> {
    mechanism: M,
    factor: f64,
}

impl<M> ScaledNoise<M> {
    /// Half of the noise.
    pub fn halved(mechanism: M) -> Self {
        Self { mechanism, factor: 0.5 }
    }

    /// No noise at all: the exact answer, as often as `mechanism` gives it.
    pub fn silent(mechanism: M) -> Self {
        Self { mechanism, factor: 0.0 }
    }

    /// Multiplies every noise of `mechanism` by `factor`.
    ///
    /// # Errors
    /// `factor` is negative or not finite.
    pub fn new(mechanism: M, factor: f64) -> Result<Self> {
        Ok(Self { mechanism, factor: non_negative("factor", factor)? })
    }
}

impl<M: ContinualMechanism> ContinualMechanism for ScaledNoise<M> {
    type Run = ScaledNoise<M::Run>;

    fn start(&self, shape: Shape, rho: f64) -> Result<Self::Run> {
        Ok(ScaledNoise { mechanism: self.mechanism.start(shape, rho)?, factor: self.factor })
    }
}

impl<R: ContinualRun> ContinualRun for ScaledNoise<R> {
    type Answer = R::Answer;

    fn step(&mut self, record: &[bool], channel: &mut dyn Channel) -> Result<R::Answer> {
        self.mechanism.step(record, &mut Scaled { channel, factor: self.factor })
    }
}

/// The channel between: scales on the way out.
struct Scaled<'a> {
    channel: &'a mut dyn Channel,
    factor: f64,
}

impl Channel for Scaled<'_> {
    fn gaussian(&mut self, statistic: f64, sigma: f64) -> f64 {
        self.channel.gaussian(statistic, sigma * self.factor)
    }

    fn exponential(&mut self, scores: &[f64], epsilon: f64) -> usize {
        self.channel.exponential(scores, epsilon / self.factor)
    }
}
