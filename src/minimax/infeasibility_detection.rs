//! Accelerated infeasibility detection: the anchored fixed-point iteration finds out fast that a
//! problem has no solution.
//!
//! # Problem
//! First-order solvers iterate a nonexpansive map $T$ whose fixed points are the solutions. If the
//! problem is infeasible there is none, and the iterates run away; the solver has to notice, and to
//! prove it. The proof is the *infimal displacement vector*
//! $$v = \arg\min\{|u| : u \in \overline{\mathrm{range}(I - T)}\}:$$
//! $v \neq 0$ excludes fixed points. Here $v$ is attained, $v = x^\* - Tx^\*$, and $R = |x_0 - x^\*|$.
//! For [`DouglasRachford`](super::instances::DouglasRachford) on two disjoint sets $v$ is the shortest vector between them, the normal
//! of a hyperplane that separates them.
//!
//! # Idea
//! Two estimates of $v$ come with any iteration: the residual $x_k - Tx_k$, and the drift of the
//! iterates divided by $k$. Picard's drift is accurate, but the residual of the averaged iteration is
//! only good to $1/\sqrt k$. Pulling each iterate back towards $x_0$ with weight $1/(k+2)$
//! (Halpern's anchor) damps the slow rotations that keep the residual large, and makes both
//! estimates good to $1/k$, up to a logarithm for the residual.
//!
//! # Algorithm
//! For $k = 0, 1, 2, \dots$
//! 1. $x_{k+1} = \frac1{k+2}\,x_0 + \frac{k+1}{k+2}\,Tx_k$. The first weight on $x_0$ is ½.
//! 2. Report the residual $x_{k+1} - Tx_{k+1}$ ([`residual`]) and the normalised iterate
//!    $-\frac2{k+1}(x_{k+1} - x_0)$ ([`normalised_iterate`] with drift ½: for a translation by $-v$
//!    one has $x_k - x_0 = -\frac k2v$ exactly).
//!
//! # Theorems
//! With $H_k = 1 + \frac12 + \dots + \frac1k$ (Theorem 8)
//! $$|x_k - Tx_k - v|^2 \le \left(\frac{\sqrt{H_k + 12} + 1}{k+1}\right)^2R^2.$$
//! No method with $x_k \in x_0 + \mathrm{span}\{x_j - Tx_j\}_{j<k}$ is below $4R^2/(k+1)^2$ on every
//! $T$; Halpern's iteration attains it on the negated shift
//! ([`NegatedShift`](super::instances::NegatedShift)). For comparison, Picard's normalised iterate
//! and the averaged iteration with weight $\theta$ have
//! $$\left|\tfrac1k(x_k - x_0) + v\right|^2 \le \frac{4R^2}{k^2}, \qquad
//!   \min_{j\le k}|x_j - Tx_j - v|^2 \le \frac{R^2}{\theta(1-\theta)(k+1)}.$$
//!
//! # What to beware of
//! The alternating projection $P_AP_B$ has a fixed point even when $A$ and $B$ are disjoint (the
//! nearest pair): it cannot detect anything. Douglas–Rachford can.
//!
//! # Cost
//! One application of $T$ and $O(n)$ per step; $O(n)$ memory.
//!
//! # Reference
//! J. Park and E. K. Ryu, *Accelerated Infeasibility Detection of Constrained Optimization and
//! Fixed-Point Iterations*, ICML 2023, [arXiv:2303.15876](https://arxiv.org/abs/2303.15876). For
//! $v = 0$ the exact rate $4R^2/(k+1)^2$ is F. Lieder's, *On the convergence rate of the
//! Halpern-iteration*, Optimization Letters 15 (2021).

use rand::Rng;

use super::{Method, Operator};
use crate::Result;
use crate::error::{at_least_one, positive, same_size};
use crate::math::first_order::starting_point;

/// Halpern's iteration, anchored at the start. Its iterates drift by −v/2 a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Halpern;

/// State of [`Halpern`]: the anchor x₀, the iterate x_k, its image's buffer, and k.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    anchor: Vec<f64>,
    x: Vec<f64>,
    image: Vec<f64>,
    k: usize,
}

impl<T: Operator + ?Sized> Method<T> for Halpern {
    type State = State;

    fn start(&self, problem: &T, x0: &[f64]) -> Result<State> {
        let x = starting_point(problem.dim(), x0)?;
        Ok(State { anchor: x.clone(), image: vec![0.0; x.len()], x, k: 0 })
    }

    fn step(&self, problem: &T, state: &mut State, _rng: &mut dyn Rng) -> Result<()> {
        problem.apply(&state.x, &mut state.image);
        // Step 1: towards the image, pulled back to the anchor with weight 1/(k+2).
        let pull = 1.0 / (state.k as f64 + 2.0);
        for ((x, anchor), image) in state.x.iter_mut().zip(&state.anchor).zip(&state.image) {
            *x = pull * anchor + (1.0 - pull) * image;
        }
        state.k += 1;
        Ok(())
    }

    fn output<'a>(&self, state: &'a State) -> &'a [f64] {
        &state.x
    }
}

/// Step 2, first estimate of v: writes x − Tx into `estimate`.
///
/// # Errors
/// `x` or `estimate` not of the operator's dimension.
pub fn residual(operator: &(impl Operator + ?Sized), x: &[f64], estimate: &mut [f64]) -> Result<()> {
    same_size("x", operator.dim(), x.len())?;
    same_size("estimate", operator.dim(), estimate.len())?;
    operator.apply(x, estimate);
    estimate.iter_mut().zip(x).for_each(|(e, x)| *e = x - *e);
    Ok(())
}

/// Step 2, second estimate of v: writes −(x_k − x₀)/(`drift`·k) into `estimate`.
///
/// `drift` is the speed, in units of −v, at which the method's iterates run away: 1 for Picard, θ
/// for Krasnosel'skiĭ–Mann, ½ for Halpern.
///
/// # Errors
/// k = 0, a drift that is not positive and finite, or slices of different sizes.
pub fn normalised_iterate(x0: &[f64], x: &[f64], k: usize, drift: f64, estimate: &mut [f64]) -> Result<()> {
    at_least_one("k", k)?;
    positive("drift", drift)?;
    same_size("x", x0.len(), x.len())?;
    same_size("estimate", x0.len(), estimate.len())?;
    let scale = drift * k as f64;
    for ((e, x), x0) in estimate.iter_mut().zip(x).zip(x0) {
        *e = (x0 - x) / scale;
    }
    Ok(())
}
