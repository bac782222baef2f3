//! What *Revisiting Simple Regret: Fast Rates for Returning a Good Arm* promises.

use rand::RngExt;
use ratebook::bandits::baselines::{OnePullHalving, Timid, Uniform, WorseHalf};
use ratebook::bandits::bracketing_halving::{BracketingHalving, SequentialHalving, brackets};
use ratebook::bandits::instances::{Bernoulli, BetaQuantiles};
use ratebook::bandits::{Bandit, FixedBudget, Pulls};
use ratebook_judge::{Claim, Paper, Source, Streams, geometric, powers_of_two};

/// √(n·log₂ n / T): the worst-case simple regret of Sequential Halving up to a constant, which the abstract
/// gives as √(n/T) up to logarithms. For n ≥ 2 arms and T ≥ 1 pulls.
pub fn worst_case_rate(arms: f64, budget: f64) -> f64 {
    (arms * arms.log2() / budget).sqrt()
}

/// The pulls t_l = ⌊T/(|S_l|·m)⌋ of each arm in the stages l = 1, …, m = ⌈log₂ n⌉.
pub fn pulls_per_stage(arms: usize, budget: f64) -> Vec<f64> {
    let stages = f64::from(arms.next_power_of_two().trailing_zeros());
    let survivors = std::iter::successors(Some(arms), |&s| (s > 1).then(|| s.div_ceil(2)));
    survivors.take_while(|&s| s > 1).map(|s| (budget / (s as f64 * stages)).floor()).collect()
}

/// c = ∫ min(1, 2·exp(−x²)) dx = √(ln 2) + √π·erfc(√(ln 2)): what a stage of one pull loses.
const STAGE_LOSS: f64 = 1.256_227_607_646_614_3;

/// Σ_l min(1, c/√t_l) with c ≈ 1.2562: the simple regret of Sequential Halving on every instance with rewards in
/// [0, 1].
///
/// Derived: a stage loses more than x only if half of the arms beat the best one by x in their means, whose
/// probability is at most 2·exp(−t x²) (Hoeffding for each, Markov over them); so a stage loses at most
/// ∫ min(1, 2·exp(−t x²)) dx = c/√t in expectation, and never more than 1.
pub fn simple_regret(arms: usize, budget: f64) -> f64 {
    pulls_per_stage(arms, budget).iter().map(|t| (STAGE_LOSS / t.sqrt()).min(1.0)).sum()
}

/// The gap ε(c) = Σ_l c/√t_l that is exceeded with probability at most [`gap_tail`].
pub fn gap_threshold(arms: usize, budget: f64, c: f64) -> f64 {
    pulls_per_stage(arms, budget).iter().map(|t| c / t.sqrt()).sum()
}

/// m·2·exp(−c²): the probability that Sequential Halving returns an arm worse than ε(c) = Σ_l c/√t_l, for
/// every c, though no ε is an input. Derived as [`simple_regret`], with a union bound over the m stages.
pub fn gap_tail(arms: usize, c: f64) -> f64 {
    let stages = f64::from(arms.next_power_of_two().trailing_zeros());
    (stages * 2.0 * (-c * c).exp()).min(1.0)
}

/// The simple regret of Bracketing Sequential Halving on the Beta(1, 4) quantiles:
/// min over brackets b and levels ε of ε + (1 − ρ(ε))^(2^b) + [`simple_regret`]`(2^b, T/(2B))` + √(2 ln B/t_f),
/// where ρ(ε) is the share of arms within ε of the best and t_f = ⌊T/(2B)⌋ the pulls of the final.
///
/// Derived: a bracket without a good arm costs at most 1, Sequential Halving its own bound, and the final the
/// expected maximum of B centred means, each sub-Gaussian with variance 1/(4 t_f), twice.
pub fn bracketing_regret(arms: usize, budget: f64) -> f64 {
    let Ok(brackets) = brackets(arms, budget as u64) else { return 1.0 };
    let share = (budget / (2.0 * f64::from(brackets))).floor();
    let last = (2.0 * f64::from(brackets).ln() / share).sqrt();
    // Arm i (from 0) has gap ((i + ½)/n)^¼ − (½/n)^¼, so the share within ε is about (ε + (½/n)^¼)⁴.
    let best = (0.5 / arms as f64).powf(0.25);
    let within =
        |epsilon: f64| ((arms as f64 * (epsilon + best).powi(4) + 0.5).floor() / arms as f64).min(1.0);
    let level = |b: u32| {
        let misses = |epsilon: f64| epsilon + (1.0 - within(epsilon)).powi(1 << b);
        let least = (1..=1000).map(|i| misses(f64::from(i) / 1000.0)).fold(1.0, f64::min);
        least + simple_regret(1 << b, share)
    };
    last + (1..=brackets).map(level).fold(f64::INFINITY, f64::min)
}

/// The paper and its claims.
pub fn paper() -> Paper {
    Paper::new("bandits/bracketing_halving", "Revisiting Simple Regret: Fast Rates for Returning a Good Arm")
        .arxiv("2210.16913")
        .seed_line(157)
        .claim(
            rate_in_budget(SequentialHalving)
                .control("pulls each arm once a stage whatever the budget", rate_in_budget(OnePullHalving))
                .baseline("uniform allocation", rate_in_budget(Uniform)),
        )
        .claim(
            rate_in_arms(SequentialHalving)
                .control("spends T/n² pulls an arm and stage", rate_in_arms(Timid)),
        )
        .claim(
            regret_at_most(SequentialHalving)
                .control("keeps the worse half", regret_at_most(WorseHalf))
                .control("pulls each arm once a stage whatever the budget", regret_at_most(OnePullHalving)),
        )
        .claim(
            every_epsilon(SequentialHalving)
                .control("pulls each arm once a stage whatever the budget", every_epsilon(OnePullHalving)),
        )
        .claim(
            independent_of_arms(BracketingHalving)
                .control("brackets of the first arms instead of random ones", independent_of_arms(FirstArms)),
        )
        .claim(
            bracketing_at_most(BracketingHalving)
                .control("plays the smallest bracket only", bracketing_at_most(SmallestBracket)),
        )
}

/// The fixed grid of gaps, the same at every budget: scaling the only gap with the budget would give every
/// policy the right slope, learning or not.
const GAPS: std::ops::RangeInclusive<i32> = 1..=10;

/// The simple regret of one run: the gap of the returned arm.
fn run(
    policy: &impl FixedBudget,
    bandit: &dyn Bandit,
    budget: f64,
    streams: &mut Streams,
) -> ratebook::Result<f64> {
    let mut pulls = Pulls::new(bandit, budget as u64, &mut streams.noise);
    policy.recommend(&mut pulls, &mut streams.algorithm).map(|arm| bandit.gap(arm))
}

/// The simple regret on one good arm 1/2 + Δ among `arms`, for each Δ of the grid.
fn worst_gap(
    policy: &impl FixedBudget,
    arms: usize,
    budget: f64,
    streams: &mut Streams,
) -> ratebook::Result<Vec<f64>> {
    GAPS.map(|k| run(policy, &Bernoulli::one_good_arm(arms, 0.5f64.powi(k))?, budget, streams)).collect()
}

/// The worst simple regret over a fixed grid of gaps falls like √(n log n / T) in the budget, no faster and no
/// slower.
pub fn rate_in_budget(policy: impl FixedBudget + Send + Sync + 'static) -> Claim {
    const ARMS: usize = 32;
    Claim::rate_exactly("rate in budget", |budget| worst_case_rate(ARMS as f64, budget))
        .states("The worst-case simple regret falls like $\\sqrt{n \\log n / T}$ in the budget $T$.")
        .assuming("n = 32 arms, rewards 0 and 1, one arm 1/2 + Δ, the worst Δ of 2⁻¹, …, 2⁻¹⁰")
        .source(Source::Abstract)
        .sweep("T", powers_of_two(12..=20))
        .replicates(400, 4000)
        .detects(0.06)
        .measure(move |budget, streams| worst_gap(&policy, ARMS, budget, streams))
}

/// The worst simple regret over a fixed grid of gaps grows at most like √(n log n) in the number of arms.
pub fn rate_in_arms(policy: impl FixedBudget + Send + Sync + 'static) -> Claim {
    const BUDGET: f64 = 262_144.0;
    Claim::rate("rate in arms", |arms| worst_case_rate(arms, BUDGET))
        .states("The worst-case simple regret grows at most like $\\sqrt{n \\log n / T}$ in the number of arms $n$.")
        .assuming("T = 2¹⁸ pulls, rewards 0 and 1, one arm 1/2 + Δ, the worst Δ of 2⁻¹, …, 2⁻¹⁰")
        .source(Source::Abstract)
        .sweep("n", powers_of_two(3..=9))
        .replicates(300, 2000)
        .measure(move |arms, streams| worst_gap(&policy, arms as usize, BUDGET, streams))
}

/// The simple regret is at most Σ_l min(1, 1.2562/√t_l) on every instance of the grid.
pub fn regret_at_most(policy: impl FixedBudget + Send + Sync + 'static) -> Claim {
    const ARMS: usize = 32;
    Claim::at_most("regret at most", |budget| simple_regret(ARMS, budget))
        .states("The simple regret is at most $\\sum_l \\min(1, 1.2562/\\sqrt{t_l})$.")
        .assuming("n = 32 arms, rewards 0 and 1, one arm 1/2 + Δ, the worst Δ of 2⁻¹, …, 2⁻¹⁰")
        .source(Source::Derived)
        .sweep("T", powers_of_two(14..=20))
        .replicates(200, 4000)
        .trivial(|_| 0.5)
        .measure(move |budget, streams| worst_gap(&policy, ARMS, budget, streams))
}

/// For every ε(c) at once the returned arm is worse than ε with probability at most m·2·exp(−c²).
pub fn every_epsilon(policy: impl FixedBudget + Send + Sync + 'static) -> Claim {
    const ARMS: usize = 64;
    const BUDGET: f64 = 262_144.0;
    Claim::fails_at_most("every epsilon", |c| gap_tail(ARMS, c))
        .states(
            "For every $c$ the returned arm is worse than $\\sum_l c/\\sqrt{t_l}$ with probability at most \
             $2 m e^{-c^2}$, though no $\\varepsilon$ is an input.",
        )
        .assuming(
            "n = 64 arms, rewards 0 and 1, T = 2¹⁸; means 1 − (i/n)^β for β = 1/2, 1, 2, and one arm 1/2 + Δ for \
             Δ = 2⁻¹, …, 2⁻⁶",
        )
        .source(Source::Derived)
        .sweep("c", [2.0, 2.25, 2.5])
        .replicates(2000, 10_000)
        .measure(move |c, streams| -> ratebook::Result<Vec<f64>> {
            let threshold = gap_threshold(ARMS, BUDGET, c);
            let polynomial = [0.5, 1.0, 2.0].map(|power| Bernoulli::polynomial(ARMS, power));
            let one_good = [1, 2, 3, 4, 5, 6].map(|k| Bernoulli::one_good_arm(ARMS, 0.5f64.powi(k)));
            let mut ratio =
                |bandit: ratebook::Result<Bernoulli>| Ok(run(&policy, &bandit?, BUDGET, streams)? / threshold);
            polynomial.into_iter().chain(one_good).map(&mut ratio).collect()
        })
}

/// With more arms than pulls, the mean of the returned arm depends on the law of the means alone, not on the
/// number of arms.
pub fn independent_of_arms(policy: impl FixedBudget + Send + Sync + 'static) -> Claim {
    const BUDGET: f64 = 4096.0;
    Claim::rate_exactly("independent of arms", |_| 1.0)
        .states("With $T < n$ pulls the mean of the returned arm does not depend on the number of arms $n$.")
        .assuming("means are the evenly spaced quantiles of Beta(1, 4), rewards 0 and 1, T = 4096")
        .source(Source::Abstract)
        .sweep("n", geometric(1e3, 1e6, 4))
        .replicates(1000, 10_000)
        .detects(0.01)
        .measure(move |arms, streams| -> ratebook::Result<f64> {
            let bandit = BetaQuantiles::new(arms as usize)?;
            Ok(bandit.best_mean() - run(&policy, &bandit, BUDGET, streams)?)
        })
}

/// The simple regret of bracketing on a million arms is at most the derived bound.
pub fn bracketing_at_most(policy: impl FixedBudget + Send + Sync + 'static) -> Claim {
    const ARMS: usize = 1_000_000;
    Claim::at_most("bracketing at most", |budget| bracketing_regret(ARMS, budget))
        .states(
            "The simple regret of bracketing is at most $\\min_{b,\\varepsilon} \\varepsilon + \
             (1-\\rho(\\varepsilon))^{2^b} + R(2^b, T/2B) + \\sqrt{2 \\ln B / t_f}$.",
        )
        .assuming("10⁶ arms, means are the evenly spaced quantiles of Beta(1, 4), rewards 0 and 1")
        .source(Source::Derived)
        .sweep("T", [20, 22, 24].map(|k| 2f64.powi(k)))
        .replicates(40, 400)
        .trivial(|_| 1.0)
        .measure(move |budget, streams| run(&policy, &BetaQuantiles::new(ARMS)?, budget, streams))
}

/// A broken bracketing: the brackets hold the first arms, not random ones.
#[derive(Debug, Clone, Copy)]
struct FirstArms;

impl FixedBudget for FirstArms {
    fn recommend(&self, pulls: &mut Pulls<'_>, _: &mut dyn rand::Rng) -> ratebook::Result<usize> {
        let largest = 1 << brackets(pulls.arms(), pulls.remaining())?;
        let share = pulls.remaining() / largest as u64;
        let mut best = (f64::NEG_INFINITY, 0);
        for arm in 0..largest {
            let mean = pulls.mean_of(arm, share)?;
            if mean > best.0 {
                best = (mean, arm);
            }
        }
        Ok(best.1)
    }
}

/// A broken bracketing: it plays the bracket of two arms only.
#[derive(Debug, Clone, Copy)]
struct SmallestBracket;

impl FixedBudget for SmallestBracket {
    fn recommend(&self, pulls: &mut Pulls<'_>, rng: &mut dyn rand::Rng) -> ratebook::Result<usize> {
        let share = pulls.remaining() / 2;
        let (a, b) = (rng.random_range(0..pulls.arms()), rng.random_range(0..pulls.arms()));
        Ok(if pulls.mean_of(a, share)? >= pulls.mean_of(b, share)? { a } else { b })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn the_loss_of_a_stage_is_its_integral() {
        let (root, pi) = (std::f64::consts::LN_2.sqrt(), std::f64::consts::PI);
        let c = root + pi.sqrt() * statrs::function::erf::erfc(root);
        assert_relative_eq!(STAGE_LOSS, c, max_relative = 1e-10);
    }

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(worst_case_rate(16.0, 400.0), 0.4, max_relative = 1e-12);
        assert_eq!(pulls_per_stage(5, 300.0), [20.0, 33.0, 50.0]);
        assert_relative_eq!(simple_regret(2, 2e6), 1.256_227_607_646_614_3e-3, max_relative = 1e-12);
        // One pull an arm, then two: min(1, c) + c/√2.
        assert_relative_eq!(simple_regret(4, 8.0), 1.888_287_060_080_674_7, max_relative = 1e-12);
        assert_relative_eq!(gap_threshold(4, 800.0, 3.0), 0.3 + 0.3 / 2f64.sqrt(), max_relative = 1e-12);
        assert_relative_eq!(gap_tail(64, 2.5), 12.0 * (-6.25f64).exp(), max_relative = 1e-12);
        assert_eq!(gap_tail(64, 0.5), 1.0);
        assert_eq!(bracketing_regret(1_000_000, 3.0), 1.0);
    }

    quickcheck! {
        fn more_budget_never_hurts(arms: u8, budget: u32) -> bool {
            let (arms, budget) = (usize::from(arms) + 2, f64::from(budget) + 1.0);
            simple_regret(arms, 4.0 * budget) <= simple_regret(arms, budget)
                && worst_case_rate(arms as f64, 4.0 * budget) == worst_case_rate(arms as f64, budget) / 2.0
        }

        fn the_tail_is_a_probability(arms: u8, c: f64) -> bool {
            let tail = gap_tail(usize::from(arms) + 2, c);
            !c.is_finite() || (0.0..=1.0).contains(&tail)
        }
    }
}
