//! How hard a feedback graph is: what must be explored through a dominating set, what need not.

use std::collections::BTreeSet;

use crate::bandits::instances::Graph;
use crate::{Error, Result};

/// Up to this many vertices every subset is tried; above, a greedy choice and an upper bound.
pub const EXACT_UP_TO: usize = 14;

/// The subsets of a small graph's vertices, as bit masks: which are dominated by which, how large an independent
/// set they hold, how many vertices dominate them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subsets {
    /// Closed neighbourhoods.
    closed: Vec<u32>,
    /// For every subset the size of its largest independent set.
    independence: Vec<u8>,
    /// For every subset the least number of vertices, of the whole graph, that dominate it.
    domination: Vec<u8>,
}

impl Subsets {
    /// All subsets of the vertices of `graph`, in O(2^N·N).
    ///
    /// # Errors
    /// More than [`EXACT_UP_TO`] vertices.
    pub fn new(graph: &Graph) -> Result<Self> {
        let arms = graph.arms();
        if arms > EXACT_UP_TO {
            return Err(Error::OutOfRange { name: "arms", value: arms as f64, requirement: "at most 14" });
        }
        let mask = |arm: usize| graph.closed(arm).iter().fold(0, |mask, &other| mask | 1 << other);
        let closed: Vec<u32> = (0..arms).map(mask).collect();
        let mut independence = vec![0_u8; 1 << arms];
        let mut domination = vec![0_u8; 1 << arms];
        for set in 1_usize..1 << arms {
            let first = set.trailing_zeros() as usize;
            // The first vertex is left out, or taken without its neighbours.
            let without = set & !(1 << first);
            let apart = set & !(closed[first] as usize);
            independence[set] = independence[without].max(1 + independence[apart]);
            // The first vertex must be dominated by one of its closed neighbourhood.
            let rest = graph.closed(first).iter().map(|&by| domination[set & !(closed[by] as usize)]);
            domination[set] = 1 + rest.min().unwrap_or(0);
        }
        Ok(Self { closed, independence, domination })
    }

    /// How many subsets there are: 2^N. They are the masks below it.
    pub fn count(&self) -> u32 {
        self.independence.len() as u32
    }

    /// N(D): all vertices that a set of vertices dominates.
    pub fn dominated(&self, set: u32) -> u32 {
        self.closed.iter().enumerate().filter(|(arm, _)| set >> arm & 1 == 1).fold(0, |mask, (_, c)| mask | c)
    }

    /// α(G_S): the size of the largest independent set within a subset.
    pub fn independence(&self, set: u32) -> usize {
        usize::from(self.independence[set as usize])
    }

    /// δ(S): the least number of vertices of the graph whose closed neighbourhoods cover a subset.
    pub fn domination(&self, set: u32) -> usize {
        usize::from(self.domination[set as usize])
    }
}

/// What is explored, and what is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exploration {
    /// D, the exploration set, in increasing order.
    pub set: Vec<usize>,
    /// At least the independence number of what D does not dominate; exactly it up to [`EXACT_UP_TO`] vertices.
    pub independence: usize,
}

impl Exploration {
    /// The exploration set with the least [`complexity`](Self::complexity) at horizon `horizon` ≥ 1: of all subsets
    /// up to [`EXACT_UP_TO`] vertices, above that of the greedy dominating set's prefixes, which is a heuristic
    /// (exact on the star and on the graphs with all edges or none). Of equals, one with the fewest vertices.
    ///
    /// # Errors
    /// `horizon` is less than one or not finite.
    pub fn best(graph: &Graph, horizon: f64) -> Result<Self> {
        check_horizon(horizon)?;
        let Ok(subsets) = Subsets::new(graph) else {
            let least = |a: &Self, b: &Self| a.complexity(horizon).total_cmp(&b.complexity(horizon));
            // Prefixes come in increasing size, and the first of equals is taken.
            return greedy_prefixes(graph).into_iter().min_by(least).ok_or(Error::Empty { name: "graph" });
        };
        let all = subsets.count() - 1;
        let independence = |set: u32| subsets.independence(all & !subsets.dominated(set));
        let price = |set: u32| complexity(set.count_ones() as f64, independence(set) as f64, horizon);
        let least = |a: &u32, b: &u32| {
            price(*a).total_cmp(&price(*b)).then(a.count_ones().cmp(&b.count_ones())).then(a.cmp(b))
        };
        let best = (0..=all).min_by(least).unwrap_or(0);
        let set = (0..graph.arms()).filter(|arm| best >> arm & 1 == 1).collect();
        Ok(Self { set, independence: independence(best) })
    }

    /// This exploration set.
    ///
    /// # Errors
    /// It holds something that is no vertex.
    pub fn given(graph: &Graph, set: &[usize]) -> Result<Self> {
        let set = vertices(graph, set)?;
        let mut dominated = vec![false; graph.arms()];
        for &arm in &set {
            graph.closed(arm).iter().for_each(|&other| dominated[other] = true);
        }
        let independence = match Subsets::new(graph) {
            Ok(subsets) => {
                let left = (0..graph.arms()).filter(|&arm| !dominated[arm]);
                subsets.independence(left.fold(0, |mask, arm| mask | 1 << arm))
            }
            Err(_) => clique_cover(graph, &dominated),
        };
        Ok(Self { set, independence })
    }

    /// R_T(D) = |D|^(1/3)·T^(2/3) + √(α(G∖N(D))·T): the price of exploring D, and that of the rest.
    pub fn complexity(&self, horizon: f64) -> f64 {
        complexity(self.set.len() as f64, self.independence as f64, horizon)
    }
}

fn complexity(size: f64, independence: f64, horizon: f64) -> f64 {
    size.cbrt() * horizon.cbrt().powi(2) + (independence * horizon).sqrt()
}

/// Refuses everything but 1 ≤ horizon < ∞.
pub(super) fn check_horizon(horizon: f64) -> Result<f64> {
    if !(horizon >= 1.0 && horizon.is_finite()) {
        return Err(Error::OutOfRange {
            name: "horizon",
            value: horizon,
            requirement: "finite and at least 1",
        });
    }
    Ok(horizon)
}

/// The set in increasing order without repeats, if it holds vertices only.
pub(super) fn vertices(graph: &Graph, set: &[usize]) -> Result<Vec<usize>> {
    if let Some(&arm) = set.iter().find(|&&arm| arm >= graph.arms()) {
        let requirement = "vertices of the graph";
        return Err(Error::OutOfRange { name: "exploration", value: arm as f64, requirement });
    }
    Ok(BTreeSet::from_iter(set.iter().copied()).into_iter().collect())
}

/// The empty set, then one vertex more at a time, always one that dominates the most of what is left.
fn greedy_prefixes(graph: &Graph) -> Vec<Exploration> {
    let mut dominated = vec![false; graph.arms()];
    let mut set: Vec<usize> = Vec::new();
    let mut prefixes = Vec::new();
    loop {
        let mut sorted = set.clone();
        sorted.sort_unstable();
        prefixes.push(Exploration { set: sorted, independence: clique_cover(graph, &dominated) });
        let gain = |arm: usize| graph.closed(arm).iter().filter(|&&other| !dominated[other]).count();
        match (0..graph.arms()).rev().map(|arm| (gain(arm), arm)).max_by_key(|&(gain, _)| gain) {
            Some((gain, arm)) if gain > 0 => {
                graph.closed(arm).iter().for_each(|&other| dominated[other] = true);
                set.push(arm);
            }
            _ => return prefixes,
        }
    }
}

/// How many cliques a greedy cover of the vertices that are not `excluded` needs: at least their independence
/// number, for an independent set has at most one vertex in each clique.
fn clique_cover(graph: &Graph, excluded: &[bool]) -> usize {
    let mut covered = excluded.to_vec();
    let mut cliques = 0;
    let mut clique: Vec<usize> = Vec::new();
    for arm in 0..graph.arms() {
        if covered[arm] {
            continue;
        }
        clique.clear();
        for &other in graph.closed(arm) {
            let joined = |member: &usize| graph.closed(*member).binary_search(&other).is_ok();
            if !covered[other] && clique.iter().all(joined) {
                clique.push(other);
            }
        }
        // Greedy from the smallest neighbour on; `arm` itself is among them, since all of them are its neighbours.
        clique.iter().for_each(|&member| covered[member] = true);
        cliques += 1;
    }
    cliques
}
