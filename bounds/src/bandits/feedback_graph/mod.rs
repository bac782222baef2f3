//! What *Online Learning with Feedback Graphs: The True Shape of Regret* promises.

mod graphs;
mod lower_bound;
mod regret;

use ratebook::bandits::baselines::{Exp3, ExploreThenCommit, TsallisInf, Ucb, UniformArms};
use ratebook::bandits::feedback_graph::complexity::{Exploration, Subsets};
use ratebook::bandits::feedback_graph::{Exp3Ex, Rates};
use ratebook::bandits::instances::Graph;
use ratebook_judge::Paper;

use graphs::{greedy_numbers, takes_losses_for_gains};
pub use graphs::{
    independence_bounds_the_variance, numbers_of_every_graph, packing_below_complexity, worst_losses,
};
pub use lower_bound::{
    minimax_lower, no_loss_policy_does_better, no_reward_policy_does_better, told_the_best_arm,
};
pub use regret::{independent_of_arms, rate_on_the_star, rate_without_edges, regret_at_most};

/// R_T(D) = |D|^(1/3)·T^(2/3) + √(αT): the problem complexity of exploring |D| vertices when those that D does not
/// dominate have independence number α. The minimum over D is the minimax regret up to logarithms.
pub fn complexity(explored: f64, independence: f64, horizon: f64) -> f64 {
    explored.cbrt() * horizon.powf(2.0 / 3.0) + (independence * horizon).sqrt()
}

/// γ = min(1/2, (|D|·ln N/(2T))^(1/3)): the share of the rounds that explores |D| of N ≥ 1 vertices, for T ≥ 1.
pub fn exploration_share(explored: f64, arms: f64, horizon: f64) -> f64 {
    (explored * arms.ln() / (2.0 * horizon)).cbrt().min(0.5)
}

/// γT + √(2T·ln N·(α/(1−γ) + |D|/γ)), without |D|/γ for an empty D: the expected regret of Exp3-EX against every
/// sequence of losses in [0, 1] fixed before play.
///
/// Derived: the second-order bound of exponential weights with an unbiased estimate is
/// ln N/η + (η/2)·Σ_t Σ_i p_t(i)/P_t(i), and η balances it. The vertices that D does not dominate contribute at
/// most α/(1−γ) in a round (for positive p, Σ_i p(i)/Σ_{j∈N(i)} p(j) ≤ α), the others at most |D|/γ, since
/// P(i) ≥ γ/|D|. Exploring costs at most γ a round.
pub fn regret(explored: f64, independence: f64, arms: f64, horizon: f64) -> f64 {
    let gamma = exploration_share(explored, arms, horizon);
    let revealed = if gamma > 0.0 { explored / gamma } else { 0.0 };
    let variance = independence / (1.0 - gamma) + revealed;
    gamma * horizon + (2.0 * horizon * arms.ln() * variance).sqrt()
}

/// The algorithm of the paper.
fn exp3_ex(graph: &Graph, horizon: f64) -> ratebook::Result<Exp3Ex> {
    Exp3Ex::new(graph.clone(), horizon)
}

/// No exploration, as if the rate √(αT) were right at every horizon.
fn without_exploration(graph: &Graph, horizon: f64) -> ratebook::Result<Exp3Ex> {
    Exp3Ex::exploring(graph.clone(), horizon, &Exploration::given(graph, &[])?)
}

/// Explores all vertices alike instead of a few that dominate.
fn exploring_everything(graph: &Graph, horizon: f64) -> ratebook::Result<Exp3Ex> {
    let everything: Vec<usize> = (0..graph.arms()).collect();
    Exp3Ex::exploring(graph.clone(), horizon, &Exploration::given(graph, &everything)?)
}

/// Explores but does not learn: η = 0.
fn without_learning(graph: &Graph, horizon: f64) -> ratebook::Result<Exp3Ex> {
    let exploration = Exploration::best(graph, horizon)?;
    let rates = Rates { eta: 0.0, ..Rates::new(graph.arms(), horizon, &exploration)? };
    Exp3Ex::with_rates(graph.clone(), &exploration.set, rates)
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let best = |graph: &Graph, horizon: f64| Ok(Exploration::best(graph, horizon)?.complexity(horizon));
    Paper::new("bandits/feedback_graph", "Online Learning with Feedback Graphs: The True Shape of Regret")
        .arxiv("2306.02971")
        .seed_line(15)
        .claim(rate_on_the_star(exp3_ex).control("does not explore", rate_on_the_star(without_exploration)))
        .claim(
            independent_of_arms(exp3_ex)
                .control("does not explore", independent_of_arms(without_exploration)),
        )
        .claim(
            regret_at_most(exp3_ex)
                .control("does not explore", regret_at_most(without_exploration))
                .control("explores all vertices alike", regret_at_most(exploring_everything)),
        )
        .claim(
            worst_losses(exp3_ex)
                .control("does not learn", worst_losses(without_learning))
                .control("takes losses for gains", worst_losses(takes_losses_for_gains)),
        )
        .claim(
            rate_without_edges(exp3_ex)
                .control("explores all vertices alike", rate_without_edges(exploring_everything)),
        )
        .claim(packing_below_complexity(best).control(
            "forgets how many vertices explore",
            packing_below_complexity(|graph, horizon| {
                let without = Exploration::given(graph, &[])?.complexity(horizon);
                Ok(without.min(complexity(1.0, 0.0, horizon)))
            }),
        ))
        .claim(independence_bounds_the_variance(|subsets| subsets.independence(subsets.count() - 1)).control(
            "the domination number instead",
            independence_bounds_the_variance(|subsets| subsets.domination(subsets.count() - 1)),
        ))
        .claim(
            numbers_of_every_graph(|graph| {
                let subsets = Subsets::new(graph)?;
                let all = subsets.count() - 1;
                Ok((subsets.independence(all), subsets.domination(all)))
            })
            .control("takes vertices greedily", numbers_of_every_graph(|graph| Ok(greedy_numbers(graph)))),
        )
        .claim(
            no_loss_policy_does_better(|arms, rounds| Exp3Ex::new(Graph::edgeless(arms)?, rounds))
                .peer("Exp3", no_loss_policy_does_better(Exp3::tuned))
                .peer("Tsallis-INF", no_loss_policy_does_better(TsallisInf::tuned))
                .peer("UCB", no_reward_policy_does_better(|arms, rounds| Ucb::new(arms, 0.5, rounds)))
                .peer(
                    "greedy",
                    no_reward_policy_does_better(|arms, rounds| Ucb::new(arms, 0.0, rounds)).detects(1.0),
                )
                .peer(
                    "explore, then commit",
                    no_reward_policy_does_better(|arms, _| ExploreThenCommit::new(arms, 5)).detects(1.0),
                )
                .peer("uniform arms", no_reward_policy_does_better(|arms, _| UniformArms::new(arms)))
                .control("is told the best arm", told_the_best_arm()),
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(minimax_lower(4.0, 100.0), 1.0, max_relative = 1e-12);
        assert_relative_eq!(complexity(8.0, 4.0, 1000.0), 200.0 + 4000f64.sqrt(), max_relative = 1e-12);
        assert_eq!(complexity(0.0, 9.0, 100.0), 30.0);
        // ln N = 2, so that γ³ = 2/16.
        let arms = 2f64.exp();
        assert_relative_eq!(exploration_share(1.0, arms, 1000.0), 0.1, max_relative = 1e-12);
        assert_eq!(exploration_share(5.0, 10.0, 1.0), 0.5);
        assert_eq!(exploration_share(0.0, 10.0, 1.0), 0.0);
        // γ = 1/10 and √(4000·(1.8/0.9 + 1/0.1)) for α = 1.8.
        let by_hand = 100.0 + 48_000f64.sqrt();
        assert_relative_eq!(regret(1.0, 1.8, arms, 1000.0), by_hand, max_relative = 1e-12);
        assert_relative_eq!(regret(0.0, 4.0, arms, 100.0), 40.0, max_relative = 1e-12);
        assert_eq!(regret(0.0, 1.0, 1.0, 100.0), 0.0);
    }

    quickcheck! {
        fn more_rounds_vertices_or_independence_cost_more(explored: u8, independence: u8, rounds: u16) -> bool {
            let (d, alpha, t) = (f64::from(explored), f64::from(independence), f64::from(rounds) + 1.0);
            let bound = regret(d, alpha, 300.0, t);
            regret(d, alpha, 300.0, 2.0 * t) >= bound
                && regret(d, alpha + 1.0, 300.0, t) > bound
                && regret(d, alpha, 600.0, t) >= bound
                && complexity(d + 1.0, alpha, t) > complexity(d, alpha, t)
        }

        fn without_a_cap_the_bound_is_one_and_a_half_square_roots(explored: u8, rounds: u16) -> bool {
            // γ minimises γT + √(2T·ln N·|D|/γ): the second term is twice the first.
            let (d, t) = (f64::from(explored) + 1.0, f64::from(rounds) + 10_000.0);
            let gamma = exploration_share(d, 20.0, t);
            gamma == 0.5 || (regret(d, 0.0, 20.0, t) / (3.0 * gamma * t) - 1.0).abs() < 1e-12
        }
    }
}
