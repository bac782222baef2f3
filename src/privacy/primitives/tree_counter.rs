//! The binary-tree counter: prefix sums of a stream of vectors, each record in few noisy nodes.
//!
//! A prefix $1..t$ is tiled by the dyadic intervals that the one-bits of $t$ name, so a noisy prefix
//! sum needs at most $\log_2 T + 1$ nodes, and a record is in at most one node per level. Both counts
//! are logarithmic, where fresh noise at every step would charge a record $T$ times.
//!
//! Dwork, Naor, Pitassi, Rothblum, STOC 2010; Chan, Shi, Song, ICALP 2010 (the online form here).

use crate::privacy::Channel;

/// A counter for vectors of a fixed size. The caller sets the noise and minds the horizon: nodes on
/// new levels appear as the stream goes on, and each costs another release per record.
#[derive(Debug, Clone)]
pub struct TreeCounter {
    time: usize,
    sigma: f64,
    /// The latest node of each level, level by level; zero once a higher node has absorbed it.
    exact: Vec<f64>,
    /// The same nodes as released. Each is drawn once, when its node completes.
    noisy: Vec<f64>,
    prefix: Vec<f64>,
}

/// The number of levels that `horizon` records reach, ⌊log₂ horizon⌋ + 1: in how many nodes of each
/// column a record can be. Zero for an empty stream.
pub fn levels(horizon: usize) -> usize {
    (usize::BITS - horizon.leading_zeros()) as usize
}

impl TreeCounter {
    /// A counter of `columns` sums whose every node has noise N(0, `sigma`²).
    pub fn new(columns: usize, sigma: f64) -> Self {
        Self { time: 0, sigma, exact: Vec::new(), noisy: Vec::new(), prefix: vec![0.0; columns] }
    }

    /// Adds a vector, one value per column, and returns the noisy prefix sums; after t records each
    /// has variance popcount(t)·σ². O(columns·log t).
    pub fn push(&mut self, values: impl Iterator<Item = f64>, channel: &mut dyn Channel) -> &[f64] {
        self.time += 1;
        let Self { time, sigma, exact, noisy, prefix } = self;
        let columns = prefix.len();
        let level = time.trailing_zeros() as usize;
        if exact.len() == level * columns {
            exact.resize((level + 1) * columns, 0.0);
            noisy.resize((level + 1) * columns, 0.0);
        }
        for (j, (sum, value)) in prefix.iter_mut().zip(values).enumerate() {
            // The node that ends here absorbs every lower one of its column.
            let mut node = value;
            for below in 0..level {
                node += std::mem::take(&mut exact[below * columns + j]);
            }
            exact[level * columns + j] = node;
            noisy[level * columns + j] = channel.gaussian(node, *sigma);
            // The one-bits of t are the levels whose latest nodes tile 1..=t.
            *sum = 0.0;
            let mut rest = *time;
            while rest != 0 {
                *sum += noisy[rest.trailing_zeros() as usize * columns + j];
                rest &= rest - 1;
            }
        }
        prefix
    }
}
