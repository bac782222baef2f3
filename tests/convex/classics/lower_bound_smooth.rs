use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use ratebook::convex::baselines::ConjugateGradient;
use ratebook::convex::classics::gradient_descent::GradientDescent;
use ratebook::convex::classics::nesterov_accelerated::NesterovAccelerated;
use ratebook::convex::instances::NesterovChain;
use ratebook::convex::{Method, Objective, Run, Solved};
use ratebook_test_support::{awkward_f64, config, rng};

use super::close;

/// The Hessian and the force, dense, by the formula of the construction.
fn dense(k: usize, alpha: f64, beta: f64) -> (DMatrix<f64>, DVector<f64>) {
    let c = (beta - alpha) / 4.0;
    let hessian = DMatrix::from_fn(k, k, |i, j| match i.abs_diff(j) {
        0 => 2.0 * c + alpha,
        1 => -c,
        _ => 0.0,
    });
    let force = DVector::from_fn(k, |i, _| if i == 0 { c } else { 0.0 });
    (hessian, force)
}

/// After s steps from 0 nothing beyond the first s links has moved.
fn reveals_one_link_a_step(method: &impl Method<NesterovChain>, chain: &NesterovChain) -> bool {
    let mut run = Run::start(method, chain, &vec![0.0; chain.dim()]).unwrap();
    (1..chain.dim()).all(|s| NesterovChain::revealed(run.advance(1, &mut rng(0)).unwrap()) <= s)
}

proptest! {
    #![proptest_config(config(64))]

    /// Value, gradient, minimiser and Newton solve against dense linear algebra.
    #[test]
    fn the_chain_agrees_with_its_matrix(
        alpha in prop_oneof![Just(0.0), 1e-6..0.9f64], beta in 1.0..4.0f64,
        x in prop::collection::vec(-2.0..2.0f64, 1..12),
    ) {
        let k = x.len();
        let chain = NesterovChain::new(k, alpha, beta).unwrap();
        let (hessian, force) = dense(k, alpha, beta);
        let v = DVector::from_column_slice(&x);

        let value = v.dot(&(&hessian * &v)) / 2.0 - force.dot(&v);
        prop_assert!((chain.value(&x) - value).abs() <= 1e-12 * (1.0 + value.abs()));
        let mut gradient = vec![0.0; k];
        chain.gradient(&x, &mut gradient);
        prop_assert!(close(&gradient, (&hessian * &v - &force).as_slice(), 1e-12));

        let solution = hessian.clone().cholesky().unwrap().solve(&force);
        prop_assert!(close(chain.minimizer(), solution.as_slice(), 1e-10));
        let mut direction = x.clone();
        chain.solve_hessian(&mut direction);
        prop_assert!(close(&direction, hessian.cholesky().unwrap().solve(&v).as_slice(), 1e-9));
    }

    /// β-smooth and α-strongly convex, by the spectrum; close to both ends on a long chain.
    #[test]
    fn the_spectrum_lies_between_alpha_and_beta(k in 1..40usize, alpha in 0.0..0.9f64) {
        let eigenvalues = dense(k, alpha, 1.0).0.symmetric_eigenvalues();
        prop_assert!(eigenvalues.min() > alpha && eigenvalues.max() < 1.0);
        let edge = (1.0 - alpha) * (std::f64::consts::PI / (2.0 * (k as f64 + 1.0))).powi(2);
        prop_assert!(eigenvalues.min() <= alpha + edge + 1e-12);
    }

    /// Without strong convexity the minimum is −β/8·(1 − 1/(k+1)).
    #[test]
    fn the_smooth_minimum_has_a_closed_form(t in 1..200usize, beta in 0.1..10.0f64) {
        let chain = NesterovChain::smooth(t, beta).unwrap();
        prop_assert_eq!(chain.dim(), 2 * t + 1);
        let exact = -beta / 8.0 * (1.0 - 1.0 / (2.0 * t as f64 + 2.0));
        prop_assert!((chain.value(chain.minimizer()) - exact).abs() <= 1e-12 * beta);
        prop_assert!((chain.gap(&vec![0.0; chain.dim()]) + exact).abs() <= 1e-12 * beta);
    }

    /// Cut at t + 10√κ, the chain's minimiser is the infinite chain's qⁱ on the first t links.
    #[test]
    fn the_cut_chain_resembles_the_infinite_one(t in 1..60usize, kappa in 1.5..1e4f64) {
        let chain = NesterovChain::strongly_convex(t, 1.0 / kappa, 1.0).unwrap();
        let q = (kappa.sqrt() - 1.0) / (kappa.sqrt() + 1.0);
        for (i, x) in chain.minimizer()[..t].iter().enumerate() {
            prop_assert!((x / q.powi(i as i32 + 1) - 1.0).abs() <= 1e-8, "{i}: {x}");
        }
    }

    #[test]
    fn every_gradient_method_reveals_one_link_a_step(k in 2..30usize, alpha in prop_oneof![Just(0.0), 0.01..0.5f64]) {
        let chain = NesterovChain::new(k, alpha, 1.0).unwrap();
        prop_assert!(reveals_one_link_a_step(&GradientDescent::smooth(1.0).unwrap(), &chain));
        prop_assert!(reveals_one_link_a_step(&NesterovAccelerated::smooth(1.0).unwrap(), &chain));
        prop_assert!(reveals_one_link_a_step(&ConjugateGradient, &chain));
    }

    #[test]
    fn bad_input_is_refused(bad in awkward_f64()) {
        let smooth = NesterovChain::smooth(3, bad);
        prop_assert_eq!(smooth.is_ok(), bad > 0.0 && bad.is_finite());
        let strong = NesterovChain::strongly_convex(3, 1.0, bad);
        prop_assert_eq!(strong.is_ok(), bad > 1.0 && bad <= 1e12);
    }
}

#[test]
fn degenerate_lengths() {
    assert!(NesterovChain::new(0, 0.0, 1.0).unwrap_err().to_string().starts_with("length = 0"));
    assert!(NesterovChain::smooth(0, 1.0).unwrap_err().to_string().starts_with("t = 0"));
    assert!(NesterovChain::strongly_convex(0, 0.5, 1.0).unwrap_err().to_string().starts_with("t = 0"));
    // One link: f(x) = β/8·(2x² − 2x), least at ½.
    assert_eq!(NesterovChain::new(1, 0.0, 1.0).unwrap().minimizer(), [0.5]);
    assert_eq!(NesterovChain::revealed(&[0.0, 0.0]), 0);
    assert_eq!(NesterovChain::revealed(&[0.0, -1.0, 0.0]), 2);
}
