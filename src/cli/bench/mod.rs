//! `lightwatch bench`: benchmarks that anyone can repeat.

mod control;
mod history;
mod liars;
mod page;
mod scale;

pub(super) use control::{seeds, this_program};

use clap::Subcommand;
use std::process::ExitCode;

/// Benchmarks that anyone can repeat.
#[derive(Debug, clap::Args)]
pub struct BenchArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Control(control::ControlArgs),
    History(history::HistoryArgs),
    Liars(liars::LiarsArgs),
    Page(page::PageArgs),
    Scale(scale::ScaleArgs),
}

/// Run the subcommand.
pub fn run(args: &BenchArgs) -> ExitCode {
    match &args.what {
        What::Control(args) => control::run(args),
        What::History(args) => history::run(args),
        What::Liars(args) => liars::run(args),
        What::Page(args) => page::run(args),
        What::Scale(args) => scale::run(args),
    }
}
