//! Online Bayesian persuasion: learn what to reveal to receivers of unknown types.
//!
//! **What is ours.** States are binary, so that a posterior is a number and the vertices can be listed; one
//! receiver a round. The estimator of the partial-feedback learner and all constants are our derivation, a
//! semi-bandit reading of the paper's $\tilde O(\sqrt T)$. For type reporting the paper's polytope is used as
//! we remember it, with follow-the-perturbed-leader over it, which asks for linear programs only. Several
//! receivers are left out.
//!
//! # Problem
//! A sender knows more than a receiver who acts: a prosecutor, whose defendant is guilty with probability
//! $\mu$, faces a judge. Every round the sender *commits* to a signalling scheme, then the state is drawn, a
//! signal is sent, and the receiver, who knows $\mu$ and the scheme, best-responds to the posterior
//! $\xi = P(\text{guilty} \mid \text{signal})$; ties go the sender's way. What convinces the receiver depends on
//! its type $k_t$, which an adversary chooses. The sender sees the type afterwards (*full feedback*) or only the
//! action (*partial feedback*), and wants to do nearly as well as the best fixed scheme in hindsight.
//!
//! # Idea
//! A scheme is a distribution over posteriors with mean $\mu$. For every type the value of a posterior is
//! linear wherever nobody's best response changes, so posteriors where one changes suffice, and the schemes to
//! choose from are the finitely many vertices of a polytope. Under partial feedback two schemes that can send
//! the same posterior share what it teaches: the price of exploration is the number $|W|$ of posteriors, and
//! only $\ln|V|$ of the number of schemes.
//!
//! # Algorithm
//! 1. $W$: the posteriors $0$, $1$, $\mu$ and every point where some type is indifferent between two best
//!    actions.
//! 2. $V$: the point $\mu$, and each pair $\xi_L < \mu < \xi_R$ with weights $(\xi_R-\mu)/(\xi_R-\xi_L)$ on
//!    $\xi_L$ and $(\mu-\xi_L)/(\xi_R-\xi_L)$ on $\xi_R$.
//! 3. Full feedback ([`Hedge`]): exponential weights on $V$ with the losses $\sum_\xi w_v(\xi)(1 - u(\xi, k_t))$,
//!    $\eta = \sqrt{8 \ln|V|/T}$.
//! 4. Partial feedback ([`SemiBandit`]): $p \propto e^{-\eta\hat C}$; draw $v \sim p$, send $\xi \sim w_v$, see
//!    the action, and so $u$; with $q(\xi) = \sum_v p_v w_v(\xi)$ add
//!    $\hat c(v) = w_v(\xi)(1 - u)/q(\xi)$ to $\hat C(v)$ for every $v$; $\eta = \sqrt{2\ln|V|/(T|W|)}$.
//! 5. Type reporting ([`best_menu`], [`PerturbedLeader`]): the receiver first reports its type, and gets that
//!    type's direct scheme $\varphi^k(a \mid \theta)$, which recommends actions. Linear constraints make every
//!    recommendation worth obeying and every report truthful; a linear program finds the best menu.
//!
//! # Theorem
//! For utilities in $[0, 1]$ and every sequence of types
//! $$\mathbb{E}\,\mathrm{regret} \le \sqrt{T \ln|V| / 2} \quad\text{(full feedback)}, \qquad
//! \mathbb{E}\,\mathrm{regret} \le \sqrt{2 T |W| \ln|V|} \quad\text{(partial feedback)}.$$
//! The second improves the earlier $\tilde O(T^{4/5})$ to the optimal rate (abstract). *Why:* $\hat c$ is an
//! unbiased estimate of the losses, and as $w_v \le 1$, $\sum_v p_v \hat c(v)^2 \le \sum_v p_v w_v(\xi)/q(\xi)^2 =
//! 1/q(\xi)$, whose expectation over $\xi \sim q$ is at most $|W|$; exponential weights with non-negative losses
//! pay $\ln|V|/\eta + \frac\eta2 T|W|$.
//!
//! # Cost
//! $O(|V|)$ a round for both learners; with $m$ points of indifference $|W| \le m + 3$, $|V| \le (m+2)^2/4 + 1$.
//! A menu costs one linear program of $O(K^2 A)$ variables and $O(K^2A^2)$ rows.
//!
//! # Reference
//! Martino Bernasconi, Matteo Castiglioni, Andrea Celli, Alberto Marchesi, Francesco Trovò, Nicola Gatti,
//! *Optimal Rates and Efficient Algorithms for Online Bayesian Persuasion*, ICML 2023, arXiv
//! [2303.01296](https://arxiv.org/abs/2303.01296).

mod menus;
mod senders;

pub use menus::{Incentives, Menu, MenuSender, PerturbedLeader, best_menu};
pub use senders::{Feedback, Hedge, SemiBandit, Sender, play};

use rand::{Rng, RngExt};

use crate::error::{Error, Result, at_least_one, finite, open_unit, probability, same_size};

/// Utilities closer than this are ties: at a point of indifference rounding must not decide.
const TIE: f64 = 1e-9;

/// What an action is worth in the states 0 and 1.
pub type Payoff = [f64; 2];

/// The expected payoff at posterior ξ = P(state 1).
fn at(payoff: Payoff, posterior: f64) -> f64 {
    (1.0 - posterior) * payoff[0] + posterior * payoff[1]
}

/// A receiver's type: the payoff of each action.
#[derive(Debug, Clone, PartialEq)]
pub struct Receiver {
    payoffs: Vec<Payoff>,
}

impl Receiver {
    /// The type with these payoffs, one an action.
    ///
    /// # Errors
    /// No action, or a payoff outside [−1, 1] (ties are judged at that scale).
    pub fn new(payoffs: Vec<Payoff>) -> Result<Self> {
        at_least_one("actions", payoffs.len())?;
        for &value in payoffs.iter().flatten() {
            if !(value.abs() <= 1.0) {
                return Err(Error::OutOfRange { name: "payoffs", value, requirement: "in [-1, 1]" });
            }
        }
        Ok(Self { payoffs })
    }

    /// The judge who convicts (action 1) if and only if the posterior of guilt is at least `tau`.
    ///
    /// # Errors
    /// `tau` outside [0, 1].
    pub fn threshold(tau: f64) -> Result<Self> {
        let tau = probability("tau", tau)?;
        Self::new(vec![[0.0, 0.0], [-tau, 1.0 - tau]])
    }

    /// The value of the best action at a posterior.
    pub fn best_value(&self, posterior: f64) -> f64 {
        self.payoffs.iter().map(|&payoff| at(payoff, posterior)).fold(f64::NEG_INFINITY, f64::max)
    }

    /// The posteriors in (0, 1) where two different actions are both best.
    fn indifferences(&self) -> impl Iterator<Item = f64> {
        let crossing = |(i, j): (usize, usize)| {
            let [low, high] = [0, 1].map(|state| self.payoffs[i][state] - self.payoffs[j][state]);
            let posterior = low / (low - high);
            let inside = posterior > 0.0 && posterior < 1.0;
            (inside && self.best_value(posterior) - at(self.payoffs[i], posterior) <= TIE)
                .then_some(posterior)
        };
        let actions = self.payoffs.len();
        (0..actions).flat_map(move |i| (0..i).map(move |j| (i, j))).filter_map(crossing)
    }
}

/// A vertex of the Bayes-plausible schemes: at most two posteriors, whose mean is the prior.
#[derive(Debug, Clone, PartialEq)]
pub struct Scheme {
    /// Indices into the posteriors, ascending, with positive weights.
    support: Vec<(usize, f64)>,
}

impl Scheme {
    /// The posteriors that it may send, as indices into [`Persuasion::posteriors`], with their probabilities.
    pub fn support(&self) -> &[(usize, f64)] {
        &self.support
    }

    /// The probability with which it sends a posterior.
    pub fn weight(&self, posterior: usize) -> f64 {
        self.support.iter().find(|&&(index, _)| index == posterior).map_or(0.0, |&(_, weight)| weight)
    }
}

/// The game of one sender against receivers of finitely many types.
#[derive(Debug, Clone, PartialEq)]
pub struct Persuasion {
    prior: f64,
    /// The sender's payoff of each of the receiver's actions, in [0, 1].
    sender: Vec<Payoff>,
    receivers: Vec<Receiver>,
    /// W, ascending.
    posteriors: Vec<f64>,
    /// V.
    schemes: Vec<Scheme>,
    /// The best response of type k at posterior ξ, at ξ·K + k, and the sender's utility there.
    responses: Vec<(usize, f64)>,
    /// Σ_ξ w(ξ)·u(ξ, k) of scheme v and type k, at v·K + k.
    utilities: Vec<f64>,
}

impl Persuasion {
    /// The game with prior μ = P(state 1), the sender's payoff of each action, and the receivers' types.
    ///
    /// # Errors
    /// A prior outside (0, 1), a sender's payoff outside [0, 1], no type, a type with another number of actions.
    pub fn new(prior: f64, sender: Vec<Payoff>, receivers: Vec<Receiver>) -> Result<Self> {
        open_unit("prior", prior)?;
        at_least_one("actions", sender.len())?;
        sender.iter().flatten().try_for_each(|&value| probability("sender", value).map(drop))?;
        if receivers.is_empty() {
            return Err(Error::Empty { name: "receivers" });
        }
        receivers.iter().try_for_each(|r| same_size("receivers", sender.len(), r.payoffs.len()))?;

        // Step 1: W.
        let mut posteriors = vec![0.0, 1.0, prior];
        posteriors.extend(receivers.iter().flat_map(Receiver::indifferences));
        posteriors.sort_by(f64::total_cmp);
        posteriors.dedup_by(|a, b| *a - *b <= 1e-12);
        let schemes = vertices(prior, &posteriors);
        let mut game = Self {
            prior,
            sender,
            receivers,
            posteriors,
            schemes,
            responses: Vec::new(),
            utilities: Vec::new(),
        };
        let types = game.receivers.len();
        game.responses = (0..game.posteriors.len() * types)
            .map(|i| game.best_response(game.posteriors[i / types], i % types))
            .collect();
        game.tabulate();
        Ok(game)
    }

    /// Fills in the utilities of the schemes.
    fn tabulate(&mut self) {
        let types = self.types();
        let utility = |scheme: &Scheme, receiver: usize| -> f64 {
            scheme.support.iter().map(|&(xi, weight)| weight * self.response(xi, receiver).1).sum()
        };
        self.utilities = self.schemes.iter().flat_map(|v| (0..types).map(move |k| utility(v, k))).collect();
    }

    /// The courtroom: the sender gets 1 for every conviction, and type k convicts from posterior `thresholds[k]`.
    ///
    /// # Errors
    /// A prior outside (0, 1), no threshold, a threshold outside [0, 1].
    pub fn courtroom(prior: f64, thresholds: &[f64]) -> Result<Self> {
        let receivers = thresholds.iter().map(|&tau| Receiver::threshold(tau)).collect::<Result<_>>()?;
        Self::new(prior, vec![[0.0, 0.0], [1.0, 1.0]], receivers)
    }

    /// The same game with a part of the schemes only.
    ///
    /// # Errors
    /// `keep` keeps none.
    pub fn restricted(mut self, keep: impl Fn(&[f64]) -> bool) -> Result<Self> {
        let posteriors = &self.posteriors;
        self.schemes.retain(|scheme| {
            let sent: Vec<f64> = scheme.support.iter().map(|&(index, _)| posteriors[index]).collect();
            keep(&sent)
        });
        if self.schemes.is_empty() {
            return Err(Error::Empty { name: "schemes" });
        }
        self.tabulate();
        Ok(self)
    }

    /// μ.
    pub fn prior(&self) -> f64 {
        self.prior
    }

    /// The number K of types.
    pub fn types(&self) -> usize {
        self.receivers.len()
    }

    /// The number A of actions.
    pub fn actions(&self) -> usize {
        self.sender.len()
    }

    /// A type.
    pub fn receiver(&self, index: usize) -> &Receiver {
        &self.receivers[index]
    }

    /// W, ascending.
    pub fn posteriors(&self) -> &[f64] {
        &self.posteriors
    }

    /// V.
    pub fn schemes(&self) -> &[Scheme] {
        &self.schemes
    }

    /// What type `receiver` does at any posterior, ties in the sender's favour, and what that is worth to the
    /// sender.
    pub fn best_response(&self, posterior: f64, receiver: usize) -> (usize, f64) {
        let receiver = &self.receivers[receiver];
        let best = receiver.best_value(posterior);
        let tied = (0..self.actions()).filter(|&a| best - at(receiver.payoffs[a], posterior) <= TIE);
        let valued = tied.map(|action| (action, at(self.sender[action], posterior)));
        valued.reduce(|best, next| if next.1 > best.1 { next } else { best }).unwrap_or((0, 0.0))
    }

    /// What type `receiver` does at the posterior of that index, and what that is worth to the sender.
    pub fn response(&self, posterior: usize, receiver: usize) -> (usize, f64) {
        self.responses[posterior * self.types() + receiver]
    }

    /// What an action is worth to the sender at the posterior of that index.
    pub fn payoff(&self, posterior: usize, action: usize) -> f64 {
        at(self.sender[action], self.posteriors[posterior])
    }

    /// What a scheme is worth to the sender against a type: Σ_ξ w(ξ)·u(ξ, k).
    pub fn utility(&self, scheme: usize, receiver: usize) -> f64 {
        self.utilities[scheme * self.types() + receiver]
    }

    /// The best fixed scheme against types that come with these frequencies or counts, and its total utility.
    ///
    /// # Errors
    /// Another number of frequencies than types, or one that is not finite.
    pub fn best_fixed(&self, frequencies: &[f64]) -> Result<(usize, f64)> {
        same_size("frequencies", self.types(), frequencies.len())?;
        frequencies.iter().try_for_each(|&f| finite("frequencies", f).map(drop))?;
        let total = |scheme: usize| -> f64 {
            frequencies.iter().enumerate().map(|(k, f)| f * self.utility(scheme, k)).sum()
        };
        let all = (0..self.schemes.len()).map(|scheme| (scheme, total(scheme)));
        Ok(all.reduce(|best, next| if next.1 > best.1 { next } else { best }).unwrap_or((0, 0.0)))
    }

    /// Draws the signal of a scheme in a state, and returns the index of the posterior it induces: Bayes' rule
    /// makes P(ξ | state 1) = w(ξ)·ξ/μ and P(ξ | state 0) = w(ξ)·(1 − ξ)/(1 − μ).
    pub fn send(&self, scheme: usize, guilty: bool, rng: &mut dyn Rng) -> usize {
        let support = &self.schemes[scheme].support;
        let likelihood = |&(index, weight): &(usize, f64)| {
            let xi = self.posteriors[index];
            if guilty { weight * xi / self.prior } else { weight * (1.0 - xi) / (1.0 - self.prior) }
        };
        // The low posterior first; whatever it leaves belongs to the high one.
        let low = &support[0];
        if rng.random::<f64>() < likelihood(low) { low.0 } else { support[support.len() - 1].0 }
    }
}

/// Step 2: V, the vertices of {w ≥ 0 on the posteriors : Σ w(ξ)·ξ = μ, Σ w(ξ) = 1}.
fn vertices(prior: f64, posteriors: &[f64]) -> Vec<Scheme> {
    // The posteriors are apart by more than 1e-12, and one of them is the prior up to that.
    let middle = posteriors.partition_point(|&xi| xi < prior - 1e-12);
    let pair = |low: usize, high: usize| {
        let width = posteriors[high] - posteriors[low];
        let weights = [(posteriors[high] - prior) / width, (prior - posteriors[low]) / width];
        Scheme { support: vec![(low, weights[0]), (high, weights[1])] }
    };
    let pairs = (0..middle).flat_map(|low| (middle + 1..posteriors.len()).map(move |high| (low, high)));
    let split = pairs.map(|(low, high)| pair(low, high));
    [Scheme { support: vec![(middle, 1.0)] }].into_iter().chain(split).collect()
}
