//! Minimum-norm least squares.

use nalgebra::{DMatrix, DVector};

/// Below this ratio of the smallest to the largest diagonal entry of R, the rank is judged by the
/// singular values instead.
const SAFE_DIAGONAL: f64 = 1e-6;

/// The solution of smallest norm among the minimisers of ‖a·x − b‖, which is a⁺b.
///
/// A QR factorisation of the matrix or of its transpose serves when the matrix has full rank; when
/// the diagonal of R leaves that in doubt, singular values below (rows + columns)·ε·σ₁ count as zero.
/// Costs O(rows·columns·min(rows, columns)). All entries must be finite and `b` as long as `a` has
/// rows; the result is finite unless it overflows.
pub fn minimum_norm(a: &DMatrix<f64>, b: &DVector<f64>) -> DVector<f64> {
    debug_assert_eq!(a.nrows(), b.len());
    let (scale, size) = (a.amax(), b.amax());
    if scale == 0.0 || size == 0.0 {
        return DVector::zeros(a.ncols());
    }
    // Entries near the ends of the range would over- or underflow in norms.
    let (a, b) = (a / scale, b / size);
    by_factorisation(&a, &b).unwrap_or_else(|| by_singular_values(&a, &b)) * (size / scale)
}

/// `None` if the rank is in doubt.
fn by_factorisation(a: &DMatrix<f64>, b: &DVector<f64>) -> Option<DVector<f64>> {
    let (rows, columns) = a.shape();
    let wide = rows < columns;
    let qr = if wide { a.transpose().qr() } else { a.clone().qr() };
    let r = qr.r();
    let diagonal = r.diagonal().abs();
    let full_rank = diagonal.min() > SAFE_DIAGONAL * diagonal.max();
    if !full_rank {
        return None;
    }
    if wide {
        // aᵀ = QR, so a x = Rᵀ Qᵀ x = b is solved by x = Q R⁻ᵀ b, which lies in the row space.
        Some(qr.q() * r.tr_solve_upper_triangular(b)?)
    } else {
        let mut rotated = b.clone();
        qr.q_tr_mul(&mut rotated);
        r.solve_upper_triangular(&rotated.rows(0, columns).into_owned())
    }
}

fn by_singular_values(a: &DMatrix<f64>, b: &DVector<f64>) -> DVector<f64> {
    let svd = a.clone().svd(true, true);
    let floor = (a.nrows() + a.ncols()) as f64 * f64::EPSILON * svd.singular_values.max();
    svd.solve(b, floor).expect("both singular bases were computed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_roads_agree() {
        let tall = DMatrix::from_row_slice(3, 2, &[1.0, 2.0, 0.5, -1.0, 3.0, 1.0]);
        let b = DVector::from_row_slice(&[1.0, -2.0, 0.5]);
        for (a, b) in [(tall.clone(), b), (tall.transpose(), DVector::from_row_slice(&[1.0, -2.0]))] {
            let difference = minimum_norm(&a, &b) - by_singular_values(&a, &b);
            assert!(difference.norm() < 1e-13);
        }
    }

    #[test]
    fn a_singular_matrix_gives_the_smallest_solution() {
        // x + y = 2, twice: the smallest solution is (1, 1).
        let a = DMatrix::from_element(2, 2, 1.0);
        let x = minimum_norm(&a, &DVector::from_element(2, 2.0));
        assert!((x - DVector::from_element(2, 1.0)).norm() < 1e-14);
        assert_eq!(minimum_norm(&DMatrix::zeros(2, 3), &DVector::from_element(2, 1.0)), DVector::zeros(3));
    }

    #[test]
    fn the_ends_of_the_range() {
        for scale in [f64::MAX, 1e300, 1e-300, f64::MIN_POSITIVE] {
            let a = DMatrix::from_row_slice(2, 2, &[scale, 0.5 * scale, -0.25 * scale, scale]);
            let x = minimum_norm(&a, &DVector::from_row_slice(&[scale, 0.25 * scale]));
            let expected = DVector::from_row_slice(&[7.0 / 9.0, 4.0 / 9.0]);
            assert!((x - expected).norm() < 1e-12, "{scale}");
        }
    }
}
