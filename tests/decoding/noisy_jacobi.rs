use proptest::prelude::*;
use ratebook::decoding::LanguageModel;
use ratebook::decoding::instances::MarkovSource;
use ratebook::decoding::noisy_jacobi::training::{SoftmaxLinear, Training, ahead_noise};
use ratebook::decoding::noisy_jacobi::{
    Jacobi, ParallelDecoder, Template, Tree, TreeJacobi, argmax, decode, retrieve,
};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

fn greedy(model: &dyn LanguageModel, prompt: &[usize], count: usize) -> Vec<usize> {
    let (mut tokens, mut law) = (prompt.to_vec(), vec![0.0; model.vocabulary()]);
    for _ in 0..count {
        model.next(&tokens, &mut law);
        tokens.push(argmax(&law));
    }
    tokens
}

const HOW: Training = Training { window: 2, steps: 50, eta: 0.2, noise: 0.5, longest: 3 };

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn every_method_is_greedy(seed in any::<u64>(), prompt in prop::collection::vec(0..4_usize, 0..9), count in 0..25_usize, window in 0..6_usize, mut coins in HalfAdversarial::strategy(20)) {
        let model = MarkovSource::dirichlet(4, 2, 0.5, &mut rng(seed)).unwrap();
        let wanted = greedy(&model, &prompt, count);
        let methods: [Box<dyn ParallelDecoder>; 4] = [
            Box::new(Jacobi::new(window)),
            Box::new(TreeJacobi::new(Template::sparse(), true)),
            Box::new(TreeJacobi::new(Template::linear(window), false)),
            Box::new(TreeJacobi::new(Template::linear(0), true)),
        ];
        for mut method in methods {
            let mut tokens = prompt.clone();
            let calls = decode(&mut *method, &model, &mut tokens, count, &mut coins);
            prop_assert_eq!(&tokens, &wanted);
            prop_assert!(calls <= count && (window > 0 || calls * 6 >= count));
        }
    }

    #[test]
    fn decoding_is_reproducible(seed in any::<u64>()) {
        let model = MarkovSource::dirichlet(5, 1, 0.5, &mut rng(seed)).unwrap();
        let run = || decode(&mut TreeJacobi::new(Template::sparse(), true), &model, &mut vec![1], 30, &mut rng(seed));
        prop_assert_eq!(run(), run());
    }

    #[test]
    fn rows_of_the_mask_are_the_ancestors(parents in prop::collection::vec(0..10_usize, 0..12)) {
        let mut tree = Tree::default();
        for &parent in &parents {
            tree.push(parent, 0);
        }
        let (mut row, mut before) = (vec![], vec![]);
        for (at, &parent) in parents.iter().enumerate() {
            tree.ancestors(at + 1, &mut row);
            tree.ancestors(if parent <= at { parent } else { 0 }, &mut before);
            before.push(at + 1);
            prop_assert_eq!(&row, &before);
        }
    }

    #[test]
    fn noise_stays_in_the_segment(context in prop::collection::vec(0..9_usize, 0..12), longest in 0..15_usize, mut coins in HalfAdversarial::strategy(12)) {
        let mut noisy = context.clone();
        ahead_noise(&mut noisy, longest, &mut coins);
        let kept = context.len().saturating_sub(longest);
        prop_assert_eq!(&noisy[..kept], &context[..kept]);
        prop_assert!(noisy.iter().all(|token| context.contains(token)));
    }

    #[test]
    fn bad_training_is_refused_by_name(x in awkward_f64()) {
        let text = vec![0, 1, 0, 1, 1, 0, 1];
        if !(x > 0.0 && x.is_finite()) {
            let error = SoftmaxLinear::train(&text, 2, &Training { eta: x, ..HOW }, &mut rng(1)).unwrap_err();
            prop_assert!(error.to_string().starts_with("eta"));
        }
        if !(0.0..=1.0).contains(&x) {
            let error = SoftmaxLinear::train(&text, 2, &Training { noise: x, ..HOW }, &mut rng(1)).unwrap_err();
            prop_assert!(error.to_string().starts_with("noise"));
        }
    }
}

#[test]
fn retrieval_by_hand() {
    assert_eq!(retrieve(&[1, 2, 3, 7, 8, 1, 2, 3], 3, 2), [7, 8]);
    assert_eq!(retrieve(&[1, 2, 3, 7, 8, 1, 2, 3], 3, 9), [7, 8, 1, 2, 3]);
    assert_eq!(retrieve(&[1, 2, 3], 3, 5), [0; 0]);
    assert_eq!(retrieve(&[], 3, 5), [0; 0]);
    assert_eq!(retrieve(&[1, 2], 0, 5), [0; 0]);
}

#[test]
fn a_right_guess_is_taken_whole() {
    let counter =
        MarkovSource::new(3, 1, &[vec![0.0, 1.0, 0.0], vec![0.0, 0.0, 1.0], vec![1.0, 0.0, 0.0]]).unwrap();
    let (mut jacobi, mut tokens) = (Jacobi::new(3), vec![0]);
    jacobi.guesses().extend([1, 2, 0]);
    jacobi.step(&counter, &mut tokens, &mut rng(1));
    assert_eq!(tokens, [0, 1, 2, 0, 1]);
}

#[test]
fn bad_shapes_are_refused_by_name() {
    for paths in [vec![vec![]], vec![vec![0], vec![0]], vec![vec![0, 0]]] {
        assert!(Template::new(&paths).unwrap_err().to_string().starts_with("template"));
    }
    assert_eq!(Template::new(&[vec![0], vec![0, 0]]).unwrap(), Template::linear(2));
    let train =
        |text: &[usize], how| SoftmaxLinear::train(text, 2, &how, &mut rng(1)).unwrap_err().to_string();
    assert!(train(&[0, 1, 1], HOW).starts_with("text"));
    assert!(train(&[0, 1, 1, 0, 2, 0], HOW).starts_with("text"));
    assert!(train(&[0, 1], Training { window: 0, ..HOW }).starts_with("window"));
}
