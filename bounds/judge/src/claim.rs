//! What is claimed: a law, an experiment, a sweep, and the controls that must break it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::experiment::{Cases, Experiment, Fault, Measurement};
use crate::law::{Curve, Evidence, Interval, Law, Source, Tolerance};
use crate::run::Tier;
use crate::streams::Streams;

/// How a companion series relates to the claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A broken method: the claim must come out violated.
    Control,
    /// A statement as printed that does not hold: it must come out violated.
    Refutation,
    /// A rival method, for comparison; nothing is required of it.
    Baseline,
    /// Another method of which the same is claimed: it must hold as well.
    Peer,
}

/// A companion of a claim: the same claim given something else.
#[derive(Clone)]
pub struct Companion {
    /// What it is, in a few words.
    pub name: String,
    /// What its verdict must be.
    pub role: Role,
    /// The claim, with the other method (or the printed bound) in it.
    pub claim: Claim,
}

/// One promise, ready to be run.
///
/// Built by naming the law and then the experiment; everything has a default but the source, the
/// sweep and the experiment. A claim is meant to be returned by a function that is generic over the
/// algorithm, so that a control, a rival or a user's own type can be handed to the same claim.
#[derive(Clone)]
pub struct Claim {
    /// Its name within the paper, in lower snake case.
    pub id: String,
    /// The statement in a sentence, with the formula.
    pub statement: String,
    /// What the statement assumes.
    pub assumptions: String,
    /// The form of the promise.
    pub law: Law,
    /// Where it comes from.
    pub source: Source,
    /// Whether the statement or its constants were not checked against the paper.
    pub from_memory: bool,
    /// How strong a verdict can be.
    pub evidence: Evidence,
    /// The sweep variable's name.
    pub axis: String,
    /// The quick tier's points.
    pub quick_sweep: Vec<f64>,
    /// The full tier's points.
    pub full_sweep: Vec<f64>,
    /// Replicates at every point, quick and full.
    pub replicates: (usize, usize),
    /// How means are bracketed.
    pub interval: Interval,
    /// The smallest violation the claim must catch; see [`Claim::detects`].
    pub detects: Option<f64>,
    /// How much of the bound a tight claim may lose and still hold; see [`Claim::tight`].
    pub tight: Option<f64>,
    /// The bound that nothing can exceed: a promise above it says nothing.
    pub trivial: Option<Curve>,
    /// Relative rounding allowance of deterministic comparisons.
    pub rounding: f64,
    /// For [`Law::FailsAtMost`], a measurement above this is a failure.
    pub fails_above: f64,
    /// What is run.
    pub experiment: Option<Experiment>,
    /// The controls, refutations, baselines and peers.
    pub companions: Vec<Companion>,
}

impl Claim {
    fn new(id: &str, law: Law) -> Self {
        Self {
            id: id.trim().to_lowercase().replace([' ', '-'], "_"),
            statement: String::new(),
            assumptions: String::new(),
            law,
            source: Source::Derived,
            from_memory: false,
            evidence: Evidence::Sampled,
            axis: "case".into(),
            quick_sweep: vec![1.0],
            full_sweep: vec![1.0],
            replicates: (1, 1),
            interval: Interval::Student,
            detects: None,
            tight: None,
            trivial: None,
            rounding: 1e-9,
            fails_above: 1.0,
            experiment: None,
            companions: Vec::new(),
        }
    }

    /// The mean is at most `bound` at every point.
    pub fn at_most(id: &str, bound: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Self {
        Self::new(id, Law::AtMost(Arc::new(bound)))
    }

    /// The mean is at least `bound` at every point.
    pub fn at_least(id: &str, bound: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Self {
        Self::new(id, Law::AtLeast(Arc::new(bound)))
    }

    /// The failure frequency is at most `delta` at every point.
    ///
    /// The experiment returns either whether it failed ([`Claim::event`]) or the ratio measured ÷
    /// threshold ([`Claim::measure`]), which fails above one and also shows how tight the threshold is.
    pub fn fails_at_most(id: &str, delta: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Self {
        Self::new(id, Law::FailsAtMost(Arc::new(delta)))
    }

    /// The mean equals `prediction` within `tolerance` at every point.
    pub fn equals(
        id: &str,
        prediction: impl Fn(f64) -> f64 + Send + Sync + 'static,
        tolerance: Tolerance,
    ) -> Self {
        Self::new(id, Law::Equals(Arc::new(prediction), tolerance))
    }

    /// Measured ÷ `rate` has no upward trend. Polylogarithms belong into `rate`.
    pub fn rate(id: &str, rate: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Self {
        Self::new(id, Law::Rate { curve: Arc::new(rate), exactly: false })
    }

    /// Measured ÷ `rate` has no trend.
    pub fn rate_exactly(id: &str, rate: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Self {
        Self::new(id, Law::Rate { curve: Arc::new(rate), exactly: true })
    }

    /// A deterministic fact over enumerated inputs ([`Claim::check`] after [`Claim::exhaustive`]) or
    /// generated ones.
    pub fn always(id: &str) -> Self {
        Self::new(id, Law::Always)
    }

    /// The statement in a sentence, with its formula.
    pub fn states(mut self, statement: &str) -> Self {
        self.statement = statement.into();
        self
    }

    /// What the statement assumes.
    pub fn assuming(mut self, assumptions: &str) -> Self {
        self.assumptions = assumptions.into();
        self
    }

    /// Where the claim comes from.
    pub fn source(mut self, source: Source) -> Self {
        self.source = source;
        self
    }

    /// Marks a statement or a constant that was not checked against the paper.
    pub fn from_memory(mut self) -> Self {
        self.from_memory = true;
        self
    }

    /// One deterministic run a point: no sampling error.
    pub fn computed(mut self) -> Self {
        self.evidence = Evidence::Computed;
        self
    }

    /// One deterministic run a point, which goes through every case up to a size.
    pub fn exhaustive(mut self) -> Self {
        self.evidence = Evidence::Exhaustive;
        self
    }

    /// One deterministic run a point, whose measurement is proved for a whole class by a certificate that the
    /// run verifies.
    pub fn certified(mut self) -> Self {
        self.evidence = Evidence::Certified;
        self
    }

    /// The sweep variable's name and its points, for both tiers.
    pub fn sweep(mut self, axis: &str, points: impl Into<Vec<f64>>) -> Self {
        self.axis = axis.into();
        self.quick_sweep = points.into();
        self.full_sweep = self.quick_sweep.clone();
        self
    }

    /// Other points for the full tier; call it after [`Claim::sweep`].
    pub fn full_sweep(mut self, points: impl Into<Vec<f64>>) -> Self {
        self.full_sweep = points.into();
        self
    }

    /// Replicates at every point in the quick and in the full tier.
    pub fn replicates(mut self, quick: usize, full: usize) -> Self {
        self.replicates = (quick, full);
        self
    }

    /// How means are bracketed; Student's t unless said otherwise.
    pub fn interval(mut self, interval: Interval) -> Self {
        self.interval = interval;
        self
    }

    /// The smallest violation that the claim must catch with probability 0.999.
    ///
    /// Its meaning and default: a share above (below) the bound, 0.2; for failure frequencies a share
    /// above δ, 3; for predictions in the tolerance's own units, 0.05 of the prediction or five
    /// absolute tolerances; for rates the excess exponent at which the claim stops holding, 0.1; for
    /// generated facts the share of counter-examples, 0.01.
    pub fn detects(mut self, violation: f64) -> Self {
        self.detects = Some(violation);
        self
    }

    /// Says that the bound is attained up to this share: with the bound made tighter by it, the claim
    /// must not hold any more. It is said of the paper's own method, where the paper lists its claim, not inside
    /// the claim that variants and rivals are handed to: a better one would come out inconclusive.
    pub fn tight(mut self, share: f64) -> Self {
        self.tight = Some(share);
        self
    }

    /// The bound that nothing can exceed; a promise above it at every point is vacuous.
    pub fn trivial(mut self, bound: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Self {
        self.trivial = Some(Arc::new(bound));
        self
    }

    /// The relative rounding allowance of deterministic comparisons, 1e-9 unless said otherwise.
    pub fn rounding(mut self, relative: f64) -> Self {
        self.rounding = relative;
        self
    }

    /// What is measured at a point: a number, or a `Vec` with one number for each member of a family
    /// whose worst mean counts, or a `Result` of either.
    pub fn measure<M: Measurement>(
        mut self,
        run: impl Fn(f64, &mut Streams) -> M + Send + Sync + 'static,
    ) -> Self {
        self.experiment = Some(Experiment::Points(Arc::new(move |x, streams| run(x, streams).values())));
        self
    }

    /// Whether the run failed, for [`Claim::fails_at_most`]: a `bool`, or a `Result` of one.
    pub fn event<M: Measurement>(self, run: impl Fn(f64, &mut Streams) -> M + Send + Sync + 'static) -> Self {
        let mut claim = self.measure(run);
        claim.fails_above = 0.5;
        claim
    }

    /// One run that gives a measurement at every point of the sweep, in the sweep's order.
    pub fn paths<M: Measurement, P: IntoIterator<Item = M>, E: ToString>(
        mut self,
        run: impl Fn(&[f64], &mut Streams) -> Result<P, E> + Send + Sync + 'static,
    ) -> Self {
        self.experiment = Some(Experiment::Paths(Arc::new(move |xs, streams| {
            let path = run(xs, streams).map_err(|e| e.to_string())?;
            path.into_iter().map(Measurement::values).collect()
        })));
        self
    }

    /// What is checked at a point, for [`Claim::always`]: each case is reported to the [`Cases`].
    pub fn check<E: ToString>(
        mut self,
        run: impl Fn(f64, &mut Streams, &mut Cases) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        self.experiment = Some(Experiment::Cases(Arc::new(move |x, streams, cases| {
            run(x, streams, cases).map_err(|e| e.to_string())
        })));
        self
    }

    fn companion(mut self, name: &str, role: Role, claim: Claim) -> Self {
        self.companions.push(Companion { name: name.into(), role, claim });
        self
    }

    /// The same claim given a broken method, which must come out violated.
    pub fn control(self, name: &str, claim: Claim) -> Self {
        self.companion(name, Role::Control, claim)
    }

    /// The same claim given a rival method.
    pub fn baseline(self, name: &str, claim: Claim) -> Self {
        self.companion(name, Role::Baseline, claim)
    }

    /// The same claim made of another method, which must hold as well: a lower bound holds for everybody.
    pub fn peer(self, name: &str, claim: Claim) -> Self {
        self.companion(name, Role::Peer, claim)
    }

    /// The statement as printed, quoted by its number, which must come out violated.
    pub fn refutes(self, printed: &str, claim: Claim) -> Self {
        self.companion(printed, Role::Refutation, claim)
    }

    /// The companions that must come out violated.
    pub fn controls(&self) -> impl Iterator<Item = &Companion> {
        self.companions.iter().filter(|c| matches!(c.role, Role::Control | Role::Refutation))
    }

    /// The sweep of a tier.
    pub fn points(&self, tier: Tier) -> &[f64] {
        match tier {
            Tier::Quick => &self.quick_sweep,
            Tier::Full => &self.full_sweep,
        }
    }

    /// Replicates at every point: one unless the evidence is sampled.
    pub fn replicates_in(&self, tier: Tier) -> usize {
        match (self.evidence, tier) {
            (Evidence::Sampled, Tier::Quick) => self.replicates.0,
            (Evidence::Sampled, Tier::Full) => self.replicates.1,
            _ => 1,
        }
    }

    /// The declared or default smallest violation; see [`Claim::detects`].
    pub fn detectable(&self) -> f64 {
        self.detects.unwrap_or(match self.law {
            Law::AtMost(_) | Law::AtLeast(_) => 0.2,
            Law::FailsAtMost(_) => 3.0,
            Law::Equals(_, Tolerance::Relative(_)) => 0.05,
            Law::Equals(_, Tolerance::Absolute(tolerance)) => 5.0 * tolerance,
            Law::Rate { .. } => 0.1,
            Law::Always => 0.01,
        })
    }

    /// The experiment, or the fault of a claim that has none.
    pub(crate) fn experiment(&self) -> Result<&Experiment, Fault> {
        self.experiment.as_ref().ok_or_else(|| Fault::Design("the claim has no experiment".into()))
    }
}
