use proptest::prelude::*;
use ratebook::convex::classics::gradient_descent::GradientDescent;
use ratebook::convex::instances::{DiagonalQuadratic, Huber, LinearCost};
use ratebook::convex::{Objective, Projection, Run, Solved};
use ratebook::math::sets::{AxisBox, Ball, HalfSpace};
use ratebook::math::vector::distance;
use ratebook_test_support::{awkward_f64, config, rng};

use super::{close, run};

fn spectrum() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(0.01..1.0f64, 1..8)
}

proptest! {
    #![proptest_config(config(64))]

    /// Each coordinate of a diagonal quadratic is multiplied by 1 − ηλ a step.
    #[test]
    fn a_diagonal_quadratic_has_a_closed_form(
        eigenvalues in spectrum(), center in -5.0..5.0f64, eta in 0.01..2.0f64, steps in 0..60usize,
    ) {
        let n = eigenvalues.len();
        let f = DiagonalQuadratic::new(&eigenvalues, &vec![center; n]).unwrap();
        let found = run(&GradientDescent::with_step(eta).unwrap(), &f, &vec![1.0; n], steps);
        let exact: Vec<f64> = eigenvalues
            .iter()
            .map(|lambda| center + (1.0 - center) * (1.0 - eta * lambda).powi(steps as i32))
            .collect();
        prop_assert!(close(&found, &exact, 1e-12 * (1.0 + center.abs())));
    }

    /// Moving the problem moves the iterates, permuting it permutes them, and scaling the function
    /// together with β leaves them alone.
    #[test]
    fn metamorphic_relations(eigenvalues in spectrum(), shift in -3.0..3.0f64, scale in 0.01..100.0f64) {
        let n = eigenvalues.len();
        let x0: Vec<f64> = (0..n).map(|i| 1.0 + i as f64).collect();
        let method = GradientDescent::smooth(1.0).unwrap();
        let plain = DiagonalQuadratic::new(&eigenvalues, &vec![0.0; n]).unwrap();
        let reference = run(&method, &plain, &x0, 20);

        let moved = DiagonalQuadratic::new(&eigenvalues, &vec![shift; n]).unwrap();
        let moved_start: Vec<f64> = x0.iter().map(|x| x + shift).collect();
        let expected: Vec<f64> = reference.iter().map(|x| x + shift).collect();
        prop_assert!(close(&run(&method, &moved, &moved_start, 20), &expected, 1e-12));

        let reversed: Vec<f64> = eigenvalues.iter().rev().copied().collect();
        let permuted = DiagonalQuadratic::new(&reversed, &vec![0.0; n]).unwrap();
        let permuted_start: Vec<f64> = x0.iter().rev().copied().collect();
        let expected: Vec<f64> = reference.iter().rev().copied().collect();
        prop_assert_eq!(run(&method, &permuted, &permuted_start, 20), expected);

        let scaled: Vec<f64> = eigenvalues.iter().map(|lambda| lambda * scale).collect();
        let scaled = DiagonalQuadratic::new(&scaled, &vec![0.0; n]).unwrap();
        let method = GradientDescent::smooth(scale).unwrap();
        prop_assert!(close(&run(&method, &scaled, &x0, 20), &reference, 1e-12 * n as f64));
    }

    /// With step 1/β the value never grows and the tight bound β R²/(4N+2) holds, whatever the shape.
    #[test]
    fn the_value_decreases_and_stays_below_the_tight_bound(
        beta in 0.1..10.0f64, bend in 0.0..1.0f64, lower in 0.0..2.0f64, upper in 0.001..2.0f64,
        start in prop_oneof![-2.0..-0.01f64, 0.01..2.0f64], steps in 1..100usize,
    ) {
        let f = Huber::asymmetric(bend * beta, beta, lower, upper).unwrap();
        let method = GradientDescent::smooth(beta).unwrap();
        let objective: &dyn Objective = &f;
        let mut run = Run::start(&method, objective, &[start]).unwrap();
        let mut before = f.gap(run.output());
        for n in 1..=steps {
            let gap = f.gap(run.advance(1, &mut rng(0)).unwrap());
            prop_assert!(gap <= before);
            prop_assert!(gap <= beta * start * start / (4.0 * n as f64 + 2.0) * (1.0 + 1e-12));
            before = gap;
        }
    }

    /// With a constraint every iterate is feasible, the start included; the run converges to the
    /// projection of the centre, which minimises |x − c|² over the set.
    #[test]
    fn projected_iterates_are_feasible(
        center in prop::collection::vec(-3.0..3.0f64, 3), x0 in prop::collection::vec(-3.0..3.0f64, 3),
    ) {
        let f = DiagonalQuadratic::new(&[1.0; 3], &center).unwrap();
        let sets: [Box<dyn Fn() -> Box<dyn Projection>>; 3] = [
            Box::new(|| Box::new(Ball::new(&[0.5, 0.0, 0.0], 1.0).unwrap())),
            Box::new(|| Box::new(HalfSpace::new(&[1.0, -2.0, 1.0], 0.5).unwrap())),
            Box::new(|| Box::new(AxisBox::orthant(3).unwrap())),
        ];
        for set in &sets {
            let mut nearest = center.clone();
            set().project(&mut nearest);
            let method = GradientDescent::smooth(2.0).unwrap().projected(Boxed(set()));
            let objective: &dyn Objective = &f;
            let mut run = Run::start(&method, objective, &x0).unwrap();
            for _ in 0..80 {
                let mut again = run.output().to_vec();
                set().project(&mut again);
                prop_assert!(distance(&again, run.output()) <= 1e-12);
                run.advance(1, &mut rng(0)).unwrap();
            }
            prop_assert!(distance(run.output(), &nearest) <= 1e-9);
        }
    }

    #[test]
    fn parameters_are_refused_by_name(bad in awkward_f64()) {
        let positive = bad > 0.0 && bad.is_finite();
        let smooth = GradientDescent::smooth(bad);
        prop_assert_eq!(smooth.is_ok(), positive && (1.0 / bad).is_finite() && 1.0 / bad > 0.0);
        if let Err(error) = smooth {
            prop_assert!(error.to_string().contains("beta = "), "{error}");
        }
        let step = GradientDescent::with_step(bad);
        prop_assert_eq!(step.is_ok(), positive);
        if let Err(error) = step {
            prop_assert!(error.to_string().starts_with("eta = "), "{error}");
        }
        let alpha = GradientDescent::strongly_convex(bad, 1.0);
        prop_assert_eq!(alpha.is_ok(), positive && bad <= 1.0);
        if let Err(error) = alpha {
            prop_assert!(error.to_string().starts_with("alpha = "), "{error}");
        }
    }
}

/// A set behind a pointer, to run the same test on several.
struct Boxed(Box<dyn Projection>);

impl Projection for Boxed {
    fn dim(&self) -> Option<usize> {
        self.0.dim()
    }

    fn project(&self, x: &mut [f64]) {
        self.0.project(x);
    }
}

#[test]
fn a_slope_that_ends_at_a_wall_attains_the_projected_worst_case() {
    for steps in [1, 3, 10, 100] {
        let f = LinearCost::new(&[1.0 / (2.0 * steps as f64)]).unwrap();
        let method = GradientDescent::smooth(1.0).unwrap().projected(AxisBox::orthant(1).unwrap());
        let gap = f.gap(&run(&method, &f, &[1.0], steps));
        assert!((gap * 4.0 * steps as f64 - 1.0).abs() < 1e-12, "{steps}: {gap}");
    }
}

#[test]
fn a_set_of_another_dimension_is_refused() {
    let f = DiagonalQuadratic::new(&[1.0, 1.0], &[0.0, 0.0]).unwrap();
    let method = GradientDescent::smooth(1.0).unwrap().projected(Ball::new(&[0.0; 3], 1.0).unwrap());
    let error = Run::start(&method, &f, &[1.0, 1.0]).err().unwrap();
    assert_eq!(error.to_string(), "set has size 3, expected 2");
}

#[test]
fn the_longer_step_balances_both_ends_of_the_spectrum() {
    let f = DiagonalQuadratic::new(&[1.0, 9.0], &[0.0, 0.0]).unwrap();
    let x = run(&GradientDescent::strongly_convex(1.0, 9.0).unwrap(), &f, &[1.0, 1.0], 5);
    assert!(close(&x, &[0.8f64.powi(5), -(0.8f64.powi(5))], 1e-15), "{x:?}");
}
