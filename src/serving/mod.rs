//! One machine must answer many requests cheaply; every paper here buys cost with a cache, a router,
//! a schedule or a better order of memory accesses.
//!
//! # What costs
//! The machine has *slow memory*, where an element costs one access each time it is read or written,
//! and registers, which are free. Slow memory is whatever implements [`Load`] and [`Store`]: a plain
//! slice or `Vec` (then the accesses are the processor's business and nothing is counted), or a
//! [`Metered`] one, which adds one to its [`Meter`] for every element that passes. An algorithm is
//! written once, generically, so that the accesses counted are those of the code that runs in
//! production, never a formula.
//!
//! # Which softmax
//! | method | accesses per element | remarks |
//! |---|---|---|
//! | [`baselines::Naive`] | 3 | overflows for entries beyond about 700 (`f64`) |
//! | [`baselines::Safe`] | 4 | subtracts the maximum, which costs a pass of its own |
//! | [`online_softmax::Online`] | 3 | safe; maximum and normaliser in one pass |
//! | [`baselines::SafeThenTopK`] | 5 | writes the whole softmax, then reads it for its `K` largest |
//! | [`online_softmax::Online`] fused with top-k | 1 | reads the logits once, writes `K` results |
//!
//! # What training and attention cost
//! Whole layers are measured on a [`dense::Ledger`]: FLOPs, loads of weights, and the peak of live
//! elements, each counted by the kernels and the allocations of the real run.
//!
//! A rival implements [`Softmax`] or [`TopK`] and is counted, checked and timed like these; a rival way
//! to keep the normaliser implements [`RunningNormalizer`].

use std::cell::Cell;

use crate::{Result, math::exp::Real};

pub mod baselines;
pub mod cache_multiplexer;
pub mod caching;
pub mod dense;
pub mod mini_sequence;
pub mod online_softmax;

/// Slow memory that can be read.
pub trait Load<T> {
    /// Slow memory of the same kind, for intermediate results.
    type Scratch: Load<T> + Store<T>;

    /// The number of elements.
    fn len(&self) -> usize;

    /// Whether there is no element.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements `start`, …, `start + N - 1`; `padding` stands for those beyond the end. One
    /// access per element read, none for padding.
    fn load<const N: usize>(&self, start: usize, padding: T) -> [T; N];

    /// New slow memory of `len` elements, all equal to `fill`; making it is free.
    fn scratch(&self, len: usize, fill: T) -> Self::Scratch;
}

/// Slow memory that can be written.
pub trait Store<T> {
    /// The number of elements.
    fn capacity(&self) -> usize;

    /// Writes the elements `start`, …, `start + N - 1`; those beyond the end are dropped. One access
    /// per element written.
    fn store<const N: usize>(&mut self, start: usize, values: [T; N]);
}

/// The end of a slice; apart, so that the loop over full chunks stays a plain vector loop.
#[cold]
#[inline(never)]
fn padded<T: Copy, const N: usize>(rest: &[T], padding: T) -> [T; N] {
    std::array::from_fn(|i| rest.get(i).copied().unwrap_or(padding))
}

impl<T: Copy> Load<T> for [T] {
    type Scratch = Vec<T>;

    fn len(&self) -> usize {
        <[T]>::len(self)
    }

    #[inline(always)]
    fn load<const N: usize>(&self, start: usize, padding: T) -> [T; N] {
        let rest = self.get(start..).unwrap_or_default();
        match rest.first_chunk::<N>() {
            Some(chunk) => *chunk,
            None => padded(rest, padding),
        }
    }

    fn scratch(&self, len: usize, fill: T) -> Vec<T> {
        vec![fill; len]
    }
}

impl<T: Copy> Store<T> for [T] {
    fn capacity(&self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn store<const N: usize>(&mut self, start: usize, values: [T; N]) {
        let rest = self.get_mut(start..).unwrap_or_default();
        match rest.first_chunk_mut::<N>() {
            Some(chunk) => *chunk = values,
            None => rest.iter_mut().zip(values).for_each(|(slot, value)| *slot = value),
        }
    }
}

impl<T: Copy> Load<T> for Vec<T> {
    type Scratch = Vec<T>;

    fn len(&self) -> usize {
        <[T]>::len(self)
    }

    #[inline(always)]
    fn load<const N: usize>(&self, start: usize, padding: T) -> [T; N] {
        self.as_slice().load(start, padding)
    }

    fn scratch(&self, len: usize, fill: T) -> Vec<T> {
        vec![fill; len]
    }
}

impl<T: Copy> Store<T> for Vec<T> {
    fn capacity(&self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn store<const N: usize>(&mut self, start: usize, values: [T; N]) {
        self.as_mut_slice().store(start, values);
    }
}

/// Counts the elements read from and written to slow memory. Elements are counted where they move, so
/// an algorithm that the caller brings cannot forget some.
#[derive(Debug, Default)]
pub struct Meter {
    reads: Cell<u64>,
    writes: Cell<u64>,
}

impl Meter {
    /// A meter at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Elements read so far.
    pub fn reads(&self) -> u64 {
        self.reads.get()
    }

    /// Elements written so far.
    pub fn writes(&self) -> u64 {
        self.writes.get()
    }

    /// Elements read or written so far.
    pub fn accesses(&self) -> u64 {
        self.reads() + self.writes()
    }

    /// Slow memory holding `elements`, counted on this meter; filling it is not.
    pub fn memory<T>(&self, elements: Vec<T>) -> Metered<'_, T> {
        Metered { meter: self, elements }
    }
}

/// Slow memory whose accesses are counted, scratch memory made from it included.
#[derive(Debug)]
pub struct Metered<'a, T> {
    meter: &'a Meter,
    elements: Vec<T>,
}

impl<T> Metered<'_, T> {
    /// The elements, to be inspected without being counted.
    pub fn contents(&self) -> &[T] {
        &self.elements
    }

    /// How many of `N` elements from `start` on exist.
    fn touched<const N: usize>(&self, start: usize) -> u64 {
        self.elements.len().saturating_sub(start).min(N) as u64
    }
}

impl<'a, T: Copy> Load<T> for Metered<'a, T> {
    type Scratch = Metered<'a, T>;

    fn len(&self) -> usize {
        self.elements.len()
    }

    fn load<const N: usize>(&self, start: usize, padding: T) -> [T; N] {
        self.meter.reads.set(self.meter.reads.get() + self.touched::<N>(start));
        self.elements.load(start, padding)
    }

    fn scratch(&self, len: usize, fill: T) -> Self::Scratch {
        self.meter.memory(vec![fill; len])
    }
}

impl<T: Copy> Store<T> for Metered<'_, T> {
    fn capacity(&self) -> usize {
        self.elements.len()
    }

    fn store<const N: usize>(&mut self, start: usize, values: [T; N]) {
        self.meter.writes.set(self.meter.writes.get() + self.touched::<N>(start));
        self.elements.store(start, values);
    }
}

/// An element and where it was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked<T> {
    /// The position in the input.
    pub index: usize,
    /// The value: a logit or a probability.
    pub value: T,
}

/// A softmax: y_i = e^{x_i} / Σ_j e^{x_j}.
pub trait Softmax<T: Real> {
    /// Writes the softmax of the logits `x` to `y`, of the same size. Entries equal to −∞ get
    /// probability 0.
    ///
    /// # Errors
    /// If `x` is empty, has a NaN or +∞ entry or no finite one, or if `y` has another size.
    fn softmax<X: Load<T> + ?Sized, Y: Store<T> + ?Sized>(&self, x: &X, y: &mut Y) -> Result<()>;
}

/// A softmax of which only the largest probabilities are wanted.
pub trait TopK<T: Real> {
    /// Writes the K = `y.capacity()` largest probabilities of the softmax of `x` to `y`, largest
    /// first, equal ones by lower index, and returns how many there are: K, or the size of `x` if
    /// that is smaller. An entry (index and probability) counts as one access.
    ///
    /// # Errors
    /// If `x` is empty, has a NaN or +∞ entry or no finite one, or if `y` is empty.
    fn top_k<X: Load<T> + ?Sized, Y: Store<Ranked<T>> + ?Sized>(&self, x: &X, y: &mut Y) -> Result<usize>;
}

/// What is known of some logits: their maximum m and Σ e^{x_j − m}. It can be built up in any order.
pub trait RunningNormalizer<T: Real>: Copy {
    /// Of a single logit; −∞ has no mass.
    ///
    /// # Errors
    /// If the logit is NaN or +∞.
    fn of(logit: T) -> Result<Self>;

    /// Of the logits of both.
    #[must_use]
    fn merge(self, other: Self) -> Self;

    /// The largest logit; −∞ if none has mass.
    fn max(&self) -> T;

    /// Σ e^{x_j − m}; 0 if no logit has mass.
    fn sum(&self) -> T;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_moves_and_nothing_else() {
        let meter = Meter::new();
        let mut memory = meter.memory(vec![1, 2, 3, 4, 5]);
        assert_eq!(memory.load::<4>(0, 0), [1, 2, 3, 4]);
        assert_eq!(memory.load::<4>(4, 9), [5, 9, 9, 9]);
        assert_eq!(memory.load::<4>(7, 9), [9; 4]);
        memory.store(3, [7, 8, 9]);
        assert_eq!(memory.contents(), [1, 2, 3, 7, 8]);
        let mut scratch = memory.scratch(2, 0);
        scratch.store(0, [6]);
        assert_eq!((meter.reads(), meter.writes(), meter.accesses()), (5, 3, 8));
    }
}
