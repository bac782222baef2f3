//! Bandits whose arms pass by once: what a memory of a few arms costs.
//!
//! The constants of the tower are those of Assadi and Wang (2020) as we remember them; the authors' program runs
//! a simplified tower. Uniform exploration and the single stored arm follow that program, but for one slip of it
//! (it never records the first arm's mean).
//!
//! # Problem
//! $K$ arms arrive one after the other. The learner can only pull the arm at hand and those it keeps in its
//! memory; an arm it drops is gone for ever. There are $T$ pulls in total, and once the stream has ended the
//! learner commits to one stored arm for what is left of them. Rewards are sub-Gaussian with parameter 1/2.
//!
//! # Idea
//! Nobody can go back, so the gap worth resolving is fixed in advance: $\varepsilon = (K/T)^{1/3}$, where what
//! is spent on finding an $\varepsilon$-best arm, $K/\varepsilon^2$, equals what committing to it costs,
//! $T\varepsilon$. A memory of one arm must be sure of all $K$ comparisons and pays $\ln K$ for it. A *tower*
//! pays for certainty only where few arms come: each level keeps the best of a batch of arms and promotes it to
//! a level that is pulled more often and is exponentially less crowded.
//!
//! # Algorithm: one stored arm ([`KeepBest`])
//! 1. Pull the arriving arm $n$ times. Uniform exploration: $n = \lceil (T/K)^{2/3} \ln^{1/3} T \rceil$; single
//!    memory: $n = \lceil \ln K / \varepsilon^2 \rceil$; tuned: $n = \lceil (T/K)^{2/3} (\ln K/8)^{1/3} \rceil$.
//! 2. Keep it instead of the stored arm if its mean is larger.
//! 3. At the end of the stream, commit to the stored arm.
//!
//! # Algorithm: a tower of $\lceil \log^* K \rceil + 1$ stored arms ([`Tower`])
//! With $r_1 = 4$, $r_{\ell+1} = 2^{r_\ell}$, $\varepsilon_\ell = \varepsilon/(10 \cdot 2^{\ell-1})$,
//! $\beta_\ell = 1/\varepsilon_\ell^2$ and $\delta = 0.1$:
//! 1. An arm that enters level $\ell$ is pulled $s_\ell = \lceil 4 \beta_\ell (\ln(1/\delta) + 3 r_\ell)
//!    \rceil$ times, and replaces the level's arm if its mean is larger than the one that arm entered with.
//! 2. After $c_\ell$ arms ($c_1 = 2^{r_1}$, then $c_\ell = 2^{r_\ell}/2^{\ell-1}$) the level's arm is promoted
//!    to level $\ell+1$ and the level starts again, empty.
//! 3. At the end of the stream every stored arm is pulled $\lceil \beta_1 \ln(16 \cdot \text{levels}) \rceil$
//!    times more; commit to the best.
//!
//! A policy whose budget ends on the way stops there.
//!
//! # Theorem
//! With a memory of $o(K)$ arms the regret is $\Omega(K^{1/3} T^{2/3})$ in the worst case, far above the
//! $\sqrt{KT}$ of a learner that may store all arms. Uniform exploration pays $\ln^{1/3} T$ on top of that, one
//! stored arm $\ln K$ at most, and a tower of $O(\log^* K)$ arms nothing: its expected regret is
//! $O(K^{1/3} T^{2/3})$. The price is its constant, which is in the thousands.
//!
//! # Complexity
//! $O(1)$ time an arm and level (a batch of pulls is one draw), memory for the stored arms only.
//!
//! # Reference
//! Chen Wang, *Tight Regret Bounds for Single-pass Streaming Multi-armed Bandits*, ICML 2023, arXiv
//! [2306.02208](https://arxiv.org/abs/2306.02208). The tower: Sepehr Assadi and Chen Wang, *Exploration with
//! Limited Memory*, STOC 2020, arXiv [2004.04666](https://arxiv.org/abs/2004.04666).

mod stream;
mod tower;

use rand::Rng;
use rand::seq::SliceRandom;

use super::{FixedBudget, Pulls};
use crate::{Error, Result};
pub use stream::{Arm, Pass, Stream, pass};
pub use tower::{Level, Tower, iterated_logarithm};

/// A policy that meets every arm once and remembers few of them.
pub trait SinglePass {
    /// Goes through the stream and returns the arm to commit to.
    ///
    /// # Errors
    /// The budget is too small for the policy.
    fn explore(&self, stream: &mut Stream<'_, '_>) -> Result<Arm>;
}

/// How often [`KeepBest`] pulls an arm, given the number of arms K and the budget T. The value is rounded up; less
/// than one pull is one pull.
pub type Share = fn(arms: f64, budget: f64) -> f64;

/// Pulls every arm equally often and keeps the best mean: one stored arm.
#[derive(Debug, Clone, Copy)]
pub struct KeepBest {
    share: Share,
}

impl KeepBest {
    /// With this many pulls an arm.
    pub fn new(share: Share) -> Self {
        Self { share }
    }

    /// Uniform exploration: (T/K)^(2/3)·(ln T)^(1/3) pulls an arm.
    pub fn uniform_exploration() -> Self {
        Self::new(|arms, budget| (budget / arms).cbrt().powi(2) * budget.ln().cbrt())
    }

    /// The single-memory policy: ln K/ε² pulls an arm with ε = (K/T)^(1/3).
    pub fn single_memory() -> Self {
        Self::new(|arms, budget| arms.ln() * (budget / arms).cbrt().powi(2))
    }

    /// (T/K)^(2/3)·(ln K/8)^(1/3) pulls an arm, which minimises the bound K·n + T·√(ln K/(2n)).
    pub fn tuned() -> Self {
        Self::new(|arms, budget| (budget / arms).cbrt().powi(2) * (arms.ln() / 8.0).cbrt())
    }

    /// The pulls of each arm.
    pub fn pulls(&self, arms: usize, budget: u64) -> u64 {
        // A float that is too large becomes the largest integer, NaN becomes zero.
        ((self.share)(arms as f64, budget as f64).ceil() as u64).max(1)
    }
}

impl SinglePass for KeepBest {
    /// # Errors
    /// Fewer pulls than arms.
    fn explore(&self, stream: &mut Stream<'_, '_>) -> Result<Arm> {
        covers(stream.remaining(), stream.arms())?;
        let pulls = self.pulls(stream.arms(), stream.remaining());
        let mut stored = stream.arrive().ok_or(Error::Empty { name: "stream" })?;
        let mut best = stream.mean_of(&stored, pulls)?;
        while stream.remaining() > 0
            && let Some(arm) = stream.arrive()
        {
            // Step 1; step 2 drops the worse of the two, and with it the right to pull it.
            let mean = stream.mean_of(&arm, pulls)?;
            if mean > best {
                (best, stored) = (mean, arm);
            }
        }
        Ok(stored)
    }
}

/// Refuses a budget without a pull for every arm.
fn covers(budget: u64, arms: usize) -> Result<()> {
    if budget >= arms as u64 {
        return Ok(());
    }
    Err(Error::OutOfRange { name: "budget", value: budget as f64, requirement: "at least one pull an arm" })
}

/// A single-pass policy as one that may see all arms: it lets them pass in random order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InRandomOrder<P>(
    /// The single-pass policy.
    pub P,
);

impl<P: SinglePass> FixedBudget for InRandomOrder<P> {
    fn recommend(&self, pulls: &mut Pulls<'_>, rng: &mut dyn Rng) -> Result<usize> {
        let mut order: Vec<usize> = (0..pulls.arms()).collect();
        order.shuffle(rng);
        let mut stream = Stream::new(pulls, order)?;
        self.0.explore(&mut stream).map(|arm| stream.reveal(&arm))
    }
}
