//! A variant against the record: better or worse than the reference, and still within the paper's bound?

use serde::Serialize;

use crate::claim::Claim;
use crate::compare::{self, Comparison};
use crate::experiment::Fault;
use crate::fit::Worst;
use crate::law::Law;
use crate::outcome::{Judgement, SeriesOutcome};
use crate::record::{RecordedClaim, RecordedSeries, significant};
use crate::run::{Measured, Settings, measure};
use crate::sample::Sample;
use crate::verdict;

/// A recorded mean is reproduced when it is this close, as a share: records round to six digits, and
/// platforms may differ in the last of them.
const REPRODUCED: f64 = 1e-4;

/// What a comparison with a record finds.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The claim's full name.
    pub claim: String,
    /// The variant against the reference, point by point and overall.
    pub comparison: Comparison,
    /// The variant against the paper's bound.
    pub verdict: SeriesOutcome,
    /// Every recorded series and the variant, best first: the geometric mean of the point means, as a
    /// share of the reference's.
    pub ranking: Vec<(String, f64)>,
}

/// Why there is no comparison.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum VariantError {
    /// The claim is `always`, which has no values to compare.
    #[error("an 'always' claim has no values to compare")]
    NoValues,
    /// The record has no such claim, or no method in it.
    #[error("the record has no values of this claim")]
    NoRecord,
    /// The reference, run again, is not what the record says: first mend that.
    #[error("the reference does not reproduce its record at {x}: measured {measured}, recorded {recorded}")]
    NotReproduced {
        /// The sweep point.
        x: f64,
        /// The mean of this run.
        measured: String,
        /// The mean in the record.
        recorded: String,
    },
    /// The reference or the variant could not be measured or judged.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The two samples are not comparable.
    #[error(transparent)]
    Compare(#[from] compare::CompareError),
}

/// Runs a variant on the streams of the reference and compares. `id` is the claim's full name
/// (`area/paper/claim`); `variant` is the same claim given another method.
///
/// # Errors
/// See [`VariantError`]; the reference is run again and must reproduce its record.
pub fn compare_variant(
    id: &str,
    reference: &Claim,
    variant: &Claim,
    recorded: &RecordedClaim,
) -> Result<Report, VariantError> {
    let settings = Settings::default();
    let before = reproduce(id, reference, recorded, settings)?;
    let Measured::Numbers(after) = measure(variant, id, settings)? else {
        return Err(VariantError::NoValues);
    };
    let comparison = compare::compare(&before, &after, lower_is_better(reference), &options(reference))?;
    report(id, variant, after, comparison, recorded, settings)
}

/// Compares values made elsewhere, without common streams. A sample of the claim's quick sweep.
///
/// # Errors
/// See [`VariantError`]; the reference is run again and must reproduce its record.
pub fn compare_values(
    id: &str,
    reference: &Claim,
    values: Sample,
    recorded: &RecordedClaim,
) -> Result<Report, VariantError> {
    let settings = Settings::default();
    let before = reproduce(id, reference, recorded, settings)?;
    let comparison =
        compare::compare_unpaired(&before, &values, lower_is_better(reference), &options(reference))?;
    report(id, reference, values, comparison, recorded, settings)
}

fn worst(claim: &Claim) -> Worst {
    if matches!(claim.law, Law::AtLeast(_)) { Worst::Smallest } else { Worst::Largest }
}

/// Losses, regrets and errors are better small; what is bounded from below is better large.
fn lower_is_better(claim: &Claim) -> bool {
    !matches!(claim.law, Law::AtLeast(_))
}

fn options(claim: &Claim) -> compare::Settings {
    compare::Settings { worst: worst(claim), ..compare::Settings::default() }
}

/// Measures the reference and checks it against the record.
fn reproduce(
    id: &str,
    reference: &Claim,
    recorded: &RecordedClaim,
    settings: Settings,
) -> Result<Sample, VariantError> {
    let Measured::Numbers(sample) = measure(reference, id, settings)? else {
        return Err(VariantError::NoValues);
    };
    let method = recorded.series.first().filter(|s| !s.points.is_empty()).ok_or(VariantError::NoRecord)?;
    let judged = verdict::judge(reference, &Measured::Numbers(sample.clone()), settings.tier)?;
    if judged.points.len() != method.points.len() {
        return Err(VariantError::NoRecord);
    }
    for (now, then) in judged.points.iter().zip(&method.points) {
        if now.n != then.count || !((now.mean - then.mean).abs() <= REPRODUCED * then.mean.abs()) {
            let (measured, recorded) = (significant(now.mean), significant(then.mean));
            return Err(VariantError::NotReproduced { x: now.x, measured, recorded });
        }
    }
    Ok(sample)
}

fn report(
    id: &str,
    claim: &Claim,
    values: Sample,
    comparison: Comparison,
    recorded: &RecordedClaim,
    settings: Settings,
) -> Result<Report, VariantError> {
    let judged = verdict::judge(claim, &Measured::Numbers(values), settings.tier);
    let ranking = judged.as_ref().map_or(Vec::new(), |j| ranking(j, recorded, lower_is_better(claim)));
    let verdict = SeriesOutcome::new("variant", None, judged);
    Ok(Report { claim: id.into(), comparison, verdict, ranking })
}

fn ranking(variant: &Judgement, recorded: &RecordedClaim, lower_is_better: bool) -> Vec<(String, f64)> {
    let geometric = |means: &[f64]| (means.iter().map(|m| m.ln()).sum::<f64>() / means.len() as f64).exp();
    let of = |s: &RecordedSeries| geometric(&s.points.iter().map(|p| p.mean).collect::<Vec<_>>());
    let own = geometric(&variant.points.iter().map(|p| p.mean).collect::<Vec<_>>());
    let Some(reference) = recorded.series.first().map(of) else { return Vec::new() };
    let mut rows: Vec<(String, f64)> = (recorded.series.iter())
        .filter(|s| s.points.len() == variant.points.len())
        .map(|s| (s.name.clone(), of(s) / reference))
        .chain([("variant".into(), own / reference)])
        .collect();
    rows.sort_by(|a, b| if lower_is_better { a.1.total_cmp(&b.1) } else { b.1.total_cmp(&a.1) });
    rows
}
