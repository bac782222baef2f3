//! What *Near-Minimax-Optimal Risk-Sensitive Reinforcement Learning with CVaR* promises.

pub mod bandit;

use rand::RngExt;
use ratebook::rl::cvar_ucb_vi::bandit::{Bernstein as PullBernstein, BernsteinUcb, Hoeffding, Overconfident};
use ratebook::rl::cvar_ucb_vi::{Bernstein, CvarUcbVi, Known, Plan, cvar, log_term};
use ratebook::rl::{Agent, Law, MarkovPolicy, Mdp, instances, regret};
use ratebook_judge::{Claim, Paper, Source, Streams, powers_of_two};

use bandit::{
    ARMS, Clairvoyant, Pessimistic, bandit_regret_at_most, index_covers, no_method_does_better,
    rate_in_tolerance,
};

/// √(K·L) with L = ln(c·K): how the regret of CVaR-UCBVI grows with the episodes (Theorem 5.3, its logarithm
/// from the bonus).
pub fn episode_rate(episodes: f64, log_term: f64) -> f64 {
    (episodes * log_term).sqrt()
}

/// The paper and its claims.
pub fn paper() -> Paper {
    let (bernstein, greedy) = (Bernstein { scale: SCALE }, Bernstein { scale: 0.0 });
    Paper::new("rl/cvar_ucb_vi", "Near-Minimax-Optimal Risk-Sensitive Reinforcement Learning with CVaR")
        .arxiv("2302.03201")
        .seed_line(3)
        .claim(
            rate_in_tolerance(PullBernstein::PAPER)
                .control("Hoeffding's bonus", rate_in_tolerance(Hoeffding)),
        )
        .claim(
            bandit_regret_at_most(PullBernstein::PAPER)
                .control("pessimistic: subtracts the bonus", bandit_regret_at_most(Pessimistic)),
        )
        .claim(
            no_method_does_better(|tau, log, _| BernsteinUcb::new(ARMS, tau, log, 1, PullBernstein::PAPER))
                .control("knows the best arm", no_method_does_better(|_, _, best| Ok(Clairvoyant(best))))
                .baseline(
                    "Hoeffding's bonus",
                    no_method_does_better(|tau, log, _| BernsteinUcb::new(ARMS, tau, log, 1, Hoeffding)),
                ),
        )
        .claim(
            index_covers(PullBernstein::ONE_SIDED)
                .control("takes the variance for τ² instead of τ", index_covers(Overconfident))
                .baseline("the paper's larger bonus", index_covers(PullBernstein::PAPER)),
        )
        .claim(
            plan_is_optimal(|mdp, tau, grid| Plan::exact(mdp, tau, grid).map(|(plan, _)| mdp.law(&plan)))
                .control("the best policy without a budget", plan_is_optimal(best_markov)),
        )
        .claim(
            rate_in_episodes(move |known, tau, log| CvarUcbVi::new(known, tau, log, bernstein))
                .control(
                    "no bonus",
                    rate_in_episodes(move |known, tau, log| CvarUcbVi::new(known, tau, log, greedy)),
                )
                .control(
                    "maximises the mean",
                    rate_in_episodes(move |known, _, log| CvarUcbVi::new(known, 1.0, log, bernstein)),
                ),
        )
}

/// The law of the return when the actions are a function of everything seen: bit i of `code` is the action
/// after the i-th state history, all histories of one state first, then all of two, and so on.
fn history_law(mdp: &Mdp, code: u64) -> ratebook::Result<Law> {
    // (history as digits, state, mass, earnings), extended step by step.
    let states = mdp.states();
    let mut paths: Vec<(usize, usize, f64, f64)> =
        mdp.start().iter().enumerate().map(|(s, &p)| (s, s, p, 0.0)).collect();
    let mut before = 0;
    for step in 0..mdp.horizon() {
        let histories = states.pow(step as u32 + 1);
        let mut after = Vec::with_capacity(paths.len() * states);
        for &(history, state, mass, earned) in &paths {
            let action = (code >> (before + history) & 1) as usize;
            let earned = earned + mdp.reward(step, state, action);
            if step + 1 == mdp.horizon() {
                after.push((history, state, mass, earned));
                continue;
            }
            for (next, &p) in mdp.next(step, state, action).iter().enumerate() {
                after.push((history * states + next, next, mass * p, earned));
            }
        }
        before += histories;
        paths = after;
    }
    Law::new(paths.into_iter().map(|(_, _, mass, earned)| (earned, mass)).collect())
}

/// The best of all deterministic history-dependent policies, for two actions.
fn brute_force(mdp: &Mdp, tau: f64) -> ratebook::Result<f64> {
    let histories: u32 = (1..=mdp.horizon() as u32).map(|length| mdp.states().pow(length) as u32).sum();
    let mut best = f64::NEG_INFINITY;
    for code in 0..1_u64 << histories {
        best = best.max(cvar(&history_law(mdp, code)?, tau)?);
    }
    Ok(best)
}

/// The law of the best Markov policy for CVaR_τ, found by trying all.
fn best_markov(mdp: &Mdp, tau: f64, _grid: usize) -> ratebook::Result<Law> {
    let cells = mdp.horizon() * mdp.states();
    let mut best: Option<(f64, Law)> = None;
    for code in 0..1_u64 << cells {
        let table = (0..cells).map(|cell| (code >> cell & 1) as usize).collect();
        let law = mdp.law(&MarkovPolicy::new(mdp.states(), table)?);
        let value = cvar(&law, tau)?;
        if best.as_ref().is_none_or(|(leader, _)| value > *leader) {
            best = Some((value, law));
        }
    }
    best.map(|(_, law)| law).ok_or(ratebook::Error::Empty { name: "policies" })
}

/// With the transitions known, planning over budgets is as good as the best policy of any kind: all
/// deterministic functions of the state history are tried.
///
/// `planner` returns the law of the return of its policy, given the process, τ and the grid.
pub fn plan_is_optimal(
    planner: impl Fn(&Mdp, f64, usize) -> ratebook::Result<Law> + Send + Sync + 'static,
) -> Claim {
    Claim::always("plan is optimal")
        .states("The plan over (state, budget) attains the best $\\mathrm{CVaR}_\\tau$ of all history-dependent policies.")
        .assuming(
            "2 states, 2 actions; 40 random processes of 2 steps and 4 of 3, rewards in sixths, and the named one \
             where earnings matter; all 2⁶ and 2¹⁴ deterministic policies",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("H", [2.0, 3.0])
        .check(move |horizon, streams, cases| -> ratebook::Result<()> {
            let horizon = horizon as usize;
            let (count, most) = if horizon == 2 { (40, 3) } else { (4, 2) };
            let mut processes = (0..count)
                .map(|_| Ok((instances::dirichlet(2, 2, horizon, most, 6, &mut streams.instance)?, 6)))
                .collect::<ratebook::Result<Vec<_>>>()?;
            if horizon == 3 {
                processes.push((instances::earnings_matter()?, 4));
            }
            for (index, (mdp, grid)) in processes.iter().enumerate() {
                for tau in [0.1, 0.25, 0.5, 0.6, 0.8, 1.0] {
                    let planned = cvar(&planner(mdp, tau, *grid)?, tau)?;
                    let best = brute_force(mdp, tau)?;
                    cases.close(planned, best, 1e-9, || format!("process {index}, tau {tau}"));
                }
            }
            Ok(())
        })
}

/// The scale of the exploration bonus: at 1, the theorem's order, nothing is learned in 2¹⁴ episodes.
const SCALE: f64 = 0.25;

/// Over a fixed grid of gaps, the worst regret of CVaR-UCBVI grows like √K up to the logarithm.
///
/// `make` builds the agent from what it may know, the tolerance τ and the logarithm L for its bonus. The last
/// member of the family is a process whose best mean is the worst choice.
pub fn rate_in_episodes<A: Agent>(
    make: impl Fn(Known, f64, f64) -> ratebook::Result<A> + Send + Sync + 'static,
) -> Claim {
    const BANDITS: usize = 3;
    const TAU: f64 = 0.25;
    const DELTA: f64 = 0.1;
    let log_of = |episodes: f64| log_term(4.0 * BANDITS as f64 * 2.0, episodes, DELTA).unwrap_or(f64::NAN);
    Claim::rate("rate in episodes", move |episodes| episode_rate(episodes, log_of(episodes)))
        .states("The regret of CVaR-UCBVI grows at most like $\\sqrt{K}$ up to logarithms.")
        .assuming(
            "bandit tree of 3 bandits with 2 actions, τ = 1/4, P(bad) = τ/2 and τ/2 − τΔ, the worst Δ of 2⁻², …, \
             2⁻⁸, and the sure-or-risky process; Bernstein bonus scaled by 1/4; K known to the agent",
        )
        .source(Source::Theorem("5.3"))
        .from_memory()
        .sweep("K", powers_of_two(8..=13))
        .full_sweep(powers_of_two(8..=16))
        .replicates(96, 200)
        .measure(move |episodes, streams| -> ratebook::Result<Vec<f64>> {
            let log = log_of(episodes);
            let mut run = |mdp: &Mdp, grid: usize| -> ratebook::Result<f64> {
                let mut agent = make(Known::of(mdp, grid)?, TAU, log)?;
                let best = Plan::exact(mdp, TAU, grid)?.1;
                let objective = |law: &Law| cvar(law, TAU).unwrap_or(f64::NAN);
                let Streams { noise, algorithm, .. } = streams;
                Ok(regret(mdp, &mut agent, episodes as usize, best, objective, noise, algorithm))
            };
            let mut family = Vec::with_capacity(8);
            for k in 2..=8 {
                let best: Vec<usize> = (0..BANDITS).map(|_| streams.instance.random_range(0..2)).collect();
                let tree = instances::bandit_tree(&best, 2, TAU / 2.0, TAU * 0.5f64.powi(k))?;
                family.push(run(&tree, 1)?);
            }
            family.push(run(&instances::sure_or_risky(0.7)?, 2)?);
            Ok(family)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(episode_rate(50.0, 2.0), 10.0, max_relative = 1e-12);
        assert_relative_eq!(episode_rate(64.0, 2.25), 12.0, max_relative = 1e-12);
    }

    #[test]
    fn history_policies_contain_the_markov_ones() {
        let mdp = instances::earnings_matter().unwrap();
        // Every history takes action 1, as does this Markov policy.
        let always = mdp.law(&MarkovPolicy::new(2, vec![1; 6]).unwrap());
        let history = history_law(&mdp, u64::MAX).unwrap();
        assert_relative_eq!(history.mean(), always.mean(), max_relative = 1e-12);
        assert_relative_eq!(brute_force(&mdp, 0.6).unwrap(), 5.0 / 12.0, max_relative = 1e-12);
    }

    quickcheck! {
        fn the_rate_is_a_square_root(episodes: u16, log_term: u8) -> bool {
            let (episodes, log_term) = (f64::from(episodes) + 1.0, f64::from(log_term) + 1.0);
            let rate = episode_rate(episodes, log_term);
            (episode_rate(4.0 * episodes, log_term) / rate - 2.0).abs() < 1e-12
                && (episode_rate(episodes, 4.0 * log_term) / rate - 2.0).abs() < 1e-12
        }
    }
}
