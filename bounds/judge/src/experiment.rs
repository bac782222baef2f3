//! What a claim runs, and what can go wrong while it runs.

use std::sync::Arc;

use crate::streams::Streams;

/// Why a series has no verdict of its own: the experiment, not the claim, is at fault.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Fault {
    /// A measurement was NaN or infinite; the first one, in the order of points and replicates.
    #[error("measured {value} at {x}, replicate {replicate}")]
    NotFinite {
        /// The sweep point.
        x: f64,
        /// The replicate.
        replicate: usize,
        /// What was measured.
        value: f64,
    },
    /// The experiment returned an error.
    #[error("failed at {x}, replicate {replicate}: {message}")]
    Failed {
        /// The sweep point.
        x: f64,
        /// The replicate.
        replicate: usize,
        /// The error's text.
        message: String,
    },
    /// The claim cannot be decided as it is written.
    #[error("{0}")]
    Design(String),
}

/// What an experiment may return: a number, a flag (failed or not), a family of numbers, or a
/// `Result` of any of them.
pub trait Measurement {
    /// One value for each member of the family; a plain number is a family of one.
    fn values(self) -> Result<Vec<f64>, String>;
}

impl Measurement for f64 {
    fn values(self) -> Result<Vec<f64>, String> {
        Ok(vec![self])
    }
}

impl Measurement for bool {
    fn values(self) -> Result<Vec<f64>, String> {
        Ok(vec![f64::from(u8::from(self))])
    }
}

impl Measurement for Vec<f64> {
    fn values(self) -> Result<Vec<f64>, String> {
        Ok(self)
    }
}

impl<M: Measurement, E: ToString> Measurement for Result<M, E> {
    fn values(self) -> Result<Vec<f64>, String> {
        self.map_err(|e| e.to_string())?.values()
    }
}

/// Measures one point: a value for each member.
pub type PointRun = dyn Fn(f64, &mut Streams) -> Result<Vec<f64>, String> + Send + Sync;
/// Measures the whole sweep in one run: for each point, a value for each member.
pub type PathRun = dyn Fn(&[f64], &mut Streams) -> Result<Vec<Vec<f64>>, String> + Send + Sync;
/// Checks one point: any number of deterministic cases.
pub type CaseRun = dyn Fn(f64, &mut Streams, &mut Cases) -> Result<(), String> + Send + Sync;

/// What is run.
#[derive(Clone)]
pub enum Experiment {
    /// One point at a time.
    Points(Arc<PointRun>),
    /// The whole sweep at a time.
    Paths(Arc<PathRun>),
    /// One point at a time, for `always`.
    Cases(Arc<CaseRun>),
}

/// The ledger of an `always` claim: how many cases, how many counter-examples, how close the
/// tightest inequality came.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cases {
    pub(crate) count: usize,
    pub(crate) counter_examples: usize,
    pub(crate) first: Option<String>,
    pub(crate) tightest: Option<f64>,
    pub(crate) not_finite: Option<f64>,
}

impl Cases {
    /// A fact that is true or false. `describe` is called for the first counter-example only.
    pub fn holds(&mut self, ok: bool, describe: impl FnOnce() -> String) {
        self.count += 1;
        if !ok {
            self.counter_examples += 1;
            self.first.get_or_insert_with(describe);
        }
    }

    /// `measured ≤ bound`. An allowance for rounding belongs into `bound`. NaN on either side, or an
    /// infinite measurement, is a fault.
    pub fn at_most(&mut self, measured: f64, bound: f64, describe: impl FnOnce() -> String) {
        self.finite(measured);
        if bound.is_nan() {
            self.not_finite.get_or_insert(bound);
        }
        if bound > 0.0 && bound.is_finite() {
            let ratio = measured / bound;
            self.tightest = Some(self.tightest.map_or(ratio, |t| t.max(ratio)));
        }
        self.holds(measured <= bound, || format!("{} ({measured:e} > {bound:e})", describe()));
    }

    /// `|measured − expected| ≤ tolerance`.
    pub fn close(&mut self, measured: f64, expected: f64, tolerance: f64, describe: impl FnOnce() -> String) {
        self.finite(measured);
        self.finite(expected);
        self.holds((measured - expected).abs() <= tolerance, || {
            format!("{} ({measured:e} is not {expected:e})", describe())
        });
    }

    fn finite(&mut self, value: f64) {
        if !value.is_finite() {
            self.not_finite.get_or_insert(value);
        }
    }

    /// Adds the ledger of another replicate, which comes after this one.
    pub(crate) fn merge(&mut self, later: Cases) {
        self.count += later.count;
        self.counter_examples += later.counter_examples;
        self.first = self.first.take().or(later.first);
        self.not_finite = self.not_finite.or(later.not_finite);
        self.tightest = match (self.tightest, later.tightest) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_counts_and_keeps_the_first_counter_example() {
        let mut cases = Cases::default();
        cases.at_most(1.0, 2.0, || unreachable!());
        cases.at_most(3.0, 2.0, || "three".into());
        cases.at_most(5.0, 4.0, || unreachable!());
        cases.close(1.0, 1.5, 0.5, || unreachable!());
        cases.close(1.0, 1.6, 0.5, || unreachable!());
        cases.holds(true, || unreachable!());
        assert_eq!((cases.count, cases.counter_examples), (6, 3));
        assert_eq!(cases.first.as_deref(), Some("three (3e0 > 2e0)"));
        assert_eq!(cases.tightest, Some(1.5));
        assert_eq!(cases.not_finite, None);
    }

    #[test]
    fn a_bound_of_zero_has_no_ratio_and_infinity_is_no_bound() {
        let mut cases = Cases::default();
        cases.at_most(0.0, 0.0, || unreachable!());
        cases.at_most(1.0, f64::INFINITY, || unreachable!());
        assert_eq!((cases.counter_examples, cases.tightest, cases.not_finite), (0, None, None));
    }

    #[test]
    fn nan_is_a_fault_wherever_it_stands() {
        for (measured, bound) in [(f64::NAN, 1.0), (1.0, f64::NAN), (f64::INFINITY, 1.0)] {
            let mut cases = Cases::default();
            cases.at_most(measured, bound, String::new);
            assert!(cases.not_finite.is_some());
            assert_eq!(cases.counter_examples, 1);
        }
        let mut cases = Cases::default();
        cases.close(1.0, f64::NAN, 1.0, String::new);
        assert!(cases.not_finite.is_some() && cases.counter_examples == 1);
    }

    #[test]
    fn merging_keeps_order() {
        let mut first = Cases::default();
        first.at_most(1.0, 4.0, || unreachable!());
        let mut second = Cases::default();
        second.at_most(4.0, 2.0, || "second".into());
        let mut third = Cases::default();
        third.holds(false, || "third".into());
        third.close(f64::NAN, 0.0, 1.0, || unreachable!());
        first.merge(second);
        first.merge(third);
        assert_eq!((first.count, first.counter_examples), (4, 3));
        assert_eq!(first.first.as_deref(), Some("second (4e0 > 2e0)"));
        assert_eq!(first.tightest, Some(2.0));
        assert!(first.not_finite.is_some());
    }

    #[test]
    fn measurements() {
        assert_eq!(2.0.values(), Ok(vec![2.0]));
        assert_eq!(true.values(), Ok(vec![1.0]));
        assert_eq!(false.values(), Ok(vec![0.0]));
        assert_eq!(vec![1.0, 2.0].values(), Ok(vec![1.0, 2.0]));
        assert_eq!(Ok::<_, String>(1.0).values(), Ok(vec![1.0]));
        assert_eq!(Err::<f64, _>("no").values(), Err("no".into()));
    }
}
