use std::ops::Range;

use rand::Rng;

use super::Losses;
use crate::bandits::Game;

/// A game that remembers which arms were played.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded<G> {
    game: G,
    played: Vec<usize>,
}

impl<G> Recorded<G> {
    /// Nothing played yet.
    pub fn new(game: G) -> Self {
        Self { game, played: Vec::new() }
    }

    /// The arms played, round by round.
    pub fn played(&self) -> &[usize] {
        &self.played
    }

    /// The game that is recorded.
    pub fn game(&self) -> &G {
        &self.game
    }

    /// How often the arm changed.
    pub fn switches(&self) -> u64 {
        self.played.windows(2).filter(|pair| pair[0] != pair[1]).count() as u64
    }

    /// The pseudo-regret on each of some intervals of the rounds played, against the best arm of that interval.
    ///
    /// O(rounds) and, for each interval, what the totals of `losses` cost. Intervals are cut where the
    /// rounds played end.
    pub fn regrets<'a>(
        &self,
        losses: &'a impl Losses,
        intervals: impl IntoIterator<Item = Range<u64>> + 'a,
    ) -> impl Iterator<Item = f64> + 'a {
        let mut paid = Vec::with_capacity(self.played.len() + 1);
        paid.push(0.0);
        for (round, &arm) in (0..).zip(&self.played) {
            paid.push(paid[round as usize] + losses.mean(round, arm));
        }
        intervals.into_iter().map(move |interval| {
            let end = (interval.end as usize).min(paid.len() - 1);
            let start = (interval.start as usize).min(end);
            let rounds = start as u64..end as u64;
            paid[end] - paid[start] - losses.total(rounds.clone(), losses.best_arm(rounds))
        })
    }
}

impl<G: Game> Game for Recorded<G> {
    type Context = G::Context;
    type Feedback = G::Feedback;

    fn open(&mut self, noise: &mut dyn Rng) {
        self.game.open(noise);
    }

    fn context(&self) -> &G::Context {
        self.game.context()
    }

    fn arms(&self) -> usize {
        self.game.arms()
    }

    fn regret(&self, arm: usize) -> f64 {
        self.game.regret(arm)
    }

    fn feedback(&mut self, arm: usize, asks: &[usize], noise: &mut dyn Rng) -> &G::Feedback {
        self.played.push(arm);
        self.game.feedback(arm, asks, noise)
    }
}
