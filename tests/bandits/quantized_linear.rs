//! Progressive learning and sharing.

use proptest::prelude::*;
use rand::Rng;
use ratebook::bandits::agents::{LinearPulls, Link, Message};
use ratebook::bandits::instances::UnitBall;
use ratebook::bandits::quantized_linear::{
    Differences, Epoch, Knowledge, Progress, ProgressiveSharing, Quantiser, Sharing,
};
use ratebook::math::chance::exact_law;
use ratebook::math::vector::distance;
use ratebook::{Error, Result};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

/// Differences on grids so fine that nothing is lost.
struct Fine;

impl Sharing for Fine {
    fn share(
        &self,
        _: &Epoch,
        local: &[f64],
        known: &mut Knowledge,
        link: &mut Link,
        rng: &mut dyn Rng,
    ) -> Result<()> {
        let grid = Quantiser::new(8.0, 1e-14)?;
        let dim = known.agents.len();
        let agents = local.len() / dim;
        known.server.fill(0.0);
        for estimate in local.chunks_exact(dim) {
            let message = link.upload(grid.message(estimate, rng));
            known.server.iter_mut().zip(message.decode()).for_each(|(sum, x)| *sum += x / agents as f64);
        }
        known.agents = link.broadcast(grid.message(&known.server, rng), agents).decode().collect();
        Ok(())
    }
}

/// The average itself.
struct Unquantised;

impl Sharing for Unquantised {
    fn share(
        &self,
        _: &Epoch,
        local: &[f64],
        known: &mut Knowledge,
        _: &mut Link,
        _: &mut dyn Rng,
    ) -> Result<()> {
        let dim = known.agents.len();
        let agents = local.len() / dim;
        for i in 0..dim {
            known.server[i] = local.iter().skip(i).step_by(dim).sum::<f64>() / agents as f64;
        }
        known.agents.clone_from(&known.server);
        Ok(())
    }
}

fn run(
    method: &ProgressiveSharing<impl Sharing>,
    bandit: &UnitBall,
    budget: u64,
    seed: u64,
) -> Result<(Progress, f64, Link)> {
    let (mut noise, mut coins, mut link) = (rng(seed), rng(seed + 1), Link::default());
    let mut pulls = LinearPulls::new(bandit, budget, &mut noise);
    let progress = method.run(&mut pulls, &mut link, &mut coins)?;
    Ok((progress, pulls.regret(), link))
}

fn refuses<T>(name: &str, result: &Result<T>) -> bool {
    matches!(result, Err(Error::OutOfRange { name: found, .. }) if *found == name)
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn a_grid_is_as_coarse_as_it_may_be(radius in 1e-3..1e3f64, share in 1e-4..3.0f64) {
        let step = share * radius;
        let grid = Quantiser::new(radius, step).unwrap();
        prop_assert!(grid.step() <= step * (1.0 + 1e-12));
        // One point less would be too coarse.
        prop_assert!(grid.levels() == 2 || 2.0 * radius / (grid.levels() - 2) as f64 > step * (1.0 - 1e-9));
        prop_assert!(1u64 << grid.bits() >= grid.levels() && 1u64 << (grid.bits() - 1) < grid.levels());
        prop_assert_eq!(grid.decode(0), -radius);
        prop_assert!((grid.decode(grid.levels() - 1) - radius).abs() <= 1e-12 * radius);
    }

    #[test]
    fn rounding_is_to_a_neighbour_and_unbiased(x in -2.0..2.0f64, levels in 2u32..40, mut coins in HalfAdversarial::strategy(5)) {
        let grid = Quantiser::new(1.0, 2.0 / f64::from(levels - 1)).unwrap();
        let inside = x.clamp(-1.0, 1.0);
        prop_assert!((grid.decode(grid.encode(x, &mut coins)) - inside).abs() <= grid.step() * (1.0 + 1e-9));
        let law = exact_law(|chance| grid.encode(x, chance));
        let mean: f64 = law.iter().map(|(&index, p)| p * grid.decode(index)).sum();
        prop_assert!((mean - inside).abs() < 1e-12 && law.len() <= 2);
        prop_assert!(law.keys().all(|&index| index < grid.levels()));
        prop_assert_eq!(grid.clipped(&[x]), u64::from(x.abs() > 1.0));
        let message = grid.message(&[x; 5], &mut coins);
        prop_assert_eq!((message.decode().len(), message.size()), (5, 5 * u64::from(grid.bits())));
    }

    #[test]
    fn bad_grids_and_teams_are_refused(x in awkward_f64()) {
        let legal = x > 0.0 && x.is_finite();
        prop_assert!(refuses("radius", &Quantiser::new(x, 1.0)) != legal || x > 1e15);
        prop_assert!(legal || refuses("step", &Quantiser::new(1.0, x)));
        prop_assert_eq!(Quantiser::new(1.0, x).is_ok(), legal && x > 1e-15);
        prop_assert_eq!(ProgressiveSharing::new(3, x).is_ok(), legal);
        prop_assert!(legal || refuses("deviation", &ProgressiveSharing::new(3, x)));
        let knob = ProgressiveSharing::new(3, 1.0).unwrap().constant(x);
        prop_assert_eq!(knob.is_ok(), legal);
        prop_assert!(legal || refuses("constant", &knob));
        // Whatever was accepted runs, or says what is wrong with the bandit it met.
        let bandit = UnitBall::new(vec![0.5, 0.5], 1.0).unwrap();
        for method in [ProgressiveSharing::new(3, x), knob].into_iter().flatten() {
            match run(&method, &bandit, 10_000, 1) {
                Ok((progress, regret, _)) => prop_assert!(regret.is_finite() && progress.known.agents.iter().all(|x| x.is_finite())),
                Err(error) => prop_assert!(matches!(error, Error::OutOfRange { .. }), "{}", error),
            }
        }
    }

    /// On finer and finer grids nothing is left of the quantisation: the same epochs, the same regret.
    #[test]
    fn fine_grids_change_nothing(agents in 1usize..6, x in -0.6..0.6f64, y in -0.6..0.6f64, seed in 0u64..1000) {
        let bandit = UnitBall::new(vec![x, y], 1.0).unwrap();
        let fine = ProgressiveSharing::with_sharing(agents, 1.0, Fine).unwrap();
        let plain = ProgressiveSharing::with_sharing(agents, 1.0, Unquantised).unwrap();
        let budget = 1_000_000_000;
        let (a, regret, _) = run(&fine, &bandit, budget, seed).unwrap();
        let (b, other, _) = run(&plain, &bandit, budget, seed).unwrap();
        prop_assert_eq!(a.epochs, b.epochs);
        prop_assert!(distance(&a.known.agents, &b.known.agents) < 1e-12);
        prop_assert!((regret - other).abs() < 1e-6 * (1.0 + other));
    }

    /// The server and the agents differ by what the last broadcast lost: less than one step a coordinate.
    #[test]
    fn the_agents_follow_the_server(agents in 1usize..9, seed in 0u64..1000, decades in 4u32..15) {
        let bandit = UnitBall::new(vec![0.4, -0.3, 0.5], 1.0).unwrap();
        let method = ProgressiveSharing::new(agents, 1.0).unwrap();
        let budget = 10u64.pow(decades);
        let (progress, _, link) = run(&method, &bandit, budget, seed).unwrap();
        let last = method.epoch(progress.epochs, 3, budget / agents as u64);
        let step = Differences::downlink(&last, 3).unwrap().step();
        let clipped = progress.known.clipped > 0;
        for (server, agent) in progress.known.server.iter().zip(&progress.known.agents) {
            prop_assert!(clipped || (server - agent).abs() <= step * (1.0 + 1e-9));
        }
        prop_assert_eq!(link.up().messages, u64::from(progress.epochs) * agents as u64);
        prop_assert_eq!(link.down().messages, link.up().messages);
    }
}

#[test]
fn the_epochs_follow_the_schedule() {
    let method = ProgressiveSharing::new(4, 0.5).unwrap();
    // M log₂ T = 4·20.
    let horizon = 1 << 20;
    let first = method.epoch(1, 9, horizon);
    assert_eq!(first.pulls, (4.0 * 80f64.ln()).ceil() as u64);
    assert_eq!((first.tau, first.local_radius, first.shared_radius), (0.125, 0.5, 1.5));
    assert!((first.alpha - 3.0 / (first.pulls as f64).sqrt()).abs() < 1e-15);
    let third = method.epoch(3, 9, horizon);
    assert_eq!(third.pulls, (64.0 * 80f64.ln()).ceil() as u64);
    assert_eq!((third.tau, third.local_radius, third.shared_radius), (0.03125, 0.125, 0.15625));
    assert_eq!(method.constant(2.0).unwrap().epoch(3, 9, horizon).pulls, (128.0 * 80f64.ln()).ceil() as u64);
}

#[test]
fn too_few_rounds_are_refused() {
    let bandit = UnitBall::new(vec![0.5, 0.5], 1.0).unwrap();
    let method = ProgressiveSharing::new(4, 1.0).unwrap();
    for budget in [0, 1, 3, 4, 8] {
        assert!(refuses("budget", &run(&method, &bandit, budget, 1)));
    }
    // Each agent's first epoch with T = 24: twice ⌈4·ln(4·log₂ 24)⌉ = 2·12.
    let (progress, _, link) = run(&method, &bandit, 4 * 24, 1).unwrap();
    assert_eq!((progress.epochs, link.up().messages), (1, 4));
    assert!(refuses("budget", &run(&method, &bandit, 4 * 24 - 1, 1)));
}

/// Without noise all that is left is quantisation, and the estimate is as good as the epoch promises.
#[test]
fn without_noise_the_estimate_is_within_tau() {
    let bandit = UnitBall::new(vec![0.4, -0.3, 0.5, 0.1], 0.0).unwrap();
    for agents in [1, 4, 16] {
        let method = ProgressiveSharing::new(agents, 1.0).unwrap();
        let budget = 1_000_000_000_000;
        let (progress, _, _) = run(&method, &bandit, budget, 3).unwrap();
        let last = method.epoch(progress.epochs, 4, budget / agents as u64);
        let error = distance(&progress.known.agents, bandit.theta());
        assert!(error <= 2.0 * last.tau + last.alpha, "{error} with {agents} agents");
        assert!((progress.length.unwrap() - 0.51f64.sqrt()).abs() < 0.3);
        assert_eq!(progress.known.clipped, 0);
    }
}

/// A parameter of zero is never exploited: the agents go on learning until the rounds are over.
#[test]
fn nothing_to_exploit() {
    let bandit = UnitBall::new(vec![0.0; 2], 1.0).unwrap();
    let method = ProgressiveSharing::new(2, 1.0).unwrap();
    let (progress, regret, _) = run(&method, &bandit, 200_000, 3).unwrap();
    assert_eq!(regret, 0.0);
    assert!(progress.epochs >= 4, "{progress:?}");
}

/// Clipping is rare: about one coordinate in five hundred.
#[test]
fn hardly_anything_is_clipped() {
    let bandit = UnitBall::new(vec![0.4, -0.3, 0.5, 0.1], 1.0).unwrap();
    let method = ProgressiveSharing::new(8, 1.0).unwrap();
    let (mut clipped, mut sent) = (0, 0);
    for seed in 0..200 {
        let (progress, _, link) = run(&method, &bandit, 1_000_000_000, seed).unwrap();
        clipped += progress.known.clipped;
        sent += 4 * link.up().messages + 4 * u64::from(progress.epochs);
    }
    assert!(clipped * 100 < sent, "{clipped} of {sent}");
}
