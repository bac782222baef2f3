//! The areas' and the papers' pages.

use std::path::Path;

use anyhow::{Result, anyhow};
use maud::{Markup, PreEscaped, html};
use mdbook_preprocessor::book::{Book, BookItem, Chapter, SectionNumber};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};
use ratebook_bounds::catalog::{self, Status};
use ratebook_bounds::report::{self, figure, math};
use ratebook_judge::record::{RecordedClaim, RecordedSeries, significant};
use ratebook_judge::{Claim, Paper};

use crate::maths;
use crate::source::Source;

/// A paper with what is recorded of it.
pub struct Entry {
    /// The paper.
    pub paper: Paper,
    /// Its record; empty when there is none.
    pub record: Vec<RecordedClaim>,
    /// What the record says.
    pub status: Status,
}

impl Entry {
    /// What is recorded of a claim.
    pub fn recorded(&self, claim: &Claim) -> Option<&RecordedClaim> {
        let id = catalog::claim_id(&self.paper, claim);
        self.record.iter().find(|r| r.id == id)
    }
}

/// All papers with their records, area by area.
///
/// # Errors
/// A record that cannot be read.
pub fn shelf(root: &Path) -> Result<Vec<Entry>> {
    let entry = |paper: Paper| {
        let record = catalog::read_record(root, paper.id).map_err(|e| anyhow!(e))?;
        let status = catalog::status(&paper, &record);
        Ok(Entry { paper, record, status })
    };
    ratebook_bounds::papers().into_iter().map(entry).collect()
}

/// Appends a chapter for every area and every paper.
pub struct Papers {
    chapters: Vec<Chapter>,
}

impl Preprocessor for Papers {
    fn name(&self) -> &str {
        "papers"
    }

    fn run(&self, _: &PreprocessorContext, mut book: Book) -> Result<Book> {
        book.push_item(BookItem::PartTitle("Papers".into()));
        for chapter in &self.chapters {
            book.push_item(chapter.clone());
        }
        Ok(book)
    }
}

impl Papers {
    /// Reads the sources and the records of the workspace at `root`.
    ///
    /// # Errors
    /// A source or a record that cannot be read, a statement that does not render.
    pub fn read(root: &Path) -> Result<Self> {
        let shelf = shelf(root)?;
        let mut areas: Vec<&str> = shelf.iter().map(|e| e.paper.area()).collect();
        areas.dedup();
        // The table of contents nests by section numbers, which it does not show.
        let chapter = |(index, area): (usize, &str)| {
            let number = index as u32 + 1;
            let entries: Vec<&Entry> = shelf.iter().filter(|e| e.paper.area() == area).collect();
            let name = area_name(area);
            let content = area_page(root, area, &entries, &shelf)?;
            let mut chapter = Chapter::new(&name, content, format!("{area}/index.md"), vec![]);
            chapter.number = Some(SectionNumber::new([number]));
            for (index, entry) in entries.into_iter().enumerate() {
                let content = paper_page(root, entry, &shelf)?;
                let path = format!("{}.md", entry.paper.id);
                let mut page = Chapter::new(entry.paper.title, content, path, vec![name.clone()]);
                page.number = Some(SectionNumber::new([number, index as u32 + 1]));
                chapter.sub_items.push(page.into());
            }
            Ok(chapter)
        };
        let chapters = areas.into_iter().enumerate().map(chapter).collect::<Result<_>>()?;
        Ok(Self { chapters })
    }

    /// The areas' chapters, which hold the papers'.
    pub fn chapters(&self) -> &[Chapter] {
        &self.chapters
    }
}

/// An area's name in the table of contents.
pub fn area_name(area: &str) -> String {
    match area {
        "rl" => "Reinforcement learning".into(),
        _ => area[..1].to_uppercase() + &area[1..],
    }
}

/// The page that a Rust path leads to, seen from a page of `area`; none for items of the page `own` itself.
fn page_of(path: &str, area: &str, own: &str, shelf: &[Entry]) -> Option<String> {
    let parts: Vec<&str> = path.split("::").collect();
    let named = shelf.iter().find(|e| {
        let (its_area, module) = (e.paper.area(), e.paper.module());
        parts.windows(2).any(|w| w == [its_area, module]) || (its_area == area && parts.contains(&module))
    })?;
    (named.paper.id != own).then(|| format!("../{}.md", named.paper.id))
}

/// A file's text as a part of a page, formulas rendered; an error names the file.
fn prose(source: &Source, levels: usize, page_of: &dyn Fn(&str) -> Option<String>) -> Result<String> {
    maths::render(&source.prose(levels, page_of)).map_err(|e| anyhow!("{}: {e}", source.path.display()))
}

fn area_page(root: &Path, area: &str, entries: &[&Entry], shelf: &[Entry]) -> Result<String> {
    let source = Source::read(root, &Path::new("src").join(area).join("mod.rs"))?;
    let essay = prose(&source, 1, &|path| page_of(path, area, "", shelf))?;
    let table = table(entries.iter().copied(), "../");
    Ok(format!("# {}\n\n{essay}\n\n## Papers\n\n{}\n", area_name(area), table.into_string()))
}

/// A table of papers; `up` leads from the page to the book's root.
pub fn table<'a>(entries: impl Iterator<Item = &'a Entry>, up: &str) -> Markup {
    html! {
        div.wide { table.papers {
            thead { tr { th { "paper" } th { "claims" } th { "status" } } }
            tbody {
                @for entry in entries {
                    tr {
                        td {
                            a href={ (up) (entry.paper.id) ".html" } { (entry.paper.title) }
                            br; code { (entry.paper.id) }
                        }
                        td { (entry.paper.claims.len()) }
                        td { (badge(entry.status.name(), entry.status)) }
                    }
                }
            }
        } }
    }
}

/// A word in the colour of a status.
fn badge(word: &str, status: Status) -> Markup {
    html! { span class={ "badge " (status) } { (word) } }
}

fn paper_page(root: &Path, entry: &Entry, shelf: &[Entry]) -> Result<String> {
    let paper = &entry.paper;
    let links = |path: &str| page_of(path, paper.area(), paper.id, shelf);
    let files = Source::of_module(root, "src", paper.id)?;
    let [main, parts @ ..] = files.as_slice() else { return Err(anyhow!("{} has no source", paper.id)) };

    let mut page =
        format!("# {}\n\n{}\n\n{}\n\n", paper.title, about(entry).into_string(), prose(main, 1, &links)?);
    for part in parts {
        page += &format!("## `{}`\n\n{}\n\n", stem(part), prose(part, 2, &links)?);
    }
    page += "## Measured against promised\n\n";
    for claim in &paper.claims {
        let section = claim_section(entry, claim).map_err(|e| anyhow!("{}/{}: {e}", paper.id, claim.id))?;
        page += &format!("### `{}`\n\n{}\n\n", claim.id, section.into_string());
    }
    page += "## The code\n\n";
    let claims = Source::of_module(root, "bounds/src", paper.id)?;
    for (what, sources) in [("What the paper does", &files), ("What it promises", &claims)] {
        page += &format!("{what}:\n\n");
        for source in sources.iter().filter(|s| !s.code.is_empty()) {
            let lines = source.code.lines().count();
            // More backticks than the code has in a row.
            let fence = "`".repeat(5);
            page += &format!(
                "<details class=\"code\"><summary><code>{}</code>, {lines} lines</summary>\n\n{fence}rust\n{}\n{fence}\n\n\
                 </details>\n\n",
                source.path.display(),
                source.code,
            );
        }
    }
    Ok(page)
}

fn stem(source: &Source) -> String {
    source.path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Area, arXiv id and status, in a line.
fn about(entry: &Entry) -> Markup {
    let paper = &entry.paper;
    html! {
        p.about {
            code { (paper.id) }
            @if let Some(id) = paper.arxiv { " · arXiv " a href={ "https://arxiv.org/abs/" (id) } { (id) } }
            " · " a href="../verdicts.html#status" { (badge(entry.status.name(), entry.status)) }
        }
    }
}

fn claim_section(entry: &Entry, claim: &Claim) -> Result<Markup, String> {
    let recorded = entry.recorded(claim);
    let plot = recorded.and_then(|record| report::plot_record(record, &claim.axis));
    let memory = if claim.from_memory { " (from memory, not checked against the paper)" } else { "" };
    let statement = math::sentence(&claim.statement)?;
    let assumptions = math::sentence(&claim.assumptions)?;
    Ok(html! {
        p { (PreEscaped(statement)) }
        @if !assumptions.is_empty() { p.assuming { "Assuming " (PreEscaped(assumptions)) "." } }
        p.facts {
            @if let Some(method) = recorded.and_then(|r| r.series.first()) { (verdict(method)) " · " }
            "law " code { (claim.law.name()) } " · source: " (claim.source) (memory) " · evidence: " (claim.evidence.name())
            " · detects " (report::short(claim.detectable()))
        }
        @match (&plot, recorded) {
            (Some(plot), _) => (plot.figure()),
            (None, Some(record)) => ul {
                @for series in record.series.iter().skip(1) {
                    @let (role, name) = figure::role(&series.name);
                    li { (figure::role_name(role)) ": " (name) ": " (verdict(series)) }
                }
            },
            (None, None) => p { "There is no record of this claim yet." },
        }
        @if let Some(record) = recorded { (numbers(record, claim)) }
    })
}

/// A recorded verdict, in the colour that its role gives it.
fn verdict(series: &RecordedSeries) -> Markup {
    use ratebook_judge::claim::Role;
    let says = |word: &str| series.verdict.starts_with(word);
    let status = match figure::role(&series.name).0 {
        None if says("holds") && series.verdict.contains("vacuous") => Status::Vacuous,
        None if says("holds") && series.verdict.contains("fragile") => Status::Fragile,
        None | Some(Role::Peer) if says("holds") => Status::Verified,
        Some(Role::Control | Role::Refutation) if says("violated") => Status::Verified,
        Some(Role::Baseline) => Status::Unrecorded,
        _ => Status::Failing,
    };
    badge(&series.verdict, status)
}

/// The record as tables, folded.
fn numbers(record: &RecordedClaim, claim: &Claim) -> Markup {
    html! {
        details.numbers {
            summary { "Recorded numbers" }
            @for series in &record.series {
                @let (role, name) = figure::role(&series.name);
                p {
                    b { (figure::role_name(role)) } @if role.is_some() { ", " (name) } ": " (series.verdict)
                    @if let Some([fit, low, high, exponent]) = series.slope {
                        "; slope of measured ÷ rate " (significant(fit)) " in [" (significant(low)) ", " (significant(high))
                        "], exponent " (significant(exponent))
                    }
                }
                div.wide { table {
                    thead { tr { th { (claim.axis) } @for head in figure::heads(claim.law.name()) { th { (head) } } } }
                    tbody {
                        @for p in &series.points {
                            tr {
                                td { (significant(p.x)) }
                                td { (p.count) }
                                @for value in [p.mean, p.stderr, p.bound, p.ratio] {
                                    td { @if value.is_nan() { "–" } @else { (significant(value)) } }
                                }
                            }
                        }
                    }
                } }
            }
        }
    }
}
