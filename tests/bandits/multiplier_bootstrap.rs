//! Multiplier bootstrap-based exploration: the index, its laws, the replicates.

use proptest::prelude::*;
use rand::{Rng, RngExt};
use rand_distr::{Exp1, Poisson, StandardNormal};
use ratebook::bandits::Policy;
use ratebook::bandits::multiplier_bootstrap::{Mbe, Multipliers, Replicates};
use ratebook::{Error, Result};
use ratebook_judge::interval::{dkw_radius, kolmogorov_smirnov};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};
use statrs::distribution::{Beta, ContinuousCDF};

const DRAWS: usize = 20_000;

fn laws() -> [Multipliers; 3] {
    [Multipliers::Normal(0.5f64.sqrt()), Multipliers::Exponential, Multipliers::Poisson]
}

fn fed(lambda: f64, law: Multipliers, rewards: &[f64]) -> Mbe {
    let mut policy = Mbe::new(1, lambda, law).unwrap();
    rewards.iter().for_each(|reward| policy.observe(0, reward).unwrap());
    policy
}

fn draws(policy: &mut Mbe, seed: u64) -> Vec<f64> {
    let mut coins = rng(seed);
    (0..DRAWS).map(|_| policy.index(0, &mut coins)).collect()
}

/// One multiplier.
fn multiplier(law: Multipliers, coins: &mut dyn Rng) -> f64 {
    match law {
        Multipliers::Normal(sigma) => 1.0 + sigma * coins.sample::<f64, _>(StandardNormal),
        Multipliers::Exponential => coins.sample(Exp1),
        Multipliers::Poisson => coins.sample(Poisson::new(1.0).unwrap()),
    }
}

/// The index as it is printed: a multiplier for every reward and every pseudo-reward.
fn explicit(lambda: f64, law: Multipliers, rewards: &[f64], coins: &mut dyn Rng) -> f64 {
    loop {
        let (mut numerator, mut denominator) = (0.0, 0.0);
        for reward in rewards {
            let [real, one, zero] = [(); 3].map(|()| multiplier(law, coins));
            numerator += real * reward + lambda * one;
            denominator += real + lambda * (one + zero);
        }
        if denominator > 0.0 {
            return numerator / denominator;
        }
    }
}

/// The largest distance between two empirical laws, up to rounding: atoms must meet.
fn two_sample_distance(a: &[f64], b: &[f64]) -> f64 {
    let rounded = |values: &[f64]| values.iter().map(|x| (x * 1e9).round() / 1e9).collect::<Vec<_>>();
    let mut sorted = rounded(b);
    sorted.sort_by(f64::total_cmp);
    kolmogorov_smirnov(&rounded(a), |x| sorted.partition_point(|y| *y <= x) as f64 / sorted.len() as f64)
}

/// The one draw for many multipliers has the law of the sum written out.
#[test]
fn the_fast_index_has_the_law_of_the_plain_one() {
    let histories: [&[f64]; 3] = [&[0.7], &[1.0, 0.0, 0.0, 1.0, 0.0], &[0.1, 0.9, 0.4, 0.4, 0.3, 1.0, 0.0]];
    for (lambda, law) in [0.0, 0.5, 2.0].into_iter().flat_map(|lambda| laws().map(|law| (lambda, law))) {
        for (seed, rewards) in histories.iter().enumerate() {
            let fast = draws(&mut fed(lambda, law, rewards), seed as u64);
            let mut coins = rng(100 + seed as u64);
            let plain: Vec<f64> = (0..DRAWS).map(|_| explicit(lambda, law, rewards, &mut coins)).collect();
            // A constant index differs by rounding only.
            if lambda == 0.0 && rewards.len() == 1 {
                assert!(fast.iter().all(|y| (y - 0.7).abs() < 1e-9) || matches!(law, Multipliers::Normal(_)));
                continue;
            }
            let distance = two_sample_distance(&fast, &plain);
            let allowed = 2.0 * dkw_radius(DRAWS, 1e-5);
            assert!(distance <= allowed, "{law:?}, λ = {lambda}, {rewards:?}: {distance}");
        }
    }
}

/// Exponential multipliers on rewards 0 and 1 are the Bayesian bootstrap: the index is a Beta variable.
#[test]
fn exponential_multipliers_give_a_beta_law() {
    for (ones, zeros) in [(1, 1), (3, 1), (2, 9), (40, 60)] {
        let rewards = [vec![1.0; ones], vec![0.0; zeros]].concat();
        let law = Beta::new(ones as f64, zeros as f64).unwrap();
        let distance =
            kolmogorov_smirnov(&draws(&mut fed(0.0, Multipliers::Exponential, &rewards), 1), |x| law.cdf(x));
        assert!(distance <= dkw_radius(DRAWS, 1e-5), "{ones} ones, {zeros} zeros: {distance}");
    }
}

/// With λ = 1 each reward is joined by a one and a zero: Beta again, of three times the size.
#[test]
fn pseudo_rewards_count_as_rewards() {
    let rewards = [1.0, 1.0, 0.0, 0.0, 0.0];
    let law = Beta::new(2.0 + 5.0, 3.0 + 5.0).unwrap();
    let distance =
        kolmogorov_smirnov(&draws(&mut fed(1.0, Multipliers::Exponential, &rewards), 2), |x| law.cdf(x));
    assert!(distance <= dkw_radius(DRAWS, 1e-5), "{distance}");
}

#[test]
fn denominators_that_are_not_positive_are_drawn_again() {
    // P(1 + σZ ≤ 0) is about 0.16 at σ = 1.
    let mut policy = fed(0.0, Multipliers::Normal(1.0), &[0.25]);
    let seen = draws(&mut policy, 3);
    assert!(seen.iter().all(|index| index.is_finite()));
    let expected = DRAWS as f64 * 0.158_655 / 0.841_345;
    assert!((policy.redraws() as f64 - expected).abs() < 5.0 * expected.sqrt() * 1.1, "{}", policy.redraws());
    // Five rewards of Poisson multipliers sum to zero with probability e⁻⁵.
    let mut policy = fed(0.0, Multipliers::Poisson, &[1.0, 0.0, 1.0, 1.0, 0.0]);
    draws(&mut policy, 4);
    let expected = DRAWS as f64 * (-5.0f64).exp();
    assert!((policy.redraws() as f64 - expected).abs() < 5.0 * expected.sqrt(), "{}", policy.redraws());
}

/// An arm with nothing but zeros is lost without pseudo-rewards, and only then.
#[test]
fn pseudo_rewards_give_hope() {
    let zeros = [0.0; 4];
    for law in laws() {
        assert!(draws(&mut fed(0.0, law, &zeros), 5).iter().all(|&index| index == 0.0));
        assert!(draws(&mut fed(0.5, law, &zeros), 5).iter().any(|&index| index > 0.3));
    }
}

/// Every replicate of [`Replicates`] follows the law of the index: one arm against a known competitor.
#[test]
fn replicates_choose_as_fresh_multipliers_do() {
    const RUNS: u64 = 6000;
    let law = Multipliers::Exponential;
    let feed = |policy: &mut dyn Policy<Context = (), Feedback = f64>| {
        for (arm, reward) in [(0, 1.0), (0, 0.0), (1, 1.0), (1, 0.0), (1, 0.0), (0, 0.5)] {
            policy.observe(arm, &reward).unwrap();
        }
    };
    let share = |choose: &mut dyn FnMut(u64) -> usize| {
        (0..RUNS).filter(|&seed| choose(seed) == 0).count() as f64 / RUNS as f64
    };
    let fresh = share(&mut |seed| {
        let mut policy = Mbe::new(2, 0.5, law).unwrap();
        feed(&mut policy);
        policy.choose(&(), &mut rng(seed)).unwrap()
    });
    let stored = share(&mut |seed| {
        let mut policy = Replicates::new(2, 0.5, law, 3).unwrap();
        feed(&mut policy);
        policy.choose(&(), &mut rng(RUNS + seed)).unwrap()
    });
    // Six standard errors of a difference of two frequencies.
    assert!((fresh - stored).abs() < 6.0 * (0.5 / RUNS as f64).sqrt(), "{fresh} {stored}");
    assert!(fresh > 0.6);
}

fn rewards() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(prop_oneof![Just(0.0), Just(1.0), 0.0..1.0f64], 1..30)
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn positive_multipliers_keep_the_index_in_the_unit_interval(
        rewards in rewards(), lambda in 0.0..3.0f64, mut coins in HalfAdversarial::strategy(60),
    ) {
        for law in [Multipliers::Exponential, Multipliers::Poisson] {
            let mut policy = fed(lambda, law, &rewards);
            for _ in 0..20 {
                let index = policy.index(0, &mut coins);
                prop_assert!((-1e-12..=1.0 + 1e-12).contains(&index), "{}", index);
            }
        }
    }

    #[test]
    fn without_multipliers_the_index_is_the_shrunken_mean(rewards in rewards(), lambda in 0.0..3.0f64, seed in any::<u64>()) {
        let mean = rewards.iter().sum::<f64>() / rewards.len() as f64;
        let mut policy = fed(lambda, Multipliers::Normal(0.0), &rewards);
        let before = policy.index(0, &mut rng(seed));
        prop_assert!((before - (mean + lambda) / (1.0 + 2.0 * lambda)).abs() < 1e-12);
        policy.observe(0, &1.0).unwrap();
        prop_assert!(policy.index(0, &mut rng(seed)) >= before - 1e-12, "a reward of 1 never lowers it");
    }

    #[test]
    fn the_order_of_rewards_does_not_matter(rewards in rewards(), lambda in 0.0..3.0f64, seed in any::<u64>()) {
        let reversed: Vec<f64> = rewards.iter().rev().copied().collect();
        for law in laws() {
            let (mut one, mut two) = (fed(lambda, law, &rewards), fed(lambda, law, &reversed));
            let (a, b) = (one.index(0, &mut rng(seed)), two.index(0, &mut rng(seed)));
            // A denominator near zero magnifies rounding.
            prop_assert!((a - b).abs() <= 1e-6 * (1.0 + a.abs() * a.abs()), "{} {}", a, b);
        }
    }

    #[test]
    fn affine_rewards_give_affine_indices(rewards in rewards(), shift in -5.0..5.0f64, seed in any::<u64>()) {
        // Without pseudo-rewards the index is a weighted mean.
        let moved: Vec<f64> = rewards.iter().map(|reward| 3.0 * reward + shift).collect();
        for law in laws() {
            let (mut one, mut two) = (fed(0.0, law, &rewards), fed(0.0, law, &moved));
            let (a, b) = (one.index(0, &mut rng(seed)), two.index(0, &mut rng(seed)));
            prop_assert!((3.0 * a + shift - b).abs() <= 1e-6 * (1.0 + a.abs() * a.abs()), "{} {}", a, b);
        }
    }

    #[test]
    fn arms_without_rewards_come_first(arms in 1usize..8, seed in any::<u64>(), coins in HalfAdversarial::strategy(30)) {
        let everyone: Vec<usize> = (0..arms).collect();
        let opening = |policy: &mut dyn Policy<Context = (), Feedback = f64>, coins: &mut dyn Rng| {
            let next = |_| {
                let arm = policy.choose(&(), coins).unwrap();
                policy.observe(arm, &1.0).unwrap();
                arm
            };
            let mut seen: Vec<usize> = (0..arms).map(next).collect();
            seen.sort_unstable();
            seen
        };
        prop_assert_eq!(&opening(&mut Mbe::with_defaults(arms).unwrap(), &mut coins.clone()), &everyone);
        let mut stored = Replicates::new(arms, 0.5, Multipliers::Exponential, 4).unwrap();
        prop_assert_eq!(&opening(&mut stored, &mut rng(seed)), &everyone);
    }

    #[test]
    fn bad_input_is_refused(value in awkward_f64()) {
        let refused = |result: Result<()>, expected: &str| {
            matches!(result, Err(Error::OutOfRange { name, .. }) if name == expected)
        };
        let legal = (0.0..=1e100).contains(&value);
        for law in laws() {
            let results = [
                Mbe::new(2, value, law).map(drop),
                Replicates::new(2, value, law, 3).map(drop),
                Mbe::new(2, 0.5, Multipliers::Normal(value)).map(drop),
                Replicates::new(2, 0.5, Multipliers::Normal(value), 3).map(drop),
            ];
            for (result, name) in results.into_iter().zip(["lambda", "lambda", "sigma", "sigma"]) {
                let expected = if legal { result.is_ok() } else { refused(result, name) };
                prop_assert!(expected, "{name} = {value}");
            }
        }
        let law = Multipliers::Exponential;
        prop_assert!(refused(Mbe::new(0, 0.5, law).map(drop), "arms"));
        prop_assert!(refused(Replicates::new(0, 0.5, law, 3).map(drop), "arms"));
        prop_assert!(refused(Replicates::new(2, 0.5, law, 0).map(drop), "replicates"));
    }
}
