//! Results on disk, one line a claim, written as each claim finishes: a run that is killed loses none of
//! them, and `--resume` reads them back.

use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};

use ratebook_judge::Settings;
use serde::{Deserialize, Serialize};

use crate::report::Verified;

/// Where a run's results go as they come.
pub struct Store {
    path: PathBuf,
    file: File,
    program: u64,
}

#[derive(Serialize, Deserialize)]
struct Line {
    /// The program that computed it: another program's results are not resumed.
    program: u64,
    #[serde(flatten)]
    verified: Verified,
}

impl Store {
    /// Opens the store below `dir`. With `resume`, returns what an earlier run of the same program with the
    /// same settings left; otherwise starts afresh.
    pub fn open(dir: &Path, settings: Settings, resume: bool) -> Result<(Self, Vec<Verified>), String> {
        let path = dir.join("results.jsonl");
        let fail = |e: std::io::Error| format!("{}: {e}", path.display());
        std::fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        let program = program().map_err(fail)?;
        // A line that a kill tore, or that another program or other settings wrote, is not a result.
        let earlier: Vec<Verified> = match std::fs::read_to_string(&path) {
            Ok(text) if resume => (text.lines())
                .filter_map(|line| serde_json::from_str::<Line>(line).ok())
                .filter(|line| line.program == program && line.verified.outcome.settings == settings)
                .map(|line| line.verified)
                .collect(),
            _ => Vec::new(),
        };
        let file = OpenOptions::new().create(true).write(true).truncate(true).open(&path).map_err(fail)?;
        let mut store = Self { path, file, program };
        for verified in &earlier {
            store.save(verified)?;
        }
        Ok((store, earlier))
    }

    /// Saves one result.
    pub fn save(&mut self, verified: &Verified) -> Result<(), String> {
        let line = Line { program: self.program, verified: verified.clone() };
        let mut text = serde_json::to_string(&line).map_err(|e| e.to_string())?;
        text.push('\n');
        self.file.write_all(text.as_bytes()).map_err(|e| format!("{}: {e}", self.path.display()))
    }
}

/// A hash of the running program.
fn program() -> std::io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    hasher.write(&std::fs::read(std::env::current_exe()?)?);
    Ok(hasher.finish())
}
