use nalgebra::{DMatrix, DVector, DVectorView};
use ratebook::Error;
use ratebook::convex::classics::gradient_descent::GradientDescent;
use ratebook::convex::instances::DiagonalQuadratic;
use ratebook::math::first_order::{Objective, Run};
use ratebook_test_support::rng;

/// A user's problem that lives in nalgebra: ½|Ax − b|².
struct LeastSquares {
    a: DMatrix<f64>,
    b: DVector<f64>,
}

impl Objective for LeastSquares {
    fn dim(&self) -> usize {
        self.a.ncols()
    }

    fn value(&self, x: &[f64]) -> f64 {
        (&self.a * DVectorView::from_slice(x, x.len()) - &self.b).norm_squared() / 2.0
    }

    fn gradient(&self, x: &[f64], gradient: &mut [f64]) {
        let residual = &self.a * DVectorView::from_slice(x, x.len()) - &self.b;
        gradient.copy_from_slice(self.a.tr_mul(&residual).as_slice());
    }
}

#[test]
fn a_problem_in_nalgebra_is_solved_through_the_trait_object() {
    let a = DMatrix::from_row_slice(3, 2, &[1.0, 0.2, -0.3, 0.8, 0.1, 0.4]);
    let b = DVector::from_row_slice(&[1.0, -2.0, 0.5]);
    let exact = a.clone().svd(true, true).solve(&b, 1e-12).unwrap();
    let problem: &dyn Objective = &LeastSquares { a, b };
    let method = GradientDescent::smooth(2.0).unwrap();
    let mut run = Run::start(&method, problem, &[0.0, 0.0]).unwrap();
    let x = run.advance(400, &mut rng(0)).unwrap();
    assert!((x[0] - exact[0]).abs() < 1e-12 && (x[1] - exact[1]).abs() < 1e-12);
}

#[test]
fn the_run_counts_its_steps_and_resumes() {
    let problem = DiagonalQuadratic::new(&[1.0, 0.1], &[0.0, 0.0]).unwrap();
    let method = GradientDescent::smooth(1.5).unwrap();
    let (mut whole, mut parts) = (
        Run::start(&method, &problem, &[1.0, 1.0]).unwrap(),
        Run::start(&method, &problem, &[1.0, 1.0]).unwrap(),
    );
    assert_eq!(whole.output(), [1.0, 1.0]);
    whole.advance(10, &mut rng(0)).unwrap();
    parts.advance(4, &mut rng(0)).unwrap();
    parts.advance_to(10, &mut rng(0)).unwrap();
    assert_eq!((parts.steps(), parts.output()), (10, whole.output()));
    // A target in the past takes no step.
    parts.advance_to(3, &mut rng(0)).unwrap();
    assert_eq!((parts.steps(), parts.output()), (10, whole.output()));
}

#[test]
fn divergence_is_reported_at_the_step_where_it_happens() {
    let problem = DiagonalQuadratic::new(&[1.0], &[0.0]).unwrap();
    // The error is multiplied by −9 a step, and η∇f = 10·9^s overflows at s = 322, in step 323.
    let method = GradientDescent::with_step(10.0).unwrap();
    let mut run = Run::start(&method, &problem, &[1.0]).unwrap();
    assert!(run.advance(322, &mut rng(0)).is_ok());
    let error = run.advance(10, &mut rng(0)).unwrap_err();
    assert_eq!(error, Error::Diverged { name: "iterate", steps: 323 });
}

#[test]
fn a_bad_start_is_refused_by_name() {
    let problem = DiagonalQuadratic::new(&[1.0, 1.0], &[0.0, 0.0]).unwrap();
    let method = GradientDescent::smooth(1.0).unwrap();
    let refusal = |x0: &[f64]| Run::start(&method, &problem, x0).err().unwrap().to_string();
    assert_eq!(refusal(&[]), "x0 is empty");
    assert_eq!(refusal(&[1.0]), "x0 has size 1, expected 2");
    assert_eq!(refusal(&[1.0, f64::NAN]), "x0 = NaN: must be finite");
    assert_eq!(refusal(&[f64::INFINITY, 0.0]), "x0 = inf: must be finite");
}
