//! `ratebook list`: the catalogue.

use clap::Args;
use comfy_table::Cell;

use super::{Outcome, style};
use crate::{catalog, json};

/// Options of `list`.
#[derive(Args)]
pub struct Arguments {
    /// A part of a name
    filter: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `list`.
pub fn run(arguments: &Arguments) -> Outcome {
    let root = catalog::root();
    let filters: Vec<String> = arguments.filter.iter().cloned().collect();
    let papers = catalog::select(crate::papers(), &filters)?;
    let with_status = |paper: ratebook_judge::Paper| {
        let status = catalog::status(&paper, &catalog::read_record(&root, paper.id)?);
        Ok((paper, status))
    };
    let papers = papers.into_iter().map(with_status).collect::<Result<Vec<_>, String>>()?;
    if arguments.json {
        print!("{}", json::listed(&papers));
        return Ok(true);
    }
    for (paper, status) in &papers {
        let arxiv = paper.arxiv.map_or(String::new(), |id| format!(", arXiv {id}"));
        println!("{}: {status}\n{}{arxiv}", paper.id, paper.title);
        let mut table = style::table(&["claim", "law", "source", "evidence", "controls", "detects"], &[4, 5]);
        for claim in &paper.claims {
            let memory = if claim.from_memory { " (from memory)" } else { "" };
            table.add_row(vec![
                Cell::new(&claim.id),
                Cell::new(claim.law.name()),
                Cell::new(format!("{}{memory}", claim.source)),
                Cell::new(claim.evidence.name()),
                Cell::new(claim.controls().count()),
                Cell::new(style::short(Some(claim.detectable()))),
            ]);
        }
        println!("{table}\n");
    }
    let claims: usize = papers.iter().map(|(p, _)| p.claims.len()).sum();
    println!("{} papers, {claims} claims", papers.len());
    Ok(true)
}
