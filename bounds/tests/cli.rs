//! The command as a user meets it: exit codes, streams, files.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const CLAIM: &str = "bandits/bracketing_halving/regret_at_most";

/// A fresh folder of this test, below the target folder.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

fn ratebook(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ratebook")).args(arguments).output().expect("the command starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Exit code 2, one line on stderr that says `text`, nothing on stdout.
fn refused(arguments: &[&str], text: &str) {
    let output = ratebook(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
    assert!(error.contains(text), "{arguments:?}: {error}");
    assert_eq!((error.trim().lines().count(), stdout(&output).as_str()), (1, ""), "{arguments:?}: {error}");
}

fn verify(dir: &Path, more: &[&str]) -> Output {
    let report = dir.join("report");
    ratebook(&[&["verify", CLAIM, "--report", report.to_str().expect("a plain path")], more].concat())
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).expect("the file was written")).expect("it is JSON")
}

#[test]
fn verify_writes_a_report_and_json() {
    let dir = folder("verify");
    let file = dir.join("out.json");
    let output = verify(&dir, &["--json", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(stdout(&output).contains("1 of 1 claims verified (quick tier, seed 2026)"));
    assert!(output.stderr.is_empty(), "no progress bar where there is no terminal");
    let page = std::fs::read_to_string(dir.join("report/index.html")).unwrap();
    assert!(page.contains("regret_at_most") && page.contains("<svg"));

    let run = json(&file);
    assert_eq!((&run["schema"], &run["root_seed"], &run["tier"]), (&1.into(), &2026.into(), &"quick".into()));
    let claim = &run["claims"][0];
    assert_eq!((&claim["id"], &claim["verdict"]), (&CLAIM.into(), &"holds".into()));
    assert_eq!(
        (&claim["law"], &claim["evidence"], &claim["slope"]),
        (&"at_most".into(), &"sampled".into(), &Value::Null)
    );
    assert_eq!((&claim["vacuous"], &claim["fragile"]), (&false.into(), &false.into()));
    assert!(claim["worst_ratio"].as_f64().is_some_and(|r| r > 0.0 && r < 1.0) && claim["seconds"].is_f64());
    let point = &claim["points"][0];
    assert_eq!((&point["x"], &point["n"]), (&16384.0.into(), &200.into()));
    assert!(point["mean"].is_f64() && point["stderr"].is_f64() && point["bound"].is_f64());
    let control = &claim["controls"][0];
    assert_eq!((&control["name"], &control["verdict"]), (&"keeps the worse half".into(), &"violated".into()));
    assert!(control["margin"].as_f64().is_some_and(|m| m > 0.0));
}

#[test]
fn results_do_not_depend_on_threads_but_on_the_seed() {
    let dir = folder("threads");
    let run = |name: &str, more: &[&str]| {
        let file = dir.join(name);
        let output = verify(&dir, &[&["--json", file.to_str().unwrap()], more].concat());
        assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
        json(&file)["claims"][0]["points"].clone()
    };
    let one = run("one.json", &["--threads", "1"]);
    assert_eq!(one, run("eight.json", &["--threads", "8"]));
    assert_ne!(one, run("seed.json", &["--seed", "7"]));
}

#[test]
fn a_run_that_was_killed_resumes() {
    let dir = folder("resume");
    let results = dir.join("report/results.jsonl");
    let filter = "bandits/bracketing_halving";
    let report = dir.join("report");
    let arguments = ["verify", filter, "--threads", "1", "--report", report.to_str().unwrap()];
    let mut child = Command::new(env!("CARGO_BIN_EXE_ratebook")).args(arguments).spawn().unwrap();
    let lines = || std::fs::read_to_string(&results).unwrap_or_default().lines().count();
    while lines() < 2 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let finished = lines();
    assert!(finished >= 2);
    // A torn last line is what a kill may leave.
    let mut text = std::fs::read_to_string(&results).unwrap();
    let kept: Vec<String> = text.lines().map(String::from).collect();
    text.push_str("{\"program\":1,\"outc");
    std::fs::write(&results, &text).unwrap();
    let output = ratebook(&[&arguments[..], &["--resume"]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = std::fs::read_to_string(&results).unwrap();
    assert!(
        kept.iter().all(|line| text.contains(line.as_str())),
        "finished claims are kept, seconds and all"
    );
    let claims = ratebook_bounds::papers().into_iter().find(|p| p.id == filter).unwrap().claims.len();
    assert_eq!(text.lines().count(), claims);
}

#[test]
fn what_cannot_be_carried_out_is_one_line_and_code_2() {
    let dir = folder("refused");
    refused(&["verify", "no_such_paper"], "no paper or claim matches 'no_such_paper'");
    refused(&["verify", "--tier", "slow"], "must be quick or full");
    refused(&["verify", "--seed", "x"], "--seed");
    refused(&["verify", "--threads", "0"], "--threads");
    refused(&["verify", "--unknown"], "--unknown");
    refused(&["unknown"], "unknown");
    refused(&["list", "nothing like it"], "nothing like it");
    refused(&["show", "nothing like it"], "nothing like it");
    refused(&["new", "no-slash"], "area/paper");
    refused(&["new", "bandits/Upper"], "not a module name");
    refused(&["new", "bandits/bracketing_halving"], "exists");
    refused(&["compare", "no/such/claim", "--values", "x.csv"], "no claim is called");
    refused(&["compare", CLAIM, "--values", "no such file.csv"], "no such file.csv");
    let unwritable = dir.join("file");
    std::fs::write(&unwritable, "").unwrap();
    refused(&["verify", CLAIM, "--json", unwritable.join("out.json").to_str().unwrap()], "out.json");
    refused(&["verify", CLAIM, "--report", unwritable.to_str().unwrap()], "file");
}

#[test]
fn malformed_values_are_refused_with_the_file_and_the_reason() {
    let dir = folder("csv");
    let write = |text: &str| {
        let path = dir.join("values.csv");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_string()
    };
    let refuse = |text: &str, reason: &str| {
        let file = write(text);
        refused(&["compare", CLAIM, "--values", &file], reason);
        refused(&["compare", CLAIM, "--values", &file], "values.csv");
    };
    refuse("point,replicate,value\n16384,0,NaN\n", "not finite");
    refuse("point,replicate,value\n3,0,1\n", "not in the claim's sweep");
    refuse("point,replicate,value\n16384,0,1\n16384,0,1\n", "comes twice");
    refuse("point,replicate,value\n16384,0,1\n", "point 32768 has no value");
    refuse("point,replicate,value\n16384,0,abc\n", "invalid float");
    refuse("a,b\n1,2\n", "missing field");
    refuse("", "has no value");
}

#[test]
fn values_made_elsewhere_are_compared() {
    let dir = folder("compare");
    let claim = "bandits/bracketing_halving/independent_of_arms";
    let points = [1000, 10_000, 100_000, 1_000_000];
    let values = |mean: f64| {
        let mut text = String::from("point,replicate,value\n");
        for point in points {
            for replicate in 0..400 {
                let value = mean * (1.0 + 0.2 * (f64::from(replicate) / 399.0 - 0.5));
                text += &format!("{point},{replicate},{value}\n");
            }
        }
        let path = dir.join(format!("values{mean}.csv"));
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_string()
    };
    let output = ratebook(&["compare", claim, "--values", &values(0.3), "--fail-on", "worse"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(stdout(&output).contains("better"), "{}", stdout(&output));
    let file = dir.join("report.json");
    let output = ratebook(&[
        "compare",
        claim,
        "--values",
        &values(0.9),
        "--fail-on",
        "worse",
        "--json",
        file.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let report = json(&file);
    assert_eq!((&report["claim"], &report["comparison"]["overall"]), (&claim.into(), &"worse".into()));
}

#[test]
fn recording_unchanged_code_changes_nothing() {
    let output = ratebook(&["record", "convex/classics/gradient_descent_certified"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("convex/classics: unchanged") && text.contains("0 records differ"), "{text}");
}

#[test]
fn list_and_show_tell_what_there_is() {
    let output = ratebook(&["list", "--json"]);
    let listed: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let papers = ratebook_bounds::papers();
    assert_eq!(listed.as_array().unwrap().len(), papers.len());
    let paper =
        listed.as_array().unwrap().iter().find(|p| p["paper"] == "bandits/bracketing_halving").unwrap();
    assert_eq!(
        (&paper["area"], &paper["arxiv"], &paper["seed_line"]),
        (&"bandits".into(), &"2210.16913".into(), &157.into())
    );
    assert_eq!(paper["status"], "verified");
    assert!(paper["title"].as_str().unwrap().starts_with("Revisiting Simple Regret"));
    let claim = &paper["claims"][0];
    assert_eq!((&claim["id"], &claim["law"]), (&"rate_in_budget".into(), &"rate_exactly".into()));
    assert_eq!(
        (&claim["source"], &claim["evidence"], &claim["detects"]),
        (&"abstract".into(), &"sampled".into(), &0.06.into())
    );
    assert!(claim["controls"][0].is_string());

    assert!(stdout(&ratebook(&["list", "bandits"])).contains("rate_in_arms"));
    let shown = stdout(&ratebook(&["show", "bandits/bracketing_halving"]));
    for text in ["arXiv 2210.16913", "status: verified", "method: holds", "exponent -0.5"] {
        assert!(shown.contains(text), "{text}");
    }
    assert!(!shown.contains('\u{1b}'), "no colour where there is no terminal");
    assert!(stdout(&ratebook(&["--help"])).contains("Examples:"));
    assert!(stdout(&ratebook(&["completions", "bash"])).contains("ratebook"));
}
