//! Resampling until a verifier passes: what imperfect verifiers allow, and when to stop.
//!
//! Our reading: the paper argues from data and in words, and states no numbered theorem; the formulas are its
//! central argument written out for independent draws.
//!
//! # Problem
//! A sample answers task $i$ rightly with probability $p_i$. A verifier (unit tests, a judge) passes right
//! answers with probability $c_i$ (*completeness*) and wrong ones with probability $f_i$ (*false positives*).
//! Drawing until something passes looks like a way to turn compute into accuracy.
//!
//! # Idea
//! The first draw that passes has the law of any draw that passes. More draws make an answer more likely,
//! never more precise: with false positives there is a ceiling, whatever the budget. And since the tasks that
//! are still open after many draws are the hard ones, whose passes are mostly false, the best budget is finite
//! as soon as wrong answers cost something.
//!
//! # Algorithm
//! 1. Draw and verify, at most $K$ times; return the first answer that passes, else abstain ([`FirstPass`]).
//! 2. Score: $+1$ for a right answer, $-\lambda$ for a wrong one, 0 for abstaining, $-\kappa$ a draw
//!    ([`Payoff`]).
//! 3. The best budget: with weights $\omega_i$, draw number $K+1$ is worth
//!    $D(K) = \sum_i \omega_i (1-a_i)^K (p_i c_i - \lambda (1-p_i) f_i - \kappa)$; take the $K$ with the
//!    largest sum of $D(0), \dots, D(K-1)$. With more than two kinds of tasks $D$ changes its sign more than
//!    once, so the first change is not enough ([`Tasks::best_budget`]).
//!
//! # What is promised
//! With the pass rate $a_i = p_i c_i + (1-p_i) f_i$ and the precision $v_i = p_i c_i / a_i$,
//! $$\text{accuracy}(K) = \sum_i \omega_i \left(1 - (1-a_i)^K\right) v_i \le \sum_i \omega_i v_i,$$
//! and the precision on a task is $v_i$ at every $K$. For two kinds with $a_1 > a_2$ and worth
//! $g_1 > 0 > g_2$ a pass ($g = v - \lambda(1-v)$, $\kappa = 0$), $D$ is positive up to
//! $$K^* = \left\lceil \ln\frac{\omega_1 a_1 g_1}{\omega_2 a_2 |g_2|} \Big/ \ln\frac{1-a_2}{1-a_1} \right\rceil$$
//! and negative from then on: the best budget is $\max(0, K^*)$. A single average task has no such optimum.
//!
//! # Cost
//! At most $K$ draws a task; evaluation O(tasks), the best budget up to $M$ draws O($M \cdot$ tasks).
//!
//! # Reference
//! Benedikt Stroebl, Sayash Kapoor, Arvind Narayanan, *Inference Scaling fLaws: The Limits of LLM Resampling
//! with Imperfect Verifiers*, 2024 (later *The Limits of Inference Scaling Through Resampling*), arXiv
//! [2411.17501](https://arxiv.org/abs/2411.17501).

use crate::math::chance::Chance;
use crate::{Error, Result, error};

/// A task as a generator and its verifier meet it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Task {
    correct: f64,
    completeness: f64,
    false_positives: f64,
}

/// One draw and its verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// Whether the answer is right, which the method does not get to see before it returns the answer.
    pub right: bool,
    /// Whether the verifier passed it.
    pub passed: bool,
}

/// How a run on a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome {
    /// Whether the returned answer is right; `None` for abstaining.
    pub right: Option<bool>,
    /// The draws made.
    pub draws: u64,
}

/// A way to spend a budget of draws on a task.
pub trait Resampler {
    /// One run with at most `budget` draws, each of them by [`Task::attempt`].
    fn resample(&self, task: &Task, budget: u64, chance: &mut dyn Chance) -> Outcome;
}

/// Returns the first answer that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FirstPass;

impl Resampler for FirstPass {
    fn resample(&self, task: &Task, budget: u64, chance: &mut dyn Chance) -> Outcome {
        for draws in 1..=budget {
            let attempt = task.attempt(chance);
            if attempt.passed {
                return Outcome { right: Some(attempt.right), draws };
            }
        }
        Outcome { right: None, draws: budget }
    }
}

impl Task {
    /// A task that a sample gets right with probability `correct`, with a verifier that passes right answers
    /// with probability `completeness` and wrong ones with probability `false_positives`.
    ///
    /// # Errors
    /// If one of them is not in [0, 1].
    pub fn new(correct: f64, completeness: f64, false_positives: f64) -> Result<Self> {
        Ok(Self {
            correct: error::probability("correct", correct)?,
            completeness: error::probability("completeness", completeness)?,
            false_positives: error::probability("false_positives", false_positives)?,
        })
    }

    /// Draws an answer and verifies it.
    pub fn attempt(&self, chance: &mut dyn Chance) -> Attempt {
        let right = chance.coin(self.correct);
        let passed = chance.coin(if right { self.completeness } else { self.false_positives });
        Attempt { right, passed }
    }

    /// p·c: the probability that a draw is right and passes.
    pub fn true_pass(&self) -> f64 {
        self.correct * self.completeness
    }

    /// (1 − p)·f: the probability that a draw is wrong and passes.
    pub fn false_pass(&self) -> f64 {
        (1.0 - self.correct) * self.false_positives
    }

    /// a = p·c + (1 − p)·f: the probability that a draw passes.
    pub fn pass_rate(&self) -> f64 {
        (self.true_pass() + self.false_pass()).min(1.0)
    }

    /// v = p·c/a: the probability that an answer that passes is right; `None` if nothing passes.
    pub fn precision(&self) -> Option<f64> {
        let rate = self.pass_rate();
        (rate > 0.0).then(|| (self.true_pass() / rate).min(1.0))
    }

    /// (1 − (1 − a)^K)/a: the expected number of draws.
    fn draws(&self, budget: u64) -> f64 {
        let rate = self.pass_rate();
        if rate > 0.0 { some(rate, budget) / rate } else { budget as f64 }
    }
}

/// 1 − (1 − `rate`)^`times`: the probability of at least one success.
fn some(rate: f64, times: u64) -> f64 {
    if times == 0 { 0.0 } else { -(times as f64 * (-rate).ln_1p()).exp_m1() }
}

/// What an outcome is worth: +1 if right, −`wrong` if wrong, 0 for abstaining, always −`draw` a draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Payoff {
    wrong: f64,
    draw: f64,
}

impl Payoff {
    /// The losses λ of a wrong answer and κ of a draw.
    ///
    /// # Errors
    /// If one of them is negative or not finite.
    pub fn new(wrong: f64, draw: f64) -> Result<Self> {
        Ok(Self { wrong: error::non_negative("wrong", wrong)?, draw: error::non_negative("draw", draw)? })
    }

    /// The utility of an outcome.
    pub fn of(&self, outcome: &Outcome) -> f64 {
        let answer = outcome.right.map_or(0.0, |right| if right { 1.0 } else { -self.wrong });
        answer - self.draw * outcome.draws as f64
    }

    /// The expected worth of one more draw on a task that is still open.
    fn of_draw(&self, task: &Task) -> f64 {
        task.true_pass() - self.wrong * task.false_pass() - self.draw
    }
}

/// Expectations over a set of tasks at one budget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// The probability that an answer is returned and right.
    pub accuracy: f64,
    /// The probability that an answer is returned.
    pub answered: f64,
    /// The probability that one of K draws is right: what a perfect verifier would reach.
    pub coverage: f64,
    /// The draws made.
    pub draws: f64,
}

impl Evaluation {
    /// The share of right answers among the returned ones; `None` if none is ever returned.
    pub fn precision(&self) -> Option<f64> {
        (self.answered > 0.0).then(|| (self.accuracy / self.answered).min(1.0))
    }
}

/// Kinds of tasks with their shares.
#[derive(Debug, Clone, PartialEq)]
pub struct Tasks(Vec<(f64, Task)>);

impl Tasks {
    /// The tasks `tasks[i]`, each a share `shares[i]` of all.
    ///
    /// # Errors
    /// If there are none, the sizes differ, or the shares are not a distribution.
    pub fn new(shares: &[f64], tasks: &[Task]) -> Result<Self> {
        if tasks.is_empty() {
            return Err(Error::Empty { name: "tasks" });
        }
        error::same_size("shares", tasks.len(), shares.len())?;
        error::distribution("shares", shares)?;
        Ok(Self(shares.iter().copied().zip(tasks.iter().copied()).collect()))
    }

    /// The shares and the tasks.
    pub fn iter(&self) -> impl Iterator<Item = (f64, &Task)> {
        self.0.iter().map(|(share, task)| (*share, task))
    }

    /// What [`FirstPass`] achieves with the budget.
    pub fn evaluate(&self, budget: u64) -> Evaluation {
        let mean = |of: &dyn Fn(&Task) -> f64| self.iter().map(|(share, task)| share * of(task)).sum();
        Evaluation {
            accuracy: mean(&|task| task.precision().map_or(0.0, |v| v * some(task.pass_rate(), budget))),
            answered: mean(&|task| some(task.pass_rate(), budget)),
            coverage: mean(&|task| some(task.correct, budget)),
            draws: mean(&|task| task.draws(budget)),
        }
    }

    /// The expected utility of [`FirstPass`] with the budget.
    pub fn utility(&self, budget: u64, payoff: Payoff) -> f64 {
        self.iter().map(|(share, task)| share * task.draws(budget) * payoff.of_draw(task)).sum()
    }

    /// The budget of at most `most` draws with the largest expected utility, the smallest if several have it.
    /// Where the answer is `most`, a larger budget may be better still.
    pub fn best_budget(&self, payoff: Payoff, most: u32) -> u32 {
        // For each kind, the worth of the next draw: ω_i (1 − a_i)^K (p_i c_i − λ (1 − p_i) f_i − κ).
        let worth = |(share, task): (f64, &Task)| (share * payoff.of_draw(task), 1.0 - task.pass_rate());
        let mut kinds: Vec<(f64, f64)> = self.iter().map(worth).collect();
        let (mut sum, mut best) = (0.0, (0.0, 0));
        for budget in 1..=most {
            sum += kinds.iter().map(|(next, _)| next).sum::<f64>();
            kinds.iter_mut().for_each(|(next, stays)| *next *= *stays);
            // The whole curve, not its first peak: there may be several.
            if sum > best.0 {
                best = (sum, budget);
            }
        }
        best.1
    }
}
