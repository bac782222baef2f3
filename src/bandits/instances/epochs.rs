use rand::{Rng, RngExt};

use super::Losses;
use crate::bandits::{Game, Revealed};
use crate::{Error, Result};

/// Oblivious losses over epochs of many rounds, with a cost for every change of the arm.
///
/// One round of the game is one epoch of `length` rounds in which the policy keeps its arm; it may ask for losses of
/// a single round of the epoch, drawn uniformly, and nothing is revealed that it does not ask for. What an epoch
/// costs is added up exactly, so that a run takes time by the epoch, not by the round. The last epoch may be
/// shorter: rounds that are missing have loss 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Epochs<L> {
    losses: L,
    rounds: u64,
    length: u64,
    best: usize,
    /// For each arm its loss over the open epoch, over that of the best arm of all rounds.
    excess: Vec<f64>,
    /// The epochs opened so far.
    opened: u64,
    /// The round of the open epoch whose losses can be seen.
    observed: u64,
    last: Option<usize>,
    switches: u64,
    asked: u64,
    revealed: Vec<Revealed>,
}

impl<L: Losses> Epochs<L> {
    /// These losses for `rounds` rounds in at most `epochs` epochs of equal length ⌈rounds/epochs⌉.
    ///
    /// # Errors
    /// `epochs` is zero or more than `rounds`.
    pub fn new(losses: L, rounds: u64, epochs: u64) -> Result<Self> {
        if epochs == 0 || epochs > rounds {
            let requirement = "at least 1 and at most the number of rounds";
            return Err(Error::OutOfRange { name: "epochs", value: epochs as f64, requirement });
        }
        let (best, excess) = (losses.best_arm(0..rounds), vec![0.0; losses.arms()]);
        let revealed = Vec::with_capacity(losses.arms());
        let length = rounds.div_ceil(epochs);
        let (opened, observed, last, switches, asked) = (0, 0, None, 0, 0);
        Ok(Self { losses, rounds, length, best, excess, opened, observed, last, switches, asked, revealed })
    }

    /// How many epochs there are.
    pub fn count(&self) -> u64 {
        self.rounds.div_ceil(self.length)
    }

    /// How many rounds an epoch has.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// How often the arm changed so far.
    pub fn switches(&self) -> u64 {
        self.switches
    }

    /// How many losses were seen so far.
    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// The loss of `arm` over the open epoch, over that of the best fixed arm of all rounds.
    pub fn excess(&self, arm: usize) -> f64 {
        self.excess[arm]
    }

    fn changes(&self, arm: usize) -> bool {
        self.last.is_some_and(|last| last != arm)
    }
}

impl<L: Losses> Game for Epochs<L> {
    type Context = ();
    type Feedback = [Revealed];

    fn open(&mut self, noise: &mut dyn Rng) {
        self.opened += 1;
        let start = (self.opened - 1) * self.length;
        let epoch = start.min(self.rounds)..(start + self.length).min(self.rounds);
        let best = self.losses.total(epoch.clone(), self.best);
        for (arm, excess) in self.excess.iter_mut().enumerate() {
            *excess = self.losses.total(epoch.clone(), arm) - best;
        }
        self.observed = if self.length > 1 { start + noise.random_range(0..self.length) } else { start };
    }

    fn context(&self) -> &() {
        &()
    }

    fn arms(&self) -> usize {
        self.losses.arms()
    }

    /// [`Epochs::excess`], and 1 if the arm changes.
    fn regret(&self, arm: usize) -> f64 {
        self.excess(arm) + f64::from(u8::from(self.changes(arm)))
    }

    fn feedback(&mut self, arm: usize, asks: &[usize], noise: &mut dyn Rng) -> &[Revealed] {
        self.switches += u64::from(self.changes(arm));
        self.last = Some(arm);
        self.asked += asks.len() as u64;
        self.revealed.clear();
        for &arm in asks {
            let there = self.observed < self.rounds;
            let loss = f64::from(there && noise.random::<f64>() < self.losses.mean(self.observed, arm));
            self.revealed.push(Revealed { arm, loss });
        }
        &self.revealed
    }
}
