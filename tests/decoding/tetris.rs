use proptest::prelude::*;
use ratebook::decoding::instances::MarkovSource;
use ratebook::decoding::tetris::{
    Batch, BatchCounts, Chains, DraftProbability, EqualWindows, Overlap, Selection, Tetris, TopProbability,
};
use ratebook::decoding::{Counts, Pair, ancestral};
use ratebook::math::chance::{exact_law, total_variation};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

/// Ragged chains with zeros, ones and ties.
fn table() -> impl Strategy<Value = Vec<Vec<f64>>> {
    let estimate = prop_oneof![Just(0.0), Just(0.5), Just(1.0), Just(1e-200), 0.0..1.0_f64];
    prop::collection::vec(prop::collection::vec(estimate, 0..6), 0..6)
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn selections_fit(table in table(), capacity in 0..40_usize) {
        let chains = Chains::new(&table).unwrap();
        for selection in [&Tetris as &dyn Selection, &EqualWindows] {
            if table.is_empty() {
                continue;
            }
            let lengths = selection.select(&chains, capacity);
            prop_assert_eq!(lengths.len(), table.len());
            prop_assert!(lengths.iter().sum::<usize>() <= capacity);
            prop_assert!(lengths.iter().zip(&table).all(|(k, chain)| *k <= chain.len()));
            prop_assert!(chains.value(&lengths) <= chains.value(&Tetris.select(&chains, capacity)) + 1e-12);
        }
    }

    #[test]
    fn the_value_is_that_of_the_largest_products(table in table(), capacity in 0..40_usize) {
        let chains = Chains::new(&table).unwrap();
        let mut products: Vec<f64> = table.iter().flat_map(|chain| {
            chain.iter().scan(1.0, |product, p| { *product *= p; Some(*product) }).collect::<Vec<_>>()
        }).collect();
        products.sort_by(|a, b| b.total_cmp(a));
        let best: f64 = products.iter().take(capacity).sum();
        prop_assert!((chains.value(&Tetris.select(&chains, capacity)) - best).abs() < 1e-12);
    }

    #[test]
    fn the_value_grows_and_is_concave_in_the_capacity(table in table()) {
        let chains = Chains::new(&table).unwrap();
        let values: Vec<f64> = (0..40).map(|capacity| chains.value(&Tetris.select(&chains, capacity))).collect();
        for window in values.windows(3) {
            prop_assert!(window[1] >= window[0] - 1e-12);
            prop_assert!(window[2] - window[1] <= window[1] - window[0] + 1e-12);
        }
    }

    #[test]
    fn exchanging_requests_exchanges_their_lengths(a in prop::collection::vec(0.1..0.9_f64, 5), b in prop::collection::vec(0.1..0.9_f64, 5), capacity in 0..11_usize) {
        let lengths = Tetris.select(&Chains::new(&[a.clone(), b.clone()]).unwrap(), capacity);
        let exchanged = Tetris.select(&Chains::new(&[b, a]).unwrap(), capacity);
        prop_assert_eq!(lengths, exchanged.into_iter().rev().collect::<Vec<_>>());
    }

    #[test]
    fn bad_estimates_are_refused_by_name(x in awkward_f64()) {
        let result = Chains::new(&[vec![0.5, x]]);
        match (0.0..=1.0).contains(&x) {
            true => prop_assert!(result.is_ok()),
            false => prop_assert!(result.unwrap_err().to_string().starts_with("estimates")),
        }
    }

    #[test]
    fn counts_add_up(window in 0..5_usize, capacity in 0..20_usize, requests in 0..5_usize, mut chance in HalfAdversarial::strategy(12), seed in any::<u64>()) {
        let target = MarkovSource::dirichlet(4, 1, 0.3, &mut rng(seed)).unwrap();
        let draft = target.blurred(0.3).unwrap();
        let pair = Pair::new(&target, &draft).unwrap();
        let mut texts = vec![vec![0]; requests];
        let round = Batch::new(TopProbability, Tetris, window, capacity).round(pair, &mut texts, &mut chance);
        prop_assert_eq!(round.counts.drafted, window * requests);
        prop_assert!(round.verified == capacity.min(window * requests));
        prop_assert!(round.counts.accepted <= round.verified);
        prop_assert_eq!(round.counts.emitted, round.counts.accepted + requests);
        prop_assert_eq!(texts.iter().map(|text| text.len() - 1).sum::<usize>(), round.counts.emitted);
        prop_assert_eq!(round.verification_success_rate().is_none(), round.verified == 0);
    }
}

#[test]
fn ties_keep_to_the_capacity() {
    let chains = Chains::new(&[vec![1.0; 3], vec![1.0; 3]]).unwrap();
    assert_eq!(Tetris.select(&chains, 3), [2, 1]);
    assert_eq!(Tetris.select(&chains, 4), [2, 2]);
    assert_eq!(Tetris.select(&chains, 9), [3, 3]);
}

#[test]
fn a_hopeless_chain_gets_nothing() {
    let chains = Chains::new(&[vec![0.0, 1.0], vec![0.1, 0.1], vec![]]).unwrap();
    assert_eq!(Tetris.select(&chains, 4), [0, 2, 0]);
    assert_eq!(EqualWindows.select(&chains, 4), [2, 1, 0]);
    assert_eq!(chains.reached(0, 1), 0.0);
}

#[test]
fn long_products_do_not_underflow() {
    // 0.5^1200 is zero as a number; the first chain is still the better one.
    let chains = Chains::new(&[vec![0.5; 2000], vec![0.4; 2000]]).unwrap();
    let lengths = Tetris.select(&chains, 2000);
    assert_eq!(lengths.iter().sum::<usize>(), 2000);
    assert!((lengths[0] as f64 * 0.5f64.ln() - lengths[1] as f64 * 0.4f64.ln()).abs() < 1.0);
}

#[test]
fn no_capacity_is_ordinary_sampling() {
    let target = MarkovSource::new(2, 1, &[vec![0.2, 0.8], vec![0.6, 0.4]]).unwrap();
    let draft = target.blurred(0.5).unwrap();
    let pair = Pair::new(&target, &draft).unwrap();
    let found = exact_law(|chance| {
        let mut texts = vec![vec![0], vec![1]];
        let round = Batch::new(DraftProbability, Tetris, 2, 0).round(pair, &mut texts, chance);
        let counts = Counts { target_calls: 1, drafted: 4, accepted: 0, emitted: 2 };
        assert_eq!(round, BatchCounts { counts, verified: 0 });
        texts
    });
    assert!((found[&vec![vec![0, 1], vec![1, 0]]] - 0.8 * 0.6).abs() < 1e-12);
}

#[test]
fn the_papers_estimate_has_the_law_worked_out_by_hand() {
    // Two copies of a request share a call for one token. With q = (.7, .3), p = (.5, .5) the one that drew token 0
    // is verified; the first one if both did.
    let (target, draft) =
        (MarkovSource::memoryless(&[0.5, 0.5]).unwrap(), MarkovSource::memoryless(&[0.7, 0.3]).unwrap());
    let pair = Pair::new(&target, &draft).unwrap();
    let first = exact_law(|chance| {
        let mut texts = vec![vec![], vec![]];
        Batch::new(DraftProbability, Tetris, 1, 1).round(pair, &mut texts, chance);
        ancestral(&target, &mut texts[0], 1, chance);
        texts[0][0]
    });
    // Verified with token 0 (probability .7), accepted with 5/7, else 1; with token 1 (.09) accepted; else fresh.
    let by_hand = 0.7 * 5.0 / 7.0 + 0.3 * 0.7 * 0.5;
    assert!((first[&0] - by_hand).abs() < 1e-12);
    // The estimate that does not look leaves the law alone.
    let fair = exact_law(|chance| {
        let mut texts = vec![vec![], vec![]];
        Batch::new(Overlap::new(&target), Tetris, 1, 1).round(pair, &mut texts, chance);
        texts[0][0]
    });
    assert!(total_variation(&fair, &[(0, 0.5), (1, 0.5)].into()) < 1e-12);
}

#[test]
fn throughput_counts_the_drafts() {
    let counts = Counts { target_calls: 1, drafted: 8, accepted: 3, emitted: 5 };
    let round = BatchCounts { counts, verified: 4 };
    assert_eq!(round.verification_success_rate(), Some(0.75));
    assert!((round.throughput(0.25, 4, 1.0) - 2.5).abs() < 1e-12);
}
