//! The problems of the area: laws of data, with their losses and, where it exists, the exact risk.

mod chains;
mod regression;

pub use chains::{EmbeddedPair, NextSymbol, Trajectory, TwoStateChain};
pub use regression::{GaussianLinear, Regression};
