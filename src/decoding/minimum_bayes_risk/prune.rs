//! Pruning hypotheses by confidence while references come in.

use rand::{Rng, RngExt};

use crate::decoding::selection;
use crate::{Result, error};

/// The schedule and the confidence of pruning.
#[derive(Debug, Clone, PartialEq)]
pub struct Pruning {
    sizes: Vec<usize>,
    alpha: f64,
    resamples: usize,
}

/// What pruning decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruned {
    /// The chosen hypothesis.
    pub best: usize,
    /// The utility calls it took.
    pub calls: usize,
}

impl Pruning {
    /// Prunes after each of the numbers of references in `sizes`: a hypothesis stays if it is at least as good
    /// as the current best in more than a share 1 − `alpha` of `resamples` bootstrap resamples.
    ///
    /// # Errors
    /// If the sizes are not positive and increasing, `alpha` is not in [0, 1], or `resamples` is zero.
    pub fn new(sizes: &[usize], alpha: f64, resamples: usize) -> Result<Self> {
        if sizes.first() == Some(&0) || !sizes.is_sorted_by(|a, b| a < b) {
            return Err(crate::Error::Invalid {
                name: "sizes",
                requirement: "must be positive and increasing",
            });
        }
        error::probability("alpha", alpha)?;
        error::at_least_one("resamples", resamples)?;
        Ok(Self { sizes: sizes.to_vec(), alpha, resamples })
    }

    /// The paper's: 8, 16, …, 256 references, α = 0.99, 500 resamples.
    ///
    /// # Errors
    /// None in practice: the parameters are fixed.
    pub fn standard() -> Result<Self> {
        Self::new(&[8, 16, 32, 64, 128, 256], 0.99, 500)
    }

    /// Selects among hypotheses against references that are in random order.
    ///
    /// # Errors
    /// If there are no hypotheses or references, or a utility is not finite.
    pub fn select(
        &self,
        hypotheses: usize,
        references: usize,
        mut utility: impl FnMut(usize, usize) -> f64,
        rng: &mut dyn Rng,
    ) -> Result<Pruned> {
        error::at_least_one("hypotheses", hypotheses)?;
        error::at_least_one("references", references)?;
        let mut alive: Vec<(usize, Vec<f64>)> = (0..hypotheses).map(|h| (h, Vec::new())).collect();
        let mut calls = 0;
        let (mut times, mut shares) = (Vec::new(), Vec::new());
        for size in self.sizes.iter().copied().filter(|&size| size < references).chain([references]) {
            for (hypothesis, utilities) in &mut alive {
                for reference in utilities.len()..size {
                    utilities.push(error::finite("utility", utility(*hypothesis, reference))?);
                    calls += 1;
                }
            }
            let sums: Vec<f64> = alive.iter().map(|(_, utilities)| utilities.iter().sum()).collect();
            let best = selection::best(&sums)?;
            if size == references || alive.len() == 1 {
                return Ok(Pruned { best: alive[best].0, calls });
            }
            self.wins(&alive, best, size, &mut times, &mut shares, rng);
            let mut at = 0;
            alive.retain(|_| {
                at += 1;
                // The current best ties with itself in every resample and so always stays.
                at - 1 == best || shares[at - 1] > 1.0 - self.alpha
            });
        }
        unreachable!("the last size is the number of references")
    }

    /// The share of resamples in which each hypothesis is at least as good as the best.
    fn wins(
        &self,
        alive: &[(usize, Vec<f64>)],
        best: usize,
        size: usize,
        times: &mut Vec<f64>,
        shares: &mut Vec<f64>,
        rng: &mut dyn Rng,
    ) {
        shares.clear();
        shares.resize(alive.len(), 0.0);
        for _ in 0..self.resamples {
            // The same resample for all hypotheses: they share the references' noise.
            times.clear();
            times.resize(size, 0.0);
            (0..size).for_each(|_| times[rng.random_range(0..size)] += 1.0);
            let sum = |utilities: &[f64]| utilities.iter().zip(&*times).map(|(u, t)| u * t).sum::<f64>();
            let threshold = sum(&alive[best].1);
            for ((_, utilities), share) in alive.iter().zip(&mut *shares) {
                *share += f64::from(u8::from(sum(utilities) >= threshold)) / self.resamples as f64;
            }
        }
    }
}
