//! Earn rewards under budgets that some actions spend and others refill, against chance or an adversary.
//!
//! Simplified: the paper's template takes any two regret minimisers. Here the dual one is projected gradient
//! descent with a known $\nu$, the primal one Hedge or Exp3.P over finitely many arms. The constants of the
//! bounds are derived here; the order and the competitive ratio are the paper's.
//!
//! # Problem
//! For $T$ rounds a learner plays one of $K$ arms; arm $x$ earns $f_t(x) \in [0, 1]$ and takes
//! $c_t(x) \in [-1, 1]^m$ from $m$ budgets of $B = \rho T$ each. A negative cost refills. A void arm
//! $\varnothing$ earns nothing and refills every budget by $\beta \ge 0$. No budget may ever be negative. The
//! pairs $(f_t, c_t)$ are drawn independently from one law, or chosen by an adversary.
//!
//! # Idea
//! Put a price $\lambda$ on the resources and let two learners play against each other: the primal one
//! picks arms by their rewards less the price of what they use, the dual one raises the price of what is
//! spent faster than $\rho$ a round. With $\nu = \rho + \beta$, prices above $1/\nu$ are never needed: waiting a
//! round at that price pays $(\rho + \beta)/\nu = 1$, as much as any arm can earn. So the same prices also
//! account for the rounds in which the learner must wait, whether the world is random or hostile.
//!
//! # Algorithm
//! In round $t$
//! 1. if some budget is below 1, play $\varnothing$ and teach nobody; else play $x_t$ drawn by the primal
//!    learner;
//! 2. the primal learner sees the loss $-f_t(x) + \langle \lambda_t, c_t(x) \rangle$, scaled to $[0, 1]$ by its
//!    range $1 + 2m/\nu$: of every arm ([`Hedge`]) or of the one it played ([`Exp3P`]);
//! 3. the dual learner moves to $\lambda_{t+1} = \Pi_{[0, 1/\nu]^m}(\lambda_t - \eta(\rho - c_t(x_t)))$, from
//!    $\lambda_1 = 0$, with $\eta = 1/(2 \nu \sqrt T)$;
//! 4. every budget loses $c_t(x_t)$.
//!
//! # Theorem
//! With full feedback let $E = (1 + 2m/\nu)\sqrt{T \ln K / 2} + (m + 2)\sqrt T / \nu + 1/\nu$.
//! - *Stochastic*: the expected reward is at least $T \cdot \mathrm{OPT} - E$, where $\mathrm{OPT}$ is the best
//!   mean reward of a mixture of arms whose mean cost is at most $\rho$.
//! - *Adversarial*: it is at least $\frac{\nu}{1 + \beta} \sum_t f_t(x) - E$ for every arm $x$, budgets
//!   ignored: a constant share when $B = \Omega(T)$ or when $\beta$ is a constant.
//!
//! # Cost
//! $O(Km)$ a round with full feedback, $O(K + m)$ with one arm's.
//!
//! # Reference
//! Martino Bernasconi, Matteo Castiglioni, Andrea Celli, Federico Fusco, *Bandits with Replenishable Knapsacks:
//! the Best of both Worlds*, ICLR 2024, arXiv [2306.08470](https://arxiv.org/abs/2306.08470).

mod market;
mod primal;

use rand::Rng;

pub use market::{Knapsacks, Market, Offer, Phasing, optimum};
pub use primal::{Exp3P, Hedge, Primal};

use super::{Policy, Revealed};
use crate::error::{self, Error, Result};
use crate::math::vector::dot;

/// The void arm ∅.
pub const VOID: usize = 0;

/// A horizon of at least one round, as a number.
fn rounds(horizon: u64) -> Result<f64> {
    let requirement = "at least 1";
    if horizon > 0 {
        Ok(horizon as f64)
    } else {
        Err(Error::OutOfRange { name: "horizon", value: 0.0, requirement })
    }
}

/// What an arm earned and took in one round.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The arm.
    pub arm: usize,
    /// f_t(x), in [0, 1].
    pub reward: f64,
    /// c_t(x), one cost in [−1, 1] per resource.
    pub costs: Vec<f64>,
}

/// The primal-dual template.
#[derive(Debug, Clone, PartialEq)]
pub struct PrimalDual<P> {
    primal: P,
    rho: f64,
    /// The largest price, 1/ν.
    radius: f64,
    /// The dual step size η.
    step: f64,
    /// λ_t, one price in [0, radius] per resource.
    prices: Vec<f64>,
    waiting: bool,
    losses: Vec<Revealed>,
}

impl<P: Primal> PrimalDual<P> {
    /// The template around a primal learner, for `resources` budgets of `rho`·`horizon` each and a void arm that
    /// refills them by `beta` a round.
    ///
    /// # Errors
    /// `resources` or `horizon` is zero, `rho` or `beta` is negative or not finite, or ν = ρ + β is zero.
    pub fn new(primal: P, resources: usize, rho: f64, beta: f64, horizon: u64) -> Result<Self> {
        error::non_negative("rho", rho)?;
        let nu = error::positive("nu", rho + error::non_negative("beta", beta)?)?;
        Self::with_radius(primal, resources, rho, error::positive("1/nu", 1.0 / nu)?, horizon)
    }

    /// The same with another largest price than 1/ν. With a price of 0 budgets are ignored until they run out.
    ///
    /// # Errors
    /// `resources` or `horizon` is zero, or `rho` or `radius` is negative or not finite, or `radius` so large that
    /// the range of the losses is not.
    pub fn with_radius(primal: P, resources: usize, rho: f64, radius: f64, horizon: u64) -> Result<Self> {
        error::at_least_one("resources", resources)?;
        error::non_negative("rho", rho)?;
        error::non_negative("radius", radius)?;
        // The range of the losses must be a number.
        error::finite("radius", 2.0 * radius * resources as f64)?;
        let step = radius / (2.0 * rounds(horizon)?.sqrt());
        let losses = Vec::with_capacity(primal.arms());
        Ok(Self { primal, rho, radius, step, prices: vec![0.0; resources], waiting: false, losses })
    }

    /// λ_t, the prices of the resources.
    pub fn prices(&self) -> &[f64] {
        &self.prices
    }

    fn check(&self, outcome: &Outcome) -> Result<()> {
        error::probability("reward", outcome.reward)?;
        error::same_size("costs", self.prices.len(), outcome.costs.len())?;
        match outcome.costs.iter().find(|cost| !(-1.0..=1.0).contains(*cost)) {
            None => Ok(()),
            Some(&value) => Err(Error::OutOfRange { name: "costs", value, requirement: "in [-1, 1]" }),
        }
    }
}

impl<P: Primal> Policy for PrimalDual<P> {
    /// What is left of each budget.
    type Context = [f64];
    /// The outcomes of the arms that are revealed, among them the arm played.
    type Feedback = [Outcome];

    /// # Errors
    /// The number of budgets is not that of the resources.
    fn choose(&mut self, budgets: &[f64], rng: &mut dyn Rng) -> Result<usize> {
        error::same_size("budgets", self.prices.len(), budgets.len())?;
        // Step 1. No arm takes more than 1, so no budget ever falls below 0; NaN waits.
        self.waiting = !budgets.iter().all(|&budget| budget >= 1.0);
        Ok(if self.waiting { VOID } else { self.primal.draw(rng) })
    }

    /// # Errors
    /// The arm played is not revealed, a reward is outside [0, 1], a cost outside [−1, 1], or the primal learner
    /// needs other arms than those revealed.
    fn observe(&mut self, arm: usize, feedback: &[Outcome]) -> Result<()> {
        if self.waiting {
            return Ok(());
        }
        feedback.iter().try_for_each(|outcome| self.check(outcome))?;
        let played = feedback.iter().find(|outcome| outcome.arm == arm);
        let requirement = "the outcome of the arm played";
        let played = played.ok_or(Error::Invalid { name: "feedback", requirement })?;
        // Step 2: the loss −f + ⟨λ, c⟩ lies in [−1 − m/ν, m/ν].
        let reach = self.radius * self.prices.len() as f64;
        self.losses.clear();
        self.losses.extend(feedback.iter().map(|outcome| {
            let loss = dot(&self.prices, &outcome.costs) - outcome.reward;
            let scaled = (loss + 1.0 + reach) / (1.0 + 2.0 * reach);
            Revealed { arm: outcome.arm, loss: scaled.clamp(0.0, 1.0) }
        }));
        self.primal.update(arm, &self.losses)?;
        // Step 3: dearer when spent faster than ρ a round.
        for (price, cost) in self.prices.iter_mut().zip(&played.costs) {
            *price = (*price - self.step * (self.rho - cost)).clamp(0.0, self.radius);
        }
        Ok(())
    }
}
