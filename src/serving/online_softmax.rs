//! Softmax in two passes over the logits instead of three, and softmax with top-k in one.
//!
//! Simplified: one vector on one thread; the paper's GPU kernels appear as lanes of one core, to
//! which its parallel form applies unchanged.
//!
//! # Problem
//! $y_i = e^{x_i - m} / d$ with $m = \max_j x_j$ and $d = \sum_j e^{x_j - m}$. Subtracting $m$ keeps
//! the exponentials from overflowing, but $d$ seems to need $m$ first: one pass for $m$, one for $d$,
//! one for $y$, in all four memory accesses per element where the unsafe formula needs three. For
//! large vectors the accesses are the cost.
//!
//! # Idea
//! Keep $d$ relative to the maximum *so far* and rescale it when a larger entry arrives.
//!
//! # Algorithm
//! 1. One pass (Algorithm 3): $m_0 = -\infty$, $d_0 = 0$,
//!    $m_j = \max(m_{j-1}, x_j)$, $d_j = d_{j-1} e^{m_{j-1} - m_j} + e^{x_j - m_j}$.
//!    A second pass writes $e^{x_i - m_V} / d_V$.
//! 2. Parallel form: with $(m_a, d_a) \oplus (m_b, d_b) = (m, d_a e^{m_a - m} + d_b e^{m_b - m})$,
//!    $m = \max(m_a, m_b)$, the pass is $(x_1, 1) \oplus \dots \oplus (x_V, 1)$. The operation is
//!    associative and commutative with identity $(-\infty, 0)$, so any tree of chunks gives the same
//!    result: here [`Online`] deals the entries out to `LANES` independent recurrences, which the
//!    compiler turns into vector code, and merges them at the end. `Online::<1>` is step 1 to the
//!    letter.
//! 3. Fused with top-k (Algorithm 4): the same pass keeps the $K$ largest entries seen, sorted, by
//!    insertion; only their $K$ probabilities $e^{u_i - m_V} / d_V$ are ever written.
//!
//! One of the two exponentials of $\oplus$ is always $e^0$, so merging costs a single
//! $e^{-|m_a - m_b|}$ and no branch, and the recurrence costs a single $e^{x_j - m_j}$ wherever the
//! maximum stays, which is nearly everywhere.
//!
//! # What is promised
//! Memory accesses per element fall from 4 to 3, and from 5 to 1 for softmax with top-k; the
//! normaliser is safe, $1 \le d_j \le j$, whatever the entries. In floating point with unit of
//! roundoff $u$, a chain of $n$ steps over entries of range $R$ gives
//! $|\hat y_i / y_i - 1| \le (4 n + 4 R + 16) u$ to first order (a step costs at most $4u$: product,
//! sum and exponential; the rounded arguments of the exponentials add up to $R u$ in $d$ and $R u$ in
//! the numerator).
//!
//! # Reference
//! Milakov, Gimelshein: *Online normalizer calculation for softmax*, arXiv 1805.02867 (2018).
//!
//! # Complexity
//! O(V) time for softmax, O(V + V K) at worst with top-k (O(V + K² log(V/K)) expected in random
//! order), O(LANES + K) registers.

use super::{Load, Ranked, RunningNormalizer, Softmax, Store, TopK};
use crate::{Error, Result, math::exp::Real};

/// (m_a, d_a) ⊕ (m_b, d_b), step 2. The identity is (`T::LOWEST`, 0) rather than (−∞, 0), so that
/// (−∞) − (−∞) is never formed; an entry −∞ weighs e^{−∞} = 0 against it.
#[inline(always)]
fn merge<T: Real>((max_a, sum_a): (T, T), (max_b, sum_b): (T, T)) -> (T, T) {
    let b_is_larger = max_b > max_a;
    let (max, larger, smaller) = if b_is_larger { (max_b, sum_b, sum_a) } else { (max_a, sum_a, sum_b) };
    (max, larger + smaller * (max_a - max_b).minus_abs().exp_nonpositive())
}

/// The maximum m of some logits and their normaliser d = Σ e^{x_j − m}: the element of the monoid of
/// step 2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normalizer<T> {
    /// m; `T::LOWEST` where there is no mass.
    max: T,
    /// d, between 1 and the number of entries; 0 where there is no mass.
    sum: T,
}

impl<T: Real> Normalizer<T> {
    /// (−∞, 0): of no logits, or of logits that are all −∞.
    pub const IDENTITY: Self = Self { max: T::LOWEST, sum: T::ZERO };

    /// e^{x − m} / d for each logit of an array.
    #[inline(always)]
    fn probabilities<const N: usize>(&self, mut logits: [T; N]) -> [T; N] {
        let reciprocal = T::ONE / self.sum;
        for logit in &mut logits {
            *logit = (*logit - self.max).exp_nonpositive() * reciprocal;
        }
        logits
    }
}

impl<T: Real> RunningNormalizer<T> for Normalizer<T> {
    fn of(logit: T) -> Result<Self> {
        match logit {
            massless if massless == T::NEG_INFINITY => Ok(Self::IDENTITY),
            massive if massive < T::INFINITY => Ok(Self { max: massive, sum: T::ONE }),
            _ => Err(refused(logit)),
        }
    }

    #[inline(always)]
    fn merge(self, other: Self) -> Self {
        let (max, sum) = merge((self.max, self.sum), (other.max, other.sum));
        Self { max, sum }
    }

    fn max(&self) -> T {
        if self.sum > T::ZERO { self.max } else { T::NEG_INFINITY }
    }

    /// In [1, n] for n logits of which one is finite.
    fn sum(&self) -> T {
        self.sum
    }
}

pub(super) fn refused<T: Real>(logit: T) -> Error {
    Error::OutOfRange { name: "x", value: logit.into(), requirement: "finite or -inf in every entry" }
}

/// Why logits have no softmax.
pub(super) fn complaint<T: Real, X: Load<T> + ?Sized>(x: &X) -> Error {
    (0..x.len())
        .map(|i| x.load::<1>(i, T::ZERO)[0])
        .find_map(|logit| if logit < T::INFINITY { None } else { Some(refused(logit)) })
        .unwrap_or(Error::Invalid { name: "x", requirement: "must have a finite entry" })
}

/// The paper's algorithm on `LANES` parallel recurrences; `Online::<1>` is the sequential one.
///
/// ```
/// use ratebook::serving::{Ranked, Softmax, TopK, online_softmax::Online};
///
/// let logits = [1000.0, 1000.0 + 3.0_f64.ln(), f64::NEG_INFINITY];
/// let mut y = [0.0; 3];
/// Online::<8>.softmax(&logits[..], &mut y[..])?;
/// assert!((y[0] - 0.25).abs() < 1e-12 && y[2] == 0.0);
///
/// let mut best = [Ranked { index: 0, value: 0.0 }];
/// Online::<8>.top_k(&logits[..], &mut best[..])?;
/// assert!(best[0].index == 1 && (best[0].value - 0.75).abs() < 1e-12);
/// # Ok::<(), ratebook::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Online<const LANES: usize>;

impl<const LANES: usize> Online<LANES> {
    /// The pass of steps 1 and 2; `observe` also sees every chunk and its first index, for step 3.
    ///
    /// # Errors
    /// If `x` is empty, has a NaN or +∞ entry or no finite one.
    #[inline(always)]
    fn pass<T: Real, X: Load<T> + ?Sized>(
        x: &X,
        mut observe: impl FnMut(usize, &[T; LANES]),
    ) -> Result<Normalizer<T>> {
        const { assert!(LANES > 0) };
        if x.is_empty() {
            return Err(Error::Empty { name: "x" });
        }
        let mut max = [T::LOWEST; LANES];
        let mut sum = [T::ZERO; LANES];
        for start in (0..x.len()).step_by(LANES) {
            let chunk = x.load::<LANES>(start, T::NEG_INFINITY);
            observe(start, &chunk);
            // m_j = max(m_{j−1}, x_j) and d_{j−1} e^{m_{j−1} − m_j}; the factor is 1 in every lane of
            // nearly every chunk, and one test skips it there.
            if chunk.iter().zip(&max).fold(false, |any, (logit, max)| any | (logit > max)) {
                for lane in 0..LANES {
                    let larger = if chunk[lane] > max[lane] { chunk[lane] } else { max[lane] };
                    sum[lane] = sum[lane] * (max[lane] - larger).exp_nonpositive();
                    max[lane] = larger;
                }
            }
            // … + e^{x_j − m_j}.
            for lane in 0..LANES {
                sum[lane] = sum[lane] + (chunk[lane] - max[lane]).exp_nonpositive();
            }
        }
        let lanes = max.into_iter().zip(sum).map(|(max, sum)| Normalizer { max, sum });
        let total = lanes.fold(Normalizer::IDENTITY, Normalizer::merge);
        // A NaN entry, or two that are +∞, leave NaN in the sum; one +∞ is the maximum.
        if total.sum > T::ZERO && total.max < T::INFINITY { Ok(total) } else { Err(complaint(x)) }
    }

    /// The maximum and the normaliser of the logits.
    ///
    /// # Errors
    /// If `x` is empty, has a NaN or +∞ entry or no finite one.
    pub fn normalizer<T: Real, X: Load<T> + ?Sized>(&self, x: &X) -> Result<Normalizer<T>> {
        Self::pass(x, |_, _| {})
    }
}

impl<T: Real, const LANES: usize> Softmax<T> for Online<LANES> {
    fn softmax<X: Load<T> + ?Sized, Y: Store<T> + ?Sized>(&self, x: &X, y: &mut Y) -> Result<()> {
        crate::error::same_size("y", x.len(), y.capacity())?;
        let normalizer = self.normalizer(x)?;
        // Second pass of step 1.
        for start in (0..x.len()).step_by(LANES) {
            y.store(start, normalizer.probabilities(x.load::<LANES>(start, T::NEG_INFINITY)));
        }
        Ok(())
    }
}

impl<T: Real, const LANES: usize> TopK<T> for Online<LANES> {
    fn top_k<X: Load<T> + ?Sized, Y: Store<Ranked<T>> + ?Sized>(&self, x: &X, y: &mut Y) -> Result<usize> {
        if y.capacity() == 0 {
            return Err(Error::Empty { name: "y" });
        }
        let mut best = Best::new(y.capacity().min(x.len()));
        let normalizer = Self::pass(x, |start, chunk| best.observe(start, chunk))?;
        for (rank, found) in best.sorted.iter().enumerate() {
            let [value] = normalizer.probabilities([found.value]);
            y.store(rank, [Ranked { index: found.index, value }]);
        }
        Ok(best.sorted.len())
    }
}

/// The largest entries seen, largest first and equal ones by lower index: the list of step 3.
pub(super) struct Best<T> {
    pub(super) sorted: Vec<Ranked<T>>,
    wanted: usize,
    /// What an entry must exceed to enter: the least entry kept; `None` while there is room.
    entry: Option<T>,
}

impl<T: Real> Best<T> {
    pub(super) fn new(wanted: usize) -> Self {
        Self { sorted: Vec::with_capacity(wanted + 1), wanted, entry: None }
    }

    /// Considers the entries of a chunk; padding (−∞ at the end) never displaces an entry.
    #[inline(always)]
    pub(super) fn observe<const N: usize>(&mut self, start: usize, chunk: &[T; N]) {
        // Nearly every chunk fails this one test once the list is full.
        let enters = match self.entry {
            Some(least) => chunk.iter().fold(false, |any, &value| any | (value > least)),
            None => true,
        };
        if enters {
            self.insert(start, chunk);
        }
    }

    #[cold]
    #[inline(never)]
    fn insert(&mut self, start: usize, chunk: &[T]) {
        for (offset, &value) in chunk.iter().enumerate() {
            if self.entry.is_some_and(|least| value <= least) {
                continue;
            }
            // After all entries at least as large, so that equal ones stay in index order.
            let place = self.sorted.partition_point(|kept| kept.value >= value);
            self.sorted.insert(place, Ranked { index: start + offset, value });
            self.sorted.truncate(self.wanted);
            if self.sorted.len() == self.wanted {
                self.entry = self.sorted.last().map(|kept| kept.value);
            }
        }
    }
}
