//! The claims that go through every small graph, or every sequence of losses.

use rand::Rng;
use ratebook::bandits::feedback_graph::Exp3Ex;
use ratebook::bandits::feedback_graph::complexity::{Exploration, Subsets};
use ratebook::bandits::instances::Graph;
use ratebook::bandits::primitives::exact::{Choices, worst_regret};
use ratebook::bandits::{Policy, Revealed};
use ratebook::math::chance::Chance;
use ratebook::math::sequences::sequences;
use ratebook_judge::{Claim, Source};

use super::{complexity, regret};

/// Every graph on `arms` labelled vertices, 2^(`arms`·(`arms`−1)/2) of them.
fn every_graph(arms: usize) -> impl Iterator<Item = ratebook::Result<Graph>> {
    let pairs: Vec<(usize, usize)> = (0..arms).flat_map(|a| (0..a).map(move |b| (b, a))).collect();
    (0_u32..1 << pairs.len()).map(move |mask| {
        let chosen = pairs.iter().enumerate().filter(|(index, _)| mask >> index & 1 == 1);
        Graph::new(arms, &chosen.map(|(_, &pair)| pair).collect::<Vec<_>>())
    })
}

/// The exact worst expected regret over all losses is at most the bound, on both graphs of two vertices.
///
/// Expectations go through every random choice of the policy, and all losses in {0, 1} fixed before play are tried.
/// Measured in units of the bound, at horizons where the bound is below the trivial T. (Where exploring pays, the
/// bound is below T only from about 15·ln N rounds on, out of reach of an enumeration.)
pub fn worst_losses<P>(make: impl Fn(&Graph, f64) -> ratebook::Result<P> + Send + Sync + 'static) -> Claim
where
    P: Policy<Context = (), Feedback = [Revealed]> + Choices + Clone,
{
    Claim::at_most("worst losses", |_| 1.0)
        .states(
            "$\\max_\\ell \\mathbb{E}\\,\\mathrm{Regret} \\le \\gamma T + \\sqrt{2 T \\ln N \
             (\\alpha_U/(1-\\gamma) + |D|/\\gamma)}$, in units of the right-hand side.",
        )
        .assuming(
            "all sequences of T loss vectors with entries 0 and 1; two vertices with and without the edge",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("T", [4.0, 5.0, 6.0])
        .full_sweep([4.0, 5.0, 6.0, 7.0])
        .measure(move |horizon, streams| -> ratebook::Result<Vec<f64>> {
            let mut ratio = |graph: ratebook::Result<Graph>| {
                let graph = graph?;
                let best = Exploration::best(&graph, horizon)?;
                let bound =
                    regret(best.set.len() as f64, best.independence as f64, graph.arms() as f64, horizon);
                let policy = make(&graph, horizon)?;
                Ok(worst_regret(&policy, &graph, horizon as u64, &mut streams.noise)? / bound)
            };
            every_graph(2).map(&mut ratio).collect()
        })
}

/// A packing argument never asks for more than the problem complexity: for every independent set I,
/// min over J ⊆ I of δ(J)^(1/3)·T^(2/3) + √(|I∖J|·T) is at most R*, where δ(J) vertices dominate J.
///
/// Derived: for the minimiser D of R*, take J = I ∩ N(D); then δ(J) ≤ |D| and I∖J is an independent set of what D
/// does not dominate. It is the shape of the paper's lower bound, so that upper and lower bound meet.
pub fn packing_below_complexity(
    least: impl Fn(&Graph, f64) -> ratebook::Result<f64> + Send + Sync + 'static,
) -> Claim {
    Claim::always("packing below complexity")
        .states(
            "$\\max_I \\min_{J \\subseteq I} \\delta(J)^{1/3} T^{2/3} + \\sqrt{|I \\setminus J| T} \\le R^*_T$ over \
             independent sets $I$.",
        )
        .assuming("every graph on up to 5 labelled vertices (6 in the full tier), δ(J) = least number that dominates J")
        .source(Source::Derived)
        .exhaustive()
        .sweep("N", [1.0, 2.0, 3.0, 4.0, 5.0])
        .full_sweep([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        .check(move |arms, _, cases| -> ratebook::Result<()> {
            for graph in every_graph(arms as usize) {
                let graph = graph?;
                let subsets = Subsets::new(&graph)?;
                for horizon in [6.0, 30.0, 100.0, 10_000.0] {
                    let least = least(&graph, horizon)?;
                    let told = || format!("T {horizon}, {graph:?}");
                    cases.at_most(packing(&subsets, horizon), least * (1.0 + 1e-12), told);
                }
            }
            Ok(())
        })
}

fn packing(subsets: &Subsets, horizon: f64) -> f64 {
    let independent = |set: &u32| subsets.independence(*set) == set.count_ones() as usize;
    let price = |set: u32| {
        let within = (0..=set).filter(|part| part & !set == 0);
        let split = |part: u32| {
            complexity(subsets.domination(part) as f64, f64::from((set & !part).count_ones()), horizon)
        };
        within.map(split).fold(f64::INFINITY, f64::min)
    };
    (0..subsets.count()).filter(independent).map(price).fold(0.0, f64::max)
}

/// The variance of a round without exploration is at most the independence number: Σ_i p(i)/Σ_{j∈N(i)} p(j) ≤ α
/// (Mannor and Shamir, 2011), for every graph and every distribution on a grid, and some law attains it.
pub fn independence_bounds_the_variance(number: impl Fn(&Subsets) -> usize + Send + Sync + 'static) -> Claim {
    /// Masses before they are made to sum to one.
    const GRID: [f64; 4] = [0.0, 1.0, 3.0, 9.0];
    Claim::always("independence bounds the variance")
        .states("$\\max_p \\sum_i p(i) / \\sum_{j \\in N(i)} p(j) = \\alpha(G)$.")
        .assuming(
            "every graph on up to 5 labelled vertices; every p with masses proportional to 0, 1, 3 or 9",
        )
        .source(Source::Classical)
        .exhaustive()
        .sweep("N", [1.0, 2.0, 3.0, 4.0, 5.0])
        .check(move |arms, _, cases| -> ratebook::Result<()> {
            let arms = arms as usize;
            let laws: Vec<Vec<f64>> = sequences(&GRID, arms).collect();
            for graph in every_graph(arms) {
                let graph = graph?;
                let number = number(&Subsets::new(&graph)?) as f64;
                let ratio = |p: &[f64], arm: usize| {
                    let seen: f64 = graph.closed(arm).iter().map(|&other| p[other]).sum();
                    if p[arm] > 0.0 { p[arm] / seen } else { 0.0 }
                };
                let variance = |p: &Vec<f64>| (0..arms).map(|arm| ratio(p, arm)).sum::<f64>();
                let worst = laws.iter().map(variance).fold(0.0, f64::max);
                cases.at_most(worst, number * (1.0 + 1e-12), || format!("{graph:?}"));
                // By equal masses on a largest independent set, which are on the grid.
                cases.close(worst, number, 1e-9, || format!("attained on {graph:?}"));
            }
            Ok(())
        })
}

/// Independence and domination numbers are those that a search through all sets of vertices finds, and at most as
/// many vertices dominate as are independent (a largest independent set dominates).
pub fn numbers_of_every_graph(
    numbers: impl Fn(&Graph) -> ratebook::Result<(usize, usize)> + Send + Sync + 'static,
) -> Claim {
    Claim::always("numbers of every graph")
        .states("The recursion over subsets finds $\\alpha(G)$ and $\\delta(V)$, and $\\delta(V) \\le \\alpha(G)$.")
        .assuming("every graph on up to 5 labelled vertices (7 in the full tier)")
        .source(Source::Classical)
        .exhaustive()
        .sweep("N", [1.0, 2.0, 3.0, 4.0, 5.0])
        .full_sweep([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
        .check(move |arms, _, cases| -> ratebook::Result<()> {
            for graph in every_graph(arms as usize) {
                let graph = graph?;
                let (independence, domination) = numbers(&graph)?;
                let found = search(&graph);
                cases.holds((independence, domination) == found, || {
                    format!("{independence} and {domination} instead of {found:?} on {graph:?}")
                });
                cases.at_most(domination as f64, independence as f64, || format!("{graph:?}"));
            }
            Ok(())
        })
}

/// The independence and the domination number of a small graph, by definition: through all sets of vertices.
fn search(graph: &Graph) -> (usize, usize) {
    let arms = graph.arms();
    let mask = |arm: usize| graph.closed(arm).iter().fold(0_u32, |mask, &other| mask | 1 << other);
    let closed: Vec<u32> = (0..arms).map(mask).collect();
    let members = |set: u32| (0..arms).filter(move |arm| set >> arm & 1 == 1);
    let (mut independence, mut domination) = (0, arms);
    for set in 0_u32..1 << arms {
        let size = set.count_ones() as usize;
        if size > independence && members(set).all(|arm| closed[arm] & set == 1 << arm) {
            independence = size;
        }
        if size < domination && members(set).fold(0, |mask, arm| mask | closed[arm]) == (1 << arms) - 1 {
            domination = size;
        }
    }
    (independence, domination)
}

/// What greedy choices find instead: an independent set in the order of the labels, a dominating set by coverage.
pub fn greedy_numbers(graph: &Graph) -> (usize, usize) {
    let mut blocked = vec![false; graph.arms()];
    let mut independence = 0;
    for arm in 0..graph.arms() {
        if !blocked[arm] {
            independence += 1;
            graph.closed(arm).iter().for_each(|&other| blocked[other] = true);
        }
    }
    let mut left = vec![true; graph.arms()];
    let mut domination = 0;
    while left.contains(&true) {
        let gain = |arm: &usize| graph.closed(*arm).iter().filter(|&&other| left[other]).count();
        let best = (0..graph.arms()).max_by_key(gain).unwrap_or(0);
        graph.closed(best).iter().for_each(|&other| left[other] = false);
        domination += 1;
    }
    (independence, domination)
}

/// A broken policy: it learns from every loss as if it were a gain.
#[derive(Debug, Clone)]
pub struct TakesLossesForGains(Exp3Ex);

/// The algorithm of the paper with that mistake.
pub fn takes_losses_for_gains(graph: &Graph, horizon: f64) -> ratebook::Result<TakesLossesForGains> {
    Exp3Ex::new(graph.clone(), horizon).map(TakesLossesForGains)
}

impl Policy for TakesLossesForGains {
    type Context = ();
    type Feedback = [Revealed];

    fn choose(&mut self, context: &(), rng: &mut dyn Rng) -> ratebook::Result<usize> {
        self.choose_by(context, rng)
    }

    fn observe(&mut self, arm: usize, feedback: &[Revealed]) -> ratebook::Result<()> {
        let turned = feedback.iter().map(|seen| Revealed { arm: seen.arm, loss: 1.0 - seen.loss });
        self.0.observe(arm, &turned.collect::<Vec<_>>())
    }
}

impl Choices for TakesLossesForGains {
    fn choose_by<C: Chance + ?Sized>(&mut self, context: &(), chance: &mut C) -> ratebook::Result<usize> {
        self.0.choose_by(context, chance)
    }
}
