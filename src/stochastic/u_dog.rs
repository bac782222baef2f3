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

use rand::Rng;

use super::{Iterating, Method, Oracle};
use crate::error::{Error, Result, positive};
use crate::math::first_order::{Projection, starting_point};
use crate::math::sets::Ball;
use crate::math::vector::{distance, dot};

/// The U-DoG method; see the [module](self) for the algorithm.
///
/// ```
/// use ratebook::stochastic::{gap_path, instances::Quadratic, u_dog::UDog};
/// # use rand::SeedableRng;
/// # fn main() -> ratebook::Result<()> {
/// let problem = Quadratic::power_spectrum(100, 8.0)?;
/// let gaps = gap_path(&UDog::new(1e-6)?, problem, &[200, 2000], &mut rand_pcg::Pcg64::seed_from_u64(1))?;
/// assert!(gaps[1] < gaps[0] / 50.0); // ten times the gradients: better than 1/T would allow
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UDog {
    initial_movement: f64,
    /// Of the ball K around x₀; none for all of ℝᵈ.
    radius: Option<f64>,
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
        Ok(Self { initial_movement, radius: None, damped: false, removed: None })
    }

    /// Keeps the iterates in the ball of this radius around x₀: a loose upper bound on the distance.
    ///
    /// # Errors
    /// If the radius is not positive and finite.
    pub fn within(self, radius: f64) -> Result<Self> {
        Ok(Self { radius: Some(positive("radius", radius)?), ..self })
    }

    /// Divides both steps by 1 + ln(1 + t). Wanted wherever there is noise.
    pub fn damped(self) -> Self {
        Self { damped: true, ..self }
    }

    /// The method with one part taken out, as a control.
    pub fn without(self, part: Part) -> Self {
        Self { removed: Some(part), ..self }
    }

    /// ω/(√G·damping), the factor of the gradient in both steps of step t. Nothing moves while G = 0: every
    /// gradient so far was zero (or so small that its square is).
    fn step_size(&self, t: usize, omega: f64, denominator: f64) -> f64 {
        let damping = if self.damped { 1.0 + (t as f64).ln_1p() } else { 1.0 };
        if denominator > 0.0 { omega / (denominator.sqrt() * damping) } else { 0.0 }
    }
}

/// State of [`UDog`].
#[derive(Debug, Clone)]
pub struct State {
    x0: Vec<f64>,
    /// K, if it is not all of ℝᵈ.
    ball: Option<Ball>,
    x: Vec<f64>,
    y: Vec<f64>,
    /// x̂ = Σ ωₖ xₖ₊₁ / Σ ωₖ, kept as a convex combination so that the growing weights cannot overflow.
    average: Vec<f64>,
    /// Where a gradient is asked for.
    point: Vec<f64>,
    hint: Vec<f64>,
    gradient: Vec<f64>,
    reach: f64,
    omega: f64,
    /// W = Σ ωₖ over the completed steps.
    total: f64,
    /// Q and M: only ever grow.
    prediction_errors: f64,
    largest_hint: f64,
    steps: usize,
}

impl State {
    /// r̄ₜ, the largest distance from x₀ that the last step knew of; r_ε before the first.
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

    fn diverged(&self, name: &'static str) -> Error {
        Error::Diverged { name, steps: self.steps }
    }
}

/// Writes (1 − share)·`average` + share·`fresh` into `point`.
fn combine(point: &mut [f64], average: &[f64], share: f64, fresh: &[f64]) {
    for ((point, average), fresh) in point.iter_mut().zip(average).zip(fresh) {
        *point = share * fresh + (1.0 - share) * average;
    }
}

impl<P: Oracle + ?Sized> Method<P> for UDog {
    type State = State;

    fn start(&self, problem: &P, x0: &[f64]) -> Result<State> {
        let x0 = starting_point(problem.dim(), x0)?;
        let zeros = vec![0.0; x0.len()];
        Ok(State {
            ball: self.radius.map(|radius| Ball::new(&x0, radius)).transpose()?,
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
        })
    }

    fn step(&self, problem: &P, state: &mut State, rng: &mut dyn Rng) -> Result<()> {
        let t = state.steps;
        // Step 1: the distance travelled, and the weight it gives this step.
        let travelled = distance(&state.y, &state.x0).max(distance(&state.x, &state.x0));
        let reach = match self.removed {
            Some(Part::GrowingDistance) => state.reach,
            _ => state.reach.max(travelled),
        };
        let omega = state.omega + reach;
        let alpha = omega / reach;
        let total = state.total + omega;
        let share = omega / total;

        // Step 2: the hint, a gradient at the average with y in the place of the coming iterate.
        combine(&mut state.point, &state.average, share, &state.y);
        problem.gradient(&state.point, rng, &mut state.hint);
        let hint_size = alpha * alpha * dot(&state.hint, &state.hint);
        if !hint_size.is_finite() {
            return Err(state.diverged("gradient"));
        }

        // Step 3: the trial step, in the direction of the hint.
        let largest_hint = state.largest_hint.max(hint_size);
        let step_size = self.step_size(t, omega, state.prediction_errors + largest_hint);
        for ((x, y), slope) in state.x.iter_mut().zip(&state.y).zip(&state.hint) {
            *x = y - step_size * slope;
        }
        state.ball.iter().for_each(|ball| ball.project(&mut state.x));

        // Step 4: a fresh gradient at the average that contains the trial point.
        combine(&mut state.point, &state.average, share, &state.x);
        problem.gradient(&state.point, rng, &mut state.gradient);

        // Step 5: pay for the hint's error, then step from y again.
        let error = alpha * alpha * distance(&state.gradient, &state.hint).powi(2);
        if !error.is_finite() {
            return Err(state.diverged("gradient"));
        }
        let prediction_errors = match self.removed {
            Some(Part::PredictionErrors) => 0.0,
            _ => state.prediction_errors + error,
        };
        let step_size = self.step_size(t, omega, prediction_errors + largest_hint);
        state.y.iter_mut().zip(&state.gradient).for_each(|(y, slope)| *y -= step_size * slope);
        state.ball.iter().for_each(|ball| ball.project(&mut state.y));
        if !state.point.iter().chain(&state.y).all(|x| x.is_finite()) {
            return Err(state.diverged("iterate"));
        }

        // Step 6: the point of step 4 is the new average.
        std::mem::swap(&mut state.average, &mut state.point);
        (state.reach, state.omega, state.total) = (reach, omega, total);
        (state.prediction_errors, state.largest_hint) = (prediction_errors, largest_hint);
        state.steps += 1;
        Ok(())
    }

    fn output<'a>(&self, state: &'a State) -> &'a [f64] {
        &state.average
    }
}

impl Iterating for UDog {
    /// The trial point x_{t+1}, the sequence that the answer averages.
    fn iterate<'a>(&self, state: &'a State) -> &'a [f64] {
        &state.x
    }
}
