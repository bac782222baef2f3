//! The algorithm that the schedules are for, and the stream it learns from.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use super::Regression;
use crate::error::{Error, Result, finite, finite_slice, non_negative, same_size};
use crate::math::vector::{distance, dot, norm};

/// A batch of examples: inputs and labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    dim: usize,
    /// One input after the other.
    inputs: Vec<f64>,
    labels: Vec<f64>,
}

impl Batch {
    /// A batch whose inputs are written one after the other, `dim` numbers each.
    ///
    /// # Errors
    /// There is no label, not `dim` numbers a label, or one that is not finite.
    pub fn new(dim: usize, inputs: Vec<f64>, labels: Vec<f64>) -> Result<Self> {
        finite_slice("labels", &labels)?;
        finite_slice("inputs", &inputs)?;
        same_size("inputs", dim * labels.len(), inputs.len())?;
        Ok(Self { dim, inputs, labels })
    }
}

/// Mini-batch stochastic gradient descent on the square loss ½(⟨x, θ⟩ − y)².
#[derive(Debug, Clone, PartialEq)]
pub struct LinearSgd {
    theta: Vec<f64>,
    gradient: Vec<f64>,
}

impl LinearSgd {
    /// Starts at `theta`.
    ///
    /// # Errors
    /// `theta` is empty or not finite.
    pub fn new(theta: Vec<f64>) -> Result<Self> {
        finite_slice("theta", &theta)?;
        Ok(Self { gradient: vec![0.0; theta.len()], theta })
    }

    /// θ.
    pub fn theta(&self) -> &[f64] {
        &self.theta
    }

    /// θ ← θ − η·(1/B)·Σ x(⟨x, θ⟩ − y).
    ///
    /// # Errors
    /// The batch has another dimension; `eta` is not finite; θ overflows and is then not to be used any more.
    pub fn step(&mut self, eta: f64, batch: &Batch) -> Result<()> {
        finite("eta", eta)?;
        same_size("batch", self.theta.len(), batch.dim)?;
        self.gradient.fill(0.0);
        for (x, y) in batch.inputs.chunks_exact(batch.dim).zip(&batch.labels) {
            let residual = dot(x, &self.theta) - y;
            self.gradient.iter_mut().zip(x).for_each(|(g, x)| *g += residual * x);
        }
        let rate = eta / batch.labels.len() as f64;
        self.theta.iter_mut().zip(&self.gradient).for_each(|(theta, g)| *theta -= rate * g);
        let sound = self.theta.iter().all(|theta| theta.is_finite());
        if sound { Ok(()) } else { Err(Error::Diverged { name: "theta", steps: 1 }) }
    }
}

/// The truth θ*, and the batches it makes.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    regression: Regression,
    truth: Vec<f64>,
    batch: Batch,
    direction: Vec<f64>,
}

impl Stream {
    /// Starts with the truth at distance `distance` from 0, along the first axis.
    ///
    /// # Errors
    /// `distance` is negative or not finite.
    pub fn new(regression: Regression, distance: f64) -> Result<Self> {
        let (d, b) = (regression.dim(), regression.batch());
        let mut truth = vec![0.0; d];
        truth[0] = non_negative("distance", distance)?;
        let batch = Batch { dim: d, inputs: vec![0.0; d * b], labels: vec![0.0; b] };
        Ok(Self { regression, truth, batch, direction: vec![0.0; d] })
    }

    /// A fresh batch.
    pub fn draw(&mut self, rng: &mut dyn Rng) -> &Batch {
        self.batch.inputs.fill_with(|| rng.sample(StandardNormal));
        for (x, y) in self.batch.inputs.chunks_exact(self.batch.dim).zip(&mut self.batch.labels) {
            let noise: f64 = rng.sample(StandardNormal);
            *y = dot(x, &self.truth) + self.regression.sigma() * noise;
        }
        &self.batch
    }

    /// Moves the truth by `gamma` in a uniformly random direction.
    ///
    /// # Errors
    /// `gamma` is negative or not finite.
    pub fn drift(&mut self, gamma: f64, rng: &mut dyn Rng) -> Result<()> {
        non_negative("gamma", gamma)?;
        self.direction.fill_with(|| rng.sample(StandardNormal));
        let length = norm(&self.direction);
        // A direction of length zero has probability zero; the truth then stays.
        let scale = if length > 0.0 { gamma / length } else { 0.0 };
        self.truth.iter_mut().zip(&self.direction).for_each(|(truth, u)| *truth += scale * u);
        Ok(())
    }

    /// ‖θ − θ*‖².
    pub fn squared_error(&self, theta: &[f64]) -> f64 {
        distance(theta, &self.truth).powi(2)
    }
}
