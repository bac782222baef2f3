//! The protocol of first-order methods: oracles, methods, and the loop that runs one on the other.
//!
//! A *problem* is one or more oracles: an [`Objective`] gives values and gradients, an [`Operator`]
//! a vector field or a fixed-point map; a constraint or a regulariser is a [`Projection`], a
//! [`Prox`] or a [`LinearMinimization`], and belongs to the method that uses it. A *method* is a
//! value that holds parameters only ([`Method`]); what changes from step to step is its
//! [`State`](Method::State), buffers included. [`Run`] owns the loop.
//!
//! Vectors are plain slices, so a problem may keep its data in `Vec`, in nalgebra
//! (`DVector::as_slice`, `DVectorView::from_slice`) or in memory of its own. Every oracle writes
//! into a buffer of the caller, and a method allocates in `start` only: a step of gradient descent
//! in dimension 10⁵ costs its gradient and one pass over the vector.
//!
//! A method of your own needs one state and three functions. Heavy ball:
//!
//! ```
//! use rand::Rng;
//! use ratebook::convex::instances::DiagonalQuadratic;
//! use ratebook::math::first_order::{Method, Objective, Run, starting_point};
//!
//! struct HeavyBall { eta: f64, momentum: f64 }
//! struct State { x: Vec<f64>, velocity: Vec<f64>, gradient: Vec<f64> }
//!
//! impl<P: Objective + ?Sized> Method<P> for HeavyBall {
//!     type State = State;
//!
//!     fn start(&self, problem: &P, x0: &[f64]) -> ratebook::Result<State> {
//!         let x = starting_point(problem.dim(), x0)?;
//!         Ok(State { velocity: vec![0.0; x.len()], gradient: vec![0.0; x.len()], x })
//!     }
//!
//!     fn step(&self, problem: &P, state: &mut State, _rng: &mut dyn Rng) -> ratebook::Result<()> {
//!         problem.gradient(&state.x, &mut state.gradient);
//!         for ((x, v), g) in state.x.iter_mut().zip(&mut state.velocity).zip(&state.gradient) {
//!             *v = self.momentum * *v - self.eta * g;
//!             *x += *v;
//!         }
//!         Ok(())
//!     }
//!
//!     fn output<'a>(&self, state: &'a State) -> &'a [f64] {
//!         &state.x
//!     }
//! }
//!
//! # fn main() -> ratebook::Result<()> {
//! let valley = DiagonalQuadratic::new(&[1.0, 0.01], &[0.0, 0.0])?;
//! let method = HeavyBall { eta: 1.0, momentum: 0.8 };
//! let mut run = Run::start(&method, &valley, &[1.0, 1.0])?;
//! # use rand_pcg::rand_core::SeedableRng;
//! # let mut rng = rand_pcg::Pcg64::seed_from_u64(0);
//! let x = run.advance(300, &mut rng)?;
//! assert!(valley.value(x) < 1e-9);
//! # Ok(())
//! # }
//! ```

use rand::Rng;

use crate::error::{Error, Result, finite_slice, same_size};

/// A convex function seen through a first-order oracle.
pub trait Objective {
    /// The dimension of the argument.
    fn dim(&self) -> usize;

    /// f(x); +∞ outside the domain.
    fn value(&self, x: &[f64]) -> f64;

    /// Writes ∇f(x), or any subgradient, into `gradient`.
    fn gradient(&self, x: &[f64], gradient: &mut [f64]);
}

/// An objective whose minimiser is known. It owns the one definition of the optimality gap.
pub trait Solved: Objective {
    /// A minimiser x*; where there are several, the one the bounds are stated for.
    fn minimizer(&self) -> &[f64];

    /// f(x) − f(x*), never negative, computed without subtracting two nearly equal values.
    fn gap(&self, x: &[f64]) -> f64;
}

/// A map of ℝⁿ to itself: a gradient field, the field of a game, or a nonexpansive map.
pub trait Operator {
    /// n.
    fn dim(&self) -> usize;

    /// Writes the image of `z` into `image`.
    fn apply(&self, z: &[f64], image: &mut [f64]);
}

/// A closed convex set, through its Euclidean projection.
pub trait Projection {
    /// The dimension of the set, or `None` where every dimension will do.
    fn dim(&self) -> Option<usize> {
        None
    }

    /// Moves `x` to the nearest point of the set. A point of the set does not move.
    fn project(&self, x: &mut [f64]);
}

/// A set of known diameter.
pub trait Bounded: Projection {
    /// The largest distance between two of its points; infinite where there is none.
    fn diameter(&self) -> f64;
}

/// A convex function g, through its proximal map. A set is one: its indicator.
pub trait Prox {
    /// The dimension of the argument, or `None` where every dimension will do.
    fn dim(&self) -> Option<usize> {
        None
    }

    /// Replaces `x` by argmin_u g(u) + |u − x|²/(2·`step`), for `step` > 0.
    fn prox(&self, step: f64, x: &mut [f64]);
}

impl<K: Projection> Prox for K {
    fn dim(&self) -> Option<usize> {
        Projection::dim(self)
    }

    fn prox(&self, _step: f64, x: &mut [f64]) {
        self.project(x);
    }
}

/// A compact convex set, through linear minimisation.
pub trait LinearMinimization {
    /// Writes an extreme point that minimises ⟨`direction`, ·⟩ over the set into `vertex`.
    fn minimize(&self, direction: &[f64], vertex: &mut [f64]);
}

/// A first-order method for problems of type `P`.
///
/// Implement it for every `P: Objective + ?Sized` (or `Operator`); then it is also a
/// `Method<dyn Objective>`, which is what code asks for that runs it on several kinds of problems.
pub trait Method<P: ?Sized> {
    /// What changes from step to step, buffers included.
    type State;

    /// The state before the first step, at `x0`. The only place that allocates.
    ///
    /// # Errors
    /// Where `x0` is not finite or its dimension is not the problem's.
    fn start(&self, problem: &P, x0: &[f64]) -> Result<Self::State>;

    /// One step. A deterministic method leaves `rng` alone.
    ///
    /// # Errors
    /// Where the method finds that it cannot go on. Overflow is left to [`Run`].
    fn step(&self, problem: &P, state: &mut Self::State, rng: &mut dyn Rng) -> Result<()>;

    /// The point that the method would return now.
    fn output<'a>(&self, state: &'a Self::State) -> &'a [f64];
}

/// A method at work on a problem.
///
/// After k steps [`output`](Self::output) is the (k+1)-st point: what a text that starts at x₀
/// calls x_k, and one that starts at x₁ calls x_{k+1}.
#[derive(Debug)]
pub struct Run<'a, M: Method<P>, P: ?Sized> {
    method: &'a M,
    problem: &'a P,
    state: M::State,
    steps: usize,
}

impl<'a, M: Method<P>, P: ?Sized> Run<'a, M, P> {
    /// Starts `method` at `x0`.
    ///
    /// # Errors
    /// Those of [`Method::start`].
    pub fn start(method: &'a M, problem: &'a P, x0: &[f64]) -> Result<Self> {
        let state = method.start(problem, x0)?;
        Ok(Self { method, problem, state, steps: 0 })
    }

    /// Takes `steps` more steps and returns the output.
    ///
    /// # Errors
    /// [`Error::Diverged`] once the output is not finite; those of [`Method::step`].
    pub fn advance(&mut self, steps: usize, rng: &mut dyn Rng) -> Result<&[f64]> {
        for _ in 0..steps {
            self.method.step(self.problem, &mut self.state, rng)?;
            self.steps += 1;
            // `&` and not `&&`: without early exit the pass is vectorised.
            if !self.output().iter().fold(true, |finite, x| finite & x.is_finite()) {
                return Err(Error::Diverged { name: "iterate", steps: self.steps });
            }
        }
        Ok(self.output())
    }

    /// Steps on until `steps` have been taken since the start (none if there were as many already).
    ///
    /// # Errors
    /// Those of [`advance`](Self::advance).
    pub fn advance_to(&mut self, steps: usize, rng: &mut dyn Rng) -> Result<&[f64]> {
        self.advance(steps.saturating_sub(self.steps), rng)
    }

    /// The point the method would return now.
    pub fn output(&self) -> &[f64] {
        self.method.output(&self.state)
    }

    /// How many steps have been taken.
    pub fn steps(&self) -> usize {
        self.steps
    }
}

/// A copy of `x0`, checked: what every [`Method::start`] begins with.
///
/// # Errors
/// `x0` empty, not finite, or not of dimension `dim`.
pub fn starting_point(dim: usize, x0: &[f64]) -> Result<Vec<f64>> {
    finite_slice("x0", x0)?;
    same_size("x0", dim, x0.len())?;
    Ok(x0.to_vec())
}

/// Refuses a set or regulariser of another dimension than the problem's.
///
/// # Errors
/// `found` is some other dimension than `dim`.
pub fn same_dimension(name: &'static str, dim: usize, found: Option<usize>) -> Result<()> {
    found.map_or(Ok(()), |found| same_size(name, dim, found))
}
