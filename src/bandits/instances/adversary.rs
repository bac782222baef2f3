use std::ops::Range;

use rand::{Rng, RngExt};

use crate::bandits::{Game, Revealed};
use crate::error::{self, probability};
use crate::{Error, Result};

/// Losses that are fixed before play, up to independent coins: the loss of an arm in a round is 1 with the
/// probability that is its mean, else 0.
pub trait Losses {
    /// The number of arms, at least one.
    fn arms(&self) -> usize;

    /// The mean loss of `arm` in round `round` (from 0), in [0, 1].
    fn mean(&self, round: u64, arm: usize) -> f64;

    /// The sum of the mean losses of `arm` over some rounds.
    fn total(&self, rounds: Range<u64>, arm: usize) -> f64 {
        rounds.map(|round| self.mean(round, arm)).sum()
    }

    /// The arm with the least total over some rounds; of several, the first.
    fn best_arm(&self, rounds: Range<u64>) -> usize {
        let totals = (0..self.arms()).map(|arm| self.total(rounds.clone(), arm));
        totals.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(arm, _)| arm)
    }
}

impl<L: Losses + ?Sized> Losses for &L {
    fn arms(&self) -> usize {
        (**self).arms()
    }

    fn mean(&self, round: u64, arm: usize) -> f64 {
        (**self).mean(round, arm)
    }

    fn total(&self, rounds: Range<u64>, arm: usize) -> f64 {
        (**self).total(rounds, arm)
    }
}

/// Mean losses that are constant on segments of rounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Segments {
    /// The first round of each segment, from 0 upwards.
    starts: Vec<u64>,
    means: Vec<Vec<f64>>,
}

impl Segments {
    /// The same mean losses in every round.
    ///
    /// # Errors
    /// There is no arm, or a mean outside [0, 1].
    pub fn stationary(means: Vec<f64>) -> Result<Self> {
        Self::new(vec![(0, means)])
    }

    /// Pairs of a segment's first round and its mean losses; the last segment never ends.
    ///
    /// # Errors
    /// There is no segment, the first does not start at round 0, starts do not increase, segments differ in
    /// their number of arms, there is no arm, or a mean is outside [0, 1].
    pub fn new(segments: Vec<(u64, Vec<f64>)>) -> Result<Self> {
        let (starts, means): (Vec<u64>, Vec<Vec<f64>>) = segments.into_iter().unzip();
        let arms = means.first().ok_or(Error::Empty { name: "segments" })?.len();
        for means in &means {
            error::finite_slice("means", means)?;
            error::same_size("means", arms, means.len())?;
            means.iter().try_for_each(|&mean| probability("means", mean).map(drop))?;
        }
        if starts[0] != 0 || !starts.is_sorted_by(|a, b| a < b) {
            return Err(Error::Invalid {
                name: "segments",
                requirement: "starts that increase from round 0",
            });
        }
        Ok(Self { starts, means })
    }

    /// All arms 1/2, but the last one 1/2 − `gap`: the family over which the worst case is taken.
    ///
    /// # Errors
    /// `arms` is zero or `gap` is outside [0, 1/2].
    pub fn one_good_arm(arms: usize, gap: f64) -> Result<Self> {
        error::at_least_one("arms", arms)?;
        if !(0.0..=0.5).contains(&gap) {
            return Err(Error::OutOfRange { name: "gap", value: gap, requirement: "in [0, 1/2]" });
        }
        let mut means = vec![0.5; arms];
        means[arms - 1] -= gap;
        Self::stationary(means)
    }
}

impl Losses for Segments {
    fn arms(&self) -> usize {
        self.means[0].len()
    }

    fn mean(&self, round: u64, arm: usize) -> f64 {
        self.means[self.starts.partition_point(|&start| start <= round) - 1][arm]
    }

    fn total(&self, rounds: Range<u64>, arm: usize) -> f64 {
        let ends = self.starts[1..].iter().copied().chain([u64::MAX]);
        let segments = self.starts.iter().zip(ends).zip(&self.means);
        let overlap = |start: u64, end: u64| end.min(rounds.end).saturating_sub(start.max(rounds.start));
        segments.map(|((&start, end), means)| overlap(start, end) as f64 * means[arm]).sum()
    }
}

/// Which losses a play reveals: an undirected graph in which playing an arm reveals its closed neighbourhood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// Closed neighbourhoods, each in increasing order.
    neighbours: Vec<Vec<usize>>,
}

impl Graph {
    /// The graph on `arms` vertices with these edges besides all self-loops.
    ///
    /// # Errors
    /// `arms` is zero or an edge has an end that is no vertex.
    pub fn new(arms: usize, edges: &[(usize, usize)]) -> Result<Self> {
        error::at_least_one("arms", arms)?;
        let mut neighbours: Vec<Vec<usize>> = (0..arms).map(|arm| vec![arm]).collect();
        for &(a, b) in edges {
            if let Some(end) = [a, b].into_iter().find(|&end| end >= arms) {
                let requirement = "ends that are vertices";
                return Err(Error::OutOfRange { name: "edges", value: end as f64, requirement });
            }
            neighbours[a].push(b);
            neighbours[b].push(a);
        }
        for list in &mut neighbours {
            list.sort_unstable();
            list.dedup();
        }
        Ok(Self { neighbours })
    }

    /// No edges but self-loops: bandit feedback.
    ///
    /// # Errors
    /// `arms` is zero.
    pub fn edgeless(arms: usize) -> Result<Self> {
        Self::new(arms, &[])
    }

    /// All edges: full information.
    ///
    /// # Errors
    /// `arms` is zero.
    pub fn complete(arms: usize) -> Result<Self> {
        let edges: Vec<_> = (0..arms).flat_map(|a| (0..a).map(move |b| (a, b))).collect();
        Self::new(arms, &edges)
    }

    /// Vertex 0 joined to all others.
    ///
    /// # Errors
    /// `arms` is zero.
    pub fn star(arms: usize) -> Result<Self> {
        let edges: Vec<_> = (1..arms).map(|leaf| (0, leaf)).collect();
        Self::new(arms, &edges)
    }

    /// The number of vertices, at least one.
    pub fn arms(&self) -> usize {
        self.neighbours.len()
    }

    /// The closed neighbourhood of a vertex, in increasing order.
    pub fn closed(&self, arm: usize) -> &[usize] {
        &self.neighbours[arm]
    }
}

/// Oblivious losses, revealed along a graph and on request.
#[derive(Debug, Clone, PartialEq)]
pub struct Adversary<L> {
    losses: L,
    graph: Graph,
    best: usize,
    /// The rounds opened so far.
    opened: u64,
    revealed: Vec<Revealed>,
    asked: u64,
}

impl<L: Losses> Adversary<L> {
    /// These losses for `rounds` rounds; regret is against the best fixed arm of these rounds.
    ///
    /// # Errors
    /// `rounds` is zero or the graph has another number of arms than the losses.
    pub fn new(losses: L, graph: Graph, rounds: u64) -> Result<Self> {
        error::same_size("graph", losses.arms(), graph.arms())?;
        if rounds == 0 {
            return Err(Error::OutOfRange { name: "rounds", value: 0.0, requirement: "at least 1" });
        }
        let best = losses.best_arm(0..rounds);
        let revealed = Vec::with_capacity(graph.arms());
        Ok(Self { losses, graph, best, opened: 0, revealed, asked: 0 })
    }

    /// How many losses policies asked to see, besides those that the graph reveals.
    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// The losses that are played against.
    pub fn losses(&self) -> &L {
        &self.losses
    }
}

impl<L: Losses> Game for Adversary<L> {
    type Context = ();
    type Feedback = [Revealed];

    fn open(&mut self, _: &mut dyn Rng) {
        self.opened += 1;
    }

    fn context(&self) -> &() {
        &()
    }

    fn arms(&self) -> usize {
        self.losses.arms()
    }

    fn regret(&self, arm: usize) -> f64 {
        let round = self.opened - 1;
        self.losses.mean(round, arm) - self.losses.mean(round, self.best)
    }

    fn feedback(&mut self, arm: usize, asks: &[usize], noise: &mut dyn Rng) -> &[Revealed] {
        let round = self.opened - 1;
        self.asked += asks.len() as u64;
        self.revealed.clear();
        let closed = self.graph.closed(arm);
        // A loss has one value a round, so what the graph reveals is not drawn again.
        let others = asks.iter().filter(|arm| closed.binary_search(arm).is_err());
        for &arm in closed.iter().chain(others) {
            let loss = f64::from(noise.random::<f64>() < self.losses.mean(round, arm));
            self.revealed.push(Revealed { arm, loss });
        }
        &self.revealed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_follow_the_segments() {
        let losses = Segments::new(vec![(0, vec![0.0, 1.0]), (4, vec![1.0, 0.0])]).unwrap();
        assert_eq!([3, 4].map(|round| losses.mean(round, 0)), [0.0, 1.0]);
        for (from, to) in [(0, 4), (2, 7), (5, 5), (4, 9)] {
            let slow: f64 = (from..to).map(|round| losses.mean(round, 1)).sum();
            assert_eq!(losses.total(from..to, 1), slow);
        }
        assert_eq!([losses.best_arm(0..7), losses.best_arm(0..9)], [0, 1]);
    }
}
