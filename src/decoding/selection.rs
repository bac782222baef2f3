//! The selection loop of minimum-Bayes-risk decoding: score every hypothesis by its mean utility against
//! weighted references, take the best. Hypotheses and references are known by their indices only.

use crate::{Error, Result, error};

/// Weights made to sum to one.
///
/// # Errors
/// If there are none, one is negative or not finite, or all are zero.
pub fn normalised(weights: &[f64]) -> Result<Vec<f64>> {
    error::finite_slice("weights", weights)?;
    weights.iter().try_for_each(|&weight| error::non_negative("weights", weight).map(drop))?;
    let total = error::positive("sum of weights", weights.iter().sum())?;
    Ok(weights.iter().map(|weight| weight / total).collect())
}

/// Σ_r w_r u(h, r) for each of the hypotheses, the weights normalised; one utility call for each pair.
///
/// # Errors
/// If there are no hypotheses, the weights are refused by [`normalised`], or a utility is not finite.
pub fn expected_utilities(
    hypotheses: usize,
    weights: &[f64],
    mut utility: impl FnMut(usize, usize) -> f64,
) -> Result<Vec<f64>> {
    if hypotheses == 0 {
        return Err(Error::Empty { name: "hypotheses" });
    }
    let weights = normalised(weights)?;
    let score = |hypothesis| {
        let sum = weights.iter().enumerate().map(|(r, w)| w * utility(hypothesis, r)).sum();
        error::finite("utility", sum)
    };
    (0..hypotheses).map(score).collect()
}

/// The index of the largest score, the lowest of several.
///
/// # Errors
/// If there are no scores or one is not finite.
pub fn best(scores: &[f64]) -> Result<usize> {
    error::finite_slice("scores", scores)?;
    Ok((0..scores.len()).fold(0, |best, i| if scores[i] > scores[best] { i } else { best }))
}

/// The indices of the `count` largest scores, best first, ties by the lower index; all if there are fewer.
///
/// # Errors
/// If there are no scores or one is not finite.
pub fn top(scores: &[f64], count: usize) -> Result<Vec<usize>> {
    error::finite_slice("scores", scores)?;
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a])); // stable
    order.truncate(count);
    Ok(order)
}
