//! No link of the built book leads nowhere.

use std::collections::{BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Checks every link and every fragment of every page below `out`.
///
/// # Errors
/// The links that lead nowhere, with the pages they are on.
pub fn check(out: &Path) -> Result<()> {
    let mut pages = HashMap::new();
    collect(out, &mut pages)?;
    let mut broken = BTreeSet::new();
    for (page, html) in &pages {
        for link in attributes(html, "href").chain(attributes(html, "src")) {
            if link.contains("://") || link.starts_with("mailto:") || link.starts_with("data:") {
                continue;
            }
            let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
            let file = file.split('?').next().unwrap_or_default();
            let target =
                if file.is_empty() { page.clone() } else { join(page.parent().unwrap_or(out), file) };
            let fragment_exists = || match pages.get(&target) {
                Some(html) => attributes(html, "id").any(|id| id == fragment),
                None => false,
            };
            if !target.exists() || (!fragment.is_empty() && !fragment_exists()) {
                broken.insert(format!("{}: {link}", page.strip_prefix(out).unwrap_or(page).display()));
            }
        }
    }
    if !broken.is_empty() {
        bail!("broken links:\n{}", broken.into_iter().collect::<Vec<_>>().join("\n"));
    }
    Ok(())
}

/// The HTML files below a folder.
fn collect(folder: &Path, pages: &mut HashMap<PathBuf, String>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, pages)?;
        } else if path.extension().is_some_and(|e| e == "html") {
            let html = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            pages.insert(path, html);
        }
    }
    Ok(())
}

/// The values of an attribute in a page's tags; text between tags has no quotes that could be taken for them.
fn attributes<'a>(html: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let opening = format!(" {name}=\"");
    let mut rest = html;
    std::iter::from_fn(move || {
        let start = rest.find(&opening)? + opening.len();
        let end = start + rest[start..].find('"')?;
        let value = &rest[start..end];
        rest = &rest[end..];
        Some(value)
    })
}

/// A folder and a relative link, with `..` resolved.
fn join(folder: &Path, link: &str) -> PathBuf {
    let mut path = folder.to_path_buf();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_links_are_found() {
        let dir = std::env::temp_dir().join(format!("ratebook-links-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("a")).unwrap();
        std::fs::write(dir.join("a/b.html"), r#"<p id="here"><a href="../c.html#there">c</a>"#).unwrap();
        std::fs::write(dir.join("c.html"), r#"<p id="there"><a href="a/b.html#here">b</a>"#).unwrap();
        check(&dir).unwrap();
        std::fs::write(dir.join("c.html"), r#"<p><a href="d.html">d</a>"#).unwrap();
        let message = check(&dir).unwrap_err().to_string();
        assert!(
            message.contains("b.html: ../c.html#there") && message.contains("c.html: d.html"),
            "{message}"
        );
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn parts() {
        let html = r#"<a class="x" href="a.html#b">x</a><p id="c">"#;
        assert_eq!(attributes(html, "href").collect::<Vec<_>>(), ["a.html#b"]);
        assert_eq!(attributes(html, "id").collect::<Vec<_>>(), ["c"]);
        assert_eq!(join(Path::new("/book/a"), "../b/c.html"), Path::new("/book/b/c.html"));
    }
}
