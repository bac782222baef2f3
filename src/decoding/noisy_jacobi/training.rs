//! Training with noise ahead of the target.

use rand::{Rng, RngExt};

use super::random_token;
use crate::decoding::LanguageModel;
use crate::{Result, error};

/// Replaces the last ℓ ~ U{1, …, `longest`} tokens of the context by random tokens of the text before
/// them. A context without such a text is left alone.
pub fn ahead_noise(context: &mut [usize], longest: usize, rng: &mut dyn Rng) {
    if longest == 0 {
        return;
    }
    let length = rng.random_range(1..=longest);
    let Some(start) = context.len().checked_sub(length).filter(|&start| start > 0) else { return };
    let (text, segment) = context.split_at_mut(start);
    segment.iter_mut().for_each(|token| *token = random_token(text, rng));
}

/// A softmax-linear model on the one-hot last tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct SoftmaxLinear {
    vocabulary: usize,
    window: usize,
    /// One weight for each position (the last token first), token there, and next token.
    weights: Vec<f64>,
}

/// How to train.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Training {
    /// How many tokens the model sees.
    pub window: usize,
    /// Steps of stochastic gradient descent, one example each.
    pub steps: usize,
    /// η₀ of the step sizes η₀/(1 + s/2000).
    pub eta: f64,
    /// The share of examples with noise.
    pub noise: f64,
    /// The longest noise.
    pub longest: usize,
}

impl SoftmaxLinear {
    /// Trains from zero on random positions of the text.
    ///
    /// # Errors
    /// If the text is not longer than twice the window or has a token outside the vocabulary, the window is zero,
    /// `eta` is not positive and finite, or `noise` is not a probability.
    pub fn train(text: &[usize], vocabulary: usize, how: &Training, rng: &mut dyn Rng) -> Result<Self> {
        let window = error::at_least_one("window", how.window)?;
        error::at_least_one("vocabulary", vocabulary)?;
        error::positive("eta", how.eta)?;
        error::probability("noise", how.noise)?;
        error::at_least_one("text", text.len().saturating_sub(2 * window))?;
        if text.iter().any(|&token| token >= vocabulary) {
            return Err(crate::Error::Invalid {
                name: "text",
                requirement: "tokens must be in the vocabulary",
            });
        }
        let mut model = Self { vocabulary, window, weights: vec![0.0; window * vocabulary * vocabulary] };
        let (mut law, mut context) = (vec![0.0; vocabulary], Vec::new());
        for step in 0..how.steps {
            // Step 1: noise in the input, the target as it is. Twice the window, for noise to draw from.
            let at = rng.random_range(2 * window..text.len());
            context.clear();
            context.extend(&text[at - 2 * window..at]);
            if rng.random_bool(how.noise) {
                ahead_noise(&mut context, how.longest, rng);
            }
            model.next(&context, &mut law);
            law[text[at]] -= 1.0;
            let rate = how.eta / (1.0 + step as f64 / 2000.0);
            for (position, &token) in context.iter().rev().take(window).enumerate() {
                let row = model.row(position, token);
                model.weights[row..row + vocabulary].iter_mut().zip(&law).for_each(|(w, g)| *w -= rate * g);
            }
        }
        Ok(model)
    }

    fn row(&self, position: usize, token: usize) -> usize {
        (position * self.vocabulary + token.min(self.vocabulary - 1)) * self.vocabulary
    }
}

impl LanguageModel for SoftmaxLinear {
    fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    fn next(&self, context: &[usize], law: &mut [f64]) {
        law.fill(0.0);
        for (position, &token) in context.iter().rev().take(self.window).enumerate() {
            let row = self.row(position, token);
            law.iter_mut().zip(&self.weights[row..]).for_each(|(logit, w)| *logit += w);
        }
        let largest = law.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        law.iter_mut().for_each(|logit| *logit = (*logit - largest).exp());
        let total: f64 = law.iter().sum();
        law.iter_mut().for_each(|mass| *mass /= total);
    }
}
