//! The problem: offers, budgets, and what a learner is judged against.

use rand::{Rng, RngExt};

use super::{Outcome, VOID};
use crate::bandits::Game;
use crate::error::{self, Error, Result};

/// What an arm earns and takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// The (mean) reward, in [0, 1].
    pub reward: f64,
    /// The (mean) costs, one in [−1, 1] per resource.
    pub costs: Vec<f64>,
}

/// When a market changes from one phase to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phasing {
    /// After this many rounds, at least one; the last phase never ends.
    Every(u64),
    /// Every round, in turn and for ever.
    Cycle,
}

/// Offers of several arms, in one or several phases that are known before play.
#[derive(Debug, Clone, PartialEq)]
pub struct Market {
    phases: Vec<Vec<Offer>>,
    phasing: Phasing,
}

impl Market {
    /// The offers of every phase; the void arm is not among them.
    ///
    /// # Errors
    /// There is no phase, no arm or no resource, phases or offers differ in size, a reward is outside [0, 1], a
    /// cost outside [−1, 1], or phases last no round.
    pub fn new(phases: Vec<Vec<Offer>>, phasing: Phasing) -> Result<Self> {
        let first = phases.first().ok_or(Error::Empty { name: "phases" })?;
        let (arms, resources) =
            (first.len(), first.first().ok_or(Error::Empty { name: "offers" })?.costs.len());
        error::at_least_one("resources", resources)?;
        if phasing == Phasing::Every(0) {
            return Err(Error::OutOfRange { name: "phasing", value: 0.0, requirement: "at least 1 round" });
        }
        for offers in &phases {
            error::same_size("offers", arms, offers.len())?;
            for offer in offers {
                error::probability("reward", offer.reward)?;
                error::same_size("costs", resources, offer.costs.len())?;
                if let Some(&value) = offer.costs.iter().find(|cost| !(-1.0..=1.0).contains(*cost)) {
                    return Err(Error::OutOfRange { name: "costs", value, requirement: "in [-1, 1]" });
                }
            }
        }
        Ok(Self { phases, phasing })
    }

    /// The same offers in every round.
    ///
    /// # Errors
    /// As [`Market::new`].
    pub fn stationary(offers: Vec<Offer>) -> Result<Self> {
        Self::new(vec![offers], Phasing::Cycle)
    }

    /// The number of arms, the void arm included.
    pub fn arms(&self) -> usize {
        self.phases[0].len() + 1
    }

    /// The number of resources.
    pub fn resources(&self) -> usize {
        self.phases[0][0].costs.len()
    }

    /// The offers of a round.
    fn offers(&self, round: u64) -> &[Offer] {
        let (count, last) = (self.phases.len() as u64, self.phases.len() as u64 - 1);
        let phase = match self.phasing {
            Phasing::Every(rounds) => (round / rounds).min(last),
            Phasing::Cycle => round % count,
        };
        &self.phases[phase as usize]
    }

    /// The reward of an arm in a round.
    fn reward(&self, round: u64, arm: usize) -> f64 {
        if arm == VOID { 0.0 } else { self.offers(round)[arm - 1].reward }
    }
}

/// OPT: the largest mean reward of a mixture of offers and the void arm (reward 0, cost −`beta`) whose mean cost
/// of the one resource is at most `rho`.
///
/// Computed as its dual min over λ ≥ 0 of λρ + max_x (f(x) − λ·c(x)), a convex function whose minimum lies at 0
/// or where two arms are worth the same. O(K³).
///
/// # Errors
/// An offer has not exactly one cost, a number is not finite, or `rho` or `beta` is negative.
pub fn optimum(offers: &[Offer], rho: f64, beta: f64) -> Result<f64> {
    error::non_negative("rho", rho)?;
    error::non_negative("beta", beta)?;
    let mut arms = vec![(0.0, -beta)];
    for offer in offers {
        error::same_size("costs", 1, offer.costs.len())?;
        arms.push((error::finite("reward", offer.reward)?, error::finite("costs", offer.costs[0])?));
    }
    let dual = |lambda: f64| {
        lambda * rho + arms.iter().map(|(f, c)| f - lambda * c).fold(f64::NEG_INFINITY, f64::max)
    };
    let mut least = dual(0.0);
    for (i, (f, c)) in arms.iter().enumerate() {
        for (other_f, other_c) in &arms[..i] {
            let lambda = (f - other_f) / (c - other_c);
            if lambda > 0.0 && lambda.is_finite() {
                least = least.min(dual(lambda));
            }
        }
    }
    Ok(least)
}

/// What the reward of a round is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Benchmark {
    /// The best mixture's mean reward.
    Fluid(f64),
    /// This share of what this arm earns.
    Share { share: f64, arm: usize },
}

/// A market played with budgets.
#[derive(Debug, Clone, PartialEq)]
pub struct Knapsacks {
    market: Market,
    beta: f64,
    /// Rewards 0 and 1, costs 0 and ±1 with the offered means, rather than the offers themselves.
    random: bool,
    /// Whether the outcomes of all arms are revealed.
    full: bool,
    benchmark: Benchmark,
    budgets: Vec<f64>,
    opened: u64,
    outcomes: Vec<Outcome>,
}

impl Knapsacks {
    fn new(
        market: Market,
        (rho, beta): (f64, f64),
        horizon: u64,
        full: bool,
        random: bool,
        benchmark: Benchmark,
    ) -> Result<Self> {
        error::non_negative("rho", rho)?;
        if !(0.0..=1.0).contains(&beta) {
            return Err(Error::OutOfRange { name: "beta", value: beta, requirement: "in [0, 1]" });
        }
        let budgets = vec![error::finite("budget", rho * horizon as f64)?; market.resources()];
        let outcome = |arm| Outcome { arm, reward: 0.0, costs: vec![-beta; market.resources()] };
        let outcomes = (0..market.arms()).map(outcome).collect();
        Ok(Self { market, beta, random, full, benchmark, budgets, opened: 0, outcomes })
    }

    /// Independent rewards 0 and 1 and costs 0 and ±1 whose means are the offers, of one resource with the budget
    /// `rho`·`horizon`; regret is against OPT, the best mixture. With `full` feedback the outcomes of all arms
    /// are revealed.
    ///
    /// # Errors
    /// There is more than one resource, `rho` is negative or not finite, or `beta` is outside [0, 1].
    pub fn stochastic(offers: Vec<Offer>, rho: f64, beta: f64, horizon: u64, full: bool) -> Result<Self> {
        let benchmark = Benchmark::Fluid(optimum(&offers, rho, beta)?);
        Self::new(Market::stationary(offers)?, (rho, beta), horizon, full, true, benchmark)
    }

    /// The offers as they are; regret is against the share ν/(1+β), at most 1, of what the best fixed arm of
    /// `horizon` rounds earns when budgets are ignored.
    ///
    /// # Errors
    /// `rho` is negative or not finite, or `beta` is outside [0, 1].
    pub fn adversarial(market: Market, rho: f64, beta: f64, horizon: u64, full: bool) -> Result<Self> {
        let total = |arm| (0..horizon).map(|round| market.reward(round, arm)).sum::<f64>();
        let totals = (0..market.arms()).map(total).enumerate();
        let arm = totals.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(VOID, |(arm, _)| arm);
        let share = ((rho + beta) / (1.0 + beta)).min(1.0);
        Self::new(market, (rho, beta), horizon, full, false, Benchmark::Share { share, arm })
    }

    /// What is left of each budget.
    pub fn budgets(&self) -> &[f64] {
        &self.budgets
    }
}

impl Game for Knapsacks {
    type Context = [f64];
    type Feedback = [Outcome];

    fn open(&mut self, noise: &mut dyn Rng) {
        let offers = self.market.offers(self.opened);
        self.opened += 1;
        for (outcome, offer) in self.outcomes[1..].iter_mut().zip(offers) {
            if self.random {
                let mut coin = |mean: f64| f64::from(noise.random::<f64>() < mean.abs()).copysign(mean);
                outcome.reward = coin(offer.reward);
                for (cost, &mean) in outcome.costs.iter_mut().zip(&offer.costs) {
                    *cost = coin(mean);
                }
            } else {
                outcome.reward = offer.reward;
                outcome.costs.copy_from_slice(&offer.costs);
            }
        }
    }

    fn context(&self) -> &[f64] {
        &self.budgets
    }

    fn arms(&self) -> usize {
        self.market.arms()
    }

    fn regret(&self, arm: usize) -> f64 {
        let round = self.opened - 1;
        let compared = match self.benchmark {
            Benchmark::Fluid(optimum) => optimum,
            Benchmark::Share { share, arm } => share * self.market.reward(round, arm),
        };
        compared - self.market.reward(round, arm)
    }

    fn feedback(&mut self, arm: usize, _: &[usize], _: &mut dyn Rng) -> &[Outcome] {
        for (budget, cost) in self.budgets.iter_mut().zip(&self.outcomes[arm].costs) {
            *budget -= cost;
        }
        if self.full { &self.outcomes } else { &self.outcomes[arm..=arm] }
    }
}
