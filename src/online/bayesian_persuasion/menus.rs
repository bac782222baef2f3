//! Type reporting: a menu of direct schemes, one a type, from which telling the truth is best.
//!
//! A direct scheme recommends actions: φᵏ(a | θ) is the probability of recommending a in state θ to who reports
//! type k. With μ_θ the prior and u^k the type's payoffs, shifted to be non-negative, the menus are
//!
//! - Σ_a φᵏ(a | θ) = 1;
//! - obedience: Σ_θ μ_θ φᵏ(a | θ)(u^k(a, θ) − u^k(a', θ)) ≥ 0 for all k, a, a';
//! - truth: Σ_a Σ_θ μ_θ φᵏ(a | θ) u^k(a, θ) ≥ Σ_a ℓ(k, k', a) for all k ≠ k', where
//!   ℓ(k, k', a) ≥ Σ_θ μ_θ φᵏ'(a | θ) u^k(a', θ) for all a': what k would get from the scheme of k'.

use rand::{Rng, RngExt};

use super::{Persuasion, TIE};
use crate::error::{Error, Result, at_least_one, non_negative, same_size};
use crate::math::linear_program::LinearProgram;

/// Whether reports must be truthful.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incentives {
    /// Every type is at least as well off with its own scheme as with another's.
    Required,
    /// Every type is taken to tell the truth anyway: what goes wrong then is a control.
    Ignored,
}

/// A menu of direct schemes.
#[derive(Debug, Clone, PartialEq)]
pub struct Menu {
    /// φᵏ(a | θ) at [k][a][θ].
    schemes: Vec<Vec<[f64; 2]>>,
}

impl Menu {
    /// φᵏ(a | θ) at `[a][θ]`.
    pub fn scheme(&self, receiver: usize) -> &[[f64; 2]] {
        &self.schemes[receiver]
    }

    /// What the sender earns from a type that reports the truth and obeys.
    pub fn utility(&self, game: &Persuasion, receiver: usize) -> f64 {
        let masses = joint(game.prior, &self.schemes[receiver]);
        masses.zip(&game.sender).map(|(mass, payoff)| mass[0] * payoff[0] + mass[1] * payoff[1]).sum()
    }

    /// What a type gets from reporting `report` and then responding best to every signal.
    pub fn value_of_report(&self, game: &Persuasion, receiver: usize, report: usize) -> f64 {
        let payoffs = &game.receivers[receiver].payoffs;
        let worth = |mass: [f64; 2]| {
            payoffs.iter().map(|u| mass[0] * u[0] + mass[1] * u[1]).fold(f64::NEG_INFINITY, f64::max)
        };
        joint(game.prior, &self.schemes[report]).map(worth).sum()
    }

    /// The report that is best for a type (the truth unless another is better) and what the sender then earns,
    /// when the type responds best to every signal with ties in the sender's favour.
    pub fn realised(&self, game: &Persuasion, receiver: usize) -> (usize, f64) {
        let mut report = receiver;
        for other in 0..self.schemes.len() {
            let gain =
                self.value_of_report(game, receiver, other) - self.value_of_report(game, receiver, report);
            if gain > TIE {
                report = other;
            }
        }
        let earn = |mass: [f64; 2]| {
            let total = mass[0] + mass[1];
            if total > 0.0 { total * game.best_response(mass[1] / total, receiver).1 } else { 0.0 }
        };
        (report, joint(game.prior, &self.schemes[report]).map(earn).sum())
    }
}

/// The joint masses μ_θ φ(a | θ), action by action.
fn joint(prior: f64, scheme: &[[f64; 2]]) -> impl Iterator<Item = [f64; 2]> {
    scheme.iter().map(move |phi| [(1.0 - prior) * phi[0], prior * phi[1]])
}

/// The polytope of menus, as the rows of a linear program over φ and ℓ.
#[derive(Debug, Clone)]
struct Menus {
    program: LinearProgram,
    types: usize,
    actions: usize,
    variables: usize,
    /// What φᵏ(a | θ) adds to the sender's utility from type k, at a·2 + θ.
    worth: Vec<f64>,
}

impl Menus {
    fn new(game: &Persuasion, incentives: Incentives) -> Result<Self> {
        let (types, actions) = (game.types(), game.actions());
        let prior = [1.0 - game.prior, game.prior];
        // Payoffs less the least one in each state: no comparison changes, and ℓ ≥ 0 costs nothing.
        let shifted = |k: usize, a: usize, state: usize| {
            let payoffs = &game.receivers[k].payoffs;
            let least = payoffs.iter().map(|u| u[state]).fold(f64::INFINITY, f64::min);
            prior[state] * (payoffs[a][state] - least)
        };
        let phi = |k: usize, a: usize, state: usize| (k * actions + a) * 2 + state;
        let ell = |k: usize, other: usize, a: usize| types * actions * 2 + (k * types + other) * actions + a;
        let variables = types * actions * 2 + types * types * actions;
        let mut program = LinearProgram::maximize(&vec![0.0; variables])?;
        let row = |entries: &mut dyn Iterator<Item = (usize, f64)>| {
            let mut row = vec![0.0; variables];
            entries.for_each(|(index, value)| row[index] += value);
            row
        };
        for k in 0..types {
            for state in 0..2 {
                program.equal(&row(&mut (0..actions).map(|a| (phi(k, a, state), 1.0))), 1.0)?;
            }
            for (a, b) in pairs(actions) {
                let loss = |state: usize| (phi(k, a, state), shifted(k, b, state) - shifted(k, a, state));
                program.at_most(&row(&mut (0..2).map(loss)), 0.0)?;
            }
        }
        let liars = pairs(types).filter(|_| incentives == Incentives::Required);
        for (k, other) in liars {
            let own = (0..actions * 2).map(|i| (phi(k, i / 2, i % 2), -shifted(k, i / 2, i % 2)));
            let pretended = (0..actions).map(|a| (ell(k, other, a), 1.0));
            program.at_most(&row(&mut own.chain(pretended)), 0.0)?;
            for (a, b) in (0..actions).flat_map(|a| (0..actions).map(move |b| (a, b))) {
                let gain = (0..2).map(|state| (phi(other, a, state), shifted(k, b, state)));
                program.at_most(&row(&mut gain.chain([(ell(k, other, a), -1.0)])), 0.0)?;
            }
        }
        let worth = (0..actions * 2).map(|i| prior[i % 2] * game.sender[i / 2][i % 2]).collect();
        Ok(Self { program, types, actions, variables, worth })
    }

    /// The menu that maximises Σ_k frequencies[k]·(the utility from type k), and the maximum.
    fn best(&mut self, frequencies: &[f64]) -> Result<(Menu, f64)> {
        let mut objective = vec![0.0; self.variables];
        for (slots, frequency) in objective.chunks_exact_mut(self.actions * 2).zip(frequencies) {
            slots.iter_mut().zip(&self.worth).for_each(|(slot, worth)| *slot = frequency * worth);
        }
        self.program.set_objective(&objective)?;
        let solution = self.program.solve()?;
        let scheme = |phi: &[f64]| phi.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
        let schemes = solution.point.chunks_exact(self.actions * 2).take(self.types).map(scheme).collect();
        Ok((Menu { schemes }, solution.value))
    }
}

/// All ordered pairs of different numbers below `count`.
fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |i| (0..count).map(move |j| (i, j))).filter(|(i, j)| i != j)
}

/// The best menu for types that come with these frequencies, and the utility Σ_k frequencies\[k\]·u_k that the
/// linear program promises for it.
///
/// # Errors
/// Another number of frequencies than types, or one that is negative or not finite;
/// [`Error::NotConverged`] where types differ by so little (1e-5) that rounding defeats the simplex method.
pub fn best_menu(game: &Persuasion, frequencies: &[f64], incentives: Incentives) -> Result<(Menu, f64)> {
    same_size("frequencies", game.types(), frequencies.len())?;
    frequencies.iter().try_for_each(|&f| non_negative("frequencies", f).map(drop))?;
    Menus::new(game, incentives)?.best(frequencies)
}

/// Chooses menus round after round.
pub trait MenuSender {
    /// The menu of the coming round.
    ///
    /// # Errors
    /// The menu could not be computed.
    fn menu(&mut self, rng: &mut dyn Rng) -> Result<Menu>;

    /// Learns the type that was reported.
    ///
    /// # Errors
    /// A type that the game does not have.
    fn observe(&mut self, receiver: usize) -> Result<()>;
}

/// Learns a menu online: plays the best menu for the counts of the types so far, each raised by a fresh random
/// number (follow the perturbed leader; Kalai and Vempala 2005).
#[derive(Debug, Clone)]
pub struct PerturbedLeader {
    menus: Menus,
    counts: Vec<f64>,
    /// The perturbations are uniform in [0, spread].
    spread: f64,
    perturbed: Vec<f64>,
}

impl PerturbedLeader {
    /// The learner for a horizon of T = `rounds`: perturbations up to √(T/K).
    ///
    /// # Errors
    /// No round.
    pub fn new(game: &Persuasion, rounds: u64) -> Result<Self> {
        let rounds = at_least_one("rounds", rounds as usize)? as f64;
        let counts = vec![0.0; game.types()];
        let spread = (rounds / game.types() as f64).sqrt();
        let menus = Menus::new(game, Incentives::Required)?;
        Ok(Self { menus, perturbed: counts.clone(), counts, spread })
    }

    /// The learner without perturbations, as a control: an adversary knows what the leader does next.
    pub fn without_perturbations(self) -> Self {
        Self { spread: 0.0, ..self }
    }
}

impl MenuSender for PerturbedLeader {
    fn menu(&mut self, rng: &mut dyn Rng) -> Result<Menu> {
        for (perturbed, count) in self.perturbed.iter_mut().zip(&self.counts) {
            *perturbed = count + self.spread * rng.random::<f64>();
        }
        Ok(self.menus.best(&self.perturbed)?.0)
    }

    fn observe(&mut self, receiver: usize) -> Result<()> {
        let Some(count) = self.counts.get_mut(receiver) else {
            let value = receiver as f64;
            return Err(Error::OutOfRange { name: "receiver", value, requirement: "a type of the game" });
        };
        *count += 1.0;
        Ok(())
    }
}
