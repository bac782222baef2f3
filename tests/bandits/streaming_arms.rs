//! Keeping the best of a stream, and the tower of stored arms.

use proptest::prelude::*;
use rand::seq::SliceRandom;
use ratebook::bandits::instances::Gaussian;
use ratebook::bandits::streaming_arms::{
    InRandomOrder, KeepBest, Pass, SinglePass, Stream, Tower, iterated_logarithm, pass,
};
use ratebook::bandits::{Bandit, FixedBudget, Pulls};
use ratebook::{Error, Result};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};
use statrs::distribution::{ContinuousCDF, Normal};

/// A policy with the most arms that it may store.
type Limited = (Box<dyn SinglePass>, fn(usize) -> usize);

fn policies() -> [Limited; 4] {
    let keeps = |policy: KeepBest| -> Box<dyn SinglePass> { Box::new(policy) };
    [
        (keeps(KeepBest::uniform_exploration()), |_| 2),
        (keeps(KeepBest::single_memory()), |_| 2),
        (keeps(KeepBest::tuned()), |_| 2),
        (Box::new(Tower::default()), |arms| iterated_logarithm(arms) + 2),
    ]
}

fn run(
    policy: &dyn SinglePass,
    bandit: &Gaussian,
    budget: u64,
    order: Vec<usize>,
    seed: u64,
) -> Result<Pass> {
    pass(policy, &mut Pulls::new(bandit, budget, &mut rng(seed)), order)
}

fn shuffled(arms: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..arms).collect();
    order.shuffle(&mut rng(seed));
    order
}

/// Means in [0, 1] and an order of arrival.
fn streams() -> impl Strategy<Value = (Vec<f64>, Vec<usize>)> {
    (prop::collection::vec(0.0..1.0f64, 1..80), any::<u32>()).prop_map(|(means, seed)| {
        let order = shuffled(means.len(), u64::from(seed));
        (means, order)
    })
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn every_pull_is_spent_and_few_arms_are_stored(
        (means, order) in streams(), spare in 0.0..18.0f64, mut noise in HalfAdversarial::strategy(40),
    ) {
        let arms = means.len();
        let budget = arms as u64 + 10f64.powf(spare) as u64;
        let bandit = Gaussian::new(means, 0.5).unwrap();
        for (policy, most) in policies() {
            let mut pulls = Pulls::new(&bandit, budget, &mut noise);
            let pass = pass(policy.as_ref(), &mut pulls, order.clone()).unwrap();
            prop_assert_eq!(pulls.remaining(), 0);
            prop_assert!(pass.arm < arms && pass.peak <= most(arms) && pass.peak <= arms);
            let worst = (0..arms).map(|arm| bandit.gap(arm)).fold(0.0, f64::max);
            prop_assert!((0.0..=budget as f64 * worst * (1.0 + 1e-12)).contains(&pass.regret));
        }
    }

    #[test]
    fn without_noise_the_best_arm_is_kept((means, order) in streams(), seed in any::<u32>()) {
        let bandit = Gaussian::new(means, 0.0).unwrap();
        for (policy, _) in policies() {
            let pass = run(policy.as_ref(), &bandit, 1 << 60, order.clone(), u64::from(seed)).unwrap();
            prop_assert_eq!(bandit.gap(pass.arm), 0.0);
        }
    }

    #[test]
    fn labels_do_not_matter((means, order) in streams(), seed in any::<u32>(), digits in 3.0..18.0f64) {
        let relabelled = order.iter().map(|&arm| means[arm]).collect();
        let in_order = (0..means.len()).collect();
        let budget = 10f64.powf(digits) as u64;
        let bandits = [Gaussian::new(means, 0.5).unwrap(), Gaussian::new(relabelled, 0.5).unwrap()];
        for (policy, _) in policies() {
            let one = run(policy.as_ref(), &bandits[0], budget, order.clone(), u64::from(seed)).unwrap();
            let two = run(policy.as_ref(), &bandits[1], budget, Vec::clone(&in_order), u64::from(seed)).unwrap();
            prop_assert_eq!((one.regret, one.arm, one.peak), (two.regret, order[two.arm], two.peak));
        }
    }

    #[test]
    fn keeping_the_best_spends_what_it_says(arms in 2usize..50, digits in 4.0..18.0f64, seed in any::<u32>()) {
        // One bad arm of gap 1 is pulled exactly n times, unless it is the one that is kept.
        let mut means = vec![1.0; arms];
        means[0] = 0.0;
        let (bandit, budget) = (Gaussian::new(means, 0.5).unwrap(), 10f64.powf(digits) as u64);
        let policy = KeepBest::tuned();
        let pulls = policy.pulls(arms, budget);
        prop_assume!(arms as u64 * pulls <= budget);
        let pass = run(&policy, &bandit, budget, shuffled(arms, 1), u64::from(seed)).unwrap();
        let committed = if pass.arm == 0 { budget - arms as u64 * pulls } else { 0 };
        prop_assert_eq!(pass.regret, pulls as f64 + committed as f64);
    }

    #[test]
    fn awkward_input_is_refused_or_harmless(value in awkward_f64(), arms in 1usize..40, spare in 0u64..100) {
        prop_assert_eq!(Gaussian::new(vec![0.5, value], 0.5).is_ok(), value.is_finite());
        let delta = Tower::new(value);
        prop_assert_eq!(delta.is_ok(), value > 0.0 && value < 1.0);
        if let Ok(tower) = delta {
            prop_assert!(tower.levels(arms, arms as u64).unwrap().iter().all(|level| level.pulls > 0));
        }
        let bandit = Gaussian::new(vec![0.5; arms], 0.5).unwrap();
        let shares: [fn(f64, f64) -> f64; 5] =
            [|_, _| f64::NAN, |_, _| f64::INFINITY, |_, _| -1.0, |_, _| 0.0, |_, _| f64::MAX];
        for share in shares {
            prop_assert!(run(&KeepBest::new(share), &bandit, arms as u64 + spare, shuffled(arms, 2), 3).is_ok());
        }
        for (policy, _) in policies() {
            let short = run(policy.as_ref(), &bandit, arms as u64 - 1, shuffled(arms, 2), 3);
            let refused = matches!(short, Err(Error::OutOfRange { name: "budget", .. }));
            prop_assert!(refused, "{short:?}");
        }
    }

    #[test]
    fn an_order_is_a_permutation(order in prop::collection::vec(0usize..5, 0..6)) {
        let bandit = Gaussian::new(vec![0.5; 4], 0.5).unwrap();
        let mut sorted = order.clone();
        sorted.sort_unstable();
        let result = run(&KeepBest::tuned(), &bandit, 100, order, 1);
        if sorted == [0, 1, 2, 3] {
            prop_assert!(result.is_ok());
        } else {
            let refused = matches!(result, Err(Error::Invalid { name: "order", .. }));
            prop_assert!(refused, "{result:?}");
        }
    }
}

/// With two arms the law is known: the worse one wins with probability Φ(−Δ√(2n)).
#[test]
fn two_arms_follow_the_normal_law() {
    const RUNS: u64 = 20_000;
    let (budget, policy) = (10_000, KeepBest::new(|_, _| 50.0));
    for gap in [0.02, 0.1, 0.2] {
        let bandit = Gaussian::new(vec![0.5, 0.5 + gap], 0.5).unwrap();
        let wrong =
            |seed| run(&policy, &bandit, budget, shuffled(2, seed), seed + 1_000_000).unwrap().arm == 0;
        let frequency = (0..RUNS).filter(|&seed| wrong(seed)).count() as f64 / RUNS as f64;
        let expected = Normal::standard().cdf(-gap * 100f64.sqrt());
        let error = (expected * (1.0 - expected) / RUNS as f64).sqrt();
        assert!((frequency - expected).abs() < 5.0 * error, "gap {gap}: {frequency} against {expected}");
    }
}

#[test]
fn an_arm_of_another_stream_is_refused() {
    let bandit = Gaussian::new(vec![0.5; 3], 0.5).unwrap();
    let (mut noise, mut other_noise) = (rng(1), rng(2));
    let (mut pulls, mut other_pulls) =
        (Pulls::new(&bandit, 9, &mut noise), Pulls::new(&bandit, 9, &mut other_noise));
    let mut stream = Stream::new(&mut pulls, vec![2, 0, 1]).unwrap();
    let mut other = Stream::new(&mut other_pulls, vec![0, 1, 2]).unwrap();
    let (arm, stranger) = (stream.arrive().unwrap(), other.arrive().unwrap());
    assert!(matches!(stream.mean_of(&stranger, 1), Err(Error::Invalid { name: "arm", .. })));
    assert!(stream.mean_of(&arm, 0).is_err() && stream.mean_of(&arm, 100).is_ok());
    assert_eq!((stream.remaining(), other.remaining()), (0, 9));
    assert!(matches!(stream.mean_of(&arm, 1), Err(Error::OutOfRange { name: "pulls", .. })));
}

#[test]
fn memory_is_what_is_alive() {
    let bandit = Gaussian::new(vec![0.5; 3], 0.5).unwrap();
    let mut noise = rng(1);
    let mut pulls = Pulls::new(&bandit, 9, &mut noise);
    let mut stream = Stream::new(&mut pulls, vec![2, 0, 1]).unwrap();
    let first = stream.arrive();
    let second = stream.arrive();
    assert_eq!((stream.stored(), stream.peak()), (2, 2));
    drop(first);
    let third = stream.arrive();
    assert_eq!((stream.stored(), stream.peak()), (2, 2));
    assert!(stream.arrive().is_none());
    drop((second, third));
    assert_eq!((stream.stored(), stream.peak()), (0, 2));
}

#[test]
fn one_arm_has_no_regret() {
    let bandit = Gaussian::new(vec![0.3], 0.5).unwrap();
    for (policy, _) in policies() {
        let pass = run(policy.as_ref(), &bandit, 1, vec![0], 1).unwrap();
        assert_eq!(pass, Pass { arm: 0, regret: 0.0, peak: 1 });
    }
    let arm =
        InRandomOrder(Tower::default()).recommend(&mut Pulls::new(&bandit, 5, &mut rng(1)), &mut rng(2));
    assert_eq!(arm, Ok(0));
}
