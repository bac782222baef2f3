//! The comparison: words by hand, permutation p-values against full enumeration, and error rates.

use approx::assert_relative_eq;
use proptest::prelude::*;
use rand::RngExt;
use rand_distr::StandardNormal;
use rand_pcg::Pcg64;
use ratebook_judge::compare::*;
use ratebook_judge::fit::Worst;
use ratebook_judge::interval::{dkw_radius, kolmogorov_smirnov};
use ratebook_judge::quantile::student_t_upper;
use ratebook_judge::sample::{Point, Sample};

use crate::support::{assert_at_least, assert_at_most, config, count};

const MARGIN: f64 = 0.04879016416943205; // ln 1.05

/// The defaults, with fewer permutations.
const QUICK: Settings = Settings { worst: Worst::Largest, alpha: 0.01, permutations: 1_999 };

/// A sample with one member per point, at x = 1, 2, …
fn sample(points: &[&[f64]]) -> Sample {
    let point = |(i, values): (usize, &&[f64])| Point { x: (i + 1) as f64, members: vec![values.to_vec()] };
    Sample { points: points.iter().enumerate().map(point).collect(), paths: false }
}

fn lower(reference: &[&[f64]], variant: &[&[f64]]) -> Comparison {
    compare(&sample(reference), &sample(variant), true, &QUICK).unwrap()
}

fn times(values: &[f64], factor: f64) -> Vec<f64> {
    values.iter().map(|v| factor * v).collect()
}

const TWELVE: [f64; 12] = [1.0, 1.3, 0.7, 1.1, 0.9, 1.6, 0.5, 1.2, 0.8, 1.4, 0.6, 1.0];

// Words.

#[test]
fn the_four_words() {
    let half = times(&TWELVE, 0.5);
    let close = times(&TWELVE, 1.04);
    let mut noisy = TWELVE;
    noisy.reverse();
    let words = |lower_is_better, reference: &[f64], variant: &[f64]| {
        let found = compare(&sample(&[reference]), &sample(&[variant]), lower_is_better, &QUICK).unwrap();
        assert_eq!(found.overall, found.points[0].word);
        found.overall
    };
    assert_eq!(words(true, &TWELVE, &half), Word::Better);
    assert_eq!(words(false, &TWELVE, &half), Word::Worse);
    assert_eq!(words(true, &half, &TWELVE), Word::Worse);
    assert_eq!(words(false, &half, &TWELVE), Word::Better);
    assert_eq!(words(true, &TWELVE, &close), Word::Equivalent);
    assert_eq!(words(false, &close, &TWELVE), Word::Equivalent);
    assert!(matches!(words(true, &TWELVE, &noisy), Word::Undecided { .. }));
}

#[test]
fn the_defaults() {
    assert_eq!(Settings::default(), Settings { permutations: 9_999, ..QUICK });
    assert_relative_eq!(EQUIVALENCE.ln_1p(), MARGIN, max_relative = 1e-15);
}

#[test]
fn words_in_words() {
    assert_eq!(Word::Better.to_string(), "better");
    assert_eq!(Word::Equivalent.to_string(), "equivalent (within 5 %)");
    assert_eq!(Word::Worse.to_string(), "worse");
    assert_eq!(Word::Undecided { more_replicates: 12 }.to_string(), "undecided: about 12 more replicates");
}

#[test]
fn a_common_factor_is_seen_without_error() {
    let found = lower(&[&TWELVE], &[&times(&TWELVE, 0.8)]).points[0];
    assert_eq!(found.x, 1.0);
    for value in [found.log_ratio, found.low, found.high] {
        assert_relative_eq!(value, 0.8_f64.ln(), max_relative = 1e-12);
    }
    assert!(found.p_value <= 0.002 && found.p_value >= 0.0001);
    assert_eq!(found.p_value, found.adjusted_p_value);
}

#[test]
fn the_margin_is_five_per_cent_both_ways() {
    for (factor, equivalent) in [(1.0499, true), (1.0501, false), (1.0 / 1.0499, true), (1.0 / 1.0501, false)]
    {
        let word = lower(&[&TWELVE], &[&times(&TWELVE, factor)]).overall;
        assert_eq!(word == Word::Equivalent, equivalent, "{factor}: {word}");
    }
}

#[test]
fn the_numbers_are_stable() {
    // Pins the streams of resamples and permutations.
    let variant = [0.8, 1.5, 0.6, 0.7, 0.9, 1.1, 0.6, 0.9, 0.8, 1.2, 0.3, 1.1];
    let other = [1.1, 0.9, 1.4, 1.0, 1.2, 0.8];
    let paired = compare(&sample(&[&TWELVE, &variant]), &sample(&[&variant, &TWELVE]), true, &QUICK);
    let [first, second] = paired.unwrap().points[..] else { panic!("two points") };
    assert_relative_eq!(first.log_ratio, (10.5_f64 / 12.1).ln(), max_relative = 1e-12);
    assert_relative_eq!(second.log_ratio, -first.log_ratio, max_relative = 1e-12);
    let unpaired = compare_unpaired(&sample(&[&TWELVE]), &sample(&[&other]), true, &QUICK);
    let third = unpaired.unwrap().points[0];
    let rows = [first, second, third].map(|p| [p.low, p.high, p.p_value, p.adjusted_p_value]);
    for (found, pinned) in rows.iter().flatten().zip(PINNED.iter().flatten()) {
        assert_relative_eq!(found, pinned, max_relative = 1e-11);
    }
    // The interval is symmetric around the log-ratio.
    for point in [first, second, third] {
        assert_relative_eq!(point.low + point.high, 2.0 * point.log_ratio, max_relative = 1e-9);
    }
}

/// Low, high, p-value and adjusted p-value of the three points.
const PINNED: [[f64; 4]; 3] = [
    [-0.32895762586414223, 0.045297234985706786, 0.0825, 0.165],
    [-0.038318102127735704, 0.321978493006171, 0.088, 0.165],
    [-0.393351176573277, 0.5058306132190292, 0.7435, 0.7435],
];

#[test]
fn the_worse_point_decides_and_the_better_one_comes_next() {
    let (same, half, double) = (&TWELVE[..], &times(&TWELVE, 0.5)[..], &times(&TWELVE, 2.0)[..]);
    let mut reversed = TWELVE;
    reversed.reverse();
    let unclear = &reversed[..];
    let overall = |variants: &[&[f64]]| lower(&vec![same; variants.len()], variants).overall;
    assert_eq!(overall(&[same, half, double, unclear]), Word::Worse);
    assert_eq!(overall(&[same, half, unclear]), Word::Better);
    assert_eq!(overall(&[half, same]), Word::Better);
    assert_eq!(overall(&[same, same]), Word::Equivalent);
    // The point that asks for most sets the number.
    let far = lower(&[same, same], &[&times(unclear, 1.02), &times(unclear, 1.04)]);
    let more: Vec<usize> = far
        .points
        .iter()
        .map(|point| match point.word {
            Word::Undecided { more_replicates } => more_replicates,
            ref word => panic!("{word}"),
        })
        .collect();
    assert!(more[0] != more[1]);
    assert_eq!(far.overall, Word::Undecided { more_replicates: more[0].max(more[1]) });
}

fn more_replicates(comparison: &Comparison) -> f64 {
    match comparison.overall {
        Word::Undecided { more_replicates } => more_replicates as f64,
        word => panic!("{word}"),
    }
}

#[test]
fn how_many_more_by_hand() {
    let mut reversed = TWELVE;
    reversed.reverse();
    let t = |alpha: f64| student_t_upper(alpha, 11.0);
    // Near one the radius must shrink into the margin: n' = n·(radius/(margin − |log-ratio|))².
    let near = lower(&[&TWELVE], &[&times(&reversed, 1.01)]);
    let point = near.points[0];
    let radius = point.high - point.log_ratio;
    let needed = 12.0 * (radius / (MARGIN - 1.01_f64.ln())).powi(2);
    assert_eq!(more_replicates(&near), (needed - 12.0).ceil());
    // Far from one it must shrink to the log-ratio, at the level alpha/2 of one of two sides…
    let far_values = times(&reversed, 0.85);
    let far = lower(&[&TWELVE], &[&far_values]);
    let point = far.points[0];
    let error = (point.high - point.log_ratio) / t(0.01);
    let needed = 12.0 * (t(0.005) * error / 0.85_f64.ln()).powi(2);
    assert_eq!(more_replicates(&far), (needed - 12.0).ceil());
    // … of one of the sweep's points.
    let two = lower(&[&TWELVE, &TWELVE], &[&far_values, &far_values]);
    let error = (two.points[0].high - two.points[0].log_ratio) / t(0.01);
    let needed = 12.0 * (t(0.0025) * error / 0.85_f64.ln()).powi(2);
    let asked: Vec<Word> = two.points.iter().map(|point| point.word).collect();
    assert_eq!(asked[0], Word::Undecided { more_replicates: (needed - 12.0).ceil() as usize });
}

#[test]
fn too_few_pairs_for_a_small_p_value_ask_for_pairs() {
    // Four pairs that all differ by one half have p = 1/8; 1 + log₂(1/0.01) = 7.64 are needed.
    let four = [1.0, 2.0, 3.0, 4.0];
    let half = times(&four, 0.5);
    assert_eq!(more_replicates(&lower(&[&four], &[&half])), 4.0);
    // Of two points, each needs one more: 8.64.
    assert_eq!(more_replicates(&lower(&[&four, &four], &[&half, &half])), 5.0);
}

#[test]
fn an_estimate_below_one_asks_for_one() {
    // Too few permutations for the level: nothing to gain from replicates, and at least one is asked.
    let settings = Settings { permutations: 50, ..QUICK };
    let found = compare(&sample(&[&TWELVE]), &sample(&[&times(&TWELVE, 0.5)]), true, &settings).unwrap();
    assert_eq!(more_replicates(&found), 1.0);
}

// Exact values and zeros.

#[test]
fn one_replicate_is_exact() {
    for compare in [compare, compare_unpaired] {
        let word = |reference: f64, variant: f64| {
            compare(&sample(&[&[reference]]), &sample(&[&[variant]]), true, &QUICK).unwrap().points[0]
        };
        let found = word(2.0, 1.0);
        assert_relative_eq!(found.log_ratio, -(2.0_f64.ln()), max_relative = 1e-15);
        assert_eq!((found.low, found.high), (found.log_ratio, found.log_ratio));
        assert_eq!((found.p_value, found.word), (0.0, Word::Better));
        assert_eq!((word(1.0, 2.0).p_value, word(1.0, 2.0).word), (0.0, Word::Worse));
        assert_eq!((word(1.0, 1.04).p_value, word(1.0, 1.04).word), (0.0, Word::Equivalent));
        assert_eq!((word(1.0, 1.0).p_value, word(1.0, 1.0).word), (1.0, Word::Equivalent));
        assert_eq!((word(0.0, 0.0).p_value, word(0.0, 0.0).word), (1.0, Word::Equivalent));
        assert_eq!((word(1.0, 0.0).p_value, word(1.0, 0.0).word), (0.0, Word::Better));
        assert_eq!((word(0.0, 1.0).p_value, word(0.0, 1.0).word), (0.0, Word::Worse));
        assert_eq!(word(0.0, 1.0).log_ratio, f64::INFINITY);
    }
}

#[test]
fn two_zeros_are_equivalent() {
    let found = lower(&[&[0.0; 12]], &[&[0.0; 12]]);
    let point = found.points[0];
    assert_eq!((point.log_ratio, point.low, point.high, point.p_value), (0.0, 0.0, 0.0, 1.0));
    assert_eq!(found.overall, Word::Equivalent);
    // Replicates that cancel to zero are zero too.
    let cancel = [1.0, -1.0].repeat(6);
    assert_eq!(lower(&[&cancel], &[&[0.0; 12]]).overall, Word::Equivalent);
}

#[test]
fn one_zero_is_decided_by_the_difference() {
    for (reference, variant, word) in
        [(&TWELVE, &[0.0; 12], Word::Better), (&[0.0; 12], &TWELVE, Word::Worse)]
    {
        let found = lower(&[reference], &[variant]);
        let point = found.points[0];
        assert_eq!(point.log_ratio.abs(), f64::INFINITY);
        assert_eq!((point.low, point.high), (f64::NEG_INFINITY, f64::INFINITY));
        assert!(point.p_value < 0.002);
        assert_eq!(found.overall, word);
    }
    // One failure in twelve pairs tells nothing; nothing says how many more, so as many again.
    let mut rare = [0.0; 12];
    rare[3] = 1.0;
    let found = lower(&[&rare], &[&[0.0; 12]]);
    assert_eq!(found.points[0].p_value, 1.0);
    assert_eq!(more_replicates(&found), 12.0);
}

#[test]
fn zeros_among_the_replicates_are_allowed() {
    let mut reference = [4.0; 30];
    let mut variant = [1.0; 30];
    for zero in 0..6 {
        reference[zero] = 0.0;
        variant[29 - zero] = 0.0;
    }
    let found = lower(&[&reference], &[&variant]);
    assert_eq!(found.overall, Word::Better);
    let point = found.points[0];
    assert_relative_eq!(point.log_ratio, 0.25_f64.ln(), max_relative = 1e-12);
    assert!(point.low.is_finite() && point.high.is_finite());
    // A resample of nothing but zeros has no log-ratio, and the interval then says nothing.
    let mut rare = [0.0; 12];
    rare[3] = 1.0;
    let mut other = [0.0; 12];
    other[7] = 1.0;
    let found = lower(&[&rare], &[&other]);
    assert_eq!((found.points[0].low, found.points[0].high), (f64::NEG_INFINITY, f64::INFINITY));
    assert_eq!(more_replicates(&found), 12.0);
}

// Families.

#[test]
fn families_are_compared_by_their_worst_member() {
    let family = |factors: [f64; 2]| Sample {
        points: vec![Point { x: 3.0, members: factors.map(|f| times(&TWELVE, f)).to_vec() }],
        paths: true,
    };
    let log_ratio = |worst, lower_is_better| {
        let settings = Settings { worst, ..QUICK };
        compare(&family([1.0, 3.0]), &family([2.0, 0.5]), lower_is_better, &settings).unwrap().points[0]
    };
    let largest = log_ratio(Worst::Largest, true);
    assert_relative_eq!(largest.log_ratio, (2.0_f64 / 3.0).ln(), max_relative = 1e-12);
    assert_eq!((largest.x, largest.word), (3.0, Word::Better));
    let smallest = log_ratio(Worst::Smallest, false);
    assert_relative_eq!(smallest.log_ratio, 0.5_f64.ln(), max_relative = 1e-12);
    assert_eq!(smallest.word, Word::Worse);
}

// Permutations.

#[test]
fn paired_p_values_agree_with_all_sign_patterns() {
    let reference = [1.0, 2.0, 1.5, 0.7, 1.1, 2.2, 0.9, 1.4, 1.0, 0.3];
    let variant = [0.8, 1.1, 1.6, 0.9, 0.6, 1.7, 1.1, 0.7, 0.9, 0.4];
    let differences: Vec<f64> = reference.iter().zip(variant).map(|(r, v)| v - r).collect();
    let total = |signs: u32| -> f64 {
        differences.iter().enumerate().map(|(i, d)| if signs >> i & 1 == 1 { -d } else { *d }).sum()
    };
    let observed = total(0).abs();
    let as_large = (0..1024).filter(|&signs| total(signs).abs() >= observed - 1e-9).count();
    let exact = as_large as f64 / 1024.0;
    let settings = Settings { permutations: 40_000, ..QUICK };
    let found = compare(&sample(&[&reference]), &sample(&[&variant]), true, &settings).unwrap();
    // Four standard errors of 40,000 draws.
    assert!((found.points[0].p_value - exact).abs() < 4.0 * (exact / 40_000.0).sqrt());
}

#[test]
fn unpaired_p_values_agree_with_all_subsets() {
    let pool = [1.0, 2.0, 1.5, 1.7, 0.8, 1.1, 0.6, 0.9, 0.65];
    let difference = |chosen: u32| -> f64 {
        let mean = |inside: bool| {
            let group = (0..9).filter(|i| (chosen >> i & 1 == 1) == inside).map(|i| pool[i]);
            let (sum, n) = group.fold((0.0, 0.0), |(sum, n), v| (sum + v, n + 1.0));
            sum / n
        };
        f64::abs(mean(false) - mean(true))
    };
    let subsets: Vec<u32> = (0..512).filter(|s: &u32| s.count_ones() == 4).collect();
    let observed = difference(0b1111);
    let as_large = subsets.iter().filter(|&&s| difference(s) >= observed - 1e-9).count();
    let exact = as_large as f64 / subsets.len() as f64;
    let settings = Settings { permutations: 40_000, ..QUICK };
    let found = compare_unpaired(&sample(&[&pool[..4]]), &sample(&[&pool[4..]]), true, &settings).unwrap();
    assert!((found.points[0].p_value - exact).abs() < 4.0 * (exact / 40_000.0).sqrt());
}

#[test]
fn p_values_count_the_observed_labels() {
    let settings = |permutations| Settings { permutations, ..QUICK };
    let p_value = |permutations| {
        let half = times(&TWELVE, 0.5);
        compare(&sample(&[&TWELVE]), &sample(&[&half]), true, &settings(permutations)).unwrap().points[0]
            .p_value
    };
    assert_eq!(p_value(0), 1.0);
    // Only 2 of 4096 patterns are as large; ten draws miss them.
    assert_relative_eq!(p_value(9), 0.1, max_relative = 1e-12);
}

#[test]
fn holm_by_hand() {
    assert_eq!(holm(&[]), Vec::<f64>::new());
    assert_eq!(holm(&[0.03]), [0.03]);
    for (found, expected) in holm(&[0.01, 0.04, 0.03, 0.005]).iter().zip([0.03, 0.06, 0.06, 0.02]) {
        assert_relative_eq!(*found, expected, max_relative = 1e-12);
    }
    assert_eq!(holm(&[0.9, 0.6, 0.01]), [1.0, 1.0, 0.03]);
}

// Errors.

#[test]
fn errors() {
    let refuse =
        |reference: &Sample, variant: &Sample| compare(reference, variant, true, &QUICK).unwrap_err();
    let (one, two) = (sample(&[&[1.0, 2.0]]), sample(&[&[1.0, 2.0], &[1.0, 2.0]]));
    let three = sample(&[&[1.0, 2.0, 3.0]]);
    let empty = sample(&[]);
    assert_eq!(refuse(&one, &two), CompareError::Points { reference: 1, variant: 2 });
    assert_eq!(refuse(&empty, &empty), CompareError::Points { reference: 0, variant: 0 });
    let mut moved = one.clone();
    moved.points[0].x = 1.5;
    assert_eq!(refuse(&one, &moved), CompareError::Axis { reference: 1.0, variant: 1.5 });
    moved.points[0].x = f64::NAN;
    assert!(matches!(refuse(&moved, &moved), CompareError::Axis { .. }));

    assert_eq!(refuse(&one, &three), CompareError::Replicates { x: 1.0, expected: 2, found: 3 });
    let settings = QUICK;
    assert!(compare_unpaired(&one, &three, true, &settings).is_ok());
    let (lone, none) = (sample(&[&[1.0]]), sample(&[&[]]));
    assert_eq!(
        compare_unpaired(&lone, &three, true, &settings).unwrap_err(),
        CompareError::Replicates { x: 1.0, expected: 1, found: 3 }
    );
    assert_eq!(
        compare_unpaired(&three, &lone, true, &settings).unwrap_err(),
        CompareError::Replicates { x: 1.0, expected: 3, found: 1 }
    );
    for (reference, variant, expected, found) in
        [(&none, &none, 0, 0), (&none, &three, 0, 3), (&three, &none, 3, 0)]
    {
        let error = compare_unpaired(reference, variant, true, &settings).unwrap_err();
        assert_eq!(error, CompareError::Replicates { x: 1.0, expected, found });
    }

    let mut family = one.clone();
    family.points[0].members.push(vec![1.0, 2.0]);
    assert_eq!(refuse(&one, &family), CompareError::Members { x: 1.0, reference: 1, variant: 2 });
    let mut childless = one.clone();
    childless.points[0].members.clear();
    assert_eq!(refuse(&childless, &childless), CompareError::Members { x: 1.0, reference: 0, variant: 0 });
    let mut ragged = family.clone();
    ragged.points[0].members[1].push(3.0);
    let error = CompareError::Replicates { x: 1.0, expected: 2, found: 3 };
    assert_eq!((refuse(&ragged, &family), refuse(&family, &ragged)), (error.clone(), error));

    let negative = sample(&[&[-1.0, 0.5]]);
    for (reference, variant) in [(&one, &negative), (&negative, &one)] {
        let error = refuse(reference, variant);
        assert_eq!(error, CompareError::Value { x: 1.0, value: -0.25 });
        assert_eq!(error.to_string(), "the point value is -0.25 at x = 1: must be finite and not negative");
    }
    for bad in [f64::NAN, f64::INFINITY] {
        assert!(matches!(refuse(&one, &sample(&[&[1.0, bad]])), CompareError::Value { x: 1.0, .. }));
        assert!(matches!(refuse(&sample(&[&[1.0, bad]]), &one), CompareError::Value { x: 1.0, .. }));
    }
}

// Error rates.

/// A log-normal factor with median one.
fn factor(rng: &mut Pcg64, deviation: f64) -> f64 {
    (deviation * rng.sample::<f64, _>(StandardNormal)).exp()
}

/// Pairs that share their instance and differ by noise of their own; the variant's median is `ratio`.
fn pairs(n: usize, noise: f64, ratio: f64, rng: &mut Pcg64) -> (Vec<f64>, Vec<f64>) {
    (0..n)
        .map(|_| {
            let instance = factor(rng, 0.5);
            (instance * factor(rng, noise), ratio * instance * factor(rng, noise))
        })
        .unzip()
}

#[test]
fn p_values_are_uniform_under_the_null() {
    let runs = 4000;
    let settings = Settings { permutations: 99, ..QUICK };
    let radius = dkw_radius(runs, 1e-4);
    let ranks = |compare: &dyn Fn(&mut Pcg64) -> Comparison| -> Vec<f64> {
        (0..runs as u64)
            .map(|seed| compare(&mut rand::SeedableRng::seed_from_u64(seed)))
            .map(|found| (100.0 * found.points[0].p_value).round())
            .collect()
    };
    let paired = ranks(&|rng| {
        let (reference, variant) = pairs(20, 0.4, 1.0, rng);
        compare(&sample(&[&reference]), &sample(&[&variant]), true, &settings).unwrap()
    });
    let unpaired = ranks(&|rng| {
        let (reference, _) = pairs(12, 0.4, 1.0, rng);
        let (_, variant) = pairs(20, 0.4, 1.0, rng);
        compare_unpaired(&sample(&[&reference]), &sample(&[&variant]), true, &settings).unwrap()
    });
    for ranks in [paired, unpaired] {
        // With 99 permutations the rank is uniform on 1, 2, …, 100.
        let distance = kolmogorov_smirnov(&ranks, |rank| rank.floor() / 100.0);
        assert!(distance <= radius, "{distance} > {radius}");
    }
}

#[test]
fn better_or_worse_is_said_wrongly_anywhere_at_most_alpha_of_the_time() {
    let (runs, alpha) = (4000, 0.05);
    let [any, plain] = count(runs, |rng| {
        let settings = Settings { alpha, permutations: 399, ..QUICK };
        let points: Vec<_> = (0..4).map(|_| pairs(15, 0.4, 1.0, rng)).collect();
        let reference: Vec<&[f64]> = points.iter().map(|p| &p.0[..]).collect();
        let variant: Vec<&[f64]> = points.iter().map(|p| &p.1[..]).collect();
        let found = compare(&sample(&reference), &sample(&variant), true, &settings).unwrap();
        let wrong = found.points.iter().any(|p| matches!(p.word, Word::Better | Word::Worse));
        [wrong, found.points.iter().any(|p| p.p_value <= alpha)]
    });
    assert_at_most(any, runs, alpha);
    assert_at_least(any, runs, 0.8 * alpha);
    // Without Holm's adjustment four looks would err at 1 − 0.95⁴.
    assert_at_least(plain, runs, 0.16);
}

#[test]
fn the_log_ratio_is_covered() {
    // At a dozen replicates the error is approximate, as that of every ratio of means.
    let (runs, alpha) = (100_000, 0.05);
    let settings = Settings { alpha, permutations: 0, ..QUICK };
    let truth = 0.8_f64.ln();
    // The mean of the variant's noise is a little above its median.
    let paired_truth = truth + 0.005;
    let missed = count(runs, |rng| {
        let reference: Vec<f64> = (0..12).map(|_| factor(rng, 0.2)).collect();
        let variant: Vec<f64> = reference.iter().map(|r| 0.8 * r * factor(rng, 0.1)).collect();
        let found = compare(&sample(&[&reference]), &sample(&[&variant]), true, &settings).unwrap().points[0];
        [!(found.low <= paired_truth), !(found.high >= paired_truth)]
    });
    let unpaired = count(runs, |rng| {
        let values = |n: usize, rng: &mut Pcg64| (0..n).map(|_| factor(rng, 0.2)).collect::<Vec<f64>>();
        let (reference, variant) = (values(10, rng), times(&values(14, rng), 0.8));
        let found = compare_unpaired(&sample(&[&reference]), &sample(&[&variant]), true, &settings).unwrap();
        [!(found.points[0].low <= truth), !(found.points[0].high >= truth)]
    });
    for missed in missed.into_iter().chain(unpaired) {
        assert_at_most(missed, runs, 1.2 * alpha);
        assert_at_least(missed, runs, 0.7 * alpha);
    }
}

#[test]
fn equivalent_is_said_at_the_margin_at_most_alpha_of_the_time() {
    let (runs, alpha) = (20_000, 0.05);
    let settings = Settings { alpha, permutations: 0, ..QUICK };
    let [equivalent] = count(runs, |rng| {
        let (reference, variant) = pairs(40, 0.05, 1.05, rng);
        [compare(&sample(&[&reference]), &sample(&[&variant]), true, &settings).unwrap().overall
            == Word::Equivalent]
    });
    assert_at_most(equivalent, runs, 1.1 * alpha);
    assert_at_least(equivalent, runs, 0.5 * alpha);
}

#[test]
fn pairs_see_what_separate_samples_do_not() {
    let runs = 200;
    let [paired, unpaired] = count(runs, |rng| {
        let (reference, variant) = pairs(40, 0.1, 0.85, rng);
        let (reference, variant) = (sample(&[&reference]), sample(&[&variant]));
        let settings = QUICK;
        [
            compare(&reference, &variant, true, &settings).unwrap().overall == Word::Better,
            compare_unpaired(&reference, &variant, true, &settings).unwrap().overall == Word::Better,
        ]
    });
    assert!(paired > 195 && unpaired < 40, "{paired} {unpaired}");
}

#[test]
fn the_replicates_asked_for_are_about_enough() {
    let runs = 300;
    let [asked, decided] = count(runs, |rng| {
        let (reference, variant) = pairs(20, 0.3, 0.85, rng);
        let found = compare(&sample(&[&reference]), &sample(&[&variant]), true, &QUICK).unwrap();
        let Word::Undecided { more_replicates } = found.overall else { return [false, false] };
        let (reference, variant) = pairs((20 + more_replicates).min(400), 0.3, 0.85, rng);
        let settings = Settings { permutations: 399, ..QUICK };
        let again = compare(&sample(&[&reference]), &sample(&[&variant]), true, &settings).unwrap();
        [true, !matches!(again.overall, Word::Undecided { .. })]
    });
    assert!(asked > 100 && 2 * decided > asked, "{decided} of {asked}");
}

// Laws.

fn replicates() -> impl Strategy<Value = Vec<(f64, f64)>> {
    prop::collection::vec((0.0..3.0_f64, 0.0..3.0_f64), 2..25)
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn exchanging_the_samples_mirrors_the_words(pairs in replicates()) {
        let (reference, variant): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let forth = lower(&[&reference], &[&variant]).points[0];
        let back = lower(&[&variant], &[&reference]).points[0];
        prop_assert!((forth.log_ratio + back.log_ratio).abs() < 1e-12);
        prop_assert!((forth.low + back.high).abs() < 1e-9 || forth.low.is_infinite() && back.high.is_infinite());
        prop_assert_eq!(forth.p_value, back.p_value);
        let mirrored = match back.word {
            Word::Better => Word::Worse,
            Word::Worse => Word::Better,
            word => word,
        };
        prop_assert_eq!(forth.word, mirrored);
    }

    #[test]
    fn a_sample_is_equivalent_to_itself(pairs in replicates()) {
        let (values, _): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let found = lower(&[&values], &[&values]);
        prop_assert_eq!(found.points[0].log_ratio, 0.0);
        prop_assert_eq!(found.points[0].p_value, 1.0);
    }

    #[test]
    fn units_do_not_matter(pairs in replicates(), unit in 1e-3..1e3_f64) {
        let (reference, variant): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        for compare in [compare, compare_unpaired] {
            let run = |unit: f64| {
                let (reference, variant) = (times(&reference, unit), times(&variant, unit));
                compare(&sample(&[&reference]), &sample(&[&variant]), true, &QUICK).unwrap().points[0]
            };
            let (plain, scaled) = (run(1.0), run(unit));
            prop_assert!((plain.log_ratio - scaled.log_ratio).abs() < 1e-9);
            prop_assert!(plain.low.is_infinite() || (plain.low - scaled.low).abs() < 1e-9);
            prop_assert!((plain.p_value - scaled.p_value).abs() < 1e-12);
        }
    }

    #[test]
    fn holm_adjusts_upwards_and_keeps_the_order(p_values in prop::collection::vec(0.0..1.0_f64, 1..12)) {
        let adjusted = holm(&p_values);
        for (i, p) in p_values.iter().enumerate() {
            prop_assert!(adjusted[i] >= *p && adjusted[i] <= 1.0);
            prop_assert!(adjusted[i] <= (p_values.len() as f64 * p).min(1.0) + 1e-12);
            for (j, q) in p_values.iter().enumerate() {
                prop_assert!(p > q || adjusted[i] <= adjusted[j]);
            }
        }
    }
}
