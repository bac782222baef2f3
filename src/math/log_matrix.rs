//! Matrix scaling in the logarithmic domain, the step that Sinkhorn's algorithm and its relatives share.

use nalgebra::{DMatrix, DVector};

use crate::math::exp::Real;

/// A positive matrix kept as its logarithm, so that no entry is ever lost to underflow, with its values.
#[derive(Debug, Clone)]
pub(crate) struct LogMatrix {
    logarithms: DMatrix<f64>,
    values: DMatrix<f64>,
    /// Two numbers a row, for [`rescale_rows`](Self::rescale_rows).
    shifts: Vec<f64>,
    sums: Vec<f64>,
}

impl LogMatrix {
    /// The outer product of two positive vectors.
    pub(crate) fn product(rows: &DVector<f64>, columns: &DVector<f64>) -> Self {
        let logarithms = DMatrix::from_fn(rows.len(), columns.len(), |i, j| rows[i].ln() + columns[j].ln());
        let per_row = vec![0.0; rows.len()];
        Self { logarithms, values: rows * columns.transpose(), shifts: per_row.clone(), sums: per_row }
    }

    pub(crate) fn values(&self) -> &DMatrix<f64> {
        &self.values
    }

    /// Multiplies entry by entry by exp(−s·(G − low)/range), with finite s; the values wait for the
    /// rescaling that must follow. Taking `low` off first changes nothing after rescaling, except that
    /// a large constant in the gradient cannot drown its differences.
    pub(crate) fn tilt(&mut self, s: f64, gradient: &DMatrix<f64>, low: f64, range: f64) {
        self.logarithms.zip_apply(gradient, |logarithm, slope| *logarithm -= s * ((slope - low) / range));
    }

    /// Scales every row to its mass: the relative-entropy projection onto {X1 = a}. O(mn).
    pub(crate) fn rescale_rows(&mut self, masses: &DVector<f64>) {
        let rows = masses.len();
        let Self { logarithms, values, shifts, sums } = self;
        // A row's largest logarithm comes off before the exponential: nothing overflows.
        shifts.fill(f64::NEG_INFINITY);
        for column in logarithms.as_slice().chunks_exact(rows) {
            shifts.iter_mut().zip(column).for_each(|(shift, &logarithm)| *shift = shift.max(logarithm));
        }
        sums.fill(0.0);
        let columns =
            values.as_mut_slice().chunks_exact_mut(rows).zip(logarithms.as_slice().chunks_exact(rows));
        for (values, logarithms) in columns {
            for (i, (value, logarithm)) in values.iter_mut().zip(logarithms).enumerate() {
                *value = (logarithm - shifts[i]).exp_nonpositive();
                sums[i] += *value;
            }
        }
        for ((shift, sum), mass) in shifts.iter_mut().zip(sums.iter_mut()).zip(masses.iter()) {
            *sum = mass / *sum;
            *shift -= sum.ln();
        }
        let columns = values
            .as_mut_slice()
            .chunks_exact_mut(rows)
            .zip(logarithms.as_mut_slice().chunks_exact_mut(rows));
        for (values, logarithms) in columns {
            values.iter_mut().zip(sums.iter()).for_each(|(value, factor)| *value *= factor);
            logarithms.iter_mut().zip(shifts.iter()).for_each(|(logarithm, shift)| *logarithm -= shift);
        }
    }

    /// Scales every column to its mass: the relative-entropy projection onto {Xᵀ1 = b}. O(mn).
    pub(crate) fn rescale_columns(&mut self, masses: &DVector<f64>) {
        let rows = self.sums.len();
        let values = self.values.as_mut_slice().chunks_exact_mut(rows);
        let logarithms = self.logarithms.as_mut_slice().chunks_exact_mut(rows);
        for ((values, logarithms), &mass) in values.zip(logarithms).zip(masses.iter()) {
            rescale(values, logarithms, mass);
        }
    }

    /// Scales everything to total mass 1, and ignores the marginals.
    pub(crate) fn rescale_total(&mut self) {
        rescale(self.values.as_mut_slice(), self.logarithms.as_mut_slice(), 1.0);
    }
}

/// Shifts the logarithms so that their exponentials, which become the values, have this sum.
fn rescale(values: &mut [f64], logarithms: &mut [f64], mass: f64) {
    let peak = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for (value, logarithm) in values.iter_mut().zip(logarithms.iter()) {
        *value = (logarithm - peak).exp_nonpositive();
        sum += *value;
    }
    let factor = mass / sum;
    let shift = peak - factor.ln();
    values.iter_mut().for_each(|value| *value *= factor);
    logarithms.iter_mut().for_each(|logarithm| *logarithm -= shift);
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::{dmatrix, dvector};

    #[test]
    fn scaling_meets_its_masses_far_below_the_smallest_float() {
        let (rows, columns) = (dvector![0.25, 0.75], dvector![0.5, 0.3, 0.2]);
        let mut matrix = LogMatrix::product(&rows, &columns);
        let slope = dmatrix![1.0, 0.0, 0.5; 1.0, 1.0, 0.5];
        for _ in 0..3 {
            matrix.tilt(1e4, &slope, 0.0, 1.0);
            matrix.rescale_rows(&rows);
            assert!((matrix.values().column_sum() - &rows).amax() < 1e-15);
            matrix.rescale_columns(&columns);
            assert!((matrix.values().row_sum_tr() - &columns).amax() < 1e-15);
        }
        matrix.tilt(1e4, &slope, 0.0, 1.0);
        matrix.rescale_total();
        assert!((matrix.values().sum() - 1.0).abs() < 1e-15);
    }
}
