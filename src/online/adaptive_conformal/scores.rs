//! Sequences of scores in $[0, 1]$ that drift and jump.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// A law of score sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scores {
    /// Independent and uniform on [0, 1].
    Uniform,
    /// Uniform on [0, 0.05] and on [0.9, 1] in turns of this many rounds, the low level first.
    TwoLevels(usize),
    /// A Gaussian random walk with steps of 0.02 from 1/2, reflected into [0, 1].
    Walk,
    /// 1 with probability 1/10 and 0 otherwise: at α = 0.1 all radii are equally good in expectation.
    Coin,
}

impl Scores {
    /// The first `rounds` scores.
    pub fn draw(self, rounds: usize, rng: &mut dyn Rng) -> Vec<f64> {
        let mut level = 0.5;
        (0..rounds)
            .map(|time| match self {
                Scores::Uniform => rng.random(),
                Scores::TwoLevels(turn) if (time / turn.max(1)).is_multiple_of(2) => {
                    0.05 * rng.random::<f64>()
                }
                Scores::TwoLevels(_) => 0.9 + 0.1 * rng.random::<f64>(),
                Scores::Walk => {
                    level = reflect(level + 0.02 * rng.sample::<f64, _>(StandardNormal));
                    level
                }
                Scores::Coin => f64::from(u8::from(rng.random::<f64>() < 0.1)),
            })
            .collect()
    }
}

/// Into [0, 1], for steps shorter than 1.
fn reflect(x: f64) -> f64 {
    let x = x.abs();
    if x > 1.0 { (2.0 - x).max(0.0) } else { x }
}
