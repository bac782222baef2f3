//! Follow the regularised leader, multi-layer optimism, and games that announce their noise.

use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use quickcheck::quickcheck;
use ratebook::Error;
use ratebook::bandits::baselines::WeightedOful;
use ratebook::bandits::heteroscedastic_glm::{Ftrl, Link, MorUcb, Regressor};
use ratebook::bandits::instances::Linear;
use ratebook::bandits::primitives::NoiseRange;
use ratebook::bandits::{Actions, Game, Policy, play};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

const NOISE: NoiseRange =
    NoiseRange { dim: 2, length: 1.5, bound: 2.0, lambda: 0.5, sigma_min: 0.1, sigma_max: 1.0, delta: 0.1 };

/// Vectors in the plane, no longer than 1.5, with a label each.
fn data(longest: usize) -> impl Strategy<Value = Vec<([f64; 2], f64)>> {
    prop::collection::vec(([-1.0..1.0f64, -1.0..1.0f64], -5.0..5.0f64), 1..longest)
}

fn names<T: std::fmt::Debug>(result: ratebook::Result<T>, parameter: &str) -> bool {
    match result {
        Err(
            Error::OutOfRange { name, .. }
            | Error::Dimension { name, .. }
            | Error::Empty { name }
            | Error::Invalid { name, .. },
        ) => name == parameter,
        _ => false,
    }
}

fn accepted_iff<T: std::fmt::Debug>(legal: bool, result: ratebook::Result<T>, parameter: &str) -> bool {
    if legal { result.is_ok() } else { names(result, parameter) }
}

/// λθ + Σ (g(⟨x, θ⟩) − y) x.
fn gradient(link: Link, lambda: f64, theta: &[f64], data: &[([f64; 2], f64)]) -> f64 {
    let mut sum = [lambda * theta[0], lambda * theta[1]];
    for (x, y) in data {
        let excess = link.mean(x[0] * theta[0] + x[1] * theta[1]) - y;
        sum = [sum[0] + excess * x[0], sum[1] + excess * x[1]];
    }
    sum[0].hypot(sum[1])
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_leader_has_no_gradient(data in data(40), lambda in 0.01..10.0f64) {
        for link in [Link::Identity, Link::Logistic] {
            let mut learner = Ftrl::new(link, 2, lambda, 1.5).unwrap();
            for (seen, (x, y)) in data.iter().enumerate() {
                learner.observe(x, *y).unwrap();
                let left = gradient(link, lambda, learner.theta(), &data[..=seen]);
                prop_assert!(left < 1e-7, "{link:?}: {left} after {seen}");
            }
        }
    }

    #[test]
    fn one_by_one_is_all_at_once(data in data(40), lambda in 0.01..10.0f64) {
        let mut learner = Ftrl::new(Link::Identity, 2, lambda, 1.5).unwrap();
        data.iter().for_each(|(x, y)| learner.observe(x, *y).unwrap());
        let x = DMatrix::from_fn(data.len(), 2, |i, j| data[i].0[j]);
        let y = DVector::from_fn(data.len(), |i, _| data[i].1);
        let theta = (x.transpose() * &x + DMatrix::identity(2, 2) * lambda).lu().solve(&(x.transpose() * y)).unwrap();
        prop_assert!((learner.predict(&[1.0, 0.5]) - theta[0] - 0.5 * theta[1]).abs() < 1e-8);
    }

    #[test]
    fn the_order_of_the_data_does_not_matter(data in data(20)) {
        for link in [Link::Identity, Link::Logistic] {
            let [mut forth, mut back] = [(); 2].map(|()| Ftrl::new(link, 2, 0.5, 1.5).unwrap());
            data.iter().for_each(|(x, y)| forth.observe(x, *y).unwrap());
            data.iter().rev().for_each(|(x, y)| back.observe(x, *y).unwrap());
            prop_assert!((forth.predict(&[0.3, 0.4]) - back.predict(&[0.3, 0.4])).abs() < 1e-7);
        }
    }

    #[test]
    fn newton_survives_long_vectors_and_wild_labels(
        data in prop::collection::vec((-50.0..50.0f64, prop_oneof![Just(0.0), Just(1.0), -1e6..1e6f64]), 1..20),
    ) {
        let mut learner = Ftrl::new(Link::Logistic, 1, 1.0, 50.0).unwrap();
        for (x, y) in data {
            learner.observe(&[x], y).unwrap();
            prop_assert!(learner.theta()[0].is_finite());
        }
    }

    #[test]
    fn every_round_has_one_layer(seed in any::<u32>(), levels in prop::collection::vec(0.01..1.0f64, 1..5)) {
        let mut policy = MorUcb::new(NOISE).unwrap();
        let (mut noise, mut coins) = (rng(u64::from(seed)), rng(u64::from(seed) + 1));
        let mut expected = [0u64; 4];
        let mut game = Linear::paired(2, 0.2, 0.0).unwrap().announcing(levels).unwrap();
        for _ in 0..50 {
            game.open(&mut noise);
            let level = game.context().deviation().unwrap();
            expected[[0.2, 0.4, 0.8].iter().filter(|&&edge| level > edge).count()] += 1;
            let arm = policy.choose(game.context(), &mut coins).unwrap();
            policy.observe(arm, game.feedback(arm, &[], &mut noise)).unwrap();
        }
        prop_assert_eq!(policy.rounds_by_layer().collect::<Vec<_>>(), expected);
    }

    /// Every layer recomputed from its data.
    #[test]
    fn multi_layer_optimism_follows_its_box(
        rounds in prop::collection::vec((prop::collection::vec(-1.0..1.0f64, 6), 0.01..1.0f64, -1.0..1.0f64), 1..40),
    ) {
        let mut policy = MorUcb::new(NOISE).unwrap();
        let mut layers = vec![(DMatrix::identity(2, 2) * 0.5, DVector::zeros(2)); 4];
        for (t, (entries, level, reward)) in rounds.into_iter().enumerate() {
            let mut actions = Actions::new(2, entries).unwrap();
            actions.announce(level).unwrap();
            let root = (2.0 * (1.0 + (t + 1) as f64 * 2.25 / (2.0 * 0.5)).ln() + 2.0 * 10f64.ln()).sqrt();
            let index = |x: &[f64]| {
                let x = DVector::from_row_slice(x);
                let bound = |(l, (gram, moments)): (usize, &(DMatrix<f64>, DVector<f64>))| {
                    let lu = gram.clone().lu();
                    let beta = 0.1 * 2f64.powi(l as i32 + 1) * root + 0.5f64.sqrt() * 2.0;
                    lu.solve(moments).unwrap().dot(&x) + beta * lu.solve(&x).unwrap().dot(&x).sqrt()
                };
                layers.iter().enumerate().map(bound).fold(f64::INFINITY, f64::min)
            };
            let scores: Vec<f64> = actions.iter().map(index).collect();
            let arm = policy.choose(&actions, &mut rng(1)).unwrap();
            let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert!(scores[arm] > best - 1e-8);
            policy.observe(arm, &reward).unwrap();
            let layer = [0.2, 0.4, 0.8].iter().filter(|&&edge| level > edge).count();
            let x = DVector::from_row_slice(actions.get(arm));
            layers[layer].0 += &x * x.transpose();
            layers[layer].1 += &x * reward;
        }
    }

    #[test]
    fn any_draws_give_a_legal_run(mut noise in HalfAdversarial::strategy(40), mut coins in HalfAdversarial::strategy(40)) {
        for policy in [&mut MorUcb::new(NOISE).unwrap() as &mut dyn Policy<Context = Actions, Feedback = f64>, &mut WeightedOful::new(NOISE).unwrap()] {
            let mut game = Linear::paired(2, 0.5, 0.0).unwrap().announcing(vec![0.0, 0.1, 1.0]).unwrap();
            let regret = play(policy, &mut game, 100, &mut noise, &mut coins).unwrap();
            prop_assert!((0.0..=50.0).contains(&regret));
        }
    }

    #[test]
    fn bad_parameters_are_named(value in awkward_f64()) {
        let positive = value > 0.0 && value.is_finite();
        let regulariser = positive && (1.0 / value).is_finite();
        prop_assert!(accepted_iff(regulariser, Ftrl::new(Link::Logistic, 2, value, 1.0), "lambda"));
        prop_assert!(accepted_iff(positive, Ftrl::new(Link::Identity, 2, 1.0, value), "length"));
        let mut learner = Ftrl::new(Link::Logistic, 1, 1.0, 2.0).unwrap();
        prop_assert!(accepted_iff(value.abs() <= 2.0, learner.observe(&[value], 0.5), "x"));
        let refused = |noise: NoiseRange, parameter: &str| {
            names(MorUcb::new(noise), parameter) && names(WeightedOful::new(noise), parameter)
        };
        let [delta, length, lambda, sigma_min, sigma_max, bound] = [
            NoiseRange { delta: value, ..NOISE },
            NoiseRange { length: value, ..NOISE },
            NoiseRange { lambda: value, ..NOISE },
            NoiseRange { sigma_min: value, ..NOISE },
            NoiseRange { sigma_max: value, ..NOISE },
            NoiseRange { bound: value, ..NOISE },
        ];
        if !(value > 0.0 && value < 1.0) {
            prop_assert!(refused(delta, "delta"));
        }
        if !positive {
            prop_assert!(refused(length, "length"));
            prop_assert!(refused(lambda, "lambda"));
            prop_assert!(refused(sigma_min, "sigma_min"));
            prop_assert!(refused(sigma_max, "sigma_max"));
        }
        if !(value >= 0.0 && value.is_finite()) {
            prop_assert!(refused(bound, "bound"));
            let mut actions = Actions::new(1, vec![1.0]).unwrap();
            prop_assert!(names(actions.announce(value), "deviation"));
            prop_assert!(names(Linear::paired(2, 0.1, 0.1).unwrap().announcing(vec![0.1, value]), "deviations"));
        }
    }
}

quickcheck! {
    fn links_are_derivatives(z: i8) -> bool {
        let (z, h) = (f64::from(z) / 8.0, 1e-5);
        [Link::Identity, Link::Logistic].into_iter().all(|link| {
            let mean = (link.potential(z + h) - link.potential(z - h)) / (2.0 * h);
            let slope = (link.mean(z + h) - link.mean(z - h)) / (2.0 * h);
            (mean - link.mean(z)).abs() < 1e-6 && (slope - link.slope(z)).abs() < 1e-6 && link.slope(z) > 0.0
        })
    }

    fn nobody_beats_the_truth(z: i16, truth: i16) -> bool {
        let (z, truth) = (f64::from(z) / 100.0, f64::from(truth) / 100.0);
        [Link::Identity, Link::Logistic].into_iter().all(|link| {
            let regret = link.regret(z, truth);
            // The slope of the logistic link is at most 1/4, of the identity 1.
            regret >= 0.0 && regret <= 0.5 * (z - truth).powi(2) + 1e-9 && link.regret(truth, truth) == 0.0
        })
    }
}

#[test]
fn labels_and_vectors_that_do_not_fit_are_refused() {
    for link in [Link::Identity, Link::Logistic] {
        let mut learner = Ftrl::new(link, 2, 1.0, 1.0).unwrap();
        assert!(names(learner.observe(&[0.5, 0.5], f64::NAN), "y"));
        assert!(names(learner.observe(&[0.5, 0.5], f64::INFINITY), "y"));
        assert!(names(learner.observe(&[1.0, 0.5], 1.0), "x") && names(learner.observe(&[1.0], 1.0), "x"));
        assert!(learner.theta() == [0.0, 0.0], "nothing was learned");
        assert!(names(Ftrl::new(link, 0, 1.0, 1.0), "dim"));
    }
}

#[test]
fn labels_beyond_all_bounds_end_in_an_error() {
    for link in [Link::Identity, Link::Logistic] {
        let mut learner = Ftrl::new(link, 1, 1e-3, 1.0).unwrap();
        let last = (0..10).map(|_| learner.observe(&[1.0], f64::MAX)).find(Result::is_err);
        assert!(matches!(last, Some(Err(Error::Diverged { .. }))), "{link:?}: {last:?}");
    }
}

#[test]
fn decision_sets_that_do_not_fit_are_refused() {
    let set = |dim, entries, level: Option<f64>| {
        let mut actions = Actions::new(dim, entries).unwrap();
        level.into_iter().for_each(|level| actions.announce(level).unwrap());
        actions
    };
    for (actions, parameter) in [
        (set(2, vec![0.5, 0.5], None), "deviation"),
        (set(2, vec![0.5, 0.5], Some(1.1)), "deviation"),
        (set(2, vec![1.5, 0.5], Some(1.0)), "actions"),
        (set(1, vec![0.5], Some(1.0)), "actions"),
    ] {
        assert!(names(MorUcb::new(NOISE).unwrap().choose(&actions, &mut rng(1)), parameter));
        assert!(names(WeightedOful::new(NOISE).unwrap().choose(&actions, &mut rng(1)), parameter));
    }
    assert!(names(MorUcb::new(NoiseRange { dim: 0, ..NOISE }), "dim"));
    assert!(names(MorUcb::new(NoiseRange { sigma_max: 0.05, ..NOISE }), "sigma_max"));
    assert!(names(MorUcb::new(NoiseRange { sigma_min: 1e-30, ..NOISE }), "sigma_max"));
    assert!(names(MorUcb::new(NoiseRange { length: 1e200, ..NOISE }), "length"));
    assert!(names(Linear::paired(2, 0.1, 0.1).unwrap().announcing(vec![]), "deviations"));
}

#[test]
fn a_single_level_is_a_single_layer() {
    let layers = |sigma_min: f64, sigma_max: f64| {
        MorUcb::new(NoiseRange { sigma_min, sigma_max, ..NOISE }).unwrap().rounds_by_layer().count()
    };
    assert_eq!(
        [(1.0, 1.0), (0.5, 1.0), (0.49, 1.0), (0.25, 1.0), (0.02, 1.0), (0.01, 0.64)]
            .map(|(a, b)| layers(a, b)),
        [1, 1, 2, 2, 6, 6]
    );
}

proptest! {
    #![proptest_config(config(32))]

    /// Another unit of reward changes no choice: rewards, noise levels and B twice as large; the weighted regression
    /// needs λ/4 as well.
    #[test]
    fn the_unit_of_reward_does_not_matter(
        rounds in prop::collection::vec((prop::collection::vec(-1.0..1.0f64, 6), 0.01..1.0f64, -1.0..1.0f64), 1..40),
    ) {
        let doubled = NoiseRange { bound: 4.0, sigma_min: 0.2, sigma_max: 2.0, ..NOISE };
        let rescaled = NoiseRange { lambda: NOISE.lambda / 4.0, ..doubled };
        let mut layers = [NOISE, doubled].map(|noise| MorUcb::new(noise).unwrap());
        let mut weights = [NOISE, rescaled].map(|noise| WeightedOful::new(noise).unwrap());
        for (entries, level, reward) in rounds {
            let mut arms = Vec::new();
            for (i, unit) in [1.0, 2.0].into_iter().enumerate() {
                let mut actions = Actions::new(2, entries.clone()).unwrap();
                actions.announce(unit * level).unwrap();
                let both: [&mut dyn Policy<Context = Actions, Feedback = f64>; 2] = [&mut layers[i], &mut weights[i]];
                for policy in both {
                    let arm = policy.choose(&actions, &mut rng(1)).unwrap();
                    policy.observe(arm, &(unit * reward)).unwrap();
                    arms.push(arm);
                }
            }
            prop_assert_eq!(&arms[..2], &arms[2..]);
        }
    }
}
