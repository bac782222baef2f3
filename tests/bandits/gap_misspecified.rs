//! DS-OFUL, SupLinUCB and misspecified linear games.

use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use ratebook::Error;
use ratebook::bandits::gap_misspecified::{Assumptions, DsOful, Selective, SupLinUcb};
use ratebook::bandits::instances::Linear;
use ratebook::bandits::{Actions, Game, Policy, play};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

fn assumptions(dim: usize) -> Assumptions {
    Assumptions { dim, length: 2.0, bound: 1.5, noise: 0.3, misspecification: 0.02, delta: 0.1 }
}

/// Ridge regression by solving the normal equations from scratch.
struct Dense {
    gram: DMatrix<f64>,
    moments: DVector<f64>,
}

impl Dense {
    fn new(a: &Assumptions) -> Self {
        let gram = DMatrix::identity(a.dim, a.dim) / a.bound.powi(2);
        Self { gram, moments: DVector::zeros(a.dim) }
    }

    fn add(&mut self, x: &[f64], y: f64) {
        let x = DVector::from_row_slice(x);
        self.gram += &x * x.transpose();
        self.moments += x * y;
    }

    fn predict(&self, x: &[f64]) -> f64 {
        let theta = self.gram.clone().lu().solve(&self.moments).unwrap();
        DVector::from_row_slice(x).dot(&theta)
    }

    fn width(&self, x: &[f64]) -> f64 {
        let x = DVector::from_row_slice(x);
        x.dot(&self.gram.clone().lu().solve(&x).unwrap()).sqrt()
    }
}

/// The index of the largest score, if it leads by more than rounding.
fn clear_winner(scores: &[f64]) -> Option<usize> {
    let best = (0..scores.len()).max_by(|&i, &j| scores[i].total_cmp(&scores[j]))?;
    let rival = (0..scores.len()).filter(|&i| i != best).map(|i| scores[i]).fold(f64::NEG_INFINITY, f64::max);
    (scores[best] > rival + 1e-7).then_some(best)
}

/// Decision sets of three actions in the plane with coordinates in [−1, 1], and a reward each.
fn rounds(longest: usize) -> impl Strategy<Value = Vec<(Actions, f64)>> {
    let round = (prop::collection::vec(-1.0..1.0f64, 6), -1.0..1.0f64)
        .prop_map(|(entries, reward)| (Actions::new(2, entries).unwrap(), reward));
    prop::collection::vec(round, 1..longest)
}

fn names<T: std::fmt::Debug>(result: ratebook::Result<T>, parameter: &str) -> bool {
    match result {
        Err(Error::OutOfRange { name, .. } | Error::Dimension { name, .. } | Error::Empty { name }) => {
            name == parameter
        }
        _ => false,
    }
}

fn accepted_iff<T: std::fmt::Debug>(legal: bool, result: ratebook::Result<T>, parameter: &str) -> bool {
    if legal { result.is_ok() } else { names(result, parameter) }
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn data_selection_follows_its_box(rounds in rounds(60), gamma in 0.0..1.0f64) {
        let a = assumptions(2);
        let (mut policy, mut dense, mut kept) = (DsOful::new(a, gamma).unwrap(), Dense::new(&a), 0u64);
        for (actions, reward) in rounds {
            let beta = 1.0
                + a.noise * (4.0 * ((2.0 + kept as f64 * 9.0) / (2.0 * a.delta)).ln()).sqrt()
                + a.misspecification * (kept as f64).sqrt();
            let scores: Vec<f64> = actions.iter().map(|x| dense.predict(x) + beta * dense.width(x)).collect();
            let arm = policy.choose(&actions, &mut rng(1)).unwrap();
            if let Some(best) = clear_winner(&scores) {
                prop_assert_eq!(arm, best);
            }
            let x = actions.get(arm);
            let width = dense.width(x);
            prop_assert!((policy.half_width(x) - beta * width).abs() < 1e-9);
            policy.observe(arm, &reward).unwrap();
            if policy.kept() > kept {
                prop_assert!(width >= gamma - 1e-9);
                dense.add(x, reward);
                kept += 1;
            } else {
                prop_assert!(width < gamma + 1e-9);
            }
            prop_assert_eq!(policy.kept(), kept);
            prop_assert!((policy.ridge().predict(x) - dense.predict(x)).abs() < 1e-9);
        }
    }

    #[test]
    fn elimination_follows_its_box(rounds in rounds(60)) {
        let a = assumptions(2);
        let mut policy = SupLinUcb::new(a).unwrap();
        let mut levels: Vec<Dense> = (0..12).map(|_| Dense::new(&a)).collect();
        let mut kept = [0u64; 12];
        for (k, (actions, reward)) in rounds.into_iter().enumerate() {
            let arm = policy.choose(&actions, &mut rng(1)).unwrap();
            policy.observe(arm, &reward).unwrap();
            // The box, with sets of candidates.
            let mut left: Vec<usize> = (0..actions.arms()).collect();
            for (level, dense) in levels.iter_mut().enumerate() {
                let (l, threshold) = (level as i32 + 1, 0.5f64.powi(level as i32 + 1));
                let beta = a.level_radius(l as u32);
                let widths: Vec<f64> = left.iter().map(|&i| dense.width(actions.get(i))).collect();
                let scores: Vec<f64> = left.iter().zip(&widths).map(|(&i, w)| dense.predict(actions.get(i)) + beta * w).collect();
                if widths.iter().any(|&w| w >= threshold) {
                    if let Some(widest) = clear_winner(&widths) {
                        prop_assert_eq!(arm, left[widest]);
                    }
                    kept[level] += 1;
                    dense.add(actions.get(arm), reward);
                    break;
                }
                if (k + 1) as f64 <= 4f64.powi(l) * 2.0 {
                    if let Some(best) = clear_winner(&scores) {
                        prop_assert_eq!(arm, left[best]);
                    }
                    break;
                }
                let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                left = left.iter().zip(&scores).filter(|&(_, s)| best - s <= 3.0 * beta * threshold).map(|(&i, _)| i).collect();
            }
            let found: Vec<u64> = policy.kept_by_level().collect();
            prop_assert_eq!(&found[..], &kept[..found.len()]);
            prop_assert!(kept[found.len()..].iter().all(|&count| count == 0));
        }
    }

    #[test]
    fn permuted_actions_permute_the_choice(rounds in rounds(40), seed in any::<u32>()) {
        let a = assumptions(2);
        let mut straight: [Box<dyn Policy<Context = Actions, Feedback = f64>>; 2] =
            [Box::new(DsOful::new(a, 0.2).unwrap()), Box::new(SupLinUcb::new(a).unwrap())];
        let mut turned: [Box<dyn Policy<Context = Actions, Feedback = f64>>; 2] =
            [Box::new(DsOful::new(a, 0.2).unwrap()), Box::new(SupLinUcb::new(a).unwrap())];
        for (actions, reward) in rounds {
            let rows: Vec<&[f64]> = actions.iter().collect();
            let reversed = Actions::new(2, [rows[2], rows[1], rows[0]].concat()).unwrap();
            for (policy, other) in straight.iter_mut().zip(&mut turned) {
                let arm = policy.choose(&actions, &mut rng(u64::from(seed))).unwrap();
                let mirrored = other.choose(&reversed, &mut rng(u64::from(seed))).unwrap();
                prop_assert_eq!(mirrored, 2 - arm);
                policy.observe(arm, &reward).unwrap();
                other.observe(mirrored, &reward).unwrap();
            }
        }
    }

    #[test]
    fn any_draws_give_a_legal_run(mut noise in HalfAdversarial::strategy(40), mut coins in HalfAdversarial::strategy(40)) {
        let a = Assumptions { length: 1.0, ..assumptions(3) };
        for policy in [&mut DsOful::new(a, 0.1).unwrap() as &mut dyn Policy<Context = Actions, Feedback = f64>, &mut SupLinUcb::new(a).unwrap()] {
            let mut game = Linear::decoys(3, 0.1, 0.06, 0.3, 0.1, 50).unwrap();
            let regret = play(policy, &mut game, 100, &mut noise, &mut coins).unwrap();
            prop_assert!((0.0..=50.0 * 0.3).contains(&regret));
        }
    }

    #[test]
    fn bad_assumptions_are_named(value in awkward_f64()) {
        let long = (1.0..=1e75).contains(&value);
        let positive = value >= 0.0 && value.is_finite();
        let good = assumptions(2);
        for (parameter, legal, a) in [
            ("length", long, Assumptions { length: value, ..good }),
            ("bound", long, Assumptions { bound: value, ..good }),
            ("noise", positive, Assumptions { noise: value, ..good }),
            ("misspecification", positive, Assumptions { misspecification: value, ..good }),
            ("delta", value > 0.0 && value < 1.0, Assumptions { delta: value, ..good }),
        ] {
            prop_assert!(accepted_iff(legal, SupLinUcb::new(a), parameter));
            prop_assert!(accepted_iff(legal, DsOful::new(a, 0.1), parameter));
        }
        prop_assert!(accepted_iff(positive, DsOful::new(good, value), "gamma"));
        let exact = Assumptions { misspecification: 0.0, ..good };
        let gap = (1e-75..=1.0).contains(&value);
        prop_assert!(accepted_iff(gap, DsOful::tuned(exact, value), "gap"));
    }

    #[test]
    fn misspecified_games_have_the_means_they_say(offset in -0.2..0.2f64, seed in any::<u32>()) {
        let game = Linear::paired(4, 0.1, 0.0).unwrap();
        let mut game = game.misspecified(vec![vec![0.0, offset], vec![offset, 0.0]]).unwrap().in_turn(vec![(0, vec![0]), (2, vec![1, 0])]).unwrap();
        let mut noise = rng(u64::from(seed));
        for (first, second) in [(0.0, 0.1 + offset), (0.0, 0.1 + offset), (offset, 0.1), (0.0, 0.1 + offset), (offset, 0.1)] {
            game.open(&mut noise);
            prop_assert!((*game.feedback(0, &[], &mut noise) - first).abs() < 1e-15);
            prop_assert!((*game.feedback(1, &[], &mut noise) - second).abs() < 1e-15);
            prop_assert!((game.regret(0) - (second - first).max(0.0)).abs() < 1e-15);
            prop_assert!((game.regret(1) - (first - second).max(0.0)).abs() < 1e-15);
        }
    }
}

#[test]
fn the_theorem_s_parameters_by_hand() {
    // d = 4, L = B = R = 1, Δ = 1/2, δ = 1/e: ι₁ = 42 ln(126·2/(1/2)) + √8 and Γ = (1/2)/(4ι₁).
    let a = Assumptions {
        dim: 4,
        length: 1.0,
        bound: 1.0,
        noise: 1.0,
        misspecification: 0.0,
        delta: (-1.0f64).exp(),
    };
    let iota1 = 42.0 * 504f64.ln() + 8f64.sqrt();
    let (gamma, beta) = a.tuned(0.5).unwrap();
    assert!((gamma * 8.0 * iota1 - 1.0).abs() < 1e-12);
    let iota2 = (24.0 * iota1).ln();
    let iota3 = (1.0 + 16.0 * 64.0 * iota1 * iota1 * iota2).ln() + 1.0;
    assert!((beta / (1.0 + 8.0 * iota2.sqrt() + (8.0 * iota3).sqrt()) - 1.0).abs() < 1e-12);
    // The largest misspecification of the theorem is Γ: 2√d·ζ·ι₁ ≤ Δ.
    assert!(Assumptions { misspecification: 0.999 * gamma, ..a }.tuned(0.5).is_ok());
    assert!(names(Assumptions { misspecification: 1.001 * gamma, ..a }.tuned(0.5), "misspecification"));
    // Lemma 4.4.6 with 12 rounds: 1 + √(8 ln(16/(4/e))) + ζ√12, and level 1: ln((2 + 128 ln 6)·e).
    let a = Assumptions { misspecification: 0.1, ..a };
    assert!((a.radius(12) - (1.0 + (8.0 * (4f64.ln() + 1.0)).sqrt() + 0.1 * 12f64.sqrt())).abs() < 1e-12);
    let level = 1.0 + (8.0 * ((2.0 + 128.0 * 6f64.ln()).ln() + 1.0)).sqrt();
    assert!((a.level_radius(1) - level).abs() < 1e-12);
}

#[test]
fn the_theorem_s_policy_plays() {
    let a = Assumptions { misspecification: 0.0, length: 1.0, ..assumptions(2) };
    let (gamma, beta) = a.tuned(0.5).unwrap();
    let mut policy = DsOful::tuned(a, 0.5).unwrap();
    let mut game = Linear::paired(2, 0.5, 0.3).unwrap();
    let regret = play(&mut policy, &mut game, 2000, &mut rng(1), &mut rng(2)).unwrap();
    assert!(regret < 1000.0 && policy.kept() == 2000, "Γ is so small that every round is kept");
    assert!((policy.half_width(&[1.0, 0.0]) - beta * policy.ridge().width(&[1.0, 0.0])).abs() < 1e-12);
    assert!(policy.ridge().width(&[1.0, 0.0]) > gamma);
}

#[test]
fn decision_sets_that_do_not_fit_are_refused() {
    let (long, wide) = (Actions::new(2, vec![2.1, 0.0]).unwrap(), Actions::new(3, vec![0.0; 3]).unwrap());
    for policy in [
        &mut DsOful::new(assumptions(2), 0.1).unwrap() as &mut dyn Policy<Context = Actions, Feedback = f64>,
        &mut SupLinUcb::new(assumptions(2)).unwrap(),
    ] {
        assert!(names(policy.choose(&long, &mut rng(1)), "actions"));
        assert!(names(policy.choose(&wide, &mut rng(1)), "actions"));
    }
    assert!(names(DsOful::new(assumptions(0), 0.1), "dim") && names(SupLinUcb::new(assumptions(0)), "dim"));
}

#[test]
fn schedules_and_offsets_that_do_not_fit_are_refused() {
    let game = || Linear::paired(4, 0.1, 0.1).unwrap();
    for phases in [vec![], vec![(1, vec![0])], vec![(0, vec![0]), (0, vec![1])]] {
        assert!(matches!(game().in_turn(phases), Err(Error::Invalid { name: "phases", .. })));
    }
    assert!(names(game().in_turn(vec![(0, vec![])]), "phases"));
    assert!(names(game().in_turn(vec![(0, vec![2])]), "phases"));
    assert!(names(game().misspecified(vec![vec![0.0; 2]]), "offsets"));
    assert!(names(game().misspecified(vec![vec![0.0; 2], vec![0.0]]), "offsets"));
    assert!(names(game().misspecified(vec![vec![0.0; 2], vec![0.0, f64::NAN]]), "offsets"));
    assert!(names(Linear::decoys(0, 0.1, 0.1, 0.1, 0.1, 5), "dim"));
    assert!(names(Linear::decoys(2, 0.0, 0.1, 0.1, 0.1, 5), "size"));
    assert!(names(Linear::decoys(2, 0.1, f64::NAN, 0.1, 0.1, 5), "zeta"));
    assert!(names(Linear::decoys(2, 0.1, 0.1, -0.1, 0.1, 5), "gap"));
    assert!(names(Linear::decoys(2, 0.1, 0.1, 0.1, f64::INFINITY, 5), "deviation"));
}
