//! Optimistic mirror descent against a plain transcription of its box, and what must hold on every input.

use nalgebra::DVector;
use proptest::prelude::*;
use ratebook::Error;
use ratebook::math::first_order::{LinearMinimization, Projection};
use ratebook::math::sets::{AxisBox, Ball};
use ratebook::math::vector::{distance, norm};
use ratebook::online::optimistic_mirror_descent::OptimisticMirrorDescent as Omd;
use ratebook::online::primitives::{
    ConvexLearner, Game, Linear, NoisyLinear, Quadratics, bilinear, regret_path,
};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

fn vector(length: usize) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-1.0..1.0_f64, length)
}

/// Gradients in dimension 3, at most √3 long.
fn gradients() -> impl Strategy<Value = Vec<Vec<f64>>> {
    prop::collection::vec(vector(3), 1..40)
}

const LONGEST: f64 = 1.8;

/// The points x_1, …, x_{T+1} by the box, with every sum taken over the full history.
fn transcribe(
    set: &impl Projection,
    start: &[f64],
    gradients: &[Vec<f64>],
    eta: impl Fn(usize, f64) -> f64,
) -> Vec<DVector<f64>> {
    let project = |x: DVector<f64>| {
        let mut x = x;
        set.project(x.as_mut_slice());
        x
    };
    let g = |t: usize| match t {
        0 => DVector::zeros(start.len()),
        _ => DVector::from_column_slice(&gradients[t - 1]),
    };
    let mut base = project(DVector::from_column_slice(start));
    let mut points = vec![];
    for t in 1..=gradients.len() + 1 {
        let errors: f64 = (1..t).map(|s| (g(s) - g(s - 1)).norm_squared()).sum();
        points.push(project(&base - g(t - 1) * eta(t, errors)));
        if t <= gradients.len() {
            base = project(&base - g(t) * eta(t, errors));
        }
    }
    points
}

fn follows(mut learner: impl ConvexLearner, gradients: &[Vec<f64>], points: &[DVector<f64>]) -> bool {
    let mut same = distance(learner.point(), points[0].as_slice()) < 1e-9;
    for (gradient, point) in gradients.iter().zip(&points[1..]) {
        learner.observe(gradient).unwrap();
        same &= distance(learner.point(), point.as_slice()) < 1e-9;
    }
    same
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_box_is_followed(start in vector(3), gradients in gradients(), lambda in 0.1..4.0_f64, l in 0.0..2.0_f64) {
        let ball = Ball::new(&[0.1, -0.2, 0.0], 0.7).unwrap();
        let adaptive = |delta: f64| move |_: usize, errors: f64| 1.4 / (delta + 4.0 * LONGEST * LONGEST + errors).sqrt();
        let learner = Omd::convex(ball.clone(), &start, LONGEST).unwrap();
        prop_assert!(follows(learner, &gradients, &transcribe(&ball, &start, &gradients, adaptive(0.0))));
        let learner = Omd::convex(ball.clone(), &start, LONGEST).unwrap().smooth(l).unwrap();
        let delta = 10.0 * (1.4 * l).powi(2);
        prop_assert!(follows(learner, &gradients, &transcribe(&ball, &start, &gradients, adaptive(delta))));
        let learner = Omd::strongly_convex(ball.clone(), &start, lambda).unwrap();
        let points = transcribe(&ball, &start, &gradients, |t, _| 2.0 / (lambda * t as f64));
        prop_assert!(follows(learner, &gradients, &points));
    }

    #[test]
    fn points_stay_in_the_set(start in vector(3), gradients in gradients(), scale in 1e-3..1e3_f64) {
        let cube = AxisBox::new(&[-0.5; 3], &[0.25, 0.5, 2.0]).unwrap();
        for mut learner in [
            Omd::convex(cube.clone(), &start, LONGEST).unwrap(),
            Omd::polynomial(cube.clone(), &start, scale, 0.5).unwrap(),
        ] {
            for gradient in &gradients {
                let mut nearest = learner.point().to_vec();
                cube.project(&mut nearest);
                prop_assert_eq!(learner.point(), nearest.as_slice());
                learner.observe(gradient).unwrap();
            }
        }
    }

    #[test]
    fn a_perfect_guess_leaves_a_constant(gradients in gradients()) {
        let ball = Ball::new(&[0.0; 3], 1.0).unwrap();
        let mut learner = Omd::convex(ball.clone(), &[0.0; 3], LONGEST).unwrap();
        let (mut paid, mut total) = (0.0, [0.0; 3]);
        for gradient in &gradients {
            learner.guess(gradient).unwrap();
            paid += gradient.iter().zip(learner.point()).map(|(g, x)| g * x).sum::<f64>();
            total.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += g);
            learner.observe(gradient).unwrap();
        }
        prop_assert_eq!(learner.errors(), 0.0);
        // D·½√(4G²) = D·G.
        prop_assert!(paid + norm(&total) <= 2.0 * LONGEST + 1e-9);
    }

    #[test]
    fn translation_moves_the_points(start in vector(3), by in vector(3), gradients in gradients()) {
        let moved: Vec<f64> = start.iter().zip(&by).map(|(x, b)| x + b).collect();
        let mut here = Omd::convex(Ball::new(&[0.0; 3], 0.8).unwrap(), &start, LONGEST).unwrap();
        let mut there = Omd::convex(Ball::new(&by, 0.8).unwrap(), &moved, LONGEST).unwrap();
        for gradient in &gradients {
            here.observe(gradient).unwrap();
            there.observe(gradient).unwrap();
            let expected: Vec<f64> = here.point().iter().zip(&by).map(|(x, b)| x + b).collect();
            prop_assert!(distance(there.point(), &expected) < 1e-9);
        }
    }

    #[test]
    fn gradients_and_bound_scale_together(start in vector(3), gradients in gradients(), scale in 1e-2..1e2_f64) {
        let ball = Ball::new(&[0.0; 3], 0.8).unwrap();
        let mut small = Omd::convex(ball.clone(), &start, LONGEST).unwrap();
        let mut large = Omd::convex(ball, &start, scale * LONGEST).unwrap();
        for gradient in &gradients {
            small.observe(gradient).unwrap();
            large.observe(&gradient.iter().map(|g| scale * g).collect::<Vec<_>>()).unwrap();
            prop_assert!(distance(small.point(), large.point()) < 1e-9);
        }
    }

    #[test]
    fn linear_regret_is_that_of_the_best_vertex(start in vector(2), gradients in prop::collection::vec(vector(2), 1..20)) {
        let square = AxisBox::new(&[-1.0; 2], &[1.0; 2]).unwrap();
        let slopes = gradients.clone();
        let mut game = Linear::new(square.clone(), 2, |t, _: &[f64], g: &mut [f64]| g.copy_from_slice(&slopes[t as usize - 1]));
        let mut learner = Omd::convex(square.clone(), &start, 2.0).unwrap();
        let mut replay = learner.clone();
        let regret = regret_path(&mut learner, &mut game, &[gradients.len() as u64], &mut rng(1)).unwrap()[0];
        let cost = |g: &Vec<f64>, x: &[f64]| g[0] * x[0] + g[1] * x[1];
        let mut paid = 0.0;
        for gradient in &gradients {
            paid += cost(gradient, replay.point());
            replay.observe(gradient).unwrap();
        }
        let best = [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]
            .map(|u| gradients.iter().map(|g| cost(g, &u)).sum::<f64>());
        prop_assert!((regret - (paid - best.into_iter().fold(f64::INFINITY, f64::min))).abs() < 1e-9);
    }

    #[test]
    fn the_oracle_has_no_regret_and_nobody_less(theta in vector(2), centre in vector(2), start in vector(2), seed in any::<u32>()) {
        struct Fixed(Vec<f64>);
        impl ConvexLearner for Fixed {
            fn point(&self) -> &[f64] {
                &self.0
            }
            fn observe(&mut self, _: &[f64]) -> ratebook::Result<()> {
                Ok(())
            }
        }
        let disc = Ball::new(&[0.0; 2], 0.6).unwrap();
        let (mut vertex, mut nearest) = (vec![0.0; 2], centre.clone());
        disc.minimize(&theta, &mut vertex);
        disc.project(&mut nearest);
        let mut inside = start;
        disc.project(&mut inside);
        let linear = || NoisyLinear::new(disc.clone(), &theta, 0.5).unwrap();
        let quadratic = || Quadratics::new(disc.clone(), 2, 2.0, 0.5, |_, c: &mut [f64]| c.copy_from_slice(&centre)).unwrap();
        let mut noise = rng(u64::from(seed));
        for rounds in [1, 7, 50] {
            let mut regret = |point: &Vec<f64>| {
                let mut fixed = Fixed(point.clone());
                let linear = regret_path(&mut fixed, &mut linear(), &[rounds], &mut noise).unwrap()[0];
                (linear, regret_path(&mut fixed, &mut quadratic(), &[rounds], &mut noise).unwrap()[0])
            };
            prop_assert!(regret(&vertex).0.abs() < 1e-9 && regret(&nearest).1.abs() < 1e-9);
            prop_assert!(regret(&inside).0 >= -1e-9 && regret(&inside).1 >= -1e-9);
        }
    }

    #[test]
    fn any_draws_give_admissible_noise(mut noise in HalfAdversarial::strategy(40), sigma in 1e-3..10.0_f64) {
        let disc = Ball::new(&[0.0; 2], 1.0).unwrap();
        let mut game = NoisyLinear::new(disc.clone(), &[0.3, 0.1], sigma).unwrap();
        let mut learner = Omd::convex(disc, &[0.0; 2], game.gradient_bound()).unwrap();
        let regret = regret_path(&mut learner, &mut game, &[60], &mut noise).unwrap()[0];
        prop_assert!(regret.is_finite() && regret >= -1e-9);
    }

    #[test]
    fn bad_parameters_are_refused(value in awkward_f64()) {
        let ball = || Ball::new(&[0.0], 1.0).unwrap();
        let usable = value > 0.0 && value.is_finite();
        let square = 4.0 * value * value;
        prop_assert_eq!(Omd::convex(ball(), &[0.0], value).is_ok(), usable && square > 0.0 && square.is_finite());
        prop_assert_eq!(Omd::strongly_convex(ball(), &[0.0], value).is_ok(), usable && (2.0 / value).is_finite());
        prop_assert_eq!(Omd::polynomial(ball(), &[0.0], value, 1.0).is_ok(), usable);
        prop_assert_eq!(Omd::polynomial(ball(), &[0.0], 1.0, value).is_ok(), value >= 0.0 && value.is_finite());
        prop_assert_eq!(Omd::convex(ball(), &[value], 1.0).is_ok(), value.is_finite());
        let smooth = Omd::convex(ball(), &[0.0], 1.0).unwrap().smooth(value);
        prop_assert_eq!(smooth.is_ok(), value >= 0.0 && (40.0 * value * value).is_finite());
        prop_assert_eq!(NoisyLinear::new(ball(), &[0.0], value).is_ok(), value >= 0.0 && value.is_finite());
        prop_assert_eq!(NoisyLinear::new(ball(), &[value], 0.0).is_ok(), value.is_finite());
        prop_assert_eq!(Quadratics::new(ball(), 1, value, 0.0, |_, _: &mut [f64]| ()).is_ok(), usable);
    }

    #[test]
    fn awkward_gradients_never_make_a_nan(gradients in prop::collection::vec(awkward_f64(), 1..12), scale in awkward_f64()) {
        let ball = || Ball::new(&[0.0], 1.0).unwrap();
        let learners = [Omd::convex(ball(), &[0.0], 1.0), Omd::polynomial(ball(), &[0.0], scale, 1.0)];
        for mut learner in learners.into_iter().flatten() {
            for gradient in &gradients {
                let named = |e: &Error| matches!(e, Error::OutOfRange { name: "|gradient|", .. });
                match learner.observe(&[*gradient]) {
                    Ok(()) => prop_assert!(gradient.is_finite()),
                    Err(e) => prop_assert!(named(&e) || (gradient.is_finite() && scale > 1.0)),
                }
                prop_assert!(learner.point()[0].abs() <= 1.0);
            }
        }
    }
}

#[test]
fn a_gradient_longer_than_stated_is_refused() {
    let mut learner = Omd::convex(Ball::new(&[0.0; 2], 1.0).unwrap(), &[0.0; 2], 1.0).unwrap();
    learner.observe(&[0.6, 0.8]).unwrap();
    let error = learner.observe(&[0.7, 0.8]).unwrap_err();
    assert!(error.to_string().starts_with("|gradient| = 1.06"), "{error}");
    assert!(matches!(learner.guess(&[2.0, 0.0]), Err(Error::OutOfRange { name: "|gradient|", .. })));
    assert!(matches!(learner.observe(&[1.0]), Err(Error::Dimension { name: "gradient", .. })));
    learner.observe(&[0.6, 0.8]).unwrap();
}

#[test]
fn sets_without_a_diameter_are_refused() {
    let point = Ball::new(&[0.0], 0.0).unwrap();
    assert!(matches!(Omd::convex(point, &[0.0], 1.0), Err(Error::OutOfRange { name: "diameter", .. })));
    let orthant = AxisBox::orthant(1).unwrap();
    assert!(matches!(
        Omd::convex(orthant.clone(), &[0.0], 1.0),
        Err(Error::OutOfRange { name: "diameter", .. })
    ));
    assert!(Omd::strongly_convex(orthant.clone(), &[0.0], 1.0).is_ok());
    assert!(matches!(Omd::strongly_convex(orthant.clone(), &[], 1.0), Err(Error::Empty { name: "start" })));
    assert!(matches!(
        Omd::strongly_convex(orthant, &[1.0; 2], 1.0),
        Err(Error::Dimension { name: "start", .. })
    ));
}

#[test]
fn the_equilibrium_of_self_play_is_never_left() {
    let square = AxisBox::new(&[-1.0; 2], &[1.0; 2]).unwrap();
    let mut learner = Omd::convex(square.clone(), &[0.0; 2], 2.0).unwrap();
    let mut game = Linear::new(square, 2, bilinear);
    let regret = regret_path(&mut learner, &mut game, &[10, 100], &mut rng(1)).unwrap();
    assert_eq!((regret, learner.point()), (vec![0.0, 0.0], [0.0, 0.0].as_slice()));
    assert!(
        regret_path(
            &mut learner,
            &mut NoisyLinear::new(Ball::new(&[0.0], 1.0).unwrap(), &[1.0], 0.0).unwrap(),
            &[1],
            &mut rng(1)
        )
        .is_err()
    );
}

/// One round by hand: f = ½(x − c)² with λ = 1 from x̂ = 0, c = 1: η₁ = 2, g₁ = −1, x̂₂ = 1 (projected).
#[test]
fn two_rounds_by_hand() {
    let mut learner = Omd::strongly_convex(Ball::new(&[0.0], 1.0).unwrap(), &[0.0], 1.0).unwrap();
    let mut game = Quadratics::new(Ball::new(&[0.0], 1.0).unwrap(), 1, 1.0, 0.0, |t, c: &mut [f64]| {
        c[0] = 2.0 - t as f64
    })
    .unwrap();
    let mut gradient = [0.0];
    game.play(learner.point(), &mut rng(1), &mut gradient);
    assert_eq!(gradient, [-1.0]);
    learner.observe(&gradient).unwrap();
    // η₂ = 1, M₂ = −1: x₂ = 1 + 1, projected.
    assert_eq!((learner.point(), learner.step_size(), learner.errors()), ([1.0].as_slice(), 1.0, 1.0));
    game.play(learner.point(), &mut rng(1), &mut gradient);
    // Paid ½ and ½; the best fixed point is ½, at ⅛ a round.
    assert!((game.regret() - 0.75).abs() < 1e-12);
}
