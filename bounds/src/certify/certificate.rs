//! Multipliers as rationals, and the proof that they prove the bound.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};
use ratebook::{Error, Result};

use super::expression::{Scalar, exact};
use super::face::{Rows, eliminate, image};
use super::{Inequality, Problem};

/// A proof that the performance of a [`Problem`] is at most a bound, for every member of its classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Certificate {
    bound: BigRational,
    /// One for each inequality of the problem, in its order.
    multipliers: Vec<BigRational>,
    labels: Vec<String>,
    /// The least eigenvalue of the slack matrix, in floating point.
    margin: f64,
}

/// Multipliers are rounded to multiples of 2⁻⁶⁰ of the largest power of two that is not above 1.
const BITS: u32 = 60;

impl Certificate {
    /// The bound that is proved.
    pub fn bound(&self) -> &BigRational {
        &self.bound
    }

    /// The bound as a float, rounded up.
    pub fn bound_f64(&self) -> f64 {
        self.bound.to_f64().unwrap_or(f64::INFINITY).next_up()
    }

    /// The least eigenvalue of the slack matrix S, in floating point, on the vectors that are independent: how far the
    /// sum is from not being a proof.
    pub fn margin(&self) -> f64 {
        self.margin
    }

    /// What is multiplied, and by how much; multipliers below a millionth of the largest are left out.
    pub fn multipliers(&self) -> impl Iterator<Item = (&str, f64)> {
        let floats: Vec<f64> = self.multipliers.iter().map(|m| m.to_f64().unwrap_or(f64::NAN)).collect();
        let largest = floats.iter().copied().fold(0.0, f64::max);
        self.labels.iter().map(String::as_str).zip(floats).filter(move |(_, m)| *m > 1e-6 * largest)
    }

    /// Rounds the multipliers of a solver to rationals that satisfy the equations exactly.
    ///
    /// # Errors
    /// The equations have no solution, a multiplier comes out negative, or the slack is not positive semidefinite.
    pub(super) fn round(
        problem: &Problem,
        inequalities: Vec<Inequality>,
        equations: &[Equation],
        kept: &[usize],
        floats: &[f64],
    ) -> Result<Self> {
        let unit = BigRational::new(BigInt::one(), BigInt::one() << BITS);
        let mut multipliers: Vec<BigRational> =
            floats.iter().map(|&m| (exact(m) / &unit).round() * &unit).collect();
        mend(equations, &mut multipliers, floats)?;
        let total = total(problem, &inequalities, &multipliers);
        let margin = least_eigenvalue(problem.vectors, &total, kept);
        let labels = inequalities.into_iter().map(|i| i.label).collect();
        let certificate = Self { bound: total.constant.clone(), multipliers, labels, margin };
        if certificate.proves(problem, &total) {
            Ok(certificate)
        } else {
            let requirement = "multipliers with a positive semidefinite slack";
            Err(Error::Invalid { name: "certificate", requirement })
        }
    }

    /// Checks the proof in exact arithmetic: multipliers are non-negative, values cancel, the constant is the bound,
    /// and the slack matrix is positive semidefinite.
    pub fn verify(&self, problem: &Problem) -> bool {
        let inequalities = problem.inequalities();
        inequalities.len() == self.multipliers.len()
            && self.proves(problem, &total(problem, &inequalities, &self.multipliers))
    }

    fn proves(&self, problem: &Problem, total: &Scalar) -> bool {
        !self.multipliers.iter().any(Signed::is_negative)
            && total.values.values().all(Zero::is_zero)
            && total.constant <= self.bound
            && is_positive_semidefinite(slack(problem.vectors, total))
    }
}

/// performance − Σ λ_k e_k, which is at least the performance on every run.
fn total(problem: &Problem, inequalities: &[Inequality], multipliers: &[BigRational]) -> Scalar {
    let mut total = problem.performance.clone();
    for (inequality, multiplier) in inequalities.iter().zip(multipliers) {
        total.subtract(&inequality.expression, multiplier);
    }
    total
}

/// S with ⟨S, G⟩ = −(the Gram part of the total).
fn slack(vectors: usize, total: &Scalar) -> Rows {
    let mut s = vec![vec![BigRational::zero(); vectors]; vectors];
    let two = BigRational::from_integer(2.into());
    for (&(i, j), a) in &total.gram {
        if i == j {
            s[i][i] = -a;
        } else {
            s[i][j] = -a / &two;
            s[j][i] = s[i][j].clone();
        }
    }
    s
}

fn least_eigenvalue(vectors: usize, total: &Scalar, kept: &[usize]) -> f64 {
    let s = slack(vectors, total);
    let float = |i: usize, j: usize| s[kept[i]][kept[j]].to_f64().unwrap_or(f64::NAN);
    nalgebra::DMatrix::from_fn(kept.len(), kept.len(), float).symmetric_eigenvalues().min()
}

/// Whether a symmetric matrix is positive semidefinite, by elimination over the integers without rounding (Bareiss).
fn is_positive_semidefinite(matrix: Rows) -> bool {
    let common = matrix.iter().flatten().fold(BigInt::one(), |d, a| num_integer::lcm(d, a.denom().clone()));
    let mut m: Vec<Vec<BigInt>> =
        (matrix.iter()).map(|row| row.iter().map(|a| a.numer() * (&common / a.denom())).collect()).collect();
    let mut previous = BigInt::one();
    for k in 0..m.len() {
        // A pivot is a leading minor of the rows so far that did not vanish; where it is zero, the row must be.
        if m[k][k].is_negative() {
            return false;
        }
        if m[k][k].is_zero() {
            if m[k][k..].iter().any(|a| !a.is_zero()) {
                return false;
            }
            continue;
        }
        for i in k + 1..m.len() {
            for j in k + 1..m.len() {
                m[i][j] = (&m[i][j] * &m[k][k] - &m[i][k] * &m[k][j]) / &previous;
            }
        }
        previous = m[k][k].clone();
    }
    true
}

/// An equation that the multipliers must satisfy exactly: Σ coefficients·λ = target.
pub(super) struct Equation {
    pub coefficients: Vec<BigRational>,
    pub target: BigRational,
}

/// The function values must cancel, and the slack must vanish along the shifts.
pub(super) fn equations(problem: &Problem, inequalities: &[Inequality], shifts: &Rows) -> Vec<Equation> {
    let coefficient = |scalar: &Scalar, i: usize| scalar.values.get(&i).cloned().unwrap_or_default();
    let values = (0..problem.values).map(|i| Equation {
        coefficients: inequalities.iter().map(|k| coefficient(&k.expression, i)).collect(),
        target: coefficient(&problem.performance, i),
    });
    let faces = shifts.iter().flat_map(|u| {
        let images: Rows = inequalities.iter().map(|k| image(&k.expression, u)).collect();
        let targets = image(&problem.performance, u);
        targets.into_iter().enumerate().map(move |(i, target)| Equation {
            coefficients: images.iter().map(|column| column[i].clone()).collect(),
            target,
        })
    });
    values.chain(faces).collect()
}

/// Changes a few multipliers, the largest that will do, so that the equations hold exactly.
fn mend(equations: &[Equation], multipliers: &mut [BigRational], floats: &[f64]) -> Result<()> {
    let mut order: Vec<usize> = (0..floats.len()).collect();
    order.sort_by(|&a, &b| floats[b].total_cmp(&floats[a]).then(a.cmp(&b)));
    // A row for each equation: the coefficients of the changes, and what is missing.
    let mut rows: Rows = (equations.iter())
        .map(|equation| {
            let held = equation.coefficients.iter().zip(multipliers.iter()).filter(|(c, _)| !c.is_zero());
            let missing = held.fold(equation.target.clone(), |missing, (c, m)| missing - c * m);
            order.iter().map(|&k| equation.coefficients[k].clone()).chain([missing]).collect()
        })
        .collect();
    let pivots = eliminate(&mut rows, order.len());
    if rows[pivots.len()..].iter().any(|row| !row[order.len()].is_zero()) {
        let requirement = "must be bounded by what the classes say";
        return Err(Error::Invalid { name: "performance", requirement });
    }
    for (pivot, row) in pivots.into_iter().zip(&rows) {
        multipliers[order[pivot]] += &row[order.len()];
    }
    Ok(())
}
