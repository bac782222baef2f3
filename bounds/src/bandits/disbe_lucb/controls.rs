//! Agents that talk too often, or not at all.

use rand::Rng;
use ratebook::bandits::agents::{Cooperative, LinearPulls, Link};
use ratebook::bandits::disbe_lucb::DisBeLucb;

/// Synchronises whenever the number of rounds has doubled, as a trigger on the determinant does.
#[derive(Debug, Clone)]
pub struct DoublingBatches(pub DisBeLucb);

impl Cooperative for DoublingBatches {
    fn cooperate(
        &self,
        pulls: &mut LinearPulls<'_>,
        link: &mut Link,
        rng: &mut dyn Rng,
    ) -> ratebook::Result<()> {
        let mut left = pulls.remaining() / self.0.agents() as u64;
        let mut lengths = Vec::new();
        while left > 0 {
            let length = (1 << lengths.len().saturating_sub(1)).min(left);
            lengths.push(length);
            left -= length;
        }
        self.0.play(&lengths, pulls, link, rng).map(drop)
    }
}

/// Every agent learns for itself and sends nothing.
#[derive(Debug, Clone)]
pub struct Alone {
    /// The method for one agent.
    pub one: DisBeLucb,
    /// How many there are.
    pub agents: usize,
}

impl Cooperative for Alone {
    fn cooperate(
        &self,
        pulls: &mut LinearPulls<'_>,
        _: &mut Link,
        rng: &mut dyn Rng,
    ) -> ratebook::Result<()> {
        let lengths = self.one.lengths(pulls.remaining() / self.agents as u64);
        (0..self.agents).try_for_each(|_| self.one.play(&lengths, pulls, &mut Link::default(), rng).map(drop))
    }
}
