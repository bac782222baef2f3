//! A mechanism is a randomised map from data to an answer whose *law* barely moves when one record
//! changes.
//!
//! # Two sides
//! Every paper of this area makes two promises. Utility (the answer is close to the truth) is a
//! matter of the noise that was drawn and is checked by simulation or by a tail bound. Privacy is a
//! matter of the law and is *never* checked by sampling: no number of runs sees an event of
//! probability $e^{-40}$. It is checked by enumerating small universes and comparing exact laws.
//!
//! # One door
//! Both sides must be measured on the same code, or the audit is an audit of something else. So a
//! mechanism may touch its data in any way it likes, but what leaves it has to pass a [`Channel`]:
//! a statistic goes in, a private release comes out, and everything computed afterwards from
//! releases alone is post-processing. Hand the mechanism a [`channel::Noisy`] and it runs; hand it a
//! [`channel::Ledger`] and the same code writes down the exact law of everything it would release.
//!
//! ```
//! use ratebook::privacy::channel::{Ledger, Noisy};
//! use ratebook::privacy::continual_observation::Tree;
//! use ratebook::privacy::instances::MaxSum;
//! use ratebook::privacy::{ContinualMechanism, ContinualRun, Shape};
//! # fn main() -> ratebook::Result<()> {
//! # use rand::SeedableRng;
//! let mut rng = rand_pcg::Pcg64::seed_from_u64(1);
//! let (shape, rho) = (Shape::new(1, 2)?, 0.5);
//! let mut run = Tree::new(MaxSum).start(shape, rho)?;
//! run.step(&[true], &mut Noisy(&mut rng))?; // an answer with noise
//!
//! // The same code, audited: the streams 1, 1 and 0, 1 differ in one record.
//! let audit = |first: bool| -> ratebook::Result<Ledger> {
//!     let (mut run, mut ledger) = (Tree::new(MaxSum).start(shape, rho)?, Ledger::new());
//!     run.step(&[first], &mut ledger)?;
//!     run.step(&[true], &mut ledger)?;
//!     Ok(ledger)
//! };
//! let alpha = 3.0;
//! assert!((audit(true)?.renyi_divergence(&audit(false)?, alpha) - rho * alpha).abs() < 1e-12);
//! # Ok(())
//! # }
//! ```
//!
//! # Which method
//! - *An answer after every record of a stream*: [`continual_observation`]. Sums over time are nearly
//!   free, because a binary counter spreads each record over few releases; a maximum over many columns
//!   is better recomputed now and then and held in between.
//!
//! # Which accounting
//! - *Pure* $(\varepsilon, 0)$: [`laws::max_log_ratio`] of two laws. Composes additively in
//!   $\varepsilon$; one release out of $k$ gets $\varepsilon / k$.
//! - *Zero-concentrated* ($\rho$-zCDP, [`zcdp`]): Gaussian noise, additive in $\rho \sim
//!   \varepsilon^2$, so one release out of $k$ gets a noise only $\sqrt k$ times larger. The right
//!   currency whenever there are many releases.
//! - *Approximate* $(\varepsilon, \delta)$: what to quote; convert from $\rho$ at the very end.
//!
//! # Which neighbours
//! Replacing one record and deleting one are different relations (a factor two in most sensitivities).
//! Each paper says which; [`neighbours`] enumerates them.
//!
//! # Caveat
//! Noise is drawn in floating point. The laws audited here are those of the real-valued mechanism;
//! the low bits of a float are known to leak, and nothing in this area claims bit-exact privacy.

pub mod baselines;
pub mod continual_observation;
pub mod instances;

/// What several papers of the area are built from.
mod primitives {
    pub mod channel;
    pub mod laws;
    pub mod neighbours;
    pub mod tree_counter;
    pub mod zcdp;
}

pub use primitives::{channel, laws, neighbours, tree_counter, zcdp};

use crate::error::{Error, Result, at_least_one, same_size};

/// The only door through which a statistic of the data may leave a mechanism.
///
/// What comes back may be used freely: any function of releases is post-processing. The scales are
/// the mechanism's choice and may depend on earlier releases, never on the data.
pub trait Channel {
    /// Releases `statistic` + N(0, `sigma`²); `sigma` ≥ 0.
    fn gaussian(&mut self, statistic: f64, sigma: f64) -> f64;

    /// Releases an index i with probability proportional to exp(`epsilon`·`scores`\[i\]/2), where one
    /// record moves each score by at most 1; `epsilon` in (0, ∞], at least one score. At ∞ the first
    /// best index.
    fn exponential(&mut self, scores: &[f64], epsilon: f64) -> usize;
}

/// What is public about a stream before it starts, so that it may set the noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    columns: usize,
    horizon: usize,
}

impl Shape {
    /// A stream of `horizon` records of `columns` bits each.
    ///
    /// # Errors
    /// Either is zero.
    pub fn new(columns: usize, horizon: usize) -> Result<Self> {
        Ok(Self { columns: at_least_one("columns", columns)?, horizon: at_least_one("horizon", horizon)? })
    }

    /// The number of bits in a record, d.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The number of records, T.
    pub fn horizon(&self) -> usize {
        self.horizon
    }
}

/// A mechanism under continual observation, before its stream starts.
pub trait ContinualMechanism {
    /// One run over one stream.
    type Run: ContinualRun;

    /// Prepares a run whose releases, over the whole stream and all together, cost at most `rho`
    /// (zCDP, one record replaced), for streams that may be chosen adaptively from the answers.
    ///
    /// # Errors
    /// `rho` is not positive; infinity is allowed and means no noise.
    fn start(&self, shape: Shape, rho: f64) -> Result<Self::Run>;
}

/// One run: a record in, an answer out, before the next record is seen.
pub trait ContinualRun {
    /// What is answered after each record.
    type Answer: Copy;

    /// Takes the next record and answers the question about everything seen so far.
    ///
    /// # Errors
    /// The record's size is not the number of columns, or the horizon has already been reached; the
    /// run is then unchanged.
    fn step(&mut self, record: &[bool], channel: &mut dyn Channel) -> Result<Self::Answer>;
}

/// Counts the records of a run and keeps it inside its [`Shape`].
#[derive(Debug, Clone)]
pub struct Clock {
    shape: Shape,
    time: usize,
}

impl Clock {
    /// No record yet.
    pub fn new(shape: Shape) -> Self {
        Self { shape, time: 0 }
    }

    /// Admits the next record and returns its time, counted from 1.
    ///
    /// # Errors
    /// As [`ContinualRun::step`].
    pub fn tick(&mut self, record: &[bool]) -> Result<usize> {
        same_size("record", self.shape.columns, record.len())?;
        if self.time == self.shape.horizon {
            return Err(Error::Invalid { name: "stream", requirement: "has already reached its horizon" });
        }
        self.time += 1;
        Ok(self.time)
    }
}
