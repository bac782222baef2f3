//! The bounds with their constants, on instances that are hard for the horizon and on easy ones.

use ratebook::bandits::instances::{Epochs, Segments};
use ratebook::bandits::switching_costs::Observation;
use ratebook::bandits::switching_costs::chain::{ArmChain, expected_cost};
use ratebook_judge::{Claim, Source, Streams, powers_of_two};

use super::cost;

/// Regret and changes of one run on two arms of mean loss 1/2 and 1/2 − `gap`, in expectation over the arms given
/// what was observed.
pub(super) fn run<P: ArmChain>(
    mut policy: P,
    gap: f64,
    rounds: u64,
    epochs: u64,
    streams: &mut Streams,
) -> ratebook::Result<f64> {
    let mut game = Epochs::new(Segments::one_good_arm(2, gap)?, rounds, epochs)?;
    expected_cost(&mut policy, &mut game, &mut streams.noise, &mut streams.algorithm)
}

/// Regret and changes cost at most the bound, at every number of epochs.
pub fn cost_at_most<P: ArmChain>(
    observation: Observation,
    make: impl Fn(Observation, usize, u64) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    const ROUNDS: u64 = 1 << 18;
    let (id, bound) = match observation {
        Observation::Full => ("full information at most", "T\\sqrt{2\\ln K/N} + \\sqrt{2N\\ln K}"),
        Observation::Flexible => ("flexible at most", "T\\sqrt{2K\\ln K/N} + \\sqrt{2N\\ln K/K}"),
        Observation::Bandit => ("bandit at most", "T\\sqrt{2K\\ln K/N} + N"),
    };
    Claim::at_most(id, move |epochs| cost(observation, 2.0, ROUNDS as f64, epochs))
        .states(&format!("With $N$ epochs, regret and changes cost at most ${bound}$."))
        .assuming("two arms with losses 0 and 1 of mean 1/2 and 1/2 − Δ, Δ = 1/2 and Δ = N^(−1/2)/2, T = 2¹⁸")
        .source(Source::Derived)
        .sweep("N", powers_of_two(8..=14))
        .full_sweep(powers_of_two(6..=18))
        .replicates(30, 200)
        .trivial(|_| ROUNDS as f64 / 2.0)
        .measure(move |epochs, streams| -> ratebook::Result<Vec<f64>> {
            let gaps = [0.5, 0.5 / epochs.sqrt()];
            let epochs = epochs as u64;
            gaps.into_iter()
                .map(|gap| run(make(observation, 2, epochs)?, gap, ROUNDS, epochs, streams))
                .collect()
        })
}
