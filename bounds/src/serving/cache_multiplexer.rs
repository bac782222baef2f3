//! What *On Optimal Caching and Model Multiplexing for Large Model Inference* promises.

mod online;

use rand::RngExt;
use rand_distr::{Binomial, Distribution};
use ratebook::Result;
use ratebook::math::sequences::sequences;
use ratebook::serving::cache_multiplexer::{Log, Plan, Weights};
use ratebook_judge::{Claim, Paper, Source, Streams, Tolerance};

pub use online::{online_rate, online_regret};

/// (1 + R)/2: the cost of LFU with one fixed model over that of least expected cost with a multiplexer, on
/// `mux_weights`.
///
/// Derived: any cache of L of the n equally likely queries leaves the share 1 − L/n, which costs 1 each with the
/// right models, and (1 + R)/2 on average with a fixed one when the cache is chosen regardless of parity.
pub fn multiplexing_gain(ratio: f64) -> f64 {
    (1.0 + ratio) / 2.0
}

/// M·B₂·√(|Q|/N): the expected excess cost of the plan of N samples.
///
/// Proved: with e = ŵ − w the loss is at most Σ_{q,m} |e_m(q)|, E|e_m(q)| ≤ B₂·√(P(q)/N), and Σ_q √P(q) ≤ √|Q|.
pub fn offline_excess(models: f64, high: f64, queries: f64, samples: f64) -> f64 {
    models * high * (queries / samples).sqrt()
}

/// √(T·ln T): the order of the regret.
pub fn regret_order(horizon: f64) -> f64 {
    (horizon * horizon.ln()).sqrt()
}

/// A rule that turns a log into a plan for a cache of the given capacity.
type Rule = fn(&Log, usize) -> Result<Plan>;

/// Steps 1 and 2.
fn least_expected_cost(log: &Log, capacity: usize) -> Result<Plan> {
    Ok(Plan::optimal(&log.weights()?, capacity))
}

fn frequencies(log: &Log) -> Vec<f64> {
    log.counts().iter().map(|&count| count as f64).collect()
}

/// LFU, and always the second model.
fn frequent_and_large(log: &Log, capacity: usize) -> Result<Plan> {
    Plan::most_frequent(&frequencies(log), capacity, vec![1; log.counts().len()])
}

/// Least expected cost when the second model answers everything.
fn expected_cost_of_large(log: &Log, capacity: usize) -> Result<Plan> {
    let weights = log.weights()?;
    let large: Vec<f64> = (0..weights.queries()).map(|query| weights.of(query)[1]).collect();
    Plan::most_frequent(&large, capacity, vec![1; large.len()])
}

/// The paper and its claims.
pub fn paper() -> Paper {
    Paper::new(
        "serving/cache_multiplexer",
        "On Optimal Caching and Model Multiplexing for Large Model Inference",
    )
    .arxiv("2306.02003")
    .seed_line(31)
    .claim(
        separation(least_expected_cost)
            .control("least expected cost, always the large model", separation(expected_cost_of_large)),
    )
    .claim(
        separation_rate(least_expected_cost)
            .control("least expected cost, always the large model", separation_rate(expected_cost_of_large)),
    )
    .claim(offline(least_expected_cost).control("LFU, always the second model", offline(frequent_and_large)))
    .claim(online::listed())
    .claim(optimal_plan(|_, weights, capacity| Ok(Plan::optimal(weights, capacity))).control(
        "caches the most frequent queries",
        optimal_plan(|probabilities, weights, capacity| {
            let models = (0..weights.queries()).map(|query| weights.cheapest(query).0).collect();
            Plan::most_frequent(probabilities, capacity, models)
        }),
    ))
}

/// Queries, and cached ones, of [`separation`].
const MUX: (usize, usize) = (40, 10);

/// Uniform over [`MUX`].0 queries; the even ones cost 1 with the first model and R with the second, the odd ones
/// the reverse.
fn mux_weights(ratio: f64) -> Result<Weights> {
    let cost = |query| if query % 2 == 0 { vec![1.0, ratio] } else { vec![ratio, 1.0] };
    Weights::new(&[1.0 / MUX.0 as f64; MUX.0], &(0..MUX.0).map(cost).collect::<Vec<_>>())
}

/// The counts of `samples` draws from the law.
fn multinomial(probabilities: &[f64], samples: u64, streams: &mut Streams) -> Vec<u64> {
    let (mut rest, mut mass) = (samples, 1.0);
    let mut draw = |&p: &f64| {
        let share = (p / mass).clamp(0.0, 1.0);
        mass -= p;
        let count = Binomial::new(rest, share).map_or(rest, |law| law.sample(&mut streams.noise));
        rest -= count;
        count
    };
    let others = probabilities.len() - 1;
    let mut counts: Vec<u64> = probabilities[..others].iter().map(&mut draw).collect();
    counts.push(rest);
    counts
}

/// For each R the cost of LFU with the large model, over that of the rule's plan, all from the same queries.
fn gains(rule: Rule, ratios: &[f64], streams: &mut Streams) -> Result<Vec<f64>> {
    let counts = multinomial(&[1.0 / MUX.0 as f64; MUX.0], 20_000, streams);
    let gain = |&ratio: &f64| {
        let mut log = Log::new(MUX.0, 2)?;
        for (query, &count) in counts.iter().enumerate() {
            let n = count as f64;
            log.add(query, count, &if query % 2 == 0 { [n, ratio * n] } else { [ratio * n, n] })?;
        }
        let weights = mux_weights(ratio)?;
        Ok(frequent_and_large(&log, MUX.1)?.cost(&weights)? / rule(&log, MUX.1)?.cost(&weights)?)
    };
    ratios.iter().map(gain).collect()
}

const MUX_TEXT: &str = "uniform over 40 queries, cache of 10; even queries cost 1 with the small model and R with the large one, odd ones the reverse; 20 000 samples without noise, the same for every R";

/// On `mux_weights` the gain over LFU with the large model is (1 + R)/2.
pub fn separation(rule: Rule) -> Claim {
    Claim::equals("separation", multiplexing_gain, Tolerance::Relative(0.05))
        .states("LFU with the large model costs $(1+R)/2$ times as much as least expected cost with a multiplexer.")
        .assuming(&format!("{MUX_TEXT}; the abstract reports up to 50 at R = 100"))
        .source(Source::Derived)
        .detects(0.1)
        .sweep("R", [4.0, 10.0, 30.0, 100.0, 300.0])
        .replicates(240, 1000)
        .paths(move |ratios, streams| gains(rule, ratios, streams))
}

/// The same as an exponent in 1 + R.
pub fn separation_rate(rule: Rule) -> Claim {
    Claim::rate_exactly("separation rate", multiplexing_gain)
        .states("The gain over LFU with the large model grows as $1 + R$.")
        .assuming(MUX_TEXT)
        .source(Source::Derived)
        .detects(0.03)
        .sweep("R", [4.0, 10.0, 30.0, 100.0, 300.0])
        .replicates(240, 1000)
        .paths(move |ratios, streams| gains(rule, ratios, streams))
}

/// Queries, and cached ones, of [`offline`].
const OFFLINE: (usize, usize) = (30, 5);

/// A law of queries, the two values of a cost, and the probability that the cost is the larger one.
struct TwoValued {
    probabilities: Vec<f64>,
    values: [f64; 2],
    chances: Vec<[f64; 2]>,
    antithetic: bool,
}

impl TwoValued {
    /// Gaps as small as N samples can just not see: the hardest for N.
    fn informative(samples: f64, streams: &mut Streams) -> Self {
        let gap = (0.75 * (OFFLINE.0 as f64 / samples).sqrt()).min(0.5);
        let chance = |_| {
            let half = if streams.instance.random() { gap / 2.0 } else { -gap / 2.0 };
            [0.5 + half, 0.5 - half]
        };
        let chances = (0..OFFLINE.0).map(chance).collect();
        let probabilities = vec![1.0 / OFFLINE.0 as f64; OFFLINE.0];
        Self { probabilities, values: [0.0, 1.0], chances, antithetic: true }
    }

    /// Zipf(1.1) queries, arbitrary costs.
    fn zipf(streams: &mut Streams) -> Self {
        let masses: Vec<f64> = (1..=OFFLINE.0).map(|rank| (rank as f64).powf(-1.1)).collect();
        let total: f64 = masses.iter().sum();
        let chances =
            (0..OFFLINE.0).map(|_| [streams.instance.random(), streams.instance.random()]).collect();
        let probabilities = masses.iter().map(|mass| mass / total).collect();
        Self { probabilities, values: [0.01, 1.0], chances, antithetic: false }
    }

    /// The excess cost of the rule's plan.
    fn excess(&self, rule: Rule, samples: f64, streams: &mut Streams) -> Result<f64> {
        let [low, high] = self.values;
        let mean = |chance: f64| low + (high - low) * chance;
        let costs: Vec<Vec<f64>> = self.chances.iter().map(|chances| chances.map(mean).to_vec()).collect();
        let weights = Weights::new(&self.probabilities, &costs)?;
        let mut log = Log::new(OFFLINE.0, 2)?;
        let counts = multinomial(&self.probabilities, samples as u64, streams);
        for (query, (&count, chances)) in counts.iter().zip(&self.chances).enumerate() {
            let mut dear = |chance: f64| {
                Binomial::new(count, chance).map_or(0, |law| law.sample(&mut streams.noise)) as f64
            };
            let first = dear(chances[0]);
            let second = if self.antithetic { count as f64 - first } else { dear(chances[1]) };
            let sum = |dear: f64| low * count as f64 + (high - low) * dear;
            log.add(query, count, &[sum(first), sum(second)])?;
        }
        let optimum = Plan::optimal(&weights, OFFLINE.1).cost(&weights)?;
        Ok(rule(&log, OFFLINE.1)?.cost(&weights)? - optimum)
    }
}

/// The plan of N samples costs at most M·B₂·√(|Q|/N) more than the best.
pub fn offline(rule: Rule) -> Claim {
    Claim::at_most("offline", |samples| offline_excess(2.0, 1.0, OFFLINE.0 as f64, samples))
        .states("$E[\\mathrm{cost}(\\hat{\\mathcal L}, \\hat\\pi)] - \\mathrm{cost}^* \\le M B_2 \\sqrt{|\\mathcal Q| / N}$.")
        .assuming(
            "30 queries, cache of 5, 2 models, B₂ = 1; the worse of uniform queries with opposite costs in {0, 1} whose means differ by 0.75·√(30/N), and Zipf(1.1) queries with costs in {0.01, 1} of random means",
        )
        .source(Source::Derived)
        .sweep("N", [1e2, 1e3, 1e4, 1e5])
        .full_sweep([1e2, 1e3, 1e4, 1e5, 1e6])
        .replicates(200, 1000)
        .measure(move |samples, streams| -> Result<Vec<f64>> {
            let informative = TwoValued::informative(samples, streams).excess(rule, samples, streams)?;
            let zipf = TwoValued::zipf(streams).excess(rule, samples, streams)?;
            Ok(vec![informative, zipf])
        })
}

/// No plan costs less than the formula's.
pub fn optimal_plan(rule: impl Fn(&[f64], &Weights, usize) -> Result<Plan> + Send + Sync + 'static) -> Claim {
    Claim::always("optimal plan")
        .states("$\\pi^*(q) = \\arg\\min_m c_m(q)$ and the $L$ largest $P(q) \\min_m c_m(q)$ cost least of all plans.")
        .assuming("P proportional to every sequence from {1, 2, 4}, all costs of two models in {1, 2, 3}, every L")
        .source(Source::Derived)
        .exhaustive()
        .sweep("queries", [1.0, 2.0, 3.0])
        .check(move |queries, _, cases| -> Result<()> {
            let queries = queries as usize;
            let (bits, models): (Vec<_>, Vec<_>) =
                (sequences(&[false, true], queries).collect(), sequences(&[0, 1], queries).collect());
            for masses in sequences(&[1.0, 2.0, 4.0], queries) {
                let total: f64 = masses.iter().sum();
                let probabilities: Vec<f64> = masses.iter().map(|mass| mass / total).collect();
                for costs in sequences(&[1.0, 2.0, 3.0], 2 * queries) {
                    let weights =
                        Weights::new(&probabilities, &costs.chunks(2).map(<[f64]>::to_vec).collect::<Vec<_>>())?;
                    // The least cost of a plan for each number of cached queries.
                    let mut best = vec![f64::INFINITY; queries + 1];
                    for cached in &bits {
                        let size = cached.iter().filter(|&&bit| bit).count();
                        for models in &models {
                            let cost = Plan::new(cached.clone(), models.clone())?.cost(&weights)?;
                            best[size] = best[size].min(cost);
                        }
                    }
                    for (capacity, best) in best.into_iter().enumerate() {
                        let cost = rule(&probabilities, &weights, capacity)?.cost(&weights)?;
                        cases.close(cost, best, 1e-12, || format!("L = {capacity}, P = {probabilities:?}, c = {costs:?}"));
                    }
                }
            }
            Ok(())
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_eq!(multiplexing_gain(100.0), 50.5);
        assert_relative_eq!(offline_excess(2.0, 3.0, 25.0, 100.0), 3.0, max_relative = 1e-12);
        assert_relative_eq!(regret_order(1f64.exp()), 0.5f64.exp(), max_relative = 1e-12);
        assert_relative_eq!(regret_order(100.0), 21.459_660_262_893_47, max_relative = 1e-12);
    }

    quickcheck! {
        fn four_times_the_samples_halve_the_excess(samples: u16, queries: u8) -> bool {
            let (n, q) = (f64::from(samples) + 1.0, f64::from(queries) + 1.0);
            let halved = 2.0 * offline_excess(2.0, 1.0, q, 4.0 * n) / offline_excess(2.0, 1.0, q, n);
            (halved - 1.0).abs() < 1e-12 && offline_excess(2.0, 1.0, q, n) < offline_excess(2.0, 1.0, q + 1.0, n)
        }

        fn the_order_grows_a_little_faster_than_a_root(horizon: u16) -> bool {
            let t = f64::from(horizon) + 3.0;
            let ratio = regret_order(4.0 * t) / regret_order(t);
            2.0 < ratio && ratio < 4.0
        }
    }
}
