//! Persuasion: schemes against arbitrary ones, learners against transcriptions, menus against the receivers.

use proptest::prelude::*;
use rand::RngExt;
use ratebook::Error;
use ratebook::online::bayesian_persuasion::{
    Feedback, Hedge, Incentives, MenuSender, Payoff, Persuasion, PerturbedLeader, Receiver, SemiBandit,
    Sender, best_menu, play,
};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

fn payoffs(actions: usize, low: f64) -> impl Strategy<Value = Vec<Payoff>> {
    // Halves make ties and shared points of indifference common.
    let value = prop_oneof![low..1.0_f64, Just(0.5), Just(1.0), Just(low)];
    prop::collection::vec([value.clone(), value], actions)
}

/// Games with any payoffs, up to three actions and three types.
fn games() -> impl Strategy<Value = Persuasion> {
    (1_usize..4, 1_usize..4).prop_flat_map(|(actions, types)| {
        let receivers = prop::collection::vec(payoffs(actions, -1.0), types);
        (0.05..0.95_f64, payoffs(actions, 0.0), receivers).prop_map(|(prior, sender, receivers)| {
            let receivers = receivers.into_iter().map(|u| Receiver::new(u).unwrap()).collect();
            Persuasion::new(prior, sender, receivers).unwrap()
        })
    })
}

fn courtroom() -> Persuasion {
    Persuasion::courtroom(0.3, &[0.35, 0.5, 0.65, 0.8]).unwrap()
}

/// Frequencies of the game's types from any numbers.
fn frequencies(game: &Persuasion, raw: [f64; 3]) -> Vec<f64> {
    let total: f64 = raw[..game.types()].iter().sum();
    raw[..game.types()].iter().map(|f| f / total).collect()
}

fn raw() -> impl Strategy<Value = [f64; 3]> {
    prop::array::uniform3(0.01..1.0_f64)
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn schemes_are_bayes_plausible_and_different(game in games()) {
        for scheme in game.schemes() {
            let support = scheme.support();
            let total: f64 = support.iter().map(|&(_, weight)| weight).sum();
            let mean: f64 = support.iter().map(|&(xi, weight)| weight * game.posteriors()[xi]).sum();
            prop_assert!((total - 1.0).abs() < 1e-12 && (mean - game.prior()).abs() < 1e-12);
            prop_assert!(support.iter().all(|&(_, weight)| weight > 0.0));
            prop_assert!(support.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
        let below = game.posteriors().iter().filter(|&&xi| xi < game.prior()).count();
        let above = game.posteriors().iter().filter(|&&xi| xi > game.prior()).count();
        prop_assert_eq!(game.schemes().len(), below * above + 1);
    }

    #[test]
    fn no_scheme_beats_the_vertices(game in games(), raw in raw(), a in 0.0..1.0_f64, b in 0.0..1.0_f64, mix in 0.0..1.0_f64) {
        let f = frequencies(&game, raw);
        let best = game.best_fixed(&f).unwrap().1;
        let value = |xi: f64| -> f64 { f.iter().enumerate().map(|(k, f)| f * game.best_response(xi, k).1).sum() };
        let prior = game.prior();
        // Any split in two, and a mixture with silence.
        let (low, high) = (a * prior, prior + b * (1.0 - prior));
        prop_assume!(high - low > 1e-6);
        let weight = (prior - low) / (high - low);
        let split = (1.0 - weight) * value(low) + weight * value(high);
        prop_assert!(mix * split + (1.0 - mix) * value(prior) <= best + 1e-8);
    }

    #[test]
    fn responses_are_best_and_ties_go_to_the_sender(game in games(), xi in 0.0..=1.0_f64) {
        for (k, posterior) in (0..game.types()).flat_map(|k| game.posteriors().iter().copied().chain([xi]).map(move |xi| (k, xi))) {
            let (action, utility) = game.best_response(posterior, k);
            let alone = |a: usize| {
                let mut fixed = [[0.0; 2]; 3];
                fixed[a] = [1.0; 2];
                Persuasion::new(0.5, fixed[..game.actions()].to_vec(), vec![game.receiver(k).clone()]).unwrap()
            };
            // Action a is among the best ones exactly when a sender who wants it gets it.
            prop_assert_eq!(alone(action).best_response(posterior, 0), (action, 1.0));
            let index = game.posteriors().iter().position(|&w| w == posterior);
            if let Some(index) = index {
                prop_assert_eq!(game.response(index, k), (action, utility));
                prop_assert_eq!(game.payoff(index, action), utility);
                for other in (0..game.actions()).filter(|&a| alone(a).best_response(posterior, 0).0 == a) {
                    prop_assert!(game.payoff(index, other) <= utility);
                }
            }
        }
    }

    #[test]
    fn semi_bandit_follows_its_box(types in prop::collection::vec(0_usize..4, 1..60), seed in any::<u32>()) {
        let (game, rounds) = (courtroom(), types.len() as u64);
        let mut sender = SemiBandit::new(&game, rounds).unwrap();
        let (schemes, mut noise) = (game.schemes(), rng(u64::from(seed)));
        let eta = (2.0 * 6f64.ln() / (7.0 * rounds as f64)).sqrt();
        let mut estimates = vec![0.0; schemes.len()];
        for receiver in types {
            let powers: Vec<f64> = estimates.iter().map(|c: &f64| (-eta * c).exp()).collect();
            let total: f64 = powers.iter().sum();
            for (p, power) in sender.mixture().iter().zip(&powers) {
                prop_assert!((p - power / total).abs() < 1e-9);
            }
            let u: f64 = noise.random();
            let mut reached = 0.0;
            let drawn = powers.iter().position(|power| {
                reached += power / total;
                u < reached
            });
            let posterior = game.send(drawn.unwrap_or(0), noise.random(), &mut noise);
            let q: f64 = schemes.iter().zip(&powers).map(|(v, power)| power / total * v.weight(posterior)).sum();
            let (action, utility) = game.response(posterior, receiver);
            for (estimate, v) in estimates.iter_mut().zip(schemes) {
                *estimate += v.weight(posterior) * (1.0 - utility) / q;
            }
            sender.observe(Feedback { posterior, action, receiver: None }).unwrap();
        }
    }

    #[test]
    fn estimates_are_unbiased(game in games(), receiver in 0_usize..3) {
        let receiver = receiver % game.types();
        let fresh = SemiBandit::new(&game, 10).unwrap();
        let eta = (2.0 * (game.schemes().len() as f64).ln() / (10.0 * game.posteriors().len() as f64)).sqrt();
        prop_assume!(eta > 0.0);
        let mut expected = vec![0.0; game.schemes().len()];
        for posterior in 0..game.posteriors().len() {
            let q: f64 = game.schemes().iter().zip(fresh.mixture()).map(|(v, p)| p * v.weight(posterior)).sum();
            if q > 0.0 {
                let mut sender = fresh.clone();
                sender.observe(Feedback { posterior, action: game.response(posterior, receiver).0, receiver: None }).unwrap();
                // ĉ(v) − ĉ(0), read off the new mixture.
                let p = sender.mixture();
                expected.iter_mut().zip(p).for_each(|(e, p_v)| *e -= q * (p_v / p[0]).ln() / eta);
            }
        }
        for (v, difference) in expected.iter().enumerate() {
            let truth = game.utility(0, receiver) - game.utility(v, receiver);
            prop_assert!((difference - truth).abs() < 1e-8);
        }
    }

    #[test]
    fn hedge_keeps_its_bound_on_every_sequence(game in games(), types in prop::collection::vec(0_usize..3, 1..80)) {
        let (k, rounds) = (game.types(), types.len() as f64);
        let mut sender = Hedge::new(&game, types.len() as u64).unwrap();
        let types = types.into_iter().map(|t| t % k);
        let regret = play(&game, &mut sender, types, true, &mut rng(1), &mut rng(2)).unwrap();
        let schemes = game.schemes().len() as f64;
        prop_assert!(regret <= (rounds * schemes.ln() / 2.0).sqrt() + 1e-9);
    }

    #[test]
    fn the_best_fixed_scheme_has_no_regret(game in games(), types in prop::collection::vec(0_usize..3, 1..40), any in 0_usize..99) {
        struct Fixed(Vec<f64>);
        impl Sender for Fixed {
            fn mixture(&self) -> &[f64] {
                &self.0
            }
            fn observe(&mut self, _: Feedback) -> ratebook::Result<()> {
                Ok(())
            }
        }
        let types: Vec<usize> = types.into_iter().map(|t| t % game.types()).collect();
        let mut counts = vec![0.0; game.types()];
        types.iter().for_each(|&t| counts[t] += 1.0);
        let regret = |scheme: usize| {
            let mut mixture = vec![0.0; game.schemes().len()];
            mixture[scheme] = 1.0;
            play(&game, &mut Fixed(mixture), types.clone(), false, &mut rng(1), &mut rng(2)).unwrap()
        };
        prop_assert!(regret(game.best_fixed(&counts).unwrap().0).abs() < 1e-9);
        prop_assert!(regret(any % game.schemes().len()) >= -1e-9);
    }

    #[test]
    fn any_draws_give_a_legal_game(mut noise in HalfAdversarial::strategy(60), mut coins in HalfAdversarial::strategy(60)) {
        let game = courtroom();
        let mut sender = SemiBandit::new(&game, 100).unwrap();
        let regret = play(&game, &mut sender, (0..100).map(|t| t % 4), false, &mut noise, &mut coins).unwrap();
        prop_assert!(regret.is_finite() && sender.mixture().iter().all(|p| (0.0..=1.0).contains(p)));
        let menu = PerturbedLeader::new(&game, 100).unwrap().menu(&mut coins).unwrap();
        prop_assert!(menu.utility(&game, 0).is_finite());
    }

    #[test]
    fn menus_are_feasible_truthful_and_worth_it(game in games(), raw in raw()) {
        let f = frequencies(&game, raw);
        let (menu, promised) = best_menu(&game, &f, Incentives::Required).unwrap();
        let single = |k: usize| {
            let mut only = vec![0.0; game.types()];
            only[k] = 1.0;
            game.best_fixed(&only).unwrap().1
        };
        let known: f64 = f.iter().enumerate().map(|(k, f)| f * single(k)).sum();
        prop_assert!(promised >= game.best_fixed(&f).unwrap().1 - 1e-7 && promised <= known + 1e-7);
        let told: f64 = f.iter().enumerate().map(|(k, f)| f * menu.utility(&game, k)).sum();
        prop_assert!((told - promised).abs() < 1e-7);
        for k in 0..game.types() {
            for state in 0..2 {
                let total: f64 = menu.scheme(k).iter().map(|phi| phi[state]).sum();
                prop_assert!((total - 1.0).abs() < 1e-8 && menu.scheme(k).iter().all(|phi| phi[state] >= 0.0));
            }
            for report in 0..game.types() {
                let lie = menu.value_of_report(&game, k, report);
                prop_assert!(lie <= menu.value_of_report(&game, k, k) + 1e-7);
            }
        }
        let relaxed = best_menu(&game, &f, Incentives::Ignored).unwrap().1;
        prop_assert!(relaxed >= promised - 1e-7 && (relaxed - known).abs() < 1e-7);
    }

    #[test]
    fn the_order_of_types_does_not_matter(taus in prop::array::uniform3(0.35..1.0_f64), raw in raw()) {
        let turned = [taus[2], taus[0], taus[1]];
        let game = Persuasion::courtroom(0.3, &taus).unwrap();
        let other = Persuasion::courtroom(0.3, &turned).unwrap();
        let f = frequencies(&game, raw);
        let g = [f[2], f[0], f[1]];
        prop_assert!((game.best_fixed(&f).unwrap().1 - other.best_fixed(&g).unwrap().1).abs() < 1e-12);
        let value = |game: &Persuasion, f: &[f64]| best_menu(game, f, Incentives::Required).unwrap().1;
        prop_assert!((value(&game, &f) - value(&other, &g)).abs() < 1e-7);
    }

    #[test]
    fn bad_numbers_are_refused(value in awkward_f64()) {
        let unit = (0.0..=1.0).contains(&value);
        prop_assert_eq!(Persuasion::courtroom(value, &[0.5]).is_ok(), value > 0.0 && value < 1.0);
        prop_assert_eq!(Receiver::threshold(value).is_ok(), unit);
        prop_assert_eq!(Receiver::new(vec![[0.0, value]]).is_ok(), value.abs() <= 1.0);
        let sender = Persuasion::new(0.5, vec![[value, 0.0]], vec![Receiver::new(vec![[0.0; 2]]).unwrap()]);
        prop_assert_eq!(sender.is_ok(), unit);
        let game = Persuasion::courtroom(0.3, &[0.5]).unwrap();
        prop_assert_eq!(game.best_fixed(&[value]).is_ok(), value.is_finite());
        if !(value > 1e6) {
            let legal = value >= 0.0 && value.is_finite();
            prop_assert_eq!(best_menu(&game, &[value], Incentives::Required).is_ok(), legal);
        }
    }
}

/// A signal's frequency is its weight, and the state's frequency given the signal is the posterior.
#[test]
fn signals_mean_what_they_say() {
    let (game, mut noise) = (courtroom(), rng(7));
    for scheme in 0..game.schemes().len() {
        let mut sent = vec![[0.0; 2]; game.posteriors().len()];
        for _ in 0..20_000 {
            let guilty = noise.random::<f64>() < game.prior();
            sent[game.send(scheme, guilty, &mut noise)][usize::from(guilty)] += 1.0;
        }
        for (index, [innocent, guilty]) in sent.into_iter().enumerate() {
            // Five standard errors of at most 0.5/√n.
            let weight = game.schemes()[scheme].weight(index);
            assert!(((innocent + guilty) / 20_000.0 - weight).abs() < 2.5 / 20_000f64.sqrt());
            if weight > 0.0 {
                let share = guilty / (innocent + guilty);
                assert!((share - game.posteriors()[index]).abs() < 2.5 / (20_000.0 * weight).sqrt());
            }
        }
    }
}

/// The prosecutor of Kamenica and Gentzkow: μ = 0.3, τ = 0.5 gives 0.6, by splitting between 0 and 0.5.
#[test]
fn the_prosecutor() {
    let game = Persuasion::courtroom(0.3, &[0.5]).unwrap();
    assert_eq!(game.posteriors(), [0.0, 0.3, 0.5, 1.0]);
    let (scheme, worth) = game.best_fixed(&[1.0]).unwrap();
    assert!((worth - 0.6).abs() < 1e-12);
    assert_eq!(game.schemes()[scheme].support().iter().map(|s| s.0).collect::<Vec<_>>(), [0, 2]);
    let (menu, value) = best_menu(&game, &[1.0], Incentives::Required).unwrap();
    assert!((value - 0.6).abs() < 1e-9);
    // Always convict the guilty, and three in seven of the innocent.
    assert!((menu.scheme(0)[1][1] - 1.0).abs() < 1e-9 && (menu.scheme(0)[1][0] - 3.0 / 7.0).abs() < 1e-9);
}

/// Without incentive constraints the lenient judge would be promised away: half of ⁶⁄₇ and half of ⅜ promised,
/// but the lenient judge prefers the other scheme.
#[test]
fn reports_must_be_bought() {
    let game = Persuasion::courtroom(0.3, &[0.35, 0.8]).unwrap();
    let (menu, value) = best_menu(&game, &[0.5, 0.5], Incentives::Required).unwrap();
    assert!((value - 3.0 / 7.0).abs() < 1e-9);
    assert_eq!([0, 1].map(|k| menu.realised(&game, k).0), [0, 1]);
    let (greedy, promised) = best_menu(&game, &[0.5, 0.5], Incentives::Ignored).unwrap();
    assert!((promised - 0.5 * (6.0 / 7.0 + 0.375)).abs() < 1e-9);
    let realised: f64 = (0..2).map(|k| 0.5 * greedy.realised(&game, k).1).sum();
    assert!(realised < 0.45 && greedy.realised(&game, 0).0 == 1);
}

#[test]
fn bad_games_and_feedback_are_refused() {
    assert!(matches!(Persuasion::courtroom(0.3, &[]), Err(Error::Empty { name: "receivers" })));
    assert!(matches!(Receiver::new(vec![]), Err(Error::OutOfRange { name: "actions", .. })));
    let two = Receiver::threshold(0.5).unwrap();
    let three = vec![[0.0; 2]; 3];
    assert!(matches!(
        Persuasion::new(0.5, three, vec![two]),
        Err(Error::Dimension { name: "receivers", .. })
    ));
    let game = courtroom();
    assert!(matches!(game.clone().restricted(|_| false), Err(Error::Empty { name: "schemes" })));
    assert!(matches!(SemiBandit::new(&game, 0), Err(Error::OutOfRange { name: "rounds", .. })));
    assert!(Hedge::new(&game, 0).is_err() && PerturbedLeader::new(&game, 0).is_err());
    let feedback = |posterior, action, receiver| Feedback { posterior, action, receiver };
    let mut partial = SemiBandit::new(&game, 9).unwrap();
    assert!(
        partial.observe(feedback(99, 0, None)).is_err() && partial.observe(feedback(0, 9, None)).is_err()
    );
    let mut full = Hedge::new(&game, 9).unwrap();
    assert!(full.observe(feedback(0, 0, None)).is_err() && full.observe(feedback(0, 0, Some(4))).is_err());
    let mut leader = PerturbedLeader::new(&game, 9).unwrap();
    assert!(matches!(leader.observe(4), Err(Error::OutOfRange { name: "receiver", .. })));
    let mut sender = SemiBandit::new(&game, 9).unwrap();
    assert!(play(&game, &mut sender, [4], false, &mut rng(1), &mut rng(2)).is_err());
    let other = Persuasion::courtroom(0.3, &[0.5]).unwrap();
    assert!(play(&other, &mut sender, [0], false, &mut rng(1), &mut rng(2)).is_err());
    assert!(game.best_fixed(&[1.0]).is_err() && best_menu(&game, &[1.0], Incentives::Required).is_err());
}

/// A prior that rounding cannot tell from 0 leaves one scheme, and nothing to learn.
#[test]
fn a_subnormal_prior_is_harmless() {
    let game = Persuasion::courtroom(f64::MIN_POSITIVE / 4.0, &[0.5]).unwrap();
    assert_eq!(game.schemes().len(), 1);
    let mut sender = SemiBandit::new(&game, 5).unwrap();
    assert_eq!(play(&game, &mut sender, [0; 5], false, &mut rng(1), &mut rng(2)), Ok(0.0));
}
