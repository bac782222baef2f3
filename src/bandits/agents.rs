//! What several agents of one linear bandit share: pulls in exact batches, and a link whose traffic is counted.

use rand::{Rng, RngExt};
use rand_distr::Binomial;

use crate::{Error, Result, error};

/// A linear bandit that is pulled in batches: action x has mean reward ⟨x, θ⟩.
pub trait LinearBandit {
    /// The dimension of θ.
    fn dim(&self) -> usize;

    /// How many of `n` rounds offer each of the decision sets, drawn exactly.
    fn offer(&self, n: u64, rng: &mut dyn Rng) -> Vec<u64>;

    /// How much worse `action` is than the best one of decision set `set`; never negative, `None` if the set
    /// does not hold it. For the judge, not for agents.
    fn gap(&self, set: usize, action: &[f64]) -> Option<f64>;

    /// The sum of `n` independent rewards of `action`, drawn exactly in O(dim).
    fn pull(&self, action: &[f64], n: u64, rng: &mut dyn Rng) -> f64;
}

/// The rounds that all agents together may spend on a linear bandit.
pub struct LinearPulls<'a> {
    bandit: &'a dyn LinearBandit,
    noise: &'a mut dyn Rng,
    remaining: u64,
    regret: f64,
}

impl<'a> LinearPulls<'a> {
    /// `budget` rounds of `bandit`, whose decision sets and rewards are drawn from `noise`.
    pub fn new(bandit: &'a dyn LinearBandit, budget: u64, noise: &'a mut dyn Rng) -> Self {
        Self { bandit, noise, remaining: budget, regret: 0.0 }
    }

    /// The dimension of the actions.
    pub fn dim(&self) -> usize {
        self.bandit.dim()
    }

    /// How many rounds are left.
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    /// The regret of the rounds so far: the sum of their gaps.
    pub fn regret(&self) -> f64 {
        self.regret
    }

    /// How many of the next `n` rounds of an agent offer each of the decision sets. Nothing is spent yet.
    pub fn offer(&mut self, n: u64) -> Vec<u64> {
        self.bandit.offer(n, self.noise)
    }

    /// The sum of `n` fresh rewards of `action` from decision set `set`; zero for no round.
    ///
    /// # Errors
    /// `n` is more than what remains, or the set does not hold the action.
    pub fn sum_of(&mut self, set: usize, action: &[f64], n: u64) -> Result<f64> {
        error::same_size("action", self.dim(), action.len())?;
        if n > self.remaining {
            return Err(Error::OutOfRange {
                name: "pulls",
                value: n as f64,
                requirement: "within the budget",
            });
        }
        let gap = self.bandit.gap(set, action);
        let gap = gap.ok_or(Error::Invalid { name: "action", requirement: "must be in the decision set" })?;
        self.remaining -= n;
        self.regret += n as f64 * gap;
        Ok(if n == 0 { 0.0 } else { self.bandit.pull(action, n, self.noise) })
    }
}

/// How often each outcome occurs in `n` independent draws from the law proportional to `masses`, which are
/// non-negative with a positive sum. In O(outcomes).
pub fn multinomial(n: u64, masses: &[f64], rng: &mut dyn Rng) -> Vec<u64> {
    let (mut left, mut mass) = (n, masses.iter().sum::<f64>());
    let last = masses.iter().rposition(|&m| m > 0.0);
    let mut count = |(index, &m): (usize, &f64)| {
        // The rest of a rounded sum must not leave draws over.
        let share = if Some(index) == last { 1.0 } else { (m / mass).clamp(0.0, 1.0) };
        let hits = if m > 0.0 { Binomial::new(left, share).map_or(0, |law| rng.sample(law)) } else { 0 };
        left -= hits;
        mass -= m;
        hits
    };
    masses.iter().enumerate().map(&mut count).collect()
}

/// What can be sent over a [`Link`].
pub trait Message {
    /// What it costs, in the unit of the protocol: bits, or numbers.
    fn size(&self) -> u64;
}

/// Real numbers; the cost is their number.
impl Message for Vec<f64> {
    fn size(&self) -> u64 {
        self.len() as u64
    }
}

/// One direction of a [`Link`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// The number of messages.
    pub messages: u64,
    /// The sum of their sizes.
    pub size: u64,
    /// The size of the largest.
    pub largest: u64,
}

impl Traffic {
    fn count(&mut self, size: u64, receivers: u64) {
        self.messages += receivers;
        self.size += size * receivers;
        self.largest = self.largest.max(size);
    }
}

/// The link between the agents and their server. Messages pass through it and are counted: the receiver works
/// with what comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Link {
    up: Traffic,
    down: Traffic,
}

impl Link {
    /// What was sent to the server.
    pub fn up(&self) -> Traffic {
        self.up
    }

    /// What the server sent; a broadcast counts once for each receiver.
    pub fn down(&self) -> Traffic {
        self.down
    }

    /// The size of all messages in both directions.
    pub fn size(&self) -> u64 {
        self.up.size + self.down.size
    }

    /// An agent's message to the server.
    pub fn upload<M: Message>(&mut self, message: M) -> M {
        self.up.count(message.size(), 1);
        message
    }

    /// The server's message to each of `agents` agents.
    pub fn broadcast<M: Message>(&mut self, message: M, agents: usize) -> M {
        self.down.count(message.size(), agents as u64);
        message
    }
}

/// Agents that learn one linear bandit together.
pub trait Cooperative {
    /// Spends the rounds, the same number by every agent, and sends what it has to over the link.
    ///
    /// # Errors
    /// There are too few rounds for the method, or it does not fit the bandit.
    fn cooperate(&self, pulls: &mut LinearPulls<'_>, link: &mut Link, rng: &mut dyn Rng) -> Result<()>;
}
