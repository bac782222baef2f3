//! Online convex optimisation: the protocol, and games that know their own regret.
//!
//! In round $t$ the learner plays a point $x_t$ of a convex set $K$, a convex loss $f_t$ appears, and the
//! learner sees $g_t = \nabla f_t(x_t)$. Its *regret* is $\sum_t f_t(x_t) - \min_{u \in K} \sum_t f_t(u)$. A
//! [`Game`] owns this one definition, and solves for the best fixed $u$ exactly:
//!
//! | game | losses | noise | the best fixed point |
//! |---|---|---|---|
//! | [`Linear`] | $\langle g_t, x\rangle$, chosen after seeing $x_t$ | none | linear minimisation over $K$ |
//! | [`NoisyLinear`] | $\langle \theta + \xi_t, x\rangle$ | $\xi_t$ | the same for $\theta$ |
//! | [`Quadratics`] | $\tfrac\lambda2\|x - c_t\|^2$ | in $c_t$ | the projected mean of the centres |
//!
//! Where losses are random, the regret is that of their means $F_t = \mathbb{E} f_t$: for every fixed $u$ it
//! has the same expectation as the regret of the realised losses, and less variance.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::error::{Result, finite_slice, non_negative, positive, same_size};
use crate::math::first_order::{LinearMinimization, Projection, same_dimension};
use crate::math::vector::{dot, norm};

/// Plays points of a convex set.
pub trait ConvexLearner {
    /// The point x_t of the coming round.
    fn point(&self) -> &[f64];

    /// Takes the gradient g_t = ∇f_t(x_t) of the round and moves on to the next.
    ///
    /// # Errors
    /// A gradient of another dimension, not finite, or beyond what the learner was promised. The point stays in
    /// the set.
    fn observe(&mut self, gradient: &[f64]) -> Result<()>;
}

/// A sequence of losses that may depend on the points played, together with the regret so far.
pub trait Game {
    /// The dimension d of the points.
    fn dim(&self) -> usize;

    /// Plays one round at `point`, and writes ∇f_t(`point`) into `gradient`.
    fn play(&mut self, point: &[f64], rng: &mut dyn Rng, gradient: &mut [f64]);

    /// What the points played so far cost, less what the best fixed point would have cost.
    fn regret(&self) -> f64;
}

/// The learner's regret at each of the `checkpoints`, numbers of rounds that ascend.
///
/// # Errors
/// Those of [`ConvexLearner::observe`]; a learner of another dimension than the game's.
pub fn regret_path(
    learner: &mut impl ConvexLearner,
    game: &mut impl Game,
    checkpoints: &[u64],
    rng: &mut dyn Rng,
) -> Result<Vec<f64>> {
    same_size("learner", game.dim(), learner.point().len())?;
    let mut gradient = vec![0.0; game.dim()];
    let mut round = 0;
    let mut regret_at = |&checkpoint: &u64| {
        while round < checkpoint {
            game.play(learner.point(), rng, &mut gradient);
            learner.observe(&gradient)?;
            round += 1;
        }
        Ok(game.regret())
    };
    checkpoints.iter().map(&mut regret_at).collect()
}

/// Linear losses ⟨g_t, x⟩, where an adversary chooses the slope g_t after it has seen x_t.
#[derive(Debug, Clone)]
pub struct Linear<K, F> {
    domain: K,
    adversary: F,
    total: Vec<f64>,
    paid: f64,
    round: u64,
}

impl<K: LinearMinimization, F: FnMut(u64, &[f64], &mut [f64])> Linear<K, F> {
    /// The game on `domain` in dimension `dim` whose adversary writes g_t, given t = 1, 2, … and x_t.
    pub fn new(domain: K, dim: usize, adversary: F) -> Self {
        Self { domain, adversary, total: vec![0.0; dim], paid: 0.0, round: 0 }
    }
}

impl<K: LinearMinimization, F: FnMut(u64, &[f64], &mut [f64])> Game for Linear<K, F> {
    fn dim(&self) -> usize {
        self.total.len()
    }

    fn play(&mut self, point: &[f64], _rng: &mut dyn Rng, gradient: &mut [f64]) {
        self.round += 1;
        (self.adversary)(self.round, point, gradient);
        self.paid += dot(gradient, point);
        self.total.iter_mut().zip(&*gradient).for_each(|(sum, slope)| *sum += slope);
    }

    fn regret(&self) -> f64 {
        self.paid - least(&self.domain, &self.total)
    }
}

/// The slopes of both players of min_x max_y x·y at once: (y, −x), of regret zero at the equilibrium 0.
///
/// The sum of the players' regrets is the regret of one learner of (x, y) on the square.
pub fn bilinear(_round: u64, point: &[f64], gradient: &mut [f64]) {
    (gradient[0], gradient[1]) = (point[1], -point[0]);
}

/// The least value of ⟨`slope`, u⟩ over the set.
fn least(domain: &impl LinearMinimization, slope: &[f64]) -> f64 {
    let mut best = vec![0.0; slope.len()];
    domain.minimize(slope, &mut best);
    dot(slope, &best)
}

/// Noise of mean zero and E‖ξ‖² ≤ σ²: normal with variance σ²/d in every coordinate, pulled back to length 3σ
/// where it is longer.
fn clipped_noise(sigma: f64, rng: &mut dyn Rng, noise: &mut [f64]) {
    let deviation = sigma / (noise.len() as f64).sqrt();
    noise.iter_mut().for_each(|xi| *xi = deviation * rng.sample::<f64, _>(StandardNormal));
    let excess = norm(noise) / (3.0 * sigma);
    if excess > 1.0 {
        noise.iter_mut().for_each(|xi| *xi /= excess);
    }
}

/// Linear losses ⟨θ + ξ_t, x⟩ with fresh noise ξ_t, ‖ξ_t‖ ≤ 3σ, E‖ξ_t‖² ≤ σ². The regret is that of ⟨θ, x⟩,
/// which no learner makes negative.
#[derive(Debug, Clone)]
pub struct NoisyLinear<K> {
    domain: K,
    theta: Vec<f64>,
    sigma: f64,
    paid: f64,
    round: u64,
}

impl<K: LinearMinimization + Projection> NoisyLinear<K> {
    /// The game on `domain` with mean slope θ and noise level σ.
    ///
    /// # Errors
    /// θ empty, not finite or not of the domain's dimension; σ negative or not finite.
    pub fn new(domain: K, theta: &[f64], sigma: f64) -> Result<Self> {
        finite_slice("theta", theta)?;
        same_dimension("theta", theta.len(), domain.dim())?;
        Ok(Self { domain, theta: theta.to_vec(), sigma: non_negative("sigma", sigma)?, paid: 0.0, round: 0 })
    }

    /// |θ| + 3σ: no gradient is longer.
    pub fn gradient_bound(&self) -> f64 {
        norm(&self.theta) + 3.0 * self.sigma
    }
}

impl<K: LinearMinimization> Game for NoisyLinear<K> {
    fn dim(&self) -> usize {
        self.theta.len()
    }

    fn play(&mut self, point: &[f64], rng: &mut dyn Rng, gradient: &mut [f64]) {
        self.round += 1;
        self.paid += dot(&self.theta, point);
        gradient.fill(0.0);
        if self.sigma > 0.0 {
            clipped_noise(self.sigma, rng, gradient);
        }
        gradient.iter_mut().zip(&self.theta).for_each(|(slope, theta)| *slope += theta);
    }

    fn regret(&self) -> f64 {
        self.paid - self.round as f64 * least(&self.domain, &self.theta)
    }
}

/// Strongly convex losses ½λ‖x − c_t‖², the centres c_t = m_t + ξ_t a prescribed path plus clipped noise. The
/// regret is that of the means, ½λ‖x − m_t‖².
#[derive(Debug, Clone)]
pub struct Quadratics<K, F> {
    domain: K,
    lambda: f64,
    sigma: f64,
    path: F,
    center: Vec<f64>,
    /// Σ m_t and Σ ‖m_t‖², which the best fixed point needs.
    sum: Vec<f64>,
    squares: f64,
    paid: f64,
    round: u64,
}

impl<K: Projection, F: FnMut(u64, &mut [f64])> Quadratics<K, F> {
    /// The game on `domain` in dimension `dim` with strong convexity λ, noise level σ, and the path that
    /// writes m_t, given t = 1, 2, ….
    ///
    /// # Errors
    /// λ not positive and finite, σ negative or not finite, a domain of another dimension.
    pub fn new(domain: K, dim: usize, lambda: f64, sigma: f64, path: F) -> Result<Self> {
        same_dimension("domain", dim, domain.dim())?;
        let (lambda, sigma) = (positive("lambda", lambda)?, non_negative("sigma", sigma)?);
        let (center, sum) = (vec![0.0; dim], vec![0.0; dim]);
        Ok(Self { domain, lambda, sigma, path, center, sum, squares: 0.0, paid: 0.0, round: 0 })
    }
}

impl<K: Projection, F: FnMut(u64, &mut [f64])> Game for Quadratics<K, F> {
    fn dim(&self) -> usize {
        self.center.len()
    }

    fn play(&mut self, point: &[f64], rng: &mut dyn Rng, gradient: &mut [f64]) {
        self.round += 1;
        (self.path)(self.round, &mut self.center);
        self.squares += dot(&self.center, &self.center);
        self.sum.iter_mut().zip(&self.center).for_each(|(sum, center)| *sum += center);
        gradient.fill(0.0);
        if self.sigma > 0.0 {
            clipped_noise(self.sigma, rng, gradient);
        }
        for ((slope, x), center) in gradient.iter_mut().zip(point).zip(&self.center) {
            let away = x - center;
            self.paid += 0.5 * self.lambda * away * away;
            *slope = self.lambda * (away - *slope);
        }
    }

    fn regret(&self) -> f64 {
        let rounds = (self.round as f64).max(1.0);
        let mut best: Vec<f64> = self.sum.iter().map(|sum| sum / rounds).collect();
        self.domain.project(&mut best);
        let spread = rounds * dot(&best, &best) - 2.0 * dot(&best, &self.sum) + self.squares;
        self.paid - 0.5 * self.lambda * spread
    }
}
