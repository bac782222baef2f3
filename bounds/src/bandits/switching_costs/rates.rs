//! Exponents in the budget, in the extra observations and in the rounds, each the worst of one fixed grid of gaps.

use ratebook::bandits::switching_costs::chain::ArmChain;
use ratebook::bandits::switching_costs::{Batched, Observation};
use ratebook_judge::{Claim, Source, Streams, powers_of_two};

use super::upper::run;

/// The costs for the gaps 1/2, 1/4, … of a fixed grid.
fn over_gaps<P: ArmChain>(
    gaps: i32,
    make: impl Fn() -> ratebook::Result<P>,
    rounds: u64,
    epochs: u64,
    streams: &mut Streams,
) -> ratebook::Result<Vec<f64>> {
    (1..=gaps).map(|k| run(make()?, 0.5_f64.powi(k), rounds, epochs, streams)).collect()
}

/// With full information of B observations in all, regret and changes cost T/√B: no more and no less.
pub fn rate_in_budget<P: ArmChain>(
    make: impl Fn(Observation, usize, u64) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    const ROUNDS: u64 = 1 << 18;
    Claim::rate_exactly("rate in budget", |budget| ROUNDS as f64 / budget.sqrt())
        .states("With $B$ observations in all, regret and changes cost $\\tilde\\Theta(T/\\sqrt{B})$.")
        .assuming(
            "two arms with losses 0 and 1 of mean 1/2 and 1/2 − Δ, the worst Δ of 2⁻¹, …, 2⁻⁹; T = 2¹⁸, full \
             information",
        )
        .source(Source::Abstract)
        .sweep("B", [128.0, 512.0, 2048.0, 8192.0, 32_768.0])
        .full_sweep(powers_of_two(7..=17))
        .replicates(50, 200)
        .detects(0.06)
        .measure(move |budget, streams| {
            let epochs = Observation::Full.epochs(2, ROUNDS, budget as u64)?;
            over_gaps(9, || make(Observation::Full, 2, epochs), ROUNDS, epochs, streams)
        })
}

/// How a learner uses extra observations: what it observes, in how many epochs, given arms, rounds and the extra
/// observations.
pub trait Plan: Fn(usize, u64, u64) -> ratebook::Result<(Observation, u64)> + Send + Sync + 'static {}
impl<F: Fn(usize, u64, u64) -> ratebook::Result<(Observation, u64)> + Send + Sync + 'static> Plan for F {}

/// The rounds of the phase transition, whose threshold K^(1/3)·T^(2/3) is 813.
const TRANSITION_ROUNDS: u64 = 1 << 14;

fn with_extra(plan: &impl Plan, extra: f64, streams: &mut Streams) -> ratebook::Result<Vec<f64>> {
    let (observation, epochs) = plan(2, TRANSITION_ROUNDS, extra as u64)?;
    over_gaps(7, || Batched::new(observation, 2, epochs), TRANSITION_ROUNDS, epochs, streams)
}

/// Extra observations are worth nothing below the threshold.
pub fn flat_below(plan: impl Plan) -> Claim {
    Claim::rate_exactly("flat below", |_| 1.0)
        .states(
            "With bandit feedback and $B_{ex} = O(T^{2/3})$ extra observations the cost does not depend on $B_{ex}$.",
        )
        .assuming("two arms with losses 0 and 1 of mean 1/2 and 1/2 − Δ, the worst Δ of 2⁻¹, …, 2⁻⁷; T = 2¹⁴")
        .source(Source::Abstract)
        .sweep("B_ex", powers_of_two(3..=9))
        .replicates(100, 400)
        .detects(0.05)
        .measure(move |extra, streams| with_extra(&plan, extra, streams))
}

/// Above the threshold the cost falls like T/√B_ex.
pub fn falls_above(plan: impl Plan) -> Claim {
    Claim::rate_exactly("falls above", |extra| TRANSITION_ROUNDS as f64 / extra.sqrt())
        .states("With $B_{ex} = \\Omega(T^{2/3})$ extra observations the cost is $\\tilde\\Theta(T/\\sqrt{B_{ex}})$.")
        .assuming("two arms with losses 0 and 1 of mean 1/2 and 1/2 − Δ, the worst Δ of 2⁻¹, …, 2⁻⁷; T = 2¹⁴")
        .source(Source::Abstract)
        .sweep("B_ex", [1024.0, 4096.0, 16_384.0])
        .full_sweep(powers_of_two(10..=14))
        .replicates(200, 1000)
        .measure(move |extra, streams| with_extra(&plan, extra, streams))
}

/// With bandit feedback the worst cost grows like T^(2/3).
pub fn bandit_in_rounds(
    epochs: impl Fn(Observation, usize, u64, u64) -> ratebook::Result<u64> + Send + Sync + 'static,
) -> Claim {
    Claim::rate_exactly("bandit in rounds", |rounds| rounds.powf(2.0 / 3.0))
        .states("With bandit feedback regret and changes cost $\\tilde\\Theta(T^{2/3})$.")
        .assuming("two arms with losses 0 and 1 of mean 1/2 and 1/2 − Δ, the worst Δ of 2⁻¹, …, 2⁻⁷")
        .source(Source::Abstract)
        .sweep("T", [256.0, 1024.0, 4096.0, 16_384.0])
        .full_sweep(powers_of_two(10..=18))
        .replicates(200, 400)
        .detects(0.05)
        .measure(move |rounds, streams| {
            let rounds = rounds as u64;
            let epochs = epochs(Observation::Bandit, 2, rounds, rounds)?;
            over_gaps(7, || Batched::new(Observation::Bandit, 2, epochs), rounds, epochs, streams)
        })
}

/// With full information in every round the worst cost grows like √T.
pub fn full_in_rounds<P: ArmChain>(
    make: impl Fn(Observation, usize, u64) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    Claim::rate("full in rounds", f64::sqrt)
        .states("With full information in every round regret and changes cost $\\tilde O(\\sqrt{T})$.")
        .assuming("two arms with losses 0 and 1 of mean 1/2 and 1/2 − Δ, the worst Δ of 2⁻¹, …, 2⁻⁹")
        .source(Source::Abstract)
        .sweep("T", [256.0, 1024.0, 4096.0, 16_384.0])
        .full_sweep(powers_of_two(8..=14))
        .replicates(60, 400)
        .detects(0.07)
        .measure(move |rounds, streams| {
            let rounds = rounds as u64;
            over_gaps(9, || make(Observation::Full, 2, rounds), rounds, rounds, streams)
        })
}
