//! What *Distributed Contextual Linear Bandits with Minimax Optimal Communication Cost* promises.

use nalgebra::{Cholesky, DMatrix, DVector};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use ratebook::bandits::Actions;
use ratebook::bandits::agents::{Cooperative, LinearPulls, Link};
use ratebook::bandits::disbe_lucb::{DisBeLucb, SLACK};
use ratebook::bandits::instances::{Contexts, Contextual};
use ratebook::math::design::{Group, d_optimal};
use ratebook_judge::{Claim, Paper, Source, Streams, Tolerance};

mod controls;

use controls::{Alone, DoublingBatches};

/// M = ⌈log₂ log₂(NT/d)⌉ + 2, for NT/d ≥ 2.
pub fn batches(ratio: f64) -> f64 {
    ratio.log2().log2().ceil() + 2.0
}

/// The batches that T rounds need: T_1 = T_2 = ⌈a√(d/N)⌉, T_m = ⌊a√T_{m−1}⌋ with
/// a = √T·(NT/d)^{1/(2(2^{M−1}−1))} until they reach T, and at most M.
pub fn batches_used(agents: f64, dim: f64, rounds: f64) -> f64 {
    let ratio = agents * rounds / dim;
    let most = batches(ratio);
    let a = rounds.sqrt() * ratio.powf(0.5 / ((most - 1.0).exp2() - 1.0));
    let first = (a * (dim / agents).sqrt()).ceil();
    let (mut used, mut length, mut total) = (1.0, first, first);
    while total < rounds && used < most {
        used += 1.0;
        length = if used == 2.0 { first } else { (a * length.sqrt()).floor() };
        total += length;
    }
    used
}

/// 2dN(B − 1): the numbers that are sent up and down in B batches; after the last nothing is.
pub fn communication(agents: f64, dim: f64, batches: f64) -> f64 {
    2.0 * dim * agents * (batches - 1.0)
}

/// √(dNT): the regret of all agents together, up to logarithms; also that of one agent with NT rounds.
pub fn regret(dim: f64, total_rounds: f64) -> f64 {
    (dim * total_rounds).sqrt()
}

const AGENTS: usize = 4;
const DIM: usize = 8;
const DELTA: f64 = 0.1;
/// The multiple of β that the experiments on regret use: at 1 nothing is eliminated at these horizons.
const SCALE: f64 = 0.25;

/// The paper's method on the paired instance.
fn method(agents: usize) -> ratebook::Result<DisBeLucb> {
    DisBeLucb::new(agents, Contextual::paired(DIM, 0.0, 1.0)?.contexts().clone(), DELTA)?.scaled(SCALE)
}

fn in_batches(batches: u32) -> impl Fn(usize) -> ratebook::Result<DisBeLucb> {
    move |agents| method(agents)?.in_batches(batches)
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let doubling = |agents| Ok(DoublingBatches(method(agents)?));
    let alone = |agents| Ok(Alone { one: method(1)?, agents });
    Paper::new(
        "bandits/disbe_lucb",
        "Distributed Contextual Linear Bandits with Minimax Optimal Communication Cost",
    )
    .arxiv("2205.13170")
    .seed_line(47)
    .claim(
        numbers_sent(method)
            .control("synchronises whenever the rounds have doubled", numbers_sent(doubling))
            .control("three batches", numbers_sent(|agents| method(agents)?.in_batches(3))),
    )
    .claim(
        numbers_sent_at_most(method)
            .control("synchronises whenever the rounds have doubled", numbers_sent_at_most(doubling)),
    )
    .claim(
        design_is_near_optimal(|contexts| joint(contexts, SLACK))
            .control("plays uniformly", design_is_near_optimal(|contexts| Ok(uniform(contexts))))
            .control("a G-optimal design for each set alone", design_is_near_optimal(set_by_set)),
    )
    .claim(
        regret_rate(method)
            .control("one batch", regret_rate(in_batches(1)))
            .control("two batches, which are one in effect", regret_rate(in_batches(2)))
            .control("three batches", regret_rate(in_batches(3))),
    )
    .claim(
        independent_of_agents(0.25, method)
            .peer("gap 1/2", independent_of_agents(0.5, method))
            .peer("gap 1/8", independent_of_agents(0.125, method))
            .control("the agents never talk", independent_of_agents(0.25, alone)),
    )
    .claim(
        best_actions_survive(1.0)
            .control("β a hundred times too small", best_actions_survive(0.01))
            .baseline("β times 1/4, as in the experiments on regret", best_actions_survive(SCALE)),
    )
}

/// The regret of all agents and the link after `total` rounds of all agents on the paired instance.
fn run(
    method: &impl Cooperative,
    gap: f64,
    total: f64,
    streams: &mut Streams,
) -> ratebook::Result<(f64, Link)> {
    let bandit = Contextual::paired(DIM, gap, 1.0)?;
    let mut link = Link::default();
    let mut pulls = LinearPulls::new(&bandit, total as u64, &mut streams.noise);
    method.cooperate(&mut pulls, &mut link, &mut streams.algorithm)?;
    Ok((pulls.regret(), link))
}

fn even_powers(first: i32, last: i32) -> Vec<f64> {
    (first..=last).step_by(2).map(|k| 2f64.powi(k)).collect()
}

fn sent<C: Cooperative>(
    make: impl Fn(usize) -> ratebook::Result<C>,
    total: f64,
    streams: &mut Streams,
) -> ratebook::Result<f64> {
    let (_, link) = run(&make(AGENTS)?, 0.25, total, streams)?;
    Ok(link.size() as f64)
}

/// The numbers sent are exactly 2dN(B − 1) for the B batches that reach T.
pub fn numbers_sent<C: Cooperative>(
    make: impl Fn(usize) -> ratebook::Result<C> + Send + Sync + 'static,
) -> Claim {
    let (agents, dim) = (AGENTS as f64, DIM as f64);
    let predicted = move |total: f64| communication(agents, dim, batches_used(agents, dim, total / agents));
    Claim::equals("numbers sent", predicted, Tolerance::Relative(0.0))
        .states("The numbers sent up and down are $2dN(B-1)$ for the $B \\le M$ batches that reach $T$.")
        .assuming("paired instance, d = 8, K = 2, N = 4")
        .source(Source::Derived)
        .computed()
        .sweep("N T", even_powers(10, 60))
        .measure(move |total, streams| sent(&make, total, streams))
}

/// The numbers sent are at most 2dN(M − 1), with M of order log log(NT).
pub fn numbers_sent_at_most<C: Cooperative>(
    make: impl Fn(usize) -> ratebook::Result<C> + Send + Sync + 'static,
) -> Claim {
    let (agents, dim) = (AGENTS as f64, DIM as f64);
    Claim::at_most("numbers sent at most", move |total| communication(agents, dim, batches(total / dim)))
        .states(
            "At most $2dN(\\lceil \\log_2 \\log_2 (NT/d) \\rceil + 1)$ numbers are sent: $\\tilde O(dN)$.",
        )
        .assuming("paired instance, d = 8, K = 2, N = 4")
        .source(Source::Abstract)
        .computed()
        .sweep("N T", even_powers(10, 60))
        .measure(move |total, streams| sent(&make, total, streams))
}

type Weights = Vec<Vec<f64>>;

/// The library's batch policy for a law of contexts.
fn joint(contexts: &Contexts, slack: f64) -> ratebook::Result<Weights> {
    let groups = contexts.sets().iter().zip(contexts.masses());
    let groups: Vec<Group> =
        groups.map(|(set, &mass)| Group { mass, points: set.iter().collect() }).collect();
    Ok(d_optimal(&groups, slack)?.weights)
}

fn uniform(contexts: &Contexts) -> Weights {
    contexts.sets().iter().map(|set| vec![1.0 / set.arms() as f64; set.arms()]).collect()
}

/// For each decision set the G-optimal design that it would have alone.
fn set_by_set(contexts: &Contexts) -> ratebook::Result<Weights> {
    let alone = |set: &Actions| {
        let group = Group { mass: 1.0, points: set.iter().collect() };
        Ok(d_optimal(&[group], SLACK)?.weights.swap_remove(0))
    };
    contexts.sets().iter().map(alone).collect()
}

/// E_X max_x xᵀV⁻¹x for the given weights; infinite if V is singular.
fn expected_width(contexts: &Contexts, weights: &Weights) -> f64 {
    let dim = contexts.dim();
    let vector = |x: &[f64]| DVector::from_column_slice(x);
    let mut information = DMatrix::zeros(dim, dim);
    for ((set, mass), weights) in contexts.sets().iter().zip(contexts.masses()).zip(weights) {
        for (x, weight) in set.iter().zip(weights) {
            information.ger(mass * weight, &vector(x), &vector(x), 1.0);
        }
    }
    let Some(factor) = Cholesky::new(information) else { return f64::INFINITY };
    let width = |set: &Actions| {
        let widths = set.iter().map(|x| vector(x).dot(&factor.solve(&vector(x))));
        widths.fold(0.0, f64::max)
    };
    contexts.sets().iter().zip(contexts.masses()).map(|(set, mass)| mass * width(set)).sum()
}

/// A law with 1 to 5 decision sets of 2 to 7 random unit vectors each, with random masses, in dimension `dim`:
/// enough vectors to span the space.
fn random_law(dim: usize, rng: &mut impl Rng) -> ratebook::Result<Contexts> {
    let count = rng.random_range(1..=5);
    let set = |size: usize, rng: &mut dyn Rng| {
        let entries = (0..size).flat_map(|_| {
            let x: Vec<f64> = (0..dim).map(|_| rng.sample(StandardNormal)).collect();
            let length = x.iter().map(|x| x * x).sum::<f64>().sqrt();
            x.into_iter().map(move |x| x / length).collect::<Vec<_>>()
        });
        Actions::new(dim, entries.collect())
    };
    let mut sets = vec![set(dim, rng)?];
    for _ in 1..count {
        let size = rng.random_range(2..=7);
        sets.push(set(size, rng)?);
    }
    let masses: Vec<f64> = (0..count).map(|_| rng.random_range(0.05..1.0)).collect();
    let total: f64 = masses.iter().sum();
    Contexts::new(sets, masses.iter().map(|mass| mass / total).collect())
}

/// For every law of contexts the batch policy has E_X max_x xᵀV⁻¹x ≤ 1.1·d.
pub fn design_is_near_optimal(
    design: impl Fn(&Contexts) -> ratebook::Result<Weights> + Send + Sync + 'static,
) -> Claim {
    Claim::always("design is near optimal")
        .states("The batch policy has $\\mathbb{E}_X \\max_{x \\in X} x^\\top V^{-1} x \\le 1.1\\, d$.")
        .assuming("1 to 5 random decision sets of random unit vectors with random masses")
        .source(Source::Derived)
        .sweep("d", [2.0, 3.0, 6.0])
        .replicates(700, 2000)
        .check(move |dim, streams, cases| -> ratebook::Result<()> {
            let law = random_law(dim as usize, &mut streams.instance)?;
            let value = expected_width(&law, &design(&law)?);
            cases.at_most(value, (1.0 + SLACK) * dim * (1.0 + 1e-9), || format!("{law:?}"));
            Ok(())
        })
}

/// The fixed grid of gaps of the paired instance, the same at every horizon.
const GAPS: std::ops::RangeInclusive<i32> = 1..=15;

/// The worst regret over a fixed grid of gaps grows like √(dNT) in NT.
pub fn regret_rate<C: Cooperative>(
    make: impl Fn(usize) -> ratebook::Result<C> + Send + Sync + 'static,
) -> Claim {
    Claim::rate("regret rate", |total| regret(DIM as f64, total))
        .states("The worst regret of all agents together grows at most like $\\sqrt{dNT}$.")
        .assuming("paired instance, d = 8, K = 2, N = 4, the worst gap of 2⁻¹, …, 2⁻¹⁵; β times 1/4, δ = 0.1")
        .source(Source::Abstract)
        .sweep("N T", even_powers(20, 36))
        .replicates(32, 300)
        .detects(0.08)
        .measure(move |total, streams| -> ratebook::Result<Vec<f64>> {
            let method = make(AGENTS)?;
            GAPS.map(|k| Ok(run(&method, 0.5f64.powi(k), total, streams)?.0)).collect()
        })
}

/// With NT fixed the regret of all agents together does not depend on their number.
///
/// 0.05 in the exponent is 15 % between 1 and 16 agents.
pub fn independent_of_agents<C: Cooperative>(
    gap: f64,
    make: impl Fn(usize) -> ratebook::Result<C> + Send + Sync + 'static,
) -> Claim {
    const TOTAL: f64 = 262_144.0;
    Claim::rate_exactly("independent of agents", |_| 1.0)
        .states("The regret depends on $N$ and $T$ through $NT$ alone, up to 15 % between 1 and 16 agents.")
        .assuming("paired instance, d = 8, K = 2, NT = 2¹⁸, gap 1/4 (1/2, 1/8); β times 1/4, δ = 0.1")
        .source(Source::Abstract)
        .sweep("N", [1.0, 4.0, 16.0])
        .replicates(200, 2000)
        .detects(1.15f64.ln() / 16f64.ln())
        .measure(move |agents, streams| -> ratebook::Result<f64> {
            Ok(run(&make(agents as usize)?, gap, TOTAL, streams)?.0)
        })
}

/// With probability 1 − δ the best action of every decision set survives all batches.
pub fn best_actions_survive(scale: f64) -> Claim {
    Claim::fails_at_most("best actions survive", |_| DELTA)
        .states("With probability $1 - \\delta$ the best action of every decision set survives all batches.")
        .assuming("paired instance, d = 8, K = 2, N = 4, gaps 2⁻², 2⁻⁶, 2⁻¹⁰; β of the theorem, δ = 0.1")
        .source(Source::Derived)
        .from_memory()
        .sweep("N T", [2f64.powi(16), 2f64.powi(24), 2f64.powi(32)])
        .replicates(200, 1000)
        .event(move |total, streams| -> ratebook::Result<Vec<f64>> {
            let mut fails = |k: i32| -> ratebook::Result<f64> {
                let bandit = Contextual::paired(DIM, 0.5f64.powi(k), 1.0)?;
                let method = DisBeLucb::new(AGENTS, bandit.contexts().clone(), DELTA)?.scaled(scale)?;
                let mut pulls = LinearPulls::new(&bandit, total as u64, &mut streams.noise);
                let end = method.run(&mut pulls, &mut Link::default(), &mut streams.algorithm)?;
                // The second action of every pair is the best.
                Ok(f64::from(end.survives.iter().any(|pair| !pair[1])))
            };
            [2, 6, 10].into_iter().map(&mut fails).collect()
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        // log₂ log₂ 2¹⁶ = 4; log₂ log₂ 2¹⁷ = 4.09.
        assert_eq!([2.0, 65_536.0, 131_072.0].map(batches), [2.0, 6.0, 7.0]);
        // NT/d = 16: M = 4, a = 4·16^{1/14} = 4.876; T = 16, d = N = 1: T_1 = T_2 = 5, T_3 = ⌊4.876·√5⌋ = 10.
        assert_eq!(batches_used(1.0, 1.0, 16.0), 3.0);
        // NT/d = 2: M = 2, a = 2·2^{1/2}, T_1 = ⌈a·√2⌉ = 4 = T.
        assert_eq!(batches_used(1.0, 2.0, 4.0), 1.0);
        assert_eq!(communication(4.0, 8.0, 6.0), 320.0);
        assert_relative_eq!(regret(8.0, 32.0), 16.0, max_relative = 1e-12);
    }

    #[test]
    fn widths_by_hand() {
        // e_1 three times and e_2 once, uniformly: V = diag(3/4, 1/4), and e_2 has width 4.
        let set = Actions::new(2, vec![1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0]).unwrap();
        let law = Contexts::uniform(vec![set]).unwrap();
        assert_relative_eq!(expected_width(&law, &uniform(&law)), 4.0, max_relative = 1e-12);
        let even = vec![vec![0.5, 0.0, 0.0, 0.5]];
        assert_relative_eq!(expected_width(&law, &even), 2.0, max_relative = 1e-12);
        assert_eq!(expected_width(&law, &vec![vec![1.0, 0.0, 0.0, 0.0]]), f64::INFINITY);
    }

    quickcheck! {
        fn few_batches_are_enough(agents: u8, dim: u8, rounds: u32) -> bool {
            let (agents, dim) = (f64::from(agents) + 1.0, f64::from(dim) + 1.0);
            let rounds = f64::from(rounds) + 2.0 * dim;
            let (used, most) = (batches_used(agents, dim, rounds), batches(agents * rounds / dim));
            (1.0..=most).contains(&used) && most <= 8.0
        }

        fn communication_is_linear(agents: u8, dim: u8, batches: u8) -> bool {
            let [agents, dim, batches] = [agents, dim, batches].map(|x| f64::from(x) + 1.0);
            let numbers = communication(agents, dim, batches);
            communication(2.0 * agents, dim, batches) == 2.0 * numbers
                && communication(agents, dim, batches + 1.0) - numbers == 2.0 * agents * dim
                && (regret(4.0 * dim, batches) / regret(dim, batches) - 2.0).abs() < 1e-12
        }
    }
}
