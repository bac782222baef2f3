//! Small linear programs, by the two-phase simplex method on a dense tableau.
//!
//! maximise ⟨c, x⟩ over x ≥ 0 with any number of rows ⟨a, x⟩ ≤ b and ⟨a, x⟩ = b. Meant for tens of variables
//! with coefficients of order one: a pivot costs O(rows · (variables + rows)). The solution brings its duals, so that optimality can be checked
//! without trusting the method: yᵢ ≥ 0 on inequality rows, Aᵀy ≥ c and ⟨b, y⟩ = ⟨c, x⟩.

use nalgebra::DMatrix;

use crate::error::{Error, Result, finite, finite_slice, same_size};

/// What is zero up to rounding.
const TINY: f64 = 1e-9;
/// After so many pivots the tableau is computed afresh.
const REFRESH: usize = 16;

/// A linear program, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearProgram {
    objective: Vec<f64>,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    coefficients: Vec<f64>,
    bound: f64,
    equality: bool,
}

/// An optimal point and the proof that it is one.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// ⟨c, x⟩.
    pub value: f64,
    /// x.
    pub point: Vec<f64>,
    /// y, one number a row, in the order of the rows.
    pub duals: Vec<f64>,
}

impl LinearProgram {
    /// Maximises ⟨`objective`, x⟩ over x ≥ 0; rows follow.
    ///
    /// # Errors
    /// An objective that is empty or not finite.
    pub fn maximize(objective: &[f64]) -> Result<Self> {
        finite_slice("objective", objective)?;
        Ok(Self { objective: objective.to_vec(), rows: Vec::new() })
    }

    /// Adds ⟨`coefficients`, x⟩ ≤ `bound`.
    ///
    /// # Errors
    /// Another number of coefficients than variables, or a number that is not finite.
    pub fn at_most(&mut self, coefficients: &[f64], bound: f64) -> Result<()> {
        self.row(coefficients, bound, false)
    }

    /// Adds ⟨`coefficients`, x⟩ = `bound`.
    ///
    /// # Errors
    /// Those of [`at_most`](Self::at_most).
    pub fn equal(&mut self, coefficients: &[f64], bound: f64) -> Result<()> {
        self.row(coefficients, bound, true)
    }

    fn row(&mut self, coefficients: &[f64], bound: f64, equality: bool) -> Result<()> {
        same_size("coefficients", self.objective.len(), coefficients.len())?;
        finite_slice("coefficients", coefficients)?;
        finite("bound", bound)?;
        self.rows.push(Row { coefficients: coefficients.to_vec(), bound, equality });
        Ok(())
    }

    /// Replaces the objective and keeps the rows.
    ///
    /// # Errors
    /// Another number of coefficients than variables, or a number that is not finite.
    pub fn set_objective(&mut self, objective: &[f64]) -> Result<()> {
        same_size("objective", self.objective.len(), objective.len())?;
        finite_slice("objective", objective)?;
        self.objective.copy_from_slice(objective);
        Ok(())
    }

    /// An optimal vertex, and its duals.
    ///
    /// # Errors
    /// [`Error::Invalid`] when no point satisfies the rows or the objective is unbounded on them;
    /// [`Error::NotConverged`] when rounding defeats the pivots, as it may where rows are parallel up to 1e-5.
    pub fn solve(&self) -> Result<Solution> {
        let mut tableau = Tableau::new(self);
        // Phase 1: drive the artificial variables to zero.
        let (columns, artificial) = (tableau.columns, tableau.artificial);
        let infeasibility = (0..columns).map(|j| if j >= artificial { -1.0 } else { 0.0 }).collect();
        if tableau.maximize(infeasibility, columns)? < -1e-8 {
            return Err(Error::Invalid {
                name: "linear program",
                requirement: "some point satisfies the rows",
            });
        }
        tableau.expel_artificials()?;
        // Phase 2: the objective itself; artificial columns stay, for the duals, but may not enter.
        let mut objective = self.objective.clone();
        objective.resize(columns, 0.0);
        tableau.maximize(objective, artificial)?;
        Ok(tableau.solution(self))
    }
}

/// B⁻¹A, B⁻¹b and the reduced costs of a basis B. Columns: variables, slacks, artificials, right-hand side.
struct Tableau {
    /// A and b, with signs such that b ≥ 0.
    original: DMatrix<f64>,
    cells: DMatrix<f64>,
    objective: Vec<f64>,
    /// cⱼ − ⟨c_B, B⁻¹Aⱼ⟩, and −⟨c_B, B⁻¹b⟩ in the last place.
    reduced: Vec<f64>,
    basis: Vec<usize>,
    /// The column that was the unit vector of each row, and whether the row was multiplied by −1.
    identity: Vec<(usize, bool)>,
    /// The first artificial column, and the right-hand side.
    artificial: usize,
    columns: usize,
}

impl Tableau {
    fn new(program: &LinearProgram) -> Self {
        let (variables, rows) = (program.objective.len(), &program.rows);
        let artificial = variables + rows.iter().filter(|row| !row.equality).count();
        let needs_artificial = |row: &Row| row.equality || row.bound < 0.0;
        let columns = artificial + rows.iter().filter(|row| needs_artificial(row)).count();
        let (mut next_slack, mut next_artificial) = (variables, artificial);
        let (mut original, mut identity) = (DMatrix::zeros(rows.len(), columns + 1), Vec::new());
        for (i, row) in rows.iter().enumerate() {
            let flipped = row.bound < 0.0;
            let sign = if flipped { -1.0 } else { 1.0 };
            for (j, a) in row.coefficients.iter().enumerate() {
                original[(i, j)] = sign * a;
            }
            original[(i, columns)] = sign * row.bound;
            let mut unit = next_slack;
            if !row.equality {
                original[(i, next_slack)] = sign;
                next_slack += 1;
            }
            if needs_artificial(row) {
                original[(i, next_artificial)] = 1.0;
                unit = next_artificial;
                next_artificial += 1;
            }
            identity.push((unit, flipped));
        }
        let basis = identity.iter().map(|&(unit, _)| unit).collect();
        let (objective, reduced) = (vec![0.0; columns], vec![0.0; columns + 1]);
        Self { cells: original.clone(), original, objective, reduced, basis, identity, artificial, columns }
    }

    /// Computes the reduced costs from the cells.
    fn price(&mut self) {
        self.reduced[..self.columns].copy_from_slice(&self.objective);
        self.reduced[self.columns] = 0.0;
        for (i, &basic) in self.basis.iter().enumerate() {
            let weight = self.objective[basic];
            if weight != 0.0 {
                self.reduced.iter_mut().zip(&self.cells.row(i)).for_each(|(r, cell)| *r -= weight * cell);
            }
        }
    }

    /// Computes the cells afresh from the basis: pivot after pivot, rounding would pile up.
    fn refresh(&mut self) -> Result<()> {
        if self.basis.is_empty() {
            return Ok(());
        }
        let basis = self.original.select_columns(&self.basis);
        let solved = basis.lu().solve(&self.original);
        self.cells = solved.ok_or(Error::NotConverged { name: "simplex method", steps: REFRESH })?;
        self.price();
        Ok(())
    }

    /// Maximises the objective (of all columns) over those below `allowed`.
    fn maximize(&mut self, objective: Vec<f64>, allowed: usize) -> Result<f64> {
        self.objective = objective;
        self.price();
        let patience = 100 + 10 * (self.basis.len() + self.columns);
        let mut stale = 0;
        for pivots in 0..10 * patience {
            if stale == REFRESH {
                self.refresh()?;
                stale = 0;
            }
            // The steepest column; after long without an end the first, which cannot cycle (Bland's rule).
            let cautious = pivots > patience;
            let improving = (0..allowed).filter(|&j| self.reduced[j] > TINY);
            let entering = if cautious {
                improving.min()
            } else {
                improving.reduce(|best, j| if self.reduced[j] > self.reduced[best] { j } else { best })
            };
            let leaving = entering.map(|entering| self.leaving(entering, cautious));
            match (entering, leaving) {
                (Some(entering), Some(Some(leaving))) => {
                    self.pivot(leaving, entering);
                    stale += 1;
                }
                // No end is believed before the cells are fresh.
                _ if stale > 0 => stale = REFRESH,
                (None, _) if self.cells.column(self.columns).iter().all(|&x| x >= -1e-7) => {
                    return Ok(-self.reduced[self.columns]);
                }
                (None, _) => break,
                _ => {
                    return Err(Error::Invalid {
                        name: "linear program",
                        requirement: "the objective is bounded",
                    });
                }
            }
        }
        Err(Error::NotConverged { name: "simplex method", steps: 10 * patience })
    }

    /// The row whose variable reaches zero first as `entering` grows. Where several nearly do, as they do all the
    /// time at degenerate vertices, the one with the largest pivot, which rounding hurts least (Harris's rule);
    /// in Bland's rule the first variable.
    fn leaving(&self, entering: usize, cautious: bool) -> Option<usize> {
        let pivot = |i: usize| self.cells[(i, entering)];
        let rest = |i: usize| self.cells[(i, self.columns)].max(0.0);
        let candidates = || (0..self.basis.len()).filter(|&i| pivot(i) > TINY);
        if cautious {
            let first = candidates().map(|i| rest(i) / pivot(i)).reduce(f64::min)?;
            return candidates().filter(|&i| rest(i) / pivot(i) <= first).min_by_key(|&i| self.basis[i]);
        }
        let first = candidates().map(|i| (rest(i) + TINY) / pivot(i)).reduce(f64::min)?;
        let tied = candidates().filter(|&i| rest(i) / pivot(i) <= first);
        tied.reduce(|best, i| if pivot(i) > pivot(best) { i } else { best })
    }

    fn pivot(&mut self, row: usize, column: usize) {
        let pivot = self.cells[(row, column)];
        self.cells.row_mut(row).iter_mut().for_each(|cell| *cell /= pivot);
        let factor = self.reduced[column];
        for (j, reduced) in self.reduced.iter_mut().enumerate() {
            *reduced -= factor * self.cells[(row, j)];
        }
        let factors: Vec<f64> = self.cells.column(column).iter().copied().collect();
        for mut cells in self.cells.column_iter_mut() {
            let pivotal = cells[row];
            if pivotal != 0.0 {
                cells.iter_mut().zip(&factors).for_each(|(cell, factor)| *cell -= factor * pivotal);
                cells[row] = pivotal;
            }
        }
        self.basis[row] = column;
    }

    /// Pivots artificial variables, which are zero, out of the basis; a row where none can take its place is
    /// redundant and stays as it is.
    fn expel_artificials(&mut self) -> Result<()> {
        for row in 0..self.basis.len() {
            let largest = (0..self.artificial).reduce(|best, j| {
                if self.cells[(row, j)].abs() > self.cells[(row, best)].abs() { j } else { best }
            });
            if self.basis[row] >= self.artificial
                && let Some(column) = largest.filter(|&j| self.cells[(row, j)].abs() > TINY)
            {
                self.pivot(row, column);
            }
        }
        self.refresh()
    }

    fn solution(&self, program: &LinearProgram) -> Solution {
        let mut point = vec![0.0; program.objective.len()];
        for (i, &basic) in self.basis.iter().enumerate() {
            if let Some(x) = point.get_mut(basic) {
                *x = self.cells[(i, self.columns)].max(0.0);
            }
        }
        let dual = |&(unit, flipped): &(usize, bool)| self.reduced[unit] * if flipped { 1.0 } else { -1.0 };
        let value = -self.reduced[self.columns];
        Solution { value, point, duals: self.identity.iter().map(dual).collect() }
    }
}
