//! The two ends a [`Channel`] can have: noise for the user, a ledger for the auditor.

use rand::Rng;
use rand::distr::{Distribution, Open01};
use rand_distr::StandardNormal;

use super::laws::{exponential_law, renyi_divergence};
use crate::privacy::Channel;

/// The position of the largest score, the first of equals.
///
/// NaN never wins; `scores` must not be empty.
pub fn first_argmax(scores: &[f64]) -> usize {
    let mut best = 0;
    for (i, &score) in scores.iter().enumerate() {
        if score > scores[best] {
            best = i;
        }
    }
    best
}

/// Draws the noise: what a running mechanism is given.
pub struct Noisy<'a>(pub &'a mut dyn Rng);

impl Channel for Noisy<'_> {
    fn gaussian(&mut self, statistic: f64, sigma: f64) -> f64 {
        let standard: f64 = StandardNormal.sample(self.0);
        statistic + sigma * standard
    }

    /// The Gumbel trick: the argmax of score·ε/2 + Gumbel noise has exactly the exponential law, in
    /// log space and without a normaliser, so scores of any size are safe. O(number of scores).
    fn exponential(&mut self, scores: &[f64], epsilon: f64) -> usize {
        if epsilon == f64::INFINITY {
            return first_argmax(scores);
        }
        let mut best = (0, f64::NEG_INFINITY);
        for (i, score) in scores.iter().enumerate() {
            // Open at both ends: neither logarithm is ever infinite.
            let uniform: f64 = Open01.sample(self.0);
            let perturbed = score * epsilon / 2.0 - (-uniform.ln()).ln();
            if perturbed > best.1 {
                best = (i, perturbed);
            }
        }
        best.0
    }
}

/// One release, as the data saw it: its exact law.
#[derive(Debug, Clone, PartialEq)]
pub enum Release {
    /// N(`mean`, `sigma`²).
    Gaussian {
        /// The statistic before noise.
        mean: f64,
        /// The standard deviation of the noise.
        sigma: f64,
    },
    /// Index i with probability proportional to exp(`epsilon`·`scores`\[i\]/2).
    Exponential {
        /// The scores before noise.
        scores: Vec<f64>,
        /// The parameter of the exponential mechanism.
        epsilon: f64,
    },
}

impl Release {
    /// D_α(self ‖ other) in nats, exactly, for `alpha` > 1: α·(Δmean)²/(2σ²) for two Gaussians of equal
    /// sigma, a finite sum for two exponential mechanisms.
    ///
    /// Infinite when the two differ in kind, in scale or in the number of scores.
    pub fn renyi_divergence(&self, other: &Self, alpha: f64) -> f64 {
        match (self, other) {
            (Self::Gaussian { mean: a, sigma }, Self::Gaussian { mean: b, sigma: s }) if sigma == s => {
                // Equal means are no distance even without noise.
                if a == b { 0.0 } else { alpha * ((a - b) / sigma).powi(2) / 2.0 }
            }
            (Self::Exponential { scores: a, epsilon }, Self::Exponential { scores: b, epsilon: e })
                if epsilon == e && a.len() == b.len() =>
            {
                renyi_divergence(&exponential_law(a, *epsilon), &exponential_law(b, *epsilon), alpha)
            }
            _ => f64::INFINITY,
        }
    }
}

/// Writes down the law of every release instead of drawing from it.
///
/// Releases come back at their mean (or at their best index), or, when replaying, moved by a given
/// number of standard deviations. For mechanisms whose later releases do not depend on earlier
/// answers, two ledgers on neighbouring data hold the whole privacy loss.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    releases: Vec<Release>,
    script: Vec<f64>,
}

impl Ledger {
    /// A ledger that answers every release with its mean.
    pub fn new() -> Self {
        Self::default()
    }

    /// A ledger that moves the k-th release, if Gaussian, by `script`\[k\] standard deviations, and by
    /// none once the script is used up.
    pub fn replaying(script: Vec<f64>) -> Self {
        Self { releases: Vec::new(), script }
    }

    /// What was released, in order.
    pub fn releases(&self) -> &[Release] {
        &self.releases
    }

    /// D_α between the releases of this run and those of another: the sum over releases, infinite when
    /// the two runs made a different number of them.
    pub fn renyi_divergence(&self, other: &Self, alpha: f64) -> f64 {
        if self.releases.len() != other.releases.len() {
            return f64::INFINITY;
        }
        self.releases.iter().zip(&other.releases).map(|(a, b)| a.renyi_divergence(b, alpha)).sum()
    }
}

impl Channel for Ledger {
    fn gaussian(&mut self, statistic: f64, sigma: f64) -> f64 {
        let deviations = self.script.get(self.releases.len()).copied().unwrap_or(0.0);
        self.releases.push(Release::Gaussian { mean: statistic, sigma });
        statistic + deviations * sigma
    }

    fn exponential(&mut self, scores: &[f64], epsilon: f64) -> usize {
        self.releases.push(Release::Exponential { scores: scores.to_vec(), epsilon });
        first_argmax(scores)
    }
}
