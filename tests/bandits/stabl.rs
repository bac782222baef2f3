use std::collections::BTreeMap;

use proptest::prelude::*;
use ratebook::bandits::instances::{Adversary, Graph, Losses, Recorded, Segments};
use ratebook::bandits::primitives::exact::Choices;
use ratebook::bandits::stabl::{Rates, StAbl, covering};
use ratebook::bandits::{Policy, Revealed, play};
use ratebook::math::chance::exact_law;
use ratebook::{Error, Result};
use ratebook_test_support::{HalfAdversarial, config, rng};

/// Plays one round with these losses and returns the arm.
fn round(policy: &mut StAbl, losses: &[f64], seed: u64) -> usize {
    let arm = policy.choose(&(), &mut rng(seed)).unwrap();
    let seen = policy.asks().iter().chain([&arm]);
    let feedback: Vec<_> = seen.map(|&arm| Revealed { arm, loss: losses[arm] }).collect();
    policy.observe(arm, &feedback).unwrap();
    arm
}

/// The two layers as the paper writes them: every interval ever started, every law from its definition.
struct Plain {
    arms: usize,
    horizon: u64,
    /// Start, length, w̃ and the estimates since the start.
    intervals: Vec<(u64, u64, f64, Vec<f64>)>,
}

impl Plain {
    fn base(&self, (_, length, _, losses): &(u64, u64, f64, Vec<f64>)) -> Vec<f64> {
        let eta = (2.0 * (self.arms as f64).ln() / (self.arms as f64 * *length as f64)).sqrt();
        let weights: Vec<f64> = losses.iter().map(|loss| (-eta * loss).exp()).collect();
        let total: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / total).collect()
    }

    fn meta(&self, length: u64) -> f64 {
        let (n, t) = (self.arms as f64, self.horizon as f64);
        let log = (t * (1.0 + t.log2().floor())).ln();
        (0.5 / n).min((log / (2.0 * n * length as f64)).sqrt())
    }

    fn open(&mut self, t: u64) {
        for k in 0..=self.horizon.ilog2() {
            if t.is_multiple_of(1 << k) {
                self.intervals.push((t, 1 << k, 1.0, vec![0.0; self.arms]));
            }
        }
    }

    fn law(&self, t: u64) -> Vec<f64> {
        let mut law = vec![0.0; self.arms];
        let mut total = 0.0;
        for interval in self.intervals.iter().filter(|i| i.0 <= t && t < i.0 + i.1) {
            let mass = self.meta(interval.1) * interval.2;
            total += mass;
            law.iter_mut().zip(self.base(interval)).for_each(|(p, q)| *p += mass * q);
        }
        law.iter().map(|p| p / total).collect()
    }

    fn observe(&mut self, t: u64, look: usize, loss: f64) {
        let (law, estimate) = (self.law(t), self.arms as f64 * loss);
        for index in 0..self.intervals.len() {
            let (start, length) = (self.intervals[index].0, self.intervals[index].1);
            if start <= t && t < start + length {
                let base = self.base(&self.intervals[index]);
                let factor = 1.0 + self.meta(length) * (law[look] - base[look]) * estimate;
                self.intervals[index].2 *= factor;
                self.intervals[index].3[look] += estimate;
            }
        }
    }
}

proptest! {
    #![proptest_config(config(64))]

    /// The implementation against the plain one, round by round; and Σ w̃ over all intervals ever started is their
    /// number, on which the theorem rests.
    #[test]
    fn it_is_the_plain_algorithm(arms in 1usize..5, horizon in 2u64..40, rows in prop::collection::vec(prop::collection::vec(0.0..=1.0f64, 5), 40), seed in any::<u32>()) {
        let mut policy = StAbl::new(arms, horizon).unwrap();
        let mut plain = Plain { arms, horizon, intervals: Vec::new() };
        for t in 1..=horizon {
            let losses = &rows[t as usize - 1][..arms];
            plain.open(t);
            let arm = policy.choose(&(), &mut rng(u64::from(seed) + t)).unwrap();
            let law = plain.law(t);
            for (arm, p) in law.iter().enumerate() {
                prop_assert!((policy.probability(arm) - p).abs() < 1e-9, "round {}", t);
            }
            // Without a request the arm looked at is the arm played.
            let look = policy.asks().first().copied().unwrap_or(arm);
            policy.observe(arm, &[Revealed { arm: look, loss: losses[look] }]).unwrap();
            plain.observe(t, look, losses[look]);
            let active = policy.log_weights().len();
            prop_assert_eq!(active as u32, 1 + t.ilog2());
            prop_assert!((policy.interval_probabilities().sum::<f64>() - 1.0).abs() < 1e-12);
            let weights = plain.intervals.iter().map(|interval| interval.2);
            prop_assert!(weights.clone().all(|weight| weight > 0.0));
            let started = plain.intervals.len() as f64;
            prop_assert!((weights.sum::<f64>() - started).abs() < 1e-9 * started);
        }
    }

    /// The arm looked at is uniform and independent of the arm played.
    #[test]
    fn looking_is_independent_of_playing(arms in 1usize..5, before in 0u64..9, losses in prop::collection::vec(0.0..=1.0f64, 5), seed in any::<u32>()) {
        let mut policy = StAbl::new(arms, 16).unwrap();
        for t in 0..before {
            round(&mut policy, &losses, u64::from(seed) + t);
        }
        let law: BTreeMap<(usize, usize), f64> = exact_law(|chance| {
            let mut policy = policy.clone();
            let arm = policy.choose_by(&(), chance).unwrap();
            (arm, policy.asks().first().copied().unwrap_or(arm))
        });
        let mut opened = policy.clone();
        opened.choose(&(), &mut rng(1)).unwrap();
        for arm in 0..arms {
            for look in 0..arms {
                let expected = opened.probability(arm) / arms as f64;
                prop_assert!((law.get(&(arm, look)).copied().unwrap_or(0.0) - expected).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn at_most_two_losses_a_round(arms in 1usize..6, rounds in 1u64..200, mut coins in HalfAdversarial::strategy(60), mut noise in HalfAdversarial::strategy(60)) {
        let losses = Segments::one_good_arm(arms, 0.5).unwrap();
        for (mut policy, most) in [
            (StAbl::new(arms, rounds).unwrap(), rounds),
            (StAbl::one_query(arms, rounds, 0.5).unwrap(), 0),
        ] {
            let mut game = Adversary::new(&losses, Graph::edgeless(arms).unwrap(), rounds).unwrap();
            // Longer than the horizon: it goes on.
            let regret = play(&mut policy, &mut game, 2 * rounds, &mut noise, &mut coins).unwrap();
            prop_assert!((0.0..=rounds as f64).contains(&regret));
            prop_assert!(game.asked() <= 2 * most);
            prop_assert!(policy.log_weights().all(f64::is_finite));
        }
    }

    #[test]
    fn the_family_is_what_it_says(level in 0u32..8, horizon in 0u64..300) {
        let length = 1 << level;
        let found: Vec<_> = covering(length, horizon).collect();
        // Rounds of the paper are one more than ours.
        let all = (0..horizon).map(|start| start..start + length);
        let expected: Vec<_> = all.filter(|range| range.end <= horizon && (range.start + 1).is_multiple_of(length)).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn recorded_regrets_are_sums(change in 1u64..30, rounds in 1u64..30, from in 0u64..40, length in 0u64..40, seed in any::<u32>()) {
        let losses = Segments::new(vec![(0, vec![0.1, 0.6, 0.4]), (change, vec![0.9, 0.2, 0.4])]).unwrap();
        let mut game = Recorded::new(Adversary::new(&losses, Graph::edgeless(3).unwrap(), rounds).unwrap());
        let mut policy = StAbl::new(3, rounds).unwrap();
        let regret = play(&mut policy, &mut game, rounds, &mut rng(1), &mut rng(u64::from(seed))).unwrap();
        let of_all: Vec<f64> = game.regrets(&losses, std::iter::once(0..rounds)).collect();
        prop_assert!((of_all[0] - regret).abs() < 1e-9);
        let inside: Vec<u64> = (from..from + length).filter(|&round| round < rounds).collect();
        let paid: f64 = inside.iter().map(|&round| losses.mean(round, game.played()[round as usize])).sum();
        let best = (0..3).map(|arm| inside.iter().map(|&round| losses.mean(round, arm)).sum::<f64>()).fold(f64::INFINITY, f64::min);
        let found = game.regrets(&losses, std::iter::once(from..from + length)).next().unwrap();
        prop_assert!((found - (paid - best)).abs() < 1e-9);
        let changes = (1..game.played().len()).filter(|&i| game.played()[i] != game.played()[i - 1]).count();
        prop_assert_eq!(game.switches(), changes as u64);
    }
}

#[test]
fn bad_parameters_are_refused() {
    let names = |result: Result<StAbl>, expected: &str| {
        assert!(matches!(result, Err(Error::OutOfRange { name, .. }) if name == expected), "{expected}");
    };
    names(StAbl::new(0, 5), "arms");
    names(StAbl::new(2, 0), "horizon");
    for bad in [f64::NAN, 0.0, -0.1, 0.26, f64::INFINITY] {
        names(StAbl::with_rates(2, 5, |_| Ok(Rates { base: 0.1, meta: bad })), "meta");
    }
    for bad in [f64::NAN, -0.1, f64::INFINITY] {
        names(StAbl::with_rates(2, 5, |_| Ok(Rates { base: bad, meta: 0.1 })), "eta");
        names(StAbl::one_query(2, 5, bad), "share");
    }
    names(StAbl::one_query(2, 5, 0.0), "share");
    assert!(Rates::new(2, 0, 5).is_err() && Rates::new(0, 1, 5).is_err() && Rates::new(2, 1, 0).is_err());
    assert_eq!(covering(0, 9).count(), 0);
    assert_eq!(covering(1 << 63, u64::MAX).count(), 1);
    assert!(StAbl::new(1, u64::MAX).is_ok());
}

#[test]
fn the_answer_to_the_request_must_be_there() {
    let mut policy = StAbl::new(3, 10).unwrap();
    let arm = policy.choose(&(), &mut rng(4)).unwrap();
    let other = (0..3).find(|other| *other != arm && !policy.asks().contains(other)).unwrap();
    assert!(matches!(
        policy.observe(arm, &[Revealed { arm: other, loss: 0.5 }]),
        Err(Error::Invalid { name: "feedback", .. })
    ));
}

/// A weight may fall far below the least positive number, and its interval still ends properly.
#[test]
fn weights_are_kept_as_logarithms() {
    let rounds = 1_u64 << 14;
    let mut policy = StAbl::with_rates(2, rounds, |_| Ok(Rates { base: 1e-9, meta: 0.25 })).unwrap();
    for t in 1..=rounds {
        // Arm 0 is good for 2^13 rounds, then bad; the bases hardly learn, so nobody gains.
        let losses = if t < rounds / 2 { [0.0, 1.0] } else { [1.0, 0.0] };
        round(&mut policy, &losses, t);
        assert!(policy.log_weights().all(f64::is_finite));
        assert!((policy.probability(0) + policy.probability(1) - 1.0).abs() < 1e-9);
    }
}
