//! Tsallis weights, the tuner, and the solver whose parameter it tunes.

use std::sync::Arc;

use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use ratebook::Error;
use ratebook::bandits::primitives::TsallisWeights;
use ratebook::bandits::relaxation_tuning::{Pool, Sequence, System, Tuner, grid, sor};
use ratebook::bandits::{Game, Policy, play};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

/// A positive definite matrix AᵀA + I with a right-hand side.
fn systems() -> impl Strategy<Value = (DMatrix<f64>, Vec<f64>)> {
    (1usize..8).prop_flat_map(|n| {
        (prop::collection::vec(-1.0..1.0f64, n * n), prop::collection::vec(-1.0..1.0f64, n)).prop_map(
            move |(entries, b)| {
                let a = DMatrix::from_vec(n, n, entries);
                let square = a.transpose() * &a + DMatrix::identity(n, n);
                // Products round differently on both sides of the diagonal.
                ((&square + square.transpose()) / 2.0, b)
            },
        )
    })
}

/// The law by bisection for x, from its definition.
fn law_by_bisection(losses: &[f64], weight: f64) -> Vec<f64> {
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let law = |y: f64| -> Vec<f64> {
        losses.iter().map(|loss| (weight / (2.0 * (loss - least + y))).powi(2)).collect()
    };
    let (mut low, mut high) = (weight / 2.0, weight * (losses.len() as f64).sqrt());
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if law(middle).iter().sum::<f64>() > 1.0 { low = middle } else { high = middle }
    }
    law(f64::midpoint(low, high))
}

fn law(weights: &TsallisWeights) -> Vec<f64> {
    (0..weights.arms()).map(|arm| weights.probability(arm)).collect()
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_weights_are_the_law(
        arms in 1usize..20, weight in 1e-3..1e4f64, losses in prop::collection::vec((0usize..20, 0.0..1e5f64), 0..60),
    ) {
        let mut weights = TsallisWeights::new(arms, weight).unwrap();
        for (arm, loss) in losses {
            weights.add(arm % arms, loss);
            prop_assert!((law(&weights).iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
        for (p, expected) in law(&weights).into_iter().zip(law_by_bisection(weights.losses(), weight)) {
            prop_assert!((p - expected).abs() < 1e-9 && p > 0.0);
        }
    }

    #[test]
    fn scaling_losses_and_weight_together_changes_nothing(losses in prop::collection::vec(0.0..100.0f64, 1..10)) {
        let (mut plain, mut scaled) =
            (TsallisWeights::new(losses.len(), 3.0).unwrap(), TsallisWeights::new(losses.len(), 24.0).unwrap());
        for (arm, loss) in losses.iter().enumerate() {
            plain.add(arm, *loss);
            scaled.add(arm, 8.0 * loss);
        }
        prop_assert_eq!(law(&plain), law(&scaled));
        // The law minimises ⟨L, p⟩ − w·Σ√p: moving mass between two arms does not help.
        let value = |p: &[f64]| -> f64 {
            p.iter().zip(&losses).map(|(p, loss)| p * loss - 3.0 * p.max(0.0).sqrt()).sum()
        };
        let best = law(&plain);
        for arm in 1..losses.len() {
            for move_by in [-0.01, 0.01] {
                let mut other = best.clone();
                let moved = f64::clamp(move_by, -other[arm], other[0]);
                other[0] -= moved;
                other[arm] += moved;
                prop_assert!(value(&other) >= value(&best) - 1e-9);
            }
        }
    }

    #[test]
    fn the_solver_reaches_its_accuracy((matrix, b) in systems(), omega in 0.05..1.95f64, digits in 1i32..10) {
        let epsilon = 0.1f64.powi(digits);
        let system = System::new(&matrix).unwrap();
        prop_assert_eq!(system.matrix(), matrix.clone());
        let solved = sor(&system, &b, omega, epsilon).unwrap();
        let b = DVector::from_vec(b);
        let residual = (&b - &matrix * DVector::from_vec(solved.x)).norm();
        prop_assert!(residual <= epsilon * b.norm() * (1.0 + 1e-6) + 1e-14 && solved.iterations >= 1);
        // The residual before the last iteration, by the iteration matrix, is not yet small enough.
        let power = system.iteration_matrix(omega).unwrap().pow(solved.iterations as u32 - 1);
        prop_assert!((power * &b).norm() >= epsilon * b.norm() * (1.0 - 1e-6) - 1e-14);
    }

    #[test]
    fn one_iteration_solves_a_diagonal_system(diagonal in prop::collection::vec(0.1..10.0f64, 1..8)) {
        let system = System::new(&DMatrix::from_diagonal(&DVector::from_vec(diagonal.clone()))).unwrap();
        let solved = sor(&system, &diagonal, 1.0, 1e-12).unwrap();
        prop_assert_eq!(solved.iterations, 1);
        prop_assert!(solved.x.iter().all(|x| (x - 1.0).abs() < 1e-12));
        // Scaling the right-hand side changes no count.
        let scaled: Vec<f64> = diagonal.iter().map(|d| 1024.0 * d).collect();
        prop_assert_eq!(
            sor(&system, &scaled, 0.5, 1e-6).unwrap().iterations, sor(&system, &diagonal, 0.5, 1e-6).unwrap().iterations
        );
    }

    #[test]
    fn bins_learn_apart(costs in prop::collection::vec((0usize..4, 1.0..100.0f64, 0.0..3.0f64), 1..60), seed in any::<u32>()) {
        let mut tuner = Tuner::contextual(4, 99.0, 64.0, 3, 0.0, 3.0).unwrap();
        let mut single = Tuner::new(4, 99.0, 64.0 / 3.0).unwrap();
        let mut coins = rng(u64::from(seed));
        for (arm, cost, context) in costs {
            let other = tuner.weights(if context < 1.0 { 2.5 } else { 0.5 }).clone();
            tuner.choose(&context, &mut coins).unwrap();
            tuner.observe(arm, &cost).unwrap();
            if context < 1.0 {
                single.observe(arm, &cost).unwrap();
            }
            prop_assert_eq!(tuner.weights(if context < 1.0 { 2.5 } else { 0.5 }), &other);
        }
        prop_assert_eq!(law(tuner.weights(0.5)), law(single.weights(0.5)));
        prop_assert_eq!(tuner.weights(-9.0), tuner.weights(0.0));
        prop_assert_eq!(tuner.weights(9.0), tuner.weights(3.0));
    }

    #[test]
    fn any_draws_give_a_legal_run(mut coins in HalfAdversarial::strategy(60), mut noise in HalfAdversarial::strategy(60)) {
        let pool = Arc::new(Pool::new(vec![0.0, 1.0], vec![1.0, 9.0, 100.0, 7.0, 7.0, 1.0], 3).unwrap());
        let mut sequence = Sequence::new(pool);
        let mut tuner = Tuner::contextual(3, 99.0, 100.0, 2, 0.0, 1.0).unwrap();
        let regret = play(&mut tuner, &mut sequence, 100, &mut noise, &mut coins).unwrap();
        prop_assert!(regret.is_finite() && sequence.hindsight() >= 0.0);
        prop_assert!(law(tuner.weights(0.0)).iter().all(|p| (0.0..=1.0 + 1e-12).contains(p)));
    }

    #[test]
    fn bad_parameters_are_refused(value in awkward_f64()) {
        let within = |low: f64, high: f64| (low..=high).contains(&value);
        prop_assert_eq!(TsallisWeights::new(2, value).is_ok(), within(1e-100, 1e100));
        prop_assert_eq!(Tuner::new(2, value, 9.0).is_ok(), within(1e-40, 1e40));
        prop_assert_eq!(Tuner::new(2, 9.0, value).is_ok(), within(1.0, 1e40));
        prop_assert_eq!(Tuner::contextual(2, 9.0, 9.0, 2, 0.0, value).is_ok(), value > 0.0 && (value / 2.0) > 0.0 && value.is_finite());
        prop_assert_eq!(Tuner::contextual(2, 9.0, 9.0, 2, value, f64::MAX).is_ok(), value.is_finite() && value < f64::MAX && (f64::MAX - value).is_finite());
        prop_assert_eq!(grid(value, 3).is_ok(), value > 1.0 && value < 2.0);
        let system = System::line(3, 0.0).unwrap();
        prop_assert_eq!(system.iteration_matrix(value).is_ok(), value > 0.0 && value < 2.0);
        let unit = value > 0.0 && value < 1.0;
        prop_assert!(unit || sor(&system, &[1.0; 3], 1.0, value).is_err());
        prop_assert!((value > 0.0 && value < 2.0) || sor(&system, &[1.0; 3], value, 0.5).is_err());
        prop_assert_eq!(sor(&system, &[1.0, 1.0, value], 1.0, 1e-3).is_ok(), value.abs() < 1e100);
        prop_assert_eq!(sor(&system, &[0.0, 0.0, value], 1.0, 1e-3).is_ok(), value == 0.0 || within(1e-100, 1e100) || within(-1e100, -1e-100));
        let mut tuner = Tuner::new(2, 9.0, 9.0).unwrap();
        prop_assert_eq!(tuner.observe(0, &value).is_ok(), within(1.0, 10.0));
        prop_assert_eq!(tuner.choose(&value, &mut rng(1)).is_ok(), value.is_finite());
        prop_assert_eq!(Pool::new(vec![value], vec![1.0], 1).is_ok(), value.is_finite());
    }
}

#[test]
fn matrices_that_are_not_positive_definite_are_refused() {
    let refused = |entries: &[f64]| {
        let n = entries.len().isqrt();
        System::new(&DMatrix::from_row_slice(n, n, entries)).unwrap_err()
    };
    for entries in [&[0.0][..], &[-1.0], &[1.0, 2.0, 2.0, 1.0], &[1.0, 0.5, 0.4, 1.0], &[0.0, 0.0, 0.0, 1.0]]
    {
        assert!(matches!(refused(entries), Error::Invalid { name: "matrix", .. }));
    }
    assert!(matches!(refused(&[f64::NAN]), Error::OutOfRange { name: "matrix", .. }));
    assert!(System::new(&DMatrix::zeros(0, 0)).is_err() && System::new(&DMatrix::identity(2, 3)).is_err());
    assert!(
        System::line(0, 1.0).is_err()
            && System::line(3, f64::NAN).is_err()
            && System::square(0, 1.0).is_err()
    );
    let system = System::line(3, 0.0).unwrap();
    assert!(matches!(sor(&system, &[1.0], 1.0, 0.1), Err(Error::Dimension { name: "b", .. })));
}

/// The first Gauss–Seidel sweep on −1, 2, −1 with b = (1, 1, 1): x = (1/2, 3/4, 7/8).
#[test]
fn a_sweep_by_hand() {
    let system = System::line(3, 0.0).unwrap();
    let solved = sor(&system, &[1.0; 3], 1.0, 0.99).unwrap();
    assert_eq!((solved.x, solved.iterations), (vec![0.5, 0.75, 0.875], 1));
    // A square of two by two has two neighbours for each point.
    let square = System::square(2, 0.5).unwrap().matrix();
    assert_eq!(square.row(0).iter().copied().collect::<Vec<_>>(), [4.5, -1.0, -1.0, 0.0]);
    assert_eq!(sor(&system, &[0.0; 3], 1.5, 0.5).unwrap().iterations, 1);
}

#[test]
fn the_grid_ends_at_its_largest() {
    let grid = grid(1.8, 4).unwrap();
    let expected = [1.2, 1.4, 1.6, 1.8];
    assert!(grid.iter().zip(expected).all(|(g, e)| (g - e).abs() < 1e-15));
}

#[test]
fn a_sequence_counts_what_every_parameter_would_have_cost() {
    let pool = Pool::new(vec![0.0, 1.0], vec![1.0, 5.0, 9.0, 2.0], 2).unwrap();
    assert_eq!((pool.best(), pool.dearest()), (1, 9.0));
    let mut sequence = Sequence::new(Arc::new(pool));
    let (mut noise, mut totals) = (rng(3), [0.0; 2]);
    for _ in 0..50 {
        sequence.open(&mut noise);
        let costs = if *sequence.context() == 0.0 { [1.0, 5.0] } else { [9.0, 2.0] };
        assert_eq!([0, 1].map(|arm| sequence.regret(arm)), [costs[0] - costs[1], 0.0]);
        assert_eq!([0, 1].map(|arm| *sequence.feedback(arm, &[], &mut noise)), costs);
        totals = [totals[0] + costs[0], totals[1] + costs[1]];
    }
    assert_eq!(sequence.totals(), totals);
    assert_eq!(sequence.hindsight(), totals[1] - totals[0].min(totals[1]));
}

/// On one cheap parameter the tuner ends up playing it.
#[test]
fn the_cheap_parameter_is_found() {
    let pool = Arc::new(Pool::new(vec![0.0], vec![101.0, 101.0, 1.0, 101.0], 4).unwrap());
    let mut tuner = Tuner::new(4, 100.0, 4096.0).unwrap();
    play(&mut tuner, &mut Sequence::new(pool), 4096, &mut rng(1), &mut rng(2)).unwrap();
    assert!(tuner.weights(0.0).probability(2) > 0.99);
}
