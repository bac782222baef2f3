use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::linear::pairs;
use crate::bandits::Actions;
use crate::bandits::agents::{LinearBandit, multinomial};
use crate::math::vector::{dot, norm};
use crate::{Error, Result, error};

/// The law of the decision set that a round offers: finitely many sets in the unit ball.
#[derive(Debug, Clone, PartialEq)]
pub struct Contexts {
    sets: Vec<Actions>,
    masses: Vec<f64>,
}

impl Contexts {
    /// `sets[j]` with probability `masses[j]`.
    ///
    /// # Errors
    /// There is no set, a dimension differs, an action is longer than 1, or `masses` is no distribution on the
    /// sets.
    pub fn new(sets: Vec<Actions>, masses: Vec<f64>) -> Result<Self> {
        error::same_size("masses", sets.len(), masses.len())?;
        error::distribution("masses", &masses)?;
        for set in &sets {
            error::same_size("sets", sets[0].dim(), set.dim())?;
            if let Some(long) = set.iter().map(norm).find(|&length| !(length <= 1.0 + 1e-12)) {
                return Err(Error::OutOfRange {
                    name: "action",
                    value: long,
                    requirement: "of length at most 1",
                });
            }
        }
        Ok(Self { sets, masses })
    }

    /// Every set equally often.
    ///
    /// # Errors
    /// As [`Contexts::new`].
    pub fn uniform(sets: Vec<Actions>) -> Result<Self> {
        let count = error::at_least_one("sets", sets.len())?;
        Self::new(sets, vec![1.0 / count as f64; count])
    }

    /// The dimension of the actions.
    pub fn dim(&self) -> usize {
        self.sets[0].dim()
    }

    /// The decision sets.
    pub fn sets(&self) -> &[Actions] {
        &self.sets
    }

    /// Their probabilities.
    pub fn masses(&self) -> &[f64] {
        &self.masses
    }

    /// The size of the largest decision set.
    pub fn largest(&self) -> usize {
        self.sets.iter().map(Actions::arms).max().unwrap_or(0)
    }
}

/// A linear bandit with decision sets drawn from a law and normal noise, pulled in batches.
#[derive(Debug, Clone, PartialEq)]
pub struct Contextual {
    contexts: Contexts,
    theta: Vec<f64>,
    deviation: f64,
    /// The best mean of each decision set.
    best: Vec<f64>,
}

impl Contextual {
    /// Parameter `theta`, noise of standard deviation `deviation` ≥ 0.
    ///
    /// # Errors
    /// A dimension differs, or a number is not finite or negative.
    pub fn new(contexts: Contexts, theta: Vec<f64>, deviation: f64) -> Result<Self> {
        error::finite_slice("theta", &theta)?;
        error::same_size("theta", contexts.dim(), theta.len())?;
        error::non_negative("deviation", deviation)?;
        let best_of = |set: &Actions| set.iter().map(|x| dot(x, &theta)).fold(f64::NEG_INFINITY, f64::max);
        let best: Vec<f64> = contexts.sets.iter().map(best_of).collect();
        error::finite_slice("means", &best)?;
        Ok(Self { contexts, theta, deviation, best })
    }

    /// The paired instance of [`Linear::paired`](super::Linear::paired): context j offers e_{2j−1} and e_{2j},
    /// whose means are 0 and `gap`.
    ///
    /// # Errors
    /// `dim` is zero or odd, or `gap` or `deviation` is negative or not finite.
    pub fn paired(dim: usize, gap: f64, deviation: f64) -> Result<Self> {
        let (theta, pairs) = pairs(dim, gap)?;
        Self::new(Contexts::uniform(pairs)?, theta, deviation)
    }

    /// The law of the decision sets.
    pub fn contexts(&self) -> &Contexts {
        &self.contexts
    }
}

impl LinearBandit for Contextual {
    fn dim(&self) -> usize {
        self.theta.len()
    }

    fn offer(&self, n: u64, rng: &mut dyn Rng) -> Vec<u64> {
        multinomial(n, &self.contexts.masses, rng)
    }

    fn gap(&self, set: usize, action: &[f64]) -> Option<f64> {
        let offered = self.contexts.sets.get(set)?.iter().any(|x| x == action);
        offered.then(|| (self.best[set] - dot(action, &self.theta)).max(0.0))
    }

    fn pull(&self, action: &[f64], n: u64, rng: &mut dyn Rng) -> f64 {
        let noise: f64 = rng.sample(StandardNormal);
        n as f64 * dot(&self.theta, action) + (n as f64).sqrt() * self.deviation * noise
    }
}
