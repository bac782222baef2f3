//! DS-OFUL and SupLinUCB: constant regret in a linear bandit whose model is a little wrong.
//!
//! Our reading, in one place: the paper's $\iota_2(l)$ of SupLinUCB is printed with a factor $d$ missing under
//! the logarithm; it is used here as its own lemma gives it.
//!
//! # Problem
//! Round $k$ offers a decision set $D_k \subset \mathbb{R}^d$ of vectors with $\|x\| \le L$. Action $x$ has
//! mean reward $r(x) = \langle x, \theta^* \rangle + \eta(x)$ with $\|\theta^*\| \le B$ and
//! $R$-sub-Gaussian noise. The model is *misspecified*: all that is known of $\eta$ is
//! $|\eta(x)| \le \zeta$. Every action is either optimal or worse than the best one by at least the gap
//! $\Delta$.
//!
//! # Idea
//! Regression on all rounds adds up the errors $\eta$: after $K$ rounds its confidence radius must be
//! $\zeta \sqrt{K}$, or it may be confidently wrong for ever. So regress on *few* rounds, those that were
//! uncertain when they were played. Their number does not grow with $K$, so neither does the radius, and a
//! round that was certain is played without regret because its uncertainty is below the gap.
//!
//! # Algorithm: DS-OFUL (data selection)
//! With the data set $C$ empty, in each round:
//! 1. $U = \lambda I + \sum_{i \in C} x_i x_i^\top$ and $\theta = U^{-1} \sum_{i \in C} r_i x_i$.
//! 2. Play $x_k$, the largest $\langle x, \theta \rangle + \beta \|x\|_{U^{-1}}$ of $D_k$.
//! 3. Add the round to $C$ if and only if $\|x_k\|_{U^{-1}} \ge \Gamma$.
//!
//! # Algorithm: SupLinUCB, which does not know the gap
//! With data sets $C^1, C^2, \dots$ empty, round $k$ starts at level $l = 1$ with $D = D_k$ and repeats:
//! 1. $U^l$ and $\theta^l$ as above from $C^l$; $r^l(x) = \langle x, \theta^l \rangle + \beta(l) \|x\|_{(U^l)^{-1}}$.
//! 2. If some $x \in D$ has $\|x\|_{(U^l)^{-1}} \ge 2^{-l}$, play the one of largest width and add it to $C^l$.
//! 3. Else, if $k \le 4^l d$, play the largest $r^l(x)$ and add the round to no set.
//! 4. Else keep only $x$ with $\max_D r^l - r^l(x) \le 3 \beta(l) 2^{-l}$ in $D$, and go to level $l + 1$.
//!
//! # Parameters
//! $\lambda = B^{-2}$. Theorem 4.4.1 sets $\Gamma = \Delta / (2 \sqrt{d} \iota_1)$ and
//! $\beta = 1 + 4 \sqrt{d \iota_2} + R \sqrt{2 d \iota_3}$ with
//! $\iota_1 = (24 + 18 R) \ln((72 + 54 R) L B \sqrt{d} / \Delta) + \sqrt{8 R^2 \ln(1/\delta)}$,
//! $\iota_2 = \ln(3 L B / \Gamma)$, $\iota_3 = \ln((1 + 16 L^2 B^2 \Gamma^{-2} \iota_2)/\delta)$
//! ([`DsOful::tuned`]). These constants are far too large to see anything, so there is also the radius of its
//! Lemma 4.4.6, $\beta_k = 1 + R \sqrt{2 d \ln((d + |C| L^2 B^2)/(d \delta))} + \zeta \sqrt{|C|}$, with any
//! $\Gamma$ ([`DsOful::new`]); $\Gamma = 0$ is OFUL.
//!
//! # Theorem
//! If $2 \sqrt{d} \zeta \iota_1 \le \Delta$, the regret of DS-OFUL is $O(d^2 / \Delta)$ up to
//! logarithms of $d$, $1/\Delta$ and $1/\delta$, with probability $1 - \delta$ and *for every number of
//! rounds* (Theorem 4.4.1). SupLinUCB has the same (Theorem 4.5.1). A misspecification
//! $\zeta \ge \Omega(\Delta/\sqrt{d})$ cannot be learned (Theorem 4.6.1).
//!
//! # Cost
//! $O(|D| d^2)$ a round for DS-OFUL, times the $O(\log k)$ levels for SupLinUCB.
//!
//! # Reference
//! Weitong Zhang, Jiafan He, Zhiyuan Fan, Quanquan Gu, *On the Interplay Between Misspecification and
//! Sub-optimality Gap in Linear Contextual Bandits*, ICML 2023, arXiv
//! [2303.09390](https://arxiv.org/abs/2303.09390). The statements are numbered as in chapter 4 of the first
//! author's thesis.

mod sup_lin_ucb;

use rand::Rng;

pub use sup_lin_ucb::SupLinUcb;

use super::primitives::{Ridge, argmax};
use super::{Actions, Policy};
use crate::math::vector::norm;
use crate::{Error, Result, error};

/// What a learner is told about the problem.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assumptions {
    /// The dimension d ≥ 1.
    pub dim: usize,
    /// L in [1, 1e75], no action is longer.
    pub length: f64,
    /// B in [1, 1e75], θ* is no longer.
    pub bound: f64,
    /// R ≥ 0, the noise is R-sub-Gaussian.
    pub noise: f64,
    /// ζ ≥ 0, means are within ζ of linear.
    pub misspecification: f64,
    /// δ in (0, 1), the probability with which a promise may fail.
    pub delta: f64,
}

impl Assumptions {
    fn check(self) -> Result<Self> {
        error::at_least_one("dim", self.dim)?;
        for (name, value) in [("length", self.length), ("bound", self.bound)] {
            if !(1.0..=1e75).contains(&value) {
                return Err(Error::OutOfRange { name, value, requirement: "in [1, 1e75]" });
            }
        }
        error::non_negative("noise", self.noise)?;
        error::non_negative("misspecification", self.misspecification)?;
        error::open_unit("delta", self.delta)?;
        Ok(self)
    }

    /// λ = B⁻².
    pub fn lambda(&self) -> f64 {
        self.bound.powi(-2)
    }

    /// (L·B)².
    fn scale(&self) -> f64 {
        (self.length * self.bound).powi(2)
    }

    /// The confidence radius of Lemma 4.4.6 when `kept` rounds are regressed on:
    /// 1 + R√(2d ln((d + kept·L²B²)/(dδ))) + ζ√kept.
    pub fn radius(&self, kept: u64) -> f64 {
        let (d, kept) = (self.dim as f64, kept as f64);
        let log = (kept * self.scale() / d).ln_1p() - self.delta.ln();
        1.0 + self.noise * (2.0 * d * log).sqrt() + self.misspecification * kept.sqrt()
    }

    /// The confidence radius β(l) = 1 + R√(2d ι₂(l)) of SupLinUCB's level l ≥ 1, with
    /// ι₂(l) = ln((2^l + 16L²B²8^l ln(3LB2^l))/δ): the share δ/2^l of the failures at the largest |C^l|.
    pub fn level_radius(&self, level: u32) -> f64 {
        let power = 2f64.powi(level as i32);
        let most = 16.0 * self.scale() * power.powi(3) * (3.0 * self.length * self.bound * power).ln();
        1.0 + self.noise * (2.0 * self.dim as f64 * ((power + most).ln() - self.delta.ln())).sqrt()
    }

    /// Γ and β of Theorem 4.4.1 for the gap Δ.
    ///
    /// # Errors
    /// The gap is not in [1e-75, 1], or so small beside the misspecification that 2√d·ζ·ι₁ > Δ.
    pub fn tuned(&self, gap: f64) -> Result<(f64, f64)> {
        self.check()?;
        // A smaller gap would leave no finite radius.
        if !(1e-75..=1.0).contains(&gap) {
            return Err(Error::OutOfRange { name: "gap", value: gap, requirement: "in [1e-75, 1]" });
        }
        let (d, r) = (self.dim as f64, self.noise);
        let (lb, log) = (self.length * self.bound, -self.delta.ln());
        let iota1 =
            (24.0 + 18.0 * r) * ((72.0 + 54.0 * r) * lb * d.sqrt() / gap).ln() + (8.0 * r * r * log).sqrt();
        let gamma = gap / (2.0 * d.sqrt() * iota1);
        if !(2.0 * d.sqrt() * self.misspecification * iota1 <= gap) {
            let (name, value) = ("misspecification", self.misspecification);
            return Err(Error::OutOfRange { name, value, requirement: "at most the threshold Γ" });
        }
        let iota2 = (3.0 * lb / gamma).ln();
        let iota3 = (1.0 + 16.0 * self.scale() * iota2 / (gamma * gamma)).ln() + log;
        Ok((gamma, 1.0 + 4.0 * (d * iota2).sqrt() + r * (2.0 * d * iota3).sqrt()))
    }

    /// Refuses decision sets of another dimension or with too long an action.
    fn admit(&self, actions: &Actions) -> Result<()> {
        error::same_size("actions", self.dim, actions.dim())?;
        match actions.iter().map(norm).find(|&length| !(length <= self.length * (1.0 + 1e-9))) {
            Some(value) => Err(Error::OutOfRange { name: "actions", value, requirement: "no longer than L" }),
            None => Ok(()),
        }
    }
}

/// A policy that regresses on some of its rounds only.
pub trait Selective: Policy<Context = Actions, Feedback = f64> {
    /// On how many rounds it regresses so far.
    fn kept(&self) -> u64;

    /// The half-width β‖x‖ of its confidence interval around ⟨x, θ*⟩.
    fn half_width(&self, x: &[f64]) -> f64;
}

/// The data-selecting OFUL.
#[derive(Debug, Clone, PartialEq)]
pub struct DsOful {
    assumptions: Assumptions,
    gamma: f64,
    /// The radius, if it does not follow the number of rounds kept.
    beta: Option<f64>,
    ridge: Ridge,
    played: Vec<f64>,
    keep: bool,
}

impl DsOful {
    /// Keeps rounds whose width is at least `gamma` ≥ 0, with the radius of Lemma 4.4.6.
    ///
    /// # Errors
    /// An assumption is outside its range, or `gamma` is negative or not finite.
    pub fn new(assumptions: Assumptions, gamma: f64) -> Result<Self> {
        let ridge = Ridge::new(assumptions.check()?.dim, assumptions.lambda())?;
        let played = vec![0.0; assumptions.dim];
        let gamma = error::non_negative("gamma", gamma)?;
        Ok(Self { assumptions, gamma, beta: None, ridge, played, keep: false })
    }

    /// With Γ and β of Theorem 4.4.1 for the gap Δ.
    ///
    /// # Errors
    /// An assumption is outside its range, the gap is not in [1e-75, 1], or 2√d·ζ·ι₁ > Δ.
    pub fn tuned(assumptions: Assumptions, gap: f64) -> Result<Self> {
        let (gamma, beta) = assumptions.tuned(gap)?;
        Ok(Self { beta: Some(beta), ..Self::new(assumptions, gamma)? })
    }

    /// The regression.
    pub fn ridge(&self) -> &Ridge {
        &self.ridge
    }

    fn beta(&self) -> f64 {
        self.beta.unwrap_or_else(|| self.assumptions.radius(self.kept()))
    }
}

impl Selective for DsOful {
    fn kept(&self) -> u64 {
        self.ridge.observations()
    }

    fn half_width(&self, x: &[f64]) -> f64 {
        self.beta() * self.ridge.width(x)
    }
}

impl Policy for DsOful {
    type Context = Actions;
    type Feedback = f64;

    /// # Errors
    /// The decision set has another dimension, or an action longer than L.
    fn choose(&mut self, actions: &Actions, rng: &mut dyn Rng) -> Result<usize> {
        self.assumptions.admit(actions)?;
        // Step 2.
        let beta = self.beta();
        let scores = actions.iter().map(|x| self.ridge.predict(x) + beta * self.ridge.width(x));
        let arm = argmax(scores, rng).ok_or(Error::Empty { name: "actions" })?;
        self.played.copy_from_slice(actions.get(arm));
        // Step 3 looks at U before the round.
        self.keep = self.ridge.width(&self.played) >= self.gamma;
        Ok(arm)
    }

    fn observe(&mut self, _: usize, reward: &f64) -> Result<()> {
        let reward = error::finite("reward", *reward)?;
        if std::mem::take(&mut self.keep) {
            self.ridge.add(&self.played, reward, 1.0);
        }
        Ok(())
    }
}
