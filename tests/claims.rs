//! Every claim and every control is a test of its own, and every paper's record is compared.
//!
//! `cargo test bandits::` runs an area. Names are `area::paper::claim::holds`,
//! `area::paper::claim::control::name` and `area::paper::record`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Failed, Trial};
use ratebook_judge::claim::Role;
use ratebook_judge::{Claim, Outcome, Paper, Settings, record};

/// A claim with its outcome, which is computed once for all the tests that look at it.
struct Lazy {
    paper: &'static str,
    claim: Claim,
    outcome: OnceLock<Outcome>,
}

impl Lazy {
    fn outcome(&self) -> &Outcome {
        self.outcome.get_or_init(|| ratebook_judge::run(self.paper, &self.claim, Settings::default()))
    }
}

fn main() {
    let arguments = Arguments::from_args();
    let papers = ratebook_bounds::papers();
    let mut trials: Vec<Trial> = papers.iter().flat_map(paper_trials).collect();
    trials.extend([
        Trial::test("completeness::the_trees_agree", trees_agree),
        Trial::test("completeness::no_orphan_record", no_orphan_record),
        Trial::test("completeness::claims_are_complete", claims_are_complete),
    ]);
    libtest_mimic::run(&arguments, trials).exit();
}

fn paper_trials(paper: &Paper) -> Vec<Trial> {
    let prefix = paper.id.replace('/', "::");
    let claims: Vec<Arc<Lazy>> = (paper.claims.iter())
        .map(|claim| Arc::new(Lazy { paper: paper.id, claim: claim.clone(), outcome: OnceLock::new() }))
        .collect();
    let mut trials = Vec::new();
    for lazy in &claims {
        let name = format!("{prefix}::{}", lazy.claim.id);
        let method = Arc::clone(lazy);
        trials.push(Trial::test(format!("{name}::holds"), move || holds(method.outcome())));
        for (index, companion) in lazy.claim.companions.iter().enumerate() {
            let role = match companion.role {
                Role::Control => "control",
                Role::Refutation => "refutation",
                Role::Peer => "peer",
                Role::Baseline => continue,
            };
            let lazy = Arc::clone(lazy);
            trials.push(Trial::test(format!("{name}::{role}::{}", companion.name), move || {
                let series = &lazy.outcome().companions[index];
                let judged = &series.judgement;
                let reason = format!("{role} is {}: {}", judged.verdict, judged.reason);
                if series.as_required() { Ok(()) } else { Err(Failed::from(reason)) }
            }));
        }
    }
    let id = paper.id;
    if claims.is_empty() {
        // `completeness` says so; a paper that claims nothing yet has no record to miss.
        return trials;
    }
    trials.push(Trial::test(format!("{prefix}::record"), move || compare_record(id, &claims)));
    trials
}

fn holds(outcome: &Outcome) -> Result<(), Failed> {
    let judged = &outcome.method.judgement;
    if !outcome.method.as_required() {
        return Err(format!("{}: {}", judged.verdict, judged.reason).into());
    }
    if judged.vacuous {
        return Err("holds, but its bound says nothing (vacuous)".into());
    }
    Ok(())
}

/// Compares with the record; a difference says which numbers moved before insta shows the diff.
fn compare_record(paper: &str, claims: &[Arc<Lazy>]) -> Result<(), Failed> {
    let outcomes: Vec<Outcome> = claims.iter().map(|lazy| lazy.outcome().clone()).collect();
    let text = record::write(paper, &outcomes);
    let (area, module) = paper.split_once('/').ok_or("a paper's id is area/module")?;
    let path = snapshots().join(area).join(format!("{module}.snap"));
    if let Ok(recorded) = std::fs::read_to_string(&path) {
        let (old, new) = (record::parse(&recorded)?, record::parse(&text)?);
        for line in record::differences(&old, &new) {
            eprintln!("{line}");
        }
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(snapshots().join(area));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let check = || settings.bind(|| insta::assert_snapshot!(module, text));
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(check))
        .map_err(|_| format!("the record of {paper} differs or is missing; see the lines above").into())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn snapshots() -> PathBuf {
    root().join("tests/snapshots")
}

/// The papers' modules in a tree, as `area/paper`: files, or folders with a `mod.rs`.
fn modules(tree: &Path, extension: &str) -> Result<BTreeSet<String>, Failed> {
    const SHARED: [&str; 11] = [
        "mod",
        "main",
        "instances",
        "baselines",
        "primitives",
        "agents",
        "caching",
        "contract",
        "dense",
        "policies",
        "selection",
    ];
    let mut found = BTreeSet::new();
    for area in std::fs::read_dir(tree)? {
        let area = area?.path();
        let name = file_name(&area);
        if !area.is_dir() || !ratebook_bounds::AREAS.contains(&name.as_str()) {
            continue;
        }
        for entry in std::fs::read_dir(&area)? {
            let entry = entry?.path();
            let stem = entry.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            let is_module =
                entry.join("mod.rs").exists() || entry.extension().is_some_and(|e| e == extension);
            if is_module && !SHARED.contains(&stem.as_str()) {
                found.insert(format!("{name}/{stem}"));
            }
        }
    }
    Ok(found)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

fn registered() -> BTreeSet<String> {
    ratebook_bounds::papers().iter().map(|p| p.id.to_string()).collect()
}

fn trees_agree() -> Result<(), Failed> {
    let registered = registered();
    for tree in ["src", "bounds/src", "tests"] {
        let found = modules(&root().join(tree), "rs")?;
        let difference: Vec<_> = found.symmetric_difference(&registered).collect();
        if !difference.is_empty() {
            return Err(format!("{tree} and the list of papers differ by {difference:?}").into());
        }
    }
    Ok(())
}

fn no_orphan_record() -> Result<(), Failed> {
    let recorded = modules(&snapshots(), "snap")?;
    let orphans: Vec<_> = recorded.difference(&registered()).cloned().collect();
    if orphans.is_empty() { Ok(()) } else { Err(format!("records without a paper: {orphans:?}").into()) }
}

fn claims_are_complete() -> Result<(), Failed> {
    let papers = ratebook_bounds::papers();
    let mut seen = BTreeSet::new();
    for paper in &papers {
        if !seen.insert(paper.id.to_string()) {
            return Err(format!("{} is listed twice", paper.id).into());
        }
        if paper.claims.is_empty() {
            return Err(format!("{0} claims nothing: write its claims in bounds/src/{0}.rs", paper.id).into());
        }
        for claim in &paper.claims {
            let id = format!("{}/{}", paper.id, claim.id);
            if claim.controls().next().is_none() {
                return Err(format!("{id} has no control").into());
            }
            if claim.experiment.is_none() || claim.statement.is_empty() {
                return Err(format!("{id} has no experiment or no statement").into());
            }
            if !seen.insert(id.clone()) {
                return Err(format!("{id} is claimed twice").into());
            }
        }
    }
    if papers.iter().map(|p| p.claims.len()).sum::<usize>() == 0 {
        return Err("no claim was run".into());
    }
    Ok(())
}
