//! Maximising functions of sets under limited access.
//!
//! A set function can only be asked for values, one set at a time, and the cost of a method is the
//! number of times it asks. Every problem here is small enough, or regular enough, for the truth to
//! be known: by brute force, by an exact dynamic program or by a linear system.
//!
//! # The protocol
//! [`SetFn`] is the problem, [`BitSet`] the argument. [`Search`] is a method that asks until it
//! samples a set that satisfies a target, and reports how often it asked.
//!
//! # Which method when
//! * A smooth landscape without traps: either selection of [`plus_strategy`]; keeping the parent
//!   (*plus*) is then the cheaper insurance.
//! * A landscape with isolated peaks that lead nowhere: *comma* selection, which forgets them. The
//!   offspring must be few enough that a parent is really lost now and then, and many enough that
//!   progress is not.

mod bit_set;
pub mod instances;
pub mod plus_strategy;

use rand::Rng;

pub use bit_set::BitSet;

/// A real function of the subsets of {0, …, n−1}, to be maximised.
pub trait SetFn {
    /// The size n of the ground set.
    fn ground(&self) -> usize;
    /// The value of a set over that ground set: finite, and the same each time it is asked for.
    fn value(&self, set: &BitSet) -> f64;
}

/// A method that searches for a set by evaluating others.
pub trait Search {
    /// Evaluates `f` until a set satisfies `target`, at most `cap` times.
    fn run(&self, f: &dyn SetFn, target: &dyn Fn(&BitSet) -> bool, cap: u64, rng: &mut dyn Rng) -> Run;
}

/// How a [`Search`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The sets evaluated, the first among them.
    pub evaluations: u64,
    /// The generations begun, for methods that have them.
    pub generations: u64,
    /// Whether a set that satisfies the target was evaluated.
    pub reached: bool,
}
