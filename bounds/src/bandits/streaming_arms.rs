//! What *Tight Regret Bounds for Single-pass Streaming Multi-armed Bandits* promises.

use rand::seq::SliceRandom;
use ratebook::bandits::instances::Gaussian;
use ratebook::bandits::streaming_arms::{Arm, KeepBest, Pass, SinglePass, Stream, Tower, pass};
use ratebook::bandits::{Bandit, Pulls};
use ratebook_judge::{Claim, Paper, Source, Streams, geometric, powers_of_two};

/// K^(1/3)·T^(2/3): the optimal regret of a single pass with a memory of o(K) arms, up to a constant (abstract).
pub fn single_pass_rate(arms: f64, budget: f64) -> f64 {
    arms.cbrt() * budget.cbrt().powi(2)
}

/// K·n + T·√(ln K/(2n)): the regret of keeping the best mean of n pulls an arm, with gaps of at most 1 and
/// rewards that are sub-Gaussian with parameter 1/2.
///
/// Derived: the kept arm's gap is at most its own noise less the best arm's, and the expected maximum of K noises
/// of variance 1/(4n) is at most √(2 ln K)/(2√n).
pub fn keep_best_regret(arms: f64, budget: f64, pulls: f64) -> f64 {
    arms * pulls + budget * (arms.ln() / (2.0 * pulls)).sqrt()
}

/// (3/2)·K^(1/3)·T^(2/3)·(ln K)^(1/3) + K: [`keep_best_regret`] at its best n = ⌈(T/K)^(2/3)·(ln K/8)^(1/3)⌉.
pub fn tuned_regret(arms: f64, budget: f64) -> f64 {
    1.5 * single_pass_rate(arms, budget) * arms.ln().cbrt() + arms
}

/// log* K + 2: the arms that a tower stores, the one at hand included. For K ≥ 1.
pub fn tower_memory(arms: f64) -> f64 {
    std::iter::successors(Some(arms), |x| Some(x.log2())).take_while(|&x| x > 1.0).count() as f64 + 2.0
}

/// The paper and its claims.
pub fn paper() -> Paper {
    Paper::new("bandits/streaming_arms", "Tight Regret Bounds for Single-pass Streaming Multi-armed Bandits")
        .arxiv("2306.02208")
        .seed_line(35)
        .claim(
            rate_in_arms(Tower::default())
                .control("one stored arm, ln K/ε² pulls an arm", rate_in_arms(KeepBest::single_memory()))
                .baseline("uniform exploration", rate_in_arms(KeepBest::uniform_exploration())),
        )
        .claim(
            rate_in_log_budget(Tower::default())
                .control("uniform exploration", rate_in_log_budget(KeepBest::uniform_exploration())),
        )
        .claim(
            regret_at_most(KeepBest::tuned())
                .control(
                    "√(T/K) pulls an arm, as if nothing were lost",
                    regret_at_most(KeepBest::new(|arms, budget| (budget / arms).sqrt())),
                )
                .baseline("one stored arm, ln K/ε² pulls an arm", regret_at_most(KeepBest::single_memory())),
        )
        .claim(
            two_thirds_in_budget(KeepBest::tuned())
                .control("stores every arm and eliminates", two_thirds_in_budget(StoresAll))
                .baseline("uniform exploration", two_thirds_in_budget(KeepBest::uniform_exploration())),
        )
        .claim(
            tower_stores_few(Tower::default())
                .control("stores every arm and eliminates", tower_stores_few(StoresAll))
                .control("levels keep what they promote", tower_stores_few(KeepsPromoted)),
        )
        .claim(
            keep_best_stores_one(KeepBest::tuned())
                .control("stores every arm and eliminates", keep_best_stores_one(StoresAll)),
        )
}

/// Rewards are normal with this deviation, so sub-Gaussian with parameter 1/2.
const DEVIATION: f64 = 0.5;

/// One pass over the bandit in random order.
fn run(
    policy: &impl SinglePass,
    bandit: &Gaussian,
    budget: u64,
    streams: &mut Streams,
) -> ratebook::Result<Pass> {
    let mut order: Vec<usize> = (0..bandit.arms()).collect();
    order.shuffle(&mut streams.instance);
    pass(policy, &mut Pulls::new(bandit, budget, &mut streams.noise), order)
}

/// The regret on an instance where half of the arms are of mean 1/4, one is of mean 3/4 and the rest of mean 1/2.
fn mixed_regret(
    policy: &impl SinglePass,
    arms: usize,
    budget: f64,
    streams: &mut Streams,
) -> ratebook::Result<f64> {
    let mut means = vec![0.25; arms / 2];
    means.resize(arms - 1, 0.5);
    means.push(0.75);
    run(policy, &Gaussian::new(means, DEVIATION)?, budget as u64, streams).map(|pass| pass.regret)
}

/// The regret on one good arm of mean 1/2 + Δ among arms of mean 1/2, for Δ = 2⁻¹, …, 2^−`smallest`: the same
/// grid at every budget.
fn regret_on_grid(
    policy: &impl SinglePass,
    arms: usize,
    budget: f64,
    smallest: i32,
    streams: &mut Streams,
) -> ratebook::Result<Vec<f64>> {
    let regret = |k| {
        let mut means = vec![0.5; arms];
        means[0] += 0.5f64.powi(k);
        run(policy, &Gaussian::new(means, DEVIATION)?, budget as u64, streams).map(|pass| pass.regret)
    };
    (1..=smallest).map(regret).collect()
}

/// The regret ÷ K^(1/3)·T^(2/3) does not grow with the number of arms, not even like ln K.
pub fn rate_in_arms(policy: impl SinglePass + Send + Sync + 'static) -> Claim {
    const BUDGET: f64 = 1e18;
    Claim::rate("rate in arms", |arms| single_pass_rate(arms, BUDGET))
        .states(
            "With $O(\\log^* K)$ stored arms the regret is $O(K^{1/3} T^{2/3})$ in the number of arms $K$.",
        )
        .assuming(
            "T = 10¹⁸, half of the means 1/4, one 3/4, the others 1/2, random order; constants of the tower \
             from memory",
        )
        .source(Source::Abstract)
        .from_memory()
        .sweep("K", powers_of_two(8..=14))
        .replicates(30, 300)
        .detects(0.03)
        .trivial(|_| 0.375 * BUDGET)
        .measure(move |arms, streams| mixed_regret(&policy, arms as usize, BUDGET, streams))
}

/// The regret ÷ K^(1/3)·T^(2/3) does not grow with the budget, not even like a power of ln T.
pub fn rate_in_log_budget(policy: impl SinglePass + Send + Sync + 'static) -> Claim {
    const ARMS: usize = 256;
    Claim::rate("rate in log budget", |log_budget| single_pass_rate(ARMS as f64, log_budget.exp()))
        .states(
            "With $O(\\log^* K)$ stored arms the regret is $O(K^{1/3} T^{2/3})$ without a power of $\\ln T$.",
        )
        .assuming(
            "K = 256, T from 10¹⁶ to 10¹⁹, half of the means 1/4, one 3/4, the others 1/2, random order; \
             constants of the tower from memory",
        )
        .source(Source::Abstract)
        .from_memory()
        .sweep("ln T", [16.0, 16.5, 17.0, 17.5, 18.0, 18.5, 19.0].map(|digits| 10f64.powf(digits).ln()))
        .replicates(100, 1000)
        .detects(0.05)
        .trivial(|log_budget| 0.375 * log_budget.exp())
        .measure(move |log_budget, streams| mixed_regret(&policy, ARMS, log_budget.exp(), streams))
}

/// The regret of one stored arm is at most (3/2)·K^(1/3)·T^(2/3)·(ln K)^(1/3) + K on every instance of the grid.
pub fn regret_at_most(policy: impl SinglePass + Send + Sync + 'static) -> Claim {
    const BUDGET: f64 = 1e12;
    Claim::at_most("regret at most", |arms| tuned_regret(arms, BUDGET))
        .states("With one stored arm the regret is at most $\\frac32 K^{1/3} T^{2/3} \\ln^{1/3} K + K$.")
        .assuming("T = 10¹², normal rewards of deviation 1/2, one arm 1/2 + Δ, the worst Δ of 2⁻¹, …, 2⁻¹⁴")
        .source(Source::Derived)
        .sweep("K", geometric(16.0, 4096.0, 5))
        .full_sweep(powers_of_two(4..=12))
        .replicates(300, 2000)
        .trivial(|_| 0.5 * BUDGET)
        .measure(move |arms, streams| regret_on_grid(&policy, arms as usize, BUDGET, 14, streams))
}

/// The worst regret over a fixed grid of gaps grows like T^(2/3): with one stored arm no slower, and a policy that
/// stores all arms shows that the exponent is the memory's price.
pub fn two_thirds_in_budget(policy: impl SinglePass + Send + Sync + 'static) -> Claim {
    const ARMS: usize = 16;
    Claim::rate_exactly("two thirds in budget", |budget| single_pass_rate(ARMS as f64, budget))
        .states(
            "With one stored arm the worst regret grows like $T^{2/3}$; with a memory of $o(K)$ arms nothing \
             grows more slowly.",
        )
        .assuming("K = 16, normal rewards of deviation 1/2, one arm 1/2 + Δ, the worst Δ of 2⁻¹, …, 2⁻¹⁶")
        .source(Source::Abstract)
        .sweep("T", geometric(1e6, 1e12, 13))
        .replicates(400, 4000)
        .detects(0.02)
        .trivial(|budget| 0.5 * budget)
        .measure(move |budget, streams| regret_on_grid(&policy, ARMS, budget, 16, streams))
}

/// Checks the arms stored by one pass over each number of arms in the upper half of 1, …, x: together the points
/// of the sweep cover every number of arms.
fn stores_at_most(
    claim: Claim,
    policy: impl SinglePass + Send + Sync + 'static,
    most: fn(f64) -> f64,
) -> Claim {
    const BUDGET: u64 = 1_000_000_000_000_000_000;
    claim.exhaustive().sweep("K at most", powers_of_two(0..=10)).check(
        move |largest, streams, cases| -> ratebook::Result<()> {
            for arms in (largest as usize / 2 + 1)..=largest as usize {
                let bandit = Gaussian::new(vec![0.5; arms], DEVIATION)?;
                let peak = run(&policy, &bandit, BUDGET, streams)?.peak;
                cases.at_most(peak as f64, most(arms as f64), || format!("{arms} arms"));
            }
            Ok(())
        },
    )
}

/// A tower stores at most log* K + 2 arms at once, the one at hand included.
pub fn tower_stores_few(policy: impl SinglePass + Send + Sync + 'static) -> Claim {
    let claim = Claim::always("tower stores few")
        .states("At most $\\log^* K + 2$ arms are stored at once, the one at hand included.")
        .assuming(
            "T = 10¹⁸, every K up to 1024; which arms are stored depends on the rewards, how many does not",
        )
        .source(Source::Abstract);
    stores_at_most(claim, policy, tower_memory)
}

/// Keeping the best stores one arm beside the one at hand.
pub fn keep_best_stores_one(policy: impl SinglePass + Send + Sync + 'static) -> Claim {
    let claim = Claim::always("keep best stores one")
        .states("One arm is stored beside the one at hand.")
        .assuming(
            "T = 10¹⁸, every K up to 1024; which arms are stored depends on the rewards, how many does not",
        )
        .source(Source::Abstract);
    stores_at_most(claim, policy, |_| 2.0)
}

/// A policy with a memory that the stream does not allow: it stores every arm and eliminates the bad ones in
/// batches of doubling size.
#[derive(Debug, Clone, Copy)]
struct StoresAll;

impl SinglePass for StoresAll {
    fn explore(&self, stream: &mut Stream<'_, '_>) -> ratebook::Result<Arm> {
        let log = (stream.remaining() as f64).ln();
        // Each arm with the sum of its rewards.
        let mut active: Vec<(Arm, f64)> =
            std::iter::from_fn(|| stream.arrive()).map(|arm| (arm, 0.0)).collect();
        let (mut batch, mut pulled) = (1, 0);
        while active.len() > 1 && batch * active.len() as u64 <= stream.remaining() {
            for (arm, sum) in &mut active {
                *sum += batch as f64 * stream.mean_of(arm, batch)?;
            }
            pulled += batch;
            batch *= 2;
            let best = active.iter().map(|(_, sum)| *sum).fold(f64::NEG_INFINITY, f64::max);
            // Deviation 1/2: a mean of n is off by √(ln T/(2n)) with probability 1/T.
            let slack = 2.0 * (log * pulled as f64 / 2.0).sqrt();
            active.retain(|(_, sum)| *sum >= best - slack);
        }
        let (arm, _) = active.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).ok_or(NO_ARM)?;
        Ok(arm)
    }
}

const NO_ARM: ratebook::Error = ratebook::Error::Empty { name: "stream" };

/// A tower whose first level keeps the arms that it promotes.
#[derive(Debug, Clone, Copy)]
struct KeepsPromoted;

impl SinglePass for KeepsPromoted {
    fn explore(&self, stream: &mut Stream<'_, '_>) -> ratebook::Result<Arm> {
        let level = Tower::default().levels(stream.arms(), stream.remaining())?[0];
        let mut kept: Vec<(f64, Arm)> = Vec::new();
        let mut entered = 0;
        while stream.remaining() > 0
            && let Some(arm) = stream.arrive()
        {
            let mean = stream.mean_of(&arm, level.pulls)?;
            match kept.last_mut() {
                Some(stored) if entered % level.capacity > 0 => {
                    if mean > stored.0 {
                        *stored = (mean, arm);
                    }
                }
                _ => kept.push((mean, arm)),
            }
            entered += 1;
        }
        let (_, arm) = kept.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).ok_or(NO_ARM)?;
        Ok(arm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(single_pass_rate(8.0, 1e6), 20_000.0, max_relative = 1e-12);
        // ln K = 8: 10·e⁸ + 10⁶·√(8/20)
        let arms = 8f64.exp();
        let expected = 10.0 * arms + 1e6 * 0.4f64.sqrt();
        assert_relative_eq!(keep_best_regret(arms, 1e6, 10.0), expected, max_relative = 1e-12);
        // 1.5·e^{8/3}·10⁴·2 + e⁸
        let expected = 30_000.0 * (8.0f64 / 3.0).exp() + arms;
        assert_relative_eq!(tuned_regret(arms, 1e6), expected, max_relative = 1e-12);
        assert_eq!(
            [1.0, 2.0, 16.0, 17.0, 65_536.0, 65_537.0].map(tower_memory),
            [2.0, 3.0, 5.0, 6.0, 6.0, 7.0]
        );
    }

    quickcheck! {
        fn the_tuned_pulls_are_the_best_ones(arms: u16, millions: u32, other: u32) -> bool {
            let (arms, budget) = (f64::from(arms) + 2.0, 1e6 * (f64::from(millions) + 1.0));
            let tuned = ((budget / arms).cbrt().powi(2) * (arms.ln() / 8.0).cbrt()).ceil();
            let best = keep_best_regret(arms, budget, tuned);
            // Rounding up costs at most one pull an arm.
            best <= tuned_regret(arms, budget) * (1.0 + 1e-12)
                && best <= keep_best_regret(arms, budget, f64::from(other) + 1.0) + arms
        }

        fn the_rate_scales(arms: u16, budget: u32) -> bool {
            let (arms, budget) = (f64::from(arms) + 1.0, f64::from(budget) + 1.0);
            let scaled = single_pass_rate(8.0 * arms, 8.0 * budget);
            (scaled / (8.0 * single_pass_rate(arms, budget)) - 1.0).abs() < 1e-12
        }

        fn memory_hardly_grows(arms: u64) -> bool {
            let arms = arms as f64 + 2.0;
            tower_memory(arms.exp2().min(f64::MAX)) <= tower_memory(arms) + 1.0 && tower_memory(arms) <= 7.0
        }
    }
}
