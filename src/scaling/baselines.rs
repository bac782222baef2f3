//! Broken variants of the area's methods, for controls.

use super::chinchilla::{GridFit, PowerLaw, short_start_grid};
use super::{Fitter, Run};
use crate::error::Result;
use crate::math::bfgs::Bfgs;
use crate::math::law_fit::HuberFit;

/// The fit on the wrong loss scale: the *mean* Huber loss with an ordinary absolute tolerance for its
/// gradient. That gradient is never much above δ·ln D, so the solver stops where it starts; this is the
/// replication's explanation of the original estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanLossFit {
    /// The tolerance for the gradient of the mean.
    pub tolerance: f64,
}

impl Fitter for MeanLossFit {
    type Law = PowerLaw;

    fn fit(&self, runs: &[Run]) -> Result<PowerLaw> {
        let solver = Bfgs::new(self.tolerance * runs.len().max(1) as f64, 2_000)?;
        GridFit::with(HuberFit::new(1e-3, solver)?, short_start_grid())?.fit(runs)
    }
}
