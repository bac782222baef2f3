//! What an observer has seen of an individual.

use super::Revealed;
use crate::error::{self, Error, Result};

/// A record of plays, as stretches of rounds that were played with the same probabilities.
///
/// Exp3 changes its mind only after a loss. The rounds from one loss to the next are exchangeable, so a
/// stretch is told by how often each arm was played, and a record takes memory only for its losses.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    arms: usize,
    rounds: usize,
    /// For each stretch how often each arm was played, the last round of the stretch included.
    counts: Vec<u64>,
    /// The plays with a loss. Each ends a stretch; the last stretch may be open.
    lossy: Vec<Revealed>,
}

impl Record {
    /// Nothing seen yet.
    ///
    /// # Errors
    /// `arms` is zero.
    pub fn new(arms: usize) -> Result<Self> {
        error::at_least_one("arms", arms)?;
        Ok(Self { arms, rounds: 0, counts: vec![0; arms], lossy: Vec::new() })
    }

    /// The record of these plays, in order.
    ///
    /// # Errors
    /// `arms` is zero, or a play has an arm that does not exist or a loss outside [0, 1].
    pub fn of(arms: usize, plays: &[Revealed]) -> Result<Self> {
        let mut record = Self::new(arms)?;
        plays.iter().try_for_each(|&play| record.push(play))?;
        Ok(record)
    }

    /// Adds a round.
    ///
    /// # Errors
    /// There is no such arm, or the loss is outside [0, 1].
    pub fn push(&mut self, play: Revealed) -> Result<()> {
        if play.arm >= self.arms {
            let requirement = "an existing arm";
            return Err(Error::OutOfRange { name: "arm", value: play.arm as f64, requirement });
        }
        error::probability("loss", play.loss)?;
        self.rounds += 1;
        let open = self.counts.len() - self.arms;
        self.counts[open + play.arm] += 1;
        if play.loss > 0.0 {
            self.lossy.push(play);
            self.counts.resize(open + 2 * self.arms, 0);
        }
        Ok(())
    }

    /// The number of arms.
    pub fn arms(&self) -> usize {
        self.arms
    }

    /// The number of rounds.
    pub fn rounds(&self) -> usize {
        self.rounds
    }

    /// The stretches in order: how often each arm was played, and the play with a loss that ended it.
    pub fn stretches(&self) -> impl Iterator<Item = (&[u64], Option<Revealed>)> {
        let ends = self.lossy.iter().copied().map(Some).chain([None]);
        self.counts.chunks_exact(self.arms).zip(ends)
    }
}
