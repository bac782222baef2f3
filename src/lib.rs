//! Papers of learning theory, optimisation and efficient inference, each as a small pure module.
//!
//! This crate holds what the papers *do*: no input or output, no clock, no global state, every
//! random draw from a generator that the caller passes. What the papers *promise* is in
//! `ratebook-bounds`, where each promise is a claim that is run and judged.
//!
//! Each area module starts with the area's protocol and an essay on which method to use when.

pub mod bandits;
pub mod combinatorial;
pub mod convex;
pub mod decoding;
pub mod error;
pub mod information;
pub mod math;
pub mod minimax;
pub mod online;
pub mod privacy;
pub mod quantization;
pub mod rl;
pub mod scaling;
pub mod serving;
pub mod statistics;
pub mod stochastic;
pub mod transport;

pub use error::{Error, Result};
