//! The chain: a smooth function that no gradient method can minimise fast.
//!
//! # Problem
//! How small can $f(x_t) - f(x^\*)$ be made, in the worst case over $\beta$-smooth convex $f$, by a
//! method that starts at $x_1 = 0$ and whose iterates stay in the span of the gradients it has seen,
//! $x_{s+1} \in \mathrm{span}(\nabla f(x_1), \dots, \nabla f(x_s))$?
//!
//! # Idea
//! Couple the coordinates in a chain, with a force on the first one only. While coordinate $i+1$ is
//! zero, the gradient says nothing about coordinate $i+2$: each gradient reveals one more link. After
//! $t - 1$ gradients all links from the $t$-th on are still at zero, while the minimiser is spread
//! over the whole chain.
//!
//! # Construction
//! With the tridiagonal $A$ (2 on the diagonal, −1 beside it) on $k$ coordinates,
//! $$f(x) = \frac{\beta-\alpha}8\left(x^\top A x - 2x_1\right) + \frac\alpha2|x|^2.$$
//! It is $\beta$-smooth, since $A \preceq 4I$, and $\alpha$-strongly convex.
//! 1. Smooth ($\alpha = 0$): $k = 2t + 1$. The minimiser is a straight line,
//!    $x^\*_i = 1 - i/(k+1)$, and $f(x^\*) = -\frac\beta8(1 - \frac1{k+1})$.
//! 2. Strongly convex: $k = \infty$. The minimiser is geometric, $x^\*_i = q^i$ with
//!    $q = \frac{\sqrt\kappa-1}{\sqrt\kappa+1}$. Here the chain is cut at $k = t + 10\sqrt\kappa$,
//!    where $q^k$ is below $e^{-20}q^t$, and $x^\*$ is the exact minimiser of the cut chain.
//!
//! # Theorems
//! For every such method (Theorems 3.14 and 3.15)
//! $$\min_{s\le t} f(x_s) - f(x^\*) \ge \frac{3\beta}{32}\frac{R^2}{(t+1)^2}, \qquad
//!   f(x_t) - f(x^\*) \ge \frac\alpha2\,q^{2(t-1)} R^2.$$
//! A method that looks behind the oracle, such as
//! [`Newton`](crate::convex::baselines::Newton), is not bound by them.
//!
//! # Cost
//! $O(k)$ for a value, a gradient, the minimiser, or a solve with the Hessian.
//!
//! # Reference
//! S. Bubeck, *Convex Optimization: Algorithms and Complexity*, section 3.5,
//! [arXiv:1405.4980](https://arxiv.org/abs/1405.4980).

use crate::Result;
use crate::error::{Error, at_least_one, non_negative, positive};
use crate::math::first_order::{Objective, Solved};

/// f(x) = (β−α)/8·(xᵀAx − 2x₁) + α/2·|x|² on ℝᵏ, with A = tridiag(−1, 2, −1).
#[derive(Debug, Clone, PartialEq)]
pub struct NesterovChain {
    alpha: f64,
    beta: f64,
    minimizer: Vec<f64>,
}

impl NesterovChain {
    /// The chain of `length` links, `beta`-smooth and `alpha`-strongly convex.
    ///
    /// # Errors
    /// `length` = 0; `beta` not positive and finite; `alpha` negative, not finite or ≥ `beta`.
    pub fn new(length: usize, alpha: f64, beta: f64) -> Result<Self> {
        at_least_one("length", length)?;
        non_negative("alpha", alpha)?;
        positive("beta", beta)?;
        if alpha >= beta {
            return Err(Error::OutOfRange { name: "alpha", value: alpha, requirement: "below beta" });
        }
        let mut chain = Self { alpha, beta, minimizer: Vec::new() };
        chain.minimizer = if alpha == 0.0 {
            (1..=length).map(|i| 1.0 - i as f64 / (length + 1) as f64).collect()
        } else {
            // ∇f(x*) = 0: the Hessian times x* is the force (β−α)/4 on the first link.
            let mut force = vec![0.0; length];
            force[0] = chain.coupling();
            chain.solve_hessian(&mut force);
            force
        };
        Ok(chain)
    }

    /// The instance of Theorem 3.14 against `t` iterates: 2t + 1 links, α = 0.
    ///
    /// # Errors
    /// `t` = 0, or those of [`new`](Self::new).
    pub fn smooth(t: usize, beta: f64) -> Result<Self> {
        at_least_one("t", t)?;
        Self::new(2 * t + 1, 0.0, beta)
    }

    /// The instance of Theorem 3.15 against `t` iterates: t + 10√κ links instead of infinitely many.
    ///
    /// # Errors
    /// `t` = 0, κ = `beta`/`alpha` above 10¹², or those of [`new`](Self::new).
    pub fn strongly_convex(t: usize, alpha: f64, beta: f64) -> Result<Self> {
        at_least_one("t", t)?;
        positive("alpha", alpha)?;
        let kappa = beta / alpha;
        if kappa.is_nan() || kappa > 1e12 {
            return Err(Error::OutOfRange {
                name: "beta / alpha",
                value: kappa,
                requirement: "at most 1e12",
            });
        }
        Self::new(t + (10.0 * kappa.sqrt()).ceil() as usize, alpha, beta)
    }

    /// The smoothness β.
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// The strong convexity α.
    pub fn alpha(&self) -> f64 {
        self.alpha
    }

    /// How many links `x` has revealed: the position of its last non-zero coordinate, 0 if none.
    pub fn revealed(x: &[f64]) -> usize {
        x.iter().rposition(|&coordinate| coordinate != 0.0).map_or(0, |last| last + 1)
    }

    /// Replaces `v` by H⁻¹`v`, where H = (β−α)/4·A + αI is the Hessian: elimination from the first
    /// link to the last and back (Thomas), stable because H is diagonally dominant.
    pub fn solve_hessian(&self, v: &mut [f64]) {
        let off = -self.coupling();
        let diagonal = 2.0 * self.coupling() + self.alpha;
        let mut ratios = vec![0.0; v.len()];
        let (mut ratio, mut carried) = (0.0, 0.0);
        for (slot, value) in ratios.iter_mut().zip(v.iter_mut()) {
            let pivot = diagonal - off * ratio;
            ratio = off / pivot;
            carried = (*value - off * carried) / pivot;
            (*slot, *value) = (ratio, carried);
        }
        let mut next = 0.0;
        for (value, ratio) in v.iter_mut().zip(&ratios).rev() {
            *value -= ratio * next;
            next = *value;
        }
    }

    /// (β−α)/4, the stiffness of a link.
    fn coupling(&self) -> f64 {
        (self.beta - self.alpha) / 4.0
    }

    /// ½·xᵀHx, as a sum of squares: xᵀAx = x₁² + Σ(x_i − x_{i+1})² + x_k².
    fn energy(&self, x: impl Iterator<Item = f64>) -> f64 {
        let (mut stretch, mut squares, mut previous) = (0.0, 0.0, 0.0);
        for value in x {
            stretch += (value - previous) * (value - previous);
            squares += value * value;
            previous = value;
        }
        stretch += previous * previous;
        (self.coupling() * stretch + self.alpha * squares) / 2.0
    }
}

impl Objective for NesterovChain {
    fn dim(&self) -> usize {
        self.minimizer.len()
    }

    fn value(&self, x: &[f64]) -> f64 {
        self.energy(x.iter().copied()) - self.coupling() * x[0]
    }

    fn gradient(&self, x: &[f64], gradient: &mut [f64]) {
        let c = self.coupling();
        let mut before = 1.0; // The force on the first link acts like a neighbour held at 1.
        for (i, g) in gradient.iter_mut().enumerate() {
            let after = x.get(i + 1).copied().unwrap_or(0.0);
            *g = c * ((x[i] - before) + (x[i] - after)) + self.alpha * x[i];
            before = x[i];
        }
    }
}

impl Solved for NesterovChain {
    fn minimizer(&self) -> &[f64] {
        &self.minimizer
    }

    /// ½(x − x*)ᵀH(x − x*).
    fn gap(&self, x: &[f64]) -> f64 {
        self.energy(x.iter().zip(&self.minimizer).map(|(x, m)| x - m))
    }
}
