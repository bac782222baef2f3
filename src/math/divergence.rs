//! Divergences between distributions on a finite alphabet, in nats.

/// Kullback–Leibler divergence Σ p ln(p/q): 0 when p = q, +∞ when q misses a symbol that p has.
///
/// Summed in the form Σ (p ln(p/q) − p + q), whose every term is non-negative, so that rounding
/// cannot make the divergence of two close distributions negative. The slices must have the same
/// length and each must sum to one.
pub fn kullback_leibler(p: &[f64], q: &[f64]) -> f64 {
    debug_assert_eq!(p.len(), q.len());
    p.iter().zip(q).map(|(&p, &q)| kullback_leibler_term(p, q)).sum()
}

/// One term p ln(p/q) − p + q of [`kullback_leibler`], never negative.
fn kullback_leibler_term(p: f64, q: f64) -> f64 {
    if p == 0.0 {
        return q;
    }
    // With u = (q - p)/p the term is p (u - ln(1 + u)): nothing cancels when q is close to p.
    let u = (q - p) / p;
    if u.abs() < 0.5 { p * (u - u.ln_1p()).max(0.0) } else { q - p + p * (p.ln() - q.ln()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_forms() {
        assert_eq!(kullback_leibler(&[0.3, 0.7], &[0.3, 0.7]), 0.0);
        assert_eq!(kullback_leibler(&[0.5, 0.5], &[0.0, 1.0]), f64::INFINITY);
        approx::assert_relative_eq!(
            kullback_leibler(&[0.0, 1.0], &[0.5, 0.5]),
            2f64.ln(),
            max_relative = 1e-15
        );
        let direct = 0.2 * (0.2f64 / 0.6).ln() + 0.8 * (0.8f64 / 0.4).ln();
        approx::assert_relative_eq!(kullback_leibler(&[0.2, 0.8], &[0.6, 0.4]), direct, max_relative = 1e-14);
    }

    #[test]
    fn close_and_extreme_arguments() {
        // Two coins 1e-9 apart: (1e-9)²/(2p(1-p)), which the plain sum loses entirely.
        let (p, q) = (0.5, 0.5 + 1e-9);
        approx::assert_relative_eq!(
            kullback_leibler(&[p, 1.0 - p], &[q, 1.0 - q]),
            2e-18,
            max_relative = 1e-6
        );
        assert!(kullback_leibler(&[1e-320, 1.0], &[1.0, 1e-320]).is_finite());
    }
}
