use std::cell::RefCell;

use proptest::prelude::*;
use rand::Rng;
use ratebook::Error;
use ratebook::combinatorial::instances::FrozenNoise;
use ratebook::combinatorial::plus_strategy::{Comma, DisOm, Evolution, Height, Plus, Selection, offspring};
use ratebook::combinatorial::{BitSet, Search, SetFn};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};
use statrs::distribution::{Binomial, ChiSquared, ContinuousCDF, Discrete};

fn height() -> impl Strategy<Value = Height> {
    prop_oneof![
        (0.0..5.0f64).prop_map(Height::Constant),
        (0.0..5.0f64).prop_map(|mean| Height::Exponential { mean }),
    ]
}

fn landscape() -> impl Strategy<Value = DisOm> {
    (1..150usize, 0.0..=1.0f64, height(), any::<u64>())
        .prop_map(|(n, p, height, seed)| DisOm::new(n, p, height, seed).expect("valid"))
}

/// Notes every decision (best offspring, parent) of the selection it wraps.
struct Noted<'a, S>(S, &'a RefCell<Vec<(f64, f64)>>);

impl<S: Selection> Selection for Noted<'_, S> {
    fn replaces(&self, offspring: f64, parent: f64) -> bool {
        self.1.borrow_mut().push((offspring, parent));
        self.0.replaces(offspring, parent)
    }
}

/// Notes every point it is asked for.
struct Watched<F>(F, RefCell<Vec<BitSet>>);

impl<F: SetFn> SetFn for Watched<F> {
    fn ground(&self) -> usize {
        self.0.ground()
    }
    fn value(&self, set: &BitSet) -> f64 {
        self.1.borrow_mut().push(set.clone());
        self.0.value(set)
    }
}

/// A landscape raised by a constant.
struct Raised(DisOm, f64);

impl SetFn for Raised {
    fn ground(&self) -> usize {
        self.0.ground()
    }
    fn value(&self, set: &BitSet) -> f64 {
        self.0.value(set) + self.1
    }
}

fn decisions<S: Selection>(f: &DisOm, selection: S, noise: &mut dyn Rng) -> Vec<(f64, f64)> {
    let notes = RefCell::new(Vec::new());
    let strategy = Evolution::new(3, 1.0, Noted(selection, &notes)).expect("valid");
    strategy.run(f, &|_| false, 200, noise);
    notes.into_inner()
}

/// The p-value of observed counts against expected ones; from the first bin below 5 on, or the last
/// one, they are merged.
fn chi_square(observed: &[f64], expected: &[f64]) -> f64 {
    let kept = expected.iter().take_while(|&&e| e >= 5.0).count().min(expected.len() - 1);
    let rest = |counts: &[f64]| counts[kept..].iter().sum::<f64>();
    let mut statistic: f64 = (0..kept).map(|i| (observed[i] - expected[i]).powi(2) / expected[i]).sum();
    statistic += (rest(observed) - rest(expected)).powi(2) / rest(expected);
    ChiSquared::new(kept as f64).expect("a degree of freedom").sf(statistic)
}

proptest! {
    #![proptest_config(config(64))]

    /// The noise is a function of the seed and the point: asking again changes nothing.
    #[test]
    fn the_noise_is_frozen(f in landscape(), code in any::<u64>(), seed in any::<u64>()) {
        let point = BitSet::from_code(f.ground(), code);
        let first = f.value(&point);
        let mut other = BitSet::from_code(f.ground(), !code);
        f.value(&other);
        (0..f.ground().min(64)).for_each(|e| other.flip(e));
        prop_assert_eq!(f.value(&other), first);
        prop_assert!(f.distortion(&point) >= 0.0 && first.is_finite());
        let noise = FrozenNoise::new(seed);
        prop_assert_eq!(noise.uniforms(&point), FrozenNoise::new(seed).uniforms(&point));
        prop_assert!(noise.uniforms(&point) != FrozenNoise::new(seed ^ 1).uniforms(&point));
        prop_assert!(noise.uniforms(&point).iter().all(|u| (0.0..1.0).contains(u)));
    }

    /// Under plus selection the parent never gets worse and is the best seen; comma selection's next
    /// parent is the last best offspring, whatever the parent was worth.
    #[test]
    fn plus_never_loses_and_comma_always_forgets(f in landscape(), mut noise in HalfAdversarial::strategy(40)) {
        for pair in decisions(&f, Plus, &mut noise).windows(2) {
            let ((offspring, parent), (_, next)) = (pair[0], pair[1]);
            prop_assert_eq!(next, offspring.max(parent));
        }
        for pair in decisions(&f, Comma, &mut noise).windows(2) {
            prop_assert_eq!(pair[1].1, pair[0].0);
        }
    }

    /// Raising the whole landscape changes no decision. (Constant integer heights: the sums are exact.)
    #[test]
    fn only_differences_matter(
        n in 1..100usize, p in 0.0..=1.0f64, up in 0..1000u32, seed in any::<u64>(), lambda in 1..6usize
    ) {
        let f = DisOm::new(n, p, Height::Constant(2.0), seed).unwrap();
        let target = |x: &BitSet| x.len() == n;
        let run = |f: &dyn SetFn, strategy: &dyn Search| strategy.run(f, &target, 500, &mut rng(seed));
        let strategies: [&dyn Search; 2] =
            [&Evolution::new(lambda, 1.0, Plus).unwrap(), &Evolution::new(lambda, 1.0, Comma).unwrap()];
        for strategy in strategies {
            prop_assert_eq!(run(&f, strategy), run(&Raised(f, f64::from(up)), strategy));
        }
    }

    /// The count of evaluations is the number of questions, never above the cap, and a run ends
    /// with the point that was wanted.
    #[test]
    fn every_question_is_counted(
        f in landscape(), cap in 0..300u64, lambda in 1..8usize, rate in 0.01..200.0f64,
        mut noise in HalfAdversarial::strategy(40)
    ) {
        let target = |x: &BitSet| 2 * x.len() > x.ground() + 2;
        let watched = Watched(f, RefCell::default());
        let run = Evolution::new(lambda, rate, Comma).unwrap().run(&watched, &target, cap, &mut noise);
        let asked = watched.1.into_inner();
        prop_assert_eq!(run.evaluations, asked.len() as u64);
        prop_assert!(run.evaluations <= cap);
        prop_assert!(run.generations >= (run.evaluations.max(1) - 1).div_ceil(lambda as u64));
        prop_assert_eq!(run.reached, asked.iter().any(target));
        prop_assert!(!run.reached || asked.last().is_some_and(target));
    }

    /// Bad parameters are refused by name.
    #[test]
    fn bad_parameters_are_refused(bad in awkward_f64()) {
        let named = |error: Option<Error>, expected: &str| match error {
            Some(Error::OutOfRange { name, .. }) => name == expected,
            _ => false,
        };
        if !(0.0..=1.0).contains(&bad) {
            prop_assert!(named(DisOm::new(5, bad, Height::Constant(1.0), 0).err(), "probability"));
        }
        if !(bad >= 0.0 && bad.is_finite()) {
            prop_assert!(named(DisOm::new(5, 0.5, Height::Constant(bad), 0).err(), "height"));
            let exponential = Height::Exponential { mean: bad };
            prop_assert!(named(DisOm::new(5, 0.5, exponential, 0).err(), "height"));
        }
        if !(bad > 0.0 && bad.is_finite()) {
            prop_assert!(named(Evolution::new(1, bad, Plus).err(), "rate"));
        }
        prop_assert!(named(Evolution::new(0, 1.0, Plus).err(), "lambda"));
        prop_assert!(named(DisOm::new(0, 0.5, Height::Constant(1.0), 0).err(), "ground"));
    }
}

#[test]
fn offspring_flip_binomially_many_bits_uniformly() {
    let (n, lambda) = (100, 40_000);
    let flat = DisOm::new(n, 0.0, Height::Constant(0.0), 0).unwrap();
    for (rate, seed) in [(1.0, 1), (3.0, 2)] {
        let watched = Watched(flat, RefCell::default());
        let strategy = Evolution::new(lambda, rate, Comma).unwrap();
        strategy.run(&watched, &|_| false, lambda as u64 + 1, &mut rng(seed));
        let points = watched.1.into_inner();
        let (parent, children) = points.split_first().unwrap();
        assert_eq!(children.len(), lambda);
        let (mut sizes, mut places) = (vec![0.0; n + 1], vec![0.0; n]);
        for child in children {
            let flipped: Vec<usize> = (0..n).filter(|&e| child.contains(e) != parent.contains(e)).collect();
            sizes[flipped.len()] += 1.0;
            flipped.iter().for_each(|&e| places[e] += 1.0);
        }
        let law = Binomial::new(rate / n as f64, n as u64).unwrap();
        let expected: Vec<f64> = (0..=n).map(|k| lambda as f64 * law.pmf(k as u64)).collect();
        assert!(chi_square(&sizes, &expected) > 1e-3);
        let flips: f64 = places.iter().sum();
        let statistic: f64 = places.iter().map(|c| (c - flips / n as f64).powi(2) / (flips / n as f64)).sum();
        assert!(ChiSquared::new(n as f64 - 1.0).unwrap().sf(statistic) > 1e-3);
    }
}

#[test]
fn distortions_have_their_law() {
    let (n, p, mean) = (16, 0.05, 2.0);
    let f = DisOm::new(n, p, Height::Exponential { mean }, 9).unwrap();
    let heights: Vec<f64> =
        (0..1 << n).map(|code| f.distortion(&BitSet::from_code(n, code))).filter(|&d| d > 0.0).collect();
    let total = f64::from(1 << n);
    let deviation = (heights.len() as f64 - p * total) / (p * (1.0 - p) * total).sqrt();
    assert!(deviation.abs() < 3.5, "{deviation}");
    // Quarters of the exponential law.
    let mut quarters = [0.0; 4];
    for height in &heights {
        quarters[(4.0 * -(-height / mean).exp_m1()) as usize] += 1.0;
    }
    assert!(chi_square(&quarters, &[heights.len() as f64 / 4.0; 4]) > 1e-3);
}

#[test]
fn two_bits_take_three_evaluations() {
    // With rate 1 and n = 2 every offspring is uniform, so the target has probability 1/4 each time:
    // 3/4 · 4 = 3 evaluations after the first, whatever the selection.
    let f = DisOm::new(2, 0.3, Height::Constant(5.0), 4).unwrap();
    let (mut noise, runs) = (rng(5), 20_000);
    let strategy = Evolution::new(1, 1.0, Comma).unwrap();
    let mut total = 0;
    for _ in 0..runs {
        let run = strategy.run(&f, &|x| x.len() == 2, u64::MAX, &mut noise);
        assert_eq!(run.generations, run.evaluations - 1);
        total += run.evaluations - 1;
    }
    // Standard deviation √(3/4·(12 + 16) − 9) < 3.5.
    assert!((total as f64 / f64::from(runs) - 3.0).abs() < 4.0 * 3.5 / f64::from(runs).sqrt());
}

#[test]
fn offspring_follow_the_logarithm() {
    assert_eq!(
        [offspring(2.5, 64), offspring(1.5, 2048), offspring(2.5, 1), offspring(2.5, 0)],
        [11, 12, 1, 1]
    );
}
