use proptest::prelude::*;
use ratebook::information::baselines::{BestMove, BestPartition, EqualGroups, LargestCell};
use ratebook::information::coupling::{Coupler, Greedy, Independent};
use ratebook::information::entropy_coupling_bottleneck::{
    BoundaryRule, CodingGame, FirstOrder, GreedyMerging, Move, compress_and_couple, leave,
};
use ratebook::information::{Encoder, Quantiser};
use ratebook::math::entropy::{binary_entropy, entropy, mutual_information};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

use super::primitives::coupling::law;

/// Algorithm 1 to the letter, on a list that is sorted anew at every step: the entropy of the answer
/// and the second largest mass before the last merge (zero if there was none).
fn plain_greedy(source: &[f64], rate: f64) -> (f64, f64) {
    let mut masses: Vec<f64> = source.iter().copied().filter(|&mass| mass > 0.0).collect();
    loop {
        masses.sort_by(|a, b| b.total_cmp(a));
        if entropy(&masses) <= rate + 1e-12 {
            return (entropy(&masses), 0.0);
        }
        let second = masses[1];
        let mut small = masses.clone();
        let pair = small.pop().unwrap() + small.pop().unwrap();
        small.push(pair);
        let mut large = masses.split_off(2);
        large.push(masses[0] + masses[1]);
        for merged in [small, large.clone()] {
            if merged.len() == 1 || entropy(&merged) <= rate + 1e-12 {
                return (if merged.len() == 1 { 0.0 } else { entropy(&merged) }, second);
            }
        }
        masses = large;
    }
}

/// A law and a map on it without empty letters.
fn law_and_map() -> impl Strategy<Value = (Vec<f64>, Quantiser)> {
    (2..=6usize)
        .prop_flat_map(|n| (prop::collection::vec(0.02..1.0f64, n), prop::collection::vec(0..n, n)))
        .prop_map(|(weights, letters)| {
            let total: f64 = weights.iter().sum();
            let source: Vec<f64> = weights.iter().map(|w| w / total).collect();
            let mut used: Vec<usize> = letters.clone();
            used.sort_unstable();
            used.dedup();
            let labels = letters.iter().map(|l| used.binary_search(l).unwrap()).collect();
            let map = Quantiser::new(&source, labels).unwrap();
            (source, map)
        })
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn scanning_equals_merging(source in law(1..=200), share in 0.0..1.2f64) {
        let rate = share * entropy(&source);
        let (plain, second) = plain_greedy(&source, rate);
        let map = GreedyMerging.encode(&source, rate).unwrap();
        prop_assert!((map.entropy() - plain).abs() <= 1e-10);
        prop_assert!(map.entropy() <= rate + 1e-11);
        if rate < entropy(&source) {
            prop_assert!(rate - map.entropy() <= binary_entropy(second) + 1e-11);
            // The printed form, with the second largest mass of the source, is weaker.
            let mut sorted = source.clone();
            sorted.sort_by(|a, b| b.total_cmp(a));
            prop_assert!(second <= sorted[1]);
        }
        // Deterministic: all of the letter's entropy is information about the symbol.
        let information = mutual_information(&map.joint(&source));
        prop_assert!((information - map.entropy()).abs() <= 1e-9);
    }

    #[test]
    fn enumeration_is_never_worse(source in law(1..=6), share in 0.0..1.0f64) {
        let rate = share * entropy(&source);
        let best = BestPartition.encode(&source, rate).unwrap().entropy();
        let (_, second) = plain_greedy(&source, rate);
        for encoder in [&GreedyMerging as &dyn Encoder, &EqualGroups] {
            let map = encoder.encode(&source, rate).unwrap();
            prop_assert!(map.entropy() <= best + 1e-10 && map.entropy() <= rate + 1e-10);
        }
        prop_assert!(best - GreedyMerging.encode(&source, rate).unwrap().entropy() <= binary_entropy(second) + 1e-10);
    }

    #[test]
    fn extremes_of_the_rate(source in law(1..=30)) {
        let all = GreedyMerging.encode(&source, entropy(&source)).unwrap();
        let support = source.iter().filter(|&&mass| mass > 0.0).count();
        prop_assert_eq!(all.masses().len(), support);
        let none = GreedyMerging.encode(&source, 0.0).unwrap();
        prop_assert!(none.entropy() <= 1e-11);
        // Masses whose entropy rounds to nothing may keep their letters.
        let crumbs = source.iter().any(|&mass| mass > 0.0 && mass < 1e-9);
        prop_assert!(crumbs || none.masses().len() == 1);
    }

    #[test]
    fn order_and_absent_symbols_do_not_matter(source in law(1..=20), share in 0.0..1.0f64, shift in 0..20usize) {
        let rate = share * entropy(&source);
        let entropy = |source: &[f64]| GreedyMerging.encode(source, rate).unwrap().entropy();
        let mut turned = source.clone();
        turned.rotate_left(shift % source.len());
        let mut padded = source.clone();
        padded.insert(shift % source.len(), 0.0);
        prop_assert!((entropy(&source) - entropy(&turned)).abs() <= 1e-10);
        prop_assert!((entropy(&source) - entropy(&padded)).abs() <= 1e-10);
    }

    #[test]
    fn moves_change_what_they_say((source, map) in law_and_map(), symbol in any::<prop::sample::Index>(), to in 0..7usize, share in 1e-3..0.9f64) {
        let symbol = symbol.index(source.len());
        let letters = map.masses().len();
        let to = (to < letters).then_some(to);
        prop_assume!(to != Some(map.labels()[symbol]));
        let step = Move { symbol, to };
        let mass = share * source[symbol];
        let joint = step.apply(&source, &map, mass);
        for (x, row) in joint.row_iter().enumerate() {
            prop_assert!((row.sum() - source[x]).abs() <= 1e-12);
        }
        let columns: Vec<f64> = joint.column_iter().map(|column| column.sum()).collect();
        prop_assert!((entropy(&columns) - map.entropy() - step.entropy_change(&map, mass)).abs() <= 1e-12);
        let change = mutual_information(&joint) - map.entropy();
        prop_assert!((change - step.information_change(&source, &map, mass)).abs() <= 1e-11);
        // Asking for the change that this mass makes finds a mass that makes it.
        let target = step.entropy_change(&map, mass);
        if target.abs() > 1e-9 {
            let found = step.mass_for(&map, target, source[symbol]);
            prop_assert!(found.is_some_and(|found| (step.entropy_change(&map, found) - target).abs() <= 1e-12));
        }
    }

    #[test]
    fn a_move_of_a_whole_cell_is_another_map((source, map) in law_and_map()) {
        // The largest mass that may move empties the cell; the joint law stays a law.
        for symbol in 0..source.len() {
            let joint = Move { symbol, to: None }.apply(&source, &map, source[symbol]);
            prop_assert!(joint.iter().all(|&mass| mass >= 0.0));
            let change = Move { symbol, to: None }.entropy_change(&map, source[symbol]);
            prop_assert!(change >= -1e-12);
        }
    }

    #[test]
    fn no_rule_beats_the_search((source, map) in law_and_map(), log in -4.0..-2.0f64, up: bool) {
        let change = 10f64.powf(log) * if up { 1.0 } else { -1.0 };
        let search = BestMove { share: 0.05, avoid_heaviest: false };
        let value = |step: Move| {
            let mass = step.mass_for(&map, change, 0.05 * source[step.symbol])?;
            Some(step.information_change(&source, &map, mass))
        };
        let best = search.choose(&source, &map, change).map(|step| value(step).unwrap());
        for rule in [&FirstOrder as &dyn BoundaryRule, &LargestCell] {
            if let Some(here) = rule.choose(&source, &map, change).and_then(value) {
                prop_assert!(best.is_some_and(|best| here <= best + 1e-15));
                // A letter that is noisy tells less than its entropy.
                prop_assert!(here <= change.max(0.0));
            }
        }
    }

    #[test]
    fn leaving_a_map_meets_the_rate((source, map) in law_and_map(), log in -6.0..-2.0f64, up: bool) {
        let change = 10f64.powf(log) * if up { 1.0 } else { -1.0 };
        let rate = map.entropy() + change;
        match leave(&FirstOrder, &source, &map, rate) {
            Ok(joint) => {
                let columns: Vec<f64> = joint.column_iter().map(|column| column.sum()).collect();
                prop_assert!((entropy(&columns) - rate).abs() <= 1e-11);
                prop_assert!(mutual_information(&joint) <= rate + 1e-11);
            }
            Err(error) => prop_assert!(error.to_string().starts_with("rate = ")),
        }
        prop_assert_eq!(leave(&FirstOrder, &source, &map, map.entropy()).unwrap(), map.joint(&source));
        prop_assert!(leave(&FirstOrder, &source, &map, f64::NAN).is_err());
    }

    #[test]
    fn encoder_and_decoder_compose(source in law(1..=20), target in law(1..=8), share in 0.0..1.0f64) {
        let rate = share * entropy(&source);
        let (map, coupling) = compress_and_couple(&GreedyMerging, &Greedy, &source, &target, rate).unwrap();
        // The law of (X, Y): each symbol's row is its letter's conditional.
        let joint = nalgebra::DMatrix::from_fn(source.len(), target.len(), |x, y| {
            source[x] * coupling.conditional(map.labels()[x])[y]
        });
        for (y, column) in joint.column_iter().enumerate() {
            prop_assert!((column.sum() - target[y]).abs() <= 1e-11);
        }
        let information = mutual_information(&joint);
        prop_assert!((information - coupling.mutual_information()).abs() <= 1e-9);
        // Lemma 1's lower bound, which splits the problem in two.
        prop_assert!(information >= map.entropy() + coupling.mutual_information() - rate - 1e-9);
        let independent = compress_and_couple(&GreedyMerging, &Independent, &source, &target, rate).unwrap().1;
        prop_assert!(information >= independent.mutual_information() - 1e-9);
    }

    #[test]
    fn beliefs_are_a_martingale_and_actions_keep_their_law(prior in law(2..=30), policy in law(2..=5)) {
        let game = CodingGame::new(Greedy, prior.clone()).unwrap();
        let mut mean = vec![0.0; prior.len()];
        for action in (0..policy.len()).filter(|&action| policy[action] > 0.0) {
            let mut seen = game.clone();
            seen.observe(action, &policy).unwrap();
            prop_assert!((seen.belief().iter().sum::<f64>() - 1.0).abs() <= 1e-12);
            for (mean, belief) in mean.iter_mut().zip(seen.belief()) {
                *mean += policy[action] * belief;
            }
        }
        for (mean, mass) in mean.iter().zip(&prior) {
            prop_assert!((mean - mass).abs() <= 1e-12);
        }
        let coupling = Greedy.couple(&prior, &policy).unwrap();
        for (action, &mass) in policy.iter().enumerate() {
            let total: f64 = (0..prior.len()).map(|t| prior[t] * coupling.conditional(t)[action]).sum();
            prop_assert!((total - mass).abs() <= 1e-12);
        }
    }

    #[test]
    fn a_game_survives_the_rarest_draws(prior in law(2..=20), policies in prop::collection::vec(law(2..=5), 1..20), mut rng in HalfAdversarial::strategy(30)) {
        let letter = (0..prior.len()).max_by(|&s, &t| prior[s].total_cmp(&prior[t])).unwrap();
        let mut sender = CodingGame::new(Greedy, prior).unwrap();
        let mut receiver = sender.clone();
        for policy in &policies {
            let action = sender.act(letter, policy, &mut rng).unwrap();
            prop_assert!(policy[action] > 0.0);
            receiver.observe(action, policy).unwrap();
            prop_assert_eq!(sender.belief(), receiver.belief());
            // The receiver never excludes the truth.
            prop_assert!(receiver.belief()[letter] > 0.0 && receiver.belief().iter().all(|mass| mass.is_finite()));
        }
    }

    #[test]
    fn bad_input_is_refused_by_name(x in awkward_f64()) {
        let valid = x >= 0.0 && x.is_finite();
        for encoder in [&GreedyMerging as &dyn Encoder, &EqualGroups, &BestPartition] {
            prop_assert_eq!(encoder.encode(&[0.5, 0.5], x).is_ok(), valid);
            let refusal = encoder.encode(&[0.5, x], 1.0);
            prop_assert!(refusal.is_ok() || refusal.unwrap_err().to_string().starts_with("source"));
        }
        prop_assert!(GreedyMerging.encode(&[0.5, 0.4], 1.0).is_err());
        prop_assert!(GreedyMerging.encode(&[], 1.0).is_err());
        if !valid {
            prop_assert!(GreedyMerging.encode(&[0.5, 0.5], x).unwrap_err().to_string().starts_with("rate = "));
        }
    }
}

#[test]
fn the_figure_of_the_paper() {
    // p = (.7, .2, .1): the deterministic maps have 0, .469, .722, .881 and 1.157 bits. Figure 2.
    let source = [0.7, 0.2, 0.1];
    let letters = |rate: f64| GreedyMerging.encode(&source, rate).unwrap().labels().to_vec();
    assert_eq!(letters(1.2), [0, 1, 2]);
    assert_eq!(letters(1.0), [0, 1, 1]); // small merge
    assert_eq!(letters(0.5), [0, 0, 1]); // large merge
    assert_eq!(letters(0.4), [0, 0, 0]);
    // {.8, .2} lies between the two; the rule never looks at it.
    assert_eq!(letters(0.8), [0, 0, 1]);
    assert_eq!(BestPartition.encode(&source, 0.8).unwrap().labels(), [0, 1, 0]);
}

#[test]
fn maps_and_games_that_make_no_sense() {
    assert!(Quantiser::new(&[0.5, 0.5], vec![0]).is_err());
    assert!(Quantiser::new(&[0.5, 0.5], vec![0, 2]).is_err());
    assert!(Quantiser::new(&[0.5, 0.5], vec![0, usize::MAX]).is_err());
    assert!(Quantiser::new(&[1.0, 0.0], vec![0, 1]).is_err());
    let mut game = CodingGame::new(Greedy, vec![1.0, 0.0]).unwrap();
    let mut rng = rng(1);
    assert!(game.act(1, &[0.5, 0.5], &mut rng).unwrap_err().to_string().starts_with("letter = 1"));
    assert!(game.act(2, &[0.5, 0.5], &mut rng).is_err());
    assert!(game.act(0, &[0.5, 0.6], &mut rng).is_err());
    assert!(game.observe(1, &[1.0, 0.0]).unwrap_err().to_string().starts_with("action = 1"));
    assert!(game.observe(7, &[1.0, 0.0]).is_err());
    assert!(CodingGame::new(Greedy, vec![]).is_err());
    // One letter, or none that is shared: nothing to move.
    let source = [0.5, 0.5];
    let one = Quantiser::new(&source, vec![0, 0]).unwrap();
    assert_eq!(FirstOrder.choose(&source, &one, -1e-3), None);
    let all = Quantiser::new(&source, vec![0, 1]).unwrap();
    assert_eq!(FirstOrder.choose(&source, &all, 1e-3), None);
}
