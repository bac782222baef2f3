//! The report: one page with a table of all claims and a section for each.

use std::collections::BTreeSet;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use ratebook_judge::claim::Role;
use ratebook_judge::fit::Slope;
use ratebook_judge::outcome::SeriesOutcome;
use ratebook_judge::record::{RecordedClaim, significant};
use ratebook_judge::{Outcome, Paper, Verdict};

use super::figure::{heads, role_name};
use super::{Verified, math, short};
use crate::catalog::Status;

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// The whole page.
pub fn render(papers: &[Paper], results: &[Verified], records: &[RecordedClaim]) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Ratebook: report" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (summary(papers, results))
                main {
                    (filters(papers, results))
                    (table(results))
                    (peers(results))
                    @for paper in papers { (paper_section(paper, results, records)) }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// A sign beside each status: no meaning by colour alone.
fn sign(status: Status) -> &'static str {
    match status {
        Status::Verified => "✓",
        Status::Fragile => "≈",
        Status::Vacuous => "○",
        Status::Failing => "✗",
        Status::Unrecorded => "",
    }
}

fn summary(papers: &[Paper], results: &[Verified]) -> Markup {
    let seconds: f64 = results.iter().map(|r| r.seconds).sum();
    let controls: usize = results.iter().map(|r| r.outcome.controls().count()).sum();
    let caught: usize = results.iter().flat_map(|r| r.outcome.controls()).filter(|c| c.as_required()).count();
    html! {
        header {
            h1 { "Ratebook" }
            p.lead {
                (results.len()) " claims of " (papers.len()) " papers. Each was measured and judged against its \
                bound; " (caught) " of " (controls) " controls, the same claims given something wrong, were caught."
            }
            ul.tally {
                @for status in Status::ALL {
                    @let count = results.iter().filter(|r| Status::of(&r.outcome) == status).count();
                    @if count > 0 || status == Status::Verified {
                        li class=(status) { span aria-hidden="true" { (sign(status)) } " " b { (count) } " " (status) }
                    }
                }
            }
            @if let Some(first) = results.first() {
                @let settings = first.outcome.settings;
                p.run {
                    (settings.tier.name()) " tier (error rate " (settings.tier.alpha()) " a checked point), root seed "
                    (settings.root_seed) "; the claims took " (format!("{seconds:.1}")) " s of wall time."
                }
            }
        }
    }
}

fn filters(papers: &[Paper], results: &[Verified]) -> Markup {
    let mut areas: Vec<&str> = papers.iter().map(Paper::area).collect();
    areas.dedup();
    let words = |of: fn(&Outcome) -> String| {
        let mut words: Vec<String> = results.iter().map(|r| of(&r.outcome)).collect();
        words.sort();
        words.dedup();
        words
    };
    let select = |name: &str, words: &[String]| {
        html! {
            label { span { (name) }
                select name=(name) {
                    option value="" { "all" }
                    @for word in words { option { (word) } }
                }
            }
        }
    };
    html! {
        form.filters role="search" {
            label.wide { span { "find" } input type="search" name="find" placeholder="a paper, a claim, a word" autocomplete="off"; }
            (select("area", &areas.iter().map(ToString::to_string).collect::<Vec<_>>()))
            (select("status", &words(|o| Status::of(o).to_string())))
            (select("law", &words(|o| o.law.clone())))
            (select("evidence", &words(|o| o.evidence.name().into())))
            output aria-live="polite" {}
        }
    }
}

/// The parts of `area/paper/claim`.
fn parts(id: &str) -> [&str; 3] {
    let mut parts = id.splitn(3, '/');
    [(); 3].map(|()| parts.next().unwrap_or_default())
}

fn slope_text(slope: Slope) -> String {
    let number = |v: f64| format!("{v:+.3}").replace('-', "−");
    format!("{} [{}, {}]", number(slope.fit), number(slope.low), number(slope.high))
}

fn table(results: &[Verified]) -> Markup {
    let heads = [
        ("area", "text"),
        ("paper", "text"),
        ("claim", "text"),
        ("law", "text"),
        ("evidence", "text"),
        ("verdict", "text"),
        ("measured ÷ bound", "number"),
        ("slope", "number"),
        ("controls", "number"),
        ("seconds", "number"),
    ];
    html! {
        div.scroll.all tabindex="0" role="region" aria-label="All claims" {
            table.claims {
                thead { tr {
                    @for (head, kind) in heads { th scope="col" data-kind=(kind) { button type="button" { (head) } } }
                } }
                tbody { @for result in results { (row(result)) } }
            }
        }
    }
}

/// The method, called by its paper's module, and its peers.
fn methods(outcome: &Outcome) -> Vec<(&str, &SeriesOutcome)> {
    let peers = outcome.companions.iter().filter(|c| c.role == Some(Role::Peer));
    let method = (parts(&outcome.id)[1], &outcome.method);
    std::iter::once(method).chain(peers.map(|c| (c.name.as_str(), c))).collect()
}

/// The claims that are made of many methods at once: a row for each method, a column for each claim.
fn peers(results: &[Verified]) -> Markup {
    let shared: Vec<&Outcome> = (results.iter().map(|r| &r.outcome))
        .filter(|outcome| outcome.companions.iter().any(|c| c.role == Some(Role::Peer)))
        .collect();
    let names: BTreeSet<&str> =
        shared.iter().flat_map(|&outcome| methods(outcome)).map(|(name, _)| name).collect();
    html! {
        @if !shared.is_empty() {
            h2 id="peers" { "Bounds on every method" }
            p { "Measured ÷ bound of each method of which the same is claimed. A lower bound is kept by a number of at least 1." }
            div.scroll tabindex="0" role="region" aria-label="Bounds on every method" {
                table {
                    thead { tr {
                        th scope="col" { "method" }
                        @for outcome in &shared {
                            th scope="col" { a href={ "#" (outcome.id) } { (breakable(parts(&outcome.id)[2])) } " (" (outcome.law) ")" }
                        }
                    } }
                    tbody {
                        @for name in names {
                            tr {
                                th scope="row" { (sentence(name)) }
                                @for &outcome in &shared {
                                    td.number {
                                        @match methods(outcome).into_iter().find(|(other, _)| *other == name) {
                                            Some((_, series)) => {
                                                (companion_badge(series)) " "
                                                (series.judgement.worst_ratio.map_or("–".into(), short))
                                            }
                                            None => "",
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn row(Verified { outcome, seconds }: &Verified) -> Markup {
    let [area, paper, claim] = parts(&outcome.id);
    let judged = &outcome.method.judgement;
    let status = Status::of(outcome);
    html! {
        tr data-id=(outcome.id) data-area=(area) data-status=(status) data-law=(outcome.law) data-evidence=(outcome.evidence.name()) {
            td data-head="area" { (area) }
            td data-head="paper" { (breakable(paper)) }
            td data-head="claim" { a href={ "#" (outcome.id) } { (breakable(claim)) } }
            td data-head="law" { (outcome.law) }
            td data-head="evidence" { (outcome.evidence.name()) }
            td data-head="verdict" { (badge(status, judged.verdict)) }
            (number("measured ÷ bound", judged.worst_ratio, judged.worst_ratio.map(short)))
            (number("slope", judged.slope.map(|s| s.fit), judged.slope.map(slope_text)))
            (number("controls", least_margin(outcome), Some(controls(outcome))))
            td.number data-head="seconds" data-value=(seconds) { (format!("{seconds:.2}")) }
        }
    }
}

/// A cell that sorts by its value.
fn number(head: &str, value: Option<f64>, text: Option<String>) -> Markup {
    html! { td.number.none[value.is_none()] data-head=(head) data-value=[value] { (text.unwrap_or("–".into())) } }
}

/// A name that may be broken after its underscores.
fn breakable(name: &str) -> PreEscaped<String> {
    PreEscaped(math::escape(name).replace('_', "_<wbr>"))
}

fn badge(status: Status, verdict: Verdict) -> Markup {
    let mark = match (status, verdict) {
        (Status::Fragile | Status::Vacuous, _) => format!(", {status}"),
        (Status::Failing, Verdict::Holds) => ", but a control is not violated".into(),
        _ => String::new(),
    };
    html! { span class={ "badge " (status) } { span aria-hidden="true" { (sign(status)) } " " (verdict) (mark) } }
}

fn least_margin(outcome: &Outcome) -> Option<f64> {
    outcome.controls().map(|c| c.judgement.margin).reduce(f64::min)
}

/// How many of the controls were caught, and the least margin by which.
fn controls(outcome: &Outcome) -> String {
    let (all, caught) = (outcome.controls().count(), outcome.controls().filter(|c| c.as_required()).count());
    match least_margin(outcome) {
        None => "none".into(),
        Some(margin) if all == caught => format!("{caught} violated, by {}", short(margin)),
        Some(_) => format!("{caught} of {all} violated"),
    }
}

fn paper_section(paper: &Paper, results: &[Verified], records: &[RecordedClaim]) -> Markup {
    let prefix = format!("{}/", paper.id);
    let claims: Vec<&Verified> = results.iter().filter(|r| r.outcome.id.starts_with(&prefix)).collect();
    html! {
        @if !claims.is_empty() {
            section.paper id=(paper.id) {
                h2 { (paper.title) }
                p.source {
                    code { (paper.id) }
                    @if let Some(id) = paper.arxiv { ", arXiv " a href={ "https://arxiv.org/abs/" (id) } { (id) } }
                }
                @for claim in claims {
                    (claim_section(claim, records.iter().find(|r| r.id == claim.outcome.id)))
                }
            }
        }
    }
}

/// A sentence with its formulas; one that does not render is shown as it was written.
fn sentence(text: &str) -> PreEscaped<String> {
    PreEscaped(math::sentence(text).unwrap_or_else(|_| math::escape(text)))
}

fn claim_section(Verified { outcome, seconds }: &Verified, record: Option<&RecordedClaim>) -> Markup {
    let [_, _, claim] = parts(&outcome.id);
    let judged = &outcome.method.judgement;
    let memory = if outcome.from_memory { " (from memory, not checked against the paper)" } else { "" };
    let facts = [
        ("law", outcome.law.clone()),
        ("source", format!("{}{memory}", outcome.source)),
        ("evidence", outcome.evidence.name().into()),
        ("detects", short(outcome.detects)),
        ("measured ÷ bound", judged.worst_ratio.map_or(String::new(), short)),
        ("slope of measured ÷ rate", judged.slope.map_or(String::new(), slope_text)),
        ("exponent", judged.exponent.map_or(String::new(), |e| format!("{e:+.3}").replace('-', "−"))),
        ("seconds", format!("{seconds:.2}")),
    ];
    html! {
        details.claim id=(outcome.id) {
            summary {
                span.name { (claim) } " " (badge(Status::of(outcome), judged.verdict))
                span.statement { (sentence(&outcome.statement)) }
            }
            div.body {
                @if let Some(plot) = super::plot(outcome, record) { (plot.figure()) }
                div.facts {
                    @if !outcome.assumptions.is_empty() { p { b { "Assuming " } (sentence(&outcome.assumptions)) "." } }
                    @if !judged.reason.is_empty() { p { b { "Reason: " } (judged.reason) "." } }
                    dl { @for (name, value) in facts { @if !value.is_empty() { dt { (name) } dd { (value) } } } }
                }
                (companions(outcome))
                (points(&outcome.method, outcome))
            }
        }
    }
}

fn companions(outcome: &Outcome) -> Markup {
    html! {
        @if !outcome.companions.is_empty() {
            div.scroll tabindex="0" role="region" aria-label="Companions" {
                table {
                    thead { tr { th { "given instead" } th { "role" } th { "verdict" } th { "margin" } th { "measured ÷ bound" } th { "slope" } } }
                    tbody {
                        @for series in &outcome.companions {
                            @let judged = &series.judgement;
                            tr {
                                td { (sentence(&series.name)) @if !judged.reason.is_empty() { small { " " (judged.reason) } } }
                                td { (role_name(series.role)) }
                                td { (companion_badge(series)) }
                                td.number { @if judged.verdict == Verdict::Violated { (short(judged.margin)) } @else { "–" } }
                                td.number { (judged.worst_ratio.map_or("–".into(), short)) }
                                td.number { (judged.slope.map_or("–".into(), slope_text)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Green when the verdict is the one that the role demands; plain for baselines, of which nothing is demanded.
fn companion_badge(series: &SeriesOutcome) -> Markup {
    let (class, sign) = match series.role {
        Some(Role::Baseline) => ("neutral", ""),
        _ if series.as_required() => ("verified", sign(Status::Verified)),
        _ => ("failing", sign(Status::Failing)),
    };
    html! { span class={ "badge " (class) } { span aria-hidden="true" { (sign) } " " (series.judgement.verdict) } }
}

fn points(series: &SeriesOutcome, outcome: &Outcome) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Points" {
            table.points {
                thead { tr { th { (outcome.axis) } @for head in heads(&outcome.law) { th { (head) } } } }
                tbody {
                    @for p in &series.judgement.points {
                        tr {
                            td.number { (significant(p.x)) }
                            td.number { (p.n) }
                            @for value in [p.mean, p.stderr, p.bound] { td.number { (significant(value)) } }
                            td.number { (p.ratio.map_or("–".into(), short)) }
                        }
                    }
                }
            }
        }
    }
}
