//! The problems tell the truth about themselves, and the baselines follow their closed forms.

use proptest::prelude::*;
use rand::Rng;
use ratebook::Error;
use ratebook::math::vector::{distance, norm};
use ratebook::stochastic::baselines::{ConstantStep, Dog};
use ratebook::stochastic::instances::{Quadratic, TiltedAbsolute};
use ratebook::stochastic::u_dog::UDog;
use ratebook::stochastic::{Iterating, Method, Oracle, Problem, Run, gap_path};
use ratebook_test_support::{awkward_f64, config, rng};

fn vector(length: usize, range: std::ops::Range<f64>) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(range, length)
}

/// The same gradient everywhere, asked or not.
pub struct Constant(pub Vec<f64>);

impl Oracle for Constant {
    fn dim(&self) -> usize {
        self.0.len()
    }

    fn gradient(&self, _: &[f64], _: &mut dyn Rng, gradient: &mut [f64]) {
        gradient.copy_from_slice(&self.0);
    }
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
            Box::new(Quadratic::new(&eigenvalues, &x, 0.0).unwrap()),
            Box::new(TiltedAbsolute::new(4, tilt, 0.0).unwrap()),
        ];
        for problem in problems {
            prop_assert_eq!(problem.gap(&[0.0; 4]), 0.0);
            prop_assert!(problem.gap(&x) >= 0.0);
            // A (sub)gradient supports the function from below, at both points.
            let mut slope = [0.0; 4];
            problem.gradient(&x, &mut rng(1), &mut slope);
            let rise: f64 = slope.iter().zip(&y).zip(&x).map(|((slope, y), x)| slope * (y - x)).sum();
            prop_assert!(problem.gap(&y) >= problem.gap(&x) + rise - 1e-12);
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
        let problem = Quadratic::new(&[lambda], &[1.0], 0.0).unwrap();
        let ratio = 1.0 - eta * lambda;
        let average = (1.0 - ratio.powi(t as i32)) / ((1.0 - ratio) * t as f64);
        let gap = gap_path(&ConstantStep::new(eta).unwrap(), problem, &[t], &mut rng(1)).unwrap()[0];
        prop_assert!((gap - 0.5 * lambda * average * average).abs() < 1e-12);
    }

    #[test]
    fn dog_moves_first_by_r_epsilon_and_never_by_more_than_its_reach(
        x0 in vector(3, -1.0..1.0),
        initial_movement in 1e-8..10.0_f64,
    ) {
        prop_assume!(norm(&x0) > 1e-3);
        let problem = Quadratic::new(&[1.0, 0.5, 0.1], &x0, 0.3).unwrap();
        let method = Dog::new(initial_movement).unwrap();
        let mut run = Run::start(&method, problem).unwrap();
        let mut rng = rng(3);
        let mut reach = initial_movement;
        for step in 0..40 {
            let before = method.iterate(run.state()).to_vec();
            reach = reach.max(run.distance_travelled());
            run.step(&mut rng).unwrap();
            let moved = distance(method.iterate(run.state()), &before);
            prop_assert!(moved <= reach * (1.0 + 1e-12));
            if step == 0 {
                prop_assert!((moved - initial_movement).abs() <= 1e-12 * (1.0 + initial_movement));
            }
        }
        prop_assert_eq!(run.calls(), 40);
    }

    #[test]
    fn awkward_gradients_give_an_error_or_finite_numbers(
        values in prop::collection::vec(awkward_f64(), 1..4),
        parameter in prop_oneof![Just(f64::MIN_POSITIVE), Just(1e300), Just(1.0)],
    ) {
        let x0 = vec![0.0; values.len()];
        let oracle = Constant(values);
        let (dog, constant) = (Dog::new(parameter).unwrap(), ConstantStep::new(parameter).unwrap());
        let (mut first, mut second) = (dog.start(&oracle, &x0).unwrap(), constant.start(&oracle, &x0).unwrap());
        for _ in 0..30 {
            let outcomes = [
                dog.step(&oracle, &mut first, &mut rng(1)),
                constant.step(&oracle, &mut second, &mut rng(1)),
            ];
            for error in outcomes.into_iter().filter_map(Result::err) {
                let named = matches!(error, Error::Diverged { name: "gradient" | "iterate", .. });
                prop_assert!(named);
            }
            let first = Method::<Constant>::output(&dog, &first);
            let second = Method::<Constant>::output(&constant, &second);
            prop_assert!(first.iter().chain(second).all(|x| x.is_finite()));
        }
    }

    #[test]
    fn bad_parameters_are_named(value in awkward_f64()) {
        let named = |error: Error| error.to_string();
        if !(value >= 0.0 && value.is_finite()) {
            let error = named(Quadratic::new(&[1.0], &[1.0], value).unwrap_err());
            prop_assert!(error.starts_with("noise"));
            prop_assert!(named(Quadratic::new(&[value], &[1.0], 0.0).unwrap_err()).starts_with("eigenvalues"));
            prop_assert!(named(TiltedAbsolute::new(2, 0.5, value).unwrap_err()).starts_with("noise"));
        }
        if !(value > 0.0 && value.is_finite()) {
            prop_assert!(named(Dog::new(value).unwrap_err()).starts_with("initial_movement"));
            prop_assert!(named(ConstantStep::new(value).unwrap_err()).starts_with("step_size"));
            prop_assert!(named(TiltedAbsolute::new(2, value, 0.0).unwrap_err()).starts_with("tilt"));
        }
        if !value.is_finite() {
            prop_assert!(named(Quadratic::new(&[1.0], &[value], 0.0).unwrap_err()).starts_with("start"));
            let dog = Dog::new(1.0).unwrap();
            prop_assert!(named(dog.start(&Constant(vec![1.0]), &[value]).unwrap_err()).starts_with("x0"));
        }
    }
}

#[test]
fn sizes_that_disagree_are_refused() {
    let expected = Error::Dimension { name: "start", expected: 2, found: 3 };
    assert_eq!(Quadratic::new(&[1.0; 2], &[0.0; 3], 0.0).unwrap_err(), expected);
    assert_eq!(Quadratic::new(&[], &[], 0.0).unwrap_err(), Error::Empty { name: "eigenvalues" });
    assert!(Quadratic::power_spectrum(0, 1.0).is_err());
    assert!(TiltedAbsolute::new(0, 0.5, 0.0).unwrap_err().to_string().starts_with("dimension"));
    let problem = TiltedAbsolute::new(3, 0.5, 0.0).unwrap();
    let method = ConstantStep::new(1.0).unwrap();
    assert_eq!(method.start(&problem, &[]).unwrap_err(), Error::Empty { name: "x0" });
    let expected = Error::Dimension { name: "x0", expected: 3, found: 2 };
    assert_eq!(method.start(&problem, &[1.0; 2]).unwrap_err(), expected);
}

/// A method that never asks.
struct Idle;

impl Method<dyn Oracle> for Idle {
    type State = Vec<f64>;

    fn start(&self, _: &dyn Oracle, x0: &[f64]) -> ratebook::Result<Vec<f64>> {
        Ok(x0.to_vec())
    }

    fn step(&self, _: &dyn Oracle, _: &mut Vec<f64>, _: &mut dyn Rng) -> ratebook::Result<()> {
        Ok(())
    }

    fn output<'a>(&self, state: &'a Vec<f64>) -> &'a [f64] {
        state
    }
}

#[test]
fn a_method_that_never_asks_does_not_run_for_ever() {
    let problem = TiltedAbsolute::new(3, 0.5, 0.0).unwrap();
    assert!(gap_path(&Idle, problem, &[1], &mut rng(1)).unwrap_err().to_string().starts_with("method"));
}

#[test]
fn a_budget_is_counted_in_gradients() {
    let problem = TiltedAbsolute::new(3, 0.5, 0.0).unwrap();
    let method = UDog::new(0.1).unwrap();
    let mut run = Run::start(&method, problem.clone()).unwrap();
    assert_eq!((run.calls(), run.output(), run.distance_travelled()), (0, problem.start(), 0.0));
    // Two gradients a step: the first step that reaches 5 is the third.
    run.advance_to(5, &mut rng(1)).unwrap();
    assert_eq!(run.calls(), 6);
    assert_eq!(run.gap(), gap_path(&method, problem, &[6], &mut rng(1)).unwrap()[0]);
}

#[test]
fn the_noise_has_mean_zero_and_total_variance_sigma_squared() {
    let problem = TiltedAbsolute::new(5, 0.2, 2.0).unwrap();
    let (mut rng, mut gradient) = (rng(7), [0.0; 5]);
    let (mut mean, mut square) = ([0.0; 5], 0.0);
    let draws = 20_000;
    for _ in 0..draws {
        problem.gradient(&[0.0; 5], &mut rng, &mut gradient);
        mean.iter_mut().zip(&gradient).for_each(|(mean, slope)| *mean += slope / draws as f64);
        square += norm(&gradient).powi(2) / draws as f64;
    }
    // Standard errors: 2/√(5·20,000) per coordinate, and 4·√(2/5)/√20,000.
    assert!(mean.iter().all(|mean| mean.abs() < 5.0 * 2.0 / (5.0 * draws as f64).sqrt()));
    assert!((square - 4.0).abs() < 5.0 * 4.0 * (0.4 / draws as f64).sqrt());
}

#[test]
fn the_distance_ignores_flat_directions() {
    let problem = Quadratic::new(&[1.0, 0.0], &[3.0, 4.0], 0.0).unwrap();
    assert_eq!(problem.distance(), 3.0);
    assert_eq!(problem.smoothness(), 1.0);
    let spectrum = Quadratic::power_spectrum(100, 8.0).unwrap();
    assert!((spectrum.distance() - 1.0).abs() < 1e-12);
    assert_eq!(spectrum.smoothness(), 1.0);
}
