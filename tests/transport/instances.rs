//! The polytope and its rounding, exact minima against brute force, and Sinkhorn against itself.

use nalgebra::{DMatrix, DVector, dmatrix};
use proptest::prelude::*;
use ratebook::Error;
use ratebook::math::assignment::assignment;
use ratebook::transport::baselines::{Sinkhorn, sinkhorn_linear, sinkhorn_log};
use ratebook::transport::instances::{LinearCost, SquaredDistance, alternating_cost};
use ratebook::transport::{Method, Objective, Polytope};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config};

/// A distribution on `length` points, all positive.
pub fn masses(length: usize) -> impl Strategy<Value = DVector<f64>> {
    prop::collection::vec(0.05..1.0_f64, length).prop_map(|weights| {
        let total: f64 = weights.iter().sum();
        DVector::from_vec(weights) / total
    })
}

/// A polytope of at most 5×5.
pub fn polytope() -> impl Strategy<Value = Polytope> {
    (1..6_usize, 1..6_usize)
        .prop_flat_map(|(m, n)| (masses(m), masses(n)))
        .prop_map(|(rows, columns)| Polytope::new(rows, columns).unwrap())
}

/// A matrix with entries in [0, 1].
pub fn matrix(m: usize, n: usize) -> impl Strategy<Value = DMatrix<f64>> {
    prop::collection::vec(prop_oneof![Just(0.0), Just(1.0), 0.0..1.0_f64], m * n)
        .prop_map(move |entries| DMatrix::from_vec(m, n, entries))
}

/// A polytope and a matrix of its size.
pub fn polytope_and_matrix() -> impl Strategy<Value = (Polytope, DMatrix<f64>)> {
    polytope().prop_flat_map(|polytope| {
        let (m, n) = (polytope.rows().len(), polytope.columns().len());
        (Just(polytope), matrix(m, n))
    })
}

/// The least total over all permutations, by trying them.
fn brute_force(cost: &DMatrix<f64>, row: usize, used: &mut Vec<bool>) -> f64 {
    if row == cost.nrows() {
        return 0.0;
    }
    let mut least = f64::INFINITY;
    for column in 0..cost.ncols() {
        if !used[column] {
            used[column] = true;
            least = least.min(cost[(row, column)] + brute_force(cost, row + 1, used));
            used[column] = false;
        }
    }
    least
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_assignment_is_a_permutation_of_least_cost(
        cost in (1..7_usize).prop_flat_map(|n| matrix(n, n)),
        shift in -3.0..3.0_f64,
    ) {
        let n = cost.nrows();
        let (permutation, total) = assignment(&cost.add_scalar(shift)).unwrap();
        let mut seen = permutation.clone();
        seen.sort_unstable();
        prop_assert_eq!(seen, (0..n).collect::<Vec<_>>());
        let least = brute_force(&cost, 0, &mut vec![false; n]);
        prop_assert!((total - shift * n as f64 - least).abs() < 1e-9);
        // The objective divides by n.
        prop_assert!((LinearCost::uniform(cost).unwrap().minimum() - least / n as f64).abs() < 1e-12);
    }

    #[test]
    fn rounding_lands_in_the_polytope_and_moves_half_the_marginal_error((polytope, x) in polytope_and_matrix()) {
        prop_assume!(x.sum() > 0.0);
        let x = &x / x.sum();
        let rounded = polytope.round(&x).unwrap();
        prop_assert!(polytope.marginal_error(&rounded) < 1e-12);
        prop_assert!(rounded.min() >= 0.0);
        let added: f64 = (&rounded - &x).iter().map(|change| change.max(0.0)).sum();
        prop_assert!(added <= 0.5 * polytope.marginal_error(&x) + 1e-12);
        // A coupling is not moved.
        prop_assert!((polytope.round(&rounded).unwrap() - &rounded).amax() < 1e-12);
    }

    #[test]
    fn rounding_accepts_any_non_negative_matrix((polytope, x) in polytope_and_matrix(), scale in prop_oneof![Just(0.0), Just(1e-300), Just(1e300)]) {
        let rounded = polytope.round(&(x * scale)).unwrap();
        prop_assert!(polytope.marginal_error(&rounded) < 1e-9);
    }

    #[test]
    fn no_coupling_knows_more_than_the_largest_information((polytope, x) in polytope_and_matrix()) {
        let (coupling, product) = (polytope.round(&x).unwrap(), polytope.product());
        let information: f64 = coupling
            .iter()
            .zip(product.iter())
            .filter(|&(&x, _)| x > 0.0)
            .map(|(x, p)| x * (x / p).ln())
            .sum();
        prop_assert!(information <= polytope.largest_information() + 1e-12);
        prop_assert!(polytope.marginal_error(&product) < 1e-12);
        let (m, n) = product.shape();
        prop_assert!(polytope.largest_information() <= (m.min(n) as f64).ln() + 1e-12);
    }

    #[test]
    fn the_squared_distance_has_its_closed_form_on_two_by_two(target in matrix(2, 2)) {
        // Couplings of two fair coins: s on the diagonal, ½ − s off it, s in [0, ½].
        let s = (target[(0, 0)] + target[(1, 1)] - target[(0, 1)] - target[(1, 0)] + 1.0) / 4.0;
        let s = s.clamp(0.0, 0.5);
        let x = dmatrix![s, 0.5 - s; 0.5 - s, s];
        let objective = SquaredDistance::new(target, Polytope::uniform(2, 2).unwrap()).unwrap();
        prop_assert!((objective.minimum() - objective.value(&x)).abs() < 1e-9);
    }

    #[test]
    fn the_squared_distance_is_minimal_and_attained((polytope, target) in polytope_and_matrix(), direction in 0.0..1.0_f64) {
        let coupling = polytope.round(&target).unwrap();
        let objective = SquaredDistance::new(target, polytope.clone()).unwrap();
        prop_assert!(objective.value(&coupling) >= objective.minimum() - 1e-12);
        let between = coupling.clone() * direction + polytope.product() * (1.0 - direction);
        prop_assert!(objective.value(&between) >= objective.minimum() - 1e-12);
        // Distance zero to a coupling.
        let own = SquaredDistance::new(coupling, polytope).unwrap();
        prop_assert!(own.minimum().abs() < 1e-9);
    }

    #[test]
    fn the_squared_distance_has_its_gradient((polytope, target) in polytope_and_matrix(), x in matrix(5, 5)) {
        let objective = SquaredDistance::new(target, polytope.clone()).unwrap();
        let (m, n) = polytope.product().shape();
        let x = x.view((0, 0), (m, n)).into_owned();
        let mut gradient = polytope.product();
        objective.gradient(&x, &mut ratebook_test_support::rng(1), &mut gradient);
        prop_assert!(gradient.amax() <= 2.0);
        let mut ahead = x.clone();
        ahead[(0, 0)] += 1e-6;
        let mut behind = x.clone();
        behind[(0, 0)] -= 1e-6;
        let slope = (objective.value(&ahead) - objective.value(&behind)) / 2e-6;
        prop_assert!((slope - gradient[(0, 0)]).abs() < 1e-6);
    }

    #[test]
    fn coin_gradients_are_coins(cost in matrix(3, 3), mut noise in HalfAdversarial::strategy(9)) {
        let objective = LinearCost::uniform(cost.clone()).unwrap().with_coin_gradients();
        let mut gradient = DMatrix::zeros(3, 3);
        objective.gradient(&cost, &mut noise, &mut gradient);
        for (&coin, &cost) in gradient.iter().zip(cost.iter()) {
            prop_assert!(coin == 0.0 || coin == 1.0);
            // Certain entries are never noisy.
            prop_assert!((cost != 0.0 && cost != 1.0) || coin == cost);
        }
    }

    #[test]
    fn both_sinkhorns_reach_the_entropic_optimum((polytope, cost) in polytope_and_matrix(), eta in 0.05..2.0_f64) {
        let slow = sinkhorn_log(&polytope, &cost, eta, 1e-11, 100_000).unwrap();
        let fast = sinkhorn_linear(&polytope, &cost, eta, 1e-11, 100_000).unwrap();
        prop_assert!((&slow - &fast).amax() < 1e-9);
        prop_assert!(polytope.marginal_error(&slow) <= 1e-11);
        prop_assert!(polytope.marginal_error(&fast) <= 2e-11);
        // No coupling has a smaller regularised cost.
        let product = polytope.product();
        let regularised = |x: &DMatrix<f64>| {
            let entropy: f64 = x.iter().zip(product.iter()).map(|(x, p)| if *x > 0.0 { x * (x / p).ln() } else { 0.0 }).sum();
            cost.dot(x) + eta * entropy
        };
        prop_assert!(regularised(&slow) <= regularised(&product) + 1e-9);
        prop_assert!(regularised(&slow) <= regularised(&polytope.round(&cost).unwrap()) + 1e-9);
        // Half a Sinkhorn iteration per round ends in the same place.
        let mut learner = Sinkhorn::new(eta).unwrap().start(&polytope, 1.0, 1).unwrap();
        (0..4000).for_each(|_| learner.observe(&cost).unwrap());
        prop_assert!((learner.answer() - &slow).amax() < 1e-6);
    }

    #[test]
    fn bad_masses_are_named(value in awkward_f64()) {
        let bad = DVector::from_vec(vec![value, 1.0 - value]);
        let fair = DVector::from_element(2, 0.5);
        let valid = value > 0.0 && value < 1.0;
        for (name, polytope) in [("rows", Polytope::new(bad.clone(), fair.clone())), ("columns", Polytope::new(fair.clone(), bad.clone()))] {
            prop_assert_eq!(polytope.is_ok(), valid);
            if let Err(error) = polytope {
                prop_assert!(error.to_string().starts_with(name));
            }
        }
        let cost = DMatrix::from_element(1, 1, value);
        if !(0.0..=1.0).contains(&value) {
            prop_assert!(LinearCost::uniform(cost.clone()).unwrap_err().to_string().starts_with("cost"));
            let point = Polytope::uniform(1, 1).unwrap();
            prop_assert!(SquaredDistance::new(cost.clone(), point).unwrap_err().to_string().starts_with("target"));
        }
        if !value.is_finite() {
            prop_assert!(assignment(&cost).unwrap_err().to_string().starts_with("cost"));
        }
        if !(value >= 0.0 && value.is_finite()) {
            let point = Polytope::uniform(1, 1).unwrap();
            prop_assert!(point.round(&cost).unwrap_err().to_string().starts_with("coupling"));
        }
        if !(value > 0.0 && value.is_finite()) {
            prop_assert!(Sinkhorn::new(value).unwrap_err().to_string().starts_with("eta"));
            let (polytope, zero) = (Polytope::uniform(2, 2).unwrap(), DMatrix::zeros(2, 2));
            for sinkhorn in [sinkhorn_log, sinkhorn_linear] {
                prop_assert!(sinkhorn(&polytope, &zero, value, 1e-9, 10).unwrap_err().to_string().starts_with("eta"));
                prop_assert!(sinkhorn(&polytope, &zero, 1.0, value, 10).unwrap_err().to_string().starts_with("tolerance"));
            }
        }
    }
}

#[test]
fn sizes_that_disagree_are_refused() {
    let polytope = Polytope::uniform(2, 3).unwrap();
    let square = DMatrix::zeros(2, 2);
    let expected = |name| Error::Dimension { name, expected: 3, found: 2 };
    assert_eq!(polytope.round(&square).unwrap_err(), expected("coupling"));
    assert_eq!(SquaredDistance::new(square.clone(), polytope.clone()).unwrap_err(), expected("target"));
    assert_eq!(sinkhorn_log(&polytope, &square, 1.0, 1e-9, 10).unwrap_err(), expected("gradient"));
    assert_eq!(
        assignment(&DMatrix::zeros(3, 2)).unwrap_err(),
        Error::Dimension { name: "cost", expected: 3, found: 2 }
    );
    assert_eq!(assignment(&DMatrix::zeros(0, 0)).unwrap_err(), Error::Empty { name: "cost" });
    assert!(Polytope::uniform(0, 2).is_err() && Polytope::uniform(2, 0).is_err());
    assert!(Polytope::new(DVector::from_element(2, 0.4), DVector::from_element(2, 0.5)).is_err());
}

#[test]
fn sinkhorn_says_when_it_cannot() {
    let polytope = Polytope::uniform(2, 2).unwrap();
    let cost = dmatrix![0.0, 1.0; 0.9, 0.3];
    let not_converged = |name| Error::NotConverged { name, steps: 2 };
    assert_eq!(sinkhorn_log(&polytope, &cost, 0.1, 1e-12, 2).unwrap_err(), not_converged("sinkhorn_log"));
    assert_eq!(
        sinkhorn_linear(&polytope, &cost, 0.1, 1e-12, 2).unwrap_err(),
        not_converged("sinkhorn_linear")
    );
    // The second row has no entry that survives exp(−C/η) in the linear domain; logarithms do not mind.
    let cost = dmatrix![0.0, 0.01; 0.9, 0.9];
    assert!(matches!(sinkhorn_linear(&polytope, &cost, 1e-3, 1e-9, 50), Err(Error::Diverged { .. })));
    let sharp = sinkhorn_log(&polytope, &cost, 1e-3, 1e-9, 10_000).unwrap();
    // Between the optimum ½·(0 + 0.9) and the optimum + η·ln 2.
    assert!((0.45..0.45 + 1e-3 * 2.0_f64.ln()).contains(&cost.dot(&sharp)));
}

#[test]
fn the_adversary_alternates() {
    assert_eq!(alternating_cost(1), dmatrix![0.5, 0.0; 0.0, 0.5]);
    assert_eq!(alternating_cost(2), dmatrix![0.0, 1.0; 1.0, 0.0]);
    assert_eq!(alternating_cost(3), dmatrix![1.0, 0.0; 0.0, 1.0]);
}
