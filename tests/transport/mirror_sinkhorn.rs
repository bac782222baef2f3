//! Mirror Sinkhorn against a plain transcription, its potential step by step, and bad input.

use nalgebra::{DMatrix, dmatrix};
use proptest::prelude::*;
use ratebook::Error;
use ratebook::transport::instances::{LinearCost, SquaredDistance};
use ratebook::transport::mirror_sinkhorn::{MirrorSinkhorn, solve_linear};
use ratebook::transport::{Method, Objective, Polytope, minimise};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

use super::instances::{matrix, polytope, polytope_and_matrix};

/// A polytope and a sequence of gradients in [0, 1].
fn game(rounds: usize) -> impl Strategy<Value = (Polytope, Vec<DMatrix<f64>>)> {
    polytope().prop_flat_map(move |polytope| {
        let (m, n) = polytope.product().shape();
        (Just(polytope), prop::collection::vec(matrix(m, n), 1..rounds))
    })
}

/// The box, on the values themselves: the couplings X₁, …, X_{T+1}.
fn transcribe(
    polytope: &Polytope,
    gradients: &[DMatrix<f64>],
    gamma: impl Fn(usize) -> f64,
) -> Vec<DMatrix<f64>> {
    let mut played = vec![polytope.rows() * polytope.columns().transpose()];
    for (index, gradient) in gradients.iter().enumerate() {
        let t = index + 1;
        let mut y = played[index].zip_map(gradient, |x, g| x * (-gamma(t) * g).exp());
        if t % 2 == 0 {
            for i in 0..y.nrows() {
                let sum = y.row(i).sum();
                y.row_mut(i).scale_mut(polytope.rows()[i] / sum);
            }
        } else {
            for j in 0..y.ncols() {
                let sum = y.column(j).sum();
                y.column_mut(j).scale_mut(polytope.columns()[j] / sum);
            }
        }
        played.push(y);
    }
    played
}

/// Relative entropy, with 0·ln 0 = 0.
fn relative_entropy(x: &DMatrix<f64>, y: &DMatrix<f64>) -> f64 {
    x.iter().zip(y.iter()).filter(|&(&x, _)| x > 0.0).map(|(x, y)| x * (x / y).ln()).sum()
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn equals_the_transcription_of_its_box((polytope, gradients) in game(20), anytime: bool) {
        let rounds = gradients.len();
        let step = |t: usize| {
            let horizon = if anytime { t } else { rounds } as f64;
            (2.0 * polytope.largest_information() / horizon).sqrt()
        };
        let method = if anytime { MirrorSinkhorn::anytime() } else { MirrorSinkhorn::for_horizon() };
        let plain = transcribe(&polytope, &gradients, step);
        let mut learner = method.start(&polytope, 1.0, rounds).unwrap();
        prop_assert_eq!(learner.answer(), polytope.product());
        for (t, gradient) in gradients.iter().enumerate() {
            prop_assert!((learner.coupling() - &plain[t]).amax() < 1e-9);
            learner.observe(gradient).unwrap();
        }
        prop_assert!((learner.coupling() - &plain[rounds]).amax() < 1e-9);
        let weights: f64 = (1..=rounds).map(step).sum();
        if weights > 0.0 {
            let average = (0..rounds).fold(polytope.product() * 0.0, |sum, t| sum + &plain[t] * (step(t + 1) / weights));
            prop_assert!((learner.answer() - average).amax() < 1e-9);
        } else {
            prop_assert!((learner.answer() - polytope.product()).amax() < 1e-12);
        }
    }

    #[test]
    fn the_marginal_repaired_last_is_exact_and_everything_stays_positive((polytope, gradients) in game(20)) {
        let mut learner = MirrorSinkhorn::constant(2.0).unwrap().start(&polytope, 1.0, gradients.len()).unwrap();
        for (index, gradient) in gradients.iter().enumerate() {
            learner.observe(gradient).unwrap();
            let x = learner.coupling();
            let error = if (index + 1) % 2 == 0 {
                (x.column_sum() - polytope.rows()).amax()
            } else {
                (x.row_sum_tr() - polytope.columns()).amax()
            };
            prop_assert!(error < 1e-12);
            prop_assert!(x.min() > 0.0);
            prop_assert!((x.sum() - 1.0).abs() < 1e-12);
        }
    }

    /// The proof, one round at a time: γ⟨G, X_t − X⟩ ≤ KL(X, X_t) − KL(X, X_{t+1}) + γ²B²/2.
    #[test]
    fn the_potential_pays_for_every_round(
        (polytope, gradients) in game(12),
        rival in matrix(5, 5),
        gamma in 0.01..3.0_f64,
    ) {
        let (m, n) = polytope.product().shape();
        let rival = polytope.round(&rival.view((0, 0), (m, n)).into_owned()).unwrap();
        let mut learner = MirrorSinkhorn::constant(gamma).unwrap().start(&polytope, 1.0, 1).unwrap();
        prop_assert!(relative_entropy(&rival, learner.coupling()) <= polytope.largest_information() + 1e-12);
        for gradient in &gradients {
            let before = relative_entropy(&rival, learner.coupling());
            let lead = gamma * gradient.dot(&(learner.coupling() - &rival));
            learner.observe(gradient).unwrap();
            let after = relative_entropy(&rival, learner.coupling());
            prop_assert!(lead <= before - after + gamma * gamma / 2.0 + 1e-9);
        }
    }

    #[test]
    fn a_fixed_cost_needs_no_logarithms((polytope, cost) in polytope_and_matrix(), rounds in 1..200_usize) {
        let fast = solve_linear(&polytope, &cost, rounds).unwrap();
        prop_assert!((fast.sum() - 1.0).abs() < 1e-9);
        let range = cost.max() - cost.min();
        if range > 0.0 {
            let mut learner = MirrorSinkhorn::for_horizon().start(&polytope, range, rounds).unwrap();
            (0..rounds).for_each(|_| learner.observe(&cost).unwrap());
            prop_assert!((learner.answer() - fast).amax() < 1e-9);
        } else {
            prop_assert!((polytope.product() - fast).amax() < 1e-12);
        }
    }

    #[test]
    fn a_constant_added_to_the_gradient_changes_nothing(
        (polytope, gradients) in game(20),
        shift in prop_oneof![-5.0..5.0_f64, Just(64.0), Just(-1024.0)],
    ) {
        let play = |shift: f64| {
            let mut learner = MirrorSinkhorn::for_horizon().start(&polytope, 1.0, gradients.len()).unwrap();
            gradients.iter().for_each(|gradient| learner.observe(&gradient.add_scalar(shift)).unwrap());
            learner.coupling().clone()
        };
        prop_assert!((play(shift) - play(0.0)).amax() < 1e-12);
    }

    #[test]
    fn does_not_see_the_unit_of_the_cost((polytope, cost) in polytope_and_matrix(), binary in prop_oneof![-1000..1000_i32, Just(-1022)]) {
        let unit = 2.0_f64.powi(binary);
        let play = |unit: f64| {
            let mut learner = MirrorSinkhorn::for_horizon().start(&polytope, unit, 10).unwrap();
            (0..10).for_each(|_| learner.observe(&(&cost * unit)).unwrap());
            learner.answer()
        };
        prop_assert!((play(unit) - play(1.0)).amax() < 1e-9);
    }

    #[test]
    fn equivariant_under_permutations_of_the_atoms(
        cost in matrix(4, 4),
        row_order in Just(vec![0, 1, 2, 3]).prop_shuffle(),
        column_order in Just(vec![0, 1, 2, 3]).prop_shuffle(),
    ) {
        let polytope = Polytope::uniform(4, 4).unwrap();
        let permute = |x: &DMatrix<f64>| DMatrix::from_fn(4, 4, |i, j| x[(row_order[i], column_order[j])]);
        let plain = solve_linear(&polytope, &cost, 31).unwrap();
        let permuted = solve_linear(&polytope, &permute(&cost), 31).unwrap();
        prop_assert!((permuted - permute(&plain)).amax() < 1e-12);
    }

    #[test]
    fn survives_adversarial_coins(cost in matrix(3, 3), mut noise in HalfAdversarial::strategy(30)) {
        let objective = LinearCost::uniform(cost).unwrap().with_coin_gradients();
        let average = minimise(&MirrorSinkhorn::anytime(), &objective, 12, &mut noise).unwrap();
        prop_assert!(average.iter().all(|x| x.is_finite() && *x >= 0.0));
        let rounded = objective.polytope().round(&average).unwrap();
        prop_assert!(objective.value(&rounded) >= objective.minimum() - 1e-12);
    }

    #[test]
    fn awkward_gradients_are_refused_or_harmless(entries in prop::collection::vec(awkward_f64(), 4), range in awkward_f64()) {
        let polytope = Polytope::uniform(2, 2).unwrap();
        let started = MirrorSinkhorn::for_horizon().start(&polytope, range, 5);
        if !(range > 0.0 && range.is_finite()) {
            prop_assert!(started.err().unwrap().to_string().starts_with("range"));
            return Ok(());
        }
        let mut learner = started.unwrap();
        let gradient = DMatrix::from_vec(2, 2, entries);
        let before = (learner.coupling().clone(), learner.answer());
        if let Err(error) = learner.observe(&gradient) {
            prop_assert!(error.to_string().starts_with("gradient"));
            prop_assert_eq!((learner.coupling().clone(), learner.answer()), before);
        } else {
            prop_assert!(learner.coupling().iter().all(|x| x.is_finite()));
            prop_assert!((learner.coupling().row_sum_tr() - polytope.columns()).amax() < 1e-12);
        }
        if let Ok(average) = solve_linear(&polytope, &gradient, 3) {
            prop_assert!(average.iter().all(|x| x.is_finite()));
        }
    }

    #[test]
    fn bad_parameters_are_named(value in awkward_f64()) {
        if !(value > 0.0 && value.is_finite()) {
            prop_assert!(MirrorSinkhorn::constant(value).unwrap_err().to_string().starts_with("gamma"));
            prop_assert!(MirrorSinkhorn::anytime().scaled(value).unwrap_err().to_string().starts_with("factor"));
        }
    }
}

#[test]
fn an_entry_comes_back_from_below_the_smallest_float() {
    let polytope = Polytope::uniform(2, 2).unwrap();
    let mut learner = MirrorSinkhorn::constant(1.0).unwrap().start(&polytope, 1.0, 1).unwrap();
    let (stay, swap) = (dmatrix![0.0, 1.0; 1.0, 0.0], dmatrix![1.0, 0.0; 0.0, 1.0]);
    (0..2000).for_each(|_| learner.observe(&stay).unwrap());
    assert_eq!(learner.coupling()[(0, 1)], 0.0);
    (0..2050).for_each(|_| learner.observe(&swap).unwrap());
    assert!(learner.coupling()[(0, 1)] > 0.49);
}

#[test]
fn a_single_row_leaves_no_choice() {
    let polytope = Polytope::uniform(1, 3).unwrap();
    assert_eq!(polytope.largest_information(), 0.0);
    let mut learner = MirrorSinkhorn::for_horizon().start(&polytope, 1.0, 4).unwrap();
    (0..4).for_each(|_| learner.observe(&dmatrix![0.0, 1.0, 0.5]).unwrap());
    assert!((learner.answer() - polytope.product()).amax() < 1e-15);
}

#[test]
fn a_larger_gradient_than_promised_is_refused() {
    let polytope = Polytope::uniform(2, 2).unwrap();
    let mut learner = MirrorSinkhorn::for_horizon().start(&polytope, 1.0, 4).unwrap();
    let error = learner.observe(&dmatrix![0.0, 1.5; 0.0, 0.0]).unwrap_err();
    assert!(matches!(error, Error::OutOfRange { name: "gradient", value: 1.5, .. }));
    let error = learner.observe(&DMatrix::zeros(3, 2)).unwrap_err();
    assert_eq!(error, Error::Dimension { name: "gradient", expected: 2, found: 3 });
    assert!(
        MirrorSinkhorn::for_horizon()
            .start(&polytope, 1.0, 0)
            .err()
            .unwrap()
            .to_string()
            .starts_with("horizon")
    );
    assert!(MirrorSinkhorn::constant(1e300).unwrap().start(&polytope, 1e300, 1).is_err());
    assert!(solve_linear(&polytope, &DMatrix::zeros(2, 2), 0).unwrap_err().to_string().starts_with("rounds"));
}

#[test]
fn a_curved_objective_is_minimised() {
    let target = dmatrix![0.9, 0.1, 0.0; 0.2, 0.7, 0.3; 0.0, 0.2, 0.8];
    let objective = SquaredDistance::new(target, Polytope::uniform(3, 3).unwrap()).unwrap();
    let average = minimise(&MirrorSinkhorn::for_horizon(), &objective, 20_000, &mut rng(1)).unwrap();
    let gap = objective.value(&objective.polytope().round(&average).unwrap()) - objective.minimum();
    assert!((-1e-12..0.02).contains(&gap), "gap {gap}");
}
