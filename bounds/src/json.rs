//! The two JSON formats that other programs rely on. The book documents them; a change that is not an
//! addition raises [`SCHEMA`].

use ratebook_judge::fit::Slope;
use ratebook_judge::{Paper, Settings};
use serde::Serialize;

use crate::catalog::Status;
use crate::report::Verified;

/// The version of both formats.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Run<'a> {
    schema: u32,
    root_seed: u64,
    tier: &'a str,
    claims: Vec<Claim<'a>>,
}

#[derive(Serialize)]
struct Claim<'a> {
    id: &'a str,
    law: &'a str,
    source: &'a str,
    evidence: &'a str,
    verdict: &'a str,
    vacuous: bool,
    fragile: bool,
    worst_ratio: Option<f64>,
    slope: Option<Slope>,
    points: Vec<Point>,
    controls: Vec<Control<'a>>,
    seconds: f64,
    reason: &'a str,
}

#[derive(Serialize)]
struct Point {
    x: f64,
    n: usize,
    mean: f64,
    stderr: f64,
    bound: f64,
}

#[derive(Serialize)]
struct Control<'a> {
    name: &'a str,
    verdict: &'a str,
    margin: f64,
}

/// The results of a run, as `verify --json` writes them.
pub fn verified(settings: Settings, results: &[Verified]) -> String {
    let claims = results.iter().map(claim).collect();
    pretty(&Run { schema: SCHEMA, root_seed: settings.root_seed, tier: settings.tier.name(), claims })
}

fn claim(verified: &Verified) -> Claim<'_> {
    let outcome = &verified.outcome;
    let judged = &outcome.method.judgement;
    let points = judged.points.iter();
    let controls = outcome.controls();
    Claim {
        id: &outcome.id,
        law: &outcome.law,
        source: &outcome.source,
        evidence: outcome.evidence.name(),
        verdict: judged.verdict.name(),
        vacuous: judged.vacuous,
        fragile: judged.fragile,
        worst_ratio: judged.worst_ratio,
        slope: judged.slope,
        points: points
            .map(|p| Point { x: p.x, n: p.n, mean: p.mean, stderr: p.stderr, bound: p.bound })
            .collect(),
        controls: controls
            .map(|c| Control {
                name: &c.name,
                verdict: c.judgement.verdict.name(),
                margin: c.judgement.margin,
            })
            .collect(),
        seconds: verified.seconds,
        reason: &judged.reason,
    }
}

#[derive(Serialize)]
struct ListedPaper<'a> {
    paper: &'a str,
    area: &'a str,
    title: &'a str,
    arxiv: Option<&'a str>,
    seed_line: Option<u32>,
    status: String,
    claims: Vec<ListedClaim<'a>>,
}

#[derive(Serialize)]
struct ListedClaim<'a> {
    id: &'a str,
    law: &'a str,
    source: String,
    evidence: &'a str,
    controls: Vec<&'a str>,
    detects: f64,
}

/// The catalogue, as `list --json` prints it.
pub fn listed(papers: &[(Paper, Status)]) -> String {
    let listed = papers.iter().map(|(paper, status)| ListedPaper {
        paper: paper.id,
        area: paper.area(),
        title: paper.title,
        arxiv: paper.arxiv,
        seed_line: paper.seed_line,
        status: status.to_string(),
        claims: (paper.claims.iter())
            .map(|claim| ListedClaim {
                id: &claim.id,
                law: claim.law.name(),
                source: claim.source.to_string(),
                evidence: claim.evidence.name(),
                controls: claim.controls().map(|c| c.name.as_str()).collect(),
                detects: claim.detectable(),
            })
            .collect(),
    });
    pretty(&listed.collect::<Vec<_>>())
}

/// These types hold numbers, strings and lists only, which always serialise.
fn pretty(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
