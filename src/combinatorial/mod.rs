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

pub mod instances;
pub mod plus_strategy;

use rand::Rng;

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

/// A subset of {0, …, n−1}, one bit per element.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BitSet {
    ground: usize,
    /// Element e is bit e mod 64 of word e / 64; the bits beyond the ground set are zero.
    words: Vec<u64>,
    /// The number of elements, kept so that `len` is O(1).
    len: usize,
}

impl BitSet {
    /// The empty subset of a ground set of `ground` elements.
    pub fn empty(ground: usize) -> Self {
        Self { ground, words: vec![0; ground.div_ceil(64)], len: 0 }
    }

    /// A uniformly random subset.
    pub fn random(ground: usize, rng: &mut dyn Rng) -> Self {
        let mut set = Self::empty(ground);
        for (i, word) in set.words.iter_mut().enumerate() {
            let beyond = (64 * (i + 1)).saturating_sub(ground);
            *word = rng.next_u64() >> beyond;
            set.len += word.count_ones() as usize;
        }
        set
    }

    /// The subset whose element e is bit e of `code`.
    ///
    /// Bits beyond the ground set are ignored; elements from 64 on are left out.
    pub fn from_code(ground: usize, code: u64) -> Self {
        let mut set = Self::empty(ground);
        if let Some(word) = set.words.first_mut() {
            *word = if ground < 64 { code & ((1 << ground) - 1) } else { code };
            set.len = word.count_ones() as usize;
        }
        set
    }

    /// The size of the ground set.
    pub fn ground(&self) -> usize {
        self.ground
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether `element`, less than the ground size, is in the set.
    pub fn contains(&self, element: usize) -> bool {
        self.words[element / 64] >> (element % 64) & 1 == 1
    }

    /// Puts `element`, less than the ground size, in if it is out, and out if it is in.
    pub fn flip(&mut self, element: usize) {
        debug_assert!(element < self.ground);
        self.words[element / 64] ^= 1 << (element % 64);
        if self.contains(element) { self.len += 1 } else { self.len -= 1 }
    }

    /// The bits, 64 elements a word; those beyond the ground set are zero.
    pub fn words(&self) -> &[u64] {
        &self.words
    }
}
