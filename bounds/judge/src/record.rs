//! Records: what a paper's claims gave, as text that a person reads in a diff and a program reads
//! back. Six significant digits; no times, no dates, no machine.

use crate::claim::Role;
use crate::outcome::{Outcome, SeriesOutcome, Verdict};

/// A recorded claim.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedClaim {
    /// `area/paper/claim`.
    pub id: String,
    /// Law, source, evidence, tier and seed: `key value` lines in the record's order.
    pub head: Vec<(String, String)>,
    /// The method first, then the companions.
    pub series: Vec<RecordedSeries>,
}

/// A recorded series.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedSeries {
    /// `method`, or role and name of the companion.
    pub name: String,
    /// The points.
    pub points: Vec<RecordedPoint>,
    /// Slope fit, low, high, and the exponent, for rates.
    pub slope: Option<[f64; 4]>,
    /// The verdict line: the verdict, then margin, marks.
    pub verdict: String,
}

/// A recorded point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecordedPoint {
    /// The position on the axis.
    pub x: f64,
    /// Replicates, or cases.
    pub count: usize,
    /// The mean.
    pub mean: f64,
    /// Its standard error.
    pub stderr: f64,
    /// The curve.
    pub bound: f64,
    /// Measured ÷ bound; NaN where it has no meaning.
    pub ratio: f64,
}

/// A number at six significant digits, without trailing zeros; scientific far from one.
pub fn significant(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{}", if value == 0.0 { 0.0 } else { value });
    }
    let scientific = format!("{value:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |s: &str| -> String {
        if s.contains('.') { s.trim_end_matches('0').trim_end_matches('.').into() } else { s.into() }
    };
    if (-4..9).contains(&exponent) {
        trim(&format!("{value:.*}", (5 - exponent).max(0) as usize))
    } else {
        format!("{}e{exponent}", trim(mantissa))
    }
}

/// The record of a paper: its claims' outcomes in order.
pub fn write(paper: &str, outcomes: &[Outcome]) -> String {
    let mut text = format!("paper {paper}\n");
    for outcome in outcomes {
        let tier = outcome.settings.tier.name();
        let seed = outcome.settings.root_seed;
        text += &format!("\nclaim {}\n", outcome.id);
        text += &format!("law {}\nsource {}\n", outcome.law, outcome.source);
        text += &format!("evidence {}\n", outcome.evidence.name());
        text += &format!("detects {}\n", significant(outcome.detects));
        text += &format!("tier {tier}, root seed {seed}\n");
        for series in outcome.series() {
            text += &write_series(series, &outcome.axis);
        }
    }
    text
}

fn series_name(series: &SeriesOutcome) -> String {
    match series.role {
        None => series.name.clone(),
        Some(Role::Control) => format!("control {}", series.name),
        Some(Role::Refutation) => format!("refutation {}", series.name),
        Some(Role::Baseline) => format!("baseline {}", series.name),
        Some(Role::Peer) => format!("peer {}", series.name),
    }
}

fn write_series(series: &SeriesOutcome, axis: &str) -> String {
    let judged = &series.judgement;
    let mut text = format!("\n  series {}\n", series_name(series));
    let header =
        [axis.replace(' ', "_").as_str(), "count", "mean", "stderr", "bound", "mean/bound"].map(String::from);
    let rows = judged.points.iter().map(|p| {
        let ratio = p.ratio.map_or("-".into(), significant);
        [
            significant(p.x),
            p.n.to_string(),
            significant(p.mean),
            significant(p.stderr),
            significant(p.bound),
            ratio,
        ]
    });
    for row in std::iter::once(header).chain(rows) {
        text += "  ";
        for cell in row {
            text += &format!(" {cell:>12}");
        }
        text.push('\n');
    }
    if let Some(slope) = judged.slope {
        let exponent = judged.exponent.unwrap_or(f64::NAN);
        // An exponent of zero is recorded as zero, not as the rounding error it was computed with.
        let exact = |v: f64| significant(if v.abs() < 5e-10 { 0.0 } else { v });
        let [fit, low, high, exponent] = [slope.fit, slope.low, slope.high, exponent].map(exact);
        text += &format!("  slope {fit} in {low} to {high}, exponent {exponent}\n");
    }
    text += &format!("  verdict {}\n", verdict_line(series));
    text
}

fn verdict_line(series: &SeriesOutcome) -> String {
    let judged = &series.judgement;
    let mut line = judged.verdict.to_string();
    if judged.verdict == Verdict::Violated {
        line += &format!(", margin {}", significant(judged.margin));
    }
    if judged.vacuous {
        line += ", vacuous";
    }
    if judged.fragile {
        line += ", fragile";
    }
    line
}

/// A line that is not part of a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ParseError {
    /// Counted from one.
    pub line: usize,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// Reads a record back. Lines before `paper` (a snapshot's header) are skipped.
///
/// # Errors
/// The first line that is not part of a record.
pub fn parse(text: &str) -> Result<Vec<RecordedClaim>, ParseError> {
    let mut claims: Vec<RecordedClaim> = Vec::new();
    let lines = text.lines().enumerate().skip_while(|(_, line)| !line.starts_with("paper "));
    for (index, line) in lines.skip(1) {
        let fail = |problem| ParseError { line: index + 1, problem };
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let (word, rest) = line.split_once(' ').ok_or_else(|| fail("a single word"))?;
        if word == "claim" {
            claims.push(RecordedClaim { id: rest.into(), head: Vec::new(), series: Vec::new() });
            continue;
        }
        let claim = claims.last_mut().ok_or_else(|| fail("comes before the first claim"))?;
        match (word, claim.series.last_mut()) {
            ("series", _) => claim.series.push(RecordedSeries {
                name: rest.into(),
                points: Vec::new(),
                slope: None,
                verdict: String::new(),
            }),
            (_, None) => claim.head.push((word.into(), rest.into())),
            ("verdict", Some(series)) => series.verdict = rest.into(),
            ("slope", Some(series)) => {
                let numbers: Vec<f64> = rest.split([' ', ',']).filter_map(|part| part.parse().ok()).collect();
                series.slope = Some(numbers.try_into().map_err(|_| fail("a slope has four numbers"))?);
            }
            (_, Some(_)) if line.ends_with("mean/bound") => {}
            (_, Some(series)) => series.points.push(parse_point(line).ok_or_else(|| fail("not a point"))?),
        }
    }
    Ok(claims)
}

fn parse_point(line: &str) -> Option<RecordedPoint> {
    let cells: Vec<&str> = line.split_whitespace().collect();
    let [x, count, mean, stderr, bound, ratio] = cells.try_into().ok()?;
    let number = |cell: &str| cell.parse::<f64>().ok();
    Some(RecordedPoint {
        x: number(x)?,
        count: count.parse().ok()?,
        mean: number(mean)?,
        stderr: number(stderr)?,
        bound: number(bound)?,
        ratio: if ratio == "-" { f64::NAN } else { number(ratio)? },
    })
}

/// What differs between two records of a paper, a line each: claims and series that one lacks, and
/// numbers that moved, with whether they still agree statistically (within four joint standard
/// errors), so that a platform's last digit and a real change are told apart.
pub fn differences(old: &[RecordedClaim], new: &[RecordedClaim]) -> Vec<String> {
    let mut found = Vec::new();
    let missing = |from: &[RecordedClaim], id: &str| !from.iter().any(|c| c.id == id);
    found.extend(old.iter().filter(|c| missing(new, &c.id)).map(|c| format!("{}: only in the record", c.id)));
    for claim in new {
        let Some(before) = old.iter().find(|c| c.id == claim.id) else {
            found.push(format!("{}: not in the record", claim.id));
            continue;
        };
        for ((key, was), (_, is)) in before.head.iter().zip(&claim.head).filter(|(a, b)| a != b) {
            found.push(format!("{}: {key} was {was}, is {is}", claim.id));
        }
        for series in &before.series {
            if !claim.series.iter().any(|s| s.name == series.name) {
                found.push(format!("{}, {}: only in the record", claim.id, series.name));
            }
        }
        for series in &claim.series {
            let name = format!("{}, {}", claim.id, series.name);
            match before.series.iter().find(|s| s.name == series.name) {
                None => found.push(format!("{name}: not in the record")),
                Some(before) => series_differences(&name, before, series, &mut found),
            }
        }
    }
    found
}

fn series_differences(name: &str, old: &RecordedSeries, new: &RecordedSeries, found: &mut Vec<String>) {
    if old.verdict != new.verdict {
        found.push(format!("{name}: verdict was {}, is {}", old.verdict, new.verdict));
    }
    if old.points.len() != new.points.len() {
        found.push(format!("{name}: had {} points, has {}", old.points.len(), new.points.len()));
    }
    for (a, b) in old.points.iter().zip(&new.points) {
        let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan());
        if same(a.x, b.x)
            && a.count == b.count
            && same(a.mean, b.mean)
            && same(a.stderr, b.stderr)
            && same(a.bound, b.bound)
        {
            continue;
        }
        let joint = a.stderr.hypot(b.stderr);
        let word = if (a.mean - b.mean).abs() <= 1e-4 * a.mean.abs() {
            "agree but for the last digits"
        } else if (a.mean - b.mean).abs() <= 4.0 * joint {
            "still agree statistically"
        } else {
            "do not agree"
        };
        found.push(format!(
            "{name} at {}: mean {} ± {} (bound {}) was {} ± {} (bound {}): {word}",
            significant(b.x),
            significant(b.mean),
            significant(b.stderr),
            significant(b.bound),
            significant(a.mean),
            significant(a.stderr),
            significant(a.bound),
        ));
    }
    if old.slope != new.slope && old.points == new.points {
        found.push(format!("{name}: slope moved from {:?} to {:?}", old.slope, new.slope));
    }
}
