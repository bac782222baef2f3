//! At which arrivals of a robust phase a window starts and a query is made.

use crate::error::{Error, Result, at_least_one};

/// The phase of a cache of k pages: k arrivals, cut into windows, with queries at some of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    starts: Vec<bool>,
    queries: Vec<bool>,
}

/// The first arrivals (from 1) of the windows 0, …, ⌈log₂ k⌉ of a phase: max(1, k − 2^j + 1) for
/// j = ⌈log₂ k⌉, …, 0. For k ≥ 1.
pub fn windows(k: usize) -> Vec<usize> {
    let levels = k.next_power_of_two().trailing_zeros();
    (0..=levels).rev().map(|j| (k + 1).saturating_sub(1 << j).max(1)).collect()
}

impl Schedule {
    /// Window i makes f(i) − f(i − 1) queries, spread evenly over its arrivals, or one at each of them if there are
    /// more queries than arrivals; window 0 makes none.
    ///
    /// # Errors
    /// `k` is 0; among 0, …, ⌈log₂ k⌉ the function is not increasing or not convex, f(0) is not 0, or some f(i)
    /// exceeds 2^i − 1.
    pub fn new(k: usize, f: impl Fn(u32) -> usize) -> Result<Self> {
        let starts = windows(at_least_one("k", k)?);
        let values: Vec<usize> = (0..starts.len() as u32).map(f).collect();
        let bounded = values.iter().enumerate().all(|(i, &value)| value < 1 << i);
        let increasing = values.windows(2).all(|pair| pair[0] < pair[1]);
        // Only increasing values have differences that cannot underflow.
        let convex = increasing && values.windows(3).all(|v| v[1] - v[0] <= v[2] - v[1]);
        if !(bounded && convex) {
            let requirement = "increasing and convex with f(0) = 0 and f(i) <= 2^i - 1";
            return Err(Error::Invalid { name: "f", requirement });
        }
        let mut schedule = Self { starts: vec![false; k], queries: vec![false; k] };
        for (window, &start) in starts.iter().enumerate() {
            schedule.starts[start - 1] = true;
            let length = starts.get(window + 1).unwrap_or(&(k + 1)) - start;
            let queries = if window == 0 { 0 } else { (values[window] - values[window - 1]).min(length) };
            for query in 0..queries {
                schedule.queries[start - 1 + query * length / queries] = true;
            }
        }
        Ok(schedule)
    }

    /// A query at every arrival, on the same windows.
    ///
    /// # Errors
    /// `k` is 0.
    pub fn always(k: usize) -> Result<Self> {
        let mut schedule = Self { starts: vec![false; at_least_one("k", k)?], queries: vec![true; k] };
        for start in windows(k) {
            schedule.starts[start - 1] = true;
        }
        Ok(schedule)
    }

    /// The number of arrivals of a phase, k.
    pub fn arrivals(&self) -> usize {
        self.starts.len()
    }

    /// Whether a window starts at this arrival, counted from 1.
    pub(super) fn starts_at(&self, arrival: usize) -> bool {
        self.starts[arrival - 1]
    }

    /// Whether the predictor is queried at this arrival, counted from 1.
    pub fn queries_at(&self, arrival: usize) -> bool {
        (1..=self.queries.len()).contains(&arrival) && self.queries[arrival - 1]
    }
}
