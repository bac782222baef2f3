use std::rc::Rc;

use super::SinglePass;
use crate::bandits::Pulls;
use crate::{Error, Result};

/// An arm in the learner's memory. It cannot be copied; dropping it is evicting it, for ever.
///
/// Pulling an evicted arm is not a program:
/// ```compile_fail,E0382
/// # use ratebook::bandits::streaming_arms::Stream;
/// fn regret_it(stream: &mut Stream<'_, '_>) -> Option<f64> {
///     let arm = stream.arrive()?;
///     drop(arm);
///     stream.mean_of(&arm, 1).ok()
/// }
/// ```
#[derive(Debug)]
pub struct Arm {
    label: usize,
    /// One strong reference for every living arm of a stream.
    memory: Rc<()>,
}

/// Arms that arrive once, with the pulls that may be spent on those at hand.
pub struct Stream<'p, 'b> {
    pulls: &'p mut Pulls<'b>,
    arriving: std::vec::IntoIter<usize>,
    memory: Rc<()>,
    peak: usize,
}

impl<'p, 'b> Stream<'p, 'b> {
    /// The arms of a bandit in this order of arrival.
    ///
    /// # Errors
    /// `order` does not hold every arm exactly once.
    pub fn new(pulls: &'p mut Pulls<'b>, order: Vec<usize>) -> Result<Self> {
        let mut seen = vec![false; pulls.arms()];
        let fresh = |&arm: &usize| seen.get_mut(arm).is_some_and(|seen| !std::mem::replace(seen, true));
        if order.len() != pulls.arms() || !order.iter().all(fresh) {
            return Err(Error::Invalid { name: "order", requirement: "every arm exactly once" });
        }
        Ok(Self { pulls, arriving: order.into_iter(), memory: Rc::new(()), peak: 0 })
    }

    /// The number of arms in the whole stream.
    pub fn arms(&self) -> usize {
        self.pulls.arms()
    }

    /// How many pulls are left.
    pub fn remaining(&self) -> u64 {
        self.pulls.remaining()
    }

    /// The next arm, until all have passed.
    pub fn arrive(&mut self) -> Option<Arm> {
        let label = self.arriving.next()?;
        let arm = Arm { label, memory: Rc::clone(&self.memory) };
        self.peak = self.peak.max(self.stored());
        Some(arm)
    }

    /// The mean of `n` fresh rewards of an arm in memory, or of what is left if that is less.
    ///
    /// # Errors
    /// `n` is zero, no pull is left, or the arm belongs to another stream.
    pub fn mean_of(&mut self, arm: &Arm, n: u64) -> Result<f64> {
        if !Rc::ptr_eq(&self.memory, &arm.memory) {
            return Err(Error::Invalid { name: "arm", requirement: "an arm of this stream" });
        }
        self.pulls.mean_of(arm.label, n.min(self.remaining()))
    }

    /// How many arms are in memory, the one at hand included.
    pub fn stored(&self) -> usize {
        // The stream itself holds one reference.
        Rc::strong_count(&self.memory) - 1
    }

    /// The most arms that were in memory at once.
    pub fn peak(&self) -> usize {
        self.peak
    }

    /// Which of the bandit's arms it is: for the judge, not for policies.
    pub(super) fn reveal(&self, arm: &Arm) -> usize {
        arm.label
    }
}

/// What one pass over the arms came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pass {
    /// The arm that the policy committed to.
    pub arm: usize,
    /// The regret of all pulls, those after the commitment included.
    pub regret: f64,
    /// The most arms that were in memory at once, the one at hand included.
    pub peak: usize,
}

/// Lets a policy see the arms in this order and spends what it leaves of the pulls on the arm it commits to.
///
/// # Errors
/// `order` does not hold every arm exactly once, or the policy refuses the budget.
pub fn pass(policy: &(impl SinglePass + ?Sized), pulls: &mut Pulls<'_>, order: Vec<usize>) -> Result<Pass> {
    let mut stream = Stream::new(pulls, order)?;
    let arm = policy.explore(&mut stream)?;
    if stream.remaining() > 0 {
        stream.mean_of(&arm, stream.remaining())?;
    }
    let (arm, peak) = (stream.reveal(&arm), stream.peak());
    Ok(Pass { arm, regret: pulls.regret(), peak })
}
