//! The recursion of the expected error, the optimal schedule, SGD and projected descent.

use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use ratebook::error::Error;
use ratebook::math::sets::{AxisBox, Ball};
use ratebook::online::drifting_schedule::convex::{Descent, ProjectedDescent, RunningRate, tuned_rate};
use ratebook::online::drifting_schedule::sgd::{Batch, LinearSgd, Stream};
use ratebook::online::drifting_schedule::{Course, Drift, Regression};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

fn regression() -> impl Strategy<Value = Regression> {
    (1usize..40, 1usize..10, prop_oneof![Just(0.0), 0.0..3.0f64])
        .prop_map(|(d, b, sigma)| Regression::new(d, b, sigma).unwrap())
}

fn course() -> impl Strategy<Value = Course> {
    let drift = prop_oneof![Just(Drift::Independent), Just(Drift::Aligned)];
    (0.0..5.0f64, prop::collection::vec(prop_oneof![Just(0.0), 0.0..2.0f64], 1..30), drift)
        .prop_map(|(start, moves, drift)| Course::new(start, moves, drift).unwrap())
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_optimal_rate_is_a_rate_and_rises_with_the_error(regression in regression(), v in 1e-6..100.0f64) {
        let eta = regression.optimal_rate(v);
        prop_assert!(eta > 0.0 && eta < 1.0);
        prop_assert!(regression.optimal_rate(1.5 * v) >= eta);
        // v·(1 − η*) is what the best step leaves.
        prop_assert!((regression.after_step(v, eta) - v * (1.0 - eta)).abs() <= 1e-12 * v);
        // The step is a convex quadratic in the rate, and this is its minimum.
        for other in [0.9 * eta, 1.1 * eta, 0.0, 1.0] {
            prop_assert!(regression.after_step(v, other) >= regression.after_step(v, eta));
        }
    }

    #[test]
    fn without_noise_and_drift_the_error_falls_geometrically(d in 1usize..40, b in 1usize..10, v in 1e-3..10.0f64) {
        let regression = Regression::new(d, b, 0.0).unwrap();
        let course = Course::new(v, vec![0.0; 20], Drift::Independent).unwrap();
        let errors = course.errors(&regression, &course.optimal_schedule(&regression)).unwrap();
        let factor = 1.0 - 1.0 / (1.0 + (d as f64 + 1.0) / b as f64);
        for (t, error) in errors.iter().enumerate() {
            let expected = v * factor.powi(t as i32 + 1);
            prop_assert!((error - expected).abs() <= 1e-12 * expected);
        }
    }

    #[test]
    fn the_optimal_schedule_minimises_every_error(
        regression in regression(),
        course in course(),
        factors in prop::collection::vec(0.0..3.0f64, 30),
    ) {
        let best = course.optimal_schedule(&regression);
        let errors = course.errors(&regression, &best).unwrap();
        prop_assert!(errors.iter().all(|&v| v >= 0.0));
        let rival: Vec<f64> = best.iter().zip(&factors).map(|(eta, factor)| eta * factor).collect();
        // A rival that diverges is worse anyway.
        if let Ok(rivals) = course.errors(&regression, &rival) {
            prop_assert!(errors.iter().zip(&rivals).all(|(v, rival)| *v <= rival * (1.0 + 1e-12)));
        }
    }

    #[test]
    fn the_aligned_drift_is_the_worse_one(regression in regression(), course in course()) {
        let [independent, aligned] = [Drift::Independent, Drift::Aligned].map(|drift| {
            let course = Course::new(course.start(), course.moves().to_vec(), drift).unwrap();
            course.errors(&regression, &course.optimal_schedule(&regression)).unwrap()
        });
        prop_assert!(independent.iter().zip(&aligned).all(|(a, b)| *a <= b * (1.0 + 1e-12)));
    }

    #[test]
    fn errors_scale_with_the_units(course in course(), d in 1usize..9, power in -20i32..20) {
        // σ, γ and θ in other units: a power of two, so that not a digit changes.
        let c = 2f64.powi(power);
        let scaled = Course::new(c * c * course.start(), course.moves().iter().map(|g| c * g).collect(), Drift::Independent).unwrap();
        let course = Course::new(course.start(), course.moves().to_vec(), Drift::Independent).unwrap();
        let [one, other] = [1.0, c].map(|sigma| Regression::new(d, 3, sigma).unwrap());
        let rates = course.optimal_schedule(&one);
        prop_assert_eq!(&rates, &scaled.optimal_schedule(&other));
        let errors = course.errors(&one, &rates).unwrap();
        let expected: Vec<f64> = errors.iter().map(|v| c * c * v).collect();
        prop_assert_eq!(expected, scaled.errors(&other, &rates).unwrap());
    }

    #[test]
    fn small_steps_follow_the_differential_equation(d in 1usize..20, b in 1usize..5, sigma in 0.0..2.0f64, gamma in 0.0..0.1f64) {
        // v̇ = −2ηv + η²((d+1)v + dσ²)/B + γ² for 1/η rounds; the recursion differs by η²v a round.
        let regression = Regression::new(d, b, sigma).unwrap();
        let gap = |eta: f64| {
            let rounds = (1.0 / eta) as usize;
            let course = Course::new(1.0, vec![gamma * eta; rounds], Drift::Independent).unwrap();
            let errors = course.errors(&regression, &vec![eta; rounds]).unwrap();
            let decay = 2.0 * eta - eta * eta * regression.spread();
            let level = (eta * eta * regression.noise() + (gamma * eta).powi(2)) / decay;
            let limit = level + (1.0 - level) * (-decay * rounds as f64).exp();
            (errors[rounds - 1] - limit).abs()
        };
        // First order in η: ten times smaller for steps ten times smaller, within a factor two.
        prop_assert!(gap(1e-3) < 0.01 * (1.0 + regression.noise()));
        prop_assert!(gap(1e-4) < 0.2 * gap(1e-3) + 1e-9);
    }

    #[test]
    fn a_step_is_the_matrix_formula(
        theta in prop::collection::vec(-2.0..2.0f64, 3),
        inputs in prop::collection::vec(-2.0..2.0f64, 12),
        labels in prop::collection::vec(-2.0..2.0f64, 4),
        eta in -1.0..2.0f64,
    ) {
        let mut sgd = LinearSgd::new(theta.clone()).unwrap();
        sgd.step(eta, &Batch::new(3, inputs.clone(), labels.clone()).unwrap()).unwrap();
        let (x, theta) = (DMatrix::from_row_slice(4, 3, &inputs), DVector::from_vec(theta));
        let expected = &theta - eta / 4.0 * x.transpose() * (&x * &theta - DVector::from_vec(labels));
        prop_assert!((DVector::from_column_slice(sgd.theta()) - expected).norm() < 1e-12);
    }

    #[test]
    fn the_truth_moves_by_gamma(mut draws in HalfAdversarial::strategy(20), gamma in 0.0..3.0f64, d in 1usize..6) {
        let mut stream = Stream::new(Regression::new(d, 2, 0.5).unwrap(), 1.5).unwrap();
        let origin = vec![0.0; d];
        prop_assert!((stream.squared_error(&origin) - 2.25).abs() < 1e-12);
        let before = stream.clone();
        stream.drift(gamma, &mut draws).unwrap();
        // √ of the squared distance to 0 changes by at most γ.
        let change = stream.squared_error(&origin).sqrt() - before.squared_error(&origin).sqrt();
        prop_assert!(change.abs() <= gamma + 1e-12);
        let mut sgd = LinearSgd::new(origin).unwrap();
        prop_assert!(sgd.step(0.01, stream.draw(&mut draws)).is_ok());
    }

    #[test]
    fn descent_stays_in_its_set_and_moves_with_it(
        gradients in prop::collection::vec((-3.0..3.0f64, -3.0..3.0f64), 0..20),
        eta in 0.0..2.0f64,
        shift in -4i32..4,
    ) {
        let shift = f64::from(shift);
        let mut plain = ProjectedDescent::new(Ball::new(&[0.0, 0.0], 1.0).unwrap(), vec![5.0, 0.0]).unwrap();
        let mut moved = ProjectedDescent::new(Ball::new(&[shift, 0.0], 1.0).unwrap(), vec![5.0 + shift, 0.0]).unwrap();
        for (x, y) in gradients {
            plain.step(eta, &[x, y]).unwrap();
            moved.step(eta, &[x, y]).unwrap();
            let ([a, b], [c, d]) = ([plain.point()[0], plain.point()[1]], [moved.point()[0], moved.point()[1]]);
            prop_assert!(a.hypot(b) <= 1.0 + 1e-12);
            prop_assert!((a + shift - c).abs() < 1e-9 && (b - d).abs() < 1e-9);
        }
    }

    #[test]
    fn the_running_rate_is_tuned_to_the_present(moves in prop::collection::vec(0.0..1.0f64, 1..30), diameter in 0.1..5.0f64, gradient in 0.1..5.0f64) {
        let mut running = RunningRate::new(diameter, gradient).unwrap();
        let mut path = 0.0;
        for (round, &gamma) in moves.iter().enumerate() {
            path += gamma;
            let expected = (diameter * diameter + 2.0 * diameter * path).sqrt() / (gradient * (round as f64 + 1.0).sqrt());
            prop_assert!((running.next(gamma).unwrap() - expected).abs() <= 1e-12 * expected);
        }
        // Without drift it is the textbook D/(G√t).
        let textbook = tuned_rate(diameter, gradient, 0.0, 4.0).unwrap();
        prop_assert!((textbook - diameter / (2.0 * gradient)).abs() <= 1e-12 * textbook);
    }

    #[test]
    fn bad_parameters_are_refused(x in awkward_f64()) {
        let squarable = (0.0..=1e150).contains(&x);
        prop_assert_eq!(Regression::new(2, 1, x).is_ok(), squarable);
        prop_assert_eq!(Course::new(1.0, vec![0.0, x], Drift::Aligned).is_ok(), squarable);
        prop_assert_eq!(Course::new(x, vec![0.0], Drift::Aligned).is_ok(), x >= 0.0 && x.sqrt() <= 1e150);
        let (positive, regression) = (x > 0.0 && x.is_finite(), Regression::new(2, 1, 0.5).unwrap());
        prop_assert_eq!(RunningRate::new(1.0, x).is_ok(), positive && (1.0 / x).is_finite());
        prop_assert_eq!(RunningRate::new(1.0, 1.0).unwrap().next(x).is_ok(), x >= 0.0 && (2.0 * x).is_finite());
        prop_assert_eq!(tuned_rate(1.0, 1.0, 0.0, x).is_ok(), positive && (1.0 / x).is_finite());
        prop_assert_eq!(Stream::new(regression, x).is_ok(), x >= 0.0 && x.is_finite());
        prop_assert_eq!(LinearSgd::new(vec![1.0, x]).is_ok(), x.is_finite());
        prop_assert_eq!(Batch::new(1, vec![x], vec![0.0]).is_ok(), x.is_finite());
        prop_assert_eq!(Batch::new(1, vec![0.0], vec![x]).is_ok(), x.is_finite());
        let errors = Course::new(1.0, vec![0.0], Drift::Independent).unwrap().errors(&regression, &[x]);
        prop_assert_eq!(errors.is_ok(), x.is_finite() && x.abs() < 1e150);
        prop_assert!(regression.optimal_rate(x.abs()).is_finite());
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let names = |error: Error, name: &str| error.to_string().starts_with(name);
    assert!(names(Regression::new(0, 1, 1.0).unwrap_err(), "dim"));
    assert!(names(Regression::new(1, 0, 1.0).unwrap_err(), "batch"));
    assert!(names(Course::new(1.0, vec![], Drift::Aligned).unwrap_err(), "moves"));
    assert!(names(Course::new(1.0, vec![-0.5], Drift::Aligned).unwrap_err(), "gamma"));
    let (course, regression) =
        (Course::new(1.0, vec![0.0; 400], Drift::Independent).unwrap(), Regression::new(2, 1, 0.0).unwrap());
    assert!(matches!(course.errors(&regression, &[0.1]), Err(Error::Dimension { name: "rates", .. })));
    // (1 − 3)² + 27 a round: over the edge after 207 rounds.
    assert!(matches!(course.errors(&regression, &[3.0; 400]), Err(Error::Diverged { steps: 207, .. })));
    let mut sgd = LinearSgd::new(vec![1e200]).unwrap();
    let batch = Batch::new(1, vec![1e100], vec![0.0]).unwrap();
    assert!(matches!(sgd.step(1.0, &batch), Err(Error::Diverged { name: "theta", .. })));
    let mut sgd = LinearSgd::new(vec![0.0, 0.0]).unwrap();
    assert!(
        matches!(sgd.step(1.0, &batch), Err(Error::Dimension { .. })) && sgd.step(f64::NAN, &batch).is_err()
    );
    assert!(Batch::new(2, vec![0.0; 3], vec![0.0; 2]).is_err() && Batch::new(2, vec![], vec![]).is_err());
    let set = AxisBox::new(&[-1.0], &[1.0]).unwrap();
    assert!(
        ProjectedDescent::new(set.clone(), vec![0.0; 2]).is_err()
            && ProjectedDescent::new(set.clone(), vec![]).is_err()
    );
    let mut descent = ProjectedDescent::new(set, vec![3.0]).unwrap();
    assert!(descent.step(1.0, &[f64::NAN]).is_err() && descent.step(f64::INFINITY, &[1.0]).is_err());
    assert!(descent.step(1.0, &[1.0, 1.0]).is_err());
    assert_eq!(descent.point(), [1.0]);
}

/// The extreme ends of the range overflow to nothing worse than an error.
#[test]
fn the_schedule_survives_extreme_courses() {
    for sigma in [0.0, 1e-150, 1e150] {
        let regression = Regression::new(3, 2, sigma).unwrap();
        for (start, gamma) in [(0.0, 0.0), (0.0, 1e150), (1e300, 1e150), (5e-324, 1e-200)] {
            for drift in [Drift::Independent, Drift::Aligned] {
                let course = Course::new(start, vec![gamma; 50_000], drift).unwrap();
                let rates = course.optimal_schedule(&regression);
                assert!(rates.iter().all(|eta| (0.0..1.0).contains(eta)), "σ {sigma}, v {start}, γ {gamma}");
            }
        }
    }
}

/// SGD without noise and drift converges to the truth.
#[test]
fn sgd_finds_a_fixed_truth() {
    let regression = Regression::new(4, 8, 0.0).unwrap();
    let (mut stream, mut random) = (Stream::new(regression, 1.0).unwrap(), rng(1));
    let mut sgd = LinearSgd::new(vec![0.0; 4]).unwrap();
    for _ in 0..200 {
        sgd.step(0.5, stream.draw(&mut random)).unwrap();
    }
    assert!(stream.squared_error(sgd.theta()) < 1e-12);
}
