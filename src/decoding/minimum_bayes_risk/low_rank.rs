//! Probabilistic minimum-Bayes-risk decoding: complete the matrix of utilities from a few entries.

use nalgebra::{Cholesky, DMatrix, DVector};
use rand::{Rng, RngExt, seq::index};

use crate::{Result, error};

/// Alternating least squares for a matrix known in part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Completion {
    rank: usize,
    ridge: f64,
    sweeps: usize,
}

/// An observed entry: row, column, value.
pub type Entry = (usize, usize, f64);

/// ⌈rows·columns/`reduction`⌉ entries drawn without replacement, with their utilities.
///
/// # Errors
/// If `rows` or `columns` is zero, `reduction` is below 1 or not finite, or a utility is not finite.
pub fn observe(
    rows: usize,
    columns: usize,
    reduction: f64,
    mut utility: impl FnMut(usize, usize) -> f64,
    rng: &mut dyn Rng,
) -> Result<Vec<Entry>> {
    let cells = error::at_least_one("rows", rows)? * error::at_least_one("columns", columns)?;
    if !(reduction >= 1.0 && reduction.is_finite()) {
        let requirement = "at least 1 and finite";
        return Err(crate::Error::OutOfRange { name: "reduction", value: reduction, requirement });
    }
    let count = (cells as f64 / reduction).ceil() as usize;
    let entry = |cell: usize| {
        let (row, column) = (cell / columns, cell % columns);
        error::finite("utility", utility(row, column)).map(|value| (row, column, value))
    };
    index::sample(rng, cells, count.min(cells)).into_iter().map(entry).collect()
}

impl Completion {
    /// Factors of the given rank, a ridge on their entries, at most `sweeps` rounds over both. The library's
    /// ridge is 0.1 and its sweeps 10.
    ///
    /// # Errors
    /// If `rank` or `sweeps` is zero, or `ridge` is not positive and finite.
    pub fn new(rank: usize, ridge: f64, sweeps: usize) -> Result<Self> {
        error::at_least_one("rank", rank)?;
        error::at_least_one("sweeps", sweeps)?;
        Ok(Self { rank, ridge: error::positive("ridge", ridge)?, sweeps })
    }

    /// The row means of the completed matrix: the estimated expected utility of each hypothesis.
    ///
    /// # Errors
    /// If `rows` or `columns` is zero, an entry lies outside, or a value is not finite or so large that the
    /// factors are not.
    pub fn row_means(
        &self,
        rows: usize,
        columns: usize,
        entries: &[Entry],
        rng: &mut dyn Rng,
    ) -> Result<Vec<f64>> {
        error::at_least_one("rows", rows)?;
        error::at_least_one("columns", columns)?;
        let (mut by_row, mut by_column) = (vec![Vec::new(); rows], vec![Vec::new(); columns]);
        for &(row, column, value) in entries {
            if row >= rows || column >= columns {
                return Err(crate::Error::Invalid { name: "entries", requirement: "must lie in the matrix" });
            }
            error::finite("utility", value)?;
            by_row[row].push((column, value));
            by_column[column].push((row, value));
        }
        let mut start = |n: usize| {
            let scale = 1.0 / ((n * self.rank) as f64).sqrt();
            DMatrix::from_fn(self.rank, n, |_, _| rng.random::<f64>() * scale)
        };
        let (mut x, mut y) = (start(rows), start(columns));
        for _ in 0..self.sweeps {
            self.refit(&mut x, &y, &by_row);
            self.refit(&mut y, &x, &by_column);
        }
        let mean = y.column_mean();
        (0..rows).map(|row| error::finite("utility", x.column(row).dot(&mean))).collect()
    }

    /// Ridge regression of each row's known values on the other factor; rows without any become zero.
    fn refit(&self, own: &mut DMatrix<f64>, other: &DMatrix<f64>, known: &[Vec<(usize, f64)>]) {
        for (index, values) in known.iter().enumerate() {
            let mut gram = DMatrix::identity(self.rank, self.rank) * self.ridge;
            let mut right = DVector::zeros(self.rank);
            for &(at, value) in values {
                let factor = other.column(at);
                gram.ger(1.0, &factor, &factor, 1.0);
                right.axpy(value, &factor, 1.0);
            }
            let solution = Cholesky::new(gram).map(|c| c.solve(&right));
            // Without a Cholesky factor the entries have overflowed, which the caller reports.
            own.set_column(index, &solution.unwrap_or_else(|| DVector::repeat(self.rank, f64::NAN)));
        }
    }
}
