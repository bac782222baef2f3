//! The plain fixed-point iterations.

use rand::Rng;

use super::{Method, Operator};
use crate::Result;
use crate::error::open_unit;
use crate::math::first_order::starting_point;

/// Picard's iteration x_{k+1} = Tx_k. Its iterates drift by −v a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picard;

/// The Krasnosel'skiĭ–Mann iteration x_{k+1} = (1−θ)x_k + θTx_k: Picard's, on an averaged map.
///
/// For every θ in (0, 1) the residual x − Tx never grows. Its iterates drift by −θv a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KrasnoselskiiMann {
    theta: f64,
}

impl KrasnoselskiiMann {
    /// The iteration with weight `theta` on the image.
    ///
    /// # Errors
    /// `theta` outside (0, 1).
    pub fn new(theta: f64) -> Result<Self> {
        Ok(Self { theta: open_unit("theta", theta)? })
    }

    /// θ.
    pub fn theta(&self) -> f64 {
        self.theta
    }
}

/// The iterate, and a buffer for its image.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    x: Vec<f64>,
    image: Vec<f64>,
}

impl State {
    fn start(dim: usize, x0: &[f64]) -> Result<Self> {
        let x = starting_point(dim, x0)?;
        Ok(Self { image: vec![0.0; x.len()], x })
    }
}

impl<T: Operator + ?Sized> Method<T> for Picard {
    type State = State;

    fn start(&self, problem: &T, x0: &[f64]) -> Result<State> {
        State::start(problem.dim(), x0)
    }

    fn step(&self, problem: &T, state: &mut State, _rng: &mut dyn Rng) -> Result<()> {
        problem.apply(&state.x, &mut state.image);
        std::mem::swap(&mut state.x, &mut state.image);
        Ok(())
    }

    fn output<'a>(&self, state: &'a State) -> &'a [f64] {
        &state.x
    }
}

impl<T: Operator + ?Sized> Method<T> for KrasnoselskiiMann {
    type State = State;

    fn start(&self, problem: &T, x0: &[f64]) -> Result<State> {
        State::start(problem.dim(), x0)
    }

    fn step(&self, problem: &T, state: &mut State, _rng: &mut dyn Rng) -> Result<()> {
        problem.apply(&state.x, &mut state.image);
        for (x, image) in state.x.iter_mut().zip(&state.image) {
            *x = (1.0 - self.theta) * *x + self.theta * image;
        }
        Ok(())
    }

    fn output<'a>(&self, state: &'a State) -> &'a [f64] {
        &state.x
    }
}
