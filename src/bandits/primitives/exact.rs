//! Regret without sampling error, on small games: every random choice of the policy, every sequence of losses.

use rand::Rng;

use crate::bandits::instances::{Adversary, Graph, Segments};
use crate::bandits::{Game, Policy, Revealed, play_by};
use crate::math::chance::{Chance, every_outcome};
use crate::math::sequences::sequences;
use crate::{Result, error};

/// A policy whose random choices are finite in number, so that they can be gone through.
pub trait Choices: Policy {
    /// [`Policy::choose`] with randomness that may be an enumeration; a generator must do the same.
    ///
    /// # Errors
    /// As [`Policy::choose`].
    fn choose_by<C: Chance + ?Sized>(&mut self, context: &Self::Context, chance: &mut C) -> Result<usize>;
}

/// The expected pseudo-regret of `rounds` rounds over the policy's own choices, both started from the states
/// given.
///
/// `noise` is for games that draw; where they do, the result is the expectation for one draw along each path. The
/// cost is the number of paths through the policy's choices times the rounds.
///
/// # Errors
/// As [`play`](crate::bandits::play()), on any path.
pub fn expected_regret<P, G>(policy: &P, game: &G, rounds: u64, noise: &mut dyn Rng) -> Result<f64>
where
    P: Choices + Clone,
    G: Game<Context = P::Context, Feedback = P::Feedback> + Clone,
{
    let mut expected = Ok(0.0);
    every_outcome(
        |chance| {
            let (mut policy, mut game) = (policy.clone(), game.clone());
            play_by(&mut policy, &mut game, rounds, noise, |policy, context| {
                policy.choose_by(context, chance)
            })
        },
        |probability, regret| match (&mut expected, regret) {
            (Ok(sum), Ok(regret)) => *sum += probability * regret,
            (Ok(_), error) => expected = error,
            (Err(_), _) => {}
        },
    );
    expected
}

/// Every sequence of `rounds` ≥ 1 loss vectors on `arms` ≥ 1 arms with entries 0 and 1, 2^(`arms`·`rounds`) of
/// them.
///
/// # Errors
/// `arms` or `rounds` is zero.
pub fn binary_losses(arms: usize, rounds: u64) -> Result<Vec<Segments>> {
    let vectors: Vec<Vec<f64>> = sequences(&[0.0, 1.0], arms).collect();
    let numbered = |sequence: Vec<Vec<f64>>| Segments::new((0..).zip(sequence).collect());
    sequences(&vectors, rounds as usize).map(numbered).collect()
}

/// The largest expected regret over [`binary_losses`] revealed along `graph`, against the best fixed arm.
///
/// # Errors
/// `rounds` is zero, or as [`play`](crate::bandits::play()).
pub fn worst_regret<P>(policy: &P, graph: &Graph, rounds: u64, noise: &mut dyn Rng) -> Result<f64>
where
    P: Choices<Context = (), Feedback = [Revealed]> + Clone,
{
    let mut worst = f64::NEG_INFINITY;
    for losses in &binary_losses(graph.arms(), rounds)? {
        let game = Adversary::new(losses, graph.clone(), rounds)?;
        let regret = expected_regret(policy, &game, rounds, noise)?;
        worst = worst.max(error::finite("regret", regret)?);
    }
    Ok(worst)
}
