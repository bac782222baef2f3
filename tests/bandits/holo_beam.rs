//! HoloBeam and its search on one unimodal grid.

use std::collections::BTreeMap;

use proptest::prelude::*;
use ratebook::bandits::holo_beam::{HoloBeam, MainLobe, beams, dirichlet_gain, stages, uni_search};
use ratebook::bandits::instances::Gaussian;
use ratebook::bandits::{Bandit, FixedBudget, Pulls};
use ratebook::{Error, Result};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

/// A strictly unimodal sequence: a rising part, then a falling one.
fn unimodal() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::btree_map(0u32..1_000_000, any::<bool>(), 1..60).prop_map(
        |values: BTreeMap<u32, bool>| {
            let rising = values.iter().filter(|(_, left)| **left).map(|(v, _)| f64::from(*v));
            let falling = values.iter().rev().filter(|(_, left)| !**left).map(|(v, _)| f64::from(*v));
            rising.chain(falling).collect()
        },
    )
}

/// The first of the largest values.
fn peak(values: &[f64]) -> usize {
    (0..values.len()).rev().max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap()
}

fn run(beam: &HoloBeam, bandit: &dyn Bandit, budget: u64, seed: u64) -> Result<(usize, u64)> {
    let (mut noise, mut coins) = (rng(seed), rng(seed + 1));
    let mut pulls = Pulls::new(bandit, budget, &mut noise);
    let arm = beam.recommend(&mut pulls, &mut coins)?;
    Ok((arm, pulls.remaining()))
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn without_noise_the_peak_is_found_within_the_budget(gains in unimodal(), extra in 0u64..50) {
        let budget = 3 * stages(gains.len()) + extra;
        let mut spent = 0;
        let found = uni_search(gains.len(), budget, |index, n| {
            spent += n;
            Ok(gains[index])
        });
        prop_assert_eq!(&found, &Ok(peak(&gains)));
        prop_assert!(spent <= budget);
        // Scaling and lifting the strengths changes no comparison.
        prop_assert_eq!(uni_search(gains.len(), budget, |i, _| Ok(4.0 * gains[i] - 1e6)), found);
    }

    #[test]
    fn a_mirrored_grid_mirrors_the_answer(gains in unimodal()) {
        let (points, budget) = (gains.len(), 3 * stages(gains.len()));
        let found = uni_search(points, budget, |i, _| Ok(gains[i])).unwrap();
        let mirrored = uni_search(points, budget, |i, _| Ok(gains[points - 1 - i])).unwrap();
        prop_assert_eq!(mirrored, points - 1 - found);
    }

    #[test]
    fn without_noise_the_best_pair_is_found(
        rows in 1usize..40, columns in 1usize..40, a in 0.0..1.0f64, b in 0.0..1.0f64, seed in any::<u32>(),
    ) {
        let lobe = |points: usize, share: f64| MainLobe::new(8, points, share * (points - 1) as f64);
        let bandit = beams(2.0, &lobe(rows, a).unwrap(), &lobe(columns, b).unwrap(), 0.0).unwrap();
        let budget = 6 * stages(rows.max(columns));
        let (arm, remaining) = run(&HoloBeam::new(rows, columns).unwrap(), &bandit, budget, u64::from(seed)).unwrap();
        // Two points may be equally far from the receiver, up to rounding.
        prop_assert!(bandit.gap(arm) < 1e-12 && bandit.gap(arm) >= 0.0 && remaining <= budget);
    }

    #[test]
    fn the_gain_is_a_product_of_unimodal_lobes(elements in 2u32..40, points in 2usize..40, share in 0.0..1.0f64) {
        let place = share * (points - 1) as f64;
        let lobe = MainLobe::new(elements, points, place).unwrap();
        for (index, pair) in lobe.gains().windows(2).enumerate() {
            // Both points on one side of the receiver: the nearer one has the larger gain.
            if index as f64 >= place {
                prop_assert!(pair[0] > pair[1]);
            } else if (index + 1) as f64 <= place {
                prop_assert!(pair[0] < pair[1]);
            }
        }
        // The centre is within half a lobe (and half a step) of every receiver.
        prop_assert!(lobe.gains()[points / 2] > 0.0);
        prop_assert!(lobe.gains().iter().all(|gain| (0.0..=1.0 + 1e-12).contains(gain)));
    }

    #[test]
    fn the_gain_is_the_power_of_a_sum_of_phasors(elements in 1u32..30, u in -7.0..7.0f64) {
        let (re, im) = (0..elements).fold((0.0, 0.0), |(re, im), k| {
            let phase = f64::from(k) * u;
            (re + phase.cos(), im + phase.sin())
        });
        let power = (re * re + im * im) / f64::from(elements).powi(2);
        prop_assert!((dirichlet_gain(elements, u) - power).abs() < 1e-9);
    }

    #[test]
    fn any_draws_give_a_legal_arm(mut coins in HalfAdversarial::strategy(40), mut noise in HalfAdversarial::strategy(40)) {
        let bandit = Gaussian::new(vec![0.5; 35], 1.0).unwrap();
        let mut pulls = Pulls::new(&bandit, 300, &mut noise);
        prop_assert!(HoloBeam::new(5, 7).unwrap().recommend(&mut pulls, &mut coins).unwrap() < 35);
    }

    #[test]
    fn bad_parameters_are_refused(value in awkward_f64(), points in 0usize..4) {
        let legal = points > 0 && (0.0..=points.saturating_sub(1) as f64).contains(&value);
        prop_assert_eq!(MainLobe::new(8, points, value).is_ok(), legal);
        let lobe = MainLobe::new(8, 3, 1.0).unwrap();
        let power_is_legal = value > 0.0 && value.is_finite();
        prop_assert_eq!(beams(value, &lobe, &lobe, 0.1).is_ok(), power_is_legal);
        let sigma_is_legal = value >= 0.0 && value.is_finite();
        prop_assert_eq!(beams(1.0, &lobe, &lobe, value).is_ok(), sigma_is_legal);
    }
}

#[test]
fn stages_are_counted() {
    assert_eq!([0, 1, 2, 3, 4, 5, 16, 32, 64].map(stages), [1, 1, 1, 1, 2, 3, 7, 9, 10]);
}

#[test]
fn the_least_budget_is_one_pilot_a_point_and_stage() {
    for points in 2..50 {
        let enough = stages(points) * 3.min(points as u64);
        assert!(uni_search(points, enough, |_, n| Ok(n as f64)).is_ok());
        let refused = uni_search(points, enough - 1, |_, _| Ok(0.0));
        assert!(matches!(refused, Err(Error::OutOfRange { name: "budget", .. })), "{points}");
    }
}

#[test]
fn one_point_costs_nothing() {
    assert_eq!(uni_search(1, 0, |_, _| unreachable!()), Ok(0));
    let bandit = Gaussian::new(vec![0.3], 1.0).unwrap();
    assert_eq!(run(&HoloBeam::new(1, 1).unwrap(), &bandit, 0, 1), Ok((0, 0)));
}

#[test]
fn wrong_shapes_are_refused() {
    assert!(HoloBeam::new(0, 3).unwrap_err().to_string().starts_with("rows"));
    assert!(HoloBeam::new(3, 0).unwrap_err().to_string().starts_with("columns"));
    assert!(HoloBeam::new(usize::MAX, 2).is_err());
    assert!(uni_search(0, 9, |_, _| Ok(0.0)).unwrap_err().to_string().starts_with("points"));
    assert!(MainLobe::new(1, 3, 1.0).unwrap_err().to_string().starts_with("elements"));
    let bandit = Gaussian::new(vec![0.3; 10], 1.0).unwrap();
    assert!(matches!(
        run(&HoloBeam::new(3, 3).unwrap(), &bandit, 99, 1),
        Err(Error::Dimension { name: "grid", .. })
    ));
}

/// The two phases fail as often as their decision tree says: two points a grid make it one comparison each.
#[test]
fn two_by_two_fails_as_often_as_two_comparisons() {
    let bandit = Gaussian::new(vec![0.0, 1.0, 0.0, 2.0], 1.0).unwrap();
    let beam = HoloBeam::new(2, 2).unwrap();
    let wrong = (0..20_000).filter(|&seed| run(&beam, &bandit, 4, 3 * seed).unwrap().0 != 3).count();
    // P(N(0, 2) < −1) = 0.239750 for the first, P(N(0, 2) < −2) = 0.078650 for the second; six standard errors.
    let expected = 1.0 - (1.0 - 0.239_750) * (1.0 - 0.078_650);
    assert!((wrong as f64 / 20_000.0 - expected).abs() < 0.02, "{wrong}");
}
