//! U-DoG against a plain transcription of its box, and what must hold on every input.

use nalgebra::DVector;
use proptest::prelude::*;
use rand::Rng;
use ratebook::Error;
use ratebook::math::vector::{distance, norm};
use ratebook::stochastic::instances::{Quadratic, TiltedAbsolute};
use ratebook::stochastic::u_dog::{Part, State, UDog};
use ratebook::stochastic::{Iterating, Method, Oracle, Problem};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

use super::instances::Constant;

/// What a transcription that keeps the whole history computes.
struct Transcription {
    average: DVector<f64>,
    distances: Vec<f64>,
    alphas: Vec<f64>,
    trial_denominators: Vec<f64>,
    denominators: Vec<f64>,
}

/// The box, with every sum and maximum taken over the full history instead of updated.
fn transcribe(
    initial_movement: f64,
    damped: bool,
    radius: Option<f64>,
    problem: &dyn Problem,
    steps: usize,
    rng: &mut dyn Rng,
) -> Transcription {
    let x0 = DVector::from_column_slice(problem.start());
    let project = |x: DVector<f64>| match radius {
        Some(radius) if (&x - &x0).norm() > radius => &x0 + (&x - &x0) * (radius / (&x - &x0).norm()),
        _ => x,
    };
    let ask = |x: &DVector<f64>, rng: &mut dyn Rng| {
        let mut gradient = DVector::zeros(x.len());
        problem.gradient(x.as_slice(), rng, gradient.as_mut_slice());
        gradient
    };
    let (mut xs, mut ys) = (vec![x0.clone()], vec![x0.clone()]);
    let (mut hints, mut gradients): (Vec<DVector<f64>>, Vec<DVector<f64>>) = (vec![], vec![]);
    let (mut distances, mut alphas) = (Vec::<f64>::new(), Vec::<f64>::new());
    let (mut trial_denominators, mut denominators) = (vec![], vec![]);
    for t in 0..steps {
        let farthest = xs.iter().chain(&ys).map(|x| (x - &x0).norm()).fold(initial_movement, f64::max);
        distances.push(farthest);
        alphas.push(distances.iter().sum::<f64>() / farthest);
        let omega = |k: usize| alphas[k] * distances[k];
        let total: f64 = (0..=t).map(omega).sum();
        let past = (0..t).fold(DVector::zeros(x0.len()), |sum: DVector<f64>, k| sum + &xs[k + 1] * omega(k));
        let damping = if damped { 1.0 + (1.0 + t as f64).ln() } else { 1.0 };

        hints.push(ask(&((&past + &ys[t] * omega(t)) / total), rng));
        let largest = (0..=t).map(|k| (alphas[k] * hints[k].norm()).powi(2)).fold(0.0, f64::max);
        let errors = |n: usize, gradients: &[DVector<f64>]| -> f64 {
            (0..n).map(|k| (alphas[k] * (&gradients[k] - &hints[k]).norm()).powi(2)).sum()
        };
        let trial: f64 = errors(t, &gradients) + largest;
        let length =
            |denominator: f64| if denominator > 0.0 { omega(t) / denominator.sqrt() / damping } else { 0.0 };
        xs.push(project(&ys[t] - &hints[t] * length(trial)));

        gradients.push(ask(&((&past + &xs[t + 1] * omega(t)) / total), rng));
        let denominator = errors(t + 1, &gradients) + largest;
        ys.push(project(&ys[t] - &gradients[t] * length(denominator)));
        trial_denominators.push(trial);
        denominators.push(denominator);
    }
    let omegas: Vec<f64> = (0..steps).map(|k| alphas[k] * distances[k]).collect();
    let sum = (0..steps).fold(DVector::zeros(x0.len()), |sum: DVector<f64>, k| sum + &xs[k + 1] * omegas[k]);
    let average = sum / omegas.iter().sum::<f64>();
    Transcription { average, distances, alphas, trial_denominators, denominators }
}

fn problem() -> impl Strategy<Value = Quadratic> {
    let eigenvalues = prop::collection::vec(0.0..2.0_f64, 1..6);
    (eigenvalues, prop_oneof![Just(0.0), 0.1..2.0_f64], -1.0..1.0_f64).prop_map(
        |(eigenvalues, noise, slope)| {
            let start: Vec<f64> = (0..eigenvalues.len()).map(|i| 1.0 + slope * i as f64).collect();
            Quadratic::new(&eigenvalues, &start, noise).unwrap()
        },
    )
}

/// The state after `steps` steps from `x0`.
fn after(steps: u32, method: &UDog, oracle: &dyn Oracle, x0: &[f64], seed: u64) -> State {
    let (mut state, mut rng) = (method.start(oracle, x0).unwrap(), rng(seed));
    (0..steps).for_each(|_| method.step(oracle, &mut state, &mut rng).unwrap());
    state
}

/// The answer in a state.
fn answer<'a>(method: &UDog, state: &'a State) -> &'a [f64] {
    Method::<dyn Oracle>::output(method, state)
}

/// F multiplied by a positive constant.
struct Scaled<'a>(f64, &'a dyn Oracle);

impl Oracle for Scaled<'_> {
    fn dim(&self) -> usize {
        self.1.dim()
    }

    fn gradient(&self, x: &[f64], rng: &mut dyn Rng, gradient: &mut [f64]) {
        self.1.gradient(x, rng, gradient);
        gradient.iter_mut().for_each(|slope| *slope *= self.0);
    }
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn equals_the_transcription_of_its_box(
        problem in problem(),
        exponent in -6..1_i32,
        damped: bool,
        radius in prop::option::of(0.1..2.0_f64),
        steps in 1..25_usize,
        noise in HalfAdversarial::strategy(8),
    ) {
        let initial_movement = 10.0_f64.powi(exponent);
        let mut method = UDog::new(initial_movement).unwrap();
        if damped {
            method = method.damped();
        }
        if let Some(radius) = radius {
            method = method.within(radius).unwrap();
        }
        let plain = transcribe(initial_movement, damped, radius, &problem, steps, &mut noise.clone());
        let x0 = problem.start().to_vec();
        let mut state = method.start(&problem, &x0).unwrap();
        let mut noise = noise;
        for t in 0..steps {
            method.step(&problem, &mut state, &mut noise).unwrap();
            prop_assert!((state.distance() - plain.distances[t]).abs() <= 1e-9 * plain.distances[t]);
            prop_assert!((state.alpha() - plain.alphas[t]).abs() <= 1e-9 * plain.alphas[t]);
            prop_assert!((state.denominator() - plain.denominators[t]).abs() <= 1e-9 * plain.denominators[t]);
        }
        let average = answer(&method, &state);
        prop_assert!(distance(average, plain.average.as_slice()) <= 1e-9 * (1.0 + plain.average.norm()));

        // What the analysis rests on: G_x ≤ G_y, both and r̄ never fall, 1 ≤ α ≤ t + 1, all in K.
        for t in 0..steps {
            prop_assert!(plain.trial_denominators[t] <= plain.denominators[t]);
            prop_assert!((1.0..=t as f64 + 1.0 + 1e-9).contains(&plain.alphas[t]));
            if t > 0 {
                prop_assert!(plain.trial_denominators[t] >= plain.denominators[t - 1] * (1.0 - 1e-12));
                prop_assert!(plain.distances[t] >= plain.distances[t - 1]);
            }
        }
        if let Some(radius) = radius {
            prop_assert!(distance(method.iterate(&state), &x0) <= radius * (1.0 + 1e-12));
            prop_assert!(distance(average, &x0) <= radius * (1.0 + 1e-12));
        }
    }

    #[test]
    fn does_not_see_the_scale_of_the_function(problem in problem(), binary in -40..40_i32, decimal in -4..4_i32) {
        let method = UDog::new(1e-3).unwrap();
        let output = |oracle: &dyn Oracle| {
            answer(&method, &after(20, &method, oracle, problem.start(), 5)).to_vec()
        };
        let plain = output(&problem);
        // A power of two changes no rounding; another factor changes the last digits.
        prop_assert_eq!(&output(&Scaled(2.0_f64.powi(binary), &problem)), &plain);
        let other = output(&Scaled(10.0_f64.powi(decimal), &problem));
        prop_assert!(distance(&other, &plain) <= 1e-9 * (1.0 + norm(&plain)));
    }

    #[test]
    fn measures_distances_in_units_of_the_start(scale in -12..12_i32) {
        // Stretching space (and r_ε with it) stretches the answer: gradients of ‖·‖²/2 scale along.
        let factor = 2.0_f64.powi(scale);
        let output = |factor: f64| {
            let start = [0.5, -1.0, 2.0].map(|x| x * factor);
            let problem = Quadratic::new(&[1.0, 0.3, 0.01], &start, 0.0).unwrap();
            let method = UDog::new(1e-4 * factor).unwrap();
            answer(&method, &after(50, &method, &problem, &start, 1)).to_vec()
        };
        let stretched: Vec<f64> = output(1.0).iter().map(|x| x * factor).collect();
        prop_assert_eq!(output(factor), stretched);
    }

    #[test]
    fn equivariant_under_permutations(start in prop::collection::vec(-1.0..1.0_f64, 4), order in Just(vec![0, 1, 2, 3]).prop_shuffle()) {
        let eigenvalues = [1.0, 0.5, 0.1, 0.0];
        let output = |order: &[usize]| {
            let pick = |values: &[f64]| order.iter().map(|&i| values[i]).collect::<Vec<f64>>();
            let problem = Quadratic::new(&pick(&eigenvalues), &pick(&start), 0.0).unwrap();
            let method = UDog::new(1e-2).unwrap();
            answer(&method, &after(20, &method, &problem, problem.start(), 1)).to_vec()
        };
        let (plain, permuted) = (output(&[0, 1, 2, 3]), output(&order));
        for (position, &i) in order.iter().enumerate() {
            prop_assert!((permuted[position] - plain[i]).abs() < 1e-9);
        }
    }

    #[test]
    fn a_linear_function_is_descended_at_doubling_speed(slope in prop_oneof![-5.0..-0.1_f64, 0.1..5.0_f64], dimension in 1..5_usize) {
        // Constant gradient: no prediction error, so x_{t+1} = y_t − (ω_t/α_t)·direction moves by r̄_t.
        let (method, oracle) = (UDog::new(1.0).unwrap(), Constant(vec![slope; dimension]));
        let mut state = method.start(&oracle, &vec![0.0; dimension]).unwrap();
        for t in 0..20 {
            method.step(&oracle, &mut state, &mut rng(1)).unwrap();
            // 1, 1 + 1, 2 + 2, ...: the distance doubles with every step.
            let expected = 2.0_f64.powi(t);
            prop_assert!((norm(method.iterate(&state)) - expected).abs() < 1e-9 * expected);
            prop_assert!(method.iterate(&state)[0] * slope < 0.0);
        }
    }

    #[test]
    fn awkward_gradients_give_an_error_or_finite_numbers(
        values in prop::collection::vec(awkward_f64(), 1..4),
        initial_movement in prop_oneof![Just(f64::MIN_POSITIVE), Just(1e300), Just(1.0)],
    ) {
        let x0 = vec![0.0; values.len()];
        let (method, oracle) = (UDog::new(initial_movement).unwrap(), Constant(values.clone()));
        let mut state = method.start(&oracle, &x0).unwrap();
        for _ in 0..30 {
            let before = answer(&method, &state).to_vec();
            let outcome = method.step(&oracle, &mut state, &mut rng(1));
            prop_assert!(answer(&method, &state).iter().all(|x| x.is_finite()));
            if let Err(error) = outcome {
                let named = matches!(error, Error::Diverged { name: "gradient" | "iterate", .. });
                prop_assert!(named);
                prop_assert_eq!(answer(&method, &state), &before);
                break;
            }
        }
        if values.iter().any(|value| !value.is_finite()) {
            prop_assert_eq!(answer(&method, &state), &x0);
        }
    }

    #[test]
    fn bad_parameters_are_named(value in awkward_f64()) {
        if !(value > 0.0 && value.is_finite()) {
            prop_assert!(UDog::new(value).unwrap_err().to_string().starts_with("initial_movement"));
            prop_assert!(UDog::new(1.0).unwrap().within(value).unwrap_err().to_string().starts_with("radius"));
        }
        if !value.is_finite() {
            let error = UDog::new(1.0).unwrap().start(&Constant(vec![1.0]), &[value]).unwrap_err();
            prop_assert!(error.to_string().starts_with("x0"));
        }
    }
}

#[test]
fn a_start_at_the_minimiser_stays_there() {
    let problem = Quadratic::new(&[1.0, 2.0], &[0.0; 2], 0.0).unwrap();
    for method in [UDog::new(1e-3).unwrap(), UDog::new(1e-3).unwrap().damped()] {
        let state = after(10, &method, &problem, problem.start(), 1);
        assert_eq!(answer(&method, &state), [0.0; 2]);
        assert_eq!(state.denominator(), 0.0);
    }
}

#[test]
fn each_removed_part_changes_exactly_what_it_names() {
    let problem = TiltedAbsolute::new(3, 0.2, 1.0).unwrap();
    let whole = UDog::new(1e-3).unwrap();
    let state_of = |method: UDog, steps| after(steps, &method, &problem, problem.start(), 9);
    for steps in 1..20 {
        // UniXGrad: α_t = t + 1.
        let frozen = state_of(whole.without(Part::GrowingDistance), steps);
        assert!((frozen.alpha() - f64::from(steps)).abs() < 1e-9);
        assert_eq!(frozen.distance(), 1e-3);
    }
    assert!(state_of(whole, 20).distance() > 1e-3);
    // The same first step, but for the error that it does not add.
    let blind = state_of(whole.without(Part::PredictionErrors), 1);
    assert!(0.0 < blind.denominator() && blind.denominator() < state_of(whole, 1).denominator());
}

#[test]
fn sizes_that_disagree_are_refused() {
    let (method, oracle) = (UDog::new(1.0).unwrap(), Constant(vec![1.0; 3]));
    assert_eq!(method.start(&oracle, &[]).unwrap_err(), Error::Empty { name: "x0" });
    let expected = Error::Dimension { name: "x0", expected: 3, found: 2 };
    assert_eq!(method.start(&oracle, &[0.0; 2]).unwrap_err(), expected);
}
