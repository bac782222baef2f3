//! Small linear programs, by the two-phase simplex method on a dense tableau.
//!
//! maximise ⟨c, x⟩ over x ≥ 0 with any number of rows ⟨a, x⟩ ≤ b and ⟨a, x⟩ = b. Meant for tens of variables
//! with coefficients of order one: a pivot costs O(rows · (variables + rows)), and Bland's rule, which never
//! cycles, takes more of them than it must. The solution brings its duals, so that optimality can be checked
//! without trusting the method: yᵢ ≥ 0 on inequality rows, Aᵀy ≥ c and ⟨b, y⟩ = ⟨c, x⟩.

use crate::error::{Error, Result, finite, finite_slice, same_size};

/// What is zero up to rounding.
const TINY: f64 = 1e-10;

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
    /// [`Error::NotConverged`] when rounding defeats the pivot rule.
    pub fn solve(&self) -> Result<Solution> {
        let mut tableau = Tableau::new(self);
        // Phase 1: drive the artificial variables to zero.
        let infeasibility: Vec<f64> =
            (0..tableau.columns).map(|j| if j >= tableau.artificial { -1.0 } else { 0.0 }).collect();
        tableau.set_objective(&infeasibility);
        tableau.run(tableau.columns)?;
        if tableau.value() < -1e-8 {
            return Err(Error::Invalid {
                name: "linear program",
                requirement: "some point satisfies the rows",
            });
        }
        tableau.expel_artificials();
        // Phase 2: the objective itself; artificial columns stay, for the duals, but may not enter.
        let mut objective = self.objective.clone();
        objective.resize(tableau.columns, 0.0);
        tableau.set_objective(&objective);
        tableau.run(tableau.artificial)?;
        Ok(tableau.solution(self))
    }
}

/// B⁻¹A, B⁻¹b and the reduced costs of a basis B. Columns: variables, slacks, artificials, right-hand side.
struct Tableau {
    cells: Vec<Vec<f64>>,
    /// cⱼ − ⟨c_B, B⁻¹Aⱼ⟩, and −⟨c_B, B⁻¹b⟩ in the last place.
    reduced: Vec<f64>,
    basis: Vec<usize>,
    /// The column that was the unit vector of each row, and whether the row was multiplied by −1.
    identity: Vec<(usize, bool)>,
    artificial: usize,
    columns: usize,
}

impl Tableau {
    fn new(program: &LinearProgram) -> Self {
        let (variables, rows) = (program.objective.len(), &program.rows);
        let slacks = rows.iter().filter(|row| !row.equality).count();
        let artificial = variables + slacks;
        let needs_artificial = |row: &Row| row.equality || row.bound < 0.0;
        let columns = artificial + rows.iter().filter(|row| needs_artificial(row)).count();
        let (mut next_slack, mut next_artificial) = (variables, artificial);
        let (mut cells, mut identity) = (Vec::new(), Vec::new());
        for row in rows {
            let flipped = row.bound < 0.0;
            let sign = if flipped { -1.0 } else { 1.0 };
            let mut line = vec![0.0; columns + 1];
            line.iter_mut().zip(&row.coefficients).for_each(|(cell, a)| *cell = sign * a);
            line[columns] = sign * row.bound;
            if !row.equality {
                line[next_slack] = sign;
                next_slack += 1;
            }
            let unit = if needs_artificial(row) {
                line[next_artificial] = 1.0;
                next_artificial += 1;
                next_artificial - 1
            } else {
                next_slack - 1
            };
            identity.push((unit, flipped));
            cells.push(line);
        }
        let basis = identity.iter().map(|&(unit, _)| unit).collect();
        Self { cells, reduced: vec![0.0; columns + 1], basis, identity, artificial, columns }
    }

    fn set_objective(&mut self, objective: &[f64]) {
        self.reduced[..self.columns].copy_from_slice(objective);
        self.reduced[self.columns] = 0.0;
        for (line, &basic) in self.cells.iter().zip(&self.basis) {
            let weight = objective[basic];
            if weight != 0.0 {
                self.reduced.iter_mut().zip(line).for_each(|(r, cell)| *r -= weight * cell);
            }
        }
    }

    fn value(&self) -> f64 {
        -self.reduced[self.columns]
    }

    /// Pivots until no column below `allowed` improves the objective.
    fn run(&mut self, allowed: usize) -> Result<()> {
        let cap = 1000 + 100 * (self.cells.len() + self.columns);
        for _ in 0..cap {
            // Bland's rule: the first column that improves, and the first basic variable among the ties.
            let Some(entering) = (0..allowed).find(|&j| self.reduced[j] > TINY) else { return Ok(()) };
            let ratio = |i: usize| self.cells[i][self.columns] / self.cells[i][entering];
            let leaving = (0..self.cells.len())
                .filter(|&i| self.cells[i][entering] > TINY)
                .min_by(|&i, &j| ratio(i).total_cmp(&ratio(j)).then(self.basis[i].cmp(&self.basis[j])));
            let Some(leaving) = leaving else {
                return Err(Error::Invalid {
                    name: "linear program",
                    requirement: "the objective is bounded",
                });
            };
            self.pivot(leaving, entering);
        }
        Err(Error::NotConverged { name: "simplex method", steps: cap })
    }

    fn pivot(&mut self, row: usize, column: usize) {
        let mut line = std::mem::take(&mut self.cells[row]);
        let pivot = line[column];
        line.iter_mut().for_each(|cell| *cell /= pivot);
        for other in self.cells.iter_mut().chain([&mut self.reduced]) {
            if let Some(&factor) = other.get(column)
                && factor != 0.0
            {
                other.iter_mut().zip(&line).for_each(|(cell, l)| *cell -= factor * l);
            }
        }
        self.cells[row] = line;
        self.basis[row] = column;
    }

    /// Pivots artificial variables, which are zero, out of the basis; a row where none can take its place is
    /// redundant and stays as it is.
    fn expel_artificials(&mut self) {
        for row in 0..self.cells.len() {
            if self.basis[row] >= self.artificial
                && let Some(column) = (0..self.artificial).find(|&j| self.cells[row][j].abs() > 1e-7)
            {
                self.pivot(row, column);
            }
        }
    }

    fn solution(&self, program: &LinearProgram) -> Solution {
        let mut point = vec![0.0; program.objective.len()];
        for (line, &basic) in self.cells.iter().zip(&self.basis) {
            if let Some(x) = point.get_mut(basic) {
                *x = line[self.columns].max(0.0);
            }
        }
        let dual = |&(unit, flipped): &(usize, bool)| self.reduced[unit] * if flipped { 1.0 } else { -1.0 };
        Solution { value: self.value(), point, duals: self.identity.iter().map(dual).collect() }
    }
}
