//! The whole book is built, and looked through.

use std::path::Path;

use ratebook_bounds::catalog;

/// The text of a page with code and formulas taken out.
fn plain(page: &str) -> String {
    let mut text = page.to_string();
    for tag in ["pre", "code", "script", "math"] {
        let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
        let mut kept = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once(&open) {
            kept += before;
            rest = after.split_once(&close).map_or("", |(_, rest)| rest);
        }
        text = kept + rest;
    }
    text
}

#[test]
fn the_book_is_complete() {
    let root = catalog::root();
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("book");
    // Also checks every link and every formula.
    ratebook_docs::build(&root, &out).unwrap();
    let read = |path: &str| {
        let page = out.join(path);
        std::fs::read_to_string(&page).unwrap_or_else(|e| panic!("{}: {e}", page.display()))
    };

    let (papers, errata) = (read("papers.html"), read("errata.html"));
    assert!(!ratebook_bounds::papers().is_empty());
    for paper in ratebook_bounds::papers() {
        let page = read(&format!("{}.html", paper.id));
        assert!(papers.contains(&format!("href=\"{}.html\"", paper.id)), "{} is not listed", paper.id);
        for claim in &paper.claims {
            assert!(page.contains(&format!("<code>{}</code>", claim.id)), "{}: no {}", paper.id, claim.id);
        }
        for record in catalog::read_record(&root, paper.id).unwrap() {
            let refuted = record.series.iter().any(|s| s.name.starts_with("refutation "));
            assert_eq!(errata.contains(&format!("<code>{}</code>", record.id)), refuted, "{}", record.id);
        }
        assert!(page.contains(&format!("src/{}", paper.id)), "{}: no code", paper.id);
        let text = plain(&page);
        assert!(!text.contains('$'), "{}: a formula was left as it is", paper.id);
        assert!(!text.contains("{{") && !text.contains("NaN"), "{}", paper.id);
    }

    for page in ["index", "claims", "laws", "verdicts", "adding", "comparing", "json"] {
        let text = plain(&read(&format!("{page}.html")));
        assert!(!text.contains("{{") && !text.contains('$'), "{page}");
    }
}

#[test]
fn the_front_page_shows_the_record() {
    let root = catalog::root();
    let shown = std::fs::read_to_string(root.join(ratebook_docs::PICTURE)).unwrap();
    assert!(shown == ratebook_docs::picture(&root).unwrap(), "`cargo run -p ratebook-docs` draws it anew");
}

#[test]
fn the_essays_show_the_records() {
    let root = catalog::root();
    for (path, text) in ratebook_docs::essays::filled(&root).unwrap() {
        let shown = std::fs::read_to_string(root.join(&path)).unwrap();
        assert!(shown == text, "{}: `cargo run -p ratebook-docs` fills it anew", path.display());
    }
}
