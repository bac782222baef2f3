//! Mini-sequences: train on longer sequences by running the token-wise layers in pieces.
//!
//! Simplified: the token-wise parts of one transformer block, a gated MLP and the language-model head
//! chained to it; attention, norms and residual connections, which the method leaves alone, are left out.
//! Our reading: backward recomputes only what it needs (gate, up and their product), while a framework's
//! checkpoint re-runs the down projection too; and gradients overwrite the activations they belong to.
//!
//! # Problem
//! The intermediates of an MLP ($3I$ elements a token, $I \approx 3.5 d$) and of the head (logits and
//! their gradient, $2V$ a token, $V \approx 31 d$) dwarf the $d$ elements a token that are passed on.
//! Their peak is what limits the length $S$ of a sequence.
//!
//! # Idea
//! Both layers map tokens one by one, so $M$ mini-sequences can go through in turn and only the peak of
//! one is ever alive. The result is the same, not an approximation.
//!
//! # Algorithm
//! 1. Split the $S$ rows into mini-sequences of $c = \lceil S/M \rceil$ rows; the last may be shorter, and
//!    those that would be empty are skipped.
//! 2. MLP, for each mini-sequence: $W_{down}\,(\mathrm{SiLU}(W_{gate} x) \odot W_{up} x)$; keep the output
//!    rows, drop the rest.
//! 3. Head and loss, for each mini-sequence: logits, their summed cross-entropy over the labels that are
//!    not ignored, at once $\delta = \mathrm{softmax} - \mathrm{onehot}$ (0 on ignored rows),
//!    $\nabla W_{head} \mathrel{+}= \delta^\top h$ and $\nabla h = \delta W_{head}$; drop the logits. Loss
//!    and gradients are divided once, by the number of labels that count in the *whole* sequence.
//! 4. Backward through the MLP, for each mini-sequence: recompute its intermediates from its input, add
//!    to the gradients of the weights.
//!
//! # What is promised
//! The same loss, outputs and gradients for every $M$. The peak of a training step is
//! $\alpha S + \beta \lceil S/M \rceil$ elements with $\alpha = 2d$ and $\beta = \max(6I, 2V)$, so within a
//! budget $b$ sequences get up to $1 + \beta/\alpha$ times as long. The MLP pays 11/9 of the FLOPs without
//! recomputation, the head nothing, and the weights are read $M$ times.
//!
//! The published code takes $\lfloor S/M \rfloor$ rows a piece in the head and so loses the loss of the last
//! $S \bmod M$ tokens.
//!
//! # Cost
//! $O(S d (I + V))$ time, $O(Sd + \lceil S/M \rceil (I + V))$ memory beside weights and their gradients.
//!
//! # Reference
//! Cheng Luo, Jiawei Zhao, Zhuoming Chen, Beidi Chen, Anima Anandkumar, *Mini-Sequence Transformer:
//! Optimizing Intermediate Memory for Long Sequences Training*, NeurIPS 2024, arXiv
//! [2407.15892](https://arxiv.org/abs/2407.15892).

use std::ops::Range;

use super::dense::Tensor;
use crate::error::{at_least_one, same_size};
use crate::{Error, Result};

mod weights;

pub use weights::{Activations, Weights};

/// What a training step computed.
#[derive(Debug)]
pub struct Step<'l> {
    /// The mean cross-entropy over the labels that are not ignored.
    pub loss: f64,
    /// Its gradient in the weights.
    pub gradients: Weights,
    /// Its gradient in the input, S × d.
    pub input: Tensor<'l>,
}

/// A way to run the token-wise parts of a training step. The single phases panic where sizes do not agree;
/// [`Training::step`] checks them.
pub trait Training {
    /// What forward keeps for backward, beside input and output.
    type Saved<'l>;

    /// The MLP's outputs, S × d.
    fn forward<'l>(&self, weights: &Weights, x: &Tensor<'l>) -> (Tensor<'l>, Self::Saved<'l>);

    /// The summed loss of the hidden rows, which become their gradient.
    fn head(
        &self,
        weights: &Weights,
        hidden: &mut Tensor<'_>,
        labels: &[Option<usize>],
        gradients: &mut Weights,
    ) -> f64;

    /// From the gradient of the MLP's outputs to that of its inputs, in place.
    fn backward<'l>(
        &self,
        weights: &Weights,
        x: &Tensor<'l>,
        saved: Self::Saved<'l>,
        rows: &mut Tensor<'l>,
        gradients: &mut Weights,
    );

    /// The whole step on input `x` (S × d); label t belongs to row t (shift them before), `None` is ignored.
    ///
    /// # Errors
    /// Sizes that do not agree, a label that is not below V, no label that counts, a result that is not
    /// finite.
    fn step<'l>(&self, weights: &Weights, x: &Tensor<'l>, labels: &[Option<usize>]) -> Result<Step<'l>> {
        same_size("width of x", weights.width(), x.rows().cols())?;
        same_size("labels", x.rows().len(), labels.len())?;
        let counted = || labels.iter().flatten();
        if counted().any(|&label| label >= weights.vocabulary()) {
            return Err(Error::Invalid {
                name: "labels",
                requirement: "must be below the vocabulary's size",
            });
        }
        let count = counted().count();
        if count == 0 {
            return Err(Error::Invalid { name: "labels", requirement: "must not all be ignored" });
        }
        let mut gradients = weights.zeros_like();
        let (mut rows, saved) = self.forward(weights, x);
        let sum = self.head(weights, &mut rows, labels, &mut gradients);
        self.backward(weights, x, saved, &mut rows, &mut gradients);
        // Step 3: one division, by the labels of the whole sequence; all the rest is linear in it.
        let share = 1.0 / count as f64;
        gradients.scale(share);
        rows.data_mut().iter_mut().for_each(|gradient| *gradient *= share);
        let loss = sum * share;
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        if loss.is_finite() && finite(rows.data()) && gradients.all().into_iter().all(finite) {
            Ok(Step { loss, gradients, input: rows })
        } else {
            Err(Error::Diverged { name: "loss or gradient", steps: 1 })
        }
    }
}

/// The ranges of step 1: ⌈`rows`/`pieces`⌉ rows each, the last one shorter, none empty.
pub fn mini_sequences(rows: usize, pieces: usize) -> impl Iterator<Item = Range<usize>> {
    let size = rows.div_ceil(pieces.max(1)).max(1);
    (0..rows).step_by(size).map(move |start| start..rows.min(start + size))
}

/// The paper's method: M mini-sequences in the MLP and in the head, activations recomputed.
///
/// ```
/// use ratebook::serving::dense::{Ledger, Rows};
/// use ratebook::serving::mini_sequence::{MiniSequence, Training, Weights};
///
/// let mut next = 0.0_f64;
/// let weights = Weights::from_fn(2, 3, 5, || { next += 1.0; next.sin() })?;
/// let peak = |pieces: usize| -> ratebook::Result<(f64, u64)> {
///     let ledger = Ledger::new();
///     let x = ledger.copy(Rows::new("x", &[0.5; 16], 2)?);
///     let step = MiniSequence::new(pieces)?.step(&weights, &x, &[Some(1); 8])?;
///     Ok((step.loss, ledger.peak()))
/// };
/// assert!((peak(1)?.0 - peak(4)?.0).abs() < 1e-12);
/// // Input and output, 4 elements a row; 6 I = 18 for each of the 8 or 2 rows of a piece.
/// assert_eq!((peak(1)?.1, peak(4)?.1), (32 + 18 * 8, 32 + 18 * 2));
/// # Ok::<(), ratebook::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MiniSequence {
    mlp: usize,
    head: usize,
}

impl MiniSequence {
    /// M = `pieces` in both layers.
    ///
    /// # Errors
    /// `pieces` = 0.
    pub fn new(pieces: usize) -> Result<Self> {
        Self::with(pieces, pieces)
    }

    /// `mlp` mini-sequences in the MLP, `head` in the head: the wider layer wants more.
    ///
    /// # Errors
    /// Either is 0.
    pub fn with(mlp: usize, head: usize) -> Result<Self> {
        Ok(Self { mlp: at_least_one("mlp", mlp)?, head: at_least_one("head", head)? })
    }
}

impl Training for MiniSequence {
    type Saved<'l> = ();

    fn forward<'l>(&self, weights: &Weights, x: &Tensor<'l>) -> (Tensor<'l>, ()) {
        let (rows, ledger) = (x.rows(), x.ledger());
        let mut out = ledger.zeros(rows.len(), rows.cols());
        for piece in mini_sequences(rows.len(), self.mlp) {
            let activations = weights.activations(rows.slice(piece.clone()), ledger);
            weights.project(&activations, out.slice_mut(piece), ledger);
        }
        (out, ())
    }

    fn head(
        &self,
        weights: &Weights,
        hidden: &mut Tensor<'_>,
        labels: &[Option<usize>],
        gradients: &mut Weights,
    ) -> f64 {
        let ledger = hidden.ledger();
        mini_sequences(labels.len(), self.head)
            .map(|piece| {
                let labels = &labels[piece.clone()];
                weights.head_and_loss(hidden.slice_mut(piece), labels, gradients, ledger)
            })
            .sum()
    }

    fn backward<'l>(
        &self,
        weights: &Weights,
        x: &Tensor<'l>,
        (): (),
        rows: &mut Tensor<'l>,
        gradients: &mut Weights,
    ) {
        let ledger = x.ledger();
        for piece in mini_sequences(x.rows().len(), self.mlp) {
            let x = x.rows().slice(piece.clone());
            // Step 4: from the piece's input alone.
            let activations = weights.activations(x, ledger);
            weights.backward(x, activations, rows.slice_mut(piece), gradients, ledger);
        }
    }
}

/// The plain way, in `pieces` of which every one keeps its activations for backward; one piece is training
/// without the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepsActivations(pub usize);

impl Training for KeepsActivations {
    type Saved<'l> = Vec<Activations<'l>>;

    fn forward<'l>(&self, weights: &Weights, x: &Tensor<'l>) -> (Tensor<'l>, Self::Saved<'l>) {
        let (rows, ledger) = (x.rows(), x.ledger());
        let mut out = ledger.zeros(rows.len(), rows.cols());
        let saved = mini_sequences(rows.len(), self.0).map(|piece| {
            let activations = weights.activations(rows.slice(piece.clone()), ledger);
            weights.project(&activations, out.slice_mut(piece), ledger);
            activations
        });
        let saved = saved.collect();
        (out, saved)
    }

    fn head(
        &self,
        weights: &Weights,
        hidden: &mut Tensor<'_>,
        labels: &[Option<usize>],
        gradients: &mut Weights,
    ) -> f64 {
        MiniSequence { mlp: 1, head: self.0 }.head(weights, hidden, labels, gradients)
    }

    fn backward<'l>(
        &self,
        weights: &Weights,
        x: &Tensor<'l>,
        saved: Self::Saved<'l>,
        rows: &mut Tensor<'l>,
        gradients: &mut Weights,
    ) {
        for (piece, activations) in mini_sequences(x.rows().len(), self.0).zip(saved) {
            let input = x.rows().slice(piece.clone());
            weights.backward(input, activations, rows.slice_mut(piece), gradients, x.ledger());
        }
    }
}
