//! The book: a guide, and a page for every paper, made from the sources and the records.
//!
//! No number in it is typed by hand. The guide's are tokens like `{{alpha-quick}}` that [`facts`] replaces by the
//! value of the constant or the outcome of a run; the papers' are read from their records.

pub mod example;
pub mod facts;
pub mod links;
pub mod maths;
pub mod pages;
pub mod source;

use std::path::Path;

use anyhow::{Context, Result};
use mdbook_driver::MDBook;

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
