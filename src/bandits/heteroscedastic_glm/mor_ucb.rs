use rand::Rng;

use crate::bandits::primitives::{NoiseRange, Ridge, argmax};
use crate::bandits::{Actions, Policy};
use crate::math::vector::norm;
use crate::{Error, Result, error};

/// Multi-layer optimism for rounds that announce their noise level.
#[derive(Debug, Clone, PartialEq)]
pub struct MorUcb {
    noise: NoiseRange,
    /// The regressions of the layers, the quietest first.
    layers: Vec<Ridge>,
    round: u64,
    played: Vec<f64>,
    /// The layer of this round, from 0.
    layer: usize,
}

impl MorUcb {
    /// In the setting of [`NoiseRange`]. With σ_max ≤ 2σ_min there is one layer: OFUL that knows 2σ_min.
    ///
    /// # Errors
    /// A parameter of `noise` is outside its range.
    pub fn new(noise: NoiseRange) -> Result<Self> {
        let ridge = Ridge::new(noise.check()?.dim, noise.lambda)?;
        let layers = vec![ridge; layer_of(noise.sigma_max, noise.sigma_min) + 1];
        Ok(Self { noise, layers, round: 0, played: vec![0.0; noise.dim], layer: 0 })
    }

    /// How many rounds each layer has.
    pub fn rounds_by_layer(&self) -> impl Iterator<Item = u64> {
        self.layers.iter().map(Ridge::observations)
    }

    /// min_l ⟨x, θ̂_l⟩ + β_l‖x‖ for the radius β_l = 2^l·σ_min·`root` + √λ·B.
    fn index(&self, x: &[f64], root: f64) -> f64 {
        let (mut least, mut level) = (f64::INFINITY, self.noise.sigma_min);
        for ridge in &self.layers {
            level *= 2.0;
            // An empty layer knows nothing but ‖x‖.
            let (mean, width) = match ridge.observations() {
                0 => (0.0, norm(x) / self.noise.lambda.sqrt()),
                _ => (ridge.predict(x), ridge.width(x)),
            };
            least = least.min(mean + (level * root + self.noise.bias()) * width);
        }
        least
    }
}

/// The layer of a noise level, from 0: the least l with σ ≤ 2^{l+1}·σ_min, up to rounding.
fn layer_of(sigma: f64, sigma_min: f64) -> usize {
    ((sigma / sigma_min * (1.0 - 1e-9)).log2().ceil() - 1.0).max(0.0) as usize
}

impl Policy for MorUcb {
    type Context = Actions;
    type Feedback = f64;

    /// # Errors
    /// The decision set announces no noise level or one above σ_max, has another dimension, or an action longer
    /// than L.
    fn choose(&mut self, actions: &Actions, rng: &mut dyn Rng) -> Result<usize> {
        let deviation = self.noise.admit(actions)?;
        self.round += 1;
        // Steps 2 and 3.
        let root = self.noise.root(self.round, 1.0);
        let scores = actions.iter().map(|x| self.index(x, root));
        let arm = argmax(scores, rng).ok_or(Error::Empty { name: "actions" })?;
        // Step 4: a level of σ_max up to rounding stays in the last layer.
        self.layer = layer_of(deviation, self.noise.sigma_min).min(self.layers.len() - 1);
        self.played.copy_from_slice(actions.get(arm));
        Ok(arm)
    }

    fn observe(&mut self, _: usize, reward: &f64) -> Result<()> {
        let reward = error::finite("reward", *reward)?;
        self.layers[self.layer].add(&self.played, reward, 1.0);
        Ok(())
    }
}
