//! D-optimal experimental designs over groups of points: which points to observe so that no direction stays
//! uncertain.

use nalgebra::{Cholesky, DMatrix, DVectorView};

use crate::{Error, Result, error};

/// A group of points and its mass: a design chooses a law on the points of every group.
#[derive(Debug, Clone, PartialEq)]
pub struct Group<'a> {
    /// How often the group comes up.
    pub mass: f64,
    /// The points, all of one dimension.
    pub points: Vec<&'a [f64]>,
}

/// A law on the points of every group.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    /// `weights[g][i]` is the probability of point i of group g.
    pub weights: Vec<Vec<f64>>,
    /// V = Σ_g mass_g Σ_i w_gi·x xᵀ.
    pub information: DMatrix<f64>,
    /// The dimension of the span of the points of positive mass.
    pub rank: usize,
    /// Σ_g mass_g·max_i xᵀV⁻¹x, V inverted on the span: at least `rank`.
    pub value: f64,
}

/// More steps than any design of a few hundred points needs.
const STEPS: usize = 100_000;

/// A design whose value is at most (1 + `slack`) times the rank, by the method of Frank and Wolfe on log det V with
/// exact steps.
///
/// At the maximum of log det V the value *is* the rank, since moving towards the best points of all groups gains
/// value − rank (Kiefer and Wolfowitz 1960 for one group). A step costs O(n·r²) for n points of rank r, and about
/// r/slack of them are needed. Masses should sum to one; groups of mass zero keep equal weights.
///
/// # Errors
/// There is no group of positive mass or one without points, dimensions differ, a number is not finite, a mass is
/// negative, or `slack` is not positive and finite; or the steps are used up.
pub fn d_optimal(groups: &[Group<'_>], slack: f64) -> Result<Design> {
    error::positive("slack", slack)?;
    let dim = groups.first().and_then(|group| group.points.first()).map_or(0, |x| x.len());
    let mut total = 0.0;
    for group in groups {
        total += error::non_negative("mass", group.mass)?;
        error::at_least_one("points", group.points.len())?;
        for x in &group.points {
            error::same_size("points", dim, x.len())?;
            error::finite_slice("points", x)?;
        }
    }
    error::positive("mass", total)?;

    let counted = groups.iter().filter(|group| group.mass > 0.0);
    let span = span(dim, counted.flat_map(|group| group.points.iter().copied()));
    let rank = span.ncols();
    let mut weights: Vec<Vec<f64>> =
        groups.iter().map(|g| vec![1.0 / g.points.len() as f64; g.points.len()]).collect();
    // All points in coordinates of the span.
    let all: Vec<f64> = groups.iter().flat_map(|g| g.points.iter().copied().flatten()).copied().collect();
    let points = span.transpose() * DMatrix::from_column_slice(dim, all.len() / dim, &all);
    let mut information = DMatrix::zeros(rank, rank);
    let mut column = 0;
    for (group, weights) in groups.iter().zip(&weights) {
        for weight in weights {
            let x = points.column(column);
            information.ger(group.mass * weight, &x, &x, 1.0);
            column += 1;
        }
    }

    let mut best = vec![0; groups.len()];
    for steps in 0..STEPS {
        let factor = Cholesky::new(information.clone());
        let factor = factor.ok_or(Error::Diverged { name: "information", steps })?;
        // xᵀV⁻¹x = |L⁻¹x|².
        let mut scaled = points.clone();
        factor.l_dirty().solve_lower_triangular_mut(&mut scaled);
        let (mut value, mut start) = (0.0, 0);
        for (group, best) in groups.iter().zip(&mut best) {
            let mut largest = f64::NEG_INFINITY;
            for i in 0..group.points.len() {
                let score = scaled.column(start + i).norm_squared();
                if score > largest {
                    (largest, *best) = (score, start + i);
                }
            }
            value += group.mass * largest;
            start += group.points.len();
        }
        if value <= (1.0 + slack) * rank as f64 {
            let information = &span * information * span.transpose();
            return Ok(Design { weights, information, rank, value });
        }
        // Towards the best point of every group: V moves to (1 − γ)V + γW.
        let (mut target, mut relative) = (DMatrix::zeros(rank, rank), DMatrix::zeros(rank, rank));
        for (group, &best) in groups.iter().zip(&best) {
            let (x, z) = (points.column(best), scaled.column(best));
            target.ger(group.mass, &x, &x, 1.0);
            relative.ger(group.mass, &z, &z, 1.0);
        }
        let gamma = exact_step(relative.symmetric_eigenvalues().as_slice());
        information = information * (1.0 - gamma) + target * gamma;
        let mut start = 0;
        for (weights, &best) in weights.iter_mut().zip(&best) {
            weights.iter_mut().for_each(|w| *w *= 1.0 - gamma);
            weights[best - start] += gamma;
            start += weights.len();
        }
    }
    Err(Error::NotConverged { name: "design", steps: STEPS })
}

/// An orthonormal basis of the span of some points, column by column, to twelve digits.
fn span<'a>(dim: usize, points: impl Iterator<Item = &'a [f64]>) -> DMatrix<f64> {
    let mut gram = DMatrix::zeros(dim, dim);
    for x in points {
        let x = DVectorView::from_slice(x, dim);
        gram.ger(1.0, &x, &x, 1.0);
    }
    let eigen = gram.symmetric_eigen();
    let smallest = 1e-12 * eigen.eigenvalues.max();
    let kept: Vec<usize> = (0..dim).filter(|&i| eigen.eigenvalues[i] > smallest).collect();
    eigen.eigenvectors.select_columns(&kept)
}

/// The γ in [0, 1] that maximises Σ ln(1 + γ(μ_i − 1)), by bisection of the derivative.
fn exact_step(eigenvalues: &[f64]) -> f64 {
    let derivative =
        |gamma: f64| eigenvalues.iter().map(|mu| (mu - 1.0) / (1.0 + gamma * (mu - 1.0))).sum::<f64>();
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        if derivative(middle) > 0.0 { low = middle } else { high = middle }
    }
    // The lower end keeps V regular.
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(groups: &[Group<'_>]) -> Design {
        d_optimal(groups, 0.01).unwrap()
    }

    #[test]
    fn known_designs() {
        let (x, y, zero) = ([1.0, 0.0], [0.0, 1.0], [0.0, 0.0]);
        // Copies share one weight: half for each direction, whatever the number of copies.
        let design = value(&[Group { mass: 1.0, points: vec![&x, &x, &x, &y] }]);
        assert!((design.weights[0][3] - 0.5).abs() < 0.01 && design.value <= 2.02 && design.rank == 2);
        // A line has rank one; the longest point is all that counts.
        let long = [3.0, 4.0];
        let design = value(&[Group { mass: 1.0, points: vec![&[0.3, 0.4], &long] }]);
        assert!(design.weights[0][1] > 0.99 && design.rank == 1);
        // Two groups without choice.
        let design = value(&[Group { mass: 0.75, points: vec![&x] }, Group { mass: 0.25, points: vec![&y] }]);
        assert!((design.information[(0, 0)] - 0.75).abs() < 1e-12 && (design.value - 2.0).abs() < 1e-9);
        // A group of mass zero does not count, nor do points at the origin.
        let design =
            value(&[Group { mass: 1.0, points: vec![&x, &zero] }, Group { mass: 0.0, points: vec![&y] }]);
        assert!(design.rank == 1 && design.weights[0][0] > 0.98 && design.weights[1] == [1.0]);
        assert_eq!(value(&[Group { mass: 1.0, points: vec![&zero] }]).rank, 0);
    }

    #[test]
    fn bad_groups_are_refused() {
        let x = [1.0, 0.0];
        assert!(d_optimal(&[], 0.1).is_err());
        assert!(d_optimal(&[Group { mass: 1.0, points: vec![] }], 0.1).is_err());
        assert!(d_optimal(&[Group { mass: 0.0, points: vec![&x] }], 0.1).is_err());
        assert!(d_optimal(&[Group { mass: f64::NAN, points: vec![&x] }], 0.1).is_err());
        assert!(d_optimal(&[Group { mass: 1.0, points: vec![&x, &x[..1]] }], 0.1).is_err());
        assert!(d_optimal(&[Group { mass: 1.0, points: vec![&[f64::NAN]] }], 0.1).is_err());
        assert!(d_optimal(&[Group { mass: 1.0, points: vec![&x] }], 0.0).is_err());
    }
}
