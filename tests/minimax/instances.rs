use proptest::prelude::*;
use ratebook::math::sets::{AxisBox, Ball, HalfSpace};
use ratebook::math::vector::{distance, norm};
use ratebook::minimax::instances::{ComplexDiagonal, DisjointSets, DouglasRachford, Drifting, NegatedShift};
use ratebook::minimax::{KnownDisplacement, Operator, Projection, Prox};
use ratebook_test_support::{awkward_f64, config};

fn image(operator: &dyn Operator, z: &[f64]) -> Vec<f64> {
    let mut out = vec![f64::NAN; z.len()];
    operator.apply(z, &mut out);
    out
}

/// Every shipped nonexpansive map without a fixed point, in dimension 5, and two with one.
fn maps(angles: &[f64], amplitude: f64, speed: f64) -> Vec<Box<dyn KnownDisplacement>> {
    let rotations = || ComplexDiagonal::rotations(angles).unwrap();
    let ball = Ball::new(&[0.0; 5], 1.0).unwrap();
    let half_space = HalfSpace::new(&[-1.0, amplitude, 0.5, 0.0, 1.0], -3.0 * (4.0 + amplitude)).unwrap();
    let unit = AxisBox::new(&[0.0; 5], &[1.0; 5]).unwrap();
    let far = AxisBox::new(&[1.0 + speed, -1.0, 0.0, 0.5, 3.0], &[4.0, 2.0, 0.5, 4.0, 3.0]).unwrap();
    let center = [3.0 + speed, 0.5, 2.0, -1.0, 0.0];
    vec![
        Box::new(rotations()),
        Box::new(NegatedShift::new(5, amplitude).unwrap()),
        Box::new(Drifting::new(rotations(), speed).unwrap()),
        Box::new(Drifting::new(NegatedShift::new(4, amplitude).unwrap(), speed).unwrap()),
        Box::new(DisjointSets::new(ball, half_space, &[0.0; 5]).unwrap()),
        Box::new(DisjointSets::new(unit.clone(), far, &[9.0; 5]).unwrap()),
        Box::new(DisjointSets::new(unit, Ball::new(&center, 1.0).unwrap(), &center).unwrap()),
    ]
}

proptest! {
    #![proptest_config(config(64))]

    /// Nonexpansive; x − Tx is never shorter than v, makes an angle below 90° with it, and equals it
    /// at the point where it is said to.
    #[test]
    fn the_displacement_is_the_shortest(
        angles in prop::collection::vec(-3.2..3.2f64, 2), amplitude in -2.0..2.0f64, speed in 0.1..2.0f64,
        xs in prop::collection::vec(-5.0..5.0f64, 5), ys in prop::collection::vec(-5.0..5.0f64, 5),
    ) {
        for map in maps(&angles, amplitude, speed) {
            let (x, y) = (&xs[..map.dim()], &ys[..map.dim()]);
            prop_assert!(distance(&image(&*map, x), &image(&*map, y)) <= distance(x, y) + 1e-12);
            let v = map.displacement();
            let tx = image(&*map, x);
            let moved = distance(x, &tx);
            prop_assert!(moved >= norm(v) - 1e-9, "{moved} < {}", norm(v));
            let along: f64 = (0..x.len()).map(|i| (x[i] - tx[i] - v[i]) * v[i]).sum();
            prop_assert!(along >= -1e-9, "{along}");
            prop_assert!(map.residual_error(map.attained_at()) <= 1e-9);
        }
    }

    /// With f the indicator of a box and g = |x − c|²/2 the map's fixed point leads to the projection
    /// of c; and a user's prox need not be a set.
    #[test]
    fn douglas_rachford_solves_a_feasible_problem(
        center in prop::collection::vec(-3.0..3.0f64, 3), step in 0.2..5.0f64,
    ) {
        struct HalfSquare(Vec<f64>);
        impl Prox for HalfSquare {
            fn prox(&self, step: f64, x: &mut [f64]) {
                x.iter_mut().zip(&self.0).for_each(|(x, c)| *x = (*x + step * c) / (1.0 + step));
            }
        }
        let unit = AxisBox::new(&[0.0; 3], &[1.0; 3]).unwrap();
        let map = DouglasRachford::new(unit.clone(), HalfSquare(center.clone()), step, 3).unwrap();
        let mut z = vec![0.3; 3];
        for _ in 0..500 {
            z = image(&map, &z);
        }
        let mut exact = center.clone();
        unit.project(&mut exact);
        unit.project(&mut z);
        prop_assert!(distance(&z, &exact) <= 1e-9, "{z:?} {exact:?}");
    }

    #[test]
    fn multiplication_agrees_with_the_rotation_matrix(angle in -7.0..7.0f64, x in -2.0..2.0f64, y in -2.0..2.0f64) {
        let found = image(&ComplexDiagonal::rotations(&[angle]).unwrap(), &[x, y]);
        let (sin, cos) = angle.sin_cos();
        prop_assert!(distance(&found, &[cos * x - sin * y, sin * x + cos * y]) <= 1e-15 * 8.0);
    }

    #[test]
    fn bad_input_is_refused_by_name(bad in awkward_f64()) {
        let rotation = || ComplexDiagonal::rotations(&[1.0]).unwrap();
        let ball = || Ball::new(&[0.0, 0.0], 1.0).unwrap();
        let (positive, finite) = (bad > 0.0 && bad.is_finite(), bad.is_finite());
        for (result, good, name) in [
            (Drifting::new(rotation(), bad).map(drop), positive, "speed"),
            (NegatedShift::new(3, bad).map(drop), finite, "amplitude"),
            (ComplexDiagonal::rotations(&[0.0, bad]).map(drop), finite, "angles"),
            (DouglasRachford::new(ball(), ball(), bad, 2).map(drop), positive, "step"),
        ] {
            prop_assert_eq!(result.is_ok(), good, "{}", name);
            if let Err(error) = result {
                prop_assert!(error.to_string().starts_with(name), "{error}");
            }
        }
    }
}

#[test]
fn sets_that_meet_and_guesses_that_mislead_are_refused() {
    let ball = |x: f64| Ball::new(&[x, 0.0], 1.0).unwrap();
    let message =
        |guess: &[f64], x: f64| DisjointSets::new(ball(0.0), ball(x), guess).unwrap_err().to_string();
    assert!(message(&[0.0, 0.0], 1.5).starts_with("distance of the sets = 0"));
    assert_eq!(message(&[0.0, 5.0], 3.0), "guess: must lead to a nearest pair");
    assert_eq!(message(&[0.0], 3.0), "guess has size 1, expected 2");
    assert_eq!(message(&[f64::NAN, 0.0], 3.0), "guess = NaN: must be finite");
    assert!(DisjointSets::new(ball(0.0), ball(3.0), &[0.0, 0.0]).is_ok());
}

#[test]
fn empty_maps_are_refused() {
    assert_eq!(ComplexDiagonal::new(&[]).unwrap_err().to_string(), "multipliers is empty");
    assert!(NegatedShift::new(0, 1.0).unwrap_err().to_string().starts_with("n = 0"));
    let ball = Ball::new(&[0.0, 0.0], 1.0).unwrap();
    let error = DouglasRachford::new(ball.clone(), ball, 1.0, 3).unwrap_err();
    assert_eq!(error.to_string(), "f has size 2, expected 3");
}
