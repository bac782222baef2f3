use std::cell::Cell;

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::bandits::{Bandit, Game};
use crate::{Error, Result, error};

/// An additive Gaussian channel with a power limit, and the amplitude code that is used on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Channel {
    power: f64,
    sigma: f64,
}

impl Channel {
    /// A signal s must keep E s² ≤ `power`; noise of standard deviation `sigma` ≥ 0 is added to it.
    ///
    /// # Errors
    /// `power` is not positive and finite, `sigma` is negative or not finite, or σ²/P is not finite.
    pub fn new(power: f64, sigma: f64) -> Result<Self> {
        error::positive("power", power)?;
        error::non_negative("sigma", sigma)?;
        if !(sigma * sigma / power).is_finite() {
            let requirement = "small enough for sigma^2/power to be finite";
            return Err(Error::OutOfRange { name: "sigma", value: sigma, requirement });
        }
        Ok(Self { power, sigma })
    }

    /// The power limit P.
    pub fn power(&self) -> f64 {
        self.power
    }

    /// P/σ², infinite without noise.
    pub fn snr(&self) -> f64 {
        self.power / (self.sigma * self.sigma)
    }

    /// s = √(P/(1+b²))·(x − c).
    pub fn encode(&self, reward: f64, code: Code) -> f64 {
        (reward - code.center) / self.gain(code)
    }

    /// c + y·√((1+b²)/P): undoes [`encode`](Self::encode).
    pub fn decode(&self, received: f64, code: Code) -> f64 {
        code.center + received * self.gain(code)
    }

    /// v(b) = 1 + (1+b²)/SNR: the variance of a decoded reward of variance 1.
    pub fn variance(&self, radius: f64) -> f64 {
        1.0 + (1.0 + radius * radius) * (self.sigma * self.sigma / self.power)
    }

    /// E s² = P·(1 + (μ−c)²)/(1+b²): the power that a reward of this mean and variance 1 takes. At most P where
    /// the mean is within b of the centre.
    pub fn power_taken(&self, mean: f64, code: Code) -> f64 {
        self.power * (1.0 + (mean - code.center).powi(2)) / (1.0 + code.radius * code.radius)
    }

    /// √((1+b²)/P).
    fn gain(&self, code: Code) -> f64 {
        (1.0 + code.radius * code.radius).sqrt() / self.power.sqrt()
    }
}

/// How a reward is encoded: around a centre, for means within a radius of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Code {
    center: f64,
    radius: f64,
}

impl Code {
    /// Around `center` with `radius` ≥ 0.
    ///
    /// # Errors
    /// `center` is not finite, or `radius` is negative or above 10¹⁵⁰ (its square must be finite).
    pub fn new(center: f64, radius: f64) -> Result<Self> {
        error::finite("center", center)?;
        if !(0.0..=1e150).contains(&radius) {
            return Err(Error::OutOfRange { name: "radius", value: radius, requirement: "in [0, 1e150]" });
        }
        Ok(Self { center, radius })
    }

    /// The centre c.
    pub fn center(&self) -> f64 {
        self.center
    }

    /// The radius b.
    pub fn radius(&self) -> f64 {
        self.radius
    }
}

/// The noiseless link back: before a reward is drawn, the learner broadcasts how it is to be encoded.
#[derive(Debug, Clone, PartialEq)]
pub struct Downlink {
    code: Cell<Code>,
}

impl Downlink {
    /// Tells the client the code of this round's reward.
    pub fn broadcast(&self, code: Code) {
        self.code.set(code);
    }
}

/// The rounds in which an arm's rewards were encoded in one way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spell {
    /// The code.
    pub code: Code,
    /// The number of rounds.
    pub rounds: u64,
}

/// A bandit at the other end of a [`Channel`]: the learner receives encoded rewards with noise.
#[derive(Debug, Clone, PartialEq)]
pub struct Remote<B> {
    bandit: B,
    channel: Channel,
    downlink: Downlink,
    received: f64,
    spells: Vec<Vec<Spell>>,
}

impl<B: Bandit> Remote<B> {
    /// `bandit` behind `channel`. Until it is told otherwise the client encodes around 0 with radius 1.
    pub fn new(bandit: B, channel: Channel) -> Self {
        let code = Code { center: 0.0, radius: 1.0 };
        let spells = vec![Vec::new(); bandit.arms()];
        Self { bandit, channel, downlink: Downlink { code: Cell::new(code) }, received: 0.0, spells }
    }

    /// How the rewards of `arm` were encoded so far, in order: for the judge, who knows the mean and so the power
    /// that was taken ([`Channel::power_taken`]).
    pub fn spells(&self, arm: usize) -> &[Spell] {
        &self.spells[arm]
    }
}

impl<B: Bandit> Game for Remote<B> {
    type Context = Downlink;
    type Feedback = f64;

    fn open(&mut self, _: &mut dyn Rng) {}

    fn context(&self) -> &Downlink {
        &self.downlink
    }

    fn arms(&self) -> usize {
        self.bandit.arms()
    }

    fn regret(&self, arm: usize) -> f64 {
        self.bandit.gap(arm)
    }

    fn feedback(&mut self, arm: usize, _: &[usize], noise: &mut dyn Rng) -> &f64 {
        let code = self.downlink.code.get();
        match self.spells[arm].last_mut() {
            Some(spell) if spell.code == code => spell.rounds += 1,
            _ => self.spells[arm].push(Spell { code, rounds: 1 }),
        }
        let sent = self.channel.encode(self.bandit.pull(arm, 1, noise), code);
        let disturbance: f64 = noise.sample(StandardNormal);
        self.received = sent + self.channel.sigma * disturbance;
        &self.received
    }
}
