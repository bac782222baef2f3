//! Distributed batch elimination: agents that learn one contextual linear bandit and meet log log T times.
//!
//! This is the case of a known law of contexts with finite support. The batch lengths were checked in a third
//! party's implementation; the constants of β and λ are from memory, the number of batches is ours (any of order
//! log log T will do), and the batch policy maximises log det of the expected information, which has the guarantee
//! that the regret proof uses (derived in `math::design`) without the paper's core set and mixed softmax policy.
//!
//! # Problem
//! $N$ agents play $T$ rounds each. A round offers an agent a decision set $X$ of at most $K$ vectors of the unit
//! ball in $\mathbb{R}^d$, drawn from a known law; action $x$ earns $\langle x, \theta^* \rangle$ plus noise that is
//! 1-sub-Gaussian. Agents talk to a server, and every number sent is counted. A single agent with $NT$ rounds has
//! the regret $\sqrt{dNT}$ up to logarithms; how little has $N$ agents to talk to match it?
//!
//! # Idea
//! Play in batches that grow so fast that $\log \log (NT)$ of them reach $T$. Within a batch nothing is learnt: all
//! agents play the same fixed policy on the actions not yet eliminated, chosen so that they learn equally much
//! about all of these. Since the policy and the law are known, the information matrix is known too and is not sent;
//! each agent sends the $d$ sums of its rewards, and gets back $d$ numbers.
//!
//! # Algorithm
//! 1. $M = \lceil \log_2 \log_2 (NT/d) \rceil + 2$ batches, $a = \sqrt T (NT/d)^{1/(2(2^{M-1} - 1))}$;
//!    $T_1 = T_2 = \lceil a \sqrt{d/N} \rceil$, $T_m = \lfloor a \sqrt{T_{m-1}} \rfloor$, the last one cut to end at
//!    $T$. $\lambda = 5 \ln(4dT/\delta)$, $\beta = 6\sqrt{\ln(2KNT/\delta)} + \sqrt\lambda$.
//! 2. Elimination, after every batch $k$: of the actions of a set that have survived, keep $x$ if
//!    $\langle \theta_k, x\rangle + \beta \|x\|_{\Lambda_k^{-1}} \ge
//!    \max_y \langle \theta_k, y\rangle - \beta \|y\|_{\Lambda_k^{-1}}$.
//! 3. The batch's policy $\pi_m$ maximises $\log\det V(\pi)$,
//!    $V(\pi) = \mathbb{E}_X \mathbb{E}_{x \sim \pi(\cdot|X)} x x^\top$, over the surviving actions, until
//!    $\mathbb{E}_X \max_x x^\top V^{-1} x \le 1.1\, d$ (the rank of $V$ instead of $d$, if they do not span).
//! 4. At the end of batch $m$, agent $i$ uploads $u_i = \sum x y$; the server sets
//!    $\Lambda_m = \lambda I + N T_m V(\pi_m)$, $\theta_m = \Lambda_m^{-1} \sum_i u_i$ and broadcasts $\theta_m$. After
//!    the last batch nothing is sent.
//!
//! # Theorem
//! With probability $1 - \delta$ the best action of every set survives, the regret of all agents together is
//! $\tilde O(\sqrt{dNT})$, and $2dN(M-1) = \tilde O(dN)$ numbers are sent. No method with that regret sends fewer in
//! order.
//!
//! # Cost
//! A batch costs $O(N K d)$ a set for the sums, drawn exactly, and one D-optimal design.
//!
//! # Reference
//! Sanae Amani, Tor Lattimore, András György, Lin F. Yang, *Distributed Contextual Linear Bandits with Minimax
//! Optimal Communication Cost*, ICML 2023, arXiv [2205.13170](https://arxiv.org/abs/2205.13170).

use nalgebra::{Cholesky, DMatrix, DVector, DVectorView};
use rand::Rng;

use super::agents::{Cooperative, LinearPulls, Link, multinomial};
use super::instances::Contexts;
use crate::math::design::{Group, d_optimal};
use crate::{Error, Result, error};

/// How far the batch policy may be from the best one: E max xᵀV⁻¹x ≤ (1 + SLACK)·d.
pub const SLACK: f64 = 0.1;

/// Distributed batch elimination with a known law of contexts.
#[derive(Debug, Clone, PartialEq)]
pub struct DisBeLucb {
    agents: usize,
    contexts: Contexts,
    delta: f64,
    scale: f64,
    batches: Option<u32>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Elimination {
    /// `survives[j][i]` says whether action i of decision set j is left; in every set one is.
    pub survives: Vec<Vec<bool>>,
    /// θ of the last batch that was shared.
    pub theta: Vec<f64>,
}

impl DisBeLucb {
    /// For `agents` agents that know the law `contexts` and accept to fail with probability `delta`.
    ///
    /// # Errors
    /// `agents` is zero, or `delta` is not strictly between 0 and 1.
    pub fn new(agents: usize, contexts: Contexts, delta: f64) -> Result<Self> {
        error::at_least_one("agents", agents)?;
        error::open_unit("delta", delta)?;
        Ok(Self { agents, contexts, delta, scale: 1.0, batches: None })
    }

    /// The same with β multiplied by `scale`; the theorem needs 1.
    ///
    /// # Errors
    /// `scale` is not positive and finite.
    pub fn scaled(self, scale: f64) -> Result<Self> {
        error::positive("scale", scale)?;
        Ok(Self { scale, ..self })
    }

    /// The same with this many batches.
    ///
    /// # Errors
    /// `batches` is zero or above 30.
    pub fn in_batches(self, batches: u32) -> Result<Self> {
        if !(1..=30).contains(&batches) {
            let requirement = "from 1 to 30";
            return Err(Error::OutOfRange { name: "batches", value: f64::from(batches), requirement });
        }
        Ok(Self { batches: Some(batches), ..self })
    }

    /// N, the number of agents.
    pub fn agents(&self) -> usize {
        self.agents
    }

    /// The batch lengths of step 1 for `rounds` rounds of each agent. Their sum is `rounds`; there are at most M of
    /// them, and none is empty.
    pub fn lengths(&self, rounds: u64) -> Vec<u64> {
        let (agents, dim, horizon) = (self.agents as f64, self.contexts.dim() as f64, rounds as f64);
        let ratio = agents * horizon / dim;
        let batches = self.batches.unwrap_or_else(|| (ratio.log2().log2().ceil().max(0.0) as u32) + 2);
        let a = horizon.sqrt() * ratio.powf(0.5 / (2f64.powi(batches as i32 - 1) - 1.0));
        let mut lengths = Vec::new();
        let (mut left, mut length) = (rounds, (a * (dim / agents).sqrt()).ceil());
        for m in 1..=batches {
            // T_2 = T_1; the last batch takes what rounding left over, the first all if it is the only one.
            if m > 2 {
                length = (a * length.sqrt()).floor();
            }
            let taken = if m == batches { left } else { (length.max(1.0) as u64).min(left) };
            if taken > 0 {
                lengths.push(taken);
            }
            left -= taken;
        }
        lengths
    }

    /// λ of step 1 for `rounds` rounds of each agent.
    pub fn lambda(&self, rounds: u64) -> f64 {
        5.0 * (4.0 * self.contexts.dim() as f64 * rounds as f64 / self.delta).ln()
    }

    /// β of step 1, times the scale.
    pub fn beta(&self, rounds: u64) -> f64 {
        let count = 2.0 * self.contexts.largest() as f64 * self.agents as f64 * rounds as f64;
        self.scale * (6.0 * (count / self.delta).ln().sqrt() + self.lambda(rounds).sqrt())
    }

    /// Plays batches of the given lengths with every agent.
    ///
    /// # Errors
    /// The rounds do not cover them, or the bandit does not offer the actions of the law.
    pub fn play(
        &self,
        lengths: &[u64],
        pulls: &mut LinearPulls<'_>,
        link: &mut Link,
        rng: &mut dyn Rng,
    ) -> Result<Elimination> {
        let dim = self.contexts.dim();
        error::same_size("contexts", pulls.dim(), dim)?;
        let rounds = lengths.iter().sum();
        let (lambda, beta) = (self.lambda(rounds), self.beta(rounds));
        let sets = self.contexts.sets();
        let mut state = Elimination {
            survives: sets.iter().map(|set| vec![true; set.arms()]).collect(),
            theta: vec![0.0; dim],
        };
        for (m, &length) in lengths.iter().enumerate() {
            // Step 3.
            let groups: Vec<Group> = (sets.iter().zip(self.contexts.masses()).zip(&state.survives))
                .map(|((set, &mass), survives)| {
                    let left = set.iter().zip(survives).filter(|(_, survives)| **survives);
                    Group { mass, points: left.map(|(x, _)| x).collect() }
                })
                .collect();
            let design = d_optimal(&groups, SLACK)?;
            let mut sum = DVector::zeros(dim);
            for _ in 0..self.agents {
                let mut moments = vec![0.0; dim];
                let offered = pulls.offer(length);
                error::same_size("contexts", groups.len(), offered.len())?;
                for (j, (group, count)) in groups.iter().zip(offered).enumerate() {
                    let plays = multinomial(count, &design.weights[j], rng);
                    for (x, n) in group.points.iter().zip(plays).filter(|(_, n)| *n > 0) {
                        let rewards = pulls.sum_of(j, x, n)?;
                        moments.iter_mut().zip(*x).for_each(|(moment, xi)| *moment += xi * rewards);
                    }
                }
                // Step 4: nobody needs what the last batch found.
                if m + 1 < lengths.len() {
                    sum += DVector::from_vec(link.upload(moments));
                }
            }
            if m + 1 == lengths.len() {
                break;
            }
            let information = DMatrix::identity(dim, dim) * lambda
                + &design.information * (self.agents as f64 * length as f64);
            let factor =
                Cholesky::new(information).ok_or(Error::Diverged { name: "information", steps: m })?;
            let theta = factor.solve(&sum);
            state.theta = link.broadcast(theta.as_slice().to_vec(), self.agents);
            // Step 2, for the next batch.
            let theta = DVectorView::from_slice(&state.theta, dim);
            for (set, survives) in sets.iter().zip(&mut state.survives) {
                let bounds: Vec<(f64, f64)> = (set.iter())
                    .map(|x| {
                        let x = DVectorView::from_slice(x, dim);
                        (x.dot(&theta), beta * x.dot(&factor.solve(&x)).max(0.0).sqrt())
                    })
                    .collect();
                let left = bounds.iter().zip(&*survives).filter(|(_, survives)| **survives);
                let largest = left.map(|((mean, width), _)| mean - width).fold(f64::NEG_INFINITY, f64::max);
                for ((mean, width), survives) in bounds.iter().zip(survives) {
                    *survives &= mean + width >= largest;
                }
            }
        }
        Ok(state)
    }

    /// Plays T = ⌊budget/N⌋ rounds with every agent.
    ///
    /// # Errors
    /// NT is less than 2d, or the bandit does not offer the actions of the law.
    pub fn run(
        &self,
        pulls: &mut LinearPulls<'_>,
        link: &mut Link,
        rng: &mut dyn Rng,
    ) -> Result<Elimination> {
        let rounds = pulls.remaining() / self.agents as u64;
        if rounds.saturating_mul(self.agents as u64) < 2 * self.contexts.dim() as u64 {
            let requirement = "at least 2d rounds of all agents together";
            return Err(Error::OutOfRange { name: "budget", value: pulls.remaining() as f64, requirement });
        }
        self.play(&self.lengths(rounds), pulls, link, rng)
    }
}

impl Cooperative for DisBeLucb {
    fn cooperate(&self, pulls: &mut LinearPulls<'_>, link: &mut Link, rng: &mut dyn Rng) -> Result<()> {
        self.run(pulls, link, rng).map(drop)
    }
}
