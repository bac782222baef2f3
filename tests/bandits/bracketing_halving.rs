//! Sequential Halving and Bracketing Sequential Halving.

use proptest::prelude::*;
use ratebook::bandits::bracketing_halving::{BracketingHalving, SequentialHalving, brackets, stages};
use ratebook::bandits::instances::{Bernoulli, BetaQuantiles};
use ratebook::bandits::{Bandit, FixedBudget, Pulls};
use ratebook::{Error, Result};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

/// Arms whose rewards are exactly their means.
struct Noiseless(Vec<f64>);

impl Bandit for Noiseless {
    fn arms(&self) -> usize {
        self.0.len()
    }
    fn mean(&self, arm: usize) -> f64 {
        self.0[arm]
    }
    fn best_mean(&self) -> f64 {
        self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }
    fn pull(&self, arm: usize, n: u64, _: &mut dyn rand::Rng) -> f64 {
        n as f64 * self.0[arm]
    }
}

fn play(policy: &impl FixedBudget, bandit: &dyn Bandit, budget: u64, seed: u64) -> Result<(usize, u64)> {
    let (mut noise, mut coins) = (rng(seed), rng(seed + 1));
    let mut pulls = Pulls::new(bandit, budget, &mut noise);
    let arm = policy.recommend(&mut pulls, &mut coins)?;
    Ok((arm, pulls.remaining()))
}

fn names_the_budget(result: Result<(usize, u64)>) -> bool {
    matches!(result, Err(Error::OutOfRange { name: "budget", .. }))
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn without_noise_halving_returns_the_best_arm(means in prop::collection::vec(0.0..1.0f64, 1..40), seed in any::<u32>()) {
        let bandit = Noiseless(means);
        let enough = bandit.arms() as u64 * u64::from(stages(bandit.arms()));
        let (arm, _) = play(&SequentialHalving, &bandit, enough, u64::from(seed)).unwrap();
        prop_assert_eq!(bandit.gap(arm), 0.0);
    }

    #[test]
    fn halving_needs_one_pull_of_each_arm_a_stage(arms in 2usize..70, seed in any::<u32>()) {
        let bandit = Bernoulli::one_good_arm(arms, 0.25).unwrap();
        let enough = arms as u64 * u64::from(stages(arms));
        prop_assert!(play(&SequentialHalving, &bandit, enough, u64::from(seed)).is_ok());
        prop_assert!(names_the_budget(play(&SequentialHalving, &bandit, enough - 1, u64::from(seed))));
        prop_assert!(names_the_budget(play(&SequentialHalving, &bandit, 0, u64::from(seed))));
    }

    #[test]
    fn half_of_the_pulls_go_to_the_brackets(arms in 2usize..5000, budget in 4u64..100_000, seed in any::<u32>()) {
        let bandit = BetaQuantiles::new(arms).unwrap();
        let largest = brackets(arms, budget).unwrap();
        let need = |b: u32| u64::from(b) * (1u64 << b) * 2 * u64::from(b);
        prop_assert!(need(largest) <= budget && 1 << largest <= arms);
        prop_assert!(need(largest + 1) > budget || 1 << (largest + 1) > arms);
        let (arm, remaining) = play(&BracketingHalving, &bandit, budget, u64::from(seed)).unwrap();
        prop_assert!(arm < arms && remaining < budget && bandit.gap(arm) >= 0.0);
    }

    #[test]
    fn brackets_find_the_best_arm_when_they_hold_all(means in prop::collection::vec(0.0..1.0f64, 8), seed in any::<u32>()) {
        let bandit = Noiseless(means);
        let (arm, _) = play(&BracketingHalving, &bandit, 1 << 20, u64::from(seed)).unwrap();
        prop_assert_eq!(bandit.gap(arm), 0.0);
    }

    #[test]
    fn any_draws_give_a_legal_arm(mut coins in HalfAdversarial::strategy(40), mut noise in HalfAdversarial::strategy(40)) {
        let bandit = Bernoulli::one_good_arm(20, 0.1).unwrap();
        for policy in [&SequentialHalving as &dyn FixedBudget, &BracketingHalving] {
            let arm = policy.recommend(&mut Pulls::new(&bandit, 1000, &mut noise), &mut coins).unwrap();
            prop_assert!(arm < 20);
        }
    }

    #[test]
    fn bad_instances_are_refused(mean in awkward_f64(), arms in 0usize..3) {
        let legal = (0.0..=1.0).contains(&mean);
        prop_assert_eq!(Bernoulli::new(vec![0.5, mean]).is_ok(), legal);
        prop_assert_eq!(Bernoulli::one_good_arm(arms, mean).is_ok(), arms > 0 && (0.0..=0.5).contains(&mean));
        prop_assert_eq!(Bernoulli::polynomial(arms, mean).is_ok(), arms > 0 && mean > 0.0 && mean.is_finite());
        prop_assert_eq!(BetaQuantiles::new(arms).is_ok(), arms > 0);
    }
}

/// Relabelling the arms relabels the law of the answer: with equal means every arm is returned equally often.
#[test]
fn ties_fall_at_random() {
    let bandit = Noiseless(vec![0.5; 5]);
    let mut counts = [0u32; 5];
    for seed in 0..5000 {
        counts[play(&SequentialHalving, &bandit, 100, seed).unwrap().0] += 1;
    }
    // Chi-square with four degrees of freedom: 27.9 is exceeded with probability 1e-5.
    let chi_square: f64 = counts.iter().map(|&c| (f64::from(c) - 1000.0).powi(2) / 1000.0).sum();
    assert!(chi_square < 27.9, "{counts:?}");
}

#[test]
fn one_arm_is_returned_without_pulls() {
    let bandit = Bernoulli::new(vec![0.3]).unwrap();
    assert_eq!(play(&SequentialHalving, &bandit, 0, 1), Ok((0, 0)));
    assert!(matches!(play(&BracketingHalving, &bandit, 9, 1), Err(Error::OutOfRange { name: "arms", .. })));
}

#[test]
fn a_bracket_needs_four_pulls() {
    let bandit = Bernoulli::new(vec![0.3; 9]).unwrap();
    assert!(names_the_budget(play(&BracketingHalving, &bandit, 3, 1)));
    assert!(play(&BracketingHalving, &bandit, 4, 1).is_ok());
}

#[test]
fn pulls_are_counted_and_refused() {
    let (bandit, mut noise) = (Bernoulli::new(vec![1.0]).unwrap(), rng(1));
    let mut pulls = Pulls::new(&bandit, 10, &mut noise);
    assert_eq!(pulls.mean_of(0, 4), Ok(1.0));
    assert!(pulls.mean_of(0, 7).is_err() && pulls.mean_of(0, 0).is_err() && pulls.mean_of(1, 1).is_err());
    assert_eq!(pulls.remaining(), 6);
}
