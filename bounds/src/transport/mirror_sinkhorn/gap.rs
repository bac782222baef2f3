//! The claims about the gap before rounding, offline and online.

use nalgebra::DMatrix;
use rand::RngExt;
use ratebook::Result;
use ratebook::transport::instances::{LinearCost, SquaredDistance, alternating_cost};
use ratebook::transport::{Method, Objective, Polytope, minimise};
use ratebook_judge::{Claim, Source, Streams, geometric};

use super::bounds::{anytime_gap, gap, regret};
use super::{SIZE, costs, information, on_each};

/// The size of the curved objective.
const CURVED_SIZE: usize = 8;

/// The gap of the average, not rounded.
fn average_gap(
    method: &dyn Method,
    objective: &dyn Objective,
    rounds: f64,
    streams: &mut Streams,
) -> Result<f64> {
    let average = minimise(method, objective, rounds as usize, &mut streams.noise)?;
    Ok(objective.value(&average) - objective.minimum())
}

/// The gap of the average on random linear costs with exact gradients.
fn linear_gap(claim: Claim, method: impl Method + Send + Sync + 'static) -> Claim {
    claim
        .assuming("linear costs, independent uniform entries, 16 × 16, the worst of 8; B = 1, D = ln 16")
        .source(Source::Derived)
        .computed()
        .sweep("T", geometric(50.0, 6400.0, 8))
        .full_sweep(geometric(50.0, 102_400.0, 12))
        .paths(move |horizons, streams| {
            let costs = costs(8, streams)?;
            on_each(&costs, horizons, |cost, rounds| average_gap(&method, cost, rounds, streams))
        })
}

/// On random transport costs with exact gradients the gap of the average is at most B·√(2D/T).
pub fn gap_at_most(method: impl Method + Send + Sync + 'static) -> Claim {
    let claim = Claim::at_most("gap at most", |rounds| gap(1.0, information(SIZE), rounds))
        .states("With exact gradients the gap of the average is at most $B \\sqrt{2D/T}$.");
    linear_gap(claim, method)
}

/// The same bound in expectation when every gradient entry is a coin.
pub fn noisy_gap_at_most(method: impl Method + Send + Sync + 'static) -> Claim {
    Claim::at_most("noisy gap at most", |rounds| gap(1.0, information(SIZE), rounds))
        .states("With unbiased noisy gradients the expected gap of the average is at most $B \\sqrt{2D/T}$.")
        .assuming("linear costs as above, gradient entries 1 with probability Cᵢⱼ, else 0; B = 1, D = ln 16")
        .source(Source::Derived)
        .sweep("T", geometric(50.0, 3200.0, 7))
        .full_sweep(geometric(50.0, 25_600.0, 10))
        .replicates(32, 64)
        .measure(move |rounds, streams| {
            let objective = LinearCost::random(SIZE, &mut streams.instance)?.with_coin_gradients();
            average_gap(&method, &objective, rounds, streams)
        })
}

/// The same bound for a convex function whose gradient depends on the coupling.
pub fn curved_gap_at_most(method: impl Method + Send + Sync + 'static) -> Claim {
    Claim::at_most("curved gap at most", |rounds| gap(4.0, information(CURVED_SIZE), rounds))
        .states(
            "For a convex function that is not linear the gap of the average is at most $B \\sqrt{2D/T}$.",
        )
        .assuming("‖X − X₀‖², X₀ uniform in [0, 1], 8 × 8, the worst of 8; B = 4, D = ln 8")
        .source(Source::Derived)
        .computed()
        .sweep("T", geometric(50.0, 6400.0, 8))
        .full_sweep(geometric(50.0, 102_400.0, 12))
        .paths(move |horizons, streams| {
            let random = |streams: &mut Streams| {
                let target = DMatrix::from_fn(CURVED_SIZE, CURVED_SIZE, |_, _| streams.instance.random());
                SquaredDistance::new(target, Polytope::uniform(CURVED_SIZE, CURVED_SIZE)?)
            };
            let objectives = (0..8).map(|_| random(streams)).collect::<Result<Vec<_>>>()?;
            on_each(&objectives, horizons, |objective, rounds| {
                average_gap(&method, objective, rounds, streams)
            })
        })
}

/// Without a known horizon the gap of the weighted average is at most about B·√(D/8T)·ln T.
pub fn anytime_gap_at_most(method: impl Method + Send + Sync + 'static) -> Claim {
    let claim = Claim::at_most("anytime gap at most", |rounds| anytime_gap(1.0, information(SIZE), rounds))
        .states(
            "With steps $\\sqrt{2D/t}/B$ the gap of the weighted average is at most \
         $B \\sqrt{D/2} (1 + \\sum_t 1/t) / \\sum_t t^{-1/2}$.",
        );
    linear_gap(claim, method)
}

/// Against an adversary that alternates two costs the regret is at most B·√(2DT).
pub fn regret_at_most(method: impl Method + Send + Sync + 'static) -> Claim {
    Claim::at_most("regret at most", |rounds| regret(1.0, information(2), rounds))
        .states("Online, the regret against every fixed coupling is at most $B \\sqrt{2DT}$.")
        .assuming("2 × 2 couplings, the identity and its complement as costs in turn, the first halved; B = 1, D = ln 2")
        .source(Source::Derived)
        .computed()
        .sweep("T", geometric(100.0, 6400.0, 7))
        .full_sweep(geometric(100.0, 409_600.0, 13))
        .trivial(|rounds| rounds / 2.0)
        .measure(move |rounds, _| -> Result<f64> {
            let polytope = Polytope::uniform(2, 2)?;
            let mut learner = method.start(&polytope, 1.0, rounds as usize)?;
            let (mut loss, mut total) = (0.0, DMatrix::zeros(2, 2));
            for round in 1..=rounds as usize {
                let cost = alternating_cost(round);
                loss += cost.dot(learner.coupling());
                learner.observe(&cost)?;
                total += cost;
            }
            // The best fixed coupling keeps or swaps the two points.
            let (keep, swap) = (total[(0, 0)] + total[(1, 1)], total[(0, 1)] + total[(1, 0)]);
            Ok(loss - keep.min(swap) / 2.0)
        })
}
