//! How far apart two laws on finitely many outcomes are, in the three currencies of privacy.
//!
//! Each function takes two probability vectors over the same outcomes and is one-sided; a privacy
//! audit asks for both orders. An outcome possible under `p` alone makes the distance infinite (or,
//! for the hockey stick, counts in full); one possible under neither is ignored.

use super::channel::first_argmax;

/// sup over outcomes of ln(p/q): the smallest ε with P(S) ≤ e^ε·Q(S) for every event S.
pub fn max_log_ratio(p: &[f64], q: &[f64]) -> f64 {
    pairs(p, q).map(|(p, q)| (p / q).ln()).fold(f64::NEG_INFINITY, f64::max)
}

/// The hockey-stick divergence ∑ (p − e^ε·q)₊: the smallest δ with P(S) ≤ e^ε·Q(S) + δ for every S.
pub fn hockey_stick(p: &[f64], q: &[f64], epsilon: f64) -> f64 {
    pairs(p, q).map(|(p, q)| (p - epsilon.exp() * q).max(0.0)).sum()
}

/// The Rényi divergence D_α(p‖q) = ln(∑ p^α·q^(1−α))/(α − 1) in nats, for `alpha` > 1.
pub fn renyi_divergence(p: &[f64], q: &[f64], alpha: f64) -> f64 {
    // ln E_p[(p/q)^(α−1)], with the largest ratio taken out: the powers alone would overflow.
    let top = max_log_ratio(p, q);
    if top == f64::INFINITY {
        return top;
    }
    let moment: f64 = pairs(p, q).map(|(p, q)| p * ((alpha - 1.0) * ((p / q).ln() - top)).exp()).sum();
    top + moment.ln() / (alpha - 1.0)
}

/// The law of the exponential mechanism: probability proportional to exp(ε·score/2), and at ε = ∞ all
/// of it on the first best score, as [`crate::privacy::Channel::exponential`] has it.
pub fn exponential_law(scores: &[f64], epsilon: f64) -> Vec<f64> {
    let best = first_argmax(scores);
    if epsilon == f64::INFINITY {
        return (0..scores.len()).map(|i| f64::from(i == best)).collect();
    }
    let weights: Vec<f64> = scores.iter().map(|s| ((s - scores[best]) * epsilon / 2.0).exp()).collect();
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

/// The outcomes that `p` allows.
fn pairs<'a>(p: &'a [f64], q: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
    debug_assert_eq!(p.len(), q.len());
    p.iter().copied().zip(q.iter().copied()).filter(|&(p, _)| p > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn randomised_response() {
        let (p, q) = ([0.75, 0.25], [0.25, 0.75]);
        assert_relative_eq!(max_log_ratio(&p, &q), 3f64.ln(), max_relative = 1e-12);
        assert_relative_eq!(hockey_stick(&p, &q, 0.0), 0.5, max_relative = 1e-12);
        assert_eq!(hockey_stick(&p, &q, 3f64.ln() + 1e-9), 0.0);
        // ∑ p²/q = 0.5625/0.25 + 0.0625/0.75 = 7/3.
        assert_relative_eq!(renyi_divergence(&p, &q, 2.0), (7f64 / 3.0).ln(), max_relative = 1e-12);
    }

    #[test]
    fn an_outcome_that_only_p_allows() {
        let (p, q) = ([0.9, 0.1, 0.0], [1.0, 0.0, 0.0]);
        assert_eq!(max_log_ratio(&p, &q), f64::INFINITY);
        assert_eq!(renyi_divergence(&p, &q, 2.0), f64::INFINITY);
        assert_relative_eq!(hockey_stick(&p, &q, 1.0), 0.1, max_relative = 1e-12);
    }
}
