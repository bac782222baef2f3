use std::f64::consts::PI;

use proptest::prelude::*;
use ratebook::math::sets::{Ball, HalfSpace};
use ratebook::math::vector::{distance, norm};
use ratebook::minimax::baselines::{KrasnoselskiiMann, Picard};
use ratebook::minimax::infeasibility_detection::{Halpern, normalised_iterate, residual};
use ratebook::minimax::instances::{ComplexDiagonal, DisjointSets, Drifting, NegatedShift};
use ratebook::minimax::{KnownDisplacement, Method, Operator, Run};
use ratebook_test_support::{awkward_f64, config, rng};

fn iterate(
    method: &impl Method<dyn Operator>,
    map: &(dyn Operator + 'static),
    x0: &[f64],
    k: usize,
) -> Vec<f64> {
    let mut run = Run::start(method, map, x0).unwrap();
    run.advance(k, &mut rng(0)).unwrap().to_vec()
}

fn drifting_rotations(angles: &[f64], speed: f64) -> Drifting<ComplexDiagonal> {
    Drifting::new(ComplexDiagonal::rotations(angles).unwrap(), speed).unwrap()
}

/// The same map with the origin moved to `shift`: x ↦ shift + T(x − shift).
struct Moved<T> {
    inner: T,
    shift: Vec<f64>,
}

impl<T: Operator> Operator for Moved<T> {
    fn dim(&self) -> usize {
        self.inner.dim()
    }

    fn apply(&self, z: &[f64], image: &mut [f64]) {
        let centered: Vec<f64> = z.iter().zip(&self.shift).map(|(z, s)| z - s).collect();
        self.inner.apply(&centered, image);
        image.iter_mut().zip(&self.shift).for_each(|(i, s)| *i += s);
    }
}

proptest! {
    #![proptest_config(config(64))]

    /// Theorem 8, the derived bounds of Picard and of the averaged iteration, and the monotone
    /// residual of the latter, on random rotations next to a translation.
    #[test]
    fn the_bounds_hold(
        angles in prop::collection::vec(-PI..PI, 1..6), speed in 0.1..2.0f64,
        start in prop::collection::vec(-2.0..2.0f64, 10), theta in 0.05..0.95f64,
    ) {
        let map = drifting_rotations(&angles, speed);
        let x0 = [&start[..2 * angles.len()], &[0.7]].concat();
        // x* may be any point with these first coordinates: the nearest has R without the last.
        let square = norm(&x0[..2 * angles.len()]).powi(2);
        let operator: &dyn Operator = &map;
        let averaged_method = KrasnoselskiiMann::new(theta).unwrap();
        let mut halpern = Run::start(&Halpern, operator, &x0).unwrap();
        let mut picard = Run::start(&Picard, operator, &x0).unwrap();
        let mut averaged = Run::start(&averaged_method, operator, &x0).unwrap();
        let (mut harmonic, mut before) = (0.0, map.residual_error(&x0));
        for k in 1..=150 {
            let scale = k as f64 + 1.0;
            harmonic += 1.0 / k as f64;
            let error = map.residual_error(halpern.advance(1, &mut rng(0)).unwrap()).powi(2);
            prop_assert!(error <= ((harmonic + 12.0f64).sqrt() + 1.0).powi(2) / (scale * scale) * square);

            let mut estimate = vec![0.0; x0.len()];
            let x = picard.advance(1, &mut rng(0)).unwrap();
            normalised_iterate(&x0, x, k, 1.0, &mut estimate).unwrap();
            let error = distance(&estimate, map.displacement()).powi(2);
            prop_assert!(error <= 4.0 * square / (k * k) as f64 * (1.0 + 1e-9) + 1e-20);

            let error = map.residual_error(averaged.advance(1, &mut rng(0)).unwrap());
            prop_assert!(error <= before + 1e-12);
            prop_assert!(error * error <= square / (theta * (1.0 - theta) * scale) + 1e-12);
            before = error;
        }
    }

    /// With a fixed point the residual goes to zero, at Lieder's rate 4R²/(k+1)².
    #[test]
    fn a_feasible_problem_leaves_no_residual(
        angles in prop::collection::vec(-PI..PI, 3), start in prop::collection::vec(-2.0..2.0f64, 6),
        k in 1..200usize,
    ) {
        let map = ComplexDiagonal::rotations(&angles).unwrap();
        let error = map.residual_error(&iterate(&Halpern, &map, &start, k));
        prop_assert!(error <= 2.0 * norm(&start) / (k as f64 + 1.0) + 1e-12);
    }

    /// Where the origin lies does not matter to either estimate.
    #[test]
    fn estimates_do_not_depend_on_the_origin(
        shift in prop::collection::vec(-5.0..5.0f64, 5), start in prop::collection::vec(-2.0..2.0f64, 5),
        k in 1..40usize,
    ) {
        let map = || drifting_rotations(&[0.4, 2.0], 1.0);
        let moved_start: Vec<f64> = start.iter().zip(&shift).map(|(x, s)| x + s).collect();
        let moved = Moved { inner: map(), shift };
        let here = iterate(&Halpern, &map(), &start, k);
        let there = iterate(&Halpern, &moved, &moved_start, k);
        let (mut a, mut b) = (vec![0.0; 5], vec![0.0; 5]);
        residual(&map(), &here, &mut a).unwrap();
        residual(&moved, &there, &mut b).unwrap();
        prop_assert!(distance(&a, &b) <= 1e-11);
        normalised_iterate(&start, &here, k, 0.5, &mut a).unwrap();
        normalised_iterate(&moved_start, &there, k, 0.5, &mut b).unwrap();
        prop_assert!(distance(&a, &b) <= 1e-11);
    }

    /// On a translation by −v Halpern's iterate is exactly x₀ − (k/2)v, Picard's x₀ − kv, the averaged
    /// one x₀ − θkv: the drifts that `normalised_iterate` divides by.
    #[test]
    fn the_drifts_are_one_half_one_and_theta(speed in 0.1..2.0f64, k in 1..300usize, theta in 0.05..0.95f64) {
        let map = drifting_rotations(&[0.0], speed);
        let x0 = [1.0, -1.0, 0.5];
        let averaged = KrasnoselskiiMann::new(theta).unwrap();
        for (x, drift) in [
            (iterate(&Halpern, &map, &x0, k), 0.5),
            (iterate(&Picard, &map, &x0, k), 1.0),
            (iterate(&averaged, &map, &x0, k), theta),
        ] {
            let mut estimate = vec![0.0; 3];
            normalised_iterate(&x0, &x, k, drift, &mut estimate).unwrap();
            prop_assert!(distance(&estimate, &[0.0, 0.0, speed]) <= 1e-12);
        }
    }

    /// From 0 the negated shift lets every method of the span reveal one coordinate a step, and
    /// Halpern's residual is spread evenly: 2R/(k+1) exactly.
    #[test]
    fn the_negated_shift_is_the_worst_case(k in 1..120usize, amplitude in 0.1..3.0f64) {
        let map = NegatedShift::new(k + 1, amplitude).unwrap();
        let averaged = KrasnoselskiiMann::new(0.5).unwrap();
        let radius = norm(map.attained_at());
        let floor = 2.0 * radius / (k as f64 + 1.0);
        let x0 = vec![0.0; k + 1];
        for (x, attains) in [
            (iterate(&Halpern, &map, &x0, k), true),
            (iterate(&Picard, &map, &x0, k), false),
            (iterate(&averaged, &map, &x0, k), k == 1),
        ] {
            prop_assert_eq!(x[k], 0.0);
            let error = map.residual_error(&x);
            prop_assert!(error >= floor * (1.0 - 1e-12));
            prop_assert_eq!(error <= floor * (1.0 + 1e-12), attains);
        }
    }

    #[test]
    fn parameters_are_refused_by_name(bad in awkward_f64()) {
        let theta = KrasnoselskiiMann::new(bad);
        prop_assert_eq!(theta.is_ok(), bad > 0.0 && bad < 1.0);
        if let Err(error) = theta {
            prop_assert!(error.to_string().starts_with("theta = "), "{error}");
        }
        let drift = normalised_iterate(&[0.0], &[1.0], 1, bad, &mut [0.0]);
        prop_assert_eq!(drift.is_ok(), bad > 0.0 && bad.is_finite());
        if let Err(error) = drift {
            prop_assert!(error.to_string().starts_with("drift = "), "{error}");
        }
    }
}

#[test]
fn douglas_rachford_separates_a_ball_from_a_half_space() {
    // |x| ≤ 1 and x₁ + x₂ ≥ 3: the nearest pair is (1,1)/√2 and (3/2, 3/2).
    let ball = Ball::new(&[0.0, 0.0], 1.0).unwrap();
    let half_space = HalfSpace::new(&[-1.0, -1.0], -3.0).unwrap();
    let sets = DisjointSets::new(ball, half_space, &[0.0, 0.0]).unwrap();
    let exact = 0.5f64.sqrt() - 1.5;
    let mut v = [0.0; 2];
    residual(&sets, &iterate(&Halpern, &sets, &[4.0, -7.0], 100_000), &mut v).unwrap();
    assert!(distance(&v, &[exact, exact]) < 1e-3, "{v:?}");
}

#[test]
fn sizes_and_k_are_checked() {
    let map = NegatedShift::new(3, 1.0).unwrap();
    let message = |result: ratebook::Result<()>| result.unwrap_err().to_string();
    let k0 = normalised_iterate(&[0.0], &[1.0], 0, 1.0, &mut [0.0]);
    assert!(message(k0).starts_with("k = 0"));
    assert!(message(normalised_iterate(&[0.0], &[1.0, 2.0], 1, 1.0, &mut [0.0])).starts_with("x has size 2"));
    assert!(message(residual(&map, &[0.0], &mut [0.0; 3])).starts_with("x has size 1"));
    assert!(message(residual(&map, &[0.0; 3], &mut [0.0])).starts_with("estimate has size 1"));
    assert!(Run::start(&Halpern, &map, &[0.0, f64::NAN, 0.0]).is_err());
    assert!(Run::start(&Picard, &map, &[0.0; 2]).is_err());
}
