use rand::Rng;
use rand::seq::{SliceRandom, index};

use crate::Result;
use crate::bandits::{FixedBudget, Pulls};

/// Eliminates arms stage by stage: each stage pulls every survivor `share(survivors)` times and keeps
/// `keep(survivors)` of them, the best ones (or, where `worst`, the worst ones).
fn eliminate(
    pulls: &mut Pulls<'_>,
    rng: &mut dyn Rng,
    share: impl Fn(usize) -> u64,
    keep: impl Fn(usize) -> usize,
    worst: bool,
) -> Result<usize> {
    let mut arms: Vec<usize> = (0..pulls.arms()).collect();
    while arms.len() > 1 {
        let share = share(arms.len());
        let mut scored = Vec::with_capacity(arms.len());
        for &arm in &arms {
            let mean = pulls.mean_of(arm, share)?;
            scored.push((if worst { -mean } else { mean }, arm));
        }
        scored.shuffle(rng);
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored.truncate(keep(arms.len()));
        arms = scored.into_iter().map(|(_, arm)| arm).collect();
    }
    Ok(arms[0])
}

/// Halving that pulls every arm once a stage, whatever the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OnePullHalving;

impl FixedBudget for OnePullHalving {
    fn recommend(&self, pulls: &mut Pulls<'_>, rng: &mut dyn Rng) -> Result<usize> {
        eliminate(pulls, rng, |_| 1, |n| n.div_ceil(2), false)
    }
}

/// Sequential Halving that keeps the worse half.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WorseHalf;

impl FixedBudget for WorseHalf {
    fn recommend(&self, pulls: &mut Pulls<'_>, rng: &mut dyn Rng) -> Result<usize> {
        let per_stage =
            pulls.remaining() / u64::from(pulls.arms().next_power_of_two().trailing_zeros().max(1));
        eliminate(pulls, rng, |n| per_stage / n as u64, |n| n.div_ceil(2), true)
    }
}

/// Halving that spends ⌊T/n²⌋ pulls an arm in every stage, as if it dropped one arm at a time: its simple
/// regret grows like n/√T, not √(n/T).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timid;

impl FixedBudget for Timid {
    fn recommend(&self, pulls: &mut Pulls<'_>, rng: &mut dyn Rng) -> Result<usize> {
        let share = pulls.remaining() / (pulls.arms() as u64).pow(2);
        eliminate(pulls, rng, |_| share, |n| n.div_ceil(2), false)
    }
}

/// Pulls as many random arms as the budget allows, once each, and returns the best draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OnceEach;

impl FixedBudget for OnceEach {
    fn recommend(&self, pulls: &mut Pulls<'_>, rng: &mut dyn Rng) -> Result<usize> {
        let arms = pulls.arms().min(usize::try_from(pulls.remaining()).unwrap_or(usize::MAX));
        let mut best = (f64::NEG_INFINITY, 0);
        for arm in index::sample(rng, pulls.arms(), arms) {
            let mean = pulls.mean_of(arm, 1)?;
            if mean > best.0 {
                best = (mean, arm);
            }
        }
        Ok(best.1)
    }
}

/// Uniform allocation: every arm gets the same share of the budget, the best mean is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Uniform;

impl FixedBudget for Uniform {
    fn recommend(&self, pulls: &mut Pulls<'_>, rng: &mut dyn Rng) -> Result<usize> {
        let budget = pulls.remaining();
        eliminate(pulls, rng, |n| budget / n as u64, |_| 1, false)
    }
}
