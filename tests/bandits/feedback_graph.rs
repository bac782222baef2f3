use std::collections::BTreeMap;

use proptest::prelude::*;
use ratebook::bandits::baselines::Exp3;
use ratebook::bandits::feedback_graph::complexity::{EXACT_UP_TO, Exploration, Subsets};
use ratebook::bandits::feedback_graph::{Exp3Ex, Rates};
use ratebook::bandits::instances::{Adversary, Graph, Segments};
use ratebook::bandits::primitives::exact::Choices;
use ratebook::bandits::{Policy, Revealed, play};
use ratebook::math::chance::exact_law;
use ratebook::{Error, Result};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

/// A graph on up to `largest` vertices: every edge with probability one half.
fn graphs(largest: usize) -> impl Strategy<Value = Graph> {
    (1..=largest).prop_flat_map(|arms| {
        let pairs: Vec<_> = (0..arms).flat_map(|a| (0..a).map(move |b| (a, b))).collect();
        prop::collection::vec(any::<bool>(), pairs.len()).prop_map(move |chosen| {
            let edges: Vec<_> = pairs.iter().zip(chosen).filter(|(_, c)| *c).map(|(&pair, _)| pair).collect();
            Graph::new(arms, &edges).unwrap()
        })
    })
}

/// A graph, some of its vertices, losses of all, and a few rounds of play with their losses.
type History = (Graph, Vec<usize>, Vec<f64>, Vec<(usize, f64)>);

fn histories() -> impl Strategy<Value = History> {
    graphs(7).prop_flat_map(|graph| {
        let arms = graph.arms();
        let exploration = prop::collection::vec(0..arms, 1..=arms);
        let losses = prop::collection::vec(0.0..=1.0f64, arms);
        let rounds = prop::collection::vec((0..arms, 0.0..=1.0f64), 0..6);
        (Just(graph), exploration, losses, rounds)
    })
}

fn reveal(graph: &Graph, arm: usize, loss: impl Fn(usize) -> f64) -> Vec<Revealed> {
    graph.closed(arm).iter().map(|&arm| Revealed { arm, loss: loss(arm) }).collect()
}

/// A policy that has seen a history, with γ = 1/4.
fn experienced(graph: &Graph, exploration: &[usize], rounds: &[(usize, f64)]) -> Exp3Ex {
    let rates = Rates { gamma: 0.25, eta: 0.2 };
    let mut policy = Exp3Ex::with_rates(graph.clone(), exploration, rates).unwrap();
    for &(arm, loss) in rounds {
        policy.observe(arm, &reveal(graph, arm, |other| loss / (other + 1) as f64)).unwrap();
    }
    policy
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_estimate_is_unbiased((graph, exploration, losses, rounds) in histories()) {
        let policy = experienced(&graph, &exploration, &rounds);
        let mut expected = vec![0.0; graph.arms()];
        for arm in 0..graph.arms() {
            let mut after = policy.clone();
            after.observe(arm, &reveal(&graph, arm, |other| losses[other])).unwrap();
            for (other, sum) in expected.iter_mut().enumerate() {
                *sum += policy.probability(arm) * (after.losses()[other] - policy.losses()[other]);
            }
        }
        for (sum, loss) in expected.iter().zip(&losses) {
            prop_assert!((sum - loss).abs() < 1e-9, "{sum} is not {loss}");
        }
    }

    #[test]
    fn it_plays_from_the_law_it_tells((graph, exploration, _, rounds) in histories()) {
        let mut policy = experienced(&graph, &exploration, &rounds);
        let law: BTreeMap<usize, f64> = exact_law(|chance| policy.choose_by(&(), chance).unwrap());
        let policy = experienced(&graph, &exploration, &rounds);
        let told: Vec<f64> = (0..graph.arms()).map(|arm| policy.probability(arm)).collect();
        prop_assert!((told.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        for (arm, p) in told.iter().enumerate() {
            prop_assert!((law.get(&arm).copied().unwrap_or(0.0) - p).abs() < 1e-12);
            let revealed: f64 = graph.closed(arm).iter().map(|&other| told[other]).sum();
            prop_assert!((policy.reveal_probability(arm) - revealed).abs() < 1e-12);
        }
    }

    /// The lemma behind the theorem, without exploration: Σ p(i)/P(i) ≤ α.
    #[test]
    fn the_variance_is_at_most_the_independence_number(graph in graphs(9), rounds in prop::collection::vec((any::<prop::sample::Index>(), 0.0..=1.0f64), 0..9)) {
        let mut policy = Exp3Ex::with_rates(graph.clone(), &[], Rates { gamma: 0.0, eta: 0.7 }).unwrap();
        for (arm, loss) in rounds {
            let arm = arm.index(graph.arms());
            if policy.probability(arm) < 1e-6 {
                continue;
            }
            policy.observe(arm, &reveal(&graph, arm, |_| loss)).unwrap();
        }
        let played = (0..graph.arms()).filter(|&arm| policy.probability(arm) > 0.0);
        let variance: f64 =
            played.map(|arm| policy.probability(arm) / policy.reveal_probability(arm)).sum();
        let subsets = Subsets::new(&graph).unwrap();
        prop_assert!(variance <= subsets.independence(subsets.count() - 1) as f64 + 1e-9);
    }

    /// Numbers of every subset against their definitions.
    #[test]
    fn numbers_of_subsets_by_search(graph in graphs(7), set in any::<u32>()) {
        let subsets = Subsets::new(&graph).unwrap();
        let set = set % subsets.count();
        let adjacent = |a: usize, b: usize| graph.closed(a).contains(&b);
        let members = |set: u32| (0..graph.arms()).filter(move |arm| set >> arm & 1 == 1);
        let independent = |part: u32| members(part).all(|a| members(part).all(|b| a == b || !adjacent(a, b)));
        let covers = |by: u32| members(set).all(|a| members(by).any(|b| adjacent(a, b)));
        let sets = || 0..subsets.count();
        let largest = sets().filter(|&part| part & !set == 0 && independent(part)).map(u32::count_ones).max();
        let smallest = sets().filter(|&by| covers(by)).map(u32::count_ones).min();
        prop_assert_eq!(Some(subsets.independence(set) as u32), largest);
        prop_assert_eq!(Some(subsets.domination(set) as u32), smallest);
        let dominated: u32 = members(set).flat_map(|arm| graph.closed(arm)).fold(0, |mask, &arm| mask | 1 << arm);
        prop_assert_eq!(subsets.dominated(set), dominated);
    }

    #[test]
    fn no_other_exploration_is_cheaper(graph in graphs(8), set in any::<u8>(), horizon in 1.0..1e4f64) {
        let best = Exploration::best(&graph, horizon).unwrap();
        let other: Vec<usize> = (0..graph.arms()).filter(|arm| set >> arm & 1 == 1).collect();
        let other = Exploration::given(&graph, &other).unwrap();
        prop_assert!(best.complexity(horizon) <= other.complexity(horizon));
        prop_assert_eq!(Exploration::given(&graph, &best.set).unwrap(), best);
    }

    #[test]
    fn relabelling_leaves_the_complexity(graph in graphs(8), horizon in 1.0..1e4f64) {
        let last = graph.arms() - 1;
        let edges: Vec<_> = (0..=last).flat_map(|a| graph.closed(a).iter().map(move |&b| (last - a, last - b))).collect();
        let mirrored = Graph::new(last + 1, &edges).unwrap();
        let price = |graph: &Graph| Exploration::best(graph, horizon).unwrap().complexity(horizon);
        prop_assert_eq!(price(&graph), price(&mirrored));
    }

    /// Without edges nothing is explored, and Exp3 with the same rate plays the same rounds.
    #[test]
    fn without_edges_it_is_exp3(arms in 1usize..20, horizon in 50u64..200, seed in any::<u32>()) {
        let graph = Graph::edgeless(arms).unwrap();
        let mut ours = Exp3Ex::new(graph.clone(), horizon as f64).unwrap();
        prop_assert!(ours.exploration().is_empty());
        let mut theirs = Exp3::tuned(arms, horizon as f64).unwrap();
        let losses = Segments::one_good_arm(arms, 0.25).unwrap();
        let mut game = Adversary::new(losses, graph, horizon).unwrap();
        let mut again = game.clone();
        let (mut noise, mut coins) = (rng(u64::from(seed)), rng(u64::from(seed) + 1));
        let regret = play(&mut ours, &mut game, horizon, &mut noise, &mut coins).unwrap();
        let (mut noise, mut coins) = (rng(u64::from(seed)), rng(u64::from(seed) + 1));
        prop_assert_eq!(regret, play(&mut theirs, &mut again, horizon, &mut noise, &mut coins).unwrap());
    }

    #[test]
    fn any_draws_give_legal_play((graph, exploration, _, _) in histories(), mut coins in HalfAdversarial::strategy(60), mut noise in HalfAdversarial::strategy(60)) {
        let losses = Segments::one_good_arm(graph.arms(), 0.5).unwrap();
        for gamma in [0.01, 1.0] {
            let rates = Rates { gamma, eta: 5.0 };
            let mut policy = Exp3Ex::with_rates(graph.clone(), &exploration, rates).unwrap();
            let mut game = Adversary::new(&losses, graph.clone(), 100).unwrap();
            let regret = play(&mut policy, &mut game, 100, &mut noise, &mut coins).unwrap();
            prop_assert!((0.0..=50.0).contains(&regret));
        }
    }

    #[test]
    fn bad_parameters_are_refused(value in awkward_f64()) {
        let graph = Graph::star(4).unwrap();
        let judged = |result: Result<Exp3Ex>, legal: bool, expected: &str| match result {
            Ok(_) => legal,
            Err(Error::OutOfRange { name, .. }) => !legal && name == expected,
            Err(_) => false,
        };
        let with = |gamma, eta| Exp3Ex::with_rates(graph.clone(), &[0], Rates { gamma, eta });
        let finite = value.is_finite();
        prop_assert!(judged(Exp3Ex::new(graph.clone(), value), finite && value >= 1.0, "horizon"));
        prop_assert!(judged(with(value, 0.1), (0.0..=1.0).contains(&value), "gamma"));
        prop_assert!(judged(with(0.1, value), finite && value >= 0.0, "eta"));
    }
}

#[test]
fn the_exploration_set_follows_the_horizon() {
    let star = Graph::star(9).unwrap();
    // α = 8 leaves: T^(2/3) is less than √(8T) until T = 512.
    assert_eq!(Exploration::best(&star, 500.0).unwrap(), Exploration { set: vec![0], independence: 0 });
    assert_eq!(Exploration::best(&star, 520.0).unwrap(), Exploration { set: vec![], independence: 8 });
    // One vertex is enough for exploring everything, but it never pays.
    for horizon in [1.0, 10.0, 1e6] {
        assert_eq!(Exploration::best(&Graph::complete(6).unwrap(), horizon).unwrap().set.len(), 0);
        assert_eq!(Exploration::best(&Graph::edgeless(14).unwrap(), 1e6).unwrap().set.len(), 0);
    }
}

/// Above the size at which every subset is tried: closed forms.
#[test]
fn large_graphs_with_a_known_answer() {
    let arms = EXACT_UP_TO + 26;
    assert!(Subsets::new(&Graph::edgeless(arms).unwrap()).is_err());
    let best = |graph: Result<Graph>, horizon: f64| Exploration::best(&graph.unwrap(), horizon).unwrap();
    let (none, all) =
        (Exploration { set: vec![], independence: 1 }, Exploration { set: vec![], independence: arms });
    assert_eq!(best(Graph::complete(arms), 100.0), none);
    assert_eq!(best(Graph::edgeless(arms), 1e6), all);
    assert_eq!(best(Graph::star(arms), 100.0), Exploration { set: vec![0], independence: 0 });
    assert_eq!(best(Graph::star(arms), 1e6), Exploration { set: vec![], independence: arms - 1 });
    // Four stars of nine leaves each: four centres, or all leaves.
    let edges: Vec<_> = (0..4).flat_map(|s| (1..10).map(move |leaf| (10 * s, 10 * s + leaf))).collect();
    let centres = Exploration { set: vec![0, 10, 20, 30], independence: 0 };
    assert_eq!(best(Graph::new(40, &edges), 200.0), centres);
    assert_eq!(best(Graph::new(40, &edges), 1e6), Exploration { set: vec![], independence: 36 });
}

#[test]
fn losses_off_the_neighbourhood_are_ignored() {
    let graph = Graph::new(3, &[(0, 1)]).unwrap();
    let mut policy = Exp3Ex::with_rates(graph, &[], Rates { gamma: 0.0, eta: 0.1 }).unwrap();
    let all: Vec<_> = (0..3).map(|arm| Revealed { arm, loss: 0.5 }).collect();
    policy.observe(0, &all).unwrap();
    assert_eq!(policy.losses(), [0.75, 0.75, 0.0]);
    assert!(matches!(policy.observe(3, &all), Err(Error::OutOfRange { name: "arm", .. })));
    let mut explorer =
        Exp3Ex::with_rates(Graph::edgeless(3).unwrap(), &[0], Rates { gamma: 1.0, eta: 0.1 }).unwrap();
    assert!(matches!(explorer.observe(1, &all), Err(Error::OutOfRange { name: "arm", .. })));
    let bad = [Revealed { arm: 0, loss: 0.5 }, Revealed { arm: 1, loss: f64::NAN }];
    assert!(policy.observe(0, &bad).is_err());
    assert_eq!(policy.losses(), [0.75, 0.75, 0.0], "a refused observation changes nothing");
}

#[test]
fn explorations_that_are_no_vertices_are_refused() {
    let graph = Graph::star(4).unwrap();
    let refused = |result: Result<Exp3Ex>, expected: &str| {
        assert!(matches!(result, Err(Error::OutOfRange { name, .. }) if name == expected));
    };
    let rates = Rates { gamma: 0.1, eta: 0.1 };
    refused(Exp3Ex::with_rates(graph.clone(), &[4], rates), "exploration");
    refused(Exp3Ex::with_rates(graph.clone(), &[], rates), "gamma");
    let other = Exploration { set: vec![7], independence: 0 };
    refused(Exp3Ex::exploring(graph, 10.0, &other), "exploration");
    assert_eq!(Exp3Ex::new(Graph::star(1).unwrap(), 1.0).unwrap().probability(0), 1.0);
}
