//! Gradient descent, plain and projected, for smooth convex functions.
//!
//! # Problem
//! Minimise a convex $\beta$-smooth $f$ over $\mathbb R^n$ or over a closed convex set
//! $\mathcal X$ with a cheap projection. $f$ may also be $\alpha$-strongly convex.
//!
//! # Idea
//! A $\beta$-smooth function lies below the parabola
//! $f(x) + \langle\nabla f(x), y - x\rangle + \frac\beta2|y-x|^2$. Each step goes to the minimum of
//! that parabola, so it decreases $f$ by at least $|\nabla f(x)|^2/(2\beta)$. With strong convexity
//! the step may be longer, $2/(\alpha+\beta)$: it balances overshooting in the steepest direction
//! against crawling in the flattest.
//!
//! # Algorithm
//! For $s = 1, 2, \dots$
//! 1. $y_{s+1} = x_s - \eta\,\nabla f(x_s)$, with $\eta = 1/\beta$, or $\eta = 2/(\alpha+\beta)$.
//! 2. $x_{s+1} = \Pi_{\mathcal X}(y_{s+1})$; without a constraint $x_{s+1} = y_{s+1}$.
//!
//! # Theorems
//! Smooth, unconstrained, $\eta = 1/\beta$ (Theorem 3.3, and the exact worst case, which gradient
//! descent attains on a [`Huber`](crate::convex::instances::Huber) function of radius
//! $R/(2t-1)$ [Drori, Teboulle 2014]):
//! $$f(x_t) - f(x^\*) \le \frac{\beta R^2}{4(t-1)+2} \le \frac{2\beta R^2}{t-1}.$$
//! Smooth, constrained, $\eta = 1/\beta$ (Theorem 3.7; the exact worst case is $\beta R^2/(4(t-1))$):
//! $$f(x_t) - f(x^\*) \le \frac{3\beta R^2 + f(x_1) - f(x^\*)}{t}.$$
//! Strongly convex, constrained, $\eta = 1/\beta$ (Theorem 3.10), and unconstrained,
//! $\eta = 2/(\alpha+\beta)$ (Theorem 3.12):
//! $$|x_{t+1} - x^\*|^2 \le e^{-t/\kappa} R^2, \qquad
//!   f(x_{t+1}) - f(x^\*) \le \tfrac\beta2 e^{-4t/(\kappa+1)} R^2.$$
//!
//! # Cost
//! One gradient, one projection and $O(n)$ per step; $O(n)$ memory.
//!
//! # Reference
//! S. Bubeck, *Convex Optimization: Algorithms and Complexity*, sections 3.2 and 3.4,
//! [arXiv:1405.4980](https://arxiv.org/abs/1405.4980). Y. Drori and M. Teboulle, *Performance of
//! first-order methods for smooth convex minimization*, [arXiv:1206.3209](https://arxiv.org/abs/1206.3209).

use rand::Rng;

use crate::Result;
use crate::error::{Error, positive};
use crate::math::first_order::{Method, Objective, Projection, same_dimension, starting_point};
use crate::math::sets::WholeSpace;

/// Gradient descent with a constant step, onto a set `K` (by default none).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GradientDescent<K = WholeSpace> {
    eta: f64,
    set: K,
}

impl GradientDescent {
    /// The step 1/`beta` for a `beta`-smooth function (Theorems 3.3, 3.7, 3.10).
    ///
    /// # Errors
    /// `beta` not positive and finite, or so small that 1/`beta` overflows.
    pub fn smooth(beta: f64) -> Result<Self> {
        positive("beta", beta)?;
        Ok(Self { eta: positive("1 / beta", 1.0 / beta)?, set: WholeSpace })
    }

    /// The step 2/(`alpha` + `beta`) for a `beta`-smooth, `alpha`-strongly convex function
    /// (Theorem 3.12).
    ///
    /// # Errors
    /// `alpha` or `beta` not positive and finite, `alpha` > `beta`, or a step that is not finite.
    pub fn strongly_convex(alpha: f64, beta: f64) -> Result<Self> {
        positive("alpha", alpha)?;
        positive("beta", beta)?;
        if alpha > beta {
            return Err(Error::OutOfRange { name: "alpha", value: alpha, requirement: "at most beta" });
        }
        Ok(Self { eta: positive("2 / (alpha + beta)", 2.0 / (alpha + beta))?, set: WholeSpace })
    }

    /// Any step. Above 2/β it need not converge.
    ///
    /// # Errors
    /// `eta` not positive and finite.
    pub fn with_step(eta: f64) -> Result<Self> {
        Ok(Self { eta: positive("eta", eta)?, set: WholeSpace })
    }
}

impl<K> GradientDescent<K> {
    /// The same step, projected onto `set`.
    pub fn projected<S: Projection>(self, set: S) -> GradientDescent<S> {
        GradientDescent { eta: self.eta, set }
    }

    /// The step size η.
    pub fn eta(&self) -> f64 {
        self.eta
    }
}

/// The iterate x_s and a buffer for the gradient.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    x: Vec<f64>,
    gradient: Vec<f64>,
}

impl<K: Projection, P: Objective + ?Sized> Method<P> for GradientDescent<K> {
    type State = State;

    /// Starts at the projection of `x0`.
    fn start(&self, problem: &P, x0: &[f64]) -> Result<State> {
        let mut x = starting_point(problem.dim(), x0)?;
        same_dimension("set", x.len(), self.set.dim())?;
        self.set.project(&mut x);
        Ok(State { gradient: vec![0.0; x.len()], x })
    }

    fn step(&self, problem: &P, state: &mut State, _rng: &mut dyn Rng) -> Result<()> {
        // Step 1: along the negative gradient.
        problem.gradient(&state.x, &mut state.gradient);
        for (x, g) in state.x.iter_mut().zip(&state.gradient) {
            *x -= self.eta * g;
        }
        // Step 2: back into the set.
        self.set.project(&mut state.x);
        Ok(())
    }

    /// The last iterate.
    fn output<'a>(&self, state: &'a State) -> &'a [f64] {
        &state.x
    }
}
