//! Near-minimax-optimal risk-sensitive reinforcement learning with CVaR.
//!
//! Simplified: CVaR-UCBVI plans anew only when some visit count has doubled (the paper plans every
//! episode), its bonus has a scale `c` in front (at the theorem's constants nothing is learned in
//! 2¹⁶ episodes), and rewards are required on a grid instead of being rounded to one.
//!
//! # Problem
//! Maximise the *conditional value at risk* of the return $X \in [0, 1]$ at tolerance
//! $\tau \in (0, 1]$,
//! $$ \mathrm{CVaR}_\tau(X) = \max_b \bigl\{ b - \tau^{-1} \, \mathbb{E} (b - X)^+ \bigr\}, $$
//! the mean of the worst share $\tau$ of the outcomes: the mean at $\tau = 1$, the minimum as
//! $\tau \to 0$. The regret of $K$ episodes is
//! $\sum_k (\mathrm{CVaR}_\tau^* - \mathrm{CVaR}_\tau(\pi_k))$.
//!
//! # Idea
//! *The budget is a state.* For a fixed $b$ the objective is an expectation, of $(b - X)^+$; with the
//! budget that is left, $b - r_1 - r_2 - \dots$, as part of the state, dynamic programming works
//! again, and nothing about the budget has to be learned, as it moves by known rewards.
//! *The bonus is small in the tail.* At the optimal $b^*$, the $\tau$-quantile, the variance of
//! $(b^* - X)^+$ is at most $\tau$. Bernstein's inequality then costs $\tau^{-1}\sqrt{\tau/N}$ where
//! Hoeffding's costs $\tau^{-1}\sqrt{1/N}$.
//!
//! # Algorithms
//! *Bernstein-UCB* ([`BernsteinUcb`](bandit::BernsteinUcb)), $A$ arms, in [`bandit`].
//!
//! *CVaR-UCBVI* ([`CvarUcbVi`]), rewards on a grid $1/n_0$. Before an episode in which a count has doubled:
//! 1. $\hat P_h(\cdot \mid s, a)$ from the counts $N_h(s, a)$; $U_{H+1}(s, b) = b^+$.
//! 2. For $h = H, \dots, 1$ and every $b$ on the grid,
//!    $U_h(s, a, b) = \max\bigl(0, \hat P_h U_{h+1}(\cdot, b - r_h(s, a)) - \mathrm{bonus}_h(s, a)\bigr)$,
//!    $\pi_h(s, b) = \arg\min_a U_h(s, a, b)$. The last step needs no bonus: what follows is known.
//! 3. $\hat b_1 = \arg\max_b \, b - \tau^{-1} \sum_s \mu_0(s) U_1(s, b)$.
//!
//! In the episode: start with the budget $\hat b_1$, act by $\pi_h(s, b)$, set $b \leftarrow b - r$. The
//! bonus is Hoeffding's $c\sqrt{L/N}$ or Bernstein's
//! $c\,(\sqrt{2 \mathrm{Var}_{\hat P}(U_{h+1}) L / N} + L / N)$.
//!
//! # Theorem
//! For bandits (Theorems 3.1 and 4.1), with $L = \ln(AK/\delta)$ and with probability $1 - \delta$,
//! $$ \mathrm{Regret} \le 4 \sqrt{\tau^{-1} A K}\, L + 16\, \tau^{-1} A L^2, \qquad
//!    \mathbb{E}\,\mathrm{Regret} \ge \frac{1}{24 e} \sqrt{\tau^{-1} (A - 1) K} \text{ for every method}. $$
//! For decision processes, $\tilde O(\tau^{-1} \sqrt{SAK})$ in general (Theorem 5.3) and
//! $\tilde O(\sqrt{\tau^{-1} SAK})$ if returns have a density bounded below (Theorem 5.5).
//!
//! # Complexity
//! $O(S^2 A H n_0)$ per plan, at most $S A H \log_2 K$ plans; $O(1)$ per step between them.
//!
//! # Reference
//! Kaiwen Wang, Nathan Kallus and Wen Sun, *Near-Minimax-Optimal Risk-Sensitive Reinforcement Learning
//! with CVaR*, ICML 2023, [arXiv:2302.03201](https://arxiv.org/abs/2302.03201). Theorem numbers and
//! constants were taken from a public reading of the paper's text; the bonus of CVaR-UCBVI is from memory.

pub mod bandit;

use rand::Rng;

use super::{Agent, Law, Mdp, Policy};
use crate::error::{Error, Result, at_least_one, non_negative, positive};

/// Refuses everything outside (0, 1].
fn tolerance(tau: f64) -> Result<f64> {
    if tau > 0.0 && tau <= 1.0 {
        Ok(tau)
    } else {
        Err(Error::OutOfRange { name: "tau", value: tau, requirement: "in (0, 1]" })
    }
}

/// CVaR_τ of a law: the mean of its worst share `tau` of outcomes, for `tau` in (0, 1].
///
/// # Errors
/// [`Error::OutOfRange`] for another `tau`.
pub fn cvar(law: &Law, tau: f64) -> Result<f64> {
    tolerance(tau)?;
    let (mut rest, mut sum) = (tau, 0.0);
    for &(value, mass) in law.points() {
        let taken = mass.min(rest);
        sum += taken * value;
        rest -= taken;
    }
    // Rounding may leave a little mass over; it belongs to the largest value.
    Ok((sum + rest * law.points().last().map_or(0.0, |point| point.0)) / tau)
}

/// What the agent knows before it starts: everything but the transitions.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    states: usize,
    actions: usize,
    horizon: usize,
    grid: usize,
    start: Vec<f64>,
    /// Rewards in units of 1/grid, shape [horizon][states][actions].
    units: Vec<usize>,
}

impl Known {
    /// What is known of `mdp`, whose rewards are non-negative multiples of 1/`grid`.
    ///
    /// # Errors
    /// `grid` zero, a reward off the grid or negative, or a return above 1 that can occur.
    pub fn of(mdp: &Mdp, grid: usize) -> Result<Self> {
        at_least_one("grid", grid)?;
        let (states, actions, horizon) = (mdp.states(), mdp.actions(), mdp.horizon());
        let mut units = Vec::with_capacity(horizon * states * actions);
        for step in 0..horizon {
            for state in 0..states {
                for action in 0..actions {
                    let reward = mdp.reward(step, state, action);
                    let unit = (reward * grid as f64).round();
                    if !(unit >= 0.0 && unit <= grid as f64 && (reward * grid as f64 - unit).abs() <= 1e-9) {
                        let requirement = "a multiple of 1/grid in [0, 1]";
                        return Err(Error::OutOfRange { name: "reward", value: reward, requirement });
                    }
                    units.push(unit as usize);
                }
            }
        }
        let known = Self { states, actions, horizon, grid, start: mdp.start().to_vec(), units };
        let most = known.largest_return(mdp);
        if most > grid {
            let value = most as f64 / grid as f64;
            return Err(Error::OutOfRange { name: "return", value, requirement: "at most 1" });
        }
        Ok(known)
    }

    /// The largest return that has positive probability under some policy, in units.
    fn largest_return(&self, mdp: &Mdp) -> usize {
        let reachable = |masses: &[f64], ahead: &[usize]| {
            masses.iter().zip(ahead).filter(|(p, _)| **p > 0.0).map(|(_, v)| *v).max().unwrap_or(0)
        };
        let mut ahead = vec![0; self.states];
        for step in (0..self.horizon).rev() {
            let value = |state, action| {
                self.unit(step, state, action) + reachable(mdp.next(step, state, action), &ahead)
            };
            ahead = (0..self.states)
                .map(|state| (0..self.actions).map(|action| value(state, action)).max().unwrap_or(0))
                .collect();
        }
        reachable(&self.start, &ahead)
    }

    fn pair(&self, step: usize, state: usize, action: usize) -> usize {
        (step * self.states + state) * self.actions + action
    }

    fn unit(&self, step: usize, state: usize, action: usize) -> usize {
        self.units[self.pair(step, state, action)]
    }
}

/// A policy with a budget: what the planner returns and the agent executes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    states: usize,
    grid: usize,
    /// b̂₁ in units of 1/grid.
    budget: usize,
    /// Actions, shape [horizon][grid + 1][states].
    table: Vec<usize>,
}

impl Plan {
    /// The optimal policy for CVaR_τ when the transitions are known, and its CVaR_τ.
    ///
    /// # Errors
    /// As [`Known::of`], and `tau` not in (0, 1].
    pub fn exact(mdp: &Mdp, tau: f64, grid: usize) -> Result<(Self, f64)> {
        tolerance(tau)?;
        let known = Known::of(mdp, grid)?;
        let expect = |step, state, action, ahead: &[f64]| -> f64 {
            mdp.next(step, state, action).iter().zip(ahead).map(|(p, u)| p * u).sum()
        };
        Ok(Self::solve(&known, tau, expect))
    }

    /// Steps 2 and 3, for any estimate of the expected shortfall of the next state. Returns the
    /// plan and the CVaR that it promises.
    fn solve(
        known: &Known,
        tau: f64,
        mut expect: impl FnMut(usize, usize, usize, &[f64]) -> f64,
    ) -> (Self, f64) {
        let Known { states, actions, horizon, grid, .. } = *known;
        let unit = 1.0 / grid as f64;
        let size = (grid + 1) * states;
        let mut table = vec![0; horizon * size];
        // U_{h+1}, shape [grid + 1][states]: next states side by side. A budget below zero is as good
        // as zero, where nothing can fall short any more.
        let mut ahead: Vec<f64> = (0..size).map(|i| (i / states) as f64 * unit).collect();
        let mut here = vec![0.0; size];
        for step in (0..horizon).rev() {
            for (i, value) in here.iter_mut().enumerate() {
                let (budget, state) = (i / states, i % states);
                *value = f64::INFINITY;
                for action in 0..actions {
                    let left = budget.saturating_sub(known.unit(step, state, action));
                    let shortfall = if step + 1 == horizon {
                        left as f64 * unit
                    } else {
                        expect(step, state, action, &ahead[left * states..][..states]).max(0.0)
                    };
                    if shortfall < *value {
                        *value = shortfall;
                        table[step * size + i] = action;
                    }
                }
            }
            std::mem::swap(&mut ahead, &mut here);
        }
        // Step 3. The budget is fixed before the first state is seen: the CVaR is of the return over the
        // random start too.
        let (mut best, mut promise) = (0, f64::NEG_INFINITY);
        for budget in 0..=grid {
            let shortfall: f64 = known.start.iter().zip(&ahead[budget * states..]).map(|(p, u)| p * u).sum();
            let value = budget as f64 * unit - shortfall / tau;
            if value > promise {
                (best, promise) = (budget, value);
            }
        }
        (Self { states, grid, budget: best, table }, promise)
    }
}

impl Policy for Plan {
    fn action(&self, step: usize, state: usize, earned: f64) -> usize {
        let spent = (earned * self.grid as f64).round() as usize;
        let left = self.budget.saturating_sub(spent);
        self.table[(step * (self.grid + 1) + left) * self.states + state]
    }
}

/// An exploration bonus of CVaR-UCBVI.
pub trait VisitBonus {
    /// How far the expected shortfall may be below its estimate after `visits` ≥ 1 visits, when the
    /// next state's shortfall has variance `variance` under the estimate.
    fn bonus(&self, variance: f64, log_term: f64, visits: f64) -> f64;
}

/// c·√(L/N).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hoeffding {
    /// The scale c; the paper's order is c = 1.
    pub scale: f64,
}

/// c·(√(2·Var·L/N) + L/N).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bernstein {
    /// The scale c; the paper's order is c = 1.
    pub scale: f64,
}

impl VisitBonus for Hoeffding {
    fn bonus(&self, _variance: f64, log_term: f64, visits: f64) -> f64 {
        self.scale * (log_term / visits).sqrt()
    }
}

impl VisitBonus for Bernstein {
    fn bonus(&self, variance: f64, log_term: f64, visits: f64) -> f64 {
        self.scale * ((2.0 * variance * log_term / visits).sqrt() + log_term / visits)
    }
}

/// CVaR-UCBVI. At `tau` = 1 it is the risk-neutral UCBVI.
#[derive(Debug, Clone)]
pub struct CvarUcbVi<B> {
    known: Known,
    tau: f64,
    log_term: f64,
    bonus: B,
    /// Visits N_h(s, a), shape [horizon][states][actions].
    visits: Vec<u64>,
    /// Transitions seen, shape [horizon][states][actions][states].
    seen: Vec<u64>,
    plan: Plan,
    promise: f64,
    stale: bool,
}

impl<B: VisitBonus> CvarUcbVi<B> {
    /// An agent that knows `known`, for tolerance `tau`, with L = `log_term` in its bonus. The
    /// theorem's L is of order ln(SAHK/δ).
    ///
    /// # Errors
    /// `tau` not in (0, 1], or `log_term` negative or not finite.
    pub fn new(known: Known, tau: f64, log_term: f64, bonus: B) -> Result<Self> {
        tolerance(tau)?;
        non_negative("log_term", log_term)?;
        let pairs = known.units.len();
        let (visits, seen) = (vec![0; pairs], vec![0; pairs * known.states]);
        // Without a visit everything is possible: no shortfall at all.
        let (plan, promise) = Plan::solve(&known, tau, |_, _, _, _| 0.0);
        Ok(Self { known, tau, log_term, bonus, visits, seen, plan, promise, stale: false })
    }

    /// The optimistic estimate of CVaR_τ with which the current plan was chosen.
    pub fn promise(&self) -> f64 {
        self.promise
    }
}

impl<B: VisitBonus> Agent for CvarUcbVi<B> {
    fn begin(&mut self, _rng: &mut dyn Rng) -> bool {
        let planned = std::mem::take(&mut self.stale);
        if planned {
            let Self { known, visits, seen, bonus, log_term, .. } = self;
            // Step 1, and the lower estimate of step 2.
            let pessimistic = |step, state, action, ahead: &[f64]| {
                let pair = known.pair(step, state, action);
                if visits[pair] == 0 {
                    return 0.0;
                }
                let total = visits[pair] as f64;
                let (mut mean, mut square) = (0.0, 0.0);
                for (&count, &u) in seen[pair * known.states..].iter().zip(ahead) {
                    mean += count as f64 * u;
                    square += count as f64 * u * u;
                }
                let mean = mean / total;
                let variance = (square / total - mean * mean).max(0.0);
                mean - bonus.bonus(variance, *log_term, total)
            };
            (self.plan, self.promise) = Plan::solve(known, self.tau, pessimistic);
        }
        planned
    }

    fn policy(&self) -> &dyn Policy {
        &self.plan
    }

    fn observe(&mut self, step: usize, state: usize, action: usize, _reward: f64, next: usize) {
        let pair = self.known.pair(step, state, action);
        self.visits[pair] += 1;
        self.seen[pair * self.known.states + next] += 1;
        self.stale |= self.visits[pair].is_power_of_two();
    }
}

/// ln(c·S·A·K/δ), the logarithm L of the bonuses, for `factor` = c·S·A, K = `episodes`.
///
/// # Errors
/// A number that is not positive and finite.
pub fn log_term(factor: f64, episodes: f64, delta: f64) -> Result<f64> {
    positive("factor", factor)?;
    positive("episodes", episodes)?;
    positive("delta", delta)?;
    Ok((factor * episodes / delta).ln().max(0.0))
}
