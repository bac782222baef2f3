use rand::Rng;

use super::Assumptions;
use crate::bandits::primitives::{Ridge, argmax};
use crate::bandits::{Actions, Policy};
use crate::{Error, Result, error};

/// SupLinUCB with the widths 2⁻¹, 2⁻², … and no last level.
#[derive(Debug, Clone, PartialEq)]
pub struct SupLinUcb {
    assumptions: Assumptions,
    /// The regressions with their radii β(l), from level 1.
    levels: Vec<(Ridge, f64)>,
    round: u64,
    /// The actions that are left, and the optimistic rewards of the current level.
    left: Vec<usize>,
    optimistic: Vec<f64>,
    played: Vec<f64>,
    /// The level that gets this round, from 0.
    learns: Option<usize>,
}

impl SupLinUcb {
    /// Neither the gap nor the misspecification is used.
    ///
    /// # Errors
    /// An assumption is outside its range.
    pub fn new(assumptions: Assumptions) -> Result<Self> {
        let played = vec![0.0; assumptions.check()?.dim];
        let (levels, left, optimistic) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { assumptions, levels, round: 0, left, optimistic, played, learns: None })
    }

    /// How many rounds each level has kept.
    pub fn kept_by_level(&self) -> impl Iterator<Item = u64> {
        self.levels.iter().map(|(ridge, _)| ridge.observations())
    }
}

impl Policy for SupLinUcb {
    type Context = Actions;
    type Feedback = f64;

    /// # Errors
    /// The decision set has another dimension, or an action longer than L.
    fn choose(&mut self, actions: &Actions, rng: &mut dyn Rng) -> Result<usize> {
        self.assumptions.admit(actions)?;
        self.round += 1;
        self.left.clear();
        self.left.extend(0..actions.arms());
        let mut level = 0;
        // Ends at the first level with 4^l·d ≥ k, if not before.
        loop {
            let l = level as u32 + 1;
            if level == self.levels.len() {
                let ridge = Ridge::new(self.assumptions.dim, self.assumptions.lambda())?;
                self.levels.push((ridge, self.assumptions.level_radius(l)));
            }
            let (ridge, beta) = &self.levels[level];
            let threshold = 0.5f64.powi(l as i32);
            let width = |&arm: &usize| ridge.width(actions.get(arm));
            let widest = self.left.iter().map(width).fold(0.0, f64::max);
            self.optimistic.clear();
            // Step 1.
            let optimistic = |&arm: &usize| ridge.predict(actions.get(arm)) + beta * width(&arm);
            self.optimistic.extend(self.left.iter().map(optimistic));
            let choice = if widest >= threshold {
                // Step 2.
                self.learns = Some(level);
                argmax(self.left.iter().map(width), rng)
            } else if self.round as f64 <= 4f64.powi(l as i32) * self.assumptions.dim as f64 {
                // Step 3.
                self.learns = None;
                argmax(self.optimistic.iter().copied(), rng)
            } else {
                // Step 4.
                let best = self.optimistic.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let mut scores = self.optimistic.iter();
                self.left.retain(|_| scores.next().is_some_and(|r| best - r <= 3.0 * beta * threshold));
                level += 1;
                continue;
            };
            let arm = self.left[choice.ok_or(Error::Empty { name: "actions" })?];
            self.played.copy_from_slice(actions.get(arm));
            return Ok(arm);
        }
    }

    fn observe(&mut self, _: usize, reward: &f64) -> Result<()> {
        let reward = error::finite("reward", *reward)?;
        if let Some(level) = self.learns.take() {
            self.levels[level].0.add(&self.played, reward, 1.0);
        }
        Ok(())
    }
}
