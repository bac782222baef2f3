//! Statistics: an estimator sees data from a law it does not know, and a loss against that law
//! judges it. The theorems give the risk, which is the mean loss, as a function of the sample size
//! and of the problem's parameters: from above, from below, or with its exact constant.
//!
//! # Which method when
//!
//! * **The next symbol of a Markov chain** ([`markov_chain`]). Two states: the hybrid rule, which is
//!   timid only about a transition that was never seen. Three or more states and no idea of how fast
//!   the chain mixes: the average of add-one rules over all suffixes. A chain known to mix: plain
//!   add-½ on the whole trajectory, whose risk is then the parametric $k^2/n$.
//! * **Linear regression near or beyond as many features as rows** ([`sketched_ridgeless`]). Throwing
//!   rows away moves a least-squares fit away from its peak at $p = n$; the module says how many to
//!   keep. With far more rows than features keep them all.
//!
//! # The protocol
//!
//! An [`Experiment`] draws data together with the truth that the loss is measured against, and owns
//! that loss: there is one definition of each loss, and the estimators never see it. An [`Estimator`]
//! maps data to an estimate. The truth comes out of the draw, and is not a fixed field, because hard
//! families hide a random parameter in each draw and because a prediction's target may depend on the
//! data (the row of the state in which a trajectory ended). [`realised_loss`] puts the two together.
//!
//! Two smaller protocols serve whole families of estimators. A [`Sketch`] maps the rows of a
//! regression problem to fewer. A [`RowRule`] is the protocol of Markov chains: most rules for a
//! transition row look only at the counts out of that state, and a risk that must be exact can then be
//! summed over counts instead of trajectories.

pub mod baselines;
pub mod instances;
pub mod markov_chain;
pub mod sketched_ridgeless;

use instances::Regression;
use rand::Rng;

use crate::error::Result;

/// Maps data to an estimate.
pub trait Estimator<Data: ?Sized> {
    /// What is estimated: a coefficient vector, a distribution, a matrix.
    type Estimate;

    /// The estimate from one data set.
    ///
    /// # Errors
    /// When the data cannot support an estimate; each estimator says when.
    fn estimate(&self, data: &Data, rng: &mut dyn Rng) -> Result<Self::Estimate>;
}

/// A law of data with a loss: the problem that estimators are tried on.
pub trait Experiment {
    /// What the estimator sees.
    type Data;
    /// What it is judged against.
    type Truth;
    /// What it answers.
    type Estimate;

    /// Draws a data set and the truth behind it.
    fn draw(&self, rng: &mut dyn Rng) -> (Self::Data, Self::Truth);

    /// The loss of an estimate: zero for the truth, never negative.
    fn loss(&self, truth: &Self::Truth, estimate: &Self::Estimate) -> f64;
}

/// A rule for one row of a transition matrix that looks only at the transitions seen out of that
/// state.
pub trait RowRule {
    /// Writes the estimated law of what follows `state` into `row`. `counts[j]` is how often symbol j
    /// did; both slices have one entry per symbol. With no count at all the row is uniform.
    fn row(&self, state: usize, counts: &[u64], row: &mut [f64]);
}

impl<R: RowRule + ?Sized> RowRule for &R {
    fn row(&self, state: usize, counts: &[u64], row: &mut [f64]) {
        (**self).row(state, counts, row);
    }
}

/// A random linear map of the rows of a regression problem.
pub trait Sketch {
    /// S·(X, y) for a fresh S with `rows` rows, where 1 ≤ `rows` ≤ n has been checked.
    ///
    /// # Errors
    /// If the sketch does not exist for this number of data rows.
    fn apply(&self, data: &Regression, rows: usize, rng: &mut dyn Rng) -> Result<Regression>;
}

impl<S: Sketch + ?Sized> Sketch for &S {
    fn apply(&self, data: &Regression, rows: usize, rng: &mut dyn Rng) -> Result<Regression> {
        (**self).apply(data, rows, rng)
    }
}

/// One draw of the experiment, estimated and judged. The generators are apart so that two estimators
/// can be compared on the same data.
///
/// # Errors
/// Those of the estimator.
pub fn realised_loss<T, X: Experiment<Estimate = T>>(
    experiment: &X,
    estimator: &impl Estimator<X::Data, Estimate = T>,
    data_rng: &mut dyn Rng,
    estimator_rng: &mut dyn Rng,
) -> Result<f64> {
    let (data, truth) = experiment.draw(data_rng);
    let estimate = estimator.estimate(&data, estimator_rng)?;
    Ok(experiment.loss(&truth, &estimate))
}
