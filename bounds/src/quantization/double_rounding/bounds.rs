//! The bounds, as functions of numbers.

/// (1 + 3·4^(−Δ))/12: the mean square of Ŵ_l − W in units of the narrow step, for W uniform over whole periods
/// and Δ ≥ 1.
///
/// Derived: the first rounding error is uniform, 1/12 in units of s_h², and independent of the residue of W_h
/// modulo 2^Δ; to that is added [`second_rounding_error`], and 4^Δ units of s_h² are one of s_l².
pub fn mean_square(delta: f64) -> f64 {
    (1.0 + 3.0 * 4_f64.powf(-delta)) / 12.0
}

/// (4^Δ + 2)/12: the mean square of 2^Δ·W_l − W_h over whole periods of codes, in units of s_h², Δ ≥ 1.
///
/// Derived: the residues −2^(Δ−1) < r ≤ 2^(Δ−1) are equally frequent.
pub fn second_rounding_error(delta: f64) -> f64 {
    (4_f64.powf(delta) + 2.0) / 12.0
}

/// The mean of 2^Δ·W_l − W_h over two periods of codes in units of s_h: 0 with ties to even, 1/2 with ties
/// upwards, −(2^Δ − 1)/2 when truncating. Derived: all residues but the tie are paired.
pub fn bias_of_truncation(delta: f64) -> f64 {
    -(delta.exp2() - 1.0) / 2.0
}

/// How many of the 256 codes of 8 bits change when narrowed to l bits over m bits instead of at once. Enumerated
/// with another program, by rounding rational numbers.
pub const PATHS: [(u32, u32, usize); 15] = [
    (6, 4, 30),
    (6, 5, 31),
    (6, 3, 14),
    (6, 2, 6),
    (5, 4, 45),
    (5, 3, 28),
    (5, 2, 12),
    (4, 3, 49),
    (4, 2, 24),
    (3, 2, 45),
    (7, 6, 0),
    (7, 5, 31),
    (7, 4, 15),
    (7, 3, 7),
    (7, 2, 3),
];

/// 1/n for a layer below the mean trace, else b_i/Σb (Algorithm 1).
pub fn roulette_probability(bits: &[u32], index: usize, sensitive: bool) -> f64 {
    match sensitive {
        false => 1.0 / bits.len() as f64,
        true => f64::from(bits[index]) / f64::from(bits.iter().sum::<u32>()),
    }
}

/// λ_b of Equations 6 and 7, from the mean over the layers of the largest clipped gradient. For Δ ≤ 6.
pub fn learning_rate(lambda: f64, delta: u32, mean: f64) -> f64 {
    let eta = [1.0, 0.5, 0.1, 0.05, 0.01, 0.005, 0.001][delta as usize];
    eta * (lambda - mean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use quickcheck::quickcheck;

    #[test]
    fn values_by_hand() {
        assert_relative_eq!(mean_square(1.0), 7.0 / 48.0, max_relative = 1e-12);
        assert_relative_eq!(mean_square(2.0), 19.0 / 192.0, max_relative = 1e-12);
        let errors = [0.5, 1.5, 5.5, 21.5, 85.5, 341.5];
        for (delta, error) in (1..).zip(errors) {
            assert_eq!(second_rounding_error(f64::from(delta)), error);
        }
        assert_eq!([1.0, 2.0, 6.0].map(bias_of_truncation), [-0.5, -1.5, -31.5]);
        assert_eq!(roulette_probability(&[2, 4, 6, 8], 3, true), 0.4);
        assert_eq!(roulette_probability(&[2, 4, 6, 8], 3, false), 0.25);
        assert_relative_eq!(learning_rate(0.5, 2, 0.1), 0.04, max_relative = 1e-12);
        assert_relative_eq!(learning_rate(5e-4, 1, 0.25), -0.12475, max_relative = 1e-12);
    }

    quickcheck! {
        fn the_error_falls_to_that_of_one_rounding(delta: u8) -> bool {
            let delta = f64::from(delta % 20);
            mean_square(delta) > mean_square(delta + 1.0) && mean_square(delta + 1.0) > 1.0 / 12.0
        }

        fn both_errors_agree(delta: u8) -> bool {
            let delta = f64::from(delta % 20);
            let both = (second_rounding_error(delta) + 1.0 / 12.0) / 4f64.powf(delta);
            (both / mean_square(delta) - 1.0).abs() < 1e-12
        }

        fn roulette_probabilities_sum_to_one(bits: Vec<u8>, sensitive: bool) -> bool {
            let bits: Vec<u32> = bits.into_iter().map(|b| u32::from(b) + 1).collect();
            let sum: f64 = (0..bits.len()).map(|i| roulette_probability(&bits, i, sensitive)).sum();
            bits.is_empty() || (sum - 1.0).abs() < 1e-12
        }
    }
}
