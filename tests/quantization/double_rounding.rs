use proptest::prelude::*;
use ratebook::quantization::baselines::{DirectRounding, HalfUp, PrintedSearch, Truncation};
use ratebook::quantization::double_rounding::{
    ActivationQuantizer, BitSwitch, DoubleRounding, HalfEven, HessianSearch, Roulette, learning_rate_factor,
    step_learning_rate,
};
use ratebook::quantization::{BitSearch, BitWidth, Quantizer, SecondRounding};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config};

fn bits(bits: u32) -> BitWidth {
    BitWidth::new(bits).unwrap()
}

fn width() -> impl Strategy<Value = BitWidth> {
    (2_u32..=16).prop_map(bits)
}

/// A wide and a narrow width.
fn widths() -> impl Strategy<Value = (BitWidth, BitWidth)> {
    (width(), width()).prop_map(|(a, b)| (a.max(b), a.min(b)))
}

fn candidates() -> impl Strategy<Value = Vec<BitWidth>> {
    prop::sample::subsequence(vec![2, 3, 4, 6, 8], 1..=4).prop_map(|b| b.into_iter().map(bits).collect())
}

/// The best value over every assignment whose mean is `mean_bits`.
fn brute_force(sensitivities: &[f64], candidates: &[BitWidth], total: u32) -> Option<f64> {
    match sensitivities.split_first() {
        None => (total == 0).then_some(0.0),
        Some((first, rest)) => (candidates.iter())
            .filter(|width| width.bits() <= total)
            .filter_map(|width| {
                let rest = brute_force(rest, candidates, total - width.bits())?;
                Some(first * f64::from(width.bits()) + rest)
            })
            .reduce(f64::max),
    }
}

fn value(sensitivities: &[f64], widths: &[BitWidth]) -> f64 {
    sensitivities.iter().zip(widths).map(|(s, width)| s * f64::from(width.bits())).sum()
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn integer_division_is_the_rounded_quotient(code in -32_768..32_768_i32, shift in 0..=14_u32) {
        let quotient = f64::from(code) / f64::from(1 << shift);
        prop_assert_eq!(f64::from(HalfEven.divide(code, shift)), quotient.round_ties_even());
        prop_assert_eq!(f64::from(HalfUp.divide(code, shift)), (quotient + 0.5).floor());
        prop_assert_eq!(f64::from(Truncation.divide(code, shift)), quotient.floor());
    }

    #[test]
    fn narrow_codes_fit_and_same_width_is_the_identity((high, low) in widths(), code in any::<i32>()) {
        let narrow = BitSwitch::new(high, low, HalfEven).unwrap().apply(code);
        prop_assert_eq!(low.clip(narrow), narrow);
        prop_assert_eq!(BitSwitch::new(high, high, HalfEven).unwrap().apply(high.clip(code)), high.clip(code));
        prop_assert_eq!(BitSwitch::new(low, high, HalfEven).is_err(), low < high);
    }

    #[test]
    fn the_error_is_at_most_half_of_each_step(
        (high, low) in widths(), scale in 1e-3..1e3_f64, share in prop::collection::vec(-1.0..1.0_f64, 1..50),
    ) {
        let quantizer = DoubleRounding::new(scale, high).unwrap();
        let step = scale * f64::from(1 << (high.bits() - low.bits()));
        // Inside the range that no rounding clips.
        let weights: Vec<f64> = share.iter().map(|u| u * (f64::from(low.highest()) - 0.5).max(0.0) * step).collect();
        let decoded = quantizer.decode_at(&quantizer.encode(&weights).unwrap(), low).unwrap();
        let allowed = if low == high { scale / 2.0 } else { (scale + step) / 2.0 } * (1.0 + 1e-9);
        prop_assert!(weights.iter().zip(&decoded).all(|(w, v)| (w - v).abs() <= allowed));
        let direct = DirectRounding::new(step, low).unwrap();
        let once = direct.decode(&direct.encode(&weights).unwrap());
        prop_assert!(weights.iter().zip(&once).all(|(w, v)| (w - v).abs() <= step / 2.0 * (1.0 + 1e-9)));
    }

    #[test]
    fn scaling_by_a_power_of_two_changes_no_code(
        (high, low) in widths(), weights in prop::collection::vec(-100.0..100.0_f64, 1..50), k in -20..20_i32,
    ) {
        let (one, other) = (DoubleRounding::new(0.37, high).unwrap(), DoubleRounding::new(0.37 * 2_f64.powi(k), high).unwrap());
        let scaled: Vec<f64> = weights.iter().map(|w| w * 2_f64.powi(k)).collect();
        let (code, same) = (one.encode(&weights).unwrap(), other.encode(&scaled).unwrap());
        prop_assert_eq!(&code, &same);
        prop_assert_eq!(code.stored_bits(), (weights.len() * high.bits() as usize).next_multiple_of(8));
        let (a, b) = (one.decode_at(&code, low).unwrap(), other.decode_at(&same, low).unwrap());
        prop_assert!(a.iter().zip(&b).all(|(a, b)| a * 2_f64.powi(k) == *b));
    }

    #[test]
    fn at_the_stored_width_the_gradient_is_equation_13(high in width(), position in -1.2..1.2_f64, scale in 1e-3..1e3_f64) {
        let weight = position * f64::from(high.highest()) * scale;
        let gradient = DoubleRounding::new(scale, high).unwrap().gradient(weight, high).unwrap();
        let (low, top, at) = (f64::from(high.lowest()), f64::from(high.highest()), weight / scale);
        let by_scale = if low < at && at < top { at.round_ties_even() - at } else if at <= low { low } else { top };
        prop_assert!((gradient.scale - by_scale).abs() <= 1e-9 * top);
        prop_assert_eq!(gradient.weight, if low < at && at < top { 1.0 } else { 0.0 });
    }

    #[test]
    fn the_gradient_leads_back_to_the_decoded_weight((high, low) in widths(), weight in -1e3..1e3_f64, scale in 1e-2..10.0_f64) {
        // Ŵ is homogeneous of degree one in (W, s), so Ŵ = W·∂Ŵ/∂W + s·∂Ŵ/∂s (Euler).
        let quantizer = DoubleRounding::new(scale, high).unwrap();
        let decoded = quantizer.decode_at(&quantizer.encode(&[weight]).unwrap(), low).unwrap()[0];
        let gradient = quantizer.gradient(weight, low).unwrap();
        let euler = weight * gradient.weight + scale * gradient.scale;
        prop_assert!((decoded - euler).abs() <= 1e-9 * (1.0 + weight.abs()));
    }

    #[test]
    fn bad_weights_are_refused_by_name(weights in prop::collection::vec(awkward_f64(), 0..20), scale in awkward_f64()) {
        match DoubleRounding::new(scale, bits(8)) {
            Ok(quantizer) => {
                let finite = !weights.is_empty() && weights.iter().all(|w| w.is_finite());
                let encoded = quantizer.encode(&weights);
                prop_assert_eq!(encoded.is_ok(), finite);
                match encoded {
                    Ok(code) => {
                        let narrow = quantizer.decode_at(&code, bits(2)).unwrap();
                        prop_assert!(narrow.iter().all(|weight| !weight.is_nan()));
                    }
                    Err(error) => prop_assert!(error.to_string().starts_with("weights")),
                }
            }
            Err(error) => {
                prop_assert!(!(scale > 0.0 && scale.is_finite()));
                prop_assert!(error.to_string().starts_with("scale"));
            }
        }
    }

    #[test]
    fn activations_stay_in_range(x in awkward_f64(), scale in 1e-3..10.0_f64, zero in -5.0..5.0_f64, width in width()) {
        let quantized = ActivationQuantizer::new(scale, zero, width).unwrap().quantize(x);
        let top = zero + scale * f64::from((1_u32 << width.bits()) - 1);
        prop_assert!((zero..=top).contains(&quantized));
        if (zero..top).contains(&x) {
            prop_assert!((quantized - x).abs() <= scale / 2.0 * (1.0 + 1e-9));
        }
    }

    #[test]
    fn learning_rates_follow_the_formula(lambda in 1e-6..1.0_f64, delta in 0..7_u32, layers in prop::collection::vec(prop::collection::vec(-3.0..3.0_f64, 1..5), 1..6)) {
        let rate = step_learning_rate(lambda, delta, &layers).unwrap();
        let largest = |layer: &Vec<f64>| layer.iter().map(|g| g.abs()).fold(0.0, f64::max).min(1.0);
        let mean = layers.iter().map(largest).sum::<f64>() / layers.len() as f64;
        prop_assert!((rate - learning_rate_factor(delta) * (lambda - mean)).abs() < 1e-12);
        prop_assert_eq!(rate < 0.0, lambda < mean);
    }

    #[test]
    fn the_roulette_lands_on_a_candidate(candidates in candidates(), sensitive in any::<bool>(), mut rng in HalfAdversarial::strategy(4)) {
        let roulette = Roulette::new(candidates.clone()).unwrap();
        for _ in 0..8 {
            let width = roulette.draw(if sensitive { 2.0 } else { 0.5 }, 1.0, &mut rng).unwrap();
            prop_assert!(candidates.contains(&width));
        }
        prop_assert!(roulette.draw(f64::NAN, 1.0, &mut rng).unwrap_err().to_string().starts_with("trace"));
    }

    #[test]
    fn the_search_is_optimal(sensitivities in prop::collection::vec(-1.0..5.0_f64, 1..6), candidates in candidates(), total in 2..40_u32) {
        let mean = f64::from(total) / sensitivities.len() as f64;
        match (HessianSearch.search(&sensitivities, &candidates, mean), brute_force(&sensitivities, &candidates, total)) {
            (Ok(found), Some(best)) => {
                prop_assert_eq!(found.iter().map(|width| width.bits()).sum::<u32>(), total);
                prop_assert!((value(&sensitivities, &found) - best).abs() < 1e-9);
                let printed = PrintedSearch.search(&sensitivities, &candidates, mean).unwrap();
                prop_assert!(value(&sensitivities, &printed) <= best + 1e-9);
            }
            (Err(error), None) => prop_assert!(error.to_string().starts_with("budget") || error.to_string().starts_with("mean_bits")),
            (found, best) => prop_assert!(false, "{:?} but {:?}", found, best),
        }
    }

    #[test]
    fn permuting_the_layers_permutes_the_bits(mut sensitivities in prop::collection::vec(0.0..5.0_f64, 2..6)) {
        let candidates = [bits(2), bits(4), bits(8)];
        let search = |s: &[f64]| HessianSearch.search(s, &candidates, 4.0).unwrap();
        let mut widths = search(&sensitivities);
        sensitivities.reverse();
        widths.reverse();
        prop_assert_eq!(search(&sensitivities), widths);
    }
}

#[test]
fn rounding_twice_depends_on_the_path_and_clips() {
    let switch = |high, low, code| BitSwitch::new(bits(high), bits(low), HalfEven).unwrap().apply(code);
    assert_eq!(switch(8, 4, 127), 7); // 127/16 rounds to 8, which four bits do not hold
    assert_eq!(switch(8, 4, -128), -8);
    // 54/16 = 3.375, but 54/4 = 13.5 rounds to 14, and 14/4 = 3.5 to 4.
    assert_eq!((switch(8, 4, 54), switch(6, 4, switch(8, 6, 54))), (3, 4));
}

#[test]
fn factors_of_the_learning_rates() {
    let factors = [1.0, 0.5, 0.1, 0.05, 0.01, 0.005, 0.001];
    for (delta, factor) in (0..).zip(factors) {
        assert!((learning_rate_factor(delta) / factor - 1.0).abs() < 1e-12);
    }
}

#[test]
fn bad_input_is_refused_by_name() {
    let message = |error: ratebook::Error| error.to_string();
    assert!(message(BitWidth::new(1).unwrap_err()).starts_with("bits = 1"));
    assert!(message(BitSwitch::new(bits(4), bits(8), HalfEven).unwrap_err()).starts_with("low = 8"));
    assert!(message(Roulette::new(vec![]).unwrap_err()).starts_with("candidates"));
    assert!(message(step_learning_rate(0.0, 0, &[vec![0.0]]).unwrap_err()).starts_with("lambda"));
    assert!(message(step_learning_rate(1.0, 0, &[]).unwrap_err()).starts_with("layers"));
    assert!(message(step_learning_rate(1.0, 0, &[vec![]]).unwrap_err()).starts_with("gradients"));
    assert!(message(step_learning_rate(1.0, 0, &[vec![f64::NAN]]).unwrap_err()).starts_with("gradients"));
    assert_eq!(step_learning_rate(1.0, 0, &[vec![f64::INFINITY]]), Ok(0.0));
    assert!(message(HessianSearch::sensitivities(&[1.0], &[0]).unwrap_err()).starts_with("size of a layer"));
    assert!(
        message(HessianSearch::sensitivities(&[1.0, f64::NAN], &[1, 1]).unwrap_err()).starts_with("traces")
    );
    assert!(message(HessianSearch.search(&[1.0], &[], 2.0).unwrap_err()).starts_with("candidates"));
    assert!(
        message(HessianSearch.search(&[1.0], &[bits(2)], f64::NAN).unwrap_err()).starts_with("mean_bits")
    );
    assert!(
        message(HessianSearch.search(&[1.0; 2], &[bits(2)], 1e300).unwrap_err()).starts_with("mean_bits")
    );
    assert_eq!(HessianSearch::sensitivities(&[6.0, 1.0], &[3, 4]), Ok(vec![2.0, 0.25]));
}
