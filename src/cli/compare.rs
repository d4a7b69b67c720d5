//! `lightwatch compare`: controllers side by side on scenarios and SUMO maps, with a report to sign.
//!
//! Compare = plan + run + collect + report: the folder of runs is one of `lightwatch sweep`.

use super::bench::this_program;
use super::interrupt::Interrupt;
use super::progress::JobsBar;
use super::refusal::Refusal;
use super::sweep::asked::{AskedArgs, Noting, SumoBinaryArgs, delay_s};
use super::sweep::{tell_open, write_jobs};
use crate::cosim::compare::parquet;
use crate::cosim::compare::report::{Told, html};
use crate::cosim::compare::study::Study;
use crate::cosim::compare::tables::tables;
use crate::cosim::error::CosimError;
use crate::cosim::experiment::collect::{Collected, collect};
use crate::cosim::experiment::job::{Job, Task};
use crate::cosim::experiment::outcome::Outcome;
use crate::cosim::jobs::pool::run_all;
use crate::cosim::jobs::store::Store;
use crate::measure::atspm::report::Table;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compare controllers on scenarios and SUMO maps: paired differences, winners and losers, a report to sign
///
/// Every controller meets the same vehicles (common random numbers). Finished runs are kept beside the report and not run again
/// while settings, files and programs stay the same; after an interruption the same command goes on. Exit code: 0 all runs
/// are there, 64 and 78 something that is asked for is wrong, else that of the first failed run; 130 or 143 interrupted.
#[derive(Debug, clap::Args)]
pub struct CompareArgs {
    #[command(flatten)]
    asked: AskedArgs,
    /// How many runs are made at once.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// The report, one HTML file; beside it its tables as CSV and Parquet (in NAME.tables) and the runs (in NAME.runs).
    #[arg(long, value_name = "OUT.html")]
    report: PathBuf,
    #[command(flatten)]
    sumo: SumoBinaryArgs,
}

/// Run it.
pub fn run(args: &CompareArgs) -> ExitCode {
    compare(args).unwrap_or_else(|refusal| refusal.tell("compare"))
}

fn compare(args: &CompareArgs) -> Result<ExitCode, Refusal> {
    let interrupt = Interrupt::listen().map_err(CosimError::file(Path::new("(signals)")))?;
    let plan = args.asked.plan(&[], true)?;
    let jobs = plan.jobs()?;
    let sumo = args.sumo.find(jobs.iter().any(|job| job.place.is_sumo()))?;
    let folder = args.report.with_extension("runs");
    let tasks: Vec<Task> =
        write_jobs(&folder, jobs)?.into_iter().map(|(file, job)| Task { job, file, sumo: sumo.clone() }).collect();
    let store = Store::new(Path::new(""), this_program()?);
    let bar = Noting(JobsBar::new(&tasks, &interrupt, delay_s));
    let outcome = run_all(&tasks, args.jobs.into(), &store, &bar);
    bar.0.finish();
    if let Some(code) = interrupt.exit_code() {
        let done = outcome.records.iter().flatten().count();
        eprintln!("stopped with {done} of {} runs kept; the same command goes on from there", tasks.len());
        return Ok(code);
    }
    let collected = collect(&folder)?;
    tell_open(&collected);
    write(args, &collected)?;
    Ok(outcome.failed.first().map_or(ExitCode::SUCCESS, |(_, error)| ExitCode::from(error.exit_code())))
}

/// The report and its tables.
fn write(args: &CompareArgs, collected: &Collected) -> Result<(), CosimError> {
    let outcomes: Vec<&Outcome> = collected.outcomes().collect();
    let jobs: Vec<&Job> = collected.jobs.iter().map(|(_, job, _)| job).collect();
    let open = collected.open();
    let open: Vec<String> = open
        .into_iter()
        .map(|(name, failure)| match failure {
            Some(failure) => format!("{name}: exit code {}: {}", failure.exit_code, failure.message),
            None => format!("{name}: missing"),
        })
        .collect();
    let Some(first) = jobs.first() else { return Ok(()) };
    let study = Study::new(&outcomes, first.controller);
    let text = html(&study, &Told { jobs: &jobs, open: &open });
    std::fs::write(&args.report, text).map_err(CosimError::file(&args.report))?;
    let folder = args.report.with_extension("tables");
    std::fs::create_dir_all(&folder).map_err(CosimError::file(&folder))?;
    let mut all: Vec<Table> = vec![collected.table()];
    all.extend(tables(&study));
    for table in &all {
        let file = folder.join(format!("{}.csv", table.name));
        std::fs::write(&file, table.to_csv()).map_err(CosimError::file(&file))?;
        let file = folder.join(format!("{}.parquet", table.name));
        parquet::write(&file, table).map_err(CosimError::file(&file))?;
    }
    let told = format!("written: {}, {}/*.csv and *.parquet", args.report.display(), folder.display());
    // A reader that has gone away is no failure of the comparison.
    let _ = writeln!(std::io::stdout().lock(), "{told}");
    Ok(())
}
