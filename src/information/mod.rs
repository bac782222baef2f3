//! Codes, codebooks and information measures whose optimum can be computed exactly at small size.
//!
//! # What can be said exactly
//! Entropies and mutual informations of finite tables ([`crate::math::entropy`], in bits throughout)
//! are sums of a few terms, so a code is judged by its exact law, not by samples: plug-in estimates
//! from $n$ draws on $K$ symbols are biased by about $(K-1)/(2n)$ nats. Optima that are hard in
//! general (the best partition of an alphabet, the coupling of least entropy) are found by
//! enumeration at small size; [`baselines`] holds these oracles.
//!
//! # Which method when
//! - *Compress to a given entropy* $H(T) \le R$, without a distortion measure: an [`Encoder`]. Equal
//!   groups waste the rate; merging one large cell and leaving the other symbols alone keeps far more
//!   symbols apart at the same entropy.
//! - *Make two given marginals as dependent as possible*: a [`Coupler`]. Minimum entropy coupling is
//!   NP-hard, and greedy is within 0.53 bit of it.
//! - *Both at once*, a source through a bottleneck to a prescribed output law:
//!   [`entropy_coupling_bottleneck`] does one after the other.
//!
//! # Traps
//! Bits and nats; rates that forget side information; ties, which make several outputs right, so that
//! entropies may be compared and maps may not.

use nalgebra::DMatrix;

use crate::error::{Error, Result, distribution, same_size};
use crate::math::entropy::entropy;

pub mod baselines;
pub mod entropy_coupling_bottleneck;

/// What several papers of the area are built from.
mod primitives {
    pub mod coupling;
}

pub use primitives::coupling::{self, Coupler, Coupling};

/// A deterministic code of limited entropy: T = g(X) with H(T) ≤ R.
pub trait Encoder {
    /// Maps the symbols of `source`, a probability vector, to letters such that the entropy of the
    /// letter is at most `rate` ≥ 0 bits.
    ///
    /// # Errors
    /// `source` is not a distribution, or `rate` is negative or not finite.
    fn encode(&self, source: &[f64], rate: f64) -> Result<Quantiser>;
}

/// A map from symbols to letters together with the law of the letter that it induces.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantiser {
    /// The letter of each symbol, below `masses.len()`.
    labels: Vec<usize>,
    /// The probability of each letter, positive.
    masses: Vec<f64>,
}

impl Quantiser {
    /// The map that sends symbol x to letter `labels`\[x\], for symbols distributed as `source`.
    ///
    /// # Errors
    /// `source` is not a distribution, the sizes differ, or a letter below the largest one used has
    /// no mass.
    pub fn new(source: &[f64], labels: Vec<usize>) -> Result<Self> {
        distribution("source", source)?;
        same_size("labels", source.len(), labels.len())?;
        // More letters than symbols means that some letter is empty: refused before it is allocated.
        let letters = labels.iter().fold(0, |most, &label| most.max(label)).saturating_add(1);
        let mut masses = vec![0.0; letters.min(source.len() + 1)];
        if letters <= source.len() {
            for (&mass, &label) in source.iter().zip(&labels) {
                masses[label] += mass;
            }
        }
        // A sum of rounded masses may exceed one by a bit.
        masses.iter_mut().for_each(|mass| *mass = mass.min(1.0));
        if masses.iter().all(|&mass| mass > 0.0) {
            Ok(Self { labels, masses })
        } else {
            Err(Error::Invalid { name: "labels", requirement: "every letter must have positive mass" })
        }
    }

    /// The letter of each symbol.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// The law of the letter.
    pub fn masses(&self) -> &[f64] {
        &self.masses
    }

    /// H(T) = I(X;T) in bits: the map is deterministic, so the letter knows nothing but the symbol.
    pub fn entropy(&self) -> f64 {
        entropy(&self.masses)
    }

    /// The joint law of symbol (rows) and letter (columns), for the `source` that the map was built for;
    /// a longer one panics.
    pub fn joint(&self, source: &[f64]) -> DMatrix<f64> {
        DMatrix::from_fn(
            source.len(),
            self.masses.len(),
            |x, t| {
                if self.labels[x] == t { source[x] } else { 0.0 }
            },
        )
    }
}
