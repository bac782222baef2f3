//! Builds the book into `target/book`, and draws the picture of the project's front page.

use ratebook_bounds::catalog;

fn main() -> anyhow::Result<()> {
    let root = catalog::root();
    let out = root.join("target/book");
    ratebook_docs::build(&root, &out)?;
    std::fs::write(root.join(ratebook_docs::PICTURE), ratebook_docs::picture(&root)?)?;
    println!("{}", out.join("index.html").display());
    Ok(())
}
