//! Exact regret agrees with closed forms and with play.

use ratebook::bandits::baselines::Exp3;
use ratebook::bandits::instances::{Adversary, Graph, Segments};
use ratebook::bandits::play;
use ratebook::bandits::primitives::exact::{binary_losses, expected_regret, worst_regret};
use ratebook_test_support::rng;

#[test]
fn a_policy_that_never_learns_loses_half_of_every_difference() {
    // At η = 0 every arm is as likely as the other in every round, and the worst losses punish one of them always.
    let (policy, graph) = (Exp3::new(2, 0.0).unwrap(), Graph::edgeless(2).unwrap());
    for rounds in 1..=4 {
        let worst = worst_regret(&policy, &graph, rounds, &mut rng(1)).unwrap();
        assert!((worst - rounds as f64 / 2.0).abs() < 1e-12, "{worst} after {rounds} rounds");
    }
}

#[test]
fn two_rounds_by_hand() {
    // Losses (1, 0) twice. Round one costs 1/2; if arm 0 was played its estimate is 2, else nothing changes.
    let eta = 0.3_f64;
    let losses = Segments::stationary(vec![1.0, 0.0]).unwrap();
    let game = Adversary::new(&losses, Graph::edgeless(2).unwrap(), 2).unwrap();
    let regret = expected_regret(&Exp3::new(2, eta).unwrap(), &game, 2, &mut rng(1)).unwrap();
    let weight = (-2.0 * eta).exp();
    let by_hand = 0.5 + 0.5 * weight / (1.0 + weight) + 0.5 * 0.5;
    assert!((regret - by_hand).abs() < 1e-14, "{regret} is not {by_hand}");
}

#[test]
fn play_agrees_with_the_expectation() {
    const RUNS: u64 = 20_000;
    let losses = &binary_losses(3, 4).unwrap()[1234];
    let game = Adversary::new(losses, Graph::star(3).unwrap(), 4).unwrap();
    let policy = Exp3::new(3, 0.5).unwrap();
    let expected = expected_regret(&policy, &game, 4, &mut rng(1)).unwrap();
    let run = |seed| play(&mut policy.clone(), &mut game.clone(), 4, &mut rng(1), &mut rng(seed)).unwrap();
    let mean = (0..RUNS).map(run).sum::<f64>() / RUNS as f64;
    // Regrets lie in [-4, 4], so that a standard error is at most 4/√RUNS; five of them.
    assert!((mean - expected).abs() < 20.0 / (RUNS as f64).sqrt(), "{mean} is not {expected}");
}

#[test]
fn every_loss_sequence_once() {
    let all = binary_losses(2, 3).unwrap();
    assert_eq!(all.len(), 64);
    assert!(all.iter().enumerate().all(|(i, losses)| !all[..i].contains(losses)));
    assert!(binary_losses(0, 3).is_err() && binary_losses(2, 0).is_err());
}

#[test]
fn an_error_on_any_path_is_an_error() {
    // The policy has more arms than the game.
    let losses = Segments::stationary(vec![1.0, 0.0]).unwrap();
    let game = Adversary::new(&losses, Graph::edgeless(2).unwrap(), 1).unwrap();
    assert!(expected_regret(&Exp3::new(3, 0.1).unwrap(), &game, 1, &mut rng(1)).is_err());
}
