//! What several policies are built from: exponential and Tsallis weights, ridge regression, confidence
//! radii for announced noise, an unbiased argmax.

pub mod exact;

use rand::{Rng, RngExt};

use crate::bandits::Actions;
use crate::math::chance::Chance;
use crate::math::vector::{dot, norm};
use crate::{Error, Result, error};

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

/// The law p = argmin over the simplex of ⟨L, p⟩ − w·Σ√p_i for cumulative losses L_i and the weight w: regularised
/// by the Tsallis entropy of order 1/2.
///
/// p_i = (w/(2(L_i − x)))² with the x < min L for which they sum to one, to rounding.
#[derive(Debug, Clone, PartialEq)]
pub struct TsallisWeights {
    weight: f64,
    losses: Vec<f64>,
    probabilities: Vec<f64>,
    /// min L − x, in w/2 ≤ y ≤ √arms·w/2.
    offset: f64,
}

impl TsallisWeights {
    /// The uniform law on `arms` arms, with regulariser weight `weight` > 0.
    ///
    /// # Errors
    /// `arms` is zero, or `weight` is outside [10⁻¹⁰⁰, 10¹⁰⁰].
    pub fn new(arms: usize, weight: f64) -> Result<Self> {
        let count = error::at_least_one("arms", arms)? as f64;
        if !(1e-100..=1e100).contains(&weight) {
            let requirement = "in [1e-100, 1e100]";
            return Err(Error::OutOfRange { name: "weight", value: weight, requirement });
        }
        let (losses, probabilities) = (vec![0.0; arms], vec![1.0 / count; arms]);
        Ok(Self { weight, losses, probabilities, offset: count.sqrt() * weight / 2.0 })
    }

    /// The number of arms.
    pub fn arms(&self) -> usize {
        self.losses.len()
    }

    /// The probability of `arm`.
    pub fn probability(&self, arm: usize) -> f64 {
        self.probabilities[arm]
    }

    /// The cumulative losses.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// An arm drawn from the law, in O(arms).
    pub fn sample(&self, rng: &mut dyn Rng) -> usize {
        rng.choose(&self.probabilities)
    }

    /// Adds a finite `loss` to the cumulative loss of `arm`; O(arms) a Newton step, a few of them.
    pub fn add(&mut self, arm: usize, loss: f64) {
        self.losses[arm] += loss;
        let least = self.losses.iter().copied().fold(f64::INFINITY, f64::min);
        let half = self.weight / 2.0;
        // Newton on 1/√(Σp) = 1, which is concave in the offset y: from the second step on it climbs to the root.
        for _ in 0..64 {
            let (mut sum, mut cubes) = (0.0, 0.0);
            for (p, loss) in self.probabilities.iter_mut().zip(&self.losses) {
                let root = half / (loss - least + self.offset);
                *p = root * root;
                sum += *p;
                cubes += *p * root;
            }
            if (sum - 1.0).abs() < 1e-15 * self.losses.len() as f64 {
                break;
            }
            let step = half * sum * (sum.sqrt() - 1.0) / cubes;
            self.offset = (self.offset + step).max(half);
        }
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
    /// `dim` is zero, or `lambda` or its inverse is not positive and finite.
    pub fn new(dim: usize, lambda: f64) -> Result<Self> {
        error::at_least_one("dim", dim)?;
        error::positive("lambda", lambda)?;
        if !(1.0 / lambda).is_finite() {
            let requirement = "large enough to have a finite inverse";
            return Err(Error::OutOfRange { name: "lambda", value: lambda, requirement });
        }
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

/// What a learner is told about a linear bandit whose rounds announce their noise level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoiseRange {
    /// The dimension d ≥ 1.
    pub dim: usize,
    /// L > 0, no action is longer.
    pub length: f64,
    /// B ≥ 0, the parameter is no longer.
    pub bound: f64,
    /// λ > 0, the regulariser.
    pub lambda: f64,
    /// σ_min > 0, noise levels below it count as σ_min.
    pub sigma_min: f64,
    /// σ_max ≥ σ_min, no noise level is larger.
    pub sigma_max: f64,
    /// δ in (0, 1), the probability with which a confidence interval may fail.
    pub delta: f64,
}

impl NoiseRange {
    /// The same, checked.
    ///
    /// # Errors
    /// A field is outside its range.
    pub fn check(self) -> Result<Self> {
        error::at_least_one("dim", self.dim)?;
        error::positive("length", self.length)?;
        error::non_negative("bound", self.bound)?;
        error::positive("lambda", self.lambda)?;
        error::positive("sigma_min", self.sigma_min)?;
        error::positive("sigma_max", self.sigma_max)?;
        if self.sigma_max < self.sigma_min {
            let (name, value) = ("sigma_max", self.sigma_max);
            return Err(Error::OutOfRange { name, value, requirement: "at least sigma_min" });
        }
        if !(self.sigma_max / self.sigma_min <= 2f64.powi(60)) {
            let (name, value) = ("sigma_max", self.sigma_max);
            return Err(Error::OutOfRange { name, value, requirement: "at most 2^60 times sigma_min" });
        }
        error::open_unit("delta", self.delta)?;
        // Extreme numbers would leave no finite radius.
        let (largest, bias) = (self.root(u64::MAX, self.sigma_min.min(1.0)), self.bias());
        for (name, value, radius) in [("length", self.length, largest), ("bound", self.bound, bias)] {
            if !radius.is_finite() {
                return Err(Error::OutOfRange {
                    name,
                    value,
                    requirement: "small enough for a finite radius",
                });
            }
        }
        Ok(self)
    }

    /// The noise level that a decision set announces.
    ///
    /// # Errors
    /// It announces none or one above σ_max, has another dimension, or an action longer than L.
    pub fn admit(&self, actions: &Actions) -> Result<f64> {
        error::same_size("actions", self.dim, actions.dim())?;
        let (longest, noisiest) = (self.length * (1.0 + 1e-9), self.sigma_max * (1.0 + 1e-9));
        if let Some(value) = actions.iter().map(norm).find(|&length| !(length <= longest)) {
            return Err(Error::OutOfRange { name: "actions", value, requirement: "no longer than L" });
        }
        match actions.deviation() {
            Some(deviation) if deviation <= noisiest => Ok(deviation),
            Some(value) => {
                Err(Error::OutOfRange { name: "deviation", value, requirement: "at most sigma_max" })
            }
            None => Err(Error::Invalid { name: "deviation", requirement: "it must be announced" }),
        }
    }

    /// √(d ln(1 + t·L²/(dλ·scale²)) + 2 ln(1/δ)): the radius for t observations of unit noise whose actions are
    /// divided by `scale` > 0.
    pub fn root(&self, observations: u64, scale: f64) -> f64 {
        let dim = self.dim as f64;
        let growth = observations as f64 * (self.length / scale).powi(2) / (dim * self.lambda);
        (dim * growth.ln_1p() - 2.0 * self.delta.ln()).sqrt()
    }

    /// √λ·B, what the regulariser adds to the radius.
    pub fn bias(&self) -> f64 {
        self.lambda.sqrt() * self.bound
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
