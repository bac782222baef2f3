use nalgebra::{Cholesky, DMatrix, DVector};

use crate::math::vector::norm;
use crate::{Error, Result, error};

/// After so many iterations the solver gives up.
const MOST_ITERATIONS: usize = 1_000_000;

/// A symmetric positive definite matrix A = D + L + Lᵀ, kept by rows without its zeros.
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    diagonal: Vec<f64>,
    /// The entries of row i are those of index `starts[i]..starts[i + 1]`, the ones below the diagonal first.
    starts: Vec<usize>,
    columns: Vec<usize>,
    values: Vec<f64>,
}

impl System {
    /// The system of a matrix. O(n³): positive definiteness is decided by a Cholesky factorisation.
    ///
    /// # Errors
    /// The matrix is empty, not square, not finite, not symmetric or not positive definite.
    pub fn new(matrix: &DMatrix<f64>) -> Result<Self> {
        error::finite_slice("matrix", matrix.as_slice())?;
        error::same_size("matrix", matrix.nrows(), matrix.ncols())?;
        if *matrix != matrix.transpose() || Cholesky::new(matrix.clone()).is_none() {
            let requirement = "must be symmetric and positive definite";
            return Err(Error::Invalid { name: "matrix", requirement });
        }
        let n = matrix.nrows();
        let mut system = Self {
            diagonal: matrix.diagonal().iter().copied().collect(),
            starts: vec![0],
            columns: Vec::new(),
            values: Vec::new(),
        };
        for i in 0..n {
            for j in (0..n).filter(|&j| j != i && matrix[(i, j)] != 0.0) {
                system.columns.push(j);
                system.values.push(matrix[(i, j)]);
            }
            system.starts.push(system.columns.len());
        }
        Ok(system)
    }

    /// The tridiagonal matrix of −1, 2 + `shift`, −1: a Laplacian on a line of `n` points, plus `shift`·I.
    ///
    /// # Errors
    /// `n` is zero, or `shift` is negative or not finite.
    pub fn line(n: usize, shift: f64) -> Result<Self> {
        error::at_least_one("n", n)?;
        error::non_negative("shift", shift)?;
        Self::new(&DMatrix::from_fn(n, n, |i, j| match i.abs_diff(j) {
            0 => 2.0 + shift,
            1 => -1.0,
            _ => 0.0,
        }))
    }

    /// The five-point Laplacian on a square of `side`² points, plus `shift`·I.
    ///
    /// # Errors
    /// `side` is zero, or `shift` is negative or not finite.
    pub fn square(side: usize, shift: f64) -> Result<Self> {
        error::at_least_one("side", side)?;
        error::non_negative("shift", shift)?;
        let n = side * side;
        Self::new(&DMatrix::from_fn(n, n, |i, j| {
            match (i / side).abs_diff(j / side) + (i % side).abs_diff(j % side) {
                0 => 4.0 + shift,
                1 => -1.0,
                _ => 0.0,
            }
        }))
    }

    /// The number of unknowns, at least one.
    pub fn dim(&self) -> usize {
        self.diagonal.len()
    }

    /// The matrix in full.
    pub fn matrix(&self) -> DMatrix<f64> {
        let mut matrix = DMatrix::from_diagonal(&DVector::from_column_slice(&self.diagonal));
        for i in 0..self.dim() {
            for (j, value) in self.row(i) {
                matrix[(i, j)] = value;
            }
        }
        matrix
    }

    /// C_ω = I − A(D/ω + L)⁻¹: what one iteration does to the residual.
    ///
    /// # Errors
    /// `omega` is not strictly between 0 and 2.
    pub fn iteration_matrix(&self, omega: f64) -> Result<DMatrix<f64>> {
        relaxation("omega", omega)?;
        let a = self.matrix();
        let mut lower = a.lower_triangle();
        (0..self.dim()).for_each(|i| lower[(i, i)] /= omega);
        // A·M⁻¹ is the transpose of the solution X of MᵀX = Aᵀ = A. Positive diagonals make it solvable.
        let solved = lower.transpose().solve_upper_triangular(&a);
        let requirement = "must have a positive diagonal";
        let quotient = solved.ok_or(Error::Invalid { name: "matrix", requirement })?.transpose();
        Ok(DMatrix::identity(self.dim(), self.dim()) - quotient)
    }

    /// The entries off the diagonal of row `i`, with their columns.
    fn row(&self, i: usize) -> impl Iterator<Item = (usize, f64)> {
        let range = self.starts[i]..self.starts[i + 1];
        self.columns[range.clone()].iter().copied().zip(self.values[range].iter().copied())
    }
}

/// Refuses everything outside the open interval (0, 2), on which successive over-relaxation converges.
pub(super) fn relaxation(name: &'static str, omega: f64) -> Result<f64> {
    if omega > 0.0 && omega < 2.0 {
        return Ok(omega);
    }
    Err(Error::OutOfRange { name, value: omega, requirement: "strictly between 0 and 2" })
}

/// What the solver found, and its cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Solved {
    /// The approximate solution.
    pub x: Vec<f64>,
    /// The iterations, at least one: the cost SOR(ω).
    pub iterations: usize,
}

/// Successive over-relaxation from x = 0 until ‖b − Ax‖ ≤ `epsilon`·‖b‖. O(entries of A) an iteration.
///
/// # Errors
/// `b` has another size than the system, is not finite, or has a norm outside [10⁻¹⁰⁰, 10¹⁰⁰] but not zero, `omega` is not in (0, 2), `epsilon` is not in (0, 1), or
/// a million iterations do not suffice.
pub fn sor(system: &System, b: &[f64], omega: f64, epsilon: f64) -> Result<Solved> {
    error::same_size("b", system.dim(), b.len())?;
    error::finite_slice("b", b)?;
    relaxation("omega", omega)?;
    error::open_unit("epsilon", epsilon)?;
    let size = norm(b);
    if b.iter().any(|entry| *entry != 0.0) && !(1e-100..=1e100).contains(&size) {
        // Squares would over- or underflow, and the first residual would seem small enough.
        return Err(Error::OutOfRange {
            name: "b",
            value: size,
            requirement: "zero or of norm in [1e-100, 1e100]",
        });
    }
    let target = epsilon * size;
    let mut x = vec![0.0; b.len()];
    let mut z = vec![0.0; b.len()];
    let mut residual = b.to_vec();
    for iterations in 1..=MOST_ITERATIONS {
        // (D/ω + L)z = r, row by row from the top; then x += z.
        for i in 0..z.len() {
            let below: f64 = system.row(i).take_while(|&(j, _)| j < i).map(|(j, value)| value * z[j]).sum();
            z[i] = (residual[i] - below) * omega / system.diagonal[i];
            x[i] += z[i];
        }
        for (i, r) in residual.iter_mut().enumerate() {
            let others: f64 = system.row(i).map(|(j, value)| value * x[j]).sum();
            *r = b[i] - system.diagonal[i] * x[i] - others;
        }
        if norm(&residual) <= target {
            return Ok(Solved { x, iterations });
        }
    }
    Err(Error::NotConverged { name: "successive over-relaxation", steps: MOST_ITERATIONS })
}
