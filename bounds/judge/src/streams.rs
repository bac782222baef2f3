//! Where randomness comes from.
//!
//! A stream is derived from (root seed, claim, sweep index, replicate, role), so results depend
//! neither on threads nor on order, and a method, its control and a variant see the same instance
//! and the same noise.

use rand::SeedableRng;
use rand_pcg::Pcg64;

/// The three streams of one run of one experiment.
#[derive(Debug, Clone)]
pub struct Streams {
    /// Draws the problem: means, matrices, graphs.
    pub instance: Pcg64,
    /// Draws what the problem answers: rewards, gradient noise, data.
    pub noise: Pcg64,
    /// Draws the method's own coins. Two methods may use different numbers of them without
    /// disturbing what either sees.
    pub algorithm: Pcg64,
}

impl Streams {
    /// The streams of replicate `replicate` at sweep index `point` of the claim `claim` (its full
    /// name, `area/paper/claim`).
    pub fn new(root_seed: u64, claim: &str, point: usize, replicate: usize) -> Self {
        let mut state = absorb(0, root_seed);
        for byte in claim.bytes() {
            state = absorb(state, u64::from(byte));
        }
        state = absorb(absorb(state, point as u64), replicate as u64);
        let [instance, noise, algorithm] = [1, 2, 3].map(|role| generator(absorb(state, role)));
        Self { instance, noise, algorithm }
    }
}

/// The increment of SplitMix64: 2^64 divided by the golden ratio, made odd.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64's output function (Steele, Lea and Flood 2014): a bijection that mixes every bit.
fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

fn absorb(state: u64, word: u64) -> u64 {
    mix(state.wrapping_add(GOLDEN) ^ mix(word.wrapping_add(GOLDEN)))
}

fn generator(mut state: u64) -> Pcg64 {
    let mut seed = [0; 32];
    for bytes in seed.chunks_exact_mut(8) {
        state = state.wrapping_add(GOLDEN);
        bytes.copy_from_slice(&mix(state).to_le_bytes());
    }
    Pcg64::from_seed(seed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    fn first(mut streams: Streams) -> [u64; 3] {
        [streams.instance.next_u64(), streams.noise.next_u64(), streams.algorithm.next_u64()]
    }

    /// If this fails, a dependency changed the generator, and every record changes with it.
    #[test]
    fn the_streams_are_stable() {
        assert_eq!(
            first(Streams::new(2026, "bandits/bracketing_halving/rate", 3, 7)),
            [11142578084760338315, 661633351752998504, 9287749912078413494]
        );
    }

    #[test]
    fn every_part_of_the_key_counts() {
        let keys = [
            Streams::new(1, "a/b/c", 0, 0),
            Streams::new(2, "a/b/c", 0, 0),
            Streams::new(1, "a/b/d", 0, 0),
            Streams::new(1, "a/b/c", 1, 0),
            Streams::new(1, "a/b/c", 0, 1),
        ];
        let mut words: Vec<u64> = keys.into_iter().flat_map(first).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), 15);
    }
}
