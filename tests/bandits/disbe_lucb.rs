//! Distributed batch elimination.

use proptest::prelude::*;
use ratebook::bandits::Actions;
use ratebook::bandits::agents::{LinearBandit, LinearPulls, Link};
use ratebook::bandits::disbe_lucb::{DisBeLucb, Elimination};
use ratebook::bandits::instances::{Contexts, Contextual};
use ratebook::{Error, Result};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

/// Decision sets of vectors in the unit ball, possibly repeated, zero, or not spanning the space.
fn sets(dim: usize) -> impl Strategy<Value = Vec<Actions>> {
    let entry = prop_oneof![Just(0.0), Just(0.5), -0.5..0.5f64];
    let set = (1usize..5).prop_flat_map(move |arms| prop::collection::vec(entry.clone(), arms * dim));
    prop::collection::vec(set.prop_map(move |entries| Actions::new(dim, entries).unwrap()), 1..4)
}

fn run(method: &DisBeLucb, bandit: &Contextual, budget: u64, seed: u64) -> Result<(Elimination, f64, Link)> {
    let (mut noise, mut coins, mut link) = (rng(seed), rng(seed + 1), Link::default());
    let mut pulls = LinearPulls::new(bandit, budget, &mut noise);
    let end = method.run(&mut pulls, &mut link, &mut coins)?;
    Ok((end, pulls.regret(), link))
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn batches_add_up(agents in 1usize..20, pairs in 1usize..5, rounds in 1u64..1_000_000_000_000, batches in 1u32..12) {
        let contexts = Contextual::paired(2 * pairs, 0.5, 1.0).unwrap().contexts().clone();
        let method = DisBeLucb::new(agents, contexts, 0.1).unwrap();
        let few = method.clone().in_batches(batches).unwrap().lengths(rounds);
        prop_assert!(few.len() <= batches as usize);
        for lengths in [method.lengths(rounds), few] {
            prop_assert_eq!(lengths.iter().sum::<u64>(), rounds);
            prop_assert!(lengths.iter().all(|&length| length > 0));
            // Batches grow, but for the last, which is cut.
            prop_assert!(lengths.len() < 3 || lengths[..lengths.len() - 1].is_sorted());
        }
        let ratio = (agents as u64 * rounds) as f64 / (2 * pairs) as f64;
        prop_assert!(ratio < 2.0 || method.lengths(rounds).len() as f64 <= ratio.log2().log2().ceil() + 2.0);
    }

    /// On any law, with any randomness: some action of every set is left, and the regret is finite.
    #[test]
    fn every_set_keeps_an_action(
        sets in sets(3),
        theta in prop::collection::vec(-0.5..0.5f64, 3),
        agents in 1usize..4,
        scale in 0.001..2.0f64,
        mut coins in HalfAdversarial::strategy(30),
        mut noise in HalfAdversarial::strategy(30),
    ) {
        let contexts = Contexts::uniform(sets).unwrap();
        let bandit = Contextual::new(contexts.clone(), theta, 1.0).unwrap();
        let method = DisBeLucb::new(agents, contexts, 0.1).unwrap().scaled(scale).unwrap();
        let budget = 30_000 * agents as u64;
        let mut link = Link::default();
        let mut pulls = LinearPulls::new(&bandit, budget, &mut noise);
        let end = method.run(&mut pulls, &mut link, &mut coins).unwrap();
        prop_assert!(end.survives.iter().all(|set| set.contains(&true)));
        prop_assert!(pulls.remaining() == 0 && pulls.regret().is_finite() && pulls.regret() >= 0.0);
        let shared = method.lengths(30_000).len() as u64 - 1;
        prop_assert_eq!(link.up().messages, shared * agents as u64);
        prop_assert_eq!((link.up().size, link.down()), (3 * shared * agents as u64, link.up()));
    }

    #[test]
    fn bad_parameters_are_refused(x in awkward_f64(), agents in 0usize..2) {
        let contexts = || Contextual::paired(2, 0.5, 1.0).unwrap().contexts().clone();
        prop_assert_eq!(DisBeLucb::new(agents, contexts(), x).is_ok(), agents > 0 && x > 0.0 && x < 1.0);
        let scaled = DisBeLucb::new(1, contexts(), 0.1).unwrap().scaled(x);
        prop_assert_eq!(scaled.is_ok(), x > 0.0 && x.is_finite());
        if let Ok(method) = scaled {
            let bandit = Contextual::paired(2, 0.5, 1.0).unwrap();
            prop_assert!(run(&method, &bandit, 1000, 1).is_ok());
        }
        prop_assert_eq!(Contextual::paired(2, x, 1.0).is_ok(), x >= 0.0 && x.is_finite());
        prop_assert_eq!(Contextual::paired(2, 0.5, x).is_ok(), x >= 0.0 && x.is_finite());
        let set = || Actions::new(1, vec![0.5, -1.0]).unwrap();
        prop_assert_eq!(Contexts::new(vec![set(), set()], vec![0.5, x]).is_ok(), x == 0.5);
        let long = Actions::new(1, vec![x]).and_then(|set| Contexts::uniform(vec![set]));
        prop_assert_eq!(long.is_ok(), x.abs() <= 1.0 + 1e-12);
    }
}

#[test]
fn shapes_are_checked() {
    let (flat, deep) = (Actions::new(1, vec![0.5]).unwrap(), Actions::new(2, vec![0.5, 0.5]).unwrap());
    assert!(Contexts::uniform(vec![]).is_err() && Contexts::new(vec![], vec![]).is_err());
    assert!(Contexts::uniform(vec![flat.clone(), deep.clone()]).is_err());
    assert!(Contexts::new(vec![flat.clone()], vec![0.5, 0.5]).is_err());
    let law = Contexts::uniform(vec![flat]).unwrap();
    assert!(Contextual::new(law.clone(), vec![0.5, 0.5], 1.0).is_err());
    assert!(Contextual::new(law.clone(), vec![f64::NAN], 1.0).is_err());
    assert!(Contextual::paired(3, 0.1, 1.0).is_err() && Contextual::paired(0, 0.1, 1.0).is_err());
    // A team that knows another law than the bandit's.
    let method = DisBeLucb::new(2, law, 0.1).unwrap();
    let bandit = Contextual::new(Contexts::uniform(vec![deep]).unwrap(), vec![0.1, 0.1], 1.0).unwrap();
    assert!(matches!(run(&method, &bandit, 1000, 1), Err(Error::Dimension { .. })));
    for batches in [0, 31] {
        assert!(method.clone().in_batches(batches).is_err());
    }
}

#[test]
fn too_few_rounds_are_refused() {
    let bandit = Contextual::paired(4, 0.5, 1.0).unwrap();
    let method = DisBeLucb::new(2, bandit.contexts().clone(), 0.1).unwrap();
    for budget in [0, 1, 7] {
        assert!(matches!(run(&method, &bandit, budget, 1), Err(Error::OutOfRange { name: "budget", .. })));
    }
    assert!(run(&method, &bandit, 8, 1).is_ok());
}

#[test]
fn the_parameters_are_those_of_the_paper() {
    let bandit = Contextual::paired(8, 0.5, 1.0).unwrap();
    let method = DisBeLucb::new(4, bandit.contexts().clone(), 0.1).unwrap();
    let lambda = 5.0 * (4.0 * 8.0 * 1e6 / 0.1f64).ln();
    assert!((method.lambda(1_000_000) / lambda - 1.0).abs() < 1e-12);
    let beta = 6.0 * (2.0 * 2.0 * 4.0 * 1e6 / 0.1f64).ln().sqrt() + lambda.sqrt();
    assert!((method.beta(1_000_000) / beta - 1.0).abs() < 1e-12);
    assert!((method.clone().scaled(0.25).unwrap().beta(1_000_000) / beta - 0.25).abs() < 1e-12);
    // NT/d = 2^16: M = 6 and a = √T·2^{16/62}; T = 2^17.
    let a = 2f64.powf(8.5 + 16.0 / 62.0);
    let first = (a * 2f64.sqrt()).ceil();
    let third = (a * first.sqrt()).floor();
    let fourth = (a * third.sqrt()).floor();
    let lengths = method.lengths(1 << 17);
    assert_eq!(lengths[..4].iter().map(|&x| x as f64).collect::<Vec<_>>(), [first, first, third, fourth]);
    assert_eq!(method.in_batches(1).unwrap().lengths(77), [77]);
}

/// Without noise and with many rounds only the best action of each pair is left, and regret stops.
#[test]
fn only_the_best_is_left() {
    let bandit = Contextual::paired(6, 0.5, 0.0).unwrap();
    let method = DisBeLucb::new(4, bandit.contexts().clone(), 0.1).unwrap();
    let (end, regret, _) = run(&method, &bandit, 1 << 44, 3).unwrap();
    assert_eq!(end.survives, vec![vec![false, true]; 3]);
    assert!(
        end.theta
            .iter()
            .zip([0.0, 0.5, 0.0, 0.5, 0.0, 0.5])
            .all(|(found, theta)| (found - theta).abs() < 0.01)
    );
    let (_, longer, _) = run(&method, &bandit, 1 << 46, 3).unwrap();
    assert!(longer < 4.0 * regret);
}

/// Batches of a law of contexts have the right number of rounds, of the right sets.
#[test]
fn offers_follow_the_law() {
    let set = |x: f64| Actions::new(1, vec![x]).unwrap();
    let law = Contexts::new(vec![set(0.1), set(0.2), set(0.3)], vec![0.2, 0.0, 0.8]).unwrap();
    let bandit = Contextual::new(law, vec![1.0], 1.0).unwrap();
    let offered = bandit.offer(1_000_000, &mut rng(1));
    assert_eq!(offered.iter().sum::<u64>(), 1_000_000);
    assert!(offered[1] == 0 && (offered[0] as f64 - 200_000.0).abs() < 6.0 * 400.0);
    assert_eq!(bandit.gap(0, &[0.1]), Some(0.0));
    assert_eq!((bandit.gap(0, &[0.2]), bandit.gap(3, &[0.1])), (None, None));
}
