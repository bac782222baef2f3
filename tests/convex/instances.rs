use proptest::prelude::*;
use ratebook::convex::instances::{DiagonalQuadratic, Huber, LinearCost, NesterovChain};
use ratebook::convex::{Objective, Solved};
use ratebook::math::vector::{distance, dot, norm};
use ratebook_test_support::{awkward_f64, config};

fn gradient(f: &dyn Objective, x: &[f64]) -> Vec<f64> {
    let mut g = vec![f64::NAN; x.len()];
    f.gradient(x, &mut g);
    g
}

/// Every smooth instance that is unconstrained, with its α and β, in dimension `n` or 1.
fn smooth(n: usize, alpha: f64, beta: f64, shape: &[f64]) -> Vec<Box<dyn Solved>> {
    let eigenvalues: Vec<f64> = shape.iter().map(|s| alpha + (beta - alpha) * s).collect();
    let [lower, upper, ..] = *shape else { unreachable!("shape has at least two elements") };
    vec![
        Box::new(DiagonalQuadratic::new(&eigenvalues, shape).unwrap()),
        Box::new(NesterovChain::new(n, alpha, beta).unwrap()),
        Box::new(Huber::asymmetric(alpha, beta, lower, upper + 0.01).unwrap()),
    ]
}

proptest! {
    #![proptest_config(config(64))]

    /// The two interpolation inequalities that define the class between α and β, the derivative by
    /// differences, and the gap by its definition.
    #[test]
    fn an_instance_is_what_it_says(
        shape in prop::collection::vec(0.0..1.0f64, 5), alpha in 0.0..0.5f64, beta in 0.6..3.0f64,
        xs in prop::collection::vec(-2.0..2.0f64, 5), ys in prop::collection::vec(-2.0..2.0f64, 5),
    ) {
        for f in smooth(5, alpha, beta, &shape) {
            let (x, y) = (&xs[..f.dim()], &ys[..f.dim()]);
            let (gx, gy) = (gradient(&*f, x), gradient(&*f, y));
            let step: Vec<f64> = y.iter().zip(x).map(|(y, x)| y - x).collect();
            let linear = f.value(x) + dot(&gx, &step);
            let square = dot(&step, &step);
            prop_assert!(f.value(y) >= linear + alpha / 2.0 * square - 1e-12);
            prop_assert!(f.value(y) <= linear + beta / 2.0 * square + 1e-12);
            prop_assert!(distance(&gx, &gy) <= beta * distance(x, y) + 1e-12);

            let h = 1e-6;
            for i in 0..f.dim() {
                let (mut ahead, mut behind) = (x.to_vec(), x.to_vec());
                ahead[i] += h;
                behind[i] -= h;
                let slope = (f.value(&ahead) - f.value(&behind)) / (2.0 * h);
                prop_assert!((slope - gx[i]).abs() <= 1e-5, "{slope} {}", gx[i]);
            }

            let gap = f.value(x) - f.value(f.minimizer());
            prop_assert!(f.gap(x) >= 0.0 && (f.gap(x) - gap).abs() <= 1e-12);
            prop_assert_eq!(f.gap(f.minimizer()), 0.0);
            prop_assert!(norm(&gradient(&*f, f.minimizer())) <= 1e-12);
        }
    }

    #[test]
    fn a_linear_cost_is_least_at_the_corner(
        cost in prop::collection::vec(0.0..3.0f64, 3), x in prop::collection::vec(0.0..3.0f64, 3),
    ) {
        let f = LinearCost::new(&cost).unwrap();
        prop_assert_eq!(f.gap(&x), f.value(&x) - f.value(f.minimizer()));
        prop_assert!(f.gap(&x) >= 0.0);
        prop_assert_eq!(gradient(&f, &x), cost);
    }

    #[test]
    fn bad_input_is_refused_by_name(bad in awkward_f64()) {
        let good = bad > 0.0 && bad.is_finite();
        for (result, name) in [
            (Huber::new(bad, 1.0).map(drop), "beta"),
            (Huber::new(1.0, bad).map(drop), "tau"),
            (NesterovChain::new(3, 0.0, bad).map(drop), "beta"),
        ] {
            prop_assert_eq!(result.is_ok(), good);
            if let Err(error) = result {
                prop_assert!(error.to_string().starts_with(name), "{error}");
            }
        }
        let alpha = NesterovChain::new(3, bad, 1.0);
        prop_assert_eq!(alpha.is_ok(), (0.0..1.0).contains(&bad));
        let eigenvalue = DiagonalQuadratic::new(&[1.0, bad], &[0.0, 0.0]);
        prop_assert_eq!(eigenvalue.is_ok(), bad >= 0.0 && bad.is_finite());
        prop_assert_eq!(LinearCost::new(&[bad]).is_ok(), bad >= 0.0 && bad.is_finite());
    }
}

#[test]
fn empty_and_mismatched_problems_are_refused() {
    assert_eq!(DiagonalQuadratic::new(&[], &[]).unwrap_err().to_string(), "eigenvalues is empty");
    assert!(DiagonalQuadratic::new(&[1.0], &[0.0, 0.0]).is_err());
    assert_eq!(LinearCost::new(&[]).unwrap_err().to_string(), "cost is empty");
    assert!(Huber::asymmetric(0.0, 1.0, 0.0, 0.0).is_err());
    assert!(Huber::asymmetric(2.0, 1.0, 1.0, 1.0).unwrap_err().to_string().starts_with("alpha = 2"));
}
