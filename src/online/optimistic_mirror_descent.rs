//! Optimistic online mirror descent: gradients between the random and the adversarial, predicted by the one
//! before.
//!
//! **What is ours.** The mirror map is Euclidean, so the method is a projected gradient method, for convex and
//! for strongly convex losses. The paper's versions for exp-concave losses (an online Newton step) and for
//! dynamic regret (a meta-learner over many step sizes) are left out. The constants of the theorems below are
//! derived here, and smaller than what we remember of the paper's; the step sizes are as we remember them.
//!
//! # Problem
//! In the *stochastically extended adversarial* model the loss $f_t$ of round $t$ is drawn from a distribution
//! that an adversary chose for this round. With $F_t = \mathbb{E} f_t$ two numbers describe the sequence:
//! the noise $\sigma^2_{1:T} = \sum_t \max_x \mathbb{E}\|\nabla f_t(x) - \nabla F_t(x)\|^2$ and the movement
//! $\Sigma^2_{1:T} = \sum_t \max_x \|\nabla F_t(x) - \nabla F_{t-1}(x)\|^2$. Independent draws have
//! $\Sigma_{1:T} = 0$, a pure adversary has $\sigma_{1:T} = 0$; a method should pay for what there is.
//!
//! # Idea
//! Before a gradient is seen, step along a guess of it; after, step again from the old place along the truth.
//! Only the *error* of the guess is then paid for. The last gradient is a guess whose error is the noise, the
//! movement, and (for smooth losses) one's own last move, which the analysis gets back from the two steps.
//!
//! # Algorithm
//! Let $K$ have diameter $D$, gradients be at most $G$ long. Start with any $\hat x_1 \in K$ and $M_1 = 0$. In
//! round $t = 1, 2, \dots$:
//!
//! 1. Play $x_t = \Pi_K(\hat x_t - \eta_t M_t)$.
//! 2. See $g_t = \nabla f_t(x_t)$.
//! 3. Move $\hat x_{t+1} = \Pi_K(\hat x_t - \eta_t g_t)$.
//! 4. Guess $M_{t+1} = g_t$, the gradient *at the point played*, not at $\hat x_{t+1}$.
//!
//! The step sizes use nothing from the round itself:
//! - convex losses ([`OptimisticMirrorDescent::convex`]):
//!   $\eta_t = D / \sqrt{\delta + 4G^2 + \sum_{s<t}\|g_s - M_s\|^2}$ with $\delta = 0$, or $\delta = 10D^2L^2$
//!   when the smoothness $L$ is known ([`OptimisticMirrorDescent::smooth`]; from memory);
//! - $\lambda$-strongly convex losses ([`OptimisticMirrorDescent::strongly_convex`]): $\eta_t = 2/(\lambda t)$.
//!
//! # Theorem
//! Write $S = \sum_{t \le T} \|g_t - M_t\|^2$. For every sequence and every $u \in K$,
//! $$\sum_t \langle g_t, x_t - u\rangle \le D\left(\tfrac12\sqrt{4G^2 + S} + \sqrt S\right),
//! \qquad \sum_t f_t(x_t) - f_t(u) \le \frac1\lambda \sum_t \frac{\|g_t - M_t\|^2}{t},$$
//! the second for $\lambda$-strongly convex losses. In expectation $S$ is of the order of
//! $\sigma^2_{1:T} + \Sigma^2_{1:T}$, up to constants, so that the regret is
//! $O(\sqrt{\sigma^2_{1:T}} + \sqrt{\Sigma^2_{1:T}})$ for convex and smooth losses, and
//! $O\left(\tfrac1\lambda(\sigma^2_{\max} + \Sigma^2_{\max})\log T\right)$ for strongly convex ones (abstract).
//!
//! *Why.* One round of steps 1 and 3 costs
//! $\langle g_t, x_t - u\rangle \le \frac{1}{2\eta_t}(\|u - \hat x_t\|^2 - \|u - \hat x_{t+1}\|^2) +
//! \langle g_t - M_t, x_t - \hat x_{t+1}\rangle - \frac{1}{2\eta_t}(\|\hat x_{t+1} - x_t\|^2 + \|x_t - \hat
//! x_t\|^2)$. The inner product is at most $\frac{\eta_t}{2}\|g_t - M_t\|^2$ more than what the last bracket
//! pays. *Convex:* the first bracket telescopes to $D^2/2\eta_T$, and $\sum_t \eta_t\|g_t - M_t\|^2 \le 2D\sqrt
//! S$ because $4G^2$ covers one term. *Strongly convex:* it telescopes to $\frac\lambda4\sum_t\|u - \hat
//! x_t\|^2 \le \frac\lambda2 \sum_t (\|u - x_t\|^2 + \|x_t - \hat x_t\|^2)$; strong convexity pays the first
//! part, the last bracket the second one from $t = 2$ on, and $x_1 = \hat x_1$.
//!
//! # Cost
//! $O(d)$ time a round and memory, and two projections.
//!
//! # Reference
//! Sijia Chen, Yu-Jie Zhang, Wei-Wei Tu, Peng Zhao, Lijun Zhang, *Optimistic Online Mirror Descent for Bridging
//! Stochastic and Adversarial Online Convex Optimization*, ICML 2023 and JMLR 2024, arXiv
//! [2302.04552](https://arxiv.org/abs/2302.04552).

use super::primitives::ConvexLearner;
use crate::error::{Error, Result, finite_slice, non_negative, positive, same_size};
use crate::math::first_order::{Bounded, Projection, same_dimension};
use crate::math::vector::{distance, norm};

/// How far a gradient may exceed the stated bound G, as a share of it: rounding.
const ROUNDING: f64 = 1e-9;

/// How the step size η_t is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Steps {
    /// D/√(δ + 4G² + Σ_{s<t}‖g_s − M_s‖²).
    Adaptive { diameter: f64, gradient_bound: f64, delta: f64 },
    /// scale/t^power.
    Power { scale: f64, power: f64 },
}

/// Optimistic mirror descent on the set K; see the [module](self) for the algorithm.
///
/// ```
/// use ratebook::math::sets::Ball;
/// use ratebook::online::primitives::ConvexLearner;
/// use ratebook::online::optimistic_mirror_descent::OptimisticMirrorDescent;
/// # fn main() -> ratebook::Result<()> {
/// let disc = Ball::new(&[0.0, 0.0], 1.0)?;
/// let mut learner = OptimisticMirrorDescent::convex(disc, &[0.0, 0.0], 1.0)?;
/// learner.observe(&[1.0, 0.0])?;
/// // One step along the gradient, and one more along the guess that it comes again.
/// assert!((learner.point()[0] + 1.0).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct OptimisticMirrorDescent<K> {
    domain: K,
    steps: Steps,
    guesses: bool,
    /// x_t, and x̂_t.
    point: Vec<f64>,
    base: Vec<f64>,
    /// M_t.
    hint: Vec<f64>,
    /// Σ_{s<t} ‖g_s − M_s‖².
    errors: f64,
    /// t, from 1.
    round: u64,
}

impl<K: Projection> OptimisticMirrorDescent<K> {
    fn new(domain: K, start: &[f64], steps: Steps) -> Result<Self> {
        finite_slice("start", start)?;
        same_dimension("start", start.len(), domain.dim())?;
        let mut base = start.to_vec();
        domain.project(&mut base);
        let hint = vec![0.0; base.len()];
        Ok(Self { domain, steps, guesses: true, point: base.clone(), base, hint, errors: 0.0, round: 1 })
    }

    /// For convex losses on a bounded set, whose gradients are at most `gradient_bound` G long; starts at the
    /// point of the set nearest to `start`.
    ///
    /// # Errors
    /// A start that is empty, not finite or of another dimension; D or G not positive and finite, or so large
    /// or small that 4G² is not; a G that turns out too small is an error of
    /// [`observe`](ConvexLearner::observe).
    pub fn convex(domain: K, start: &[f64], gradient_bound: f64) -> Result<Self>
    where
        K: Bounded,
    {
        let diameter = positive("diameter", domain.diameter())?;
        positive("gradient_bound", gradient_bound)?;
        positive("4 gradient_bound^2", 4.0 * gradient_bound.powi(2))?;
        Self::new(domain, start, Steps::Adaptive { diameter, gradient_bound, delta: 0.0 })
    }

    /// Adds δ = 10D²L² under the root of the convex step size, for losses of smoothness L ≥ 0: the constant in
    /// the regret is then D²L instead of D³L²/G. Other step sizes stay as they are.
    ///
    /// # Errors
    /// L negative or not finite, or so large that δ is not finite.
    pub fn smooth(mut self, smoothness: f64) -> Result<Self> {
        non_negative("smoothness", smoothness)?;
        if let Steps::Adaptive { diameter, delta, .. } = &mut self.steps {
            *delta = non_negative("10 (D L)^2", 10.0 * (*diameter * smoothness).powi(2))?;
        }
        Ok(self)
    }

    /// For losses of strong convexity λ: η_t = 2/(λt).
    ///
    /// # Errors
    /// λ or 2/λ not positive and finite; a start as for [`convex`](Self::convex).
    pub fn strongly_convex(domain: K, start: &[f64], lambda: f64) -> Result<Self> {
        Self::polynomial(domain, start, 2.0 / positive("lambda", lambda)?, 1.0)
    }

    /// Any step size `scale`/t^`power`, for comparison.
    ///
    /// # Errors
    /// A scale that is not positive and finite, a power that is negative or not finite; a start as for
    /// [`convex`](Self::convex).
    pub fn polynomial(domain: K, start: &[f64], scale: f64, power: f64) -> Result<Self> {
        let steps = Steps::Power { scale: positive("scale", scale)?, power: non_negative("power", power)? };
        Self::new(domain, start, steps)
    }

    /// The method with M_t = 0 throughout: plain projected gradient descent with the same step sizes.
    pub fn without_guesses(self) -> Self {
        Self { guesses: false, ..self }
    }

    /// Replaces the guess M_t of the coming round, for those who know better than the last gradient.
    ///
    /// # Errors
    /// A guess of another dimension or not finite, or longer than G.
    pub fn guess(&mut self, hint: &[f64]) -> Result<()> {
        self.admit(hint)?;
        self.hint.copy_from_slice(hint);
        self.step_along_hint()
    }

    /// η_t of the coming round.
    pub fn step_size(&self) -> f64 {
        match self.steps {
            Steps::Adaptive { diameter, gradient_bound, delta } => {
                diameter / (delta + 4.0 * gradient_bound.powi(2) + self.errors).sqrt()
            }
            Steps::Power { scale, power } => scale / (self.round as f64).powf(power),
        }
    }

    /// Σ_{s<t} ‖g_s − M_s‖², what the guesses have missed so far.
    pub fn errors(&self) -> f64 {
        self.errors
    }

    /// Refuses what is no gradient of the promised losses.
    fn admit(&self, gradient: &[f64]) -> Result<()> {
        same_size("gradient", self.base.len(), gradient.len())?;
        let value = norm(gradient);
        let (longest, requirement) = match self.steps {
            Steps::Adaptive { gradient_bound, .. } => {
                ((1.0 + ROUNDING) * gradient_bound, "at most gradient_bound")
            }
            Steps::Power { .. } => (f64::MAX.sqrt(), "finite, and its square too"),
        };
        if value <= longest {
            Ok(())
        } else {
            Err(Error::OutOfRange { name: "|gradient|", value, requirement })
        }
    }

    /// Step 1: x_t from x̂_t and M_t.
    fn step_along_hint(&mut self) -> Result<()> {
        let eta = self.step_size();
        for ((x, base), slope) in self.point.iter_mut().zip(&self.base).zip(&self.hint) {
            *x = base - eta * slope;
        }
        self.finish_step()
    }

    /// Projects the point; where the step has left the finite numbers, takes it back to x̂_t.
    fn finish_step(&mut self) -> Result<()> {
        if !self.point.iter().all(|x| x.is_finite()) {
            self.point.copy_from_slice(&self.base);
            return Err(Error::Diverged { name: "step", steps: self.round as usize });
        }
        self.domain.project(&mut self.point);
        Ok(())
    }
}

impl<K: Projection> ConvexLearner for OptimisticMirrorDescent<K> {
    fn point(&self) -> &[f64] {
        &self.point
    }

    fn observe(&mut self, gradient: &[f64]) -> Result<()> {
        // Step 2: only the error of the guess will be paid for.
        self.admit(gradient)?;
        let eta = self.step_size();
        // Step 3: again from x̂_t, along the truth.
        for ((x, base), slope) in self.point.iter_mut().zip(&self.base).zip(gradient) {
            *x = base - eta * slope;
        }
        self.finish_step()?;
        self.base.copy_from_slice(&self.point);
        self.errors += distance(gradient, &self.hint).powi(2);
        self.round += 1;
        // Step 4: the next gradient will be like this one.
        if self.guesses {
            self.hint.copy_from_slice(gradient);
        }
        self.step_along_hint()
    }
}
