//! The claims about the answer, which is rounded to a coupling.

use nalgebra::DMatrix;
use ratebook::Result;
use ratebook::transport::baselines::Sinkhorn;
use ratebook::transport::instances::LinearCost;
use ratebook::transport::{Learner, Method, Objective, Polytope, minimise};
use ratebook_judge::{Claim, Source, Streams, geometric};

use super::bounds::{advantage, gap, marginal_error, rounded_gap};
use super::{ETA, SIZE, costs, information, on_each};

/// The gap of the answer after rounding to the polytope.
fn rounded_gap_of(
    method: &dyn Method,
    objective: &dyn Objective,
    rounds: f64,
    streams: &mut Streams,
) -> Result<f64> {
    let average = minimise(method, objective, rounds as usize, &mut streams.noise)?;
    Ok(objective.value(&objective.polytope().round(&average)?) - objective.minimum())
}

/// What a learner hands in at the end.
pub type Report = fn(&Polytope, &dyn Learner) -> Result<DMatrix<f64>>;

/// The average, rounded to the polytope: the paper's answer.
pub fn rounded_average(polytope: &Polytope, learner: &dyn Learner) -> Result<DMatrix<f64>> {
    polytope.round(&learner.answer())
}

/// A broken answer: the last iterate as it is, which need not be a coupling.
pub(super) fn last_iterate(_: &Polytope, learner: &dyn Learner) -> Result<DMatrix<f64>> {
    Ok(learner.coupling().clone())
}

/// On every binary 3 × 3 cost the answer lies between the optimum and the optimum plus the bounds.
pub fn bracketed(method: impl Method + Send + Sync + 'static, report: Report) -> Claim {
    Claim::always("bracketed")
        .states(
            "The rounded cost is at least the optimum and at most $B \\sqrt{2D/T}$ plus $B/2$ times the marginal \
             error above it, the average's own gap is at most $B \\sqrt{2D/T}$, and its marginal error at most \
             $4.671 \\sqrt{D/T}$.",
        )
        .assuming("all 512 linear costs with entries 0 and 1, 3 × 3, uniform weights; B = 1, D = ln 3")
        .source(Source::Derived)
        .exhaustive()
        .sweep("T", [50.0, 200.0, 800.0, 3200.0])
        .check(move |rounds, _, cases| -> Result<()> {
            let allowed = gap(1.0, information(3), rounds);
            for bits in 0..512_u32 {
                let entry = |i: usize, j: usize| f64::from(bits >> (3 * i + j) & 1);
                let objective = LinearCost::uniform(DMatrix::from_fn(3, 3, entry))?;
                let polytope = objective.polytope();
                let mut learner = method.start(polytope, 1.0, rounds as usize)?;
                (0..rounds as usize).try_for_each(|_| learner.observe(objective.cost()))?;
                let average = learner.answer();
                let error = polytope.marginal_error(&average);
                let (cost, optimum) = (objective.value(&report(polytope, &*learner)?), objective.minimum());
                cases.holds(cost >= optimum - 1e-12, || format!("cost {bits:09b}: {cost:e} is below the optimum"));
                cases.at_most(cost - optimum, rounded_gap(1.0, allowed, error), || format!("cost {bits:09b}: answer"));
                cases.at_most(objective.value(&average) - optimum, allowed, || format!("cost {bits:09b}: average"));
                cases.at_most(error, marginal_error(information(3), rounds), || format!("cost {bits:09b}: marginals"));
            }
            Ok(())
        })
}

/// A rate on one random linear cost a replicate, at every horizon.
fn rate(
    claim: Claim,
    measure: impl Fn(&LinearCost, f64, &mut Streams) -> Result<f64> + Send + Sync + 'static,
) -> Claim {
    claim
        .source(Source::Derived)
        .sweep("T", geometric(400.0, 6400.0, 5))
        .full_sweep(geometric(400.0, 25_600.0, 7))
        .replicates(32, 64)
        .detects(0.12)
        .paths(move |horizons, streams| {
            on_each(&costs(1, streams)?, horizons, |cost, rounds| measure(cost, rounds, streams))
        })
}

/// After rounding the gap falls like √(D/T).
pub fn rounded_gap_rate(method: impl Method + Send + Sync + 'static) -> Claim {
    let promised = |rounds| {
        rounded_gap(1.0, gap(1.0, information(SIZE), rounds), marginal_error(information(SIZE), rounds))
    };
    let claim = Claim::rate("rounded gap rate", promised)
        .states("After rounding to the polytope the gap falls like $B \\sqrt{D/T}$.")
        .assuming("linear costs, independent uniform entries, 16 × 16; B = 1, D = ln 16");
    rate(claim, move |cost, rounds, streams| rounded_gap_of(&method, cost, rounds, streams))
}

/// The marginal error of the average falls like √(D/T).
pub fn marginal_error_rate(method: impl Method + Send + Sync + 'static) -> Claim {
    let claim = Claim::rate("marginal error rate", |rounds| marginal_error(information(SIZE), rounds))
        .states("The $L_1$ marginal error of the average falls like $\\sqrt{D/T}$.")
        .assuming("linear costs, independent uniform entries, 16 × 16; D = ln 16");
    rate(claim, move |cost, rounds, streams| {
        let average = minimise(&method, cost, rounds as usize, &mut streams.noise)?;
        Ok(cost.polytope().marginal_error(&average))
    })
}

/// Sinkhorn at a fixed regularisation stops at its entropic bias; Mirror Sinkhorn does not.
pub fn beats_fixed_regularisation(method: impl Method + Send + Sync + 'static) -> Claim {
    Claim::at_most("beats fixed regularisation", advantage)
        .states(
            "After $T$ rounds the rounded gap is at most $0.4 \\sqrt{6400/T}$ times that of Sinkhorn at \
             $\\eta = 0.1$, whose bias does not shrink.",
        )
        .assuming("linear costs, independent uniform entries, 16 × 16, the worst of 8; as many rounds for both; the 0.4 is ours")
        .source(Source::Empirical)
        .computed()
        .sweep("T", [1600.0, 6400.0])
        .full_sweep([1600.0, 6400.0, 25_600.0])
        .trivial(|_| 1.0)
        .paths(move |horizons, streams| {
            let sinkhorn = Sinkhorn::new(ETA)?;
            on_each(&costs(8, streams)?, horizons, |cost, rounds| {
                let rival = rounded_gap_of(&sinkhorn, cost, rounds, streams)?;
                Ok(rounded_gap_of(&method, cost, rounds, streams)? / rival)
            })
        })
}
