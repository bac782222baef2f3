//! Properties of `statistics::sketched_ridgeless`.

use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use rand::RngExt;
use rand_distr::StandardNormal;
use ratebook::math::least_squares::minimum_norm;
use ratebook::math::orthogonal::haar_columns;
use ratebook::statistics::baselines::UnequalWeights;
use ratebook::statistics::instances::{GaussianLinear, Regression};
use ratebook::statistics::sketched_ridgeless::{
    Gaussian, Haar, Rows, SketchedRidgeless, SubsampledHadamard, UniformRows, ValidatedRows, optimal_rows,
};
use ratebook::statistics::{Estimator, Experiment, Sketch, realised_loss};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

fn regression(n: usize, p: usize, seed: u64) -> Regression {
    GaussianLinear::new(n, p, 1.0, 0.5).unwrap().draw(&mut rng(seed)).0
}

fn sketches() -> [(&'static str, Box<dyn Sketch>); 4] {
    [
        ("haar", Box::new(Haar)),
        ("gaussian", Box::new(Gaussian)),
        ("hadamard", Box::new(SubsampledHadamard)),
        ("rows", Box::new(UniformRows)),
    ]
}

fn fit(sketch: &dyn Sketch, rows: usize, data: &Regression, seed: u64) -> DVector<f64> {
    SketchedRidgeless::new(sketch, rows).unwrap().estimate(data, &mut rng(seed)).unwrap()
}

fn close(a: &DVector<f64>, b: &DVector<f64>) -> bool {
    (a - b).norm() <= 1e-8 * (1.0 + b.norm())
}

/// The sketch matrix itself, seen by sketching the identity.
fn sketch_matrix(sketch: &dyn Sketch, n: usize, rows: usize, seed: u64) -> DMatrix<f64> {
    let identity = Regression::new(DMatrix::identity(n, n), DVector::zeros(n)).unwrap();
    sketch.apply(&identity, rows, &mut rng(seed)).unwrap().x().clone()
}

/// a⁺ from the eigenvalues of aᵀa, an independent route to the minimum-norm solution.
fn pseudo_inverse_by_eigenvalues(a: &DMatrix<f64>) -> DMatrix<f64> {
    let eigen = a.tr_mul(a).symmetric_eigen();
    let floor = eigen.eigenvalues.max() * 1e-9;
    let inverse = eigen.eigenvalues.map(|value| if value > floor { 1.0 / value } else { 0.0 });
    &eigen.eigenvectors * DMatrix::from_diagonal(&inverse) * eigen.eigenvectors.transpose() * a.transpose()
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn minimum_norm_is_the_pseudo_inverse(
        rows in 1usize..9, columns in 1usize..9, rank in 1usize..9, seed in any::<u64>(),
    ) {
        let mut random = rng(seed);
        let mut normal = |r, c| DMatrix::<f64>::from_fn(r, c, |_, _| random.sample(StandardNormal));
        let rank = rank.min(rows).min(columns);
        let a = normal(rows, rank) * normal(rank, columns);
        let b = normal(rows, 1).column(0).into_owned();
        let x = minimum_norm(&a, &b);
        let oracle = pseudo_inverse_by_eigenvalues(&a) * &b;
        // The eigenvalue route squares the condition number, so it is only trusted when that is small.
        let values = a.clone().singular_values();
        prop_assume!(values[rank - 1] > 1e-2 * values[0]);
        prop_assert!((&x - &oracle).norm() <= 1e-6 * (1.0 + oracle.norm()));
        // Normal equations hold, and the solution has no part outside the row space.
        prop_assert!(a.tr_mul(&(&a * &x - &b)).norm() <= 1e-9 * (1.0 + values[0] * b.norm()));
        prop_assert!(x.norm() <= oracle.norm() * (1.0 + 1e-6));
    }

    #[test]
    fn a_square_orthogonal_sketch_is_no_sketch(log_n in 1u32..5, p in 1usize..20, seed in any::<u64>()) {
        let n = 1 << log_n;
        prop_assume!(p.abs_diff(n) > 1);
        let data = regression(n, p, seed);
        let plain = minimum_norm(data.x(), data.y());
        for (name, sketch) in sketches().iter().filter(|(name, _)| *name != "gaussian") {
            prop_assert!(close(&fit(&**sketch, n, &data, seed), &plain), "{name}");
        }
    }

    #[test]
    fn with_fewer_rows_than_features_all_sketches_of_the_same_rows_agree(
        n in 3usize..12, extra in 3usize..8, seed in any::<u64>(),
    ) {
        // An interpolating fit is unchanged by any invertible map of its equations.
        let data = regression(n, n + extra, seed);
        let plain = minimum_norm(data.x(), data.y());
        prop_assert!((data.x() * &plain - data.y()).norm() <= 1e-8 * (1.0 + data.y().norm()));
        for sketch in [&Gaussian as &dyn Sketch, &Haar, &UnequalWeights(UniformRows)] {
            let mapped = fit(sketch, n, &data, seed);
            prop_assert!((mapped - &plain).norm() <= 1e-5 * (1.0 + plain.norm()));
        }
    }

    #[test]
    fn orthogonal_sketches_have_orthonormal_rows(log_n in 1u32..5, part in 0.0f64..1.0, seed in any::<u64>()) {
        let n = 1 << log_n;
        let rows = 1 + (part * n as f64) as usize;
        for (name, sketch) in sketches().iter().filter(|(name, _)| *name != "gaussian") {
            let s = sketch_matrix(&**sketch, n, rows, seed);
            let gram = &s * s.transpose();
            prop_assert!((gram - DMatrix::identity(rows, rows)).norm() < 1e-10, "{name}");
        }
    }

    #[test]
    fn rotating_the_features_rotates_the_estimate(
        n in 4usize..16, p in 2usize..20, rows in 1usize..16, seed in any::<u64>(),
    ) {
        prop_assume!(rows <= n && rows.abs_diff(p) > 1);
        let data = regression(n, p, seed);
        let rotation = haar_columns(p, p, &mut rng(seed ^ 1));
        let rotated = Regression::new(data.x() * &rotation, data.y().clone()).unwrap();
        for sketch in [&Haar as &dyn Sketch, &Gaussian, &UniformRows] {
            let expected = rotation.tr_mul(&fit(sketch, rows, &data, seed));
            let found = fit(sketch, rows, &rotated, seed);
            prop_assert!((&found - &expected).norm() <= 1e-6 * (1.0 + expected.norm()));
        }
    }

    #[test]
    fn scaling_the_equations_leaves_the_estimate(
        n in 4usize..12, p in 2usize..16, scale in -3.0f64..3.0, seed in any::<u64>(),
    ) {
        prop_assume!(n.abs_diff(p) > 1);
        let data = regression(n, p, seed);
        let factor = 10f64.powf(scale);
        let scaled = Regression::new(data.x() * factor, data.y() * factor).unwrap();
        prop_assert!(close(&minimum_norm(scaled.x(), scaled.y()), &minimum_norm(data.x(), data.y())));
    }

    #[test]
    fn validation_returns_the_best_of_its_fits(n in 8usize..24, p in 2usize..12, seed in any::<u64>()) {
        let data = regression(n, p, seed);
        let validated = ValidatedRows::new(UniformRows, 0.3, vec![1, 2, 3, 4]).unwrap();
        let chosen = validated.estimate(&data, &mut rng(seed)).unwrap();
        let (training, rest) = data.split(validated.training_rows(n)).unwrap();
        let error = |beta: &DVector<f64>| (rest.y() - rest.x() * beta).norm_squared();
        let mut random = rng(seed);
        for size in 1..=4 {
            let rival = SketchedRidgeless::new(UniformRows, size).unwrap();
            prop_assert!(error(&chosen) <= error(&rival.estimate(&training, &mut random).unwrap()));
        }
    }

    #[test]
    fn rare_draws_do_no_harm(mut random in HalfAdversarial::strategy(40), rows in 1usize..=8) {
        let problem = GaussianLinear::new(8, 3, 1.0, 0.5).unwrap();
        for (name, sketch) in sketches() {
            let estimator = SketchedRidgeless::new(&*sketch, rows).unwrap();
            let mut data_rng = random.clone();
            let loss = realised_loss(&problem, &estimator, &mut data_rng, &mut random).unwrap();
            prop_assert!(loss.is_finite() && loss >= 0.0, "{name}: {loss}");
        }
    }

    #[test]
    fn huge_and_tiny_data_give_a_finite_estimate_or_an_error(
        scale in prop_oneof![Just(f64::MAX), Just(1e-310), Just(1e300), Just(1.0), Just(0.0)],
        response in prop_oneof![Just(f64::MAX), Just(1e-310), Just(1.0), Just(0.0)],
        rows in 1usize..=4, seed in any::<u64>(),
    ) {
        let mut random = rng(seed);
        let mut unit = |r, c| DMatrix::<f64>::from_fn(r, c, |_, _| random.random_range(-1.0..1.0));
        let (x, y) = (unit(4, 3) * scale, unit(4, 1).column(0) * response);
        let data = Regression::new(x, y).unwrap();
        for (name, sketch) in sketches() {
            let estimator = SketchedRidgeless::new(&*sketch, rows).unwrap();
            if let Ok(beta) = estimator.estimate(&data, &mut rng(seed)) {
                prop_assert!(beta.iter().all(|value| value.is_finite()), "{name}");
            }
        }
    }

    #[test]
    fn bad_numbers_are_refused_by_name(x in awkward_f64()) {
        let named = |error: ratebook::Error, name: &str| error.to_string().starts_with(name);
        match GaussianLinear::new(5, 2, x, 0.5) {
            Ok(_) => prop_assert!(x >= 0.0 && x.is_finite()),
            Err(error) => prop_assert!(named(error, "alpha")),
        }
        match GaussianLinear::new(5, 2, 1.0, x) {
            Ok(_) => prop_assert!(x >= 0.0 && x.is_finite()),
            Err(error) => prop_assert!(named(error, "sigma")),
        }
        match optimal_rows(5, 2, 1.0, x) {
            Ok(_) => prop_assert!(x > 0.0 && x.is_finite()),
            Err(error) => prop_assert!(named(error, "sigma")),
        }
        match ValidatedRows::new(UniformRows, x, vec![1]) {
            Ok(_) => prop_assert!(x > 0.0 && x < 1.0),
            Err(error) => prop_assert!(named(error, "held_out")),
        }
        let entry = Regression::new(DMatrix::from_element(2, 1, x), DVector::zeros(2));
        match entry {
            Ok(data) => {
                prop_assert!(x.is_finite());
                let beta = minimum_norm(data.x(), data.y());
                prop_assert!(beta[0] == 0.0, "{beta}");
            }
            Err(error) => prop_assert!(named(error, "x")),
        }
    }

    #[test]
    fn the_advice_is_within_the_data(
        n in 1usize..500, p in 1usize..900, alpha in 0.01f64..10.0, sigma in 0.01f64..10.0,
    ) {
        match optimal_rows(n, p, alpha, sigma).unwrap() {
            Rows::Keep(rows) => prop_assert!(rows >= 1 && rows <= n && sigma < alpha),
            Rows::Null => prop_assert!(sigma >= alpha),
            Rows::All => (),
        }
    }
}

#[test]
fn sizes_are_refused_by_name() {
    let data = regression(6, 2, 1);
    let message = |result: ratebook::Result<DVector<f64>>| result.unwrap_err().to_string();
    let sketched = |rows| SketchedRidgeless::new(UniformRows, rows);
    assert!(sketched(0).unwrap_err().to_string().starts_with("rows = 0"));
    assert!(message(sketched(7).unwrap().estimate(&data, &mut rng(0))).starts_with("rows = 7"));
    let hadamard = SketchedRidgeless::new(SubsampledHadamard, 2).unwrap();
    assert!(message(hadamard.estimate(&data, &mut rng(0))).starts_with("n = 6"));
    assert!(GaussianLinear::new(0, 2, 1.0, 1.0).unwrap_err().to_string().starts_with("n = 0"));
    assert!(GaussianLinear::new(2, 0, 1.0, 1.0).unwrap_err().to_string().starts_with("p = 0"));
    assert!(ValidatedRows::new(Haar, 0.2, vec![]).unwrap_err().to_string().starts_with("sizes is empty"));
    assert!(ValidatedRows::new(Haar, 0.2, vec![3, 0]).unwrap_err().to_string().starts_with("sizes = 0"));
    let one_row = regression(1, 2, 1);
    let validated = ValidatedRows::new(UniformRows, 0.2, vec![1]).unwrap();
    assert!(message(validated.estimate(&one_row, &mut rng(0))).starts_with("rows = 1"));
    let mismatch = Regression::new(DMatrix::zeros(3, 2), DVector::zeros(4)).unwrap_err().to_string();
    assert!(mismatch.starts_with("y has size 4"));
    assert!(
        Regression::new(DMatrix::zeros(0, 2), DVector::zeros(0)).unwrap_err().to_string().starts_with("x")
    );
}
