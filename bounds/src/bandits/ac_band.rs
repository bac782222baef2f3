//! What *AC-Band: A Combinatorial Bandit-Based Approach to Algorithm Configuration* promises.

mod formulas;

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use ratebook::bandits::ac_band::{
    AcBand, Configurator, Elimination, ExponentialRuntimes, Races, SuccessiveElimination,
};
use ratebook_judge::{Claim, Paper, Source, Streams, Tolerance};

pub use formulas::{
    configurations_needed, elimination_bound, elimination_error, epoch_cost, most_wins, none_is_good,
};

/// The paper and its claims.
pub fn paper() -> Paper {
    let method = |alpha, k| AcBand::new(alpha, alpha, k);
    let broken = |flaw| move |alpha, k| Ok(Broken { band: AcBand::new(alpha, alpha, k)?, k, flaw });
    let fresh = |alpha, delta| Ok(AcBand::new(alpha, delta, 4)?.drawn() - 1);
    let elimination = || SuccessiveElimination::new(PARALLEL, 1);
    let one_round = || Ok(OneRound);
    let shares = |alpha, delta, k| -> ratebook::Result<Vec<f64>> {
        Ok(AcBand::new(alpha, delta, k)?.epochs().iter().map(|epoch| 1.0 / epoch.cost).collect())
    };
    Paper::new("bandits/ac_band", "AC-Band: A Combinatorial Bandit-Based Approach to Algorithm Configuration")
        .arxiv("2212.00333")
        .seed_line(337)
        .claim(
            returns_a_good_configuration(method)
                .control("keeps the losers of a block", returns_a_good_configuration(broken(Flaw::Losers)))
                .control("draws half as many", returns_a_good_configuration(broken(Flaw::Half)))
                .control("spends a hundred instances", returns_a_good_configuration(broken(Flaw::Hundred))),
        )
        .claim(
            limit_is_exact(method)
                .control("draws half as many", limit_is_exact(broken(Flaw::Half)))
                .control("spends a hundred instances", limit_is_exact(broken(Flaw::Hundred))),
        )
        .claim(
            epochs_spend_the_budget(shares)
                .control("forgets C₃ in the normalisation", epochs_spend_the_budget(without_c3)),
        )
        .claim(enough_configurations(fresh).control(
            "draws half as many",
            enough_configurations(move |alpha, delta| Ok(fresh(alpha, delta)? / 2)),
        ))
        .claim(
            elimination_at_most(elimination)
                .control("spends everything in the first round", elimination_at_most(one_round)),
        )
        .claim(
            elimination_is_exact(elimination)
                .control("spends everything in the first round", elimination_is_exact(one_round)),
        )
        .claim(
            elimination_decays(elimination)
                .control("spends everything in the first round", elimination_decays(one_round)),
        )
}

/// The configurations' rates are exp(3U): the fastest are twenty times as fast as the slowest.
const SPREAD: f64 = 3.0;

/// The settings (k, B) that are tried with α = δ.
fn setting(alpha: f64) -> (u32, u64) {
    match alpha {
        0.2 => (4, 2000),
        0.1 => (8, 8000),
        _ => (16, 1_000_000),
    }
}

/// Whether the configuration that is returned is not among the best share α.
fn fails(
    method: &impl Configurator,
    alpha: f64,
    budget: u64,
    streams: &mut Streams,
) -> ratebook::Result<bool> {
    let mut pool = ExponentialRuntimes::endless(SPREAD)?;
    let mut races = Races::new(&mut pool, budget, &mut streams.noise);
    let configuration = method.configure(&mut races, &mut streams.algorithm)?;
    Ok(pool.faster(configuration) > alpha)
}

/// The configuration returned is not among the best share α with probability at most δ.
pub fn returns_a_good_configuration<M: Configurator>(
    make: impl Fn(f64, u32) -> ratebook::Result<M> + Send + Sync + 'static,
) -> Claim {
    Claim::fails_at_most("returns a good configuration", |alpha| alpha)
        .states(
            "With probability $1 - \\delta$ the configuration returned is among the best share $\\alpha$ of all.",
        )
        .assuming(
            "α = δ, exponential runtimes with rates exp(3U); k = 4, 8, 16 and B = 2000, 8000, 10⁶, budgets of ours",
        )
        .source(Source::Abstract)
        .from_memory()
        .sweep("alpha", [0.2, 0.1])
        .full_sweep([0.2, 0.1, 0.05])
        .replicates(40_000, 200_000)
        .event(move |alpha, streams| {
            let (k, budget) = setting(alpha);
            fails(&make(alpha, k)?, alpha, budget, streams)
        })
}

/// With an endless budget the best configuration drawn is returned, so failure means that none was good.
pub fn limit_is_exact<M: Configurator>(
    make: impl Fn(f64, u32) -> ratebook::Result<M> + Send + Sync + 'static,
) -> Claim {
    const BUDGET: u64 = 1_000_000_000_000_000;
    let prediction = |alpha| {
        let drawn = AcBand::new(alpha, alpha, setting(alpha).0).map_or(f64::NAN, |band| band.drawn() as f64);
        none_is_good(alpha, drawn)
    };
    Claim::equals("limit is exact", prediction, Tolerance::Absolute(0.01))
        .states("As $B \\to \\infty$ the probability of failure tends to $(1-\\alpha)^m$, $m$ being the configurations drawn.")
        .assuming("α = δ, exponential runtimes with rates exp(3U), k = 4, 8, 16, B = 10¹⁵")
        .source(Source::Derived)
        .sweep("alpha", [0.2, 0.1, 0.05])
        .replicates(40_000, 400_000)
        .detects(0.03)
        .measure(move |alpha, streams| -> ratebook::Result<f64> {
            let failed = fails(&make(alpha, setting(alpha).0)?, alpha, BUDGET, streams)?;
            Ok(f64::from(u8::from(failed)))
        })
}

/// The α and δ that the deterministic claims go through.
fn grid() -> impl Iterator<Item = (f64, f64)> {
    let values = [0.001, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 0.9, 0.99];
    values.into_iter().flat_map(move |alpha| values.into_iter().map(move |delta| (alpha, delta)))
}

/// The shares of the budget that the epochs get add up to one.
pub fn epochs_spend_the_budget(
    shares: impl Fn(f64, f64, u32) -> ratebook::Result<Vec<f64>> + Send + Sync + 'static,
) -> Claim {
    Claim::always("epochs spend the budget")
        .states("$\\sum_{e=1}^E 1/c_e = 1$, and every share is that of the printed formula.")
        .assuming("α and δ on a grid of 12 × 12 values from 0.001 to 0.99")
        .source(Source::Derived)
        .computed()
        .sweep("k", [2.0, 3.0, 4.0, 8.0, 16.0, 64.0, 1000.0])
        .check(move |k, _, cases| -> ratebook::Result<()> {
            for (alpha, delta) in grid() {
                let told = || format!("alpha {alpha}, delta {delta}");
                let shares = shares(alpha, delta, k as u32)?;
                let needed = configurations_needed(alpha, delta);
                let epochs = (needed + 1.0).log2().ceil();
                cases.close(shares.len() as f64, epochs, 0.0, told);
                cases.close(shares.iter().sum(), 1.0, 1e-12, told);
                for (share, e) in shares.iter().zip(1..) {
                    let cost = epoch_cost(f64::from(e), epochs, k, needed + 1.0, needed);
                    cases.close(share * cost, 1.0, 1e-12, told);
                }
            }
            Ok(())
        })
}

/// So many configurations are drawn that none is good with probability at most δ.
pub fn enough_configurations(
    fresh: impl Fn(f64, f64) -> ratebook::Result<usize> + Send + Sync + 'static,
) -> Claim {
    Claim::always("enough configurations")
        .states("The epochs draw at least $N$ new configurations, so none of them is among the best share $\\alpha$ with probability at most $(1-\\alpha)^N \\le \\delta$.")
        .assuming("δ from 0.001 to 0.5 in steps of 0.001")
        .source(Source::Derived)
        .computed()
        .sweep("alpha", [0.001, 0.01, 0.05, 0.1, 0.2, 0.5, 0.9])
        .check(move |alpha, _, cases| -> ratebook::Result<()> {
            for delta in (1..=500).map(|i| f64::from(i) / 1000.0) {
                let fresh = fresh(alpha, delta)? as f64;
                let told = || format!("delta {delta}");
                cases.at_most(none_is_good(alpha, fresh), delta, told);
                cases.at_most(configurations_needed(alpha, delta), fresh, told);
            }
            Ok(())
        })
}

/// The elimination's instance: 16 configurations, one 1.5 times as fast as the others, 4 in parallel.
const PARALLEL: u32 = 4;
const FAVOURITE: f64 = 1.5 / 4.5;

/// Whether the one better configuration is missed.
fn misses(method: &impl Elimination, budget: f64, streams: &mut Streams) -> ratebook::Result<bool> {
    let mut rates = vec![1.0; 16];
    rates[0] = 1.5;
    let mut pool = ExponentialRuntimes::listed(rates)?;
    let mut races = Races::new(&mut pool, budget as u64, &mut streams.noise);
    let all = (0..16).collect();
    Ok(method.winner(all, budget as u64, &mut races, &mut streams.algorithm)? != 0)
}

/// Elimination misses the better configuration with probability at most the Chernoff bound of its two rounds.
pub fn elimination_at_most<M: Elimination>(
    make: impl Fn() -> ratebook::Result<M> + Send + Sync + 'static,
) -> Claim {
    Claim::fails_at_most("elimination at most", |budget| {
        elimination_bound(budget, f64::from(PARALLEL), FAVOURITE)
    })
    .states("CSE misses the best configuration with probability at most $\\sum_r (k-1)(1-(\\sqrt{p}-\\sqrt{p'})^2)^{b_r}$.")
    .assuming("16 configurations with exponential runtimes, one 1.5 times as fast, k = 4, e = 1")
    .source(Source::Derived)
    .sweep("B", [1600.0, 2000.0, 2400.0, 2800.0, 3200.0])
    .replicates(10_000, 100_000)
    .trivial(|_| 0.9375)
    .event(move |budget, streams| misses(&make()?, budget, streams))
}

/// Elimination misses the better configuration as often as the exact law of the most frequent winner says.
pub fn elimination_is_exact<M: Elimination>(
    make: impl Fn() -> ratebook::Result<M> + Send + Sync + 'static,
) -> Claim {
    let prediction = |budget| elimination_error(budget, PARALLEL as usize, FAVOURITE);
    Claim::equals("elimination is exact", prediction, Tolerance::Relative(0.1))
        .states("CSE misses the best configuration with probability $1 - Q(B/2k)\\,Q(B/2)$, $Q(b)$ being its chance of the most wins in $b$ races.")
        .assuming("16 configurations with exponential runtimes, one 1.5 times as fast, k = 4, e = 1")
        .source(Source::Derived)
        .sweep("B", [200.0, 400.0, 800.0])
        .full_sweep([200.0, 400.0, 800.0, 1600.0])
        .replicates(40_000, 400_000)
        .detects(0.25)
        .measure(move |budget, streams| -> ratebook::Result<f64> {
            Ok(f64::from(u8::from(misses(&make()?, budget, streams)?)))
        })
}

/// The error of elimination on a fixed set decays exponentially in the budget: at least by 1/e a thousand
/// instances.
pub fn elimination_decays<M: Elimination>(
    make: impl Fn() -> ratebook::Result<M> + Send + Sync + 'static,
) -> Claim {
    const UNIT: f64 = 1000.0;
    // In x = e^{B/1000} exponential decay is a power law, which is what the judge fits.
    let points = [200.0, 400.0, 800.0, 1200.0, 1600.0].map(|budget: f64| (budget / UNIT).exp());
    Claim::rate("elimination decays", |x| 1.0 / x)
        .states("The probability that CSE misses the best configuration falls at least like $e^{-B/1000}$.")
        .assuming("16 configurations with exponential runtimes, one 1.5 times as fast, k = 4, e = 1")
        .source(Source::Derived)
        .sweep("exp(B/1000)", points)
        .replicates(30_000, 200_000)
        .measure(move |x, streams| -> ratebook::Result<f64> {
            Ok(f64::from(u8::from(misses(&make()?, (UNIT * x.ln()).round(), streams)?)))
        })
}

/// The shares 1/c_e with C₃ missing from the sum that normalises them.
fn without_c3(alpha: f64, delta: f64, k: u32) -> ratebook::Result<Vec<f64>> {
    let needed = configurations_needed(alpha, delta);
    let (start, k) = (needed + 1.0, f64::from(k));
    let epochs = start.log2().ceil();
    let log_q = |x: f64| x.ln() / (1.0 + (k - 1.0) / epochs).ln();
    let (c1, c2, c3) = (log_q(2.0), 1.0 + log_q(5.0 * start), log_q(k));
    let numerator = c1 * epochs - (epochs.exp2() - 1.0) * (2.0 * c1 - c2);
    let share = |e: f64| (epochs - e).exp2() * (c2 + c3 - e * c1) / numerator;
    Ok((1..=epochs as u32).map(|e| share(f64::from(e))).collect())
}

/// What a broken AC-Band does wrong.
#[derive(Debug, Clone, Copy)]
enum Flaw {
    /// It keeps the configurations with the fewest wins.
    Losers,
    /// It draws half as many configurations.
    Half,
    /// It stops after about a hundred instances, whatever the budget.
    Hundred,
}

#[derive(Debug, Clone)]
struct Broken {
    band: AcBand,
    k: u32,
    flaw: Flaw,
}

impl Broken {
    /// Draws `count` configurations and races them in blocks of k, `instances` each; the block's winner (loser)
    /// stays until one is left.
    fn knock_out(
        &self,
        count: usize,
        budget: u64,
        races: &mut Races<'_>,
        rng: &mut dyn Rng,
    ) -> ratebook::Result<usize> {
        let mut active = (0..count).map(|_| races.draw(rng)).collect::<ratebook::Result<Vec<_>>>()?;
        let rounds = (count as f64).log(f64::from(self.k)).ceil() + 1.0;
        let mut wins = vec![0; self.k as usize];
        while active.len() > 1 {
            let blocks = active.len().div_ceil(self.k as usize);
            let instances = (budget as f64 / (rounds * blocks as f64)).max(1.0) as u64;
            let mut next = Vec::new();
            for block in active.chunks(self.k as usize) {
                let wins = &mut wins[..block.len()];
                races.race(block, instances, wins)?;
                let sign = if matches!(self.flaw, Flaw::Losers) { -1.0 } else { 1.0 };
                let best = (0..block.len())
                    .max_by(|&a, &b| (sign * wins[a] as f64).total_cmp(&(sign * wins[b] as f64)));
                next.extend(best.map(|place| block[place]));
            }
            active = next;
        }
        Ok(active[0])
    }
}

impl Configurator for Broken {
    fn configure(&self, races: &mut Races<'_>, rng: &mut dyn Rng) -> ratebook::Result<usize> {
        match self.flaw {
            Flaw::Losers => self.knock_out(self.band.drawn(), races.remaining(), races, rng),
            Flaw::Half => self.knock_out(self.band.drawn() / 2, races.remaining(), races, rng),
            Flaw::Hundred => self.knock_out(self.band.drawn(), 100, races, rng),
        }
    }
}

/// A broken elimination: the whole budget goes to the first round, and one of its winners is taken at random.
#[derive(Debug, Clone, Copy)]
struct OneRound;

impl Elimination for OneRound {
    fn winner(
        &self,
        mut active: Vec<usize>,
        budget: u64,
        races: &mut Races<'_>,
        rng: &mut dyn Rng,
    ) -> ratebook::Result<usize> {
        active.shuffle(rng);
        let k = PARALLEL as usize;
        let block = rng.random_range(0..active.len() / k);
        let block = &active[block * k..(block + 1) * k];
        // The other blocks' races would not change the answer.
        let mut wins = vec![0; k];
        races.race(block, budget * k as u64 / active.len() as u64, &mut wins)?;
        Ok((0..k).max_by_key(|&place| wins[place]).map_or(active[0], |place| block[place]))
    }
}
