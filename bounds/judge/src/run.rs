//! Runs a claim: every replicate of every point in parallel, with the same result on any number of
//! threads.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::claim::{Claim, Role};
use crate::experiment::{Cases, Experiment, Fault};
use crate::outcome::{Outcome, SeriesOutcome};
use crate::sample::{Point, Sample};
use crate::streams::Streams;
use crate::verdict;

/// How much is run, and at what error rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// About a second a claim on one core; α = 1e-3 a point.
    Quick,
    /// Up to a minute a claim; α = 1e-6 a point.
    Full,
}

impl Tier {
    /// The error rate of each checked point.
    pub fn alpha(self) -> f64 {
        match self {
            Tier::Quick => 1e-3,
            Tier::Full => 1e-6,
        }
    }

    /// Its name in records and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Quick => "quick",
            Tier::Full => "full",
        }
    }
}

/// The root seed of records and of `cargo test`.
pub const ROOT_SEED: u64 = 2026;

/// What a run depends on beside the claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// All streams derive from it.
    pub root_seed: u64,
    /// How much is run.
    pub tier: Tier,
}

impl Default for Settings {
    fn default() -> Self {
        Self { root_seed: ROOT_SEED, tier: Tier::Quick }
    }
}

/// What an experiment gave.
#[derive(Debug, Clone, PartialEq)]
pub enum Measured {
    /// Numbers, for every law but `always`.
    Numbers(Sample),
    /// For `always`: the ledger at each point of the sweep.
    Ledgers(Vec<(f64, Cases)>),
}

/// Runs a claim and its companions. `paper` is the paper's id; streams derive from it and from the
/// claim's own id, so that all companions see what the method sees.
pub fn run(paper: &str, claim: &Claim, settings: Settings) -> Outcome {
    let key = format!("{paper}/{}", claim.id);
    let series = |name: &str, role: Option<Role>, claim: &Claim| -> SeriesOutcome {
        let judged = measure(claim, &key, settings).and_then(|m| verdict::judge(claim, &m, settings.tier));
        SeriesOutcome::new(name, role, judged)
    };
    let method = series("method", None, claim);
    let companions =
        claim.companions.iter().map(|c| series(&c.name, Some(c.role), &c.claim)).collect::<Vec<_>>();
    Outcome::new(&key, claim, settings, method, companions)
}

/// Measures a claim without judging it. `key` is the full name that streams derive from.
///
/// # Errors
/// The first fault, in the order of points and replicates.
pub fn measure(claim: &Claim, key: &str, settings: Settings) -> Result<Measured, Fault> {
    let xs = claim.points(settings.tier);
    let replicates = claim.replicates_in(settings.tier);
    if xs.is_empty() || replicates == 0 {
        return Err(Fault::Design("the sweep has no point or no replicate".into()));
    }
    let streams = |point, replicate| Streams::new(settings.root_seed, key, point, replicate);
    match claim.experiment()? {
        Experiment::Points(run) => {
            let values = grid(xs, replicates, |point, replicate, x| run(x, &mut streams(point, replicate)))?;
            let points =
                xs.iter().zip(values).map(|(&x, values)| point(x, values)).collect::<Result<_, _>>()?;
            Ok(Measured::Numbers(Sample { points, paths: false }))
        }
        Experiment::Paths(run) => {
            let paths: Vec<_> =
                (0..replicates).into_par_iter().map(|r| run(xs, &mut streams(0, r))).collect();
            let mut values = vec![Vec::with_capacity(replicates); xs.len()];
            for (replicate, path) in paths.into_iter().enumerate() {
                let path = path.map_err(|message| Fault::Failed { x: xs[0], replicate, message })?;
                if path.len() != xs.len() {
                    return Err(Fault::Design(format!("a path of {} points, not {}", path.len(), xs.len())));
                }
                values.iter_mut().zip(path).for_each(|(values, value)| values.push(value));
            }
            let points =
                xs.iter().zip(values).map(|(&x, values)| point(x, values)).collect::<Result<_, _>>()?;
            Ok(Measured::Numbers(Sample { points, paths: true }))
        }
        Experiment::Cases(run) => {
            let ledgers = grid(xs, replicates, |point, replicate, x| {
                let mut cases = Cases::default();
                run(x, &mut streams(point, replicate), &mut cases).map(|()| cases)
            })?;
            let mut merged = Vec::with_capacity(xs.len());
            for (&x, ledgers) in xs.iter().zip(ledgers) {
                let mut total = Cases::default();
                for (replicate, ledger) in ledgers.into_iter().enumerate() {
                    if let Some(value) = ledger.not_finite {
                        return Err(Fault::NotFinite { x, replicate, value });
                    }
                    total.merge(ledger);
                }
                merged.push((x, total));
            }
            Ok(Measured::Ledgers(merged))
        }
    }
}

/// `run` at every point and replicate in parallel, the last points (usually the dearest) first; the
/// results are in the order of points and replicates, and so is the error.
fn grid<T: Send>(
    xs: &[f64],
    replicates: usize,
    run: impl Fn(usize, usize, f64) -> Result<T, String> + Sync,
) -> Result<Vec<Vec<T>>, Fault> {
    let mut results: Vec<_> = (0..xs.len() * replicates)
        .into_par_iter()
        .rev()
        .map(|task| run(task / replicates, task % replicates, xs[task / replicates]))
        .collect();
    results.reverse();
    let mut results = results.into_iter();
    xs.iter()
        .map(|&x| {
            (results.by_ref().take(replicates).enumerate())
                .map(|(replicate, result)| result.map_err(|message| Fault::Failed { x, replicate, message }))
                .collect()
        })
        .collect()
}

/// Turns the replicates of a point (each a value a member) into a value a replicate for each member.
fn point(x: f64, replicates: Vec<Vec<f64>>) -> Result<Point, Fault> {
    let size = replicates.first().map_or(0, Vec::len);
    if size == 0 {
        return Err(Fault::Design(format!("the family at {x} is empty")));
    }
    let mut members = vec![Vec::with_capacity(replicates.len()); size];
    for (replicate, values) in replicates.into_iter().enumerate() {
        if values.len() != size {
            return Err(Fault::Design(format!(
                "the family at {x} changes its size at replicate {replicate}"
            )));
        }
        for (member, value) in members.iter_mut().zip(values) {
            if !value.is_finite() {
                return Err(Fault::NotFinite { x, replicate, value });
            }
            member.push(value);
        }
    }
    Ok(Point { x, members })
}
