//! Sequential Halving and Bracketing Sequential Halving: return a good arm after a fixed budget.
//!
//! # Problem
//! There are $n$ arms with means $\mu_1 \ge \dots \ge \mu_n$ and rewards in $[0, 1]$. After $T$ pulls the
//! learner returns one arm $J$ and pays its *simple regret* $\mu_1 - \mu_J$. Nobody tells it which gap
//! matters, and $T$ may be smaller than $n$.
//!
//! # Idea
//! Spend the budget in $\lceil \log_2 n \rceil$ equal stages and keep the better half after each: the arms
//! that stay get pulled twice as often every time, where it is decided which good arm is the best. If there
//! are too many arms to pull each, draw *brackets* of $2, 4, 8, \dots$ arms at random: some bracket has the
//! right balance between containing a good arm and being small enough to find it.
//!
//! # Algorithm: Sequential Halving
//! 1. $m = \lceil \log_2 n \rceil$ stages, $S_1$ all arms.
//! 2. Stage $l$ pulls each arm of $S_l$ $t_l = \lfloor T / (|S_l| m) \rfloor$ times. Earlier samples are
//!    discarded: the analysis needs fresh ones, and reusing them changes the law.
//! 3. $S_{l+1}$ is the $\lceil |S_l| / 2 \rceil$ arms with the best means, ties broken at random.
//! 4. Return the arm that is left.
//!
//! # Algorithm: Bracketing Sequential Halving
//! 1. $B$ is the largest $b$ with $b\,2^b \le T/(2b)$ and $2^b \le n$.
//! 2. Bracket $b = 1, \dots, B$ holds $2^b$ arms drawn without replacement from all $n$, independently of
//!    the other brackets, and runs Sequential Halving with budget $\lfloor T/(2B) \rfloor$.
//! 3. The $B$ winners get $\lfloor T/(2B) \rfloor$ fresh pulls each; return the best mean.
//!
//! This is the fixed-budget reading of the bracketing method; the anytime form doubles the budget and opens
//! bracket $b$ at time $b\,2^b$.
//!
//! # Theorem
//! The worst case over all instances of the simple regret of Sequential Halving is $O(\sqrt{n/T})$ up to
//! logarithms, and for *every* $\varepsilon$ the probability of returning an arm worse than $\varepsilon$
//! decays exponentially in $\varepsilon^2 T$, although $\varepsilon$ is not an input. Bracketing keeps
//! this without pulling every arm once.
//!
//! # Cost
//! $O(n)$ memory and batches for Sequential Halving; $O(\min(n, T / \log^2 T))$ for the brackets.
//!
//! # Reference
//! Yao Zhao, Connor Stephens, Csaba Szepesvári, Kwang-Sung Jun, *Revisiting Simple Regret: Fast Rates for
//! Returning a Good Arm*, ICML 2023, arXiv [2210.16913](https://arxiv.org/abs/2210.16913).

use rand::Rng;
use rand::seq::{SliceRandom, index};

use super::{FixedBudget, Pulls};
use crate::{Error, Result};

/// Keeps the better half of the arms, stage after stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SequentialHalving;

/// Sequential Halving on random brackets of 2, 4, 8, … arms, then a final among the winners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BracketingHalving;

/// The number of stages on `arms` arms: ⌈log₂ arms⌉.
pub fn stages(arms: usize) -> u32 {
    arms.next_power_of_two().trailing_zeros()
}

/// The largest bracket's exponent B: the largest b with b·2^b ≤ `budget`/(2b) and 2^b ≤ `arms`.
///
/// # Errors
/// Not even one bracket of two arms fits: `budget` < 4 or `arms` < 2.
pub fn brackets(arms: usize, budget: u64) -> Result<u32> {
    let fits = |b: u64| arms >> b > 0 && (b << b).checked_mul(2 * b).is_some_and(|need| need <= budget);
    match (1..usize::BITS).take_while(|&b| fits(u64::from(b))).last() {
        Some(b) => Ok(b),
        None if arms < 2 => {
            Err(Error::OutOfRange { name: "arms", value: arms as f64, requirement: "at least 2" })
        }
        None => {
            Err(Error::OutOfRange { name: "budget", value: budget as f64, requirement: "at least 4 pulls" })
        }
    }
}

/// Sequential Halving on the given arms with `budget` of the pulls.
fn halve(mut arms: Vec<usize>, budget: u64, pulls: &mut Pulls<'_>, rng: &mut dyn Rng) -> Result<usize> {
    let stages = stages(arms.len());
    if budget < arms.len() as u64 * u64::from(stages) {
        let requirement = "enough to pull each arm once in every one of the ceil(log2 n) stages";
        return Err(Error::OutOfRange { name: "budget", value: budget as f64, requirement });
    }
    let mut scored: Vec<(f64, usize)> = Vec::with_capacity(arms.len());
    while arms.len() > 1 {
        // Step 2: fresh samples, an equal share of the budget for every stage.
        let share = budget / (arms.len() as u64 * u64::from(stages));
        scored.clear();
        for &arm in &arms {
            scored.push((pulls.mean_of(arm, share)?, arm));
        }
        // Step 3: a random order first, so that ties fall at random.
        let kept = arms.len().div_ceil(2);
        scored.shuffle(rng);
        scored.select_nth_unstable_by(kept - 1, |a, b| b.0.total_cmp(&a.0));
        arms.clear();
        arms.extend(scored[..kept].iter().map(|&(_, arm)| arm));
    }
    Ok(arms[0])
}

impl FixedBudget for SequentialHalving {
    /// # Errors
    /// The budget does not cover one pull of every arm in every stage (n·⌈log₂ n⌉ pulls).
    fn recommend(&self, pulls: &mut Pulls<'_>, rng: &mut dyn Rng) -> Result<usize> {
        halve((0..pulls.arms()).collect(), pulls.remaining(), pulls, rng)
    }
}

impl FixedBudget for BracketingHalving {
    /// # Errors
    /// Fewer than two arms or four pulls.
    fn recommend(&self, pulls: &mut Pulls<'_>, rng: &mut dyn Rng) -> Result<usize> {
        let arms = pulls.arms();
        let brackets = brackets(arms, pulls.remaining())?;
        let share = pulls.remaining() / (2 * u64::from(brackets));
        let mut best = (f64::NEG_INFINITY, 0);
        let mut winners = Vec::with_capacity(brackets as usize);
        for b in 1..=brackets {
            // Step 2: a fresh draw for every bracket.
            let bracket = index::sample(rng, arms, 1 << b).into_vec();
            winners.push(halve(bracket, share, pulls, rng)?);
        }
        // Step 3: the final; a random order first, so that ties fall at random.
        winners.shuffle(rng);
        for winner in winners {
            let mean = pulls.mean_of(winner, share)?;
            if mean > best.0 {
                best = (mean, winner);
            }
        }
        Ok(best.1)
    }
}
