//! `ratebook new`: the three files of a paper, registered.

use std::path::Path;

use clap::Args;

use super::{Outcome, write};
use crate::catalog;

/// Options of `new`.
#[derive(Args)]
pub struct Arguments {
    /// area/paper, in lower snake case
    paper: String,
}

/// Runs `new`.
pub fn run(arguments: &Arguments) -> Outcome {
    let root = catalog::root();
    let (area, paper) = arguments.paper.split_once('/').ok_or("a paper is called area/paper")?;
    for name in [area, paper] {
        if !is_module_name(name) {
            return Err(format!("'{name}' is not a module name: lower-case letters, digits and underscores"));
        }
    }
    let files = [
        (root.join("src").join(area).join(format!("{paper}.rs")), algorithm(paper)),
        (root.join("bounds/src").join(area).join(format!("{paper}.rs")), claims(area, paper)),
        (root.join("tests").join(area).join(format!("{paper}.rs")), properties(paper)),
    ];
    let folder = root.join("src").join(area).join(paper);
    if let Some(path) = files.iter().map(|(path, _)| path).chain([&folder]).find(|path| path.exists()) {
        return Err(format!("{} exists", path.display()));
    }
    // Everything is read and edited in memory first, so that a failure writes nothing.
    let mut edits = files.to_vec();
    if !root.join("src").join(area).exists() {
        edits.extend(new_area(&root, area)?);
    }
    for (file, edit) in register(&root, area, paper) {
        let text = match edits.iter_mut().find(|(path, _)| *path == file) {
            Some((_, text)) => text,
            None => {
                let text = read(&file)?;
                edits.push((file.clone(), text));
                &mut edits.last_mut().ok_or("no file")?.1
            }
        };
        *text = edit.apply(text).map_err(|what| format!("{}: {what}", file.display()))?;
    }
    for (path, text) in &edits {
        write(path, text)?;
        println!("wrote {}", path.display());
    }
    println!("`cargo test completeness` says what is missing.");
    Ok(true)
}

fn is_module_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !["mod", "main", "instances", "baselines", "math", "error", "judge", "cli", "report"]
            .contains(&name)
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// A line that is added to a list file.
enum Edit {
    /// Among the lines that start with the first text, in alphabetical order; before the marker, or last, when
    /// there is no such line yet.
    Line(&'static str, String, &'static str),
    /// An element of the `vec![…]`, last.
    Element(String),
    /// The name in the list of areas.
    Area(String),
}

impl Edit {
    fn apply(&self, text: &str) -> Result<String, &'static str> {
        match self {
            Edit::Line(prefix, line, marker) => {
                let lines: Vec<&str> = text.lines().collect();
                let is_sibling = |l: &&str| l.trim_start().starts_with(prefix);
                let at = (lines.iter().position(|l| is_sibling(l) && l.trim_start() > line.trim_start()))
                    .or_else(|| lines.iter().rposition(is_sibling).map(|last| last + 1))
                    .or_else(|| lines.iter().position(|l| l.starts_with(marker)))
                    .unwrap_or(lines.len());
                let mut lines: Vec<String> = lines.into_iter().map(String::from).collect();
                lines.insert(at, line.clone());
                Ok(lines.join("\n") + "\n")
            }
            Edit::Element(element) => {
                let open = text.find("vec![").ok_or("no vec![ to add the paper to")? + 5;
                let close = open + text[open..].find(']').ok_or("no ] to add the paper before")?;
                let inside = text[open..close].trim().trim_end_matches(',');
                let comma = if inside.is_empty() { "" } else { ", " };
                Ok(format!("{}{inside}{comma}{element}{}", &text[..open], &text[close..]))
            }
            Edit::Area(area) => {
                let open = text.find("pub const AREAS").ok_or("no list of areas")?;
                let close = open + text[open..].find("];").ok_or("no list of areas")?;
                let count = text[..close].rfind("; ").ok_or("no list of areas")? + 2;
                let end = count + text[count..].find(']').ok_or("no list of areas")?;
                let old: usize = text[count..end].parse().map_err(|_| "no count of areas")?;
                let list = text[end..close].trim_end().trim_end_matches(',');
                Ok(format!("{}{}{list}, \"{area}\"{}", &text[..count], old + 1, &text[close..]))
            }
        }
    }
}

/// The lines that make a paper known to the three trees.
fn register(root: &Path, area: &str, paper: &str) -> Vec<(std::path::PathBuf, Edit)> {
    let module = |indent: &str, keyword: &str| format!("{indent}{keyword} {paper};");
    vec![
        (root.join("src").join(area).join("mod.rs"), Edit::Line("pub mod ", module("", "pub mod"), "use ")),
        (
            root.join("bounds/src").join(area).join("mod.rs"),
            Edit::Line("pub mod ", module("", "pub mod"), "use "),
        ),
        (root.join("bounds/src").join(area).join("mod.rs"), Edit::Element(format!("{paper}::paper()"))),
        (root.join("tests").join(area).join("main.rs"), Edit::Line("mod ", module("    ", "mod"), "}")),
    ]
}

/// The files of a new area, and the edits that make it known.
fn new_area(root: &Path, area: &str) -> Result<Vec<(std::path::PathBuf, String)>, String> {
    let (library, bounds) = (root.join("src/lib.rs"), root.join("bounds/src/lib.rs"));
    let line = || Edit::Line("pub mod ", format!("pub mod {area};"), "use ");
    let edited = |path: &Path, edits: &[Edit]| -> Result<String, String> {
        edits.iter().try_fold(read(path)?, |text, edit| {
            edit.apply(&text).map_err(|what| format!("{}: {what}", path.display()))
        })
    };
    let with_papers = |text: String| -> Result<String, String> {
        let at = text.find("    ]\n    .concat()").ok_or("bounds/src/lib.rs: no list of papers")?;
        Ok(format!("{}        {area}::papers(),\n{}", &text[..at], &text[at..]))
    };
    Ok(vec![
        (library.clone(), edited(&library, &[line()])?),
        (bounds.clone(), with_papers(edited(&bounds, &[line(), Edit::Area(area.into())])?)?),
        (
            root.join("src").join(area).join("mod.rs"),
            format!("//! The area `{area}`: what unites its papers, and which method to use when.\n\n"),
        ),
        (
            root.join("bounds/src").join(area).join("mod.rs"),
            format!(
                "//! What the papers of the area `{area}` promise.\n\nuse ratebook_judge::Paper;\n\n/// The area's \
                 papers.\npub fn papers() -> Vec<Paper> {{\n    vec![]\n}}\n"
            ),
        ),
        (
            root.join("tests").join(area).join("main.rs"),
            format!("//! Property tests of the area `{area}`.\n\n#[path = \".\"]\nmod {area} {{\n}}\n"),
        ),
    ])
}

fn algorithm(paper: &str) -> String {
    format!(
        "//! {paper}: the paper's title, and what is simplified here.\n//!\n//! # Problem\n//! # Idea\n//! # \
         Algorithm\n//! # Theorem\n//! # Cost\n//! # Reference\n"
    )
}

fn claims(area: &str, paper: &str) -> String {
    format!(
        "//! What the paper promises.\n\nuse ratebook_judge::Paper;\n\n/// The paper and its claims: the bounds come \
         above as plain functions of numbers, the claims below,\n/// one function each, generic over the \
         algorithm.\npub fn paper() -> Paper {{\n    Paper::new(\"{area}/{paper}\", \"the paper's title\")\n}}\n"
    )
}

fn properties(paper: &str) -> String {
    format!("//! Properties of `{paper}`: an oracle, metamorphic relations, bad input.\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_sorted_in() {
        let line = |text: &str| Edit::Line("pub mod ", "pub mod m;".into(), "use ").apply(text);
        assert_eq!(
            line("//! x\n\npub mod a;\npub mod z;\n").unwrap(),
            "//! x\n\npub mod a;\npub mod m;\npub mod z;\n"
        );
        assert_eq!(line("pub mod a;\n\nuse x;\n").unwrap(), "pub mod a;\npub mod m;\n\nuse x;\n");
        assert_eq!(line("//! x\nuse x;\n").unwrap(), "//! x\npub mod m;\nuse x;\n");
        assert_eq!(line("//! x\n\n").unwrap(), "//! x\n\npub mod m;\n");
    }

    #[test]
    fn elements_and_areas_are_added() {
        let element = Edit::Element("m::paper()".into());
        assert_eq!(element.apply("{ vec![a::paper()] }").unwrap(), "{ vec![a::paper(), m::paper()] }");
        assert_eq!(element.apply("{ vec![] }").unwrap(), "{ vec![m::paper()] }");
        let areas = Edit::Area("c".into()).apply("pub const AREAS: [&str; 2] = [\"a\", \"b\"];").unwrap();
        assert_eq!(areas, "pub const AREAS: [&str; 3] = [\"a\", \"b\", \"c\"];");
    }
}
