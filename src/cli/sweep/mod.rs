//! `lightwatch sweep`: parameter and demand sweeps as job files that anything may spread over machines.

pub(super) mod asked;

use super::bench::this_program;
use super::interrupt::Interrupt;
use super::progress::JobsBar;
use super::refusal::Refusal;
use crate::cosim::error::CosimError;
use crate::cosim::experiment::collect::{Collected, collect, job_files};
use crate::cosim::experiment::job::{FAILED, JOB, Job, RESULT, Task, beside};
use crate::cosim::jobs::pool::run_all;
use crate::cosim::jobs::store::Store;
use asked::{AskedArgs, Noting, SumoBinaryArgs, delay_s, write_job};
use clap::Subcommand;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Plan runs as job files, run them anywhere, collect one table
#[derive(Debug, clap::Args)]
pub struct SweepArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Plan(PlanArgs),
    Run(RunArgs),
    Collect(CollectArgs),
}

/// Write one self-contained job file a run
///
/// Exit code: 0 good, 64 and 78 something that is asked for is wrong, 65 a file cannot be read or written.
#[derive(Debug, clap::Args)]
struct PlanArgs {
    #[command(flatten)]
    asked: AskedArgs,
    /// A setting with its values, `engine.range_m=50,100,200` or `optimize.block_price=2,4`; may be repeated, then every combination is run.
    #[arg(long = "set", value_name = "KEY=V,V", value_parser = setting)]
    settings: Vec<(String, Vec<f64>)>,
    /// Folder for the job files; it must not hold other ones.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Run jobs whose result is not there yet
///
/// A result is put beside each job file; one that is there with the same digest (job, files, this program, SUMO) is not run
/// again. Exit code: 0 all results are there, else that of the first failure; 130 or 143 interrupted.
#[derive(Debug, clap::Args)]
struct RunArgs {
    /// Job files, or folders of such.
    #[arg(required = true, value_name = "JOB")]
    jobs_files: Vec<PathBuf>,
    /// How many are run at once.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    #[command(flatten)]
    sumo: SumoBinaryArgs,
}

/// Make one table of all results of a folder
///
/// Exit code: 0 every job has its result, 1 some are missing or have failed (they are named), 65 a file is broken.
#[derive(Debug, clap::Args)]
struct CollectArgs {
    /// Folder of job files and results.
    folder: PathBuf,
    /// Write the table there as CSV.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

/// `KEY=V,V`.
fn setting(text: &str) -> Result<(String, Vec<f64>), String> {
    let allowed = "allowed is KEY=NUMBER[,NUMBER…], such as engine.range_m=100,200";
    let (key, values) = text.split_once('=').ok_or(allowed)?;
    let number = |it: &str| it.trim().parse::<f64>().ok().filter(|it| it.is_finite());
    let values: Option<Vec<f64>> = values.split(',').map(number).collect();
    values.map(|values| (key.trim().to_owned(), values)).ok_or_else(|| allowed.to_owned())
}

/// Run the subcommand.
pub fn run(args: &SweepArgs) -> ExitCode {
    let outcome = match &args.what {
        What::Plan(args) => plan(args),
        What::Run(args) => run_jobs(args),
        What::Collect(args) => tell(args),
    };
    outcome.unwrap_or_else(|refusal| refusal.tell("sweep"))
}

fn plan(args: &PlanArgs) -> Result<ExitCode, Refusal> {
    let jobs = args.asked.plan(&args.settings, false)?.jobs()?;
    let count = jobs.len();
    write_jobs(&args.out, jobs)?;
    eprintln!(
        "{count} jobs in {0}; `lightwatch sweep run {0} --jobs N`, or any of them anywhere, then `lightwatch sweep collect {0}`",
        args.out.display()
    );
    Ok(ExitCode::SUCCESS)
}

/// Jobs as files of a folder, which holds no others. What an earlier plan had in common with this one keeps its results under its new number, so that a
/// comparison can be given more seeds.
pub(super) fn write_jobs(folder: &Path, jobs: Vec<Job>) -> Result<Vec<(PathBuf, Arc<Job>)>, Refusal> {
    std::fs::create_dir_all(folder).map_err(CosimError::file(folder))?;
    let wanted: Vec<(PathBuf, Arc<Job>)> =
        jobs.into_iter().map(|job| (folder.join(format!("{}{JOB}", job.name())), Arc::new(job))).collect();
    let places: BTreeMap<String, &Path> = wanted.iter().map(|(file, job)| (job.digest("", None), &**file)).collect();
    let mut moves = Vec::new();
    for file in job_files(folder)? {
        if wanted.iter().any(|(name, _)| *name == file) {
            continue;
        }
        let Some(place) = Job::read(&file).ok().and_then(|job| places.get(&job.digest("", None))) else {
            let why = format!("{}: a job of another plan; give another folder, or remove this one", file.display());
            return Err(Refusal::Usage(why));
        };
        moves.push((file, *place));
    }
    for (from, to) in moves {
        for end in [RESULT, FAILED] {
            match std::fs::rename(beside(&from, end), beside(to, end)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(CosimError::file(&from)(error).into()),
                _ => {}
            }
        }
        std::fs::remove_file(&from).map_err(CosimError::file(&from))?;
    }
    for (file, job) in &wanted {
        write_job(file, &job.to_json())?;
    }
    Ok(wanted)
}

fn run_jobs(args: &RunArgs) -> Result<ExitCode, Refusal> {
    let interrupt = Interrupt::listen().map_err(CosimError::file(Path::new("(signals)")))?;
    let mut files = Vec::new();
    for named in &args.jobs_files {
        if named.is_dir() {
            files.extend(job_files(named)?);
        } else {
            files.push(named.clone());
        }
    }
    if files.is_empty() {
        return Err(Refusal::Usage(format!("no file *{JOB} in what was named")));
    }
    let jobs = files.into_iter().map(|file| Ok((Arc::new(Job::read(&file)?), file)));
    let jobs = jobs.collect::<Result<Vec<_>, CosimError>>()?;
    let sumo = args.sumo.find(jobs.iter().any(|(job, _)| job.place.is_sumo()))?;
    let task = |(job, file): (Arc<Job>, PathBuf)| Task { job, file, sumo: sumo.clone() };
    let tasks: Vec<Task> = jobs.into_iter().map(task).collect();
    let store = Store::new(Path::new(""), this_program()?);
    let bar = Noting(JobsBar::new(&tasks, &interrupt, delay_s));
    let outcome = run_all(&tasks, args.jobs.into(), &store, &bar);
    bar.0.finish();
    let done = outcome.records.iter().flatten().count();
    if let Some(code) = interrupt.exit_code() {
        eprintln!("stopped with {done} of {} results there; the same command goes on from there", tasks.len());
        return Ok(code);
    }
    eprintln!("{done} of {} results are there", tasks.len());
    Ok(outcome.failed.first().map_or(ExitCode::SUCCESS, |(_, error)| ExitCode::from(error.exit_code())))
}

fn tell(args: &CollectArgs) -> Result<ExitCode, Refusal> {
    let collected = collect(&args.folder)?;
    if collected.jobs.is_empty() {
        return Err(Refusal::Usage(format!("{}: no file *{JOB}", args.folder.display())));
    }
    let table = collected.table();
    if let Some(file) = &args.csv {
        std::fs::write(file, table.to_csv()).map_err(CosimError::file(file))?;
    }
    // A reader that has gone away is no failure.
    let _ = std::io::stdout().lock().write_all(table.to_text().as_bytes());
    Ok(ExitCode::from(u8::from(tell_open(&collected))))
}

/// Name jobs without a result, and a mix of programs; whether there are such jobs.
pub(super) fn tell_open(collected: &Collected) -> bool {
    let open = collected.open();
    for (name, failure) in &open {
        match failure {
            Some(failure) => eprintln!("failed: {name}: exit code {}: {}", failure.exit_code, failure.message),
            None => eprintln!("missing: {name}"),
        }
    }
    if collected.programs().len() > 1 {
        eprintln!("results are of {} different builds of lightwatch", collected.programs().len());
    }
    !open.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_a_key_with_numbers() {
        assert_eq!(setting("engine.range_m=50,100"), Ok(("engine.range_m".to_owned(), vec![50.0, 100.0])));
        assert!(["x", "x=", "x=1,b", "x=nan"].iter().all(|it| setting(it).is_err()));
    }
}
