use proptest::prelude::*;
use rand::{Rng, RngExt};
use ratebook::Error;
use ratebook::serving::dense::{Ledger, Rows};
use ratebook::serving::mini_sequence::{KeepsActivations, MiniSequence, Training, Weights, mini_sequences};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

/// Weights, an input of `tokens` rows, labels.
fn batch(sizes: [usize; 3], tokens: usize, rng: &mut impl Rng) -> (Weights, Vec<f64>, Vec<Option<usize>>) {
    let weights = Weights::from_fn(sizes[0], sizes[1], sizes[2], || 2.0 * rng.random::<f64>() - 1.0).unwrap();
    let x = (0..tokens * sizes[0]).map(|_| 2.0 * rng.random::<f64>() - 1.0).collect();
    let mut labels: Vec<_> =
        (0..tokens).map(|_| rng.random_bool(0.7).then(|| rng.random_range(0..sizes[2]))).collect();
    labels[0] = Some(0);
    (weights, x, labels)
}

/// The mean loss by the definition, scalar by scalar.
fn loss(weights: &Weights, x: &[f64], labels: &[Option<usize>]) -> f64 {
    let (d, inner) = (weights.width(), weights.inner());
    let times = |matrix: &[f64], x: &[f64]| -> Vec<f64> {
        matrix.chunks(x.len()).map(|row| row.iter().zip(x).map(|(w, x)| w * x).sum()).collect()
    };
    let mut sum = 0.0;
    for (x, label) in x.chunks(d).zip(labels) {
        let Some(label) = *label else { continue };
        let (gate, up) = (times(&weights.gate, x), times(&weights.up, x));
        let product: Vec<f64> = (0..inner).map(|i| gate[i] / (1.0 + (-gate[i]).exp()) * up[i]).collect();
        let logits = times(&weights.head, &times(&weights.down, &product));
        sum += logits.iter().map(|logit| logit.exp()).sum::<f64>().ln() - logits[label];
    }
    sum / labels.iter().flatten().count() as f64
}

fn sizes() -> impl Strategy<Value = [usize; 3]> {
    [1..5_usize, 1..6, 1..7]
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn any_split_trains_alike(
        sizes in sizes(), tokens in 1..20_usize, mlp in 1..25_usize, head in 1..25_usize,
        mut rng in HalfAdversarial::strategy(40),
    ) {
        let (weights, x, labels) = batch(sizes, tokens, &mut rng);
        let ledger = Ledger::new();
        let x = ledger.copy(Rows::new("x", &x, sizes[0]).unwrap());
        let split = MiniSequence::with(mlp, head).unwrap().step(&weights, &x, &labels).unwrap();
        let plain = KeepsActivations(1).step(&weights, &x, &labels).unwrap();
        prop_assert!((split.loss - loss(&weights, x.data(), &labels)).abs() < 1e-12);
        prop_assert!((split.loss - plain.loss).abs() < 1e-12);
        // Kernels add up row by row, so not even a bit may change.
        prop_assert_eq!(&split.gradients, &plain.gradients);
        prop_assert_eq!(split.input.data(), plain.input.data());
        drop((split, plain, x));
        prop_assert_eq!(ledger.live(), 0);
    }

    #[test]
    fn gradients_match_central_differences(sizes in sizes(), tokens in 1..6_usize, pieces in 1..8_usize, seed in any::<u64>()) {
        let (weights, x, labels) = batch(sizes, tokens, &mut rng(seed));
        let ledger = Ledger::new();
        let tensor = ledger.copy(Rows::new("x", &x, sizes[0]).unwrap());
        let step = MiniSequence::new(pieces).unwrap().step(&weights, &tensor, &labels).unwrap();
        let h = 1e-5;
        let slope = |plus: f64, minus: f64| (plus - minus) / (2.0 * h);
        for (i, gradient) in step.input.data().iter().enumerate() {
            let moved = |by: f64| { let mut x = x.clone(); x[i] += by; loss(&weights, &x, &labels) };
            prop_assert!((slope(moved(h), moved(-h)) - gradient).abs() < 1e-6);
        }
        let fields: [fn(&mut Weights) -> &mut Vec<f64>; 4] =
            [|w| &mut w.gate, |w| &mut w.up, |w| &mut w.down, |w| &mut w.head];
        for (field, gradients) in fields.into_iter().zip(step.gradients.all()) {
            for (i, gradient) in gradients.iter().enumerate() {
                let moved = |by: f64| { let mut w = weights.clone(); field(&mut w)[i] += by; loss(&w, &x, &labels) };
                prop_assert!((slope(moved(h), moved(-h)) - gradient).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn the_pieces_partition_the_rows(rows in 1..200_usize, pieces in 1..250_usize) {
        let ranges: Vec<_> = mini_sequences(rows, pieces).collect();
        prop_assert!(ranges.len() <= pieces && ranges.iter().all(|r| !r.is_empty() && r.len() <= rows.div_ceil(pieces)));
        let covered: Vec<usize> = ranges.into_iter().flatten().collect();
        prop_assert_eq!(covered, (0..rows).collect::<Vec<_>>());
        // More pieces than rows are as many as rows.
        prop_assert!(mini_sequences(rows, rows + pieces).eq(mini_sequences(rows, rows)));
    }

    #[test]
    fn permuting_rows_permutes_outputs(tokens in 1..15_usize, pieces in 1..15_usize, seed in any::<u64>()) {
        let (weights, x, _) = batch([3, 4, 5], tokens, &mut rng(seed));
        let ledger = Ledger::new();
        let method = MiniSequence::new(pieces).unwrap();
        let forward = |x: &[f64]| {
            let x = ledger.copy(Rows::new("x", x, 3).unwrap());
            method.forward(&weights, &x).0.data().to_vec()
        };
        let reversed = |x: &[f64]| -> Vec<f64> { x.chunks(3).rev().flatten().copied().collect() };
        prop_assert_eq!(forward(&reversed(&x)), reversed(&forward(&x)));
    }

    #[test]
    fn bad_numbers_are_refused(bad in awkward_f64(), at in 0..6_usize) {
        let mut x = vec![0.5; 6];
        x[at] = bad;
        prop_assert_eq!(Rows::new("x", &x, 2).is_ok(), bad.is_finite());
        let weights = Weights::from_fn(2, 3, 4, || bad);
        prop_assert_eq!(weights.is_ok(), bad.is_finite());
        if let Ok(weights) = weights {
            let ledger = Ledger::new();
            let x = ledger.copy(Rows::new("x", &[0.5; 6], 2).unwrap());
            // Huge weights overflow: an error, never NaN.
            match MiniSequence::new(2).unwrap().step(&weights, &x, &[Some(3); 3]) {
                Ok(step) => prop_assert!(step.loss.is_finite()),
                Err(error) => prop_assert!(matches!(error, Error::Diverged { .. }), "{}", error),
            }
        }
    }
}

#[test]
fn sizes_and_labels_are_checked() {
    let weights = Weights::from_fn(2, 3, 4, || 0.1).unwrap();
    let ledger = Ledger::new();
    let x = ledger.copy(Rows::new("x", &[0.5; 6], 2).unwrap());
    let step = |labels: &[Option<usize>]| {
        MiniSequence::new(2).unwrap().step(&weights, &x, labels).unwrap_err().to_string()
    };
    assert_eq!(step(&[None; 3]), "labels: must not all be ignored");
    assert_eq!(step(&[Some(4); 3]), "labels: must be below the vocabulary's size");
    assert_eq!(step(&[Some(0); 2]), "labels has size 2, expected 3");
    let narrow = ledger.copy(Rows::new("x", &[0.5; 3], 1).unwrap());
    let error = MiniSequence::new(2).unwrap().step(&weights, &narrow, &[Some(0); 3]).unwrap_err();
    assert_eq!(error.to_string(), "width of x has size 1, expected 2");
    assert_eq!(MiniSequence::new(0).unwrap_err().to_string(), "mlp = 0: must be at least 1");
    assert_eq!(MiniSequence::with(1, 0).unwrap_err().to_string(), "head = 0: must be at least 1");
    assert_eq!(Weights::from_fn(2, 0, 4, || 0.1).unwrap_err().to_string(), "inner = 0: must be at least 1");
    assert_eq!(Rows::new("x", &[0.0; 3], 2).unwrap_err().to_string(), "x has size 3, expected 4");
    assert_eq!(Rows::new("x", &[], 2).unwrap_err(), Error::Empty { name: "x" });
}
