//! Methods to compare with: the best a gradient method can do on a quadratic, and one that cheats.

use rand::Rng;

use super::classics::lower_bound_smooth::NesterovChain;
use crate::Result;
use crate::math::first_order::{Method, Objective, starting_point};
use crate::math::vector::dot;

/// Conjugate gradients for quadratic objectives (Hestenes and Stiefel 1952), by gradients alone.
///
/// After k steps it has the least value in x₁ + span of the gradients seen so far, so no span method
/// is ahead of it on a quadratic: it is the rival by which a lower bound is found tight or loose.
/// On a function that is not quadratic it is meaningless. One gradient a step: the Hessian times
/// the direction p is ∇f(p) − ∇f(0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConjugateGradient;

/// State of [`ConjugateGradient`].
#[derive(Debug, Clone, PartialEq)]
pub struct ConjugateState {
    x: Vec<f64>,
    /// −∇f(x), by its recurrence.
    residual: Vec<f64>,
    direction: Vec<f64>,
    at_zero: Vec<f64>,
    product: Vec<f64>,
}

impl<P: Objective + ?Sized> Method<P> for ConjugateGradient {
    type State = ConjugateState;

    fn start(&self, problem: &P, x0: &[f64]) -> Result<ConjugateState> {
        let x = starting_point(problem.dim(), x0)?;
        let mut at_zero = vec![0.0; x.len()];
        problem.gradient(&vec![0.0; x.len()], &mut at_zero);
        let mut residual = vec![0.0; x.len()];
        problem.gradient(&x, &mut residual);
        residual.iter_mut().for_each(|r| *r = -*r);
        Ok(ConjugateState { product: vec![0.0; x.len()], direction: residual.clone(), residual, at_zero, x })
    }

    fn step(&self, problem: &P, state: &mut ConjugateState, _rng: &mut dyn Rng) -> Result<()> {
        problem.gradient(&state.direction, &mut state.product);
        state.product.iter_mut().zip(&state.at_zero).for_each(|(h, g)| *h -= g);
        let curvature = dot(&state.direction, &state.product);
        let before = dot(&state.residual, &state.residual);
        // At the minimiser (or so near that squares underflow) there is nothing left to do.
        if !(curvature > 0.0 && before > 0.0) {
            return Ok(());
        }
        let eta = before / curvature;
        for (i, r) in state.residual.iter_mut().enumerate() {
            state.x[i] += eta * state.direction[i];
            *r -= eta * state.product[i];
        }
        let ratio = dot(&state.residual, &state.residual) / before;
        state.direction.iter_mut().zip(&state.residual).for_each(|(p, r)| *p = r + ratio * *p);
        Ok(())
    }

    fn output<'a>(&self, state: &'a ConjugateState) -> &'a [f64] {
        &state.x
    }
}

/// One Newton step on the chain: x − H⁻¹∇f(x). It reads the Hessian, which no oracle of the lower
/// bound shows, and is there at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newton;

impl Method<NesterovChain> for Newton {
    /// The iterate, and the Newton direction.
    type State = (Vec<f64>, Vec<f64>);

    fn start(&self, problem: &NesterovChain, x0: &[f64]) -> Result<Self::State> {
        let x = starting_point(problem.dim(), x0)?;
        Ok((x.clone(), x))
    }

    fn step(&self, problem: &NesterovChain, state: &mut Self::State, _rng: &mut dyn Rng) -> Result<()> {
        let (x, direction) = state;
        problem.gradient(x, direction);
        problem.solve_hessian(direction);
        x.iter_mut().zip(direction).for_each(|(x, d)| *x -= *d);
        Ok(())
    }

    fn output<'a>(&self, state: &'a Self::State) -> &'a [f64] {
        &state.0
    }
}
