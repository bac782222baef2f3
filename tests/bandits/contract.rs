//! What every policy of the area keeps, on every game that fits it: legal arms, the budget, the same seed the
//! same run, no preference for a label, bad feedback refused. A new policy is added to one of the lists.

use proptest::prelude::*;
use rand::Rng;
use ratebook::bandits::instances::{
    Adversary, Bernoulli, BetaQuantiles, Gaussian, Graph, Linear, Pareto, Pool, Rounds, Segments,
};
use ratebook::bandits::{Actions, Bandit, Game, Policy, Pulls, Revealed, play};
use ratebook::{Error, Result};
use ratebook_test_support::{HalfAdversarial, config, rng};

use super::policies::{on_actions, on_budgets, on_losses, on_pools, on_positive_rewards, on_rewards};

type RewardGame = Box<dyn Game<Context = (), Feedback = f64>>;
type LossGame = Box<dyn Game<Context = (), Feedback = [Revealed]>>;
type ActionGame = Box<dyn Game<Context = Actions, Feedback = f64>>;
type PoolGame = Box<dyn Game<Context = [usize], Feedback = f64>>;

/// Reward games with their best arm first; `relabel` moves it last.
fn reward_games(arms: usize, relabel: bool) -> Result<Vec<RewardGame>> {
    let order = |mut means: Vec<f64>| {
        if relabel {
            means.reverse();
        }
        means
    };
    let falling: Vec<f64> = (0..arms).map(|arm| 0.9 / (arm + 1) as f64).collect();
    Ok(vec![
        Box::new(Rounds::new(Bernoulli::new(order(falling.clone()))?)),
        Box::new(Rounds::new(Gaussian::new(order(falling), 0.5)?)),
        Box::new(Rounds::new(Bernoulli::new(vec![0.5; arms])?)),
    ])
}

/// Games with positive rewards and their best arm first; `relabel` moves it last.
fn positive_games(arms: usize, relabel: bool) -> Result<Vec<RewardGame>> {
    let mut laws: Vec<(f64, f64)> = (0..arms).map(|arm| (1.0, (arm + 2) as f64)).collect();
    if relabel {
        laws.reverse();
    }
    Ok(vec![
        Box::new(Rounds::new(Pareto::new(&laws)?)),
        Box::new(Rounds::new(Pareto::new(&vec![(2.0, 1.5); arms])?)),
    ])
}

/// Loss games with the same best arm in every round, first or (`relabel`) last.
fn loss_games(arms: usize, rounds: u64, graph: &Graph, relabel: bool) -> Result<Vec<LossGame>> {
    let mut means: Vec<f64> = (0..arms).map(|arm| 0.9 - 0.8 / (arm + 1) as f64).collect();
    if relabel {
        means.reverse();
    }
    let stationary = Segments::stationary(means.clone())?;
    let harder = means.iter().map(|mean| 0.5 + mean / 2.0).collect();
    let changing = Segments::new(vec![(0, means), (rounds / 2, harder)])?;
    Ok(vec![
        Box::new(Adversary::new(stationary, graph.clone(), rounds)?),
        Box::new(Adversary::new(changing, graph.clone(), rounds)?),
    ])
}

/// Linear games: pairs of basis vectors, one decision set of many actions, decoys with a misspecification. All announce
/// their noise.
fn action_games(dim: usize) -> Result<Vec<ActionGame>> {
    let scale = 1.0 / (dim as f64).sqrt();
    let corners = (0..1 << dim)
        .flat_map(|bits: usize| (0..dim).map(move |i| if bits >> i & 1 == 1 { scale } else { -scale }));
    let corners = Actions::new(dim, corners.collect())?;
    Ok(vec![
        Box::new(Linear::paired(dim, 0.25, 0.1)?.announcing(vec![0.1])?),
        Box::new(Linear::new(vec![0.5 * scale; dim], 0.1, vec![corners])?.announcing(vec![0.02, 0.1, 0.5])?),
        Box::new(Linear::decoys(dim, 0.1, 0.06, 0.3, 0.1, ROUNDS / 2)?.announcing(vec![0.1])?),
    ])
}

/// Pools of which all or some actions are offered.
fn pool_games(actions: usize) -> Result<Vec<PoolGame>> {
    let means: Vec<f64> = (0..actions).map(|i| 0.9 / (i + 1) as f64).collect();
    Ok(vec![
        Box::new(Pool::new(means.clone(), actions, 0.1)?),
        Box::new(Pool::new(means, actions.div_ceil(2), 0.1)?),
    ])
}

fn bandits(arms: usize, relabel: bool) -> Result<Vec<Box<dyn Bandit>>> {
    let mut means: Vec<f64> = (0..arms).map(|arm| 0.9 / (arm + 1) as f64).collect();
    if relabel {
        means.reverse();
    }
    Ok(vec![
        Box::new(Bernoulli::new(means.clone())?),
        Box::new(Gaussian::new(means, 0.5)?),
        Box::new(BetaQuantiles::new(arms)?),
    ])
}

const ARMS: usize = 4;
const ROUNDS: u64 = 64;

/// Always plays the arm of least regret, which only the judge can know.
fn oracle<C: ?Sized, F: ?Sized>(game: &mut dyn Game<Context = C, Feedback = F>) -> f64 {
    let mut noise = rng(1);
    let best = |game: &dyn Game<Context = C, Feedback = F>| {
        (0..game.arms()).map(|arm| game.regret(arm)).fold(f64::INFINITY, f64::min)
    };
    (0..ROUNDS)
        .map(|_| {
            game.open(&mut noise);
            best(game)
        })
        .sum()
}

#[test]
fn the_oracle_has_no_regret_and_nobody_has_less() {
    let games = reward_games(ARMS, false).unwrap().into_iter().chain(positive_games(ARMS, false).unwrap());
    for mut game in games {
        assert_eq!(oracle(game.as_mut()), 0.0);
    }
    for graph in [Graph::edgeless(ARMS), Graph::star(ARMS), Graph::complete(ARMS)] {
        for mut game in loss_games(ARMS, ROUNDS, &graph.unwrap(), false).unwrap() {
            assert_eq!(oracle(game.as_mut()), 0.0);
        }
    }
    for mut game in action_games(4).unwrap() {
        assert_eq!(oracle(game.as_mut()), 0.0);
    }
    for mut game in pool_games(ARMS).unwrap() {
        assert_eq!(oracle(game.as_mut()), 0.0);
    }
    for bandit in bandits(ARMS, false).unwrap() {
        assert_eq!((0..ARMS).map(|arm| bandit.gap(arm)).fold(f64::INFINITY, f64::min), 0.0);
    }
}

/// Plays twice with the same randomness: legal arms (or `play` fails), the same regret, never negative.
fn two_runs<C: ?Sized, F: ?Sized, R: Rng + Clone>(
    mut policies: [Box<dyn Policy<Context = C, Feedback = F>>; 2],
    mut games: [Box<dyn Game<Context = C, Feedback = F>>; 2],
    coins: &R,
) {
    let mut run = |index: usize| {
        let (mut noise, mut coins) = (rng(7), coins.clone());
        let (policy, game) = (policies[index].as_mut(), games[index].as_mut());
        play(policy, game, ROUNDS, &mut noise, &mut coins).expect("a legal run")
    };
    let regret = run(0);
    assert!(regret >= 0.0 && regret.is_finite(), "regret {regret}");
    assert_eq!(regret.to_bits(), run(1).to_bits(), "the same seed, another run");
}

proptest! {
    #![proptest_config(config(8))]

    #[test]
    fn every_policy_survives_every_game(arms in 1usize..6, coins in HalfAdversarial::strategy(30)) {
        for policy in 0..on_rewards(arms, ROUNDS).unwrap().len() {
            for game in 0..reward_games(arms, false).unwrap().len() {
                let policies = [(); 2].map(|()| on_rewards(arms, ROUNDS).unwrap().swap_remove(policy).1);
                let games = [(); 2].map(|()| reward_games(arms, false).unwrap().swap_remove(game));
                two_runs(policies, games, &coins);
            }
        }
        for policy in 0..on_positive_rewards(arms).unwrap().len() {
            for game in 0..positive_games(arms, false).unwrap().len() {
                let policies = [(); 2].map(|()| on_positive_rewards(arms).unwrap().swap_remove(policy).1);
                let games = [(); 2].map(|()| positive_games(arms, false).unwrap().swap_remove(game));
                two_runs(policies, games, &coins);
            }
        }
        for graph in [Graph::edgeless(arms), Graph::star(arms), Graph::complete(arms)] {
            let graph = graph.unwrap();
            for policy in 0..on_losses(&graph, ROUNDS).unwrap().len() {
                for game in 0..loss_games(arms, ROUNDS, &graph, false).unwrap().len() {
                    let policies = [(); 2].map(|()| on_losses(&graph, ROUNDS).unwrap().swap_remove(policy).1);
                    let games = [(); 2].map(|()| loss_games(arms, ROUNDS, &graph, false).unwrap().swap_remove(game));
                    two_runs(policies, games, &coins);
                }
            }
        }
        for policy in 0..on_pools(arms, ROUNDS).unwrap().len() {
            for game in 0..pool_games(arms).unwrap().len() {
                let policies = [(); 2].map(|()| on_pools(arms, ROUNDS).unwrap().swap_remove(policy).1);
                let games = [(); 2].map(|()| pool_games(arms).unwrap().swap_remove(game));
                two_runs(policies, games, &coins);
            }
        }
        for dim in [2, 4] {
            for policy in 0..on_actions(dim).unwrap().len() {
                for game in 0..action_games(dim).unwrap().len() {
                    let policies = [(); 2].map(|()| on_actions(dim).unwrap().swap_remove(policy).1);
                    let games = [(); 2].map(|()| action_games(dim).unwrap().swap_remove(game));
                    two_runs(policies, games, &coins);
                }
            }
        }
    }

    #[test]
    fn budgets_are_kept_or_refused(arms in 1usize..20, budget in 0u64..2000, coins in HalfAdversarial::strategy(30)) {
        for (_, policy) in on_budgets() {
            for bandit in bandits(arms, false).unwrap() {
                let (mut noise, mut coins) = (rng(7), coins.clone());
                let mut pulls = Pulls::new(bandit.as_ref(), budget, &mut noise);
                match policy.recommend(&mut pulls, &mut coins) {
                    Ok(arm) => prop_assert!(arm < arms),
                    Err(error) => prop_assert!(
                        matches!(error, Error::OutOfRange { name: "budget" | "arms" | "pulls", .. }),
                        "{}", error
                    ),
                }
                prop_assert!(pulls.remaining() <= budget && pulls.regret() >= 0.0);
            }
        }
    }
}

#[test]
fn rewards_that_are_not_finite_are_refused() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let refused = |result: Result<()>| {
            assert!(matches!(result, Err(Error::OutOfRange { name: "reward", .. })), "{result:?}");
        };
        let policies =
            on_rewards(ARMS, ROUNDS).unwrap().into_iter().chain(on_positive_rewards(ARMS).unwrap());
        for (_, mut policy) in policies {
            let arm = policy.choose(&(), &mut rng(3)).unwrap();
            refused(policy.observe(arm, &bad));
        }
        for (_, mut policy) in on_pools(ARMS, ROUNDS).unwrap() {
            let arm = policy.choose(&[0, 1], &mut rng(3)).unwrap();
            refused(policy.observe(arm, &bad));
        }
        let mut actions = Actions::new(2, vec![1.0, 0.0, 0.0, 1.0]).unwrap();
        actions.announce(0.1).unwrap();
        for (_, mut policy) in on_actions(2).unwrap() {
            let arm = policy.choose(&actions, &mut rng(3)).unwrap();
            refused(policy.observe(arm, &bad));
        }
    }
}

#[test]
fn losses_outside_the_unit_interval_are_refused() {
    for bad in [f64::NAN, f64::INFINITY, -0.1, 1.1] {
        for (_, mut policy) in on_losses(&Graph::edgeless(ARMS).unwrap(), ROUNDS).unwrap() {
            let arm = policy.choose(&(), &mut rng(3)).unwrap();
            let result = policy.observe(arm, &[Revealed { arm, loss: bad }]);
            assert!(matches!(result, Err(Error::OutOfRange { name: "loss", .. })), "{result:?}");
        }
    }
}

#[test]
fn nothing_to_play_is_refused() {
    assert!(on_rewards(0, ROUNDS).is_err() && on_positive_rewards(0).is_err() && on_actions(0).is_err());
    assert!(
        Graph::edgeless(0).is_err() && reward_games(0, false).is_err() && positive_games(0, false).is_err()
    );
    assert!(Actions::new(2, vec![]).is_err() && Actions::new(2, vec![1.0]).is_err());
}

/// The means of a run's regret over many seeds, with its standard error.
fn mean_regret(mut run: impl FnMut(u64) -> f64) -> (f64, f64) {
    const RUNS: u64 = 400;
    let regrets: Vec<f64> = (0..RUNS).map(&mut run).collect();
    let mean = regrets.iter().sum::<f64>() / RUNS as f64;
    let variance = regrets.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (RUNS - 1) as f64;
    (mean, (variance / RUNS as f64).sqrt())
}

/// No label is preferred: reversing the arms leaves the law of the regret alone. Six standard errors.
fn no_label_is_preferred(name: &str, mut run: impl FnMut(u64, bool) -> f64) {
    let (straight, error) = mean_regret(|seed| run(seed, false));
    let (reversed, other) = mean_regret(|seed| run(seed + 100_000, true));
    let allowed = 6.0 * error.hypot(other) + 1e-9;
    assert!((straight - reversed).abs() <= allowed, "{name}: {straight} against {reversed} ± {allowed}");
}

#[test]
fn relabelling_the_arms_relabels_the_law() {
    for policy in 0..on_rewards(ARMS, ROUNDS).unwrap().len() {
        for game in 0..reward_games(ARMS, false).unwrap().len() {
            no_label_is_preferred(&format!("reward policy {policy}, game {game}"), |seed, reversed| {
                let mut policy = on_rewards(ARMS, ROUNDS).unwrap().swap_remove(policy).1;
                let mut game = reward_games(ARMS, reversed).unwrap().swap_remove(game);
                play(policy.as_mut(), game.as_mut(), ROUNDS, &mut rng(2 * seed), &mut rng(2 * seed + 1))
                    .unwrap()
            });
        }
    }
    for policy in 0..on_positive_rewards(ARMS).unwrap().len() {
        for game in 0..positive_games(ARMS, false).unwrap().len() {
            no_label_is_preferred(
                &format!("positive reward policy {policy}, game {game}"),
                |seed, reversed| {
                    let mut policy = on_positive_rewards(ARMS).unwrap().swap_remove(policy).1;
                    let mut game = positive_games(ARMS, reversed).unwrap().swap_remove(game);
                    play(policy.as_mut(), game.as_mut(), ROUNDS, &mut rng(2 * seed), &mut rng(2 * seed + 1))
                        .unwrap()
                },
            );
        }
    }
    let graph = Graph::edgeless(ARMS).unwrap();
    for policy in 0..on_losses(&graph, ROUNDS).unwrap().len() {
        for game in 0..loss_games(ARMS, ROUNDS, &graph, false).unwrap().len() {
            no_label_is_preferred(&format!("loss policy {policy}, game {game}"), |seed, reversed| {
                let mut policy = on_losses(&graph, ROUNDS).unwrap().swap_remove(policy).1;
                let mut game = loss_games(ARMS, ROUNDS, &graph, reversed).unwrap().swap_remove(game);
                play(policy.as_mut(), game.as_mut(), ROUNDS, &mut rng(2 * seed), &mut rng(2 * seed + 1))
                    .unwrap()
            });
        }
    }
    const BUDGET: u64 = 256;
    for (_, policy) in on_budgets() {
        // The quantiles have a fixed order, so they are left out.
        for bandit in 0..2 {
            no_label_is_preferred(&format!("a fixed budget on bandit {bandit}"), |seed, reversed| {
                let bandit = bandits(ARMS, reversed).unwrap().swap_remove(bandit);
                let (mut noise, mut coins) = (rng(2 * seed), rng(2 * seed + 1));
                let mut pulls = Pulls::new(bandit.as_ref(), BUDGET, &mut noise);
                bandit.gap(policy.recommend(&mut pulls, &mut coins).unwrap())
            });
        }
    }
}
