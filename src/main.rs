//! The `lightwatch` command: parses the command line and hands over to one file a subcommand in [`lightwatch::cli`].

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    lightwatch::cli::run(lightwatch::cli::Cli::parse())
}
