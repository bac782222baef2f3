//! The Price of Differential Privacy under Continual Observation.
//!
//! *From memory*: the period, the noise split and the offsets of the reduction were re-derived here
//! and agree with the abstract's rates; the paper's own constants may differ. Error bounds are proved
//! below, not quoted.
//!
//! # Problem
//! Records $x_1, \dots, x_T \in \{0,1\}^d$ arrive one at a time. After each, a mechanism must publish
//! $\max_j s_j(t)$ (MaxSum) or an index that attains it (SumSelect), where
//! $s_j(t) = \sum_{i \le t} x_{ij}$. The *whole* sequence of answers must be $\rho$-zCDP with respect
//! to replacing one record (event level), even for records chosen in reply to earlier answers.
//!
//! # Idea
//! Publishing once costs an error of $O(1/\sqrt\rho)$. Publishing $T$ times costs more, but how much?
//! Bit sums pay only polylogarithmically, because a sum over time splits into dyadic nodes and one
//! record is in few of them. A maximum does not split. The paper shows that for MaxSum the price is
//! $\tilde\Theta(T^{1/3})$: nothing essentially better exists than recomputing now and then and
//! holding the answer in between.
//!
//! # Algorithm
//! [`Recompute`]:
//! 1. Set the period $r = \max(1, \lceil (T/\rho)^{1/3} \rceil)$ and allow for
//!    $k = \lceil T/r \rceil$ releases, each with budget $\rho / k$.
//! 2. At $t = r, 2r, \dots$ release the answer on the exact sums: MaxSum with noise
//!    $N(0, k/(2\rho))$, SumSelect by the exponential mechanism.
//! 3. In between repeat the last release (before the first, the answer of an empty stream).
//!
//! [`Tree`]:
//! 1. Give each column a binary counter of $L = \lfloor \log_2 T \rfloor + 1$ levels. When record $t$
//!    arrives, the counter completes the node that ends at $t$ on level $i$, the number of trailing
//!    zeros of $t$: the sum of the nodes below it, plus the new bit.
//! 2. Release the completed node of each column with noise $N(0, dL/(2\rho))$: a record is in at most
//!    $L$ nodes of each of $d$ columns.
//! 3. The prefix sum at $t$ is the sum of the noisy nodes at the one-bits of $t$; answer the question
//!    on these noisy sums.
//!
//! [`Trivial`]: answer as for an empty stream. [`Best`] takes whichever of the three has the
//! smallest bound below.
//!
//! # Theorem
//! With probability at least $1 - \beta$ the largest error over all $T$ answers to MaxSum is at most
//!
//! $$\min\left\{ r - 1 + \sqrt{\tfrac{k}{\rho} \ln \tfrac{2k}{\beta}}, \quad
//!   L \sqrt{\tfrac{d}{\rho} \ln \tfrac{2dT}{\beta}}, \quad T \right\}
//!   = \tilde O\left( \min\{ (T/\rho)^{1/3}, \sqrt{d/\rho}, T \} \right).$$
//!
//! *Recompute:* the maximum moves by at most one per step, so an answer held for up to $r - 1$ steps
//! is stale by at most $r - 1$; the rest is a union over $k$ Gaussians. *Tree:* a noisy prefix sum has
//! variance $\mathrm{popcount}(t) \cdot dL/(2\rho) \le dL^2/(2\rho)$; union over $dT$ of them, and the
//! maximum is 1-Lipschitz. No mechanism beats this by more than logarithms (abstract): a MaxSum
//! mechanism for streams of length $n + 2nd$ publishes all $d$ column sums of an $n \times d$ table
//! ([`Reduction`]), which in the batch model costs $\Omega(\sqrt{d/\rho})$; take
//! $d \approx T^{2/3}$.
//!
//! # Complexity
//! Per step $O(d)$ for Recompute, $O(d \log T)$ for Tree (amortised $O(d)$ plus the sum over
//! one-bits); memory $O(d)$ and $O(d \log T)$.
//!
//! # Reference
//! Palak Jain, Sofya Raskhodnikova, Satchit Sivakumar, Adam Smith. ICML 2023, arXiv 2112.00828. The
//! counter: Dwork, Naor, Pitassi, Rothblum 2010 and Chan, Shi, Song 2010.

use super::instances::{Question, add_record};
use super::tree_counter::{TreeCounter, levels};
use super::zcdp::{budget, gaussian_sigma};
use super::{Channel, Clock, ContinualMechanism, ContinualRun, Shape};
use crate::error::{Error, Result, open_unit, same_size};

/// Recompute at every r-th step, hold in between.
#[derive(Debug, Clone, Copy)]
pub struct Recompute<Q> {
    question: Q,
    thirds: i32,
}

impl<Q: Question> Recompute<Q> {
    /// The paper's period, r = ⌈(T/ρ)^(1/3)⌉.
    pub fn new(question: Q) -> Self {
        Self::with_thirds(question, 1)
    }

    /// Another period, r = ⌈(T/ρ)^(`thirds`/3)⌉, of the wrong order for any but 1; 0 recomputes at every
    /// step.
    pub fn with_thirds(question: Q, thirds: u8) -> Self {
        Self { question, thirds: thirds.into() }
    }

    /// The period r, from 1 to T + 1; beyond T nothing is ever released.
    ///
    /// # Errors
    /// `rho` is not positive.
    pub fn period(&self, shape: Shape, rho: f64) -> Result<usize> {
        let horizon = shape.horizon() as f64;
        let period = (horizon / budget(rho)?).cbrt().powi(self.thirds).ceil();
        Ok(period.clamp(1.0, horizon + 1.0) as usize)
    }

    /// The error that all T answers keep with probability 1 − `beta`: r − 1 + (one release's error at
    /// budget ρ/k and failure probability β/k).
    ///
    /// # Errors
    /// `rho` is not positive, `beta` outside (0, 1).
    pub fn error_bound(&self, shape: Shape, rho: f64, beta: f64) -> Result<f64> {
        let period = self.period(shape, rho)?;
        let releases = shape.horizon().div_ceil(period) as f64;
        let beta = open_unit("beta", beta)?;
        let release = self.question.release_error(shape.columns(), rho / releases, beta / releases)?;
        Ok((period - 1) as f64 + release)
    }
}

impl<Q: Question> ContinualMechanism for Recompute<Q> {
    type Run = RecomputeRun<Q>;

    fn start(&self, shape: Shape, rho: f64) -> Result<Self::Run> {
        let period = self.period(shape, rho)?;
        // Step 1: composition is over releases, not over steps. A budget so small that its share
        // underflows is refused here.
        let share = budget(rho / shape.horizon().div_ceil(period) as f64)?;
        let sums = vec![0.0; shape.columns()];
        let held = self.question.answer(&sums);
        Ok(RecomputeRun {
            question: self.question.clone(),
            period,
            share,
            held,
            clock: Clock::new(shape),
            sums,
        })
    }
}

/// A run of [`Recompute`].
#[derive(Debug, Clone)]
pub struct RecomputeRun<Q: Question> {
    question: Q,
    period: usize,
    /// The budget of one release, ρ/k.
    share: f64,
    held: Q::Answer,
    clock: Clock,
    sums: Vec<f64>,
}

impl<Q: Question> ContinualRun for RecomputeRun<Q> {
    type Answer = Q::Answer;

    fn step(&mut self, record: &[bool], channel: &mut dyn Channel) -> Result<Q::Answer> {
        let time = self.clock.tick(record)?;
        add_record(&mut self.sums, record);
        if time.is_multiple_of(self.period) {
            self.held = self.question.release(&self.sums, self.share, channel)?; // step 2
        }
        Ok(self.held) // step 3
    }
}

/// One binary counter per column; the answer is computed from their noisy prefix sums.
#[derive(Debug, Clone, Copy)]
pub struct Tree<Q> {
    question: Q,
}

impl<Q: Question> Tree<Q> {
    /// The tree mechanism for `question`.
    pub fn new(question: Q) -> Self {
        Self { question }
    }

    /// The standard deviation of one node, √(d·L/(2ρ)): the vector of everything one record touches
    /// has Euclidean norm at most √(d·L).
    ///
    /// # Errors
    /// `rho` is not positive.
    pub fn node_sigma(shape: Shape, rho: f64) -> Result<f64> {
        gaussian_sigma(((shape.columns() * levels(shape.horizon())) as f64).sqrt(), rho)
    }

    /// The error that all T answers keep with probability 1 − `beta`.
    ///
    /// # Errors
    /// `rho` is not positive, `beta` outside (0, 1).
    pub fn error_bound(&self, shape: Shape, rho: f64, beta: f64) -> Result<f64> {
        let sums = (shape.columns() * shape.horizon()) as f64;
        let sigma = Self::node_sigma(shape, rho)? * (levels(shape.horizon()) as f64).sqrt();
        let deviation = sigma * (2.0 * (2.0 * sums / open_unit("beta", beta)?).ln()).sqrt();
        Ok(self.question.sensitivity_to_sums() * deviation)
    }
}

impl<Q: Question> ContinualMechanism for Tree<Q> {
    type Run = TreeRun<Q>;

    fn start(&self, shape: Shape, rho: f64) -> Result<Self::Run> {
        let counter = TreeCounter::new(shape.columns(), Self::node_sigma(shape, rho)?);
        Ok(TreeRun { question: self.question.clone(), clock: Clock::new(shape), counter })
    }
}

/// A run of [`Tree`].
#[derive(Debug, Clone)]
pub struct TreeRun<Q> {
    question: Q,
    clock: Clock,
    counter: TreeCounter,
}

impl<Q: Question> ContinualRun for TreeRun<Q> {
    type Answer = Q::Answer;

    fn step(&mut self, record: &[bool], channel: &mut dyn Channel) -> Result<Q::Answer> {
        self.clock.tick(record)?;
        // Steps 1 to 3: complete a node per column, release it, sum the nodes that tile the prefix.
        let prefix = self.counter.push(record.iter().map(|&bit| f64::from(bit)), channel);
        Ok(self.question.answer(prefix))
    }
}

/// Answers as for an empty stream: private for free, wrong by at most T.
#[derive(Debug, Clone, Copy)]
pub struct Trivial<Q> {
    question: Q,
}

impl<Q: Question> Trivial<Q> {
    /// The trivial mechanism for `question`.
    pub fn new(question: Q) -> Self {
        Self { question }
    }
}

impl<Q: Question> ContinualMechanism for Trivial<Q> {
    type Run = TrivialRun<Q::Answer>;

    fn start(&self, shape: Shape, rho: f64) -> Result<Self::Run> {
        budget(rho)?;
        let answer = self.question.answer(&vec![0.0; shape.columns()]);
        Ok(TrivialRun { answer, clock: Clock::new(shape) })
    }
}

/// A run of [`Trivial`].
#[derive(Debug, Clone)]
pub struct TrivialRun<A> {
    answer: A,
    clock: Clock,
}

impl<A: Copy> ContinualRun for TrivialRun<A> {
    type Answer = A;

    fn step(&mut self, record: &[bool], _channel: &mut dyn Channel) -> Result<A> {
        self.clock.tick(record).map(|_| self.answer)
    }
}

/// Whichever of the three has the smallest error bound.
#[derive(Debug, Clone, Copy)]
pub struct Best<Q> {
    question: Q,
    beta: f64,
}

/// What [`Best`] settled on, and a run of it.
#[derive(Debug, Clone)]
pub enum BestRun<Q: Question> {
    /// Many columns: hold answers.
    Recompute(RecomputeRun<Q>),
    /// Few columns: count.
    Tree(TreeRun<Q>),
    /// A stream too short for its budget: say nothing.
    Trivial(TrivialRun<Q::Answer>),
}

impl<Q: Question> Best<Q> {
    /// Compares the bounds at failure probability `beta`.
    ///
    /// # Errors
    /// `beta` is outside (0, 1).
    pub fn new(question: Q, beta: f64) -> Result<Self> {
        Ok(Self { question, beta: open_unit("beta", beta)? })
    }

    /// The smallest of the three bounds: what the chosen mechanism keeps with probability 1 − `beta`.
    ///
    /// # Errors
    /// `rho` is not positive.
    pub fn error_bound(&self, shape: Shape, rho: f64) -> Result<f64> {
        let recompute = Recompute::new(self.question.clone()).error_bound(shape, rho, self.beta)?;
        let tree = Tree::new(self.question.clone()).error_bound(shape, rho, self.beta)?;
        Ok(recompute.min(tree).min(shape.horizon() as f64))
    }
}

impl<Q: Question> ContinualMechanism for Best<Q> {
    type Run = BestRun<Q>;

    fn start(&self, shape: Shape, rho: f64) -> Result<Self::Run> {
        let (recompute, tree) = (Recompute::new(self.question.clone()), Tree::new(self.question.clone()));
        let best = self.error_bound(shape, rho)?;
        if recompute.error_bound(shape, rho, self.beta)? == best {
            recompute.start(shape, rho).map(BestRun::Recompute)
        } else if tree.error_bound(shape, rho, self.beta)? == best {
            tree.start(shape, rho).map(BestRun::Tree)
        } else {
            Trivial::new(self.question.clone()).start(shape, rho).map(BestRun::Trivial)
        }
    }
}

impl<Q: Question> ContinualRun for BestRun<Q> {
    type Answer = Q::Answer;

    fn step(&mut self, record: &[bool], channel: &mut dyn Channel) -> Result<Q::Answer> {
        match self {
            Self::Recompute(run) => run.step(record, channel),
            Self::Tree(run) => run.step(record, channel),
            Self::Trivial(run) => run.step(record, channel),
        }
    }
}

/// The lower bound's construction: any MaxSum mechanism for streams publishes all the column sums of
/// a table, and is therefore at least as inaccurate as batch marginals have to be.
///
/// For an n × d table the stream is, n + 2nd records in all:
/// 1. the n rows;
/// 2. for j = 1, …, d: n copies of e_j, after which column j leads and (answer − j·n) is read as its
///    sum; then n copies of 1 − e_j, after which every column again carries the same offset j·n.
///
/// If no answer is off by more than a, no recovered sum is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reduction {
    rows: Vec<Vec<bool>>,
    equalise: bool,
}

impl Reduction {
    /// The reduction for a table given by its `rows`.
    ///
    /// # Errors
    /// There is no row, rows differ in size, or they have no columns.
    pub fn new(rows: Vec<Vec<bool>>) -> Result<Self> {
        let columns = rows.first().ok_or(Error::Empty { name: "rows" })?.len();
        rows.iter().try_for_each(|row| same_size("row", columns, row.len()))?;
        Shape::new(columns, rows.len())?;
        Ok(Self { rows, equalise: true })
    }

    /// The broken variant that leaves out the blocks 1 − e_j: offsets pile up on the columns that
    /// were read before, and a later column no longer leads.
    pub fn without_equalising(self) -> Self {
        Self { equalise: false, ..self }
    }

    /// The size of the stream.
    pub fn shape(&self) -> Shape {
        let (rows, columns) = (self.rows.len(), self.rows[0].len());
        let blocks = if self.equalise { 2 * columns } else { columns };
        Shape { columns, horizon: rows * (1 + blocks) }
    }

    /// The stream.
    pub fn stream(&self) -> impl Iterator<Item = Vec<bool>> + '_ {
        let columns = self.rows[0].len();
        let blocks = (0..columns).flat_map(move |j| {
            let lift: Vec<bool> = (0..columns).map(|i| i == j).collect();
            let level: Vec<bool> = lift.iter().map(|bit| !bit).collect();
            let level = self.equalise.then_some(level);
            std::iter::once(lift).chain(level).flat_map(|record| std::iter::repeat_n(record, self.rows.len()))
        });
        self.rows.iter().cloned().chain(blocks)
    }

    /// Feeds the stream to `mechanism` and reads off the estimated column sums.
    ///
    /// # Errors
    /// Those of the mechanism.
    pub fn column_sums<M>(&self, mechanism: &M, rho: f64, channel: &mut dyn Channel) -> Result<Vec<f64>>
    where
        M: ContinualMechanism<Run: ContinualRun<Answer = f64>>,
    {
        let mut run = mechanism.start(self.shape(), rho)?;
        let answers = self.stream().map(|record| run.step(&record, channel)).collect::<Result<Vec<f64>>>()?;
        let n = self.rows.len();
        let stride = if self.equalise { 2 * n } else { n };
        Ok((0..self.rows[0].len()).map(|j| answers[2 * n - 1 + j * stride] - ((j + 1) * n) as f64).collect())
    }
}
