//! Random and fast orthogonal transforms.

use nalgebra::DMatrix;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// A uniformly distributed n × m matrix with orthonormal columns (m ≤ n; Haar measure when m = n).
///
/// The Q of a Gaussian matrix, with the signs that make the diagonal of R positive: without them the
/// law depends on the factorisation's sign convention. O(n m²).
pub fn haar_columns(n: usize, m: usize, rng: &mut dyn Rng) -> DMatrix<f64> {
    debug_assert!(m <= n);
    let qr = DMatrix::<f64>::from_fn(n, m, |_, _| rng.sample(StandardNormal)).qr();
    let mut q = qr.q();
    for (mut column, r) in q.column_iter_mut().zip(qr.r().diagonal().iter()) {
        if *r < 0.0 {
            column.neg_mut();
        }
    }
    q
}

/// Multiplies by the orthonormal Walsh–Hadamard matrix in place, O(n log n). The length must be a
/// power of two.
pub fn walsh_hadamard(values: &mut [f64]) {
    let n = values.len();
    debug_assert!(n.is_power_of_two());
    let mut half = 1;
    while half < n {
        for block in values.chunks_exact_mut(2 * half) {
            let (left, right) = block.split_at_mut(half);
            for (a, b) in left.iter_mut().zip(right) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
    }
    let scale = 1.0 / (n as f64).sqrt();
    values.iter_mut().for_each(|value| *value *= scale);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn haar_columns_are_orthonormal() {
        let q = haar_columns(7, 4, &mut rand_pcg::Pcg64::new(1, 1));
        assert!((q.transpose() * &q - DMatrix::identity(4, 4)).norm() < 1e-13);
    }

    #[test]
    fn walsh_hadamard_is_an_involution() {
        let mut values = [1.0, -2.0, 0.5, 4.0];
        walsh_hadamard(&mut values);
        assert_eq!(values, [1.75, -0.25, -2.75, 3.25]);
        walsh_hadamard(&mut values);
        assert_eq!(values, [1.0, -2.0, 0.5, 4.0]);
    }
}
