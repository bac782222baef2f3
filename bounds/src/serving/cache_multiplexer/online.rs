//! The online policy's regret.

use rand::RngExt;
use ratebook::Result;
use ratebook::serving::cache_multiplexer::{Cached, Lec, LowerConfidence, Plan, Server, Setting, Weights};
use ratebook::serving::caching::Lfu;
use ratebook_judge::{Claim, Source, Streams};

use super::regret_order;

/// The range of the costs.
const RANGE: (f64, f64) = (0.1, 1.1);

/// How much more the second query costs than the first, each with its cheaper model.
const GAPS: [f64; 4] = [0.025, 0.05, 0.1, 0.2];

/// The paper's policy, and the two that it improves on.
pub(super) fn listed() -> Claim {
    let lec = |setting, horizon| Lec::new(setting, 1, horizon);
    let plug_in = |setting, _| Ok(Lec::with(LowerConfidence::with_log(setting, 0.0)?, setting, 1));
    let lfu = |setting, horizon| {
        Cached::new(Lfu::new(2, 1)?, LowerConfidence::new(setting, horizon)?, vec![1.0; 2])
    };
    online_rate(lec)
        .control("means instead of lower confidence bounds", online_rate(plug_in))
        .control("LFU with the multiplexer", online_rate(lfu))
}

/// Costs above the optimum of `horizon` queries, in expectation given what was seen before each.
///
/// # Errors
/// What the server refuses.
pub fn online_regret(
    server: &mut impl Server,
    costs: &[[f64; 2]; 2],
    horizon: usize,
    streams: &mut Streams,
) -> Result<f64> {
    let weights = Weights::new(&[0.5; 2], &costs.map(|row| row.to_vec()))?;
    let optimum = Plan::optimal(&weights, 1).cost(&weights)?;
    let mut regret = 0.0;
    for _ in 0..horizon {
        let missed = |query| server.choice(query).map_or(0.0, |model| weights.of(query)[model]);
        regret += missed(0) + missed(1) - optimum;
        let query = streams.noise.random_range(0..2);
        server.serve(query, &mut |model| {
            let dear = (costs[query][model] - RANGE.0) / (RANGE.1 - RANGE.0);
            if streams.noise.random_bool(dear) { RANGE.1 } else { RANGE.0 }
        })?;
    }
    Ok(regret)
}

/// The regret grows no faster than √(T·ln T), whichever the gap.
pub fn online_rate<S: Server>(server: impl Fn(Setting, usize) -> Result<S> + Send + Sync + 'static) -> Claim {
    Claim::rate("online rate", regret_order)
        .states("The worst regret over the gaps grows no faster than $\\sqrt{T \\ln T}$.")
        .assuming(
            "two equally likely queries, cache of 1, two models, costs in {0.1, 1.1}; means (0.5, 0.8) and (0.9, 0.5 + gap), gap in {0.025, 0.05, 0.1, 0.2}; the order of the bound is from memory",
        )
        .source(Source::Abstract)
        .from_memory()
        .detects(0.08)
        .sweep("T", [100.0, 316.0, 1000.0, 3162.0, 10_000.0, 31_623.0])
        .replicates(64, 256)
        .measure(move |horizon, streams| -> Result<Vec<f64>> {
            let setting = Setting::new(2, 2, RANGE.0, RANGE.1)?;
            let regret = |gap: f64| {
                let costs = [[0.5, 0.8], [0.9, 0.5 + gap]];
                online_regret(&mut server(setting, horizon as usize)?, &costs, horizon as usize, streams)
            };
            GAPS.into_iter().map(regret).collect()
        })
}
