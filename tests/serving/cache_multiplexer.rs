//! Least expected cost, its plan against all plans, and the cache policies.

use proptest::prelude::*;
use rand::RngExt;
use ratebook::serving::cache_multiplexer::{
    Always, Cached, Lec, Log, LowerConfidence, Multiplexer, Plan, Server, Setting, Weights,
};
use ratebook::serving::caching::{CachePolicy, GreedyDual, Lfu, Lru, Request};
use ratebook::{Error, Result};
use ratebook_test_support::{HalfAdversarial, awkward_f64, config};

/// A law, and costs of as many queries for M models.
fn workload() -> impl Strategy<Value = (Vec<f64>, Vec<Vec<f64>>)> {
    (1usize..=7, 1usize..=3).prop_flat_map(|(queries, models)| {
        let law = prop::collection::vec(1u32..20, queries).prop_map(|masses| {
            let total: u32 = masses.iter().sum();
            masses.iter().map(|&mass| f64::from(mass) / f64::from(total)).collect()
        });
        (law, prop::collection::vec(prop::collection::vec(0.0..5.0f64, models), queries))
    })
}

/// The least cost of a plan, by going through the caches with a recursion on queries and every model.
fn brute_force(weights: &Weights, query: usize, capacity: usize) -> f64 {
    if query == weights.queries() {
        return 0.0;
    }
    let missed = |w: &f64| w + brute_force(weights, query + 1, capacity);
    let cached = if capacity > 0 { brute_force(weights, query + 1, capacity - 1) } else { f64::INFINITY };
    weights.of(query).iter().map(missed).fold(cached, f64::min)
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn no_plan_costs_less((law, costs) in workload(), capacity in 0usize..8) {
        let weights = Weights::new(&law, &costs).unwrap();
        let plan = Plan::optimal(&weights, capacity);
        let cost = plan.cost(&weights).unwrap();
        prop_assert!((cost - brute_force(&weights, 0, capacity)).abs() < 1e-12);
        prop_assert_eq!(plan.cached().iter().filter(|&&cached| cached).count(), capacity.min(law.len()));
        // A larger cache and lower costs cost less.
        prop_assert!(Plan::optimal(&weights, capacity + 1).cost(&weights).unwrap() <= cost + 1e-12);
    }

    #[test]
    fn raising_a_cost_never_lowers_the_optimum(
        (law, mut costs) in workload(),
        capacity in 0usize..8,
        at in any::<prop::sample::Index>(),
        more in 0.0..3.0f64,
    ) {
        let optimum = |costs: &[Vec<f64>]| {
            let weights = Weights::new(&law, costs).unwrap();
            Plan::optimal(&weights, capacity).cost(&weights).unwrap()
        };
        let before = optimum(&costs);
        let row = at.get(&costs).len();
        costs[at.index(law.len())][at.index(row)] += more;
        prop_assert!(optimum(&costs) >= before - 1e-12);
    }

    #[test]
    fn a_log_without_noise_gives_the_weights_of_its_frequencies(
        counts in prop::collection::vec(1u64..50, 1..8),
        cost in 0.0..5.0f64,
    ) {
        let total = counts.iter().sum::<u64>() as f64;
        let law: Vec<f64> = counts.iter().map(|&count| count as f64 / total).collect();
        let costs: Vec<Vec<f64>> = (0..counts.len()).map(|query| vec![cost, query as f64]).collect();
        let mut log = Log::new(counts.len(), 2).unwrap();
        for (query, &count) in counts.iter().enumerate() {
            let n = count as f64;
            log.add(query, count, &[n * cost, n * query as f64]).unwrap();
        }
        let (estimate, truth) = (log.weights().unwrap(), Weights::new(&law, &costs).unwrap());
        for query in 0..counts.len() {
            for (a, b) in estimate.of(query).iter().zip(truth.of(query)) {
                prop_assert!((a - b).abs() <= 1e-12 * b.max(1.0));
            }
        }
    }

    /// A hit is free, asks no model and leaves what is known of costs untouched; the cache keeps its size; a miss
    /// asks the model of least bound, once.
    #[test]
    fn serving_is_legal(
        requests in prop::collection::vec(0usize..6, 1..200),
        capacity in 0usize..7,
        mut coins in HalfAdversarial::strategy(30),
    ) {
        let setting = Setting::new(6, 3, 0.5, 2.0).unwrap();
        let mut server = Lec::new(setting, capacity, 200).unwrap();
        for query in requests {
            let before = server.clone();
            let mut asked = Vec::new();
            let paid = server.serve(query, &mut |model| {
                asked.push(model);
                0.5 + 1.5 * coins.random::<f64>()
            }).unwrap();
            prop_assert_eq!(&asked, &Vec::from_iter(before.choice(query)));
            prop_assert!(server.cached().len() <= capacity);
            let seen = |server: &Lec<LowerConfidence>, q, m| server.multiplexer().seen(q, m);
            for (q, m) in (0..6).flat_map(|q| (0..3).map(move |m| (q, m))) {
                let learned = u64::from(q == query && asked.contains(&m));
                prop_assert_eq!(seen(&server, q, m), seen(&before, q, m) + learned);
            }
            if asked.is_empty() {
                prop_assert_eq!(paid, 0.0);
                prop_assert_eq!(server.cached(), before.cached());
            } else {
                let bounds = (0..3).map(|m| before.multiplexer().lower(query, m));
                prop_assert_eq!(bounds.fold(f64::INFINITY, f64::min), before.multiplexer().lower(query, asked[0]));
                prop_assert!((0.5..=2.0).contains(&paid));
            }
        }
    }

    /// Lists of every key with its last use or count, instead of positions.
    #[test]
    fn recency_and_frequency_against_their_definitions(requests in prop::collection::vec(0usize..6, 1..80), capacity in 1usize..6) {
        let (mut lru, mut lfu) = (Lru::new(6, capacity).unwrap(), Lfu::new(6, capacity).unwrap());
        for end in 1..=requests.len() {
            let past = &requests[..end];
            lru.access(Request::unit(past[end - 1]), &mut Vec::new()).unwrap();
            lfu.access(Request::unit(past[end - 1]), &mut Vec::new()).unwrap();
            // The cache of LRU is the last `capacity` different keys.
            let mut recent = Vec::new();
            for &key in past.iter().rev() {
                if !recent.contains(&key) && recent.len() < capacity {
                    recent.push(key);
                }
            }
            recent.sort_unstable();
            let mut held = lru.contents().to_vec();
            held.sort_unstable();
            prop_assert_eq!(held, recent);
            // No key outside was requested more often than one inside.
            let count = |key: usize| past.iter().filter(|&&other| other == key).count();
            let least = lfu.contents().iter().map(|&key| count(key)).min().unwrap();
            let outside = (0..6).filter(|key| !lfu.contents().contains(key));
            let room = lfu.contents().len() < capacity;
            let allowed = if room { 0 } else { least };
            prop_assert!(outside.map(count).all(|n| n <= allowed));
        }
    }

    #[test]
    fn greedy_dual_never_overflows_and_its_clock_never_turns_back(
        requests in prop::collection::vec((0usize..8, 0.0..9.0f64, 0.1..4.0f64), 1..120),
        capacity in 0.0..10.0f64,
    ) {
        let mut dual = GreedyDual::new(8, capacity).unwrap();
        let (mut clock, mut evicted) = (0.0, Vec::new());
        for (key, cost, size) in requests {
            let before = dual.contents().to_vec();
            evicted.clear();
            let hit = dual.access(Request::new(key, cost, size).unwrap(), &mut evicted).unwrap();
            prop_assert_eq!(hit, before.contains(&key));
            prop_assert!(dual.filled() <= capacity && dual.clock() >= clock);
            prop_assert!(evicted.iter().all(|key| before.contains(key) && !dual.contents().contains(key)));
            prop_assert_eq!(dual.contents().contains(&key), hit || size <= capacity);
            clock = dual.clock();
        }
    }

    #[test]
    fn awkward_numbers_are_refused_by_name(x in awkward_f64()) {
        let named = |error: Option<Error>, legal: bool, name: &str| match error {
            None => legal,
            Some(error) => !legal && error.to_string().starts_with(name),
        };
        let (natural, positive) = (x >= 0.0 && x.is_finite(), x > 0.0 && x.is_finite());
        prop_assert!(named(Request::new(0, x, 1.0).err(), natural, "cost"));
        prop_assert!(named(Request::new(0, 1.0, x).err(), positive, "size"));
        prop_assert!(named(GreedyDual::new(1, x).err(), natural, "capacity"));
        prop_assert!(named(Weights::new(&[1.0], &[vec![x]]).err(), natural, "cost"));
        prop_assert!(named(Weights::new(&[x], &[vec![1.0]]).err(), x == 1.0, "probabilities"));
        prop_assert!(named(Setting::new(1, 1, 0.0, x).err(), natural, "high"));
        prop_assert!(named(Setting::new(1, 1, x, f64::MAX).err(), natural, "low"));
        let mut log = Log::new(1, 1).unwrap();
        prop_assert!(named(log.add(0, 1, &[x]).err(), natural, "sum"));
        let setting = Setting::new(1, 1, 0.0, 1.0).unwrap();
        prop_assert!(named(LowerConfidence::with_log(setting, x).err(), natural, "log"));
        let mut server = Lec::new(setting, 0, 1).unwrap();
        prop_assert!(named(server.serve(0, &mut |_| x).err(), (0.0..=1.0).contains(&x), "cost"));
    }
}

/// Without confidence bounds an over-estimated query stays for ever, with them it leaves.
#[test]
fn lower_bounds_thaw_a_frozen_cache() -> Result<()> {
    let setting = Setting::new(2, 1, 0.0, 1.0)?;
    let late = |mut server: Lec<LowerConfidence>| -> Result<bool> {
        // Query 0 costs 1 once, and would cost 0 ever after; query 1 costs one half.
        server.serve(0, &mut |_| 1.0)?;
        (0..500)
            .try_for_each(|t| server.serve(t % 2, &mut |_| if t % 2 == 0 { 0.0 } else { 0.5 }).map(drop))?;
        Ok(server.cached() == [1])
    };
    assert!(!late(Lec::with(LowerConfidence::with_log(setting, 0.0)?, setting, 1))?);
    assert!(late(Lec::new(setting, 1, 501)?)?);
    Ok(())
}

#[test]
fn a_cache_of_another_policy_is_told_the_bound() -> Result<()> {
    let setting = Setting::new(3, 2, 1.0, 4.0)?;
    let known = || LowerConfidence::with_log(setting, 0.0);
    let mut server = Cached::new(GreedyDual::new(3, 2.0)?, known()?, vec![1.0; 3])?;
    // Priorities 4 and 2, although the second model's cost is still taken to be 1.
    for (query, cost) in [(0, 4.0), (1, 2.0)] {
        assert_eq!(server.serve(query, &mut |_| cost)?, cost);
    }
    assert_eq!((server.choice(0), server.choice(2)), (None, Some(0)));
    let mut fixed = Always::new(known()?, 1)?;
    fixed.learn(0, 1, 3.0)?;
    assert_eq!((fixed.choose(0), fixed.choose(1)), ((1, 3.0), (1, 1.0)));
    Ok(())
}

#[test]
fn what_does_not_exist_is_refused() -> Result<()> {
    let setting = Setting::new(2, 2, 0.0, 1.0)?;
    assert!(Setting::new(0, 1, 0.0, 1.0).is_err() && Setting::new(1, 0, 0.0, 1.0).is_err());
    assert!(matches!(Setting::new(1, 1, 2.0, 1.0), Err(Error::OutOfRange { name: "high", .. })));
    assert!(Lec::new(setting, 1, 0).is_err());
    assert!(Lec::new(setting, 1, 9)?.serve(2, &mut |_| 0.0).is_err());
    assert!(Always::new(LowerConfidence::new(setting, 9)?, 2).is_err());
    assert!(Cached::new(Lru::new(2, 1)?, LowerConfidence::new(setting, 9)?, vec![]).is_err());
    assert!(Lru::new(0, 1).is_err() && Lfu::new(0, 1).is_err() && GreedyDual::new(0, 1.0).is_err());
    assert!(Lru::new(2, 1)?.access(Request::unit(2), &mut Vec::new()).is_err());
    assert!(Lfu::new(2, 1)?.access(Request::unit(2), &mut Vec::new()).is_err());
    assert!(GreedyDual::new(2, 1.0)?.access(Request::unit(2), &mut Vec::new()).is_err());
    assert!(Log::new(0, 1).is_err() && Log::new(1, 0).is_err() && Log::new(1, 1)?.weights().is_err());
    assert!(Log::new(1, 1)?.add(1, 1, &[0.0]).is_err() && Log::new(1, 1)?.add(0, 1, &[]).is_err());
    assert!(Weights::new(&[0.5, 0.4], &[vec![1.0], vec![1.0]]).is_err());
    assert!(
        Weights::new(&[0.5, 0.5], &[vec![1.0], vec![]]).is_err() && Weights::new(&[1.0], &[vec![]]).is_err()
    );
    let weights = Weights::new(&[1.0], &[vec![1.0]])?;
    assert!(Plan::new(vec![false], vec![1])?.cost(&weights).is_err());
    assert!(Plan::new(vec![], vec![])?.cost(&weights).is_err() && Plan::new(vec![true], vec![]).is_err());
    assert!(Plan::most_frequent(&[f64::NAN], 1, vec![0]).is_err());
    Ok(())
}
