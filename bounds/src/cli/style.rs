//! Tables and colours: colours only on a terminal that did not ask for none.

use std::io::IsTerminal;

use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, LineStyle, Table, presets};
use ratebook_judge::Verdict;
use ratebook_judge::outcome::SeriesOutcome;

use crate::report;

/// Whether stdout wants colour: it is a terminal and `NO_COLOR` is not set.
fn colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// A table with these column heads; the columns named in `right` are set flush right.
pub fn table(heads: &[&str], right: &[usize]) -> Table {
    let mut table = Table::new();
    // One line below the heads: rows of numbers read better without rules between them.
    let rules = presets::NOTHING.header_separator(LineStyle::none().fill('─').junction('─'));
    table.load_style(rules).set_content_arrangement(ContentArrangement::Dynamic);
    if colour() {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table.set_header(heads.iter().map(|head| Cell::new(head).add_attribute(Attribute::Bold)));
    for &column in right {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// A verdict with its marks, green when it is the one required, red when it is not.
pub fn verdict(series: &SeriesOutcome) -> Cell {
    let judged = &series.judgement;
    let mut text = judged.verdict.to_string();
    if judged.vacuous {
        text += " (vacuous)";
    }
    if judged.fragile {
        text += " (fragile)";
    }
    let good = series.as_required() && !judged.vacuous;
    let colour = match (good, judged.verdict) {
        (true, _) if judged.fragile => Color::Yellow,
        (true, _) => Color::Green,
        (false, Verdict::Inconclusive) => Color::Yellow,
        (false, _) => Color::Red,
    };
    Cell::new(text).fg(colour)
}

/// A number at three significant digits, or a dash.
pub fn short(value: Option<f64>) -> String {
    value.map_or("-".into(), report::short)
}

/// The controls' common verdict with the smallest margin among them, or the ones that failed to break.
pub fn controls(outcome: &ratebook_judge::Outcome) -> Cell {
    let unbroken: Vec<&str> =
        outcome.controls().filter(|c| !c.as_required()).map(|c| c.judgement.verdict.name()).collect();
    let count = outcome.controls().count();
    match (count, unbroken.as_slice()) {
        (0, _) => Cell::new("none").fg(Color::Red),
        (_, []) => {
            let margin = outcome.controls().map(|c| c.judgement.margin).reduce(f64::min);
            Cell::new(format!("{count} violated, by {}", short(margin))).fg(Color::Green)
        }
        (_, [first, ..]) => Cell::new(format!("{} of {count} {first}", unbroken.len())).fg(Color::Red),
    }
}
