//! What a run costs in expectation over the arms, given what was observed.

use rand::Rng;

use crate::Result;
use crate::bandits::instances::{Epochs, Losses};
use crate::bandits::{Game, Policy, Revealed};

/// A policy whose arms are a Markov chain once the observations are given.
pub trait ArmChain: Policy<Context = (), Feedback = [Revealed]> {
    /// The probability that `to` is played next when `from` was played last (nothing, at first), given what was
    /// observed.
    fn transition(&self, from: Option<usize>, to: usize) -> f64;

    /// Whether what is observed depends on the arm played.
    fn sees_its_arm(&self) -> bool;
}

/// Plays all epochs of a game and returns the expected regret and changes given what was observed.
///
/// Where observations do not depend on the arm the law of the arm is propagated exactly, so that the result
/// depends on the observations alone: a policy that keeps its arm for long has far less variance so. Otherwise the
/// arm is drawn, and each epoch is charged by its law given the last arm. Either way the mean over runs
/// is that of [`play`](crate::bandits::play()). O(arms²) an epoch.
///
/// # Errors
/// As [`play`](crate::bandits::play()).
pub fn expected_cost<P: ArmChain, L: Losses>(
    policy: &mut P,
    game: &mut Epochs<L>,
    noise: &mut dyn Rng,
    rng: &mut dyn Rng,
) -> Result<f64> {
    let arms = game.arms();
    let mut law: Vec<f64> = (0..arms).map(|to| policy.transition(None, to)).collect();
    let mut next = vec![0.0; arms];
    let mut cost = 0.0;
    for epoch in 0..game.count() {
        game.open(noise);
        if epoch > 0 {
            for (to, mass) in next.iter_mut().enumerate() {
                *mass = law.iter().enumerate().map(|(from, p)| p * policy.transition(Some(from), to)).sum();
            }
            let changes = |(from, p): (usize, &f64)| p * (1.0 - policy.transition(Some(from), from));
            cost += law.iter().enumerate().map(changes).sum::<f64>();
            std::mem::swap(&mut law, &mut next);
        }
        cost += law.iter().enumerate().map(|(arm, p)| p * game.excess(arm)).sum::<f64>();
        let arm = policy.choose(&(), rng)?;
        if policy.sees_its_arm() {
            law.fill(0.0);
            law[arm] = 1.0;
        }
        policy.observe(arm, game.feedback(arm, policy.asks(), noise))?;
    }
    Ok(cost)
}
