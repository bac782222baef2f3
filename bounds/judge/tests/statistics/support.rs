//! What the judge's own statistical tests share.

use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;
use rand::SeedableRng;
use rand_pcg::Pcg64;
use ratebook_judge::quantile::{binomial_cdf, binomial_upper};
use rayon::prelude::*;

/// A wrong alarm of a simulation test would have had this probability, had its seed not been fixed.
const ALARM: f64 = 1e-4;

/// A proptest configuration with a fixed seed.
pub fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(2026), failure_persistence: None, ..Default::default() }
}

/// Runs an experiment many times, each with a generator of its own, and counts each of its events.
pub fn count<const N: usize>(runs: usize, experiment: impl Fn(&mut Pcg64) -> [bool; N] + Sync) -> [usize; N] {
    (0..runs)
        .into_par_iter()
        .map(|run| experiment(&mut Pcg64::seed_from_u64(run as u64)).map(usize::from))
        .reduce(|| [0; N], |a, b| std::array::from_fn(|event| a[event] + b[event]))
}

/// The exact binomial test does not refuse that the event's probability is at most `rate`.
#[track_caller]
pub fn assert_at_most(events: usize, runs: usize, rate: f64) {
    let p_value = binomial_upper(events, runs, rate);
    assert!(p_value >= ALARM, "{events} of {runs} runs are too many for a rate of {rate}: p = {p_value}");
}

/// The exact binomial test does not refuse that the event's probability is at least `rate`.
#[track_caller]
pub fn assert_at_least(events: usize, runs: usize, rate: f64) {
    let p_value = binomial_cdf(events, runs, rate);
    assert!(p_value >= ALARM, "{events} of {runs} runs are too few for a rate of {rate}: p = {p_value}");
}
