//! The acceptance head: predicts from what the draft knows whether the target will accept.

use nalgebra::{Cholesky, DMatrix, DVector};

use super::AcceptancePredictor;
use crate::decoding::{Drafted, Pair, acceptance};
use crate::math::chance::Chance;
use crate::{Error, Result, error};

/// A drafted token with the probability of its acceptance.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    features: Features,
    /// min(1, p/q).
    pub label: f64,
}

/// What the head sees: one-hot (token before, token), the draft's largest probability and its entropy.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Features {
    /// token before · vocabulary + token.
    cell: usize,
    top: f64,
    entropy: f64,
}

impl Features {
    fn of(drafted: &Drafted<'_>) -> Self {
        let size = drafted.law.len();
        let before = drafted.context.last().map_or(0, |&token| token.min(size - 1));
        let top = drafted.law.iter().copied().fold(0.0, f64::max);
        let entropy = drafted.law.iter().filter(|q| **q > 0.0).map(|q| -q * q.ln()).sum();
        Self { cell: before * size + drafted.token.min(size - 1), top, entropy }
    }

    /// The non-zero features with their indices among `cells` + 3.
    fn active(&self, cells: usize) -> [(usize, f64); 4] {
        [(self.cell, 1.0), (cells, 1.0), (cells + 1, self.top), (cells + 2, self.entropy)]
    }
}

/// The training runs of step 2: the draft writes `count` tokens, each replaced by one of the target's
/// with probability `mixing`; every token the draft wrote becomes an example.
///
/// # Errors
/// If `mixing` is not in [0, 1].
pub fn examples(pair: Pair<'_>, count: usize, mixing: f64, chance: &mut dyn Chance) -> Result<Vec<Example>> {
    error::probability("mixing", mixing)?;
    let size = pair.target.vocabulary();
    let (mut p, mut q) = (vec![0.0; size], vec![0.0; size]);
    let mut tokens = Vec::with_capacity(count);
    let mut examples = Vec::with_capacity(count);
    for _ in 0..count {
        pair.target.next(&tokens, &mut p);
        if chance.coin(mixing) {
            tokens.push(chance.choose(&p));
            continue;
        }
        pair.draft.next(&tokens, &mut q);
        let token = chance.choose(&q);
        let features = Features::of(&Drafted { context: &tokens, token, law: &q, length: 1 });
        examples.push(Example { features, label: acceptance(p[token], q[token]) });
        tokens.push(token);
    }
    Ok(examples)
}

/// A logistic regression, fitted to the weighted cross-entropy of step 2.
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticHead {
    weights: DVector<f64>,
    cells: usize,
    rejection_weight: f64,
}

impl LogisticHead {
    /// Fits the head by Newton's method, with rejections weighted `rejection_weight` (6 in the paper)
    /// and a ridge of 10⁻³ that keeps the weights of unanimous cells finite.
    ///
    /// # Errors
    /// If there is no example, a label is not in [0, 1], the weight is not positive and finite, or the
    /// iteration does not converge.
    pub fn fit(vocabulary: usize, examples: &[Example], rejection_weight: f64) -> Result<Self> {
        const RIDGE: f64 = 1e-3;
        const STEPS: usize = 100;
        error::at_least_one("examples", examples.len())?;
        error::positive("rejection_weight", rejection_weight)?;
        examples.iter().try_for_each(|example| error::probability("label", example.label).map(drop))?;
        let cells = error::at_least_one("vocabulary", vocabulary)?.pow(2);
        if examples.iter().any(|example| example.features.cell >= cells) {
            return Err(Error::Invalid {
                name: "vocabulary",
                requirement: "must hold every example's tokens",
            });
        }
        let mut head = Self { weights: DVector::zeros(cells + 3), cells, rejection_weight };
        for _ in 0..STEPS {
            let mut gradient = &head.weights * RIDGE;
            let mut hessian = DMatrix::from_diagonal_element(cells + 3, cells + 3, RIDGE);
            for Example { features, label } in examples {
                let predicted = head.probability(features);
                // Loss −a ln p̂ − w(1 − a) ln(1 − p̂), by the logit.
                let mass = label + rejection_weight * (1.0 - label);
                let (slope, curvature) = (mass * predicted - label, mass * predicted * (1.0 - predicted));
                let active = features.active(cells);
                for (i, x) in active {
                    gradient[i] += slope * x;
                    for (j, y) in active {
                        hessian[(i, j)] += curvature * x * y;
                    }
                }
            }
            let factor = Cholesky::new(hessian)
                .ok_or(Error::Invalid { name: "examples", requirement: "must give a definite Hessian" })?;
            let step = factor.solve(&gradient);
            // Steps are shortened: far from the optimum a full one can overshoot.
            let largest = step.amax();
            head.weights -= step * (1.0 / largest).min(1.0);
            if largest < 1e-8 {
                return Ok(head);
            }
        }
        Err(Error::NotConverged { name: "acceptance head", steps: STEPS })
    }

    fn probability(&self, features: &Features) -> f64 {
        let logit: f64 = features.active(self.cells).iter().map(|&(i, x)| self.weights[i] * x).sum();
        1.0 / (1.0 + (-logit).exp())
    }

    /// a = w p̂/(1 + (w − 1) p̂): undoes the bias of the weighted loss.
    pub fn calibrated(&self, predicted: f64) -> f64 {
        let weight = self.rejection_weight;
        weight * predicted / (1.0 + (weight - 1.0) * predicted)
    }
}

impl AcceptancePredictor for LogisticHead {
    /// The head's own prediction p̂, which its loss biases towards rejection.
    fn acceptance(&mut self, drafted: &Drafted<'_>) -> f64 {
        let features = Features::of(drafted);
        // A token of a larger vocabulary than the head was trained for is unknown, hence not expected.
        if features.cell < self.cells { self.probability(&features) } else { 0.0 }
    }
}
