//! Plain rivals: what a new rule has to beat.

use nalgebra::DVector;
use rand::Rng;

use super::{Method, Optimizer, Oracle, checked_start};
use crate::error::{Error, Result, positive, same_size};

/// Distance over Gradients (Ivgi, Hinder and Carmon 2023, arXiv 2302.12022): stochastic gradient descent
/// with the step r̄ₜ/√(Σ_{k≤t} ‖gₖ‖²), where r̄ₜ is the largest distance from x₀ so far.
///
/// Parameter-free but not accelerated. The answer is the average of the iterates weighted by r̄ₜ. This is
/// the practical form; the paper's analysed form adds a logarithmic damping.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dog {
    initial_movement: f64,
}

impl Dog {
    /// DoG whose first step has length `initial_movement` (r_ε): any underestimate of the distance.
    ///
    /// # Errors
    /// If it is not positive and finite.
    pub fn new(initial_movement: f64) -> Result<Self> {
        Ok(Self { initial_movement: positive("initial_movement", initial_movement)? })
    }
}

impl Method for Dog {
    fn start(&self, x0: &DVector<f64>) -> Result<Box<dyn Optimizer>> {
        Ok(Box::new(Descent::new(x0, Rule::Dog { reach: self.initial_movement, squares: 0.0 })?))
    }
}

/// The (sub)gradient method with a constant step, answering the plain average of its iterates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConstantStep {
    step_size: f64,
}

impl ConstantStep {
    /// The method with this step size.
    ///
    /// # Errors
    /// If it is not positive and finite.
    pub fn new(step_size: f64) -> Result<Self> {
        Ok(Self { step_size: positive("step_size", step_size)? })
    }
}

impl Method for ConstantStep {
    fn start(&self, x0: &DVector<f64>) -> Result<Box<dyn Optimizer>> {
        Ok(Box::new(Descent::new(x0, Rule::Constant { step_size: self.step_size })?))
    }
}

/// How [`Descent`] sizes its steps and weighs its average.
#[derive(Debug, Clone, Copy)]
enum Rule {
    Constant { step_size: f64 },
    Dog { reach: f64, squares: f64 },
}

/// x ← x − η·g, with a weighted average of the points where gradients were taken.
#[derive(Debug, Clone)]
struct Descent {
    x0: DVector<f64>,
    x: DVector<f64>,
    average: DVector<f64>,
    gradient: DVector<f64>,
    rule: Rule,
    weight: f64,
    calls: u64,
}

impl Descent {
    fn new(x0: &DVector<f64>, rule: Rule) -> Result<Self> {
        let x0 = checked_start(x0)?;
        let gradient = DVector::zeros(x0.len());
        Ok(Self { x: x0.clone(), average: x0.clone(), x0, gradient, rule, weight: 0.0, calls: 0 })
    }
}

impl Optimizer for Descent {
    fn step(&mut self, oracle: &dyn Oracle, rng: &mut dyn Rng) -> Result<()> {
        same_size("oracle", self.x.len(), oracle.dimension())?;
        oracle.gradient(&self.x, rng, &mut self.gradient);
        self.calls += 1;
        let diverged = Error::Diverged { name: "gradient", steps: self.calls as usize - 1 };
        let square = self.gradient.norm_squared();
        let (step_size, weight) = match &mut self.rule {
            Rule::Constant { step_size } => (*step_size, 1.0),
            Rule::Dog { reach, squares } => {
                *reach = reach.max(self.x.metric_distance(&self.x0));
                *squares += square;
                // A zero gradient sum means that nothing has been learned: stay.
                (if *squares > 0.0 { *reach / squares.sqrt() } else { 0.0 }, *reach)
            }
        };
        if !square.is_finite() || !(step_size * square.sqrt()).is_finite() {
            return Err(diverged);
        }
        self.weight += weight;
        let share = weight / self.weight;
        self.average.axpy(share, &self.x, 1.0 - share);
        self.x.axpy(-step_size, &self.gradient, 1.0);
        Ok(())
    }

    fn iterate(&self) -> &DVector<f64> {
        &self.x
    }

    fn output(&self) -> &DVector<f64> {
        &self.average
    }

    fn calls(&self) -> u64 {
        self.calls
    }
}
