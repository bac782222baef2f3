//! The numbers in the areas' essays: ``0.17 (`paper/claim`)`` is the worst measured ÷ bound that is recorded of the
//! claim, to two digits.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use ratebook_bounds::{AREAS, catalog};
use ratebook_judge::record::{RecordedClaim, significant};

/// The essays of all areas with their numbers taken from the records: the files below `root` and their text.
///
/// # Errors
/// A file or a record that cannot be read, a claim without a record.
pub fn filled(root: &Path) -> Result<Vec<(PathBuf, String)>> {
    let essay = |area: &&str| {
        let path = Path::new("src").join(area).join("mod.rs");
        let text = std::fs::read_to_string(root.join(&path)).with_context(|| path.display().to_string())?;
        let text = fill(&text, |claim| ratio(root, &format!("{area}/{claim}")))
            .with_context(|| path.display().to_string())?;
        Ok((path, text))
    };
    AREAS.iter().map(essay).collect()
}

/// Puts the value of every ``(`paper/claim`)`` in place of the word before it.
fn fill(text: &str, value: impl Fn(&str) -> Result<String>) -> Result<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(" (`") {
        let claim = after.split_once("`)").map(|(claim, _)| claim).filter(|claim| is_claim(claim));
        match claim {
            Some(claim) => {
                let start = before.rfind([' ', '\n']).map_or(0, |at| at + 1);
                out += &before[..start];
                out += &value(claim)?;
            }
            None => out += before,
        }
        out += " (`";
        rest = after;
    }
    Ok(out + rest)
}

/// Whether a piece of code has the shape paper/claim.
fn is_claim(code: &str) -> bool {
    let name = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    code.split_once('/').is_some_and(|(paper, claim)| name(paper) && name(claim))
}

/// The worst measured ÷ bound that is recorded of a claim, to two digits.
fn ratio(root: &Path, id: &str) -> Result<String> {
    let paper = id.rsplit_once('/').map_or(id, |(paper, _)| paper);
    let record = catalog::read_record(root, paper).map_err(|e| anyhow!(e))?;
    let claim = record.iter().find(|claim| claim.id == id).with_context(|| format!("{id} has no record"))?;
    let ratios = claim.series.iter().take(1).flat_map(|s| &s.points).map(|p| p.ratio);
    let worst = if is_lower(claim) { ratios.reduce(f64::min) } else { ratios.reduce(f64::max) };
    let worst = worst.filter(|ratio| ratio.is_finite());
    let worst = worst.with_context(|| format!("{id} records no measured ÷ bound"))?;
    Ok(significant(format!("{worst:.1e}").parse()?))
}

fn is_lower(claim: &RecordedClaim) -> bool {
    claim.head.iter().any(|(key, value)| key == "law" && value == "at_least")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_replaced_and_nothing_else() {
        let fill = |text| fill(text, |claim| Ok(claim.len().to_string())).unwrap();
        assert_eq!(fill("| a | ? (`p/q`) | b (`x`) |"), "| a | 3 (`p/q`) | b (`x`) |");
        assert_eq!(fill("0.1 (`p/q`) 7 (`p_1/rate`)"), "3 (`p/q`) 8 (`p_1/rate`)");
        assert_eq!(fill("(`p/q`) `a (`"), "(`p/q`) `a (`");
    }
}
