//! `ratebook record`: run claims, show what changes in their records, and accept it.

use clap::Args;
use ratebook_judge::{Paper, Settings, record};

use super::{Outcome, write};
use crate::catalog;

/// Options of `record`.
#[derive(Args)]
pub struct Arguments {
    /// Papers to record, by a part of their names
    filter: Vec<String>,
    /// Write the records; refused unless every claim holds and every control is violated
    #[arg(long)]
    accept: bool,
}

/// Runs `record`; true when everything is as required and, without `--accept`, nothing differs.
pub fn run(arguments: &Arguments) -> Outcome {
    let root = catalog::root();
    let selected = catalog::select(crate::papers(), &arguments.filter)?;
    // A record is of a whole paper.
    let papers = crate::papers().into_iter().filter(|p| selected.iter().any(|s| s.id == p.id));
    let (mut refused, mut changed) = (Vec::new(), Vec::new());
    for paper in papers {
        let outcomes: Vec<_> = paper
            .claims
            .iter()
            .map(|claim| ratebook_judge::run(paper.id, claim, Settings::default()))
            .collect();
        refused.extend(outcomes.iter().filter(|o| !o.verified()).map(|o| o.id.clone()));
        let text = record::write(paper.id, &outcomes);
        if show_differences(&root, &paper, &text)? {
            changed.push((paper, text));
        }
    }
    if !refused.is_empty() {
        println!("not recorded, because not verified: {}", refused.join(", "));
        return Ok(false);
    }
    if !arguments.accept {
        println!(
            "{} records differ{}",
            changed.len(),
            if changed.is_empty() { "" } else { "; --accept writes them" }
        );
        return Ok(changed.is_empty());
    }
    for (paper, text) in &changed {
        let path = catalog::record_path(&root, paper.id);
        write(&path, &format!("---\nsource: tests/claims.rs\n---\n{text}"))?;
        println!("wrote {}", path.display());
    }
    Ok(true)
}

/// Prints what differs from the record; true when something does, be it in the wording only.
fn show_differences(root: &std::path::Path, paper: &Paper, text: &str) -> Result<bool, String> {
    let old = catalog::read_record(root, paper.id)?;
    let new = record::parse(text).map_err(|e| e.to_string())?;
    let recorded = std::fs::read_to_string(catalog::record_path(root, paper.id)).unwrap_or_default();
    let differs = !recorded.trim_end().ends_with(text.trim_end());
    println!("{}: {}", paper.id, if differs { "differs" } else { "unchanged" });
    record::differences(&old, &new).iter().for_each(|line| println!("  {line}"));
    Ok(differs)
}
