//! Follow & Robust, the optimum online, and metrical task systems with rare predictions.

use nalgebra::{DMatrix, dmatrix};
use proptest::prelude::*;
use ratebook::math::chance::{Chance, every_outcome};
use ratebook::math::paging::{Page, fewest_faults};
use ratebook::math::sequences::sequences;
use ratebook::online::parsimonious_caching::baselines::{BlindFollower, Lru, Marking};
use ratebook::online::parsimonious_caching::predictors::{Hindsight, Worst};
use ratebook::online::parsimonious_caching::tasks::{Metric, PeriodicFollower, TaskPolicy};
use ratebook::online::parsimonious_caching::{
    CachePolicy, FollowRobust, Layers, Predictor, Schedule, serve, windows,
};
use ratebook::{Error, Result};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config, rng};

/// Answers with whatever the test says, in turns.
struct Scripted(Vec<Vec<Page>>, usize);

impl Predictor for Scripted {
    fn predict(&mut self, _: usize, _: Page, _: &[Page], answer: &mut Vec<Page>) {
        if !self.0.is_empty() {
            answer.extend_from_slice(&self.0[self.1 % self.0.len()]);
            self.1 += 1;
        }
    }
}

/// Asserts what every policy owes to its caller, request by request, and returns the faults.
fn obeys(
    policy: &mut dyn CachePolicy,
    k: usize,
    requests: &[Page],
    predictor: &mut dyn Predictor,
    coins: &mut dyn Chance,
) -> usize {
    let mut faults = 0;
    for &page in requests {
        let before = policy.cache().to_vec();
        let fault = policy.request(page, predictor, coins).unwrap();
        let after = policy.cache();
        assert_eq!(fault, !before.contains(&page));
        assert!(after.contains(&page) && after.len() == k);
        // One page is loaded on a fault, none on a hit.
        assert_eq!(after.iter().filter(|page| !before.contains(page)).count(), usize::from(fault));
        faults += usize::from(fault);
    }
    faults
}

/// The fewest faults by dynamic programming over all caches, as bit sets.
fn brute_force(requests: &[Page], pages: usize, k: usize) -> usize {
    let mut least = vec![usize::MAX; 1 << pages];
    least[(1 << k) - 1] = 0;
    for &page in requests {
        let mut next = vec![usize::MAX; 1 << pages];
        for cache in (0..1usize << pages).filter(|&cache| least[cache] < usize::MAX) {
            let cost = least[cache];
            if cache >> page & 1 == 1 {
                next[cache] = next[cache].min(cost);
            }
            for evicted in (0..pages).filter(|e| cache >> page & 1 == 0 && cache >> e & 1 == 1) {
                let after = cache & !(1 << evicted) | 1 << page;
                next[after] = next[after].min(cost + 1);
            }
        }
        least = next;
    }
    least.into_iter().min().unwrap()
}

/// Belady's rule and the layers against the dynamic program, on every short sequence.
#[test]
fn belady_and_the_layers_are_optimal() {
    for (k, pages, longest) in [(1, 3, 7), (2, 4, 6), (3, 5, 5), (2, 5, 5)] {
        let (alphabet, first): (Vec<Page>, Vec<Page>) = ((0..pages).collect(), (0..k).collect());
        for requests in sequences(&alphabet, longest) {
            let optimum = brute_force(&requests, pages, k);
            assert_eq!(fewest_faults(&requests, &first), optimum, "{requests:?}");
            let mut layers = Layers::new(pages, k).unwrap();
            let grown = requests.iter().filter(|&&page| layers.request(page).unwrap()).count();
            assert_eq!((grown, layers.faults()), (optimum, optimum), "{requests:?}");
        }
    }
}

fn requests(pages: usize, longest: usize) -> impl Strategy<Value = Vec<Page>> {
    prop::collection::vec(0..pages, 0..longest)
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn any_answers_and_coins_give_a_legal_run(
        requests in requests(12, 200),
        k in 1usize..12,
        answers in prop::collection::vec(prop::collection::vec(0usize..15, 0..15), 0..6),
        mut coins in HalfAdversarial::strategy(40),
    ) {
        let mut predictor = Scripted(answers, 0);
        let mut policy = FollowRobust::new(12, k, |i| i as usize).unwrap();
        let faults = obeys(&mut policy, k, &requests, &mut predictor, &mut coins);
        let optimum = fewest_faults(&requests, &(0..k).collect::<Vec<_>>());
        prop_assert!(faults >= optimum);
        prop_assert_eq!(policy.optimum(), optimum);
        obeys(&mut BlindFollower::new(12, k).unwrap(), k, &requests, &mut predictor, &mut coins);
        obeys(&mut Marking::new(12, k).unwrap(), k, &requests, &mut predictor, &mut coins);
        obeys(&mut Lru::new(12, k, true).unwrap(), k, &requests, &mut predictor, &mut coins);
    }

    #[test]
    fn perfect_predictions_cost_the_optimum_on_long_sequences(k in 1usize..20, extra in 1usize..20, seed in any::<u64>()) {
        use rand::RngExt;
        let (pages, mut random) = (k + extra, rng(seed));
        // Popular pages and rare ones: the square of a uniform number.
        let page = |_| (random.random::<f64>().powi(2) * pages as f64) as usize;
        let requests: Vec<Page> = (0..2000).map(page).collect();
        let mut hindsight = Hindsight::new(&requests, k);
        let mut policy = FollowRobust::new(pages, k, |i| i as usize).unwrap();
        let bill = serve(&mut policy, &requests, &mut hindsight, &mut rng(1)).unwrap();
        prop_assert_eq!((bill.faults, bill.queries, policy.phases()), (hindsight.optimum(), hindsight.optimum(), 0));
    }

    #[test]
    fn the_optimum_does_not_depend_on_names(requests in requests(7, 60), k in 1usize..5, turn in 0usize..7) {
        // Renaming within the first cache, and within the other pages.
        let rename = |page: Page| if page < k { (page + turn) % k } else { k + (page - k + turn) % (7 - k) };
        let count = |requests: &[Page]| {
            let mut layers = Layers::new(7, k).unwrap();
            requests.iter().map(|&page| layers.request(page).unwrap()).collect::<Vec<_>>()
        };
        let renamed: Vec<Page> = requests.iter().map(|&page| rename(page)).collect();
        prop_assert_eq!(count(&requests), count(&renamed));
    }

    #[test]
    fn a_phase_spends_its_queries(k in 1usize..200, base in 1usize..3) {
        let f = |i: u32| if base == 1 { i as usize } else { (1 << i) - 1 };
        let (starts, schedule) = (windows(k), Schedule::new(k, f).unwrap());
        prop_assert_eq!((starts[0], *starts.last().unwrap()), (1, k));
        prop_assert!(starts.windows(2).all(|pair| pair[0] < pair[1]));
        let spent = (1..=k).filter(|&arrival| schedule.queries_at(arrival)).count();
        let levels = starts.len() - 1;
        prop_assert!(spent <= f(levels as u32));
        if base == 1 {
            prop_assert_eq!(spent, levels);
        }
        prop_assert!(!schedule.queries_at(0) && !schedule.queries_at(k + 1));
    }

    #[test]
    fn bad_caches_are_refused(k in 0usize..6, pages in 0usize..6) {
        let legal = k > 0 && k <= pages;
        let names_k = |error: Option<Error>| match error {
            None => legal,
            Some(error) => !legal && error.to_string().starts_with('k'),
        };
        prop_assert!(names_k(FollowRobust::new(pages, k, |i| i as usize).err()));
        prop_assert!(names_k(Layers::new(pages, k).err()));
        prop_assert!(names_k(BlindFollower::new(pages, k).err()));
        prop_assert!(names_k(Marking::new(pages, k).err()));
        prop_assert!(names_k(Lru::new(pages, k, false).err()));
    }

    #[test]
    fn bad_metrics_and_tasks_are_refused(x in awkward_f64()) {
        let legal = x >= 0.0 && x.is_finite();
        prop_assert_eq!(Metric::new(dmatrix![0.0, x; x, 0.0]).is_ok(), legal);
        prop_assert_eq!(Metric::new(dmatrix![x, 1.0; 1.0, 0.0]).is_ok(), x == 0.0);
        let metric = Metric::new(dmatrix![0.0, 1.0; 1.0, 0.0]).unwrap();
        prop_assert_eq!(metric.optimal_path(0, &[vec![x, 0.0]]).is_ok(), legal);
        let served = PeriodicFollower::new(metric, 2, 0).unwrap().serve(&[0.0, x], &mut || 0);
        prop_assert_eq!(served.is_ok(), legal);
    }

    #[test]
    fn the_optimal_path_is_the_best_of_all(
        points in prop::collection::vec(0.0..1.0f64, 3),
        tasks in prop::collection::vec(prop::collection::vec(0.0..1.0f64, 3), 0..6),
        start in 0usize..3,
    ) {
        let metric = Metric::new(DMatrix::from_fn(3, 3, |x, y| (points[x] - points[y]).abs())).unwrap();
        let cost = |path: &[usize]| {
            let from = std::iter::once(start).chain(path.iter().copied());
            let step = |((x, &y), task): ((usize, &usize), &Vec<f64>)| metric.between(x, y) + task[y];
            from.zip(path).zip(&tasks).map(step).sum::<f64>()
        };
        let (path, optimum) = metric.optimal_path(start, &tasks).unwrap();
        prop_assert!((cost(&path) - optimum).abs() < 1e-12);
        let least = sequences(&[0, 1, 2], tasks.len()).map(|path| cost(&path)).fold(f64::INFINITY, f64::min);
        prop_assert!((optimum - least).abs() < 1e-12);
        // Asked at every step and told the truth, it pays at most what the best path pays in moves and detours.
        let mut policy = PeriodicFollower::new(metric.clone(), 1, start).unwrap();
        let costs = tasks.iter().zip(&path).map(|(task, &state)| policy.serve(task, &mut || state).unwrap());
        prop_assert!(costs.sum::<f64>() <= optimum + 1e-12);
    }
}

/// In a phase on k + 1 pages the one that is missing is uniform among the unmarked ones, so random marking has
/// 1 + 1/k + … + 1/2 expected faults in its phase of a shuffled sequence; here over every outcome of the coins.
#[test]
fn marking_has_its_harmonic_cost() {
    let mut expected = 0.0;
    let run = |chance: &mut dyn Chance| {
        let mut policy = Marking::new(4, 3).unwrap();
        serve(&mut policy, &[0, 1, 2, 3, 0, 1], &mut Scripted(vec![], 0), chance).unwrap().faults
    };
    every_outcome(run, |probability, faults| expected += probability * faults as f64);
    // Page 3 evicts one of three; then 0 is missing with probability 1/3, and 1 with probability 1/2.
    assert!((expected - (1.0 + 1.0 / 3.0 + 1.0 / 2.0)).abs() < 1e-12);
}

/// A mistake is caught at once: the answer leaves out a page that comes back before the optimum grows again.
#[test]
fn a_wrong_answer_starts_a_phase() {
    let requests = [2, 0, 2, 0];
    let mut policy = FollowRobust::new(3, 2, |i| i as usize).unwrap();
    let bill = serve(&mut policy, &requests, &mut Worst::new(&requests), &mut rng(1)).unwrap();
    assert_eq!((policy.optimum(), policy.phases(), bill.faults), (1, 1, 2));
}

#[test]
fn bad_query_functions_are_refused() {
    let refused = |f: fn(u32) -> usize| matches!(Schedule::new(16, f), Err(Error::Invalid { name: "f", .. }));
    assert!(refused(|_| 0) && refused(|i| i as usize + 1) && refused(|i| 1 << i));
    // Increasing but not convex: 0, 1, 3, 4.
    assert!(refused(|i| [0, 1, 3, 4, 9][i as usize]));
    assert!(Schedule::new(0, |i| i as usize).is_err() && Schedule::always(0).is_err());
    assert!(Schedule::new(1, |_| 0).is_ok());
}

#[test]
fn what_does_not_exist_is_refused() -> Result<()> {
    let mut policy = FollowRobust::new(3, 2, |i| i as usize)?;
    let unchanged = policy.cache().to_vec();
    let refused = policy.request(3, &mut Scripted(vec![], 0), &mut rng(1));
    assert!(matches!(refused, Err(Error::OutOfRange { name: "page", .. })));
    assert_eq!(policy.cache(), unchanged);
    let metric = Metric::new(dmatrix![0.0, 1.0; 1.0, 0.0])?;
    assert!(PeriodicFollower::new(metric.clone(), 0, 0).is_err());
    assert!(PeriodicFollower::new(metric.clone(), 1, 2).is_err() && metric.optimal_path(2, &[]).is_err());
    let lied = PeriodicFollower::new(metric.clone(), 1, 0)?.serve(&[0.0, 0.0], &mut || 7);
    assert!(matches!(lied, Err(Error::OutOfRange { name: "prediction", .. })));
    assert!(metric.optimal_path(0, &[vec![0.0]]).is_err());
    assert!(Metric::new(DMatrix::zeros(0, 0)).is_err() && Metric::new(DMatrix::zeros(1, 2)).is_err());
    assert!(Metric::new(dmatrix![0.0, 1.0; 2.0, 0.0]).is_err());
    assert!(Metric::new(dmatrix![0.0, 1.0, 9.0; 1.0, 0.0, 1.0; 9.0, 1.0, 0.0]).is_err());
    Ok(())
}
