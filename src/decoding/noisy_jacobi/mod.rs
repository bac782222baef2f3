//! Noisy training and Jacobi decoding: a model that predicts well behind wrong guesses decodes several
//! greedy tokens a call.
//!
//! Simplified: the model is a softmax-linear one on the last tokens ([`training`]), not a transformer;
//! how the noise segment is drawn is from memory. The tree's template is a parameter.
//!
//! # Problem
//! Greedy decoding emits $g(x) = \arg\max$ of the next token's law, one token a call. Jacobi decoding
//! guesses $m$ tokens ahead, and one call refines them all; but a model trained on clean text predicts
//! badly behind a wrong guess, so that only one token a call is right.
//!
//! # Idea
//! Train on contexts whose last tokens are noise, with unchanged targets: the model learns to look past
//! a wrong guess, and the guesses become right in parallel.
//!
//! # Algorithm
//! 1. Noise training: with probability ½ replace the last $\ell \sim U\{1..m\}$ tokens before a target
//!    by tokens of the text before them ([`training::ahead_noise`]).
//! 2. Jacobi step ([`Jacobi`]): one call gives $o_j = g(\text{prefix} + \text{guess}_{1..j})$,
//!    $j = 0..m$. With the longest $a$ such that $\text{guess}_j = o_{j-1}$ for all $j \le a$, emit
//!    $o_0..o_a$; the next guesses are $o_{a+1}..o_m$, padded by random tokens of the prefix.
//! 3. Tree step ([`TreeJacobi`]): the candidates form a tree, filled with the most probable tokens of
//!    the last call, and one retrieved path: what followed the best match of the last three tokens. One
//!    call with a tree mask; the deepest run of matches wins, the first of equals.
//!
//! The official code pads short paths of the tree with the root: where the leaf's output equals the
//! root's token, the pad counts as a match and the token emitted after it is the root's output,
//! unverified. Here a path ends at its leaf.
//!
//! # What is promised
//! The output is the greedy one, whatever the guesses, with at most one call a token. In a fixed window
//! the first $k$ tokens are final after $k$ sweeps.
//!
//! # Reference
//! Wang et al.: *Make Some Noise: Unlocking Language Model Parallel Inference Capability through Noisy
//! Training*, EMNLP 2024, arXiv [2406.17404](https://arxiv.org/abs/2406.17404).
//!
//! # Complexity
//! A step is one call with $m + 1$ positions, or one more than the tree has nodes.

use rand::{Rng, RngExt};

use super::LanguageModel;

pub mod training;
mod tree;

pub use tree::{Template, Tree, TreeJacobi, Verified, retrieve};

/// The index of the largest entry, the first of equals.
pub fn argmax(law: &[f64]) -> usize {
    (1..law.len()).fold(0, |best, token| if law[token] > law[best] { token } else { best })
}

/// Greedy decoding that may emit several tokens a call.
pub trait ParallelDecoder {
    /// Appends at least one token, with one call to the model.
    fn step(&mut self, model: &dyn LanguageModel, tokens: &mut Vec<usize>, rng: &mut dyn Rng);
}

/// Appends exactly `count` tokens; returns the number of calls.
pub fn decode(
    method: &mut dyn ParallelDecoder,
    model: &dyn LanguageModel,
    tokens: &mut Vec<usize>,
    count: usize,
    rng: &mut dyn Rng,
) -> usize {
    let end = tokens.len() + count;
    let mut calls = 0;
    while tokens.len() < end {
        method.step(model, tokens, rng);
        calls += 1;
    }
    tokens.truncate(end);
    calls
}

/// A random token of the text; token 0 if there is none.
fn random_token(text: &[usize], rng: &mut dyn Rng) -> usize {
    if text.is_empty() { 0 } else { text[rng.random_range(0..text.len())] }
}

/// Jacobi decoding with a fixed number of guesses; none is plain greedy decoding.
#[derive(Debug, Clone, Default)]
pub struct Jacobi {
    window: usize,
    guesses: Vec<usize>,
    outputs: Vec<usize>,
    law: Vec<f64>,
}

impl Jacobi {
    /// Refines `window` guesses in each call.
    pub fn new(window: usize) -> Self {
        Self { window, ..Self::default() }
    }

    /// The guesses for the next call, which it pads where there are too few.
    pub fn guesses(&mut self) -> &mut Vec<usize> {
        &mut self.guesses
    }

    /// The outputs o₀, …, o_m of one call on the text and its guesses.
    fn call(&mut self, model: &dyn LanguageModel, tokens: &mut Vec<usize>) {
        let start = tokens.len();
        self.law.resize(model.vocabulary(), 0.0);
        tokens.extend(&self.guesses);
        self.outputs.clear();
        for end in start..=tokens.len() {
            model.next(&tokens[..end], &mut self.law);
            self.outputs.push(argmax(&self.law));
        }
        tokens.truncate(start);
    }

    /// A sweep over a fixed window: every guess becomes the output before it.
    pub fn sweep(&mut self, model: &dyn LanguageModel, tokens: &mut Vec<usize>) {
        self.call(model, tokens);
        self.outputs.truncate(self.guesses.len());
        std::mem::swap(&mut self.guesses, &mut self.outputs);
    }
}

impl ParallelDecoder for Jacobi {
    fn step(&mut self, model: &dyn LanguageModel, tokens: &mut Vec<usize>, rng: &mut dyn Rng) {
        while self.guesses.len() < self.window {
            let pad = random_token(tokens, rng);
            self.guesses.push(pad);
        }
        self.guesses.truncate(self.window);
        self.call(model, tokens);
        let matches = self.guesses.iter().zip(&self.outputs);
        let accepted = matches.take_while(|(guess, output)| guess == output).count();
        tokens.extend(&self.outputs[..=accepted]);
        self.guesses.clear();
        self.guesses.extend(&self.outputs[accepted + 1..]);
    }
}
