use std::sync::Arc;

use rand::{Rng, RngExt};

use super::sor::{System, sor};
use crate::bandits::Game;
use crate::{Result, error};

/// Solved instances: what every parameter of a grid costs on each of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    shifts: Vec<f64>,
    /// Instance by instance, the costs along the grid.
    costs: Vec<f64>,
    arms: usize,
}

impl Pool {
    /// Instances with these shifts and, instance by instance, these costs of `arms` parameters.
    ///
    /// # Errors
    /// There is no parameter or no instance, a shift or a cost is not finite, or there is not one cost for each
    /// parameter of each instance.
    pub fn new(shifts: Vec<f64>, costs: Vec<f64>, arms: usize) -> Result<Self> {
        error::at_least_one("arms", arms)?;
        error::finite_slice("shifts", &shifts)?;
        error::finite_slice("costs", &costs)?;
        error::same_size("costs", shifts.len() * arms, costs.len())?;
        Ok(Self { shifts, costs, arms })
    }

    /// Solves every instance (shift, system, right-hand side) with every parameter of `grid`, to accuracy `epsilon`.
    ///
    /// # Errors
    /// There is no parameter or no instance, a shift is not finite, or the solver refuses an instance.
    pub fn solve(
        instances: impl IntoIterator<Item = (f64, System, Vec<f64>)>,
        grid: &[f64],
        epsilon: f64,
    ) -> Result<Self> {
        error::at_least_one("grid", grid.len())?;
        let (mut shifts, mut costs) = (Vec::new(), Vec::new());
        for (shift, system, b) in instances {
            shifts.push(shift);
            for &omega in grid {
                costs.push(sor(&system, &b, omega, epsilon)?.iterations as f64);
            }
        }
        Self::new(shifts, costs, grid.len())
    }

    /// The largest cost.
    pub fn dearest(&self) -> f64 {
        self.costs.iter().copied().fold(0.0, f64::max)
    }

    /// The parameter with the least cost summed over the pool; of several, the first.
    pub fn best(&self) -> usize {
        let mut totals = vec![0.0; self.arms];
        self.costs.chunks_exact(self.arms).for_each(|costs| add(&mut totals, costs));
        least(&totals)
    }

    fn costs(&self, instance: usize) -> &[f64] {
        &self.costs[instance * self.arms..(instance + 1) * self.arms]
    }
}

fn add(totals: &mut [f64], costs: &[f64]) {
    totals.iter_mut().zip(costs).for_each(|(total, cost)| *total += cost);
}

fn least(totals: &[f64]) -> usize {
    (0..totals.len()).min_by(|&a, &b| totals[a].total_cmp(&totals[b])).unwrap_or(0)
}

/// A game of instances drawn at random from a pool. The context is the instance's shift, the feedback the cost of
/// the parameter that was chosen.
#[derive(Debug, Clone)]
pub struct Sequence {
    pool: Arc<Pool>,
    best: usize,
    instance: usize,
    cost: f64,
    totals: Vec<f64>,
}

impl Sequence {
    /// Instances drawn independently from this pool; regret is against its best fixed parameter.
    pub fn new(pool: Arc<Pool>) -> Self {
        let (best, totals) = (pool.best(), vec![0.0; pool.arms]);
        Self { pool, best, instance: 0, cost: 0.0, totals }
    }

    /// What every fixed parameter would have cost on the instances so far, summed.
    pub fn totals(&self) -> &[f64] {
        &self.totals
    }

    /// By how much the best fixed parameter in hindsight beats the pool's best one on the instances so far.
    pub fn hindsight(&self) -> f64 {
        self.totals[self.best] - self.totals[least(&self.totals)]
    }
}

impl Game for Sequence {
    type Context = f64;
    type Feedback = f64;

    fn open(&mut self, noise: &mut dyn Rng) {
        self.instance = noise.random_range(0..self.pool.shifts.len());
        add(&mut self.totals, self.pool.costs(self.instance));
    }

    fn context(&self) -> &f64 {
        &self.pool.shifts[self.instance]
    }

    fn arms(&self) -> usize {
        self.pool.arms
    }

    fn regret(&self, arm: usize) -> f64 {
        let costs = self.pool.costs(self.instance);
        costs[arm] - costs[self.best]
    }

    fn feedback(&mut self, arm: usize, _: &[usize], _: &mut dyn Rng) -> &f64 {
        self.cost = self.pool.costs(self.instance)[arm];
        &self.cost
    }
}
