//! Properties of `statistics::markov_chain` and of the chains it is tried on.

use proptest::prelude::*;
use ratebook::Error;
use ratebook::math::divergence::kullback_leibler;
use ratebook::statistics::baselines::{AddSquareRoot, Frequencies, Window};
use ratebook::statistics::instances::{EmbeddedPair, NextSymbol, Trajectory, TwoStateChain};
use ratebook::statistics::markov_chain::{AddConstant, AveragedAddOne, Hybrid, PlugIn, transition_matrix};
use ratebook::statistics::{Estimator, Experiment, RowRule, realised_loss};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

/// A trajectory over 2 to 5 symbols, of 2 to 40 states.
fn trajectory() -> impl Strategy<Value = Trajectory> {
    (2usize..=5).prop_flat_map(|symbols| {
        prop::collection::vec(0..symbols, 2..=40)
            .prop_map(move |states| Trajectory::new(states, symbols).unwrap())
    })
}

/// Every predictor of the module, by name, applied to one trajectory.
fn predictions(trajectory: &Trajectory) -> Vec<(&'static str, Vec<f64>)> {
    let mut rng = rng(0);
    let hybrid = Hybrid::new(trajectory.states().len().max(3)).unwrap();
    let mut all = vec![
        ("add-1/2", PlugIn(AddConstant::half()).estimate(trajectory, &mut rng).unwrap()),
        ("hybrid", PlugIn(hybrid).estimate(trajectory, &mut rng).unwrap()),
        ("averaged", AveragedAddOne.estimate(trajectory, &mut rng).unwrap()),
    ];
    all.push(("square root", PlugIn(AddSquareRoot).estimate(trajectory, &mut rng).unwrap()));
    all
}

/// The averaged rule from its definition: one plug-in prediction per suffix.
fn averaged_by_definition(trajectory: &Trajectory) -> Vec<f64> {
    let (states, n) = (trajectory.states(), trajectory.states().len());
    let mut average = vec![1.0 / (n as f64 * trajectory.symbols() as f64); trajectory.symbols()];
    for start in 0..n - 1 {
        let suffix = Trajectory::new(states[start..].to_vec(), trajectory.symbols()).unwrap();
        let row = PlugIn(AddConstant::one()).estimate(&suffix, &mut rng(0)).unwrap();
        for (sum, q) in average.iter_mut().zip(row) {
            *sum += q / n as f64;
        }
    }
    average
}

/// The exact risk by running through all trajectories of length n that start in state 0.
fn risk_by_enumeration(leave: f64, back: f64, n: usize, rule: &impl RowRule) -> f64 {
    let rows = [[1.0 - leave, leave], [back, 1.0 - back]];
    (0u32..1 << (n - 1))
        .map(|code| {
            let states: Vec<usize> =
                (0..n).map(|t| if t == 0 { 0 } else { (code >> (t - 1) & 1) as usize }).collect();
            let probability: f64 = states.windows(2).map(|step| rows[step[0]][step[1]]).product();
            let trajectory = Trajectory::new(states, 2).unwrap();
            let mut row = [0.0; 2];
            rule.row(trajectory.last(), &trajectory.counts_out_of(trajectory.last()), &mut row);
            probability * kullback_leibler(&rows[trajectory.last()], &row)
        })
        .sum()
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn predictions_are_positive_distributions(trajectory in trajectory()) {
        for (name, row) in predictions(&trajectory) {
            prop_assert!(row.iter().all(|&q| q > 0.0 && q < 1.0), "{name}: {row:?}");
            prop_assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{name}: {row:?}");
        }
    }

    #[test]
    fn rows_of_the_matrix_are_distributions(trajectory in trajectory()) {
        for rows in [
            transition_matrix(&AddConstant::half(), &trajectory),
            transition_matrix(&Frequencies, &trajectory),
        ] {
            prop_assert_eq!(rows.len(), trajectory.symbols());
            for (state, row) in rows.iter().enumerate() {
                prop_assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                if trajectory.counts_out_of(state).iter().all(|&count| count == 0) {
                    prop_assert!(row.iter().all(|&q| q == row[0]), "an unvisited row is uniform");
                }
            }
        }
    }

    #[test]
    fn relabelling_the_states_relabels_the_prediction(
        trajectory in trajectory(), shuffle in Just((0..5).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let symbols = trajectory.symbols();
        let map: Vec<usize> = shuffle.into_iter().filter(|&label| label < symbols).collect();
        let states = trajectory.states().iter().map(|&state| map[state]).collect();
        let relabelled = Trajectory::new(states, symbols).unwrap();
        for ((name, row), (_, moved)) in predictions(&trajectory).into_iter().zip(predictions(&relabelled)) {
            for (state, &q) in row.iter().enumerate() {
                prop_assert!((moved[map[state]] - q).abs() < 1e-12, "{name}");
            }
        }
    }

    #[test]
    fn the_averaged_rule_equals_its_definition(trajectory in trajectory()) {
        let fast = AveragedAddOne.estimate(&trajectory, &mut rng(0)).unwrap();
        for (a, b) in fast.iter().zip(averaged_by_definition(&trajectory)) {
            prop_assert!((a - b).abs() < 1e-12);
        }
    }

    #[test]
    fn what_happened_in_other_states_is_irrelevant_to_a_plug_in_row(
        trajectory in trajectory(), beta in 0.01f64..3.0,
    ) {
        // The last row of the estimated matrix is the prediction.
        let rule = AddConstant::new(beta).unwrap();
        let row = PlugIn(rule).estimate(&trajectory, &mut rng(0)).unwrap();
        prop_assert_eq!(&transition_matrix(&rule, &trajectory)[trajectory.last()], &row);
    }

    #[test]
    fn the_hybrid_rule_counts_transitions_of_the_whole_trajectory(
        states in prop::collection::vec(0usize..2, 3..=30),
    ) {
        // The published rule: add-1/ln n if there is at most one change of state, add-1 otherwise.
        let changes = states.windows(2).filter(|step| step[0] != step[1]).count();
        let n = states.len();
        let constant = if changes <= 1 { 1.0 / (n as f64).ln() } else { 1.0 };
        let trajectory = Trajectory::new(states, 2).unwrap();
        let expected = PlugIn(AddConstant::new(constant).unwrap()).estimate(&trajectory, &mut rng(0));
        let hybrid = PlugIn(Hybrid::new(n).unwrap()).estimate(&trajectory, &mut rng(0));
        prop_assert_eq!(hybrid, expected);
    }

    #[test]
    fn the_exact_risk_equals_the_sum_over_all_trajectories(
        leave in 0.001f64..0.999, back in 0.001f64..0.999, n in 2usize..=11, beta in 0.05f64..2.0,
    ) {
        let rule = AddConstant::new(beta).unwrap();
        let exact = TwoStateChain::new(leave, back).unwrap().prediction_risk(n as u64, &rule);
        let sum = risk_by_enumeration(leave, back, n, &rule);
        prop_assert!((exact - sum).abs() <= 1e-12 * (1.0 + sum), "{exact} {sum}");
    }

    #[test]
    fn the_classes_carry_all_the_probability(
        leave in -4.0f64..-0.05, back in -4.0f64..-0.05, n in 2u64..3_000,
    ) {
        let chain = TwoStateChain::new(10f64.powf(leave), 10f64.powf(back)).unwrap();
        let mass: f64 = (0..2)
            .flat_map(|last| (0..=n / 2).map(move |returns| (last, returns)))
            .map(|(last, returns)| chain.visit_classes(n, last, returns, |_, _| ()))
            .sum();
        prop_assert!((mass - 1.0).abs() < 1e-9, "{mass}");
    }

    #[test]
    fn a_draw_uses_only_possible_transitions(
        mut random in HalfAdversarial::strategy(20), n in 2usize..200,
    ) {
        let rows = vec![vec![0.0, 1.0, 0.0], vec![0.5, 0.0, 0.5], vec![0.0, 1.0, 0.0]];
        let walk = NextSymbol::new(vec![1.0, 0.0, 0.0], rows, n).unwrap();
        let (trajectory, truth) = walk.draw(&mut random);
        prop_assert_eq!(trajectory.states().len(), n);
        prop_assert_eq!(trajectory.states()[0], 0);
        prop_assert!(trajectory.states().windows(2).all(|step| walk.row(step[0])[step[1]] > 0.0));
        prop_assert_eq!(&truth[..], walk.row(trajectory.last()));
        prop_assert_eq!(walk.loss(&truth, &truth), 0.0);
        prop_assert!(realised_loss(&walk, &AveragedAddOne, &mut random, &mut rng(0)).unwrap() >= 0.0);
    }

    #[test]
    fn a_weighted_draw_is_a_possible_trajectory(
        mut random in HalfAdversarial::strategy(20), n in 3usize..100, switch in 0.0f64..=1.0,
    ) {
        let family = EmbeddedPair::new(n).unwrap();
        let chain = family.chain(switch).unwrap();
        let (trajectory, weight) = family.draw_weighted(switch, &mut random).unwrap();
        prop_assert_eq!(trajectory.states().len(), n);
        prop_assert!(trajectory.states().windows(2).all(|step| chain.row(step[0])[step[1]] > 0.0));
        prop_assert!(weight > 0.0 && weight <= 2.0);
    }

    #[test]
    fn bad_numbers_are_refused_by_name(x in awkward_f64()) {
        match AddConstant::new(x) {
            Ok(_) => prop_assert!(x > 0.0 && x.is_finite()),
            Err(error) => prop_assert!(error.to_string().starts_with("beta")),
        }
        match TwoStateChain::new(x, 0.5) {
            Ok(_) => prop_assert!(x > 0.0 && x < 1.0),
            Err(error) => prop_assert!(error.to_string().starts_with("leave")),
        }
        match EmbeddedPair::new(9).unwrap().chain(x) {
            Ok(_) => prop_assert!((0.0..=1.0).contains(&x)),
            Err(error) => prop_assert!(error.to_string().starts_with("switch")),
        }
    }
}

#[test]
fn sizes_are_refused_by_name() {
    let named = |error: Error, name: &str| assert!(error.to_string().starts_with(name), "{error}");
    named(Trajectory::new(vec![0], 2).unwrap_err(), "n = 1");
    named(Trajectory::new(vec![], 2).unwrap_err(), "n = 0");
    named(Trajectory::new(vec![0, 0], 1).unwrap_err(), "symbols = 1");
    named(Trajectory::new(vec![0, 3], 3).unwrap_err(), "state = 3");
    named(Hybrid::new(2).unwrap_err(), "n = 2");
    named(EmbeddedPair::new(2).unwrap_err(), "n = 2");
    named(Window::new(0, AveragedAddOne).unwrap_err(), "window = 0");
    let half = vec![0.5, 0.5];
    named(NextSymbol::new(half.clone(), vec![half.clone(); 2], 1).unwrap_err(), "n = 1");
    named(NextSymbol::new(half.clone(), vec![half.clone(); 3], 5).unwrap_err(), "rows");
    named(NextSymbol::new(half.clone(), vec![half.clone(), vec![0.5, 0.6]], 5).unwrap_err(), "row");
    named(NextSymbol::new(vec![1.0], vec![vec![1.0]], 5).unwrap_err(), "initial");
}

#[test]
fn the_smallest_trajectories() {
    // n = 2: one transition; the hybrid constant is 1/ln n.
    let moved = Trajectory::new(vec![0, 1], 2).unwrap();
    for (name, row) in predictions(&moved) {
        assert_eq!(row, [0.5, 0.5], "{name}: state 1 was never left");
    }
    let stayed = Trajectory::new(vec![0, 0, 0], 2).unwrap();
    let hybrid = PlugIn(Hybrid::new(3).unwrap()).estimate(&stayed, &mut rng(0)).unwrap();
    let c = 1.0 / 3f64.ln();
    assert!((hybrid[1] - c / (2.0 + 2.0 * c)).abs() < 1e-15);
}

#[test]
fn weighted_draws_have_the_law_of_plain_ones() {
    // n = 4: all 81 trajectories, against their probabilities under the stationary chain.
    let family = EmbeddedPair::new(4).unwrap();
    let chain = family.chain(0.3).unwrap();
    let code = |states: &[usize]| states.iter().fold(0, |code, state| 3 * code + state);
    let (draws, mut found, mut squares) = (400_000, [0.0; 81], [0.0; 81]);
    let mut random = rng(7);
    for _ in 0..draws {
        let (trajectory, weight) = family.draw_weighted(0.3, &mut random).unwrap();
        found[code(trajectory.states())] += weight;
        squares[code(trajectory.states())] += weight * weight;
    }
    for index in 0..81usize {
        let states = [index / 27, index / 9 % 3, index / 3 % 3, index % 3];
        let p = states.windows(2).fold(1.0 / 3.0, |p, step| p * chain.row(step[0])[step[1]]);
        let mean = found[index] / f64::from(draws);
        let se = (squares[index] / f64::from(draws) / f64::from(draws)).sqrt();
        assert!((mean - p).abs() < 5.0 * se + 1e-9, "{states:?}: {mean} {p}");
    }
}
