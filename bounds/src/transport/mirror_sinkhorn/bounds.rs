//! The bounds, as functions of numbers.

/// B·√(2D/T): the optimality gap of the average of T rounds with the step √(2D/T)/B, before rounding.
///
/// Derived: KL(X, ·) falls by γ⟨G_t, X_t − X⟩ − γ²B²/2 a round for every coupling X, the half-projections only
/// help (Pythagoras), and KL(X, abᵀ) ≤ D. For range B > 0, information D ≥ 0 and T ≥ 1 rounds.
pub fn gap(range: f64, information: f64, rounds: f64) -> f64 {
    range * (2.0 * information / rounds).sqrt()
}

/// B·√(2DT): the regret of the same play against every fixed coupling, when costs arrive one by one.
pub fn regret(range: f64, information: f64, rounds: f64) -> f64 {
    gap(range, information, rounds) * rounds
}

/// B·√(D/2)·(1 + Σ 1/t)/Σ 1/√t: the gap of the weighted average with the steps √(2D/t)/B, derived as [`gap`].
/// About B·√(D/8T)·ln T.
pub fn anytime_gap(range: f64, information: f64, rounds: f64) -> f64 {
    let (mut harmonic, mut roots) = (0.0, 0.0);
    for t in 1..=rounds as u64 {
        harmonic += 1.0 / t as f64;
        roots += 1.0 / (t as f64).sqrt();
    }
    range * (information / 2.0).sqrt() * (1.0 + harmonic) / roots
}

/// (√2 + (1 + √13)/√2)·√(D/T) ≈ 4.671·√(D/T): the L1 marginal error of the average, exact gradients.
///
/// Derived. Let e_t be the marginal error of X_t and K_t the relative entropy by which round t's
/// half-projection helps. Summing the potential with these, and with f(X⋆) ≤ f(X_t) + B·e_t/2 (rounding X_t
/// moves at most e_t/2): Σ K_t ≤ 2D + (γB/2)·Σ e_t. By Pinsker e_t ≤ √(2K_t) + γB, as the mirror step changes
/// a marginal by at most γB. So with γB = √(2D/T) and S = Σ K_t, S ≤ 3D + √(D·S), √S ≤ √D·(1 + √13)/2, and the
/// mean of the e_t is at most √(2S/T) + γB.
pub fn marginal_error(information: f64, rounds: f64) -> f64 {
    let root = std::f64::consts::SQRT_2;
    (root + (1.0 + 13f64.sqrt()) / root) * (information / rounds).sqrt()
}

/// gap + B·e/2: the gap after rounding an average whose marginal error is e, since rounding moves at most e/2 of
/// the mass (proved; see `Polytope::round`).
pub fn rounded_gap(range: f64, gap: f64, marginal_error: f64) -> f64 {
    gap + range * marginal_error / 2.0
}

/// How much better than Sinkhorn at η = 0.1 the rounded answer is after T rounds: 0.4·√(6400/T). Ours, measured.
pub fn advantage(rounds: f64) -> f64 {
    0.4 * (6400.0 / rounds).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(gap(3.0, 2.0, 16.0), 1.5, max_relative = 1e-12);
        assert_relative_eq!(regret(3.0, 2.0, 16.0), 24.0, max_relative = 1e-12);
        // T = 1: √(D/2)·2, as with the horizon known: √(2D).
        assert_relative_eq!(anytime_gap(3.0, 2.0, 1.0), gap(3.0, 2.0, 1.0), max_relative = 1e-12);
        // T = 4: (1 + 25/12)/(1 + 1/√2 + 1/√3 + 1/2).
        let roots = 1.5 + 0.5f64.sqrt() + (1.0 / 3.0f64).sqrt();
        assert_relative_eq!(anytime_gap(1.0, 2.0, 4.0), 37.0 / 12.0 / roots, max_relative = 1e-12);
        // √2 + (1 + √13)/√2, by hand to sixteen digits.
        assert_relative_eq!(marginal_error(1.0, 1.0), CONSTANT, max_relative = 1e-12);
        assert_relative_eq!(marginal_error(4.0, 100.0), 0.2 * CONSTANT, max_relative = 1e-12);
        assert_relative_eq!(rounded_gap(4.0, 0.5, 0.25), 1.0, max_relative = 1e-12);
        assert_relative_eq!(advantage(6400.0), 0.4, max_relative = 1e-12);
        assert_relative_eq!(advantage(1600.0), 0.8, max_relative = 1e-12);
    }

    const CONSTANT: f64 = 4.670_830_100_356_035;

    quickcheck! {
        fn four_times_the_rounds(range: u8, information: u8, rounds: u16) -> bool {
            let (range, information) = (f64::from(range) + 1.0, f64::from(information));
            let rounds = f64::from(rounds) + 1.0;
            gap(range, information, 4.0 * rounds) * 2.0 == gap(range, information, rounds)
                && regret(range, information, 4.0 * rounds) == 2.0 * regret(range, information, rounds)
                && marginal_error(information, 4.0 * rounds) * 2.0 == marginal_error(information, rounds)
        }

        fn not_knowing_the_horizon_never_helps_the_bound(information: u8, rounds: u16) -> bool {
            let (information, rounds) = (f64::from(information) + 1.0, f64::from(rounds % 2000) + 1.0);
            let ratio = anytime_gap(2.0, information, rounds) / gap(2.0, information, rounds);
            ratio >= 1.0 - 1e-12 && ratio <= 1.0 + rounds.ln() / 2.0
        }

        fn a_single_point_has_no_gap(range: u8, rounds: u16) -> bool {
            let (range, rounds) = (f64::from(range) + 1.0, f64::from(rounds) + 1.0);
            gap(range, 0.0, rounds) == 0.0 && marginal_error(0.0, rounds) == 0.0
        }
    }
}
