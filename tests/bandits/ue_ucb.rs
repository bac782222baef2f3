//! UE-UCB++ and the channel that it learns over.

use proptest::prelude::*;
use rand::RngExt;
use rand_distr::StandardNormal;
use ratebook::bandits::baselines::{ExploreThenCommit, Ucb, UniformArms};
use ratebook::bandits::instances::Gaussian;
use ratebook::bandits::primitives::argmax;
use ratebook::bandits::ue_ucb::{Channel, Code, Downlink, FixedCode, Phase, Remote, UeUcb, phases};
use ratebook::bandits::{Bandit, Game, Policy, play};
use ratebook::{Error, Result};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

fn channels() -> impl Strategy<Value = Channel> {
    (0.01..100.0f64, 0.0..10.0f64).prop_map(|(power, sigma)| Channel::new(power, sigma).unwrap())
}

/// Means in [−16, 16].
fn means() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-16.0..16.0f64, 1..6)
}

type OverChannel = Box<dyn Policy<Context = Downlink, Feedback = f64>>;

fn policies(arms: usize, channel: Channel, horizon: u64) -> Result<Vec<OverChannel>> {
    let code = Code::new(0.0, 16.0)?;
    let ucb = Ucb::new(arms, channel.variance(16.0).sqrt(), horizon)?;
    Ok(vec![
        Box::new(UeUcb::new(arms, 16.0, channel, horizon)?),
        Box::new(FixedCode::new(ucb, channel, code)),
        Box::new(FixedCode::new(UniformArms::new(arms)?, channel, code)),
        Box::new(FixedCode::new(ExploreThenCommit::new(arms, 3)?, channel, code)),
    ])
}

/// The algorithm once more, written straight down the page, with the rewards and the channel inside.
fn plain(means: &[f64], bound: f64, (power, sigma): (f64, f64), horizon: u64, seed: u64) -> f64 {
    let (mut noise, mut coins) = (rng(seed), rng(seed + 1));
    let best = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (arms, mut regret, mut round) = (means.len(), 0.0, 0);
    let mut decoded = |arm: usize, center: f64, radius: f64| {
        let gain = ((1.0 + radius * radius) / power).sqrt();
        let reward = means[arm] + noise.sample::<f64, _>(StandardNormal);
        let received = (reward - center) / gain + sigma * noise.sample::<f64, _>(StandardNormal);
        regret += best - means[arm];
        round += 1;
        (center + received * gain, round)
    };
    let variance = |radius: f64| 1.0 + (1.0 + radius * radius) * sigma * sigma / power;
    let (mut radius, mut centers) = (bound.max(1.0), vec![0.0; arms]);
    while radius > 1.0 {
        let next = (radius / 2.0).max(1.0);
        let pulls = (variance(radius) / (next * next)).ceil();
        let mut sums = vec![0.0; arms];
        for _ in 0..pulls as u64 {
            for arm in 0..arms {
                sums[arm] += decoded(arm, centers[arm], radius).0;
            }
        }
        centers = sums.iter().map(|sum| sum / pulls).collect();
        radius = next;
    }
    let (mut sums, mut counts) = (vec![0.0; arms], vec![0.0; arms]);
    loop {
        let bonus = 4.0 * variance(1.0) * (horizon as f64).ln();
        let index = |arm: usize| match counts[arm] {
            0.0 => f64::INFINITY,
            n => sums[arm] / n + (bonus / n).sqrt(),
        };
        let arm = argmax((0..arms).map(index), &mut coins).unwrap();
        let (value, round) = decoded(arm, centers[arm], 1.0);
        sums[arm] += value;
        counts[arm] += 1.0;
        if round == horizon {
            return regret;
        }
    }
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn decoding_undoes_encoding(
        channel in channels(), center in -50.0..50.0f64, radius in 0.0..50.0f64, reward in -99.0..99.0f64, noise in -9.0..9.0f64,
    ) {
        let code = Code::new(center, radius).unwrap();
        let sent = channel.encode(reward, code);
        prop_assert!((channel.decode(sent, code) - reward).abs() < 1e-9);
        // Linear in the noise, so unbiased, and of the variance it says.
        let gain = channel.decode(sent + noise, code) - reward;
        let (up, down) = (channel.decode(sent + noise, code), channel.decode(sent - noise, code));
        prop_assert!((up + down - 2.0 * reward).abs() < 1e-9);
        let variance = 1.0 + (gain / noise).powi(2) * channel.power() / channel.snr();
        prop_assert!((variance / channel.variance(radius) - 1.0).abs() < 1e-6 || noise.abs() < 1e-3);
        // The power of a fixed reward is s², that of variance 1 is more by 1/gain².
        let taken = channel.power_taken(reward, code);
        prop_assert!((taken / (sent * sent + channel.power() / (1.0 + radius * radius)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn radii_halve_to_one_and_keep_the_power(channel in channels(), bound in 0.0..1e6f64) {
        let phases = phases(bound, &channel).unwrap();
        prop_assert_eq!(phases.is_empty(), bound <= 1.0);
        let radii: Vec<f64> = phases.iter().map(|phase| phase.radius).chain([1.0]).collect();
        prop_assert_eq!(radii[0], bound.max(1.0));
        for (phase, radii) in phases.iter().zip(radii.windows(2)) {
            prop_assert!(radii[1] < radii[0] && radii[1] == (radii[0] / 2.0).max(1.0));
            let error = channel.variance(phase.radius) / phase.pulls as f64;
            prop_assert!(error <= radii[1] * radii[1]);
            let fewer = channel.variance(phase.radius) / (phase.pulls - 1) as f64;
            prop_assert!(fewer > radii[1] * radii[1], "one pull less would do");
        }
    }

    #[test]
    fn the_fast_algorithm_is_the_plain_one(
        means in means(), power in 0.5..2.0f64, sigma in 0.0..3.0f64, bound in 0.0..16.0f64, seed in any::<u32>(),
    ) {
        let (arms, seed) = (means.len(), u64::from(seed));
        let channel = Channel::new(power, sigma).unwrap();
        let horizon = 500 + arms as u64 * phases(bound, &channel).unwrap().iter().map(|phase| phase.pulls).sum::<u64>();
        let mut policy = UeUcb::new(arms, bound, channel, horizon).unwrap();
        let mut game = Remote::new(Gaussian::new(means.clone(), 1.0).unwrap(), channel);
        let regret = play(&mut policy, &mut game, horizon, &mut rng(seed), &mut rng(seed + 1)).unwrap();
        let expected = plain(&means, bound, (power, sigma), horizon, seed);
        prop_assert!((regret - expected).abs() <= 1e-9 * (1.0 + expected), "{regret} {expected}");
    }

    #[test]
    fn only_the_ratio_of_power_and_noise_counts(means in means(), seed in any::<u32>(), doublings in -20i32..20) {
        let factor = 2f64.powi(doublings);
        let run = |channel: Channel| {
            let mut policy = UeUcb::new(means.len(), 16.0, channel, 2000).unwrap();
            let mut game = Remote::new(Gaussian::new(means.clone(), 1.0).unwrap(), channel);
            let (mut noise, mut coins) = (rng(u64::from(seed)), rng(7));
            play(&mut policy, &mut game, 2000, &mut noise, &mut coins).unwrap()
        };
        // Exact: multiplication by a power of two does not round.
        let scaled = Channel::new(factor * factor, 1.5 * factor).unwrap();
        prop_assert_eq!(run(Channel::new(1.0, 1.5).unwrap()), run(scaled));
    }

    #[test]
    fn every_policy_survives(means in means(), coins in HalfAdversarial::strategy(30), noise in HalfAdversarial::strategy(30)) {
        let (arms, channel, horizon) = (means.len(), Channel::new(1.0, 1.0).unwrap(), 3000);
        for policy in 0..policies(arms, channel, horizon).unwrap().len() {
            let run = || {
                let mut policy = policies(arms, channel, horizon).unwrap().swap_remove(policy);
                let mut game = Remote::new(Gaussian::new(means.clone(), 1.0).unwrap(), channel);
                play(policy.as_mut(), &mut game, horizon, &mut noise.clone(), &mut coins.clone()).unwrap()
            };
            let regret = run();
            prop_assert!(regret >= 0.0 && regret.is_finite());
            prop_assert_eq!(regret.to_bits(), run().to_bits());
        }
    }

    #[test]
    fn bad_input_is_refused(value in awkward_f64(), other in awkward_f64()) {
        let channel = Channel::new(value, other);
        let legal = value > 0.0 && value.is_finite() && other >= 0.0 && (other * other / value).is_finite();
        prop_assert_eq!(channel.is_ok(), legal);
        let code = Code::new(value, other);
        prop_assert_eq!(code.is_ok(), value.is_finite() && (0.0..=1e150).contains(&other));
        let channel = Channel::new(1.0, 1.0).unwrap();
        prop_assert_eq!(phases(value, &channel).is_ok(), (0.0..=1e150).contains(&value));
        let policy = UeUcb::new(3, value, channel, 1000);
        let refused = match policy {
            Ok(_) => (0.0..=1e150).contains(&value),
            Err(Error::OutOfRange { name: "bound", .. }) => !(0.0..=1e150).contains(&value),
            Err(Error::OutOfRange { name: "horizon", .. }) => value > 1.0,
            Err(_) => false,
        };
        prop_assert!(refused);
    }
}

#[test]
fn the_exploration_is_spent_as_planned() {
    let channel = Channel::new(1.0, 2.0).unwrap();
    let mut game = Remote::new(Gaussian::new(vec![30.0, 5.0, -20.0], 1.0).unwrap(), channel);
    let plan = phases(32.0, &channel).unwrap();
    let mut policy = UeUcb::new(3, 32.0, channel, 10_000).unwrap();
    let exploration = policy.exploration();
    assert_eq!(exploration, 3 * plan.iter().map(|phase| phase.pulls).sum::<u64>());
    let (mut noise, mut coins) = (rng(1), rng(2));
    play(&mut policy, &mut game, exploration, &mut noise, &mut coins).unwrap();
    for arm in 0..3 {
        let seen: Vec<Phase> = game
            .spells(arm)
            .iter()
            .map(|spell| Phase { radius: spell.code.radius(), pulls: spell.rounds })
            .collect();
        assert_eq!(seen, plan);
        assert_eq!(policy.code(arm).radius(), 1.0);
    }
    // The final phase forgets the exploration: every arm once first.
    play(&mut policy, &mut game, 3, &mut noise, &mut coins).unwrap();
    assert!((0..3).all(|arm| game.spells(arm).last().unwrap().rounds == 1));
    play(&mut policy, &mut game, 500, &mut noise, &mut coins).unwrap();
    assert_eq!((0..3).map(|arm| game.spells(arm).last().unwrap().rounds).sum::<u64>(), 503);
}

#[test]
fn without_noise_the_centres_are_the_means() {
    let (channel, means) = (Channel::new(3.0, 0.0).unwrap(), [7.5, -31.0, 0.1]);
    let bandit = Gaussian::new(means.to_vec(), 0.0).unwrap();
    let mut game = Remote::new(bandit, channel);
    let mut policy = UeUcb::new(3, 32.0, channel, 1000).unwrap();
    let rounds = policy.exploration();
    play(&mut policy, &mut game, rounds, &mut rng(1), &mut rng(2)).unwrap();
    for (arm, mean) in means.into_iter().enumerate() {
        assert!((policy.code(arm).center() - mean).abs() < 1e-12);
    }
}

#[test]
fn a_horizon_covers_the_exploration_or_is_refused() {
    let channel = Channel::new(1.0, 1.0).unwrap();
    let needed = UeUcb::new(4, 8.0, channel, 1_000_000).unwrap().exploration();
    assert!(UeUcb::new(4, 8.0, channel, needed).is_ok());
    let refused = |result: Result<UeUcb>, expected: &str| matches!(result, Err(Error::OutOfRange { name, .. }) if name == expected);
    assert!(refused(UeUcb::new(4, 8.0, channel, needed - 1), "horizon"));
    assert!(refused(UeUcb::new(4, 0.5, channel, 0), "horizon"));
    assert!(refused(UeUcb::new(0, 8.0, channel, 1000), "arms"));
    let idle = Phase { radius: 2.0, pulls: 0 };
    assert!(refused(UeUcb::with_phases(2, vec![idle], channel, 1000), "pulls"));
    let endless = Phase { radius: 2.0, pulls: u64::MAX };
    assert!(refused(UeUcb::with_phases(2, vec![endless], channel, u64::MAX), "horizon"));
    let nowhere = Phase { radius: f64::NAN, pulls: 1 };
    assert!(refused(UeUcb::with_phases(2, vec![nowhere], channel, 1000), "radius"));
}

#[test]
fn what_is_not_a_number_is_refused() {
    let channel = Channel::new(1.0, 1.0).unwrap();
    let game = Remote::new(Gaussian::new(vec![0.5; 2], 1.0).unwrap(), channel);
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for mut policy in policies(2, channel, 1000).unwrap() {
            let arm = policy.choose(game.context(), &mut rng(3)).unwrap();
            let result = policy.observe(arm, &bad);
            assert!(matches!(result, Err(Error::OutOfRange { name: "received", .. })), "{result:?}");
        }
    }
}

#[test]
fn the_oracle_has_no_regret() {
    let game =
        Remote::new(Gaussian::new(vec![0.5, 2.0, -1.0], 1.0).unwrap(), Channel::new(1.0, 1.0).unwrap());
    let bandit = Gaussian::new(vec![0.5, 2.0, -1.0], 1.0).unwrap();
    assert_eq!((0..3).map(|arm| game.regret(arm)).collect::<Vec<_>>(), [1.5, 0.0, 3.0]);
    assert_eq!((0..3).map(|arm| bandit.gap(arm)).collect::<Vec<_>>(), [1.5, 0.0, 3.0]);
}
