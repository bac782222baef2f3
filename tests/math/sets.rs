use proptest::prelude::*;
use ratebook::math::first_order::{Bounded, LinearMinimization, Projection};
use ratebook::math::sets::{AxisBox, Ball, HalfSpace, WholeSpace};
use ratebook::math::vector::{distance, dot, norm};
use ratebook_test_support::{awkward_f64, config};

const N: usize = 4;

fn point() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-10.0..10.0, N)
}

fn projected(set: &dyn Projection, x: &[f64]) -> Vec<f64> {
    let mut y = x.to_vec();
    set.project(&mut y);
    y
}

/// A set, and a membership test of its own.
type Case = (Box<dyn Projection>, Box<dyn Fn(&[f64]) -> bool>);

fn sets(a: &[f64], b: &[f64], radius: f64) -> Vec<Case> {
    let (center, normal, offset) = (a.to_vec(), b.to_vec(), radius);
    let lower: Vec<f64> = a.iter().zip(b).map(|(a, b)| a.min(*b)).collect();
    let upper: Vec<f64> = a.iter().zip(b).map(|(a, b)| a.max(*b)).collect();
    let (l, u) = (lower.clone(), upper.clone());
    vec![
        (Box::new(WholeSpace), Box::new(|_| true)),
        (
            Box::new(HalfSpace::new(&normal, offset).unwrap()),
            Box::new(move |x| dot(&normal, x) <= offset + 1e-9 * norm(&normal)),
        ),
        (
            Box::new(Ball::new(&center, radius).unwrap()),
            Box::new(move |x| distance(x, &center) <= radius + 1e-9),
        ),
        (
            Box::new(AxisBox::new(&lower, &upper).unwrap()),
            Box::new(move |x| x.iter().zip(&l).zip(&u).all(|((x, l), u)| l <= x && x <= u)),
        ),
    ]
}

proptest! {
    #![proptest_config(config(64))]

    /// Lands in the set, moves nothing already there, obeys ⟨x − Px, y − Px⟩ ≤ 0 for every y of the
    /// set (which is what makes Px the nearest point), and brings no two points further apart.
    #[test]
    fn a_projection_is_the_nearest_point(
        a in point(), b in point(), radius in 0.1..5.0, x in point(), other in point(),
    ) {
        prop_assume!(norm(&b) > 0.1);
        for (set, contains) in sets(&a, &b, radius) {
            let p = projected(&*set, &x);
            let y = projected(&*set, &other);
            prop_assert!(contains(&p) && contains(&y));
            prop_assert!(distance(&projected(&*set, &p), &p) <= 1e-12);
            let obtuse: f64 = (0..N).map(|i| (x[i] - p[i]) * (y[i] - p[i])).sum();
            prop_assert!(obtuse <= 1e-9, "{obtuse}");
            prop_assert!(distance(&p, &y) <= distance(&x, &other) + 1e-12);
        }
    }

    /// The vertex is in the set, and no point of it has a smaller inner product with the direction.
    #[test]
    fn linear_minimisation_is_least_over_the_set(
        a in point(), b in point(), radius in 0.1..5.0, direction in point(), other in point(),
    ) {
        let lower: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a.min(*b)).collect();
        let upper: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a.max(*b)).collect();
        let ball = Ball::new(&a, radius).unwrap();
        let bounded = AxisBox::new(&lower, &upper).unwrap();
        let mut vertex = vec![0.0; N];
        ball.minimize(&direction, &mut vertex);
        prop_assert!((distance(&vertex, &a) - radius).abs() <= 1e-9);
        prop_assert!(dot(&direction, &vertex) <= dot(&direction, &projected(&ball, &other)) + 1e-9);
        bounded.minimize(&direction, &mut vertex);
        prop_assert_eq!(projected(&bounded, &vertex), vertex.clone());
        prop_assert!(dot(&direction, &vertex) <= dot(&direction, &projected(&bounded, &other)) + 1e-9);
    }

    #[test]
    fn bad_input_is_refused_by_name(bad in awkward_f64()) {
        let message = |result: ratebook::Result<String>| result.err().map(|e| e.to_string());
        let half_space = HalfSpace::new(&[1.0, 1.0], bad).map(|s| format!("{s:?}"));
        prop_assert_eq!(half_space.is_ok(), bad.is_finite());
        if let Some(text) = message(half_space) {
            prop_assert!(text.starts_with("offset = "), "{text}");
        }
        let ball = Ball::new(&[0.0], bad).map(|s| format!("{s:?}"));
        prop_assert_eq!(ball.is_ok(), bad >= 0.0 && bad.is_finite());
        if let Some(text) = message(ball) {
            prop_assert!(text.starts_with("radius = "), "{text}");
        }
        let center = Ball::new(&[bad], 1.0).map(|s| format!("{s:?}"));
        prop_assert_eq!(center.is_ok(), bad.is_finite());
        let below = AxisBox::new(&[bad], &[1.0]);
        prop_assert_eq!(below.is_ok(), bad <= 1.0);
    }
}

#[test]
fn degenerate_sets() {
    assert_eq!(Ball::new(&[], 1.0).unwrap_err().to_string(), "center is empty");
    assert_eq!(AxisBox::new(&[], &[]).unwrap_err().to_string(), "lower is empty");
    assert_eq!(AxisBox::orthant(0).unwrap_err().to_string(), "lower is empty");
    assert!(AxisBox::new(&[0.0], &[1.0, 2.0]).unwrap_err().to_string().starts_with("upper has size 2"));
    assert!(AxisBox::new(&[f64::INFINITY], &[f64::INFINITY]).is_err());
    let message = HalfSpace::new(&[0.0, 0.0], 1.0).unwrap_err().to_string();
    assert!(message.starts_with("|normal| = 0"), "{message}");
    // A ball of radius 0 is its centre, and a box with equal corners is that corner.
    assert_eq!(projected(&Ball::new(&[1.0, 2.0], 0.0).unwrap(), &[5.0, 5.0]), [1.0, 2.0]);
    assert_eq!(projected(&AxisBox::new(&[3.0], &[3.0]).unwrap(), &[-1.0]), [3.0]);
    let mut vertex = [9.0, 9.0];
    Ball::new(&[1.0, 2.0], 3.0).unwrap().minimize(&[0.0, 0.0], &mut vertex);
    assert_eq!(vertex, [1.0, 2.0]);
}

/// No two points are further apart than the diameter, and the projections of two far points attain it.
#[test]
fn diameters() {
    let (far, origin) = ([1e6, 1e6, -1e6], [-1e6, -1e6, 1e6]);
    let ball = Ball::new(&[1.0, 2.0, 3.0], 2.5).unwrap();
    assert_eq!(ball.diameter(), 5.0);
    let apart = distance(&projected(&ball, &far), &projected(&ball, &origin));
    assert!((apart - 5.0).abs() < 1e-4);
    let cuboid = AxisBox::new(&[0.0, -1.0, 1.0], &[2.0, 0.0, 3.0]).unwrap();
    assert_eq!(cuboid.diameter(), 3.0);
    assert_eq!(distance(&projected(&cuboid, &far), &projected(&cuboid, &origin)), 3.0);
    assert_eq!(AxisBox::orthant(2).unwrap().diameter(), f64::INFINITY);
}
