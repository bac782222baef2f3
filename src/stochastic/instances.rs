//! The problems on which the whole area is tried: smooth, nonsmooth, with and without noise.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::{Oracle, Problem};
use crate::error::{Result, finite, finite_slice, non_negative, positive, same_size};

/// The quadratic F(x) = ½ Σᵢ λᵢ xᵢ², whose minimiser is 0, seen through additive Gaussian noise.
///
/// Smooth with constant β = maxᵢ λᵢ. The noise has standard deviation σ/√d in every coordinate, so
/// that E‖noise‖² = σ².
#[derive(Debug, Clone, PartialEq)]
pub struct Quadratic {
    eigenvalues: Vec<f64>,
    start: Vec<f64>,
    noise: f64,
}

impl Quadratic {
    /// The quadratic with these eigenvalues λᵢ ≥ 0, started at `start`, with noise level σ = `noise`.
    ///
    /// # Errors
    /// If there is no eigenvalue, one is negative or not finite, the start has another size or is not
    /// finite, or the noise is negative or not finite.
    pub fn new(eigenvalues: &[f64], start: &[f64], noise: f64) -> Result<Self> {
        finite_slice("eigenvalues", eigenvalues)?;
        for &eigenvalue in eigenvalues {
            non_negative("eigenvalues", eigenvalue)?;
        }
        same_size("start", eigenvalues.len(), start.len())?;
        finite_slice("start", start)?;
        non_negative("noise", noise)?;
        Ok(Self { eigenvalues: eigenvalues.to_vec(), start: start.to_vec(), noise })
    }

    /// The power spectrum λᵢ = (i/d)^p, i = 1..d, started at (1, …, 1)/√d (so d₀ = 1), without noise.
    /// The larger p, the more directions are nearly flat, and the longer acceleration matters.
    ///
    /// # Errors
    /// If `dimension` is zero or `exponent` is not finite.
    pub fn power_spectrum(dimension: usize, exponent: f64) -> Result<Self> {
        finite("exponent", exponent)?;
        let d = dimension as f64;
        let eigenvalues: Vec<f64> = (1..=dimension).map(|i| (i as f64 / d).powf(exponent)).collect();
        Self::new(&eigenvalues, &vec![1.0 / d.sqrt(); dimension], 0.0)
    }

    /// The smoothness constant β.
    pub fn smoothness(&self) -> f64 {
        self.eigenvalues.iter().copied().fold(0.0, f64::max)
    }
}

impl Oracle for Quadratic {
    fn dim(&self) -> usize {
        self.eigenvalues.len()
    }

    fn gradient(&self, x: &[f64], rng: &mut dyn Rng, gradient: &mut [f64]) {
        for ((slope, eigenvalue), x) in gradient.iter_mut().zip(&self.eigenvalues).zip(x) {
            *slope = eigenvalue * x;
        }
        add_noise(self.noise, rng, gradient);
    }
}

impl Problem for Quadratic {
    fn start(&self) -> &[f64] {
        &self.start
    }

    fn gap(&self, x: &[f64]) -> f64 {
        0.5 * self.eigenvalues.iter().zip(x).map(|(eigenvalue, x)| eigenvalue * x * x).sum::<f64>()
    }

    /// Directions with λᵢ = 0 are minimised everywhere and add nothing.
    fn distance(&self) -> f64 {
        let curved =
            self.eigenvalues.iter().zip(self.start.iter()).filter(|&(&eigenvalue, _)| eigenvalue > 0.0);
        curved.map(|(_, x)| x * x).sum::<f64>().sqrt()
    }
}

/// The tilted absolute value F(x) = Σᵢ max(xᵢ, −t·xᵢ)/√d with tilt t > 0: convex, not smooth, with its
/// minimiser at 0, 1-Lipschitz for t ≤ 1.
///
/// The tilt matters: on the symmetric ‖x‖₁ the iterates of a constant-step method straddle the kink
/// evenly and their *average* converges by symmetry; here it does not.
#[derive(Debug, Clone, PartialEq)]
pub struct TiltedAbsolute {
    tilt: f64,
    noise: f64,
    start: Vec<f64>,
}

impl TiltedAbsolute {
    /// Dimension d ≥ 1, tilt t, noise level σ (σ/√d per coordinate); started at (1, …, 1)/√d, so d₀ = 1.
    ///
    /// # Errors
    /// If `dimension` is zero, `tilt` is not positive and finite, or `noise` is negative or not finite.
    pub fn new(dimension: usize, tilt: f64, noise: f64) -> Result<Self> {
        crate::error::at_least_one("dimension", dimension)?;
        positive("tilt", tilt)?;
        non_negative("noise", noise)?;
        Ok(Self { tilt, noise, start: vec![1.0 / (dimension as f64).sqrt(); dimension] })
    }

    /// 1/√d.
    fn scale(&self) -> f64 {
        self.start[0]
    }
}

impl Oracle for TiltedAbsolute {
    fn dim(&self) -> usize {
        self.start.len()
    }

    fn gradient(&self, x: &[f64], rng: &mut dyn Rng, gradient: &mut [f64]) {
        let scale = self.scale();
        for (slope, &x) in gradient.iter_mut().zip(x) {
            *slope = if x > 0.0 {
                scale
            } else if x < 0.0 {
                -self.tilt * scale
            } else {
                0.0
            };
        }
        add_noise(self.noise, rng, gradient);
    }
}

impl Problem for TiltedAbsolute {
    fn start(&self) -> &[f64] {
        &self.start
    }

    fn gap(&self, x: &[f64]) -> f64 {
        self.scale() * x.iter().map(|&x| x.max(-self.tilt * x)).sum::<f64>()
    }

    fn distance(&self) -> f64 {
        1.0
    }
}

/// Adds N(0, σ²/d) to every coordinate; draws nothing when there is no noise.
fn add_noise(sigma: f64, rng: &mut dyn Rng, gradient: &mut [f64]) {
    if sigma > 0.0 {
        let deviation = sigma / (gradient.len() as f64).sqrt();
        gradient.iter_mut().for_each(|slope| *slope += deviation * rng.sample::<f64, _>(StandardNormal));
    }
}
