//! Counts what a run does to slow memory: the instrument behind every claim about accesses.
//!
//! A [`Metered`] memory behaves like the `Vec` it wraps and adds one to its [`Meter`] for each
//! element that passes through [`Load::load`] or [`Store::store`]; scratch memory that an algorithm
//! asks for is metered too. Elements are counted where they move, so an algorithm that the caller
//! brings cannot forget some.

use std::cell::Cell;

use super::{Load, Store};

/// Counts of elements read from and written to slow memory.
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

/// Slow memory whose accesses are counted.
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
