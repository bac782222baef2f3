//! What every team of agents keeps: the rounds, the same seed the same run, an honest link. And the pieces they
//! are made of.

use proptest::prelude::*;
use ratebook::Error;
use ratebook::bandits::agents::{Cooperative, LinearBandit, LinearPulls, Link, Message, multinomial};
use ratebook::bandits::disbe_lucb::DisBeLucb;
use ratebook::bandits::instances::{Contextual, UnitBall};
use ratebook::bandits::quantized_linear::ProgressiveSharing;
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

type Team = (Box<dyn Cooperative>, Box<dyn LinearBandit>);

/// Teams of this many agents, each with a bandit that it fits.
fn teams(agents: usize) -> ratebook::Result<Vec<Team>> {
    let ball = UnitBall::new(vec![0.3, -0.6, 0.0], 0.5)?;
    let paired = Contextual::paired(4, 0.4, 0.5)?;
    let elimination = DisBeLucb::new(agents, paired.contexts().clone(), 0.1)?.scaled(0.25)?;
    Ok(vec![
        (Box::new(ProgressiveSharing::new(agents, 0.5)?), Box::new(ball)),
        (Box::new(elimination), Box::new(paired)),
    ])
}

proptest! {
    #![proptest_config(config(32))]

    #[test]
    fn all_rounds_are_played_and_the_run_repeats(
        agents in 1usize..6,
        rounds in 0u64..100_000,
        rest in 0u64..6,
        coins in HalfAdversarial::strategy(40),
    ) {
        for (team, bandit) in teams(agents).unwrap() {
            let budget = rounds * agents as u64 + rest % agents as u64;
            let run = || {
                let (mut noise, mut coins) = (coins.clone(), coins.clone());
                let (mut pulls, mut link) = (LinearPulls::new(bandit.as_ref(), budget, &mut noise), Link::default());
                let result = team.cooperate(&mut pulls, &mut link, &mut coins);
                (result, pulls.remaining(), pulls.regret().to_bits(), link)
            };
            let (result, remaining, regret, link) = run();
            match &result {
                Ok(()) => prop_assert!(remaining == rest % agents as u64 && f64::from_bits(regret) >= 0.0),
                Err(error) => prop_assert!(matches!(error, Error::OutOfRange { name: "budget", .. }), "{}", error),
            }
            prop_assert_eq!((result, remaining, regret, link), run());
            // Every message of the server goes to every agent.
            prop_assert_eq!(link.down().messages % agents as u64, 0);
        }
    }

    #[test]
    fn multinomial_counts_add_up(masses in prop::collection::vec(prop_oneof![Just(0.0), 0.0..1.0f64], 1..8), n: u64, mut coins in HalfAdversarial::strategy(20)) {
        let n = n >> 12;
        prop_assume!(masses.iter().sum::<f64>() > 0.0);
        let counts = multinomial(n, &masses, &mut coins);
        prop_assert_eq!(counts.iter().sum::<u64>(), n);
        prop_assert!(counts.iter().zip(&masses).all(|(&count, &mass)| mass > 0.0 || count == 0));
    }

    #[test]
    fn bad_balls_are_refused(x in awkward_f64(), deviation in awkward_f64()) {
        prop_assert_eq!(UnitBall::new(vec![0.0, x], 0.1).is_ok(), x.abs() <= 1.0);
        prop_assert_eq!(UnitBall::new(vec![0.0], deviation).is_ok(), deviation >= 0.0 && deviation.is_finite());
        prop_assert!(UnitBall::new(vec![], 0.1).is_err());
    }
}

#[test]
fn no_agents_are_refused() {
    assert!(teams(0).is_err());
}

/// The counts of a multinomial law have the binomial means and covariances.
#[test]
fn multinomial_moments() {
    let (masses, n, draws) = ([0.2, 0.0, 0.5, 0.3], 50, 20_000);
    let mut coins = rng(1);
    let (mut mean, mut product) = ([0.0; 4], 0.0);
    for _ in 0..draws {
        let counts = multinomial(n, &masses, &mut coins);
        mean.iter_mut().zip(&counts).for_each(|(sum, &c)| *sum += c as f64 / f64::from(draws));
        product += (counts[0] as f64 - 10.0) * (counts[2] as f64 - 25.0) / f64::from(draws);
    }
    for (found, mass) in mean.iter().zip(masses) {
        // Six standard errors.
        assert!((found - 50.0 * mass).abs() <= 6.0 * (50.0 * mass * (1.0 - mass) / f64::from(draws)).sqrt());
    }
    // Covariance −n·p·q = −5, with a standard error of about 0.08.
    assert!((product + 5.0).abs() < 0.5, "{product}");
}

#[test]
fn batches_are_counted_and_refused() {
    let bandit = UnitBall::new(vec![0.6, 0.0], 0.0).unwrap();
    let mut noise = rng(1);
    let mut pulls = LinearPulls::new(&bandit, 10, &mut noise);
    assert_eq!(pulls.offer(7), [7]);
    assert_eq!(pulls.sum_of(0, &[1.0, 0.0], 4), Ok(2.4));
    assert_eq!((pulls.remaining(), pulls.regret()), (6, 0.0));
    assert_eq!(pulls.sum_of(0, &[0.0, 1.0], 2), Ok(0.0));
    assert!((pulls.regret() - 1.2).abs() < 1e-15);
    assert_eq!(pulls.sum_of(0, &[-1.0, 0.0], 0), Ok(0.0));
    let refused = [
        pulls.sum_of(0, &[1.0, 0.0], 5),
        pulls.sum_of(0, &[1.0, 0.1], 1),
        pulls.sum_of(1, &[1.0, 0.0], 1),
        pulls.sum_of(0, &[f64::NAN, 0.0], 1),
        pulls.sum_of(0, &[1.0], 1),
    ];
    assert!(refused.iter().all(|result| result.is_err()), "{refused:?}");
    assert_eq!(pulls.remaining(), 4);
}

#[test]
fn the_link_counts_what_passes() {
    let mut link = Link::default();
    assert_eq!(link.upload(vec![1.0, 2.0]), [1.0, 2.0]);
    link.upload(vec![3.0]);
    assert_eq!(link.broadcast(vec![5.0; 3], 4), [5.0; 3]);
    assert_eq!((link.up().messages, link.up().size, link.up().largest), (2, 3, 2));
    assert_eq!((link.down().messages, link.down().size, link.down().largest), (4, 12, 3));
    assert_eq!((link.size(), vec![0.0; 7].size()), (15, 7));
}
