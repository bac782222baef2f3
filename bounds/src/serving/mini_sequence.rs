//! What *Mini-Sequence Transformer* promises.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use ratebook::serving::dense::{Ledger, Rows, Tensor};
use ratebook::serving::mini_sequence::{KeepsActivations, MiniSequence, Training, Weights, mini_sequences};
use ratebook_judge::{Cases, Claim, Paper, Source, Tolerance};

/// α = 2d: input and output (or their gradients), kept for every token. Derived.
pub fn persistent(width: f64) -> f64 {
    2.0 * width
}

/// β = max(6 I, 2 V): the intermediates of a row of the piece at work, in backward through the MLP (gate, up,
/// product and the gradient of each) or in the head (logits and their gradient). Derived.
pub fn intermediate(inner: f64, vocabulary: f64) -> f64 {
    (6.0 * inner).max(2.0 * vocabulary)
}

/// α S + β ⌈S/M⌉: the peak of live elements, S tokens in M pieces. Derived.
pub fn peak(tokens: f64, pieces: f64, alpha: f64, beta: f64) -> f64 {
    alpha * tokens + beta * (tokens / pieces).ceil()
}

/// max_{c ≥ 1} min(c M, ⌊(b − β c)/α⌋): the largest S with α S + β ⌈S/M⌉ ≤ b, 0 if there is none.
///
/// Derived: S fits exactly if some c ≥ ⌈S/M⌉, so S ≤ c M, has α S + β c ≤ b. The smooth b/(α + β/M) ignores the
/// ceiling.
pub fn longest(budget: f64, pieces: f64, alpha: f64, beta: f64) -> f64 {
    let mut best = 0.0_f64;
    let mut rows = 1.0;
    while budget - beta * rows >= alpha {
        best = best.max((rows * pieces).min(((budget - beta * rows) / alpha).floor()));
        rows += 1.0;
    }
    best
}

/// 1 + β/α: the limit of longest(M)/longest(1) for large budgets and M. Derived.
pub fn longest_gain(alpha: f64, beta: f64) -> f64 {
    1.0 + beta / alpha
}

/// (9 + r)/9: FLOPs of the MLP's forward and backward when r of its three products are run again in backward, by
/// those of never recomputing. Derived: 3 products forward, 6 backward, all of 2 S d I FLOPs.
pub fn recomputation(products: f64) -> f64 {
    (9.0 + products) / 9.0
}

/// d, I, V in the ratios of Llama 3: 1 : 3.5 : 31.
const LLAMA: [usize; 3] = [16, 56, 496];
/// A vocabulary so small that the peak is in the MLP's backward.
const SMALL_VOCABULARY: [usize; 3] = [16, 56, 40];
/// Numbers of mini-sequences, some of which divide nothing.
const PIECES: [usize; 8] = [1, 2, 3, 4, 7, 8, 16, 32];

/// The paper and its claims.
pub fn paper() -> Paper {
    let mini = |pieces| MiniSequence::new(pieces);
    let plain = |pieces| Ok(KeepsActivations(pieces));
    let head = |head: HeadRule| move |pieces| Ok(OtherHead { pieces, head });
    Paper::new(
        "serving/mini_sequence",
        "Mini-Sequence Transformer: Optimizing Intermediate Memory for Long Sequences Training",
    )
    .arxiv("2407.15892")
    .seed_line(93)
    .claim(
        same_training(mini)
            .control("averages the pieces' mean losses", same_training(head(mean_of_means)))
            .refutes("published code: floor(S/M) rows a piece in the head", same_training(head(drops_tail))),
    )
    .claim(forward_peak(mini).control("keeps every piece's activations", forward_peak(plain)))
    .claim(
        training_peak(mini)
            .control("keeps every piece's activations", training_peak(plain))
            .control("splits the MLP only", training_peak(|pieces| MiniSequence::with(pieces, 1))),
    )
    .claim(
        longest_sequence(mini)
            .control("splits the MLP only", longest_sequence(|pieces| MiniSequence::with(pieces, 1)))
            .control("keeps every piece's activations", longest_sequence(plain)),
    )
    .claim(
        mlp_flops(mini, 2.0)
            .control("re-runs the down projection too", mlp_flops(|pieces| Ok(Checkpoint(pieces)), 2.0))
            .control("recomputes nothing", mlp_flops(plain, 2.0)),
    )
    .claim(
        mlp_flops(|pieces| Ok(Checkpoint(pieces)), 3.0)
            .control("recomputes only what backward needs", mlp_flops(mini, 3.0)),
    )
    .claim(head_flops(mini).control("recomputes the logits", head_flops(head(recomputes_logits))))
    .claim(weight_loads(mini).control("a single piece", weight_loads(|_| MiniSequence::new(1))))
}

/// Makes a method that runs on so many pieces.
pub trait Pieces<T>: Fn(usize) -> ratebook::Result<T> + Send + Sync + 'static {}

impl<T, F: Fn(usize) -> ratebook::Result<T> + Send + Sync + 'static> Pieces<T> for F {}

/// How the head and the loss are run on so many pieces.
type HeadRule = fn(usize, &Weights, &mut Tensor<'_>, &[Option<usize>], &mut Weights) -> f64;

/// Mini-sequences with another rule for the head.
#[derive(Clone, Copy)]
struct OtherHead {
    pieces: usize,
    head: HeadRule,
}

impl Training for OtherHead {
    type Saved<'l> = ();

    fn forward<'l>(&self, weights: &Weights, x: &Tensor<'l>) -> (Tensor<'l>, ()) {
        MiniSequence::new(self.pieces).expect("a piece").forward(weights, x)
    }

    fn head(&self, w: &Weights, hidden: &mut Tensor<'_>, labels: &[Option<usize>], g: &mut Weights) -> f64 {
        (self.head)(self.pieces, w, hidden, labels, g)
    }

    fn backward<'l>(&self, w: &Weights, x: &Tensor<'l>, (): (), rows: &mut Tensor<'l>, g: &mut Weights) {
        MiniSequence::new(self.pieces).expect("a piece").backward(w, x, (), rows, g);
    }
}

/// ⌊S/M⌋ rows a piece; what is left over has no loss.
fn drops_tail(
    pieces: usize,
    w: &Weights,
    hidden: &mut Tensor<'_>,
    labels: &[Option<usize>],
    g: &mut Weights,
) -> f64 {
    let size = labels.len() / pieces;
    let ledger = hidden.ledger();
    let mut loss = 0.0;
    for piece in 0..pieces {
        let rows = piece * size..(piece + 1) * size;
        loss += w.head_and_loss(hidden.slice_mut(rows.clone()), &labels[rows], g, ledger);
    }
    hidden.slice_mut(pieces * size..labels.len()).fill(0.0);
    loss
}

/// Every piece that has a label weighs the same.
fn mean_of_means(
    pieces: usize,
    w: &Weights,
    hidden: &mut Tensor<'_>,
    labels: &[Option<usize>],
    g: &mut Weights,
) -> f64 {
    let ledger = hidden.ledger();
    let count = |labels: &[Option<usize>]| labels.iter().flatten().count() as f64;
    let used = mini_sequences(labels.len(), pieces).filter(|piece| count(&labels[piece.clone()]) > 0.0);
    let share = count(labels) / used.count() as f64;
    let mut loss = 0.0;
    for piece in mini_sequences(labels.len(), pieces) {
        let labels = &labels[piece.clone()];
        let factor = share / count(labels).max(1.0);
        let mut own = w.zeros_like();
        loss += factor * w.head_and_loss(hidden.slice_mut(piece.clone()), labels, &mut own, ledger);
        hidden.slice_mut(piece).iter_mut().for_each(|gradient| *gradient *= factor);
        own.scale(factor);
        g.head.iter_mut().zip(own.head).for_each(|(sum, own)| *sum += own);
    }
    loss
}

/// Computes the logits once for the loss and once more for the gradient.
fn recomputes_logits(
    pieces: usize,
    w: &Weights,
    hidden: &mut Tensor<'_>,
    labels: &[Option<usize>],
    g: &mut Weights,
) -> f64 {
    let ledger = hidden.ledger();
    let mut loss = 0.0;
    for piece in mini_sequences(labels.len(), pieces) {
        let mut logits = ledger.zeros(piece.len(), w.vocabulary());
        let head = Rows::new("head", &w.head, w.width()).expect("weights are finite");
        ledger.times_transposed(hidden.rows().slice(piece.clone()), head, logits.data_mut());
        drop(logits);
        loss += w.head_and_loss(hidden.slice_mut(piece.clone()), &labels[piece], g, ledger);
    }
    loss
}

/// A framework's checkpoint: backward re-runs all of a piece's forward.
#[derive(Clone, Copy)]
struct Checkpoint(usize);

impl Training for Checkpoint {
    type Saved<'l> = ();

    fn forward<'l>(&self, weights: &Weights, x: &Tensor<'l>) -> (Tensor<'l>, ()) {
        MiniSequence::new(self.0).expect("a piece").forward(weights, x)
    }

    fn head(&self, w: &Weights, hidden: &mut Tensor<'_>, labels: &[Option<usize>], g: &mut Weights) -> f64 {
        MiniSequence::new(self.0).expect("a piece").head(w, hidden, labels, g)
    }

    fn backward<'l>(&self, w: &Weights, x: &Tensor<'l>, (): (), rows: &mut Tensor<'l>, g: &mut Weights) {
        let ledger = x.ledger();
        for piece in mini_sequences(x.rows().len(), self.0) {
            let x = x.rows().slice(piece.clone());
            let activations = w.activations(x, ledger);
            let mut out = ledger.zeros(x.len(), x.cols());
            w.project(&activations, out.data_mut(), ledger);
            w.backward(x, activations, rows.slice_mut(piece), g, ledger);
        }
    }
}

/// Random weights of scale 1/√d, input and labels, of which every third is ignored on average and the last is not.
struct Batch {
    weights: Weights,
    x: Vec<f64>,
    labels: Vec<Option<usize>>,
}

impl Batch {
    fn draw(
        [width, inner, vocabulary]: [usize; 3],
        tokens: usize,
        rng: &mut impl Rng,
    ) -> ratebook::Result<Self> {
        let scale = (width as f64).powf(-0.5);
        let draw = || scale * rng.sample::<f64, _>(StandardNormal);
        let weights = Weights::from_fn(width, inner, vocabulary, draw)?;
        let x = StandardNormal.sample_iter(&mut *rng).take(tokens * width).collect();
        let mut labels: Vec<_> = (0..tokens)
            .map(|_| (rng.random_range(0..3) > 0).then(|| rng.random_range(0..vocabulary)))
            .collect();
        labels[tokens - 1] = Some(0);
        Ok(Self { weights, x, labels })
    }

    fn input<'l>(&self, ledger: &'l Ledger) -> ratebook::Result<Tensor<'l>> {
        Ok(ledger.copy(Rows::new("x", &self.x, self.weights.width())?))
    }
}

/// Loss, outputs and all gradients equal those of training without mini-sequences.
pub fn same_training<T: Training>(make: impl Pieces<T>) -> Claim {
    Claim::always("same training")
        .states("Loss, outputs and every gradient equal those of the whole sequence at once, for every $M$.")
        .assuming(
            "relative 1e-10; d, I, V = 3, 4, 5, random weights; every S up to 64, every M up to S + 3; a third of the \
             labels ignored, or the whole first half",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("S up to", [8.0, 16.0, 24.0, 32.0, 40.0, 48.0, 56.0, 64.0])
        .check(move |last, streams, cases| -> ratebook::Result<()> {
            for tokens in last as usize - 7..=last as usize {
                let mut batch = Batch::draw([3, 4, 5], tokens, &mut streams.instance)?;
                for pieces in 1..=tokens + 3 {
                    compare(&batch, &make(pieces)?, pieces, cases)?;
                }
                // Whole mini-sequences without a label.
                batch.labels[..tokens / 2].fill(None);
                for pieces in 1..=tokens + 3 {
                    compare(&batch, &make(pieces)?, pieces, cases)?;
                }
            }
            Ok(())
        })
}

fn compare(batch: &Batch, method: &impl Training, pieces: usize, cases: &mut Cases) -> ratebook::Result<()> {
    let ledger = Ledger::new();
    let x = batch.input(&ledger)?;
    let plain = KeepsActivations(1).step(&batch.weights, &x, &batch.labels)?;
    let split = method.step(&batch.weights, &x, &batch.labels)?;
    let mut pairs = vec![("loss", vec![plain.loss], vec![split.loss])];
    let outputs = (KeepsActivations(1).forward(&batch.weights, &x).0, method.forward(&batch.weights, &x).0);
    pairs.push(("outputs", outputs.0.data().to_vec(), outputs.1.data().to_vec()));
    pairs.push(("input's gradient", plain.input.data().to_vec(), split.input.data().to_vec()));
    let names = ["gate's gradient", "up's gradient", "down's gradient", "head's gradient"];
    for ((name, plain), split) in names.into_iter().zip(plain.gradients.all()).zip(split.gradients.all()) {
        pairs.push((name, plain.to_vec(), split.to_vec()));
    }
    for (name, plain, split) in pairs {
        let size = plain.iter().fold(0.0_f64, |size, value| size.max(value.abs()));
        let error = plain.iter().zip(&split).fold(0.0_f64, |error, (a, b)| error.max((a - b).abs()));
        cases.at_most(error, 1e-10 * size, || format!("{name}, S = {}, M = {pieces}", batch.labels.len()));
    }
    Ok(())
}

/// Peak of the MLP's forward pass, by the formula's.
pub fn forward_peak<T: Training>(make: impl Pieces<T>) -> Claim {
    Claim::equals("forward peak", |_| 1.0, Tolerance::Relative(0.0))
        .states("The peak of live elements in the MLP's forward pass is $2dS + 3I \\lceil S/M \\rceil$: measured ÷ formula.")
        .assuming("d : I = 1 : 3.5, d = 16; M = 1, 2, 3, 4, 7, 8, 16, 32; elements counted by the allocations of the run")
        .source(Source::Derived)
        .computed()
        .sweep("S", [64.0, 128.0, 256.0, 512.0, 1024.0])
        .full_sweep([64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0])
        .measure(move |tokens, streams| -> ratebook::Result<Vec<f64>> {
            let batch = Batch::draw(LLAMA, tokens as usize, &mut streams.instance)?;
            let [width, inner, _] = LLAMA.map(|size| size as f64);
            let ratio = |pieces: usize| {
                let ledger = Ledger::new();
                make(pieces)?.forward(&batch.weights, &batch.input(&ledger)?);
                Ok(ledger.peak() as f64 / peak(tokens, pieces as f64, persistent(width), 3.0 * inner))
            };
            PIECES.into_iter().map(ratio).collect()
        })
}

fn step_peak(batch: &Batch, method: &impl Training) -> ratebook::Result<f64> {
    let ledger = Ledger::new();
    let x = batch.input(&ledger)?;
    method.step(&batch.weights, &x, &batch.labels)?;
    Ok(ledger.peak() as f64)
}

/// Peak of a whole training step, by the formula's.
pub fn training_peak<T: Training>(make: impl Pieces<T>) -> Claim {
    Claim::equals("training peak", |_| 1.0, Tolerance::Relative(0.0))
        .states(
            "The peak of live elements in a training step is $2dS + \\max(6I, 2V) \\lceil S/M \\rceil$: measured ÷ formula.",
        )
        .assuming(
            "d : I : V = 1 : 3.5 : 31 (peak in the head) and 1 : 3.5 : 2.5 (peak in the MLP's backward), d = 16; M = 1, \
             2, 3, 4, 7, 8, 16, 32; weights and their gradients not counted",
        )
        .source(Source::Derived)
        .computed()
        .sweep("S", [64.0, 128.0, 256.0, 512.0])
        .full_sweep([64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0])
        .measure(move |tokens, streams| -> ratebook::Result<Vec<f64>> {
            let mut ratios = Vec::new();
            for sizes in [LLAMA, SMALL_VOCABULARY] {
                let batch = Batch::draw(sizes, tokens as usize, &mut streams.instance)?;
                let [width, inner, vocabulary] = sizes.map(|size| size as f64);
                let (alpha, beta) = (persistent(width), intermediate(inner, vocabulary));
                for pieces in PIECES {
                    let measured = step_peak(&batch, &make(pieces)?)?;
                    ratios.push(measured / peak(tokens, pieces as f64, alpha, beta));
                }
            }
            Ok(ratios)
        })
}

/// The longest sequence whose training step fits a budget, found by running it.
pub fn longest_sequence<T: Training>(make: impl Pieces<T>) -> Claim {
    let [width, inner, vocabulary] = LLAMA.map(|size| size as f64);
    let (alpha, beta) = (persistent(width), intermediate(inner, vocabulary));
    let budget = 16.0 * (alpha + beta);
    Claim::equals(
        "longest sequence",
        move |pieces| longest(budget, pieces, alpha, beta),
        Tolerance::Relative(0.0),
    )
    .states(
        "The longest $S$ that trains within $b$ elements is \
             $\\max_c \\min(cM, \\lfloor (b - \\beta c)/\\alpha \\rfloor)$, $\\alpha = 2d$, $\\beta = \\max(6I, 2V)$.",
    )
    .assuming("d : I : V = 1 : 3.5 : 31, d = 16; b = 16 (α + β); binary search over real training steps")
    .source(Source::Derived)
    .computed()
    .sweep("M", [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0])
    .measure(move |pieces, streams| -> ratebook::Result<f64> {
        let method = make(pieces as usize)?;
        // Beyond b/α not even the inputs and outputs fit.
        let mut batch = Batch::draw(LLAMA, (budget / alpha) as usize, &mut streams.instance)?;
        let (all_x, all_labels) = (batch.x.clone(), batch.labels.clone());
        let (mut fits, mut too_long) = (0, all_labels.len() + 1);
        while too_long - fits > 1 {
            let tokens = fits.midpoint(too_long);
            batch.x = all_x[..tokens * batch.weights.width()].to_vec();
            batch.labels = all_labels[..tokens].to_vec();
            batch.labels[tokens - 1] = Some(0);
            *(if step_peak(&batch, &method)? <= budget { &mut fits } else { &mut too_long }) = tokens;
        }
        Ok(fits as f64)
    })
}

const TOKENS: usize = 128;

/// FLOPs of the MLP's forward and backward.
fn mlp_cost(batch: &Batch, method: &impl Training) -> ratebook::Result<f64> {
    let ledger = Ledger::new();
    let x = batch.input(&ledger)?;
    let (mut rows, saved) = method.forward(&batch.weights, &x);
    method.backward(&batch.weights, &x, saved, &mut rows, &mut batch.weights.zeros_like());
    Ok(ledger.flops() as f64)
}

/// Recomputing so many of the MLP's three products costs a fixed share more, whatever M.
pub fn mlp_flops<T: Training>(make: impl Pieces<T>, products: f64) -> Claim {
    let id = if products == 2.0 { "MLP FLOPs" } else { "MLP FLOPs of a checkpoint" };
    Claim::equals(id, move |_| recomputation(products), Tolerance::Relative(1e-12))
        .states(&format!(
            "Running {products} of 3 products again costs the MLP $(9 + {products})/9$ of the FLOPs of forward and backward."
        ))
        .assuming("S = 128; products counted in the kernels, element-wise work not counted")
        .source(Source::Derived)
        .computed()
        .sweep("M", [1.0, 3.0, 8.0, 32.0, 128.0])
        .measure(move |pieces, streams| -> ratebook::Result<f64> {
            let batch = Batch::draw(SMALL_VOCABULARY, TOKENS, &mut streams.instance)?;
            Ok(mlp_cost(&batch, &make(pieces as usize)?)? / mlp_cost(&batch, &KeepsActivations(1))?)
        })
}

/// The head costs what it costs unsplit: nothing is recomputed.
pub fn head_flops<T: Training>(make: impl Pieces<T>) -> Claim {
    Claim::equals("head FLOPs", |_| 1.0, Tolerance::Relative(1e-12))
        .states("Head, loss and their gradients cost exactly the FLOPs of the whole sequence at once, for every $M$.")
        .assuming("S = 128; products counted in the kernels")
        .source(Source::Derived)
        .computed()
        .sweep("M", [1.0, 3.0, 8.0, 32.0, 128.0])
        .measure(move |pieces, streams| -> ratebook::Result<f64> {
            let batch = Batch::draw(LLAMA, TOKENS, &mut streams.instance)?;
            let cost = |method: &dyn Fn(&mut Tensor<'_>) -> f64| -> ratebook::Result<f64> {
                let ledger = Ledger::new();
                method(&mut batch.input(&ledger)?);
                Ok(ledger.flops() as f64)
            };
            let (method, labels) = (make(pieces as usize)?, &batch.labels);
            let gradients = || batch.weights.zeros_like();
            let split = cost(&|x| method.head(&batch.weights, x, labels, &mut gradients()))?;
            let whole = cost(&|x| KeepsActivations(1).head(&batch.weights, x, labels, &mut gradients()))?;
            Ok(split / whole)
        })
}

/// The price: each piece reads all weights again.
pub fn weight_loads<T: Training>(make: impl Pieces<T>) -> Claim {
    Claim::equals("weight loads", |pieces| pieces, Tolerance::Relative(1e-12))
        .states("The MLP's forward pass reads $M |W|$ elements of its weights: measured ÷ $|W|$.")
        .assuming("S = 128, M divides S; each product reads its weights once")
        .source(Source::Derived)
        .computed()
        .sweep("M", [1.0, 2.0, 8.0, 32.0, 128.0])
        .measure(move |pieces, streams| -> ratebook::Result<f64> {
            let batch = Batch::draw(SMALL_VOCABULARY, TOKENS, &mut streams.instance)?;
            let ledger = Ledger::new();
            make(pieces as usize)?.forward(&batch.weights, &batch.input(&ledger)?);
            let [gate, up, down, _] = batch.weights.all().map(<[f64]>::len);
            Ok(ledger.loads() as f64 / (gate + up + down) as f64)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_eq!(persistent(16.0), 32.0);
        assert_eq!(intermediate(56.0, 496.0), 992.0);
        assert_eq!(intermediate(56.0, 40.0), 336.0);
        assert_eq!(peak(10.0, 4.0, 2.0, 5.0), 35.0);
        // ⌊(b − βc)/α⌋ = 512 − 31c. M = 1: c = 16, 16. M = 2: c = 15, min(30, 47). M = 64: c = 6, min(384, 326).
        assert_eq!(longest(16_384.0, 1.0, 32.0, 992.0), 16.0);
        assert_eq!(longest(16_384.0, 2.0, 32.0, 992.0), 30.0);
        assert_eq!(longest(16_384.0, 64.0, 32.0, 992.0), 326.0);
        assert_eq!(longest(10.0, 4.0, 2.0, 9.0), 0.0);
        assert_eq!(longest_gain(32.0, 992.0), 32.0);
        assert_relative_eq!(recomputation(2.0), 11.0 / 9.0, max_relative = 1e-12);
        assert_relative_eq!(recomputation(3.0), 1.333_333_333_333_333_3, max_relative = 1e-12);
    }

    quickcheck! {
        fn the_longest_fits_and_one_more_does_not(budget: u16, pieces: u8, alpha: u8, beta: u8) -> bool {
            let [alpha, beta, pieces] = [alpha, beta, pieces].map(|x| f64::from(x) + 1.0);
            let budget = f64::from(budget);
            let longest = longest(budget, pieces, alpha, beta);
            (longest == 0.0 || peak(longest, pieces, alpha, beta) <= budget)
                && peak(longest + 1.0, pieces, alpha, beta) > budget
        }

        fn more_pieces_never_shorten(budget: u16, pieces: u8) -> bool {
            let (budget, pieces) = (f64::from(budget), f64::from(pieces) + 1.0);
            longest(budget, pieces, 3.0, 17.0) <= longest(budget, pieces + 1.0, 3.0, 17.0)
                && longest(budget, pieces, 3.0, 17.0)
                    <= longest_gain(3.0, 17.0) * (longest(budget, 1.0, 3.0, 17.0) + 1.0)
        }
    }
}
