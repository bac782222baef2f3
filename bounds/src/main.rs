//! The command `ratebook`.

fn main() -> std::process::ExitCode {
    ratebook_bounds::cli::main()
}
