//! Online generalised linear regression by follow the regularised leader, and a bandit for rounds of unequal noise.
//!
//! The regression is the paper's; the bandit is our reading from memory of its multi-layer method, with ridge
//! regression in every layer (the identity link) and the textbook radius.
//!
//! # Problem
//! *Regression.* In round $t$ a vector $x_t$ with $\|x_t\| \le L$ is shown, the learner predicts with
//! $\theta_t$, and sees $y_t = g(\langle x_t, \theta^* \rangle) + \text{noise}$. Labels are not bounded, the noise
//! is $\sigma$-sub-Gaussian. With $G' = g$ the loss is $G(\langle x, \theta \rangle) - y \langle x, \theta \rangle$,
//! and the regret is the sum of its expectation at $\theta_t$ less that at $\theta^*$.
//!
//! *Bandit.* Round $t$ offers a decision set and announces the level $\sigma_t$ of its noise.
//!
//! # Idea
//! With stochastic labels the leader's regret is the variance of its estimate: about $\sigma^2 d / t$ in round
//! $t$, hence $\sigma^2 d \log T$, although the labels are unbounded. In the bandit, sort the rounds into layers
//! of similar noise and regress in each alone: a quiet layer is not spoilt by loud rounds, and of all the
//! upper confidence bounds the smallest counts.
//!
//! # Algorithm: follow the regularised leader
//! 1. $\theta_{t+1} = \arg\min_\theta \frac{\lambda}{2} \|\theta\|^2 + \sum_{s \le t} G(\langle x_s, \theta \rangle) - y_s \langle x_s, \theta \rangle$:
//!    ridge regression for the identity link, Newton's method from $\theta_t$ else.
//!
//! # Algorithm: multi-layer optimism (MOR-UCB)
//! 1. Layers $l = 1, \dots, \lceil \log_2(\sigma_{\max}/\sigma_{\min}) \rceil$, each with
//!    $\Sigma_l = \lambda I + \sum x x^\top$ and its ridge estimate $\hat\theta_l$.
//! 2. $\beta_l = 2^l \sigma_{\min} \sqrt{d \ln(1 + t L^2/(d \lambda)) + 2 \ln(1/\delta)} + \sqrt{\lambda} B$.
//! 3. Play the largest $\min_l \langle x, \hat\theta_l \rangle + \beta_l \|x\|_{\Sigma_l^{-1}}$.
//! 4. Add the round to the layer $l$ with $\sigma_t \in (2^{l-1}, 2^l] \sigma_{\min}$.
//!
//! # Theorem
//! The regret of the leader is $O(\sigma^2 d \log T) + o(\log T)$, and no method has less than
//! $\Omega(\sigma^2 d \log(T/d))$ (abstract). The regret of the bandit grows with $\sqrt{\sum_t \sigma_t^2}$
//! instead of $\sigma_{\max} \sqrt{T}$.
//!
//! # Cost
//! A round of the leader costs $O(d^2)$ for the identity link, else $O(t d^2 + d^3)$ a Newton step. A round of
//! the bandit costs $O(|D| d^2)$ a layer.
//!
//! # Reference
//! Heyang Zhao, Dongruo Zhou, Jiafan He, Quanquan Gu, *Optimal Online Generalized Linear Regression with
//! Stochastic Noise and Its Application to Heteroscedastic Bandits*, ICML 2023, arXiv
//! [2202.13603](https://arxiv.org/abs/2202.13603).

mod mor_ucb;

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

pub use mor_ucb::MorUcb;

use super::primitives::Ridge;
use crate::math::vector::{dot, norm};
use crate::{Error, Result, error};

/// How the mean of a label depends on z = ⟨x, θ⟩.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// g(z) = z.
    Identity,
    /// g(z) = 1/(1 + e^{−z}).
    Logistic,
}

impl Link {
    /// g(z), the mean of the label.
    pub fn mean(self, z: f64) -> f64 {
        match self {
            Link::Identity => z,
            Link::Logistic => 1.0 / (1.0 + (-z).exp()),
        }
    }

    /// G(z) = ∫₀ᶻ g, up to a constant.
    pub fn potential(self, z: f64) -> f64 {
        match self {
            Link::Identity => 0.5 * z * z,
            // ln(1 + eᶻ) without overflow.
            Link::Logistic => z.max(0.0) + (-z.abs()).exp().ln_1p(),
        }
    }

    /// g′(z) > 0.
    pub fn slope(self, z: f64) -> f64 {
        match self {
            Link::Identity => 1.0,
            Link::Logistic => self.mean(z) * self.mean(-z),
        }
    }

    /// The expected loss at z less that at `truth`, where the label's mean is g(`truth`): the Bregman divergence
    /// G(z) − G(truth) − g(truth)(z − truth) ≥ 0. For the identity it is half the squared error.
    pub fn regret(self, z: f64, truth: f64) -> f64 {
        match self {
            Link::Identity => 0.5 * (z - truth).powi(2),
            Link::Logistic => {
                let linear = self.mean(truth) * (z - truth);
                (self.potential(z) - self.potential(truth) - linear).max(0.0)
            }
        }
    }
}

/// A learner that predicts ⟨x, θ⟩ before it sees the label of x.
pub trait Regressor {
    /// The estimate of ⟨x, θ*⟩.
    fn predict(&self, x: &[f64]) -> f64;

    /// Learns the label y of x.
    ///
    /// # Errors
    /// x has another dimension or is too long, y is not finite, or the estimate leaves the finite numbers.
    fn observe(&mut self, x: &[f64], y: f64) -> Result<()>;
}

/// Follow the regularised leader.
#[derive(Debug, Clone, PartialEq)]
pub struct Ftrl {
    length: f64,
    leader: Leader,
}

#[derive(Debug, Clone, PartialEq)]
enum Leader {
    Ridge(Ridge),
    Newton(Newton),
}

impl Ftrl {
    /// In dimension `dim`, with regulariser `lambda` > 0, for vectors no longer than `length` > 0.
    ///
    /// # Errors
    /// `dim` is zero, or `lambda` or `length` is not positive and finite.
    pub fn new(link: Link, dim: usize, lambda: f64, length: f64) -> Result<Self> {
        error::positive("length", length)?;
        // For the identity the minimiser has a closed form; the other links share its checks.
        let ridge = Ridge::new(dim, lambda)?;
        let leader = match link {
            Link::Identity => Leader::Ridge(ridge),
            link => Leader::Newton(Newton::new(link, dim, lambda)),
        };
        Ok(Self { length, leader })
    }

    /// The current leader θ.
    pub fn theta(&self) -> &[f64] {
        match &self.leader {
            Leader::Ridge(ridge) => ridge.theta(),
            Leader::Newton(newton) => newton.theta.as_slice(),
        }
    }
}

impl Regressor for Ftrl {
    fn predict(&self, x: &[f64]) -> f64 {
        dot(x, self.theta())
    }

    fn observe(&mut self, x: &[f64], y: f64) -> Result<()> {
        error::same_size("x", self.theta().len(), x.len())?;
        let length = norm(x);
        if !(length <= self.length * (1.0 + 1e-9)) {
            return Err(Error::OutOfRange { name: "x", value: length, requirement: "no longer than L" });
        }
        error::finite("y", y)?;
        match &mut self.leader {
            Leader::Ridge(ridge) => {
                ridge.add(x, y, 1.0);
                match ridge.theta().iter().all(|entry| entry.is_finite()) {
                    true => Ok(()),
                    false => Err(Error::Diverged { name: "theta", steps: ridge.observations() as usize }),
                }
            }
            Leader::Newton(newton) => newton.observe(x, y),
        }
    }
}

/// The leader of a link without a closed form.
#[derive(Debug, Clone, PartialEq)]
struct Newton {
    link: Link,
    lambda: f64,
    theta: DVector<f64>,
    /// All x so far, one after the other, and their labels.
    vectors: Vec<f64>,
    labels: Vec<f64>,
    /// Σ|y|·|x|, the scale of the gradient's rounding.
    scale: f64,
}

impl Newton {
    const TOLERANCE: f64 = 1e-10;
    const MAX_STEPS: usize = 200;

    fn new(link: Link, dim: usize, lambda: f64) -> Self {
        let (vectors, labels) = (Vec::new(), Vec::new());
        Self { link, lambda, theta: DVector::zeros(dim), vectors, labels, scale: 1.0 }
    }

    /// λθ + Σ (g(⟨x, θ⟩) − y) x.
    fn gradient(&self, theta: &DVector<f64>) -> DVector<f64> {
        let mut gradient = theta * self.lambda;
        for (x, y) in self.vectors.chunks_exact(theta.len()).zip(&self.labels) {
            let excess = self.link.mean(dot(x, theta.as_slice())) - y;
            gradient.iter_mut().zip(x).for_each(|(entry, xi)| *entry += excess * xi);
        }
        gradient
    }

    /// The Cholesky factor of λI + Σ g′(⟨x, θ⟩) xxᵀ.
    fn hessian(&self) -> Option<Cholesky<f64, Dyn>> {
        let dim = self.theta.len();
        let mut hessian = DMatrix::identity(dim, dim) * self.lambda;
        for x in self.vectors.chunks_exact(dim) {
            let slope = self.link.slope(dot(x, self.theta.as_slice()));
            let x = nalgebra::DVectorView::from_slice(x, dim);
            hessian.ger(slope, &x, &x, 1.0);
        }
        Cholesky::new(hessian)
    }

    fn observe(&mut self, x: &[f64], y: f64) -> Result<()> {
        self.vectors.extend_from_slice(x);
        self.labels.push(y);
        self.scale += (1.0 + y.abs()) * norm(x);
        let mut gradient = self.gradient(&self.theta);
        for step in 0..Self::MAX_STEPS {
            let size = gradient.norm();
            if !size.is_finite() {
                return Err(Error::Diverged { name: "theta", steps: step });
            }
            if size <= Self::TOLERANCE * self.scale {
                return Ok(());
            }
            let factor = self.hessian().ok_or(Error::Diverged { name: "theta", steps: step })?;
            let direction = factor.solve(&gradient);
            // Damping: the gradient's length falls along Newton's direction, so some halving shortens it.
            let shorter = |length: f64| {
                let theta = &self.theta - &direction * length;
                let gradient = self.gradient(&theta);
                (gradient.norm() <= (1.0 - 0.25 * length) * size).then_some((theta, gradient))
            };
            let halvings = std::iter::successors(Some(1.0), |length| Some(length / 2.0)).take(60);
            let Some(found) = halvings.into_iter().find_map(shorter) else { break };
            (self.theta, gradient) = found;
        }
        Err(Error::NotConverged { name: "Newton's method", steps: Self::MAX_STEPS })
    }
}
