//! Scaling: how a quantity that one must choose (the split of compute into model and data, a learning
//! rate, a batch size) moves when a model grows. Two kinds of module: dynamics small enough to be
//! exact, and laws, where one fits a formula to many runs and then trusts it far outside them.
//!
//! # Which method when
//!
//! * **A loss law in model size and tokens** ([`chinchilla`]). Huber loss on the logarithm, BFGS from
//!   a grid of starts, run to a gradient far below the loss scale; intervals by the delta method or the
//!   bootstrap. Ask for the interval before the point: the exponent of the optimal model size is known
//!   to about ±0.02 from 240 runs.
//!
//! # The protocol
//!
//! A [`LossLaw`] is a formula that predicts a loss and knows how it would spend a compute budget. A
//! [`Fitter`] turns runs into a law. An [`ExponentInterval`] turns runs into an interval for the
//! exponent with which the optimal model size grows in compute, the number that decisions hang on.

pub mod baselines;
pub mod chinchilla;
pub mod instances;

use crate::error::Result;

/// One training run: its size, and the loss it reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// The number N of parameters.
    pub parameters: f64,
    /// The number D of training tokens.
    pub tokens: f64,
    /// The final loss, in nats per token.
    pub loss: f64,
}

/// A split of a compute budget of 6·N·D floating-point operations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Allocation {
    /// The number N of parameters.
    pub parameters: f64,
    /// The number D of training tokens.
    pub tokens: f64,
}

/// A law that predicts the loss of a run from its size.
pub trait LossLaw {
    /// The loss of a model of `parameters` trained on `tokens`.
    fn loss(&self, parameters: f64, tokens: f64) -> f64;

    /// The split of `compute` = 6·N·D floating-point operations with the least loss.
    fn optimal_allocation(&self, compute: f64) -> Allocation;

    /// The exponent with which the optimal model size grows in compute.
    fn exponent(&self) -> f64;
}

/// Fits a law to runs.
pub trait Fitter {
    /// The law fitted.
    type Law: LossLaw;

    /// The law that fits the runs.
    ///
    /// # Errors
    /// If the runs are too few or do not identify the law, or the fit does not converge.
    fn fit(&self, runs: &[Run]) -> Result<Self::Law>;
}

/// Gives an interval for the exponent of the optimal model size.
pub trait ExponentInterval {
    /// The ends of an interval that should contain the true exponent with probability `level`.
    ///
    /// # Errors
    /// If `level` is not strictly between 0 and 1, and those of the fit.
    fn interval(&self, runs: &[Run], level: f64, rng: &mut dyn rand::Rng) -> Result<(f64, f64)>;
}
