//! What *Mirror Sinkhorn: Fast Online Optimization on Transport Polytopes* promises.
//!
//! The paper's theorems have these rates with other constants and steps; the constants below are derived, in
//! the documentation of each bound. Throughout, B is the range of the gradients and
//! D = min(H(a), H(b)) ≤ ln min(m, n).

use nalgebra::DMatrix;
use rand::RngExt;
use ratebook::transport::baselines::Sinkhorn;
use ratebook::transport::instances::{LinearCost, SquaredDistance, alternating_cost};
use ratebook::transport::mirror_sinkhorn::MirrorSinkhorn;
use ratebook::transport::{Learner, Method, Objective, Polytope, minimise};
use ratebook_judge::{Claim, Paper, Source, Streams, geometric};

/// B·√(2D/T): the optimality gap of the average of T rounds with the step √(2D/T)/B, before rounding.
///
/// Derived: KL(X, ·) falls by γ⟨G_t, X_t − X⟩ − γ²B²/2 a round for every coupling X, the half-projections only
/// help (Pythagoras), and KL(X, abᵀ) ≤ D. For range B > 0, information D ≥ 0 and T ≥ 1 rounds.
pub fn gap(range: f64, information: f64, rounds: f64) -> f64 {
    range * (2.0 * information / rounds).sqrt()
}

/// B·√(2DT): the regret of the same play against every fixed coupling, when costs arrive one by one.
pub fn regret(range: f64, information: f64, rounds: f64) -> f64 {
    gap(range, information, rounds) * rounds
}

/// B·√(D/2)·(1 + Σ 1/t)/Σ 1/√t: the gap of the weighted average with the steps √(2D/t)/B, derived as [`gap`].
/// About B·√(D/8T)·ln T.
pub fn anytime_gap(range: f64, information: f64, rounds: f64) -> f64 {
    let (mut harmonic, mut roots) = (0.0, 0.0);
    for t in 1..=rounds as u64 {
        harmonic += 1.0 / t as f64;
        roots += 1.0 / (t as f64).sqrt();
    }
    range * (information / 2.0).sqrt() * (1.0 + harmonic) / roots
}

/// (√2 + (1 + √13)/√2)·√(D/T) ≈ 4.671·√(D/T): the L1 marginal error of the average, exact gradients.
///
/// Derived. Let e_t be the marginal error of X_t and K_t the relative entropy by which round t's
/// half-projection helps. Summing the potential with these, and with f(X⋆) ≤ f(X_t) + B·e_t/2 (rounding X_t
/// moves at most e_t/2): Σ K_t ≤ 2D + (γB/2)·Σ e_t. By Pinsker e_t ≤ √(2K_t) + γB, as the mirror step changes
/// a marginal by at most γB. So with γB = √(2D/T) and S = Σ K_t, S ≤ 3D + √(D·S), √S ≤ √D·(1 + √13)/2, and the
/// mean of the e_t is at most √(2S/T) + γB.
pub fn marginal_error(information: f64, rounds: f64) -> f64 {
    let root = std::f64::consts::SQRT_2;
    (root + (1.0 + 13f64.sqrt()) / root) * (information / rounds).sqrt()
}

/// gap + B·e/2: the gap after rounding an average whose marginal error is e, since rounding moves at most e/2 of
/// the mass (proved; see `Polytope::round`).
pub fn rounded_gap(range: f64, gap: f64, marginal_error: f64) -> f64 {
    gap + range * marginal_error / 2.0
}

/// How much better than Sinkhorn at η = 0.1 the rounded answer is after T rounds: 0.4·√(6400/T). Ours, measured.
pub fn advantage(rounds: f64) -> f64 {
    0.4 * (6400.0 / rounds).sqrt()
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let method = MirrorSinkhorn::for_horizon;
    let timid = || method().scaled(0.1).expect("0.1 is positive");
    let eager = MirrorSinkhorn::constant(1.0).expect("1 is positive");
    let hundredth = MirrorSinkhorn::anytime().scaled(0.01).expect("0.01 is positive");
    let sinkhorn = Sinkhorn::new(ETA).expect("η is positive");
    let loose = || method().without_marginals();
    Paper::new(
        "transport/mirror_sinkhorn",
        "Mirror Sinkhorn: Fast Online Optimization on Transport Polytopes",
    )
    .arxiv("2211.10420")
    .seed_line(257)
    .claim(gap_at_most(method()).control("steps ten times too small", gap_at_most(timid())))
    .claim(noisy_gap_at_most(method()).control("steps ten times too small", noisy_gap_at_most(timid())))
    .claim(curved_gap_at_most(method()).control("steps ten times too small", curved_gap_at_most(timid())))
    .claim(
        anytime_gap_at_most(MirrorSinkhorn::anytime())
            .control("steps a hundred times too small", anytime_gap_at_most(hundredth)),
    )
    .claim(regret_at_most(method()).control("the step 1 at every horizon", regret_at_most(eager)))
    .claim(
        bracketed(method(), rounded_average)
            .control("the last iterate, not rounded", bracketed(method(), last_iterate))
            .control("steps ten times too small", bracketed(timid(), rounded_average)),
    )
    .claim(rounded_gap_rate(method()).control("only the total mass is repaired", rounded_gap_rate(loose())))
    .claim(
        marginal_error_rate(method())
            .control("only the total mass is repaired", marginal_error_rate(loose())),
    )
    .claim(
        beats_fixed_regularisation(method())
            .control("Sinkhorn itself", beats_fixed_regularisation(sinkhorn))
            .baseline("the anytime schedule", beats_fixed_regularisation(MirrorSinkhorn::anytime())),
    )
}

/// The size of the random linear costs, and of the curved objective.
const SIZE: usize = 16;
const CURVED_SIZE: usize = 8;

/// The regularisation of the rival.
const ETA: f64 = 0.1;

/// The gap of the average, not rounded.
fn average_gap(
    method: &dyn Method,
    objective: &dyn Objective,
    rounds: f64,
    streams: &mut Streams,
) -> ratebook::Result<f64> {
    let average = minimise(method, objective, rounds as usize, &mut streams.noise)?;
    Ok(objective.value(&average) - objective.minimum())
}

/// The gap of the answer after rounding to the polytope.
fn rounded_gap_of(
    method: &dyn Method,
    objective: &dyn Objective,
    rounds: f64,
    streams: &mut Streams,
) -> ratebook::Result<f64> {
    let average = minimise(method, objective, rounds as usize, &mut streams.noise)?;
    Ok(objective.value(&objective.polytope().round(&average)?) - objective.minimum())
}

/// `count` random costs.
fn costs(count: usize, streams: &mut Streams) -> ratebook::Result<Vec<LinearCost>> {
    (0..count).map(|_| LinearCost::random(SIZE, &mut streams.instance)).collect()
}

/// At every horizon, what `measure` says of each objective.
fn on_each<O>(
    objectives: &[O],
    horizons: &[f64],
    mut measure: impl FnMut(&O, f64) -> ratebook::Result<f64>,
) -> ratebook::Result<Vec<Vec<f64>>> {
    let mut at = |&rounds: &f64| objectives.iter().map(|objective| measure(objective, rounds)).collect();
    horizons.iter().map(&mut at).collect()
}

/// ln n, the information of uniform weights on n points.
fn information(size: usize) -> f64 {
    (size as f64).ln()
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
            let objectives = (0..8).map(|_| random(streams)).collect::<ratebook::Result<Vec<_>>>()?;
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
        .measure(move |rounds, _| -> ratebook::Result<f64> {
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

/// What a learner hands in at the end.
pub type Report = fn(&Polytope, &dyn Learner) -> ratebook::Result<DMatrix<f64>>;

/// The average, rounded to the polytope: the paper's answer.
pub fn rounded_average(polytope: &Polytope, learner: &dyn Learner) -> ratebook::Result<DMatrix<f64>> {
    polytope.round(&learner.answer())
}

/// A broken answer: the last iterate as it is, which need not be a coupling.
fn last_iterate(_: &Polytope, learner: &dyn Learner) -> ratebook::Result<DMatrix<f64>> {
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
        .check(move |rounds, _, cases| -> ratebook::Result<()> {
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

/// After rounding the gap falls like √(D/T).
pub fn rounded_gap_rate(method: impl Method + Send + Sync + 'static) -> Claim {
    Claim::rate("rounded gap rate", |rounds| {
        rounded_gap(1.0, gap(1.0, information(SIZE), rounds), marginal_error(information(SIZE), rounds))
    })
    .states("After rounding to the polytope the gap falls like $B \\sqrt{D/T}$.")
    .assuming("linear costs, independent uniform entries, 16 × 16; B = 1, D = ln 16")
    .source(Source::Derived)
    .sweep("T", geometric(400.0, 6400.0, 5))
    .full_sweep(geometric(400.0, 25_600.0, 7))
    .replicates(32, 64)
    .detects(0.12)
    .paths(move |horizons, streams| {
        on_each(&costs(1, streams)?, horizons, |cost, rounds| rounded_gap_of(&method, cost, rounds, streams))
    })
}

/// The marginal error of the average falls like √(D/T).
pub fn marginal_error_rate(method: impl Method + Send + Sync + 'static) -> Claim {
    Claim::rate("marginal error rate", |rounds| marginal_error(information(SIZE), rounds))
        .states("The $L_1$ marginal error of the average falls like $\\sqrt{D/T}$.")
        .assuming("linear costs, independent uniform entries, 16 × 16; D = ln 16")
        .source(Source::Derived)
        .sweep("T", geometric(400.0, 6400.0, 5))
        .full_sweep(geometric(400.0, 25_600.0, 7))
        .replicates(32, 64)
        .detects(0.12)
        .paths(move |horizons, streams| {
            on_each(&costs(1, streams)?, horizons, |cost, rounds| {
                let average = minimise(&method, cost, rounds as usize, &mut streams.noise)?;
                Ok(cost.polytope().marginal_error(&average))
            })
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

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(gap(3.0, 2.0, 16.0), 1.5, max_relative = 1e-12);
        assert_relative_eq!(regret(3.0, 2.0, 16.0), 24.0, max_relative = 1e-12);
        // T = 1: √(D/2)·2, as with the horizon known: √(2D).
        assert_relative_eq!(anytime_gap(3.0, 2.0, 1.0), gap(3.0, 2.0, 1.0), max_relative = 1e-12);
        // T = 4: (1 + 25/12)/(1 + 1/√2 + 1/√3 + 1/2).
        let roots = 1.5 + 0.5f64.sqrt() + (1.0 / 3.0f64).sqrt();
        assert_relative_eq!(anytime_gap(1.0, 2.0, 4.0), 37.0 / 12.0 / roots, max_relative = 1e-12);
        // √2 + (1 + √13)/√2, by hand to sixteen digits.
        assert_relative_eq!(marginal_error(1.0, 1.0), CONSTANT, max_relative = 1e-12);
        assert_relative_eq!(marginal_error(4.0, 100.0), 0.2 * CONSTANT, max_relative = 1e-12);
        assert_relative_eq!(rounded_gap(4.0, 0.5, 0.25), 1.0, max_relative = 1e-12);
        assert_relative_eq!(advantage(6400.0), 0.4, max_relative = 1e-12);
        assert_relative_eq!(advantage(1600.0), 0.8, max_relative = 1e-12);
    }

    const CONSTANT: f64 = 4.670_830_100_356_035;

    quickcheck! {
        fn four_times_the_rounds(range: u8, information: u8, rounds: u16) -> bool {
            let (range, information) = (f64::from(range) + 1.0, f64::from(information));
            let rounds = f64::from(rounds) + 1.0;
            gap(range, information, 4.0 * rounds) * 2.0 == gap(range, information, rounds)
                && regret(range, information, 4.0 * rounds) == 2.0 * regret(range, information, rounds)
                && marginal_error(information, 4.0 * rounds) * 2.0 == marginal_error(information, rounds)
        }

        fn not_knowing_the_horizon_never_helps_the_bound(information: u8, rounds: u16) -> bool {
            let (information, rounds) = (f64::from(information) + 1.0, f64::from(rounds % 2000) + 1.0);
            let ratio = anytime_gap(2.0, information, rounds) / gap(2.0, information, rounds);
            ratio >= 1.0 - 1e-12 && ratio <= 1.0 + rounds.ln() / 2.0
        }

        fn a_single_point_has_no_gap(range: u8, rounds: u16) -> bool {
            let (range, rounds) = (f64::from(range) + 1.0, f64::from(rounds) + 1.0);
            gap(range, 0.0, rounds) == 0.0 && marginal_error(0.0, rounds) == 0.0
        }
    }
}
