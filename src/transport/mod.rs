//! Couplings, maps and flows between two measures, judged against optima that can be computed exactly.
//!
//! A coupling of two discrete measures $a \in \mathbb{R}^m$, $b \in \mathbb{R}^n$ is a point of the
//! *transport polytope*
//! $$U(a,b) = \{X \in \mathbb{R}_+^{m\times n} : X\mathbf{1} = a,\; X^\top\mathbf{1} = b\},$$
//! here a [`Polytope`]. What one minimises over it is an [`Objective`] (a cost matrix, or any convex
//! function with bounded gradients); a [`Method`], started on a polytope, becomes a [`Learner`] that
//! plays a coupling, sees a gradient, and plays the next. The same protocol serves optimisation with
//! exact or noisy gradients and online learning, where the gradient belongs to a cost that is only
//! revealed after the play.
//!
//! # Which one should I use?
//!
//! - One fixed cost and small $n$: solve the linear program ([`assignment`](crate::math::assignment) for
//!   uniform weights); it is exact, in $O(n^3)$.
//! - One fixed cost and a blurred optimum is welcome: [`Sinkhorn`](baselines::Sinkhorn) at a fixed
//!   regularisation. Linear convergence, but to the *entropic* optimum: the bias stays for ever.
//! - Any convex function, noisy gradients, or costs that arrive online:
//!   [`MirrorSinkhorn`](mirror_sinkhorn::MirrorSinkhorn). One rescaling per gradient, and the gap goes to
//!   zero like $1/\sqrt T$.
//!
//! None of these iterates satisfies both marginals exactly, and a coupling that does not can cost *less*
//! than the optimum. A number is only a transport cost after [`Polytope::round`].

pub mod baselines;
pub mod instances;
pub mod mirror_sinkhorn;

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use crate::error::{Error, Result, distribution, finite_slice, positive, same_size};
use crate::math::entropy::entropy;

/// The transport polytope U(a, b) of the m×n couplings with row sums a and column sums b, all positive.
#[derive(Debug, Clone, PartialEq)]
pub struct Polytope {
    rows: DVector<f64>,
    columns: DVector<f64>,
}

impl Polytope {
    /// The couplings of these two distributions (each sums to 1).
    ///
    /// # Errors
    /// If one is empty, has an entry that is not positive, or does not sum to 1 within 1e-9.
    pub fn new(rows: DVector<f64>, columns: DVector<f64>) -> Result<Self> {
        for (name, masses) in [("rows", &rows), ("columns", &columns)] {
            distribution(name, masses.as_slice())?;
            for &mass in masses.iter() {
                positive(name, mass)?;
            }
        }
        Ok(Self { rows, columns })
    }

    /// The couplings of two uniform distributions on m and n points.
    ///
    /// # Errors
    /// If `m` or `n` is zero.
    pub fn uniform(m: usize, n: usize) -> Result<Self> {
        Self::new(DVector::from_element(m, 1.0 / m as f64), DVector::from_element(n, 1.0 / n as f64))
    }

    /// The row sums a.
    pub fn rows(&self) -> &DVector<f64> {
        &self.rows
    }

    /// The column sums b.
    pub fn columns(&self) -> &DVector<f64> {
        &self.columns
    }

    /// The independent coupling a bᵀ.
    pub fn product(&self) -> DMatrix<f64> {
        &self.rows * self.columns.transpose()
    }

    /// min(H(a), H(b)) in nats, the most that one side of a coupling can know about the other: no
    /// coupling is further than this from [`product`](Self::product) in relative entropy. It is
    /// ln min(m, n) for uniform weights, and never more than that.
    pub fn largest_information(&self) -> f64 {
        let nats = |masses: &DVector<f64>| entropy(masses.as_slice()) * std::f64::consts::LN_2;
        // A single atom has entropy 0, not −1e-17.
        nats(&self.rows).min(nats(&self.columns)).max(0.0)
    }

    /// ‖X1 − a‖₁ + ‖Xᵀ1 − b‖₁ for an m×n matrix.
    pub fn marginal_error(&self, x: &DMatrix<f64>) -> f64 {
        (x.column_sum() - &self.rows).lp_norm(1) + (x.row_sum_tr() - &self.columns).lp_norm(1)
    }

    /// A coupling near the non-negative matrix `x` (Altschuler, Weed and Rigollet 2017, Algorithm 2):
    /// rows that hold too much are scaled down, then columns, and what is missing is added as a rank-one
    /// matrix. O(mn).
    ///
    /// If `x` has total mass 1, the mass that moves is at most *half* the marginal error, so a cost with
    /// entries in \[0, B\] changes by at most B/2 times it.
    ///
    /// # Errors
    /// If the size is wrong or an entry is negative or not finite.
    pub fn round(&self, x: &DMatrix<f64>) -> Result<DMatrix<f64>> {
        self.check_size("coupling", x)?;
        for &entry in x.iter() {
            crate::error::non_negative("coupling", entry)?;
        }
        let shrink = |target: f64, sum: f64| if sum > target { target / sum } else { 1.0 };
        let mut rounded = x.clone();
        let factors = self.rows.zip_map(&x.column_sum(), shrink);
        rounded.column_iter_mut().for_each(|mut column| column.component_mul_assign(&factors));
        for (mut column, &target) in rounded.column_iter_mut().zip(self.columns.iter()) {
            column *= shrink(target, column.sum());
        }
        let missing_rows = (&self.rows - rounded.column_sum()).map(|missing| missing.max(0.0));
        let missing_columns = (&self.columns - rounded.row_sum_tr()).map(|missing| missing.max(0.0));
        let missing = missing_rows.sum();
        if missing > 0.0 {
            rounded.ger(1.0 / missing, &missing_rows, &missing_columns, 1.0);
        }
        Ok(rounded)
    }

    fn check_size(&self, name: &'static str, x: &DMatrix<f64>) -> Result<()> {
        same_size(name, self.rows.len(), x.nrows())?;
        same_size(name, self.columns.len(), x.ncols())
    }
}

/// A convex function on a transport polytope, with the truths that only a checker may use.
pub trait Objective {
    /// Where it lives.
    fn polytope(&self) -> &Polytope;

    /// The gradient range B: the entries of every gradient, noisy ones too, lie within B of each other.
    fn range(&self) -> f64;

    /// Writes a (sub)gradient at `x`, or an unbiased estimate of one, into `gradient`.
    fn gradient(&self, x: &DMatrix<f64>, rng: &mut dyn Rng, gradient: &mut DMatrix<f64>);

    /// The value f(X).
    fn value(&self, x: &DMatrix<f64>) -> f64;

    /// The minimum of f over the polytope, or a lower bound that is tight to rounding.
    fn minimum(&self) -> f64;
}

/// A configured rule that has not met a polytope yet.
pub trait Method {
    /// Starts on a polytope, for gradients whose entries lie within `range` of each other, and for
    /// `horizon` rounds (which an anytime method ignores).
    ///
    /// # Errors
    /// If `range` is not positive and finite, or `horizon` is zero.
    fn start(&self, polytope: &Polytope, range: f64, horizon: usize) -> Result<Box<dyn Learner>>;
}

/// A run in progress: plays a coupling, sees a gradient, plays the next.
pub trait Learner {
    /// The m×n matrix X_t played in this round: total mass 1, but in general only near the polytope.
    fn coupling(&self) -> &DMatrix<f64>;

    /// Takes the gradient of this round's cost at [`coupling`](Self::coupling), and moves on.
    ///
    /// # Errors
    /// If the size is wrong, an entry is not finite, or the entries spread over more than the range
    /// that the run was started for. The run is then as before.
    fn observe(&mut self, gradient: &DMatrix<f64>) -> Result<()>;

    /// The answer after the rounds so far, not rounded.
    fn answer(&self) -> DMatrix<f64>;
}

/// Runs a method on an objective and returns its answer, not rounded.
///
/// # Errors
/// Those of [`Method::start`] and [`Learner::observe`].
pub fn minimise(
    method: &dyn Method,
    objective: &dyn Objective,
    rounds: usize,
    rng: &mut dyn Rng,
) -> Result<DMatrix<f64>> {
    let mut learner = method.start(objective.polytope(), objective.range(), rounds)?;
    let mut gradient = objective.polytope().product();
    for _ in 0..rounds {
        objective.gradient(learner.coupling(), rng, &mut gradient);
        learner.observe(&gradient)?;
    }
    Ok(learner.answer())
}

/// Checks a gradient (its size, and that its entries are finite and within `range` of each other), and
/// returns its least and its largest entry.
pub(crate) fn check_gradient(polytope: &Polytope, range: f64, gradient: &DMatrix<f64>) -> Result<(f64, f64)> {
    polytope.check_size("gradient", gradient)?;
    finite_slice("gradient", gradient.as_slice())?;
    let extend = |(low, high): (f64, f64), &entry: &f64| (low.min(entry), high.max(entry));
    let (low, high) = gradient.iter().fold((f64::INFINITY, f64::NEG_INFINITY), extend);
    // A rounding error above the range is forgiven.
    if (high - low) / range <= 1.0 + 1e-9 {
        Ok((low, high))
    } else {
        Err(Error::OutOfRange {
            name: "gradient",
            value: high - low,
            requirement: "spread over at most the range B",
        })
    }
}
