//! `ratebook show`: one paper's statements, bounds and recorded numbers, with a small plot.

use clap::Args;
use comfy_table::Cell;
use ratebook_judge::Claim;
use ratebook_judge::record::{RecordedClaim, RecordedPoint, RecordedSeries, significant};
use textplots::{Chart, Plot, Shape};

use super::{Outcome, style};
use crate::catalog;

/// Options of `show`.
#[derive(Args)]
pub struct Arguments {
    /// A paper (area/paper), or a part of a name
    paper: String,
}

/// Runs `show`.
pub fn run(arguments: &Arguments) -> Outcome {
    let root = catalog::root();
    for paper in catalog::select(crate::papers(), std::slice::from_ref(&arguments.paper))? {
        let recorded = catalog::read_record(&root, paper.id)?;
        println!("{}\n{}", paper.title, "=".repeat(paper.title.chars().count()));
        if let Some(arxiv) = paper.arxiv {
            println!("arXiv {arxiv}");
        }
        println!("status: {}", catalog::status(&paper, &recorded));
        for claim in &paper.claims {
            show_claim(claim);
            let id = catalog::claim_id(&paper, claim);
            match recorded.iter().find(|r| r.id == id) {
                Some(recorded) => show_record(claim, recorded),
                None => println!("no record yet; `ratebook record {id} --accept` writes it"),
            }
        }
    }
    Ok(true)
}

fn show_claim(claim: &Claim) {
    println!("\n{}\n{}", claim.id, "-".repeat(claim.id.len()));
    println!("{}", claim.statement.replace('$', ""));
    if !claim.assumptions.is_empty() {
        println!("assuming {}", claim.assumptions.replace('$', ""));
    }
    let memory = if claim.from_memory { ", from memory" } else { "" };
    println!(
        "law {}; source: {}{memory}; evidence: {}; detects {}",
        claim.law.name(),
        claim.source,
        claim.evidence.name(),
        style::short(Some(claim.detectable()))
    );
}

fn show_record(claim: &Claim, recorded: &RecordedClaim) {
    let heads = ["series", &claim.axis, "count", "mean", "stderr", "bound", "mean÷bound"];
    let mut table = style::table(&heads, &[1, 2, 3, 4, 5, 6]);
    for series in &recorded.series {
        for (index, p) in series.points.iter().enumerate() {
            let ratio = if p.ratio.is_nan() { "-".into() } else { significant(p.ratio) };
            table.add_row(vec![
                Cell::new(if index == 0 { series.name.as_str() } else { "" }),
                Cell::new(significant(p.x)),
                Cell::new(p.count),
                Cell::new(significant(p.mean)),
                Cell::new(significant(p.stderr)),
                Cell::new(significant(p.bound)),
                Cell::new(ratio),
            ]);
        }
    }
    println!("{table}");
    for series in &recorded.series {
        let slope = series.slope.map_or(String::new(), |[fit, low, high, exponent]| {
            format!(", slope {fit} in {low} to {high}, exponent {exponent}")
        });
        println!("{}: {}{slope}", series.name, series.verdict);
    }
    if let Some(method) = recorded.series.first().filter(|s| s.points.len() > 2) {
        plot(claim, method);
    }
}

/// Measured (dots) and bound (line) on the scale that the numbers ask for.
fn plot(claim: &Claim, series: &RecordedSeries) {
    let positive = |p: &RecordedPoint| p.x > 0.0 && p.mean > 0.0 && p.bound > 0.0;
    let log = series.points.iter().all(positive);
    if !log && series.points.iter().all(|p| p.bound == 0.0) {
        return;
    }
    let scale = |v: f64| if log { v.log10() as f32 } else { v as f32 };
    let points = |value: fn(&RecordedPoint) -> f64| -> Vec<(f32, f32)> {
        series.points.iter().map(|p| (scale(p.x), scale(value(p)))).collect()
    };
    let (measured, bound) = (points(|p| p.mean), points(|p| p.bound));
    let (low, high) = (measured[0].0, measured[measured.len() - 1].0);
    let axes = if log { "log10 of " } else { "" };
    println!("\n{axes}mean (dots) and bound (line) against {axes}{}", claim.axis);
    // Printed by the library itself, on stdout.
    Chart::new(120, 40, low, high).lineplot(&Shape::Lines(&bound)).lineplot(&Shape::Points(&measured)).nice();
}
