//! What the property tests of every area share: a fixed proptest seed, seeded generators, and a
//! generator whose first draws are chosen by the test.

use std::convert::Infallible;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rand::{Rng, SeedableRng, TryRng};
use rand_pcg::Pcg64;

/// A proptest configuration with `cases` cases and a fixed seed, so that `cargo test` never flakes.
/// A failure found with another seed becomes a named unit test, not a regression file.
pub fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(2026), failure_persistence: None, ..Default::default() }
}

/// A generator for a test that needs one.
pub fn rng(seed: u64) -> Pcg64 {
    Pcg64::seed_from_u64(seed)
}

/// Floats that break careless code: NaN, infinities, zeros, subnormals, huge and negative values.
pub fn awkward_f64() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        Just(0.0),
        Just(-0.0),
        Just(f64::MIN_POSITIVE / 2.0),
        Just(f64::MAX),
        Just(f64::MIN),
        Just(-1.0),
        Just(1.0),
        any::<f64>(),
    ]
}

/// A generator that first yields the given words (exact zeros, equal draws, the largest value), then
/// ordinary random ones: a sampler must survive the rarest draws.
#[derive(Debug, Clone)]
pub struct HalfAdversarial {
    script: std::vec::IntoIter<u64>,
    rest: Pcg64,
}

impl HalfAdversarial {
    /// Yields `script` in order, then the stream of `seed`.
    pub fn new(script: Vec<u64>, seed: u64) -> Self {
        Self { script: script.into_iter(), rest: rng(seed) }
    }

    /// Up to `longest` scripted words, each 0, the largest value, one half, or arbitrary.
    pub fn strategy(longest: usize) -> impl Strategy<Value = Self> {
        let word = prop_oneof![Just(0), Just(u64::MAX), Just(1 << 63), any::<u64>()];
        (prop::collection::vec(word, 0..=longest), any::<u64>())
            .prop_map(|(script, seed)| Self::new(script, seed))
    }
}

impl TryRng for HalfAdversarial {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|word| (word >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.script.next().unwrap_or_else(|| self.rest.next_u64()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}
