//! A learner pulls arms, sees noisy rewards of the arms it pulled, and is judged against the best arm.
//!
//! # Which method?
//! - *Return one good arm after a budget of pulls.* [`bracketing_halving::SequentialHalving`] when the
//!   budget covers every arm $\log_2 n$ times; [`bracketing_halving::BracketingHalving`] when there are
//!   more arms than pulls, or when one good arm among many is enough.
//! - *Actions are vectors and means linear in them.* [`gap_misspecified::DsOful`] if means are only nearly
//!   linear; [`heteroscedastic_glm::MorUcb`] if some rounds are noisier than others and say so.
//! - *Means are a smooth function of the action.* [`neural_contextual::NeuralGcb`], guided by a wide network.
//! - *Arms ordered by their means, find where the mean crosses a level.*
//!   [`noisy_binary_search`]: the order saves all but $O(\log n)$ pulls.
//! - *Arms on a grid whose means rise to one peak and fall again.* [`holo_beam`]: every comparison saves a third
//!   of the grid.
//! - *Endlessly many arms that can be raced against each other, of which only the winner is seen.*
//!   [`ac_band`].
//! - *A solver's parameter, of which only the cost is seen, for one instance after another.*
//!   [`relaxation_tuning`].
//! - *A play shows the losses of neighbouring arms too.* [`feedback_graph::Exp3Ex`], above all when there are more
//!   arms than $T^{1/3}$ and a few of them show all.
//! - *Play well without a formula for the uncertainty.* [`multiplier_bootstrap::Mbe`] re-weights the history at
//!   random; [`baselines::Ucb`] is the plain choice where the formula is known.
//! - *Arms pass by once and few can be kept.* [`streaming_arms::KeepBest`] stores one;
//!   [`streaming_arms::Tower`] has the better rate but a constant in the thousands.
//! - *Rewards with Pareto tails.* [`pareto_thompson`]: the prior decides between logarithmic and polynomial
//!   regret.
//! - *Several agents, one linear bandit, and every message counts.* [`quantized_linear`] counts bits,
//!   [`disbe_lucb`] numbers, and lets contexts decide which actions there are.
//! - *Rewards come over a noisy channel with a power limit.* [`ue_ucb::UeUcb`] tells the client what it knows
//!   already, so that only the rest is sent.
//! - *The best arm changes, nobody knows when, and a second loss may be looked at.* [`stabl::StAbl`] has small
//!   regret on every interval at once.
//! - *Every change of the arm costs, or losses are dear to look at.* [`switching_costs::Batched`], which says how many
//!   observations of which kind are worth their price.
//! - *Several agents and few messages on a linear bandit with contexts.* [`disbe_lucb`] needs
//!   $O(\log \log T)$ rounds of them.
//! - *Changing the arm costs.* [`switching_costs::Batched`] keeps an arm for an epoch.
//! - *Rewards in $[0, 1]$ of unknown shape.* [`multiplier_bootstrap::Mbe`] needs no variance.
//! - *Playing spends and refills budgets.* [`replenishable_knapsacks`].
//! - *A function on a fixed pool that a small network or its kernel can learn.* [`neural_contextual`].
//! - *Few coordinates matter and the linear model is wrong by a little.* [`sparse_misspecified`].
//! - *Watching somebody who plays Exp3.* [`exp3_learning_rate_mle`] estimates the learning rate.
//!
//! # Rates and measured constants
//! The last column but one is the largest measured ÷ bound, or measured ÷ rate, that the record of the claim beside it
//! holds; `cargo run -p ratebook-docs` fills it.
//!
//! | setting | policy | feedback | rate | measured ÷ rate | a step |
//! |---|---|---|---|---|---|
//! | one good arm after a budget | [`bracketing_halving`] | batches | $\sqrt{n \log n / T}$ | 0.17 (`bracketing_halving/rate_in_budget`) | $O(1)$ |
//! | rewards in $[0, 1]$ | [`multiplier_bootstrap`] | rewards | $\sqrt{KT}$ | 0.46 (`multiplier_bootstrap/root_in_rounds`) | $O(K)$ |
//! | Pareto rewards | [`pareto_thompson`] | rewards | $C \ln T$ | 0.71 (`pareto_thompson/regret_per_log_at_most`) | $O(K)$ |
//! | a noisy channel | [`ue_ucb`] | coded rewards | $\sqrt{KT / \min(\mathrm{SNR}, 1)}$ | 0.76 (`ue_ucb/regret_at_most`) | $O(K)$ |
//! | arms in a stream | [`streaming_arms`] | batches | $K^{1/3} T^{2/3}$ | 0.34 (`streaming_arms/regret_at_most`) | $O(1)$ |
//! | losses, neighbours seen | [`feedback_graph`] | losses | $\delta^{1/3} T^{2/3} + \sqrt{\alpha T}$ | 0.64 (`feedback_graph/regret_at_most`) | $O(K)$ |
//! | losses, every interval | [`stabl`] | two losses | $\sqrt{K \lvert I \rvert}$ | 0.31 (`stabl/covering_at_most`) | $O(K \log T)$ |
//! | losses, costly changes | [`switching_costs`] | few losses | $T / \sqrt{B}$ | 0.51 (`switching_costs/full_information_at_most`) | $O(K)$ an epoch |
//! | costs of a solver | [`relaxation_tuning`] | costs | $K \sqrt{dT}$ | 0.29 (`relaxation_tuning/regret_at_most`) | $O(d)$ |
//! | budgets that refill | [`replenishable_knapsacks`] | rewards, costs | $\sqrt{T}$ | 0.26 (`replenishable_knapsacks/regret_at_most`) | $O(K + m)$ |
//! | nearly linear means | [`gap_misspecified`] | rewards | $d^2 / \Delta$ | 1.2 (`gap_misspecified/rate_in_gap`) | $O(K d^2)$ |
//! | linear, announced noise | [`heteroscedastic_glm`] | rewards | $\sqrt{\sum \sigma_t^2}$ | 4.9 (`heteroscedastic_glm/rate_in_variance`) | $O(K d^2)$ a layer |
//! | linear, agents | [`disbe_lucb`] | rewards | $\sqrt{dNT}$ | 13 (`disbe_lucb/regret_rate`) | $O(d)$ a batch |
//! | linear, agents, bits | [`quantized_linear`] | rewards | $\sqrt{MT}$ | 51 (`quantized_linear/regret_rate`) | $O(d)$ an epoch |
//! | a smooth function | [`neural_contextual`] | rewards | $T^{(2d+2s-3)/(2(d+2s-2))}$ | 0.38 (`neural_contextual/regret_rate`) | $O(K m^2)$ |
//!
//! # The protocol
//! There are two faces, one for policies that act round by round, one for policies that spend pulls.
//!
//! - A [`Game`] is played round by round: it shows a context, the [`Policy`] chooses an arm, the game charges
//!   the round's *expected* regret and shows the feedback. What is shown before and after a choice are types
//!   of the game, so that a policy only plays games whose feedback it understands: rewards (`f64`), revealed
//!   losses (`[Revealed]`), decision sets ([`Actions`], or `[usize]` for actions of a pool). [`play()`] is the only
//!   loop.
//! - A policy whose random choices are finite says so by [`primitives::exact::Choices`]: on small games
//!   [`primitives::exact`] then computes its expected regret, and the worst one over every sequence of losses.
//! - A [`Bandit`] knows its means. A policy that pulls in batches never sees it: it spends [`Pulls`], which
//!   draw the sum of a whole batch exactly, count, add up the regret and refuse what the budget does not
//!   cover. Horizons may be astronomical at a cost of $O(1)$ a batch. [`agents`] has the same for several agents
//!   of a linear bandit, and a link that counts what they send.
//!
//! Regret has one definition: the instance's [`Bandit::gap`] or [`Game::regret`], made of true means and never
//! of noisy rewards.

pub mod ac_band;
pub mod agents;
pub mod baselines;
pub mod bracketing_halving;
pub mod disbe_lucb;
pub mod exp3_learning_rate_mle;
pub mod feedback_graph;
pub mod gap_misspecified;
pub mod heteroscedastic_glm;
pub mod holo_beam;
pub mod instances;
pub mod multiplier_bootstrap;
pub mod neural_contextual;
pub mod noisy_binary_search;
pub mod pareto_thompson;
pub mod primitives;
pub mod quantized_linear;
pub mod relaxation_tuning;
pub mod replenishable_knapsacks;
pub mod sparse_misspecified;
pub mod stabl;
pub mod streaming_arms;
pub mod switching_costs;
pub mod ue_ucb;

use rand::Rng;

use crate::error;
use crate::{Error, Result};

/// A stochastic bandit with independent rewards and known means.
pub trait Bandit {
    /// The number of arms, at least one.
    fn arms(&self) -> usize;

    /// The mean reward of an arm: for the judge, not for policies.
    fn mean(&self, arm: usize) -> f64;

    /// The largest mean.
    fn best_mean(&self) -> f64;

    /// The sum of `n` independent rewards of `arm`, drawn exactly; in O(1) expected time where the sum's law is
    /// a known one.
    fn pull(&self, arm: usize, n: u64, rng: &mut dyn Rng) -> f64;

    /// How much worse `arm` is than the best one; never negative. The simple regret of a policy that
    /// returns `arm`.
    fn gap(&self, arm: usize) -> f64 {
        self.best_mean() - self.mean(arm)
    }
}

/// The pulls that a policy may spend on a bandit.
pub struct Pulls<'a> {
    bandit: &'a dyn Bandit,
    noise: &'a mut dyn Rng,
    remaining: u64,
    regret: f64,
}

impl<'a> Pulls<'a> {
    /// `budget` pulls of `bandit`, whose rewards are drawn from `noise`.
    pub fn new(bandit: &'a dyn Bandit, budget: u64, noise: &'a mut dyn Rng) -> Self {
        Self { bandit, noise, remaining: budget, regret: 0.0 }
    }

    /// The number of arms.
    pub fn arms(&self) -> usize {
        self.bandit.arms()
    }

    /// How many pulls are left.
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    /// The regret of the pulls made so far: the sum of their gaps.
    pub fn regret(&self) -> f64 {
        self.regret
    }

    /// The mean of `n` fresh rewards of `arm`.
    ///
    /// # Errors
    /// `n` is zero or more than what remains, or there is no such arm.
    pub fn mean_of(&mut self, arm: usize, n: u64) -> Result<f64> {
        if arm >= self.bandit.arms() {
            return Err(Error::OutOfRange { name: "arm", value: arm as f64, requirement: "an existing arm" });
        }
        if n == 0 || n > self.remaining {
            let requirement = "at least one pull and within the budget";
            return Err(Error::OutOfRange { name: "pulls", value: n as f64, requirement });
        }
        self.remaining -= n;
        self.regret += n as f64 * self.bandit.gap(arm);
        Ok(self.bandit.pull(arm, n, self.noise) / n as f64)
    }
}

/// A policy that spends a budget of pulls and then returns one arm.
pub trait FixedBudget {
    /// Spends at most the pulls it is given and returns an arm.
    ///
    /// # Errors
    /// The budget is too small for the policy.
    fn recommend(&self, pulls: &mut Pulls<'_>, rng: &mut dyn Rng) -> Result<usize>;
}

/// A policy that acts round by round.
pub trait Policy {
    /// What it is shown before it chooses: `()`, or the [`Actions`] of a linear bandit.
    type Context: ?Sized;

    /// What it sees afterwards: a reward, or `[Revealed]` losses.
    type Feedback: ?Sized;

    /// The arm to play this round.
    ///
    /// # Errors
    /// The context is not one that the policy can act in.
    fn choose(&mut self, context: &Self::Context, rng: &mut dyn Rng) -> Result<usize>;

    /// Distinct arms, besides those that the game reveals by itself, whose loss it wants to see this round. Asked
    /// after [`choose`](Self::choose); every one counts as an observation.
    fn asks(&self) -> &[usize] {
        &[]
    }

    /// Learns from the feedback on `arm`.
    ///
    /// # Errors
    /// A reward that is not finite, or a loss outside [0, 1].
    fn observe(&mut self, arm: usize, feedback: &Self::Feedback) -> Result<()>;
}

/// A problem that is played round by round.
pub trait Game {
    /// What a policy is shown before it chooses.
    type Context: ?Sized;

    /// What a policy sees afterwards.
    type Feedback: ?Sized;

    /// Opens the next round and draws what chance decides before the choice.
    fn open(&mut self, noise: &mut dyn Rng);

    /// What the policy is shown in this round.
    fn context(&self) -> &Self::Context;

    /// The number of arms in this round.
    fn arms(&self) -> usize;

    /// The expected loss of playing `arm` in this round over that of the comparator: for the judge, not for
    /// policies. Non-negative where the comparator is the best arm of every round.
    fn regret(&self, arm: usize) -> f64;

    /// The feedback on `arm` and on what else the policy asks to see.
    fn feedback(&mut self, arm: usize, asks: &[usize], noise: &mut dyn Rng) -> &Self::Feedback;
}

/// Plays `rounds` rounds and returns the pseudo-regret, the sum of [`Game::regret`] over the arms played.
///
/// # Errors
/// The policy plays or asks for an arm that does not exist, or refuses a context or a feedback.
pub fn play<P, G>(
    policy: &mut P,
    game: &mut G,
    rounds: u64,
    noise: &mut dyn Rng,
    rng: &mut dyn Rng,
) -> Result<f64>
where
    P: Policy + ?Sized,
    G: Game<Context = P::Context, Feedback = P::Feedback> + ?Sized,
{
    play_by(policy, game, rounds, noise, |policy, context| policy.choose(context, rng))
}

/// The loop of [`play()`], with a say in how the policy chooses.
fn play_by<P, G>(
    policy: &mut P,
    game: &mut G,
    rounds: u64,
    noise: &mut dyn Rng,
    mut choose: impl FnMut(&mut P, &P::Context) -> Result<usize>,
) -> Result<f64>
where
    P: Policy + ?Sized,
    G: Game<Context = P::Context, Feedback = P::Feedback> + ?Sized,
{
    let mut regret = 0.0;
    for _ in 0..rounds {
        game.open(noise);
        let arm = choose(policy, game.context())?;
        let asks = policy.asks();
        if let Some(&arm) = asks.iter().chain([&arm]).find(|&&arm| arm >= game.arms()) {
            return Err(Error::OutOfRange { name: "arm", value: arm as f64, requirement: "an existing arm" });
        }
        regret += game.regret(arm);
        policy.observe(arm, game.feedback(arm, asks, noise))?;
    }
    Ok(regret)
}

/// The loss of an arm, as it is revealed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Revealed {
    /// The arm.
    pub arm: usize,
    /// Its loss in this round, in [0, 1].
    pub loss: f64,
}

/// A decision set: the feature vectors that a round of a linear bandit offers, and the round's noise level where
/// the game announces it.
#[derive(Debug, Clone, PartialEq)]
pub struct Actions {
    dim: usize,
    entries: Vec<f64>,
    deviation: Option<f64>,
}

impl Actions {
    /// The rows of a matrix with `dim` columns, given row by row.
    ///
    /// # Errors
    /// `dim` is zero, there is no row or an incomplete one, or an entry is not finite.
    pub fn new(dim: usize, entries: Vec<f64>) -> Result<Self> {
        error::at_least_one("dim", dim)?;
        error::finite_slice("actions", &entries)?;
        error::same_size("actions", entries.len().div_ceil(dim) * dim, entries.len())?;
        Ok(Self { dim, entries, deviation: None })
    }

    /// Announces that this round's noise is sub-Gaussian with parameter `deviation` ≥ 0.
    ///
    /// # Errors
    /// `deviation` is negative or not finite.
    pub fn announce(&mut self, deviation: f64) -> Result<()> {
        self.deviation = Some(error::non_negative("deviation", deviation)?);
        Ok(())
    }

    /// The noise level of the round, if the game announces it.
    pub fn deviation(&self) -> Option<f64> {
        self.deviation
    }

    /// The dimension of the feature vectors.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The number of actions, at least one.
    pub fn arms(&self) -> usize {
        self.entries.len() / self.dim
    }

    /// The feature vector of an action.
    pub fn get(&self, arm: usize) -> &[f64] {
        &self.entries[arm * self.dim..(arm + 1) * self.dim]
    }

    /// The feature vectors in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.entries.chunks_exact(self.dim)
    }
}
