//! What a run of a claim gives: verdicts, points, margins.

use serde::{Deserialize, Serialize};

use crate::claim::{Claim, Role};
use crate::experiment::Fault;
use crate::fit::Slope;
use crate::law::Evidence;
use crate::run::Settings;

/// The decision about one series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The confidence limit is on the right side at every point.
    Holds,
    /// The opposite limit is on the wrong side at some point.
    Violated,
    /// Neither; or too few replicates for the violation that the claim says it catches.
    Inconclusive,
}

impl Verdict {
    /// Its word in records, tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::Violated => "violated",
            Verdict::Inconclusive => "inconclusive",
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// One sweep point of one series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PointOutcome {
    /// The position on the axis.
    pub x: f64,
    /// Replicates; for `always`, cases.
    pub n: usize,
    /// The mean of the worst member; for failures their frequency; for `always`, counter-examples.
    pub mean: f64,
    /// Its standard error.
    pub stderr: f64,
    /// The curve; for `always`, zero.
    pub bound: f64,
    /// Measured ÷ bound. For failures of a ratio, the (1−δ)-quantile of measured ÷ threshold; for
    /// `always`, the tightest inequality's; absent where it has no meaning.
    pub ratio: Option<f64>,
}

/// What the judge concludes from one measured series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The decision.
    pub verdict: Verdict,
    /// Why, where the verdict alone does not say it.
    pub reason: String,
    /// The points, in the sweep's order.
    pub points: Vec<PointOutcome>,
    /// The log-log slope of measured ÷ curve, for rates.
    pub slope: Option<Slope>,
    /// The log-log slope of the measurement itself, for rates.
    pub exponent: Option<f64>,
    /// How far beyond the bound the confidence limit is at the worst point: positive when violated.
    /// A share of the bound or prediction; for rates in units of the exponent; for `always` the share
    /// of counter-examples.
    pub margin: f64,
    /// Measured ÷ bound where it is closest to a violation.
    pub worst_ratio: Option<f64>,
    /// The bound is never within a factor 1,000 of the measurement, or nowhere below the trivial one.
    pub vacuous: bool,
    /// It holds by less than z_α + 3 standard errors: some fresh seed would fail it.
    pub fragile: bool,
}

/// One series: the method itself, or a companion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesOutcome {
    /// `method`, or the companion's name.
    pub name: String,
    /// The companion's role; absent for the method.
    pub role: Option<Role>,
    /// The judgement; a fault becomes an inconclusive one whose reason is the fault.
    #[serde(flatten)]
    pub judgement: Judgement,
}

impl SeriesOutcome {
    /// A series from its judgement or its fault.
    pub fn new(name: &str, role: Option<Role>, judged: Result<Judgement, Fault>) -> Self {
        let judgement = judged.unwrap_or_else(|fault| Judgement {
            verdict: Verdict::Inconclusive,
            reason: fault.to_string(),
            points: Vec::new(),
            slope: None,
            exponent: None,
            margin: 0.0,
            worst_ratio: None,
            vacuous: false,
            fragile: false,
        });
        Self { name: name.into(), role, judgement }
    }

    /// Whether its verdict is the one its role demands.
    pub fn as_required(&self) -> bool {
        match self.role {
            None | Some(Role::Peer) => self.judgement.verdict == Verdict::Holds,
            Some(Role::Control | Role::Refutation) => self.judgement.verdict == Verdict::Violated,
            Some(Role::Baseline) => true,
        }
    }
}

/// A claim, run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// `area/paper/claim`.
    pub id: String,
    /// The statement.
    pub statement: String,
    /// What it assumes.
    pub assumptions: String,
    /// The law's name.
    pub law: String,
    /// Where it comes from.
    pub source: String,
    /// Whether that was not checked against the paper.
    pub from_memory: bool,
    /// How strong the verdict is.
    pub evidence: Evidence,
    /// The sweep variable.
    pub axis: String,
    /// The smallest violation it catches; see [`Claim::detects`].
    pub detects: f64,
    /// Root seed and tier.
    pub settings: Settings,
    /// The method.
    pub method: SeriesOutcome,
    /// Controls, refutations, baselines and peers, in the claim's order.
    pub companions: Vec<SeriesOutcome>,
}

impl Outcome {
    pub(crate) fn new(
        id: &str,
        claim: &Claim,
        settings: Settings,
        method: SeriesOutcome,
        companions: Vec<SeriesOutcome>,
    ) -> Self {
        Self {
            id: id.into(),
            statement: claim.statement.clone(),
            assumptions: claim.assumptions.clone(),
            law: claim.law.name().into(),
            source: claim.source.to_string(),
            from_memory: claim.from_memory,
            evidence: claim.evidence,
            axis: claim.axis.clone(),
            detects: claim.detectable(),
            settings,
            method,
            companions,
        }
    }

    /// The method's verdict.
    pub fn verdict(&self) -> Verdict {
        self.method.judgement.verdict
    }

    /// All series, the method first.
    pub fn series(&self) -> impl Iterator<Item = &SeriesOutcome> {
        std::iter::once(&self.method).chain(&self.companions)
    }

    /// The companions that must be violated.
    pub fn controls(&self) -> impl Iterator<Item = &SeriesOutcome> {
        self.companions.iter().filter(|c| matches!(c.role, Some(Role::Control | Role::Refutation)))
    }

    /// Whether the claim counts: it holds, its bound says something, every control is violated, and
    /// there is one.
    pub fn verified(&self) -> bool {
        self.series().all(SeriesOutcome::as_required)
            && !self.method.judgement.vacuous
            && self.controls().next().is_some()
    }
}
