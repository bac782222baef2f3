//! What the client sends: the power that is taken, and that it is kept.

use ratebook::bandits::instances::Gaussian;
use ratebook::bandits::ue_ucb::{Channel, Phase, Remote, UeUcb, phases};
use ratebook::{Error, Result};
use ratebook_judge::{Claim, Source, Tolerance};

use super::bounds::{power_taken, schedule};
use super::{channel, regret_of};

/// A schedule of exploration phases for means in [−B, B] over a channel.
pub trait Schedule: Fn(f64, &Channel) -> Result<Vec<Phase>> + Send + Sync + 'static {}

impl<S: Fn(f64, &Channel) -> Result<Vec<Phase>> + Send + Sync + 'static> Schedule for S {}

/// The power taken in each phase after the first is P·(1 + v(b_ℓ)/n_ℓ)/(1 + b_{ℓ+1}²).
///
/// Measured as the expectation over the reward, given the centre, averaged over the arms.
pub fn power_is_as_predicted(phases: impl Schedule) -> Claim {
    const ARMS: usize = 4;
    const BOUND: f64 = 32.0;
    const SNR: f64 = 0.25;
    let predicted = |phase: f64| {
        let schedule = schedule(BOUND, SNR);
        let (radius, pulls) = schedule[phase as usize - 2];
        power_taken(1.0, SNR, radius, pulls, (radius / 2.0).max(1.0))
    };
    Claim::equals("power is as predicted", predicted, Tolerance::Relative(0.03))
        .states("In phase $\\ell + 1$ the client takes the power $P(1 + v(b_\\ell)/n_\\ell)/(1 + b_{\\ell+1}^2)$.")
        .assuming("K = 4 arms of means 31, 15, −1, −17, B = 32, SNR = 1/4, P = 1; the last phase is UCB's")
        .source(Source::Derived)
        .sweep("phase", [2.0, 3.0, 4.0, 5.0, 6.0])
        .replicates(45_000, 100_000)
        .detects(0.06)
        .paths(move |ordinals, streams| -> Result<Vec<f64>> {
            let channel = channel(SNR)?;
            let means: [f64; ARMS] = [31.0, 15.0, -1.0, -17.0];
            let mut game = Remote::new(Gaussian::new(means.to_vec(), 1.0)?, channel);
            let mut policy = UeUcb::with_phases(ARMS, phases(BOUND, &channel)?, channel, 1000)?;
            let rounds = policy.exploration() + ARMS as u64;
            regret_of(&mut policy, &mut game, rounds, streams)?;
            let taken = |&ordinal: &f64| {
                let power = |(arm, &mean): (usize, &f64)| {
                    let spell = game.spells(arm).get(ordinal as usize - 1)?;
                    Some(channel.power_taken(mean, spell.code))
                };
                let total: Option<f64> = means.iter().enumerate().map(power).sum();
                let requirement = "as many codes of every arm as phases";
                total.map(|total| total / ARMS as f64).ok_or(Error::Invalid { name: "code", requirement })
            };
            ordinals.iter().map(taken).collect()
        })
}

/// In every phase, for every mean in [−B, B], the power is at most P.
pub fn power_is_kept(phases: impl Schedule) -> Claim {
    Claim::always("power is kept")
        .states("$\\mathbb{E} s^2 \\le P$ in every phase and for every arm.")
        .assuming("rewards of variance 1, SNR = 4⁻⁸, …, 4⁸; the law of the centres is computed, not sampled")
        .source(Source::Derived)
        .computed()
        .sweep("B", [0.5, 1.0, 1.5, 3.0, 32.0, 1e3, 1e6])
        .check(move |bound, _, cases| -> Result<()> {
            for k in -8..=8 {
                let snr = 4f64.powi(k);
                let phases = phases(bound, &channel(snr)?)?;
                // The first code is around 0, whose radius is at least B.
                let first = phases.first().map_or(1.0, |phase| phase.radius);
                let told = || format!("B = {bound}, SNR = {snr}");
                cases.at_most((1.0 + bound * bound) / (1.0 + first * first), 1.0 + 1e-12, told);
                for (index, phase) in phases.iter().enumerate() {
                    let next = phases.get(index + 1).map_or(1.0, |phase| phase.radius);
                    let taken = power_taken(1.0, snr, phase.radius, phase.pulls as f64, next);
                    cases.at_most(taken, 1.0 + 1e-12, told);
                }
            }
            Ok(())
        })
}

/// Explores a quarter as long in every phase.
pub(super) fn quarter(bound: f64, channel: &Channel) -> Result<Vec<Phase>> {
    let shorter = |phase: Phase| Phase { pulls: phase.pulls.div_ceil(4), ..phase };
    phases(bound, channel).map(|phases| phases.into_iter().map(shorter).collect())
}
