//! U-DoG: accelerated stochastic optimisation without a step size, a smoothness constant, or the
//! distance to the solution.
//!
//! **What is ours.** The paper's exact constants inside the step denominators (its logarithmic
//! stabiliser, and the loose noise bound that enters it) could not be recovered from public sources.
//! The skeleton below (points, weights, growing distance, ordered denominators) is the paper's as a
//! secondary write-up gives it; the denominators $G_{x,t}, G_{y,t}$ and the damping factor
//! $1 + \ln(1+t)$ are **ours**, and so is every numeric constant of the claims.
//!
//! # Problem
//! $F$ is convex and $\beta$-smooth (or Lipschitz), gradients are unbiased with $\sigma$-sub-Gaussian
//! noise. Nesterov's method reaches the optimal rate if it is told $\beta$ and $d_0 = \|x_0 - x_\star\|$;
//! UniXGrad adapts to $\beta$ and $\sigma$ but must be told $d_0$, and a guess that is 1,000 times too
//! small costs that factor. U-DoG is told nothing but a movement $r_\epsilon$ that is surely too small.
//!
//! # Idea
//! Two ideas are fused. *UniXGrad* is an extragradient method whose gradients are taken at weighted
//! **averages** of the iterates; its denominator adds up $\alpha_k^2\|g_k - m_k\|^2$, the errors of
//! predicting each gradient by the one before, which stay bounded on a smooth noiseless function
//! (acceleration) and grow like $\sigma^2 \sum \alpha_k^2$ under noise (the optimal stochastic rate).
//! *DoG* replaces the unknown $d_0$ by the largest distance $\bar r_t$ travelled so far, which grows
//! geometrically until it is of the right order.
//!
//! # Algorithm
//! Start with $y_0 = x_0$, $\bar r_{-1} = r_\epsilon$, $Q = M = 0$. For $t = 0, 1, \dots$:
//!
//! 1. $\bar r_t = \max(\bar r_{t-1}, \|y_t - x_0\|, \|x_t - x_0\|)$, and the weights
//!    $\omega_t = \sum_{k \le t} \bar r_k$, $\alpha_t = \omega_t/\bar r_t$.
//! 2. $m_t$ = stochastic gradient at $(\sum_{k<t} \omega_k x_{k+1} + \omega_t y_t)/\sum_{k\le t}\omega_k$.
//! 3. $M \leftarrow \max(M, \alpha_t^2\|m_t\|^2)$, $G_{x,t} = Q + M$,
//!    $x_{t+1} = \mathrm{Proj}_K(y_t - \alpha_t \bar r_t\, m_t/\sqrt{G_{x,t}})$.
//! 4. $g_t$ = fresh stochastic gradient at $\sum_{k\le t} \omega_k x_{k+1}/\sum_{k\le t}\omega_k$.
//! 5. $Q \leftarrow Q + \alpha_t^2\|g_t - m_t\|^2$, $G_{y,t} = Q + M$,
//!    $y_{t+1} = \mathrm{Proj}_K(y_t - \alpha_t \bar r_t\, g_t/\sqrt{G_{y,t}})$.
//! 6. The answer is $\hat x_{t+1} = \sum_{k\le t} \omega_k x_{k+1}/\sum_{k\le t}\omega_k$.
//!
//! [`UDog::damped`] divides both steps by $1 + \ln(1+t)$. Under noise in an unbounded domain this, or a
//! ball around $x_0$ ([`UDog::within`]), is what keeps $\bar r_t$ from drifting upward for ever.
//!
//! # Theorem
//! With high probability, up to logarithms in $T$, $d_0/r_\epsilon$ and the loose noise bound (abstract
//! and introduction; the exponents of the logarithms are not recalled),
//! $$F(\hat x_T) - F_\star = \tilde O\left(\frac{\beta d_0^2}{T^2} + \frac{\sigma d_0}{\sqrt T}\right),
//! \qquad\text{and}\qquad \tilde O\left(\frac{(G + \sigma)\, d_0}{\sqrt T}\right)$$
//! for $\beta$-smooth and for $G$-Lipschitz $F$, while $\max_t \bar r_t = O(d_0)$.
//!
//! # Cost
//! $O(d)$ time and memory per step, two gradients per step.
//!
//! # Reference
//! Kreisler, Ivgi, Hinder and Carmon, *Accelerated Parameter-Free Stochastic Optimization*, COLT 2024,
//! arXiv 2404.00666. UniXGrad: Kavis, Levy, Bach and Cevher, NeurIPS 2019.

use nalgebra::DVector;
use rand::Rng;

use super::{Domain, Method, Optimizer, Oracle, checked_start};
use crate::error::{Error, Result, positive, same_size};

/// The U-DoG method; see the [module](self) for the algorithm.
///
/// ```
/// use ratebook::stochastic::{gap_path, instances::Quadratic, u_dog::UDog};
/// # use rand::SeedableRng;
/// # fn main() -> ratebook::Result<()> {
/// let problem = Quadratic::power_spectrum(100, 8.0)?;
/// let gaps = gap_path(&UDog::new(1e-6)?, &problem, &[200, 2000], &mut rand_pcg::Pcg64::seed_from_u64(1))?;
/// assert!(gaps[1] < gaps[0] / 50.0); // ten times the gradients: better than 1/T would allow
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UDog {
    initial_movement: f64,
    domain: Domain,
    damped: bool,
    removed: Option<Part>,
}

/// A part that [`UDog::without`] takes out, to show what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// r̄ₜ stays at r_ε: what is left is UniXGrad with r_ε as its guess of the distance.
    GrowingDistance,
    /// Q stays 0: the denominators no longer see how badly gradients predict each other.
    PredictionErrors,
}

impl UDog {
    /// U-DoG with `initial_movement` r_ε, in all of ℝᵈ, undamped. Take r_ε below any plausible
    /// distance to the solution: a factor 10 too small costs a few steps, too large costs that factor.
    ///
    /// # Errors
    /// If it is not positive and finite.
    pub fn new(initial_movement: f64) -> Result<Self> {
        let initial_movement = positive("initial_movement", initial_movement)?;
        Ok(Self { initial_movement, domain: Domain::Whole, damped: false, removed: None })
    }

    /// Keeps the iterates in the ball of this radius around x₀: a loose upper bound on the distance.
    ///
    /// # Errors
    /// If the radius is not positive and finite.
    pub fn within(self, radius: f64) -> Result<Self> {
        Ok(Self { domain: Domain::ball(radius)?, ..self })
    }

    /// Divides both steps by 1 + ln(1 + t). Wanted wherever there is noise.
    pub fn damped(self) -> Self {
        Self { damped: true, ..self }
    }

    /// The method with one part taken out, as a control.
    pub fn without(self, part: Part) -> Self {
        Self { removed: Some(part), ..self }
    }

    /// Starts a run at `x0`, with access to its inner quantities.
    ///
    /// # Errors
    /// If `x0` is empty or not finite.
    pub fn run(&self, x0: &DVector<f64>) -> Result<Run> {
        let x0 = checked_start(x0)?;
        let zeros = DVector::zeros(x0.len());
        Ok(Run {
            method: *self,
            x: x0.clone(),
            y: x0.clone(),
            average: x0.clone(),
            point: x0.clone(),
            hint: zeros.clone(),
            gradient: zeros,
            x0,
            reach: self.initial_movement,
            omega: 0.0,
            total: 0.0,
            prediction_errors: 0.0,
            largest_hint: 0.0,
            steps: 0,
            calls: 0,
        })
    }
}

impl Method for UDog {
    fn start(&self, x0: &DVector<f64>) -> Result<Box<dyn Optimizer>> {
        Ok(Box::new(self.run(x0)?))
    }
}

/// A run of [`UDog`].
#[derive(Debug, Clone)]
pub struct Run {
    method: UDog,
    x0: DVector<f64>,
    x: DVector<f64>,
    y: DVector<f64>,
    /// x̂ = Σ ωₖ xₖ₊₁ / Σ ωₖ, kept as a convex combination so that the growing weights cannot overflow.
    average: DVector<f64>,
    /// Where a gradient is asked for.
    point: DVector<f64>,
    hint: DVector<f64>,
    gradient: DVector<f64>,
    reach: f64,
    omega: f64,
    /// W = Σ ωₖ over the completed steps.
    total: f64,
    /// Q and M: only ever grow.
    prediction_errors: f64,
    largest_hint: f64,
    steps: usize,
    calls: u64,
}

impl Run {
    /// r̄ₜ, the largest distance from x₀ that the last step knew of.
    pub fn distance(&self) -> f64 {
        self.reach
    }

    /// αₜ = ωₜ/r̄ₜ of the last step, between 1 and t + 1; 0 before the first.
    pub fn alpha(&self) -> f64 {
        self.omega / self.reach
    }

    /// Q + M after the last step: G_{y,t}, and what the next G_{x,t} starts from.
    pub fn denominator(&self) -> f64 {
        self.prediction_errors + self.largest_hint
    }

    /// ωₜ/(√G·damping), the factor of the gradient in both steps. Nothing moves while G = 0: every
    /// gradient so far was zero (or so small that its square is).
    fn step_size(&self, omega: f64, denominator: f64) -> f64 {
        let damping = if self.method.damped { 1.0 + (self.steps as f64).ln_1p() } else { 1.0 };
        if denominator > 0.0 { omega / (denominator.sqrt() * damping) } else { 0.0 }
    }

    fn diverged(&self, name: &'static str) -> Error {
        Error::Diverged { name, steps: self.steps }
    }
}

impl Optimizer for Run {
    fn step(&mut self, oracle: &dyn Oracle, rng: &mut dyn Rng) -> Result<()> {
        same_size("oracle", self.x0.len(), oracle.dimension())?;
        // Step 1: the distance travelled, and the weight it gives this step.
        let travelled = self.y.metric_distance(&self.x0).max(self.x.metric_distance(&self.x0));
        let reach = match self.method.removed {
            Some(Part::GrowingDistance) => self.reach,
            _ => self.reach.max(travelled),
        };
        let omega = self.omega + reach;
        let alpha = omega / reach;
        let total = self.total + omega;
        let share = omega / total;

        // Step 2: the hint, a gradient at the average with y in the place of the coming iterate.
        self.point.copy_from(&self.average);
        self.point.axpy(share, &self.y, 1.0 - share);
        oracle.gradient(&self.point, rng, &mut self.hint);
        self.calls += 1;
        let hint_size = alpha * alpha * self.hint.norm_squared();
        if !hint_size.is_finite() {
            return Err(self.diverged("gradient"));
        }

        // Step 3: the trial step, in the direction of the hint.
        let largest_hint = self.largest_hint.max(hint_size);
        self.x.copy_from(&self.y);
        self.x.axpy(-self.step_size(omega, self.prediction_errors + largest_hint), &self.hint, 1.0);
        self.method.domain.project(&mut self.x, &self.x0);

        // Step 4: a fresh gradient at the average that contains the trial point.
        self.point.copy_from(&self.average);
        self.point.axpy(share, &self.x, 1.0 - share);
        oracle.gradient(&self.point, rng, &mut self.gradient);
        self.calls += 1;

        // Step 5: pay for the hint's error, then step from y again.
        let error = alpha * alpha * self.gradient.metric_distance(&self.hint).powi(2);
        if !error.is_finite() {
            return Err(self.diverged("gradient"));
        }
        let prediction_errors = match self.method.removed {
            Some(Part::PredictionErrors) => 0.0,
            _ => self.prediction_errors + error,
        };
        self.y.axpy(-self.step_size(omega, prediction_errors + largest_hint), &self.gradient, 1.0);
        self.method.domain.project(&mut self.y, &self.x0);
        if !self.point.iter().chain(&self.y).all(|x| x.is_finite()) {
            return Err(self.diverged("iterate"));
        }

        // Step 6: the point of step 4 is the new average.
        std::mem::swap(&mut self.average, &mut self.point);
        (self.reach, self.omega, self.total) = (reach, omega, total);
        (self.prediction_errors, self.largest_hint) = (prediction_errors, largest_hint);
        self.steps += 1;
        Ok(())
    }

    /// The trial point x_{t+1}, the sequence that the answer averages.
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
