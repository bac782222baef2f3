//! The assignment problem: a permutation of least total cost.

use nalgebra::DMatrix;

use crate::error::{Error, Result, finite_slice, same_size};

/// A permutation σ that minimises Σᵢ Cᵢ,σ₍ᵢ₎ and that least cost, for a square cost matrix.
///
/// Shortest augmenting paths with dual potentials (Jonker and Volgenant 1987): rows enter one at a time,
/// each along a shortest path in reduced costs. O(n³) time, O(n) memory beside the matrix.
///
/// # Errors
/// If the matrix is empty, not square, or has an entry that is not finite.
pub fn assignment(cost: &DMatrix<f64>) -> Result<(Vec<usize>, f64)> {
    finite_slice("cost", cost.as_slice())?;
    same_size("cost", cost.nrows(), cost.ncols())?;
    let n = cost.nrows();
    // Column n is the artificial start of every path.
    let mut owner = vec![None; n + 1];
    let (mut row_potential, mut column_potential) = (vec![0.0; n], vec![0.0; n + 1]);
    let (mut slack, mut previous, mut settled) = (vec![0.0; n], vec![n; n], vec![false; n + 1]);
    for row in 0..n {
        owner[n] = Some(row);
        slack.fill(f64::INFINITY);
        settled.fill(false);
        let mut column = n;
        // Dijkstra over columns until a free one is reached.
        while let Some(current) = owner[column] {
            settled[column] = true;
            let mut nearest = n;
            let mut step = f64::INFINITY;
            for next in (0..n).filter(|&next| !settled[next]) {
                let reduced = cost[(current, next)] - row_potential[current] - column_potential[next];
                if reduced < slack[next] {
                    slack[next] = reduced;
                    previous[next] = column;
                }
                if slack[next] < step || nearest == n {
                    step = slack[next];
                    nearest = next;
                }
            }
            if !step.is_finite() {
                return Err(Error::Diverged { name: "cost", steps: row });
            }
            for next in 0..=n {
                if settled[next] {
                    if let Some(owner) = owner[next] {
                        row_potential[owner] += step;
                    }
                    column_potential[next] -= step;
                } else {
                    slack[next] -= step;
                }
            }
            column = nearest;
        }
        // Shift the owners back along the path.
        while column != n {
            owner[column] = owner[previous[column]];
            column = previous[column];
        }
    }
    let mut permutation = vec![0; n];
    for (column, row) in owner[..n].iter().enumerate() {
        if let Some(row) = *row {
            permutation[row] = column;
        }
    }
    let total = permutation.iter().enumerate().map(|(row, &column)| cost[(row, column)]).sum();
    Ok((permutation, total))
}
