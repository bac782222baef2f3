use proptest::prelude::*;
use ratebook::decoding::compute_optimal_search::{
    Choice, Configuration, Independent, PlantedTree, Rebase, Solutions, Vote, Width, cheapest_error, elect,
    search,
};
use ratebook::math::chance::{Chance, every_outcome, exact_law};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

fn solutions() -> impl Strategy<Value = Vec<(usize, f64)>> {
    let reward = prop_oneof![Just(0.0), Just(0.5), Just(1.0), 0.0..=1.0f64];
    prop::collection::vec((0..4_usize, reward), 1..20)
}

fn message<T: std::fmt::Debug>(result: ratebook::Result<T>) -> String {
    result.unwrap_err().to_string()
}

/// A tree whose solutions end at different depths and whose rewards are arbitrary.
struct Ragged;

impl Solutions for Ragged {
    type Node = Vec<usize>;

    fn root(&self) -> Self::Node {
        vec![]
    }

    fn step(&self, node: &Self::Node, chance: &mut dyn Chance) -> Self::Node {
        assert!(self.answer(node).is_none(), "a completed solution goes no further");
        let mut node = node.clone();
        node.push(chance.choose(&[1.0, 1.0, 2.0]));
        node
    }

    fn answer(&self, node: &Self::Node) -> Option<usize> {
        (node.last() == Some(&0) || node.len() > 6).then_some(node.len())
    }

    fn reward(&self, node: &Self::Node, _: &mut dyn Chance) -> f64 {
        node.iter().sum::<usize>() as f64 / 16.0
    }
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn widths_add_up_to_the_budget(rewards in prop::collection::vec(prop_oneof![Just(0.0), Just(1.0), 0.0..=1.0f64], 1..30), budget in 1..200usize, temperature in prop_oneof![Just(f64::MIN_POSITIVE), Just(0.1), Just(f64::MAX), 0.01..10.0f64]) {
        let mut widths = vec![];
        for width in [&Rebase::new(temperature).unwrap() as &dyn Width, &Independent] {
            width.widths(&rewards, budget, &mut widths);
            prop_assert_eq!(widths.len(), rewards.len());
            prop_assert_eq!(widths.iter().sum::<usize>(), budget);
        }
        // A better node never has fewer children, and each width is a rounding of its share.
        Rebase::new(temperature).unwrap().widths(&rewards, budget, &mut widths);
        let best = rewards.iter().copied().fold(0.0, f64::max);
        let weights: Vec<f64> = rewards.iter().map(|r| ((r - best) / temperature).exp()).collect();
        let total: f64 = weights.iter().sum();
        for (i, weight) in weights.iter().enumerate() {
            prop_assert!((widths[i] as f64 - budget as f64 * weight / total).abs() <= 1.0 + 1e-9);
            for j in 0..rewards.len() {
                prop_assert!(rewards[i] <= rewards[j] || widths[i] >= widths[j]);
            }
        }
    }

    #[test]
    fn hot_search_spreads_evenly(rewards in prop::collection::vec(0.0..=1.0f64, 1..20), times in 1..5usize) {
        let mut widths = vec![];
        Rebase::new(1e12).unwrap().widths(&rewards, times * rewards.len(), &mut widths);
        prop_assert!(widths.iter().all(|&width| width.abs_diff(times) <= 1));
    }

    #[test]
    fn a_search_returns_exactly_its_budget(budget in 1..40usize, mut chance in HalfAdversarial::strategy(60)) {
        for width in [&Rebase::new(0.1).unwrap() as &dyn Width, &Independent] {
            let found = search(&Ragged, width, budget, &mut chance).unwrap();
            prop_assert_eq!(found.len(), budget);
            prop_assert!(found.iter().all(|(length, _)| (1..=7).contains(length)));
        }
    }

    #[test]
    fn tallies_are_scores(counts in prop::collection::vec(0..4usize, 3), rewards in prop::collection::vec(0.0..=1.0f64, 3)) {
        prop_assume!(counts.iter().sum::<usize>() > 0);
        let solutions: Vec<_> = (0..3).flat_map(|y| vec![(y, rewards[y]); counts[y]]).collect();
        let mut tally = vec![0.0; 3];
        for vote in [Vote::Majority, Vote::Weighted, Vote::BestOf] {
            vote.tally(&counts, &rewards, &mut tally);
            for (a, b) in vote.scores(3, &solutions).unwrap().iter().zip(&tally) {
                prop_assert!((a - b).abs() < 1e-14);
            }
        }
    }

    /// Halving all rewards or reordering the solutions changes no score's rank.
    #[test]
    fn weighted_votes_have_no_scale(solutions in solutions()) {
        let law = |solutions: &[(usize, f64)]| exact_law(|chance| Vote::Weighted.elect(4, solutions, chance).unwrap());
        let halved: Vec<_> = solutions.iter().map(|&(answer, reward)| (answer, reward / 2.0)).collect();
        prop_assert_eq!(law(&solutions), law(&halved));
        let reversed: Vec<_> = solutions.iter().rev().copied().collect();
        let count = |s: &[(usize, f64)]| exact_law(|chance| Vote::Majority.elect(4, s, chance).unwrap());
        prop_assert_eq!(count(&solutions), count(&reversed));
    }

    #[test]
    fn constant_rewards_make_a_majority(solutions in solutions(), mut coins in HalfAdversarial::strategy(4)) {
        let same: Vec<_> = solutions.iter().map(|&(answer, _)| (answer, 0.5)).collect();
        let law = |vote: Vote| exact_law(|chance| vote.elect(4, &same, chance).unwrap());
        prop_assert_eq!(law(Vote::Weighted), law(Vote::Majority));
        let elected = Vote::BestOf.elect(4, &solutions, &mut coins).unwrap();
        let best = solutions.iter().map(|(_, reward)| *reward).fold(0.0, f64::max);
        prop_assert!(best == 0.0 || solutions.contains(&(elected, best)));
    }

    #[test]
    fn bad_input_is_named(value in awkward_f64()) {
        prop_assert_eq!(Rebase::new(value).is_ok(), value > 0.0 && value.is_finite());
        if !(0.0..=1.0).contains(&value) {
            prop_assert!(message(Vote::Weighted.scores(2, &[(0, value)])).starts_with("reward = "));
            prop_assert!(message(PlantedTree::new(3, value, 0.0)).starts_with("right = "));
            prop_assert!(message(PlantedTree::new(3, 0.5, value)).starts_with("deceived = "));
        }
        if !(value > 0.0 && value.is_finite()) {
            prop_assert!(message(Rebase::new(value)).starts_with("temperature = "));
            prop_assert!(message(cheapest_error(&[], value)).starts_with("budget = "));
        }
    }
}

#[test]
fn empty_and_impossible_votes_are_refused() {
    assert_eq!(message(Vote::Majority.scores(2, &[])), "solutions is empty");
    assert!(message(Vote::Majority.scores(2, &[(2, 1.0)])).starts_with("answer = 2"));
    assert!(message(PlantedTree::new(0, 0.5, 0.0)).starts_with("depth = 0"));
    let tree = PlantedTree::new(2, 0.5, 0.0).unwrap();
    assert!(message(search(&tree, &Independent, 0, &mut rng(1))).starts_with("budget = 0"));
}

/// The whole search, every coin enumerated, against the two formulas.
#[test]
fn the_search_itself_misses_as_often_as_the_formulas_say() {
    for (samples, depth) in [(1, 3), (2, 3), (3, 3), (4, 3), (3, 4), (2, 5)] {
        let tree = PlantedTree::new(depth, 0.5, 0.0).unwrap();
        let misses = |width: &dyn Width| {
            let mut missed = 0.0;
            every_outcome(
                |chance| search(&tree, width, samples, chance).unwrap(),
                |probability, found| {
                    missed += if found.iter().all(|(answer, _)| *answer == 1) { probability } else { 0.0 };
                },
            );
            missed
        };
        let (n, d) = (samples as i32, depth as i32);
        let searched = 1.0 - (1.0 - 0.5f64.powi(n)).powi(d);
        assert!((misses(&Rebase::new(0.1).unwrap()) - searched).abs() < 1e-12);
        assert!((misses(&Independent) - (1.0 - 0.5f64.powi(d)).powi(n)).abs() < 1e-12);
    }
}

/// A deceived reward model costs accuracy, an entirely wrong one nearly all.
#[test]
fn deception_hurts() {
    let right = |deceived: f64| {
        let tree = PlantedTree::new(8, 0.5, deceived).unwrap();
        let (mut rng, rebase) = (rng(5), Rebase::new(0.1).unwrap());
        let hit =
            |_: &i32| search(&tree, &rebase, 16, &mut rng).unwrap().iter().any(|(answer, _)| *answer == 0);
        (0..400).filter(hit).count()
    };
    let (little, more, all) = (right(0.1), right(0.3), right(1.0));
    assert!(little > 390 && (200..300).contains(&more) && all < 20, "{little} {more} {all}");
}

#[test]
fn a_majority_by_hand() {
    // Three samples of (0.6, 0.4): wrong when at least two are.
    let mut wrong = 0.0;
    every_outcome(
        |chance| {
            let solutions: Vec<_> = (0..3).map(|_| (chance.choose(&[0.6, 0.4]), 1.0)).collect();
            Vote::Majority.elect(2, &solutions, chance).unwrap()
        },
        |probability, answer| wrong += probability * answer as f64,
    );
    assert!((wrong - (3.0 * 0.16 * 0.6 + 0.064)).abs() < 1e-12);
    let mut tied = [2.0, 1.0, 2.0];
    elect(&mut tied);
    assert_eq!(tied, [0.5, 0.0, 0.5]);
}

#[test]
fn the_cheapest_error_by_hand() {
    // A small model with a floor of 0.2, a large one that is ten times dearer and starts at 0.25.
    let (small, large) = (|n: usize| 0.2 + 0.3 / n as f64, |n: usize| 0.25 / n as f64);
    let samples = [1, 2, 4, 8, 16];
    let configurations = [
        Configuration { cost: 1.0, samples: &samples, error: &small },
        Configuration { cost: 10.0, samples: &samples, error: &large },
    ];
    let chosen = |budget| cheapest_error(&configurations, budget).unwrap();
    assert_eq!(chosen(0.5), None);
    assert_eq!(chosen(9.0), Some(Choice { configuration: 0, samples: 8, error: 0.2 + 0.3 / 8.0 }));
    assert_eq!(chosen(21.0), Some(Choice { configuration: 1, samples: 2, error: 0.125 }));
    let broken = [Configuration { cost: 1.0, samples: &samples, error: &|_| f64::NAN }];
    assert!(message(cheapest_error(&broken, 5.0)).starts_with("error = "));
}
