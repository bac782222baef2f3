//! SF-OGD, SAOCP, the baselines, and the hindsight they are judged against.

use proptest::prelude::*;
use ratebook::online::Learner;
use ratebook::online::adaptive_conformal::baselines::{Aci, Descent, Fixed, WindowQuantile};
use ratebook::online::adaptive_conformal::hindsight::{best_fixed, interval_regrets, worst_interval_regret};
use ratebook::online::adaptive_conformal::scores::Scores;
use ratebook::online::adaptive_conformal::{Pinball, Saocp, ScaleFree};
use ratebook::{Error, Result};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

type Radii = dyn Learner<Decision = f64, Feedback = f64>;

fn everybody(pinball: Pinball) -> Vec<Box<Radii>> {
    vec![
        Box::new(ScaleFree::new(pinball)),
        Box::new(Saocp::new(pinball)),
        Box::new(Fixed::new(pinball, 0.5).unwrap()),
        Box::new(WindowQuantile::new(pinball, 7).unwrap()),
        Box::new(Aci::new(pinball, 0.1).unwrap()),
        Box::new(Descent::projected(pinball, 0.1).unwrap()),
    ]
}

fn play(learner: &mut Radii, scores: &[f64]) -> Vec<f64> {
    let round = |score: &f64| {
        let radius = learner.decide();
        learner.update(score).unwrap();
        radius
    };
    scores.iter().map(round).collect()
}

fn score() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..=1.0f64, Just(0.0), Just(1.0), Just(0.5)]
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn radii_are_never_negative(scores in prop::collection::vec(score(), 0..300), alpha in 0.001..0.999f64) {
        for mut learner in everybody(Pinball::new(alpha, 1.0).unwrap()) {
            let radii = play(learner.as_mut(), &scores);
            prop_assert!(radii.iter().all(|&radius| radius >= 0.0 && radius.is_finite()));
        }
    }

    #[test]
    fn experts_are_few_and_share_one(scores in prop::collection::vec(score(), 1..600)) {
        let mut saocp = Saocp::new(Pinball::new(0.2, 1.0).unwrap());
        for (before, score) in scores.iter().enumerate() {
            let most = 9.0 * (1.0 + ((before + 1) as f64).log2());
            prop_assert!(saocp.experts() as f64 <= most);
            let probabilities = saocp.probabilities();
            prop_assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            prop_assert!(probabilities.iter().all(|&p| p >= 0.0));
            saocp.update(score).unwrap();
        }
    }

    #[test]
    fn scaling_the_scores_scales_the_radii(scores in prop::collection::vec(score(), 0..200), power in -40i32..40) {
        // By a power of two, so that not a digit changes.
        let c = 2f64.powi(power);
        let scaled: Vec<f64> = scores.iter().map(|score| c * score).collect();
        let [one, other] = [1.0, c].map(|largest| Pinball::new(0.25, largest).unwrap());
        let pairs: [(Box<Radii>, Box<Radii>); 2] = [
            (Box::new(ScaleFree::new(one)), Box::new(ScaleFree::new(other))),
            (Box::new(Saocp::new(one)), Box::new(Saocp::new(other))),
        ];
        for (mut plain, mut scaled_learner) in pairs {
            let expected: Vec<f64> = play(plain.as_mut(), &scores).iter().map(|radius| c * radius).collect();
            let found = play(scaled_learner.as_mut(), &scaled);
            // √(3Σg²) does not see the scale, and everything else is a product with D.
            prop_assert!(expected.iter().zip(&found).all(|(a, b)| (a - b).abs() <= 1e-9 * c));
        }
    }

    #[test]
    fn the_first_steps_are_those_of_the_book(first in 0.01..1.0f64, alpha in 0.05..0.95f64) {
        let mut descent = ScaleFree::new(Pinball::new(alpha, 1.0).unwrap());
        // A miss from radius 0: the first step is D/√3 whatever the gradient.
        descent.update(&first).unwrap();
        prop_assert!((descent.decide() - 1.0 / 3f64.sqrt()).abs() < 1e-12);
        // Then a score of 0, which is covered.
        descent.update(&0.0).unwrap();
        let step = alpha / (3.0 * ((1.0 - alpha).powi(2) + alpha * alpha)).sqrt();
        prop_assert!((descent.decide() - (1.0 / 3f64.sqrt() - step).max(0.0)).abs() < 1e-12);
        prop_assert!((descent.squares() - (1.0 - alpha).powi(2) - alpha * alpha).abs() < 1e-12);
    }

    #[test]
    fn the_best_radius_is_best(scores in prop::collection::vec(score(), 1..40), alpha in 0.01..0.99f64) {
        let pinball = Pinball::new(alpha, 1.0).unwrap();
        let loss = |u: f64| scores.iter().map(|&score| pinball.loss(u, score)).sum::<f64>();
        let (radius, least) = best_fixed(pinball, &scores).unwrap();
        prop_assert!((loss(radius) - least).abs() < 1e-12);
        // The loss is convex and piecewise linear with kinks at the scores.
        let brute = scores.iter().map(|&u| loss(u)).fold(f64::INFINITY, f64::min);
        prop_assert!((least - brute).abs() < 1e-12);
    }

    #[test]
    fn sliding_regrets_equal_plain_ones(
        rounds in prop::collection::vec((score(), score()), 1..60),
        length in 1usize..60,
        alpha in prop_oneof![Just(0.5), Just(0.1), 0.01..0.99f64],
    ) {
        let (radii, scores): (Vec<f64>, Vec<f64>) = rounds.into_iter().unzip();
        let (pinball, length) = (Pinball::new(alpha, 1.0).unwrap(), length.min(scores.len()));
        let plain = |first: usize| {
            let (radii, scores) = (&radii[first..first + length], &scores[first..first + length]);
            let own: f64 = radii.iter().zip(scores).map(|(&radius, &score)| pinball.loss(radius, score)).sum();
            own - best_fixed(pinball, scores).unwrap().1
        };
        let regrets = interval_regrets(pinball, &radii, &scores, length).unwrap();
        prop_assert_eq!(regrets.len(), scores.len() - length + 1);
        prop_assert!(regrets.iter().enumerate().all(|(first, regret)| (regret - plain(first)).abs() < 1e-9));
        // A fixed radius regrets nothing negative, and the best one nothing at all.
        let fixed = vec![radii[0]; scores.len()];
        prop_assert!(worst_interval_regret(pinball, &fixed, &scores, scores.len()).unwrap() >= -1e-9);
        let best = vec![best_fixed(pinball, &scores).unwrap().0; scores.len()];
        prop_assert!(worst_interval_regret(pinball, &best, &scores, scores.len()).unwrap().abs() < 1e-9);
    }

    #[test]
    fn the_window_forgets(scores in prop::collection::vec(score(), 0..60), window in 1usize..9, tail in prop::collection::vec(score(), 9)) {
        let pinball = Pinball::new(0.3, 1.0).unwrap();
        let (mut old, mut fresh) = (WindowQuantile::new(pinball, window).unwrap(), WindowQuantile::new(pinball, window).unwrap());
        play(&mut old, &scores);
        play(&mut old, &tail);
        play(&mut fresh, &tail);
        prop_assert_eq!(old.decide(), fresh.decide());
    }

    #[test]
    fn bad_parameters_are_refused(x in awkward_f64()) {
        prop_assert_eq!(Pinball::new(x, 1.0).is_ok(), x > 0.0 && x < 1.0);
        prop_assert_eq!(Pinball::new(0.1, x).is_ok(), (1e-300..=1e300).contains(&x));
        let pinball = Pinball::new(0.1, 1.0).unwrap();
        let positive = x > 0.0 && x.is_finite();
        prop_assert_eq!(Descent::constant(pinball, x).is_ok(), positive);
        prop_assert_eq!(Descent::decaying(pinball, x).is_ok(), positive);
        prop_assert_eq!(Aci::new(pinball, x).is_ok(), positive);
        prop_assert_eq!(Fixed::new(pinball, x).is_ok(), x >= 0.0 && x.is_finite());
        for mut learner in everybody(pinball) {
            let before = learner.decide();
            let answer = learner.update(&x);
            if !(0.0..=1.0).contains(&x) {
                let named = matches!(answer, Err(Error::OutOfRange { name: "score", .. }));
                prop_assert!(named);
                prop_assert_eq!(learner.decide(), before);
            }
        }
    }

    #[test]
    fn any_draws_give_legal_scores(mut draws in HalfAdversarial::strategy(40), turn in 0usize..5) {
        for law in [Scores::Uniform, Scores::TwoLevels(turn), Scores::Walk, Scores::Coin] {
            let scores = law.draw(50, &mut draws);
            prop_assert!(scores.len() == 50 && scores.iter().all(|score| (0.0..=1.0).contains(score)));
        }
    }
}

/// Nothing overflows at the ends of the range of D and α.
#[test]
fn extreme_parameters_stay_finite() -> Result<()> {
    for (alpha, largest) in [(1e-200, 1e300), (1e-200, 1e-300), (1.0 - 1e-16, 1e300), (0.5, 1e-300)] {
        let pinball = Pinball::new(alpha, largest)?;
        for mut learner in [Box::new(ScaleFree::new(pinball)) as Box<Radii>, Box::new(Saocp::new(pinball))] {
            for round in 0..300 {
                learner.update(&if round % 3 == 0 { largest } else { 0.0 })?;
                assert!(learner.decide() >= 0.0 && learner.decide().is_finite(), "{alpha}, {largest}");
            }
        }
    }
    Ok(())
}

/// Experts 1, 2 and 4 of an SAOCP, followed by hand through its first rounds.
#[test]
fn the_first_rounds_of_saocp() -> Result<()> {
    let mut saocp = Saocp::new(Pinball::new(0.5, 1.0)?);
    assert_eq!((saocp.decide(), saocp.experts()), (0.0, 1));
    // Round 1: the only expert is the aggregate, so nobody gains; it steps to 1/√3, where expert 2 starts too.
    saocp.update(&1.0)?;
    let first = 1.0 / 3f64.sqrt();
    assert!((saocp.decide() - first).abs() < 1e-12 && saocp.experts() == 2);
    // Priors 1 and 1/8, nobody has bet.
    let p = saocp.probabilities();
    assert!((p[0] - 8.0 / 9.0).abs() < 1e-12 && (p[1] - 1.0 / 9.0).abs() < 1e-12);
    // Round 2, a miss again: expert 1 steps by D/√6, the fresh expert 2 by D/√3; nobody differed, so nobody gains.
    saocp.update(&1.0)?;
    let (one, two) = (first + 1.0 / 6f64.sqrt(), 2.0 * first);
    let start = 8.0 / 9.0 * one + 1.0 / 9.0 * two;
    let third = (one + two / 8.0 + start / 18.0) / (1.0 + 1.0 / 8.0 + 1.0 / 18.0);
    assert!((saocp.decide() - third).abs() < 1e-12, "{}", saocp.decide());
    // Round 3, a score of 0: expert 1, nearest to it, is the only one to gain and has all the say afterwards.
    saocp.update(&0.0)?;
    let p = saocp.probabilities();
    assert!((p[0] - 1.0).abs() < 1e-12, "{p:?}");
    Ok(())
}

/// An expert born at t plays one round more than 8 times the power of two in t.
#[test]
fn lifetimes_are_powers_of_two() -> Result<()> {
    let mut saocp = Saocp::new(Pinball::new(0.5, 1.0)?);
    for _ in 0..9 {
        saocp.update(&0.5)?;
    }
    // Expert 1 has played its nine rounds and is gone; 2, …, 10 are there.
    assert_eq!(saocp.experts(), 9);
    saocp.update(&0.5)?;
    // Expert 2 lives for seventeen, expert 3 for nine.
    assert_eq!(saocp.experts(), 10);
    Ok(())
}

/// Split conformal prediction on exchangeable scores covers within 1/(n + 1).
#[test]
fn a_window_covers_exchangeable_scores() -> Result<()> {
    let pinball = Pinball::new(0.1, 1.0)?;
    let scores = Scores::Uniform.draw(20_000, &mut rng(1));
    let radii = play(&mut WindowQuantile::new(pinball, 99)?, &scores);
    let covered = radii.iter().zip(&scores).filter(|(radius, score)| score <= radius).count();
    // 0.9 exactly; five standard errors of dependent draws are below 0.02.
    assert!((covered as f64 / 20_000.0 - 0.9).abs() < 0.02, "{covered}");
    Ok(())
}

#[test]
fn hindsight_refuses_what_it_cannot_compare() {
    let pinball = Pinball::new(0.1, 1.0).unwrap();
    assert_eq!(best_fixed(pinball, &[]), Err(Error::Empty { name: "scores" }));
    assert!(best_fixed(pinball, &[f64::NAN]).is_err() && best_fixed(pinball, &[1.5]).is_err());
    assert!(matches!(
        interval_regrets(pinball, &[0.5], &[0.5, 0.5], 1),
        Err(Error::Dimension { name: "radii", .. })
    ));
    for length in [0, 3] {
        let refused = interval_regrets(pinball, &[0.5; 2], &[0.5; 2], length);
        assert!(matches!(refused, Err(Error::OutOfRange { name: "length", .. })));
    }
    assert!(interval_regrets(pinball, &[0.5], &[-1.0], 1).is_err());
    assert!(WindowQuantile::new(pinball, 0).is_err());
}
