//! The claims about tree search against independent solutions on the planted tree.

use ratebook::Result;
use ratebook::decoding::compute_optimal_search::Width;
use ratebook_judge::{Claim, Source, Tolerance};
use statrs::distribution::{Binomial, Discrete};

use super::bounds::{rebase_misses, rebase_samples, sampling_misses};

/// The probability that a step is right.
const RIGHT: f64 = 0.5;
const INSTANCE: &str = "planted tree, each step right with probability 1/2, a reward model that knows right prefixes from wrong ones; \
                        the law of the number of right prefixes carried from depth to depth";

/// The probability that no solution is right, exactly. All that a depth leaves to chance is how many of the
/// children of right prefixes are right, and how many children those have the search itself says.
fn misses(width: &impl Width, reward: impl Fn(bool) -> f64, samples: usize, depth: usize) -> Result<f64> {
    let mut law = vec![0.0; samples + 1];
    law[samples] = 1.0; // as many roots, all right
    let (mut rewards, mut widths) = (Vec::new(), Vec::new());
    for level in 0..depth {
        let mut next = vec![0.0; samples + 1];
        for (right, mass) in law.iter().enumerate().filter(|(_, mass)| **mass > 0.0) {
            rewards.clear();
            rewards.extend((0..samples).map(|node| reward(node < right)));
            let children = if level == 0 {
                samples
            } else {
                width.widths(&rewards, samples, &mut widths);
                widths[..right].iter().sum()
            };
            let binomial = Binomial::new(RIGHT, children as u64).map_err(|_| ratebook::Error::Invalid {
                name: "children",
                requirement: "must have a binomial law",
            })?;
            for (count, next) in next.iter_mut().enumerate().take(children + 1) {
                *next += mass * binomial.pmf(count as u64);
            }
        }
        law = next;
    }
    Ok(law[0])
}

/// The least number of solutions, up to about `cap`, of which one is right with probability ½.
fn samples_for_half(
    width: &impl Width,
    reward: impl Fn(bool) -> f64,
    depth: usize,
    cap: usize,
) -> Result<f64> {
    // Doubling, then a bisection: more solutions never miss more often here.
    let (mut below, mut enough) = (0, 1);
    while enough < cap && misses(width, &reward, enough, depth)? > 0.5 {
        (below, enough) = (enough, 2 * enough);
    }
    while enough - below > 1 {
        let middle = below.midpoint(enough);
        if misses(width, &reward, middle, depth)? > 0.5 { below = middle } else { enough = middle }
    }
    Ok(enough as f64)
}

fn compare<W: Width>(
    id: &str,
    formula: fn(f64, f64, f64) -> f64,
    width: impl Fn() -> Result<W> + Send + Sync + 'static,
    reward: impl Fn(bool) -> f64 + Send + Sync + 'static,
) -> Claim {
    Claim::equals(id, |_| 1.0, Tolerance::Relative(1e-9))
        .assuming(&format!("{INSTANCE}; D = 4, 8, 16, 24; N solutions and N·D steps; measured ÷ formula"))
        .source(Source::Derived)
        .exhaustive()
        .sweep("N", [3.0, 4.0, 5.0, 6.0, 8.0])
        .measure(move |samples, _| -> Result<Vec<f64>> {
            let ratio = |depth: f64| {
                let found = misses(&width()?, &reward, samples as usize, depth as usize)?;
                Ok(found / formula(RIGHT, samples, depth))
            };
            [4.0, 8.0, 16.0, 24.0].into_iter().map(ratio).collect()
        })
}

/// REBASE with N solutions misses with probability 1 − (1 − (1 − p)^N)^D.
pub fn rebase_misses_exactly<W: Width>(
    width: impl Fn() -> Result<W> + Send + Sync + 'static,
    reward: impl Fn(bool) -> f64 + Send + Sync + 'static,
) -> Claim {
    compare("tree search misses", rebase_misses, width, reward).states(
        "REBASE with $N$ solutions of $D$ steps has no right one with probability \
         $1 - (1 - (1-p)^N)^D \\le D(1-p)^N$, where independent solutions miss with probability $(1-p^D)^N$.",
    )
}

/// N independent solutions miss with probability (1 − p^D)^N.
pub fn sampling_misses_exactly<W: Width>(
    width: impl Fn() -> Result<W> + Send + Sync + 'static,
    reward: impl Fn(bool) -> f64 + Send + Sync + 'static,
) -> Claim {
    compare("sampling misses", sampling_misses, width, reward)
        .states("$N$ independent solutions of $D$ steps have no right one with probability $(1-p^D)^N$.")
}

/// The solutions that REBASE needs for a right one with probability ½: logarithmic in the depth.
pub fn samples_of_rebase<W: Width>(
    width: impl Fn() -> Result<W> + Send + Sync + 'static,
    reward: impl Fn(bool) -> f64 + Send + Sync + 'static,
) -> Claim {
    Claim::equals("samples of tree search", |depth| rebase_samples(RIGHT, depth), Tolerance::Relative(1e-9))
        .states("REBASE finds a right solution with probability 1/2 from $N = \\lceil \\log_2 1/(1 - 2^{-1/D}) \\rceil$ on, about $\\log_2 D + 0.53$.")
        .assuming(INSTANCE)
        .source(Source::Derived)
        .exhaustive()
        .sweep("D", [4.0, 8.0, 16.0, 24.0])
        .measure(move |depth, _| samples_for_half(&width()?, &reward, depth as usize, 64))
}

/// The solutions that independent sampling needs for a right one with probability ½: exponential in the depth.
pub fn samples_of_sampling<W: Width>(
    width: impl Fn() -> Result<W> + Send + Sync + 'static,
    reward: impl Fn(bool) -> f64 + Send + Sync + 'static,
) -> Claim {
    Claim::rate_exactly("samples of sampling", |depth| RIGHT.powf(-depth))
        .states("Independent sampling needs a number of solutions that grows like $p^{-D}$ for a right one with probability 1/2.")
        .assuming(INSTANCE)
        .source(Source::Derived)
        .exhaustive()
        .detects(0.05)
        .sweep("D", [4.0, 5.0, 6.0, 7.0, 8.0])
        .full_sweep([4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0])
        .measure(move |depth, _| samples_for_half(&width()?, &reward, depth as usize, 1024))
}
