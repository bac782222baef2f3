//! The problems tell the truth about themselves, and the baselines follow their closed forms.

use nalgebra::DVector;
use proptest::prelude::*;
use ratebook::Error;
use ratebook::stochastic::baselines::{ConstantStep, Dog};
use ratebook::stochastic::instances::{Quadratic, TiltedAbsolute};
use ratebook::stochastic::{Domain, Method, Oracle, Problem, gap_path};
use ratebook_test_support::{awkward_f64, config, rng};

fn vector(length: usize, range: std::ops::Range<f64>) -> impl Strategy<Value = DVector<f64>> {
    prop::collection::vec(range, length).prop_map(DVector::from_vec)
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_gap_is_convex_non_negative_and_has_the_oracles_gradient(
        eigenvalues in vector(4, 0.0..3.0),
        x in vector(4, -2.0..2.0),
        y in vector(4, -2.0..2.0),
        tilt in 0.05..1.0_f64,
    ) {
        let problems: [Box<dyn Problem>; 2] = [
            Box::new(Quadratic::new(eigenvalues, x.clone(), 0.0).unwrap()),
            Box::new(TiltedAbsolute::new(4, tilt, 0.0).unwrap()),
        ];
        for problem in problems {
            prop_assert_eq!(problem.gap(&DVector::zeros(4)), 0.0);
            prop_assert!(problem.gap(&x) >= 0.0);
            // A (sub)gradient supports the function from below, at both points.
            let mut slope = DVector::zeros(4);
            problem.gradient(&x, &mut rng(1), &mut slope);
            prop_assert!(problem.gap(&y) >= problem.gap(&x) + slope.dot(&(&y - &x)) - 1e-12);
            // Away from the kinks it is the derivative.
            if x.iter().all(|x| x.abs() > 1e-4) {
                for i in 0..4 {
                    let mut ahead = x.clone();
                    ahead[i] += 1e-6;
                    let mut behind = x.clone();
                    behind[i] -= 1e-6;
                    let difference = (problem.gap(&ahead) - problem.gap(&behind)) / 2e-6;
                    prop_assert!((difference - slope[i]).abs() < 1e-6);
                }
            }
        }
    }

    #[test]
    fn the_constant_step_average_is_a_geometric_sum(lambda in 0.1..1.0_f64, eta in 0.1..1.9_f64, t in 1_u64..60) {
        let problem = Quadratic::new(DVector::from_element(1, lambda), DVector::from_element(1, 1.0), 0.0).unwrap();
        let ratio = 1.0 - eta * lambda;
        let average = (1.0 - ratio.powi(t as i32)) / ((1.0 - ratio) * t as f64);
        let gap = gap_path(&ConstantStep::new(eta).unwrap(), &problem, &[t], &mut rng(1)).unwrap()[0];
        prop_assert!((gap - 0.5 * lambda * average * average).abs() < 1e-12);
    }

    #[test]
    fn dog_moves_first_by_r_epsilon_and_never_by_more_than_its_reach(
        x0 in vector(3, -1.0..1.0),
        initial_movement in 1e-8..10.0_f64,
    ) {
        prop_assume!(x0.norm() > 1e-3);
        let problem = Quadratic::new(DVector::from_vec(vec![1.0, 0.5, 0.1]), x0.clone(), 0.3).unwrap();
        let mut run = Dog::new(initial_movement).unwrap().start(&x0).unwrap();
        let mut rng = rng(3);
        let mut reach = initial_movement;
        for step in 0..40 {
            let before = run.iterate().clone();
            reach = reach.max(before.metric_distance(&x0));
            run.step(&problem, &mut rng).unwrap();
            let moved = run.iterate().metric_distance(&before);
            prop_assert!(moved <= reach * (1.0 + 1e-12));
            if step == 0 {
                prop_assert!((moved - initial_movement).abs() <= 1e-12 * (1.0 + initial_movement));
            }
        }
    }

    #[test]
    fn projection_onto_the_ball_is_the_nearest_point(
        x in vector(3, -4.0..4.0),
        x0 in vector(3, -4.0..4.0),
        other in vector(3, -1.0..1.0),
        radius in 0.1..3.0_f64,
    ) {
        let mut projected = x.clone();
        Domain::ball(radius).unwrap().project(&mut projected, &x0);
        prop_assert!(projected.metric_distance(&x0) <= radius * (1.0 + 1e-12));
        // No other point of the ball is nearer.
        let inside = &x0 + &other * (radius / other.norm().max(1.0));
        prop_assert!(projected.metric_distance(&x) <= inside.metric_distance(&x) + 1e-12);
        if x.metric_distance(&x0) <= radius {
            prop_assert_eq!(projected, x);
        }
    }

    #[test]
    fn bad_parameters_are_named(value in awkward_f64()) {
        let one = DVector::from_element(1, 1.0);
        let named = |error: Error| error.to_string();
        if !(value >= 0.0 && value.is_finite()) {
            let error = named(Quadratic::new(one.clone(), one.clone(), value).unwrap_err());
            prop_assert!(error.starts_with("noise"));
            let eigenvalue = DVector::from_element(1, value);
            prop_assert!(named(Quadratic::new(eigenvalue, one.clone(), 0.0).unwrap_err()).starts_with("eigenvalues"));
            prop_assert!(named(TiltedAbsolute::new(2, 0.5, value).unwrap_err()).starts_with("noise"));
        }
        if !(value > 0.0 && value.is_finite()) {
            prop_assert!(named(Dog::new(value).unwrap_err()).starts_with("initial_movement"));
            prop_assert!(named(ConstantStep::new(value).unwrap_err()).starts_with("step_size"));
            prop_assert!(named(TiltedAbsolute::new(2, value, 0.0).unwrap_err()).starts_with("tilt"));
            prop_assert!(named(Domain::ball(value).unwrap_err()).starts_with("radius"));
        }
        if !value.is_finite() {
            let start = DVector::from_element(1, value);
            prop_assert!(named(Quadratic::new(one.clone(), start.clone(), 0.0).unwrap_err()).starts_with("start"));
            prop_assert!(Dog::new(1.0).unwrap().start(&start).err().unwrap().to_string().starts_with("x0"));
        }
    }
}

#[test]
fn sizes_that_disagree_are_refused() {
    let two = DVector::from_element(2, 1.0);
    let empty = DVector::zeros(0);
    assert_eq!(
        Quadratic::new(two.clone(), DVector::zeros(3), 0.0).unwrap_err(),
        Error::Dimension { name: "start", expected: 2, found: 3 }
    );
    assert_eq!(
        Quadratic::new(empty.clone(), empty.clone(), 0.0).unwrap_err(),
        Error::Empty { name: "eigenvalues" }
    );
    assert_eq!(Dog::new(1.0).unwrap().start(&empty).err(), Some(Error::Empty { name: "x0" }));
    assert!(TiltedAbsolute::new(0, 0.5, 0.0).unwrap_err().to_string().starts_with("dimension"));
    let problem = TiltedAbsolute::new(3, 0.5, 0.0).unwrap();
    let mut run = ConstantStep::new(1.0).unwrap().start(&two).unwrap();
    let error = run.step(&problem, &mut rng(1)).unwrap_err();
    assert_eq!(error, Error::Dimension { name: "oracle", expected: 2, found: 3 });
}

#[test]
fn the_noise_has_mean_zero_and_total_variance_sigma_squared() {
    let problem = TiltedAbsolute::new(5, 0.2, 2.0).unwrap();
    let (mut rng, mut gradient) = (rng(7), DVector::zeros(5));
    let (mut mean, mut square) = (DVector::zeros(5), 0.0);
    let draws = 20_000;
    for _ in 0..draws {
        problem.gradient(&DVector::zeros(5), &mut rng, &mut gradient);
        mean += &gradient / draws as f64;
        square += gradient.norm_squared() / draws as f64;
    }
    // Standard errors: 2/√(5·20,000) per coordinate, and 4·√(2/5)/√20,000.
    assert!(mean.amax() < 5.0 * 2.0 / (5.0 * draws as f64).sqrt());
    assert!((square - 4.0).abs() < 5.0 * 4.0 * (0.4 / draws as f64).sqrt());
}

#[test]
fn the_distance_ignores_flat_directions() {
    let problem =
        Quadratic::new(DVector::from_vec(vec![1.0, 0.0]), DVector::from_vec(vec![3.0, 4.0]), 0.0).unwrap();
    assert_eq!(problem.distance(), 3.0);
    assert_eq!(problem.smoothness(), 1.0);
    let spectrum = Quadratic::power_spectrum(100, 8.0).unwrap();
    assert!((spectrum.distance() - 1.0).abs() < 1e-12);
    assert_eq!(spectrum.smoothness(), 1.0);
}
