//! Which answers to keep, and which model to ask for the others: least expected cost with a multiplexer.
//!
//! The paper's boxes were not at hand: the steps follow a written summary, in the tabular form; the constant
//! inside the logarithm of step 4 is from memory. That a query enters a cache that is not full at once, and that
//! ties go to the lower index, are our reading.
//!
//! # Problem
//! Queries $q_t \sim P$ arrive from a finite set $\mathcal Q$. Model $m$ answers $q$ at a random cost in
//! $[B_1, B_2]$ of mean $c_m(q)$. A cache holds $L$ answers of equal size, and a hit is free. A *plan* is the set
//! $\mathcal L$ of cached queries and a model $\pi(q)$ for every query; it costs
//! $$ \mathrm{cost}(\mathcal L, \pi) = \sum_{q \notin \mathcal L} P(q)\, c_{\pi(q)}(q). $$
//!
//! # Idea
//! The cost separates over queries: whatever is cached, the model should be the cheapest, and the cache should
//! hold the largest products of frequency and *cheapest* cost. Neither frequency (LFU) nor the cost of a fixed
//! model alone decides well. Online, a hit reveals no cost, so an over-estimated query would stay in the cache for
//! ever: costs are judged by lower confidence bounds, which push what is little known out of the cache.
//!
//! # Algorithm
//! 1. *Offline*, from $N$ logged queries with the costs of all models ([`Log`]):
//!    $\hat w_m(q) = \frac1N \sum_i C_{m,i} 1\{q_i = q\}$.
//! 2. *Plan* ([`Plan::optimal`]): $\hat\pi(q) = \arg\min_m \hat w_m(q)$, and $\hat{\mathcal L}$ the $L$ queries of
//!    largest $\min_m \hat w_m(q)$.
//! 3. *Online* ([`Lec`]): count $q_t$ for $\hat P$. If it is cached, pay nothing and learn no cost.
//! 4. *Multiplex* ([`LowerConfidence`]): otherwise ask the model of least
//!    $$ \mathrm{LCB}_m(q) = \max\Bigl(B_1,\ \hat c_m(q) - (B_2 - B_1)
//!       \sqrt{\tfrac{\ln(6 T |\mathcal Q| M / \delta)}{2 n_m(q)}}\Bigr), \qquad \delta = 1/T $$
//!    ($B_1$ before the first cost) and update the mean of that model alone.
//! 5. *Replace*: with the score $\hat P(q) \min_m \mathrm{LCB}_m(q)$, let $e$ be the cached query of least score;
//!    $q_t$ takes its place if its score is larger.
//!
//! Greedy-dual size with frequency for answers of different sizes is [`super::caching::GreedyDual`], which
//! [`Cached`] joins to any [`Multiplexer`].
//!
//! # Theorem
//! Offline, $E[\mathrm{cost}(\hat{\mathcal L}, \hat\pi)] - \mathrm{cost}^* \le M B_2 \sqrt{|\mathcal Q| / N}$ (our
//! constant: the loss is at most $\sum_{q,m} |\hat w_m - w_m|$, whose expectation is at most $B_2 \sqrt{P(q)/N}$
//! each). Online the regret is of the order $\sqrt T$ up to logarithms.
//!
//! # Cost
//! Offline O(|Q|·M + |Q| log |Q|); online O(L·M) a query.
//!
//! # Reference
//! Banghua Zhu, Ying Sheng, Lianmin Zheng, Clark Barrett, Michael I. Jordan, Jiantao Jiao, *On Optimal Caching and
//! Model Multiplexing for Large Model Inference*, NeurIPS 2023, arXiv
//! [2306.02003](https://arxiv.org/abs/2306.02003).

mod online;

use crate::error::{self, Error, Result};

pub use online::{Always, Cached, Lec, LowerConfidence, Multiplexer, Server, Setting};

/// Expected costs by query and model: w_m(q) = P(q)·c_m(q), true or estimated.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    models: usize,
    /// Query by query.
    values: Vec<f64>,
}

impl Weights {
    /// From the law of the queries and the mean costs `costs[q][m]` ≥ 0.
    ///
    /// # Errors
    /// `probabilities` is not a distribution; `costs` has another size or unequal rows, is negative or not
    /// finite, or there is no model.
    pub fn new(probabilities: &[f64], costs: &[Vec<f64>]) -> Result<Self> {
        error::distribution("probabilities", probabilities)?;
        error::same_size("costs", probabilities.len(), costs.len())?;
        let models = error::at_least_one("models", costs[0].len())?;
        let mut values = Vec::with_capacity(costs.len() * models);
        for (p, costs) in probabilities.iter().zip(costs) {
            error::same_size("costs of a query", models, costs.len())?;
            for &cost in costs {
                values.push(p * error::non_negative("cost", cost)?);
            }
        }
        Ok(Self { models, values })
    }

    /// |Q|.
    pub fn queries(&self) -> usize {
        self.values.len() / self.models
    }

    /// w_m(q) of every model, for a query that exists.
    pub fn of(&self, query: usize) -> &[f64] {
        &self.values[query * self.models..][..self.models]
    }

    /// The cheapest model for a query, and its w.
    pub fn cheapest(&self, query: usize) -> (usize, f64) {
        least(self.of(query).iter().copied())
    }
}

/// The first of the least values, with its index.
fn least(values: impl Iterator<Item = f64>) -> (usize, f64) {
    let smaller = |best: (usize, f64), next: (usize, f64)| if next.1 < best.1 { next } else { best };
    values.enumerate().reduce(smaller).unwrap_or((0, f64::INFINITY))
}

/// What is cached, and which model answers each query that is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    cached: Vec<bool>,
    models: Vec<usize>,
}

impl Plan {
    /// Caches the queries marked in `cached` and asks `models[q]` for the others.
    ///
    /// # Errors
    /// The sizes differ.
    pub fn new(cached: Vec<bool>, models: Vec<usize>) -> Result<Self> {
        error::same_size("models", cached.len(), models.len())?;
        Ok(Self { cached, models })
    }

    /// Step 2: the cheapest models, and the `capacity` queries of largest cheapest cost, ties by lower index. No
    /// plan costs less.
    pub fn optimal(weights: &Weights, capacity: usize) -> Self {
        let (models, values): (Vec<_>, Vec<_>) =
            (0..weights.queries()).map(|query| weights.cheapest(query)).unzip();
        Self { cached: largest(&values, capacity), models }
    }

    /// The rival: caches the `capacity` queries of largest frequency.
    ///
    /// # Errors
    /// The sizes differ, or a frequency is NaN or infinite.
    pub fn most_frequent(frequencies: &[f64], capacity: usize, models: Vec<usize>) -> Result<Self> {
        error::finite_slice("frequencies", frequencies)?;
        Self::new(largest(frequencies, capacity), models)
    }

    /// Whether each query is cached.
    pub fn cached(&self) -> &[bool] {
        &self.cached
    }

    /// The model of each query.
    pub fn models(&self) -> &[usize] {
        &self.models
    }

    /// Σ w_{π(q)}(q) over the queries that are not cached: the expected cost of a query.
    ///
    /// # Errors
    /// The plan is for another number of queries, or for a model that does not exist.
    pub fn cost(&self, weights: &Weights) -> Result<f64> {
        error::same_size("plan", weights.queries(), self.cached.len())?;
        if self.models.iter().any(|&model| model >= weights.models) {
            return Err(Error::Invalid { name: "models", requirement: "less than the number of models" });
        }
        let missed = (0..self.cached.len()).filter(|&query| !self.cached[query]);
        Ok(missed.map(|query| weights.of(query)[self.models[query]]).sum())
    }
}

/// Marks the `capacity` largest values, ties by lower index.
fn largest(values: &[f64], capacity: usize) -> Vec<bool> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a])); // stable
    let mut marked = vec![false; values.len()];
    order.into_iter().take(capacity).for_each(|query| marked[query] = true);
    marked
}

/// Logged queries with the costs of every model.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    models: usize,
    samples: u64,
    counts: Vec<u64>,
    sums: Vec<f64>,
}

impl Log {
    /// An empty log of `queries` queries and `models` models.
    ///
    /// # Errors
    /// Either is 0.
    pub fn new(queries: usize, models: usize) -> Result<Self> {
        error::at_least_one("queries", queries)?;
        error::at_least_one("models", models)?;
        Ok(Self { models, samples: 0, counts: vec![0; queries], sums: vec![0.0; queries * models] })
    }

    /// Adds `times` samples of a query, whose costs add up to `sums[m]` for model m.
    ///
    /// # Errors
    /// There is no such query; `sums` has another size, is negative or not finite. The log is then unchanged.
    pub fn add(&mut self, query: usize, times: u64, sums: &[f64]) -> Result<()> {
        existing(query, self.counts.len())?;
        error::same_size("sums", self.models, sums.len())?;
        for &sum in sums {
            error::non_negative("sum of costs", sum)?;
        }
        self.samples += times;
        self.counts[query] += times;
        let row = &mut self.sums[query * self.models..][..self.models];
        row.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
        Ok(())
    }

    /// How often each query was logged.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Step 1: ŵ.
    ///
    /// # Errors
    /// Nothing was logged yet, or a sum overflowed.
    pub fn weights(&self) -> Result<Weights> {
        if self.samples == 0 {
            return Err(Error::Empty { name: "log" });
        }
        let values: Vec<f64> = self.sums.iter().map(|sum| sum / self.samples as f64).collect();
        error::finite_slice("sum of costs", &values)?;
        Ok(Weights { models: self.models, values })
    }
}

/// Refuses queries that do not exist.
fn existing(query: usize, queries: usize) -> Result<()> {
    let requirement = "less than the number of queries";
    if query < queries {
        Ok(())
    } else {
        Err(Error::OutOfRange { name: "query", value: query as f64, requirement })
    }
}
