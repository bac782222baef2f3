//! Builds the book into `target/book`, draws the picture of the project's front page and fills the numbers of the
//! areas' essays.

use ratebook_bounds::catalog;

fn main() -> anyhow::Result<()> {
    let root = catalog::root();
    for (path, text) in ratebook_docs::essays::filled(&root)? {
        std::fs::write(root.join(path), text)?;
    }
    let out = root.join("target/book");
    ratebook_docs::build(&root, &out)?;
    std::fs::write(root.join(ratebook_docs::PICTURE), ratebook_docs::picture(&root)?)?;
    println!("{}", out.join("index.html").display());
    Ok(())
}
