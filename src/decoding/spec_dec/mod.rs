//! Speculative decoding that decides on the fly how many tokens to draft.
//!
//! Simplified: the acceptance head is a logistic regression on features of small Markov sources, not a
//! residual network on a transformer's hidden state; optimality is stated for independent acceptance
//! probabilities only.
//!
//! # Problem
//! Drafting a token costs $t_d$, a call to the target $t_t$. Drafting too few wastes calls, too many
//! wastes drafts behind the first rejection. For $N$ emitted tokens the time is
//! $t_d N + c_1 N_{\text{discarded}} + c_2 N_{\text{calls}}$ with $c_1 = t_d$, $c_2 = t_t - t_d$
//! ([`Costs::time`]). Whether to draft on is a Markov decision process.
//!
//! # Idea
//! Stop when it has become likely that some drafted token will be rejected.
//!
//! # Algorithm
//! 1. A speculative round ([`Lossless`](super::Lossless)) whose stop rule predicts, after drafting
//!    token $k$, its acceptance probability $\hat p_k$ from what the draft knows, and stops when
//!    $1 - \prod_{j\le k} \hat p_j > h$, at least 2 and at most 20 tokens in the paper ([`Threshold`]).
//! 2. The acceptance head ([`head::LogisticHead`]) is trained on runs in which the draft writes,
//!    15 % of its tokens replaced by the target's. The label of a drafted token is its acceptance
//!    probability $\min(1, p/q)$ and the loss is the cross-entropy with rejections weighted 6. That
//!    weight turns a true $a$ into $\hat p = a/(a + 6(1-a))$, inverted by $a = 6\hat p/(1 + 5\hat p)$.
//! 3. With independent acceptance probabilities of mean $m$, each known once its token is drafted, the
//!    least cost per token $\rho^*$ and the optimal policy come from Dinkelbach's iteration over a
//!    dynamic programme ([`optimal`]).
//!
//! The official code applies the head one token late (the product after drafting $k$ tokens covers
//! $k - 1$ of them, because the head sits on the hidden state of the token before); here, as in the
//! paper, it covers all $k$. Its labels are computed on the target's own prefixes, the head's input on
//! the mixed ones; here both are the mixed prefix.
//!
//! # What is promised
//! The output has the target's law whatever the rule. The optimal policy is a threshold: stop when
//! the probability of a rejection is large (the paper: at least $(c_2 + \Delta)/(c_1 + c_2 + \Delta)$
//! suffices, $\Delta$ depending on the prefix). With independent acceptance probabilities this is
//! exact: draft on if and only if $Q = \prod_{j\le k} p_j \ge t_d/(\rho^* m)$, that is stop when
//! $P(\text{some rejection}) > h^* = 1 - t_d/(\rho^* m)$. ($Q$ never increases, so looking one step
//! ahead is optimal: one more token costs $t_d$ and gives $Q m$ tokens, each worth $\rho^*$.) A round
//! of $K$ drafts with constant acceptance $\alpha$ emits $(1-\alpha^{K+1})/(1-\alpha)$ tokens.
//!
//! # Reference
//! Huang, Guo, Wang: *SpecDec++: Boosting Speculative Decoding via Adaptive Candidate Lengths*, COLM
//! 2025, arXiv 2405.19715.
//!
//! # Complexity
//! A round costs one draft call per token and one target call; the rule adds O(1) per token.

use super::{AcceptancePredictor, Drafted, LanguageModel, StopRule, acceptance};
use crate::{Error, Result, error};

pub mod head;
pub mod optimal;

/// What a draft token and a call to the target cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    draft: f64,
    target: f64,
}

impl Costs {
    /// t_d and t_t, in any unit.
    ///
    /// # Errors
    /// If one is not positive and finite.
    pub fn new(draft: f64, target: f64) -> Result<Self> {
        Ok(Self { draft: error::positive("draft", draft)?, target: error::positive("target", target)? })
    }

    /// t_d.
    pub fn draft(&self) -> f64 {
        self.draft
    }

    /// t_t.
    pub fn target(&self) -> f64 {
        self.target
    }

    /// t_t·calls + t_d·drafted.
    pub fn spent(&self, calls: f64, drafted: f64) -> f64 {
        self.target * calls + self.draft * drafted
    }

    /// t_d·N + c₁·discarded + c₂·calls: the same for N emitted tokens, in the paper's terms.
    pub fn time(&self, emitted: f64, discarded: f64, calls: f64) -> f64 {
        self.draft * emitted + self.draft * discarded + (self.target - self.draft) * calls
    }
}

/// Predicts the same for every token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constant(pub f64);

impl AcceptancePredictor for Constant {
    fn acceptance(&mut self, _: &Drafted<'_>) -> f64 {
        self.0
    }
}

/// Knows the target, and with it the exact acceptance probability: what a head can hope for. Not a
/// practical rule, since asking the target is what speculation saves.
#[derive(Debug, Clone)]
pub struct Oracle<M> {
    target: M,
    law: Vec<f64>,
}

impl<M: LanguageModel> Oracle<M> {
    /// For the given target, or a reference to it.
    pub fn new(target: M) -> Self {
        let law = vec![0.0; target.vocabulary()];
        Self { target, law }
    }
}

impl<M: LanguageModel> AcceptancePredictor for Oracle<M> {
    fn acceptance(&mut self, drafted: &Drafted<'_>) -> f64 {
        self.target.next(drafted.context, &mut self.law);
        acceptance(self.law[drafted.token], drafted.law[drafted.token])
    }
}

/// The stop rule of step 1.
#[derive(Debug, Clone)]
pub struct Threshold<P> {
    predictor: P,
    threshold: f64,
    least: usize,
    most: usize,
    /// Π p̂_j over the round's tokens.
    survival: f64,
}

impl<P: AcceptancePredictor> Threshold<P> {
    /// Stops when the predicted probability of a rejection exceeds `threshold`, but drafts at least
    /// `least` and at most `most` tokens.
    ///
    /// # Errors
    /// If `threshold` is not in [0, 1] or `least` exceeds `most`.
    pub fn new(predictor: P, threshold: f64, least: usize, most: usize) -> Result<Self> {
        error::probability("threshold", threshold)?;
        if least > most {
            let requirement = "at most the longest draft";
            return Err(Error::OutOfRange { name: "least", value: least as f64, requirement });
        }
        Ok(Self { predictor, threshold, least, most, survival: 1.0 })
    }
}

impl<P: AcceptancePredictor> StopRule for Threshold<P> {
    fn begin(&mut self) -> bool {
        self.survival = 1.0;
        self.most > 0
    }

    fn go_on(&mut self, last: &Drafted<'_>) -> bool {
        self.survival *= self.predictor.acceptance(last);
        last.length < self.least || (last.length < self.most && 1.0 - self.survival <= self.threshold)
    }
}
