//! Conformal radii that keep their coverage on every interval of time: SF-OGD and SAOCP.
//!
//! The steps are those of the authors' published code, with one difference: a score equal to the radius counts as
//! covered and has gradient α (there, 0). As in that code an expert plays one round more than its lifetime.
//!
//! # Problem
//! In round $t$ a radius $\hat s_t$ is announced; then the score $S_t \in [0, D]$ appears, the smallest radius that
//! would have covered the truth. The radius should miss ($S_t > \hat s_t$) a share $\alpha$ of the time and not be
//! larger than it must. Scores may drift and jump: nothing is assumed.
//!
//! # Idea
//! A radius with the right coverage minimises the pinball loss $\ell(s, S) = \max\{(1-\alpha)(S - s),\, \alpha (s -
//! S)\}$, so online gradient descent learns it. One descent has to choose between being slow and being noisy.
//! SAOCP starts a new descent in every round, with lifetimes that are powers of two, and lets them bet on who is
//! better right now: on every interval some descent started at its beginning, and was given the money.
//!
//! # Algorithm: SF-OGD
//! $s_{t+1} = \max\bigl(0,\; s_t - \frac{D}{\sqrt 3}\, g_t / \sqrt{\sum_{i \le t} g_i^2}\bigr)$ with $g_t = \alpha$ if
//! $S_t \le s_t$ and $g_t = \alpha - 1$ if not.
//!
//! # Algorithm: SAOCP
//! 1. In round $t$ remove the experts that are past their lifetime and start expert $t$: an SF-OGD at the present
//!    aggregate, with lifetime $8 \cdot 2^u$, where $2^u$ is the largest power of two that divides $t$.
//! 2. Expert $i$, after $n_i$ rounds, has the prior $\pi_i = i^{-2} (1 + \lfloor \log_2 i \rfloor)^{-1}$ and bets
//!    $w_i = \frac{z_i}{n_i} (1 + \sum g\,w_i)$, where $z_i = \sum g$ over its own rounds.
//! 3. Announce $\hat s_t = \sum_i p_i s_{t,i}$ with $p_i \propto \pi_i \max(w_i, 0)$; $p \propto \pi$ if all are 0.
//! 4. See $S_t$. Each expert gains $g = \bigl(\ell(\hat s_t, S_t) - \ell(s_{t,i}, S_t)\bigr) / (D \max(\alpha,
//!    1-\alpha))$, cut to $[-1, 1]$ if it has bet and to $[0, 1]$ if not, and makes its own step of SF-OGD.
//!
//! # Theorem
//! On every interval of length $k$ at once, the regret against the best fixed radius is at most
//! $$ 15\, D \sqrt{k (\ln T + 1)}, $$
//! and the coverage error of SF-OGD over $T$ rounds is $O(T^{-1/4} \log T)$. (Statement from memory; the
//! constant 15 is to be taken as ours.)
//!
//! # Cost
//! SF-OGD O(1) a round; SAOCP O(log t), at most $9(1 + \log_2 t)$ experts.
//!
//! # Reference
//! Aadyot Bhatnagar, Huan Wang, Caiming Xiong, Yu Bai, *Improved Online Conformal Prediction via Strongly Adaptive
//! Online Learning*, ICML 2023, arXiv [2302.07869](https://arxiv.org/abs/2302.07869); code
//! [salesforce/online_conformal](https://github.com/salesforce/online_conformal).

pub mod baselines;
pub mod hindsight;
pub mod scores;

use super::Learner;
use crate::error::{Error, Result, finite, open_unit};

/// The pinball loss of a radius, for a target miscoverage α and scores in [0, D].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pinball {
    alpha: f64,
    largest: f64,
}

impl Pinball {
    /// Miscoverage `alpha` and the largest score D.
    ///
    /// # Errors
    /// `alpha` is outside (0, 1), `largest` outside [1e-300, 1e300]: beyond, losses would over- or underflow.
    pub fn new(alpha: f64, largest: f64) -> Result<Self> {
        open_unit("alpha", alpha)?;
        if !(1e-300..=1e300).contains(&largest) {
            let requirement = "between 1e-300 and 1e300";
            return Err(Error::OutOfRange { name: "D", value: largest, requirement });
        }
        Ok(Self { alpha, largest })
    }

    /// The target miscoverage.
    pub fn alpha(&self) -> f64 {
        self.alpha
    }

    /// The largest score, D.
    pub fn largest(&self) -> f64 {
        self.largest
    }

    /// ℓ(s, S) = max((1 − α)(S − s), α(s − S)).
    pub fn loss(&self, radius: f64, score: f64) -> f64 {
        ((1.0 - self.alpha) * (score - radius)).max(self.alpha * (radius - score))
    }

    /// The subgradient in the radius: α where it covers, α − 1 where it misses.
    pub fn gradient(&self, radius: f64, score: f64) -> f64 {
        self.alpha - f64::from(u8::from(score > radius))
    }

    /// Refuses a score outside [0, D].
    ///
    /// # Errors
    /// That.
    pub fn check(&self, score: f64) -> Result<f64> {
        finite("score", score)?;
        let requirement = "between 0 and D";
        let legal = (0.0..=self.largest).contains(&score);
        if legal { Ok(score) } else { Err(Error::OutOfRange { name: "score", value: score, requirement }) }
    }
}

/// Scale-free online gradient descent on the pinball loss.
#[derive(Debug, Clone, PartialEq)]
pub struct ScaleFree {
    pinball: Pinball,
    radius: f64,
    /// Σ g².
    squares: f64,
}

impl ScaleFree {
    /// Starts at radius 0.
    pub fn new(pinball: Pinball) -> Self {
        Self::at(pinball, 0.0)
    }

    fn at(pinball: Pinball, radius: f64) -> Self {
        Self { pinball, radius, squares: 0.0 }
    }

    /// Σ g² so far: what the regret bound is made of.
    pub fn squares(&self) -> f64 {
        self.squares
    }

    fn step(&mut self, score: f64) {
        let gradient = self.pinball.gradient(self.radius, score);
        self.squares += gradient * gradient;
        // Divided before it is multiplied: the quotient is at most 1/√3, the step alone could overflow.
        let step = self.pinball.largest * (gradient / (3.0 * self.squares).sqrt());
        self.radius = (self.radius - step).max(0.0);
    }
}

impl Learner for ScaleFree {
    type Decision = f64;
    type Feedback = f64;

    fn decide(&self) -> f64 {
        self.radius
    }

    fn update(&mut self, score: &f64) -> Result<()> {
        let score = self.pinball.check(*score)?;
        self.step(score);
        Ok(())
    }
}

/// How the experts of [`Saocp`] share the say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weights {
    /// By their bets: the algorithm.
    #[default]
    Betting,
    /// By their priors only, as if nobody ever won or lost: to see what betting is worth.
    Prior,
}

/// One descent, with its purse.
#[derive(Debug, Clone, PartialEq)]
struct Expert {
    descent: ScaleFree,
    prior: f64,
    lifetime: u64,
    /// n: rounds played.
    rounds: u64,
    /// z = Σ g.
    gains: f64,
    /// Σ g·w.
    winnings: f64,
    /// w, the bet for the present round.
    bet: f64,
}

impl Expert {
    fn new(birth: u64, descent: ScaleFree) -> Self {
        let index = birth as f64;
        let prior = 1.0 / (index * index * (1.0 + f64::from(birth.ilog2())));
        let lifetime = 8 << birth.trailing_zeros().min(60);
        Self { descent, prior, lifetime, rounds: 0, gains: 0.0, winnings: 0.0, bet: 0.0 }
    }

    /// Takes a gain, and prepares the next bet.
    fn settle(&mut self, gain: f64) {
        self.gains += gain;
        self.winnings += gain * self.bet;
        self.rounds += 1;
        self.bet = self.gains / self.rounds as f64 * (1.0 + self.winnings);
    }

    fn share(&self, weights: Weights) -> f64 {
        match weights {
            Weights::Betting => self.prior * self.bet.max(0.0),
            Weights::Prior => self.prior,
        }
    }
}

/// Strongly Adaptive Online Conformal Prediction.
#[derive(Debug, Clone, PartialEq)]
pub struct Saocp {
    pinball: Pinball,
    weights: Weights,
    experts: Vec<Expert>,
    /// The present round, from 1.
    time: u64,
    radius: f64,
}

impl Saocp {
    /// Starts at radius 0.
    pub fn new(pinball: Pinball) -> Self {
        Self::with_weights(pinball, Weights::Betting)
    }

    /// The same with another way to share the say.
    pub fn with_weights(pinball: Pinball, weights: Weights) -> Self {
        let mut saocp = Self { pinball, weights, experts: Vec::new(), time: 0, radius: 0.0 };
        saocp.open_round();
        saocp
    }

    /// The number of experts that are alive.
    pub fn experts(&self) -> usize {
        self.experts.len()
    }

    /// The probabilities p of the experts, oldest first.
    pub fn probabilities(&self) -> Vec<f64> {
        let (weights, total) = self.normaliser();
        self.experts.iter().map(|expert| expert.share(weights) / total).collect()
    }

    /// How the say is shared this round, and Σ of the shares: the priors if nobody bets.
    fn normaliser(&self) -> (Weights, f64) {
        let total = |weights| self.experts.iter().map(|expert| expert.share(weights)).sum::<f64>();
        let bets = total(self.weights);
        if bets > 0.0 { (self.weights, bets) } else { (Weights::Prior, total(Weights::Prior)) }
    }

    /// Σ p_i s_i.
    fn aggregate(&self) -> f64 {
        let (weights, total) = self.normaliser();
        let say = |expert: &Expert| expert.share(weights) * expert.descent.radius;
        self.experts.iter().map(say).sum::<f64>() / total
    }

    /// Steps 1 to 3.
    fn open_round(&mut self) {
        let start = if self.experts.is_empty() { self.radius } else { self.aggregate() };
        self.experts.retain(|expert| expert.rounds <= expert.lifetime);
        self.time += 1;
        self.experts.push(Expert::new(self.time, ScaleFree::at(self.pinball, start)));
        self.radius = self.aggregate();
    }
}

impl Learner for Saocp {
    type Decision = f64;
    type Feedback = f64;

    fn decide(&self) -> f64 {
        self.radius
    }

    fn update(&mut self, score: &f64) -> Result<()> {
        let score = self.pinball.check(*score)?;
        let loss = self.pinball.loss(self.radius, score);
        let scale = self.pinball.largest * self.pinball.alpha.max(1.0 - self.pinball.alpha);
        // Step 4.
        for expert in &mut self.experts {
            let least = if expert.bet > 0.0 { -1.0 } else { 0.0 };
            let gain = ((loss - self.pinball.loss(expert.descent.radius, score)) / scale).clamp(least, 1.0);
            expert.settle(gain);
            expert.descent.step(score);
        }
        self.open_round();
        Ok(())
    }
}
