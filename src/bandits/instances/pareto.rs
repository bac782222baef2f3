use rand::{Rng, RngExt};
use rand_distr::Pareto as Law;

use crate::bandits::Bandit;
use crate::{Error, Result, error};

/// Arms with heavy-tailed rewards: arm a has density α·κ^α·x^(−α−1) on x ≥ κ, with a scale κ and a shape α of
/// its own. For α ≤ 2 the variance is infinite.
#[derive(Debug, Clone, PartialEq)]
pub struct Pareto {
    laws: Vec<Law<f64>>,
    means: Vec<f64>,
    best: f64,
}

impl Pareto {
    /// Arms given as pairs (κ, α).
    ///
    /// # Errors
    /// There is no arm, a κ is not positive and finite, or an α is not finite and above 1 (the mean would be
    /// infinite, and so would every other arm's regret).
    pub fn new(arms: &[(f64, f64)]) -> Result<Self> {
        error::at_least_one("arms", arms.len())?;
        let law = |&(kappa, alpha): &(f64, f64)| {
            error::positive("kappa", kappa)?;
            let refused =
                Error::OutOfRange { name: "alpha", value: alpha, requirement: "finite and above 1" };
            if !(alpha > 1.0 && alpha.is_finite()) {
                return Err(refused);
            }
            Law::new(kappa, alpha).map_err(|_| refused)
        };
        let laws = arms.iter().map(law).collect::<Result<_>>()?;
        let means: Vec<f64> = arms.iter().map(|&(kappa, alpha)| pareto_mean(kappa, alpha)).collect();
        let best = means.iter().copied().fold(0.0, f64::max);
        error::finite("means", best)?;
        Ok(Self { laws, means, best })
    }
}

/// The mean κα/(α − 1) of the Pareto law with scale κ and shape α; infinite for α ≤ 1, and κ for α = ∞.
pub fn pareto_mean(kappa: f64, alpha: f64) -> f64 {
    if alpha > 1.0 { kappa + kappa / (alpha - 1.0) } else { f64::INFINITY }
}

impl Bandit for Pareto {
    fn arms(&self) -> usize {
        self.means.len()
    }

    fn mean(&self, arm: usize) -> f64 {
        self.means[arm]
    }

    fn best_mean(&self) -> f64 {
        self.best
    }

    /// In O(n): the sum of Pareto rewards has no law of its own to draw from.
    fn pull(&self, arm: usize, n: u64, rng: &mut dyn Rng) -> f64 {
        (0..n).map(|_| rng.sample(self.laws[arm])).sum()
    }
}
