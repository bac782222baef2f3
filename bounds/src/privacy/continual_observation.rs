//! What *The Price of Differential Privacy under Continual Observation* promises.
//!
//! The privacy claims enumerate whole universes and compare exact laws; nothing about privacy is sampled. The
//! constants of the error bounds are derived here; the paper states rates.

use rand::RngExt;
use ratebook::Result;
use ratebook::privacy::baselines::ScaledNoise;
use ratebook::privacy::channel::{Ledger, Noisy};
use ratebook::privacy::continual_observation::{Recompute, Reduction, Tree, Trivial};
use ratebook::privacy::instances::{MaxSum, Question, SumSelect, add_record};
use ratebook::privacy::neighbours::{binary_records, replace_one, sequences};
use ratebook::privacy::{ContinualMechanism, ContinualRun, Shape};
use ratebook_judge::{Claim, Paper, Source, geometric, powers_of_two};

/// The period r = ⌈(T/ρ)^(1/3)⌉ of the recomputing mechanism, between 1 and T + 1 (never).
pub fn period(horizon: f64, rho: f64) -> f64 {
    (horizon / rho).cbrt().ceil().clamp(1.0, horizon + 1.0)
}

/// r − 1 + √((k/ρ)·ln(2k/β)) with k = ⌈T/r⌉: what all T answers of the recomputing MaxSum mechanism keep with
/// probability 1 − β, for every stream.
///
/// Derived: MaxSum moves by at most one per step, so an answer held for up to r − 1 steps is stale by at most
/// r − 1; each of at most k releases has noise of variance k/(2ρ), whose tail is 2·exp(−x²ρ/k).
pub fn recompute_error(horizon: f64, rho: f64, beta: f64) -> f64 {
    let period = period(horizon, rho);
    let releases = (horizon / period).ceil();
    period - 1.0 + (releases / rho * (2.0 * releases / beta).ln()).sqrt()
}

/// r − 1 + √(k/(2ρ))·ln(dk/β): the same for SumSelect, adaptive streams included.
///
/// Derived: the exponential mechanism with ε = √(8ρ/k) is worse than (2/ε)·ln(d/β') with probability at most
/// β' = β/k; the gap of a held column grows by at most one per step.
pub fn select_error(columns: f64, horizon: f64, rho: f64, beta: f64) -> f64 {
    let period = period(horizon, rho);
    let releases = (horizon / period).ceil();
    period - 1.0 + (releases / (2.0 * rho)).sqrt() * (columns * releases / beta).ln()
}

/// The number of levels of a binary counter, L = ⌊log₂ T⌋ + 1.
pub fn levels(horizon: f64) -> f64 {
    horizon.log2().floor() + 1.0
}

/// popcount(t)·L/(2ρ): the exact variance of the tree's answer at time t for one column.
pub fn bit_sum_variance(time: u32, horizon: f64, rho: f64) -> f64 {
    f64::from(time.count_ones()) * levels(horizon) / (2.0 * rho)
}

/// L·√((d/ρ)·ln(2dT/β)): what all T answers of the tree keep with probability 1 − β.
///
/// Derived: each of the d·T noisy prefix sums is the sum of at most L nodes of variance dL/(2ρ).
pub fn tree_error(columns: f64, horizon: f64, rho: f64, beta: f64) -> f64 {
    levels(horizon) * (columns / rho * (2.0 * columns * horizon / beta).ln()).sqrt()
}

/// T^(1/3)·√(ln T): the abstract's price of continual observation, polylogarithm included.
pub fn max_sum_rate(horizon: f64) -> f64 {
    horizon.cbrt() * horizon.ln().sqrt()
}

/// L·√(ln T): a bit sum's price, polylogarithmic.
pub fn bit_sum_rate(horizon: f64) -> f64 {
    levels(horizon) * horizon.ln().sqrt()
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let every_step = Recompute::with_thirds(MaxSum, 0);
    let halved = "noise halved";
    Paper::new(
        "privacy/continual_observation",
        "The Price of Differential Privacy under Continual Observation",
    )
    .arxiv("2112.00828")
    .seed_line(405)
    .claim(
        rate_in_horizon(Recompute::new(MaxSum))
            .control("recomputes at every step", rate_in_horizon(every_step))
            .control("recomputes every T^(2/3) steps", rate_in_horizon(Recompute::with_thirds(MaxSum, 2)))
            .baseline("two binary counters", rate_in_horizon(Tree::new(MaxSum))),
    )
    .claim(
        recompute_keeps_its_bound(Recompute::new(MaxSum))
            .control("recomputes at every step", recompute_keeps_its_bound(every_step)),
    )
    .claim(
        select_keeps_its_bound(Recompute::new(SumSelect)).control(
            "recomputes at every step",
            select_keeps_its_bound(Recompute::with_thirds(SumSelect, 0)),
        ),
    )
    .claim(
        bit_sum_is_polylogarithmic(Tree::new(MaxSum))
            .control("fresh noise at every step", bit_sum_is_polylogarithmic(every_step))
            .baseline("recomputes", bit_sum_is_polylogarithmic(Recompute::new(MaxSum))),
    )
    .claim(
        tree_keeps_its_bound(Tree::new(MaxSum))
            .control("fresh noise at every step", tree_keeps_its_bound(every_step)),
    )
    .claim(
        variance_is_popcount(Tree::new(MaxSum))
            .control("fresh noise at every step", variance_is_popcount(every_step))
            .control(halved, variance_is_popcount(ScaledNoise::halved(Tree::new(MaxSum)))),
    )
    .claim(
        budget_of_recompute(Recompute::new(MaxSum))
            .control(halved, budget_of_recompute(ScaledNoise::halved(Recompute::new(MaxSum)))),
    )
    .claim(
        budget_of_select(Recompute::new(SumSelect))
            .control(halved, budget_of_select(ScaledNoise::halved(Recompute::new(SumSelect)))),
    )
    .claim(
        budget_of_tree(Tree::new(MaxSum))
            .control(halved, budget_of_tree(ScaledNoise::halved(Tree::new(MaxSum))))
            .control("noise without the factor d", budget_of_tree(PerColumnNoise)),
    )
    .claim(reduction_recovers_every_table(Reduction::new).control(
        "skips the equalising block",
        reduction_recovers_every_table(|rows| Reduction::new(rows).map(Reduction::without_equalising)),
    ))
    .claim(
        nobody_escapes(Recompute::new(MaxSum))
            .control("no noise", nobody_escapes(ScaledNoise::silent(every_step)))
            .baseline("binary counters", nobody_escapes(Tree::new(MaxSum)))
            .baseline("answers zero", nobody_escapes(Trivial::new(MaxSum))),
    )
}

/// The failure probability of every high-probability claim.
const BETA: f64 = 0.05;

/// The largest error of one run over a stream that writes one record after another.
fn largest_error<Q: Question>(
    question: &Q,
    mechanism: &impl ContinualMechanism<Run: ContinualRun<Answer = Q::Answer>>,
    shape: Shape,
    rng: &mut impl rand::Rng,
    mut stream: impl FnMut(&mut [bool]),
) -> Result<f64> {
    let mut run = mechanism.start(shape, RHO)?;
    let (mut record, mut sums) = (vec![false; shape.columns()], vec![0.0; shape.columns()]);
    let mut worst = 0.0f64;
    for _ in 0..shape.horizon() {
        stream(&mut record);
        add_record(&mut sums, &record);
        worst = worst.max(question.error(run.step(&record, &mut Noisy(rng))?, &sums));
    }
    Ok(worst)
}

/// The budget of the utility claims.
const RHO: f64 = 1.0;

/// The largest MaxSum error on the stream whose every record is (1, 0, …, 0).
fn error_on_always_first(
    mechanism: &impl ContinualMechanism<Run: ContinualRun<Answer = f64>>,
    columns: usize,
    horizon: f64,
    rng: &mut impl rand::Rng,
) -> Result<f64> {
    largest_error(&MaxSum, mechanism, Shape::new(columns, horizon as usize)?, rng, |record| record[0] = true)
}

/// The largest error of MaxSum grows like T^(1/3)·√(ln T), no faster and no slower.
pub fn rate_in_horizon(
    mechanism: impl ContinualMechanism<Run: ContinualRun<Answer = f64>> + Send + Sync + 'static,
) -> Claim {
    Claim::rate_exactly("rate in horizon", max_sum_rate)
        .states("The largest error over $T$ answers to MaxSum grows like $T^{1/3} \\sqrt{\\ln T}$.")
        .assuming("ρ = 1, two columns, every record (1, 0): a held answer ages at every step")
        .source(Source::Abstract)
        .sweep("T", geometric(1e2, 1e5, 8))
        .replicates(120, 2000)
        .detects(0.05)
        .measure(move |horizon, streams| error_on_always_first(&mechanism, 2, horizon, &mut streams.noise))
}

/// The largest error of MaxSum exceeds r − 1 + √((k/ρ)·ln(2k/β)) with probability at most β.
pub fn recompute_keeps_its_bound(
    mechanism: impl ContinualMechanism<Run: ContinualRun<Answer = f64>> + Send + Sync + 'static,
) -> Claim {
    Claim::fails_at_most("recompute keeps its bound", |_| BETA)
        .states(
            "With probability $1 - \\beta$ every answer to MaxSum is within $r - 1 + \\sqrt{(k/\\rho) \\ln(2k/\\beta)}$ \
             of the truth, where $r = \\lceil (T/\\rho)^{1/3} \\rceil$ and $k = \\lceil T/r \\rceil$.",
        )
        .assuming("ρ = 1, β = 0.05, two columns, every record (1, 0): a held answer ages at every step")
        .source(Source::Derived)
        .sweep("T", geometric(1e2, 3e4, 4))
        .full_sweep(geometric(1e2, 1e5, 5))
        .replicates(800, 3000)
        .measure(move |horizon, streams| -> Result<f64> {
            let error = error_on_always_first(&mechanism, 2, horizon, &mut streams.noise)?;
            Ok(error / recompute_error(horizon, RHO, BETA))
        })
}

/// The largest error of SumSelect exceeds r − 1 + √(k/(2ρ))·ln(dk/β) with probability at most β.
///
/// The stream is the one on which the union bound is least wasteful: one column gets ahead until selecting any
/// other would break the bound, and from then on all columns grow alike, so that every release is a chance to.
pub fn select_keeps_its_bound(
    mechanism: impl ContinualMechanism<Run: ContinualRun<Answer = usize>> + Send + Sync + 'static,
) -> Claim {
    const COLUMNS: usize = 8;
    Claim::fails_at_most("select keeps its bound", |_| BETA)
        .states(
            "With probability $1 - \\beta$ the sum of every selected column is within $r - 1 + \\sqrt{k/(2\\rho)} \
             \\ln(dk/\\beta)$ of the largest.",
        )
        .assuming("ρ = 1, β = 0.05, d = 8; the last column leads by just more than the bound, then all grow alike")
        .source(Source::Derived)
        .sweep("T", geometric(64.0, 4096.0, 4))
        .replicates(1200, 5000)
        .measure(move |horizon, streams| -> Result<f64> {
            let bound = select_error(COLUMNS as f64, horizon, RHO, BETA);
            let shape = Shape::new(COLUMNS, horizon as usize)?;
            let mut lead = 0.0;
            let error = largest_error(&SumSelect, &mechanism, shape, &mut streams.noise, |record| {
                let ahead = lead > bound;
                lead += f64::from(!ahead);
                record.fill(ahead);
                record[COLUMNS - 1] = true;
            })?;
            Ok(error / bound)
        })
}

/// The largest error of a bit sum grows at most like L·√(ln T).
pub fn bit_sum_is_polylogarithmic(
    mechanism: impl ContinualMechanism<Run: ContinualRun<Answer = f64>> + Send + Sync + 'static,
) -> Claim {
    Claim::rate("bit sum is polylogarithmic", bit_sum_rate)
        .states("The largest error over $T$ answers to a bit sum grows at most like $(\\log_2 T + 1) \\sqrt{\\ln T}$.")
        .assuming("ρ = 1, one column, every record 1")
        .source(Source::Classical)
        .sweep("T", powers_of_two(7..=14))
        .replicates(200, 2000)
        .measure(move |horizon, streams| error_on_always_first(&mechanism, 1, horizon, &mut streams.noise))
}

/// The largest error of a bit sum exceeds L·√(ln(2T/β)/ρ) with probability at most β.
pub fn tree_keeps_its_bound(
    mechanism: impl ContinualMechanism<Run: ContinualRun<Answer = f64>> + Send + Sync + 'static,
) -> Claim {
    Claim::fails_at_most("tree keeps its bound", |_| BETA)
        .states("With probability $1 - \\beta$ every answer to a bit sum is within $L \\sqrt{\\ln(2T/\\beta)/\\rho}$.")
        .assuming("ρ = 1, β = 0.05, one column, every record 1")
        .source(Source::Derived)
        .sweep("T", geometric(128.0, 16_384.0, 5))
        .replicates(300, 3000)
        .measure(move |horizon, streams| -> Result<f64> {
            let error = error_on_always_first(&mechanism, 1, horizon, &mut streams.noise)?;
            Ok(error / tree_error(1.0, horizon, RHO, BETA))
        })
}

/// The variance of the bit sum at time t is popcount(t)·L/(2ρ), exactly, for every horizon and time.
///
/// The answer is linear in its noises, so replaying the run with the k-th noise at one standard deviation and all
/// others at zero gives the k-th coefficient, and the variance is the sum of their squares.
pub fn variance_is_popcount(
    mechanism: impl ContinualMechanism<Run: ContinualRun<Answer = f64>> + Send + Sync + 'static,
) -> Claim {
    const LONGEST: usize = 64;
    Claim::always("variance is popcount")
        .states(
            "The answer to a bit sum at time $t$ has variance $\\mathrm{popcount}(t) \\cdot L / (2\\rho)$.",
        )
        .assuming("one column, every horizon T up to 64 and every t ≤ T; the law of the noise, not a sample")
        .source(Source::Derived)
        .exhaustive()
        .sweep("rho", [0.5, 1.0, 4.0])
        .check(move |rho, _, cases| -> Result<()> {
            for horizon in 1..=LONGEST {
                let shape = Shape::new(1, horizon)?;
                let replay = |script: Vec<f64>| -> Result<Vec<f64>> {
                    let (mut run, mut channel) = (mechanism.start(shape, rho)?, Ledger::replaying(script));
                    (0..horizon).map(|_| run.step(&[true], &mut channel)).collect()
                };
                let mean = replay(Vec::new())?;
                let mut variance = vec![0.0; horizon];
                for noise in 0..horizon {
                    let moved = replay((0..=noise).map(|k| f64::from(k == noise)).collect())?;
                    for ((variance, moved), mean) in variance.iter_mut().zip(moved).zip(&mean) {
                        *variance += (moved - mean).powi(2);
                    }
                }
                for (time, variance) in (1..).zip(variance) {
                    let exact = bit_sum_variance(time, horizon as f64, rho);
                    cases.close(variance, exact, 1e-9 * exact, || format!("T = {horizon}, t = {time}"));
                }
            }
            Ok(())
        })
}

/// For every stream of a universe and every replacement of one record, the releases cost at most ρ; and some pair
/// costs all of it but a share `slack`.
pub fn every_universe_keeps_its_budget(
    id: &str,
    slack: f64,
    mechanism: impl ContinualMechanism + Send + Sync + 'static,
) -> Claim {
    const BUDGET: f64 = 0.7;
    /// (d, the longest T): 2^(dT) streams each.
    const UNIVERSES: [(usize, usize); 3] = [(1, 6), (2, 6), (3, 3)];
    Claim::at_most(id, |_| BUDGET)
        .states("Telling a stream from a neighbour costs at most $\\rho$ in zCDP: the releases' costs add up.")
        .assuming(
            "ρ = 0.7, replace-one neighbours, every stream of {0,1}^d for d = 1 and 2 up to T = 6, for d = 3 up to T = 3",
        )
        .source(Source::Derived)
        .exhaustive()
        .tight(slack)
        .sweep("T", (1..=6).map(f64::from).collect::<Vec<_>>())
        .measure(move |horizon, _| -> Result<Vec<f64>> {
            let horizon = horizon as usize;
            let universes = UNIVERSES.iter().filter(|(_, longest)| horizon <= *longest);
            universes.map(|&(columns, _)| worst_cost(&mechanism, Shape::new(columns, horizon)?, BUDGET)).collect()
        })
}

/// [`every_universe_keeps_its_budget`] for a MaxSum mechanism that recomputes.
pub fn budget_of_recompute(mechanism: impl ContinualMechanism + Send + Sync + 'static) -> Claim {
    every_universe_keeps_its_budget("budget of recompute", 1e-3, mechanism)
}

/// [`every_universe_keeps_its_budget`] for a SumSelect mechanism. Its law is not Gaussian, and no pair of streams this
/// short attains the bound of Hoeffding's lemma.
pub fn budget_of_select(mechanism: impl ContinualMechanism + Send + Sync + 'static) -> Claim {
    every_universe_keeps_its_budget("budget of select", 0.1, mechanism)
}

/// [`every_universe_keeps_its_budget`] for binary counters.
pub fn budget_of_tree(mechanism: impl ContinualMechanism + Send + Sync + 'static) -> Claim {
    every_universe_keeps_its_budget("budget of tree", 1e-3, mechanism)
}

/// The orders α at which divergences are compared with ρ·α. For Gaussian releases D_α/α does not depend on α; for
/// exponential mechanisms that it is at most ρ at *every* α is Hoeffding's lemma.
const ORDERS: [f64; 6] = [1.000_001, 1.25, 1.5, 2.0, 4.0, 16.0];

/// The largest zCDP cost over every stream of the shape and each of its replace-one neighbours.
fn worst_cost(mechanism: &impl ContinualMechanism, shape: Shape, rho: f64) -> Result<f64> {
    let records = binary_records(shape.columns());
    let ledger = |stream: &[Vec<bool>]| -> Result<Ledger> {
        let (mut run, mut ledger) = (mechanism.start(shape, rho)?, Ledger::new());
        stream.iter().try_for_each(|record| run.step(record, &mut ledger).map(drop))?;
        Ok(ledger)
    };
    let mut worst = 0.0f64;
    for stream in sequences(&records, shape.horizon()) {
        let here = ledger(&stream)?;
        for neighbour in replace_one(&stream, &records) {
            let there = ledger(&neighbour)?;
            for alpha in ORDERS {
                worst = worst.max(here.renyi_divergence(&there, alpha) / alpha);
            }
        }
    }
    Ok(worst)
}

/// A MaxSum mechanism that answers exactly gives back every column sum of every table, and one that is off by at
/// most a gives sums off by at most a.
pub fn reduction_recovers_every_table(
    build: impl Fn(Vec<Vec<bool>>) -> Result<Reduction> + Send + Sync + 'static,
) -> Claim {
    Claim::always("reduction recovers every table")
        .states(
            "Feeding a table's rows and then, for each column $j$, $n$ copies of $e_j$ and of $1 - e_j$ turns MaxSum \
             answers with error at most $a$ into column sums with error at most $a$; exact answers give exact sums.",
        )
        .assuming("every n × d table with n ≤ 3; exact answers, and noisy ones at ρ = 1")
        .source(Source::Derived)
        .from_memory()
        .exhaustive()
        .sweep("d", [1.0, 2.0, 3.0])
        .check(move |columns, streams, cases| -> Result<()> {
            let exact = Recompute::with_thirds(MaxSum, 0);
            for rows in 1..=3 {
                for table in sequences(&binary_records(columns as usize), rows) {
                    let mut sums = vec![0.0; columns as usize];
                    table.iter().for_each(|row| add_record(&mut sums, row));
                    let reduction = build(table.clone())?;
                    let recovered = reduction.column_sums(&exact, RHO, &mut Ledger::new())?;
                    cases.holds(recovered == sums, || format!("{table:?}: {recovered:?}, not {sums:?}"));

                    // The same noise twice: once through the reduction, once to see the error itself.
                    let (shape, mut stream) = (reduction.shape(), reduction.stream());
                    let noise = streams.noise.clone();
                    let recovered = reduction.column_sums(&exact, RHO, &mut Noisy(&mut noise.clone()))?;
                    let error = largest_error(&MaxSum, &exact, shape, &mut streams.noise, |record| {
                        record.iter_mut().zip(stream.next().unwrap_or_default()).for_each(|(to, bit)| *to = bit);
                    })?;
                    for (recovered, sum) in recovered.iter().zip(&sums) {
                        cases.at_most((recovered - sum).abs(), error + 1e-9, || format!("{table:?} with noise"));
                    }
                }
            }
            Ok(())
        })
}

/// On the reduction's streams no mechanism has an error below half of (T/ρ)^(1/3).
pub fn nobody_escapes(
    mechanism: impl ContinualMechanism<Run: ContinualRun<Answer = f64>> + Send + Sync + 'static,
) -> Claim {
    Claim::at_least("nobody escapes", |horizon| 0.5 * (horizon / RHO).cbrt())
        .states("On the reduction's streams the largest error is at least $\\frac12 (T/\\rho)^{1/3}$.")
        .assuming("ρ = 1, random n × d tables with (n, d) = (10, 10), (20, 40), (30, 100); the constant is empirical")
        .source(Source::Abstract)
        .from_memory()
        .sweep("T", TABLES.map(|(rows, columns)| (rows * (1 + 2 * columns)) as f64))
        .replicates(60, 600)
        .detects(0.8)
        .measure(move |horizon, streams| -> Result<f64> {
            let fits = |(rows, columns): &&(usize, usize)| (rows * (1 + 2 * columns)) as f64 == horizon;
            let &(rows, columns) = TABLES.iter().find(fits).unwrap_or(&TABLES[0]);
            let table = (0..rows).map(|_| (0..columns).map(|_| streams.instance.random()).collect()).collect();
            let reduction = Reduction::new(table)?;
            let (shape, mut stream) = (reduction.shape(), reduction.stream());
            largest_error(&MaxSum, &mechanism, shape, &mut streams.noise, |record| {
                record.iter_mut().zip(stream.next().unwrap_or_default()).for_each(|(to, bit)| *to = bit);
            })
        })
}

/// The tables (n, d) of [`nobody_escapes`].
const TABLES: [(usize, usize); 3] = [(10, 10), (20, 40), (30, 100)];

/// A broken tree: each column's counter is calibrated as if it were released alone.
#[derive(Debug, Clone, Copy)]
struct PerColumnNoise;

impl ContinualMechanism for PerColumnNoise {
    type Run = <ScaledNoise<Tree<MaxSum>> as ContinualMechanism>::Run;

    fn start(&self, shape: Shape, rho: f64) -> Result<Self::Run> {
        ScaledNoise::new(Tree::new(MaxSum), 1.0 / (shape.columns() as f64).sqrt())?.start(shape, rho)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;
    use ratebook::privacy::continual_observation::Best;

    #[test]
    fn values_by_hand() {
        assert_eq!(
            [period(1000.0, 1.0), period(1001.0, 1.0), period(5.0, 100.0), period(2.0, 0.01)],
            [10.0, 11.0, 1.0, 3.0]
        );
        // r = 10, k = 100: 9 + √(100·ln 4000), by the standard library of another language.
        assert_relative_eq!(recompute_error(1000.0, 1.0, 0.05), 37.799_391_729_864_77, max_relative = 1e-12);
        assert_relative_eq!(
            select_error(4.0, 1000.0, 1.0, 0.05),
            9.0 + 50f64.sqrt() * 8000f64.ln(),
            max_relative = 1e-12
        );
        assert_eq!((levels(1.0), levels(7.0), levels(8.0)), (1.0, 3.0, 4.0));
        assert_eq!(bit_sum_variance(7, 8.0, 2.0), 3.0);
        // L = 4, d = 2: 4·√(ln 640).
        assert_relative_eq!(tree_error(2.0, 8.0, 2.0, 0.05), 10.167_767_248_597_87, max_relative = 1e-12);
        assert_relative_eq!(max_sum_rate(1000.0), 10.0 * 1000f64.ln().sqrt(), max_relative = 1e-12);
        assert_relative_eq!(bit_sum_rate(8.0), 4.0 * 8f64.ln().sqrt(), max_relative = 1e-12);
    }

    quickcheck! {
        /// The bounds here and those by which `Best` chooses are the same numbers.
        fn the_mechanisms_quote_the_same_bounds(columns: u8, horizon: u16, budget: u8, beta: u8) -> bool {
            let (columns, horizon) = (usize::from(columns) + 1, usize::from(horizon) + 1);
            let (rho, beta) = ((f64::from(budget) + 1.0) / 16.0, (f64::from(beta) + 1.0) / 257.0);
            let (d, t) = (columns as f64, horizon as f64);
            let same = |a: f64, b: Result<f64>| b.is_ok_and(|b| (a - b).abs() <= 1e-9 * a);
            Shape::new(columns, horizon).is_ok_and(|shape| {
                let best = Best::new(MaxSum, beta).and_then(|best| best.error_bound(shape, rho));
                let (recompute, tree) = (recompute_error(t, rho, beta), tree_error(d, t, rho, beta));
                same(recompute, Recompute::new(MaxSum).error_bound(shape, rho, beta))
                    && same(select_error(d, t, rho, beta), Recompute::new(SumSelect).error_bound(shape, rho, beta))
                    && same(tree, Tree::new(MaxSum).error_bound(shape, rho, beta))
                    && same(recompute.min(tree).min(t), best)
            })
        }

        fn smaller_budgets_and_risks_cost_more(horizon: u16, beta: u8) -> bool {
            let (t, beta) = (f64::from(horizon) + 2.0, (f64::from(beta) + 1.0) / 257.0);
            tree_error(3.0, t, 1.0, beta) > tree_error(3.0, t, 4.0, beta) * 1.999_999
                && tree_error(3.0, t, 1.0, beta / 2.0) > tree_error(3.0, t, 1.0, beta)
                && recompute_error(t, 1.0, beta / 2.0) > recompute_error(t, 1.0, beta)
                && select_error(2.0, t, 1.0, beta) < select_error(3.0, t, 1.0, beta)
        }
    }
}
