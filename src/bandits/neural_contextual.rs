//! NeuralGCB: a contextual bandit that explores with the tangent kernel of a wide network and predicts with the network.
//!
//! Our reading, from memory of the paper: the algorithm box below. The network's output is normalised so that its
//! gradient's inner product is the tangent kernel itself; the regulariser then carries no factor $m$. Actions come
//! from a finite pool known in advance, which makes a round cheap and changes nothing else.
//!
//! # Problem
//! Each round offers some actions, unit vectors $x$; the reward of an action is $h(x)$ plus noise. Nothing is
//! linear, but $h$ is smooth: it lies in the reproducing kernel Hilbert space of a wide network's tangent kernel.
//!
//! # Idea
//! The two-layer network $f(x; W) = \sqrt{c_s/m} \sum_{j \le m} a_j \sigma_s(\langle w_j, x \rangle)$ with
//! $\sigma_s(u) = \max(0, u)^s$ hardly leaves its tangent at $W_0$ when it is wide: over a distance $R$ the error is
//! $O(R^2/\sqrt{m})$. So its gradient at $W_0$ says how uncertain a prediction is, as in kernel regression. The
//! smoother the activation, the smoother the kernel: its Fourier coefficients on the circle decay like $n^{-2s}$.
//! Confidence bounds need data that were not chosen by looking at their rewards, so rounds are sorted into groups by
//! how uncertain they were.
//!
//! # Algorithm
//! Groups $r = 1, \dots, \lceil \log_2 T \rceil$ have data sets $\Psi_r$; $\hat\sigma_r$ is the posterior deviation of
//! kernel regression on $\Psi_r$ with the kernel $\langle \nabla f(x; W_0), \nabla f(x'; W_0) \rangle$ and
//! regulariser $\lambda$; $\hat\mu_r$ is the prediction. Each round starts with $r = 1$ and all offered actions, and
//! repeats:
//! 1. If some $\hat\sigma_r(x) > 2^{-r} \sigma_0$, play the largest $\hat\sigma_r$ and add the round to $\Psi_r$.
//! 2. Else, if all $\hat\sigma_r(x) \le \eta/\sqrt{T}$, play the largest $\hat\mu_r + \beta \hat\sigma_r$ and add the
//!    round to no group.
//! 3. Else keep the actions with $\hat\mu_r + \beta \hat\sigma_r \ge \max (\hat\mu_r - \beta \hat\sigma_r)$ and go to
//!    group $r + 1$.
//!
//! The prediction $\hat\mu_r$ is that of the network, trained from $W_0$ by gradient descent on
//! $\frac12 \sum_{\Psi_r} (f(x; W) - f(x; W_0) - y)^2 + \frac{\lambda}{2} \|W - W_0\|^2$ whenever $\Psi_r$ has
//! doubled ([`Predictor::Trained`]); or it is that of the tangent, which is kernel regression
//! ([`Predictor::Kernel`]).
//!
//! # Theorem
//! (i) The error of the tangent is $O(R^2/\sqrt{m})$ for $s \ge 2$ (abstract). (ii) The regret is sublinear, about
//! $T^{(2d+2s-3)/(2(d+2s-2))}$ up to logarithms: the information gain of the kernel $k_s$ in dimension $d$ is
//! $T^{(d-1)/(d+2s-2)}$.
//!
//! # Cost
//! For a pool of $n$ actions of which $K$ are offered: $O(n^2 m)$ once, then $O(K \log T)$ a round and $O(n^2)$ more
//! when it is added to a group. Training adds $O(J |\Psi_r| m d)$ for $J$ steps at each doubling.
//!
//! # Reference
//! Sudeep Salgia, Sattar Vakili, Qing Zhao, *Provably and Practically Efficient Neural Contextual Bandits*,
//! ICML 2023, arXiv [2206.00099](https://arxiv.org/abs/2206.00099).

mod network;

use nalgebra::{DMatrix, DVector};
use rand::Rng;

pub use network::{Network, tangent_kernel};

use super::Policy;
use super::primitives::argmax;
use crate::{Error, Result, error};

/// How a group predicts rewards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predictor {
    /// By kernel regression with the tangent kernel, updated after every round.
    Kernel,
    /// By the network after this many steps of gradient descent, retrained when the group has doubled.
    Trained {
        /// The number of steps J ≥ 1.
        steps: usize,
    },
}

/// The parameters of [`NeuralGcb`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// T ≥ 1, the number of rounds.
    pub horizon: u64,
    /// λ > 0, the regulariser: the variance of the noise.
    pub lambda: f64,
    /// β ≥ 0, the width of confidence intervals in posterior deviations.
    pub beta: f64,
    /// σ₀ > 0, the threshold of group r is 2^{−r}σ₀.
    pub sigma0: f64,
    /// η > 0, deviations up to η/√T are small enough; at least σ₀/√T.
    pub eta: f64,
}

/// The network-guided policy with groups; its contexts are the numbers of the offered actions of the pool.
#[derive(Debug, Clone, PartialEq)]
pub struct NeuralGcb {
    network: Network,
    pool: Vec<Vec<f64>>,
    tuning: Tuning,
    predictor: Predictor,
    groups: Vec<Group>,
    /// Positions of the actions that are left in this round.
    left: Vec<usize>,
    /// The group that gets this round, and the action played.
    learns: Option<(usize, usize)>,
}

/// What is known from the rounds of one group.
#[derive(Debug, Clone, PartialEq)]
struct Group {
    /// The posterior covariance of the pool's rewards.
    covariance: DMatrix<f64>,
    /// The prediction for each action of the pool.
    mean: DVector<f64>,
    /// Actions and rewards.
    data: Vec<(usize, f64)>,
}

impl Group {
    fn deviation(&self, action: usize) -> f64 {
        self.covariance[(action, action)].max(0.0).sqrt()
    }

    /// Conditions the kernel regression on a reward.
    fn add(&mut self, action: usize, reward: f64, lambda: f64, predictor: Predictor) {
        let row = self.covariance.column(action).clone_owned();
        let total = lambda + row[action];
        if predictor == Predictor::Kernel {
            self.mean.axpy((reward - self.mean[action]) / total, &row, 1.0);
        }
        self.covariance.ger(-1.0 / total, &row, &row, 1.0);
        self.data.push((action, reward));
    }
}

impl NeuralGcb {
    /// For this pool of unit vectors.
    ///
    /// # Errors
    /// The pool is empty or not made of unit vectors of the network's dimension, or a parameter is outside its range.
    pub fn new(network: Network, pool: Vec<Vec<f64>>, tuning: Tuning, predictor: Predictor) -> Result<Self> {
        let Tuning { horizon, lambda, beta, sigma0, eta } = tuning;
        if horizon == 0 {
            return Err(Error::OutOfRange { name: "horizon", value: 0.0, requirement: "at least 1" });
        }
        error::positive("lambda", lambda)?;
        error::non_negative("beta", beta)?;
        error::positive("sigma0", sigma0)?;
        error::positive("eta", eta)?;
        // The last group must end every round: 2^{−R}σ₀ ≤ σ₀/T ≤ η/√T.
        if !(eta >= sigma0 / (horizon as f64).sqrt()) {
            return Err(Error::OutOfRange { name: "eta", value: eta, requirement: "at least sigma0/√T" });
        }
        if let Predictor::Trained { steps } = predictor {
            error::at_least_one("steps", steps)?;
        }
        let covariance = network.gram(&pool)?;
        let group = Group { covariance, mean: DVector::zeros(pool.len()), data: Vec::new() };
        let count = (horizon as f64).log2().ceil().max(1.0) as usize;
        let left = Vec::with_capacity(pool.len());
        Ok(Self { network, pool, tuning, predictor, groups: vec![group; count], left, learns: None })
    }

    /// How many rounds each group has.
    pub fn rounds_by_group(&self) -> impl Iterator<Item = usize> {
        self.groups.iter().map(|group| group.data.len())
    }

    /// The prediction and its deviation in group r (from 1) for an action of the pool.
    ///
    /// # Errors
    /// There is no such group or action.
    pub fn posterior(&self, group: usize, action: usize) -> Result<(f64, f64)> {
        if !(1..=self.groups.len()).contains(&group) {
            let requirement = "an existing group, from 1";
            return Err(Error::OutOfRange { name: "group", value: group as f64, requirement });
        }
        self.check(&[action])?;
        let group = &self.groups[group - 1];
        Ok((group.mean[action], group.deviation(action)))
    }

    fn check(&self, actions: &[usize]) -> Result<()> {
        match actions.iter().find(|&&action| action >= self.pool.len()) {
            Some(&action) => {
                let requirement = "an action of the pool";
                Err(Error::OutOfRange { name: "actions", value: action as f64, requirement })
            }
            None => Ok(()),
        }
    }

    /// Trains the network on a group's data and predicts for the whole pool.
    fn train(&self, data: &[(usize, f64)], steps: usize) -> Result<DVector<f64>> {
        let start = self.network.weights();
        let rise = |weights: &[f64], x: &[f64]| -> Result<f64> {
            Ok(self.network.value(weights, x)? - self.network.value(start, x)?)
        };
        // One over a bound on the curvature of the linearised loss, λ + Σ‖∇f‖².
        let mut curvature = self.tuning.lambda;
        for &(action, _) in data {
            curvature += self.network.tangent(&self.pool[action], &self.pool[action])?;
        }
        let mut weights = start.to_vec();
        let mut gradient = vec![0.0; weights.len()];
        for step in 0..steps {
            for ((entry, w), w0) in gradient.iter_mut().zip(&weights).zip(start) {
                *entry = self.tuning.lambda * (w - w0);
            }
            for &(action, reward) in data {
                let x = &self.pool[action];
                let error = rise(&weights, x)? - reward;
                self.network.add_gradient(&weights, x, error, &mut gradient)?;
            }
            weights.iter_mut().zip(&gradient).for_each(|(w, entry)| *w -= entry / curvature);
            if !weights.iter().all(|w| w.is_finite()) {
                return Err(Error::Diverged { name: "weights", steps: step });
            }
        }
        let predictions = self.pool.iter().map(|x| rise(&weights, x)).collect::<Result<Vec<_>>>()?;
        Ok(DVector::from_vec(predictions))
    }
}

impl Policy for NeuralGcb {
    type Context = [usize];
    type Feedback = f64;

    /// # Errors
    /// No action is offered, or one that is not in the pool.
    fn choose(&mut self, actions: &[usize], rng: &mut dyn Rng) -> Result<usize> {
        self.check(actions)?;
        let Tuning { horizon, beta, sigma0, eta, .. } = self.tuning;
        let enough = eta / (horizon as f64).sqrt();
        self.left.clear();
        self.left.extend(0..actions.len());
        for (index, group) in self.groups.iter().enumerate() {
            let deviation = |&i: &usize| group.deviation(actions[i]);
            let upper = |&i: &usize| group.mean[actions[i]] + beta * deviation(&i);
            let lower = |&i: &usize| group.mean[actions[i]] - beta * deviation(&i);
            let widest = self.left.iter().map(deviation).fold(0.0, f64::max);
            let last = index + 1 == self.groups.len();
            let explores = widest > 0.5f64.powi(index as i32 + 1) * sigma0;
            if explores || widest <= enough || last {
                // Steps 1 and 2.
                let choice = match explores {
                    true => argmax(self.left.iter().map(deviation), rng),
                    false => argmax(self.left.iter().map(upper), rng),
                };
                let arm = self.left[choice.ok_or(Error::Empty { name: "actions" })?];
                self.learns = explores.then_some((index, actions[arm]));
                return Ok(arm);
            }
            // Step 3.
            let floor = self.left.iter().map(lower).fold(f64::NEG_INFINITY, f64::max);
            self.left.retain(|i| upper(i) >= floor);
        }
        Err(Error::Empty { name: "actions" })
    }

    fn observe(&mut self, _: usize, reward: &f64) -> Result<()> {
        let reward = error::finite("reward", *reward)?;
        let Some((index, action)) = self.learns.take() else { return Ok(()) };
        let (lambda, predictor) = (self.tuning.lambda, self.predictor);
        self.groups[index].add(action, reward, lambda, predictor);
        if let Predictor::Trained { steps } = predictor
            && self.groups[index].data.len().is_power_of_two()
        {
            self.groups[index].mean = self.train(&self.groups[index].data, steps)?;
        }
        Ok(())
    }
}
