//! Plainer ways to learn a radius.

use std::collections::VecDeque;

use super::super::Learner;
use super::Pinball;
use crate::error::{Result, at_least_one, non_negative, positive};

/// Online gradient descent on the pinball loss with a given step.
#[derive(Debug, Clone, PartialEq)]
pub struct Descent {
    pinball: Pinball,
    step: Step,
    radius: f64,
    time: u64,
}

/// The step size of a [`Descent`].
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Constant(f64),
    /// Over t.
    Decaying(f64),
    /// Constant, and the radius is kept at 0 or above.
    Projected(f64),
}

impl Descent {
    fn new(pinball: Pinball, step: Step) -> Self {
        Self { pinball, step, radius: 0.0, time: 0 }
    }

    /// A constant step, not projected: the radius may fall below 0 or rise above D by one step, which is what its
    /// coverage rests on.
    ///
    /// # Errors
    /// `eta` is not positive and finite.
    pub fn constant(pinball: Pinball, eta: f64) -> Result<Self> {
        Ok(Self::new(pinball, Step::Constant(positive("eta", eta)?)))
    }

    /// A constant step, projected to radii of at least 0.
    ///
    /// # Errors
    /// `eta` is not positive and finite.
    pub fn projected(pinball: Pinball, eta: f64) -> Result<Self> {
        Ok(Self::new(pinball, Step::Projected(positive("eta", eta)?)))
    }

    /// The step `eta`/t.
    ///
    /// # Errors
    /// `eta` is not positive and finite.
    pub fn decaying(pinball: Pinball, eta: f64) -> Result<Self> {
        Ok(Self::new(pinball, Step::Decaying(positive("eta", eta)?)))
    }
}

impl Learner for Descent {
    type Decision = f64;
    type Feedback = f64;

    fn decide(&self) -> f64 {
        self.radius
    }

    fn update(&mut self, score: &f64) -> Result<()> {
        let gradient = self.pinball.gradient(self.radius, self.pinball.check(*score)?);
        self.time += 1;
        self.radius = match self.step {
            Step::Constant(eta) => self.radius - eta * gradient,
            Step::Decaying(eta) => self.radius - eta / self.time as f64 * gradient,
            Step::Projected(eta) => (self.radius - eta * gradient).max(0.0),
        };
        Ok(())
    }
}

/// Never moves.
#[derive(Debug, Clone, PartialEq)]
pub struct Fixed {
    pinball: Pinball,
    radius: f64,
}

impl Fixed {
    /// Announces `radius` for ever.
    ///
    /// # Errors
    /// `radius` is negative or not finite.
    pub fn new(pinball: Pinball, radius: f64) -> Result<Self> {
        Ok(Self { pinball, radius: non_negative("radius", radius)? })
    }
}

impl Learner for Fixed {
    type Decision = f64;
    type Feedback = f64;

    fn decide(&self) -> f64 {
        self.radius
    }

    fn update(&mut self, score: &f64) -> Result<()> {
        self.pinball.check(*score).map(drop)
    }
}

/// The ⌈(1 − level)(n + 1)⌉-th smallest of n scores; D beyond the largest, 0 below the smallest.
fn conformal_quantile(sorted: &[f64], level: f64, largest: f64) -> f64 {
    let rank = ((1.0 - level) * (sorted.len() as f64 + 1.0)).ceil();
    if rank < 1.0 { 0.0 } else { sorted.get(rank as usize - 1).copied().unwrap_or(largest) }
}

/// The scores of the present, in order of size. Insertion and removal in O(n).
#[derive(Debug, Clone, PartialEq, Default)]
struct Sorted(Vec<f64>);

impl Sorted {
    fn place(&self, score: f64) -> usize {
        self.0.partition_point(|&other| other < score)
    }

    fn insert(&mut self, score: f64) {
        self.0.insert(self.place(score), score);
    }

    fn remove(&mut self, score: f64) {
        self.0.remove(self.place(score));
    }
}

/// Split conformal prediction on the last scores: their quantile.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowQuantile {
    pinball: Pinball,
    window: usize,
    recent: VecDeque<f64>,
    sorted: Sorted,
}

impl WindowQuantile {
    /// The quantile of the last `window` scores.
    ///
    /// # Errors
    /// `window` is 0.
    pub fn new(pinball: Pinball, window: usize) -> Result<Self> {
        let window = at_least_one("window", window)?;
        Ok(Self { pinball, window, recent: VecDeque::new(), sorted: Sorted::default() })
    }
}

impl Learner for WindowQuantile {
    type Decision = f64;
    type Feedback = f64;

    fn decide(&self) -> f64 {
        conformal_quantile(&self.sorted.0, self.pinball.alpha(), self.pinball.largest())
    }

    fn update(&mut self, score: &f64) -> Result<()> {
        let score = self.pinball.check(*score)?;
        if self.recent.len() == self.window
            && let Some(oldest) = self.recent.pop_front()
        {
            self.sorted.remove(oldest);
        }
        self.recent.push_back(score);
        self.sorted.insert(score);
        Ok(())
    }
}

/// Adaptive conformal inference: the quantile of all past scores at a level that is itself learnt,
/// α_{t+1} = α_t + γ(α − err_t) (Gibbs and Candès 2021).
#[derive(Debug, Clone, PartialEq)]
pub struct Aci {
    pinball: Pinball,
    gamma: f64,
    level: f64,
    sorted: Sorted,
}

impl Aci {
    /// With the learning rate `gamma` of the level.
    ///
    /// # Errors
    /// `gamma` is not positive and finite.
    pub fn new(pinball: Pinball, gamma: f64) -> Result<Self> {
        let gamma = positive("gamma", gamma)?;
        Ok(Self { pinball, gamma, level: pinball.alpha(), sorted: Sorted::default() })
    }
}

impl Learner for Aci {
    type Decision = f64;
    type Feedback = f64;

    fn decide(&self) -> f64 {
        conformal_quantile(&self.sorted.0, self.level, self.pinball.largest())
    }

    fn update(&mut self, score: &f64) -> Result<()> {
        let score = self.pinball.check(*score)?;
        self.level += self.gamma * self.pinball.gradient(self.decide(), score);
        self.sorted.insert(score);
        Ok(())
    }
}
