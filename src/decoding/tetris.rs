//! Tetris: which drafted tokens a batch should verify when one call holds only so many.
//!
//! Our reading: the paper estimates acceptance by the draft's probability of the token it drew. That
//! is lossless for a greedy target; under sampling it changes the output law, so here the estimate may
//! be any [`AcceptancePredictor`], and [`Overlap`] and [`TopProbability`] are ones that do not look.
//!
//! # Problem
//! $N$ requests are decoded together. Each has drafted a chain of tokens, token $j$ of request $i$
//! accepted with probability $p_{i,j}$ if all before it are; one call to the target can verify $C$
//! tokens. Choose prefix lengths $k_i$ with $\sum_i k_i \le C$ so that the expected number of accepted
//! tokens $\sum_i \sum_{j \le k_i} P_{i,j}$ is largest, $P_{i,j} = \prod_{l \le j} p_{i,l}$.
//!
//! # Idea
//! A request that is hard to predict should not fill the call with tokens that will be rejected while
//! another's long draft is nearly certain. The gains $P_{i,j}$ never increase along a chain, so taking
//! the $C$ largest of all takes prefixes by itself.
//!
//! # Algorithm
//! 1. Every request drafts $w$ tokens; $-\ln P_{i,j}$ is summed up along its chain ([`Chains`]).
//! 2. A heap holds the first unselected token of every request. $C$ times: pop the most probable,
//!    lengthen its request's prefix, push the next token of that chain ([`Tetris`]).
//! 3. One call to the target verifies the prefixes as in every speculative round; each request gets
//!    its correction or bonus token ([`Batch`]).
//!
//! Ties go to the smaller position, then to the smaller request. The official code takes the largest
//! selected position of a flattened top-$C$ instead, which exceeds $C$ where ties select position 3
//! without position 2.
//!
//! # What is promised
//! The selection is optimal for the estimates. The output has the target's law if the estimate of a
//! token depends on the tokens before it only: whether position $j$ is verified then does not depend
//! on its own token, since nothing behind it outranks it.
//!
//! # Reference
//! Wu, Zhou, Verma, Prakash, Rus, Low: *TETRIS: Optimal Draft Token Selection for Batch Speculative
//! Decoding*, ACL 2025, arXiv [2502.15197](https://arxiv.org/abs/2502.15197).
//!
//! # Complexity
//! A selection takes $O(N + C \log N)$ time and $O(N)$ memory besides the chains.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{AcceptancePredictor, Counts, Drafted, LanguageModel, Lossless, Pair, StopRule, from_residual};
use crate::math::chance::Chance;
use crate::{Result, error};

/// The estimated acceptance probabilities of drafted chains, one chain a request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chains {
    /// p_{i,j}.
    conditional: Vec<Vec<f64>>,
    /// −ln P_{i,j}, never decreasing in j; +∞ behind a zero. Never −0.
    surprisal: Vec<Vec<f64>>,
}

impl Chains {
    /// Chains with the given p_{i,j}; their lengths may differ, and a chain may be empty.
    ///
    /// # Errors
    /// If an estimate is not in [0, 1].
    pub fn new(estimates: &[Vec<f64>]) -> Result<Self> {
        let mut chains = Self::default();
        chains.reset(estimates.len());
        for (request, chain) in estimates.iter().enumerate() {
            for &estimate in chain {
                chains.push(request, error::probability("estimates", estimate)?);
            }
        }
        Ok(chains)
    }

    /// The number of requests.
    pub fn requests(&self) -> usize {
        self.conditional.len()
    }

    /// The estimates p_{i,1}, p_{i,2}, … of a request.
    pub fn estimates(&self, request: usize) -> &[f64] {
        &self.conditional[request]
    }

    /// P_{i,j}: the probability that token `position` (from 0) and all before it are accepted; zero
    /// beyond the chain.
    pub fn reached(&self, request: usize, position: usize) -> f64 {
        self.surprisal[request].get(position).map_or(0.0, |surprisal| (-surprisal).exp())
    }

    /// The expected number of accepted tokens when the prefixes of these lengths are verified.
    pub fn value(&self, lengths: &[usize]) -> f64 {
        let prefix = |(request, &length)| (0..length).map(move |at| self.reached(request, at)).sum::<f64>();
        lengths.iter().enumerate().map(prefix).sum()
    }

    /// Empty chains for so many requests; keeps the memory.
    fn reset(&mut self, requests: usize) {
        for table in [&mut self.conditional, &mut self.surprisal] {
            table.resize_with(requests, Vec::new);
            table.iter_mut().for_each(Vec::clear);
        }
    }

    /// Step 1 for one token. Sums of logarithms, because long products underflow.
    fn push(&mut self, request: usize, estimate: f64) {
        let before = self.surprisal[request].last().copied().unwrap_or(0.0);
        self.surprisal[request].push(before - estimate.ln());
        self.conditional[request].push(estimate);
    }
}

/// Chooses how many tokens of each request a call verifies.
pub trait Selection {
    /// One prefix length a request, at most its chain's length, together at most `capacity`.
    fn select(&self, chains: &Chains, capacity: usize) -> Vec<usize>;
}

/// The optimal selection. A token of estimate zero is never selected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tetris;

impl Selection for Tetris {
    fn select(&self, chains: &Chains, capacity: usize) -> Vec<usize> {
        let mut lengths = vec![0; chains.requests()];
        // Surprisals are not negative, so that their bits are ordered as they are.
        let candidate = |request: usize, position: usize| {
            let surprisal = chains.surprisal[request].get(position).filter(|s| s.is_finite());
            surprisal.map(|surprisal| Reverse((surprisal.to_bits(), position, request)))
        };
        let mut frontier: BinaryHeap<_> =
            (0..lengths.len()).filter_map(|request| candidate(request, 0)).collect();
        for _ in 0..capacity {
            let Some(Reverse((_, position, request))) = frontier.pop() else { break };
            lengths[request] = position + 1;
            frontier.extend(candidate(request, position + 1));
        }
        lengths
    }
}

/// The rival: every request gets the same share of the call, as in plain batch speculation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EqualWindows;

impl Selection for EqualWindows {
    fn select(&self, chains: &Chains, capacity: usize) -> Vec<usize> {
        let requests = chains.requests();
        let window = |request| capacity / requests + usize::from(request < capacity % requests);
        (0..requests).map(|request| window(request).min(chains.estimates(request).len())).collect()
    }
}

/// The paper's estimate: the draft's probability of the token it drew. Not lossless under sampling.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DraftProbability;

impl AcceptancePredictor for DraftProbability {
    fn acceptance(&mut self, drafted: &Drafted<'_>) -> f64 {
        drafted.law[drafted.token]
    }
}

/// The largest probability of the draft's law, known before a token is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TopProbability;

impl AcceptancePredictor for TopProbability {
    fn acceptance(&mut self, drafted: &Drafted<'_>) -> f64 {
        drafted.law.iter().copied().fold(0.0, f64::max)
    }
}

/// Σ min(p, q): the exact acceptance probability before a token is drawn. Not practical, since it asks
/// the target; what an estimate can hope for.
#[derive(Debug, Clone)]
pub struct Overlap<M> {
    target: M,
    law: Vec<f64>,
}

impl<M: LanguageModel> Overlap<M> {
    /// The overlap with this target.
    pub fn new(target: M) -> Self {
        Self { law: vec![0.0; target.vocabulary()], target }
    }
}

impl<M: LanguageModel> AcceptancePredictor for Overlap<M> {
    fn acceptance(&mut self, drafted: &Drafted<'_>) -> f64 {
        self.target.next(drafted.context, &mut self.law);
        self.law.iter().zip(drafted.law).map(|(p, q)| p.min(*q)).sum()
    }
}

/// What a round did to a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BatchCounts {
    /// The counts of all requests together; the one call verifies them all.
    pub counts: Counts,
    /// Tokens that the call verified.
    pub verified: usize,
}

impl BatchCounts {
    /// Accepted ÷ verified tokens; `None` if none was verified.
    pub fn verification_success_rate(&self) -> Option<f64> {
        (self.verified > 0).then(|| self.counts.accepted as f64 / self.verified as f64)
    }

    /// Emitted tokens per time: drafting `window` tokens of every request in parallel takes
    /// `draft`·`window`, the call takes `target`. Drafting more than is verified is not free.
    pub fn throughput(&self, draft: f64, window: usize, target: f64) -> f64 {
        self.counts.emitted as f64 / (draft * window as f64 + target)
    }
}

/// Speculative rounds of a whole batch.
#[derive(Debug, Clone)]
pub struct Batch<E, S> {
    estimate: E,
    selection: S,
    window: usize,
    capacity: usize,
    chains: Chains,
    /// One a request: it keeps the draft's laws.
    rounds: Vec<Lossless>,
}

/// Drafts a fixed number of tokens and writes down the estimate of each.
struct Recorder<'a, E> {
    estimate: &'a mut E,
    chains: &'a mut Chains,
    request: usize,
    window: usize,
}

impl<E: AcceptancePredictor> StopRule for Recorder<'_, E> {
    fn begin(&mut self) -> bool {
        self.window > 0
    }

    fn go_on(&mut self, last: &Drafted<'_>) -> bool {
        let estimate = self.estimate.acceptance(last);
        // Rounding may lead out of the range; NaN counts as zero.
        self.chains.push(self.request, if estimate > 0.0 { estimate.min(1.0) } else { 0.0 });
        last.length < self.window
    }
}

impl<E: AcceptancePredictor, S: Selection> Batch<E, S> {
    /// Rounds that draft `window` tokens a request and verify at most `capacity` in all. A capacity of
    /// zero gives one token of the target a request.
    pub fn new(estimate: E, selection: S, window: usize, capacity: usize) -> Self {
        Self { estimate, selection, window, capacity, chains: Chains::default(), rounds: Vec::new() }
    }

    /// Appends at least one token to every request.
    pub fn round(
        &mut self,
        pair: Pair<'_>,
        requests: &mut [Vec<usize>],
        chance: &mut dyn Chance,
    ) -> BatchCounts {
        self.chains.reset(requests.len());
        self.rounds.resize(requests.len(), Lossless::new(self.window));
        let mut batch = BatchCounts::default();
        batch.counts.target_calls = 1;
        // Step 1.
        for (request, (tokens, round)) in requests.iter_mut().zip(&mut self.rounds).enumerate() {
            let (estimate, chains, window) = (&mut self.estimate, &mut self.chains, self.window);
            let mut recorder = Recorder { estimate, chains, request, window };
            batch.counts.drafted += round.draft(pair.draft, &mut recorder, tokens, chance);
        }
        // Step 2.
        let lengths = self.selection.select(&self.chains, self.capacity);
        // Step 3: what was not selected is forgotten.
        for ((tokens, round), length) in requests.iter_mut().zip(&mut self.rounds).zip(lengths) {
            let start = tokens.len() - self.window;
            tokens.truncate(start + length);
            let accepted = round.verify(pair.target, tokens, start, chance, from_residual, true);
            batch.verified += length.min(self.window);
            batch.counts.accepted += accepted;
            batch.counts.emitted += accepted + 1;
        }
        batch
    }
}
