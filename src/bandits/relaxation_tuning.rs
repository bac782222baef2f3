//! Learning to relax: choose a solver's parameter for one linear system after another.
//!
//! Our reading: the regulariser's weight is $K\sqrt{2T}$. The paper prints $4K\sqrt T$ (its program has
//! $4\sqrt T$, without the scale $K$), with which its bound $2K\sqrt{2dT}$ fails for many parameters: if one of
//! them costs 1 and all others $K + 1$, the regret tends to $4K\sqrt T (\sqrt d - 1)$. Left out: the Chebyshev
//! regression for contexts (ChebCB) and the conjugate-gradient part.
//!
//! # Problem
//! Systems $A_t x = b_t$, each a shift of the last, are solved by successive over-relaxation (SOR). Its parameter
//! $\omega \in (0, 2)$ decides whether that takes dozens of iterations or hundreds. For some systems the best
//! $\omega$ is a formula, but of a spectral radius that costs more than the solution. Only the number of iterations
//! $\mathrm{SOR}_t(\omega_t)$ is seen: pick $\omega_t$ for every instance as well as the best fixed one.
//!
//! # Idea
//! The cost is a bandit's loss. It jumps with $\omega$ and comes from no known law, so a bandit for adversarial
//! losses is needed; Tsallis-INF on a grid of parameters is one that loses no logarithm. If instances differ by a
//! visible shift of the diagonal, run one bandit for every bin of shifts.
//!
//! # Algorithm: SOR ([`sor`])
//! From $x = 0$ until $\lVert r \rVert \le \varepsilon \lVert b \rVert$, with $A = D + L + L^\top$:
//! $r = b - Ax$, solve $(D/\omega + L) z = r$, set $x \leftarrow x + z$, count.
//!
//! # Algorithm: the tuner ([`Tuner`])
//! On the grid $g_i = 1 + (\omega_{\max} - 1) i/d$, $i = 1, \dots, d$, with cumulative costs $k = 0$:
//! 1. $p = \arg\min_{p \in \Delta} \langle k, p \rangle - K\sqrt{2T} \sum_i \sqrt{p_i}$, that is
//!    $p_i = \bigl(K\sqrt{2T}/(2(k_i - x))\bigr)^2$ with the $x < \min k$ for which they sum to one;
//! 2. draw $i$ from $p$ and solve with $g_i$;
//! 3. $k_i \leftarrow k_i + (\mathrm{SOR}_t(g_i) - 1)/p_i$.
//!
//! With contexts, each of $m$ equal bins of shifts has a tuner of its own, with $T/m$ for $T$.
//!
//! # Theorem
//! If no cost on the grid exceeds $K + 1$ then, whatever the instances,
//! $$ E \sum_{t \le T} \mathrm{SOR}_t(\omega_t) \le \min_i \sum_{t \le T} \mathrm{SOR}_t(g_i) + 2K\sqrt{2dT}, $$
//! and one iteration count is bounded in turn by the surrogate
//! $U(\omega) = 1 + \ln\varepsilon / \ln(\rho + \tau(1 - \rho))$, $\rho$ being the spectral radius of
//! $C_\omega = I - A(D/\omega + L)^{-1}$ and $\tau$ a measure of how soon powers of $C_\omega$ decay at that rate.
//!
//! # Cost
//! $O(d)$ an instance for the tuner, beside the solver's own work.
//!
//! # Reference
//! Mikhail Khodak, Edmond Chow, Maria-Florina Balcan, Ameet Talwalkar, *Learning to Relax: Setting Solver
//! Parameters Across a Sequence of Linear System Instances*, ICLR 2024, arXiv
//! [2310.02246](https://arxiv.org/abs/2310.02246). The steps were compared with the authors' program, which adds
//! whole costs where step 3 has $\mathrm{SOR} - 1$.

mod pool;
mod sor;

use rand::Rng;

use super::Policy;
use super::primitives::TsallisWeights;
use crate::{Error, Result, error};
pub use pool::{Pool, Sequence};
pub use sor::{Solved, System, sor};

/// The grid g_i = 1 + (ω_max − 1)·i/d, i = 1, …, d.
///
/// # Errors
/// `arms` = d is zero, or `largest` = ω_max is not strictly between 1 and 2.
pub fn grid(largest: f64, arms: usize) -> Result<Vec<f64>> {
    error::at_least_one("arms", arms)?;
    if !(largest > 1.0 && largest < 2.0) {
        let requirement = "strictly between 1 and 2";
        return Err(Error::OutOfRange { name: "largest", value: largest, requirement });
    }
    Ok((1..=arms).map(|i| 1.0 + (largest - 1.0) * i as f64 / arms as f64).collect())
}

/// Tsallis-INF on solver costs, one for every bin of contexts.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuner {
    bins: Vec<TsallisWeights>,
    range: f64,
    lowest: f64,
    width: f64,
    /// The bin of the current instance.
    current: usize,
}

impl Tuner {
    /// For `arms` parameters, costs of at most `range` + 1 = K + 1, and `horizon` = T instances, whatever their
    /// contexts.
    ///
    /// # Errors
    /// `arms` is zero, `range` is outside [10⁻⁴⁰, 10⁴⁰] or `horizon` outside [1, 10⁴⁰].
    pub fn new(arms: usize, range: f64, horizon: f64) -> Result<Self> {
        Self::contextual(arms, range, horizon, 1, 0.0, 1.0)
    }

    /// With a tuner for each of `bins` equal bins of the contexts from `lowest` to `highest`. Contexts beyond count
    /// into the outermost bins.
    ///
    /// # Errors
    /// As [`Tuner::new`], or `bins` is zero, or `lowest` and `highest` are not finite and increasing.
    pub fn contextual(
        arms: usize,
        range: f64,
        horizon: f64,
        bins: usize,
        lowest: f64,
        highest: f64,
    ) -> Result<Self> {
        if !(1e-40..=1e40).contains(&range) {
            return Err(Error::OutOfRange { name: "range", value: range, requirement: "in [1e-40, 1e40]" });
        }
        if !(1.0..=1e40).contains(&horizon) {
            return Err(Error::OutOfRange { name: "horizon", value: horizon, requirement: "in [1, 1e40]" });
        }
        error::at_least_one("bins", bins)?;
        error::finite("lowest", lowest)?;
        let width = (highest - lowest) / bins as f64;
        if !(width > 0.0 && width.is_finite()) {
            let requirement = "finite and above lowest";
            return Err(Error::OutOfRange { name: "highest", value: highest, requirement });
        }
        let weights = TsallisWeights::new(arms, range * (2.0 * horizon / bins as f64).sqrt())?;
        Ok(Self { bins: vec![weights; bins], range, lowest, width, current: 0 })
    }

    /// The law from which the parameter for an instance of this context is drawn.
    pub fn weights(&self, context: f64) -> &TsallisWeights {
        &self.bins[self.bin(context)]
    }

    fn bin(&self, context: f64) -> usize {
        // A float becomes an integer by saturation, so that no context leaves the bins.
        (((context - self.lowest) / self.width) as usize).min(self.bins.len() - 1)
    }
}

impl Policy for Tuner {
    /// The shift of the instance.
    type Context = f64;
    /// The number of iterations.
    type Feedback = f64;

    /// # Errors
    /// The context is not finite.
    fn choose(&mut self, context: &f64, rng: &mut dyn Rng) -> Result<usize> {
        // Steps 1 and 2: the law is kept up to date, so only the draw is left.
        self.current = self.bin(error::finite("context", *context)?);
        Ok(self.bins[self.current].sample(rng))
    }

    /// # Errors
    /// The cost is below 1 or above K + 1.
    fn observe(&mut self, arm: usize, cost: &f64) -> Result<()> {
        if !(*cost >= 1.0 && cost - 1.0 <= self.range) {
            let requirement = "at least 1 and at most range + 1";
            return Err(Error::OutOfRange { name: "cost", value: *cost, requirement });
        }
        // Step 3: the cost beyond the first iteration, weighted by how unlikely it was to be seen.
        let weights = &mut self.bins[self.current];
        weights.add(arm, (cost - 1.0) / weights.probability(arm));
        Ok(())
    }
}
