//! The claims about the search for bits (Algorithm 2).

use ratebook::Result;
use ratebook::math::sequences::sequences;
use ratebook::quantization::double_rounding::HessianSearch;
use ratebook::quantization::{BitSearch, BitWidth};
use ratebook_judge::{Claim, Source};

use super::{CANDIDATES, widths};

/// Sensitivities with ties and gaps of every size.
const SENSITIVITIES: [f64; 4] = [0.1, 1.0, 1.5, 8.0];

/// Calls `check` with every instance of up to `layers` layers: sensitivities, total bits, the bits found.
fn every_search(
    search: &impl BitSearch,
    layers: usize,
    mut check: impl FnMut(&[f64], u32, &[u32]),
) -> Result<()> {
    let candidates = widths(&CANDIDATES)?;
    for sensitivities in sequences(&SENSITIVITIES, layers) {
        for total in (2 * layers as u32..=8 * layers as u32).step_by(2) {
            let mean_bits = f64::from(total) / layers as f64;
            let found = search.search(&sensitivities, &candidates, mean_bits)?;
            check(&sensitivities, total, &found.iter().map(|width| width.bits()).collect::<Vec<_>>());
        }
    }
    Ok(())
}

/// Of two layers the more sensitive one never gets fewer bits: "Higher bits are priority selected for sensitive
/// layers" (Section 3.3).
///
/// The printed Algorithm 2 minimises Σ (t_l/n_l)·b_l under a fixed mean of the b_l, which by the rearrangement
/// inequality gives the fewest bits to the most sensitive layers.
pub fn sensitive_layers_get_more_bits(search: impl BitSearch + Send + Sync + 'static) -> Claim {
    Claim::always("sensitive layers get more bits")
        .states("If $t_i/n_i > t_j/n_j$ then the search gives layer $i$ at least as many bits as layer $j$.")
        .assuming(
            "candidates {2, 4, 6, 8}; every sequence of sensitivities from {0.1, 1, 1.5, 8}, every mean",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("layers", [2.0, 3.0, 4.0])
        .full_sweep([2.0, 3.0, 4.0, 5.0, 6.0])
        .check(move |layers, _, cases| {
            every_search(&search, layers as usize, |sensitivities, _, bits| {
                let inverted = (0..bits.len()).any(|i| {
                    (0..bits.len()).any(|j| sensitivities[i] > sensitivities[j] && bits[i] < bits[j])
                });
                cases.holds(!inverted, || format!("{bits:?} for sensitivities {sensitivities:?}"));
            })
        })
}

/// The search attains the maximum over all assignments with the given mean.
pub fn optimal_search(search: impl BitSearch + Send + Sync + 'static) -> Claim {
    Claim::always("optimal search")
        .states("The search attains $\\max \\sum_l (t_l/n_l) b_l$ over all assignments with mean $\\omega$.")
        .assuming(
            "candidates {2, 4, 6, 8}; every sequence of sensitivities from {0.1, 1, 1.5, 8}, every mean",
        )
        .source(Source::Derived)
        .exhaustive()
        .sweep("layers", [1.0, 2.0, 3.0, 4.0])
        .full_sweep([1.0, 2.0, 3.0, 4.0, 5.0])
        .check(move |layers, _, cases| {
            let assignments: Vec<_> = sequences(&CANDIDATES, layers as usize).collect();
            every_search(&search, layers as usize, |sensitivities, total, bits| {
                let value = |bits: &[u32]| -> f64 {
                    sensitivities.iter().zip(bits).map(|(s, &b)| s * f64::from(b)).sum()
                };
                let allowed = assignments.iter().filter(|bits| bits.iter().sum::<u32>() == total);
                let best = allowed.map(|bits| value(bits)).fold(f64::MIN, f64::max);
                cases.holds(bits.iter().sum::<u32>() == total, || format!("{bits:?} do not sum to {total}"));
                cases.at_most(best, value(bits) + 1e-9, || format!("{bits:?} for {sensitivities:?}"));
            })
        })
}

/// A broken search: as even as the candidates allow, whatever the sensitivities.
#[derive(Debug, Clone, Copy)]
pub(super) struct Even;

impl BitSearch for Even {
    fn search(
        &self,
        sensitivities: &[f64],
        candidates: &[BitWidth],
        mean_bits: f64,
    ) -> Result<Vec<BitWidth>> {
        HessianSearch.search(&vec![1.0; sensitivities.len()], candidates, mean_bits)
    }
}
