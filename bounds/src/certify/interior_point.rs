//! A primal–dual interior-point method for the one shape of semidefinite program that worst cases have.
//!
//! Primal: maximise ⟨C, G⟩ + ⟨c, F⟩ subject to ⟨A_k, G⟩ + ⟨e_k, F⟩ + z_k = b_k, z ≥ 0, G ⪰ 0, F free.
//! Dual: minimise ⟨b, λ⟩ subject to Σ λ_k e_k = c, S = Σ λ_k A_k − C ⪰ 0, λ ≥ 0.
//!
//! An infeasible path-following method with Mehrotra's predictor and corrector in the direction of Helmberg, Kojima
//! and Monteiro. It stops close to the optimum but inside the cone: the multipliers it returns have a *positive
//! definite* slack S, so that they can be rounded.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};
use num_rational::BigRational;
use num_traits::ToPrimitive;
use ratebook::{Error, Result};

use super::Inequality;
use super::certificate::Equation;
use super::expression::Scalar;

/// The relative duality gap at which the method stops.
const GAP: f64 = 5e-7;
/// The largest violation of the primal equations. They only say that the bound is not far from the worst case, and
/// lose digits as the slack becomes singular.
const PRIMAL: f64 = 1e-4;
/// The largest violation of the dual equations, on which the proof rests, as a share of the slack's least eigenvalue.
const DUAL: f64 = 1e-2;
const MOST_STEPS: usize = 80;
/// A slack that says that its inequality has no part in the proof; performances and distances are of order one.
const FAR: f64 = 100.0;

pub(super) struct Solution {
    pub value: f64,
    pub multipliers: Vec<f64>,
    pub iterations: usize,
}

/// A sparse symmetric matrix: its entries on and above the diagonal.
type Sparse = Vec<(usize, usize, f64)>;

fn float(value: &BigRational) -> f64 {
    value.to_f64().unwrap_or(f64::NAN)
}

fn sparse(expression: &Scalar) -> Sparse {
    // A product of two different vectors stands for two entries of the symmetric matrix.
    let entry = |(&(i, j), a): (&(usize, usize), &BigRational)| {
        (i, j, if i == j { float(a) } else { float(a) / 2.0 })
    };
    expression.gram.iter().map(entry).filter(|e| e.2 != 0.0).collect()
}

/// ⟨A, X⟩ for a symmetric or unsymmetric X.
fn inner(a: &Sparse, x: &DMatrix<f64>) -> f64 {
    a.iter().map(|&(i, j, v)| if i == j { v * x[(i, i)] } else { v * (x[(i, j)] + x[(j, i)]) }).sum()
}

fn add_scaled(x: &mut DMatrix<f64>, a: &Sparse, scale: f64) {
    for &(i, j, v) in a {
        x[(i, j)] += scale * v;
        if i != j {
            x[(j, i)] += scale * v;
        }
    }
}

fn symmetric(x: DMatrix<f64>) -> DMatrix<f64> {
    (&x + x.transpose()) / 2.0
}

/// As many of the equations as are independent, in floating point.
fn independent(equations: &[Equation], used: &[usize]) -> (DMatrix<f64>, DVector<f64>) {
    let count = used.len();
    let (mut rows, mut targets, mut basis) = (Vec::new(), Vec::new(), Vec::<DVector<f64>>::new());
    for equation in equations {
        let row = DVector::from_iterator(count, used.iter().map(|&k| float(&equation.coefficients[k])));
        let rest = basis.iter().fold(row.clone(), |rest, q| &rest - q * q.dot(&rest));
        if rest.norm() > 1e-9 * row.norm() {
            basis.push(rest.normalize());
            rows.push(row.transpose());
            targets.push(float(&equation.target));
        }
    }
    let e = if rows.is_empty() { DMatrix::zeros(0, count) } else { DMatrix::from_rows(&rows) };
    (e, DVector::from_vec(targets))
}

/// The matrix without the rows and columns that are not kept.
fn restrict(matrix: &mut Sparse, kept: &[usize]) {
    let place = |j: usize| kept.binary_search(&j).ok();
    *matrix = matrix.iter().filter_map(|&(i, j, v)| Some((place(i)?, place(j)?, v))).collect();
}

struct Program {
    a: Vec<Sparse>,
    /// Column k is e_k.
    e: DMatrix<f64>,
    b: DVector<f64>,
    c: DVector<f64>,
    cost: Sparse,
}

struct Iterate {
    g: DMatrix<f64>,
    f: DVector<f64>,
    z: DVector<f64>,
    lambda: DVector<f64>,
    s: DMatrix<f64>,
}

struct Direction {
    g: DMatrix<f64>,
    f: DVector<f64>,
    z: DVector<f64>,
    lambda: DVector<f64>,
    s: DMatrix<f64>,
}

/// Solves the program of these inequalities. `equations` are Σ λ_k e_k = c, and S is positive definite on the basis
/// vectors `kept`.
pub(super) fn solve(
    inequalities: &[Inequality],
    performance: &Scalar,
    equations: &[Equation],
    kept: &[usize],
) -> Result<Solution> {
    let mut used: Vec<usize> = (0..inequalities.len()).collect();
    loop {
        match attempt(inequalities, performance, equations, kept, &used) {
            Ok(Reached { value, lambda, iterations }) => {
                let mut multipliers = vec![0.0; inequalities.len()];
                used.iter().zip(lambda.iter()).for_each(|(&k, &l)| multipliers[k] = l);
                return Ok(Solution { value, multipliers, iterations });
            }
            Err(slack) if slack.is_empty() || slack.len() == used.len() => {
                return Err(Error::NotConverged { name: "worst case", steps: MOST_STEPS });
            }
            Err(slack) => used.retain(|k| !slack.contains(k)),
        }
    }
}

struct Reached {
    value: f64,
    lambda: DVector<f64>,
    iterations: usize,
}

/// Solves with some of the inequalities. On failure: those that are kept by far, whose multipliers the equations force
/// to zero, so that the program has no interior. A bound without them is a bound.
fn attempt(
    inequalities: &[Inequality],
    performance: &Scalar,
    equations: &[Equation],
    kept: &[usize],
    used: &[usize],
) -> std::result::Result<Reached, Vec<usize>> {
    let (e, c) = independent(equations, used);
    let mut a: Vec<Sparse> = used.iter().map(|&k| sparse(&inequalities[k].expression)).collect();
    let mut cost = sparse(performance);
    a.iter_mut().chain([&mut cost]).for_each(|matrix| restrict(matrix, kept));
    let (vectors, values, count) = (kept.len(), e.nrows(), used.len());
    let constants = used.iter().map(|&k| -float(&inequalities[k].expression.constant));
    let b = DVector::from_iterator(count, constants);
    let program = Program { a, e, b, c, cost };
    let mut at = Iterate {
        g: DMatrix::identity(vectors, vectors),
        f: DVector::zeros(values),
        z: DVector::from_element(count, 1.0),
        lambda: DVector::from_element(count, 1.0),
        s: DMatrix::identity(vectors, vectors),
    };
    let slack =
        |at: &Iterate| used.iter().zip(at.z.iter()).filter(|(_, z)| **z > FAR).map(|(&k, _)| k).collect();
    for iterations in 0..MOST_STEPS {
        let primal = inner(&program.cost, &at.g) + program.c.dot(&at.f);
        let dual = program.b.dot(&at.lambda);
        let residuals = program.residuals(&at);
        let room = DUAL * at.s.symmetric_eigenvalues().min() / vectors as f64;
        let feasible = residuals.primal.amax() <= PRIMAL
            && residuals.slack.amax() <= room
            && (values == 0 || residuals.values.amax() <= room);
        if feasible && (dual - primal).abs() <= GAP * dual.abs() {
            let value = dual + float(&performance.constant);
            return Ok(Reached { value, lambda: at.lambda, iterations });
        }
        let size = primal.abs() + dual.abs();
        if !(size <= 1e12) || program.advance(&mut at, &residuals).is_none() {
            return Err(slack(&at));
        }
    }
    Err(slack(&at))
}

struct Residuals {
    /// b − ⟨A, G⟩ − eᵀF − z.
    primal: DVector<f64>,
    /// c − Eλ.
    values: DVector<f64>,
    /// S − Σ λ_k A_k + C.
    slack: DMatrix<f64>,
}

/// The matrices of a Newton step, factored once for the predictor and the corrector.
struct Newton {
    inverse: DMatrix<f64>,
    factor: Cholesky<f64, Dyn>,
    /// M⁻¹Eᵀ.
    spread: DMatrix<f64>,
    /// E M⁻¹ Eᵀ.
    values: Option<Cholesky<f64, Dyn>>,
}

impl Program {
    fn combination(&self, lambda: &DVector<f64>, size: usize) -> DMatrix<f64> {
        let mut sum = DMatrix::zeros(size, size);
        self.a.iter().zip(lambda.iter()).for_each(|(a, &l)| add_scaled(&mut sum, a, l));
        sum
    }

    fn products(&self, x: &DMatrix<f64>) -> DVector<f64> {
        DVector::from_iterator(self.a.len(), self.a.iter().map(|a| inner(a, x)))
    }

    fn residuals(&self, at: &Iterate) -> Residuals {
        let mut slack = &at.s - self.combination(&at.lambda, at.s.nrows());
        add_scaled(&mut slack, &self.cost, 1.0);
        Residuals {
            primal: &self.b - self.products(&at.g) - self.e.tr_mul(&at.f) - &at.z,
            values: &self.c - &self.e * &at.lambda,
            slack,
        }
    }

    fn newton(&self, at: &Iterate) -> Option<Newton> {
        let n = at.g.nrows();
        let count = self.a.len();
        let inverse = Cholesky::new(at.s.clone())?.inverse();
        let mut m = DMatrix::zeros(count, count);
        let mut image = DMatrix::zeros(n, n);
        for (l, a) in self.a.iter().enumerate() {
            // G A_l S⁻¹ as a sum of outer products, one for each entry of A_l.
            image.fill(0.0);
            for &(i, j, v) in a {
                image.ger(v, &at.g.column(i), &inverse.column(j), 1.0);
                if i != j {
                    image.ger(v, &at.g.column(j), &inverse.column(i), 1.0);
                }
            }
            for (k, other) in self.a.iter().enumerate().skip(l) {
                m[(k, l)] = inner(other, &image);
            }
            m[(l, l)] += at.z[l] / at.lambda[l];
        }
        // Near the optimum M mixes scales that are further apart than the digits of a float.
        let shifted = |share: f64| {
            let mut m = m.clone();
            (0..count).for_each(|k| m[(k, k)] *= 1.0 + share);
            Cholesky::new(m)
        };
        let factor = [0.0, 1e-14, 1e-12, 1e-10].into_iter().find_map(shifted)?;
        let spread = factor.solve(&self.e.transpose());
        let values = if self.e.nrows() == 0 { None } else { Some(Cholesky::new(&self.e * &spread)?) };
        Some(Newton { inverse, factor, spread, values })
    }

    /// Makes the multipliers satisfy the equations, by the change that is smallest in proportion to them, unless one of
    /// them would lose half of itself.
    fn project(&self, lambda: &mut DVector<f64>) {
        if self.e.nrows() == 0 {
            return;
        }
        let scaled = DMatrix::from_fn(self.e.nrows(), lambda.len(), |i, k| self.e[(i, k)] * lambda[k]);
        let Some(normal) = Cholesky::new(&scaled * scaled.transpose()) else { return };
        let mut changed = lambda.clone();
        for _ in 0..2 {
            let share = scaled.tr_mul(&normal.solve(&(&self.c - &self.e * &changed)));
            changed += share.component_mul(lambda);
        }
        if changed.iter().zip(lambda.iter()).all(|(new, old)| *new > 0.5 * old) {
            *lambda = changed;
        }
    }

    /// The direction towards centrality `mu`; `corrector` is the second-order term of the predictor.
    fn direction(
        &self,
        at: &Iterate,
        residuals: &Residuals,
        newton: &Newton,
        mu: f64,
        corrector: Option<&Direction>,
    ) -> Direction {
        let inverse = &newton.inverse;
        let mut k = inverse * mu - &at.g;
        let mut complement = at.lambda.map(|l| mu / l) - &at.z;
        if let Some(p) = corrector {
            k -= symmetric(&p.g * &p.s * inverse);
            complement -= p.z.component_mul(&p.lambda).component_div(&at.lambda);
        }
        let known = &k + symmetric(&at.g * &residuals.slack * inverse);
        let h = self.products(&known) + &complement - &residuals.primal;
        let base = newton.factor.solve(&h);
        let (mut f, mut lambda) = (DVector::zeros(self.e.nrows()), base);
        if let Some(values) = &newton.values {
            // The proof rests on the equations of the values, so what rounding leaves of them is solved again.
            for _ in 0..3 {
                let change = values.solve(&(&residuals.values - &self.e * &lambda));
                lambda += &newton.spread * &change;
                f += change;
            }
        }
        let s = self.combination(&lambda, at.s.nrows()) - &residuals.slack;
        let g = k - symmetric(&at.g * &s * inverse);
        let z = complement - at.z.component_div(&at.lambda).component_mul(&lambda);
        Direction { g, f, z, lambda, s }
    }

    /// One step. None when a matrix has lost its definiteness or no step is possible.
    fn advance(&self, at: &mut Iterate, residuals: &Residuals) -> Option<()> {
        let newton = self.newton(at)?;
        let cone = (at.g.nrows() + self.a.len()) as f64;
        let mu = (at.g.dot(&at.s) + at.z.dot(&at.lambda)) / cone;
        let predictor = self.direction(at, residuals, &newton, 0.0, None);
        let (primal, dual) = at.steps(&predictor, 1.0)?;
        let reached = ((&at.g + &predictor.g * primal).dot(&(&at.s + &predictor.s * dual))
            + (&at.z + &predictor.z * primal).dot(&(&at.lambda + &predictor.lambda * dual)))
            / cone;
        let centring = (reached / mu).clamp(1e-6, 1.0).powi(3).max(1e-4);
        // The dual equations must be met before the slack is nearly singular, so until then the way is kept wide.
        let missed =
            residuals.slack.amax().max(if self.e.nrows() == 0 { 0.0 } else { residuals.values.amax() });
        let centring = if missed > 1e-12 { centring.max(0.5) } else { centring };
        let direction = self.direction(at, residuals, &newton, centring * mu, Some(&predictor));
        let (primal, dual) = at.steps(&direction, 0.95)?;
        at.g += direction.g * primal;
        at.f += direction.f * primal;
        at.z += direction.z * primal;
        at.lambda += direction.lambda * dual;
        at.s += direction.s * dual;
        self.project(&mut at.lambda);
        // Once the true slack of the multipliers is as definite as the iterate, go on from there.
        let mut slack = self.combination(&at.lambda, at.s.nrows());
        add_scaled(&mut slack, &self.cost, -1.0);
        if slack.symmetric_eigenvalues().min() > 0.5 * at.s.symmetric_eigenvalues().min() {
            at.s = slack;
        }
        (primal.max(dual) > 1e-8).then_some(())
    }
}

impl Iterate {
    /// The longest steps, at most 1, that keep a share of the way to the boundary.
    fn steps(&self, d: &Direction, share: f64) -> Option<(f64, f64)> {
        let vector = |x: &DVector<f64>, dx: &DVector<f64>| {
            x.iter()
                .zip(dx.iter())
                .filter(|p| *p.1 < 0.0)
                .map(|(x, dx)| -x / dx)
                .fold(f64::INFINITY, f64::min)
        };
        let primal = matrix_step(&self.g, &d.g)?.min(vector(&self.z, &d.z));
        let dual = matrix_step(&self.s, &d.s)?.min(vector(&self.lambda, &d.lambda));
        Some(((share * primal).min(1.0), (share * dual).min(1.0)))
    }
}

/// The longest step from a positive definite X along D that stays positive semidefinite.
fn matrix_step(x: &DMatrix<f64>, d: &DMatrix<f64>) -> Option<f64> {
    let factor = Cholesky::new(x.clone())?.l();
    let half = factor.solve_lower_triangular(d)?;
    let scaled = factor.solve_lower_triangular(&half.transpose())?;
    let least = symmetric(scaled).symmetric_eigenvalues().min();
    Some(if least < 0.0 { -1.0 / least } else { f64::INFINITY })
}
