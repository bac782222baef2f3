use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::bandits::{Actions, Game};
use crate::math::vector::dot;
use crate::{Error, Result, error};

/// A linear bandit: each round offers a decision set drawn uniformly from finitely many; action x has mean
/// reward ⟨x, θ⟩ and normal noise.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    theta: Vec<f64>,
    deviation: f64,
    contexts: Vec<Actions>,
    /// The best mean of each decision set.
    best: Vec<f64>,
    current: usize,
    reward: f64,
}

impl Linear {
    /// Decision sets `contexts`, parameter `theta`, noise of standard deviation `deviation` ≥ 0.
    ///
    /// # Errors
    /// There is no decision set, a dimension differs, or a number is not finite or negative.
    pub fn new(theta: Vec<f64>, deviation: f64, contexts: Vec<Actions>) -> Result<Self> {
        error::finite_slice("theta", &theta)?;
        error::non_negative("deviation", deviation)?;
        if contexts.is_empty() {
            return Err(Error::Empty { name: "contexts" });
        }
        contexts.iter().try_for_each(|set| error::same_size("contexts", theta.len(), set.dim()))?;
        let best_of = |set: &Actions| set.iter().map(|x| dot(x, &theta)).fold(f64::NEG_INFINITY, f64::max);
        let best = contexts.iter().map(best_of).collect();
        Ok(Self { theta, deviation, contexts, best, current: 0, reward: 0.0 })
    }

    /// The paired instance in dimension `dim` (even): context j offers e_{2j−1} and e_{2j}, whose means are 0
    /// and `gap` ≥ 0, so ‖θ‖ = gap·√(dim/2).
    ///
    /// # Errors
    /// `dim` is zero or odd, or `gap` or `deviation` is negative or not finite.
    pub fn paired(dim: usize, gap: f64, deviation: f64) -> Result<Self> {
        if dim == 0 || !dim.is_multiple_of(2) {
            let requirement = "even and at least 2";
            return Err(Error::OutOfRange { name: "dim", value: dim as f64, requirement });
        }
        error::non_negative("gap", gap)?;
        let theta = (0..dim).map(|i| gap * (i % 2) as f64).collect();
        let basis = |i: usize| (0..dim).map(move |j| f64::from(i == j));
        let pair = |j: usize| Actions::new(dim, basis(2 * j).chain(basis(2 * j + 1)).collect());
        Self::new(theta, deviation, (0..dim / 2).map(pair).collect::<Result<_>>()?)
    }

    /// The parameter: for the judge, not for policies.
    pub fn theta(&self) -> &[f64] {
        &self.theta
    }
}

impl Game for Linear {
    type Context = Actions;
    type Feedback = f64;

    fn open(&mut self, noise: &mut dyn Rng) {
        self.current = noise.random_range(0..self.contexts.len());
    }

    fn context(&self) -> &Actions {
        &self.contexts[self.current]
    }

    fn arms(&self) -> usize {
        self.context().arms()
    }

    fn regret(&self, arm: usize) -> f64 {
        self.best[self.current] - dot(self.context().get(arm), &self.theta)
    }

    fn feedback(&mut self, arm: usize, _: &[usize], noise: &mut dyn Rng) -> &f64 {
        let standard: f64 = noise.sample(StandardNormal);
        self.reward = dot(self.context().get(arm), &self.theta) + self.deviation * standard;
        &self.reward
    }
}
