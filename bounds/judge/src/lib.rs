//! Decides, with stated error rates, whether a measured quantity keeps the bound it was promised.
//!
//! The judge knows no paper. A [`Claim`] names a law, an experiment and a sweep; [`run()`] measures it,
//! [`verdict`] decides, and the same claim handed a broken method (a *control*) must come out
//! *violated*, so that every check is seen to be able to fail.
//!
//! # The three verdicts
//! The burden of proof is on the claim. With α the error rate per checked point (1e-3 in the quick
//! tier, 1e-6 in the full tier):
//! - *holds*: the confidence limit is on the right side of the bound at every point;
//! - *violated*: the opposite limit is on the wrong side at some point;
//! - *inconclusive*: neither, or the replicates do not reach the smallest violation that the claim
//!   says it catches. It fails a test as a badly designed experiment.
//!
//! # How the parts fit
//! [`streams`] derives the randomness, [`claim`] describes (its forms are in [`law`]), [`experiment`] measures, [`interval`],
//! [`quantile`] and [`fit`] do the statistics, [`verdict`] decides, [`outcome`] is what comes out,
//! [`record`] writes and reads it as text, [`compare`] sets two measured series side by side, [`variant`] sets
//! a variant beside the record.

pub mod claim;
pub mod compare;
pub mod experiment;
pub mod fit;
pub mod interval;
pub mod law;
pub mod outcome;
pub mod paper;
pub mod quantile;
pub mod record;
pub mod run;
pub mod sample;
pub mod streams;
pub mod sweep;
pub mod variant;
pub mod verdict;

pub use claim::Claim;
pub use experiment::{Cases, Fault};
pub use law::{Evidence, Interval, Source, Tolerance};
pub use outcome::{Outcome, Verdict};
pub use paper::Paper;
pub use run::{Settings, Tier, run};
pub use streams::Streams;
pub use sweep::{geometric, powers_of_two};
