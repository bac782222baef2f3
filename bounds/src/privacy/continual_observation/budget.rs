//! The claims about privacy: no pair of neighbouring streams costs more than the budget.

use ratebook::Result;
use ratebook::math::sequences::sequences;
use ratebook::privacy::baselines::ScaledNoise;
use ratebook::privacy::channel::Ledger;
use ratebook::privacy::continual_observation::Tree;
use ratebook::privacy::instances::MaxSum;
use ratebook::privacy::neighbours::{binary_records, replace_one};
use ratebook::privacy::{ContinualMechanism, ContinualRun, Shape};
use ratebook_judge::{Claim, Source};

/// For every stream of a universe and every replacement of one record, the releases cost at most ρ.
pub fn every_universe_keeps_its_budget(
    id: &str,
    mechanism: impl ContinualMechanism + Send + Sync + 'static,
) -> Claim {
    const BUDGET: f64 = 0.7;
    /// (d, the longest T): 2^(dT) streams each.
    const UNIVERSES: [(usize, usize); 3] = [(1, 6), (2, 6), (3, 3)];
    Claim::at_most(id, |_| BUDGET)
        .states("Telling a stream from a neighbour costs at most $\\rho$ in zCDP: the releases' costs add up.")
        .assuming(
            "ρ = 0.7, replace-one neighbours, every stream of {0,1}^d for d = 1 and 2 up to T = 6, for d = 3 up to T = 3",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("T", (1..=6).map(f64::from).collect::<Vec<_>>())
        .measure(move |horizon, _| -> Result<Vec<f64>> {
            let horizon = horizon as usize;
            let universes = UNIVERSES.iter().filter(|(_, longest)| horizon <= *longest);
            universes.map(|&(columns, _)| worst_cost(&mechanism, Shape::new(columns, horizon)?, BUDGET)).collect()
        })
}

/// [`every_universe_keeps_its_budget`] for a MaxSum mechanism that recomputes.
pub fn budget_of_recompute(mechanism: impl ContinualMechanism + Send + Sync + 'static) -> Claim {
    every_universe_keeps_its_budget("budget of recompute", mechanism)
}

/// [`every_universe_keeps_its_budget`] for a SumSelect mechanism.
pub fn budget_of_select(mechanism: impl ContinualMechanism + Send + Sync + 'static) -> Claim {
    every_universe_keeps_its_budget("budget of select", mechanism)
}

/// [`every_universe_keeps_its_budget`] for binary counters.
pub fn budget_of_tree(mechanism: impl ContinualMechanism + Send + Sync + 'static) -> Claim {
    every_universe_keeps_its_budget("budget of tree", mechanism)
}

/// The orders α at which divergences are compared with ρ·α. For Gaussian releases D_α/α does not depend on α; for
/// exponential mechanisms that it is at most ρ at *every* α is Hoeffding's lemma.
const ORDERS: [f64; 6] = [1.000_001, 1.25, 1.5, 2.0, 4.0, 16.0];

/// The largest zCDP cost over every stream of the shape and each of its replace-one neighbours.
fn worst_cost(mechanism: &impl ContinualMechanism, shape: Shape, rho: f64) -> Result<f64> {
    let records = binary_records(shape.columns());
    let ledger = |stream: &[Vec<bool>]| -> Result<Ledger> {
        let (mut run, mut ledger) = (mechanism.start(shape, rho)?, Ledger::new());
        stream.iter().try_for_each(|record| run.step(record, &mut ledger).map(drop))?;
        Ok(ledger)
    };
    let mut worst = 0.0f64;
    for stream in sequences(&records, shape.horizon()) {
        let here = ledger(&stream)?;
        for neighbour in replace_one(&stream, &records) {
            let there = ledger(&neighbour)?;
            for alpha in ORDERS {
                worst = worst.max(here.renyi_divergence(&there, alpha) / alpha);
            }
        }
    }
    Ok(worst)
}

/// A broken tree: each column's counter is calibrated as if it were released alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct PerColumnNoise;

impl ContinualMechanism for PerColumnNoise {
    type Run = <ScaledNoise<Tree<MaxSum>> as ContinualMechanism>::Run;

    fn start(&self, shape: Shape, rho: f64) -> Result<Self::Run> {
        ScaledNoise::new(Tree::new(MaxSum), 1.0 / (shape.columns() as f64).sqrt())?.start(shape, rho)
    }
}
