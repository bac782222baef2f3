//! What people look at: plots, and the HTML report of a run.
//!
//! [`plot()`] draws a run and [`plot_record`] a record, both through [`figure::Figure`]; [`write()`] makes one page
//! of everything that was run, which needs neither a server nor a network.

pub mod axis;
pub mod figure;
pub mod math;
mod page;
pub mod plot;

use std::path::Path;

use ratebook_judge::record::{RecordedClaim, significant};
use ratebook_judge::{Outcome, Paper};
use serde::{Deserialize, Serialize};

use crate::catalog;
use figure::Figure;
use plot::Plot;

/// A claim that was run, with the time that it took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verified {
    /// What came out.
    pub outcome: Outcome,
    /// Wall-clock seconds, all companions included.
    pub seconds: f64,
}

/// The picture of a run: measured with its band, the bound, the companions, and the recorded means where the
/// record differs. None where there is nothing to see.
pub fn plot(outcome: &Outcome, record: Option<&RecordedClaim>) -> Option<Plot> {
    plot::draw(&Figure::of_outcome(outcome, record))
}

/// The picture of a record. `axis` is the name of the claim's sweep variable.
pub fn plot_record(record: &RecordedClaim, axis: &str) -> Option<Plot> {
    plot::draw(&Figure::of_record(record, axis))
}

/// Writes `index.html` into `dir`, which is made if need be. Records are read from the workspace at `root`;
/// a plot shows one only where it differs.
///
/// # Errors
/// The file that could not be written or is not a record.
pub fn write(dir: &Path, papers: &[Paper], results: &[Verified], root: &Path) -> Result<(), String> {
    let fail = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let mut records = Vec::new();
    for paper in papers {
        records.extend(catalog::read_record(root, paper.id)?);
    }
    std::fs::create_dir_all(dir).map_err(|e| fail(dir, e))?;
    let path = dir.join("index.html");
    std::fs::write(&path, page::render(papers, results, &records)).map_err(|e| fail(&path, e))
}

/// A number at three significant digits.
pub fn short(value: f64) -> String {
    significant(format!("{value:.2e}").parse().unwrap_or(value))
}
