//! Search a sparse linear model for a nearly best action although its rewards are misspecified.
//!
//! From memory: in which order the paper queries and eliminates. The version here has the guarantee of the
//! abstract, with constants derived here. The abstract was checked, the algorithm box was not.
//!
//! # Problem
//! Finitely many actions have known features $\phi(a) \in \mathbb{R}^d$, $\|\phi(a)\| \le 1$, and rewards
//! $r(a) = \langle \phi(a), \theta \rangle + \nu(a)$ that are linear only up to $|\nu(a)| \le \varepsilon$. A
//! query returns $r(a)$, exactly or with noise. Find an action that is $O(\varepsilon)$-optimal. In general
//! that takes $e^{\Omega(d)}$ queries; polynomially many buy $O(\varepsilon\sqrt d)$, by least squares on an
//! optimal design. What if $\theta$ has only $s$ nonzero coordinates?
//!
//! # Idea
//! There are few sparse vectors: a net of $O((d/\varepsilon)^s)$ of them comes within $\varepsilon$ of $\theta$.
//! Each vector of the net proposes the action it likes best, and reality decides among the proposals. No
//! regression, hence no error that adds up over coordinates.
//!
//! # Algorithm ([`SparseSearch`])
//! 1. The net ([`Net`]): for every set of $s$ coordinates the grid of side $2\varepsilon/\sqrt s$ around 0 in
//!    $[-1, 1]^s$, less the points of norm above $1 + \varepsilon$. It has at most
//!    $\binom d s (\sqrt s/\varepsilon + 2)^s$ points, visited one by one, never stored.
//! 2. *Eliminate* $\tilde\theta$ if it contradicts an answer:
//!    $|\langle \phi(a), \tilde\theta \rangle - \hat r(a)| > 2\varepsilon$ for an action $a$ asked before
//!    ($3\varepsilon$ with noise).
//! 3. Otherwise ask about $\arg\max_a \langle \phi(a), \tilde\theta \rangle$, unless that was asked before: once without
//!    noise, $m = \lceil 2\sigma^2 \ln(2|N|/\delta)/\varepsilon^2 \rceil$ times with it.
//! 4. Return the action with the best answer.
//!
//! # Theorem
//! The action returned is within $4\varepsilon$ of the best after at most $|N| = O(\varepsilon^{-s} d^s)$
//! queries; with noise within $6\varepsilon$ with probability $1 - \delta$, after $m|N|$. *Proof*: the nearest
//! point $\tilde\theta$ of the net is within $\varepsilon$ of $\theta$, so it predicts every reward within
//! $2\varepsilon$ and is never eliminated; its action $a$ has
//! $r(a) \ge \langle \phi(a), \tilde\theta \rangle - 2\varepsilon \ge \langle \phi(a^*), \tilde\theta \rangle - 2\varepsilon \ge r(a^*) - 4\varepsilon$.
//! Some exponential price is due: $e^{\Omega(s)}$ queries, by nearly orthogonal codewords that hide one good
//! action below the misspecification.
//!
//! # Cost
//! $O(|N| \cdot A s)$ time for $A$ actions, $O(A d)$ memory.
//!
//! # Reference
//! Jialin Dong, Lin F. Yang, *Does Sparsity Help in Learning Misspecified Linear Bandits?*, ICML 2023, arXiv
//! [2303.16998](https://arxiv.org/abs/2303.16998).

mod least_squares;
mod net;

use rand::Rng;

pub use least_squares::DesignLeastSquares;
pub use net::{Net, net_size};

use super::{Actions, FixedBudget, Pulls};
use crate::error::{self, Error, Result};
use crate::math::vector::norm;

/// The search over a net of sparse parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseSearch {
    actions: Actions,
    net: Net,
    epsilon: f64,
    /// How often an action is asked about, m.
    repeats: u64,
    /// How far an answer may be from the prediction of a parameter that stays: 2ε or 3ε.
    tolerance: f64,
}

impl SparseSearch {
    /// For a parameter with at most `sparsity` nonzero coordinates, of norm at most 1, rewards that are linear up to
    /// `epsilon`, and answers without noise.
    ///
    /// # Errors
    /// A feature vector is longer than 1, `sparsity` is not in 1..=dim, `epsilon` not in (0, 1], or the net would
    /// have more than [`Net::LARGEST`] points.
    pub fn new(actions: Actions, sparsity: usize, epsilon: f64) -> Result<Self> {
        let net = Net::new(actions.dim(), sparsity, epsilon)?;
        Self::with_net(actions, net, epsilon)
    }

    /// The same on any net; the guarantee needs one that covers the sparse unit ball within `epsilon`.
    ///
    /// # Errors
    /// The net has another dimension than the actions, a feature vector is longer than 1, or `epsilon` is not in
    /// (0, 1].
    pub fn with_net(actions: Actions, net: Net, epsilon: f64) -> Result<Self> {
        error::same_size("net", actions.dim(), net.dim())?;
        net::unit_epsilon(epsilon)?;
        if let Some(x) = actions.iter().find(|x| !(norm(x) <= 1.0 + 1e-9)) {
            let requirement = "of norm at most 1";
            return Err(Error::OutOfRange { name: "actions", value: norm(x), requirement });
        }
        Ok(Self { actions, net, epsilon, repeats: 1, tolerance: 2.0 * epsilon })
    }

    /// For answers with sub-Gaussian noise of standard deviation `deviation`, to be right with probability
    /// 1 − `delta`.
    ///
    /// # Errors
    /// `deviation` is negative or not finite, or `delta` outside (0, 1).
    pub fn noisy(mut self, deviation: f64, delta: f64) -> Result<Self> {
        let variance = error::non_negative("deviation", deviation)?.powi(2);
        let log = (2.0 * self.net.size_bound() / error::open_unit("delta", delta)?).ln();
        // The conversion saturates: a hopeless number of repeats is then refused by the budget.
        self.repeats = ((2.0 * variance * log / self.epsilon.powi(2)).ceil() as u64).max(1);
        self.tolerance = 3.0 * self.epsilon;
        Ok(self)
    }

    /// m, how often an action is asked about.
    pub fn repeats(&self) -> u64 {
        self.repeats
    }

    /// The net that is searched.
    pub fn net(&self) -> &Net {
        &self.net
    }
}

/// ⟨φ(a), θ̃⟩ for a sparse θ̃.
fn predict(features: &[f64], support: &[usize], values: &[f64]) -> f64 {
    support.iter().zip(values).map(|(&i, value)| features[i] * value).sum()
}

impl FixedBudget for SparseSearch {
    /// # Errors
    /// The bandit has another number of arms than there are actions, or the budget does not cover the queries: a
    /// search that is cut short has no guarantee.
    fn recommend(&self, pulls: &mut Pulls<'_>, _: &mut dyn Rng) -> Result<usize> {
        error::same_size("arms", self.actions.arms(), pulls.arms())?;
        let mut asked = vec![false; self.actions.arms()];
        let mut answers: Vec<(usize, f64)> = Vec::new();
        self.net.visit(|support, values| {
            let contradicts = |&(arm, answer): &(usize, f64)| {
                let prediction = predict(self.actions.get(arm), support, values);
                (prediction - answer).abs() > self.tolerance * (1.0 + 1e-12)
            };
            if answers.iter().any(contradicts) {
                return Ok(()); // step 2
            }
            // Step 3; of several favourites the first.
            let mut best = (f64::NEG_INFINITY, 0);
            for (arm, features) in self.actions.iter().enumerate() {
                let prediction = predict(features, support, values);
                if prediction > best.0 {
                    best = (prediction, arm);
                }
            }
            if !asked[best.1] {
                asked[best.1] = true;
                answers.push((best.1, pulls.mean_of(best.1, self.repeats)?));
            }
            Ok(())
        })?;
        // Step 4. The net is never empty, and its first point asks.
        let best = answers.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        best.map(|&(arm, _)| arm).ok_or(Error::Empty { name: "net" })
    }
}
