//! Rows of coins to search, and the search that everyone thinks of first.

use rand::{Rng, RngExt};

use super::{Budgeted, Channel, Coins, Located, Sequential};
use crate::error::{Error, Result, open_unit};

/// How the probability of heads runs along the row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Profile {
    /// The fixed-noise model: τ−ε up to coin `after`, τ+ε beyond. One right answer.
    Jump {
        /// The last low coin.
        after: u64,
    },
    /// τ−ε up to coin `after`, τ on the next `width` coins, τ+ε beyond.
    Plateau {
        /// The last low coin.
        after: u64,
        /// How many coins are exactly at the target.
        width: u64,
    },
    /// Always tails up to coin `after`, always heads beyond.
    Cliff {
        /// The last coin that shows tails.
        after: u64,
    },
    /// p_i = i/n.
    Ramp,
}

/// A row of coins with a known crossing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Instance {
    count: u64,
    channel: Channel,
    profile: Profile,
}

impl Instance {
    /// `count` coins around the target of `channel`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if `count < 2`, or `after` is not in `1..count` (an answer must exist).
    pub fn new(count: u64, channel: Channel, profile: Profile) -> Result<Self> {
        if count < 2 {
            let value = count as f64;
            return Err(Error::OutOfRange { name: "count", value, requirement: "at least 2" });
        }
        if let Profile::Jump { after } | Profile::Plateau { after, .. } | Profile::Cliff { after } = profile
            && !(1..count).contains(&after)
        {
            let requirement = "in 1..count";
            return Err(Error::OutOfRange { name: "after", value: after as f64, requirement });
        }
        Ok(Self { count, channel, profile })
    }

    /// How many coins there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The probability of heads of a coin in `1..=count`.
    pub fn bias(&self, coin: u64) -> f64 {
        let Channel { tau, .. } = self.channel;
        match self.profile {
            Profile::Jump { after } if coin <= after => self.channel.low(),
            Profile::Plateau { after, .. } if coin <= after => self.channel.low(),
            Profile::Plateau { after, width } if coin - after <= width => tau,
            Profile::Jump { .. } | Profile::Plateau { .. } => self.channel.high(),
            Profile::Cliff { after } => f64::from(coin > after),
            Profile::Ramp => coin as f64 / self.count as f64,
        }
    }

    /// Whether `[p_i, p_{i+1}]` meets (τ−ε, τ+ε) for the answer i.
    pub fn accepts(&self, answer: u64) -> bool {
        (1..self.count).contains(&answer)
            && self.bias(answer) < self.channel.high()
            && self.bias(answer + 1) > self.channel.low()
    }

    /// The row on a table, to be flipped with the randomness of `rng`.
    pub fn table<'a>(&'a self, rng: &'a mut dyn Rng) -> Table<'a> {
        Table { instance: self, rng, flips: 0 }
    }
}

/// An [`Instance`] that is being flipped, and counts.
pub struct Table<'a> {
    instance: &'a Instance,
    rng: &'a mut dyn Rng,
    flips: u64,
}

impl Table<'_> {
    /// The flips so far.
    pub fn flips(&self) -> u64 {
        self.flips
    }
}

impl Coins for Table<'_> {
    fn count(&self) -> u64 {
        self.instance.count
    }

    fn flip(&mut self, coin: u64) -> bool {
        self.flips += 1;
        self.rng.random::<f64>() < self.instance.bias(coin)
    }
}

/// Bisection by repeated majority: the obvious method, and the control.
///
/// Each of the ⌈log₂ n⌉ comparisons is settled by flipping the middle coin many times. As the
/// comparisons must all be right, each needs of order ln ln n / ε² flips where a Bayesian needs 1/C.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bisection {
    channel: Channel,
    failure: f64,
}

impl Bisection {
    /// Bisection that, as a [`Sequential`] search, fails with probability at most `failure` in the
    /// fixed-noise model (Hoeffding and a union bound).
    ///
    /// # Errors
    /// [`Error::OutOfRange`] unless 0 < failure < 1.
    pub fn new(channel: Channel, failure: f64) -> Result<Self> {
        Ok(Self { channel, failure: open_unit("failure", failure)? })
    }

    fn bisect(&self, coins: &mut dyn Coins, repeats: u64) -> Result<Located> {
        let count = coins.count();
        if count < 2 {
            let value = count as f64;
            return Err(Error::OutOfRange { name: "count", value, requirement: "at least 2" });
        }
        let (mut left, mut right, mut flips) = (1, count, 0);
        while right - left > 1 {
            let middle = left + (right - left) / 2;
            let heads = (0..repeats).filter(|_| coins.flip(middle)).count();
            flips += repeats;
            if (heads as f64) < self.channel.tau() * repeats as f64 { left = middle } else { right = middle }
        }
        Ok(Located { interval: left, flips })
    }
}

/// ⌈log₂ n⌉, the comparisons of a bisection of n coins; at least one.
fn comparisons(count: u64) -> u64 {
    u64::from(count.saturating_sub(1).checked_ilog2().map_or(0, |log| log + 1)).max(1)
}

impl Budgeted for Bisection {
    fn search(&self, coins: &mut dyn Coins, budget: u64) -> Result<u64> {
        let repeats = budget / comparisons(coins.count());
        Ok(self.bisect(coins, repeats)?.interval)
    }
}

impl Sequential for Bisection {
    fn locate(&self, coins: &mut dyn Coins, cap: u64) -> Result<Located> {
        let comparisons = comparisons(coins.count());
        let epsilon = self.channel.epsilon();
        let repeats = ((comparisons as f64 / self.failure).ln() / (2.0 * epsilon * epsilon)).ceil() as u64;
        if repeats.saturating_mul(comparisons) > cap {
            return Err(Error::NotConverged { name: "bisection", steps: cap as usize });
        }
        self.bisect(coins, repeats.max(1))
    }
}
