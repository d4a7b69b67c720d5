//! The `lightwatch` command: parses the command line and hands over to one file a subcommand in [`lightwatch::cli`].

use clap::Parser as _;
use std::process::ExitCode;

/// A decision makes hundreds of short-lived vectors.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match lightwatch::cli::Cli::try_parse() {
        Ok(cli) => lightwatch::cli::run(&cli),
        Err(error) => {
            // Nowhere to complain to when the terminal is gone.
            let _ = error.print();
            ExitCode::from(if error.use_stderr() { 64 } else { 0 })
        }
    }
}
