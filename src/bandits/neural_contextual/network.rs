use std::f64::consts::PI;

use nalgebra::DMatrix;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::math::vector::{dot, norm};
use crate::{Error, Result, error};

/// The largest power s of the activation.
const MAX_POWER: u32 = 3;

/// A network with one hidden layer, f(x; W) = √(c_s/m) Σ_j a_j σ_s(⟨w_j, x⟩) on unit vectors x, at its random weights
/// W₀. Only the w_j are trained; the a_j = ±1 stay.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    power: u32,
    dim: usize,
    /// √(c_s/m).
    scale: f64,
    signs: Vec<f64>,
    /// W₀, neuron by neuron.
    weights: Vec<f64>,
}

/// c_s = 2/(2s − 1)!!: makes E f² = 1.
fn normaliser(power: u32) -> f64 {
    2.0 / (1..=power).map(|i| f64::from(2 * i - 1)).product::<f64>()
}

/// σ_s(u) = max(0, u)^s, with σ_0 the indicator of u > 0.
fn activation(power: u32, u: f64) -> f64 {
    if u > 0.0 { u.powi(power as i32) } else { 0.0 }
}

fn check_power(power: u32) -> Result<()> {
    if (1..=MAX_POWER).contains(&power) {
        return Ok(());
    }
    Err(Error::OutOfRange { name: "power", value: f64::from(power), requirement: "1, 2 or 3" })
}

/// The neural tangent kernel k_s = lim E⟨∇f(x; W₀), ∇f(x′; W₀)⟩ for the activation of power s = `power`, of two unit
/// vectors with this cosine: c_s s² cosθ · J_{s−1}(θ)/(2π), where J₀ = π − θ, J₁ = sinθ + (π − θ)cosθ and
/// J₂ = 3 sinθ cosθ + (π − θ)(1 + 2cos²θ).
///
/// # Errors
/// `power` is not 1, 2 or 3, or `cosine` is outside [−1, 1] by more than rounding.
pub fn tangent_kernel(power: u32, cosine: f64) -> Result<f64> {
    check_power(power)?;
    if !(cosine.abs() <= 1.0 + 1e-9) {
        return Err(Error::OutOfRange { name: "cosine", value: cosine, requirement: "in [-1, 1]" });
    }
    let cosine = cosine.clamp(-1.0, 1.0);
    let (angle, sine) = (cosine.acos(), (1.0 - cosine * cosine).sqrt());
    let rest = PI - angle;
    let j = match power {
        1 => rest,
        2 => sine + rest * cosine,
        _ => 3.0 * sine * cosine + rest * (1.0 + 2.0 * cosine * cosine),
    };
    Ok(normaliser(power) * f64::from(power * power) * cosine * j / (2.0 * PI))
}

impl Network {
    /// `width` neurons with standard normal weights and fair signs, for vectors of dimension `dim`.
    ///
    /// # Errors
    /// `power` is not 1, 2 or 3, or `dim` or `width` is zero.
    pub fn new(power: u32, dim: usize, width: usize, rng: &mut dyn Rng) -> Result<Self> {
        check_power(power)?;
        error::at_least_one("dim", dim)?;
        error::at_least_one("width", width)?;
        let weights = (0..width * dim).map(|_| rng.sample(StandardNormal)).collect();
        let signs = (0..width).map(|_| if rng.random() { 1.0 } else { -1.0 }).collect();
        let scale = (normaliser(power) / width as f64).sqrt();
        Ok(Self { power, dim, scale, signs, weights })
    }

    /// Twice `half` neurons, each with a twin of the same weight and the opposite sign: f(x; W₀) = 0.
    ///
    /// # Errors
    /// `power` is not 1, 2 or 3, or `dim` or `half` is zero.
    pub fn antisymmetric(power: u32, dim: usize, half: usize, rng: &mut dyn Rng) -> Result<Self> {
        let single = Self::new(power, dim, half, rng)?;
        let mirrored = single.signs.iter().map(|sign| -sign);
        Ok(Self {
            scale: single.scale / 2f64.sqrt(),
            signs: single.signs.iter().copied().chain(mirrored).collect(),
            weights: single.weights.repeat(2),
            ..single
        })
    }

    /// The power s of the activation.
    pub fn power(&self) -> u32 {
        self.power
    }

    /// The number of neurons.
    pub fn width(&self) -> usize {
        self.signs.len()
    }

    /// The fixed signs a_j.
    pub fn signs(&self) -> &[f64] {
        &self.signs
    }

    /// W₀, neuron by neuron.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    fn check(&self, x: &[f64]) -> Result<()> {
        error::same_size("x", self.dim, x.len())?;
        match norm(x) {
            length if (length - 1.0).abs() <= 1e-9 => Ok(()),
            value => Err(Error::OutOfRange { name: "x", value, requirement: "of length 1" }),
        }
    }

    /// f(x; W) in O(m·d).
    ///
    /// # Errors
    /// x is not a unit vector of the right dimension, or W has another size than W₀.
    pub fn value(&self, weights: &[f64], x: &[f64]) -> Result<f64> {
        self.check(x)?;
        error::same_size("weights", self.weights.len(), weights.len())?;
        let neurons = weights.chunks_exact(self.dim).zip(&self.signs);
        Ok(self.scale * neurons.map(|(w, sign)| sign * activation(self.power, dot(w, x))).sum::<f64>())
    }

    /// Adds `factor`·∇f(x; W) to `sum`, in O(m·d).
    ///
    /// # Errors
    /// As [`Network::value`]; `sum` must have the size of W₀ too.
    pub fn add_gradient(&self, weights: &[f64], x: &[f64], factor: f64, sum: &mut [f64]) -> Result<()> {
        self.check(x)?;
        error::same_size("weights", self.weights.len(), weights.len())?;
        error::same_size("sum", self.weights.len(), sum.len())?;
        let common = factor * self.scale * f64::from(self.power);
        let neurons = weights.chunks_exact(self.dim).zip(&self.signs).zip(sum.chunks_exact_mut(self.dim));
        for ((w, sign), sum) in neurons {
            let slope = common * sign * activation(self.power - 1, dot(w, x));
            sum.iter_mut().zip(x).for_each(|(entry, xi)| *entry += slope * xi);
        }
        Ok(())
    }

    /// f(x; W) − f(x; W₀) − ⟨∇f(x; W₀), W − W₀⟩: what the tangent misses.
    ///
    /// # Errors
    /// As [`Network::value`].
    pub fn remainder(&self, weights: &[f64], x: &[f64]) -> Result<f64> {
        self.check(x)?;
        error::same_size("weights", self.weights.len(), weights.len())?;
        let missed = |((w, start), sign): ((&[f64], &[f64]), &f64)| {
            let (end, start) = (dot(w, x), dot(start, x));
            let slope = f64::from(self.power) * activation(self.power - 1, start);
            sign * (activation(self.power, end) - activation(self.power, start) - slope * (end - start))
        };
        let moves = weights.chunks_exact(self.dim).zip(self.weights.chunks_exact(self.dim));
        Ok(self.scale * moves.zip(&self.signs).map(missed).sum::<f64>())
    }

    /// ⟨∇f(x; W₀), ∇f(x′; W₀)⟩, the empirical tangent kernel, in O(m·d).
    ///
    /// # Errors
    /// x or x′ is not a unit vector of the right dimension.
    pub fn tangent(&self, x: &[f64], other: &[f64]) -> Result<f64> {
        self.check(x)?;
        self.check(other)?;
        let slope = |w: &[f64], x: &[f64]| activation(self.power - 1, dot(w, x));
        let sum: f64 = self.weights.chunks_exact(self.dim).map(|w| slope(w, x) * slope(w, other)).sum();
        Ok((self.scale * f64::from(self.power)).powi(2) * dot(x, other) * sum)
    }

    /// The empirical tangent kernel of all pairs of `points`, in O(n·m·(n + d)).
    ///
    /// # Errors
    /// There is no point, or one is not a unit vector of the right dimension.
    pub fn gram(&self, points: &[Vec<f64>]) -> Result<DMatrix<f64>> {
        if points.is_empty() {
            return Err(Error::Empty { name: "points" });
        }
        points.iter().try_for_each(|x| self.check(x))?;
        let slopes = DMatrix::from_fn(self.width(), points.len(), |j, i| {
            activation(self.power - 1, dot(&self.weights[j * self.dim..(j + 1) * self.dim], &points[i]))
        });
        let common = (self.scale * f64::from(self.power)).powi(2);
        let mut gram = slopes.tr_mul(&slopes) * common;
        for (i, x) in points.iter().enumerate() {
            for (k, y) in points.iter().enumerate() {
                gram[(i, k)] *= dot(x, y);
            }
        }
        Ok(gram)
    }
}
