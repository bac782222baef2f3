//! Utilities of token sequences, each in [0, 1] and 1 for equal non-empty ones.

use std::collections::BTreeMap;

use crate::{Result, error};

/// How good a hypothesis is if the reference is the truth.
pub trait Utility {
    /// A utility in [0, 1].
    fn utility(&self, hypothesis: &[usize], reference: &[usize]) -> f64;
}

/// The F score of n-grams, averaged over the orders 1, …, n (character n-gram style: n = 6, β = 2). With n = 1
/// and β = 1 it is unigram F1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NgramF {
    order: usize,
    beta: f64,
}

impl NgramF {
    /// Orders 1 to `order`, recall weighted `beta` times precision.
    ///
    /// # Errors
    /// If `order` is zero or `beta` not positive and finite.
    pub fn new(order: usize, beta: f64) -> Result<Self> {
        Ok(Self { order: error::at_least_one("order", order)?, beta: error::positive("beta", beta)? })
    }
}

/// (1 + β²)PR/(β²P + R), zero where both are.
pub fn f_score(beta: f64, matched: f64, hypothesis: f64, reference: f64) -> f64 {
    if matched == 0.0 {
        return 0.0;
    }
    // In counts: P = matched/hypothesis, R = matched/reference. Either form keeps the weight finite.
    if beta <= 1.0 {
        let weight = beta * beta;
        (1.0 + weight) * matched / (weight * reference + hypothesis)
    } else {
        let weight = 1.0 / (beta * beta);
        (weight + 1.0) * matched / (reference + weight * hypothesis)
    }
}

impl Utility for NgramF {
    /// Orders longer than both sequences are left out; two empty sequences have utility 0.
    fn utility(&self, hypothesis: &[usize], reference: &[usize]) -> f64 {
        let longest = self.order.min(hypothesis.len().max(reference.len()));
        let score = |n: usize| {
            let count = |tokens: &[usize]| (tokens.len() + 1).saturating_sub(n) as f64;
            let mut available = BTreeMap::new();
            reference.windows(n).for_each(|gram| *available.entry(gram).or_insert(0_usize) += 1);
            let mut matched = 0.0;
            for gram in hypothesis.windows(n) {
                if let Some(left) = available.get_mut(gram).filter(|left| **left > 0) {
                    *left -= 1;
                    matched += 1.0;
                }
            }
            f_score(self.beta, matched, count(hypothesis), count(reference))
        };
        (1..=longest).map(score).sum::<f64>() / longest.max(1) as f64
    }
}

/// 1 − (edit distance)/(length of the longer sequence).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EditSimilarity;

impl Utility for EditSimilarity {
    /// Two empty sequences have utility 1.
    fn utility(&self, hypothesis: &[usize], reference: &[usize]) -> f64 {
        let mut row: Vec<usize> = (0..=reference.len()).collect();
        for (i, token) in hypothesis.iter().enumerate() {
            let mut diagonal = std::mem::replace(&mut row[0], i + 1);
            for (j, other) in reference.iter().enumerate() {
                let replaced = diagonal + usize::from(token != other);
                diagonal = row[j + 1];
                row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
            }
        }
        let longest = hypothesis.len().max(reference.len()).max(1);
        1.0 - row[reference.len()] as f64 / longest as f64
    }
}
