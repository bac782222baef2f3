//! `ratebook verify`: run claims and controls, show the verdicts, write the report.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use clap::Args;
use comfy_table::Cell;
use indicatif::{ProgressBar, ProgressStyle};
use ratebook_judge::run::ROOT_SEED;
use ratebook_judge::{Claim, Paper, Settings, Tier};

use super::store::Store;
use super::style::{self, short};
use super::{Outcome, can_write, write};
use crate::catalog;
use crate::json;
use crate::report::{self, Verified};

/// Options of `verify`.
#[derive(Args)]
pub struct Arguments {
    /// Parts of names: an area, a paper, a claim
    filter: Vec<String>,
    /// quick: about a second a claim, error rate 1e-3 a point; full: up to a minute, 1e-6
    #[arg(long, default_value = "quick", value_parser = tier)]
    tier: Tier,
    /// Root seed of all streams
    #[arg(long, default_value_t = ROOT_SEED)]
    seed: u64,
    /// Threads; results do not depend on them [default: all cores]
    #[arg(long)]
    threads: Option<std::num::NonZeroUsize>,
    /// Also write the results as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where the report goes [default: target/ratebook]
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Keep what an interrupted run of the same program, seed and tier has finished
    #[arg(long)]
    resume: bool,
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            filter: Vec::new(),
            tier: Tier::Quick,
            seed: ROOT_SEED,
            threads: None,
            json: None,
            report: None,
            resume: false,
        }
    }
}

fn tier(word: &str) -> Result<Tier, String> {
    match word {
        "quick" => Ok(Tier::Quick),
        "full" => Ok(Tier::Full),
        _ => Err("must be quick or full".into()),
    }
}

/// Runs `verify`; true when every claim is verified.
pub fn run(arguments: &Arguments) -> Outcome {
    let papers = catalog::select(crate::papers(), &arguments.filter)?;
    let settings = Settings { root_seed: arguments.seed, tier: arguments.tier };
    let threads = arguments.threads.or(std::thread::available_parallelism().ok()).map_or(1, usize::from);
    let dir = arguments.report.clone().unwrap_or_else(|| catalog::root().join("target/ratebook"));
    if let Some(path) = &arguments.json {
        // A file that cannot be written is better known before the run than after it.
        can_write(path)?;
    }
    let (mut store, earlier) = Store::open(&dir, settings, arguments.resume)?;

    let start = Instant::now();
    let results = run_all(&papers, settings, threads, earlier, &mut store)?;
    print_tables(&papers, &results);
    let good = results.iter().filter(|r| r.outcome.verified()).count();
    report::write(&dir, &papers, &results, &catalog::root())?;
    if let Some(path) = &arguments.json {
        write(path, &json::verified(settings, &results))?;
    }
    println!(
        "{good} of {} claims verified ({} tier, seed {}) in {:.1} s on {threads} threads; report: {}",
        results.len(),
        settings.tier.name(),
        settings.root_seed,
        start.elapsed().as_secs_f64(),
        dir.join("index.html").display()
    );
    Ok(good == results.len())
}

/// Runs the claims that `earlier` lacks. Workers take whole claims, so that a claim's seconds are its own; with
/// fewer claims than threads each gets several.
fn run_all(
    papers: &[Paper],
    settings: Settings,
    threads: usize,
    earlier: Vec<Verified>,
    store: &mut Store,
) -> Result<Vec<Verified>, String> {
    let tasks: Vec<(&Paper, &Claim)> =
        papers.iter().flat_map(|p| p.claims.iter().map(move |c| (p, c))).collect();
    let mut results: BTreeMap<usize, Verified> = BTreeMap::new();
    for (index, (paper, claim)) in tasks.iter().enumerate() {
        let id = catalog::claim_id(paper, claim);
        if let Some(done) = earlier.iter().find(|v| v.outcome.id == id) {
            results.insert(index, done.clone());
        }
    }
    let pending: Vec<usize> = (0..tasks.len()).filter(|i| !results.contains_key(i)).collect();
    let bar = progress(tasks.len(), results.len());
    let workers = threads.min(pending.len()).max(1);
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let share = threads / workers + usize::from(worker < threads % workers);
            let (sender, next, pending, tasks) = (sender.clone(), &next, &pending, &tasks);
            scope.spawn(move || {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(share).build();
                while let Some(&index) = pending.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (paper, claim) = tasks[index];
                    let start = Instant::now();
                    let verified = pool.as_ref().map_err(ToString::to_string).map(|pool| {
                        let outcome = pool.install(|| ratebook_judge::run(paper.id, claim, settings));
                        Verified { outcome, seconds: start.elapsed().as_secs_f64() }
                    });
                    if sender.send((index, verified)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (index, verified) in receiver {
            let verified = verified?;
            store.save(&verified)?;
            results.insert(index, verified);
            bar.inc(1);
            announce(tasks[index].0, &tasks, &results, &bar);
        }
        Ok::<(), String>(())
    })?;
    bar.finish_and_clear();
    Ok(results.into_values().collect())
}

/// On stderr, and only when that is a terminal.
fn progress(length: usize, done: usize) -> ProgressBar {
    let bar = ProgressBar::new(length as u64).with_position(done as u64);
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} claims, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    bar
}

/// One line when the last claim of a paper has finished.
fn announce(
    paper: &Paper,
    tasks: &[(&Paper, &Claim)],
    results: &BTreeMap<usize, Verified>,
    bar: &ProgressBar,
) {
    let of_paper =
        || tasks.iter().enumerate().filter(|(_, (p, _))| p.id == paper.id).map(|(i, _)| results.get(&i));
    let Some(done) = of_paper().collect::<Option<Vec<_>>>() else { return };
    let seconds: f64 = done.iter().map(|v| v.seconds).sum();
    let failing: Vec<&str> =
        done.iter().filter(|v| !v.outcome.verified()).map(|v| v.outcome.id.as_str()).collect();
    let word = if failing.is_empty() { "verified".into() } else { format!("FAILS: {}", failing.join(", ")) };
    bar.suspend(|| println!("{:<44} {} claims, {seconds:.1} s, {word}", paper.id, done.len()));
}

fn print_tables(papers: &[Paper], results: &[Verified]) {
    let mut areas: Vec<&str> = papers.iter().map(Paper::area).collect();
    areas.dedup();
    for area in areas {
        let heads = ["claim", "verdict", "law", "evidence", "measured÷bound", "slope", "controls", "s"];
        let mut table = style::table(&heads, &[4, 7]);
        let prefix = format!("{area}/");
        for Verified { outcome, seconds } in results.iter().filter(|r| r.outcome.id.starts_with(&prefix)) {
            let judged = &outcome.method.judgement;
            let slope = judged.slope.map_or("-".into(), |s| {
                format!("{} [{}, {}]", short(Some(s.fit)), short(Some(s.low)), short(Some(s.high)))
            });
            table.add_row(vec![
                Cell::new(&outcome.id[prefix.len()..]),
                style::verdict(&outcome.method),
                Cell::new(&outcome.law),
                Cell::new(outcome.evidence.name()),
                Cell::new(short(judged.worst_ratio)),
                Cell::new(slope),
                style::controls(outcome),
                Cell::new(format!("{seconds:.2}")),
            ]);
        }
        println!("\n{area}\n{table}");
    }
    for Verified { outcome, .. } in results {
        for series in outcome.series() {
            let judged = &series.judgement;
            if !series.as_required() || judged.vacuous {
                let why = if judged.reason.is_empty() { "its bound says nothing" } else { &judged.reason };
                println!("{}, {}: {}: {why}", outcome.id, series.name, judged.verdict);
            }
        }
    }
    println!();
}
