//! The forms that a promise can take, where it comes from, and how strong its evidence is.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A function of the sweep variable: a bound, a prediction, a failure probability.
pub type Curve = Arc<dyn Fn(f64) -> f64 + Send + Sync>;

/// The form of the promise.
#[derive(Clone)]
pub enum Law {
    /// The mean is at most the curve at every point.
    AtMost(Curve),
    /// The mean is at least the curve at every point.
    AtLeast(Curve),
    /// The failure frequency is at most the curve at every point.
    FailsAtMost(Curve),
    /// The mean equals the curve within the tolerance at every point.
    Equals(Curve, Tolerance),
    /// Measured ÷ curve has no upward trend (and, where `exactly`, no downward one either).
    Rate {
        /// The promised rate, up to a constant, polylogarithms included.
        curve: Curve,
        /// Whether a faster rate violates the claim too.
        exactly: bool,
    },
    /// A deterministic fact without a counter-example.
    Always,
}

impl Law {
    /// The law's name in records and JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Law::AtMost(_) => "at_most",
            Law::AtLeast(_) => "at_least",
            Law::FailsAtMost(_) => "fails_at_most",
            Law::Equals(..) => "equals",
            Law::Rate { exactly: false, .. } => "rate",
            Law::Rate { exactly: true, .. } => "rate_exactly",
            Law::Always => "always",
        }
    }

    /// The curve, which every law but [`Law::Always`] has.
    pub fn curve(&self) -> Option<&Curve> {
        match self {
            Law::AtMost(c) | Law::AtLeast(c) | Law::FailsAtMost(c) | Law::Equals(c, _) => Some(c),
            Law::Rate { curve, .. } => Some(curve),
            Law::Always => None,
        }
    }
}

/// How far a mean may be from a prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tolerance {
    /// A share of the prediction.
    Relative(f64),
    /// In the measurement's own units.
    Absolute(f64),
}

/// The strength of a verdict, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// Monte Carlo, with its error rates.
    Sampled,
    /// A deterministic computation on the named instances: no sampling error, nothing enumerated.
    Computed,
    /// Every case up to a size.
    Exhaustive,
    /// The worst case over a whole class, with a certificate that was verified.
    Certified,
}

impl Evidence {
    /// Its word in records, tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Evidence::Sampled => "sampled",
            Evidence::Computed => "computed",
            Evidence::Exhaustive => "exhaustive",
            Evidence::Certified => "certified",
        }
    }
}

/// Where a claim comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A numbered statement of the paper: `Theorem("3.2")`.
    Theorem(&'static str),
    /// The paper's abstract.
    Abstract,
    /// Textbook knowledge.
    Classical,
    /// Derived here; the derivation is in the claim's documentation.
    Derived,
    /// The paper observed it, nothing more.
    Empirical,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::Theorem(number) => write!(f, "Theorem {number}"),
            Source::Abstract => f.write_str("abstract"),
            Source::Classical => f.write_str("classical"),
            Source::Derived => f.write_str("derived"),
            Source::Empirical => f.write_str("empirical"),
        }
    }
}

/// How the mean of one point's replicates is bracketed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Interval {
    /// Student's t; needs at least 30 replicates.
    Student,
    /// Empirical Bernstein, for measurements known to lie in the range.
    Bounded(f64, f64),
    /// Median of means over this many blocks, for heavy tails.
    MedianOfMeans(usize),
}
