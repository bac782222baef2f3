//! Bernstein-UCB: the bandit half of the paper.
//!
//! 1. Keep the empirical law of each arm's rewards.
//! 2. The index of an arm pulled $N$ times is its empirical conditional value at risk plus
//!    $\tau^{-1}$ times the bonus $\sqrt{2 \tau L / N} + L / N$ (Equation 3), at most 1.
//! 3. Pull the arm with the largest index; among equals the one pulled least.
//!
//! *Why it is an upper bound.* At the arm's own quantile $b^*$, the empirical conditional value at
//! risk is at least $b^* - \tau^{-1} \frac1N \sum (b^* - X_i)^+$, an average of independent terms in
//! $[0, 1]$ whose variance is at most $\mathbb{P}(X < b^*) \le \tau$. One-sided Bernstein puts it
//! below its mean, the true value, by more than $\tau^{-1}(\sqrt{2\tau L/N} + L/(3N))$ with
//! probability at most $e^{-L}$: the paper's bonus with a third of its last term,
//! [`Bernstein::ONE_SIDED`], is enough.
//!
//! Rewards are rounded up to a grid, as in Section 6 of the paper, so that an index costs $O(n_0)$
//! whatever the number of pulls.

use rand::{Rng, RngExt};

use super::tolerance;
use crate::error::{Error, Result, at_least_one, non_negative};

/// A learner of the arm with the best conditional value at risk.
pub trait CvarBandit {
    /// The arm to pull.
    fn choose(&mut self) -> usize;
    /// Sees the reward, in [0, 1], of the arm chosen.
    fn observe(&mut self, arm: usize, reward: f64);
}

/// How far below its mean the average of N shortfalls may be.
pub trait PullBonus {
    /// The bonus after `pulls` ≥ 1 pulls, before it is divided by `tau`; `log_term` is L.
    fn bonus(&self, tau: f64, log_term: f64, pulls: f64) -> f64;
}

/// √(2τL/N) + `linear`·L/N.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bernstein {
    /// The coefficient of the last term.
    pub linear: f64,
}

impl Bernstein {
    /// Equation 3 of the paper.
    pub const PAPER: Self = Self { linear: 1.0 };
    /// The least that one-sided Bernstein needs.
    pub const ONE_SIDED: Self = Self { linear: 1.0 / 3.0 };
}

impl PullBonus for Bernstein {
    fn bonus(&self, tau: f64, log_term: f64, pulls: f64) -> f64 {
        (2.0 * tau * log_term / pulls).sqrt() + self.linear * log_term / pulls
    }
}

/// √(L/(2N)), which does not know that shortfalls are rare: the earlier state of the art.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hoeffding;

impl PullBonus for Hoeffding {
    fn bonus(&self, _tau: f64, log_term: f64, pulls: f64) -> f64 {
        (log_term / (2.0 * pulls)).sqrt()
    }
}

/// √(2τ²L/N) + L/(3N): takes the variance of the shortfall for τ² instead of τ. Too confident.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overconfident;

impl PullBonus for Overconfident {
    fn bonus(&self, tau: f64, log_term: f64, pulls: f64) -> f64 {
        tau * (2.0 * log_term / pulls).sqrt() + log_term / (3.0 * pulls)
    }
}

/// The empirical CVaR_τ of `counts[v]` rewards of size v/(counts.len() − 1), for at least one reward
/// and one grid step, and `tau` in (0, 1].
///
/// Works on counts, N·τ against sums of counts, so that ties of the quantile are exact.
pub fn empirical_cvar(counts: &[u64], tau: f64) -> f64 {
    let pulls: u64 = counts.iter().sum();
    let tail = tau * pulls as f64;
    let grid = (counts.len() - 1) as f64;
    let (mut rest, mut sum) = (tail, 0.0);
    for (value, &count) in counts.iter().enumerate() {
        let taken = (count as f64).min(rest);
        sum += taken * value as f64;
        rest -= taken;
    }
    sum / (grid * tail)
}

/// The index of an arm: 1 before its first pull.
pub fn index(bonus: &impl PullBonus, tau: f64, log_term: f64, counts: &[u64]) -> f64 {
    let pulls: u64 = counts.iter().sum();
    if pulls == 0 {
        return 1.0;
    }
    (empirical_cvar(counts, tau) + bonus.bonus(tau, log_term, pulls as f64) / tau).min(1.0)
}

/// Bernstein-UCB, or the same with another bonus.
#[derive(Debug, Clone)]
pub struct BernsteinUcb<B> {
    tau: f64,
    log_term: f64,
    grid: usize,
    bonus: B,
    arms: Vec<Arm>,
}

#[derive(Debug, Clone)]
struct Arm {
    /// How often the reward v/grid was seen, v = 0..=grid.
    counts: Vec<u64>,
    pulls: u64,
    index: f64,
}

impl<B: PullBonus> BernsteinUcb<B> {
    /// A learner for `arms` arms at tolerance `tau`, rewards rounded up to multiples of 1/`grid`. The
    /// paper's `log_term` is ln(AK/δ).
    ///
    /// # Errors
    /// No arm, `grid` zero, `tau` not in (0, 1], or `log_term` negative or not finite.
    pub fn new(arms: usize, tau: f64, log_term: f64, grid: usize, bonus: B) -> Result<Self> {
        at_least_one("arms", arms)?;
        at_least_one("grid", grid)?;
        tolerance(tau)?;
        non_negative("log_term", log_term)?;
        let arm = Arm { counts: vec![0; grid + 1], pulls: 0, index: 1.0 };
        Ok(Self { tau, log_term, grid, bonus, arms: vec![arm; arms] })
    }

    /// The index of an arm.
    pub fn index(&self, arm: usize) -> f64 {
        self.arms[arm].index
    }
}

impl<B: PullBonus> CvarBandit for BernsteinUcb<B> {
    fn choose(&mut self) -> usize {
        let mut best = 0;
        for (i, arm) in self.arms.iter().enumerate().skip(1) {
            let leader = &self.arms[best];
            if arm.index > leader.index || (arm.index == leader.index && arm.pulls < leader.pulls) {
                best = i;
            }
        }
        best
    }

    fn observe(&mut self, arm: usize, reward: f64) {
        let value = (reward.clamp(0.0, 1.0) * self.grid as f64).ceil() as usize;
        let arm = &mut self.arms[arm];
        arm.counts[value] += 1;
        arm.pulls += 1;
        arm.index = index(&self.bonus, self.tau, self.log_term, &arm.counts);
    }
}

/// Arms whose reward is 0 with a known probability, else 1.
#[derive(Debug, Clone, PartialEq)]
pub struct BernoulliArms {
    /// The probability of reward 0.
    zeros: Vec<f64>,
}

impl BernoulliArms {
    /// The family of the τ^{−1/2} rate: `arms` arms with P(0) = τ/2, but τ/2 − τ·`gap` for the arm
    /// `best`, so that their conditional values at risk are 1/2 and 1/2 + `gap`.
    ///
    /// # Errors
    /// `tau` not in (0, 1], `gap` not in [0, 1/2], or `best` not an arm.
    pub fn family(arms: usize, best: usize, tau: f64, gap: f64) -> Result<Self> {
        tolerance(tau)?;
        if !(0.0..=0.5).contains(&gap) {
            return Err(Error::OutOfRange { name: "gap", value: gap, requirement: "in [0, 1/2]" });
        }
        if best >= arms {
            let value = best as f64;
            return Err(Error::OutOfRange { name: "best", value, requirement: "less than arms" });
        }
        let mut zeros = vec![tau / 2.0; arms];
        zeros[best] = tau / 2.0 - tau * gap;
        Ok(Self { zeros })
    }

    /// CVaR_τ of an arm: 1 − P(0)/τ, at least 0.
    pub fn cvar(&self, arm: usize, tau: f64) -> f64 {
        (1.0 - self.zeros[arm] / tau).max(0.0)
    }

    /// The regret of `rounds` rounds for CVaR_τ, from the arms' true values.
    pub fn regret(&self, learner: &mut impl CvarBandit, tau: f64, rounds: u64, rng: &mut dyn Rng) -> f64 {
        let values: Vec<f64> = (0..self.zeros.len()).map(|arm| self.cvar(arm, tau)).collect();
        let best = values.iter().copied().fold(0.0, f64::max);
        let mut pulls = vec![0_u64; values.len()];
        for _ in 0..rounds {
            let arm = learner.choose();
            pulls[arm] += 1;
            learner.observe(arm, f64::from(rng.random::<f64>() >= self.zeros[arm]));
        }
        pulls.iter().zip(&values).map(|(&n, value)| n as f64 * (best - value)).sum()
    }
}
