//! What several policies are built from: exponential weights, ridge regression, an unbiased argmax.

pub mod exact;

use rand::{Rng, RngExt};

use crate::math::chance::Chance;
use crate::math::vector::dot;
use crate::{Result, error};

/// Weights exp(−η·L_i) of cumulative losses L_i, and the law proportional to them.
///
/// Weights are kept relative to a base loss, so they neither overflow nor vanish all at once; a change of one
/// loss costs O(1) amortised.
#[derive(Debug, Clone, PartialEq)]
pub struct ExponentialWeights {
    eta: f64,
    losses: Vec<f64>,
    weights: Vec<f64>,
    base: f64,
    total: f64,
    changes: usize,
}

impl ExponentialWeights {
    /// Equal weights on `arms` arms with learning rate `eta` ≥ 0.
    ///
    /// # Errors
    /// `arms` is zero, or `eta` is negative or not finite.
    pub fn new(arms: usize, eta: f64) -> Result<Self> {
        error::at_least_one("arms", arms)?;
        error::non_negative("eta", eta)?;
        let (losses, weights) = (vec![0.0; arms], vec![1.0; arms]);
        Ok(Self { eta, losses, weights, base: 0.0, total: arms as f64, changes: 0 })
    }

    /// The number of arms.
    pub fn arms(&self) -> usize {
        self.weights.len()
    }

    /// The probability of `arm`.
    pub fn probability(&self, arm: usize) -> f64 {
        self.weights[arm] / self.total
    }

    /// The cumulative losses.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// The probability of some arms together, in O(|arms|).
    pub fn probability_of(&self, arms: &[usize]) -> f64 {
        arms.iter().map(|&arm| self.weights[arm]).sum::<f64>() / self.total
    }

    /// An arm drawn from the law, in O(arms).
    pub fn sample<C: Chance + ?Sized>(&self, chance: &mut C) -> usize {
        chance.choose_of(&self.weights, self.total)
    }

    /// Adds a finite `loss` to the cumulative loss of `arm`.
    pub fn add(&mut self, arm: usize, loss: f64) {
        self.losses[arm] += loss;
        let weight = (-self.eta * (self.losses[arm] - self.base)).exp();
        self.total += weight - self.weights[arm];
        self.weights[arm] = weight;
        self.changes += 1;
        // The heaviest weight was 1 at the last rebase; below 1/2 in total, differences would lose digits.
        if self.changes >= self.arms() || !(0.5..1e100).contains(&self.total) {
            self.rebase();
        }
    }

    /// Forgets all losses.
    pub fn reset(&mut self) {
        self.losses.fill(0.0);
        self.weights.fill(1.0);
        (self.base, self.total, self.changes) = (0.0, self.arms() as f64, 0);
    }

    fn rebase(&mut self) {
        self.base = self.losses.iter().copied().fold(f64::INFINITY, f64::min);
        for (weight, loss) in self.weights.iter_mut().zip(&self.losses) {
            *weight = (-self.eta * (loss - self.base)).exp();
        }
        self.total = self.weights.iter().sum();
        self.changes = 0;
    }
}

/// Ridge regression with a regulariser λ‖θ‖², updated observation by observation in O(dim²).
#[derive(Debug, Clone, PartialEq)]
pub struct Ridge {
    dim: usize,
    /// (λI + Σxxᵀ)⁻¹, row by row.
    inverse: Vec<f64>,
    /// Σxy.
    moments: Vec<f64>,
    theta: Vec<f64>,
    scratch: Vec<f64>,
    observations: u64,
}

impl Ridge {
    /// No observation yet, in dimension `dim`, with `lambda` > 0.
    ///
    /// # Errors
    /// `dim` is zero, or `lambda` is not positive and finite.
    pub fn new(dim: usize, lambda: f64) -> Result<Self> {
        error::at_least_one("dim", dim)?;
        error::positive("lambda", lambda)?;
        let mut inverse = vec![0.0; dim * dim];
        (0..dim).for_each(|i| inverse[i * dim + i] = 1.0 / lambda);
        let zeros = vec![0.0; dim];
        Ok(Self {
            dim,
            inverse,
            moments: zeros.clone(),
            theta: zeros.clone(),
            scratch: zeros,
            observations: 0,
        })
    }

    /// The dimension.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// How many observations were added.
    pub fn observations(&self) -> u64 {
        self.observations
    }

    /// The estimate θ = (λI + Σxxᵀ)⁻¹ Σxy.
    pub fn theta(&self) -> &[f64] {
        &self.theta
    }

    /// ⟨x, θ⟩.
    pub fn predict(&self, x: &[f64]) -> f64 {
        dot(x, &self.theta)
    }

    /// ‖x‖ in the metric (λI + Σxxᵀ)⁻¹.
    pub fn width(&self, x: &[f64]) -> f64 {
        let rows = self.inverse.chunks_exact(self.dim);
        rows.zip(x).map(|(row, xi)| xi * dot(row, x)).sum::<f64>().max(0.0).sqrt()
    }

    /// Adds the finite observation y at x with weight `weight` > 0, by the rank-one update of the inverse.
    pub fn add(&mut self, x: &[f64], y: f64, weight: f64) {
        let dim = self.dim;
        for (out, row) in self.scratch.iter_mut().zip(self.inverse.chunks_exact(dim)) {
            *out = dot(row, x);
        }
        let scale = weight / (1.0 + weight * dot(&self.scratch, x));
        for i in 0..dim {
            for j in 0..dim {
                self.inverse[i * dim + j] -= scale * self.scratch[i] * self.scratch[j];
            }
        }
        for (moment, xi) in self.moments.iter_mut().zip(x) {
            *moment += weight * xi * y;
        }
        for (theta, row) in self.theta.iter_mut().zip(self.inverse.chunks_exact(dim)) {
            *theta = dot(row, &self.moments);
        }
        self.observations += 1;
    }
}

/// The index of the largest of some scores, ties drawn uniformly. Scores may be infinite, not NaN; `None` for
/// no score at all.
pub fn argmax(scores: impl IntoIterator<Item = f64>, rng: &mut dyn Rng) -> Option<usize> {
    let mut best = None;
    let mut ties = 0;
    for (index, score) in scores.into_iter().enumerate() {
        match best {
            Some((_, top)) if score < top => {}
            Some((_, top)) if score == top => {
                ties += 1;
                if rng.random_range(0..ties) == 0 {
                    best = Some((index, score));
                }
            }
            _ => (best, ties) = (Some((index, score)), 1),
        }
    }
    best.map(|(index, _)| index)
}
