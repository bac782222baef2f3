//! StABL: small regret on every interval at once, with one query besides the arm played.
//!
//! The structure is the paper's: exponential weights over restarted bandit learners, fed by a second query. The
//! second query is drawn uniformly here, where the paper designs its law, and the constants are derived for that.
//!
//! # Problem
//! There are $n$ arms with losses $\ell_t(i) \in [0, 1]$ that are fixed before play. In round $t$ the learner plays
//! $x_t$, which is what it pays for, and may ask for the loss of one more arm $y_t$. It wants small regret on *every*
//! interval $I$ of rounds, against the best arm of that interval: then it has adapted wherever the best arm changed.
//! With one query a round this is impossible, for who exploits does not look; two suffice.
//!
//! # Idea
//! Restart a learner on every interval of a sparse family that covers all others, and let a second layer of
//! multiplicative weights find the restart that is right for now. All of them learn from the *same* unbiased
//! estimate, made from a query that is independent of what is played: its second moment is $n$ whatever
//! the layers believe.
//!
//! # Algorithm
//! 1. Intervals $I = [i 2^k, (i+1) 2^k - 1]$ for $i \ge 1$, $k = 0, \dots, \lfloor \log_2 T \rfloor$: at most
//!    $1 + \lfloor \log_2 t \rfloor$ hold round $t$. Let $L = \ln(T (1 + \lfloor \log_2 T \rfloor))$.
//! 2. Draw $y_t$ uniformly, independently of $x_t$; $\hat\ell_t(i) = n \ell_t(y_t) 1_{i = y_t}$.
//! 3. The base learner of $I$ starts with $I$ and has
//!    $q^I_t(i) \propto \exp(-\eta_b \sum_{s \in I, s < t} \hat\ell_s(i))$, $\eta_b = \sqrt{2 \ln n / (n |I|)}$.
//! 4. The second layer starts $I$ at $\tilde w(I) = 1$ and gives it the probability
//!    $p_t(I) \propto \eta_I \tilde w(I)$ among the intervals that hold $t$, where
//!    $\eta_I = \min(1/(2n), \sqrt{L / (2 n |I|)})$. Draw $I$ from $p_t$ and $x_t$ from $q^I_t$.
//! 5. With $r_t(I) = \langle \sum_J p_t(J) q^J_t - q^I_t, \hat\ell_t \rangle$ update
//!    $\tilde w(I) \leftarrow \tilde w(I) (1 + \eta_I r_t(I))$.
//!
//! # Theorem
//! For every $I$ of the family
//! $$\mathbb{E}\,\mathrm{Regret}(I) \le 2 \sqrt{2 n L |I|} + \sqrt{2 n |I| \ln n},$$
//! and for every interval $2\sqrt2/(\sqrt2-1) < 6.83$ times as much, since it falls into intervals of the family
//! whose lengths halve. For $\sum_I p_t(I) r_t(I) = 0$, so that all the $\tilde w$ together never exceed the number of
//! intervals started; a base learner that does well on $I$ would otherwise outgrow them.
//!
//! # Cost
//! A round takes $O(n + \log T)$ amortised, the memory is $O(n \log T)$.
//!
//! # Reference
//! Zhou Lu, Qiuyi Zhang, Xinyi Chen, Fred Zhang, David Woodruff, Elad Hazan, *Adaptive Regret for Bandits Made
//! Possible: Two Queries Suffice*, ICLR 2024, arXiv [2401.09278](https://arxiv.org/abs/2401.09278).

use std::ops::Range;

use rand::Rng;

use super::primitives::ExponentialWeights;
use super::primitives::exact::Choices;
use super::{Policy, Revealed};
use crate::math::chance::Chance;
use crate::{Error, Result, error};

/// How fast the two layers learn on intervals of one length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// η_b of the base learner.
    pub base: f64,
    /// η_I of the second layer, in (0, 1/(2n)].
    pub meta: f64,
}

impl Rates {
    /// For `arms` ≥ 1 arms, intervals of `length` ≥ 1 rounds and `horizon` ≥ 1 rounds in all.
    ///
    /// # Errors
    /// One of them is zero.
    pub fn new(arms: usize, length: u64, horizon: u64) -> Result<Self> {
        Self::for_moment(arms, arms as f64, length, horizon)
    }

    /// As [`new`](Self::new), for estimates whose second moment is `moment` instead of n.
    fn for_moment(arms: usize, moment: f64, length: u64, horizon: u64) -> Result<Self> {
        let n = error::at_least_one("arms", arms)? as f64;
        let length = rounds("length", length)? as f64;
        let levels = 1 + rounds("horizon", horizon)?.ilog2();
        let log = (horizon as f64 * f64::from(levels)).ln();
        let base = (2.0 * n.ln() / (moment * length)).sqrt();
        // A horizon of one round has L = 0, and any rate will do.
        let meta = if log > 0.0 { (log / (2.0 * moment * length)).sqrt() } else { f64::INFINITY };
        Ok(Self { base, meta: meta.min(0.5 / moment) })
    }
}

fn rounds(name: &'static str, rounds: u64) -> Result<u64> {
    let error = Error::OutOfRange { name, value: rounds as f64, requirement: "at least 1" };
    if rounds > 0 { Ok(rounds) } else { Err(error) }
}

/// The intervals of the covering family with `length` rounds, a power of two, that end within `horizon` rounds, as
/// ranges of rounds counted from 0 (the paper counts from 1).
pub fn covering(length: u64, horizon: u64) -> impl Iterator<Item = Range<u64>> {
    (1_u64..).map_while(move |i| {
        let start = i.checked_mul(length)?.checked_sub(1)?;
        let end = start.checked_add(length)?;
        (end <= horizon).then_some(start..end)
    })
}

/// The interval of one length that holds the present round.
#[derive(Debug, Clone, PartialEq)]
struct Level {
    base: ExponentialWeights,
    meta: f64,
    /// ln w̃: the weight itself may fall below the least positive number. It cannot overflow, see the theorem.
    log_weight: f64,
}

/// The strongly adaptive bandit learner.
#[derive(Debug, Clone, PartialEq)]
pub struct StAbl {
    /// The round t, from 1; zero before the first.
    round: u64,
    /// Level k holds the interval of length 2^k, once there is one.
    levels: Vec<Level>,
    /// The masses η_I·w̃(I), level by level.
    masses: Vec<f64>,
    /// How many levels hold t: the first ones.
    active: usize,
    /// Equal masses on the arms.
    uniform: Vec<f64>,
    /// The share of the rounds that look: all of them, unless looking takes the place of playing.
    share: f64,
    /// The arm y_t, if this round looks.
    look: Option<usize>,
    /// The same as a request, unless it is the arm played.
    asks: Vec<usize>,
}

impl StAbl {
    /// For `arms` arms and `horizon` rounds.
    ///
    /// # Errors
    /// One of them is zero.
    pub fn new(arms: usize, horizon: u64) -> Result<Self> {
        Self::with_rates(arms, horizon, |length| Rates::new(arms, length, horizon))
    }

    /// With other rates, as a function of the intervals' length.
    ///
    /// # Errors
    /// `arms` or `horizon` is zero; η_b is negative or not finite; η_I is outside (0, 1/(2n)], where weights
    /// could become negative.
    pub fn with_rates(arms: usize, horizon: u64, rates: impl Fn(u64) -> Result<Rates>) -> Result<Self> {
        Self::build(arms, horizon, 1.0, rates)
    }

    /// A rival with one query a round: in a random `share` of the rounds it plays a uniform arm and learns from
    /// it, in the others it learns nothing. No learner with one query has small regret on every interval.
    ///
    /// # Errors
    /// `arms` or `horizon` is zero, or `share` is outside (0, 1).
    pub fn one_query(arms: usize, horizon: u64, share: f64) -> Result<Self> {
        error::open_unit("share", share)?;
        // Looking less often multiplies the estimate, and its second moment, by 1/share.
        let moment = arms as f64 / share;
        Self::build(arms, horizon, share, |length| Rates::for_moment(arms, moment, length, horizon))
    }

    fn build(arms: usize, horizon: u64, share: f64, rates: impl Fn(u64) -> Result<Rates>) -> Result<Self> {
        let arms = error::at_least_one("arms", arms)?;
        let count = 1 + rounds("horizon", horizon)?.ilog2();
        let level = |k: u32| {
            let Rates { base, meta } = rates(1 << k)?;
            if !(meta > 0.0 && meta <= 0.5 * share / arms as f64) {
                return Err(Error::OutOfRange { name: "meta", value: meta, requirement: "in (0, 1/(2n)]" });
            }
            Ok(Level { base: ExponentialWeights::new(arms, base)?, meta, log_weight: 0.0 })
        };
        Ok(Self {
            round: 0,
            levels: (0..count).map(level).collect::<Result<_>>()?,
            masses: vec![0.0; count as usize],
            active: 0,
            uniform: vec![1.0; arms],
            share,
            look: None,
            asks: Vec::with_capacity(1),
        })
    }

    /// The probabilities p(I) of the intervals that hold the present round, shortest first.
    pub fn interval_probabilities(&self) -> impl ExactSizeIterator<Item = f64> {
        let masses = &self.masses[..self.active];
        let total: f64 = masses.iter().sum();
        masses.iter().map(move |mass| mass / total)
    }

    /// ln w̃(I) of the same intervals.
    pub fn log_weights(&self) -> impl ExactSizeIterator<Item = f64> {
        self.levels[..self.active].iter().map(|level| level.log_weight)
    }

    /// Σ_J p(J)·q^J(i): the probability with which the two layers play `arm` in the present round.
    pub fn probability(&self, arm: usize) -> f64 {
        self.interval_probabilities()
            .zip(&self.levels)
            .map(|(p, level)| p * level.base.probability(arm))
            .sum()
    }

    /// Steps 1, 3 and 4: opens the next round and starts its new intervals.
    fn open(&mut self) {
        self.round += 1;
        self.active = self.levels.len().min(1 + self.round.ilog2() as usize);
        let fresh = self.active.min(1 + self.round.trailing_zeros() as usize);
        for (level, mass) in self.levels[..fresh].iter_mut().zip(&mut self.masses) {
            level.base.reset();
            level.log_weight = 0.0;
            *mass = level.meta;
        }
    }
}

impl Choices for StAbl {
    fn choose_by<C: Chance + ?Sized>(&mut self, (): &(), chance: &mut C) -> Result<usize> {
        self.open();
        let interval = chance.choose(&self.masses[..self.active]);
        let arm = self.levels[interval].base.sample(chance);
        self.asks.clear();
        // Step 2, independent of the arm.
        let looks = self.share == 1.0 || chance.coin(self.share);
        self.look = looks.then(|| chance.choose(&self.uniform));
        match self.look {
            Some(look) if self.share < 1.0 => Ok(look),
            look => {
                self.asks.extend(look.filter(|&look| look != arm));
                Ok(arm)
            }
        }
    }
}

impl Policy for StAbl {
    type Context = ();
    type Feedback = [Revealed];

    fn choose(&mut self, context: &(), rng: &mut dyn Rng) -> Result<usize> {
        self.choose_by(context, rng)
    }

    fn asks(&self) -> &[usize] {
        &self.asks
    }

    /// # Errors
    /// A loss outside [0, 1], or the loss that was asked for is missing.
    fn observe(&mut self, _: usize, feedback: &[Revealed]) -> Result<()> {
        feedback.iter().try_for_each(|seen| error::probability("loss", seen.loss).map(drop))?;
        let Some(look) = self.look.take() else { return Ok(()) };
        let Some(seen) = feedback.iter().find(|seen| seen.arm == look) else {
            return Err(Error::Invalid { name: "feedback", requirement: "the loss of the arm asked for" });
        };
        let estimate = self.uniform.len() as f64 / self.share * seen.loss;
        if estimate == 0.0 {
            return Ok(()); // nothing would move
        }
        let together = self.probability(look);
        for (level, mass) in self.levels[..self.active].iter_mut().zip(&mut self.masses) {
            // Step 5 before step 3: r_t compares the laws that were played from.
            let advantage = (together - level.base.probability(look)) * estimate;
            level.log_weight += (level.meta * advantage).ln_1p();
            *mass = level.meta * level.log_weight.exp();
            level.base.add(look, estimate);
        }
        Ok(())
    }
}
