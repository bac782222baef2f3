//! The layers themselves, on whichever rows they are given.

use crate::Result;
use crate::error::at_least_one;
use crate::serving::dense::{Ledger, Rows, Tensor, sigmoid, silu};

/// Weights, or their gradients: a gated MLP d → I → d and a head d → V.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    width: usize,
    /// I × d, row-major.
    pub gate: Vec<f64>,
    /// I × d, row-major.
    pub up: Vec<f64>,
    /// d × I, row-major.
    pub down: Vec<f64>,
    /// V × d, row-major.
    pub head: Vec<f64>,
}

impl Weights {
    /// Weights of width d = `width`, inner width I = `inner` and V = `vocabulary`, each element drawn by
    /// `draw`.
    ///
    /// # Errors
    /// A size of zero, an element that is not finite.
    pub fn from_fn(
        width: usize,
        inner: usize,
        vocabulary: usize,
        mut draw: impl FnMut() -> f64,
    ) -> Result<Self> {
        for (name, size) in [("width", width), ("inner", inner), ("vocabulary", vocabulary)] {
            at_least_one(name, size)?;
        }
        let mut matrix = |rows: usize| -> Vec<f64> { (0..rows * width).map(|_| draw()).collect() };
        let weights = Self {
            width,
            gate: matrix(inner),
            up: matrix(inner),
            down: matrix(inner),
            head: matrix(vocabulary),
        };
        for weight in weights.all().into_iter().flatten() {
            crate::error::finite("weight", *weight)?;
        }
        Ok(weights)
    }

    /// Zeros of the same shapes, to add gradients to.
    #[must_use]
    pub fn zeros_like(&self) -> Self {
        let zeros = |matrix: &[f64]| vec![0.0; matrix.len()];
        let [gate, up, down, head] = self.all().map(zeros);
        Self { width: self.width, gate, up, down, head }
    }

    /// d.
    pub fn width(&self) -> usize {
        self.width
    }

    /// I.
    pub fn inner(&self) -> usize {
        self.gate.len() / self.width
    }

    /// V.
    pub fn vocabulary(&self) -> usize {
        self.head.len() / self.width
    }

    /// The four matrices: gate, up, down, head.
    pub fn all(&self) -> [&[f64]; 4] {
        [&self.gate, &self.up, &self.down, &self.head]
    }

    /// Multiplies everything by `factor`.
    pub fn scale(&mut self, factor: f64) {
        let matrices = [&mut self.gate, &mut self.up, &mut self.down, &mut self.head];
        matrices.into_iter().flatten().for_each(|weight| *weight *= factor);
    }
}

/// The intermediates of the MLP on some rows: 3 I elements a row.
#[derive(Debug)]
pub struct Activations<'l> {
    gate: Tensor<'l>,
    up: Tensor<'l>,
    product: Tensor<'l>,
}

impl Weights {
    /// Step 2 up to the product: W_gate x, W_up x and SiLU(W_gate x) ⊙ W_up x.
    pub fn activations<'l>(&self, x: Rows<'_>, ledger: &'l Ledger) -> Activations<'l> {
        let new = || ledger.zeros(x.len(), self.inner());
        let (mut gate, mut up, mut product) = (new(), new(), new());
        ledger.times_transposed(x, Rows::trusted(&self.gate, self.width), gate.data_mut());
        ledger.times_transposed(x, Rows::trusted(&self.up, self.width), up.data_mut());
        for ((product, &gate), &up) in product.data_mut().iter_mut().zip(gate.data()).zip(up.data()) {
            *product = silu(gate) * up;
        }
        Activations { gate, up, product }
    }

    /// The rest of step 2: W_down times the product, into `out`.
    pub fn project(&self, activations: &Activations<'_>, out: &mut [f64], ledger: &Ledger) {
        ledger.times_transposed(activations.product.rows(), Rows::trusted(&self.down, self.inner()), out);
    }

    /// Step 4 on some rows: from the gradient of the outputs to that of the inputs `x`, in place; the
    /// gradients of the weights are added to `gradients`. Three more inner rows beside the activations.
    pub fn backward(
        &self,
        x: Rows<'_>,
        activations: Activations<'_>,
        rows: &mut [f64],
        gradients: &mut Weights,
        ledger: &Ledger,
    ) {
        let (d, inner) = (self.width, self.inner());
        let Activations { gate, up, product } = activations;
        let new = || ledger.zeros(x.len(), inner);
        let (mut d_product, mut d_gate, mut d_up) = (new(), new(), new());
        let d_out = Rows::trusted(rows, d);
        ledger.add_transposed_product(d_out, product.rows(), &mut gradients.down);
        ledger.add_product(d_out, Rows::trusted(&self.down, inner), d_product.data_mut());
        for (i, &d_product) in d_product.data().iter().enumerate() {
            let (gate, up) = (gate.data()[i], up.data()[i]);
            let sigmoid = sigmoid(gate);
            d_up.data_mut()[i] = d_product * gate * sigmoid;
            // SiLU'(g) = σ(g) (1 + g (1 − σ(g))).
            d_gate.data_mut()[i] = d_product * up * sigmoid * (1.0 + gate * (1.0 - sigmoid));
        }
        ledger.add_transposed_product(d_gate.rows(), x, &mut gradients.gate);
        ledger.add_transposed_product(d_up.rows(), x, &mut gradients.up);
        rows.fill(0.0);
        ledger.add_product(d_gate.rows(), Rows::trusted(&self.gate, d), rows);
        ledger.add_product(d_up.rows(), Rows::trusted(&self.up, d), rows);
    }

    /// Step 3 on some rows: the summed cross-entropy; the rows `hidden` become their gradient. `None` is an
    /// ignored label. Logits and their gradient are 2 V elements a row.
    pub fn head_and_loss(
        &self,
        hidden: &mut [f64],
        labels: &[Option<usize>],
        gradients: &mut Weights,
        ledger: &Ledger,
    ) -> f64 {
        let (d, vocabulary) = (self.width, self.vocabulary());
        let mut logits = ledger.zeros(labels.len(), vocabulary);
        let mut d_logits = ledger.zeros(labels.len(), vocabulary);
        ledger.times_transposed(Rows::trusted(hidden, d), Rows::trusted(&self.head, d), logits.data_mut());
        let mut loss = 0.0;
        for (i, &label) in labels.iter().enumerate() {
            let Some(label) = label else { continue };
            let (logits, delta) = (logits.rows().row(i), d_logits.slice_mut(i..i + 1));
            let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            delta.iter_mut().zip(logits).for_each(|(delta, logit)| *delta = (logit - max).exp());
            let sum: f64 = delta.iter().sum();
            loss += sum.ln() + max - logits[label];
            delta.iter_mut().for_each(|delta| *delta /= sum);
            delta[label] -= 1.0;
        }
        ledger.add_transposed_product(d_logits.rows(), Rows::trusted(hidden, d), &mut gradients.head);
        hidden.fill(0.0);
        ledger.add_product(d_logits.rows(), Rows::trusted(&self.head, d), hidden);
        loss
    }
}
