//! Minimisation of a smooth function of a few parameters: BFGS with a weak Wolfe line search.

use nalgebra::{DMatrix, DVector};

use crate::error::{self, Error, Result};

/// Broyden–Fletcher–Goldfarb–Shanno with the bisection line search of Lewis and Overton (2013), which
/// needs no second derivative and survives kinks in the first. Dense: O(d²) a step for d parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bfgs {
    tolerance: f64,
    max_steps: usize,
}

/// Where a minimisation ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Minimum {
    /// The parameters.
    pub x: Vec<f64>,
    /// The function's value there.
    pub value: f64,
    /// How often the function was evaluated.
    pub evaluations: usize,
}

impl Bfgs {
    /// Stops when the largest entry of the gradient is at most `tolerance`; gives up after `max_steps`
    /// steps. The tolerance is absolute: it depends on the scale of the function.
    ///
    /// # Errors
    /// If `tolerance` is not positive and finite or `max_steps` is 0.
    pub fn new(tolerance: f64, max_steps: usize) -> Result<Self> {
        Ok(Self {
            tolerance: error::positive("tolerance", tolerance)?,
            max_steps: error::at_least_one("max_steps", max_steps)?,
        })
    }

    /// Minimises from `start`. The function returns its value and writes its gradient.
    ///
    /// # Errors
    /// [`Error::Diverged`] if value or gradient is not finite at the start, [`Error::NotConverged`] if
    /// the steps are used up or rounding stops all progress before the gradient is small.
    pub fn minimise(
        &self,
        start: &[f64],
        mut function: impl FnMut(&[f64], &mut [f64]) -> f64,
    ) -> Result<Minimum> {
        error::finite_slice("start", start)?;
        let d = start.len();
        let mut evaluations = 0;
        let mut evaluate = |x: &DVector<f64>, gradient: &mut DVector<f64>| {
            evaluations += 1;
            function(x.as_slice(), gradient.as_mut_slice())
        };
        let mut x = DVector::from_row_slice(start);
        let mut gradient = DVector::zeros(d);
        let mut value = evaluate(&x, &mut gradient);
        let mut inverse = DMatrix::identity(d, d);
        let (mut trial, mut trial_gradient) = (DVector::zeros(d), DVector::zeros(d));
        for step in 0..=self.max_steps {
            if !(value.is_finite() && gradient.iter().all(|entry| entry.is_finite())) {
                return Err(Error::Diverged { name: "objective", steps: step });
            }
            if gradient.amax() <= self.tolerance {
                return Ok(Minimum { x: x.as_slice().to_vec(), value, evaluations });
            }
            if step == self.max_steps {
                break;
            }
            let mut direction = -(&inverse * &gradient);
            let mut slope = direction.dot(&gradient);
            if slope.is_nan() || slope >= 0.0 {
                // Rounding has spoilt the approximation: restart from steepest descent.
                inverse.fill_with_identity();
                direction = -&gradient;
                slope = -gradient.norm_squared();
            }
            // Nothing is known about the scale before the first step: move by at most one unit.
            let first = if step == 0 { 1.0 / direction.norm().max(1.0) } else { 1.0 };
            let found = line_search(first, value, slope, |length| {
                trial.copy_from(&x);
                trial.axpy(length, &direction, 1.0);
                let value = evaluate(&trial, &mut trial_gradient);
                (value, trial_gradient.dot(&direction))
            });
            let Some(trial_value) = found else { break };
            let moved = &trial - &x;
            let change = &trial_gradient - &gradient;
            update(&mut inverse, &moved, &change, step == 0);
            x.copy_from(&trial);
            gradient.copy_from(&trial_gradient);
            value = trial_value;
        }
        Err(Error::NotConverged { name: "BFGS", steps: self.max_steps })
    }
}

/// Doubles, then bisects, until the step satisfies the weak Wolfe conditions; returns the value
/// there, the last point that `along` has evaluated. `None` if sixty halvings do not find one.
///
/// Near the minimum the decrease drowns in the rounding of the value while slopes are still accurate,
/// so a step also counts as a decrease when the value has not visibly grown and the slope has not
/// turned steep (the approximate condition of Hager and Zhang 2005).
fn line_search(first: f64, value: f64, slope: f64, mut along: impl FnMut(f64) -> (f64, f64)) -> Option<f64> {
    const DECREASE: f64 = 1e-4;
    const CURVATURE: f64 = 0.9;
    const OVERSHOOT: f64 = 0.8;
    let visible = value + 1e-10 * value.abs();
    let (mut low, mut high, mut length) = (0.0, f64::INFINITY, first);
    for _ in 0..60 {
        let (trial, trial_slope) = along(length);
        let decreased = trial <= value + DECREASE * length * slope
            || (trial <= visible && trial_slope <= -OVERSHOOT * slope);
        // NaN has not decreased: it counts as too far.
        if !decreased {
            high = length;
        } else if trial_slope < CURVATURE * slope {
            low = length;
        } else {
            return Some(trial);
        }
        length = if high.is_finite() { f64::midpoint(low, high) } else { 2.0 * low };
    }
    None
}

/// The BFGS update of the inverse Hessian, skipped when the curvature along the step is lost in
/// rounding. The first one also sets the scale.
fn update(inverse: &mut DMatrix<f64>, moved: &DVector<f64>, change: &DVector<f64>, first: bool) {
    let curvature = moved.dot(change);
    let visible = curvature > f64::EPSILON * moved.norm() * change.norm();
    if !visible {
        return;
    }
    if first {
        *inverse *= curvature / change.norm_squared();
    }
    // H + (1 + yᵀHy/sᵀy) ssᵀ/sᵀy - (Hy sᵀ + s yᵀH)/sᵀy.
    let mapped = &*inverse * change;
    let weight = (1.0 + change.dot(&mapped) / curvature) / curvature;
    inverse.ger(weight, moved, moved, 1.0);
    inverse.ger(-1.0 / curvature, &mapped, moved, 1.0);
    inverse.ger(-1.0 / curvature, moved, &mapped, 1.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rosenbrock(x: &[f64], gradient: &mut [f64]) -> f64 {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        gradient[0] = -2.0 * a - 400.0 * b * x[0];
        gradient[1] = 200.0 * b;
        a * a + 100.0 * b * b
    }

    #[test]
    fn finds_the_minimum_of_a_curved_valley() {
        let found = Bfgs::new(1e-10, 200).unwrap().minimise(&[-1.2, 1.0], rosenbrock).unwrap();
        assert!((found.x[0] - 1.0).abs() < 1e-9 && (found.x[1] - 1.0).abs() < 1e-9);
        assert!(found.evaluations < 100, "{}", found.evaluations);
    }

    #[test]
    fn says_when_it_cannot() {
        let bfgs = Bfgs::new(1e-10, 5).unwrap();
        assert!(matches!(bfgs.minimise(&[-1.2, 1.0], rosenbrock), Err(Error::NotConverged { .. })));
        let linear = |_: &[f64], gradient: &mut [f64]| {
            gradient[0] = 1.0;
            f64::NAN
        };
        assert!(matches!(bfgs.minimise(&[0.0], linear), Err(Error::Diverged { .. })));
        assert!(Bfgs::new(f64::NAN, 5).is_err() && Bfgs::new(1e-3, 0).is_err());
        assert!(bfgs.minimise(&[f64::NAN], rosenbrock).is_err());
    }
}
