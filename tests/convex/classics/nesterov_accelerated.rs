use proptest::prelude::*;
use ratebook::convex::classics::gradient_descent::GradientDescent;
use ratebook::convex::classics::nesterov_accelerated::NesterovAccelerated;
use ratebook::convex::instances::{DiagonalQuadratic, Huber};
use ratebook::convex::{Objective, Run, Solved};
use ratebook_test_support::{awkward_f64, config, rng};

use super::{close, run};

/// The textbook's other form, written apart: x = y_s + m_s (y_s − y_{s−1}), then a gradient step.
fn momentum_form(
    f: &dyn Objective,
    beta: f64,
    x0: &[f64],
    steps: usize,
    m: impl Fn(usize) -> f64,
) -> Vec<f64> {
    let (mut previous, mut y) = (x0.to_vec(), x0.to_vec());
    for s in 1..=steps {
        let x: Vec<f64> = y.iter().zip(&previous).map(|(y, p)| y + m(s) * (y - p)).collect();
        let mut g = vec![0.0; x.len()];
        f.gradient(&x, &mut g);
        previous = y;
        y = x.iter().zip(&g).map(|(x, g)| x - g / beta).collect();
    }
    y
}

/// λ_s by its definition, from λ_0 = 0.
fn lambda(s: usize) -> f64 {
    (0..s).fold(0.0, |l: f64, _| (1.0 + (1.0 + 4.0 * l * l).sqrt()) / 2.0)
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn both_variants_equal_the_momentum_form(
        eigenvalues in prop::collection::vec(0.1..1.0f64, 1..6), steps in 0..60usize,
    ) {
        let n = eigenvalues.len();
        let f = DiagonalQuadratic::new(&eigenvalues, &vec![0.5; n]).unwrap();
        let x0 = vec![2.0; n];
        let smooth = run(&NesterovAccelerated::smooth(1.0).unwrap(), &f, &x0, steps);
        // The gradient step number s starts from y_s with the weight (λ_{s−1} − 1)/λ_s of step s − 1.
        let growing = |s: usize| if s == 1 { 0.0 } else { (lambda(s - 1) - 1.0) / lambda(s) };
        prop_assert!(close(&smooth, &momentum_form(&f, 1.0, &x0, steps, growing), 1e-12));

        let strong = run(&NesterovAccelerated::strongly_convex(0.1, 1.0).unwrap(), &f, &x0, steps);
        let root = 10f64.sqrt();
        let constant = |_| (root - 1.0) / (root + 1.0);
        prop_assert!(close(&strong, &momentum_form(&f, 1.0, &x0, steps, constant), 1e-12));
    }

    /// Theorem 3.19 on every shape of function of one variable.
    #[test]
    fn the_smooth_bound_holds(
        beta in 0.1..10.0f64, bend in 0.0..1.0f64, lower in 0.0..2.0f64, upper in 0.001..2.0f64,
        start in prop_oneof![-2.0..-0.01f64, 0.01..2.0f64],
    ) {
        let f = Huber::asymmetric(bend * beta, beta, lower, upper).unwrap();
        let method = NesterovAccelerated::smooth(beta).unwrap();
        let objective: &dyn Objective = &f;
        let mut run = Run::start(&method, objective, &[start]).unwrap();
        for t in 2..100 {
            let gap = f.gap(run.advance(1, &mut rng(0)).unwrap());
            prop_assert!(gap <= 2.0 * beta * start * start / (t * t) as f64);
        }
    }

    /// Theorem 3.18 on the same, with α > 0.
    #[test]
    fn the_strongly_convex_bound_holds(
        kappa in 1.0..1000.0f64, lower in 0.0..2.0f64, upper in 0.0..2.0f64,
        start in prop_oneof![-2.0..-0.01f64, 0.01..2.0f64],
    ) {
        let alpha = 1.0 / kappa;
        let f = Huber::asymmetric(alpha, 1.0, lower, upper).unwrap();
        let method = NesterovAccelerated::strongly_convex(alpha, 1.0).unwrap();
        let objective: &dyn Objective = &f;
        let mut run = Run::start(&method, objective, &[start]).unwrap();
        for t in 2..100 {
            let gap = f.gap(run.advance(1, &mut rng(0)).unwrap());
            let bound = (alpha + 1.0) / 2.0 * start * start * (-(t as f64 - 1.0) / kappa.sqrt()).exp();
            prop_assert!(gap <= bound, "t = {t}: {gap} > {bound}");
        }
    }

    #[test]
    fn moving_the_problem_moves_the_iterates(
        eigenvalues in prop::collection::vec(0.01..1.0f64, 1..6), shift in -3.0..3.0f64,
    ) {
        let n = eigenvalues.len();
        let method = NesterovAccelerated::smooth(1.0).unwrap();
        let plain = DiagonalQuadratic::new(&eigenvalues, &vec![0.0; n]).unwrap();
        let moved = DiagonalQuadratic::new(&eigenvalues, &vec![shift; n]).unwrap();
        let expected: Vec<f64> =
            run(&method, &plain, &vec![1.0; n], 30).iter().map(|x| x + shift).collect();
        prop_assert!(close(&run(&method, &moved, &vec![1.0 + shift; n], 30), &expected, 1e-12));
    }

    #[test]
    fn parameters_are_refused_by_name(bad in awkward_f64()) {
        let positive = bad > 0.0 && bad.is_finite();
        for (result, name) in [
            (NesterovAccelerated::smooth(bad).map(drop), "beta"),
            (NesterovAccelerated::strongly_convex(bad, f64::MAX).map(drop), "alpha"),
            (NesterovAccelerated::strongly_convex(f64::MIN_POSITIVE / 4.0, bad).map(drop), "beta"),
        ] {
            prop_assert_eq!(result.is_ok(), positive, "{}", name);
            if let Err(error) = result {
                prop_assert!(error.to_string().starts_with(name), "{error}");
            }
        }
    }
}

#[test]
fn the_first_two_steps_are_gradient_steps() {
    let f = DiagonalQuadratic::new(&[1.0, 0.25], &[0.0, 0.0]).unwrap();
    for steps in [1, 2] {
        let accelerated = run(&NesterovAccelerated::smooth(1.0).unwrap(), &f, &[1.0, 1.0], steps);
        assert_eq!(accelerated, run(&GradientDescent::smooth(1.0).unwrap(), &f, &[1.0, 1.0], steps));
    }
    let third = run(&NesterovAccelerated::smooth(1.0).unwrap(), &f, &[1.0, 1.0], 3);
    assert_ne!(third, run(&GradientDescent::smooth(1.0).unwrap(), &f, &[1.0, 1.0], 3));
}

#[test]
fn condition_number_one_is_gradient_descent() {
    let f = DiagonalQuadratic::new(&[1.0, 0.25], &[0.3, 0.0]).unwrap();
    let accelerated = run(&NesterovAccelerated::strongly_convex(1.0, 1.0).unwrap(), &f, &[1.0, 1.0], 9);
    assert_eq!(accelerated, run(&GradientDescent::smooth(1.0).unwrap(), &f, &[1.0, 1.0], 9));
}

#[test]
fn alpha_above_beta_is_refused() {
    let message = NesterovAccelerated::strongly_convex(2.0, 1.0).unwrap_err().to_string();
    assert_eq!(message, "alpha = 2: must be at most beta");
}
