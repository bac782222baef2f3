//! What *Make Some Noise: Unlocking Language Model Parallel Inference Capability through Noisy Training* promises.

use rand::{Rng, RngExt};
use ratebook::Result;
use ratebook::decoding::LanguageModel;
use ratebook::decoding::instances::MarkovSource;
use ratebook::decoding::noisy_jacobi::training::{SoftmaxLinear, Training};
use ratebook::decoding::noisy_jacobi::{
    Jacobi, ParallelDecoder, Template, Tree, TreeJacobi, argmax, decode, retrieve,
};
use ratebook_judge::{Claim, Paper, Source, Streams};

/// The calls that decoding `tokens` tokens takes at most: one each.
pub fn calls_at_most(tokens: usize) -> usize {
    tokens
}

/// The paper and its claims.
pub fn paper() -> Paper {
    Paper::new(
        "decoding/noisy_jacobi",
        "Make Some Noise: Unlocking Language Model Parallel Inference Capability through Noisy Training",
    )
    .arxiv("2406.17404")
    .seed_line(235)
    .claim(
        lossless("lossless", jacobi)
            .control(
                "accepts every output unverified",
                lossless("lossless", |guess| Broken(guess.len(), Fault::All)),
            )
            .control(
                "compares a guess with its own output",
                lossless("lossless", |guess| Broken(guess.len(), Fault::OffByOne)),
            ),
    )
    .claim(
        lossless("lossless tree", |_| tree())
            .control("pads short paths with the root", lossless("lossless tree", |_| RootPadded(tree()))),
    )
    .claim(
        final_after_sweeps(|jacobi, model, tokens, _| jacobi.sweep(model, tokens))
            .control("refreshes a guess with probability ½", final_after_sweeps(half_refreshed))
            .control("outputs one position late", final_after_sweeps(late)),
    )
    .claim(parallelism(0.5).control("clean training", parallelism(0.0)))
    .claim(still_right(false).control("targets drawn at random", still_right(true)))
    .claim(tree_accepts_more(|tree, node, row| tree.ancestors(node, row)).control(
        "a mask of all earlier nodes",
        tree_accepts_more(|_, node, row| {
            row.clear();
            row.extend(1..=node);
        }),
    ))
}

/// A source whose greedy token after each state is given, with other tokens possible.
fn source(size: usize, order: usize, greedy: &[usize]) -> Result<MarkovSource> {
    let row = |&best: &usize| {
        let mut law = vec![0.4 / size as f64; size];
        law[best] += 0.6;
        law
    };
    MarkovSource::new(size, order, &greedy.iter().map(row).collect::<Vec<_>>())
}

/// All sequences of tokens.
fn sequences(size: usize, length: usize) -> impl Iterator<Item = Vec<usize>> {
    (0..size.pow(length as u32))
        .map(move |code| (0..length).map(|at| code / size.pow(at as u32) % size).collect())
}

/// Every greedy table of order 1 over so many tokens, over two those of order 2 as well.
fn models(size: usize) -> Result<Vec<MarkovSource>> {
    let first = sequences(size, size).map(|table| source(size, 1, &table));
    let second = sequences(2, 4).filter(|_| size == 2).map(|table| source(2, 2, &table));
    first.chain(second).collect()
}

/// Plain greedy decoding.
fn greedy(model: &dyn LanguageModel, prompt: &[usize], count: usize) -> Vec<usize> {
    let (mut tokens, mut law) = (prompt.to_vec(), vec![0.0; model.vocabulary()]);
    for _ in 0..count {
        model.next(&tokens, &mut law);
        tokens.push(argmax(&law));
    }
    tokens
}

fn jacobi(guess: &[usize]) -> Jacobi {
    let mut jacobi = Jacobi::new(guess.len());
    jacobi.guesses().extend(guess);
    jacobi
}

fn tree() -> TreeJacobi {
    TreeJacobi::new(Template::sparse(), true)
}

/// The output is the greedy one, with at most one call a token.
///
/// Derived: an accepted guess equals the greedy token at its place, so the output behind it is the greedy one too.
pub fn lossless<D: ParallelDecoder>(
    id: &str,
    method: impl Fn(&[usize]) -> D + Send + Sync + 'static,
) -> Claim {
    const COUNT: usize = 8;
    Claim::always(id)
        .states("The output is that of greedy decoding, with at most one call a token.")
        .assuming(
            "every greedy table of order 1 over V tokens, of order 2 over two; every prompt of two tokens and every first \
             guess of three; 8 tokens",
        )
        .source(Source::Abstract)
        .exhaustive()
        .sweep("V", [2.0, 3.0])
        .full_sweep([2.0, 3.0, 4.0])
        .check(move |size, streams, cases| -> Result<()> {
            let size = size as usize;
            for model in models(size)? {
                for prompt in sequences(size, 2) {
                    let wanted = greedy(&model, &prompt, COUNT);
                    for guess in sequences(size, 3) {
                        let mut tokens = prompt.clone();
                        let calls =
                            decode(&mut method(&guess), &model, &mut tokens, COUNT, &mut streams.algorithm);
                        cases.holds(tokens == wanted && calls <= calls_at_most(COUNT), || {
                            format!("{prompt:?}, guess {guess:?}: {tokens:?}, not {wanted:?}")
                        });
                    }
                }
            }
            Ok(())
        })
}

/// How a broken decoder verifies.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    All,
    OffByOne,
}

/// A broken Jacobi decoder with so many guesses.
struct Broken(usize, Fault);

impl ParallelDecoder for Broken {
    fn step(&mut self, model: &dyn LanguageModel, tokens: &mut Vec<usize>, rng: &mut dyn Rng) {
        let start = tokens.len();
        let mut law = vec![0.0; model.vocabulary()];
        let guesses: Vec<usize> = (0..self.0).map(|_| rng.random_range(0..law.len())).collect();
        let mut outputs = Vec::new();
        for guess in guesses.iter().map(Some).chain([None]) {
            model.next(tokens, &mut law);
            outputs.push(argmax(&law));
            tokens.extend(guess);
        }
        tokens.truncate(start);
        let accepted = match self.1 {
            Fault::All => self.0,
            Fault::OffByOne => guesses.iter().zip(&outputs[1..]).take_while(|(a, b)| a == b).count(),
        };
        tokens.extend(&outputs[..=accepted]);
    }
}

/// A broken tree decoder, as the official code: a path is padded with the root, whose token may match the output of
/// the leaf; the next token is then the root's output.
struct RootPadded(TreeJacobi);

impl ParallelDecoder for RootPadded {
    fn step(&mut self, model: &dyn LanguageModel, tokens: &mut Vec<usize>, rng: &mut dyn Rng) {
        let tree = self.0.tree(tokens, rng);
        let verified = tree.verify(model, tokens);
        let last = verified.accepted.last().copied().unwrap_or(0);
        let root = tokens.last().copied().unwrap_or(0);
        let mut row = Vec::new();
        let leaf = (1..tree.size()).all(|node| {
            tree.ancestors(node, &mut row);
            row.last() == Some(&last) || !row.contains(&last)
        });
        let output = argmax(&verified.laws[last]);
        tokens.extend(verified.accepted.iter().map(|&node| tree.token(node)));
        tokens.push(output);
        if leaf && last > 0 && verified.accepted.len() < 5 && output == root {
            tokens.push(argmax(&verified.laws[0]));
        }
    }
}

/// After k sweeps over a fixed window the first k tokens are the greedy ones.
pub fn final_after_sweeps(
    sweep: impl Fn(&mut Jacobi, &dyn LanguageModel, &mut Vec<usize>, &mut dyn Rng) + Send + Sync + 'static,
) -> Claim {
    const WINDOW: usize = 4;
    Claim::always("final after sweeps")
        .states("After $k$ full sweeps over a fixed window its first $k$ tokens are final.")
        .assuming("every greedy table of order 1 over V tokens, of order 2 over two; every first guess of four tokens")
        .source(Source::Classical)
        .exhaustive()
        .sweep("V", [2.0, 3.0])
        .full_sweep([2.0, 3.0, 4.0])
        .check(move |size, streams, cases| -> Result<()> {
            let size = size as usize;
            for model in models(size)? {
                let wanted = greedy(&model, &[0], WINDOW);
                for guess in sequences(size, WINDOW) {
                    let (mut jacobi, mut tokens) = (jacobi(&guess), vec![0]);
                    for k in 1..=WINDOW {
                        sweep(&mut jacobi, &model, &mut tokens, &mut streams.algorithm);
                        let done = jacobi.guesses()[..k] == wanted[1..=k];
                        cases.holds(done, || format!("guess {guess:?} after {k} sweeps"));
                    }
                }
            }
            Ok(())
        })
}

/// A broken sweep that leaves each guess as it is with probability ½.
fn half_refreshed(
    jacobi: &mut Jacobi,
    model: &dyn LanguageModel,
    tokens: &mut Vec<usize>,
    rng: &mut dyn Rng,
) {
    let old = jacobi.guesses().clone();
    jacobi.sweep(model, tokens);
    for (guess, old) in jacobi.guesses().iter_mut().zip(old) {
        if rng.random_bool(0.5) {
            *guess = old;
        }
    }
}

/// A broken sweep that stores each output one position late.
fn late(jacobi: &mut Jacobi, model: &dyn LanguageModel, tokens: &mut Vec<usize>, _: &mut dyn Rng) {
    jacobi.sweep(model, tokens);
    jacobi.guesses().rotate_right(1);
}

/// A text of the noisy counter: the token before plus one modulo 8 with probability 0.97, else a uniform one.
fn counter(length: usize, rng: &mut dyn Rng) -> Vec<usize> {
    let mut text = vec![0];
    while text.len() < length {
        let next =
            if rng.random_bool(0.97) { (text[text.len() - 1] + 1) % 8 } else { rng.random_range(0..8) };
        text.push(next);
    }
    text
}

fn trained(noise: f64, shuffled: bool, streams: &mut Streams) -> Result<SoftmaxLinear> {
    let mut text = counter(4000, &mut streams.instance);
    if shuffled {
        text.iter_mut().for_each(|token| *token = streams.noise.random_range(0..8));
    }
    let how = Training { window: 8, steps: 6000, eta: 0.2, noise, longest: 5 };
    SoftmaxLinear::train(&text, 8, &how, &mut streams.noise)
}

/// Jacobi decoding of a model trained with noise emits several tokens a call.
pub fn parallelism(noise: f64) -> Claim {
    Claim::at_least("parallelism", |_| 2.5)
        .states("A model trained behind noise emits at least 2.5 tokens a call of Jacobi decoding with five guesses.")
        .assuming(
            "a counter modulo 8 that jumps with probability 0.03; softmax-linear model on 8 tokens, 6000 steps, noise \
             in half of the examples; 200 tokens behind a fresh text of 16; the mean of the replicates",
        )
        .source(Source::Empirical)
        .sweep("m", [5.0])
        .replicates(60, 400)
        .detects(0.2)
        .measure(move |window, streams| -> Result<f64> {
            let model = trained(noise, false, streams)?;
            let mut tokens = counter(16, &mut streams.instance);
            let calls =
                decode(&mut Jacobi::new(window as usize), &model, &mut tokens, 200, &mut streams.algorithm);
            Ok(200.0 / calls as f64)
        })
}

/// Noise does not cost the model its accuracy on clean contexts.
pub fn still_right(shuffled: bool) -> Claim {
    Claim::at_least("still right", |_| 0.8)
        .states("On clean contexts the model trained behind noise still predicts the successor four times out of five.")
        .assuming("as for parallelism; 1000 contexts of a fresh text; the share of greedy tokens that count on")
        .source(Source::Empirical)
        .sweep("m", [5.0])
        .replicates(60, 400)
        .detects(0.1)
        .measure(move |_, streams| -> Result<f64> {
            let model = trained(0.5, shuffled, streams)?;
            let text = counter(1008, &mut streams.algorithm);
            let mut law = [0.0; 8];
            let right = text.windows(8).take(1000).filter(|context| {
                model.next(context, &mut law);
                argmax(&law) == (context[7] + 1) % 8
            });
            Ok(right.count() as f64 / 1000.0)
        })
}

/// In one step the tree accepts no less than its first path alone, and no less with the retrieved path.
///
/// Derived: under the tree mask every path is verified as if it were alone.
pub fn tree_accepts_more(mask: impl Fn(&Tree, usize, &mut Vec<usize>) + Send + Sync + 'static) -> Claim {
    Claim::always("tree accepts more")
        .states("A tree accepts at least what one of its paths accepts; a retrieved path never lowers it.")
        .assuming("all 16 greedy tables of order 2 over two tokens, every text of six and every path of five tokens; four random nodes beside the path")
        .source(Source::Derived)
        .exhaustive()
        .sweep("V", [2.0])
        .check(move |size, streams, cases| -> Result<()> {
            let size = size as usize;
            for table in sequences(2, 4) {
                let model = source(2, 2, &table)?;
                for (text, path) in sequences(size, 6).flat_map(|t| sequences(size, 5).map(move |p| (t.clone(), p))) {
                    let mut line = Tree::default();
                    line.push_path(&path);
                    let alone = line.verify(&model, &text).accepted.len();
                    // The path among random branches, which come before and after it.
                    let mut tree = Tree::default();
                    for _ in 0..4 {
                        let parent = streams.algorithm.random_range(0..tree.size());
                        tree.push(parent, streams.algorithm.random_range(0..size));
                    }
                    tree.push_path(&path);
                    let among = tree.verify_with(&model, &text, &mask).accepted.len();
                    tree.push_path(retrieve(&text, 3, 5));
                    let retrieved = tree.verify_with(&model, &text, &mask).accepted.len();
                    cases.holds(among >= alone && retrieved >= among, || {
                        format!("{table:?} after {text:?}: path {path:?} {alone}, tree {among}, {retrieved}")
                    });
                }
            }
            Ok(())
        })
}
