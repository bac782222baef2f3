//! Exp3-EX: exponential weights on a feedback graph, with exploration through a small dominating set.
//!
//! The exploration set and the constants are our checkable reading of the paper's strategy: problem, rate and name
//! are the paper's, the box below and its theorem are derived here.
//!
//! # Problem
//! There are $N$ actions, the vertices of an undirected graph with all self-loops, and losses
//! $\ell_t(i) \in [0, 1]$ that are fixed before play. Playing $i$ costs $\ell_t(i)$ and reveals the losses of the
//! closed neighbourhood $N(i)$. The textbook answer, a regret of order $\sqrt{\alpha T}$ with the independence
//! number $\alpha$ of the graph, needs $T \ge \alpha^3$. What is right before that?
//!
//! # Idea
//! On a star with a bad centre the leaves do not see each other, so that plain exponential weights must try all
//! $\alpha = N - 1$ of them. But one visit to the centre shows everything. Explore a set $D$ with a fixed share
//! $\gamma$ of the rounds: that costs $|D|^{1/3} T^{2/3}$ for all that $D$ dominates, and what it does not
//! dominate costs $\sqrt{\alpha(G \setminus N(D))\,T}$ as before. The *problem complexity* is the best trade,
//! $$R^*_T = \min_{D \subseteq V} |D|^{1/3} T^{2/3} + \sqrt{\alpha(G \setminus N(D))\,T}.$$
//!
//! # Algorithm
//! 1. $D$ minimises $R_T(D)$: over all subsets for $N \le 14$, beyond that over the prefixes of the greedy dominating
//!    set ([`complexity::Exploration::best`]).
//! 2. With $U = V \setminus N(D)$ and $\alpha_U = \alpha(G_U)$ take $\gamma = (|D| \ln N / 2T)^{1/3}$, at most
//!    $1/2$ (and 0 for an empty $D$), the variance $v = \alpha_U/(1-\gamma) + |D|/\gamma$ and
//!    $\eta = \sqrt{2 \ln N / (T v)}$.
//! 3. Play $i$ with probability $q_t(i) = (1-\gamma) p_t(i) + \gamma\,1_{i \in D}/|D|$, where
//!    $p_t(i) \propto e^{-\eta \hat L_{t-1}(i)}$.
//! 4. Every revealed $i$ gets $\hat L_t(i) = \hat L_{t-1}(i) + \ell_t(i) / P_t(i)$, with
//!    $P_t(i) = \sum_{j \in N(i)} q_t(j)$ the probability that it was revealed.
//!
//! # Theorem
//! $$\mathbb{E}\,\mathrm{Regret} \le \gamma T + \sqrt{2\,T \ln N \left(\frac{\alpha_U}{1-\gamma} +
//! \frac{|D|}{\gamma}\right)},$$
//! of order $R^*_T$ up to logarithms: $\hat L$ is unbiased; $P_t(i) \ge \gamma / |D|$ on $N(D)$; and
//! $\sum_{i \in U} p_t(i) / \sum_{j \in N(i) \cap U} p_t(j) \le \alpha_U$.
//!
//! # Cost
//! A round takes $O(N)$ and the sum of the degrees of what is revealed. Step 1 takes $O(2^N N)$ for $N \le 14$.
//!
//! # Reference
//! Tomáš Kocák, Alexandra Carpentier, *Online Learning with Feedback Graphs: The True Shape of Regret*, ICML 2023,
//! arXiv [2306.02971](https://arxiv.org/abs/2306.02971).

pub mod complexity;

use rand::Rng;

use self::complexity::{Exploration, check_horizon, vertices};
use super::instances::Graph;
use super::primitives::ExponentialWeights;
use super::primitives::exact::Choices;
use super::{Policy, Revealed};
use crate::math::chance::Chance;
use crate::{Error, Result, error};

/// Exponential weights on a feedback graph that explore a set of vertices.
#[derive(Debug, Clone, PartialEq)]
pub struct Exp3Ex {
    graph: Graph,
    /// D, in increasing order without repeats.
    exploration: Vec<usize>,
    /// Equal masses on D.
    uniform: Vec<f64>,
    gamma: f64,
    weights: ExponentialWeights,
    /// For each vertex γ·|N(i) ∩ D|/|D|: how probably exploration reveals it.
    by_exploration: Vec<f64>,
    /// The probabilities with which the losses of this round were revealed.
    revealed: Vec<(usize, f64)>,
}

/// γ and η of step 2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// The share of the rounds that explores, in [0, 1/2].
    pub gamma: f64,
    /// The learning rate.
    pub eta: f64,
}

impl Rates {
    /// For `arms` vertices, `horizon` rounds and an exploration.
    ///
    /// # Errors
    /// `arms` is zero, or `horizon` is less than one or not finite.
    pub fn new(arms: usize, horizon: f64, exploration: &Exploration) -> Result<Self> {
        let log = (error::at_least_one("arms", arms)? as f64).ln();
        check_horizon(horizon)?;
        let (size, left) = (exploration.set.len() as f64, exploration.independence as f64);
        let gamma = (size * log / (2.0 * horizon)).cbrt().min(0.5);
        let explored = if gamma > 0.0 { size / gamma } else { 0.0 };
        let variance = left / (1.0 - gamma) + explored;
        // A single vertex leaves nothing to learn: ln N = 0.
        let eta = if variance > 0.0 { (2.0 * log / (horizon * variance)).sqrt() } else { 0.0 };
        Ok(Self { gamma, eta })
    }
}

impl Exp3Ex {
    /// For this graph and `horizon` ≥ 1 rounds, with the exploration set of least complexity.
    ///
    /// # Errors
    /// `horizon` is less than one or not finite.
    pub fn new(graph: Graph, horizon: f64) -> Result<Self> {
        let exploration = Exploration::best(&graph, horizon)?;
        Self::exploring(graph, horizon, &exploration)
    }

    /// With another exploration set, and the rates for it.
    ///
    /// # Errors
    /// `horizon` is less than one or not finite, or the exploration is of another graph.
    pub fn exploring(graph: Graph, horizon: f64, exploration: &Exploration) -> Result<Self> {
        let rates = Rates::new(graph.arms(), horizon, exploration)?;
        Self::with_rates(graph, &exploration.set, rates)
    }

    /// With these rates, which the theorem does not cover.
    ///
    /// # Errors
    /// γ is outside [0, 1], or positive with nothing to explore; η is negative or not finite; the exploration set
    /// holds something that is no vertex.
    pub fn with_rates(graph: Graph, exploration: &[usize], rates: Rates) -> Result<Self> {
        let gamma = error::probability("gamma", rates.gamma)?;
        let exploration = vertices(&graph, exploration)?;
        if gamma > 0.0 && exploration.is_empty() {
            let requirement = "zero when there is nothing to explore";
            return Err(Error::OutOfRange { name: "gamma", value: gamma, requirement });
        }
        let weights = ExponentialWeights::new(graph.arms(), rates.eta)?;
        let mut by_exploration = vec![0.0; graph.arms()];
        for &arm in &exploration {
            for &other in graph.closed(arm) {
                by_exploration[other] += gamma / exploration.len() as f64;
            }
        }
        let uniform = vec![1.0; exploration.len()];
        Ok(Self { graph, exploration, uniform, gamma, weights, by_exploration, revealed: Vec::new() })
    }

    /// The exploration set D, in increasing order.
    pub fn exploration(&self) -> &[usize] {
        &self.exploration
    }

    /// q(i): the probability with which `arm` is played next.
    pub fn probability(&self, arm: usize) -> f64 {
        let explored =
            self.exploration.binary_search(&arm).map_or(0.0, |_| 1.0 / self.exploration.len() as f64);
        (1.0 - self.gamma) * self.weights.probability(arm) + self.gamma * explored
    }

    /// P(i): the probability with which the loss of `arm` is revealed next.
    pub fn reveal_probability(&self, arm: usize) -> f64 {
        let closed = self.graph.closed(arm);
        if closed.len() == self.graph.arms() {
            return 1.0; // whatever is played, and without adding up
        }
        let by_weight = self.weights.probability_of(closed);
        (1.0 - self.gamma) * by_weight + self.by_exploration[arm]
    }

    /// The estimated cumulative losses.
    pub fn losses(&self) -> &[f64] {
        self.weights.losses()
    }
}

impl Choices for Exp3Ex {
    fn choose_by<C: Chance + ?Sized>(&mut self, (): &(), chance: &mut C) -> Result<usize> {
        // Step 3, as a mixture: a coin decides whether this round explores.
        if self.gamma > 0.0 && chance.coin(self.gamma) {
            return Ok(self.exploration[chance.choose(&self.uniform)]);
        }
        Ok(self.weights.sample(chance))
    }
}

impl Policy for Exp3Ex {
    type Context = ();
    type Feedback = [Revealed];

    fn choose(&mut self, context: &(), rng: &mut dyn Rng) -> Result<usize> {
        self.choose_by(context, rng)
    }

    /// Losses that `arm` does not reveal in the graph are ignored.
    ///
    /// # Errors
    /// A loss outside [0, 1], or an arm that cannot have been played; nothing is learned then.
    fn observe(&mut self, arm: usize, feedback: &[Revealed]) -> Result<()> {
        if arm >= self.graph.arms() {
            return Err(Error::OutOfRange { name: "arm", value: arm as f64, requirement: "a vertex" });
        }
        self.revealed.clear();
        for seen in feedback {
            let loss = error::probability("loss", seen.loss)?;
            if self.graph.closed(arm).binary_search(&seen.arm).is_ok() {
                // Step 4, with the law that was played from: no weight moves before the last is computed.
                let probability = self.reveal_probability(seen.arm);
                if !(probability > 0.0) {
                    let requirement = "an arm that is played with positive probability";
                    return Err(Error::OutOfRange { name: "arm", value: arm as f64, requirement });
                }
                self.revealed.push((seen.arm, loss / probability));
            }
        }
        for &(arm, estimate) in &self.revealed {
            self.weights.add(arm, estimate);
        }
        Ok(())
    }
}
