//! Estimate the learning rate of an individual that plays Exp3, from the arms it was seen to play.
//!
//! Our reading: where the likelihood is cut off. A simulated record ends when the individual's own smallest
//! probability falls below a floor ([`Individual::simulate`]); for a record of somebody else, [`Family::safe_rounds`]
//! says how many rounds are informative whatever the rate was. The proof of that number is ours.
//!
//! # Problem
//! In experiments on how people and animals learn, an individual chooses among $K$ arms for $n$ rounds, and a
//! model of it is fitted by maximum likelihood as if the choices were independent data. They are not: the
//! individual learns, its choices soon become certain, and certain choices tell nothing. Can the learning rate
//! of Exp3 be estimated at all?
//!
//! # Idea
//! Only the rounds in which no probability is close to 0 inform. A constant rate has a bounded number of
//! them, however long the record; a rate that shrinks like $n^{-a}$ stretches them to about $n^a$, each worth
//! $O(n^{-a} \cdot n^{a}) = O(1)$ of Fisher information about $\theta$.
//!
//! # The individual
//! Exp3 with the rate $\eta = \theta n^{-a}$, $\theta \in [r, R]$: $p_1$ uniform and
//! $$ p_{t+1}(k) \propto \exp\Bigl(-\eta \sum_{s \le t} \frac{\ell_s(k)}{p_s(k)} 1[A_s = k]\Bigr). $$
//! The unknown rate enters twice, in front of the sum and in every $p_s$ inside it.
//!
//! # Algorithm: the truncated maximum-likelihood estimate
//! 1. Cut the record off where some probability falls below $\varepsilon$.
//! 2. For a candidate $\theta$ run the whole recursion again along the record, from $p_1$, and add up
//!    $\ell(\theta) = \sum_t \ln p^\theta_t(A_t)$.
//! 3. Maximise $\ell$ over a logarithmic grid of 41 points in $[r, R]$, then by 25 steps of golden section
//!    between the two neighbours of the best one: $\ell$ need not be concave.
//!
//! # Theorem
//! With a constant rate ($a = 0$) no estimator's error falls to zero efficiently. With $a > 0$ the
//! prediction error $\frac1n \sum_t \mathrm{KL}(p^\theta_t \| p^{\hat\theta}_t)$, and for two arms the
//! error $|\hat\theta - \theta|$, fall at a polynomial rate, in probability. (Our measurements:
//! $n^{-1}$ and $n^{-a/2}$.)
//!
//! # Cost
//! $O(K)$ for every round with a loss, 68 times; between two losses nothing is learnt, so only the number of
//! plays of each arm counts. A record has $O(n^a \log(1/\varepsilon))$ rounds before its cut.
//!
//! # Reference
//! Julien Aubert, Luc Lehéricy, Patricia Reynaud-Bouret, *On the convergence of the MLE as an estimator of the
//! learning rate in the Exp3 algorithm*, ICML 2023, arXiv [2305.06660](https://arxiv.org/abs/2305.06660). The
//! statements are the abstract's; the rates, the cut and the search are not checked against the paper.

mod estimator;
mod record;

pub use estimator::{Estimator, Mle};
pub use record::Record;

use super::Revealed;
use crate::error::{self, Error, Result};
use crate::math::{chance::Chance, divergence::kullback_leibler, exp::Real};

/// Exp3 in the middle of its run.
///
/// Unlike [`ExponentialWeights`](super::primitives::ExponentialWeights) it keeps the logarithms of the
/// probabilities: a likelihood needs them where the probability itself has underflowed.
#[derive(Debug, Clone, PartialEq)]
pub struct Exp3 {
    eta: f64,
    /// −η·L̂(k), the logarithms of the weights.
    logits: Vec<f64>,
    /// ln p(k). At least one is −ln K or more, so the logits never all fall to −∞.
    log_probabilities: Vec<f64>,
    probabilities: Vec<f64>,
}

impl Exp3 {
    /// Before the first round, with the rate `eta`.
    ///
    /// # Errors
    /// `arms` is zero or `eta` is not positive and finite.
    pub fn new(arms: usize, eta: f64) -> Result<Self> {
        error::at_least_one("arms", arms)?;
        let eta = error::positive("eta", eta)?;
        let uniform = 1.0 / arms as f64;
        Ok(Self {
            eta,
            logits: vec![0.0; arms],
            log_probabilities: vec![uniform.ln(); arms],
            probabilities: vec![uniform; arms],
        })
    }

    /// p_t, from which the next arm is drawn.
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// ln p_t, which keeps its digits where p_t underflows.
    pub fn log_probabilities(&self) -> &[f64] {
        &self.log_probabilities
    }

    /// L̂(k), the estimate of arm k's total loss so far: the losses seen, each divided by the probability
    /// with which it was seen.
    pub fn estimated_loss(&self, arm: usize) -> f64 {
        -self.logits[arm] / self.eta
    }

    /// Learns from a round. The arm must exist and the loss lie in [0, 1].
    pub fn observe(&mut self, Revealed { arm, loss }: Revealed) {
        if loss == 0.0 {
            return; // nothing changes, not even by rounding
        }
        self.logits[arm] -= self.eta * loss * (-self.log_probabilities[arm]).exp();
        let largest = self.logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut total = 0.0;
        for (p, logit) in self.probabilities.iter_mut().zip(&self.logits) {
            *p = (logit - largest).exp_nonpositive();
            total += *p;
        }
        let log_total = largest + total.ln();
        for ((p, log), logit) in
            self.probabilities.iter_mut().zip(&mut self.log_probabilities).zip(&self.logits)
        {
            *p /= total;
            *log = logit - log_total;
        }
    }
}

/// The family of individuals among which an observer looks: Exp3 with the rate θ·n^(−a).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Family {
    arms: usize,
    horizon: usize,
    /// n^(−a).
    scale: f64,
}

impl Family {
    /// Individuals with `arms` arms that plan for `horizon` rounds, whose rates shrink with the exponent
    /// `decay` (the paper's a).
    ///
    /// # Errors
    /// `arms` or `horizon` is zero, or `decay` outside [0, 1].
    pub fn new(arms: usize, horizon: usize, decay: f64) -> Result<Self> {
        error::at_least_one("arms", arms)?;
        error::at_least_one("horizon", horizon)?;
        error::probability("decay", decay)?;
        Ok(Self { arms, horizon, scale: (horizon as f64).powf(-decay) })
    }

    /// θ·n^(−a), the learning rate of the member with the parameter θ.
    pub fn rate(&self, theta: f64) -> f64 {
        theta * self.scale
    }

    /// The member with the parameter θ.
    ///
    /// # Errors
    /// `theta` is not positive and finite, or so small that the rate underflows.
    pub fn individual(&self, theta: f64) -> Result<Individual> {
        error::positive("theta", theta)?;
        Ok(Individual { family: *self, theta, start: Exp3::new(self.arms, self.rate(theta))? })
    }

    /// How many rounds have all probabilities at least `epsilon`, for every θ up to `largest`, every record and
    /// all losses: 1 + ⌊(1/K − ε)·n^a/R⌋, at most n.
    ///
    /// Derived: a probability falls only when its arm is played, to at least
    /// p·exp(−ηℓ/p) ≥ p − η, so after t rounds it is at least 1/K − tη.
    ///
    /// # Errors
    /// `epsilon` is outside (0, 1/K] or `largest` is not positive and finite.
    pub fn safe_rounds(&self, largest: f64, epsilon: f64) -> Result<usize> {
        let room = 1.0 / self.arms as f64 - epsilon;
        if !(epsilon > 0.0 && room >= 0.0) {
            let requirement = "positive and at most 1/arms";
            return Err(Error::OutOfRange { name: "epsilon", value: epsilon, requirement });
        }
        let eta = self.rate(error::positive("largest", largest)?);
        // The conversion saturates, so a vanishing rate makes the whole horizon safe.
        Ok(((room / eta) as usize).saturating_add(1).min(self.horizon))
    }

    /// Refuses what is no record of this family.
    fn check(&self, record: &Record) -> Result<()> {
        error::same_size("arms", self.arms, record.arms())?;
        if !(1..=self.horizon).contains(&record.rounds()) {
            let (value, requirement) = (record.rounds() as f64, "at least 1 and at most the horizon");
            return Err(Error::OutOfRange { name: "rounds", value, requirement });
        }
        Ok(())
    }
}

/// An individual with a known rate: what is simulated, and what an observer tries on.
#[derive(Debug, Clone, PartialEq)]
pub struct Individual {
    family: Family,
    theta: f64,
    start: Exp3,
}

impl Individual {
    /// The individual before its first round.
    pub fn start(&self) -> Exp3 {
        self.start.clone()
    }

    /// The record of a run against the same losses in every round, cut off before the first round in which a
    /// probability is below `floor` (0 for no cut), at the latest after the horizon.
    ///
    /// # Errors
    /// `losses` has not one loss in [0, 1] per arm, or `floor` is outside [0, 1/K].
    pub fn simulate(
        &self,
        losses: &[f64],
        floor: f64,
        chance: &mut (impl Chance + ?Sized),
    ) -> Result<Record> {
        error::same_size("losses", self.family.arms, losses.len())?;
        losses.iter().try_for_each(|&loss| error::probability("losses", loss).map(drop))?;
        if !(floor >= 0.0 && floor <= 1.0 / self.family.arms as f64) {
            let requirement = "in [0, 1/arms]";
            return Err(Error::OutOfRange { name: "floor", value: floor, requirement });
        }
        let (mut exp3, mut record) = (self.start(), Record::new(self.family.arms)?);
        while record.rounds() < self.family.horizon && exp3.probabilities.iter().all(|&p| p >= floor) {
            let arm = chance.choose(&exp3.probabilities);
            let play = Revealed { arm, loss: losses[arm] };
            record.push(play)?;
            exp3.observe(play);
        }
        Ok(record)
    }

    /// Step 2: ℓ(θ) = Σ_t ln p^θ_t(A_t), at most 0; −∞ for a record that this individual cannot produce (its
    /// probability underflows).
    ///
    /// # Errors
    /// The record is empty, longer than the horizon, or has another number of arms.
    pub fn log_likelihood(&self, record: &Record) -> Result<f64> {
        self.family.check(record)?;
        let (mut exp3, mut sum) = (self.start(), 0.0);
        for (counts, end) in record.stretches() {
            for (&count, log) in counts.iter().zip(&exp3.log_probabilities) {
                if count > 0 {
                    sum += count as f64 * log;
                }
            }
            if sum == f64::NEG_INFINITY {
                break;
            }
            end.into_iter().for_each(|play| exp3.observe(play));
        }
        Ok(sum)
    }

    /// The score ℓ′(θ), from the derivative of the recursion: with s(k) the derivative of the logit of k,
    /// each round adds s(A) − Σ_k p(k) s(k).
    ///
    /// # Errors
    /// As [`Individual::log_likelihood`]; also when the score is not finite, which needs a record that the
    /// individual can hardly produce.
    pub fn score(&self, record: &Record) -> Result<f64> {
        self.family.check(record)?;
        let mut exp3 = self.start();
        let (mut slopes, mut score) = (vec![0.0; self.family.arms], 0.0);
        for (counts, end) in record.stretches() {
            let mean: f64 = exp3.probabilities.iter().zip(&slopes).map(|(p, s)| p * s).sum();
            score += counts.iter().zip(&slopes).map(|(&n, s)| n as f64 * (s - mean)).sum::<f64>();
            if let Some(play) = end {
                // The logit falls by ηℓ/p: η = θ·n^(−a) grows with θ, and 1/p with −(ln p)′.
                let fall = exp3.eta * play.loss * (-exp3.log_probabilities[play.arm]).exp();
                slopes[play.arm] -= fall * (1.0 / self.theta - (slopes[play.arm] - mean));
                exp3.observe(play);
            }
        }
        if score.is_finite() {
            Ok(score)
        } else {
            Err(Error::Diverged { name: "score", steps: record.rounds() })
        }
    }

    /// Σ_t KL(p^θ_t ‖ p^θ̂_t) along a record, this individual being the true one: what predicting its next arm by
    /// the `other` one costs in all; +∞ where its probabilities underflow. Divided by the horizon it is the paper's
    /// prediction error.
    ///
    /// # Errors
    /// The record does not fit this family, or the other individual is of another family.
    pub fn divergence_to(&self, other: &Individual, record: &Record) -> Result<f64> {
        self.family.check(record)?;
        if self.family != other.family {
            let requirement = "an individual of the same family";
            return Err(Error::Invalid { name: "other", requirement });
        }
        let (mut own, mut others, mut sum) = (self.start(), other.start(), 0.0);
        for (counts, end) in record.stretches() {
            let rounds: u64 = counts.iter().sum();
            if rounds > 0 {
                sum += rounds as f64 * kullback_leibler(&own.probabilities, &others.probabilities);
            }
            if let Some(play) = end {
                own.observe(play);
                others.observe(play);
            }
        }
        Ok(sum)
    }
}
