//! Finding papers and claims, their records, and the status that the records give them.

use std::path::{Path, PathBuf};

use ratebook_judge::outcome::SeriesOutcome;
use ratebook_judge::record::{self, RecordedClaim, RecordedSeries};
use ratebook_judge::verdict::{FRAGILE_EXTRA, VACUOUS_FACTOR};
use ratebook_judge::{Claim, Outcome, Paper};

/// What the records say about a paper or a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It holds, its bound says something, and every control and refutation is violated.
    Verified,
    /// Verified, but by so little that some fresh seed would fail it.
    Fragile,
    /// It holds, but the bound is so loose that this says nothing.
    Vacuous,
    /// It does not hold, or a control is not violated.
    Failing,
    /// There is no record.
    Unrecorded,
}

impl Status {
    /// All of them, best first.
    pub const ALL: [Status; 5] =
        [Status::Verified, Status::Fragile, Status::Vacuous, Status::Failing, Status::Unrecorded];

    /// Its word in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Status::Verified => "verified",
            Status::Fragile => "fragile",
            Status::Vacuous => "vacuous",
            Status::Failing => "failing",
            Status::Unrecorded => "unrecorded",
        }
    }

    /// Its definition, as the book prints it, with formulas between dollar signs.
    pub fn meaning(self) -> String {
        match self {
            Status::Verified => {
                "Every claim holds, no bound is vacuous, and every control and refutation is violated.".into()
            }
            Status::Fragile => format!(
                "Verified, but some claim holds by less than $z_\\alpha + {FRAGILE_EXTRA}$ standard errors: some \
                 fresh seed would fail it."
            ),
            Status::Vacuous => format!(
                "As required in every verdict, but some bound says nothing: it is never within a factor of \
                 {VACUOUS_FACTOR} of the measurement, or nowhere better than the trivial bound."
            ),
            Status::Failing => {
                "Some claim does not hold, or some control or refutation is not violated.".into()
            }
            Status::Unrecorded => "Some claim has no record yet.".into(),
        }
    }

    /// What a run says about a claim.
    pub fn of(outcome: &Outcome) -> Self {
        let judged = &outcome.method.judgement;
        match outcome.verified() {
            true if judged.fragile => Status::Fragile,
            true => Status::Verified,
            false if judged.vacuous && outcome.series().all(SeriesOutcome::as_required) => Status::Vacuous,
            false => Status::Failing,
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// The workspace: the nearest folder above the current one that holds the records, else the one that this
/// program was built from.
pub fn root() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let is_root = |dir: &&Path| dir.join("tests/snapshots").is_dir() && dir.join("bounds/judge").is_dir();
    let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    here.ancestors().find(is_root).unwrap_or(built_from).to_path_buf()
}

/// Where a paper's record stands below the workspace.
pub fn record_path(root: &Path, paper: &str) -> PathBuf {
    root.join("tests/snapshots").join(format!("{paper}.snap"))
}

/// A paper's record; empty when there is none.
///
/// # Errors
/// The file cannot be read or is not a record; the message names it.
pub fn read_record(root: &Path, paper: &str) -> Result<Vec<RecordedClaim>, String> {
    let path = record_path(root, paper);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    record::parse(&text).map_err(|e| format!("{}: {e}", path.display()))
}

/// The full name of a claim.
pub fn claim_id(paper: &Paper, claim: &Claim) -> String {
    format!("{}/{}", paper.id, claim.id)
}

fn claim_status(series: &[RecordedSeries]) -> Status {
    let as_required = |s: &RecordedSeries| match s.name.split(' ').next() {
        Some("baseline") => true,
        Some("control" | "refutation") => s.verdict.starts_with("violated"),
        _ => s.verdict.starts_with("holds"),
    };
    match series.first() {
        None => Status::Unrecorded,
        _ if !series.iter().all(as_required) => Status::Failing,
        Some(method) if method.verdict.contains("vacuous") => Status::Vacuous,
        Some(method) if method.verdict.contains("fragile") => Status::Fragile,
        _ => Status::Verified,
    }
}

/// The worst status among a paper's claims.
pub fn status(paper: &Paper, recorded: &[RecordedClaim]) -> Status {
    let of = |claim: &Claim| {
        let id = claim_id(paper, claim);
        recorded.iter().find(|c| c.id == id).map_or(Status::Unrecorded, |c| claim_status(&c.series))
    };
    paper.claims.iter().map(of).max().unwrap_or(Status::Unrecorded)
}

/// The papers with the claims that match any of the filters; all when there is no filter. A filter matches a
/// part of a claim's full name; `::` may be written for `/`.
///
/// # Errors
/// A filter that matches nothing.
pub fn select(papers: Vec<Paper>, filters: &[String]) -> Result<Vec<Paper>, String> {
    let filters: Vec<String> = filters.iter().map(|f| f.replace("::", "/")).collect();
    let matches = |filter: &String, id: &str| id.contains(filter.as_str());
    for filter in &filters {
        let known =
            |p: &Paper| matches(filter, p.id) || p.claims.iter().any(|c| matches(filter, &claim_id(p, c)));
        if !papers.iter().any(known) {
            return Err(format!("no paper or claim matches '{filter}'; `ratebook list` shows them"));
        }
    }
    let keep = |mut paper: Paper| {
        let id = paper.id;
        paper.claims.retain(|c| {
            let full = format!("{id}/{}", c.id);
            filters.is_empty() || filters.iter().any(|f| matches(f, &full))
        });
        (!paper.claims.is_empty()).then_some(paper)
    };
    Ok(papers.into_iter().filter_map(keep).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str, verdict: &str) -> RecordedSeries {
        RecordedSeries { name: name.into(), points: vec![], slope: None, verdict: verdict.into() }
    }

    #[test]
    fn statuses() {
        let of = |method: &str, control: &str| {
            claim_status(&[
                series("method", method),
                series("control c", control),
                series("baseline b", "violated"),
            ])
        };
        assert_eq!(of("holds", "violated, margin 2"), Status::Verified);
        assert_eq!(of("holds, fragile", "violated, margin 2"), Status::Fragile);
        assert_eq!(of("holds, vacuous", "violated, margin 2"), Status::Vacuous);
        assert_eq!(of("holds", "inconclusive"), Status::Failing);
        assert_eq!(of("violated, margin 1", "violated, margin 2"), Status::Failing);
        assert_eq!(claim_status(&[]), Status::Unrecorded);
    }

    #[test]
    fn filters_match_parts_of_names() {
        let all = crate::papers();
        assert_eq!(select(all.clone(), &[]).unwrap().len(), all.len());
        let one = select(all.clone(), &["bandits::bracketing_halving::rate_in_arms".into()]).unwrap();
        assert_eq!((one.len(), one[0].claims.len()), (1, 1));
        assert!(select(all, &["no such paper".into()]).is_err_and(|e| e.contains("no such paper")));
    }
}
