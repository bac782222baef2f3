//! The claims about learning.

use rand::RngExt;
use ratebook::online::bayesian_persuasion::{Incentives, MenuSender, Persuasion, Sender, best_menu, play};
use ratebook_judge::{Claim, Source, Streams, powers_of_two};

use super::{full_regret, menu_regret, partial_regret};

/// The courtroom of the regret bounds: μ = 0.3, so that |W| = 7 and |V| = 6.
const THRESHOLDS: [f64; 4] = [0.35, 0.5, 0.65, 0.8];

/// The regret against a lenient judge for T/3 rounds and a strict one afterwards, and against judges drawn
/// independently.
fn against_judges<S: Sender>(
    sender: &impl Fn(&Persuasion, u64) -> ratebook::Result<S>,
    rounds: f64,
    full: bool,
    streams: &mut Streams,
) -> ratebook::Result<Vec<f64>> {
    let (game, rounds) = (Persuasion::courtroom(0.3, &THRESHOLDS)?, rounds as u64);
    let Streams { instance, noise, algorithm } = streams;
    let switching = (0..rounds).map(|t| if t < rounds / 3 { 0 } else { 3 });
    let drawn = (0..rounds).map(|_| instance.random_range(0..4));
    Ok(vec![
        play(&game, &mut sender(&game, rounds)?, switching, full, noise, algorithm)?,
        play(&game, &mut sender(&game, rounds)?, drawn, full, noise, algorithm)?,
    ])
}

/// Under partial feedback the expected regret is at most √(2T|W|·ln|V|).
pub fn partial_feedback<S: Sender>(
    sender: impl Fn(&Persuasion, u64) -> ratebook::Result<S> + Send + Sync + 'static,
) -> Claim {
    Claim::at_most("partial feedback", |rounds| partial_regret(rounds, 7.0, 6.0))
        .states("Under partial feedback the expected regret is at most $\\sqrt{2 T |W| \\ln |V|}$.")
        .assuming(
            "prior 0.3, judges who convict from 0.35, 0.5, 0.65 or 0.8 on (|W| = 7, |V| = 6): the first for T/3 rounds \
             and then the last; uniformly drawn ones",
        )
        .source(Source::Derived)
        .sweep("T", powers_of_two(10..=14))
        .full_sweep(powers_of_two(10..=16))
        .replicates(80, 200)
        .trivial(|rounds| rounds)
        .measure(move |rounds, streams| against_judges(&sender, rounds, false, streams))
}

/// Under full feedback the regret is at most √(T·ln|V|/2).
pub fn full_feedback<S: Sender>(
    sender: impl Fn(&Persuasion, u64) -> ratebook::Result<S> + Send + Sync + 'static,
) -> Claim {
    Claim::at_most("full feedback", |rounds| full_regret(rounds, 6.0))
        .states("Under full feedback the regret is at most $\\sqrt{T \\ln |V| / 2}$.")
        .assuming(
            "prior 0.3, judges who convict from 0.35, 0.5, 0.65 or 0.8 on (|V| = 6): the first for T/3 rounds and then \
             the last; uniformly drawn ones; the first and the last in the order that keeps both schemes level",
        )
        .source(Source::Classical)
        .sweep("T", powers_of_two(8..=13))
        .full_sweep(powers_of_two(8..=16))
        .replicates(60, 200)
        .trivial(|rounds| rounds)
        .measure(move |rounds, streams| -> ratebook::Result<Vec<f64>> {
            let mut regrets = against_judges(&sender, rounds, true, streams)?;
            let (game, rounds) = (Persuasion::courtroom(0.3, &THRESHOLDS)?, rounds as u64);
            let Streams { noise, algorithm, .. } = streams;
            let level = tantalising(rounds).map(|strict| if strict { 3 } else { 0 });
            regrets.push(play(&game, &mut sender(&game, rounds)?, level, true, noise, algorithm)?);
            Ok(regrets)
        })
}

/// Whether the judge of each round is the strict one (0.8, not 0.35), such that the schemes for the lenient one
/// (worth 6/7 from the lenient) and for the strict one (worth 3/8 from both) stay level and whoever is ahead
/// loses: strict whenever the lenient scheme is ahead.
fn tantalising(rounds: u64) -> impl Iterator<Item = bool> {
    let mut lead = 0.0;
    (0..rounds).map(move |_| {
        let strict = lead > 0.0;
        lead += if strict { -0.375 } else { 6.0 / 7.0 - 0.375 };
        strict
    })
}

/// Under partial feedback the worst regret, over a fixed grid of frequencies and a switch, grows at most like √T.
pub fn rate_in_rounds<S: Sender>(
    sender: impl Fn(&Persuasion, u64) -> ratebook::Result<S> + Send + Sync + 'static,
) -> Claim {
    Claim::rate("rate in rounds", f64::sqrt)
        .states("Under partial feedback the expected regret grows at most like $\\sqrt T$.")
        .assuming(
            "prior 0.3, judges who convict from 0.4 on with probability 1/2 ± Δ and from 0.8 on otherwise, the worst ±Δ \
             of 2⁻², …, 2⁻⁶; or from 0.4 on for T/3 rounds and from 0.8 on afterwards",
        )
        .source(Source::Abstract)
        .sweep("T", powers_of_two(9..=13))
        .full_sweep(powers_of_two(9..=15))
        .replicates(60, 400)
        .detects(0.1)
        .measure(move |rounds, streams| -> ratebook::Result<Vec<f64>> {
            let (game, rounds) = (Persuasion::courtroom(0.3, &[0.4, 0.8])?, rounds as u64);
            let regret = |types: &mut dyn Iterator<Item = usize>| {
                // Every sequence meets the same noise and coins.
                let Streams { mut noise, mut algorithm, .. } = streams.clone();
                play(&game, &mut sender(&game, rounds)?, types, false, &mut noise, &mut algorithm)
            };
            let mut regrets = vec![regret(&mut (0..rounds).map(|t| usize::from(t >= rounds / 3)))?];
            for lenient in (2..=6).flat_map(|k| [1.0, -1.0].map(|sign| 0.5 + sign * 0.5f64.powi(k))) {
                let mut draws = streams.instance.clone();
                let mut judges = (0..rounds).map(|_| usize::from(draws.random::<f64>() >= lenient));
                regrets.push(regret(&mut judges)?);
            }
            Ok(regrets)
        })
}

/// With type reporting, the regret against the best menu in hindsight is at most 2√(KT).
pub fn learned_menus<S: MenuSender>(
    sender: impl Fn(&Persuasion, u64) -> ratebook::Result<S> + Send + Sync + 'static,
) -> Claim {
    Claim::at_most("learned menus", |rounds| menu_regret(rounds, 2.0))
        .states("With type reporting the expected regret against the best menu is at most $2\\sqrt{K T}$.")
        .assuming(
            "prior 0.3, judges who convict from 0.35 or 0.8 on, in the order that makes every leader lose",
        )
        .source(Source::Derived)
        .sweep("T", powers_of_two(7..=9))
        .full_sweep(powers_of_two(7..=12))
        .replicates(40, 100)
        .trivial(|rounds| rounds)
        .measure(move |rounds, streams| -> ratebook::Result<f64> {
            let (game, rounds) = (Persuasion::courtroom(0.3, &[0.35, 0.8])?, rounds as u64);
            let mut sender = sender(&game, rounds)?;
            let (mut earned, mut counts) = (0.0, [0.0; 2]);
            for receiver in tantalising(rounds).map(usize::from) {
                let menu = sender.menu(&mut streams.algorithm)?;
                earned += menu.utility(&game, receiver);
                counts[receiver] += 1.0;
                sender.observe(receiver)?;
            }
            Ok(best_menu(&game, &counts, Incentives::Required)?.1 - earned)
        })
}
