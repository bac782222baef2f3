//! Minimise $F(x) = \mathbb{E}_\xi f(x;\xi)$ when all one can do is ask for noisy gradients.
//!
//! Every paper of this area is a rule that turns the oracle's answers into steps. The protocol is that of
//! [`math::first_order`](crate::math::first_order) with another problem in it, and a user's own type can
//! implement any of its parts:
//!
//! - an [`Oracle`] answers queries; a [`Problem`] is an oracle whose truth a checker also knows (the
//!   optimality gap, the starting point, the distance to the nearest minimiser);
//! - a rule is a [`Method`] for every `P: Oracle`, and an [`Iterating`] one if it shows where it stands;
//!   [`Run`] makes the steps, and counts them in gradient queries, never in steps or in time, so that a
//!   method which asks twice per step pays for it.
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

use std::cell::Cell;

use rand::Rng;

pub use crate::math::first_order::Method;

use crate::error::{Error, Result};
use crate::math::vector::distance;

/// Answers stochastic gradient queries about a function on ℝᵈ.
pub trait Oracle {
    /// The dimension d ≥ 1 of the points it can be asked about.
    fn dim(&self) -> usize;

    /// Writes a stochastic (sub)gradient at `x` into `gradient` (both of length d): one draw, from
    /// fresh randomness, whose mean is a (sub)gradient of F at `x`.
    fn gradient(&self, x: &[f64], rng: &mut dyn Rng, gradient: &mut [f64]);
}

/// An oracle together with the truths that only a checker may use.
pub trait Problem: Oracle {
    /// The point x₀ from which every method starts.
    fn start(&self) -> &[f64];

    /// The optimality gap F(x) − min F ≥ 0, without noise.
    fn gap(&self, x: &[f64]) -> f64;

    /// The distance d₀ from [`start`](Problem::start) to the nearest minimiser.
    fn distance(&self) -> f64;
}

/// A method whose iterate is not its answer: most answer an average.
pub trait Iterating: Method<dyn Oracle> {
    /// Where the method stands.
    fn iterate<'a>(&self, state: &'a Self::State) -> &'a [f64];
}

/// A method at work on a problem, where every gradient is counted by the oracle that gives it.
#[derive(Debug)]
pub struct Run<'m, M: Method<dyn Oracle>, P> {
    method: &'m M,
    oracle: Counted<P>,
    state: M::State,
}

impl<'m, M: Method<dyn Oracle>, P: Problem + 'static> Run<'m, M, P> {
    /// Starts `method` where the problem says.
    ///
    /// # Errors
    /// Those of [`Method::start`].
    pub fn start(method: &'m M, problem: P) -> Result<Self> {
        let oracle = Counted { problem, calls: Cell::new(0) };
        let state = method.start(&oracle, oracle.problem.start())?;
        Ok(Self { method, oracle, state })
    }

    /// Takes one step. After an error the answer is still that of the last completed step.
    ///
    /// # Errors
    /// Those of [`Method::step`]; [`Error::Invalid`] for a step that asks for no gradient: a run of such
    /// steps would never use up its budget.
    pub fn step(&mut self, rng: &mut dyn Rng) -> Result<()> {
        let before = self.calls();
        self.method.step(&self.oracle, &mut self.state, rng)?;
        if self.calls() > before {
            Ok(())
        } else {
            Err(Error::Invalid { name: "method", requirement: "a step asks for a gradient" })
        }
    }

    /// Steps on until at least `calls` gradients have been asked for.
    ///
    /// # Errors
    /// Those of [`step`](Self::step).
    pub fn advance_to(&mut self, calls: u64, rng: &mut dyn Rng) -> Result<()> {
        while self.calls() < calls {
            self.step(rng)?;
        }
        Ok(())
    }

    /// How many gradients have been asked for.
    pub fn calls(&self) -> u64 {
        self.oracle.calls.get()
    }

    /// The method's state.
    pub fn state(&self) -> &M::State {
        &self.state
    }

    /// The method's answer after the steps so far; x₀ before the first one.
    pub fn output(&self) -> &[f64] {
        self.method.output(&self.state)
    }

    /// The optimality gap of the answer.
    pub fn gap(&self) -> f64 {
        self.oracle.problem.gap(self.output())
    }

    /// How far the iterate is from the start.
    pub fn distance_travelled(&self) -> f64
    where
        M: Iterating,
    {
        distance(self.method.iterate(&self.state), self.oracle.problem.start())
    }
}

/// The optimality gap of the method's answer at each of the `checkpoints`, from one run on one stream. A
/// checkpoint is a number of gradient queries; they ascend, and each is measured after the first step
/// that reaches it.
///
/// # Errors
/// Those of [`Method::start`] and [`Run::step`].
pub fn gap_path<M: Method<dyn Oracle>>(
    method: &M,
    problem: impl Problem + 'static,
    checkpoints: &[u64],
    rng: &mut dyn Rng,
) -> Result<Vec<f64>> {
    let mut run = Run::start(method, problem)?;
    let mut gap_at = |&calls: &u64| run.advance_to(calls, rng).map(|()| run.gap());
    checkpoints.iter().map(&mut gap_at).collect()
}

/// An oracle that counts the gradients it is asked for.
#[derive(Debug, Clone)]
struct Counted<P> {
    problem: P,
    calls: Cell<u64>,
}

impl<P: Oracle> Oracle for Counted<P> {
    fn dim(&self) -> usize {
        self.problem.dim()
    }

    fn gradient(&self, x: &[f64], rng: &mut dyn Rng, gradient: &mut [f64]) {
        self.calls.set(self.calls.get() + 1);
        self.problem.gradient(x, rng, gradient);
    }
}
