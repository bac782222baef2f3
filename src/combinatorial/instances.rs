//! Ingredients of the area's problems.

use super::BitSet;

/// Noise that belongs to the set: a random number for every subset, drawn once and for all.
///
/// A hash of (seed, set), so that 2ⁿ draws cost no memory and asking twice gives the same answer.
/// Drawing afresh at each evaluation would be another problem: there, no landscape has a peak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrozenNoise {
    seed: u64,
}

impl FrozenNoise {
    /// The noise of `seed`; other seeds give independent noise.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Two independent numbers, uniform on [0, 1), that depend on the seed and the set only.
    pub fn uniforms(&self, set: &BitSet) -> [f64; 2] {
        let mut state = scramble(self.seed ^ set.ground() as u64);
        for &word in set.words() {
            state = scramble(state ^ word);
        }
        [1, 2].map(|stream| (scramble(state ^ stream) >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

/// One step of SplitMix64 (Steele, Lea and Flood, 2014): an increment and a bijective mixer.
fn scramble(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
