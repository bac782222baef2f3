use std::collections::BTreeMap;

use proptest::prelude::*;
use ratebook::decoding::instances::{MarkovSource, two_regimes};
use ratebook::decoding::spec_dec::head::{LogisticHead, examples};
use ratebook::decoding::spec_dec::optimal::{AcceptanceLaw, expected_round};
use ratebook::decoding::spec_dec::{Constant, Costs, Oracle, Threshold};
use ratebook::decoding::{
    AcceptancePredictor, Counts, Drafted, FixedLength, LanguageModel, Lossless, Pair, Speculation, StopRule,
    acceptance, generate,
};
use ratebook::math::chance::{Chance, every_outcome, exact_law};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

/// A distribution over `size` tokens with zeros and ties.
fn law(size: usize) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(0..5_u32, size).prop_filter("some mass", |w| w.iter().any(|&w| w > 0)).prop_map(
        |w| {
            let total: u32 = w.iter().sum();
            w.into_iter().map(|w| f64::from(w) / f64::from(total)).collect()
        },
    )
}

fn source(size: usize) -> impl Strategy<Value = MarkovSource> {
    prop::collection::vec(law(size), size).prop_map(move |laws| MarkovSource::new(size, 1, &laws).unwrap())
}

fn sources() -> impl Strategy<Value = (MarkovSource, MarkovSource)> {
    (2..=3_usize).prop_flat_map(|size| (source(size), source(size)))
}

/// Ancestral sampling of the target.
fn ancestral(target: &dyn LanguageModel, tokens: &mut Vec<usize>, count: usize, chance: &mut dyn Chance) {
    let mut law = vec![0.0; target.vocabulary()];
    while tokens.len() < count {
        target.next(tokens, &mut law);
        tokens.push(chance.choose(&law));
    }
}

fn distance(a: &BTreeMap<Vec<usize>, f64>, b: &BTreeMap<Vec<usize>, f64>) -> f64 {
    let missing = |from: &BTreeMap<_, f64>, of: &BTreeMap<Vec<usize>, f64>| -> f64 {
        of.iter().map(|(key, mass)| (mass - from.get(key).unwrap_or(&0.0)).max(0.0)).sum()
    };
    missing(a, b).max(missing(b, a))
}

/// Stops after a given token.
#[derive(Debug, Clone)]
struct Until(usize);

impl StopRule for Until {
    fn begin(&mut self) -> bool {
        true
    }

    fn go_on(&mut self, last: &Drafted<'_>) -> bool {
        last.token != self.0
    }
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn rounds_have_the_targets_law((target, draft) in sources(), longest in 0..=2_usize, threshold in 0.0..1.0_f64) {
        let pair = Pair::new(&target, &draft).unwrap();
        let wanted = exact_law(|chance| { let mut tokens = vec![]; ancestral(&target, &mut tokens, 3, chance); tokens });
        let rule = |kind| {
            let rule: Box<dyn StopRule> = match kind {
                0 => Box::new(FixedLength(longest)),
                1 => Box::new(Until(0)),
                _ => Box::new(Threshold::new(Oracle::new(&target), threshold, 0, longest).unwrap()),
            };
            rule
        };
        for kind in 0..3 {
            let found = exact_law(|chance| {
                let mut tokens = vec![];
                Lossless::new(longest).round(pair, &mut *rule(kind), &mut tokens, chance);
                ancestral(&target, &mut tokens, 3, chance);
                tokens
            });
            prop_assert!(distance(&found, &wanted) < 1e-12);
        }
    }

    #[test]
    fn many_rounds_have_the_targets_law(target in source(2), draft in source(2), longest in 0..=2_usize) {
        let pair = Pair::new(&target, &draft).unwrap();
        let wanted = exact_law(|chance| { let mut tokens = vec![]; ancestral(&target, &mut tokens, 3, chance); tokens });
        let found = exact_law(|chance| {
            let mut tokens = vec![];
            generate(&mut Lossless::new(longest), pair, &mut FixedLength(longest), &mut tokens, 3, chance);
            tokens.truncate(3);
            tokens
        });
        prop_assert!(distance(&found, &wanted) < 1e-12);
    }

    #[test]
    fn counts_add_up((target, draft) in sources(), longest in 0..6_usize, mut rng in HalfAdversarial::strategy(8), t_d in 0.01..1.0_f64) {
        let pair = Pair::new(&target, &draft).unwrap();
        let mut tokens = vec![0];
        let counts = generate(&mut Lossless::new(longest), pair, &mut FixedLength(longest), &mut tokens, 20, &mut rng);
        prop_assert_eq!(tokens.len(), 1 + counts.emitted);
        prop_assert_eq!(counts.emitted, counts.accepted + counts.target_calls);
        prop_assert_eq!(counts.drafted, longest * counts.target_calls);
        let [emitted, drafted, accepted, calls] =
            [counts.emitted, counts.drafted, counts.accepted, counts.target_calls].map(|n| n as f64);
        let costs = Costs::new(t_d, 1.0).unwrap();
        prop_assert!((costs.spent(calls, drafted) - costs.time(emitted, drafted - accepted, calls)).abs() < 1e-9);
        // Every emitted token is one that the target can emit there.
        let mut p = vec![0.0; target.vocabulary()];
        for at in 1..tokens.len() {
            target.next(&tokens[..at], &mut p);
            prop_assert!(p[tokens[at]] > 0.0);
        }
    }

    #[test]
    fn a_perfect_draft_is_always_accepted(target in source(3), longest in 0..8_usize, mut rng in HalfAdversarial::strategy(8)) {
        let pair = Pair::new(&target, &target).unwrap();
        let counts = Lossless::new(longest).round(pair, &mut FixedLength(longest), &mut vec![], &mut rng);
        prop_assert_eq!(counts, Counts { target_calls: 1, drafted: longest, accepted: longest, emitted: longest + 1 });
    }

    #[test]
    fn a_draft_that_the_target_excludes_is_never_accepted(longest in 1..5_usize, mut rng in HalfAdversarial::strategy(8)) {
        let (target, draft) = (MarkovSource::memoryless(&[0.0, 0.25, 0.75]).unwrap(), MarkovSource::memoryless(&[1.0, 0.0, 0.0]).unwrap());
        let mut tokens = vec![];
        let pair = Pair::new(&target, &draft).unwrap();
        let counts = Lossless::new(longest).round(pair, &mut FixedLength(longest), &mut tokens, &mut rng);
        prop_assert_eq!((counts.accepted, counts.emitted), (0, 1));
        prop_assert!(tokens[0] > 0);
    }

    #[test]
    fn the_expected_round_is_that_of_every_outcome((target, draft) in sources(), threshold in 0.0..1.0_f64, longest in 0..=3_usize) {
        let pair = Pair::new(&target, &draft).unwrap();
        let rule = Threshold::new(Oracle::new(&target), threshold, 0, longest).unwrap();
        let (mut drafted, mut emitted) = (0.0, 0.0);
        every_outcome(
            |chance| Lossless::new(longest).round(pair, &mut rule.clone(), &mut vec![1], chance),
            |probability, counts| {
                drafted += probability * counts.drafted as f64;
                emitted += probability * counts.emitted as f64;
            },
        );
        let expected = expected_round(pair, &[1], &rule, longest);
        prop_assert!((expected.drafted - drafted).abs() < 1e-12 && (expected.emitted - emitted).abs() < 1e-12);
    }

    #[test]
    fn no_policy_beats_the_optimum(a in 0.0..1.0_f64, b in 0.0..1.0_f64, mass in 0.0..1.0_f64, t_d in 0.01..0.5_f64) {
        // Policies: for each number of tokens of either kind drafted so far, whether to go on.
        const STATES: [(usize, usize); 6] = [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)];
        let law = AcceptanceLaw::new(&[a, b], &[mass, 1.0 - mass]).unwrap();
        let costs = Costs::new(t_d, 1.0).unwrap();
        let best = law.optimum(costs, 3).unwrap();
        let cost = |policy: u32| {
            let goes_on = |state| STATES.iter().position(|s| *s == state).is_some_and(|bit| policy >> bit & 1 == 1);
            let mut open = vec![((0, 0), 1.0, 1.0)];
            let (mut drafted, mut emitted) = (0.0, 1.0);
            while let Some(((i, j), reached, survival)) = open.pop() {
                if goes_on((i, j)) {
                    drafted += reached;
                    for (next, value, mass) in [((i + 1, j), a, mass), ((i, j + 1), b, 1.0 - mass)] {
                        emitted += reached * mass * survival * value;
                        open.push((next, reached * mass, survival * value));
                    }
                }
            }
            costs.spent(1.0, drafted) / emitted
        };
        let brute = (0..64).map(cost).fold(f64::MAX, f64::min);
        prop_assert!((best.cost_per_token / brute - 1.0).abs() < 1e-12);
        // And the threshold attains it, on models that realise the law.
        let (target, draft) = law.models().unwrap();
        let pair = Pair::new(&target, &draft).unwrap();
        let round = match Threshold::new(Oracle::new(&target), best.threshold, 0, 3) {
            Ok(rule) => expected_round(pair, &[], &rule, 3),
            Err(_) => expected_round(pair, &[], &FixedLength(0), 3),
        };
        prop_assert!((round.cost_per_token(costs) / best.cost_per_token - 1.0).abs() < 1e-9);
    }

    #[test]
    fn bad_numbers_are_refused_by_name(x in awkward_f64()) {
        let message = |error: ratebook::Error| error.to_string();
        if !(x > 0.0 && x.is_finite()) {
            prop_assert!(message(Costs::new(x, 1.0).unwrap_err()).starts_with("draft"));
            prop_assert!(message(Costs::new(1.0, x).unwrap_err()).starts_with("target"));
            prop_assert!(message(MarkovSource::dirichlet(2, 1, x, &mut rng(1)).unwrap_err()).starts_with("alpha"));
        }
        if !(0.0..=1.0).contains(&x) {
            prop_assert!(message(Threshold::new(Constant(0.5), x, 2, 20).unwrap_err()).starts_with("threshold"));
            prop_assert!(message(AcceptanceLaw::new(&[x], &[1.0]).unwrap_err()).starts_with("values"));
            let source = MarkovSource::memoryless(&[0.5, 0.5]).unwrap();
            prop_assert!(message(source.blurred(x).unwrap_err()).starts_with("weight"));
            prop_assert!(examples(Pair::new(&source, &source).unwrap(), 1, x, &mut rng(1)).is_err());
        }
        if x != 0.5 {
            prop_assert!(message(MarkovSource::memoryless(&[0.5, x]).unwrap_err()).starts_with("law"));
        }
    }
}

#[test]
fn bad_shapes_are_refused_by_name() {
    let message = |error: ratebook::Error| error.to_string();
    let (two, three) =
        (MarkovSource::memoryless(&[0.5; 2]).unwrap(), MarkovSource::memoryless(&[0.2, 0.3, 0.5]).unwrap());
    assert!(
        message(Pair::new(&two, &three).map(|_| ()).unwrap_err())
            .starts_with("vocabulary of the draft has size 3")
    );
    assert!(message(MarkovSource::new(2, 1, &[vec![0.5; 2]]).unwrap_err()).starts_with("laws"));
    assert!(message(MarkovSource::new(0, 0, &[]).unwrap_err()).starts_with("vocabulary"));
    assert!(message(MarkovSource::new(9, 99, &[]).unwrap_err()).starts_with("order"));
    assert!(
        message(Threshold::new(Constant(0.5), 0.5, 3, 2).map(|_| ()).unwrap_err()).starts_with("least = 3")
    );
    assert!(message(AcceptanceLaw::new(&[0.5], &[0.5, 0.5]).unwrap_err()).starts_with("masses"));
    assert!(message(AcceptanceLaw::new(&[0.5], &[0.5]).unwrap_err()).starts_with("masses"));
    let law = AcceptanceLaw::new(&[0.5], &[1.0]).unwrap();
    assert!(message(law.optimum(Costs::new(0.1, 1.0).unwrap(), 257).unwrap_err()).starts_with("longest"));
    assert!(message(LogisticHead::fit(2, &[], 6.0).unwrap_err()).starts_with("examples"));
    let some = examples(Pair::new(&three, &three).unwrap(), 50, 0.15, &mut rng(1)).unwrap();
    assert!(message(LogisticHead::fit(2, &some, 6.0).unwrap_err()).starts_with("vocabulary"));
    assert!(message(LogisticHead::fit(3, &some, f64::NAN).unwrap_err()).starts_with("rejection_weight"));
}

#[test]
fn an_empty_draft_is_ordinary_sampling() {
    let target = MarkovSource::memoryless(&[0.2, 0.0, 0.8]).unwrap();
    let draft = target.blurred(0.5).unwrap();
    let pair = Pair::new(&target, &draft).unwrap();
    let found = exact_law(|chance| {
        let mut tokens = vec![];
        let counts = Lossless::new(4).round(pair, &mut FixedLength(0), &mut tokens, chance);
        assert_eq!(counts, Counts { target_calls: 1, drafted: 0, accepted: 0, emitted: 1 });
        tokens
    });
    assert_eq!(found, BTreeMap::from([(vec![0], 0.2), (vec![2], 0.8)]));
}

#[test]
fn the_sheet_of_numbers() {
    // Independent probabilities 0.3 and 0.98, drafts at a tenth of the target.
    let law = AcceptanceLaw::new(&[0.3, 0.98], &[0.5, 0.5]).unwrap();
    let best = law.optimum(Costs::new(0.1, 1.0).unwrap(), 22).unwrap();
    assert!((best.cost_per_token - 0.531_701).abs() < 1e-6);
    let fixed = |k: i32| (1.0 + 0.1 * f64::from(k)) * (1.0 - 0.64) / (1.0 - 0.64_f64.powi(k + 1));
    let best_fixed = (0..22).map(fixed).fold(f64::MAX, f64::min);
    assert!((best_fixed - 0.562_346).abs() < 1e-6);
}

#[test]
fn the_head_learns_the_acceptance_probabilities() {
    let mut rng = rng(7);
    let (target, draft) = two_regimes(&mut rng).unwrap();
    let pair = Pair::new(&target, &draft).unwrap();
    let examples = examples(pair, 20_000, 0.15, &mut rng).unwrap();
    let mut head = LogisticHead::fit(8, &examples, 6.0).unwrap();
    let mut oracle = Oracle::new(&target);
    let mut law = vec![0.0; 8];
    // Weighted by how often the draft gets there, the calibrated prediction is close.
    let (mut error, mut bias, mut total) = (0.0, 0.0, 0.0);
    for before in 0..8 {
        draft.next(&[before], &mut law);
        for (token, &mass) in law.iter().enumerate().filter(|(_, mass)| **mass > 0.0) {
            let drafted = Drafted { context: &[before], token, law: &law, length: 1 };
            let (raw, truth) = (head.acceptance(&drafted), oracle.acceptance(&drafted));
            error += mass * (head.calibrated(raw) - truth).abs();
            bias += mass * (raw - truth);
            total += mass;
        }
    }
    assert!(error / total < 0.02, "{}", error / total);
    assert!(bias < 0.0, "the weighted loss predicts too many rejections");
}

#[test]
fn calibration_inverts_the_weight() {
    let source = MarkovSource::memoryless(&[0.5, 0.5]).unwrap();
    let some = examples(Pair::new(&source, &source).unwrap(), 10, 0.0, &mut rng(1)).unwrap();
    let head = LogisticHead::fit(2, &some, 6.0).unwrap();
    for truth in [0.0, 0.1, 0.5, 0.9, 1.0] {
        let biased = truth / (truth + 6.0 * (1.0 - truth));
        assert!((head.calibrated(biased) - truth).abs() < 1e-12);
    }
    assert_eq!(acceptance(0.0, 0.0), 1.0);
}
