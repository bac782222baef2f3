//! Processes on which the whole area is tried.

use rand::{Rng, RngExt};
use rand_distr::Exp1;

use super::Mdp;
use crate::error::{Error, Result, at_least_one, probability};

/// The bandit tree: `best.len()` bandits in parallel, the hardest shape for tabular learning.
///
/// Two steps. The first state is uniform over the bandits; an action leads to the good state or to
/// the bad one, with probability `failure` of the bad one, less by `gap` for action `best[s]` of
/// bandit `s`. The second step pays 1 in the good state and 0 in the bad one. States: the bandits,
/// then good, then bad.
///
/// # Errors
/// No bandit, no action, a best action that is not below `actions`, or `failure` or
/// `failure - gap` not a probability.
pub fn bandit_tree(best: &[usize], actions: usize, failure: f64, gap: f64) -> Result<Mdp> {
    at_least_one("actions", actions)?;
    probability("failure", failure)?;
    probability("failure - gap", failure - gap)?;
    let bandits = at_least_one("best", best.len())?;
    if best.iter().any(|&action| action >= actions) {
        return Err(Error::Invalid { name: "best", requirement: "each must be an action" });
    }
    let (states, good, bad) = (bandits + 2, bandits, bandits + 1);
    let mut start = vec![1.0 / bandits as f64; bandits];
    start.extend([0.0; 2]);
    let mut transitions = vec![0.0; states * actions * states];
    let mut rewards = vec![0.0; 2 * states * actions];
    for state in 0..states {
        for action in 0..actions {
            let row = &mut transitions[(state * actions + action) * states..][..states];
            match best.get(state) {
                Some(&best) => {
                    let lost = if action == best { failure - gap } else { failure };
                    (row[good], row[bad]) = (1.0 - lost, lost);
                }
                None => row[state] = 1.0,
            }
        }
    }
    rewards[(states + good) * actions..(states + bad) * actions].fill(1.0);
    Mdp::new(2, actions, start, transitions.repeat(2), rewards)
}

/// A random process: every row, and the law of the first state, uniform on the simplex
/// (Dirichlet(1,…,1)); every reward uniform on {0, 1, …, most}/grid.
///
/// Returns stay in [0, 1] if `most · horizon ≤ grid`.
///
/// # Errors
/// A size of zero, `grid` among them.
pub fn dirichlet(
    states: usize,
    actions: usize,
    horizon: usize,
    most: usize,
    grid: usize,
    rng: &mut dyn Rng,
) -> Result<Mdp> {
    at_least_one("states", states)?;
    at_least_one("grid", grid)?;
    let pairs = horizon * states * actions;
    let start = simplex(states, rng);
    let transitions = (0..pairs).flat_map(|_| simplex(states, rng)).collect();
    let rewards = (0..pairs).map(|_| rng.random_range(0..=most) as f64 / grid as f64).collect();
    Mdp::new(horizon, actions, start, transitions, rewards)
}

/// A uniform point of the simplex: normalised exponentials.
fn simplex(size: usize, rng: &mut dyn Rng) -> Vec<f64> {
    // The shift keeps the sum positive whatever the generator yields.
    let mut point: Vec<f64> =
        (0..size).map(|_| rng.sample::<f64, _>(Exp1).clamp(f64::MIN_POSITIVE, 1e3)).collect();
    let total: f64 = point.iter().sum();
    point.iter_mut().for_each(|x| *x /= total);
    point
}

/// A process in which the best policy for a conditional value at risk must remember its earnings.
///
/// Three steps, two states, two actions, returns in quarters. A fair coin decides the first state;
/// state 1 has already earned 1/2, state 0 nothing, and both go to state 0. There, action 0 pays 1/4
/// for sure and action 1 gambles: with probability 0.7 the last step pays 1/2. Who has earned should
/// take the sure quarter, who has not must gamble to leave the worst outcomes; a Markov policy treats
/// both alike. At risk tolerance 0.6 the optimum is 5/12 and the best Markov policy has 3/8.
///
/// # Errors
/// None.
pub fn earnings_matter() -> Result<Mdp> {
    let start = vec![0.5, 0.5];
    let (to_0, to_1, gamble) = ([1.0, 0.0], [0.0, 1.0], [0.3, 0.7]);
    // [step][state][action]; the last step's transitions do not matter.
    let rows = [[to_0, to_0, to_0, to_0], [to_0, gamble, to_1, to_1], [to_0, to_0, to_1, to_1]];
    let rewards = vec![
        0.0, 0.0, 0.5, 0.5, // first step: state 1 earns
        0.25, 0.0, 0.0, 0.0, // second step: the sure quarter in state 0
        0.0, 0.0, 0.5, 0.5, // last step: the gamble's prize in state 1
    ];
    Mdp::new(3, 2, start, rows.as_flattened().as_flattened().to_vec(), rewards)
}

/// A process whose best mean has a worse conditional value at risk: one bandit with a sure action
/// that pays 1/2, and a risky one that pays 1 with probability `win` and nothing else.
///
/// With `win` > 1/2 the risky action has the larger mean; its conditional value at risk is 0 at every
/// tolerance up to `1 - win`, against 1/2. States: the bandit, then won, sure, lost.
///
/// # Errors
/// `win` not a probability.
pub fn sure_or_risky(win: f64) -> Result<Mdp> {
    probability("win", win)?;
    let start = vec![1.0, 0.0, 0.0, 0.0];
    let stay = |state: usize| std::array::from_fn::<f64, 4, _>(|next| f64::from(next == state));
    let rows = [stay(2), [0.0, win, 0.0, 1.0 - win], stay(1), stay(1), stay(2), stay(2), stay(3), stay(3)];
    let mut rewards = vec![0.0; 16];
    rewards[10..12].fill(1.0);
    rewards[12..14].fill(0.5);
    Mdp::new(2, 2, start, rows.as_flattened().repeat(2), rewards)
}
