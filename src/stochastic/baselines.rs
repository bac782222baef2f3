//! Plain rivals: what a new rule has to beat.

use rand::Rng;

use super::{Iterating, Method, Oracle};
use crate::error::{Error, Result, positive};
use crate::math::first_order::starting_point;
use crate::math::vector::{distance, dot};

/// Distance over Gradients (Ivgi, Hinder and Carmon 2023, arXiv 2302.12022): stochastic gradient descent
/// with the step r̄ₜ/√(Σ_{k≤t} ‖gₖ‖²), where r̄ₜ is the largest distance from x₀ so far.
///
/// Parameter-free but not accelerated. The answer is the average of the iterates weighted by r̄ₜ. This is
/// the practical form; the paper's analysed form adds a logarithmic damping.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dog {
    initial_movement: f64,
}

impl Dog {
    /// DoG whose first step has length `initial_movement` (r_ε): any underestimate of the distance.
    ///
    /// # Errors
    /// If it is not positive and finite.
    pub fn new(initial_movement: f64) -> Result<Self> {
        Ok(Self { initial_movement: positive("initial_movement", initial_movement)? })
    }
}

impl<P: Oracle + ?Sized> Method<P> for Dog {
    type State = DogState;

    fn start(&self, problem: &P, x0: &[f64]) -> Result<DogState> {
        Ok(DogState { descent: Descent::new(problem.dim(), x0)?, reach: self.initial_movement, squares: 0.0 })
    }

    fn step(&self, problem: &P, state: &mut DogState, rng: &mut dyn Rng) -> Result<()> {
        let square = state.descent.ask(problem, rng)?;
        state.reach = state.reach.max(distance(&state.descent.x, &state.descent.x0));
        state.squares += square;
        // A zero sum means that nothing has been learned: stay.
        let step_size = if state.squares > 0.0 { state.reach / state.squares.sqrt() } else { 0.0 };
        state.descent.step(step_size, state.reach)
    }

    fn output<'a>(&self, state: &'a DogState) -> &'a [f64] {
        &state.descent.average
    }
}

impl Iterating for Dog {
    fn iterate<'a>(&self, state: &'a DogState) -> &'a [f64] {
        &state.descent.x
    }
}

/// State of [`Dog`].
#[derive(Debug, Clone)]
pub struct DogState {
    descent: Descent,
    /// r̄ₜ.
    reach: f64,
    /// Σ ‖gₖ‖².
    squares: f64,
}

/// The (sub)gradient method with a constant step, answering the plain average of its iterates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConstantStep {
    step_size: f64,
}

impl ConstantStep {
    /// The method with this step size.
    ///
    /// # Errors
    /// If it is not positive and finite.
    pub fn new(step_size: f64) -> Result<Self> {
        Ok(Self { step_size: positive("step_size", step_size)? })
    }
}

impl<P: Oracle + ?Sized> Method<P> for ConstantStep {
    type State = Descent;

    fn start(&self, problem: &P, x0: &[f64]) -> Result<Descent> {
        Descent::new(problem.dim(), x0)
    }

    fn step(&self, problem: &P, state: &mut Descent, rng: &mut dyn Rng) -> Result<()> {
        state.ask(problem, rng)?;
        state.step(self.step_size, 1.0)
    }

    fn output<'a>(&self, state: &'a Descent) -> &'a [f64] {
        &state.average
    }
}

impl Iterating for ConstantStep {
    fn iterate<'a>(&self, state: &'a Descent) -> &'a [f64] {
        &state.x
    }
}

/// x ← x − η·g, with a weighted average of the points where gradients were taken: the state of
/// [`ConstantStep`], and a part of [`DogState`].
#[derive(Debug, Clone)]
pub struct Descent {
    x0: Vec<f64>,
    x: Vec<f64>,
    average: Vec<f64>,
    gradient: Vec<f64>,
    weight: f64,
    steps: usize,
}

impl Descent {
    fn new(dim: usize, x0: &[f64]) -> Result<Self> {
        let x0 = starting_point(dim, x0)?;
        let gradient = vec![0.0; dim];
        Ok(Self { x: x0.clone(), average: x0.clone(), x0, gradient, weight: 0.0, steps: 0 })
    }

    /// Asks for the gradient at x, and returns its squared length.
    fn ask<P: Oracle + ?Sized>(&mut self, problem: &P, rng: &mut dyn Rng) -> Result<f64> {
        problem.gradient(&self.x, rng, &mut self.gradient);
        let square = dot(&self.gradient, &self.gradient);
        if square.is_finite() { Ok(square) } else { Err(self.diverged("gradient")) }
    }

    /// Adds x to the average with this weight and makes the step, or leaves all as it is.
    fn step(&mut self, step_size: f64, weight: f64) -> Result<()> {
        let moved = |(x, slope): (&f64, &f64)| x - step_size * slope;
        if !self.x.iter().zip(&self.gradient).map(moved).all(f64::is_finite) {
            return Err(self.diverged("iterate"));
        }
        self.weight += weight;
        let share = weight / self.weight;
        for ((average, x), slope) in self.average.iter_mut().zip(&mut self.x).zip(&self.gradient) {
            *average = share * *x + (1.0 - share) * *average;
            *x -= step_size * slope;
        }
        self.steps += 1;
        Ok(())
    }

    fn diverged(&self, name: &'static str) -> Error {
        Error::Diverged { name, steps: self.steps }
    }
}
