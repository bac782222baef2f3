//! Finite Markov sources as language models, and drafts made from them.

use rand::Rng;
use rand_distr::{Distribution, Gamma};

use super::LanguageModel;
use crate::{Error, Result, error};

/// A Markov source: the law of the next token depends on the last `order` tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct MarkovSource {
    vocabulary: usize,
    order: usize,
    /// One law per sequence of `order` tokens, the oldest token most significant.
    laws: Vec<f64>,
}

impl MarkovSource {
    /// A source with the given laws, one per sequence of `order` tokens in lexicographic order.
    ///
    /// # Errors
    /// If `vocabulary` is zero, the number of laws is not vocabulary^order, or a law is not a
    /// distribution over the vocabulary.
    pub fn new(vocabulary: usize, order: usize, laws: &[Vec<f64>]) -> Result<Self> {
        error::at_least_one("vocabulary", vocabulary)?;
        let sequences = u32::try_from(order).ok().and_then(|order| vocabulary.checked_pow(order));
        let sequences = sequences.ok_or(Error::Invalid { name: "order", requirement: "must be smaller" })?;
        error::same_size("laws", sequences, laws.len())?;
        for law in laws {
            error::same_size("law", vocabulary, law.len())?;
            error::distribution("law", law)?;
        }
        Ok(Self { vocabulary, order, laws: laws.concat() })
    }

    /// Independent tokens of one law.
    ///
    /// # Errors
    /// If `law` is not a distribution.
    pub fn memoryless(law: &[f64]) -> Result<Self> {
        Self::new(law.len(), 0, &[law.to_vec()])
    }

    /// Every law drawn from the symmetric Dirichlet distribution with parameter `alpha`.
    ///
    /// # Errors
    /// If `vocabulary` is zero, there are too many sequences, or `alpha` is not positive and finite.
    pub fn dirichlet(vocabulary: usize, order: u32, alpha: f64, rng: &mut dyn Rng) -> Result<Self> {
        let sequences = vocabulary.checked_pow(order).filter(|&sequences| sequences <= 1 << 24);
        let sequences = sequences.ok_or(Error::Invalid { name: "order", requirement: "must be smaller" })?;
        let laws =
            (0..sequences).map(|_| dirichlet_law(vocabulary, alpha, rng)).collect::<Result<Vec<_>>>()?;
        Self::new(vocabulary, order as usize, &laws)
    }

    /// The mixture (1 − weight)·self + weight·uniform: a draft that knows the target blurred.
    ///
    /// # Errors
    /// If `weight` is not in [0, 1].
    pub fn blurred(&self, weight: f64) -> Result<Self> {
        error::probability("weight", weight)?;
        let uniform = 1.0 / self.vocabulary as f64;
        let laws = self.laws.iter().map(|p| (1.0 - weight) * p + weight * uniform).collect();
        Ok(Self { laws, ..self.clone() })
    }

    /// The laws, one per sequence of `order` tokens.
    pub fn laws(&self) -> impl Iterator<Item = &[f64]> {
        self.laws.chunks(self.vocabulary)
    }
}

impl LanguageModel for MarkovSource {
    fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// Tokens before the beginning count as token 0, tokens outside the vocabulary as the last one.
    fn next(&self, context: &[usize], law: &mut [f64]) {
        let recent = &context[context.len().saturating_sub(self.order)..];
        let state =
            recent.iter().fold(0, |state, &token| state * self.vocabulary + token.min(self.vocabulary - 1));
        law.copy_from_slice(&self.laws[state * self.vocabulary..(state + 1) * self.vocabulary]);
    }
}

/// A law drawn from the symmetric Dirichlet distribution.
fn dirichlet_law(size: usize, alpha: f64, rng: &mut dyn Rng) -> Result<Vec<f64>> {
    error::at_least_one("vocabulary", size)?;
    error::positive("alpha", alpha)?;
    let gamma = Gamma::new(alpha, 1.0).map_err(|_| Error::OutOfRange {
        name: "alpha",
        value: alpha,
        requirement: "positive and finite",
    })?;
    let weights: Vec<f64> = (0..size).map(|_| gamma.sample(rng)).collect();
    let total: f64 = weights.iter().sum();
    // With tiny parameters every weight may underflow.
    let share = |weight: f64| if total > 0.0 { weight / total } else { 1.0 / size as f64 };
    Ok(weights.into_iter().map(share).collect())
}

/// Two languages that alternate: tokens 0 to 3 and 4 to 7, the language kept with probability 0.95.
/// The draft is nearly right in the first and mostly wrong in the second.
///
/// Rows are Dirichlet(0.3) within each language. In the first the draft is 0.98 of the target and
/// 0.02 uniform; in the second 0.2 of the target and 0.8 of the target with the language's own tokens
/// rotated by one.
///
/// # Errors
/// None in practice: the parameters are fixed.
pub fn two_regimes(rng: &mut dyn Rng) -> Result<(MarkovSource, MarkovSource)> {
    const HALF: usize = 4;
    const KEPT: f64 = 0.95;
    let (mut target, mut draft) = (Vec::new(), Vec::new());
    for state in 0..2 * HALF {
        let mut halves = [dirichlet_law(HALF, 0.3, rng)?, dirichlet_law(HALF, 0.3, rng)?];
        let own = state / HALF;
        halves[own].iter_mut().for_each(|p| *p *= KEPT);
        halves[1 - own].iter_mut().for_each(|p| *p *= 1.0 - KEPT);
        let law = halves.concat();
        if own == 0 {
            draft.push(law.iter().map(|p| 0.98 * p + 0.02 / (2 * HALF) as f64).collect::<Vec<_>>());
        } else {
            halves[1].rotate_right(1);
            draft.push(law.iter().zip(halves.concat()).map(|(p, rotated)| 0.2 * p + 0.8 * rotated).collect());
        }
        target.push(law);
    }
    Ok((MarkovSource::new(2 * HALF, 1, &target)?, MarkovSource::new(2 * HALF, 1, &draft)?))
}
