//! The book: a guide, and a page for every paper, made from the sources and the records.
//!
//! No number in it is typed by hand. The guide's are tokens like `{{alpha-quick}}` that [`facts`] replaces by the
//! value of the constant or the outcome of a run; the papers' are read from their records.

pub mod essays;
pub mod example;
pub mod facts;
pub mod links;
pub mod maths;
pub mod pages;
pub mod source;

use std::path::Path;

use anyhow::{Context, Result};
use mdbook_driver::MDBook;
use ratebook_bounds::{catalog, report};

/// Builds the book of the workspace at `root` into `out`.
///
/// # Errors
/// A source that cannot be read, a formula that is not understood, a token that nothing defines, a broken link.
pub fn build(root: &Path, out: &Path) -> Result<()> {
    let mut book = MDBook::load(root.join("docs")).context("docs/guide")?;
    book.config.build.build_dir = out.to_path_buf();
    book.with_preprocessor(facts::Facts::new(root)?);
    book.with_preprocessor(pages::Papers::read(root)?);
    book.with_preprocessor(maths::Maths);
    book.build()?;
    links::check(out)
}

/// The picture of the project's front page, below `root`.
pub const PICTURE: &str = "docs/rate_in_budget.svg";

/// Draws the picture of the project's front page from the record.
///
/// # Errors
/// The record cannot be read or lacks the claim.
pub fn picture(root: &Path) -> Result<String> {
    const CLAIM: &str = "bandits/bracketing_halving/rate_in_budget";
    let record = catalog::read_record(root, "bandits/bracketing_halving").map_err(anyhow::Error::msg)?;
    let claim =
        record.iter().find(|claim| claim.id == CLAIM).context("the record lacks the pictured claim")?;
    let plot = report::plot_record(claim, "T").context("the pictured claim has no plot")?;
    // Dark on white, whatever the page around it: a picture in a README knows nothing of its page.
    let white = "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>";
    let (head, body) = plot.svg.split_once('>').context("the plot is no picture")?;
    Ok(format!("{head}>{white}{body}\n"))
}
