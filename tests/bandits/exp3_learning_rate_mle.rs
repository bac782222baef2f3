//! Exp3's learning rate, estimated by maximum likelihood.

use proptest::prelude::*;
use ratebook::bandits::Revealed;
use ratebook::bandits::exp3_learning_rate_mle::{Estimator, Exp3, Family, Mle, Record};
use ratebook::math::{chance::every_outcome, sequences::sequences};
use ratebook::{Error, Result};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

/// Plays of `arms` arms with losses on a grid that has many zeros.
fn plays(arms: usize, longest: usize) -> impl Strategy<Value = Vec<Revealed>> {
    let play = (0..arms, 0u8..8)
        .prop_map(|(arm, loss)| Revealed { arm, loss: f64::from(loss.saturating_sub(3)) / 4.0 });
    prop::collection::vec(play, 1..longest)
}

/// ln p_t(A_t) for every round, from plain weights exp(shift − η·L̂).
fn plain_log_likelihood(arms: usize, eta: f64, shift: f64, plays: &[Revealed]) -> f64 {
    let mut estimates = vec![0.0; arms];
    let mut sum = 0.0;
    for play in plays {
        let weights: Vec<f64> = estimates.iter().map(|l| (shift - eta * l).exp()).collect();
        let p = weights[play.arm] / weights.iter().sum::<f64>();
        sum += p.ln();
        estimates[play.arm] += play.loss / p;
    }
    sum
}

fn names(error: Option<Error>, parameter: &str) -> bool {
    error.is_some_and(|error| error.to_string().starts_with(parameter))
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn likelihood_is_the_plain_recursion(plays in plays(3, 30), theta in 0.05..1.0f64, shift in -5.0..5.0f64) {
        let family = Family::new(3, 100, 0.5).unwrap();
        let record = Record::of(3, &plays).unwrap();
        let found = family.individual(theta).unwrap().log_likelihood(&record).unwrap();
        let plain = plain_log_likelihood(3, theta / 10.0, shift, &plays);
        // Past this the plain weights have underflowed.
        prop_assume!(plain > -200.0);
        prop_assert!((found - plain).abs() <= 1e-9 * plain.abs().max(1.0), "{found} {plain}");
    }

    #[test]
    fn score_is_the_slope_of_the_likelihood(plays in plays(3, 30), theta in 0.2..1.0f64) {
        let family = Family::new(3, 400, 0.5).unwrap();
        let record = Record::of(3, &plays).unwrap();
        let likelihood = |theta: f64| family.individual(theta).unwrap().log_likelihood(&record).unwrap();
        let h = 1e-5 * theta;
        let slope = (likelihood(theta + h) - likelihood(theta - h)) / (2.0 * h);
        let score = family.individual(theta).unwrap().score(&record).unwrap();
        prop_assert!((slope - score).abs() <= 1e-5 * score.abs().max(1.0), "{slope} {score}");
    }

    #[test]
    fn relabelled_arms_have_the_same_likelihood(plays in plays(3, 40), theta in 0.05..5.0f64) {
        let individual = Family::new(3, 100, 0.5).unwrap().individual(theta).unwrap();
        let turned: Vec<Revealed> =
            plays.iter().map(|play| Revealed { arm: (play.arm + 1) % 3, ..*play }).collect();
        let [a, b] = [plays, turned].map(|plays| {
            individual.log_likelihood(&Record::of(3, &plays).unwrap()).unwrap()
        });
        prop_assert!(a == b || (a - b).abs() <= 1e-9 * a.abs());
    }

    #[test]
    fn estimate_is_at_least_as_likely_as_the_grid(plays in plays(2, 60), smallest in 0.05..1.0f64, factor in 1.1..50.0f64) {
        let family = Family::new(2, 100, 0.5).unwrap();
        let record = Record::of(2, &plays).unwrap();
        let (mle, largest) = (Mle::new(smallest, smallest * factor).unwrap(), smallest * factor);
        let likelihood = |theta: f64| family.individual(theta).unwrap().log_likelihood(&record).unwrap();
        let best = (0..41).map(|i| likelihood(smallest * factor.powf(f64::from(i) / 40.0))).fold(f64::NEG_INFINITY, f64::max);
        match mle.estimate(&family, &record) {
            Ok(found) => {
                prop_assert!((smallest..=largest).contains(&found));
                prop_assert!(likelihood(found) >= best - 1e-6 * best.abs().max(1.0));
            }
            Err(error) => prop_assert!(best == f64::NEG_INFINITY && names(Some(error), "record")),
        }
    }

    #[test]
    fn golden_section_finds_a_single_peak(peak in 0.1..10.0f64) {
        let mle = Mle::new(0.1, 10.0).unwrap();
        let found = mle.maximise(|theta| Ok(-(theta / peak).ln().powi(2))).unwrap();
        prop_assert!((found / peak - 1.0).abs() < 1e-5);
    }

    #[test]
    fn stretches_add_up(plays in plays(4, 50)) {
        let record = Record::of(4, &plays).unwrap();
        let total: u64 = record.stretches().flat_map(|(counts, _)| counts).sum();
        prop_assert_eq!(total as usize, record.rounds());
        let losses = plays.iter().copied().filter(|play| play.loss > 0.0);
        prop_assert!(record.stretches().filter_map(|(_, end)| end).eq(losses));
    }

    #[test]
    fn safe_rounds_are_safe(plays in plays(3, 40), theta in 0.01..10.0f64, epsilon in 0.01..0.33f64, horizon in 40usize..4000) {
        let family = Family::new(3, horizon, 0.5).unwrap();
        let safe = family.safe_rounds(10.0, epsilon).unwrap();
        let mut exp3 = family.individual(theta).unwrap().start();
        for play in plays.into_iter().take(safe) {
            prop_assert!(exp3.probabilities().iter().all(|&p| p >= epsilon * (1.0 - 1e-12)));
            exp3.observe(play);
        }
    }

    #[test]
    fn the_divergence_of_predictions_is_a_divergence(plays in plays(2, 40), theta in 0.1..1.0f64, other in 0.1..1.0f64) {
        let family = Family::new(2, 400, 0.5).unwrap();
        let record = Record::of(2, &plays).unwrap();
        let [own, others] = [theta, other].map(|theta| family.individual(theta).unwrap());
        prop_assert_eq!(own.divergence_to(&own, &record), Ok(0.0));
        prop_assert!(own.divergence_to(&others, &record).unwrap() >= 0.0);
    }

    #[test]
    fn any_draws_give_a_record_that_can_be_estimated(mut coins in HalfAdversarial::strategy(60), decay in 0.0..1.0f64, floor in 0.0..0.3f64) {
        let family = Family::new(3, 60, decay).unwrap();
        let record = family.individual(1.0).unwrap().simulate(&[1.0, 0.3, 0.0], floor, &mut coins).unwrap();
        prop_assert!((1..=60).contains(&record.rounds()));
        let found = Mle::new(0.1, 10.0).unwrap().estimate(&family, &record);
        prop_assert!(found.is_ok_and(|theta| (0.1..=10.0).contains(&theta)));
    }

    #[test]
    fn bad_numbers_are_refused(value in awkward_f64()) {
        let family = Family::new(2, 100, 0.5).unwrap();
        prop_assert_eq!(Family::new(2, 100, value).is_ok(), (0.0..=1.0).contains(&value));
        prop_assert_eq!(Exp3::new(2, value).is_ok(), value > 0.0 && value.is_finite());
        prop_assert_eq!(Mle::new(value, 2.0).is_ok(), value > 0.0 && value < 2.0);
        prop_assert_eq!(Mle::new(0.5, value).is_ok(), value > 0.5 && value.is_finite());
        prop_assert_eq!(family.safe_rounds(1.0, value).is_ok(), value > 0.0 && value <= 0.5);
        let push = Record::new(2).unwrap().push(Revealed { arm: 1, loss: value });
        prop_assert_eq!(push.is_ok(), (0.0..=1.0).contains(&value));
        prop_assert!(push.is_ok() || names(push.err(), "loss"));
        let simulated = family.individual(1.0).unwrap().simulate(&[value, 0.5], 0.1, &mut rng(1));
        prop_assert_eq!(simulated.is_ok(), (0.0..=1.0).contains(&value));
    }
}

/// The likelihood is the law of the simulation: every path's probability, and they sum to one.
#[test]
fn the_likelihood_is_the_law_of_the_simulation() {
    let individual = Family::new(3, 5, 0.3).unwrap().individual(0.7).unwrap();
    let mut total = 0.0;
    every_outcome(
        |chance| individual.simulate(&[1.0, 0.4, 0.0], 0.0, chance).unwrap(),
        |probability, record| {
            let likelihood = individual.log_likelihood(&record).unwrap().exp();
            assert!((likelihood - probability).abs() <= 1e-12 * probability);
            total += likelihood;
        },
    );
    assert!((total - 1.0).abs() < 1e-12);
}

/// A cut leaves the law of what comes before it alone.
#[test]
fn a_cut_record_is_a_beginning() {
    let individual = Family::new(2, 500, 0.5).unwrap().individual(2.0).unwrap();
    let run = |floor: f64| individual.simulate(&[1.0, 0.0], floor, &mut rng(5)).unwrap();
    let (whole, cut) = (run(0.0), run(0.05));
    assert!(cut.rounds() < whole.rounds() && whole.rounds() == 500);
    let ends = |record: &Record| record.stretches().filter_map(|(_, end)| end).count();
    assert!(whole.stretches().take(ends(&cut)).eq(cut.stretches().take(ends(&cut))));
    assert_eq!(
        run(0.5).rounds(),
        ends(&run(0.5)) + run(0.5).stretches().last().map_or(0, |(c, _)| c[1] as usize)
    );
}

#[test]
fn impossible_records_have_no_likelihood_and_no_estimate() {
    let family = Family::new(2, 10, 0.0).unwrap();
    let plays = [Revealed { arm: 0, loss: 1.0 }; 8];
    let record = Record::of(2, &plays).unwrap();
    assert_eq!(family.individual(10.0).unwrap().log_likelihood(&record), Ok(f64::NEG_INFINITY));
    assert!(names(family.individual(10.0).unwrap().score(&record).err(), "score"));
    assert!(names(Mle::new(5.0, 10.0).unwrap().estimate(&family, &record).err(), "record"));
    // Not impossible for a slow learner.
    assert!(Mle::new(0.01, 10.0).unwrap().estimate(&family, &record).is_ok_and(|theta| theta < 1.0));
}

#[test]
fn records_must_fit_the_family() {
    let family = Family::new(2, 3, 0.5).unwrap();
    let individual = family.individual(1.0).unwrap();
    let of = |arms, length| Record::of(arms, &vec![Revealed { arm: 0, loss: 0.5 }; length]).unwrap();
    let refused = |record: &Record| individual.log_likelihood(record).err();
    assert!(names(refused(&of(2, 0)), "rounds") && names(refused(&of(2, 4)), "rounds"));
    assert!(names(refused(&of(3, 1)), "arms"));
    assert!(names(Record::of(2, &[Revealed { arm: 2, loss: 0.5 }]).err(), "arm"));
    assert!(names(Family::new(0, 1, 0.5).err(), "arms") && names(Family::new(1, 0, 0.5).err(), "horizon"));
    assert!(names(Mle::new(2.0, 2.0).err(), "smallest") && names(family.individual(0.0).err(), "theta"));
    assert!(names(
        Family::new(2, 100, 1.0).unwrap().individual(f64::MIN_POSITIVE / 2f64.powi(52)).err(),
        "eta"
    ));
    let elsewhere = Family::new(2, 4, 0.5).unwrap().individual(1.0).unwrap();
    assert!(names(individual.divergence_to(&elsewhere, &of(2, 1)).err(), "other"));
}

/// With one arm nothing can be learnt; every rate is equally likely.
#[test]
fn one_arm_is_always_played() -> Result<()> {
    let family = Family::new(1, 50, 0.5)?;
    let record = family.individual(1.0)?.simulate(&[1.0], 0.5, &mut rng(2))?;
    assert_eq!(record.rounds(), 50);
    assert_eq!(family.individual(3.0)?.log_likelihood(&record)?, 0.0);
    assert!(Mle::new(0.1, 10.0)?.estimate(&family, &record).is_ok());
    Ok(())
}

/// Every record of five rounds: the sum of all likelihoods is one for every rate.
#[test]
fn likelihoods_of_all_records_sum_to_one() {
    for theta in [0.1, 1.0, 3.0] {
        let individual = Family::new(2, 5, 0.5).unwrap().individual(theta).unwrap();
        let losses = [0.75, 0.25];
        let total: f64 = sequences(&[0, 1], 5)
            .map(|arms| {
                let plays: Vec<Revealed> =
                    arms.into_iter().map(|arm| Revealed { arm, loss: losses[arm] }).collect();
                individual.log_likelihood(&Record::of(2, &plays).unwrap()).unwrap().exp()
            })
            .sum();
        assert!((total - 1.0).abs() < 1e-12);
    }
}
