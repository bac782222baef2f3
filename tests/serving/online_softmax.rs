use proptest::prelude::*;
use ratebook::Error;
use ratebook::math::double_double::DoubleDouble;
use ratebook::serving::baselines::{Naive, Safe, ThenTopK, TwoPass};

use ratebook::serving::online_softmax::{Normalizer, Online};
use ratebook::serving::{Meter, Ranked, RunningNormalizer, Softmax, TopK};
use ratebook_test_support::{awkward_f64, config};

fn softmax(method: &impl Softmax<f64>, x: &[f64]) -> Vec<f64> {
    let mut y = vec![f64::NAN; x.len()];
    method.softmax(x, &mut y).unwrap();
    y
}

fn top_k(method: &impl TopK<f64>, x: &[f64], k: usize) -> Vec<Ranked<f64>> {
    let mut y = vec![Ranked { index: usize::MAX, value: f64::NAN }; k];
    let found = method.top_k(x, &mut y).unwrap();
    y.truncate(found);
    y
}

/// The softmax to about 100 bits.
fn exact(x: &[f64]) -> Vec<f64> {
    let max = DoubleDouble::from(x.iter().copied().fold(f64::MIN, f64::max));
    let weight = |logit: f64| match logit {
        f64::NEG_INFINITY => DoubleDouble::from(0.0),
        logit => (DoubleDouble::from(logit) - max).exp(),
    };
    let weights: Vec<_> = x.iter().map(|&logit| weight(logit)).collect();
    let sum = weights.iter().copied().sum();
    weights.into_iter().map(|weight| (weight / sum).to_f64()).collect()
}

fn close(left: &[f64], right: &[f64], tolerance: f64) -> bool {
    left.iter().zip(right).all(|(a, b)| (a - b).abs() <= tolerance * b + 1e-280)
}

/// Logits with ties, −∞ entries and a wide range, at least one of them finite.
fn logits() -> impl Strategy<Value = Vec<f64>> {
    let logit = prop_oneof![
        6 => -30.0..30.0,
        2 => (-3_i32..3).prop_map(f64::from),
        1 => -600.0..600.0,
        1 => Just(f64::NEG_INFINITY),
    ];
    prop::collection::vec(logit, 1..100)
        .prop_filter("a finite entry", |x| x.iter().any(|x: &f64| x.is_finite()))
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn every_method_agrees_with_the_exact_softmax(x in logits()) {
        let truth = exact(&x);
        // 2u per exponential, argument roundings up to 1200u, and the sum.
        let tolerance = 1e-12;
        prop_assert!(close(&softmax(&Online::<16>, &x), &truth, tolerance));
        prop_assert!(close(&softmax(&Online::<1>, &x), &truth, tolerance));
        prop_assert!(close(&softmax(&Safe::<16>, &x), &truth, tolerance));
        prop_assert!(close(&softmax(&Naive, &x), &truth, tolerance));
        prop_assert!((softmax(&Online::<16>, &x).iter().sum::<f64>() - 1.0).abs() < 1e-13);
    }

    #[test]
    fn one_lane_is_the_sequential_recurrence(x in logits()) {
        let sequential = x.iter().map(|&logit| Normalizer::of(logit).unwrap())
            .fold(Normalizer::IDENTITY, Normalizer::merge);
        prop_assert_eq!(Online::<1>.normalizer(&x).unwrap(), sequential);
        let two_pass = softmax(&TwoPass::<Normalizer<f64>>::new(), &x);
        prop_assert!(close(&softmax(&Online::<1>, &x), &two_pass, 1e-15));
    }

    #[test]
    fn any_split_gives_the_same_normaliser(x in logits(), at in any::<prop::sample::Index>()) {
        let (left, right) = x.split_at(at.index(x.len()));
        let of = |part: &[f64]| part.iter().map(|&logit| Normalizer::of(logit).unwrap())
            .fold(Normalizer::IDENTITY, Normalizer::merge);
        let (whole, merged) = (of(&x), of(left).merge(of(right)));
        prop_assert_eq!(whole.max(), merged.max());
        prop_assert!((whole.sum() / merged.sum() - 1.0).abs() < 1e-12);
        prop_assert_eq!(of(left).merge(of(right)), of(right).merge(of(left)));
        prop_assert_eq!(whole.merge(Normalizer::IDENTITY), whole);
        prop_assert!(1.0 <= whole.sum() && whole.sum() <= x.len() as f64);
    }

    #[test]
    fn shifting_the_logits_changes_nothing(x in prop::collection::vec(-1_000_000_i32..1_000_000, 1..60), shift in -1e6..1e6_f64) {
        // Multiples of 2⁻¹⁶, so that the shift is exact and the equality may be too.
        let (grid, shift) = (2.0_f64.powi(-16), shift.round());
        let x: Vec<f64> = x.into_iter().map(|step| f64::from(step) * grid).collect();
        let shifted: Vec<f64> = x.iter().map(|logit| logit + shift).collect();
        prop_assert_eq!(softmax(&Online::<16>, &x), softmax(&Online::<16>, &shifted));
    }

    #[test]
    fn permuting_the_logits_permutes_the_result(x in logits(), seed in any::<u64>()) {
        let mut order: Vec<usize> = (0..x.len()).collect();
        order.sort_by_key(|&i| (i as u64).wrapping_mul(seed | 1));
        let permuted: Vec<f64> = order.iter().map(|&i| x[i]).collect();
        let (y, z) = (softmax(&Online::<16>, &x), softmax(&Online::<16>, &permuted));
        prop_assert!(order.iter().zip(z).all(|(&i, z)| (z - y[i]).abs() <= 1e-13 * y[i]));
    }

    #[test]
    fn fused_top_k_is_the_sorted_softmax(x in logits(), k in 1..120_usize) {
        let y = softmax(&Online::<16>, &x);
        let mut order: Vec<usize> = (0..x.len()).collect();
        order.sort_by(|&i, &j| x[j].total_cmp(&x[i])); // stable: equal ones by lower index
        order.truncate(k);
        let fused = top_k(&Online::<16>, &x, k);
        prop_assert_eq!(fused.iter().map(|found| found.index).collect::<Vec<_>>(), order);
        prop_assert!(fused.iter().all(|found| found.value == y[found.index]));
        let separate = top_k(&ThenTopK(Online::<16>), &x, k);
        prop_assert!(fused.iter().zip(separate).all(|(a, b)| a.value == b.value));
    }

    #[test]
    fn metering_changes_no_bit_and_counts_every_element(x in logits(), k in 1..20_usize) {
        let count = |method: &dyn Fn(&Meter)| {
            let meter = Meter::new();
            method(&meter);
            (meter.reads(), meter.writes())
        };
        let (size, kept) = (x.len() as u64, k.min(x.len()) as u64);
        let (reads, writes) = count(&|meter| {
            let mut y = meter.memory(vec![0.0; x.len()]);
            Online::<16>.softmax(&meter.memory(x.clone()), &mut y).unwrap();
            assert_eq!(y.contents(), softmax(&Online::<16>, &x));
        });
        prop_assert_eq!((reads, writes), (2 * size, size));
        let (reads, writes) = count(&|meter| {
            let mut y = meter.memory(vec![Ranked { index: 0, value: 0.0 }; k]);
            let found = Online::<16>.top_k(&meter.memory(x.clone()), &mut y).unwrap();
            assert_eq!(&y.contents()[..found], top_k(&Online::<16>, &x, k));
        });
        prop_assert_eq!((reads, writes), (size, kept));
        let (reads, writes) = count(&|meter| {
            let mut y = meter.memory(vec![Ranked { index: 0, value: 0.0 }; k]);
            ThenTopK(Safe::<16>).top_k(&meter.memory(x.clone()), &mut y).unwrap();
        });
        prop_assert_eq!((reads, writes), (4 * size, size + kept));
    }

    #[test]
    fn single_precision_agrees_with_double(x in prop::collection::vec(-20.0..20.0_f32, 1..100)) {
        let wide: Vec<f64> = x.iter().map(|&logit| f64::from(logit)).collect();
        let mut y = vec![0.0_f32; x.len()];
        Online::<16>.softmax(&x, &mut y).unwrap();
        prop_assert!(y.iter().zip(exact(&wide)).all(|(&y, exact)| (f64::from(y) / exact - 1.0).abs() < 2e-5));
    }

    #[test]
    fn bad_logits_are_refused_by_name(mut x in prop::collection::vec(awkward_f64(), 1..40)) {
        let legal = |logit: &f64| *logit < f64::INFINITY;
        let finite = x.iter().any(|logit| logit.is_finite());
        let mut y = vec![0.0; x.len()];
        match Online::<16>.softmax(&x, &mut y) {
            Ok(()) => {
                prop_assert!(x.iter().all(legal) && finite);
                prop_assert!(y.iter().all(|y| (0.0..=1.0 + 1e-12).contains(y)));
            }
            Err(Error::OutOfRange { name: "x", value, .. }) => prop_assert!(!legal(&value)),
            Err(error) => {
                prop_assert!(x.iter().all(legal) && !finite);
                prop_assert!(error.to_string().starts_with("x: "));
            }
        }
        // The same with the bad entry first, last, and alone.
        x.rotate_left(1);
        prop_assert_eq!(Online::<16>.normalizer(&x).is_ok(), x.iter().all(legal) && finite);
        prop_assert_eq!(Safe::<16>.softmax(&x, &mut y).is_ok(), x.iter().all(legal) && finite);
        prop_assert_eq!(Normalizer::of(x[0]).is_ok(), legal(&x[0]));
    }
}

#[test]
fn extremes_of_the_range() {
    assert_eq!(softmax(&Online::<16>, &[f64::MAX, f64::MIN]), [1.0, 0.0]);
    assert_eq!(softmax(&Online::<16>, &[f64::MIN, f64::MIN]), [0.5, 0.5]);
    assert_eq!(softmax(&Online::<16>, &[f64::MIN, f64::NEG_INFINITY]), [1.0, 0.0]);
    assert_eq!(softmax(&Online::<16>, &[5e-324, 0.0]), [0.5, 0.5]);
    assert!(Naive.softmax(&[1000.0_f64][..], &mut [0.0][..]).is_err());
    assert!(Naive.softmax(&[-1000.0_f64][..], &mut [0.0][..]).is_err());
}

#[test]
fn sizes_are_checked() {
    let nothing: [f64; 0] = [];
    assert_eq!(Online::<16>.softmax(&nothing[..], &mut [][..]).unwrap_err(), Error::Empty { name: "x" });
    assert_eq!(Online::<16>.normalizer(&nothing[..]).unwrap_err(), Error::Empty { name: "x" });
    let mismatch = Online::<16>.softmax(&[1.0][..], &mut [0.0; 2][..]).unwrap_err();
    assert_eq!(mismatch.to_string(), "y has size 2, expected 1");
    let none: &mut [Ranked<f64>] = &mut [];
    assert_eq!(Online::<16>.top_k(&[1.0][..], none).unwrap_err(), Error::Empty { name: "y" });
}
