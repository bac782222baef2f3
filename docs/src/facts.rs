//! What the guide says with numbers: tokens that are replaced by constants, definitions and outcomes of runs.

use std::path::Path;

use anyhow::{Result, anyhow};
use maud::{Markup, PreEscaped, html};
use mdbook_preprocessor::book::{Book, BookItem};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};
use ratebook_bounds::catalog::Status;
use ratebook_bounds::report::{self, Verified, figure, math};
use ratebook_bounds::{catalog, json};
use ratebook_judge::claim::Role;
use ratebook_judge::record::significant;
use ratebook_judge::{Tier, compare, record, run, verdict};

use crate::example;
use crate::pages::{self, Entry};

/// The preprocessor.
pub struct Facts {
    shelf: Vec<Entry>,
}

impl Facts {
    /// Reads the records of the workspace at `root`.
    ///
    /// # Errors
    /// A record that cannot be read.
    pub fn new(root: &Path) -> Result<Self> {
        Ok(Self { shelf: pages::shelf(root)? })
    }

    /// The text with every `{{token}}` replaced.
    ///
    /// # Errors
    /// A token that nothing defines.
    pub fn fill(&self, text: &str) -> Result<String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (token, after) = after.split_once("}}").ok_or_else(|| anyhow!("an open {{{{"))?;
            out += before;
            out += &self.value(token.trim())?;
            rest = after;
        }
        Ok(out + rest)
    }

    fn value(&self, token: &str) -> Result<String> {
        let code = |language: &str, text: &str| format!("```{language}\n{}\n```", text.trim_end());
        let excerpt = |anchor: &str| example::excerpt(anchor).map_err(|e| anyhow!(e));
        Ok(match token {
            "alpha-quick" => power_of_ten(Tier::Quick.alpha()),
            "alpha-full" => power_of_ten(Tier::Full.alpha()),
            "beta" => power_of_ten(verdict::BETA),
            "fragile-extra" => verdict::FRAGILE_EXTRA.to_string(),
            "vacuous-factor" => verdict::VACUOUS_FACTOR.to_string(),
            "student-minimum" => verdict::STUDENT_MINIMUM.to_string(),
            "root-seed" => run::ROOT_SEED.to_string(),
            "schema" => json::SCHEMA.to_string(),
            "equivalence" => format!("{} %", significant(100.0 * compare::EQUIVALENCE)),
            "statuses" => statuses().into_string(),
            "counts" => self.counts(),
            "papers" => self.papers().into_string(),
            "errata" => self.errata().map_err(|e| anyhow!(e))?.into_string(),
            "example-claim" => code("rust", excerpt("claim")?),
            "example-variant" => code("rust", excerpt("variant")?),
            "example-plot" => {
                let plot = report::plot(&example::outcome(), None)
                    .ok_or_else(|| anyhow!("the example has no plot"))?;
                plot.figure().into_string()
            }
            "example-record" => code("text", &example::record()),
            "example-comparison" => comparison()?.into_string(),
            "example-list" => {
                let listed = [(example::paper(), Status::Verified)];
                code("json", &json::listed(&listed))
            }
            "example-verify" => {
                let outcome = example::outcome();
                let settings = outcome.settings;
                let mut verified = Verified { outcome, seconds: 0.0 };
                // Two points show the format; a time would change with every build.
                verified.outcome.method.judgement.points.truncate(2);
                code("json", &json::verified(settings, &[verified]))
            }
            _ => return Err(anyhow!("nothing defines the token {{{{{token}}}}}")),
        })
    }

    fn counts(&self) -> String {
        let claims: usize = self.shelf.iter().map(|e| e.paper.claims.len()).sum();
        let of = |status: &Status| self.shelf.iter().filter(|e| e.status == *status).count();
        let words: Vec<String> =
            Status::ALL.iter().filter(|s| of(s) > 0).map(|s| format!("{} {s}", of(s))).collect();
        format!("{} papers with {claims} claims; of the papers {}", self.shelf.len(), words.join(", "))
    }

    fn papers(&self) -> Markup {
        let mut areas: Vec<&str> = self.shelf.iter().map(|e| e.paper.area()).collect();
        areas.dedup();
        html! {
            @for area in areas {
                h2 id=(area) { a href={ (area) "/index.html" } { (pages::area_name(area)) } }
                (pages::table(self.shelf.iter().filter(|e| e.paper.area() == area), ""))
            }
        }
    }

    /// Every refutation in the records: the printed statement by its number, and the form that holds.
    fn errata(&self) -> Result<Markup, String> {
        let mut found = Vec::new();
        for entry in &self.shelf {
            for claim in &entry.paper.claims {
                let Some(record) = entry.recorded(claim) else { continue };
                for series in &record.series {
                    if let (Some(Role::Refutation), printed) = figure::role(&series.name) {
                        let [printed, repaired] =
                            [math::sentence(printed)?, math::sentence(&claim.statement)?];
                        found.push((
                            entry,
                            claim,
                            printed,
                            &series.verdict,
                            repaired,
                            &record.series[0].verdict,
                        ));
                    }
                }
            }
        }
        Ok(html! {
            @if found.is_empty() { p { "No record holds a refutation yet." } }
            @for (entry, claim, printed, verdict, repaired, repaired_verdict) in found {
                h2 id=(catalog::claim_id(&entry.paper, claim).replace('/', "-")) {
                    a href={ (entry.paper.id) ".html" } { (entry.paper.title) }
                }
                dl.erratum {
                    dt { "printed" } dd { (PreEscaped(printed)) " " span.badge.failing { (verdict) } }
                    dt { "holds" } dd { (PreEscaped(repaired)) " " span.badge.verified { (repaired_verdict) } }
                    dt { "claim" } dd { code { (catalog::claim_id(&entry.paper, claim)) } }
                }
            }
        })
    }
}

impl Preprocessor for Facts {
    fn name(&self) -> &str {
        "facts"
    }

    fn run(&self, _: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let mut result = Ok(());
        book.for_each_mut(|item| {
            if let BookItem::Chapter(chapter) = item {
                match self.fill(&chapter.content) {
                    Ok(content) => chapter.content = content,
                    Err(error) => result = Err(error.context(format!("{:?}", chapter.source_path))),
                }
            }
        });
        result.map(|()| book)
    }
}

/// A power of ten as a formula.
fn power_of_ten(value: f64) -> String {
    format!("$10^{{{}}}$", value.log10().round())
}

fn statuses() -> Markup {
    html! {
        dl.statuses {
            @for status in Status::ALL {
                dt { span class={ "badge " (status) } { (status) } }
                dd { (PreEscaped(math::sentence(&status.meaning()).unwrap_or_else(|e| math::escape(&e)))) }
            }
        }
    }
}

/// What the example's comparison finds.
fn comparison() -> Result<Markup> {
    let recorded = record::parse(&example::record())?;
    let report = example::compare(&recorded[0])?;
    let share = |log: f64| significant(format!("{:.3}", log.exp()).parse().unwrap_or(f64::NAN));
    Ok(html! {
        div.wide { table {
            thead { tr { th { "n" } th { "variant ÷ reference" } th { "interval" } th { "adjusted p" } th { "word" } } }
            tbody {
                @for p in &report.comparison.points {
                    tr {
                        td { (significant(p.x)) }
                        td { (share(p.log_ratio)) }
                        td { "[" (share(p.low)) ", " (share(p.high)) "]" }
                        td { (report::short(p.adjusted_p_value)) }
                        td { (p.word) }
                    }
                }
            }
        } }
        p { "Overall: " b { (report.comparison.overall) } ". Against the bound: " b { (report.verdict.judgement.verdict) } "." }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens() {
        let facts = Facts::new(&catalog::root()).unwrap();
        assert_eq!(facts.fill("a {{alpha-quick}} b").unwrap(), "a $10^{-3}$ b");
        assert!(facts.fill("{{no-such}}").unwrap_err().to_string().contains("no-such"));
        assert!(facts.fill("{{alpha-quick").is_err());
        assert_eq!(facts.fill("{ } no token").unwrap(), "{ } no token");
    }
    #[test]
    fn every_field_of_the_json_formats_is_documented() {
        let facts = Facts::new(&catalog::root()).unwrap();
        let page = include_str!("../guide/json.md");
        for token in ["example-list", "example-verify"] {
            let example = facts.value(token).unwrap();
            let keys: Vec<&str> = example
                .lines()
                .filter_map(|l| l.trim().strip_prefix('"')?.split_once("\":"))
                .map(|k| k.0)
                .collect();
            assert!(keys.len() > 5);
            for key in keys {
                let named = [format!("`{key}`"), format!(".{key}`")].iter().any(|name| page.contains(name));
                assert!(named, "{token}: {key} is not documented");
            }
        }
    }
}
