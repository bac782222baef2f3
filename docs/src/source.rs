//! A module's source file: its `//!` text, which is the page, and its code.

use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use pulldown_cmark::{BrokenLink, CodeBlockKind, Event, Options, Parser, Tag};

use crate::maths::apply;

/// A source file, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Below the workspace.
    pub path: PathBuf,
    /// The `//!` text, as Markdown.
    pub text: String,
    /// The rest.
    pub code: String,
}

impl Source {
    /// Reads one file below the workspace at `root`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(root: &Path, path: &Path) -> Result<Self> {
        let full = std::fs::read_to_string(root.join(path)).with_context(|| path.display().to_string())?;
        let is_header = |line: &&str| line.starts_with("//!");
        let text: Vec<&str> =
            full.lines().take_while(is_header).map(|l| l[3..].strip_prefix(' ').unwrap_or(&l[3..])).collect();
        let code: Vec<&str> = full.lines().skip_while(is_header).collect();
        Ok(Self { path: path.into(), text: text.join("\n"), code: code.join("\n").trim().into() })
    }

    /// The files of the module `tree/id`: its own, which is `id.rs` or the `mod.rs` of its folder, then the
    /// folder's others by name.
    ///
    /// # Errors
    /// There is no such module.
    pub fn of_module(root: &Path, tree: &str, id: &str) -> Result<Vec<Self>> {
        let folder = Path::new(tree).join(id);
        let candidates = [folder.with_extension("rs"), folder.join("mod.rs")];
        let Some(own) = candidates.into_iter().find(|path| root.join(path).exists()) else {
            bail!("there is no module {}", folder.display());
        };
        let mut parts: Vec<PathBuf> = Vec::new();
        if root.join(&folder).exists() {
            for entry in std::fs::read_dir(root.join(&folder))? {
                parts.push(folder.join(entry?.file_name()));
            }
        }
        parts.retain(|path| *path != own && path.extension().is_some_and(|e| e == "rs"));
        parts.sort();
        std::iter::once(&own).chain(&parts).map(|path| Self::read(root, path)).collect()
    }

    /// The `//!` text as a part of a page: headings `levels` deeper, code blocks marked as Rust, links to Rust
    /// items turned into links to pages where `page_of` knows one.
    pub fn prose(&self, levels: usize, page_of: &dyn Fn(&str) -> Option<String>) -> String {
        let mut edits: Vec<(Range<usize>, String)> = Vec::new();
        // What rustdoc would look up: a reference without definition that reads like a path.
        let mut rust_link = |link: BrokenLink<'_>| {
            let path = link.reference.trim_matches('`').to_string();
            (link.reference.starts_with('`') || path.contains("::")).then(|| (path.into(), "".into()))
        };
        let options = Options::ENABLE_MATH | Options::ENABLE_TABLES;
        let parser = Parser::new_with_broken_link_callback(&self.text, options, Some(&mut rust_link));
        for (event, range) in parser.into_offset_iter() {
            match event {
                Event::Start(Tag::Heading { .. }) if self.text[range.clone()].starts_with('#') => {
                    edits.push((range.start..range.start, "#".repeat(levels)));
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) if language.is_empty() => {
                    let fence = self.text[range.clone()].chars().take_while(|c| *c == '`').count();
                    edits.push((range.start + fence..range.start + fence, "rust".into()));
                }
                Event::Start(Tag::Link { dest_url, .. }) if is_rust_path(&dest_url) => {
                    let shown = shown(&self.text[range.clone()]);
                    let link = match page_of(&dest_url) {
                        Some(page) => format!("[{shown}]({page})"),
                        None => shown,
                    };
                    edits.push((range, link));
                }
                _ => {}
            }
        }
        apply(&self.text, edits)
    }

    /// The first paragraph's first line, without its full stop: what the module is, in a sentence.
    pub fn summary(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }
}

fn is_rust_path(destination: &str) -> bool {
    let is_word =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || "_()!".contains(c));
    destination.split("::").all(is_word)
}

/// What a link shows: the text between its brackets, without the path in front of an item.
fn shown(link: &str) -> String {
    let text = link.strip_prefix('[').and_then(|l| l.split(']').next()).unwrap_or(link);
    match text.strip_prefix('`').and_then(|t| t.strip_suffix('`')) {
        Some(path) if is_rust_path(path) => {
            let parts: Vec<&str> =
                path.split("::").filter(|p| !["crate", "super", "self"].contains(p)).collect();
            format!("`{}`", parts.join("::"))
        }
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prose(text: &str) -> String {
        let source = Source { path: "a.rs".into(), text: text.into(), code: String::new() };
        source.prose(1, &|path| path.starts_with("paper").then(|| "paper.md".into()))
    }

    #[test]
    fn links() {
        assert_eq!(prose("see [`paper::Type`] and [`Other`]"), "see [`paper::Type`](paper.md) and `Other`");
        assert_eq!(
            prose("[how](crate::other) and [arXiv](https://arxiv.org/abs/1)"),
            "how and [arXiv](https://arxiv.org/abs/1)"
        );
        assert_eq!(prose("rewards in [0, 1] and [n]"), "rewards in [0, 1] and [n]");
        assert_eq!(prose("[`super::other::f`]"), "`other::f`");
    }

    #[test]
    fn headings_and_code() {
        assert_eq!(prose("# Problem\ntext\n\n## Finer\n"), "## Problem\ntext\n\n### Finer\n");
        assert_eq!(prose("```\nlet a = 1;\n```"), "```rust\nlet a = 1;\n```");
        assert_eq!(prose("```text\n# no heading\n```"), "```text\n# no heading\n```");
    }

    #[test]
    fn the_header_is_taken_off() {
        let root = ratebook_bounds::catalog::root();
        let source = Source::read(&root, Path::new("src/bandits/bracketing_halving.rs")).unwrap();
        assert!(source.summary().starts_with("Sequential Halving"));
        assert!(source.code.starts_with("use ") && !source.code.contains("//!"));
    }

    #[test]
    fn a_module_may_have_parts() {
        let root = ratebook_bounds::catalog::root();
        let modules = [
            ("bandits/bracketing_halving", false),
            ("bandits/noisy_binary_search", true),
            ("convex/classics", true),
        ];
        for (id, has_parts) in modules {
            let module = Source::of_module(&root, "src", id).unwrap();
            assert_eq!(module.len() > 1, has_parts, "{id}");
            assert!(module[0].path.ends_with("mod.rs") || module[0].path.ends_with(format!("{id}.rs")));
        }
        assert!(Source::of_module(&root, "src", "bandits/no_such_paper").is_err());
    }
}
