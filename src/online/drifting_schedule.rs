//! Learning rates when the target moves: optimal for online linear regression, tuned for convex losses.
//!
//! The paper finds the optimal schedule through the continuous-time limit of SGD, a stochastic differential
//! equation; here the same object is computed from the exact discrete recursion of the expected error, of which
//! the paper's differential equation is the limit of small steps (derived below, checked exactly). Theorem
//! numbers and the constants of the convex part are ours. The non-convex part is left out.
//!
//! # Problem
//! Before round $t$ the truth is $\theta^\*_t$. A batch of $B$ examples $y = \langle x, \theta^\*_t\rangle +
//! N(0, \sigma^2)$ with $x \sim N(0, I_d)$ arrives, SGD makes one step of rate $\eta_t$, and the truth moves by
//! $\gamma_t$. The regret is $\sum_t \tfrac12 \mathbb{E} \lVert\theta_t - \theta^\*_t\rVert^2$. How should
//! $\eta_t$ depend on the drift?
//!
//! # Idea
//! With $v_t = \mathbb{E} \lVert\theta_t - \theta^\*_t\rVert^2$, everything that matters about the past is one
//! number, and the best rate is a function of it: large errors are worth large steps. Under a fixed truth it
//! falls like $1/t$, under constant drift it levels off, and a jump of the truth makes it jump too.
//!
//! # Algorithm
//! 1. A step of rate $\eta$ takes $v$ to $v' = v\bigl[(1-\eta)^2 + \eta^2 \tfrac{d+1}{B}\bigr] + \eta^2
//!    \tfrac{d\sigma^2}{B}$, because $\mathbb{E} S^2 = (1 + \tfrac{d+1}{B}) I$ for $S = \tfrac1B \sum x x^\top$.
//! 2. The drift takes $v'$ to $v' + \gamma^2$ if its direction is independent of the past and of mean zero, and
//!    at worst to $(\sqrt{v'} + \gamma)^2$.
//! 3. The optimal rate is the minimiser of step 1, $\eta^\* = v / \bigl(v (1 + \tfrac{d+1}{B}) +
//!    \tfrac{d\sigma^2}{B}\bigr)$, run forward from $v_1$ with the known or estimated $\gamma_t$.
//! 4. *Convex losses* on a set of diameter $D$, gradients of length at most $G$: projected descent
//!    ([`convex::ProjectedDescent`]) with $\eta = \sqrt{(D^2 + 2 D P_T)/(G^2 T)}$, where $P_T = \sum \gamma_t$, or
//!    with the same formula of the present $t$ and $P_t$ ([`convex::RunningRate`]).
//!
//! # Theorem
//! Greedy is optimal: $v'$ is increasing in $v$, so the schedule of step 3 minimises every $v_t$ at once, and
//! $\sum_t v_t$ among all schedules. It increases after round $t$ exactly if $\gamma_t^2 > v_t - v_t'$. For convex
//! losses and constant $\eta$
//! $$ \sum_t f_t(\theta_t) - f_t(\theta^\*_t) \le \frac{D^2}{2\eta} + \frac{D P_T}{\eta} + \frac{\eta G^2 T}{2}. $$
//!
//! # Cost
//! O(1) a round for a rate, O(B·d) for a step.
//!
//! # Reference
//! Matthew Fahrbach, Adel Javanmard, Vahab Mirrokni, Pratik Worah, *Learning Rate Schedules in the Presence of
//! Distribution Shift*, ICML 2023, arXiv [2303.15634](https://arxiv.org/abs/2303.15634).

pub mod convex;
pub mod sgd;

use crate::error::{Error, Result, at_least_one, non_negative, same_size};

/// Online linear regression with standard normal inputs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regression {
    dim: usize,
    batch: usize,
    sigma: f64,
}

impl Regression {
    /// Inputs in ℝ^`dim`, `batch` examples a round, label noise of standard deviation `sigma`.
    ///
    /// # Errors
    /// `dim` or `batch` is 0; `sigma` is negative, not finite or above 1e150, where its square overflows.
    pub fn new(dim: usize, batch: usize, sigma: f64) -> Result<Self> {
        at_least_one("dim", dim)?;
        at_least_one("batch", batch)?;
        Ok(Self { dim, batch, sigma: squarable("sigma", sigma)? })
    }

    /// d.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// B.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// σ.
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// dσ²/B: what a step of rate 1 adds through the label noise.
    pub fn noise(&self) -> f64 {
        self.dim as f64 * self.sigma * self.sigma / self.batch as f64
    }

    /// (d + 1)/B: what a step of rate 1 leaves of the error, through the inputs of a small batch.
    pub fn spread(&self) -> f64 {
        (self.dim as f64 + 1.0) / self.batch as f64
    }

    /// Step 1: the expected squared error after a step of rate `eta` from the expected squared error `v`.
    pub fn after_step(&self, v: f64, eta: f64) -> f64 {
        let kept = 1.0 - eta;
        v * (kept * kept + eta * eta * self.spread()) + eta * eta * self.noise()
    }

    /// Step 3: the rate that minimises [`Regression::after_step`], in [0, 1); 0 where there is no error.
    pub fn optimal_rate(&self, v: f64) -> f64 {
        // Divided by v, so that a large v cannot overflow; noise/0 and 0/0 both belong to v = 0.
        if v > 0.0 { 1.0 / (1.0 + self.spread() + self.noise() / v) } else { 0.0 }
    }
}

/// Refuses what is negative or whose square is not finite.
fn squarable(name: &'static str, value: f64) -> Result<f64> {
    non_negative(name, value)?;
    let requirement = "at most 1e150";
    if value <= 1e150 { Ok(value) } else { Err(Error::OutOfRange { name, value, requirement }) }
}

/// In which direction the truth moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    /// Independent of the past, with mean zero.
    Independent,
    /// Straight away from the estimate: the worst direction.
    Aligned,
}

impl Drift {
    /// Step 2: the expected squared error after a move of length `gamma`.
    pub fn after_move(self, v: f64, gamma: f64) -> f64 {
        match self {
            Drift::Independent => v + gamma * gamma,
            Drift::Aligned => (v.sqrt() + gamma).powi(2),
        }
    }
}

/// What the truth does: where it starts, and how far it moves after each step.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    start: f64,
    moves: Vec<f64>,
    drift: Drift,
}

impl Course {
    /// v_1 = `start`, the moves γ_1, …, γ_T, and their direction.
    ///
    /// # Errors
    /// There is no move; one, or √v_1, is negative, not finite or above 1e150.
    pub fn new(start: f64, moves: Vec<f64>, drift: Drift) -> Result<Self> {
        non_negative("start", start)?;
        squarable("sqrt(start)", start.sqrt())?;
        if moves.is_empty() {
            return Err(Error::Empty { name: "moves" });
        }
        moves.iter().try_for_each(|&gamma| squarable("gamma", gamma).map(drop))?;
        Ok(Self { start, moves, drift })
    }

    /// v_1.
    pub fn start(&self) -> f64 {
        self.start
    }

    /// γ_1, …, γ_T.
    pub fn moves(&self) -> &[f64] {
        &self.moves
    }

    /// The expected squared errors v_2, …, v_{T+1} under the rates η_1, …, η_T.
    ///
    /// # Errors
    /// There are not as many rates as moves; the errors overflow (a rate that is not finite does that, too).
    pub fn errors(&self, regression: &Regression, rates: &[f64]) -> Result<Vec<f64>> {
        same_size("rates", self.moves.len(), rates.len())?;
        let mut v = self.start;
        let mut errors = Vec::with_capacity(rates.len());
        for (&eta, &gamma) in rates.iter().zip(&self.moves) {
            v = self.drift.after_move(regression.after_step(v, eta), gamma);
            if !v.is_finite() {
                return Err(Error::Diverged { name: "expected error", steps: errors.len() + 1 });
            }
            errors.push(v);
        }
        Ok(errors)
    }

    /// The optimal rates η*_1, …, η*_T.
    pub fn optimal_schedule(&self, regression: &Regression) -> Vec<f64> {
        let mut v = self.start;
        let mut best = |&gamma: &f64| {
            let eta = regression.optimal_rate(v);
            v = self.drift.after_move(regression.after_step(v, eta), gamma);
            eta
        };
        self.moves.iter().map(&mut best).collect()
    }
}
