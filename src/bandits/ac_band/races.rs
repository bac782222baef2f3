use rand::{Rng, RngExt};
use rand_distr::{Binomial, Gamma};

use crate::{Error, Result, error};

/// Configurations of an algorithm that can be drawn at random and raced against each other.
pub trait Pool {
    /// A random configuration that was not drawn before; `None` if there is none left.
    fn draw(&mut self, rng: &mut dyn Rng) -> Option<usize>;

    /// Runs the configurations of `block` in parallel on `instances` fresh instances, each until the first one
    /// finishes. Sets `wins` to how often each was first and returns the sum of the winners' times.
    fn race(&self, block: &[usize], instances: u64, wins: &mut [u64], noise: &mut dyn Rng) -> f64;
}

/// The instances that a method may spend on racing the configurations of a pool.
pub struct Races<'a> {
    pool: &'a mut dyn Pool,
    noise: &'a mut dyn Rng,
    drawn: usize,
    remaining: u64,
    time: f64,
}

impl<'a> Races<'a> {
    /// `budget` instances for the configurations of `pool`, whose runtimes are drawn from `noise`.
    pub fn new(pool: &'a mut dyn Pool, budget: u64, noise: &'a mut dyn Rng) -> Self {
        Self { pool, noise, drawn: 0, remaining: budget, time: 0.0 }
    }

    /// How many instances are left.
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    /// The processor time spent: for every race the winner's time, times the number of configurations in it.
    pub fn time(&self) -> f64 {
        self.time
    }

    /// How many configurations were drawn.
    pub fn drawn(&self) -> usize {
        self.drawn
    }

    /// A random configuration that was not drawn before.
    ///
    /// # Errors
    /// The pool is used up.
    pub fn draw(&mut self, rng: &mut dyn Rng) -> Result<usize> {
        let requirement = "more configurations than the method draws";
        let drawn = self.pool.draw(rng).ok_or(Error::Invalid { name: "pool", requirement })?;
        self.drawn += 1;
        Ok(drawn)
    }

    /// Races `block` on `instances` fresh instances and sets `wins` to how often each was first.
    ///
    /// # Errors
    /// `instances` is zero or more than what remains, the block is empty, or `wins` has another size.
    pub fn race(&mut self, block: &[usize], instances: u64, wins: &mut [u64]) -> Result<()> {
        error::at_least_one("block", block.len())?;
        error::same_size("wins", block.len(), wins.len())?;
        if instances == 0 || instances > self.remaining {
            let requirement = "at least one and within the budget";
            return Err(Error::OutOfRange { name: "instances", value: instances as f64, requirement });
        }
        self.remaining -= instances;
        self.time += block.len() as f64 * self.pool.race(block, instances, wins, self.noise);
        Ok(())
    }
}

/// Configurations with exponential runtimes: the one of rate s_i is first in a block with probability s_i/Σs
/// (Plackett–Luce), after an exponential time of rate Σs that does not depend on who is first.
#[derive(Debug, Clone, PartialEq)]
pub struct ExponentialRuntimes {
    rates: Vec<f64>,
    /// What can still be drawn from a list.
    undrawn: Vec<usize>,
    /// The spread of an endless pool.
    spread: Option<f64>,
}

impl ExponentialRuntimes {
    /// An endless pool: every configuration that is drawn has the rate exp(`spread`·U), U uniform on [0, 1).
    ///
    /// # Errors
    /// `spread` is not positive, or above 100.
    pub fn endless(spread: f64) -> Result<Self> {
        if !(spread > 0.0 && spread <= 100.0) {
            let requirement = "positive and at most 100";
            return Err(Error::OutOfRange { name: "spread", value: spread, requirement });
        }
        Ok(Self { rates: Vec::new(), undrawn: Vec::new(), spread: Some(spread) })
    }

    /// Configurations 0, 1, … with these rates.
    ///
    /// # Errors
    /// There is no rate, or one is outside [10⁻¹⁰⁰, 10¹⁰⁰].
    pub fn listed(rates: Vec<f64>) -> Result<Self> {
        error::at_least_one("rates", rates.len())?;
        if let Some(&value) = rates.iter().find(|rate| !(1e-100..=1e100).contains(*rate)) {
            return Err(Error::OutOfRange { name: "rates", value, requirement: "in [1e-100, 1e100]" });
        }
        Ok(Self { undrawn: (0..rates.len()).collect(), rates, spread: None })
    }

    /// The share of the pool that is faster than `configuration`: for the judge, not for methods.
    pub fn faster(&self, configuration: usize) -> f64 {
        let rate = self.rates[configuration];
        match self.spread {
            Some(spread) => 1.0 - rate.ln() / spread,
            None => self.rates.iter().filter(|other| **other > rate).count() as f64 / self.rates.len() as f64,
        }
    }
}

impl Pool for ExponentialRuntimes {
    fn draw(&mut self, rng: &mut dyn Rng) -> Option<usize> {
        if let Some(spread) = self.spread {
            self.rates.push((spread * rng.random::<f64>()).exp());
            return Some(self.rates.len() - 1);
        }
        let left = self.undrawn.len();
        (left > 0).then(|| self.undrawn.swap_remove(rng.random_range(0..left)))
    }

    fn race(&self, block: &[usize], instances: u64, wins: &mut [u64], noise: &mut dyn Rng) -> f64 {
        // The wins are multinomial: one binomial after another, each among the races that are left.
        let total: f64 = block.iter().map(|&i| self.rates[i]).sum();
        let (mut left, mut mass) = (instances, total);
        for (place, (&configuration, won)) in block.iter().zip(&mut *wins).enumerate() {
            let rate = self.rates[configuration];
            let share = if place + 1 == block.len() { 1.0 } else { (rate / mass).clamp(0.0, 1.0) };
            // The share is a probability, so the law exists.
            *won = Binomial::new(left, share).map_or(0, |law| noise.sample(law));
            left -= *won;
            mass -= rate;
        }
        Gamma::new(instances as f64, 1.0 / total).map_or(0.0, |law| noise.sample(law))
    }
}
