//! Metrical task systems with a prediction every $a$ steps.
//!
//! A state of a finite metric space is kept; at each time a task charges $\ell_t(x)$ for being served in state
//! $x$, and moving costs its distance. Caching is the special case whose states are caches.
//!
//! 1. At the times $a, 2a, \dots$ query $\hat s$, the state of an optimal path, and move there. Before the first
//!    query $\hat s$ is the starting state.
//! 2. Serve each task by moving from $\hat s$ to $x = \arg\min_x \ell_t(x) + 2 d(x, \hat s)$ and back.
//!
//! The cost is at most $(2a+1)\,\mathrm{OPT} + (2a+2)\,\eta$, $\eta$ the sum of the distances between the answers
//! and the optimal path at the times of the queries; the paper has $O(a)(\mathrm{OPT} + 2\eta)$ and shows that no
//! method does better than linear in $a$.

use nalgebra::DMatrix;

use crate::error::{Error, Result, at_least_one, non_negative, same_size};

/// A finite metric space.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    distance: DMatrix<f64>,
}

/// How far rounding may break the triangle inequality, relative to the longer side.
const ROUNDING: f64 = 1e-12;

impl Metric {
    /// The metric of a matrix of distances.
    ///
    /// # Errors
    /// The matrix is empty, not square, not symmetric, has a negative or infinite entry or a positive one on the
    /// diagonal, or breaks the triangle inequality.
    pub fn new(distance: DMatrix<f64>) -> Result<Self> {
        at_least_one("states", distance.nrows())?;
        same_size("distance", distance.nrows(), distance.ncols())?;
        distance.iter().try_for_each(|&d| non_negative("distance", d).map(drop))?;
        let metric = Self { distance };
        let states = || 0..metric.states();
        let triangle = |x, y, z| {
            metric.between(x, z) <= (metric.between(x, y) + metric.between(y, z)) * (1.0 + ROUNDING)
        };
        if states().any(|x| metric.between(x, x) > 0.0) || metric.distance != metric.distance.transpose() {
            return Err(Error::Invalid {
                name: "distance",
                requirement: "symmetric and zero on the diagonal",
            });
        }
        if !states().all(|x| states().all(|y| states().all(|z| triangle(x, y, z)))) {
            return Err(Error::Invalid {
                name: "distance",
                requirement: "subject to the triangle inequality",
            });
        }
        Ok(metric)
    }

    /// The number of states.
    pub fn states(&self) -> usize {
        self.distance.nrows()
    }

    /// d(x, y).
    pub fn between(&self, x: usize, y: usize) -> f64 {
        self.distance[(x, y)]
    }

    fn state(&self, name: &'static str, state: usize) -> Result<usize> {
        let exists = state < self.states();
        let requirement = "an existing state";
        if exists { Ok(state) } else { Err(Error::OutOfRange { name, value: state as f64, requirement }) }
    }

    fn task(&self, costs: &[f64]) -> Result<()> {
        same_size("costs", self.states(), costs.len())?;
        costs.iter().try_for_each(|&cost| non_negative("costs", cost).map(drop))
    }

    /// An optimal path for the tasks from `start`, one state a task, and its cost. O(T·n²).
    ///
    /// # Errors
    /// `start` does not exist; a task has not one non-negative finite cost a state.
    pub fn optimal_path(&self, start: usize, tasks: &[Vec<f64>]) -> Result<(Vec<usize>, f64)> {
        let n = self.states();
        self.state("start", start)?;
        let mut least: Vec<f64> = (0..n).map(|x| self.between(start, x)).collect();
        let mut before = Vec::with_capacity(tasks.len());
        for (time, costs) in tasks.iter().enumerate() {
            self.task(costs)?;
            // For each state the best one to come from; at first everybody comes from the start.
            let from = |x: usize| {
                let reach = |y: usize| if time == 0 { least[x] } else { least[y] + self.between(y, x) };
                (0..n).map(|y| (reach(y), y)).fold((f64::INFINITY, x), |a, b| if b.0 < a.0 { b } else { a })
            };
            let (next, origins): (Vec<f64>, Vec<usize>) =
                (0..n).map(|x| (from(x), costs[x])).map(|((reach, y), cost)| (reach + cost, y)).unzip();
            least = next;
            before.push(origins);
        }
        let Some(mut state) = (0..n).min_by(|&x, &y| least[x].total_cmp(&least[y])) else {
            return Err(Error::Empty { name: "states" });
        };
        let cost = if tasks.is_empty() { 0.0 } else { least[state] };
        let mut path = Vec::with_capacity(tasks.len());
        for origins in before.iter().rev() {
            path.push(state);
            state = origins[state];
        }
        path.reverse();
        Ok((path, cost))
    }
}

/// A policy for a metrical task system, in the middle of its run.
pub trait TaskPolicy {
    /// Serves a task and returns what it cost, moves included; `predict` may be asked for the state of an optimal
    /// path at this time.
    ///
    /// # Errors
    /// There is not one non-negative finite cost a state, or a predicted state does not exist.
    fn serve(&mut self, costs: &[f64], predict: &mut dyn FnMut() -> usize) -> Result<f64>;
}

/// Returns to the last predicted state after every task.
#[derive(Debug, Clone)]
pub struct PeriodicFollower {
    metric: Metric,
    a: usize,
    /// ŝ: the last answer.
    home: usize,
    time: usize,
}

impl PeriodicFollower {
    /// A query every `a` tasks, from the state `start`.
    ///
    /// # Errors
    /// `a` is 0 or `start` does not exist.
    pub fn new(metric: Metric, a: usize, start: usize) -> Result<Self> {
        let home = metric.state("start", start)?;
        Ok(Self { metric, a: at_least_one("a", a)?, home, time: 0 })
    }
}

impl TaskPolicy for PeriodicFollower {
    fn serve(&mut self, costs: &[f64], predict: &mut dyn FnMut() -> usize) -> Result<f64> {
        self.metric.task(costs)?;
        self.time += 1;
        let mut cost = 0.0;
        // Step 1.
        if self.time.is_multiple_of(self.a) {
            let answer = self.metric.state("prediction", predict())?;
            cost += self.metric.between(self.home, answer);
            self.home = answer;
        }
        // Step 2.
        let detour = |x: usize| costs[x] + 2.0 * self.metric.between(x, self.home);
        Ok(cost + (0..self.metric.states()).map(detour).fold(f64::INFINITY, f64::min))
    }
}
