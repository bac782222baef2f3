//! Progressive learning and sharing: distributed linear bandits that talk a few bits at a time.
//!
//! Structure and constants follow the authors' code, with two repairs: its quantiser rounds up with a probability
//! that is not divided by the step, and its server adds the average to its own last estimate instead of to the one
//! that the agents subtracted. The main case, actions in the unit ball, is the one done here; the paper's finite
//! action sets and its sparse variant are not. Its number of pulls has another factor $d$, here in the knob $C$.
//!
//! # Problem
//! $M$ agents play the same linear bandit for $T$ rounds each: an action $x$ of the unit ball earns
//! $\langle x, \theta^* \rangle$ plus noise, $\|\theta^*\| \le 1$. A server helps them to learn together, but every
//! bit to and from it is counted. Talking all the time gives the regret $d\sqrt{MT}$ of a single learner with
//! $MT$ rounds. How few bits are enough?
//!
//! # Idea
//! Learn in epochs of geometrically growing precision, and share in every epoch only the *difference* to what all
//! know already. The difference shrinks as fast as the resolution has to grow, so a constant number of bits per
//! coordinate is enough in every epoch, and there are $O(\log T)$ epochs. Rounding at random makes the
//! quantisation errors of the agents independent and unbiased, so that averaging removes them as it removes noise.
//!
//! # Algorithm
//! 1. Epoch $k = 1, 2, \dots$: every agent pulls each basis vector $s_k = \lceil C 4^k \ln(M \log_2 T) \rceil$
//!    times and takes the means $\hat\theta_m$.
//! 2. Uplink: agent $m$ sends $\hat\theta_m - \bar\theta$, quantised on a uniform grid of $[-r_k, r_k]$,
//!    $r_k = R_k + B_k$, with steps of at most $\alpha_k / \sqrt d$, $\alpha_k = 2\sigma\sqrt{d/s_k}$.
//! 3. The server averages what it got and adds the average to $\bar\theta$. Downlink: it sends the same average,
//!    quantised on $[-(B_k + \tau_k), B_k + \tau_k]$ with steps of at most $\tau_k / \sqrt d$, and all add that to
//!    $\bar\theta$.
//! 4. $\tau_1 = 1/(4\sqrt M)$, $R_1 = 1/2$, $B_1 = 3/2$; after every epoch $\tau$ and $R$ halve and $B = 5\tau$.
//! 5. Once the server's estimate is as long as $4\tau_k$, its length $\mu_0$ is fixed. From then on every epoch ends
//!    with $t_k = \lfloor M s_k^2 \mu_0^2 \rfloor$ rounds of $\bar\theta/\|\bar\theta\|$ by every agent. Stop at $T$.
//!
//! # Theorem
//! The regret of all agents together is $\tilde O(d\sqrt{MT})$, with $O(d \log T)$ bits up and
//! $O(d(\log M + \log T))$ bits down per agent, and no method with sublinear regret needs less in order.
//!
//! # Cost
//! $O(M d)$ time and memory an epoch and $O(\log T)$ epochs: batches are drawn at once.
//!
//! # Reference
//! Sudeep Salgia, Qing Zhao, *Distributed Linear Bandits under Communication Constraints*, ICML 2023, arXiv
//! [2211.02212](https://arxiv.org/abs/2211.02212).

use rand::Rng;

use super::agents::{Cooperative, LinearPulls, Link};
use crate::math::vector::norm;
use crate::{Error, Result, error};

mod quantiser;

pub use quantiser::{Levels, Quantiser};

/// The settings of one epoch, step 4.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epoch {
    /// k, from 1.
    pub index: u32,
    /// s_k, the pulls of each basis vector by each agent.
    pub pulls: u64,
    /// α_k, the error of an agent's estimate, which the uplink's quantisation matches.
    pub alpha: f64,
    /// τ_k, the error that the downlink's quantisation may add.
    pub tau: f64,
    /// R_k, how far an agent's estimate is from θ*.
    pub local_radius: f64,
    /// B_k, how far what all know is from θ*.
    pub shared_radius: f64,
}

/// What the server and the agents know.
#[derive(Debug, Clone, PartialEq)]
pub struct Knowledge {
    /// The server's estimate.
    pub server: Vec<f64>,
    /// θ̄, the estimate of every agent: all read the same broadcasts.
    pub agents: Vec<f64>,
    /// How many coordinates lay beyond a grid and were clipped.
    pub clipped: u64,
}

/// How estimates travel: steps 2 and 3.
pub trait Sharing {
    /// Sends the agents' estimates (`local`, agent by agent) to the server and the news back.
    ///
    /// # Errors
    /// The epoch's grid cannot be built.
    fn share(
        &self,
        epoch: &Epoch,
        local: &[f64],
        known: &mut Knowledge,
        link: &mut Link,
        rng: &mut dyn Rng,
    ) -> Result<()>;
}

/// The paper's sharing: quantised differences, up and down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Differences;

impl Differences {
    /// The grid of the uplink.
    ///
    /// # Errors
    /// The epoch's numbers are not positive and finite.
    pub fn uplink(epoch: &Epoch, dim: usize) -> Result<Quantiser> {
        Quantiser::new(epoch.local_radius + epoch.shared_radius, epoch.alpha / (dim as f64).sqrt())
    }

    /// The grid of the downlink.
    ///
    /// # Errors
    /// The epoch's numbers are not positive and finite.
    pub fn downlink(epoch: &Epoch, dim: usize) -> Result<Quantiser> {
        Quantiser::new(epoch.shared_radius + epoch.tau, epoch.tau / (dim as f64).sqrt())
    }
}

impl Sharing for Differences {
    fn share(
        &self,
        epoch: &Epoch,
        local: &[f64],
        known: &mut Knowledge,
        link: &mut Link,
        rng: &mut dyn Rng,
    ) -> Result<()> {
        let dim = known.agents.len();
        let agents = local.len() / dim;
        let (up, down) = (Self::uplink(epoch, dim)?, Self::downlink(epoch, dim)?);
        // Step 2.
        let (mut news, mut difference) = (vec![0.0; dim], vec![0.0; dim]);
        for estimate in local.chunks_exact(dim) {
            for ((out, x), old) in difference.iter_mut().zip(estimate).zip(&known.agents) {
                *out = x - old;
            }
            known.clipped += up.clipped(&difference);
            let message = link.upload(up.message(&difference, rng));
            news.iter_mut().zip(message.decode()).for_each(|(sum, x)| *sum += x / agents as f64);
        }
        // Step 3: the server knows what the agents know, so its estimate starts from there.
        known.server.iter_mut().zip(&known.agents).zip(&news).for_each(|((out, old), x)| *out = old + x);
        known.clipped += down.clipped(&news);
        let message = link.broadcast(down.message(&news, rng), agents);
        known.agents.iter_mut().zip(message.decode()).for_each(|(old, x)| *old += x);
        Ok(())
    }
}

/// Progressive learning and sharing on the unit ball.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProgressiveSharing<S = Differences> {
    agents: usize,
    deviation: f64,
    constant: f64,
    sharing: S,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// The epochs whose results were shared.
    pub epochs: u32,
    /// What was learnt of θ*.
    pub known: Knowledge,
    /// μ_0, the length of the server's estimate when exploitation began; `None` if it never did.
    pub length: Option<f64>,
}

impl ProgressiveSharing {
    /// For `agents` agents and noise that is sub-Gaussian with parameter `deviation`; C is 1.
    ///
    /// # Errors
    /// `agents` is zero, or `deviation` is not positive and finite.
    pub fn new(agents: usize, deviation: f64) -> Result<Self> {
        Self::with_sharing(agents, deviation, Differences)
    }
}

impl<S: Sharing> ProgressiveSharing<S> {
    /// The same schedule with another way to share.
    ///
    /// # Errors
    /// `agents` is zero, or `deviation` is not positive and finite.
    pub fn with_sharing(agents: usize, deviation: f64, sharing: S) -> Result<Self> {
        error::at_least_one("agents", agents)?;
        error::positive("deviation", deviation)?;
        Ok(Self { agents, deviation, constant: 1.0, sharing })
    }

    /// The same with the knob C = `constant` on the number of pulls.
    ///
    /// # Errors
    /// `constant` is not positive and finite.
    pub fn constant(self, constant: f64) -> Result<Self> {
        error::positive("constant", constant)?;
        Ok(Self { constant, ..self })
    }

    /// Epoch `index` ≥ 1 in dimension `dim` with `horizon` rounds.
    pub fn epoch(&self, index: u32, dim: usize, horizon: u64) -> Epoch {
        let agents = self.agents as f64;
        let halvings = 0.5f64.powi(index as i32 - 1);
        let log = (agents * (horizon as f64).log2()).ln();
        let pulls = (self.constant * 4f64.powi(index as i32) * log).ceil().max(1.0);
        let tau = halvings / (4.0 * agents.sqrt());
        Epoch {
            index,
            pulls: pulls as u64,
            alpha: 2.0 * self.deviation * (dim as f64 / pulls).sqrt(),
            tau,
            local_radius: 0.5 * halvings,
            shared_radius: if index == 1 { 1.5 } else { 5.0 * tau },
        }
    }

    /// Plays T = ⌊budget/M⌋ rounds with every agent.
    ///
    /// # Errors
    /// The rounds do not even cover the first epoch, or a grid would need 2⁵² points.
    pub fn run(&self, pulls: &mut LinearPulls<'_>, link: &mut Link, rng: &mut dyn Rng) -> Result<Progress> {
        let dim = pulls.dim();
        let horizon = pulls.remaining() / self.agents as u64;
        if self.epoch(1, dim, horizon).pulls.saturating_mul(dim as u64) > horizon {
            let requirement = "enough rounds for the first epoch of every agent";
            return Err(Error::OutOfRange { name: "budget", value: pulls.remaining() as f64, requirement });
        }
        let known = Knowledge { server: vec![0.0; dim], agents: vec![0.0; dim], clipped: 0 };
        let mut progress = Progress { epochs: 0, known, length: None };
        let mut local = vec![0.0; self.agents * dim];
        let mut action = vec![0.0; dim];
        let mut left = horizon;
        while left > 0 {
            let epoch = self.epoch(progress.epochs + 1, dim, horizon);
            // Step 1. The horizon may cut it short: what is left is spread over the basis, and not shared.
            let whole = epoch.pulls.saturating_mul(dim as u64) <= left;
            for estimate in local.chunks_exact_mut(dim) {
                for (i, mean) in estimate.iter_mut().enumerate() {
                    let rest = left / dim as u64 + u64::from((i as u64) < left % dim as u64);
                    let n = if whole { epoch.pulls } else { rest };
                    action.fill(0.0);
                    action[i] = 1.0;
                    *mean = pulls.sum_of(0, &action, n)? / n as f64;
                }
            }
            if !whole {
                break;
            }
            left -= epoch.pulls * dim as u64;
            // Steps 2 and 3.
            self.sharing.share(&epoch, &local, &mut progress.known, link, rng)?;
            progress.epochs += 1;
            // Step 5.
            let (length, shared) = (norm(&progress.known.server), norm(&progress.known.agents));
            if progress.length.is_none() && length >= 4.0 * epoch.tau {
                progress.length = Some(length);
            }
            if let (Some(mu), true) = (progress.length, shared > 0.0) {
                let rounds = (self.agents as f64 * (epoch.pulls as f64 * mu).powi(2)) as u64;
                let rounds = rounds.min(left);
                action.iter_mut().zip(&progress.known.agents).for_each(|(x, known)| *x = known / shared);
                for _ in 0..self.agents {
                    pulls.sum_of(0, &action, rounds)?;
                }
                left -= rounds;
            }
        }
        Ok(progress)
    }
}

impl<S: Sharing> Cooperative for ProgressiveSharing<S> {
    fn cooperate(&self, pulls: &mut LinearPulls<'_>, link: &mut Link, rng: &mut dyn Rng) -> Result<()> {
        self.run(pulls, link, rng).map(drop)
    }
}
