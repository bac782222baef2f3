//! The claims about Algorithm 1, the greedy merging: how much information its map gives away.

use ratebook::Result;
use ratebook::information::baselines::set_partitions;
use ratebook::information::entropy_coupling_bottleneck::GreedyMerging;
use ratebook::information::{Encoder, Quantiser};
use ratebook::math::entropy::binary_entropy;
use ratebook_judge::{Claim, Source};

use super::bounds::second_before_last_merge;
use super::laws;

/// For every law on the grid and every rate within 1e-7 of the entropy of one of its set partitions, on either side and
/// between 0 and H(p): the law, the rate, and the largest entropy of a map that meets the rate.
fn every_rate(symbols: usize, mut visit: impl FnMut(&[f64], f64, f64) -> Result<()>) -> Result<()> {
    const NEAR: f64 = 1e-7;
    let partitions = set_partitions(symbols);
    for law in laws(symbols) {
        let mut entropies = partitions
            .iter()
            .map(|labels| Quantiser::new(&law, labels.clone()).map(|map| map.entropy()))
            .collect::<Result<Vec<f64>>>()?;
        entropies.sort_by(f64::total_cmp);
        entropies.dedup_by(|a, b| *a - *b < 1e-9);
        for (i, &at) in entropies.iter().enumerate() {
            if i > 0 {
                visit(&law, at - NEAR, entropies[i - 1])?;
            }
            if i + 1 < entropies.len() {
                visit(&law, at + NEAR, at)?;
            }
        }
    }
    Ok(())
}

/// That the map's entropy is below what `from` makes of the rate and of the best map's by at most h(p₂).
fn gap(claim: Claim, encoder: impl Encoder + Send + Sync + 'static, from: fn(f64, f64) -> f64) -> Claim {
    const ROUNDING: f64 = 1e-11;
    claim
        .source(Source::Theorem("2"))
        .exhaustive()
        .sweep("n", [2.0, 3.0, 4.0, 5.0, 6.0])
        .full_sweep([2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
        .check(move |symbols, _, cases| {
            every_rate(symbols as usize, |law, rate, best| {
                let gap = from(rate, best) - encoder.encode(law, rate)?.entropy();
                let second = second_before_last_merge(law, rate).unwrap_or(0.0);
                cases.holds(gap >= -ROUNDING, || {
                    format!("p = {law:?}, R = {rate}: above the rate by {}", -gap)
                });
                cases.at_most(gap, binary_entropy(second) + ROUNDING, || format!("p = {law:?}, R = {rate}"));
                Ok(())
            })
        })
}

/// 0 ≤ R − I(X;T) ≤ h(p₂), with p₂ the second largest mass before the last merge.
pub fn gap_to_the_rate(encoder: impl Encoder + Send + Sync + 'static) -> Claim {
    let claim = Claim::always("gap to the rate")
        .states("$0 \\le R - I(X;T) \\le h(p_2)$, with $p_2$ the second largest mass before the last merge.")
        .assuming(
            "every p in units of 1/24 on n symbols and every R < H(p) within 1e-7 of the entropy of one of its maps; \
             the paper's p₂ is the second largest of p, which is no smaller",
        );
    gap(claim, encoder, |rate, _| rate)
}

/// The best deterministic map has at most h(p₂) more information than the greedy one, and never less.
pub fn gap_to_the_best_map(encoder: impl Encoder + Send + Sync + 'static) -> Claim {
    let claim = Claim::always("gap to the best map")
        .states("The best deterministic map has between $0$ and $h(p_2)$ bits more than Algorithm 1's.")
        .assuming("as for the gap to the rate; the best of all set partitions");
    gap(claim, encoder, |_, best| best)
}

/// A broken encoder: merges the two heaviest letters once more than Algorithm 1 says.
#[derive(Debug, Clone, Copy)]
pub(super) struct OneMergeMore;

impl Encoder for OneMergeMore {
    fn encode(&self, source: &[f64], rate: f64) -> Result<Quantiser> {
        let map = GreedyMerging.encode(source, rate)?;
        let mut order: Vec<usize> = (0..map.masses().len()).collect();
        order.sort_by(|&s, &t| map.masses()[t].total_cmp(&map.masses()[s]));
        let [first, second, ..] = order[..] else { return Ok(map) };
        let (kept, gone) = (first.min(second), first.max(second));
        let merge = |&t: &usize| {
            if t == gone {
                kept
            } else if t > gone {
                t - 1
            } else {
                t
            }
        };
        Quantiser::new(source, map.labels().iter().map(merge).collect())
    }
}
