//! Optima by enumeration, and weaker methods for comparison.

use std::collections::BTreeMap;

use super::entropy_coupling_bottleneck::{BoundaryRule, FirstOrder, Move, ROUNDING};
use super::{Encoder, Quantiser};
use crate::error::{Result, distribution, non_negative};
use crate::math::entropy::entropy_term;

/// Every way to put `symbols` symbols into letters, as labels in order of first appearance (restricted
/// growth strings); Bell's number of them, 877 for seven symbols.
pub fn set_partitions(symbols: usize) -> Vec<Vec<usize>> {
    let mut partitions = vec![Vec::new()];
    for _ in 0..symbols {
        let longer = partitions.into_iter().flat_map(|labels: Vec<usize>| {
            let next = labels.iter().max().map_or(0, |most| most + 1);
            (0..=next).map(move |label| labels.iter().copied().chain([label]).collect())
        });
        partitions = longer.collect();
    }
    partitions
}

/// Every way to write `total` as a sum of at most `parts` positive integers, largest first.
pub fn integer_partitions(total: u32, parts: usize) -> Vec<Vec<u32>> {
    fn extend(rest: u32, parts: usize, most: u32, chosen: &mut Vec<u32>, found: &mut Vec<Vec<u32>>) {
        if rest == 0 {
            found.push(chosen.clone());
        } else if parts > 0 {
            for part in (1..=rest.min(most)).rev() {
                chosen.push(part);
                extend(rest - part, parts - 1, part, chosen, found);
                chosen.pop();
            }
        }
    }
    let mut found = Vec::new();
    extend(total, parts, total, &mut Vec::new(), &mut found);
    found
}

/// The best deterministic code: every set partition is tried. For at most ten symbols or so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BestPartition;

impl Encoder for BestPartition {
    fn encode(&self, source: &[f64], rate: f64) -> Result<Quantiser> {
        distribution("source", source)?;
        non_negative("rate", rate)?;
        let support: Vec<usize> = (0..source.len()).filter(|&x| source[x] > 0.0).collect();
        let mut best = Quantiser::new(source, vec![0; source.len()])?;
        for partition in set_partitions(support.len()) {
            let mut labels = vec![0; source.len()];
            for (&x, label) in support.iter().zip(partition) {
                labels[x] = label;
            }
            let map = Quantiser::new(source, labels)?;
            if map.entropy() <= rate + ROUNDING && map.entropy() > best.entropy() {
                best = map;
            }
        }
        Ok(best)
    }
}

/// Groups of `g` consecutive symbols with the smallest `g` that meets the rate: a uniform quantiser.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EqualGroups;

impl Encoder for EqualGroups {
    fn encode(&self, source: &[f64], rate: f64) -> Result<Quantiser> {
        distribution("source", source)?;
        non_negative("rate", rate)?;
        let support: Vec<usize> = (0..source.len()).filter(|&x| source[x] > 0.0).collect();
        for group in 1..support.len() {
            let mut labels = vec![0; source.len()];
            for (i, &x) in support.iter().enumerate() {
                labels[x] = i / group;
            }
            let map = Quantiser::new(source, labels)?;
            if map.entropy() <= rate + ROUNDING {
                return Ok(map);
            }
        }
        Quantiser::new(source, vec![0; source.len()])
    }
}

/// The least entropy, in bits, of a coupling of two laws given in whole units of 1/`total`.
///
/// Entropy is concave, so the least is at a vertex of the transport polytope. The cells of a vertex
/// form a forest; a leaf carries all that is left of one row or column. So try every pair as the next
/// leaf and recurse, remembering what has been solved.
#[derive(Debug, Clone)]
pub struct OptimalCoupling {
    total: u32,
    solved: BTreeMap<(Vec<u32>, Vec<u32>), f64>,
}

impl OptimalCoupling {
    /// A solver for laws in units of 1/`total`.
    pub fn new(total: u32) -> Self {
        Self { total, solved: BTreeMap::new() }
    }

    /// The least entropy of a coupling of `p` and `q`, both of the same sum.
    pub fn entropy(&mut self, p: &[u32], q: &[u32]) -> f64 {
        let (mut p, mut q) = (p.to_vec(), q.to_vec());
        for side in [&mut p, &mut q] {
            side.retain(|&units| units > 0);
            side.sort_unstable();
        }
        if p.is_empty() || q.is_empty() {
            return 0.0;
        }
        if let Some(&known) = self.solved.get(&(p.clone(), q.clone())) {
            return known;
        }
        let mut least = f64::INFINITY;
        for i in 0..p.len() {
            for j in 0..q.len() {
                let units = p[i].min(q[j]);
                let (mut rest_p, mut rest_q) = (p.clone(), q.clone());
                rest_p[i] -= units;
                rest_q[j] -= units;
                let cell = entropy_term(f64::from(units) / f64::from(self.total));
                least = least.min(cell + self.entropy(&rest_p, &rest_q));
            }
        }
        self.solved.insert((p, q), least);
        least
    }
}

/// The best of all moves that take at most a given share of one cell: what
/// [`FirstOrder`] is measured against.
#[derive(Debug, Clone, Copy)]
pub struct BestMove {
    /// The largest share of a cell that may move. Without a limit a move can swap two letters.
    pub share: f64,
    /// Leave out the heaviest letter as a destination (a control for moves below).
    pub avoid_heaviest: bool,
}

impl BoundaryRule for BestMove {
    fn choose(&self, source: &[f64], map: &Quantiser, change: f64) -> Option<Move> {
        let masses = map.masses();
        let heaviest = (0..masses.len()).max_by(|&s, &t| masses[s].total_cmp(&masses[t]));
        let mut best: Option<(f64, Move)> = None;
        for symbol in (0..source.len()).filter(|&x| source[x] > 0.0) {
            for to in (0..masses.len()).map(Some).chain([None]) {
                if to == Some(map.labels()[symbol]) || (self.avoid_heaviest && to == heaviest) {
                    continue;
                }
                let step = Move { symbol, to };
                if let Some(mass) = step.mass_for(map, change, self.share * source[symbol]) {
                    let information = step.information_change(source, map, mass);
                    if best.is_none_or(|(most, _)| information > most) {
                        best = Some((information, step));
                    }
                }
            }
        }
        best.map(|(_, step)| step)
    }
}

/// A broken rule for moves above: the *largest* normalised cell below one. Below it is [`FirstOrder`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LargestCell;

impl BoundaryRule for LargestCell {
    fn choose(&self, source: &[f64], map: &Quantiser, change: f64) -> Option<Move> {
        if change < 0.0 {
            return FirstOrder.choose(source, map, change);
        }
        let share = |x: usize| source[x] / map.masses()[map.labels()[x]];
        let shared = (0..source.len()).filter(|&x| source[x] > 0.0 && share(x) < 1.0);
        shared.max_by(|&x, &y| share(x).total_cmp(&share(y))).map(|symbol| Move { symbol, to: None })
    }
}
