use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use ratebook::convex::baselines::{ConjugateGradient, Newton};
use ratebook::convex::classics::gradient_descent::GradientDescent;
use ratebook::convex::classics::nesterov_accelerated::NesterovAccelerated;
use ratebook::convex::instances::{DiagonalQuadratic, NesterovChain};
use ratebook::convex::{Method, Objective, Run, Solved};
use ratebook::math::vector::distance;
use ratebook_test_support::{config, rng};

fn gap_after(
    method: &impl Method<dyn Objective>,
    f: &(dyn Solved + 'static),
    x0: &[f64],
    steps: usize,
) -> f64 {
    let objective: &dyn Objective = f;
    let mut run = Run::start(method, objective, x0).unwrap();
    run.advance(steps, &mut rng(0)).unwrap();
    f.gap(run.output())
}

/// The least gap in x₀ + span{Hⁱe : 1 ≤ i ≤ steps}, e = x₀ − x*, H diagonal, by least squares in the
/// energy norm: what no span method can beat.
fn best_in_krylov_space(eigenvalues: &[f64], error: &[f64], steps: usize) -> f64 {
    let n = eigenvalues.len();
    let basis = DMatrix::from_fn(n, steps, |i, j| {
        eigenvalues[i].sqrt() * eigenvalues[i].powi(j as i32 + 1) * error[i]
    });
    let target = DVector::from_fn(n, |i, _| eigenvalues[i].sqrt() * error[i]);
    let weights = basis.clone().svd(true, true).solve(&target, 1e-13).unwrap();
    (target - basis * weights).norm_squared() / 2.0
}

proptest! {
    #![proptest_config(config(64))]

    /// Conjugate gradients attain the least gap of all span methods, so the others are not ahead.
    #[test]
    fn conjugate_gradients_are_the_best_span_method(
        eigenvalues in prop::collection::vec(0.05..1.0f64, 6), error in prop::collection::vec(-1.0..1.0f64, 6),
        steps in 1..4usize,
    ) {
        let f = DiagonalQuadratic::new(&eigenvalues, &[0.0; 6]).unwrap();
        let best = best_in_krylov_space(&eigenvalues, &error, steps);
        let found = gap_after(&ConjugateGradient, &f, &error, steps);
        prop_assert!((found - best).abs() <= 1e-9, "{found} {best}");
        let descent = gap_after(&GradientDescent::smooth(1.0).unwrap(), &f, &error, steps);
        let accelerated = gap_after(&NesterovAccelerated::smooth(1.0).unwrap(), &f, &error, steps);
        prop_assert!(found <= descent + 1e-12 && found <= accelerated + 1e-12);
    }

    #[test]
    fn conjugate_gradients_finish_within_the_dimension(
        eigenvalues in prop::collection::vec(0.5..1.0f64, 1..6), shift in -1.0..1.0f64,
    ) {
        let n = eigenvalues.len();
        let f = DiagonalQuadratic::new(&eigenvalues, &vec![shift; n]).unwrap();
        prop_assert!(gap_after(&ConjugateGradient, &f, &vec![1.5; n], n) <= 1e-20);
        // Going on from the minimiser changes nothing and divides nothing by zero.
        prop_assert!(gap_after(&ConjugateGradient, &f, &vec![1.5; n], n + 5) <= 1e-20);
        prop_assert_eq!(gap_after(&ConjugateGradient, &f, f.minimizer(), 3), 0.0);
    }

    #[test]
    fn newton_needs_one_step(length in 1..40usize, alpha in 0.0..0.9f64, start in -3.0..3.0f64) {
        let chain = NesterovChain::new(length, alpha, 1.0).unwrap();
        let mut run = Run::start(&Newton, &chain, &vec![start; length]).unwrap();
        let x = run.advance(1, &mut rng(0)).unwrap();
        prop_assert!(distance(x, chain.minimizer()) <= 1e-10);
    }
}
