//! Randomness that can be drawn or gone through: an algorithm written against [`Chance`] runs with any
//! generator, and its exact output law comes from running the same code over every outcome.

use std::collections::BTreeMap;

use rand::{Rng, RngExt};

/// A source of finite random choices.
///
/// Every generator is one. [`exact_law`] hands the algorithm another, which takes every branch in
/// turn.
pub trait Chance {
    /// An index with probability proportional to its mass. Masses are non-negative with a positive
    /// finite sum; an index of mass zero is never chosen.
    fn choose(&mut self, masses: &[f64]) -> usize {
        self.choose_of(masses, masses.iter().sum())
    }

    /// As [`choose`](Chance::choose), by who keeps the sum of the masses and need not add them up again.
    fn choose_of(&mut self, masses: &[f64], total: f64) -> usize;

    /// True with probability p, in [0, 1]; values beyond are as the nearer end.
    fn coin(&mut self, p: f64) -> bool;
}

impl<R: Rng + ?Sized> Chance for R {
    fn choose_of(&mut self, masses: &[f64], total: f64) -> usize {
        let spot = self.random::<f64>() * total;
        let mut sum = 0.0;
        let mut last = 0;
        for (index, &mass) in masses.iter().enumerate() {
            if mass > 0.0 {
                sum += mass;
                if spot < sum {
                    return index;
                }
                last = index;
            }
        }
        last // rounding left the spot at the very end
    }

    fn coin(&mut self, p: f64) -> bool {
        self.random::<f64>() < p
    }
}

/// One path through an algorithm's choices.
#[derive(Debug, Default)]
struct Path {
    /// For each choice, the outcomes with their probabilities, and which of them this path takes.
    choices: Vec<(Vec<(usize, f64)>, usize)>,
    /// How many choices were made in this run.
    made: usize,
}

impl Path {
    fn probability(&self) -> f64 {
        self.choices.iter().map(|(outcomes, taken)| outcomes[*taken].1).product()
    }

    /// Moves to the next path in lexicographic order; false after the last.
    fn advance(&mut self) -> bool {
        self.made = 0;
        while let Some((outcomes, taken)) = self.choices.last_mut() {
            if *taken + 1 < outcomes.len() {
                *taken += 1;
                return true;
            }
            self.choices.pop();
        }
        false
    }
}

impl Chance for Path {
    fn choose_of(&mut self, masses: &[f64], total: f64) -> usize {
        if self.made == self.choices.len() {
            let possible = masses.iter().enumerate().filter(|(_, mass)| **mass > 0.0);
            let mut outcomes: Vec<_> = possible.map(|(index, mass)| (index, mass / total)).collect();
            if outcomes.is_empty() {
                outcomes.push((0, 1.0));
            }
            self.choices.push((outcomes, 0));
        }
        let (outcomes, taken) = &self.choices[self.made];
        self.made += 1;
        outcomes[*taken].0
    }

    fn coin(&mut self, p: f64) -> bool {
        let p = p.clamp(0.0, 1.0);
        self.choose(&[1.0 - p, p]) == 1
    }
}

/// Calls `run` once for every sequence of outcomes of its choices, and `visit` with the probability
/// of that sequence and what `run` returned.
///
/// The number of runs is the number of leaves of the algorithm's decision tree, each from the start:
/// meant for small instances. An algorithm that can go on for ever never returns.
pub fn every_outcome<T>(mut run: impl FnMut(&mut dyn Chance) -> T, mut visit: impl FnMut(f64, T)) {
    let mut path = Path::default();
    loop {
        let result = run(&mut path);
        visit(path.probability(), result);
        if !path.advance() {
            return;
        }
    }
}

/// The exact law of what `run` returns; see [`every_outcome`].
pub fn exact_law<T: Ord>(run: impl FnMut(&mut dyn Chance) -> T) -> BTreeMap<T, f64> {
    let mut law = BTreeMap::new();
    every_outcome(run, |probability, result| *law.entry(result).or_insert(0.0) += probability);
    law
}

/// The total variation distance of two laws, as [`exact_law`] gives them.
pub fn total_variation<T: Ord>(left: &BTreeMap<T, f64>, right: &BTreeMap<T, f64>) -> f64 {
    let shared = left.iter().map(|(key, mass)| (mass - right.get(key).unwrap_or(&0.0)).abs());
    let missing = right.iter().filter(|(key, _)| !left.contains_key(key)).map(|(_, mass)| mass.abs());
    shared.chain(missing).sum::<f64>() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_pcg::Pcg64;

    /// Throws a coin until heads, at most three times, then a die of that many sides.
    fn game(chance: &mut dyn Chance) -> (usize, usize) {
        let throws = (1..3).find(|_| chance.coin(0.25)).unwrap_or(3);
        (throws, chance.choose(&vec![1.0; throws]))
    }

    #[test]
    fn exact_laws_by_hand() {
        let law = exact_law(game);
        assert_eq!(law[&(1, 0)], 0.25);
        assert_eq!(law[&(2, 1)], 0.75 * 0.25 / 2.0);
        assert!((law[&(3, 2)] - 0.5625 / 3.0).abs() < 1e-15);
        assert_eq!(law.len(), 6);
        assert_eq!(exact_law(|_| 7)[&7], 1.0);
        assert_eq!(
            exact_law(|chance| chance.choose(&[0.0, 2.0, 0.0, 6.0])),
            BTreeMap::from([(1, 0.25), (3, 0.75)])
        );
        assert_eq!(
            exact_law(|chance| (chance.coin(1.0), chance.coin(0.0))),
            BTreeMap::from([((true, false), 1.0)])
        );
    }

    #[test]
    fn distances_by_hand() {
        let left = BTreeMap::from([(0, 0.5), (1, 0.5)]);
        let right = BTreeMap::from([(1, 0.25), (2, 0.75)]);
        assert_eq!(total_variation(&left, &right), 0.75);
        assert_eq!(total_variation(&right, &left), 0.75);
        assert_eq!(total_variation(&left, &left), 0.0);
    }

    #[test]
    fn a_generator_follows_the_exact_law() {
        let mut rng = Pcg64::seed_from_u64(1);
        let mut counts = BTreeMap::new();
        for _ in 0..60_000 {
            *counts.entry(game(&mut rng)).or_insert(0.0) += 1.0 / 60_000.0;
        }
        for (outcome, probability) in exact_law(game) {
            // Five standard errors.
            assert!((counts[&outcome] - probability).abs() < 5.0 * (probability / 60_000.0_f64).sqrt());
        }
    }
}
