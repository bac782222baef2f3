//! A posterior over up to 2⁶⁰ intervals that is split only where it was looked at.
//!
//! A segment tree on demand, with the *shares* of the two children in each node instead of their
//! masses. A flip multiplies everything left of one interval by one factor and everything right of
//! it by another; inside an untouched subtree no share changes, so only the path to that interval
//! is rewritten, and there is nothing to push down later. Shares are of order one, so that no mass
//! underflows although the prior mass of an interval may be 2⁻⁶⁰ and a flip may halve it.

use crate::error::{Error, Result};

/// A distribution over the intervals `1..=intervals`.
#[derive(Debug, Clone)]
pub struct Posterior {
    intervals: u64,
    /// The root is node 0; a child that was never split is uniform and has no node.
    nodes: Vec<Node>,
    /// The nodes on the way to the interval being updated, with the side taken: kept for reuse.
    path: Vec<(usize, Side)>,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    /// The children's shares of this node's mass, each at least the smallest positive float.
    share: [f64; 2],
    /// The children's places in the arena; `UNSPLIT` for a uniform one.
    child: [usize; 2],
}

type Side = usize;
const LEFT: Side = 0;
const RIGHT: Side = 1;
/// No child is the root, so its place is free to mean that there is no node.
const UNSPLIT: usize = 0;

/// Where a quantile lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// The interval that holds it.
    pub interval: u64,
    /// The fraction λ of that interval's mass below it, in [0, 1].
    pub below: f64,
    /// That interval's mass.
    pub mass: f64,
}

/// The uniform split of `size` intervals: the left part gets the larger half.
fn halves(size: u64) -> [u64; 2] {
    [size - size / 2, size / 2]
}

fn uniform_node(size: u64) -> Node {
    let share = halves(size).map(|half| half as f64 / size as f64);
    Node { share, child: [UNSPLIT; 2] }
}

impl Posterior {
    /// The uniform distribution over `1..=intervals`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] unless 1 ≤ intervals ≤ 2⁶⁰.
    pub fn uniform(intervals: u64) -> Result<Self> {
        if !(1..=1 << 60).contains(&intervals) {
            let requirement = "between 1 and 2^60";
            return Err(Error::OutOfRange { name: "intervals", value: intervals as f64, requirement });
        }
        Ok(Self { intervals, nodes: vec![uniform_node(intervals)], path: Vec::with_capacity(61) })
    }

    /// The number of intervals.
    pub fn intervals(&self) -> u64 {
        self.intervals
    }

    /// The interval that holds the `quantile`-quantile, for a quantile in [0, 1]. O(log n).
    pub fn locate(&self, quantile: f64) -> Quantile {
        // `rest` is the quantile relative to the subtree of `size` intervals after `first`.
        let (mut first, mut size, mut mass, mut rest) = (0, self.intervals, 1.0, quantile);
        let mut here = Some(0);
        while let (Some(node), true) = (here, size > 1) {
            let Node { share, child } = self.nodes[node];
            let side = if rest < share[LEFT] { LEFT } else { RIGHT };
            rest = if side == LEFT { rest / share[LEFT] } else { (rest - share[LEFT]) / share[RIGHT] };
            rest = rest.clamp(0.0, 1.0);
            mass *= share[side];
            let half = halves(size);
            first += if side == LEFT { 0 } else { half[LEFT] };
            size = half[side];
            here = (child[side] != UNSPLIT).then_some(child[side]);
        }
        // A subtree that was never split is uniform: divide instead of descending.
        let position = rest * size as f64;
        let index = (position as u64).min(size - 1);
        Quantile {
            interval: first + index + 1,
            below: (position - index as f64).clamp(0.0, 1.0),
            mass: mass / size as f64,
        }
    }

    /// The mass of one interval, in `1..=intervals`. O(log n).
    pub fn mass(&self, interval: u64) -> f64 {
        let (mut index, mut size, mut mass) = (interval - 1, self.intervals, 1.0);
        let mut here = Some(0);
        while let (Some(node), true) = (here, size > 1) {
            let Node { share, child } = self.nodes[node];
            let side = descend(&mut index, &mut size);
            mass *= share[side];
            here = (child[side] != UNSPLIT).then_some(child[side]);
        }
        mass / size as f64
    }

    /// Multiplies the mass left of `interval` by `below`, its own by `inside` and the mass right of
    /// it by `above` (all positive), then normalises. Returns the total before that. O(log n).
    pub fn update(&mut self, interval: u64, below: f64, inside: f64, above: f64) -> f64 {
        let (mut index, mut size, mut node) = (interval - 1, self.intervals, 0);
        self.path.clear();
        while size > 1 {
            let side = descend(&mut index, &mut size);
            self.path.push((node, side));
            // Split on demand; a single interval needs no node.
            if self.nodes[node].child[side] == UNSPLIT && size > 1 {
                self.nodes[node].child[side] = self.nodes.len();
                self.nodes.push(uniform_node(size));
            }
            node = self.nodes[node].child[side];
        }
        // Bottom up: `total` is the factor by which the subtree below has grown.
        let outside = [below, above];
        let mut total = inside;
        for &(node, side) in self.path.iter().rev() {
            let share = &mut self.nodes[node].share;
            share[side] *= total;
            share[1 - side] *= outside[1 - side];
            total = share[LEFT] + share[RIGHT];
            // The floor keeps both sides alive, so that no belief becomes certain.
            *share = share.map(|mass| (mass / total).max(f64::MIN_POSITIVE));
        }
        total
    }
}

/// Moves to the half of the `size` intervals that holds `index`; both become relative to it.
fn descend(index: &mut u64, size: &mut u64) -> Side {
    let half = halves(*size);
    let side = if *index < half[LEFT] { LEFT } else { RIGHT };
    *index -= if side == LEFT { 0 } else { half[LEFT] };
    *size = half[side];
    side
}
