//! Thompson sampling for Pareto rewards.

use proptest::prelude::*;
use ratebook::bandits::instances::{Pareto, Rounds, pareto_mean};
use ratebook::bandits::pareto_thompson::{ParetoThompson, Summary};
use ratebook::bandits::{Bandit, Policy, play};
use ratebook::{Error, Result};
use ratebook_judge::interval::{dkw_radius, kolmogorov_smirnov};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};
use statrs::distribution::{ContinuousCDF, Gamma};

fn summary(rewards: &[f64]) -> Summary {
    let mut summary = Summary::default();
    rewards.iter().for_each(|&x| summary.add(x).unwrap());
    summary
}

/// The arms that a policy plays on given rewards: the n-th play of arm a earns `rewards[a][n]`.
fn plays(mut policy: ParetoThompson, rewards: &[Vec<f64>], rounds: usize, seed: u64) -> Vec<usize> {
    let mut counts = vec![0; rewards.len()];
    let mut coins = rng(seed);
    let mut step = |_| {
        let arm = policy.choose(&(), &mut coins).unwrap();
        policy.observe(arm, &rewards[arm][counts[arm]]).unwrap();
        counts[arm] += 1;
        arm
    };
    (0..rounds).map(&mut step).collect()
}

fn refuses(name: &str, result: &Result<impl Sized>) -> bool {
    matches!(result, Err(Error::OutOfRange { name: found, .. }) if *found == name)
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_summary_is_that_of_all_rewards_at_once(rewards in prop::collection::vec(1e-3..1e3f64, 1..40)) {
        let found = summary(&rewards);
        let kappa = rewards.iter().copied().fold(f64::INFINITY, f64::min);
        let excess: f64 = rewards.iter().map(|x| (x / kappa).ln()).sum();
        prop_assert_eq!((found.pulls(), found.kappa()), (rewards.len() as u64, kappa));
        prop_assert!((found.excess() - excess).abs() <= 1e-12 * (1.0 + excess));
    }

    #[test]
    fn the_order_of_rewards_does_not_matter(mut rewards in prop::collection::vec(1e-3..1e3f64, 1..40)) {
        let forward = summary(&rewards);
        rewards.reverse();
        let backward = summary(&rewards);
        prop_assert_eq!(forward.kappa(), backward.kappa());
        prop_assert!((forward.excess() - backward.excess()).abs() <= 1e-12 * (1.0 + forward.excess()));
    }

    /// Changing the unit of the rewards scales κ̂ and leaves α̂ and every decision alone.
    #[test]
    fn the_unit_does_not_matter(
        rewards in prop::collection::vec(prop::collection::vec(1.0..10.0f64, 30), 2..4),
        exponent in -100i32..100,
        prior in -2i32..4,
        truncated: bool,
        seed: u64,
    ) {
        let scaled: Vec<Vec<f64>> =
            rewards.iter().map(|arm| arm.iter().map(|x| x * 2f64.powi(exponent)).collect()).collect();
        let (plain, other) = (summary(&rewards[0]), summary(&scaled[0]));
        prop_assert_eq!(plain.excess(), other.excess());
        prop_assert_eq!(plain.kappa() * 2f64.powi(exponent), other.kappa());
        let make = || if truncated { ParetoThompson::truncated(rewards.len(), prior) } else { ParetoThompson::new(rewards.len(), prior) };
        prop_assert_eq!(plays(make().unwrap(), &rewards, 30, seed), plays(make().unwrap(), &scaled, 30, seed));
    }

    /// The truncation changes nothing while α̂ ≤ n, which is while Σ ln(X/κ̂) ≥ 1.
    #[test]
    fn the_truncation_acts_only_on_large_estimates(rewards in prop::collection::vec(1.0..3.0f64, 2..20), prior in -2i32..2) {
        let found = summary(&rewards);
        let plain = found.posterior(prior, false).unwrap();
        let truncated = found.posterior(prior, true).unwrap();
        prop_assert_eq!(plain.rate(), found.excess());
        prop_assert_eq!(truncated.rate(), found.excess().max(1.0));
        prop_assert_eq!((plain.shape(), truncated.shape()), (rewards.len() as f64 - f64::from(prior), plain.shape()));
        prop_assert_eq!(found.excess() >= 1.0, plain == truncated);
    }

    #[test]
    fn every_arm_is_played_first(arms in 1usize..5, prior in -3i32..6) {
        let policy = ParetoThompson::new(arms, prior).unwrap();
        let first = policy.first_pulls();
        prop_assert_eq!(first, i64::from(prior + 1).max(2) as u64);
        let rounds = arms * first as usize;
        let played = plays(policy, &vec![vec![1.0; rounds]; arms], rounds, 1);
        prop_assert!((0..arms).all(|arm| played.iter().filter(|&&a| a == arm).count() as u64 == first));
    }

    #[test]
    fn any_draws_give_a_legal_arm(
        rewards in prop::collection::vec(prop_oneof![Just(1.0), Just(f64::MAX), Just(f64::MIN_POSITIVE / 4.0), 0.5..2.0f64], 60),
        prior in -3i32..4,
        truncated: bool,
        mut coins in HalfAdversarial::strategy(60),
    ) {
        let mut policy = if truncated { ParetoThompson::truncated(3, prior) } else { ParetoThompson::new(3, prior) }.unwrap();
        for reward in &rewards {
            let arm = policy.choose(&(), &mut coins).unwrap();
            prop_assert!(arm < 3);
            policy.observe(arm, reward).unwrap();
        }
        for arm in policy.arms() {
            let posterior = arm.posterior(prior, truncated).unwrap();
            for _ in 0..20 {
                let (kappa, alpha) = posterior.sample(&mut coins);
                prop_assert!(kappa <= arm.kappa() && kappa >= 0.0 && alpha >= 0.0);
                prop_assert!(!pareto_mean(kappa, alpha).is_nan());
            }
        }
    }

    #[test]
    fn bad_rewards_and_arms_are_refused(x in awkward_f64(), kappa in awkward_f64()) {
        let mut policy = ParetoThompson::new(1, 0).unwrap();
        let legal = x > 0.0 && x.is_finite();
        let result = policy.observe(0, &x);
        prop_assert!(result.is_ok() == legal && (legal || refuses("reward", &result)));
        // A refused reward leaves no trace.
        prop_assert_eq!(policy.arms()[0].pulls(), u64::from(legal));

        prop_assert_eq!(Pareto::new(&[(1.0, x)]).is_ok(), x > 1.0 && x.is_finite());
        let result = Pareto::new(&[(kappa, 2.0)]);
        if kappa > 0.0 && kappa <= f64::MAX / 4.0 {
            prop_assert!(result.is_ok());
        } else if !(kappa > 0.0 && kappa.is_finite()) {
            prop_assert!(refuses("kappa", &result));
        }
    }
}

#[test]
fn too_few_rewards_have_no_posterior() {
    let two = summary(&[1.0, 2.0]);
    assert!(two.posterior(1, false).is_ok());
    assert!(refuses("pulls", &two.posterior(2, false)) && refuses("pulls", &two.posterior(i32::MAX, true)));
    assert!(refuses("pulls", &Summary::default().posterior(-2, false)));
    assert!(ParetoThompson::new(0, 2).is_err() && ParetoThompson::truncated(0, 2).is_err());
    assert!(Pareto::new(&[]).is_err());
}

/// Equal rewards make α̂ infinite: without truncation the arm is taken to earn exactly that.
#[test]
fn equal_rewards_are_the_limit_of_close_ones() {
    let ties = summary(&[3.0; 4]).posterior(0, false).unwrap();
    assert_eq!(ties.sample(&mut rng(1)), (3.0, f64::INFINITY));
    assert_eq!(pareto_mean(3.0, f64::INFINITY), 3.0);
    let close = summary(&[3.0, 3.0 + 1e-12]).posterior(0, false).unwrap();
    let (kappa, alpha) = close.sample(&mut rng(1));
    assert!((pareto_mean(kappa, alpha) - 3.0).abs() < 1e-9);
    assert!(summary(&[3.0; 4]).posterior(0, true).unwrap().sample(&mut rng(1)).1.is_finite());
}

/// Among infinite means the smaller α̃ wins: an arm whose estimate is far below one is played for ever.
#[test]
fn the_heaviest_tail_wins() {
    let heavy: Vec<f64> =
        (0..60).map(|i| (f64::from(i) * 20.0).exp()).take_while(|x| x.is_finite()).collect();
    let light: Vec<f64> = (0..60).map(|i| 1.0 + f64::from(i % 2)).collect();
    let played = plays(ParetoThompson::new(2, 2).unwrap(), &[light, heavy], 30, 5);
    assert_eq!(played[..6], [0, 0, 0, 1, 1, 1]);
    assert!(played[6..].iter().all(|&arm| arm == 1), "{played:?}");
}

/// α̃ follows Gamma(n−k, n/α̂), and (κ̃/κ̂)^(nα̃) is uniform whatever α̃ was.
#[test]
fn draws_follow_the_posterior() {
    const DRAWS: usize = 20_000;
    let rewards = [1.5, 2.0, 4.0, 1.7, 9.0];
    for (prior, truncated) in [(0, false), (3, false), (4, false), (1, true)] {
        let posterior = summary(&rewards).posterior(prior, truncated).unwrap();
        let mut coins = rng(7);
        let draws: Vec<(f64, f64)> = (0..DRAWS).map(|_| posterior.sample(&mut coins)).collect();
        let law = Gamma::new(posterior.shape(), posterior.rate()).unwrap();
        let alphas: Vec<f64> = draws.iter().map(|draw| draw.1).collect();
        let levels: Vec<f64> = draws.iter().map(|(kappa, alpha)| (kappa / 1.5).powf(5.0 * alpha)).collect();
        let radius = dkw_radius(DRAWS, 1e-6);
        assert!(kolmogorov_smirnov(&alphas, |a| law.cdf(a)) < radius);
        assert!(kolmogorov_smirnov(&levels, |u| u.clamp(0.0, 1.0)) < radius);
        let median = law.inverse_cdf(0.5);
        let below: Vec<f64> =
            draws.iter().zip(&levels).filter(|(draw, _)| draw.1 < median).map(|(_, &u)| u).collect();
        assert!(kolmogorov_smirnov(&below, |u| u.clamp(0.0, 1.0)) < dkw_radius(below.len(), 1e-6));
    }
}

#[test]
fn rewards_follow_the_pareto_law() {
    let bandit = Pareto::new(&[(2.0, 3.0), (1.0, 1.25)]).unwrap();
    assert_eq!((bandit.mean(0), bandit.mean(1), bandit.gap(0)), (3.0, 5.0, 2.0));
    let mut noise = rng(3);
    let rewards: Vec<f64> = (0..20_000).map(|_| bandit.pull(0, 1, &mut noise)).collect();
    let cdf = |x: f64| if x < 2.0 { 0.0 } else { 1.0 - (2.0 / x).powi(3) };
    assert!(kolmogorov_smirnov(&rewards, cdf) < dkw_radius(rewards.len(), 1e-6));
    // A batch is the sum of its rewards.
    let mut noise = rng(9);
    let one_by_one: f64 = (0..5).map(|_| bandit.pull(1, 1, &mut noise)).sum();
    assert_eq!(bandit.pull(1, 5, &mut rng(9)), one_by_one);
}

/// The policy finds the best of several arms of different scales.
#[test]
fn most_plays_go_to_the_best_arm() {
    let bandit = Pareto::new(&[(1.0, 5.0), (1.0, 2.0), (0.5, 1.8)]).unwrap();
    let mut policy = ParetoThompson::new(3, 2).unwrap();
    play(&mut policy, &mut Rounds::new(bandit), 5000, &mut rng(1), &mut rng(2)).unwrap();
    assert!(policy.arms()[1].pulls() > 4000, "{:?}", policy.arms());
}
