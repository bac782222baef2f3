//! The claims about training: the roulette of widths (Algorithm 1) and the rates of the steps (Equations 6 and 7).

use std::convert::Infallible;

use rand::{Rng, TryRng};
use ratebook::Result;
use ratebook::math::sequences::sequences;
use ratebook::quantization::BitWidth;
use ratebook::quantization::double_rounding::Roulette;
use ratebook_judge::{Claim, Source, Tolerance};

use super::bounds::{learning_rate, roulette_probability};
use super::{CANDIDATES, mean, widths};

/// Words that go through [0, 1) in equal steps, from the middle of the first: a draw at every quantile.
struct Quantiles {
    next: u64,
    step: u64,
}

impl TryRng for Quantiles {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> std::result::Result<u32, Infallible> {
        self.try_next_u64().map(|word| (word >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> std::result::Result<u64, Infallible> {
        let word = self.next;
        self.next = self.next.wrapping_add(self.step);
        Ok(word)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> std::result::Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.try_next_u64()?.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// The roulette draws each width with the probability that Algorithm 1 gives it.
pub fn roulette(
    draw: impl Fn(f64, f64, &Roulette, &mut dyn Rng) -> Result<BitWidth> + Send + Sync + 'static,
) -> Claim {
    const DRAWS: u64 = 1 << 16;
    Claim::equals("roulette", |_| 1.0, Tolerance::Relative(2e-4))
        .states("A layer below the mean trace draws each width with probability $1/n$, any other $b_i/\\sum_j b_j$.")
        .assuming("widths {2, 4, 6, 8}; frequencies ÷ probabilities over 2¹⁶ evenly spaced draws; the trace in units of the mean")
        .source(Source::Derived)
        .computed()
        .sweep("t_l/t_m", [0.5, 1.0, 2.0])
        .detects(0.01)
        .measure(move |trace, _| -> Result<Vec<f64>> {
            let roulette = Roulette::new(widths(&CANDIDATES)?)?;
            let step = (u64::MAX / DRAWS) + 1;
            let mut rng = Quantiles { next: step / 2, step };
            let mut counts = [0_u32; CANDIDATES.len()];
            for _ in 0..DRAWS {
                let drawn = draw(trace, 1.0, &roulette, &mut rng)?.bits();
                counts.iter_mut().zip(CANDIDATES).for_each(|(count, bits)| *count += u32::from(bits == drawn));
            }
            let ratio = |(index, &count): (usize, &u32)| {
                f64::from(count) / DRAWS as f64 / roulette_probability(&CANDIDATES, index, trace >= 1.0)
            };
            Ok(counts.iter().enumerate().map(ratio).collect())
        })
}

/// The learning rates of the steps are those of Equations 6 and 7, negative ones included.
pub fn learning_rates(rate: impl Fn(f64, u32, &[Vec<f64>]) -> Result<f64> + Send + Sync + 'static) -> Claim {
    Claim::always("learning rates")
        .states("$\\lambda_b = \\eta_b (\\lambda - \\frac1L \\sum_i \\min(\\max|\\mathrm{clip}(\\nabla s_b^i, 1)|, 1))$.")
        .assuming("layers with gradients (0, −g), (g/2, g), g from {0, 10⁻⁴, 10⁻², 1, 100}, λ = 5·10⁻⁴, 0.1, 2")
        .source(Source::Derived)
        .exhaustive()
        .sweep("Δ", [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        .check(move |delta, _, cases| -> Result<()> {
            const SIZES: [f64; 5] = [0.0, 1e-4, 1e-2, 1.0, 100.0];
            for (lambda, pair) in [5e-4, 0.1, 2.0].into_iter().flat_map(|l| sequences(&SIZES, 2).map(move |g| (l, g))) {
                let layers = [vec![0.0, -pair[0]], vec![pair[1] / 2.0, pair[1]]];
                let mean = (pair[0].min(1.0) + pair[1].min(1.0)) / 2.0;
                let expected = learning_rate(lambda, delta as u32, mean);
                let found = rate(lambda, delta as u32, &layers)?;
                cases.close(found, expected, 1e-12, || format!("λ = {lambda}, gradients {pair:?}"));
            }
            Ok(())
        })
}

/// A broken rate: the gradients are not clipped.
pub(super) fn unclipped(lambda: f64, delta: u32, gradients: &[Vec<f64>]) -> Result<f64> {
    let largest =
        |layer: &Vec<f64>| layer.iter().fold(0.0_f64, |largest, gradient| largest.max(gradient.abs()));
    Ok(learning_rate(lambda, delta, mean(gradients.iter().map(largest))))
}
