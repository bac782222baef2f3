//! Mirror Sinkhorn: convex optimisation over couplings with one rescaling per gradient.
//!
//! **What is simplified.** Nothing in the algorithm. The theorem below is the paper's rate with constants
//! derived here, in a few lines, for the constant step that a known horizon allows; the paper's own
//! constants and its anytime schedule are from memory.
//!
//! # Problem
//! Minimise a convex $f$ over the couplings $U(a,b)$ of two discrete measures, from exact or noisy
//! (sub)gradients, or online: $f_t$ is revealed after $X_t$ is played. Mirror descent wants a
//! relative-entropy projection onto $U(a,b)$ after each gradient step, which is itself a whole run of
//! Sinkhorn's algorithm, a loop in a loop. For a linear $f$ Sinkhorn alone needs a regularisation that
//! biases the answer for ever.
//!
//! # Idea
//! One loop: after each multiplicative gradient step repair **one** marginal only, rows and columns in
//! turn. Both half-projections move the iterate closer to *every* coupling in relative entropy, so the
//! potential $\mathrm{KL}(X^\star, X_t)$ that proves mirror descent does not notice that the projection
//! is unfinished. The two marginals meet in the average.
//!
//! # Algorithm
//! The entries of a gradient span at most $B$ (a constant added to all changes nothing). Start at the
//! independent coupling $X_1 = ab^\top$. For $t = 1, 2, \dots$:
//!
//! 1. Play $X_t$, receive a (sub)gradient $G_t$ of $f_t$ at $X_t$, or an unbiased estimate of one.
//! 2. Mirror step: $Y = X_t \odot \exp(-\gamma_t G_t)$, entry by entry.
//! 3. Half a Sinkhorn iteration: $X_{t+1}$ is $Y$ with its rows rescaled to $a$ if $t$ is even, its
//!    columns rescaled to $b$ if $t$ is odd.
//! 4. Answer: $\bar X = \sum_t \gamma_t X_t/\sum_t\gamma_t$, then rounded to the polytope
//!    ([`Polytope::round`]).
//!
//! With $D = \min(H(a), H(b)) \le \ln\min(m,n)$: $\gamma_t = \sqrt{2D/T}/B$ for a known horizon $T$
//! ([`MirrorSinkhorn::for_horizon`]), or $\gamma_t = \sqrt{2D/t}/B$ ([`MirrorSinkhorn::anytime`]).
//!
//! # Theorem
//! For a known horizon, and in expectation if the gradients are noisy,
//! $$f(\bar X) - \min_{U(a,b)} f \;\le\; B\sqrt{2D/T}, \qquad
//! \sum_{t\le T} f_t(X_t) - \min_{X \in U(a,b)} \sum_{t\le T} f_t(X) \;\le\; B\sqrt{2DT}.$$
//! *Proof.* With $G \ge 0$ and $e^{-x} \le 1 - x + x^2/2$, step 2 and the Pythagorean inequality of step 3
//! give $\gamma\langle G_t, X_t - X\rangle \le \mathrm{KL}(X,X_t) - \mathrm{KL}(X,X_{t+1}) + \gamma^2B^2/2$
//! for every coupling $X$; sum, and use $\mathrm{KL}(X, ab^\top) \le D$, the mutual information. ∎
//!
//! The average also satisfies its marginals up to $O(1/\sqrt T)$, and rounding moves at most half of that.
//!
//! # Cost
//! $O(mn)$ time per round and $O(mn)$ memory. The iterate is kept as its logarithm: under costs that
//! change sign an entry can have to come back from $e^{-1000}$. For one fixed cost that cannot matter, and
//! [`solve_linear`] works on the values with a kernel computed once, without an exponential per entry.
//!
//! # Reference
//! Ballu and Berthet, *Mirror Sinkhorn: Fast Online Optimization on Transport Polytopes*, ICML 2023,
//! arXiv 2211.10420.

use nalgebra::{DMatrix, DVector};

use super::{Learner, Method, Polytope, check_gradient};
use crate::error::{Result, at_least_one, finite, positive};
use crate::math::exp::Real;
use crate::math::log_matrix::LogMatrix;

/// The Mirror Sinkhorn method; see the [module](self) for the algorithm.
///
/// ```
/// use nalgebra::dmatrix;
/// use ratebook::transport::{Polytope, instances::LinearCost, minimise, mirror_sinkhorn::MirrorSinkhorn};
/// # use rand::SeedableRng;
/// # fn main() -> ratebook::Result<()> {
/// // The cheapest coupling stays on the diagonal and costs nothing.
/// let objective = LinearCost::uniform(dmatrix![0.0, 1.0; 1.0, 0.0])?;
/// let rng = &mut rand_pcg::Pcg64::seed_from_u64(1);
/// let average = minimise(&MirrorSinkhorn::for_horizon(), &objective, 1000, rng)?;
/// let coupling = Polytope::uniform(2, 2)?.round(&average)?;
/// assert!(coupling[(0, 1)] + coupling[(1, 0)] < (2.0 * 2.0_f64.ln() / 1000.0).sqrt());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MirrorSinkhorn {
    schedule: Schedule,
    factor: f64,
    rescaling: Rescaling,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Schedule {
    Horizon,
    Anytime,
    Constant(f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rescaling {
    Alternate,
    TotalOnly,
}

impl MirrorSinkhorn {
    fn with(schedule: Schedule) -> Self {
        Self { schedule, factor: 1.0, rescaling: Rescaling::Alternate }
    }

    /// The theorem's constant step γ = √(2D/T)/B for a known number of rounds T.
    pub fn for_horizon() -> Self {
        Self::with(Schedule::Horizon)
    }

    /// The decreasing step γ_t = √(2D/t)/B, for an unknown number of rounds.
    pub fn anytime() -> Self {
        Self::with(Schedule::Anytime)
    }

    /// The same step γ at every horizon.
    ///
    /// # Errors
    /// If it is not positive and finite.
    pub fn constant(gamma: f64) -> Result<Self> {
        positive("gamma", gamma).map(|gamma| Self::with(Schedule::Constant(gamma)))
    }

    /// The method with every step multiplied by `factor`, as a control.
    ///
    /// # Errors
    /// If it is not positive and finite.
    pub fn scaled(self, factor: f64) -> Result<Self> {
        Ok(Self { factor: positive("factor", factor)?, ..self })
    }

    /// The method without step 3, as a control: only the total mass is repaired, never a marginal.
    pub fn without_marginals(self) -> Self {
        Self { rescaling: Rescaling::TotalOnly, ..self }
    }
}

impl Method for MirrorSinkhorn {
    fn start(&self, polytope: &Polytope, range: f64, horizon: usize) -> Result<Box<dyn Learner>> {
        positive("range", range)?;
        at_least_one("horizon", horizon)?;
        let run = Run {
            method: *self,
            range,
            horizon: horizon as f64,
            information: polytope.largest_information(),
            iterate: LogMatrix::product(polytope.rows(), polytope.columns()),
            average: polytope.product(),
            weight: 0.0,
            round: 1,
            polytope: polytope.clone(),
        };
        // The first step is the largest.
        finite("gamma * range", run.step_size())?;
        Ok(Box::new(run))
    }
}

/// A run of [`MirrorSinkhorn`].
#[derive(Debug, Clone)]
struct Run {
    method: MirrorSinkhorn,
    polytope: Polytope,
    range: f64,
    horizon: f64,
    /// D = min(H(a), H(b)).
    information: f64,
    iterate: LogMatrix,
    /// Σ γ_t X_t / Σ γ_t over the rounds played, and the weight Σ γ_t B.
    average: DMatrix<f64>,
    weight: f64,
    /// t, from 1.
    round: usize,
}

impl Run {
    /// γ_t·B.
    fn step_size(&self) -> f64 {
        let scheduled = match self.method.schedule {
            Schedule::Horizon => (2.0 * self.information / self.horizon).sqrt(),
            Schedule::Anytime => (2.0 * self.information / self.round as f64).sqrt(),
            Schedule::Constant(gamma) => gamma * self.range,
        };
        self.method.factor * scheduled
    }
}

impl Learner for Run {
    fn coupling(&self) -> &DMatrix<f64> {
        self.iterate.values()
    }

    fn observe(&mut self, gradient: &DMatrix<f64>) -> Result<()> {
        let (low, _) = check_gradient(&self.polytope, self.range, gradient)?;
        let step_size = self.step_size();
        // Step 4's average, of what has been played. All weights are 0 only if the polytope is a point.
        self.weight += step_size;
        let share = if self.weight > 0.0 { step_size / self.weight } else { 1.0 };
        self.average
            .zip_apply(self.iterate.values(), |average, played| *average += share * (played - *average));
        // Step 2: the mirror step.
        self.iterate.tilt(step_size, gradient, low, self.range);
        // Step 3: half a Sinkhorn iteration.
        match self.method.rescaling {
            Rescaling::TotalOnly => self.iterate.rescale_total(),
            Rescaling::Alternate if self.round.is_multiple_of(2) => {
                self.iterate.rescale_rows(&self.polytope.rows);
            }
            Rescaling::Alternate => self.iterate.rescale_columns(&self.polytope.columns),
        }
        self.round += 1;
        Ok(())
    }

    /// The weighted average of the couplings played; X₁ before the first gradient.
    fn answer(&self) -> DMatrix<f64> {
        self.average.clone()
    }
}

/// Mirror Sinkhorn for one fixed cost and a known number of rounds: the average of
/// [`MirrorSinkhorn::for_horizon`], not rounded, computed on the values themselves with the kernel
/// exp(−γC) formed once. O(mn) per round without an exponential per entry.
///
/// A round changes row and column sums by factors within e^{±2γB}, so no sum can vanish; an entry that
/// underflows to 0 belongs to a pair that this cost will never ask back.
///
/// # Errors
/// If the cost has the wrong size, an entry that is not finite, or `rounds` is zero.
pub fn solve_linear(polytope: &Polytope, cost: &DMatrix<f64>, rounds: usize) -> Result<DMatrix<f64>> {
    at_least_one("rounds", rounds)?;
    let (low, high) = check_gradient(polytope, f64::INFINITY, cost)?;
    let range = high - low;
    if range == 0.0 {
        return Ok(polytope.product());
    }
    // γ·(C − low) with γ = √(2D/T)/B.
    let step_size = (2.0 * polytope.largest_information() / rounds as f64).sqrt();
    let kernel = cost.map(|entry| (-step_size * ((entry - low) / range)).exp_nonpositive());
    let (a, b) = (polytope.rows(), polytope.columns());
    let mut x = polytope.product();
    let mut sum = DMatrix::zeros(a.len(), b.len());
    let mut row_sums = DVector::zeros(a.len());
    for round in 1..=rounds {
        sum += &x;
        if round.is_multiple_of(2) {
            row_sums.fill(0.0);
            for (mut column, kernel) in x.column_iter_mut().zip(kernel.column_iter()) {
                column.component_mul_assign(&kernel);
                row_sums += &column;
            }
            row_sums.zip_apply(a, |sum, mass| *sum = mass / *sum);
            x.column_iter_mut().for_each(|mut column| column.component_mul_assign(&row_sums));
        } else {
            for ((mut column, kernel), mass) in x.column_iter_mut().zip(kernel.column_iter()).zip(b.iter()) {
                column.component_mul_assign(&kernel);
                column *= mass / column.sum();
            }
        }
    }
    Ok(sum / rounds as f64)
}
