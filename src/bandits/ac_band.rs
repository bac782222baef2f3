//! AC-Band: configure an algorithm by racing configurations, with a bandit's budget.
//!
//! The formulas of both algorithms were compared with the authors' program; the constants of the theorem were not
//! seen. Our reading: blocks are formed at random in every round, and configurations with equally many wins are
//! ordered at random (the program keeps the order in which they came). The budget must give every block an
//! instance; the program goes on without.
//!
//! # Problem
//! An algorithm has endlessly many configurations. At most $k$ of them can run in parallel on a problem instance,
//! until the first one finishes: only the winner is seen. After $B$ instances one configuration is to be
//! returned that is, with probability $1 - \delta$, among the best share $\alpha$ of all.
//!
//! # Idea
//! Drawing $N$ configurations is enough to have a good one among them. Do not race all of them at once: in
//! epoch after epoch a set half as large meets the winner so far, and later epochs, where the opponents are
//! fewer, eliminate less at a time.
//!
//! # Algorithm: AC-Band
//! With $N = \lceil \ln\delta / \ln(1-\alpha) \rceil$, $n_0 = N + 1$ and $E = \lceil \log_2 (n_0/(n_0-N)) \rceil$,
//! draw an incumbent, and in epoch $e = 1, \dots, E$
//! 1. draw $\lceil n_0/2^e \rceil$ new configurations; with the incumbent they are the set of this epoch;
//! 2. run CSE on it with $\lfloor B/c_e \rfloor$ fresh instances and $\rho_e = \log_2 \frac{e+k-1}{e}$;
//! 3. its winner is the new incumbent, and after the last epoch the answer.
//!
//! With the base $q = 1 + (k-1)/E$ of the logarithms, $C_1 = \log_q 2$,
//! $C_2 = 1 + \log_q\bigl(n_0 + \frac{4n_0}{n_0-N}\bigr)$ and $C_3 = \log_q k$,
//! $$ c_e = \frac{2^e \bigl(C_1 E - (2^E-1)(2C_1 - C_2 - C_3)\bigr)}{2^E (C_2 + C_3 - e C_1)},
//!    \qquad \sum_{e=1}^E \frac{1}{c_e} = 1. $$
//!
//! # Algorithm: CSE, combinatorial successive elimination
//! With $f(x) = \max(1, \lfloor x/2^\rho \rfloor)$ and a budget shared equally by $R$ rounds,
//! 1. while $k$ or more configurations are active, split them into blocks of $k$; what is left over passes
//!    to the next round. Each of the $p$ blocks runs on $\lfloor B/(pR) \rfloor$ instances and keeps its $f(k)$ most
//!    frequent winners;
//! 2. while fewer than $k$ but more than one are active, they are one block;
//! 3. $R$ is known beforehand: $x \mapsto f(k)\lfloor x/k \rfloor + (x \bmod k)$ until $x \le k$, then $f$ until 1.
//!
//! # Theorem
//! If the budget is large enough, the answer is among the best share $\alpha$ with probability $1 - \delta$. The
//! epochs spend exactly the budget and draw at least $N$ configurations, so none of them is good with
//! probability at most $(1-\alpha)^N \le \delta$.
//!
//! # Cost
//! $O(N)$ memory, $O(N \log k)$ batches of races.
//!
//! # Reference
//! Jasmin Brandt, Elias Schede, Viktor Bengs, Björn Haddenhorst, Eyke Hüllermeier, Kevin Tierney, *AC-Band: A
//! Combinatorial Bandit-Based Approach to Algorithm Configuration*, AAAI 2023, arXiv
//! [2212.00333](https://arxiv.org/abs/2212.00333).

mod races;

use rand::Rng;
use rand::seq::SliceRandom;

use crate::{Error, Result, error};
pub use races::{ExponentialRuntimes, Pool, Races};

/// A method that returns one configuration of a pool.
pub trait Configurator {
    /// Spends at most the instances it is given and returns a configuration that it drew.
    ///
    /// # Errors
    /// The budget or the pool is too small for the method.
    fn configure(&self, races: &mut Races<'_>, rng: &mut dyn Rng) -> Result<usize>;
}

/// A method that returns the winner of a given set of configurations.
pub trait Elimination {
    /// Spends at most `budget` instances and returns one of `active`.
    ///
    /// # Errors
    /// There is no configuration, or the budget is too small for the method.
    fn winner(
        &self,
        active: Vec<usize>,
        budget: u64,
        races: &mut Races<'_>,
        rng: &mut dyn Rng,
    ) -> Result<usize>;
}

/// Combinatorial successive elimination with 2^ρ = (e+k−1)/e.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuccessiveElimination {
    k: u32,
    epoch: u32,
}

impl SuccessiveElimination {
    /// Blocks of `k` ≥ 2 configurations, of which a share e/(e+k−1) survives in `epoch` = e ≥ 1.
    ///
    /// # Errors
    /// `k` is below 2 or `epoch` is zero.
    pub fn new(k: u32, epoch: u32) -> Result<Self> {
        error::at_least_one("epoch", epoch as usize)?;
        if k < 2 {
            return Err(Error::OutOfRange { name: "k", value: f64::from(k), requirement: "at least 2" });
        }
        Ok(Self { k, epoch })
    }

    /// f(x) = max(1, ⌊x/2^ρ⌋), in integers: the quotient of floats may fall just below a whole number.
    fn kept(&self, block: usize) -> usize {
        let (x, e, k) = (block as u128, u128::from(self.epoch), u128::from(self.k));
        (x * e / (e + k - 1)).max(1) as usize
    }

    /// The rounds R until one of `configurations` is left.
    pub fn rounds(&self, configurations: usize) -> u64 {
        let k = self.k as usize;
        let (mut x, mut rounds) = (configurations, 0);
        while x > 1 {
            x = if x >= k { self.kept(k) * (x / k) + x % k } else { self.kept(x) };
            rounds += 1;
        }
        rounds
    }
}

impl Elimination for SuccessiveElimination {
    /// # Errors
    /// There is no configuration, or a block would get no instance.
    fn winner(
        &self,
        mut active: Vec<usize>,
        budget: u64,
        races: &mut Races<'_>,
        rng: &mut dyn Rng,
    ) -> Result<usize> {
        error::at_least_one("active", active.len())?;
        let k = self.k as usize;
        let rounds = self.rounds(active.len());
        let mut next = Vec::with_capacity(active.len());
        let mut wins = vec![0; k.min(active.len())];
        let mut order: Vec<usize> = Vec::with_capacity(wins.len());
        while active.len() > 1 {
            // Steps 1 and 2: blocks of k, or one block of all.
            active.shuffle(rng);
            let size = k.min(active.len());
            let blocks = active.chunks_exact(size);
            let instances = budget / (rounds * blocks.len() as u64);
            if instances == 0 {
                let requirement = "enough for one instance for every block of every round";
                return Err(Error::OutOfRange { name: "budget", value: budget as f64, requirement });
            }
            next.clear();
            next.extend_from_slice(blocks.remainder());
            for block in blocks {
                races.race(block, instances, &mut wins[..size])?;
                // The block is in random order and the sort is stable, so ties fall at random.
                order.clear();
                order.extend(0..size);
                order.sort_by(|&a, &b| wins[b].cmp(&wins[a]));
                next.extend(order[..self.kept(size)].iter().map(|&place| block[place]));
            }
            std::mem::swap(&mut active, &mut next);
        }
        Ok(active[0])
    }
}

/// One epoch of [`AcBand`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epoch {
    /// How many new configurations are drawn, ⌈n₀/2^e⌉.
    pub fresh: usize,
    /// c_e: the epoch gets the share 1/c_e of the budget.
    pub cost: f64,
}

/// Races ever smaller sets of new configurations against the winner so far.
#[derive(Debug, Clone, PartialEq)]
pub struct AcBand {
    k: u32,
    epochs: Vec<Epoch>,
}

impl AcBand {
    /// Looks for one of the best share `alpha`, with probability 1 − `delta`, by running `k` in parallel.
    ///
    /// # Errors
    /// `alpha` or `delta` is not strictly between 0 and 1, so small together that more than 2³² configurations
    /// would have to be drawn, or `k` is below 2.
    pub fn new(alpha: f64, delta: f64, k: u32) -> Result<Self> {
        error::open_unit("alpha", alpha)?;
        error::open_unit("delta", delta)?;
        SuccessiveElimination::new(k, 1)?;
        let needed = (delta.ln() / (-alpha).ln_1p()).ceil().max(1.0);
        if needed > 2f64.powi(32) {
            let requirement = "large enough that ln(delta)/ln(1 - alpha) is at most 2^32";
            return Err(Error::OutOfRange { name: "alpha", value: alpha, requirement });
        }
        // n₀ − N = 1, so E = ⌈log₂ n₀⌉.
        let start = needed as u64 + 1;
        let epochs = start.next_power_of_two().trailing_zeros();
        let fresh = |e: u32| start.div_ceil(1 << e) as usize;
        let costs = costs(start as f64, epochs, f64::from(k));
        let epochs = (1..=epochs).zip(costs).map(|(e, cost)| Epoch { fresh: fresh(e), cost }).collect();
        Ok(Self { k, epochs })
    }

    /// The epochs, in order.
    pub fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }

    /// How many configurations are drawn in all, the first incumbent included.
    pub fn drawn(&self) -> usize {
        1 + self.epochs.iter().map(|epoch| epoch.fresh).sum::<usize>()
    }
}

/// c_1, …, c_E for n₀ = `start` and n₀ − N = 1.
fn costs(start: f64, epochs: u32, k: f64) -> impl Iterator<Item = f64> {
    let all = f64::from(epochs);
    let log_q = ((k - 1.0) / all).ln_1p();
    let c1 = 2f64.ln() / log_q;
    let c2 = 1.0 + (start + 4.0 * start).ln() / log_q;
    let c3 = k.ln() / log_q;
    let scale = c1 * all - (all.exp2() - 1.0) * (2.0 * c1 - c2 - c3);
    (1..=epochs).map(move |e| {
        let e = f64::from(e);
        (e - all).exp2() * scale / (c2 + c3 - e * c1)
    })
}

impl Configurator for AcBand {
    /// # Errors
    /// The pool has fewer configurations than are [`drawn`](AcBand::drawn), or a block would get no instance.
    fn configure(&self, races: &mut Races<'_>, rng: &mut dyn Rng) -> Result<usize> {
        let budget = races.remaining() as f64;
        let mut incumbent = races.draw(rng)?;
        for (epoch, e) in self.epochs.iter().zip(1..) {
            // Step 1: new opponents for the incumbent.
            let mut active = Vec::with_capacity(epoch.fresh + 1);
            for _ in 0..epoch.fresh {
                active.push(races.draw(rng)?);
            }
            active.push(incumbent);
            // Steps 2 and 3. (The shares add up to the budget but for rounding.)
            let share = ((budget / epoch.cost) as u64).min(races.remaining());
            incumbent = SuccessiveElimination::new(self.k, e)?.winner(active, share, races, rng)?;
        }
        Ok(incumbent)
    }
}
