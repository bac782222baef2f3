//! UE-UCB++: a bandit whose rewards come over a noisy channel with a power limit.
//!
//! The lengths and radii of the phases are our reading: they are chosen so that the power constraint can be proved
//! in one line, and were not compared with the paper's algorithm box.
//!
//! # Problem
//! $K$ arms have means in $[-B, B]$ and 1-sub-Gaussian rewards. A client sees the reward $X$ of the arm pulled
//! and may send one number $s$ with $\mathbb{E} s^2 \le P$; the learner receives $Y = s + N(0, \sigma^2)$. What
//! regret does a signal-to-noise ratio $\mathrm{SNR} = P/\sigma^2$ allow? The learner may tell the client how
//! to encode.
//!
//! # Idea
//! Only what is not yet known should be paid for. Around a centre $c$ within $b$ of the mean, a reward can be
//! amplified until its power is used up, and the noise that is left after decoding grows with $b$ only. A few
//! rounds of exploration give a better centre, a better centre a smaller $b$, a smaller $b$ less noise: the
//! radius halves from phase to phase until the reward's own noise dominates, and only then does learning start.
//!
//! # Algorithm
//! 1. Encode $s = \sqrt{P/(1+b^2)}\,(X - c_a)$ and decode $Z = c_a + Y\sqrt{(1+b^2)/P}$: unbiased with variance
//!    $v(b) = 1 + (1+b^2)/\mathrm{SNR}$.
//! 2. Start with $b_1 = \max(1, B)$ and $c = 0$. While $b_\ell > 1$: $b_{\ell+1} = \max(1, b_\ell/2)$, pull
//!    every arm $n_\ell = \lceil v(b_\ell)/b_{\ell+1}^2 \rceil$ times, and let $c_a$ be the mean of *this* phase's
//!    decoded values of arm $a$.
//! 3. With the centres fixed and $b = 1$, play UCB on the decoded values: every arm once, then the largest
//!    $\hat Z_a + \sqrt{v(1) \cdot 4 \ln T/n_a}$. Nothing from the exploration is reused: its variance was another.
//!
//! # Theorem
//! The minimax regret is $\Omega(\sqrt{KT/(\mathrm{SNR} \wedge 1)})$ for every encoding, and UE-UCB++ attains it
//! up to logarithms and the price of the exploration. In this form, with the gaps $\Delta_a$,
//! $$ R_T \le \sum_a \Delta_a \sum_\ell n_\ell + 8\sqrt{v(1) K T \ln T} + 3 \sum_a \Delta_a, $$
//! where $v(1) = 1 + 2/\mathrm{SNR}$ and the exploration takes
//! $\sum_\ell n_\ell = O(\log B \,(1 + 1/\mathrm{SNR}))$ pulls an arm. The power is kept:
//! $\mathbb{E} (\mu_a - c_a)^2 = v(b_\ell)/n_\ell \le b_{\ell+1}^2$.
//!
//! # Complexity
//! $O(1)$ a round of exploration, $O(K)$ a round of UCB; $O(K + \log B)$ memory.
//!
//! # Reference
//! Prathamesh Mayekar, Jonathan Scarlett, Vincent Y. F. Tan, *Communication-Constrained Bandits under Additive
//! Gaussian Noise*, ICML 2023, arXiv [2304.12680](https://arxiv.org/abs/2304.12680).

mod channel;

use rand::Rng;

use super::Policy;
use super::baselines::Ucb;
use crate::{Error, Result, error};
pub use channel::{Channel, Code, Downlink, Remote, Spell};

/// A phase of uniform exploration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Phase {
    /// The radius b_ℓ that its rewards are encoded with.
    pub radius: f64,
    /// The pulls n_ℓ of every arm.
    pub pulls: u64,
}

/// The exploration phases for means in [−`bound`, `bound`], while the radius is above 1. A number of pulls beyond
/// 64 bits saturates.
///
/// # Errors
/// `bound` is negative or above 10¹⁵⁰ (its square must be finite).
pub fn phases(bound: f64, channel: &Channel) -> Result<Vec<Phase>> {
    if !(0.0..=1e150).contains(&bound) {
        return Err(Error::OutOfRange { name: "bound", value: bound, requirement: "in [0, 1e150]" });
    }
    let radii = std::iter::successors(Some(bound), |radius| Some((radius / 2.0).max(1.0)));
    let phase = |radius: f64| {
        let next = (radius / 2.0).max(1.0);
        Phase { radius, pulls: (channel.variance(radius) / (next * next)).ceil() as u64 }
    };
    Ok(radii.take_while(|&radius| radius > 1.0).map(phase).collect())
}

/// UE-UCB++: explores uniformly while it refines the centres, then plays UCB.
#[derive(Debug, Clone, PartialEq)]
pub struct UeUcb {
    channel: Channel,
    /// What is left of the exploration, the current phase last.
    phases: Vec<Phase>,
    codes: Vec<Code>,
    /// The sums of this phase's decoded values.
    sums: Vec<f64>,
    /// The rounds of this phase so far.
    played: u64,
    exploration: u64,
    ucb: Ucb,
}

impl UeUcb {
    /// For `arms` arms with means in [−`bound`, `bound`], over this channel, for `horizon` rounds.
    ///
    /// # Errors
    /// `arms` is zero, `bound` is not in [0, 10¹⁵⁰], or `horizon` is zero or does not cover the exploration.
    pub fn new(arms: usize, bound: f64, channel: Channel, horizon: u64) -> Result<Self> {
        Self::with_phases(arms, phases(bound, &channel)?, channel, horizon)
    }

    /// With another schedule of exploration; the final phase has radius 1 whatever it is.
    ///
    /// # Errors
    /// `arms` is zero, a radius is negative or not finite, a phase has no pulls, or `horizon` is zero or does not
    /// cover the exploration.
    pub fn with_phases(arms: usize, mut phases: Vec<Phase>, channel: Channel, horizon: u64) -> Result<Self> {
        let ucb = Ucb::new(arms, channel.variance(1.0).sqrt(), horizon)?;
        if phases.iter().any(|phase| phase.pulls == 0) {
            return Err(Error::OutOfRange {
                name: "pulls",
                value: 0.0,
                requirement: "at least 1 in every phase",
            });
        }
        let rounds = |total: u64, phase: &Phase| total.checked_add(phase.pulls.checked_mul(arms as u64)?);
        let exploration = phases.iter().try_fold(0, rounds).filter(|&rounds| rounds <= horizon);
        let exploration = exploration.ok_or(Error::OutOfRange {
            name: "horizon",
            value: horizon as f64,
            requirement: "as long as the exploration",
        })?;
        // Each phase's radius is checked here, before play.
        let codes = phases.iter().map(|phase| Code::new(0.0, phase.radius)).collect::<Result<Vec<_>>>()?;
        let first = codes.first().copied().map_or_else(|| Code::new(0.0, 1.0), Ok)?;
        phases.reverse();
        Ok(Self {
            channel,
            phases,
            codes: vec![first; arms],
            sums: vec![0.0; arms],
            played: 0,
            exploration,
            ucb,
        })
    }

    /// The rounds K·Σ n_ℓ of the whole exploration.
    pub fn exploration(&self) -> u64 {
        self.exploration
    }

    /// How the next reward of `arm` is to be encoded.
    pub fn code(&self, arm: usize) -> Code {
        self.codes[arm]
    }

    /// Step 2: the means of the phase that has ended become the centres of the next one.
    fn refine(&mut self, ended: Phase) -> Result<()> {
        self.phases.pop();
        let radius = self.phases.last().map_or(1.0, |phase| phase.radius);
        for (code, sum) in self.codes.iter_mut().zip(&mut self.sums) {
            *code = Code::new(std::mem::take(sum) / ended.pulls as f64, radius)?;
        }
        self.played = 0;
        Ok(())
    }
}

impl Policy for UeUcb {
    type Context = Downlink;
    type Feedback = f64;

    fn choose(&mut self, downlink: &Downlink, rng: &mut dyn Rng) -> Result<usize> {
        let arm = match self.phases.last() {
            Some(_) => (self.played % self.sums.len() as u64) as usize,
            None => self.ucb.choose(&(), rng)?,
        };
        downlink.broadcast(self.codes[arm]);
        Ok(arm)
    }

    /// # Errors
    /// What was received is not finite.
    fn observe(&mut self, arm: usize, received: &f64) -> Result<()> {
        let decoded = error::finite("received", self.channel.decode(*received, self.codes[arm]))?;
        let Some(&phase) = self.phases.last() else {
            // Step 3: UCB sees the final phase only.
            return self.ucb.observe(arm, &decoded);
        };
        self.sums[arm] += decoded;
        self.played += 1;
        // The product was checked when the policy was built.
        if self.played == phase.pulls * self.sums.len() as u64 {
            self.refine(phase)?;
        }
        Ok(())
    }
}

/// A policy on rewards behind one fixed code: what a client can do that is never told a better centre.
#[derive(Debug, Clone, PartialEq)]
pub struct FixedCode<P> {
    policy: P,
    channel: Channel,
    code: Code,
}

impl<P> FixedCode<P> {
    /// `policy` sees decoded values, which have variance [`Channel::variance`] of the code's radius.
    pub fn new(policy: P, channel: Channel, code: Code) -> Self {
        Self { policy, channel, code }
    }
}

impl<P: Policy<Context = (), Feedback = f64>> Policy for FixedCode<P> {
    type Context = Downlink;
    type Feedback = f64;

    fn choose(&mut self, downlink: &Downlink, rng: &mut dyn Rng) -> Result<usize> {
        downlink.broadcast(self.code);
        self.policy.choose(&(), rng)
    }

    fn observe(&mut self, arm: usize, received: &f64) -> Result<()> {
        let decoded = error::finite("received", self.channel.decode(*received, self.code))?;
        self.policy.observe(arm, &decoded)
    }
}
