//! Builds the book into `target/book`.

use ratebook_bounds::catalog;

fn main() -> anyhow::Result<()> {
    let root = catalog::root();
    let out = root.join("target/book");
    ratebook_docs::build(&root, &out)?;
    println!("{}", out.join("index.html").display());
    Ok(())
}
