//! HoloBeam: find the best pair of phase-shifting parameters with a fixed number of pilots.
//!
//! From memory: the two phases and the exponentially small error are the paper's; the elimination rule inside a
//! phase and the split of its pilots into stages are rebuilt from the authors' other work on unimodal bandits,
//! and so the error bounds are derived for this reading. Simplified: the grids lie inside the main lobe, and a
//! plateau is not treated (where two gains are equal, every bound is trivial).
//!
//! # Problem
//! A holographic metasurface steers its beam by two parameters $(\beta_1, \beta_2)$, picked from grids of $K_1$
//! and $K_2$ points. A pilot with these parameters is received with strength
//! $$ P \, D_{N_1}(\beta_1 - \beta_1^*) \, D_{N_2}(\beta_2 - \beta_2^*) + \mathcal N(0, \sigma^2),
//!    \qquad D_N(u) = \Bigl(\frac{\sin(Nu/2)}{N \sin(u/2)}\Bigr)^2, $$
//! where $(\beta_1^*, \beta_2^*)$ points at a receiver whose place nobody knows. After $n$ pilots the best grid
//! point is to be named; $n$ may be smaller than $K_1 K_2$.
//!
//! # Idea
//! The strength is a product, so the best $\beta_1$ is the same whatever $\beta_2$ is, as long as something is
//! received: learn one parameter at a time. Within the main lobe $|u| < 2\pi/N$ the gain rises to one peak and
//! falls again, so comparing two points tells on which side of one of them the peak cannot be: a third of the
//! grid goes with every comparison.
//!
//! # Algorithm
//! 1. Fix $\beta_2$ at the centre of its grid and search $\beta_1$ with $\lfloor n/2 \rfloor$ pilots.
//! 2. Fix $\beta_1$ at the answer and search $\beta_2$ with as many.
//!
//! *UniSearch* ([`uni_search`]) on the points $l..r$ of a grid of $K$ points spends its pilots in $S$ equal
//! stages, $S - 1$ being how often $d \leftarrow d - \lfloor d/3 \rfloor$ takes $d = K - 1$ below 3:
//! 1. while $r - l \ge 3$: $m_1 = l + \lfloor (r-l)/3 \rfloor$, $m_2 = r - \lfloor (r-l)/3 \rfloor$; send half of
//!    the stage's pilots at each; if the mean at $m_1$ is below that at $m_2$ set $l = m_1$, else $r = m_2$;
//! 2. split the last stage between the two or three points left and take the best mean.
//!
//! # Theorem
//! The probability of a wrong answer decays exponentially in the number of pilots. With $n_s$ pilots a stage, $D$
//! the least difference of gains over the comparisons that lie on one side of the peak, $g$ the gap at the peak,
//! and $n_f$ pilots a point in the last stage, one search fails with probability at most
//! $$ (S - 1) \, e^{-n_s D^2 / (8 \sigma^2)} + 2 \, e^{-n_f g^2 / (4 \sigma^2)}. $$
//!
//! # Cost
//! $O(\log K_1 + \log K_2)$ batches of pilots, no memory.
//!
//! # Reference
//! Debamita Ghosh, Manjesh K. Hanawal, Nikola Zlatanov, *HoloBeam: Learning Optimal Beamforming in Far-Field
//! Holographic Metasurface Transceivers*, INFOCOM 2024, arXiv [2401.05420](https://arxiv.org/abs/2401.05420).

use std::f64::consts::PI;

use rand::Rng;

use super::instances::Gaussian;
use super::{FixedBudget, Pulls};
use crate::{Error, Result, error};

/// Learns one phase-shifting parameter after the other. The arm of the grid point (i, j) is i·K₂ + j.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoloBeam {
    rows: usize,
    columns: usize,
}

impl HoloBeam {
    /// For grids of `rows` = K₁ and `columns` = K₂ points.
    ///
    /// # Errors
    /// `rows` or `columns` is zero, or the grid has more points than a `usize` can count.
    pub fn new(rows: usize, columns: usize) -> Result<Self> {
        error::at_least_one("rows", rows)?;
        error::at_least_one("columns", columns)?;
        match rows.checked_mul(columns) {
            Some(_) => Ok(Self { rows, columns }),
            None => Err(Error::Invalid { name: "rows", requirement: "rows times columns must be countable" }),
        }
    }

    /// The arm found with `budget` pilots, where `measure(arm, n)` is the mean strength of n pilots at an arm.
    ///
    /// # Errors
    /// Half of the budget does not cover one of the searches (see [`uni_search`]), or `measure` fails.
    pub fn search(&self, budget: u64, mut measure: impl FnMut(usize, u64) -> Result<f64>) -> Result<usize> {
        let share = budget / 2;
        // Phase 1: at the centre of the other grid, which is within half a lobe of every receiver.
        let centre = self.columns / 2;
        let row = uni_search(self.rows, share, |row, n| measure(row * self.columns + centre, n))?;
        // Phase 2: the best first parameter is the same for every second one.
        let column = uni_search(self.columns, share, |column, n| measure(row * self.columns + column, n))?;
        Ok(row * self.columns + column)
    }
}

impl FixedBudget for HoloBeam {
    /// # Errors
    /// The grid has another number of points than there are arms, or the budget is too small.
    fn recommend(&self, pulls: &mut Pulls<'_>, _: &mut dyn Rng) -> Result<usize> {
        error::same_size("grid", pulls.arms(), self.rows * self.columns)?;
        self.search(pulls.remaining(), |arm, n| pulls.mean_of(arm, n))
    }
}

/// The stages S of a search over `points`: the comparisons until at most three points are left, and the final.
pub fn stages(points: usize) -> u64 {
    let widths = std::iter::successors(Some(points.saturating_sub(1)), |d| Some(d - d / 3));
    widths.take_while(|&d| d >= 3).count() as u64 + 1
}

/// The index of the largest of `points` ≥ 1 strengths that rise to one peak and fall again, with at most `budget`
/// pilots; `measure(index, n)` is the mean strength of n fresh ones. A single point costs none.
///
/// # Errors
/// There is no point, the budget does not give each of the [`stages`] a pilot at every point it tries (two for a
/// comparison, two or three for the final), or `measure` fails.
pub fn uni_search(
    points: usize,
    budget: u64,
    mut measure: impl FnMut(usize, u64) -> Result<f64>,
) -> Result<usize> {
    let (mut l, mut r) = (0, error::at_least_one("points", points)? - 1);
    if l == r {
        return Ok(l);
    }
    let stage = budget / stages(points);
    if stage < 3.min(points as u64) {
        let requirement = "enough for one pilot at every point of every stage";
        return Err(Error::OutOfRange { name: "budget", value: budget as f64, requirement });
    }
    // Step 1: the peak cannot be beyond the lower of two points, so a third of the interval goes.
    while r - l >= 3 {
        let third = (r - l) / 3;
        let (m1, m2) = (l + third, r - third);
        if measure(m1, stage / 2)? < measure(m2, stage / 2)? {
            l = m1;
        } else {
            r = m2;
        }
    }
    // Step 2: the final, with fresh pilots.
    let share = stage / (r - l + 1) as u64;
    let mut best = (l, measure(l, share)?);
    for index in l + 1..=r {
        let mean = measure(index, share)?;
        if mean > best.1 {
            best = (index, mean);
        }
    }
    Ok(best.0)
}

/// D_N(u) = (sin(Nu/2)/(N sin(u/2)))², the power gain of N elements at the phase error `u`: 1 at u = 0 and falling
/// on both sides until the first zeros at |u| = 2π/N.
pub fn dirichlet_gain(elements: u32, u: f64) -> f64 {
    let n = f64::from(elements);
    let denominator = n * (u / 2.0).sin();
    // The limit at the multiples of 2π, where 0/0 would be NaN (up to rounding, which leaves them far below 1e-8).
    if denominator.abs() < 1e-8 { 1.0 } else { ((n * u / 2.0).sin() / denominator).powi(2) }
}

/// One parameter's grid: evenly spaced points over [−π/N, π/N], with the receiver's value in the same range, so
/// that all phase errors are within the main lobe.
#[derive(Debug, Clone, PartialEq)]
pub struct MainLobe {
    gains: Vec<f64>,
}

impl MainLobe {
    /// A grid of `points` for `elements` ≥ 2 elements, and a receiver at `place` ∈ [0, points − 1], counted in grid
    /// steps from the first point.
    ///
    /// # Errors
    /// `points` is zero, `elements` is below 2, or `place` is off the grid.
    pub fn new(elements: u32, points: usize, place: f64) -> Result<Self> {
        error::at_least_one("points", points)?;
        if elements < 2 {
            let value = f64::from(elements);
            return Err(Error::OutOfRange { name: "elements", value, requirement: "at least 2" });
        }
        let last = (points - 1) as f64;
        if !(0.0..=last).contains(&place) {
            let requirement = "between the first and the last point of the grid";
            return Err(Error::OutOfRange { name: "place", value: place, requirement });
        }
        let step = 2.0 * PI / (f64::from(elements) * last.max(1.0));
        let gain = |point: usize| dirichlet_gain(elements, step * (point as f64 - place));
        Ok(Self { gains: (0..points).map(gain).collect() })
    }

    /// The gains D_N(β − β*) along the grid.
    pub fn gains(&self) -> &[f64] {
        &self.gains
    }
}

/// The bandit of all pairs of grid points: mean `power`·D_{N₁}·D_{N₂}, noise of standard deviation `sigma`.
///
/// # Errors
/// `power` is not positive and finite, or `sigma` is negative or not finite.
pub fn beams(power: f64, first: &MainLobe, second: &MainLobe, sigma: f64) -> Result<Gaussian> {
    error::positive("power", power)?;
    error::non_negative("sigma", sigma)?;
    let row = |a: f64| second.gains.iter().map(move |b| power * a * b);
    Gaussian::new(first.gains.iter().flat_map(|&a| row(a)).collect(), sigma)
}
