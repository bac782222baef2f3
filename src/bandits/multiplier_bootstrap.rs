//! Multiplier bootstrap-based exploration: explore by re-weighting the history at random.
//!
//! The index was compared with an independent implementation. The theorem's requirement on $\lambda$ could not be
//! checked; the defaults are those of the experiments and much smaller. What to do with a denominator that is not positive is our
//! reading: a redraw here, an infinite index for stored weights.
//!
//! # Problem
//! $K$ arms with rewards in $[0, 1]$, or sub-Gaussian ones; minimise the regret without a formula for how
//! uncertain an estimate is, because the model behind it may be too complex to have one.
//!
//! # Idea
//! Estimate the mean from the history, each reward weighted by a random multiplier: the estimate then fluctuates
//! as much as the data do, and playing the largest one explores. But data can look more certain than they are: an
//! arm whose first rewards are all zero has a re-weighted mean of zero for ever. So each real reward brings two
//! *pseudo-rewards*, a one and a zero of weight $\lambda$, with multipliers of their own.
//!
//! # Algorithm
//! 1. Play every arm once.
//! 2. In each round draw for each arm fresh multipliers $\omega_i, \omega'_i, \omega''_i$ of mean 1 and variance
//!    $\sigma^2$ for each of its $n$ rewards $R_i$, and form
//!    $$ Y = \frac{\sum_i \omega_i R_i + \lambda \sum_i \omega'_i}{\sum_i \omega_i +
//!    \lambda \sum_i \omega'_i + \lambda \sum_i \omega''_i}. $$
//!    If the denominator is not positive (normal multipliers, small $n$), draw again.
//! 3. Play the largest $Y$, ties at random.
//!
//! Sums of multipliers have laws of their own: $N(n, n\sigma^2)$, Gamma($n$) for exponential ones, Poisson($n$).
//! So nothing is summed reward by reward ([`Mbe`]): for normal multipliers
//! $\sum_i \omega_i R_i = \bar R \sum_i \omega_i + \sigma \sqrt{\sum_i (R_i - \bar R)^2}\, N(0, 1)$ with two
//! independent normals, exactly; otherwise equal rewards are taken together.
//!
//! Where the estimate cannot be redrawn cheaply, a number of replicates keep their weighted sums, and each round
//! follows one of them at random ([`Replicates`]).
//!
//! # Theorem
//! The regret is $O(\sum_a \ln T/\Delta_a)$ on every instance and $O(\sqrt{KT \ln T})$ in the worst case, both
//! optimal up to constants and the root of the logarithm, if $\lambda$ is large enough for $\sigma$.
//!
//! # Complexity
//! With normal multipliers $O(K)$ a round and $O(K)$ memory; with others $O(1)$ for each different reward of each
//! arm. Replicates: $O(K + B)$ a round and $O(KB)$ memory.
//!
//! # Reference
//! Runzhe Wan, Haoyu Wei, Branislav Kveton, Rui Song, *Multiplier Bootstrap-based Exploration*, ICML 2023, arXiv
//! [2302.01543](https://arxiv.org/abs/2302.01543).

use rand::{Rng, RngExt};
use rand_distr::{Gamma, Poisson, StandardNormal};

use super::Policy;
use super::primitives::argmax;
use crate::{Error, Result, error};

/// The law of the multipliers, of mean 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Multipliers {
    /// Normal with this standard deviation σ; with σ = 0 the policy is greedy.
    Normal(f64),
    /// Exponential, of variance 1.
    Exponential,
    /// Poisson, of variance 1.
    Poisson,
}

impl Multipliers {
    /// The variance of a multiplier.
    pub fn variance(self) -> f64 {
        match self {
            Self::Normal(sigma) => sigma * sigma,
            Self::Exponential | Self::Poisson => 1.0,
        }
    }

    /// The sum of `n` ≥ 1 independent multipliers, in one draw.
    fn sum(self, n: u64, rng: &mut dyn Rng) -> f64 {
        let n = n as f64;
        match self {
            Self::Normal(sigma) => n + sigma * n.sqrt() * rng.sample::<f64, _>(StandardNormal),
            // A count is a legal parameter, so the means are never used.
            Self::Exponential => Gamma::new(n, 1.0).map_or(n, |law| rng.sample(law)),
            Self::Poisson => Poisson::new(n).map_or(n, |law| rng.sample(law)),
        }
    }
}

/// Refuses what would make an index infinite or undefined.
fn check(arms: usize, lambda: f64, multipliers: Multipliers) -> Result<()> {
    error::at_least_one("arms", arms)?;
    let sigma = if let Multipliers::Normal(sigma) = multipliers { sigma } else { 1.0 };
    for (name, value) in [("lambda", lambda), ("sigma", sigma)] {
        if !(0.0..=1e100).contains(&value) {
            return Err(Error::OutOfRange { name, value, requirement: "in [0, 1e100]" });
        }
    }
    Ok(())
}

/// The rewards of an arm, as far as their re-weighted sum needs them.
#[derive(Debug, Clone, PartialEq, Default)]
struct History {
    count: u64,
    mean: f64,
    /// Σ (R_i − R̄)².
    spread: f64,
    /// Different rewards in order, with how often each was seen; unused by normal multipliers.
    values: Vec<(f64, u64)>,
}

impl History {
    fn add(&mut self, reward: f64, multipliers: Multipliers) {
        self.count += 1;
        let before = reward - self.mean;
        self.mean += before / self.count as f64;
        self.spread += before * (reward - self.mean);
        if !matches!(multipliers, Multipliers::Normal(_)) {
            match self.values.binary_search_by(|(value, _)| value.total_cmp(&reward)) {
                Ok(found) => self.values[found].1 += 1,
                Err(place) => self.values.insert(place, (reward, 1)),
            }
        }
    }

    /// (Σ ω_i R_i, Σ ω_i).
    fn reweighted(&self, multipliers: Multipliers, rng: &mut dyn Rng) -> (f64, f64) {
        if let Multipliers::Normal(sigma) = multipliers {
            let total = multipliers.sum(self.count, rng);
            // Given Σ ω_i the deviations from R̄ are independent of it.
            let rest: f64 = rng.sample(StandardNormal);
            return (self.mean * total + sigma * self.spread.sqrt() * rest, total);
        }
        self.values.iter().fold((0.0, 0.0), |(weighted, total), &(value, count)| {
            let weight = multipliers.sum(count, rng);
            (weighted + value * weight, total + weight)
        })
    }
}

/// Multiplier bootstrap-based exploration with fresh multipliers in every round.
#[derive(Debug, Clone, PartialEq)]
pub struct Mbe {
    lambda: f64,
    multipliers: Multipliers,
    arms: Vec<History>,
    /// This round's.
    indices: Vec<f64>,
    redraws: u64,
}

impl Mbe {
    /// For `arms` arms with pseudo-rewards of weight `lambda` ≥ 0.
    ///
    /// # Errors
    /// `arms` is zero, or `lambda` or the multipliers' σ is not in [0, 10¹⁰⁰].
    pub fn new(arms: usize, lambda: f64, multipliers: Multipliers) -> Result<Self> {
        check(arms, lambda, multipliers)?;
        Ok(Self {
            lambda,
            multipliers,
            arms: vec![History::default(); arms],
            indices: vec![0.0; arms],
            redraws: 0,
        })
    }

    /// With λ = 1/2 and normal multipliers of variance 1/2.
    ///
    /// # Errors
    /// `arms` is zero.
    pub fn with_defaults(arms: usize) -> Result<Self> {
        Self::new(arms, 0.5, Multipliers::Normal(0.5f64.sqrt()))
    }

    /// A fresh draw of the index of `arm`, infinite before its first reward.
    pub fn index(&mut self, arm: usize, rng: &mut dyn Rng) -> f64 {
        let history = &self.arms[arm];
        if history.count == 0 {
            return f64::INFINITY;
        }
        // The denominator is positive with probability at least 1/2 (1 − 1/e for Poisson multipliers).
        loop {
            let (weighted, total) = history.reweighted(self.multipliers, rng);
            let (mut ones, mut zeros) = (0.0, 0.0);
            if self.lambda > 0.0 {
                ones = self.lambda * self.multipliers.sum(history.count, rng);
                zeros = self.lambda * self.multipliers.sum(history.count, rng);
            }
            let denominator = total + ones + zeros;
            if denominator > 0.0 {
                return (weighted + ones) / denominator;
            }
            self.redraws += 1;
        }
    }

    /// How often a denominator was not positive.
    pub fn redraws(&self) -> u64 {
        self.redraws
    }
}

impl Policy for Mbe {
    type Context = ();
    type Feedback = f64;

    fn choose(&mut self, (): &(), rng: &mut dyn Rng) -> Result<usize> {
        for arm in 0..self.arms.len() {
            self.indices[arm] = self.index(arm, rng);
        }
        argmax(self.indices.iter().copied(), rng).ok_or(Error::Empty { name: "arms" })
    }

    fn observe(&mut self, arm: usize, reward: &f64) -> Result<()> {
        let reward = error::finite("reward", *reward)?;
        self.arms[arm].add(reward, self.multipliers);
        Ok(())
    }
}

/// Multiplier bootstrap-based exploration with stored weights: one of B replicates decides each round.
#[derive(Debug, Clone, PartialEq)]
pub struct Replicates {
    arms: usize,
    lambda: f64,
    multipliers: Multipliers,
    /// Numerator and denominator of every arm, replicate after replicate.
    sums: Vec<(f64, f64)>,
    counts: Vec<u64>,
    /// Rewards seen since the last choice; their weights are drawn at the next one.
    fresh: Vec<(usize, f64)>,
}

impl Replicates {
    /// `replicates` of them, otherwise as [`Mbe::new`].
    ///
    /// # Errors
    /// `arms` or `replicates` is zero, or `lambda` or the multipliers' σ is not in [0, 10¹⁰⁰].
    pub fn new(arms: usize, lambda: f64, multipliers: Multipliers, replicates: usize) -> Result<Self> {
        check(arms, lambda, multipliers)?;
        error::at_least_one("replicates", replicates)?;
        let sums = vec![(0.0, 0.0); replicates * arms];
        Ok(Self { arms, lambda, multipliers, sums, counts: vec![0; arms], fresh: Vec::new() })
    }
}

impl Policy for Replicates {
    type Context = ();
    type Feedback = f64;

    fn choose(&mut self, (): &(), rng: &mut dyn Rng) -> Result<usize> {
        // Every replicate weighs every reward once, for good.
        for (arm, reward) in self.fresh.drain(..) {
            for replicate in self.sums.chunks_exact_mut(self.arms) {
                let [weight, one, zero] = [(); 3].map(|()| self.multipliers.sum(1, rng));
                replicate[arm].0 += weight * reward + self.lambda * one;
                replicate[arm].1 += weight + self.lambda * (one + zero);
            }
        }
        let first = self.arms * rng.random_range(0..self.sums.len() / self.arms);
        let replicate = &self.sums[first..first + self.arms];
        let index = |(&(numerator, denominator), &count): (&(f64, f64), &u64)| {
            if count > 0 && denominator > 0.0 { numerator / denominator } else { f64::INFINITY }
        };
        argmax(replicate.iter().zip(&self.counts).map(index), rng).ok_or(Error::Empty { name: "arms" })
    }

    fn observe(&mut self, arm: usize, reward: &f64) -> Result<()> {
        self.fresh.push((arm, error::finite("reward", *reward)?));
        self.counts[arm] += 1;
        Ok(())
    }
}
