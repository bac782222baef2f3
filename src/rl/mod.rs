//! Episodic decision processes with exactly known ground truth.
//!
//! An agent meets a small Markov decision process again and again: each episode it announces a
//! policy, the policy is executed for `H` steps, and the agent sees the states it went through.
//! Values, regrets and the whole law of the return are computed from the model by dynamic
//! programming, never estimated from what happened, so that the regret of an episode is a number
//! and not a draw.
//!
//! # The protocol
//! [`Mdp`] is the problem. [`Policy`] is what an agent commits to: a function of the step, the state
//! and *what was earned so far*. The last argument is the augmented state that risk needs: the best
//! policy for a quantile of the return is not Markov, but it is Markov once the earnings are part of
//! the state. A policy that cares only about the mean ignores it. [`Agent`] is a learner; [`regret`]
//! plays it and adds up the exact loss of each policy that it executed.
//!
//! # Which method when
//! * The mean of the return, unknown transitions: optimistic value iteration; here that is
//!   [`cvar_ucb_vi`] with risk tolerance one.
//! * The worst share of outcomes (conditional value at risk): [`cvar_ucb_vi`]. A risk-neutral agent
//!   on rewards transformed step by step is *not* a substitute: the risk is of the whole return.
//! * Known model, only planning: [`Mdp::optimal`] for the mean, [`cvar_ucb_vi::Plan::exact`] for
//!   the conditional value at risk.

pub mod cvar_ucb_vi;
pub mod instances;

use rand::{Rng, RngExt};

use crate::error::{Result, at_least_one, distribution, finite_slice, same_size};

/// What to do, given the augmented state.
pub trait Policy {
    /// The action at `step` (from 0) in `state`, having earned `earned` before this step.
    fn action(&self, step: usize, state: usize, earned: f64) -> usize;
}

/// A learner that executes one policy per episode.
pub trait Agent {
    /// Starts an episode. Returns whether [`Agent::policy`] may differ from the last episode's.
    fn begin(&mut self, coins: &mut dyn Rng) -> bool;

    /// The policy of the current episode.
    fn policy(&self) -> &dyn Policy;

    /// Sees one transition of the current episode. After the last step, `next` is where it would
    /// have gone on.
    fn observe(&mut self, step: usize, state: usize, action: usize, reward: f64, next: usize);
}

/// The total over `episodes` of how much `objective` falls short of `best`, for the policies that
/// `agent` executes; `objective` judges the exact law of a policy's return. The process draws from
/// `noise`, the agent from `coins`.
pub fn regret(
    mdp: &Mdp,
    agent: &mut dyn Agent,
    episodes: usize,
    best: f64,
    objective: impl Fn(&Law) -> f64,
    noise: &mut dyn Rng,
    coins: &mut dyn Rng,
) -> f64 {
    let (mut total, mut shortfall) = (0.0, 0.0);
    for episode in 0..episodes {
        // A policy that did not change has the same law.
        if agent.begin(coins) || episode == 0 {
            shortfall = best - objective(&mdp.law(agent.policy()));
        }
        total += shortfall;
        let (mut state, mut earned) = (mdp.draw_start(noise), 0.0);
        for step in 0..mdp.horizon() {
            let action = agent.policy().action(step, state, earned);
            let reward = mdp.reward(step, state, action);
            let next = mdp.draw_next(step, state, action, noise);
            agent.observe(step, state, action, reward, next);
            earned += reward;
            state = next;
        }
    }
    total
}

/// Finitely many states and actions, a fixed number of steps, known deterministic rewards.
///
/// Transitions and rewards may depend on the step. All indices start at 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Mdp {
    states: usize,
    actions: usize,
    horizon: usize,
    /// Shape [states]; sums to 1.
    start: Vec<f64>,
    /// Shape [horizon][states][actions][states]; each row sums to 1.
    transitions: Vec<f64>,
    /// Shape [horizon][states][actions].
    rewards: Vec<f64>,
}

impl Mdp {
    /// A process whose transitions `[horizon][states][actions][states]` and rewards
    /// `[horizon][states][actions]` depend on the step; `start` is the law of the first state.
    ///
    /// # Errors
    /// `horizon` or `actions` zero, sizes that do not match, a reward that is not finite, or a
    /// `start` or row of `transitions` that is not a distribution (to within 1e-9).
    pub fn new(
        horizon: usize,
        actions: usize,
        start: Vec<f64>,
        transitions: Vec<f64>,
        rewards: Vec<f64>,
    ) -> Result<Self> {
        at_least_one("horizon", horizon)?;
        at_least_one("actions", actions)?;
        distribution("start", &start)?;
        let states = start.len();
        let pairs = horizon * states * actions;
        same_size("rewards", pairs, rewards.len())?;
        same_size("transitions", pairs * states, transitions.len())?;
        finite_slice("rewards", &rewards)?;
        for row in transitions.chunks(states) {
            distribution("transitions", row)?;
        }
        Ok(Self { states, actions, horizon, start, transitions, rewards })
    }

    /// The same with transitions `[states][actions][states]` and rewards `[states][actions]` that
    /// are those of every step.
    ///
    /// # Errors
    /// As [`Mdp::new`].
    pub fn stationary(
        horizon: usize,
        actions: usize,
        start: Vec<f64>,
        transitions: &[f64],
        rewards: &[f64],
    ) -> Result<Self> {
        Self::new(horizon, actions, start, transitions.repeat(horizon), rewards.repeat(horizon))
    }

    /// The number of states S.
    pub fn states(&self) -> usize {
        self.states
    }

    /// The number of actions A.
    pub fn actions(&self) -> usize {
        self.actions
    }

    /// The number of steps H.
    pub fn horizon(&self) -> usize {
        self.horizon
    }

    /// The law of the first state.
    pub fn start(&self) -> &[f64] {
        &self.start
    }

    /// The place of a state-action pair in the tables.
    fn pair(&self, step: usize, state: usize, action: usize) -> usize {
        (step * self.states + state) * self.actions + action
    }

    /// The law of the next state.
    pub fn next(&self, step: usize, state: usize, action: usize) -> &[f64] {
        let row = self.pair(step, state, action) * self.states;
        &self.transitions[row..row + self.states]
    }

    /// The reward of a step.
    pub fn reward(&self, step: usize, state: usize, action: usize) -> f64 {
        self.rewards[self.pair(step, state, action)]
    }

    /// Draws the first state.
    pub fn draw_start(&self, rng: &mut dyn Rng) -> usize {
        draw(&self.start, rng)
    }

    /// Draws the next state.
    pub fn draw_next(&self, step: usize, state: usize, action: usize, rng: &mut dyn Rng) -> usize {
        draw(self.next(step, state, action), rng)
    }

    /// The exact law of the return of a policy, by forward recursion over (state, earnings).
    ///
    /// Earnings that differ by less than 1e-9 are merged. O(S²·H·number of distinct earnings).
    pub fn law(&self, policy: &dyn Policy) -> Law {
        let mut front: Vec<(usize, f64, f64)> =
            self.start.iter().enumerate().map(|(state, &mass)| (state, 0.0, mass)).collect();
        for step in 0..self.horizon {
            let mut after = Vec::with_capacity(front.len() * self.states);
            for &(state, earned, mass) in front.iter().filter(|point| point.2 > 0.0) {
                let action = policy.action(step, state, earned);
                let earned = earned + self.reward(step, state, action);
                for (next, &p) in self.next(step, state, action).iter().enumerate() {
                    after.push((next, earned, mass * p));
                }
            }
            after.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            after.dedup_by(|later, kept| {
                let same = later.0 == kept.0 && (later.1 - kept.1).abs() < 1e-9;
                if same {
                    kept.2 += later.2;
                }
                same
            });
            front = after;
        }
        Law::merged(front.into_iter().map(|(_, earned, mass)| (earned, mass)).collect())
    }

    /// The largest mean return, and a Markov policy that attains it (the first of equal actions), by
    /// backward induction. O(S²·A·H).
    pub fn optimal(&self) -> (f64, MarkovPolicy) {
        let mut table = vec![0; self.horizon * self.states];
        let mut ahead = vec![0.0; self.states];
        for step in (0..self.horizon).rev() {
            let mut here = vec![f64::NEG_INFINITY; self.states];
            for state in 0..self.states {
                for action in 0..self.actions {
                    let value =
                        self.reward(step, state, action) + mean(self.next(step, state, action), &ahead);
                    if value > here[state] {
                        here[state] = value;
                        table[step * self.states + state] = action;
                    }
                }
            }
            ahead = here;
        }
        (mean(&self.start, &ahead), MarkovPolicy { states: self.states, table })
    }
}

fn mean(masses: &[f64], values: &[f64]) -> f64 {
    masses.iter().zip(values).map(|(p, v)| p * v).sum()
}

/// Draws an index by inversion; rounding at the end goes to the last index with positive mass.
fn draw(masses: &[f64], rng: &mut dyn Rng) -> usize {
    let mut rest: f64 = rng.random();
    let mut last = 0;
    for (index, &mass) in masses.iter().enumerate() {
        if mass > 0.0 {
            if rest < mass {
                return index;
            }
            rest -= mass;
            last = index;
        }
    }
    last
}

/// A policy that looks at the step and the state only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkovPolicy {
    states: usize,
    /// Shape [horizon][states].
    table: Vec<usize>,
}

impl MarkovPolicy {
    /// The policy with the actions `table[step * states + state]`.
    ///
    /// # Errors
    /// `states` zero, or a table whose size is not a positive multiple of it.
    pub fn new(states: usize, table: Vec<usize>) -> Result<Self> {
        at_least_one("states", states)?;
        at_least_one("table", table.len())?;
        same_size("table", table.len().next_multiple_of(states), table.len())?;
        Ok(Self { states, table })
    }
}

impl Policy for MarkovPolicy {
    fn action(&self, step: usize, state: usize, _earned: f64) -> usize {
        self.table[step * self.states + state]
    }
}

/// A finitely supported law of a return.
#[derive(Debug, Clone, PartialEq)]
pub struct Law {
    /// (value, probability), increasing in the value, each probability positive.
    points: Vec<(f64, f64)>,
}

impl Law {
    /// The law with these (value, probability) points, in any order.
    ///
    /// # Errors
    /// A value that is not finite, or probabilities that are not a distribution.
    pub fn new(points: Vec<(f64, f64)>) -> Result<Self> {
        let (values, masses): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
        finite_slice("values", &values)?;
        distribution("probabilities", &masses)?;
        Ok(Self::merged(points))
    }

    fn merged(mut points: Vec<(f64, f64)>) -> Self {
        points.retain(|point| point.1 > 0.0);
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points.dedup_by(|later, kept| {
            let same = later.0 - kept.0 < 1e-9;
            if same {
                kept.1 += later.1;
            }
            same
        });
        Self { points }
    }

    /// The points (value, probability), increasing in the value.
    pub fn points(&self) -> &[(f64, f64)] {
        &self.points
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        self.points.iter().map(|(value, mass)| value * mass).sum()
    }
}
