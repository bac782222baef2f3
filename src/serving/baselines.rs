//! The softmaxes that the online one replaces, and broken normalisers that serve as controls.

use super::online_softmax::{Best, complaint, refused};
use super::{Load, Ranked, RunningNormalizer, Softmax, Store, TopK};
use crate::{Error, Result, error, math::exp::Real};

/// Algorithm 1 of the paper: e^{x_i} / Σ e^{x_j} as it stands. Three accesses per element, and an
/// error where the exponentials overflow or all vanish.
#[derive(Debug, Clone, Copy, Default)]
pub struct Naive;

impl<T: Real> Softmax<T> for Naive {
    fn softmax<X: Load<T> + ?Sized, Y: Store<T> + ?Sized>(&self, x: &X, y: &mut Y) -> Result<()> {
        error::same_size("y", x.len(), y.capacity())?;
        error::at_least_one("size of x", x.len())?;
        let mut sum = T::ZERO;
        for i in 0..x.len() {
            sum = sum + x.load::<1>(i, T::ZERO)[0].exp();
        }
        if !(sum > T::ZERO && sum < T::INFINITY) {
            return Err(Error::Diverged { name: "sum of exponentials", steps: x.len() });
        }
        for i in 0..x.len() {
            y.store(i, x.load::<1>(i, T::ZERO).map(|logit| logit.exp() / sum));
        }
        Ok(())
    }
}

/// Algorithm 2 of the paper: a pass for the maximum, one for the normaliser, one for the result, on
/// `LANES` lanes like the online form. Four accesses per element.
#[derive(Debug, Clone, Copy, Default)]
pub struct Safe<const LANES: usize>;

impl<T: Real, const LANES: usize> Softmax<T> for Safe<LANES> {
    fn softmax<X: Load<T> + ?Sized, Y: Store<T> + ?Sized>(&self, x: &X, y: &mut Y) -> Result<()> {
        error::same_size("y", x.len(), y.capacity())?;
        if x.is_empty() {
            return Err(Error::Empty { name: "x" });
        }
        let starts = || (0..x.len()).step_by(LANES);
        let larger = |a: T, b: T| if b > a { b } else { a };
        let mut lanes = [T::LOWEST; LANES];
        for start in starts() {
            let chunk = x.load::<LANES>(start, T::NEG_INFINITY);
            for lane in 0..LANES {
                lanes[lane] = larger(lanes[lane], chunk[lane]);
            }
        }
        let max = lanes.into_iter().fold(T::LOWEST, larger);
        let mut lanes = [T::ZERO; LANES];
        for start in starts() {
            let chunk = x.load::<LANES>(start, T::NEG_INFINITY);
            for lane in 0..LANES {
                lanes[lane] = lanes[lane] + (chunk[lane] - max).exp_nonpositive();
            }
        }
        let sum = lanes.into_iter().fold(T::ZERO, |a, b| a + b);
        if !(sum > T::ZERO && max < T::INFINITY) {
            return Err(complaint(x));
        }
        let reciprocal = T::ONE / sum;
        for start in starts() {
            let mut chunk = x.load::<LANES>(start, T::NEG_INFINITY);
            for logit in &mut chunk {
                *logit = (*logit - max).exp_nonpositive() * reciprocal;
            }
            y.store(start, chunk);
        }
        Ok(())
    }
}

/// A whole softmax in slow memory, then a pass over it for its largest entries.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThenTopK<S>(pub S);

/// The safe softmax followed by top-k: five accesses per element.
pub type SafeThenTopK<const LANES: usize> = ThenTopK<Safe<LANES>>;

impl<T: Real, S: Softmax<T>> TopK<T> for ThenTopK<S> {
    fn top_k<X: Load<T> + ?Sized, Y: Store<Ranked<T>> + ?Sized>(&self, x: &X, y: &mut Y) -> Result<usize> {
        if y.capacity() == 0 {
            return Err(Error::Empty { name: "y" });
        }
        let mut probabilities = x.scratch(x.len(), T::ZERO);
        self.0.softmax(x, &mut probabilities)?;
        let mut best = Best::new(y.capacity().min(x.len()));
        for start in (0..x.len()).step_by(8) {
            best.observe(start, &probabilities.load::<8>(start, T::NEG_INFINITY));
        }
        for (rank, &found) in best.sorted.iter().enumerate() {
            y.store(rank, [found]);
        }
        Ok(best.sorted.len())
    }
}

/// The sequential two-pass softmax over any running normaliser.
#[derive(Debug, Clone, Copy, Default)]
pub struct TwoPass<N>(std::marker::PhantomData<N>);

impl<N> TwoPass<N> {
    /// With the normaliser `N`.
    pub fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<T: Real, N: RunningNormalizer<T>> Softmax<T> for TwoPass<N> {
    fn softmax<X: Load<T> + ?Sized, Y: Store<T> + ?Sized>(&self, x: &X, y: &mut Y) -> Result<()> {
        error::same_size("y", x.len(), y.capacity())?;
        let mut logits = (0..x.len()).map(|i| N::of(x.load::<1>(i, T::ZERO)[0]));
        let first = logits.next().ok_or(Error::Empty { name: "x" })??;
        let total = logits.try_fold(first, |sum, logit| Ok::<N, Error>(sum.merge(logit?)))?;
        if total.sum() > T::ZERO {
            for i in 0..x.len() {
                let [logit] = x.load::<1>(i, T::ZERO);
                y.store(i, [(logit - total.max()).exp_nonpositive() / total.sum()]);
            }
            Ok(())
        } else {
            Err(complaint(x))
        }
    }
}

/// Broken: forgets the factor e^{m_{j−1} − m_j} when the maximum moves.
#[derive(Debug, Clone, Copy)]
pub struct Unscaled<T> {
    max: T,
    sum: T,
}

impl<T: Real> RunningNormalizer<T> for Unscaled<T> {
    fn of(logit: T) -> Result<Self> {
        if logit < T::INFINITY {
            let sum = if logit > T::NEG_INFINITY { T::ONE } else { T::ZERO };
            Ok(Self { max: logit, sum })
        } else {
            Err(refused(logit))
        }
    }

    fn merge(self, other: Self) -> Self {
        let max = if other.max > self.max { other.max } else { self.max };
        Self { max, sum: self.sum + other.sum }
    }

    fn max(&self) -> T {
        self.max
    }

    fn sum(&self) -> T {
        self.sum
    }
}

/// Broken: keeps the normaliser relative to the first logit, Σ e^{x_j − x_1}, which saves every
/// rescaling and overflows or vanishes.
#[derive(Debug, Clone, Copy)]
pub struct RelativeToFirst<T> {
    first: T,
    sum: T,
}

impl<T: Real> RunningNormalizer<T> for RelativeToFirst<T> {
    fn of(logit: T) -> Result<Self> {
        Unscaled::of(logit).map(|only| Self { first: only.max, sum: only.sum })
    }

    fn merge(self, other: Self) -> Self {
        Self { first: self.first, sum: self.sum + other.sum * (other.first - self.first).exp() }
    }

    fn max(&self) -> T {
        self.first
    }

    fn sum(&self) -> T {
        self.sum
    }
}
