//! What *Multiplier Bootstrap-based Exploration* promises.

use rand::RngExt;
use ratebook::Result;
use ratebook::bandits::instances::{Bernoulli, Rounds};
use ratebook::bandits::multiplier_bootstrap::{Mbe, Multipliers};
use ratebook::bandits::{Policy, play};
use ratebook_judge::{Claim, Paper, Source, Streams, Tolerance, powers_of_two};

/// ln T: the growth of the regret on a fixed instance, up to a constant (abstract).
pub fn instance_rate(rounds: f64) -> f64 {
    rounds.ln()
}

/// √(K·T): the growth of the worst regret over all instances, up to a constant and √ln T (abstract).
pub fn worst_case_rate(arms: f64, rounds: f64) -> f64 {
    (arms * rounds).sqrt()
}

/// (1 + 4/σ) + √(4(1 + 4/σ)/σ): the weight λ of the pseudo-rewards that the theorem asks for, from memory.
pub fn sufficient_lambda(sigma: f64) -> f64 {
    let base = 1.0 + 4.0 / sigma;
    base + (4.0 * base / sigma).sqrt()
}

/// (R̄ + λ)/(1 + 2λ): the centre of the index of an arm whose rewards have mean R̄.
pub fn index_mean(mean: f64, lambda: f64) -> f64 {
    (mean + lambda) / (1.0 + 2.0 * lambda)
}

/// σ²·(m₂ + λ²·(m² + (1−m)²))/(n·(1+2λ)²): the variance of the index given n rewards of mean R̄ and empirical
/// variance s², where m is [`index_mean`] and m₂ = s² + (R̄−m)² the mean of (R_i − m)². Up to O(n⁻²).
///
/// Derived: the index less m is Σω_i(R_i−m) + λ(1−m)Σω'_i − λmΣω''_i over a denominator of about n(1+2λ), and the
/// three sums are independent.
pub fn index_variance(n: f64, mean: f64, variance: f64, lambda: f64, multiplier_variance: f64) -> f64 {
    let m = index_mean(mean, lambda);
    let second = variance + (mean - m).powi(2);
    let pseudo = lambda * lambda * (m * m + (1.0 - m).powi(2));
    multiplier_variance * (second + pseudo) / (n * (1.0 + 2.0 * lambda).powi(2))
}

/// The paper and its claims.
pub fn paper() -> Paper {
    Paper::new("bandits/multiplier_bootstrap", "Multiplier Bootstrap-based Exploration")
        .arxiv("2302.01543")
        .seed_line(247)
        .claim(
            logarithmic_in_rounds(Mbe::with_defaults)
                .control("no pseudo-rewards", logarithmic_in_rounds(no_pseudo_rewards))
                .control("no multipliers: greedy", logarithmic_in_rounds(greedy))
                .baseline("the theorem's λ", logarithmic_in_rounds(cautious)),
        )
        .claim(
            root_in_rounds(Mbe::with_defaults)
                .control("no pseudo-rewards", root_in_rounds(no_pseudo_rewards))
                .control("no multipliers: greedy", root_in_rounds(greedy)),
        )
        .claim(
            variance_of_index(|multipliers| Mbe::new(1, LAMBDA, multipliers))
                .control(
                    "multipliers of twice the variance",
                    variance_of_index(|multipliers| {
                        let sigma = (2.0 * multipliers.variance()).sqrt();
                        Mbe::new(1, LAMBDA, Multipliers::Normal(sigma))
                    }),
                )
                .control(
                    "pseudo-rewards twice as heavy",
                    variance_of_index(|multipliers| Mbe::new(1, 2.0 * LAMBDA, multipliers)),
                ),
        )
        .claim(
            comes_back(Mbe::with_defaults)
                .control(
                    "no pseudo-rewards, exponential multipliers",
                    comes_back(|arms| Mbe::new(arms, 0.0, Multipliers::Exponential)),
                )
                .control("no pseudo-rewards, normal multipliers", comes_back(no_pseudo_rewards)),
        )
}

/// The weight of the pseudo-rewards in the experiments.
const LAMBDA: f64 = 0.5;

fn no_pseudo_rewards(arms: usize) -> Result<Mbe> {
    Mbe::new(arms, 0.0, Multipliers::Normal(0.5f64.sqrt()))
}

fn greedy(arms: usize) -> Result<Mbe> {
    Mbe::new(arms, LAMBDA, Multipliers::Normal(0.0))
}

fn cautious(arms: usize) -> Result<Mbe> {
    let sigma = 0.5f64.sqrt();
    Mbe::new(arms, sufficient_lambda(sigma), Multipliers::Normal(sigma))
}

/// The regret after each number of rounds of one run.
fn path<P>(policy: &mut P, bandit: Bernoulli, rounds: &[f64], streams: &mut Streams) -> Result<Vec<f64>>
where
    P: Policy<Context = (), Feedback = f64>,
{
    let mut game = Rounds::new(bandit);
    let (mut played, mut regret) = (0, 0.0);
    let mut until = |&rounds: &f64| -> Result<f64> {
        let more = rounds as u64 - played;
        regret += play(policy, &mut game, more, &mut streams.noise, &mut streams.algorithm)?;
        played += more;
        Ok(regret)
    };
    rounds.iter().map(&mut until).collect()
}

/// On a fixed instance the regret grows like ln T.
///
/// With the experiments' λ, which is far below [`sufficient_lambda`]: that one still plays nearly uniformly at
/// these horizons, as the baseline shows.
pub fn logarithmic_in_rounds<P>(make: impl Fn(usize) -> Result<P> + Send + Sync + 'static) -> Claim
where
    P: Policy<Context = (), Feedback = f64>,
{
    Claim::rate("logarithmic in rounds", instance_rate)
        .states("On a fixed instance the regret is $O(\\ln T)$.")
        .assuming(
            "5 arms with rewards 0 and 1, one mean 1/2, four means 3/10; λ = σ² = 1/2 as in the experiments",
        )
        .source(Source::Abstract)
        .sweep("T", powers_of_two(8..=14))
        .full_sweep(powers_of_two(8..=17))
        .replicates(160, 1000)
        .trivial(|rounds| 0.16 * rounds)
        .paths(move |rounds, streams| {
            let mut means = vec![0.3; 5];
            means[streams.instance.random_range(0..5)] = 0.5;
            path(&mut make(5)?, Bernoulli::new(means)?, rounds, streams)
        })
}

/// The worst regret over a fixed grid of gaps grows like √T, up to a logarithm.
pub fn root_in_rounds<P>(make: impl Fn(usize) -> Result<P> + Send + Sync + 'static) -> Claim
where
    P: Policy<Context = (), Feedback = f64>,
{
    const ARMS: usize = 4;
    Claim::rate("root in rounds", |rounds| worst_case_rate(ARMS as f64, rounds))
        .states("The worst regret is $O(\\sqrt{KT})$ up to a root of a logarithm.")
        .assuming("K = 4, rewards 0 and 1, one arm 1/2 + Δ, the worst Δ of 2⁻¹, …, 2⁻⁶; λ = σ² = 1/2 as in the experiments")
        .source(Source::Abstract)
        .sweep("T", powers_of_two(6..=11))
        .full_sweep(powers_of_two(6..=15))
        .replicates(600, 2000)
        .detects(0.07)
        .trivial(|rounds| 0.375 * rounds)
        .paths(move |rounds, streams| -> Result<Vec<Vec<f64>>> {
            let mut worst = vec![Vec::new(); rounds.len()];
            for k in 1..=6 {
                let bandit = Bernoulli::one_good_arm(ARMS, 0.5f64.powi(k))?;
                let regrets = path(&mut make(ARMS)?, bandit, rounds, streams)?;
                worst.iter_mut().zip(regrets).for_each(|(members, regret)| members.push(regret));
            }
            Ok(worst)
        })
}

/// Given the data the index varies as predicted, with each law of multipliers.
///
/// Measured as the mean of (Y − m)² ÷ prediction over draws of the index; the bias of Y is of order 1/n, its square
/// negligible.
pub fn variance_of_index(make: impl Fn(Multipliers) -> Result<Mbe> + Send + Sync + 'static) -> Claim {
    const DRAWS: usize = 400;
    Claim::equals("variance of index", |_| 1.0, Tolerance::Relative(0.05))
        .states(
            "Given $n$ rewards the index has variance $\\sigma^2 \\frac{m_2 + \\lambda^2 (m^2 + (1-m)^2)}{n (1+2\\lambda)^2}$.",
        )
        .assuming("rewards 0 and 1 of mean 3/10, λ = 1/2; multipliers normal of variance 1/2, exponential, Poisson")
        .source(Source::Derived)
        .sweep("n", [200.0, 1000.0, 5000.0])
        .replicates(150, 2000)
        .detects(0.1)
        .measure(move |n, streams| -> Result<Vec<f64>> {
            let rewards: Vec<f64> =
                (0..n as usize).map(|_| f64::from(streams.instance.random_bool(0.3))).collect();
            let mean = rewards.iter().sum::<f64>() / n;
            let laws = [Multipliers::Normal(0.5f64.sqrt()), Multipliers::Exponential, Multipliers::Poisson];
            let ratio = |law: Multipliers| {
                let mut policy = make(law)?;
                rewards.iter().try_for_each(|reward| policy.observe(0, reward))?;
                let center = index_mean(mean, LAMBDA);
                let squares = (0..DRAWS).map(|_| (policy.index(0, &mut streams.algorithm) - center).powi(2));
                let variance = index_variance(n, mean, mean * (1.0 - mean), LAMBDA, law.variance());
                Ok(squares.sum::<f64>() / DRAWS as f64 / variance)
            };
            laws.into_iter().map(ratio).collect()
        })
}

/// After two rewards of zero the best arm is played again. The numbers are ours.
pub fn comes_back<P>(make: impl Fn(usize) -> Result<P> + Send + Sync + 'static) -> Claim
where
    P: Policy<Context = (), Feedback = f64>,
{
    const ROUNDS: u64 = 500;
    const GAP: f64 = 0.2;
    Claim::fails_at_most("comes back", |_| 0.01)
        .states(
            "An unlucky best arm, with two rewards of 0, is played again within 500 rounds with probability 0.99.",
        )
        .assuming("means 1/2 and 3/10, rewards 0 and 1, the other arm has had a reward of 1; λ and σ² 1/2")
        .source(Source::Empirical)
        .sweep("rounds", [ROUNDS as f64])
        .replicates(1200, 10_000)
        .event(move |_, streams| -> Result<bool> {
            let mut policy = make(2)?;
            for (arm, reward) in [(0, 0.0), (0, 0.0), (1, 1.0)] {
                policy.observe(arm, &reward)?;
            }
            let mut game = Rounds::new(Bernoulli::new(vec![0.5, 0.5 - GAP])?);
            let regret = play(&mut policy, &mut game, ROUNDS, &mut streams.noise, &mut streams.algorithm)?;
            // All regret there can be: the best arm was not played once.
            Ok(regret > (ROUNDS as f64 - 0.5) * GAP)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(instance_rate(3f64.exp()), 3.0, max_relative = 1e-12);
        assert_relative_eq!(worst_case_rate(4.0, 25.0), 10.0, max_relative = 1e-12);
        // σ = 4: 2 + √2; σ = 1/2: 9 + √72.
        assert_relative_eq!(sufficient_lambda(4.0), 2.0 + 2f64.sqrt(), max_relative = 1e-12);
        assert_relative_eq!(sufficient_lambda(0.5), 9.0 + 72f64.sqrt(), max_relative = 1e-12);
        assert_relative_eq!(index_mean(0.2, 0.5), 0.35, max_relative = 1e-12);
        // m = 0.35, m₂ = 0.16 + 0.0225, m² + (1−m)² = 0.545
        let expected = 2.0 * (0.1825 + 0.25 * 0.545) / 400.0;
        assert_relative_eq!(index_variance(100.0, 0.2, 0.16, 0.5, 2.0), expected, max_relative = 1e-12);
        // Without pseudo-rewards: the bootstrap variance of the mean.
        assert_relative_eq!(index_variance(50.0, 0.3, 0.21, 0.0, 1.0), 0.0042, max_relative = 1e-12);
    }

    quickcheck! {
        fn more_data_or_calmer_multipliers_vary_less(n: u16, successes: u8, lambda: u8) -> bool {
            let (n, mean) = (f64::from(n) + 1.0, f64::from(successes) / 255.0);
            let (lambda, spread) = (f64::from(lambda) / 16.0, mean * (1.0 - mean));
            let variance = index_variance(n, mean, spread, lambda, 1.0);
            (index_variance(2.0 * n, mean, spread, lambda, 1.0) - variance / 2.0).abs() <= 1e-12 * variance
                && (index_variance(n, mean, spread, lambda, 0.5) - variance / 2.0).abs() <= 1e-12 * variance
        }

        fn the_index_is_symmetric(successes: u8, lambda: u8) -> bool {
            let (mean, lambda) = (f64::from(successes) / 255.0, f64::from(lambda) / 16.0);
            let spread = mean * (1.0 - mean);
            let [a, b] = [mean, 1.0 - mean].map(|mean| index_variance(9.0, mean, spread, lambda, 1.0));
            (index_mean(mean, lambda) + index_mean(1.0 - mean, lambda) - 1.0).abs() < 1e-12
                && (a - b).abs() < 1e-12
        }

        fn calmer_multipliers_need_heavier_pseudo_rewards(sigma: u8) -> bool {
            let sigma = (f64::from(sigma) + 1.0) / 64.0;
            sufficient_lambda(sigma / 2.0) > sufficient_lambda(sigma) && sufficient_lambda(sigma) > 1.0
        }
    }
}
