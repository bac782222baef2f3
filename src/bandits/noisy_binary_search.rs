//! Sharp noisy binary search with monotonic probabilities.
//!
//! Simplified: the candidate list of stage 1 and the 3-way split of the budget are the ones of the
//! authors' experiments, not the asymptotic ones of their proof; `epsilon` is not shrunk between
//! the stages. The constants of the high-probability bound are ours, its order is the paper's.
//!
//! # Problem
//! $n$ coins stand in a row with unknown probabilities of heads $p_1 \le \dots \le p_n$. Flipping
//! is the only way to learn about them. Where does the row cross the target $\tau$? Any interval
//! $i$ will do whose range $[p_i, p_{i+1}]$ meets $(\tau-\varepsilon, \tau+\varepsilon)$.
//! In the *fixed-noise* special case $p = \tau-\varepsilon$ up to one coin and $\tau+\varepsilon$
//! after it, and a flip is one use of a binary channel: ordinary binary search with lies.
//!
//! # Idea
//! Act as if the noise were fixed. Keep a posterior over the $n-1$ intervals and flip the coin that
//! splits it at the quantile $q$ at which the channel carries most information. If the guess about
//! the noise is right, each flip gains the capacity $C_{\tau,\varepsilon}$ in expectation, whichever
//! side the truth is on. If it is wrong, coins near the target may be impossible to tell apart and
//! no single interval may ever win; but then most of the intervals that were *visited* are good
//! answers, so the visits are screened instead of the posterior.
//!
//! # Algorithm
//! With the binary entropy $H$,
//! $$ z = 2^{(H(\tau-\varepsilon)-H(\tau+\varepsilon))/(2\varepsilon)}, \qquad
//!    q = \frac{1-\tau+\varepsilon-1/(1+z)}{2\varepsilon}, $$
//! $$ C_{\tau,\varepsilon} = \log_2(1+z)
//!      + \frac{(\tau-\varepsilon)H(\tau+\varepsilon)-(\tau+\varepsilon)H(\tau-\varepsilon)}{2\varepsilon}. $$
//!
//! *BayesLearn* ([`BayesLearn`]), uniform prior on the intervals $1..n-1$; each step
//! 1. takes the interval $x$ that holds the $q$-quantile, a fraction $\lambda$ of its mass below it;
//! 2. flips coin $x$ if $\lambda \le q$, else coin $x+1$, and records $x$;
//! 3. multiplies the mass below the quantile by $\frac{\tau+\varepsilon}{\tau+(2q-1)\varepsilon}$
//!    after heads or $\frac{1-\tau-\varepsilon}{1-\tau-(2q-1)\varepsilon}$ after tails, the mass
//!    above it by the same with $-\varepsilon$ in the numerator, and interval $x$ itself by the
//!    mixture of both with weights $\lambda, 1-\lambda$: the total stays one.
//!
//! *BayesianScreeningSearch* ([`ScreeningSearch`]) spends a budget in three stages: screen the
//! records of BayesLearn down to about $\ln^2 n$ candidates, run BayesLearn again on those, and
//! settle the last doubt by direct tests; see [`screening`].
//!
//! # Theorem
//! With probability $1-\delta$ the answer is right after
//! $$ \frac{1}{C_{\tau,\varepsilon}} \Bigl(\log_2 n
//!      + O\bigl(\log^{2/3} n \, \log^{1/3} \tfrac1\delta + \log \tfrac1\delta\bigr)\Bigr) $$
//! flips, and no method does with a leading constant below $1/C_{\tau,\varepsilon}$.
//!
//! # Complexity
//! $O(\log n)$ time per flip and memory for at most $O(\log n)$ new nodes, so $n = 2^{60}$ is fine;
//! see [`posterior`].
//!
//! # Reference
//! Lucas Gretta and Eric Price, *Sharp Noisy Binary Search with Monotonic Probabilities*, 2023,
//! [arXiv:2311.00840](https://arxiv.org/abs/2311.00840). The steps were compared with the authors'
//! program; the statement of the theorem is the abstract's.

pub mod coins;
pub mod posterior;
pub mod screening;

use crate::error::{Error, Result, open_unit, probability};
use crate::math::entropy::binary_entropy;
pub use coins::{Bisection, Instance, Profile, Table};
use posterior::Posterior;
pub use screening::ScreeningSearch;

/// A row of coins, numbered 1 to `count`, whose probability of heads never decreases.
///
/// An answer `i` in `1..count` names the interval between the coins `i` and `i + 1`.
pub trait Coins {
    /// How many coins there are.
    fn count(&self) -> u64;
    /// Flips coin `coin`, in `1..=count`; true is heads.
    fn flip(&mut self, coin: u64) -> bool;
}

/// A search that stops by itself once it trusts one interval.
pub trait Sequential {
    /// Flips until one interval is trusted.
    ///
    /// # Errors
    /// Fewer than two coins, or no interval trusted after `cap` flips.
    fn locate(&self, coins: &mut dyn Coins, cap: u64) -> Result<Located>;
}

/// A search with a budget of flips.
pub trait Budgeted {
    /// The interval found with at most `budget` flips, in `1..count`.
    ///
    /// # Errors
    /// Fewer than two coins. A budget that is too small gives a poor answer, not an error.
    fn search(&self, coins: &mut dyn Coins, budget: u64) -> Result<u64>;
}

/// What a [`Sequential`] search found, and at what price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Located {
    /// The trusted interval.
    pub interval: u64,
    /// The coins flipped.
    pub flips: u64,
}

/// The two-point channel of one flip: heads with probability τ−ε or τ+ε.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Channel {
    tau: f64,
    epsilon: f64,
    quantile: f64,
    capacity: f64,
}

impl Channel {
    /// The channel around the target `tau` with half-width `epsilon`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] unless 0 < tau < 1 and 1e-6 ≤ epsilon < min(tau, 1−tau). (Below 1e-6 a
    /// search needs 10¹² flips, and the capacity loses its digits.)
    pub fn new(tau: f64, epsilon: f64) -> Result<Self> {
        open_unit("tau", tau)?;
        // The differences are tested as they will be used: 0 < τ−ε and τ+ε < 1 after rounding.
        if !(epsilon >= 1e-6 && tau - epsilon > 0.0 && tau + epsilon < 1.0) {
            let requirement = "at least 1e-6 and less than tau and 1 - tau";
            return Err(Error::OutOfRange { name: "epsilon", value: epsilon, requirement });
        }
        // ln z as the secant slope of −H; written with ln(1+·) it keeps its digits for small ε.
        let (low, high) = (tau - epsilon, tau + epsilon);
        let width = high - low;
        let ln_z = (high / (1.0 - high)).ln()
            + (low * (width / low).ln_1p() + (1.0 - low) * (-width / (1.0 - low)).ln_1p()) / width;
        // z/(1+z) is the probability of heads at the best mixture, so q is where it lies in the band.
        let heads = 1.0 / (1.0 + (-ln_z).exp());
        let quantile = ((heads - low) / width).clamp(0.0, 1.0);
        // At the best mixture both inputs are equally far from it: C is that divergence, in bits.
        let rise = heads - low;
        let divergence = -low * (rise / low).ln_1p() - (1.0 - low) * (-rise / (1.0 - low)).ln_1p();
        Ok(Self { tau, epsilon, quantile, capacity: divergence / std::f64::consts::LN_2 })
    }

    /// The target τ.
    pub fn tau(&self) -> f64 {
        self.tau
    }

    /// The half-width ε.
    pub fn epsilon(&self) -> f64 {
        self.epsilon
    }

    /// τ−ε, the probability of heads left of the crossing.
    pub fn low(&self) -> f64 {
        self.tau - self.epsilon
    }

    /// τ+ε, the probability of heads right of the crossing.
    pub fn high(&self) -> f64 {
        self.tau + self.epsilon
    }

    /// The share q of the posterior that a flip should find below itself.
    pub fn quantile(&self) -> f64 {
        self.quantile
    }

    /// The capacity C, in bits per flip: the most that one flip can say about the crossing.
    pub fn capacity(&self) -> f64 {
        self.capacity
    }

    /// The bits I(q) that a flip carries when a share `quantile` of the posterior is below it.
    pub fn information(&self, quantile: f64) -> f64 {
        let heads = quantile * self.high() + (1.0 - quantile) * self.low();
        binary_entropy(heads)
            - quantile * binary_entropy(self.high())
            - (1.0 - quantile) * binary_entropy(self.low())
    }
}

/// Bayesian learning of the crossing: the first half of the paper.
///
/// As a [`Sequential`] search it stops when one interval has more than half of the posterior.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BayesLearn {
    channel: Channel,
    quantile: f64,
}

impl BayesLearn {
    /// The paper's method: split at the quantile that attains the capacity.
    pub fn new(channel: Channel) -> Self {
        Self { channel, quantile: channel.quantile }
    }

    /// The same with another split, for comparison: q = 1/2 is the classical probabilistic
    /// bisection. The posterior stays a distribution for every q.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if `quantile` is not in [0, 1].
    pub fn with_quantile(channel: Channel, quantile: f64) -> Result<Self> {
        Ok(Self { channel, quantile: probability("quantile", quantile)? })
    }

    /// Starts on `count` coins with the uniform posterior.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if `count < 2`.
    pub fn start(&self, count: u64) -> Result<Learner> {
        if count < 2 {
            let value = count as f64;
            return Err(Error::OutOfRange { name: "count", value, requirement: "at least 2" });
        }
        Ok(Learner { rule: *self, posterior: Posterior::uniform(count - 1)? })
    }

    /// The factors (below, above) by which a flip multiplies the posterior on either side.
    pub fn factors(&self, heads: bool) -> (f64, f64) {
        let (low, high) = (self.channel.low(), self.channel.high());
        // τ+(2q−1)ε, the probability of heads as the posterior sees it.
        let mixed = low + self.quantile * (high - low);
        if heads {
            (high / mixed, low / mixed)
        } else {
            ((1.0 - high) / (1.0 - mixed), (1.0 - low) / (1.0 - mixed))
        }
    }
}

impl Sequential for BayesLearn {
    fn locate(&self, coins: &mut dyn Coins, cap: u64) -> Result<Located> {
        let mut learner = self.start(coins.count())?;
        for flips in 0..cap {
            // An interval with more than half of the mass holds the median.
            let median = learner.posterior.locate(0.5);
            if median.mass > 0.5 {
                return Ok(Located { interval: median.interval, flips });
            }
            learner.step(|coin| coins.flip(coin));
        }
        Err(Error::NotConverged { name: "noisy binary search", steps: cap as usize })
    }
}

/// A run of [`BayesLearn`] in progress.
#[derive(Debug, Clone)]
pub struct Learner {
    rule: BayesLearn,
    posterior: Posterior,
}

/// What one step of a [`Learner`] did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The recorded interval x.
    pub interval: u64,
    /// The coin flipped, x or x+1.
    pub coin: u64,
    /// Whether it came up heads.
    pub heads: bool,
    /// The posterior's total before it was normalised: one up to rounding.
    pub total: f64,
}

impl Learner {
    /// One flip. `flip` is called once, with the coin to flip.
    pub fn step(&mut self, flip: impl FnOnce(u64) -> bool) -> Step {
        let BayesLearn { quantile, .. } = self.rule;
        // Step 1: the interval that holds the quantile.
        let at = self.posterior.locate(quantile);
        // Step 2: the nearer end, as seen from the quantile.
        let coin = if at.below <= quantile { at.interval } else { at.interval + 1 };
        let heads = flip(coin);
        // Step 3: both sides, and the interval itself as the mixture of the two.
        let (below, above) = self.rule.factors(heads);
        let inside = at.below * below + (1.0 - at.below) * above;
        let total = self.posterior.update(at.interval, below, inside, above);
        Step { interval: at.interval, coin, heads, total }
    }

    /// What is believed so far.
    pub fn posterior(&self) -> &Posterior {
        &self.posterior
    }
}
