//! Batched mirror descent with a shrinking dartboard: learning from few observations when every change costs.
//!
//! The framework is the paper's, batches of rounds with one arm each, three ways of observing and a dartboard
//! where it is sound; the constants are derived here.
//!
//! # Problem
//! There are $K$ arms, $T$ rounds and losses $\ell_t(k) \in [0, 1]$ that are fixed before play; every change of the
//! arm costs 1 more. The learner sees $B$ losses in all, of arms and rounds of its choice (or the loss of every
//! arm it plays, and $B$ more). How does the regret, changes included, depend on how much is observed and on what?
//!
//! # Idea
//! Group the rounds into $N$ epochs, keep one arm in each and look at a single random round: that is an unbiased
//! view of the epoch's average at the price of one round. If what is seen does not depend on the arm played,
//! exponential weights need not redraw the arm either: it may stay with the probability by which its weight shrank,
//! and its law is still right. Changes are then as rare as weight is lost. With bandit feedback the estimate
//! does depend on the arm, this *dartboard* is biased, and up to $N$ changes are the price.
//!
//! # Algorithm
//! 1. $N$ epochs of $T/N$ rounds, one arm each; in epoch $b$ draw a uniform round $u_b$ and observe there only.
//! 2. Estimate the epoch's average losses and choose the rate by what is observed:
//!    - *full information*, all $K$ arms: $\hat\ell_b = \ell_{u_b}$, $\eta = \sqrt{2 \ln K / N}$, $N = \lfloor B/K \rfloor$;
//!    - *flexible*, one uniform arm $i$, independent of the arm played: $\hat\ell_b(k) = K \ell_{u_b}(k) 1_{k = i}$,
//!      $\eta = \sqrt{2 \ln K / (K N)}$, $N = B$;
//!    - *bandit*, the arm played: $\hat\ell_b(k) = \ell_{u_b}(k) 1_{k = A_b} / p_b(k)$, the same $\eta$,
//!      $N = \min(B, \lceil (2 K \ln K)^{1/3} T^{2/3} / 2^{2/3} \rceil)$.
//! 3. $w_{b+1}(k) = w_b(k) e^{-\eta \hat\ell_b(k)}$ and $p_{b+1} \propto w_{b+1}$. Full information and flexible: keep
//!    $A_b$ with probability $w_{b+1}(A_b) / w_b(A_b) = e^{-\eta \hat\ell_b(A_b)}$, else draw from $p_{b+1}$. Bandit:
//!    draw from $p_{b+1}$.
//!
//! # Theorem
//! Regret and changes together cost at most, in expectation,
//! $$T \sqrt{\frac{2 \ln K}{N}} + \sqrt{2 N \ln K}, \qquad T \sqrt{\frac{2 K \ln K}{N}} + \sqrt{\frac{2 N \ln K}{K}},
//! \qquad T \sqrt{\frac{2 K \ln K}{N}} + N$$
//! with full information, flexibly, and with bandit feedback. The first two are $\tilde O(T \sqrt{K/B})$, whatever
//! the budget; the last stops improving at $T^{2/3}$, so that extra observations are worth nothing up to about
//! $K^{1/3} T^{2/3}$ of them and then lower the regret by $1/\sqrt{B}$.
//!
//! # Cost
//! $O(K)$ an epoch, on a game whose rounds are epochs ([`Epochs`](super::instances::Epochs)).
//!
//! # Reference
//! Duo Cheng, Xingyu Zhou, Bo Ji, *Understanding the Role of Feedback in Online Learning with Switching Costs*,
//! ICML 2023, arXiv [2306.09588](https://arxiv.org/abs/2306.09588).

pub mod chain;

use rand::Rng;

use self::chain::ArmChain;
use super::primitives::ExponentialWeights;
use super::primitives::exact::Choices;
use super::{Policy, Revealed};
use crate::math::chance::Chance;
use crate::{Error, Result, error};

/// What is observed in an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observation {
    /// The losses of all arms.
    Full,
    /// The loss of a uniform arm, independent of the arm played.
    Flexible,
    /// The loss of the arm played.
    Bandit,
}

impl Observation {
    /// N of step 2: the number of epochs for `arms` arms and `rounds` rounds with `budget` observations in all, at
    /// most `rounds`.
    ///
    /// # Errors
    /// `arms` or `rounds` is zero, or the budget does not pay for one epoch.
    pub fn epochs(self, arms: usize, rounds: u64, budget: u64) -> Result<u64> {
        let k = error::at_least_one("arms", arms)? as f64;
        if rounds == 0 {
            return Err(Error::OutOfRange { name: "rounds", value: 0.0, requirement: "at least 1" });
        }
        let balanced = ((2.0 * k * k.ln()).cbrt() * (rounds as f64 / 2.0).cbrt().powi(2)).ceil();
        let affordable = match self {
            Self::Full => budget / arms as u64,
            Self::Flexible => budget,
            // One arm has nothing to learn, in one epoch.
            Self::Bandit => budget.min((balanced as u64).max(1)),
        };
        if affordable == 0 {
            let requirement = "enough for the observations of one epoch";
            return Err(Error::OutOfRange { name: "budget", value: budget as f64, requirement });
        }
        Ok(affordable.min(rounds))
    }

    /// What to observe, and in how many epochs, when the loss of the arm played is seen anyway and `extra` more
    /// losses may be: bandit feedback below K^(1/3)·T^(2/3) of them, flexible observations from there on.
    ///
    /// # Errors
    /// `arms` or `rounds` is zero.
    pub fn with_extra(arms: usize, rounds: u64, extra: u64) -> Result<(Self, u64)> {
        let threshold = (arms as f64).cbrt() * (rounds as f64).cbrt().powi(2);
        let (kind, budget) =
            if (extra as f64) < threshold { (Self::Bandit, rounds) } else { (Self::Flexible, extra) };
        Ok((kind, kind.epochs(arms, rounds, budget)?))
    }

    /// η of step 2, for `arms` ≥ 1 arms and `epochs` ≥ 1 epochs.
    pub fn rate(self, arms: usize, epochs: u64) -> f64 {
        let (k, n) = (arms as f64, epochs as f64);
        let moment = if self == Self::Full { 1.0 } else { k };
        (2.0 * k.ln() / (moment * n)).sqrt()
    }
}

/// How the arm of the next epoch is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redraw {
    /// Only with the probability by which the weight of the present one shrank: the shrinking dartboard.
    Shrinking,
    /// Always.
    Always,
}

/// Exponential weights on one observation an epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct Batched {
    observation: Observation,
    redraw: Redraw,
    eta: f64,
    weights: ExponentialWeights,
    arm: Option<usize>,
    /// w_{b+1}(k)/w_b(k): the probability that arm k stays if it is the present one.
    keep: Vec<f64>,
    asks: Vec<usize>,
    /// Equal masses on the arms.
    uniform: Vec<f64>,
}

impl Batched {
    /// For `arms` arms and `epochs` epochs, with the rate and the way of drawing that the theorem is for.
    ///
    /// # Errors
    /// `arms` or `epochs` is zero.
    pub fn new(observation: Observation, arms: usize, epochs: u64) -> Result<Self> {
        error::at_least_one("arms", arms)?;
        if epochs == 0 {
            return Err(Error::OutOfRange { name: "epochs", value: 0.0, requirement: "at least 1" });
        }
        let redraw = if observation == Observation::Bandit { Redraw::Always } else { Redraw::Shrinking };
        Self::with(observation, redraw, arms, observation.rate(arms, epochs))
    }

    /// With another rate or another way of drawing. The dartboard with bandit feedback is biased.
    ///
    /// # Errors
    /// `arms` is zero, or `eta` is negative or not finite.
    pub fn with(observation: Observation, redraw: Redraw, arms: usize, eta: f64) -> Result<Self> {
        let weights = ExponentialWeights::new(arms, eta)?;
        let asks = if observation == Observation::Full { (0..arms).collect() } else { vec![0] };
        Ok(Self {
            observation,
            redraw,
            eta,
            weights,
            arm: None,
            keep: vec![1.0; arms],
            asks,
            uniform: vec![1.0; arms],
        })
    }

    /// p(k): the probability of `arm` by weight.
    pub fn probability(&self, arm: usize) -> f64 {
        self.weights.probability(arm)
    }
}

impl ArmChain for Batched {
    fn transition(&self, from: Option<usize>, to: usize) -> f64 {
        let drawn = self.probability(to);
        match from {
            Some(from) if self.redraw == Redraw::Shrinking => {
                (1.0 - self.keep[from]) * drawn + if from == to { self.keep[from] } else { 0.0 }
            }
            _ => drawn,
        }
    }

    fn sees_its_arm(&self) -> bool {
        self.observation == Observation::Bandit
    }
}

impl Choices for Batched {
    fn choose_by<C: Chance + ?Sized>(&mut self, (): &(), chance: &mut C) -> Result<usize> {
        // Step 3.
        let arm = match self.arm {
            Some(arm) if self.redraw == Redraw::Shrinking && chance.coin(self.keep[arm]) => arm,
            _ => self.weights.sample(chance),
        };
        self.arm = Some(arm);
        match self.observation {
            Observation::Full => {}
            Observation::Flexible => self.asks[0] = chance.choose(&self.uniform),
            Observation::Bandit => self.asks[0] = arm,
        }
        Ok(arm)
    }
}

impl Policy for Batched {
    type Context = ();
    type Feedback = [Revealed];

    fn choose(&mut self, context: &(), rng: &mut dyn Rng) -> Result<usize> {
        self.choose_by(context, rng)
    }

    fn asks(&self) -> &[usize] {
        &self.asks
    }

    /// Losses that were not asked for are ignored.
    ///
    /// # Errors
    /// A loss outside [0, 1], or an arm of bandit feedback that cannot have been played.
    fn observe(&mut self, arm: usize, feedback: &[Revealed]) -> Result<()> {
        feedback.iter().try_for_each(|seen| error::probability("loss", seen.loss).map(drop))?;
        // Step 2: with which probability a loss is seen.
        let seen_with = match self.observation {
            Observation::Full => 1.0,
            Observation::Flexible => 1.0 / self.uniform.len() as f64,
            Observation::Bandit => {
                let known = (arm < self.uniform.len()).then(|| self.probability(arm));
                let requirement = "an arm that is played with positive probability";
                let error = Error::OutOfRange { name: "arm", value: arm as f64, requirement };
                known.filter(|&p| p > 0.0).ok_or(error)?
            }
        };
        self.keep.fill(1.0);
        // Full information asks for everything, in order.
        let asked = |arm: usize, asks: &[usize]| {
            if asks.len() == self.uniform.len() { arm < asks.len() } else { asks.contains(&arm) }
        };
        for seen in feedback.iter().filter(|seen| asked(seen.arm, &self.asks)) {
            let estimate = seen.loss / seen_with;
            self.weights.add(seen.arm, estimate);
            self.keep[seen.arm] = (-self.eta * estimate).exp();
        }
        Ok(())
    }
}
