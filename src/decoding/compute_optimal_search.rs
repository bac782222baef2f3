//! Compute-optimal inference: voting over samples, tree search with a reward model, and how to choose.
//!
//! Our reading: step counts stand for tokens, and the number of children is rounded by largest remainders so
//! that the widths add up to the budget exactly (the paper writes Round, which may give none or too many).
//!
//! # Problem
//! A policy writes a solution in steps; its answer $y$ has the law $\pi(y)$ once the reasoning is summed out. A
//! reward model scores complete solutions or, as a *process* reward model, unfinished ones. For a budget of
//! compute, which model, how many samples, and which way to aggregate or to search?
//!
//! # Idea
//! Voting converges exponentially fast to the answer with the most (reward-weighted) mass, and no further:
//! samples are wasted once it has. A process reward model moves the budget to good prefixes before it is
//! spent, so that each *step* is sampled many times rather than each solution.
//!
//! # Algorithm
//! 1. Voting: majority counts answers, weighted voting adds up rewards, best-of-n takes the largest reward
//!    ([`Vote`]); ties are broken at random.
//! 2. REBASE ([`Rebase`], [`search`]): sample $N$ first steps, $B_0 = N$. At depth $i$ score the nodes; each
//!    completed one goes to the answers and lowers the budget $B_i$ by one; open node $j$ gets
//!    $$W_j = \operatorname{Round}\left(B_i \frac{\exp(R_j/T_b)}{\sum_k \exp(R_k/T_b)}\right)$$
//!    children sampled from the policy, $T_b = 0.1$. Stop when the budget is 0; vote over the $N$ answers.
//! 3. Compute-optimal choice: among all models, numbers of samples and ways to vote that fit the budget take
//!    the one with the least error ([`cheapest_error`]).
//!
//! # Theorem
//! (Theorems 1 and 2, made explicit.) If $y^*$ is the mode of $\pi$,
//! $$P(\text{majority is wrong}) \le \sum_{y \ne y^*} \left(1 - (\sqrt{\pi(y^*)} - \sqrt{\pi(y)})^2\right)^n,$$
//! and the accuracy over problems tends to the share with $y^* = \arg\max \pi$, for weighted voting to that with
//! $y^* = \arg\max \pi(y) \rho(y)$. On a tree of $D$ steps, each right with probability $p$, and with a perfect
//! process reward model, REBASE misses with probability $1 - (1-(1-p)^N)^D \le D (1-p)^N$, where $N$
//! independent solutions miss with probability $(1-p^D)^N$.
//!
//! # Cost
//! A vote is O(samples), a depth of the search O($N \log N$) and $N$ sampled steps.
//!
//! # Reference
//! Yangzhen Wu, Zhiqing Sun, Shanda Li, Sean Welleck, Yiming Yang, *Inference Scaling Laws: An Empirical
//! Analysis of Compute-Optimal Inference for Problem-Solving with Language Models*, ICLR 2025, arXiv
//! [2408.00724](https://arxiv.org/abs/2408.00724).

use crate::math::chance::Chance;
use crate::{Error, Result, error};

/// How complete solutions are turned into one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vote {
    /// Each solution counts one.
    Majority,
    /// Each solution counts its reward.
    Weighted,
    /// The answer of the solution with the largest reward.
    BestOf,
}

impl Vote {
    /// The score of each of `answers` answers, from solutions given as (answer, reward).
    ///
    /// # Errors
    /// If there is no solution, an answer is not below `answers`, or a reward is not in [0, 1].
    pub fn scores(self, answers: usize, solutions: &[(usize, f64)]) -> Result<Vec<f64>> {
        if solutions.is_empty() {
            return Err(Error::Empty { name: "solutions" });
        }
        let mut scores = vec![0.0; answers];
        for &(answer, reward) in solutions {
            error::probability("reward", reward)?;
            let requirement = "below the number of answers";
            let out_of_range = Error::OutOfRange { name: "answer", value: answer as f64, requirement };
            let score = scores.get_mut(answer).ok_or(out_of_range)?;
            match self {
                Vote::Majority => *score += 1.0,
                Vote::Weighted => *score += reward,
                Vote::BestOf => *score = reward.max(*score),
            }
        }
        Ok(scores)
    }

    /// As [`Vote::scores`], from the number of solutions with each answer, all with the answer's own reward.
    pub fn tally(self, counts: &[usize], rewards: &[f64], scores: &mut [f64]) {
        for ((score, &count), &reward) in scores.iter_mut().zip(counts).zip(rewards) {
            *score = match self {
                Vote::Majority => count as f64,
                Vote::Weighted => count as f64 * reward,
                Vote::BestOf if count > 0 => reward,
                Vote::BestOf => 0.0,
            };
        }
    }

    /// The elected answer, ties broken at random.
    ///
    /// # Errors
    /// As [`Vote::scores`].
    pub fn elect(self, answers: usize, solutions: &[(usize, f64)], chance: &mut dyn Chance) -> Result<usize> {
        let mut shares = self.scores(answers, solutions)?;
        elect(&mut shares);
        Ok(chance.choose(&shares))
    }
}

/// Turns the scores of the answers into their probabilities of being elected: equal among the leaders.
pub fn elect(scores: &mut [f64]) {
    let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let leaders = scores.iter().filter(|&&score| score == best).count() as f64;
    scores.iter_mut().for_each(|score| *score = if *score == best { 1.0 / leaders } else { 0.0 });
}

/// A policy that writes solutions in steps, and the process reward model that scores their prefixes.
pub trait Solutions {
    /// A solution so far.
    type Node: Clone;

    /// The empty solution.
    fn root(&self) -> Self::Node;

    /// The solution with one more step, sampled from the policy. Every solution is completed after finitely
    /// many steps.
    fn step(&self, node: &Self::Node, chance: &mut dyn Chance) -> Self::Node;

    /// The answer of a completed solution; `None` while it is open.
    fn answer(&self, node: &Self::Node) -> Option<usize>;

    /// The reward of a solution or prefix, in [0, 1].
    fn reward(&self, node: &Self::Node, chance: &mut dyn Chance) -> f64;
}

/// How a search spends its budget at one depth.
pub trait Width {
    /// Writes the number of children of each open node; they add up to `budget`.
    fn widths(&self, rewards: &[f64], budget: usize, widths: &mut Vec<usize>);
}

/// REBASE: children in proportion to exp(reward/temperature).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rebase {
    temperature: f64,
}

impl Rebase {
    /// The paper's temperature.
    pub const TEMPERATURE: f64 = 0.1;

    /// A search with the given balance temperature T_b.
    ///
    /// # Errors
    /// If `temperature` is not positive and finite.
    pub fn new(temperature: f64) -> Result<Self> {
        Ok(Self { temperature: error::positive("temperature", temperature)? })
    }
}

impl Width for Rebase {
    /// Ties of remainders go to the better, then to the earlier node.
    fn widths(&self, rewards: &[f64], budget: usize, widths: &mut Vec<usize>) {
        widths.clear();
        // The maximum first, so that no exponential overflows.
        let best = rewards.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weight = |reward: f64| ((reward - best) / self.temperature).exp();
        let total: f64 = rewards.iter().map(|&reward| weight(reward)).sum();
        let share = |reward: f64| budget as f64 * weight(reward) / total;
        widths.extend(rewards.iter().map(|&reward| share(reward).floor() as usize));
        // Largest remainders: what the floors left goes to the largest fractions.
        let mut order: Vec<usize> = (0..rewards.len()).collect();
        let remainder = |&node: &usize| share(rewards[node]).fract();
        order.sort_by(|a, b| remainder(b).total_cmp(&remainder(a)).then(rewards[*b].total_cmp(&rewards[*a])));
        let left = budget.saturating_sub(widths.iter().sum());
        order.iter().cycle().take(left).for_each(|&node| widths[node] += 1);
        // Rounding up of a share that is a whole number but for its last digit.
        while widths.iter().sum::<usize>() > budget {
            if let Some(width) = widths.iter_mut().max() {
                *width -= 1;
            }
        }
    }
}

/// Independent solutions: every node has one child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Independent;

impl Width for Independent {
    /// A budget that is not the number of nodes is dealt out in turn.
    fn widths(&self, rewards: &[f64], budget: usize, widths: &mut Vec<usize>) {
        let nodes = rewards.len().max(1);
        widths.clear();
        widths.extend((0..rewards.len()).map(|node| budget / nodes + usize::from(node < budget % nodes)));
    }
}

/// Searches with `budget` solutions and returns all of them, completed, as (answer, reward).
///
/// # Errors
/// If `budget` is zero or a reward is not in [0, 1].
pub fn search<S: Solutions>(
    solutions: &S,
    width: &dyn Width,
    budget: usize,
    chance: &mut dyn Chance,
) -> Result<Vec<(usize, f64)>> {
    error::at_least_one("budget", budget)?;
    let mut completed = Vec::with_capacity(budget);
    // Step 2: N first steps, then depth by depth.
    let mut nodes: Vec<S::Node> = (0..budget).map(|_| solutions.step(&solutions.root(), chance)).collect();
    let (mut rewards, mut widths) = (Vec::with_capacity(budget), Vec::with_capacity(budget));
    while !nodes.is_empty() {
        rewards.clear();
        let mut open = Vec::with_capacity(nodes.len());
        for node in nodes {
            let reward = error::probability("reward", solutions.reward(&node, chance))?;
            match solutions.answer(&node) {
                Some(answer) => completed.push((answer, reward)),
                None => {
                    open.push(node);
                    rewards.push(reward);
                }
            }
        }
        if open.is_empty() {
            break;
        }
        // B_i: each completed solution used one unit up.
        width.widths(&rewards, budget.saturating_sub(completed.len()), &mut widths);
        let children = open.iter().zip(&widths).flat_map(|(node, &width)| (0..width).map(move |_| node));
        nodes = children.map(|node| solutions.step(node, chance)).collect();
    }
    Ok(completed)
}

/// A tree of `depth` steps, each right with probability p; a solution is right if every step is. Answer 0 is
/// the right one, answer 1 any other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlantedTree {
    depth: usize,
    right: f64,
    deceived: f64,
}

impl PlantedTree {
    /// A tree whose reward model says 1 for right prefixes and 0 for others, or the opposite with probability
    /// `deceived`.
    ///
    /// # Errors
    /// If `depth` is zero or one of the probabilities is not in [0, 1].
    pub fn new(depth: usize, right: f64, deceived: f64) -> Result<Self> {
        Ok(Self {
            depth: error::at_least_one("depth", depth)?,
            right: error::probability("right", right)?,
            deceived: error::probability("deceived", deceived)?,
        })
    }
}

impl Solutions for PlantedTree {
    /// The number of steps, and whether all of them are right.
    type Node = (usize, bool);

    fn root(&self) -> Self::Node {
        (0, true)
    }

    fn step(&self, &(depth, right): &Self::Node, chance: &mut dyn Chance) -> Self::Node {
        (depth + 1, chance.coin(self.right) && right)
    }

    fn answer(&self, &(depth, right): &Self::Node) -> Option<usize> {
        (depth >= self.depth).then_some(usize::from(!right))
    }

    fn reward(&self, &(_, right): &Self::Node, chance: &mut dyn Chance) -> f64 {
        f64::from(u8::from(right != chance.coin(self.deceived)))
    }
}

/// One way to spend compute: a model with a way to vote.
pub struct Configuration<'a> {
    /// The cost of a sample.
    pub cost: f64,
    /// The numbers of samples to consider.
    pub samples: &'a [usize],
    /// The error with a number of samples.
    pub error: &'a dyn Fn(usize) -> f64,
}

/// The compute-optimal choice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// The configuration's index.
    pub configuration: usize,
    /// The number of samples.
    pub samples: usize,
    /// Their error.
    pub error: f64,
}

/// The configuration and number of samples with the least error among those that cost at most `budget`, the
/// first of several; `None` if nothing is affordable.
///
/// # Errors
/// If `budget` or a cost is not positive and finite, or an error is not in [0, 1].
pub fn cheapest_error(configurations: &[Configuration<'_>], budget: f64) -> Result<Option<Choice>> {
    error::positive("budget", budget)?;
    let mut best: Option<Choice> = None;
    for (configuration, candidate) in configurations.iter().enumerate() {
        error::positive("cost", candidate.cost)?;
        for &samples in candidate.samples.iter().filter(|&&n| n > 0 && n as f64 * candidate.cost <= budget) {
            let error = error::probability("error", (candidate.error)(samples))?;
            if best.is_none_or(|best| error < best.error) {
                best = Some(Choice { configuration, samples, error });
            }
        }
    }
    Ok(best)
}
