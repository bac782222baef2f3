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
pub mod mdp;

use rand::Rng;

pub use mdp::{Law, MarkovPolicy, Mdp};

/// What to do, given the augmented state.
pub trait Policy {
    /// The action at `step` (from 0) in `state`, having earned `earned` before this step.
    fn action(&self, step: usize, state: usize, earned: f64) -> usize;
}

/// A learner that executes one policy per episode.
pub trait Agent {
    /// Starts an episode. Returns whether [`Agent::policy`] may differ from the last episode's.
    fn begin(&mut self, rng: &mut dyn Rng) -> bool;

    /// The policy of the current episode.
    fn policy(&self) -> &dyn Policy;

    /// Sees one transition of the current episode. After the last step, `next` is where it would
    /// have gone on.
    fn observe(&mut self, step: usize, state: usize, action: usize, reward: f64, next: usize);
}

/// The total over `episodes` of how much `objective` falls short of `best`, for the policies that
/// `agent` executes; `objective` judges the exact law of a policy's return.
pub fn regret(
    mdp: &Mdp,
    agent: &mut dyn Agent,
    episodes: usize,
    best: f64,
    objective: impl Fn(&Law) -> f64,
    rng: &mut dyn Rng,
) -> f64 {
    let (mut total, mut shortfall) = (0.0, 0.0);
    for episode in 0..episodes {
        // A policy that did not change has the same law.
        if agent.begin(rng) || episode == 0 {
            shortfall = best - objective(&mdp.law(agent.policy()));
        }
        total += shortfall;
        let (mut state, mut earned) = (mdp.draw_start(rng), 0.0);
        for step in 0..mdp.horizon() {
            let action = agent.policy().action(step, state, earned);
            let reward = mdp.reward(step, state, action);
            let next = mdp.draw_next(step, state, action, rng);
            agent.observe(step, state, action, reward, next);
            earned += reward;
            state = next;
        }
    }
    total
}
