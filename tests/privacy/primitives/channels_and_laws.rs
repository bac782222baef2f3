//! What the whole area rests on: channels, laws, the accountant, the tree counter.

use proptest::prelude::*;
use ratebook::math::sequences::sequences;
use ratebook::privacy::Channel;
use ratebook::privacy::channel::{Ledger, Noisy, Release, first_argmax};
use ratebook::privacy::laws::{exponential_law, hockey_stick, max_log_ratio, renyi_divergence};
use ratebook::privacy::neighbours::{binary_records, replace_one};
use ratebook::privacy::tree_counter::{TreeCounter, levels};
use ratebook::privacy::zcdp;
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};
use statrs::distribution::{ContinuousCDF, Normal};

/// The neighbouring score vectors of a replaced record: each score moves by −1, 0 or 1.
fn scores_and_neighbour() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    prop::collection::vec((0..40i32, -1..=1i32), 1..6).prop_map(|pairs| {
        pairs.into_iter().map(|(score, shift)| (f64::from(score), f64::from(score + shift))).unzip()
    })
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_exponential_mechanism_keeps_its_epsilon_and_its_rho(
        (scores, neighbour) in scores_and_neighbour(),
        rho in 0.001..4.0f64,
    ) {
        let epsilon = zcdp::exponential_epsilon(rho).unwrap();
        let (p, q) = (exponential_law(&scores, epsilon), exponential_law(&neighbour, epsilon));
        prop_assert!(max_log_ratio(&p, &q) <= epsilon * (1.0 + 1e-12) + 1e-12);
        let release = |scores: &[f64]| Release::Exponential { scores: scores.to_vec(), epsilon };
        for alpha in [1.001, 1.5, 2.0, 5.0, 20.0, 200.0] {
            // Bounded range: D_α ≤ α·ε²/8 = α·ρ, by Hoeffding's lemma.
            let divergence = renyi_divergence(&p, &q, alpha);
            prop_assert!(divergence >= -1e-9 && divergence <= alpha * rho + 1e-9);
            prop_assert_eq!(release(&scores).renyi_divergence(&release(&neighbour), alpha), divergence);
        }
        // The conversion to (ε, δ) holds for the exact hockey stick.
        for delta in [1e-6, 1e-3, 0.1] {
            prop_assert!(hockey_stick(&p, &q, zcdp::epsilon(rho, delta).unwrap()) <= delta);
        }
    }

    #[test]
    fn the_conversion_covers_a_gaussian(rho in 0.001..4.0f64, delta in 1e-9..0.5f64) {
        // Hockey stick of N(0, σ²) against N(Δ, σ²), in closed form (Balle and Wang 2018, Theorem 5).
        let epsilon = zcdp::epsilon(rho, delta).unwrap();
        let shift = (2.0 * rho).sqrt();
        let normal = Normal::standard();
        let exact = normal.cdf(shift / 2.0 - epsilon / shift)
            - epsilon.exp() * normal.cdf(-shift / 2.0 - epsilon / shift);
        prop_assert!(exact <= delta);
        // The way back is the inverse.
        prop_assert!((zcdp::rho(epsilon, delta).unwrap() / rho - 1.0).abs() < 1e-9);
    }

    #[test]
    fn gaussian_prices_invert(sensitivity in 0.01..10.0f64, rho in 1e-6..1e3f64) {
        let sigma = zcdp::gaussian_sigma(sensitivity, rho).unwrap();
        prop_assert!((zcdp::gaussian_cost(sensitivity, sigma).unwrap() / rho - 1.0).abs() < 1e-12);
        let (near, far) = (
            Release::Gaussian { mean: 3.0, sigma },
            Release::Gaussian { mean: 3.0 + sensitivity, sigma },
        );
        prop_assert!((near.renyi_divergence(&far, 3.0) / (3.0 * rho) - 1.0).abs() < 1e-9);
        prop_assert_eq!(near.renyi_divergence(&near, 3.0), 0.0);
    }

    #[test]
    fn bad_parameters_are_named(x in awkward_f64()) {
        let named = |result: ratebook::Result<f64>, name: &str| match result {
            Ok(value) => !value.is_nan(),
            Err(error) => error.to_string().contains(name),
        };
        prop_assert!(named(zcdp::gaussian_cost(1.0, x), "sigma"));
        prop_assert!(named(zcdp::gaussian_sigma(x, 1.0), "sensitivity"));
        prop_assert!(named(zcdp::gaussian_sigma(1.0, x), "rho"));
        prop_assert!(named(zcdp::exponential_epsilon(x), "rho"));
        prop_assert!(named(zcdp::epsilon(x, 0.1), "rho"));
        prop_assert!(named(zcdp::epsilon(1.0, x), "delta"));
        prop_assert!(named(zcdp::rho(x, 0.1), "epsilon"));
        prop_assert!(named(zcdp::rho(1.0, x), "delta"));
        prop_assert!(zcdp::budget(x).is_ok() == (x > 0.0));
    }

    #[test]
    fn a_noisy_channel_survives_the_rarest_draws(
        mut rng in HalfAdversarial::strategy(40),
        scores in prop::collection::vec(-1e300..1e300f64, 1..8),
        statistic in -1e9..1e9f64,
    ) {
        let mut channel = Noisy(&mut rng);
        for _ in 0..5 {
            prop_assert!(channel.gaussian(statistic, 2.0).is_finite());
            prop_assert_eq!(channel.gaussian(statistic, 0.0), statistic);
            prop_assert!(channel.exponential(&scores, 1.0) < scores.len());
            prop_assert_eq!(channel.exponential(&scores, f64::INFINITY), first_argmax(&scores));
        }
    }

    #[test]
    fn a_tree_counter_without_noise_is_a_running_sum(
        stream in prop::collection::vec(prop::collection::vec(-8..8i32, 3), 0..70),
    ) {
        let mut counter = TreeCounter::new(3, 1.0);
        let mut sums = [0.0; 3];
        let mut ledger = Ledger::new();
        for record in &stream {
            for (sum, &value) in sums.iter_mut().zip(record) {
                *sum += f64::from(value);
            }
            prop_assert_eq!(counter.push(record.iter().map(|&v| f64::from(v)), &mut ledger), &sums[..]);
        }
        prop_assert_eq!(ledger.releases().len(), 3 * stream.len());
    }
}

/// Each node of the counter is the sum of a dyadic interval, and a record is in one node per level at
/// most: checked against the definition for every horizon up to 40.
#[test]
fn tree_nodes_are_the_dyadic_intervals() {
    for horizon in 1..=40usize {
        for changed in 1..=horizon {
            let mut ledger = Ledger::new();
            let mut counter = TreeCounter::new(1, 1.0);
            for t in 1..=horizon {
                counter.push(std::iter::once(f64::from(t == changed)), &mut ledger);
            }
            let mut touched = 0;
            for (t, release) in (1..).zip(ledger.releases()) {
                let size = 1usize << (t as usize).trailing_zeros();
                let inside = t as usize - size < changed && changed <= t as usize;
                assert_eq!(*release, Release::Gaussian { mean: f64::from(inside), sigma: 1.0 });
                touched += usize::from(inside);
            }
            assert!(touched <= levels(horizon));
            // The first record is in a node of every level.
            assert!(changed > 1 || touched == levels(horizon));
        }
    }
}

/// The Gumbel trick draws from the exponential law: a chi-square test at 1e-6 with a fixed seed.
#[test]
fn gumbel_draws_have_the_exponential_law() {
    let (scores, epsilon, draws) = ([3.0, 5.0, 4.0, 5.0, -20.0], 0.8, 40_000);
    let mut rng = rng(7);
    let mut channel = Noisy(&mut rng);
    let mut counts = [0.0; 5];
    for _ in 0..draws {
        counts[channel.exponential(&scores, epsilon)] += 1.0;
    }
    let law = exponential_law(&scores, epsilon);
    // The last outcome has probability 2e-5; it is pooled with the first.
    let cells = [
        (counts[0] + counts[4], law[0] + law[4]),
        (counts[1], law[1]),
        (counts[2], law[2]),
        (counts[3], law[3]),
    ];
    let statistic: f64 =
        cells.iter().map(|(n, p)| (n - p * f64::from(draws)).powi(2) / (p * f64::from(draws))).sum();
    // The 1 − 1e-6 quantile of chi-square with 3 degrees of freedom is 30.66.
    assert!(statistic < 30.66, "{statistic}");
    // The same test refuses a law whose ε is 5 % off.
    let wrong = exponential_law(&scores, epsilon * 1.1);
    let refused: f64 = (0..4)
        .map(|i| (counts[i] - wrong[i] * f64::from(draws)).powi(2) / (wrong[i] * f64::from(draws)))
        .sum();
    assert!(refused > 30.66, "{refused}");
}

#[test]
fn releases_of_different_kinds_are_infinitely_far_apart() {
    let gaussian = |sigma| Release::Gaussian { mean: 0.0, sigma };
    let exponential = |scores: &[f64], epsilon| Release::Exponential { scores: scores.to_vec(), epsilon };
    assert_eq!(gaussian(1.0).renyi_divergence(&gaussian(2.0), 2.0), f64::INFINITY);
    assert_eq!(gaussian(1.0).renyi_divergence(&exponential(&[0.0], 1.0), 2.0), f64::INFINITY);
    assert_eq!(exponential(&[0.0], 1.0).renyi_divergence(&exponential(&[0.0, 1.0], 1.0), 2.0), f64::INFINITY);
    // A shift common to all scores is invisible, whatever its size.
    assert_eq!(exponential(&[0.0, 1.0], 1.0).renyi_divergence(&exponential(&[5.0, 6.0], 1.0), 2.0), 0.0);
    // Without noise any difference shows.
    let exact = |mean| Release::Gaussian { mean, sigma: 0.0 };
    assert_eq!(
        (exact(1.0).renyi_divergence(&exact(1.0), 2.0), exact(1.0).renyi_divergence(&exact(2.0), 2.0)),
        (0.0, f64::INFINITY)
    );
    let (mut long, short) = (Ledger::new(), Ledger::new());
    long.gaussian(0.0, 1.0);
    assert_eq!(long.renyi_divergence(&short, 2.0), f64::INFINITY);
}

#[test]
fn universes_have_the_right_size() {
    for columns in 0..4 {
        let records = binary_records(columns);
        assert_eq!(records.len(), 1 << columns);
        for length in 0..4 {
            let streams: Vec<_> = sequences(&records, length).collect();
            assert_eq!(streams.len(), records.len().pow(length as u32));
            let neighbours: usize = streams.iter().map(|s| replace_one(s, &records).count()).sum();
            assert_eq!(neighbours, streams.len() * length * (records.len() - 1));
        }
    }
}
