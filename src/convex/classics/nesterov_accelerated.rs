//! Nesterov's accelerated gradient descent, for smooth and for strongly convex functions.
//!
//! # Problem
//! Minimise a convex $\beta$-smooth $f$ over $\mathbb R^n$; or one that is $\alpha$-strongly convex
//! as well, with condition number $\kappa = \beta/\alpha$. Gradient descent needs of the order of
//! $1/\epsilon$, or $\kappa\log(1/\epsilon)$, steps; the optimum for methods that only see gradients
//! is $1/\sqrt\epsilon$, or $\sqrt\kappa\log(1/\epsilon)$.
//!
//! # Idea
//! Take the gradient step from a point $x_s$ that lies beyond the last iterate $y_s$, on the line
//! through $y_{s-1}$ and $y_s$. How far beyond is the whole method: a constant fraction when
//! $\kappa$ is known, a fraction that grows to one when $\alpha = 0$. The iterates are not monotone.
//!
//! # Algorithm
//! Start with $x_1 = y_1$. For $s = 1, 2, \dots$
//! 1. $y_{s+1} = x_s - \frac1\beta\nabla f(x_s)$.
//! 2. $x_{s+1} = (1 - \gamma_s)\,y_{s+1} + \gamma_s\,y_s$, where
//!    - (a) strongly convex: $\gamma_s = -\frac{\sqrt\kappa - 1}{\sqrt\kappa + 1}$;
//!    - (b) smooth: $\gamma_s = \frac{1 - \lambda_s}{\lambda_{s+1}}$ with $\lambda_0 = 0$ and
//!      $\lambda_s = \frac{1 + \sqrt{1 + 4\lambda_{s-1}^2}}2$.
//!
//! The output is $y$.
//!
//! # Theorems
//! (a) Theorem 3.18, (b) Theorem 3.19:
//! $$f(y_t) - f(x^\*) \le \frac{\alpha+\beta}2 R^2 e^{-(t-1)/\sqrt\kappa}, \qquad
//!   f(y_t) - f(x^\*) \le \frac{2\beta R^2}{t^2}.$$
//! The second is sharp to first order: on a [`Huber`](crate::convex::instances::Huber) function the
//! gradient stays constant for a whole run and momentum adds up to $t^2/8$ gradient steps, which
//! leaves a gap of $\beta R^2/(4\cdot t^2/8 + 2)$.
//!
//! # Cost
//! One gradient and $O(n)$ per step; $O(n)$ memory.
//!
//! # Reference
//! S. Bubeck, *Convex Optimization: Algorithms and Complexity*, section 3.7,
//! [arXiv:1405.4980](https://arxiv.org/abs/1405.4980). The printed box of (b) has $\gamma_s$ and
//! $\gamma_t$ mixed in one formula; the indices here are those of its proof.

use rand::Rng;

use crate::Result;
use crate::error::{Error, positive};
use crate::math::first_order::{Method, Objective, starting_point};

/// Nesterov's accelerated gradient descent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NesterovAccelerated {
    beta: f64,
    momentum: Momentum,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Momentum {
    /// (a): −γ = (√κ − 1)/(√κ + 1) at every step.
    Constant(f64),
    /// (b): −γ_s = (λ_s − 1)/λ_{s+1}.
    Growing,
}

impl NesterovAccelerated {
    /// (b), for a `beta`-smooth convex function (Theorem 3.19).
    ///
    /// # Errors
    /// `beta` not positive and finite.
    pub fn smooth(beta: f64) -> Result<Self> {
        Ok(Self { beta: positive("beta", beta)?, momentum: Momentum::Growing })
    }

    /// (a), for a `beta`-smooth, `alpha`-strongly convex function (Theorem 3.18).
    ///
    /// # Errors
    /// `alpha` or `beta` not positive and finite, or `alpha` > `beta`.
    pub fn strongly_convex(alpha: f64, beta: f64) -> Result<Self> {
        positive("alpha", alpha)?;
        positive("beta", beta)?;
        if alpha > beta {
            return Err(Error::OutOfRange { name: "alpha", value: alpha, requirement: "at most beta" });
        }
        // (√κ − 1)/(√κ + 1) with numerator and denominator times √α, so that κ cannot overflow.
        let q = (beta.sqrt() - alpha.sqrt()) / (beta.sqrt() + alpha.sqrt());
        Ok(Self { beta, momentum: Momentum::Constant(q) })
    }
}

/// x_s, y_s, λ_s and a buffer for the gradient.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    x: Vec<f64>,
    y: Vec<f64>,
    lambda: f64,
    gradient: Vec<f64>,
}

/// λ_{s+1} from λ_s: the positive root of λ² − λ = λ_s².
fn next_lambda(lambda: f64) -> f64 {
    (1.0 + (1.0 + 4.0 * lambda * lambda).sqrt()) / 2.0
}

impl<P: Objective + ?Sized> Method<P> for NesterovAccelerated {
    type State = State;

    fn start(&self, problem: &P, x0: &[f64]) -> Result<State> {
        let x = starting_point(problem.dim(), x0)?;
        Ok(State { y: x.clone(), gradient: vec![0.0; x.len()], x, lambda: next_lambda(0.0) })
    }

    fn step(&self, problem: &P, state: &mut State, _rng: &mut dyn Rng) -> Result<()> {
        let gamma = match self.momentum {
            Momentum::Constant(q) => -q,
            Momentum::Growing => {
                let next = next_lambda(state.lambda);
                let gamma = (1.0 - state.lambda) / next;
                state.lambda = next;
                gamma
            }
        };
        problem.gradient(&state.x, &mut state.gradient);
        for ((x, y), g) in state.x.iter_mut().zip(&mut state.y).zip(&state.gradient) {
            // Step 1: the gradient step from x_s.
            let next = *x - g / self.beta;
            // Step 2: beyond y_{s+1}, away from y_s.
            *x = (1.0 - gamma) * next + gamma * *y;
            *y = next;
        }
        Ok(())
    }

    /// y_s, not the extrapolated x_s.
    fn output<'a>(&self, state: &'a State) -> &'a [f64] {
        &state.y
    }
}
