use proptest::prelude::*;
use rand::RngExt;
use ratebook::decoding::minimum_bayes_risk::aggregate::{
    Centroids, closeness, coarse_to_fine, inner_product_scores, mean,
};
use ratebook::decoding::minimum_bayes_risk::low_rank::{Completion, observe};
use ratebook::decoding::minimum_bayes_risk::prune::Pruning;
use ratebook::decoding::minimum_bayes_risk::utility::{EditSimilarity, NgramF, Utility, f_score};
use ratebook::decoding::minimum_bayes_risk::{decode, diverse};
use ratebook::decoding::selection::{best, expected_utilities, normalised, top};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

fn tokens() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..4_usize, 0..7)
}

fn texts() -> impl Strategy<Value = Vec<Vec<usize>>> {
    prop::collection::vec(tokens(), 1..6)
}

fn vectors(size: usize) -> impl Strategy<Value = Vec<Vec<f64>>> {
    prop::collection::vec(prop::collection::vec((-4..5).prop_map(f64::from), size), 1..12)
}

fn message<T: std::fmt::Debug>(result: ratebook::Result<T>) -> String {
    result.unwrap_err().to_string()
}

/// The edit distance by its definition.
fn edits(a: &[usize], b: &[usize]) -> usize {
    match (a, b) {
        ([], rest) | (rest, []) => rest.len(),
        ([x, a_rest @ ..], [y, b_rest @ ..]) => {
            let replaced = edits(a_rest, b_rest) + usize::from(x != y);
            replaced.min(1 + edits(a_rest, b)).min(1 + edits(a, b_rest))
        }
    }
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn edit_similarity_is_the_definition(a in tokens(), b in tokens()) {
        let longest = a.len().max(b.len()).max(1) as f64;
        prop_assert_eq!(EditSimilarity.utility(&a, &b), 1.0 - edits(&a, &b) as f64 / longest);
    }

    #[test]
    fn utilities_are_in_range(a in tokens(), b in tokens(), order in 1..7_usize, beta in prop_oneof![Just(f64::MIN_POSITIVE), Just(f64::MAX), 0.1..4.0f64]) {
        for utility in [&NgramF::new(order, beta).unwrap() as &dyn Utility, &EditSimilarity] {
            prop_assert!((0.0..=1.0 + 1e-12).contains(&utility.utility(&a, &b)));
            prop_assert!(a.is_empty() || (utility.utility(&a, &a) - 1.0).abs() < 1e-12);
        }
        let one = NgramF::new(order, 1.0).unwrap();
        prop_assert!((one.utility(&a, &b) - one.utility(&b, &a)).abs() < 1e-12);
    }

    #[test]
    fn doubled_references_change_nothing(hypotheses in texts(), references in texts()) {
        let utility = NgramF::new(2, 1.0).unwrap();
        let (_, once) = decode(&hypotheses, &references, &utility).unwrap();
        let (_, twice) = decode(&hypotheses, &[references.clone(), references].concat(), &utility).unwrap();
        prop_assert!(once.iter().zip(&twice).all(|(a, b)| (a - b).abs() < 1e-12));
    }

    #[test]
    fn permuting_hypotheses_permutes_the_scores(hypotheses in texts(), references in texts(), by in 0..6_usize) {
        let (chosen, scores) = decode(&hypotheses, &references, &EditSimilarity).unwrap();
        let (mut rotated, by) = (hypotheses.clone(), by % hypotheses.len());
        rotated.rotate_left(by);
        let (again, mut expected) = (decode(&rotated, &references, &EditSimilarity).unwrap(), scores.clone());
        expected.rotate_left(by);
        prop_assert_eq!(&again.1, &expected);
        prop_assert_eq!(expected[again.0], scores[chosen]);
    }

    #[test]
    fn aggregation_is_the_plain_loop(hypotheses in vectors(3), references in vectors(3)) {
        let inner = |h: usize, r: usize| hypotheses[h].iter().zip(&references[r]).map(|(a, b)| a * b).sum();
        let plain = expected_utilities(hypotheses.len(), &vec![1.0; references.len()], inner).unwrap();
        let quick = inner_product_scores(&hypotheses, &references).unwrap();
        prop_assert!(plain.iter().zip(&quick).all(|(a, b)| (a - b).abs() < 1e-10));
    }

    /// As many clusters as references is the plain loop; a centroid is the mean of what it stands for.
    #[test]
    fn clusters_stand_for_all_references(references in vectors(2), hypotheses in vectors(2), count in 1..15_usize, mut coins in HalfAdversarial::strategy(10)) {
        let clusters = Centroids::cluster(&references, count, 20, &mut coins).unwrap();
        prop_assert_eq!(clusters.sizes.iter().sum::<f64>(), references.len() as f64);
        prop_assert!(clusters.points.len() <= count && clusters.sizes.iter().all(|&size| size > 0.0));
        let centre = mean(&references).unwrap();
        for i in 0..2 {
            let sum: f64 = clusters.points.iter().zip(&clusters.sizes).map(|(p, s)| p[i] * s).sum();
            prop_assert!((sum / references.len() as f64 - centre[i]).abs() < 1e-10);
        }
        if count >= references.len() {
            let of = |h: usize, r: usize| closeness(&hypotheses[h], &references[r]);
            let plain = expected_utilities(hypotheses.len(), &vec![1.0; references.len()], of).unwrap();
            let quick = clusters.scores(&hypotheses, closeness).unwrap();
            prop_assert!(plain.iter().zip(&quick).all(|(a, b)| (a - b).abs() < 1e-9));
        }
    }

    #[test]
    fn keeping_all_is_the_plain_loop(coarse in prop::collection::vec(-1.0..1.0f64, 1..9), seed in any::<u32>()) {
        let mut noise = rng(u64::from(seed));
        let table: Vec<[f64; 5]> = coarse.iter().map(|_| [0; 5].map(|_| noise.random::<f64>())).collect();
        let of = |h: usize, r: usize| table[h][r];
        let plain = best(&expected_utilities(coarse.len(), &[1.0; 5], of).unwrap()).unwrap();
        prop_assert_eq!(coarse_to_fine(&coarse, coarse.len() + 3, 5, of).unwrap(), plain);
        prop_assert_eq!(coarse_to_fine(&coarse, 1, 5, of).unwrap(), best(&coarse).unwrap());
    }

    #[test]
    fn pruning_ends_with_a_hypothesis(hypotheses in 1..12_usize, references in 1..80_usize, alpha in prop_oneof![Just(0.0), Just(1.0), 0.0..=1.0f64], mut coins in HalfAdversarial::strategy(30)) {
        let pruning = Pruning::new(&[2, 8, 32], alpha, 20).unwrap();
        let of = |h: usize, r: usize| ((h * 7 + r * 3) % 5) as f64;
        let mut calls = 0;
        let pruned = pruning.select(hypotheses, references, |h, r| { calls += 1; of(h, r) }, &mut coins).unwrap();
        prop_assert!(pruned.best < hypotheses && pruned.calls == calls && calls <= hypotheses * references);
        prop_assert!(calls >= hypotheses * references.min(2));
    }

    /// Without noise between references, or without pruning, the plain loop's choice.
    #[test]
    fn pruning_without_noise_is_the_plain_loop(means in prop::collection::vec(-3..4_i32, 1..12), seed in any::<u32>()) {
        let of = |h: usize, r: usize| f64::from(means[h]) + r as f64;
        let plain = best(&expected_utilities(means.len(), &[1.0; 64], of).unwrap()).unwrap();
        let pruning = Pruning::standard().unwrap();
        prop_assert_eq!(pruning.select(means.len(), 64, of, &mut rng(u64::from(seed))).unwrap().best, plain);
    }

    #[test]
    fn a_full_matrix_of_low_rank_is_completed(seed in any::<u32>()) {
        let mut noise = rng(u64::from(seed));
        let mut factor = || -> Vec<[f64; 2]> { (0..10).map(|_| [0; 2].map(|_| noise.random::<f64>())).collect() };
        let (rows, columns) = (factor(), factor());
        let of = |h: usize, r: usize| rows[h][0] * columns[r][0] + rows[h][1] * columns[r][1];
        let entries = observe(10, 10, 1.0, of, &mut noise).unwrap();
        prop_assert_eq!(entries.len(), 100);
        let found = Completion::new(2, 1e-9, 200).unwrap().row_means(10, 10, &entries, &mut noise).unwrap();
        let plain = expected_utilities(10, &[1.0; 10], of).unwrap();
        prop_assert!(found.iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-3), "{found:?} {plain:?}");
    }

    #[test]
    fn completion_survives_any_draws(reduction in 1.0..20.0f64, mut coins in HalfAdversarial::strategy(40)) {
        let entries = observe(6, 5, reduction, |h, r| (h + r) as f64, &mut coins).unwrap();
        prop_assert_eq!(entries.len(), (30.0 / reduction).ceil() as usize);
        let mut cells: Vec<_> = entries.iter().map(|&(h, r, _)| (h, r)).collect();
        cells.sort_unstable();
        cells.dedup();
        prop_assert_eq!(cells.len(), entries.len());
        let means = Completion::new(3, 0.1, 10).unwrap().row_means(6, 5, &entries, &mut coins).unwrap();
        prop_assert!(means.len() == 6 && means.iter().all(|mean| mean.is_finite()));
    }

    #[test]
    fn diverse_choices_are_distinct(scores in prop::collection::vec(0.0..1.0f64, 1..9), count in 0..12_usize, penalty in 0.0..3.0f64) {
        let chosen = diverse(&scores, count, penalty, |a, b| f64::from(u8::from(a % 2 == b % 2))).unwrap();
        prop_assert_eq!(chosen.len(), count.min(scores.len()));
        let mut sorted = chosen.clone();
        sorted.sort_unstable();
        sorted.dedup();
        prop_assert_eq!(sorted.len(), chosen.len());
        prop_assert_eq!(diverse(&scores, count, 0.0, |_, _| 1.0).unwrap(), top(&scores, count).unwrap());
    }

    #[test]
    fn bad_input_is_named(value in awkward_f64()) {
        if !value.is_finite() {
            prop_assert!(message(best(&[0.0, value])).starts_with("scores = "));
            prop_assert!(message(expected_utilities(1, &[1.0], |_, _| value)).starts_with("utility = "));
            prop_assert!(message(inner_product_scores(&[vec![1.0]], &[vec![value]])).starts_with("reference = "));
            prop_assert!(message(Pruning::standard().unwrap().select(2, 2, |_, _| value, &mut rng(1))).starts_with("utility = "));
            prop_assert!(message(observe(2, 2, 1.0, |_, _| value, &mut rng(1))).starts_with("utility = "));
        }
        if !(value >= 0.0 && value.is_finite()) {
            prop_assert!(message(normalised(&[1.0, value])).starts_with("weights = "));
            prop_assert!(message(diverse(&[1.0], 1, value, |_, _| 0.0)).starts_with("penalty = "));
        }
        if !(value > 0.0 && value.is_finite()) {
            prop_assert!(message(NgramF::new(2, value)).starts_with("beta = "));
            prop_assert!(message(Completion::new(2, value, 1)).starts_with("ridge = "));
        }
        prop_assert_eq!(Pruning::new(&[8], value, 1).is_ok(), (0.0..=1.0).contains(&value));
        prop_assert_eq!(observe(2, 2, value, |_, _| 0.0, &mut rng(1)).is_ok(), value >= 1.0 && value.is_finite());
    }
}

#[test]
fn empty_lists_are_refused() {
    let none: [Vec<usize>; 0] = [];
    assert_eq!(message(decode(&none, &[vec![1]], &EditSimilarity)), "hypotheses is empty");
    assert_eq!(message(decode(&[vec![1]], &none, &EditSimilarity)), "weights is empty");
    assert!(message(normalised(&[0.0, 0.0])).starts_with("sum of weights = 0"));
    assert_eq!(message(mean(&[])), "references is empty");
    assert!(
        message(inner_product_scores(&[vec![1.0]], &[vec![1.0, 2.0]])).starts_with("hypothesis has size 1")
    );
    assert!(message(Pruning::new(&[8, 8], 0.99, 1)).starts_with("sizes"));
    assert!(message(Completion::new(0, 0.1, 1)).starts_with("rank = 0"));
    let outside = Completion::new(1, 0.1, 1).unwrap().row_means(2, 2, &[(2, 0, 1.0)], &mut rng(1));
    assert!(message(outside).starts_with("entries"));
}

#[test]
fn scores_by_hand() {
    // "aab" against "abc": two of three unigrams, one of two bigrams.
    let (a, b) = ([0, 0, 1], [0, 1, 2]);
    assert!((NgramF::new(1, 1.0).unwrap().utility(&a, &b) - 2.0 / 3.0).abs() < 1e-12);
    assert!((NgramF::new(2, 2.0).unwrap().utility(&a, &b) - (2.0 / 3.0 + 0.5) / 2.0).abs() < 1e-12);
    // P = 1/2, R = 1, β = 2: 5·½/(4·½ + 1).
    assert!((f_score(2.0, 1.0, 2.0, 1.0) - 2.5 / 3.0).abs() < 1e-12);
    assert_eq!(top(&[0.5, 0.9, 0.5], 2).unwrap(), [1, 0]);
}

/// Model-based weights over distinct references are the plain loop over a proportional sample.
#[test]
fn weights_stand_for_repetitions() {
    let of = |h: usize, r: usize| [[0.9, 0.1], [0.3, 0.5]][h][r];
    let weighted = expected_utilities(2, &[0.75, 0.25], of).unwrap();
    let repeated = expected_utilities(2, &[1.0; 4], |h, r| of(h, usize::from(r == 3))).unwrap();
    assert!(weighted.iter().zip(&repeated).all(|(a, b)| (a - b).abs() < 1e-12));
}
