//! What *Algorithms for Caching and MTS with reduced number of predictions* promises.

mod tasks;

use rand::RngExt;
use ratebook::math::chance::every_outcome;
use ratebook::math::paging::{Page, belady, fewest_faults};
use ratebook::math::sequences::sequences;
use ratebook::online::parsimonious_caching::baselines::{BlindFollower, Lru, Marking};
use ratebook::online::parsimonious_caching::predictors::{Hindsight, Worst};
use ratebook::online::parsimonious_caching::{
    CachePolicy, FollowRobust, Layers, Predictor, Schedule, serve, windows,
};
use ratebook_judge::{Cases, Claim, Paper, Source, Streams, powers_of_two};

pub use tasks::{task_bound, tasks_at_most, tasks_exhaustively};

/// H_k = 1 + 1/2 + … + 1/k.
pub fn harmonic(k: usize) -> f64 {
    (1..=k).map(|i| 1.0 / i as f64).sum()
}

/// 2·H_k + 2: the ratio to the optimum that Follow & Robust keeps whatever the predictor says. The paper proves
/// O(log k); the constants are ours.
pub fn robust_ratio(k: usize) -> f64 {
    2.0 * harmonic(k) + 2.0
}

/// OPT + f(⌈log₂ k⌉)·phases: the most queries. Derived: the Follower queries only when OPT grows, and a phase
/// makes Σ f(i) − f(i − 1) of them.
pub fn most_queries(optimum: usize, phases: usize, k: usize, f: impl Fn(u32) -> usize) -> f64 {
    (optimum + phases * f(windows(k).len() as u32 - 1)) as f64
}

/// The query function of the claims, the smallest one that is possible: f(i) = i.
fn identity(i: u32) -> usize {
    i as usize
}

fn follow_robust(pages: usize, k: usize) -> ratebook::Result<FollowRobust> {
    FollowRobust::new(pages, k, identity)
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let impatient = |pages, k| FollowRobust::with_schedule(pages, Schedule::always(k)?);
    Paper::new(
        "online/parsimonious_caching",
        "Algorithms for Caching and MTS with reduced number of predictions",
    )
    .arxiv("2404.06280")
    .seed_line(95)
    .claim(
        perfect_predictions(follow_robust).control(
            "queries at every request, evicts by LRU",
            perfect_predictions(|n, k| Lru::new(n, k, true)),
        ),
    )
    .claim(
        optimum_online(|pages, k| {
            let mut layers = Layers::new(pages, k)?;
            Ok(move |page| layers.request(page))
        })
        .control("layers that never merge", optimum_online(never_merging)),
    )
    .claim(
        robust(follow_robust)
            .control("Follower without Robust", robust(BlindFollower::new))
            .baseline("random marking", robust(Marking::new)),
    )
    .claim(
        robust_rate(follow_robust)
            .control("Follower without Robust", robust_rate(BlindFollower::new))
            .baseline("random marking", robust_rate(Marking::new)),
    )
    .claim(few_queries(follow_robust).control("queries at every arrival of a phase", few_queries(impatient)))
    .claim(
        few_queries_exhaustively(follow_robust)
            .control("queries at every arrival of a phase", few_queries_exhaustively(impatient)),
    )
    .claim(tasks::listed())
    .claim(tasks::listed_exhaustively())
}

/// Every sequence of at most `longest` requests to k + 2 pages, shortest first.
fn all_requests(
    k: usize,
    longest: usize,
    mut visit: impl FnMut(&[Page]) -> ratebook::Result<()>,
) -> ratebook::Result<()> {
    let alphabet: Vec<Page> = (0..k + 2).collect();
    (1..=longest)
        .try_for_each(|length| sequences(&alphabet, length).try_for_each(|requests| visit(&requests)))
}

/// Under perfect predictions the cost is the optimum, and so is the number of queries.
pub fn perfect_predictions<P: CachePolicy>(
    policy: impl Fn(usize, usize) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    Claim::always("perfect predictions")
        .states("With Belady's caches as answers, faults $=$ queries $=$ OPT.")
        .assuming("every sequence of requests to k + 2 pages, T ≤ 7; f(i) = i")
        .source(Source::Abstract)
        .exhaustive()
        .sweep("k", [1.0, 2.0, 3.0, 4.0])
        .full_sweep((1..=8).map(f64::from).collect::<Vec<_>>())
        .check(move |k, streams, cases| -> ratebook::Result<()> {
            let k = k as usize;
            all_requests(k, 7, |requests| {
                let mut hindsight = Hindsight::new(requests, k);
                let optimum = hindsight.optimum();
                let bill = serve(&mut policy(k + 2, k)?, requests, &mut hindsight, &mut streams.algorithm)?;
                cases.holds(bill.faults == optimum, || format!("{bill:?}, OPT {optimum}, on {requests:?}"));
                cases.holds(bill.queries == optimum, || format!("{bill:?}, OPT {optimum}, on {requests:?}"));
                Ok(())
            })
        })
}

/// The layers' optimum grows exactly when Belady's rule faults, on the whole sequence and so on every prefix.
pub fn optimum_online<C: FnMut(Page) -> ratebook::Result<bool>>(
    counter: impl Fn(usize, usize) -> ratebook::Result<C> + Send + Sync + 'static,
) -> Claim {
    Claim::always("optimum online")
        .states("OPT of a prefix grows at a request exactly when Belady's rule, on the whole sequence, faults there.")
        .assuming("every sequence of requests to k + 2 pages, T ≤ 7")
        .source(Source::Classical)
        .exhaustive()
        .sweep("k", [1.0, 2.0, 3.0, 4.0])
        .full_sweep((1..=8).map(f64::from).collect::<Vec<_>>())
        .check(move |k, _, cases| -> ratebook::Result<()> {
            let k = k as usize;
            let first: Vec<Page> = (0..k).collect();
            all_requests(k, 7, |requests| {
                let mut counter = counter(k + 2, k)?;
                let grows = requests.iter().map(|&page| counter(page)).collect::<ratebook::Result<Vec<_>>>()?;
                let faults = belady(requests, &first);
                let agree = grows.iter().zip(&faults).all(|(&grows, fault)| grows == fault.is_some());
                cases.holds(agree, || format!("{grows:?} on {requests:?}"));
                Ok(())
            })
        })
}

/// The length of the sampled runs.
const HORIZON: usize = 4000;

/// Uniform requests to k + 1 pages.
fn uniform_requests(k: usize, streams: &mut Streams) -> Vec<Page> {
    (0..HORIZON).map(|_| streams.instance.random_range(0..=k)).collect()
}

/// The ratio of the cost to the optimum, when the predictor does its worst.
fn worst_ratio<P: CachePolicy>(policy: &mut P, k: usize, streams: &mut Streams) -> ratebook::Result<f64> {
    let requests = uniform_requests(k, streams);
    let first: Vec<Page> = (0..k).collect();
    let bill = serve(policy, &requests, &mut Worst::new(&requests), &mut streams.algorithm)?;
    Ok(bill.faults as f64 / fewest_faults(&requests, &first) as f64)
}

const WORST_CASE: &str = "the predictor names the asking cache without the page requested soonest; uniform requests to k + 1 pages, \
     T = 4000, f(i) = i";

/// Whatever the predictor says, the cost is at most 2·H_k + 2 times the optimum.
pub fn robust<P: CachePolicy>(
    policy: impl Fn(usize, usize) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    Claim::at_most("robust", |k| robust_ratio(k as usize))
        .states("With the worst answers the cost is at most $(2 H_k + 2) \\cdot \\mathrm{OPT}$.")
        .assuming(&format!("{WORST_CASE}; the constants are ours"))
        .source(Source::Abstract)
        .sweep("k", powers_of_two(2..=6))
        .replicates(60, 1000)
        .measure(move |k, streams| worst_ratio(&mut policy(k as usize + 1, k as usize)?, k as usize, streams))
}

/// Whatever the predictor says, the ratio to the optimum grows no faster than log k.
pub fn robust_rate<P: CachePolicy>(
    policy: impl Fn(usize, usize) -> ratebook::Result<P> + Send + Sync + 'static,
) -> Claim {
    Claim::rate("robust rate", |k| harmonic(k as usize))
        .states("With the worst answers the ratio to OPT grows no faster than $H_k$.")
        .assuming(WORST_CASE)
        .source(Source::Abstract)
        .sweep("k", powers_of_two(2..=7))
        .replicates(60, 1000)
        .measure(move |k, streams| worst_ratio(&mut policy(k as usize + 1, k as usize)?, k as usize, streams))
}

/// The queries are at most OPT + f(⌈log₂ k⌉) a phase, on the runs of [`robust`].
pub fn few_queries(
    policy: impl Fn(usize, usize) -> ratebook::Result<FollowRobust> + Send + Sync + 'static,
) -> Claim {
    Claim::always("few queries")
        .states("There are at most $\\mathrm{OPT} + f(\\lceil \\log_2 k \\rceil) \\cdot$ phases queries.")
        .assuming(WORST_CASE)
        .source(Source::Derived)
        .sweep("k", powers_of_two(2..=6))
        .replicates(135, 688)
        .detects(0.05)
        .check(move |k, streams, cases| {
            let k = k as usize;
            let requests = uniform_requests(k, streams);
            let mut policy = policy(k + 1, k)?;
            let bill = serve(&mut policy, &requests, &mut Worst::new(&requests), &mut streams.algorithm)?;
            compare(&policy, bill.queries, k, &requests, cases);
            ratebook::Result::Ok(())
        })
}

fn compare(policy: &FollowRobust, queries: usize, k: usize, requests: &[Page], cases: &mut Cases) {
    let first: Vec<Page> = (0..k).collect();
    let bound = most_queries(fewest_faults(requests, &first), policy.phases(), k, identity);
    cases.at_most(queries as f64, bound, || {
        format!("{} phases on {:?}…", policy.phases(), &requests[..k.min(9)])
    });
}

/// The same for every sequence of requests, every outcome of the coins, and three predictors.
pub fn few_queries_exhaustively(
    policy: impl Fn(usize, usize) -> ratebook::Result<FollowRobust> + Send + Sync + 'static,
) -> Claim {
    Claim::always("few queries exhaustively")
        .states("There are at most $\\mathrm{OPT} + f(\\lceil \\log_2 k \\rceil) \\cdot$ phases queries.")
        .assuming(
            "every sequence of requests to k + 2 pages, T ≤ max(5, 9 − k), and every outcome of the coins; the predictor is right, or the worst, or says nothing; f(i) = i",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("k", [2.0, 3.0, 4.0, 5.0])
        .check(move |k, _, cases| -> ratebook::Result<()> {
            let k = k as usize;
            all_requests(k, (9 - k).max(5), |requests| {
                let (mut right, mut worst) = (Hindsight::new(requests, k), Worst::new(requests));
                let predictors: [&mut dyn Predictor; 3] = [&mut right, &mut worst, &mut Silent];
                for predictor in predictors {
                    let run = |chance: &mut dyn ratebook::math::chance::Chance| {
                        let mut policy = policy(k + 2, k)?;
                        let bill = serve(&mut policy, requests, &mut *predictor, chance)?;
                        Ok((policy, bill.queries))
                    };
                    let mut failed = Ok(());
                    every_outcome(run, |_, outcome| match outcome {
                        Ok((policy, queries)) => compare(&policy, queries, k, requests, cases),
                        Err(error) => failed = Err(error),
                    });
                    failed?;
                }
                Ok(())
            })
        })
}

/// A predictor whose answer is empty.
struct Silent;

impl Predictor for Silent {
    fn predict(&mut self, _: usize, _: Page, _: &[Page], _: &mut Vec<Page>) {}
}

/// A broken counter: an unknown page drops the lowest layer instead of merging the two highest.
fn never_merging(_: usize, k: usize) -> ratebook::Result<impl FnMut(Page) -> ratebook::Result<bool>> {
    let mut layers: Vec<Page> = (0..k).collect();
    Ok(move |page| {
        let at = layers.iter().position(|&other| other == page);
        layers.remove(at.unwrap_or(0));
        layers.push(page);
        Ok(at.is_none())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(harmonic(4), 25.0 / 12.0, max_relative = 1e-12);
        assert_relative_eq!(robust_ratio(1), 4.0, max_relative = 1e-12);
        assert_relative_eq!(robust_ratio(4), 37.0 / 6.0, max_relative = 1e-12);
        // ⌈log₂ 5⌉ = 3 and f(3) = 7.
        assert_eq!(most_queries(10, 3, 5, |i| (1 << i) - 1), 31.0);
        assert_eq!(most_queries(10, 3, 1, identity), 10.0);
    }

    quickcheck! {
        fn the_harmonic_number_is_a_logarithm(k: u8) -> bool {
            let k = usize::from(k) + 1;
            let gamma = harmonic(k) - (k as f64).ln();
            (0.577..=1.0).contains(&gamma)
        }

        fn more_phases_allow_more_queries(optimum: u16, phases: u16, k: u8) -> bool {
            let (optimum, phases, k) = (usize::from(optimum), usize::from(phases), usize::from(k) + 2);
            most_queries(optimum, phases, k, identity) < most_queries(optimum, phases + 1, k, identity)
                && most_queries(optimum, phases, k, identity) <= most_queries(optimum, phases, 2 * k, identity)
        }
    }
}
