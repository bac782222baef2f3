//! `ratebook compare`: values made elsewhere against a claim's reference.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use comfy_table::Cell;
use ratebook_judge::compare::Word;
use ratebook_judge::record::significant;
use ratebook_judge::sample::{Point, Sample};
use ratebook_judge::variant::{self, Report};
use ratebook_judge::{Claim, Tier};

use super::{Outcome, style, write};
use crate::catalog;

/// Options of `compare`.
#[derive(Args)]
pub struct Arguments {
    /// A claim: area/paper/claim
    claim: String,
    /// CSV with the columns point, replicate, value (and member, for a claim about a family)
    #[arg(long, value_name = "FILE")]
    values: PathBuf,
    /// Also write the comparison as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Exit with 1 when the values are worse, or already when they are undecided
    #[arg(long, value_name = "WORD")]
    fail_on: Option<FailOn>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Worse,
    Undecided,
}

/// Runs `compare`.
pub fn run(arguments: &Arguments) -> Outcome {
    let id = arguments.claim.replace("::", "/");
    let papers = crate::papers();
    let found = papers.iter().flat_map(|p| p.claims.iter().map(move |c| (p, c)));
    let (paper, claim) = (found.into_iter().find(|(p, c)| catalog::claim_id(p, c) == id))
        .ok_or_else(|| format!("no claim is called '{id}'; `ratebook list` shows them"))?;
    let values = read_values(&arguments.values, claim)?;
    let record = catalog::read_record(&catalog::root(), paper.id)?;
    let recorded = record.iter().find(|r| r.id == id).ok_or_else(|| format!("{id} has no record"))?;
    let report = variant::compare_values(&id, claim, values, recorded).map_err(|e| e.to_string())?;
    print_report(&report, &claim.axis);
    if let Some(path) = &arguments.json {
        write(path, &serde_json::to_string_pretty(&report).map_err(|e| e.to_string())?)?;
    }
    let fails = match report.comparison.overall {
        Word::Worse => arguments.fail_on.is_some(),
        Word::Undecided { .. } => arguments.fail_on == Some(FailOn::Undecided),
        Word::Better | Word::Equivalent => false,
    };
    Ok(!fails)
}

fn print_report(report: &Report, axis: &str) {
    println!("{}: {}", report.claim, report.comparison.overall);
    let mut table =
        style::table(&[axis, "variant÷reference", "from", "to", "p (Holm)", ""], &[0, 1, 2, 3, 4]);
    for p in &report.comparison.points {
        let ratio = |log: f64| style::short(Some(log.exp()));
        table.add_row(vec![
            Cell::new(significant(p.x)),
            Cell::new(ratio(p.log_ratio)),
            Cell::new(ratio(p.low)),
            Cell::new(ratio(p.high)),
            Cell::new(style::short(Some(p.adjusted_p_value))),
            Cell::new(p.word),
        ]);
    }
    println!("{table}");
    let judged = &report.verdict.judgement;
    let why = if judged.reason.is_empty() { String::new() } else { format!(" ({})", judged.reason) };
    println!("against the paper's bound: {}{why}", judged.verdict);
    if let (Some(slope), Some(exponent)) = (judged.slope, judged.exponent) {
        let [fit, low, high] = [slope.fit, slope.low, slope.high].map(|v| style::short(Some(v)));
        println!("exponent {}, beyond the promised rate {fit} [{low}, {high}]", style::short(Some(exponent)));
    }
    println!("ranking, as a share of the reference:");
    for (name, share) in &report.ranking {
        println!("  {:>9}  {name}", style::short(Some(*share)));
    }
}

#[derive(serde::Deserialize)]
struct Row {
    point: f64,
    replicate: u64,
    value: f64,
    #[serde(default)]
    member: usize,
}

/// Reads the values of every point of the claim's quick sweep. Every message names the file and the row.
fn read_values(path: &Path, claim: &Claim) -> Result<Sample, String> {
    let fail = |what: String| format!("{}: {what}", path.display());
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(|e| fail(e.to_string()))?;
    let sweep = claim.points(Tier::Quick);
    // By point, member and replicate, so that the order of the rows does not matter.
    let mut cells: BTreeMap<(usize, usize, u64), f64> = BTreeMap::new();
    for row in reader.deserialize() {
        let row: Row = row.map_err(|e| fail(e.to_string()))?;
        if !row.value.is_finite() {
            return Err(fail(format!("the value {} at point {} is not finite", row.value, row.point)));
        }
        let index = (sweep.iter().position(|x| (x - row.point).abs() <= 1e-9 * x.abs()))
            .ok_or_else(|| fail(format!("point {} is not in the claim's sweep {sweep:?}", row.point)))?;
        if cells.insert((index, row.member, row.replicate), row.value).is_some() {
            return Err(fail(format!("point {}, replicate {} comes twice", row.point, row.replicate)));
        }
    }
    let mut points: Vec<Point> = sweep.iter().map(|&x| Point { x, members: Vec::new() }).collect();
    for (&(index, member, _), &value) in &cells {
        let members = &mut points[index].members;
        match member.cmp(&members.len()) {
            std::cmp::Ordering::Greater => return Err(fail(format!("member {} is missing", members.len()))),
            std::cmp::Ordering::Equal => members.push(vec![value]),
            std::cmp::Ordering::Less => members[member].push(value),
        }
    }
    if let Some(point) = points.iter().find(|p| p.members.is_empty()) {
        return Err(fail(format!("point {} has no value", point.x)));
    }
    Ok(Sample { points, paths: false })
}
