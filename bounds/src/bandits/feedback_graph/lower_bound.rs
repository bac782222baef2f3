//! The lower bound on the edgeless graph, which holds for every policy.

use rand::RngExt;
use ratebook::Result;
use ratebook::bandits::instances::{Adversary, Bernoulli, Graph, Rounds, Segments};
use ratebook::bandits::{Policy, Revealed, play};
use ratebook_judge::{Claim, Source, Streams, powers_of_two};

/// √(KT)/20: the least worst regret of any policy with bandit feedback on K ≥ 2 arms over T ≥ K rounds.
///
/// Auer, Cesa-Bianchi, Freund and Schapire, *The nonstochastic multiarmed bandit problem* (2002), Theorem 5.1:
/// rewards 0 and 1, all arms 1/2 but a uniformly random one, which has 1/2 + ε with ε = √(K/T)/4.
pub fn minimax_lower(arms: f64, rounds: f64) -> f64 {
    (arms * rounds).sqrt() / 20.0
}

const ARMS: usize = 8;

fn hard_means(rounds: f64, streams: &mut Streams) -> (Vec<f64>, usize) {
    let mut means = vec![0.5; ARMS];
    let good = streams.instance.random_range(0..ARMS);
    means[good] += (ARMS as f64 / rounds).sqrt() / 4.0;
    (means, good)
}

fn claim(run: impl Fn(f64, &mut Streams) -> Result<f64> + Send + Sync + 'static) -> Claim {
    Claim::at_least("no policy does better", |rounds| minimax_lower(ARMS as f64, rounds))
        .states("Without edges every policy has a worst regret of at least $\\frac{1}{20}\\sqrt{KT}$.")
        .assuming("K = 8 arms at 1/2, a uniformly random one at 1/2 + √(K/T)/4, rewards 0 and 1")
        .source(Source::Classical)
        .sweep("T", powers_of_two(7..=10))
        .full_sweep(powers_of_two(7..=13))
        .replicates(800, 4000)
        .measure(run)
}

/// No policy that sees losses does better than √(KT)/20 on the hard family.
pub fn no_loss_policy_does_better<P: Policy<Context = (), Feedback = [Revealed]>>(
    make: impl Fn(usize, f64) -> Result<P> + Send + Sync + 'static,
) -> Claim {
    claim(move |rounds, streams| {
        let (means, _) = hard_means(rounds, streams);
        let losses = Segments::stationary(means.into_iter().map(|mean| 1.0 - mean).collect())?;
        let mut game = Adversary::new(losses, Graph::edgeless(ARMS)?, rounds as u64)?;
        let mut policy = make(ARMS, rounds)?;
        play(&mut policy, &mut game, rounds as u64, &mut streams.noise, &mut streams.algorithm)
    })
}

/// No policy that sees rewards does better than √(KT)/20 on the hard family.
pub fn no_reward_policy_does_better<P: Policy<Context = (), Feedback = f64>>(
    make: impl Fn(usize, u64) -> Result<P> + Send + Sync + 'static,
) -> Claim {
    claim(move |rounds, streams| {
        let (means, _) = hard_means(rounds, streams);
        let mut game = Rounds::new(Bernoulli::new(means)?);
        let mut policy = make(ARMS, rounds as u64)?;
        play(&mut policy, &mut game, rounds as u64, &mut streams.noise, &mut streams.algorithm)
    })
}

/// What the theorem forbids: a policy that is told the good arm and plays it in seven rounds of eight.
pub fn told_the_best_arm() -> Claim {
    claim(|rounds, streams| {
        let (means, good) = hard_means(rounds, streams);
        let gap = means[good] - 0.5;
        let strayed = (0..rounds as u64)
            .filter(|_| {
                streams.algorithm.random_range(0..8) == 0 && streams.algorithm.random_range(0..ARMS) != good
            })
            .count();
        Ok(gap * strayed as f64)
    })
}
