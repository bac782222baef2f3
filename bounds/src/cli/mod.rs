//! The command `ratebook`: results on stdout, progress and errors on stderr.

mod compare;
mod list;
mod new;
mod record;
mod show;
mod store;
mod style;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// What a command that could be carried out found: whether everything is as required.
pub type Outcome = Result<bool, String>;

const AFTER_HELP: &str = "\
Examples:
  ratebook                                   verify every claim and write target/ratebook/index.html
  ratebook verify bandits --threads 1        one area on one thread
  ratebook verify --tier full --resume       the long run, where it left off
  ratebook show bandits/bracketing_halving   one paper's statements and recorded numbers
  ratebook compare bandits/bracketing_halving/rate_in_budget --values mine.csv

Exit code: 0 when everything is as required, 1 when it is not, 2 when the command could not be carried out.";

/// Decides whether 221 papers keep what they promise, and shows that the same check fails for a wrong algorithm.
#[derive(Parser)]
#[command(name = "ratebook", version, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run every claim and its controls, and write the report (the default).
    Verify(verify::Arguments),
    /// List papers and claims with law, source, evidence and status.
    List(list::Arguments),
    /// Show a paper's statements, bounds and recorded numbers.
    Show(show::Arguments),
    /// Compare values made elsewhere with a claim's reference.
    Compare(compare::Arguments),
    /// Run claims and show, or accept, what changes in their records.
    Record(record::Arguments),
    /// Write the three files of a new paper and register it.
    New(new::Arguments),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or("error: bad arguments");
            eprintln!("{line} (see `ratebook --help`)");
            return ExitCode::from(2);
        }
        Err(help) => {
            // Help and version go to stdout; nothing is left to do if that is closed.
            let _ = help.print();
            return ExitCode::SUCCESS;
        }
    };
    let outcome = match arguments.command.unwrap_or_else(|| Command::Verify(verify::Arguments::default())) {
        Command::Verify(arguments) => verify::run(&arguments),
        Command::List(arguments) => list::run(&arguments),
        Command::Show(arguments) => show::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Record(arguments) => record::run(&arguments),
        Command::New(arguments) => new::run(&arguments),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "ratebook", &mut std::io::stdout());
            Ok(true)
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

/// Whether a file can be written, found out without changing what it holds.
fn can_write(path: &std::path::Path) -> Result<(), String> {
    let fail = |e: std::io::Error| format!("{}: {e}", path.display());
    let existed = path.exists();
    std::fs::OpenOptions::new().append(true).create(true).open(path).map_err(fail)?;
    if existed { Ok(()) } else { std::fs::remove_file(path).map_err(fail) }
}

/// Writes a file, with its name in the message when that fails.
fn write(path: &std::path::Path, text: &str) -> Result<(), String> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
    parent
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|e| format!("{}: {e}", path.display()))
}
