//! Thompson sampling for Pareto rewards: a harmless-looking prior can cost polynomial regret.
//!
//! The posterior was derived here from the priors of the abstract; the numbers of first pulls and the order
//! among infinite means are from memory of the paper.
//!
//! # Problem
//! The rewards of arm $a$ have density $\alpha_a \kappa_a^{\alpha_a} x^{-\alpha_a - 1}$ on $x \ge \kappa_a$, both
//! parameters unknown, and mean $\kappa_a \alpha_a / (\alpha_a - 1)$, infinite for $\alpha_a \le 1$. Tails are
//! heavy: the variance is infinite for $\alpha_a \le 2$, and methods for sub-Gaussian rewards do not apply.
//!
//! # Idea
//! Thompson sampling draws the parameters of every arm from their posterior and plays the arm whose drawn mean is
//! the largest. With the prior $\alpha^{-k}/\kappa$ the posterior is explicit. Two first rewards of the best arm
//! may lie so close together that $\alpha$ looks enormous and the mean as small as $\kappa$. How soon a draw
//! escapes from there is up to $k$: Jeffreys' prior ($k = 0$) and the reference prior ($k = 1$), the ones a
//! statistician would pick, escape too late. $k \ge 2$ does in time, and so does any of them if the estimate of
//! $\alpha$ is not believed beyond the number of pulls.
//!
//! # Algorithm: STS with prior $k$, and its truncation STS-T
//! 1. Play each arm $\max(2, k+1)$ times. After $n$ rewards of an arm, $\hat\kappa = \min X$ and
//!    $\hat\alpha = n / \sum \ln (X/\hat\kappa)$.
//! 2. STS-T only: replace $\hat\alpha$ by $\min(\hat\alpha, n)$.
//! 3. In every round draw for each arm $\tilde\alpha \sim \mathrm{Gamma}(n - k, \text{rate } n/\hat\alpha)$ and
//!    $\tilde\kappa = \hat\kappa\, U^{1/(n\tilde\alpha)}$ with $U$ uniform.
//! 4. Play the arm with the largest mean $\tilde\kappa\tilde\alpha/(\tilde\alpha - 1)$; among infinite ones the
//!    arm with the smallest $\tilde\alpha$.
//!
//! # Theorem
//! For $k \ge 2$, and for STS-T with $k = 0, 1$, the regret is asymptotically the smallest possible,
//! $$\mathrm{Reg}(T) = (1 + o(1)) \sum_a \frac{\Delta_a}{\mathrm{KL}_a} \ln T, \qquad
//! \mathrm{KL}_a = \ln \frac{\alpha_a(\mu^* - \kappa_a)}{\mu^*} + \frac{\mu^*}{\alpha_a (\mu^* - \kappa_a)} - 1,$$
//! while STS with $k \le 1$ is not; for $k \le 0$ the regret grows like $T^{(1-k)/(2-k)}$ (the exponent is derived
//! here).
//!
//! # Cost
//! $O(K)$ a round for $K$ arms: one Gamma and one uniform draw each.
//!
//! # Reference
//! Jongyeong Lee, Junya Honda, Chao-Kai Chiang, Masashi Sugiyama, *Optimality of Thompson Sampling with
//! Noninformative Priors for Pareto Bandits*, ICML 2023, arXiv
//! [2302.01544](https://arxiv.org/abs/2302.01544).

use rand::{Rng, RngExt};
use rand_distr::{Gamma, OpenClosed01};

use super::Policy;
use super::instances::pareto_mean;
use super::primitives::argmax;
use crate::{Error, Result, error};

/// What the rewards of one arm say: their number, the smallest, and Σ ln(X/κ̂).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Summary {
    pulls: u64,
    kappa: f64,
    /// n/α̂. Kept as a sum of ratios' logarithms, so that close rewards do not cancel.
    excess: f64,
}

impl Summary {
    /// Adds a reward.
    ///
    /// # Errors
    /// `reward` is not positive and finite.
    pub fn add(&mut self, reward: f64) -> Result<()> {
        error::positive("reward", reward)?;
        if self.pulls == 0 {
            self.kappa = reward;
        } else if reward < self.kappa {
            // All earlier ratios grow with the new minimum.
            self.excess += self.pulls as f64 * log_ratio(self.kappa, reward);
            self.kappa = reward;
        } else {
            self.excess += log_ratio(reward, self.kappa);
        }
        self.pulls += 1;
        Ok(())
    }

    /// The number of rewards.
    pub fn pulls(&self) -> u64 {
        self.pulls
    }

    /// κ̂, the smallest reward; zero before the first.
    pub fn kappa(&self) -> f64 {
        self.kappa
    }

    /// n/α̂ = Σ ln(X/κ̂), non-negative; zero while all rewards are equal.
    pub fn excess(&self) -> f64 {
        self.excess
    }

    /// The posterior under the prior α^(−k)/κ with k = `prior`, after the truncation of α̂ at n if `truncated`.
    ///
    /// # Errors
    /// There are not more than `prior` rewards, or none.
    pub fn posterior(&self, prior: i32, truncated: bool) -> Result<Posterior> {
        let shape = self.pulls as f64 - f64::from(prior);
        // Step 2: α̂ > n means n/α̂ < 1.
        let rate = if truncated { self.excess.max(1.0) } else { self.excess };
        let requirement = "more than the prior's k, and at least 1";
        let refused = Error::OutOfRange { name: "pulls", value: self.pulls as f64, requirement };
        if self.pulls == 0 {
            return Err(refused);
        }
        let gamma = Gamma::new(shape, 1.0).map_err(|_| refused)?;
        Ok(Posterior { shape, rate, kappa: self.kappa, pulls: self.pulls as f64, gamma })
    }
}

/// ln(x/y) for 0 < y ≤ x, to full precision where x and y are close.
fn log_ratio(x: f64, y: f64) -> f64 {
    let ratio = x / y;
    if ratio.is_finite() { ratio.ln() } else { x.ln() - y.ln() }
}

/// The posterior of one arm: α ~ Gamma(`shape`, `rate`), and given α, (κ/κ̂)^(nα) is uniform.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Posterior {
    shape: f64,
    rate: f64,
    kappa: f64,
    pulls: f64,
    /// Gamma(shape, 1).
    gamma: Gamma<f64>,
}

impl Posterior {
    /// The shape n − k of α's law.
    pub fn shape(&self) -> f64 {
        self.shape
    }

    /// The rate of α's law, n/α̂ (at least 1 after truncation); zero while all rewards are equal.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Draws (κ̃, α̃). While all rewards are equal α̃ is infinite and κ̃ = κ̂, the limit of close rewards.
    pub fn sample(&self, rng: &mut dyn Rng) -> (f64, f64) {
        let standard: f64 = rng.sample(self.gamma);
        let uniform: f64 = rng.sample(OpenClosed01);
        let alpha = if self.rate > 0.0 { standard / self.rate } else { f64::INFINITY };
        (self.kappa * uniform.powf(1.0 / (self.pulls * alpha)), alpha)
    }
}

/// Sequential Thompson sampling with the prior α^(−k)/κ.
#[derive(Debug, Clone, PartialEq)]
pub struct ParetoThompson {
    prior: i32,
    truncated: bool,
    arms: Vec<Summary>,
    scores: Vec<f64>,
}

impl ParetoThompson {
    /// STS on `arms` arms with the prior k = `prior`: 0 is Jeffreys', 1 the reference prior.
    ///
    /// # Errors
    /// `arms` is zero.
    pub fn new(arms: usize, prior: i32) -> Result<Self> {
        error::at_least_one("arms", arms)?;
        let summaries = vec![Summary::default(); arms];
        Ok(Self { prior, truncated: false, arms: summaries, scores: Vec::with_capacity(arms) })
    }

    /// STS-T: the same with the estimate α̂ truncated at the number of pulls.
    ///
    /// # Errors
    /// `arms` is zero.
    pub fn truncated(arms: usize, prior: i32) -> Result<Self> {
        Ok(Self { truncated: true, ..Self::new(arms, prior)? })
    }

    /// How often each arm is played before the first draw: max(2, k + 1).
    pub fn first_pulls(&self) -> u64 {
        (i64::from(self.prior) + 1).max(2) as u64
    }

    /// What was learnt of each arm.
    pub fn arms(&self) -> &[Summary] {
        &self.arms
    }
}

impl Policy for ParetoThompson {
    type Context = ();
    type Feedback = f64;

    fn choose(&mut self, (): &(), rng: &mut dyn Rng) -> Result<usize> {
        // Step 1.
        let first = self.first_pulls();
        if let Some(arm) = self.arms.iter().position(|arm| arm.pulls < first) {
            return Ok(arm);
        }
        self.scores.clear();
        for arm in &self.arms {
            // Step 3.
            let (kappa, alpha) = arm.posterior(self.prior, self.truncated)?.sample(rng);
            // Step 4: −1/μ̃ orders finite means below zero, which leaves room to order infinite ones above.
            let mean = pareto_mean(kappa, alpha);
            self.scores.push(if mean.is_finite() { -1.0 / mean } else { 1.0 / alpha });
        }
        argmax(self.scores.iter().copied(), rng).ok_or(Error::Empty { name: "arms" })
    }

    fn observe(&mut self, arm: usize, reward: &f64) -> Result<()> {
        self.arms[arm].add(*reward)
    }
}
