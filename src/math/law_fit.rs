//! Fits a law that is a sum of positive terms to noisy values of it, robustly and in the log domain.
//!
//! A scaling law such as $L = E + A N^{-\alpha} + B D^{-\beta}$ is positive, spans decades and is
//! observed with multiplicative noise, so its parameters are found by minimising
//! $$ \sum_i \mathrm{Huber}_\delta\bigl(\mathrm{LSE}_k\, t_k(x_i, \theta) - \ln L_i\bigr), $$
//! where $t_k$ is the logarithm of the $k$-th term and LSE the log-sum-exp. A law says what its terms
//! are ([`LogSumLaw`]); everything else is here.

use nalgebra::{DMatrix, DVector};
use statrs::function::gamma::gamma_lr;

use super::bfgs::{Bfgs, Minimum};
use crate::error::{self, Error, Result};

/// A positive law that is a sum of terms, each known by its logarithm.
pub trait LogSumLaw {
    /// The sizes that one observation varies.
    type Input;

    /// The number of parameters.
    fn parameters(&self) -> usize;

    /// The number of terms.
    fn terms(&self) -> usize;

    /// Writes the logarithm of each term (−∞ for an absent one), and its gradient: the derivative of
    /// term k in parameter j goes to `gradients[k * parameters + j]`.
    fn log_terms(&self, input: &Self::Input, theta: &[f64], terms: &mut [f64], gradients: &mut [f64]);
}

/// One observed value of a law, by its logarithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation<X> {
    /// Where it was observed.
    pub input: X,
    /// The logarithm of the observed value.
    pub log_value: f64,
}

/// Room for one evaluation of a law.
struct Workspace {
    terms: Vec<f64>,
    gradients: Vec<f64>,
    gradient: Vec<f64>,
}

impl Workspace {
    fn new(law: &impl LogSumLaw) -> Self {
        let (terms, parameters) = (law.terms(), law.parameters());
        Self {
            terms: vec![0.0; terms],
            gradients: vec![0.0; terms * parameters],
            gradient: vec![0.0; parameters],
        }
    }

    /// The logarithm of the law; its gradient is left in `self.gradient`.
    fn log_value<L: LogSumLaw>(&mut self, law: &L, input: &L::Input, theta: &[f64]) -> f64 {
        law.log_terms(input, theta, &mut self.terms, &mut self.gradients);
        // Shifted by the largest term, the exponentials are at most 1 and one of them is 1.
        let largest = self.terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut total = 0.0;
        self.gradient.fill(0.0);
        for (&term, slopes) in self.terms.iter().zip(self.gradients.chunks_exact(theta.len())) {
            let share = (term - largest).exp();
            total += share;
            if share > 0.0 {
                for (sum, slope) in self.gradient.iter_mut().zip(slopes) {
                    *sum += share * slope;
                }
            }
        }
        for sum in &mut self.gradient {
            *sum /= total;
        }
        largest + total.ln()
    }
}

/// The logarithm of the law at one input.
pub fn log_prediction<L: LogSumLaw>(law: &L, input: &L::Input, theta: &[f64]) -> f64 {
    Workspace::new(law).log_value(law, input, theta)
}

/// The Huber fit: quadratic within δ of the data, linear beyond.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HuberFit {
    delta: f64,
    solver: Bfgs,
}

impl HuberFit {
    /// Residuals of the logarithm beyond `delta` count linearly. The solver's tolerance is for the
    /// gradient of the sum (not the mean) of the losses, which is about δ times smaller than that of
    /// the residuals: a tolerance that is not far below δ stops the solver at once.
    ///
    /// # Errors
    /// If `delta` is not positive and finite.
    pub fn new(delta: f64, solver: Bfgs) -> Result<Self> {
        Ok(Self { delta: error::positive("delta", delta)?, solver })
    }

    /// The sum of the Huber losses at `theta`; writes its gradient.
    pub fn objective<L: LogSumLaw>(
        &self,
        law: &L,
        data: &[Observation<L::Input>],
        theta: &[f64],
        gradient: &mut [f64],
    ) -> f64 {
        let mut work = Workspace::new(law);
        gradient.fill(0.0);
        let mut total = 0.0;
        for point in data {
            let residual = work.log_value(law, &point.input, theta) - point.log_value;
            let clipped = residual.clamp(-self.delta, self.delta);
            // Both branches at once: r²/2 inside, δ(|r| - δ/2) outside.
            total += clipped * (residual - 0.5 * clipped);
            for (sum, slope) in gradient.iter_mut().zip(&work.gradient) {
                *sum += clipped * slope;
            }
        }
        total
    }

    /// The minimum reached from one start.
    ///
    /// # Errors
    /// If the data are fewer than the parameters or a value is not finite, and those of the solver.
    pub fn fit<L: LogSumLaw>(
        &self,
        law: &L,
        data: &[Observation<L::Input>],
        start: &[f64],
    ) -> Result<Minimum> {
        error::same_size("start", law.parameters(), start.len())?;
        if data.len() < law.parameters() {
            return Err(Error::OutOfRange {
                name: "observations",
                value: data.len() as f64,
                requirement: "at least as many as the parameters",
            });
        }
        data.iter().try_for_each(|point| error::finite("log_value", point.log_value).map(drop))?;
        self.solver.minimise(start, |theta, gradient| self.objective(law, data, theta, gradient))
    }

    /// The best of the minima reached from several starts; starts that do not converge are passed
    /// over.
    ///
    /// # Errors
    /// If there is no start; if none converges, the error of the last.
    pub fn fit_best<L: LogSumLaw>(
        &self,
        law: &L,
        data: &[Observation<L::Input>],
        starts: &[Vec<f64>],
    ) -> Result<Minimum> {
        let mut best: Result<Minimum> = Err(Error::Empty { name: "starts" });
        for start in starts {
            let found = self.fit(law, data, start);
            match (&best, &found) {
                (Ok(kept), Ok(new)) if new.value >= kept.value => (),
                (Ok(_), Err(_)) => (),
                _ => best = found,
            }
        }
        best
    }

    /// The variance factor of the fit under normal noise of standard deviation `sigma`: the estimator
    /// behaves like least squares with noise variance s² = E ψ²/P(|r| < δ)², where ψ is the residual
    /// clipped to ±δ (the M-estimator's sandwich). s → σ√(π/2) as δ → 0, and s → σ as δ → ∞.
    pub fn effective_variance(&self, sigma: f64) -> f64 {
        let c = self.delta / sigma;
        if c >= 40.0 {
            return sigma * sigma;
        }
        // P(|Z| < c) as an incomplete gamma function: statrs' erf is good to ten digits only.
        let inside = gamma_lr(0.5, 0.5 * c * c);
        let density = (-0.5 * c * c).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let clipped = inside - 2.0 * c * density + c * c * (1.0 - inside);
        sigma * sigma * clipped / (inside * inside)
    }
}

/// JᵀJ for the gradients J of the logarithm of the law at the data: `variance`·(JᵀJ)⁻¹ is the
/// covariance of the parameters when the logarithms carry independent noise of that variance.
///
/// # Errors
/// If the data do not identify the parameters: JᵀJ has a condition number above 1e12 after its
/// diagonal is scaled to one.
pub fn covariance<L: LogSumLaw>(
    law: &L,
    data: &[Observation<L::Input>],
    theta: &[f64],
    variance: f64,
) -> Result<DMatrix<f64>> {
    const UNIDENTIFIED: Error =
        Error::Invalid { name: "observations", requirement: "must identify every parameter" };
    let mut work = Workspace::new(law);
    let mut information = DMatrix::zeros(theta.len(), theta.len());
    for point in data {
        work.log_value(law, &point.input, theta);
        let gradient = DVector::from_row_slice(&work.gradient);
        information.ger(1.0, &gradient, &gradient, 1.0);
    }
    let scale = information.diagonal().map(f64::sqrt);
    if !scale.iter().all(|&entry| entry > 0.0 && entry.is_finite()) {
        return Err(UNIDENTIFIED);
    }
    let scaled = information.zip_map(&(&scale * scale.transpose()), |entry, by| entry / by);
    let eigen = scaled.symmetric_eigen();
    let identified = eigen.eigenvalues.min() * 1e12 > eigen.eigenvalues.max();
    if !identified {
        return Err(UNIDENTIFIED);
    }
    let inverse = &eigen.eigenvectors
        * DMatrix::from_diagonal(&eigen.eigenvalues.map(f64::recip))
        * eigen.eigenvectors.transpose();
    Ok(inverse.zip_map(&(&scale * scale.transpose()), |entry, by| variance * entry / by))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effective_variance_between_its_limits() {
        let at =
            |delta: f64| HuberFit::new(delta, Bfgs::new(1e-9, 9).unwrap()).unwrap().effective_variance(1.0);
        approx::assert_relative_eq!(at(1e-6), std::f64::consts::FRAC_PI_2, max_relative = 1e-5);
        approx::assert_relative_eq!(at(12.0), 1.0, max_relative = 1e-12);
        // δ = σ/5: s = 1.193 σ.
        approx::assert_relative_eq!(at(0.2).sqrt(), 1.193, max_relative = 1e-4);
    }
}
