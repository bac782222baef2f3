use std::collections::BTreeMap;

use proptest::prelude::*;
use ratebook::bandits::instances::{Adversary, Epochs, Graph, Losses, Recorded, Segments};
use ratebook::bandits::primitives::exact::{Choices, binary_losses, expected_regret};
use ratebook::bandits::switching_costs::Observation::{self, Bandit, Flexible, Full};
use ratebook::bandits::switching_costs::chain::{ArmChain, expected_cost};
use ratebook::bandits::switching_costs::{Batched, Redraw};
use ratebook::bandits::{Policy, Revealed, play};
use ratebook::math::chance::exact_law;
use ratebook::{Error, Result};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

fn observations() -> impl Strategy<Value = Observation> {
    prop_oneof![Just(Full), Just(Flexible), Just(Bandit)]
}

fn redraws() -> impl Strategy<Value = Redraw> {
    prop_oneof![Just(Redraw::Shrinking), Just(Redraw::Always)]
}

/// Whether the error names this parameter.
fn of(error: &Error, expected: &str) -> bool {
    matches!(error, Error::OutOfRange { name, .. } if *name == expected)
}

/// Losses that change twice.
fn segments(arms: usize) -> impl Strategy<Value = Segments> {
    let means = || prop::collection::vec(0.0..=1.0f64, arms);
    (1u64..20, 1u64..20, means(), means(), means()).prop_map(|(first, second, a, b, c)| {
        Segments::new(vec![(0, a), (first, b), (first + second, c)]).unwrap()
    })
}

proptest! {
    #![proptest_config(config(64))]

    /// The next arm has the law that the chain tells, for every way of observing and drawing.
    #[test]
    fn arms_follow_the_chain(observation in observations(), redraw in redraws(), arms in 1usize..5, rounds in prop::collection::vec(prop::collection::vec(0.0..=1.0f64, 5), 0..6), seed in any::<u32>()) {
        let mut policy = Batched::with(observation, redraw, arms, 0.4).unwrap();
        let mut last = None;
        for (index, losses) in rounds.iter().enumerate() {
            let arm = policy.choose(&(), &mut rng(u64::from(seed) + index as u64)).unwrap();
            let seen: Vec<_> = policy.asks().iter().map(|&arm| Revealed { arm, loss: losses[arm] }).collect();
            policy.observe(arm, &seen).unwrap();
            last = Some(arm);
        }
        let law: BTreeMap<usize, f64> = exact_law(|chance| policy.clone().choose_by(&(), chance).unwrap());
        let told: Vec<f64> = (0..arms).map(|to| policy.transition(last, to)).collect();
        prop_assert!((told.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        for (to, p) in told.iter().enumerate() {
            prop_assert!((law.get(&to).copied().unwrap_or(0.0) - p).abs() < 1e-12);
        }
    }

    /// What an epoch costs is what its rounds cost one by one.
    #[test]
    fn epochs_are_rounds(losses in segments(3), rounds in 1u64..60, share in 0.01..1.0f64, observation in observations(), seed in any::<u32>()) {
        let epochs = ((rounds as f64 * share) as u64).max(1);
        let game = Epochs::new(&losses, rounds, epochs).unwrap();
        let (count, length) = (game.count(), game.length());
        prop_assert!(count <= epochs && (count - 1) * length < rounds && rounds <= count * length);
        let mut game = Recorded::new(game);
        let mut policy = Batched::new(observation, 3, count).unwrap();
        let cost = play(&mut policy, &mut game, count, &mut rng(1), &mut rng(u64::from(seed))).unwrap();
        let arm_of = |round: u64| game.played()[(round / length) as usize];
        let paid: f64 = (0..rounds).map(|round| losses.mean(round, arm_of(round))).sum();
        let best = losses.total(0..rounds, losses.best_arm(0..rounds));
        let changes = (1..rounds).filter(|&round| arm_of(round) != arm_of(round - 1)).count();
        prop_assert!((cost - (paid - best + changes as f64)).abs() < 1e-9);
        prop_assert_eq!(game.game().switches(), changes as u64);
        let each = if observation == Full { 3 } else { 1 };
        prop_assert_eq!(game.game().asked(), each * count);
    }

    #[test]
    fn no_more_is_observed_than_the_budget(observation in observations(), arms in 1usize..6, rounds in 1u64..200, budget in 0u64..500) {
        match observation.epochs(arms, rounds, budget) {
            Ok(epochs) => {
                let each = if observation == Full { arms as u64 } else { 1 };
                prop_assert!(epochs >= 1 && epochs <= rounds && epochs * each <= budget);
            }
            Err(error) => {
                let least = if observation == Full { arms as u64 } else { 1 };
                prop_assert!(of(&error, "budget") && budget < least);
            }
        }
    }

    #[test]
    fn any_draws_give_legal_play(observation in observations(), redraw in redraws(), mut coins in HalfAdversarial::strategy(60), mut noise in HalfAdversarial::strategy(60)) {
        let losses = Segments::one_good_arm(4, 0.5).unwrap();
        let mut policy = Batched::with(observation, redraw, 4, 5.0).unwrap();
        let cost = play(&mut policy, &mut Epochs::new(&losses, 200, 50).unwrap(), 50, &mut noise, &mut coins).unwrap();
        prop_assert!((0.0..=149.0).contains(&cost));
        let mut policy = Batched::with(observation, redraw, 4, 5.0).unwrap();
        let cost = expected_cost(&mut policy, &mut Epochs::new(&losses, 200, 50).unwrap(), &mut noise, &mut coins).unwrap();
        prop_assert!((0.0..=149.0).contains(&cost));
    }

    #[test]
    fn bad_rates_are_refused(eta in awkward_f64(), observation in observations()) {
        let result = Batched::with(observation, Redraw::Always, 2, eta);
        prop_assert_eq!(result.is_ok(), eta >= 0.0 && eta.is_finite());
        prop_assert!(result.map_or_else(|error| of(&error, "eta"), |_| true));
    }
}

/// With full information and losses 0 and 1 the observations are certain, so that the chain gives the expectation.
#[test]
fn the_chain_is_the_enumeration() {
    for (index, losses) in binary_losses(2, 4).unwrap().iter().enumerate() {
        for redraw in [Redraw::Shrinking, Redraw::Always] {
            let policy = Batched::with(Full, redraw, 2, 0.6).unwrap();
            let game = Epochs::new(losses, 4, 4).unwrap();
            let exact = expected_regret(&policy, &game, 4, &mut rng(1)).unwrap();
            let chain =
                expected_cost(&mut policy.clone(), &mut game.clone(), &mut rng(1), &mut rng(2)).unwrap();
            assert!((exact - chain).abs() < 1e-12, "{chain} is not {exact} on sequence {index}");
        }
    }
}

/// Otherwise its mean over runs is the expectation.
#[test]
fn the_mean_of_the_chain_is_the_enumeration() {
    const RUNS: u64 = 4000;
    let losses = &binary_losses(2, 4).unwrap()[123];
    let game = Epochs::new(losses, 4, 4).unwrap();
    for (observation, redraw) in
        [(Flexible, Redraw::Shrinking), (Bandit, Redraw::Always), (Bandit, Redraw::Shrinking)]
    {
        let policy = Batched::with(observation, redraw, 2, 0.6).unwrap();
        let exact = expected_regret(&policy, &game, 4, &mut rng(1)).unwrap();
        let run = |seed| {
            expected_cost(&mut policy.clone(), &mut game.clone(), &mut rng(1), &mut rng(seed)).unwrap()
        };
        let costs: Vec<f64> = (0..RUNS).map(run).collect();
        let mean = costs.iter().sum::<f64>() / RUNS as f64;
        let variance = costs.iter().map(|cost| (cost - mean).powi(2)).sum::<f64>() / (RUNS - 1) as f64;
        let allowed = 5.0 * (variance / RUNS as f64).sqrt();
        assert!((mean - exact).abs() <= allowed, "{observation:?}: {mean} is not {exact} ± {allowed}");
    }
}

/// On a game of plain rounds it is the same policy: one epoch a round.
#[test]
fn it_plays_plain_rounds() {
    let losses = Segments::one_good_arm(3, 0.4).unwrap();
    for observation in [Full, Flexible, Bandit] {
        let mut policy = Batched::new(observation, 3, 2000).unwrap();
        let mut game = Adversary::new(&losses, Graph::edgeless(3).unwrap(), 2000).unwrap();
        let regret = play(&mut policy, &mut game, 2000, &mut rng(3), &mut rng(4)).unwrap();
        assert!(regret < 400.0, "{observation:?} loses {regret} of 800");
    }
}

#[test]
fn epochs_by_hand() {
    assert_eq!(Full.epochs(4, 100, 43), Ok(10));
    assert_eq!(Full.epochs(4, 100, 4000), Ok(100));
    assert_eq!(Flexible.epochs(4, 100, 43), Ok(43));
    // (2·2·ln 2)^(1/3)·1000^(2/3)/2^(2/3) = 88.5.
    assert_eq!(Bandit.epochs(2, 1000, 1000), Ok(89));
    assert_eq!(Bandit.epochs(2, 1000, 50), Ok(50));
    assert_eq!(Bandit.epochs(1, 1000, 1000), Ok(1));
    // The threshold is 2^(1/3)·1000^(2/3) = 125.99.
    assert_eq!(Observation::with_extra(2, 1000, 125), Ok((Bandit, 89)));
    assert_eq!(Observation::with_extra(2, 1000, 126), Ok((Flexible, 126)));
    assert_eq!(Observation::with_extra(2, 1000, 5000), Ok((Flexible, 1000)));
}

#[test]
fn bad_parameters_are_refused() {
    fn names<T>(result: Result<T>, expected: &str) {
        assert!(result.is_err_and(|error| of(&error, expected)), "{expected}");
    }
    let losses = Segments::one_good_arm(2, 0.4).unwrap();
    names(Epochs::new(&losses, 10, 0), "epochs");
    names(Epochs::new(&losses, 10, 11), "epochs");
    names(Full.epochs(4, 100, 3), "budget");
    names(Flexible.epochs(4, 100, 0), "budget");
    names(Full.epochs(0, 100, 3), "arms");
    names(Full.epochs(2, 0, 3), "rounds");
    names(Observation::with_extra(2, 0, 3), "rounds");
    names(Batched::new(Full, 0, 3), "arms");
    names(Batched::new(Full, 2, 0), "epochs");
    let mut policy = Batched::with(Bandit, Redraw::Always, 2, 0.1).unwrap();
    policy.choose(&(), &mut rng(1)).unwrap();
    names(policy.observe(2, &[]), "arm");
}

#[test]
fn the_last_epoch_may_be_short() {
    // Ten rounds in epochs of four: the last has two rounds, and its missing rounds cost nothing.
    let losses = Segments::stationary(vec![1.0, 0.0]).unwrap();
    let mut game = Recorded::new(Epochs::new(&losses, 10, 3).unwrap());
    let mut policy = Batched::with(Full, Redraw::Always, 2, 0.0).unwrap();
    let cost = play(&mut policy, &mut game, 3, &mut rng(1), &mut rng(9)).unwrap();
    let lengths = [4.0, 4.0, 2.0];
    let bad: f64 =
        game.played().iter().zip(lengths).filter(|(arm, _)| **arm == 0).map(|(_, length)| length).sum();
    assert_eq!(cost, bad + game.switches() as f64);
}
