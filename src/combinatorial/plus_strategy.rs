//! Plus strategies are exponentially slower for planted optima of random height.
//!
//! Simplified: heights are constant or exponential (the theorems allow a broad class of laws), and
//! the random choice among equally good offspring is "the first", which has the same law.
//!
//! # Problem
//! *DisOM*, OneMax with planted local optima. For $x \in \{0, 1\}^n$,
//! $$ f(x) = |x|_1 + D(x), \qquad D(x) = \begin{cases} H_x & \text{with probability } p,\\
//!    0 & \text{otherwise,} \end{cases} $$
//! independent for every $x$, with heights $H_x \ge 0$ from a law $\mathcal D$, drawn once: evaluating
//! $x$ again gives the same value. The runtime is the number of evaluations until a point with at
//! least $n - k^*$ ones is sampled.
//!
//! # Idea
//! A distorted point is a local optimum. Should a search keep the best point it knows? If all heights
//! are equal it hardly matters: a *plus* strategy loses at most a factor $O(n \ln n)$, the time to
//! find another distorted point one level up. If heights fluctuate, each trap that it leaves, it
//! leaves for a *higher* one, and it collects heights that become super-polynomially hard to beat. A
//! *comma* strategy forgets its parent, walks out of every trap, and does not care how high it was.
//!
//! # Algorithm
//! The $(1+\lambda)$-EA and the $(1,\lambda)$-EA ([`Evolution`] with [`Plus`] and [`Comma`]):
//! 1. $x$ uniform on $\{0, 1\}^n$.
//! 2. In each generation make $\lambda$ offspring of $x$: flip each bit independently with
//!    probability $1/n$.
//! 3. $b$ is the best offspring (the first of equals). Plus: $x \leftarrow b$ if $f(b) \ge f(x)$. Comma:
//!    $x \leftarrow b$.
//!
//! The number of offspring is $\lambda = \lceil C \ln n \rceil$ ([`offspring`]). A comma strategy makes
//! steady progress near the target only if some offspring is unchanged, and leaves a distorted
//! parent only if none is; so $C$ has a window, whose lower end falls when the target is away from
//! the optimum: $\lambda \ge \log_{e/(e-1)}(n/k^*) \approx 2.18 \ln(n/k^*)$.
//!
//! # Theorem
//! For heights with, say, an exponential tail and $p$ not too small, the $(1+\lambda)$-EA needs
//! super-polynomial time to a target $n - k^*$, with high probability; the $(1,\lambda)$-EA with
//! $\lambda = C \ln n$ in the window needs $O(n \ln n)$ evaluations to a *fixed target* $k^* = n^{\Omega(1)}$.
//! Not to the optimum itself: leaving a distorted point takes $n^{0.459 C}$ generations, so
//! $O(n \ln n)$ wants $C < 2.18$, where the last step to all ones wants $C > 2.18$.
//!
//! # Complexity
//! $O(\lambda (1 + n / 64))$ per generation.
//!
//! # Reference
//! Johannes Lengler, Leon Schiller and Oliver Sieberling, *Plus Strategies are Exponentially Slower
//! for Planted Optima of Random Height*, GECCO 2024, [arXiv:2404.09687](https://arxiv.org/abs/2404.09687).
//! Landscape and strategies as there; the theorem is given in the words of the abstract, its exact
//! conditions are from memory.

use rand::{Rng, RngExt};

use super::instances::FrozenNoise;
use super::{BitSet, Run, Search, SetFn};
use crate::error::{Error, Result, at_least_one, non_negative, probability};

/// The law of the height of a distorted point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Height {
    /// Every distorted point has the same height.
    Constant(f64),
    /// Exponential with this mean.
    Exponential {
        /// The mean height.
        mean: f64,
    },
}

impl Height {
    /// The quantile function, for `u` in [0, 1).
    fn quantile(self, u: f64) -> f64 {
        match self {
            Self::Constant(height) => height,
            Self::Exponential { mean } => -mean * (-u).ln_1p(),
        }
    }
}

/// The landscape DisOM: OneMax with frozen distortions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DisOm {
    ground: usize,
    probability: f64,
    height: Height,
    noise: FrozenNoise,
}

impl DisOm {
    /// OneMax on `ground` bits, each point distorted with `probability`; `seed` chooses the landscape.
    ///
    /// # Errors
    /// `ground` zero, `probability` not in [0, 1], or a height that is negative or not finite.
    pub fn new(ground: usize, probability: f64, height: Height, seed: u64) -> Result<Self> {
        at_least_one("ground", ground)?;
        self::probability("probability", probability)?;
        let (Height::Constant(size) | Height::Exponential { mean: size }) = height;
        non_negative("height", size)?;
        Ok(Self { ground, probability, height, noise: FrozenNoise::new(seed) })
    }

    /// D(x), the distortion of a point: zero for most.
    pub fn distortion(&self, point: &BitSet) -> f64 {
        let [whether, height] = self.noise.uniforms(point);
        if whether < self.probability { self.height.quantile(height) } else { 0.0 }
    }
}

impl SetFn for DisOm {
    fn ground(&self) -> usize {
        self.ground
    }

    fn value(&self, point: &BitSet) -> f64 {
        point.len() as f64 + self.distortion(point)
    }
}

/// Who survives a generation.
pub trait Selection {
    /// Whether the best offspring, of value `offspring`, replaces the parent, of value `parent`.
    fn replaces(&self, offspring: f64, parent: f64) -> bool;
}

/// (1+λ): the better of parent and best offspring, the offspring among equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plus;

/// (1,λ): always the best offspring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comma;

impl Selection for Plus {
    fn replaces(&self, offspring: f64, parent: f64) -> bool {
        offspring >= parent
    }
}

impl Selection for Comma {
    fn replaces(&self, _offspring: f64, _parent: f64) -> bool {
        true
    }
}

/// λ = ⌈c·ln n⌉, at least 1: the number of offspring that the paper's comma strategy needs.
pub fn offspring(c: f64, ground: usize) -> usize {
    (c * (ground as f64).ln()).ceil().max(1.0) as usize
}

/// The (1+λ)-EA, the (1,λ)-EA, or one with another selection.
#[derive(Debug, Clone, Copy)]
pub struct Evolution<S> {
    lambda: usize,
    rate: f64,
    selection: S,
}

impl<S: Selection> Evolution<S> {
    /// A strategy with `lambda` offspring per generation that flips `rate` bits per offspring on
    /// average: the paper's mutation rate 1/n is `rate` = 1.
    ///
    /// # Errors
    /// `lambda` zero, or `rate` not positive and finite.
    pub fn new(lambda: usize, rate: f64, selection: S) -> Result<Self> {
        at_least_one("lambda", lambda)?;
        if !(rate > 0.0 && rate.is_finite()) {
            return Err(Error::OutOfRange { name: "rate", value: rate, requirement: "positive and finite" });
        }
        Ok(Self { lambda, rate, selection })
    }
}

/// The positions that an offspring flips, each with the probability r for which `ln_keep` is ln(1−r),
/// by skipping geometrically from one to the next: O(1 + flips), not O(n).
fn mutate(ground: usize, ln_keep: f64, rng: &mut dyn Rng, flips: &mut Vec<usize>) {
    flips.clear();
    // Inversion, with a draw in (0, 1]; ten times faster than the exact integer sampler of rand_distr.
    let mut skip = || ((1.0 - rng.random::<f64>()).ln() / ln_keep) as usize;
    let mut next = skip();
    while next < ground {
        flips.push(next);
        next = next.saturating_add(1).saturating_add(skip());
    }
}

fn apply(point: &mut BitSet, flips: &[usize]) {
    for &element in flips {
        point.flip(element);
    }
}

impl<S: Selection> Search for Evolution<S> {
    fn run(&self, f: &dyn SetFn, target: &dyn Fn(&BitSet) -> bool, cap: u64, rng: &mut dyn Rng) -> Run {
        let ground = f.ground();
        let mut run = Run { evaluations: 0, generations: 0, reached: false };
        if cap == 0 {
            return run;
        }
        let ln_keep = (-(self.rate / ground as f64).min(1.0)).ln_1p();
        // Step 1.
        let mut x = BitSet::random(ground, rng);
        let mut value = f.value(&x);
        run.evaluations = 1;
        run.reached = target(&x);
        let (mut flips, mut best_flips) = (Vec::new(), Vec::new());
        while !run.reached && run.evaluations < cap {
            run.generations += 1;
            let mut best = f64::NEG_INFINITY;
            // Step 2. An offspring is its flips: applied, evaluated, undone.
            for _ in 0..self.lambda {
                if run.evaluations == cap {
                    return run;
                }
                mutate(ground, ln_keep, rng, &mut flips);
                apply(&mut x, &flips);
                let offspring = f.value(&x);
                run.evaluations += 1;
                if target(&x) {
                    run.reached = true;
                    return run;
                }
                apply(&mut x, &flips);
                if offspring > best {
                    best = offspring;
                    std::mem::swap(&mut flips, &mut best_flips);
                }
            }
            // Step 3.
            if self.selection.replaces(best, value) {
                apply(&mut x, &best_flips);
                value = best;
            }
        }
        run
    }
}
