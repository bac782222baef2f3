//! What each paper promises: its bounds as plain functions of numbers, then its claims.
//!
//! Every paper's module has the same shape: the theorem's bounds, then `paper()`, then one function a
//! claim, generic over the algorithm, so that a control, a rival or your own type passes through the same
//! claim.

pub mod bandits;
pub mod combinatorial;
pub mod convex;
pub mod decoding;
pub mod information;
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

pub mod catalog;
pub mod certify;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod json;
#[cfg(feature = "cli")]
pub mod report;

pub use ratebook_judge as judge;

use ratebook_judge::Paper;

/// The areas that have papers.
pub const AREAS: [&str; 15] = [
    "bandits",
    "combinatorial",
    "convex",
    "decoding",
    "information",
    "minimax",
    "online",
    "privacy",
    "quantization",
    "rl",
    "scaling",
    "serving",
    "statistics",
    "stochastic",
    "transport",
];

/// Every paper, area by area.
pub fn papers() -> Vec<Paper> {
    [
        bandits::papers(),
        combinatorial::papers(),
        convex::papers(),
        decoding::papers(),
        information::papers(),
        minimax::papers(),
        online::papers(),
        privacy::papers(),
        quantization::papers(),
        rl::papers(),
        scaling::papers(),
        serving::papers(),
        statistics::papers(),
        stochastic::papers(),
        transport::papers(),
    ]
    .concat()
}
