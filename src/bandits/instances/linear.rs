use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::bandits::{Actions, Game};
use crate::math::vector::dot;
use crate::{Error, Result, error};

/// A linear bandit: each round offers one of finitely many decision sets, drawn uniformly unless they come
/// [in turn](Self::in_turn); action x has mean reward ⟨x, θ⟩, up to a [misspecification](Self::misspecified),
/// and normal noise of one level, or of [several](Self::announcing) that policies are told.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    theta: Vec<f64>,
    /// The noise levels, drawn uniformly.
    deviations: Vec<f64>,
    announces: bool,
    contexts: Vec<Actions>,
    /// The mean of each action of each decision set.
    means: Vec<Vec<f64>>,
    /// The best mean of each decision set.
    best: Vec<f64>,
    /// Pairs of a phase's first round and its cycle of decision sets; empty if they are drawn.
    phases: Vec<(u64, Vec<usize>)>,
    opened: u64,
    current: usize,
    deviation: f64,
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
        let means: Vec<Vec<f64>> =
            contexts.iter().map(|set| set.iter().map(|x| dot(x, &theta)).collect()).collect();
        means.iter().try_for_each(|means| error::finite_slice("means", means))?;
        let best = means.iter().map(|means| largest(means)).collect();
        Ok(Self {
            theta,
            deviations: vec![deviation],
            announces: false,
            contexts,
            means,
            best,
            phases: Vec::new(),
            opened: 0,
            current: 0,
            deviation,
            reward: 0.0,
        })
    }

    /// The paired instance in dimension `dim` (even): context j offers e_{2j−1} and e_{2j}, whose means are 0
    /// and `gap` ≥ 0, so ‖θ‖ = gap·√(dim/2).
    ///
    /// # Errors
    /// `dim` is zero or odd, or `gap` or `deviation` is negative or not finite.
    pub fn paired(dim: usize, gap: f64, deviation: f64) -> Result<Self> {
        let (theta, pairs) = pairs(dim, gap)?;
        Self::new(theta, deviation, pairs)
    }

    /// Decoys: the first `decoys` rounds offer only `size`·e_i, i in turn, with mean `size`·θ_i − `zeta` for
    /// θ = `gap`·(1, …, 1)/√dim; every later round offers (1, …, 1)/√dim with mean `gap` and 0 with mean 0.
    /// A regression on all rounds learns θ_i − `zeta`/`size` from the decoys.
    ///
    /// # Errors
    /// `dim` or `decoys` is zero, `size` is not positive, another number negative, or one is not finite.
    pub fn decoys(dim: usize, size: f64, zeta: f64, gap: f64, deviation: f64, decoys: u64) -> Result<Self> {
        error::at_least_one("dim", dim)?;
        error::positive("size", size)?;
        error::non_negative("zeta", zeta)?;
        error::non_negative("gap", gap)?;
        let unit = 1.0 / (dim as f64).sqrt();
        let decoy = |i: usize| Actions::new(dim, basis(dim, i).map(|x| size * x).collect());
        let test = Actions::new(dim, [vec![unit; dim], vec![0.0; dim]].concat());
        let contexts = (0..dim).map(decoy).chain([test]).collect::<Result<_>>()?;
        let offsets = (0..dim).map(|_| vec![-zeta]).chain([vec![0.0, 0.0]]).collect();
        Self::new(vec![gap * unit; dim], deviation, contexts)?
            .misspecified(offsets)?
            .in_turn(vec![(0, (0..dim).collect()), (decoys, vec![dim])])
    }

    /// Adds `offsets[j][a]` to the mean of action a of decision set j.
    ///
    /// # Errors
    /// The shape differs from that of the decision sets, or a number is not finite.
    pub fn misspecified(mut self, offsets: Vec<Vec<f64>>) -> Result<Self> {
        error::same_size("offsets", self.means.len(), offsets.len())?;
        for (means, offsets) in self.means.iter_mut().zip(&offsets) {
            error::same_size("offsets", means.len(), offsets.len())?;
            error::finite_slice("offsets", offsets)?;
            means.iter_mut().zip(offsets).for_each(|(mean, offset)| *mean += offset);
            error::finite_slice("means", means)?;
        }
        self.best = self.means.iter().map(|means| largest(means)).collect();
        Ok(self)
    }

    /// Offers decision sets in turn instead of drawing them: pairs of a phase's first round (from 0) and the
    /// cycle of decision sets that it repeats.
    ///
    /// # Errors
    /// There is no phase, the first does not start at round 0, starts do not increase, a cycle is empty, or
    /// there is no such decision set.
    pub fn in_turn(mut self, phases: Vec<(u64, Vec<usize>)>) -> Result<Self> {
        if phases.first().is_none_or(|phase| phase.0 != 0) || !phases.is_sorted_by(|a, b| a.0 < b.0) {
            return Err(Error::Invalid { name: "phases", requirement: "starts that increase from round 0" });
        }
        for (_, cycle) in &phases {
            if cycle.is_empty() {
                return Err(Error::Empty { name: "phases" });
            }
            if let Some(&set) = cycle.iter().find(|&&set| set >= self.contexts.len()) {
                let requirement = "an existing decision set";
                return Err(Error::OutOfRange { name: "phases", value: set as f64, requirement });
            }
        }
        self.phases = phases;
        Ok(self)
    }

    /// Draws each round's noise level from `deviations` and announces it with the decision set. A level that is
    /// listed twice is drawn twice as often.
    ///
    /// # Errors
    /// There is no level, or one is negative or not finite.
    pub fn announcing(mut self, deviations: Vec<f64>) -> Result<Self> {
        error::finite_slice("deviations", &deviations)?;
        deviations.iter().try_for_each(|&level| error::non_negative("deviations", level).map(drop))?;
        (self.deviations, self.announces) = (deviations, true);
        Ok(self)
    }

    /// The parameter: for the judge, not for policies.
    pub fn theta(&self) -> &[f64] {
        &self.theta
    }
}

/// θ and the decision sets of the paired instance.
pub(super) fn pairs(dim: usize, gap: f64) -> Result<(Vec<f64>, Vec<Actions>)> {
    if dim == 0 || !dim.is_multiple_of(2) {
        let requirement = "even and at least 2";
        return Err(Error::OutOfRange { name: "dim", value: dim as f64, requirement });
    }
    error::non_negative("gap", gap)?;
    let theta = (0..dim).map(|i| gap * (i % 2) as f64).collect();
    let pair = |j: usize| Actions::new(dim, basis(dim, 2 * j).chain(basis(dim, 2 * j + 1)).collect());
    Ok((theta, (0..dim / 2).map(pair).collect::<Result<_>>()?))
}

/// The basis vector e_i, i from 0.
fn basis(dim: usize, i: usize) -> impl Iterator<Item = f64> {
    (0..dim).map(move |j| f64::from(i == j))
}

fn largest(means: &[f64]) -> f64 {
    means.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

impl Game for Linear {
    type Context = Actions;
    type Feedback = f64;

    fn open(&mut self, noise: &mut dyn Rng) {
        self.current = match self.phases.partition_point(|&(start, _)| start <= self.opened) {
            0 => noise.random_range(0..self.contexts.len()),
            phase => {
                let (start, cycle) = &self.phases[phase - 1];
                cycle[((self.opened - start) % cycle.len() as u64) as usize]
            }
        };
        self.opened += 1;
        if self.announces {
            self.deviation = self.deviations[noise.random_range(0..self.deviations.len())];
            self.contexts[self.current].deviation = Some(self.deviation);
        }
    }

    fn context(&self) -> &Actions {
        &self.contexts[self.current]
    }

    fn arms(&self) -> usize {
        self.context().arms()
    }

    fn regret(&self, arm: usize) -> f64 {
        self.best[self.current] - self.means[self.current][arm]
    }

    fn feedback(&mut self, arm: usize, _: &[usize], noise: &mut dyn Rng) -> &f64 {
        let standard: f64 = noise.sample(StandardNormal);
        self.reward = self.means[self.current][arm] + self.deviation * standard;
        &self.reward
    }
}
