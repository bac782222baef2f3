//! Minimise $F(x) = \mathbb{E}_\xi f(x;\xi)$ when all one can do is ask for noisy gradients.
//!
//! Every paper of this area is a rule that turns the oracle's answers into steps. The protocol has
//! three parts, and a user's own type can implement any of them:
//!
//! - an [`Oracle`] answers queries; a [`Problem`] is an oracle whose truth a checker also knows (the
//!   optimality gap, the starting point, the distance to the nearest minimiser);
//! - a [`Method`] is a configured rule; started at a point it becomes an
//! - [`Optimizer`], which takes steps and can be asked for its answer at any time.
//!
//! Costs are counted in gradient queries ([`Optimizer::calls`]), never in steps or in time, so that a
//! method which asks twice per step pays for it: [`gap_path`] compares methods at equal queries.
//!
//! # Which one should I use?
//!
//! | you know | and want | take |
//! |---|---|---|
//! | the step size | the textbook rate $1/\sqrt T$ | [`ConstantStep`](baselines::ConstantStep), its average |
//! | nothing | the same rate, up to logarithms | [`Dog`](baselines::Dog) |
//! | nothing | $1/T^2$ where the noise allows it | [`UDog`](u_dog::UDog), at two queries a step |
//!
//! The step size of a gradient method has to be of the order of (distance to the solution) ÷ (size of
//! the gradients). The second is seen while running; *parameter-free* methods also learn the first,
//! from how far the iterates have already moved. They start with a movement far too small and pay
//! only a logarithm for it. What they cannot do is stop: under noise the distance estimate never
//! shrinks, so every such method needs a stabiliser (damping, or a bounded domain).

pub mod baselines;
pub mod instances;
pub mod u_dog;

use nalgebra::DVector;
use rand::Rng;

use crate::error::{Result, finite_slice, positive};

/// Answers stochastic gradient queries about a function on ℝᵈ.
pub trait Oracle {
    /// The dimension d ≥ 1 of the points it can be asked about.
    fn dimension(&self) -> usize;

    /// Writes a stochastic (sub)gradient at `x` into `gradient` (both of length d): one draw, from
    /// fresh randomness, whose mean is a (sub)gradient of F at `x`.
    fn gradient(&self, x: &DVector<f64>, rng: &mut dyn Rng, gradient: &mut DVector<f64>);
}

/// An oracle together with the truths that only a checker may use.
pub trait Problem: Oracle {
    /// The point x₀ from which every method starts.
    fn start(&self) -> DVector<f64>;

    /// The optimality gap F(x) − min F ≥ 0, without noise.
    fn gap(&self, x: &DVector<f64>) -> f64;

    /// The distance d₀ from [`start`](Problem::start) to the nearest minimiser.
    fn distance(&self) -> f64;
}

/// A configured optimisation rule that has not met a problem yet.
pub trait Method {
    /// Starts a run at `x0`.
    ///
    /// # Errors
    /// If `x0` is empty or not finite.
    fn start(&self, x0: &DVector<f64>) -> Result<Box<dyn Optimizer>>;
}

/// A run in progress. After an error the answer is still that of the last completed step.
pub trait Optimizer {
    /// Takes one step, at the price of one or more gradient queries.
    ///
    /// # Errors
    /// If the oracle's dimension is not that of x₀, or a gradient or an iterate is not finite.
    fn step(&mut self, oracle: &dyn Oracle, rng: &mut dyn Rng) -> Result<()>;

    /// The current iterate: where the method stands, not what it would answer.
    fn iterate(&self) -> &DVector<f64>;

    /// The method's answer after the steps so far; x₀ before the first one.
    fn output(&self) -> &DVector<f64>;

    /// How many gradients have been queried.
    fn calls(&self) -> u64;
}

/// The closed convex set K in which iterates are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Domain {
    /// All of ℝᵈ.
    Whole,
    /// The ball of this radius around the starting point x₀.
    Ball(f64),
}

impl Domain {
    /// The ball of the given radius around the starting point.
    ///
    /// # Errors
    /// If the radius is not positive and finite.
    pub fn ball(radius: f64) -> Result<Self> {
        positive("radius", radius).map(Self::Ball)
    }

    /// Replaces `x` by the nearest point of the set.
    pub fn project(&self, x: &mut DVector<f64>, x0: &DVector<f64>) {
        if let Self::Ball(radius) = *self {
            let distance = x.metric_distance(x0);
            if distance > radius {
                // x₀ + (x − x₀)·r/‖x − x₀‖
                let shrink = radius / distance;
                x.axpy(1.0 - shrink, x0, shrink);
            }
        }
    }
}

/// The gap of the method's answer at each of the `checkpoints`, from one run on one stream. A
/// checkpoint is a number of gradient queries; they ascend, and each is measured after the first step
/// that reaches it.
///
/// # Errors
/// Those of [`Method::start`] and [`Optimizer::step`].
pub fn gap_path(
    method: &dyn Method,
    problem: &dyn Problem,
    checkpoints: &[u64],
    rng: &mut dyn Rng,
) -> Result<Vec<f64>> {
    let mut run = method.start(&problem.start())?;
    checkpoints
        .iter()
        .map(|&checkpoint| {
            while run.calls() < checkpoint {
                run.step(problem, rng)?;
            }
            Ok(problem.gap(run.output()))
        })
        .collect()
}

/// Checks a starting point: not empty, finite.
pub(crate) fn checked_start(x0: &DVector<f64>) -> Result<DVector<f64>> {
    finite_slice("x0", x0.as_slice())?;
    Ok(x0.clone())
}
