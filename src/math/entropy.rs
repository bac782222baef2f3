//! Entropy and mutual information of finite tables, in bits.
//!
//! Everything is built from the summand $\varphi(x) = -x \log_2 x$ with $\varphi(0) = 0$, so zero
//! masses cost nothing and need no special case. Multiply by $\ln 2$ for nats.
//!
//! The functions take masses as they are: a table that sums to $s \neq 1$ gives
//! $\sum_i \varphi(p_i)$, not the entropy of the normalised table. Validate with
//! [`crate::error::distribution`] where the input is a caller's.

use nalgebra::DMatrix;

/// The summand −x·log₂ x of every entropy, zero at x = 0.
///
/// `x` ≥ 0; a negative or NaN mass gives NaN.
pub fn entropy_term(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { -x * x.log2() }
}

/// H(p) = −∑ pᵢ·log₂ pᵢ in bits.
pub fn entropy(masses: &[f64]) -> f64 {
    masses.iter().map(|&mass| entropy_term(mass)).sum()
}

/// The binary entropy h(p) = H(p, 1 − p) in bits, for p in [0, 1].
pub fn binary_entropy(p: f64) -> f64 {
    // ln_1p keeps the second summand exact where 1 − p would round to one.
    entropy_term(p) + if p == 1.0 { 0.0 } else { -(1.0 - p) * (-p).ln_1p() / std::f64::consts::LN_2 }
}

/// I(X;Y) in bits of the joint law `table`, one row per x and one column per y.
///
/// Computed as ∑ p(x,y)·log₂ [p(x,y) / (p(x)·p(y))], which keeps its relative accuracy near
/// independence, unlike H(X) + H(Y) − H(X,Y).
pub fn mutual_information(table: &DMatrix<f64>) -> f64 {
    let rows: Vec<f64> = table.row_iter().map(|row| row.sum()).collect();
    let columns: Vec<f64> = table.column_iter().map(|column| column.sum()).collect();
    let mut information = 0.0;
    for (j, column) in table.column_iter().enumerate() {
        for (&mass, &row) in column.iter().zip(&rows) {
            if mass != 0.0 {
                information += mass * (mass / row / columns[j]).log2();
            }
        }
    }
    information
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn known_values() {
        assert_eq!(entropy(&[0.5, 0.25, 0.25]), 1.5);
        assert_eq!(entropy(&[1.0, 0.0]), 0.0);
        assert_relative_eq!(binary_entropy(0.11), 0.499_915_958_164_528_5, max_relative = 1e-12);
        assert_eq!((binary_entropy(0.0), binary_entropy(0.5), binary_entropy(1.0)), (0.0, 1.0, 0.0));
        // h(p) → p·log₂(e/p) for tiny p, where 1 − p rounds to one.
        let p = 1e-30f64;
        assert_relative_eq!(binary_entropy(p), p * (1f64.exp() / p).log2(), max_relative = 1e-12);
    }

    #[test]
    fn information_of_a_product_a_copy_and_a_binary_channel() {
        let product = DMatrix::from_fn(2, 3, |i, j| [0.3, 0.7][i] * [0.2, 0.5, 0.3][j]);
        assert!(mutual_information(&product).abs() < 1e-15);
        let copy = DMatrix::from_diagonal(&nalgebra::dvector![0.5, 0.25, 0.25]);
        assert_eq!(mutual_information(&copy), 1.5);
        let flip = nalgebra::dmatrix![0.445, 0.055; 0.055, 0.445];
        assert_relative_eq!(mutual_information(&flip), 1.0 - binary_entropy(0.11), max_relative = 1e-12);
    }
}
