//! The face of the cone in which the slack matrix must lie.
//!
//! Where gradients can be shifted by a vector that is orthogonal to every point and nothing changes, worst cases may
//! be shifted without end: the primal optima are unbounded, and no slack matrix is positive definite. Every feasible S
//! then has S u = 0 for the shift u. Interior-point methods fail there; so these equations are added to those of the
//! multipliers, and S is required to be positive semidefinite on the other basis vectors, which is the same.

use num_rational::BigRational;
use num_traits::{One, Zero};

use super::class::Shift;
use super::expression::{Scalar, Vector};
use super::{Inequality, Problem};

/// A matrix of rationals, by rows.
pub(super) type Rows = Vec<Vec<BigRational>>;

/// Gauss–Jordan elimination over the first `columns` columns; returns the pivots, one for each of the first rows.
pub(super) fn eliminate(rows: &mut Rows, columns: usize) -> Vec<usize> {
    let mut pivots = Vec::new();
    for column in 0..columns {
        let done = pivots.len();
        let Some(found) = (done..rows.len()).find(|&i| !rows[i][column].is_zero()) else { continue };
        rows.swap(done, found);
        let inverse = rows[done][column].recip();
        rows[done].iter_mut().filter(|a| !a.is_zero()).for_each(|a| *a *= &inverse);
        let pivot = rows[done].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(i, row)| *i != done && !row[column].is_zero()) {
            let factor = row[column].clone();
            for (a, p) in row.iter_mut().zip(&pivot).filter(|(_, p)| !p.is_zero()) {
                *a -= &factor * p;
            }
        }
        pivots.push(column);
    }
    pivots
}

/// A basis of the shifts u, and the basis vectors on which S may be positive definite.
pub(super) fn shifts(problem: &Problem, inequalities: &[Inequality]) -> (Rows, Vec<usize>) {
    let n = problem.vectors;
    let columns = n + problem.members.len();
    // Unknowns: the shift of every basis vector, then the common shift of every member.
    let mut conditions: Rows = Vec::new();
    let row = |vector: &Vector| -> Vec<BigRational> {
        (0..columns).map(|j| if j < n { vector.coefficient(j) } else { BigRational::zero() }).collect()
    };
    for (number, (class, evaluations)) in problem.members.iter().enumerate() {
        for evaluation in evaluations {
            conditions.push(row(&evaluation.point));
            if class.shift() != Shift::Any {
                let mut gradient = row(&evaluation.gradient);
                if class.shift() == Shift::Common {
                    gradient[n + number] = -BigRational::one();
                }
                conditions.push(gradient);
            }
        }
    }
    let pivots = eliminate(&mut conditions, columns);
    let free: Vec<usize> = (0..columns).filter(|column| !pivots.contains(column)).collect();
    let kernel = free.iter().map(|&column| {
        let mut u = vec![BigRational::zero(); columns];
        u[column] = BigRational::one();
        for (row, &pivot) in conditions.iter().zip(&pivots) {
            u[pivot] = -&row[column];
        }
        u.truncate(n);
        u
    });
    let mut basis: Rows = kernel.collect();
    let dropped = eliminate(&mut basis, n);
    basis.truncate(dropped.len());
    // What was required or asked for may see a shift after all.
    let sees = |scalar: &Scalar| basis.iter().any(|u| basis.iter().any(|v| !form(scalar, u, v).is_zero()));
    if inequalities.iter().map(|i| &i.expression).chain([&problem.performance]).any(sees) {
        return (Vec::new(), (0..n).collect());
    }
    (basis, (0..n).filter(|j| !dropped.contains(j)).collect())
}

/// uᵀAv for the symmetric matrix A of a scalar's Gram part, twice.
fn form(scalar: &Scalar, u: &[BigRational], v: &[BigRational]) -> BigRational {
    scalar.gram.iter().map(|(&(i, j), a)| a * (&u[i] * &v[j] + &u[j] * &v[i])).sum()
}

/// A u for the symmetric matrix A of a scalar's Gram part, twice.
pub(super) fn image(scalar: &Scalar, u: &[BigRational]) -> Vec<BigRational> {
    let mut out = vec![BigRational::zero(); u.len()];
    for (&(i, j), a) in &scalar.gram {
        out[i] += a * &u[j];
        out[j] += a * &u[i];
    }
    out
}
