//! BayesianScreeningSearch: three stages that need no single interval to win.
//!
//! 1. *Screen.* BayesLearn with M₁ flips. Most recorded intervals are good answers, so among about
//!    ln² n equally spaced order statistics of the records one is good; the candidate list holds the
//!    two end coins of each, and the coins 1 and n.
//! 2. *Search again.* BayesLearn with M₂ steps on the candidate coins, between as many coins known
//!    to be tails and as many known to be heads; the median record is a pair of list neighbours.
//! 3. *Test.* If the neighbours are not adjacent coins, the answer is at one end of the gap between
//!    them: flip the two coins just inside and take the end that is more clearly good.
//!
//! The budget is split M₁ : M₂ : M₃ = ln n : 3 ln ln n : ln ln n. The authors' program lists only the
//! left coin of each record; both ends are needed for the good interval to be among the neighbours.

use super::{BayesLearn, Budgeted, Channel, Coins};
use crate::error::Result;

/// The paper's search with a budget of flips.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScreeningSearch {
    learn: BayesLearn,
    channel: Channel,
}

impl ScreeningSearch {
    /// The search for the crossing of `channel.tau()`, to within `channel.epsilon()`.
    pub fn new(channel: Channel) -> Self {
        Self { learn: BayesLearn::new(channel), channel }
    }

    /// The flips (M₁, M₂, M₃) of the three stages on `count` coins; their sum is the budget.
    ///
    /// ln ln n is taken as 1 below n = 16, where it is smaller or undefined.
    pub fn split(budget: u64, count: u64) -> [u64; 3] {
        let first = (count as f64).ln();
        let last = first.ln().max(1.0);
        let parts = first + 4.0 * last;
        let share = |weight: f64| (budget as f64 * weight / parts) as u64;
        let (second, third) = (share(3.0 * last), share(last));
        [budget.saturating_sub(second).saturating_sub(third), second, third]
    }

    /// Stage 1: the candidate coins, sorted and distinct, from 1 to `count`.
    fn screen(&self, coins: &mut dyn Coins, flips: u64) -> Result<Vec<u64>> {
        let count = coins.count();
        let mut learner = self.learn.start(count)?;
        let mut records: Vec<u64> =
            (0..flips).map(|_| learner.step(|coin| coins.flip(coin)).interval).collect();
        records.sort_unstable();
        let wanted = ((count as f64).ln().powi(2) as usize).max(2);
        let mut list = vec![1, count];
        if let Some(last) = records.len().checked_sub(1) {
            for i in 1..wanted {
                let x = records[(records.len() * i / wanted).min(last)];
                list.extend([x, x + 1]);
            }
        }
        list.sort_unstable();
        list.dedup();
        Ok(list)
    }

    /// Stage 2: the position in `list` of the left one of the two neighbours found.
    fn search_again(&self, coins: &mut dyn Coins, list: &[u64], steps: u64) -> Result<usize> {
        let padding = list.len() as u64;
        let mut learner = self.learn.start(3 * padding)?;
        let known_or_flipped = |padded: u64| {
            if padded <= padding {
                false
            } else if padded <= 2 * padding {
                coins.flip(list[(padded - padding - 1) as usize])
            } else {
                true
            }
        };
        let mut flip = known_or_flipped;
        let mut records: Vec<u64> = (0..steps).map(|_| learner.step(&mut flip).interval).collect();
        let middle = records.len() / 2;
        let median = if records.is_empty() {
            learner.posterior().locate(0.5).interval
        } else {
            *records.select_nth_unstable(middle).1
        };
        // Padded interval y lies between the padded coins y and y+1; outside the list, the nearest end.
        Ok(median.saturating_sub(padding + 1).min(padding - 2) as usize)
    }

    /// Stage 3: which end of the gap between the coins `left` and `right` is the answer.
    fn test(&self, coins: &mut dyn Coins, left: u64, right: u64, flips: u64) -> u64 {
        let each = flips / 2;
        if right - left <= 1 || each == 0 {
            return left;
        }
        let mut mean = |coin| (0..each).filter(|_| coins.flip(coin)).count() as f64 / each as f64;
        // Interval `left` is good if the coin after it is high enough, `right - 1` if the coin before is low.
        let left_margin = mean(left + 1) - self.channel.low();
        let right_margin = self.channel.high() - mean(right - 1);
        if left_margin >= right_margin { left } else { right - 1 }
    }
}

impl Budgeted for ScreeningSearch {
    fn search(&self, coins: &mut dyn Coins, budget: u64) -> Result<u64> {
        let [first, second, third] = Self::split(budget, coins.count());
        let list = self.screen(coins, first)?;
        let k = self.search_again(coins, &list, second)?;
        Ok(self.test(coins, list[k], list[k + 1], third))
    }
}
