//! `lightwatch bench control`: every controller on every map and seed in SUMO, with tables, plots and bars.

use crate::cli::interrupt::Interrupt;
use crate::cli::progress::JobsBar;
use crate::cli::refusal::Refusal;
use crate::cosim::bench::ablation::{PLAIN, VARIANTS, Variant};
use crate::cosim::bench::maps::{self, Map};
use crate::cosim::bench::report::{Findings, csv::csv, markdown::markdown, page::page};
use crate::cosim::bench::run::{Record, Run, SumoProgram, Who};
use crate::cosim::bench::table::Table;
use crate::cosim::controller_name::ControllerName;
use crate::cosim::error::CosimError;
use crate::cosim::jobs::pool::{Outcome, run_all};
use crate::cosim::jobs::store::Store;
use crate::cosim::sumo_binary;
use std::io::Write as _;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Run every controller on every map and seed, keep each run, write results.csv, results.md and results.html.
///
/// Finished runs are kept in OUT/runs and not run again while settings, files and program stay the same; after an
/// interruption the same command goes on. Exit code: 0 all runs are there, 1 something required is missed (with --check only),
/// 64, 65, 69, 78 as everywhere, 130 interrupted.
#[derive(Debug, clap::Args)]
pub struct ControlArgs {
    /// Folders with maps: each with one .net.xml and one .rou.xml, or a folder of such folders.
    #[arg(long, value_name = "DIR", num_args = 1.., required = true)]
    maps: Vec<PathBuf>,
    /// Only maps of these names.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// Seeds, `1..5` or `3`; both ends are run.
    #[arg(long, value_name = "A..B", default_value = "1..5", value_parser = seeds)]
    seeds: RangeInclusive<u32>,
    /// Versions of SUMO: `1.28` is .venv/sumo-1.28 (`make sumo-1.28`), `1.28=FILE` is that program.
    #[arg(long, value_name = "VERSION[=FILE]", default_value = "1.28", value_delimiter = ',')]
    sumo: Vec<String>,
    /// Who decides; the conflict-free floor is run besides.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = ALL)]
    controllers: Vec<ControllerName>,
    /// Run adaptive control with one thing changed as well: what it hears, how far it sees, the demand.
    #[arg(long)]
    ablation: bool,
    /// Only these variants of the ablation.
    #[arg(long, value_name = "NAME", value_delimiter = ',', requires = "ablation")]
    variants: Vec<String>,
    /// Begin, end, timing and bars of the maps; the built-in table is scenarios/bench/control.toml.
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// How many SUMOs run at once.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// Simulate no longer than this many seconds of each map, to try things out.
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(10..))]
    shorten: Option<u32>,
    /// Folder for the runs and the results.
    #[arg(long, value_name = "DIR", default_value = ".lightwatch/bench")]
    out: PathBuf,
    /// End with 1 when something is missed that is required of adaptive control.
    #[arg(long)]
    check: bool,
}

const ALL: [ControllerName; 6] = [
    ControllerName::Adaptive,
    ControllerName::Fixed,
    ControllerName::Webster,
    ControllerName::Actuated,
    ControllerName::Greedy,
    ControllerName::MaxPressure,
];

/// `1..5` or `3`.
pub(in crate::cli) fn seeds(text: &str) -> Result<RangeInclusive<u32>, String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let number = |text: &str| text.trim_start_matches('=').parse::<u32>().ok();
    let range = number(first).zip(number(last)).map(|(first, last)| first..=last);
    range
        .filter(|it| !it.is_empty() && it.end() - it.start() < 1000)
        .ok_or_else(|| "allowed are A..B with A up to B, at most 1000 seeds, or one number".to_owned())
}

/// Run it.
pub fn run(args: &ControlArgs) -> ExitCode {
    let interrupt = match Interrupt::listen() {
        Ok(interrupt) => interrupt,
        Err(error) => {
            eprintln!("lightwatch bench: signals: {error}");
            return ExitCode::from(69);
        }
    };
    match measure(args, &interrupt) {
        Ok(code) => code,
        Err(refusal) => refusal.tell("bench"),
    }
}

fn measure(args: &ControlArgs, interrupt: &Interrupt) -> Result<ExitCode, Refusal> {
    let table = table(args)?;
    let maps = chosen_maps(args, &table)?;
    let sumos = args.sumo.iter().map(|it| sumo(it)).collect::<Result<Vec<_>, _>>()?;
    let runs = runs(args, &maps, &sumos)?;
    let store = Store::new(&args.out.join("runs"), this_program()?);
    let bar = JobsBar::new(&runs, interrupt, |record: &Record| record.results.delay_s);
    let outcome = run_all(&runs, args.jobs.into(), &store, &bar);
    bar.finish();
    if let Some(code) = interrupt.exit_code() {
        let done = outcome.records.iter().flatten().count();
        eprintln!("stopped with {done} of {} runs kept; the same command goes on from there", runs.len());
        return Ok(code);
    }
    let records: Vec<Record> = outcome.records.iter().flatten().cloned().collect();
    let findings = Findings::new(&records, &maps, table.asked());
    write(&args.out, &records, &findings)?;
    Ok(tell(args, &findings, &outcome))
}

fn table(args: &ControlArgs) -> Result<Table, Refusal> {
    let Some(file) = &args.table else { return Ok(Table::built_in()) };
    let text = std::fs::read_to_string(file).map_err(CosimError::file(file))?;
    Ok(Table::parse(&text, &file.display().to_string())?)
}

fn chosen_maps(args: &ControlArgs, table: &Table) -> Result<Vec<Map>, Refusal> {
    let mut maps = maps::find(&args.maps, table)?;
    for name in &args.only {
        if maps.iter().all(|map| map.name != *name) {
            let known = maps.iter().map(|map| map.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(Refusal::Usage(format!("--only {name}: there are {known}")));
        }
    }
    maps.retain(|map| args.only.is_empty() || args.only.contains(&map.name));
    if let Some(seconds) = args.shorten {
        for map in &mut maps {
            map.end_s = map.end_s.min(map.begin_s + i64::from(seconds));
        }
    }
    Ok(maps)
}

/// `VERSION` or `VERSION=FILE`.
fn sumo(text: &str) -> Result<Arc<SumoProgram>, CosimError> {
    let (version, binary) = match text.split_once('=') {
        Some((version, file)) => (version, sumo_binary::find(Some(Path::new(file)))?),
        None => (text, sumo_binary::of_version(text)?),
    };
    let digest = maps::digest(&[&binary])?;
    Ok(Arc::new(SumoProgram { version: version.to_owned(), binary, digest }))
}

/// SHA-256 of this program.
pub(in crate::cli) fn this_program() -> Result<String, CosimError> {
    let unknown = Path::new("(this program)");
    let program = std::env::current_exe().map_err(CosimError::file(unknown))?;
    maps::digest(&[&program])
}

fn runs(args: &ControlArgs, maps: &[Map], sumos: &[Arc<SumoProgram>]) -> Result<Vec<Run>, Refusal> {
    let variants = variants(args)?;
    let mut runs = Vec::new();
    for (sumo, map) in sumos.iter().flat_map(|sumo| maps.iter().map(move |map| (sumo, map))) {
        let map = Arc::new(map.clone());
        let plain = args.controllers.iter().map(|&name| (Who::Controller(name), &PLAIN)).chain([(Who::FLOOR, &PLAIN)]);
        let changed = variants.iter().map(|&variant| (Who::Controller(ControllerName::Adaptive), variant));
        for (who, variant) in plain.chain(changed) {
            let run = |seed| Run { map: Arc::clone(&map), sumo: Arc::clone(sumo), who, variant, seed };
            runs.extend(args.seeds.clone().map(run));
        }
    }
    Ok(runs)
}

fn variants(args: &ControlArgs) -> Result<Vec<&'static Variant>, Refusal> {
    for name in &args.variants {
        if VARIANTS.iter().all(|it| it.name != name) {
            let known = VARIANTS.iter().map(|it| it.name).collect::<Vec<_>>().join(", ");
            return Err(Refusal::Usage(format!("--variants {name}: there are {known}")));
        }
    }
    let wanted = |it: &&Variant| args.variants.is_empty() || args.variants.iter().any(|name| name == it.name);
    Ok(if args.ablation { VARIANTS.iter().filter(wanted).collect() } else { Vec::new() })
}

fn write(out: &Path, records: &[Record], findings: &Findings) -> Result<(), CosimError> {
    let blocks = findings.blocks();
    let files = [("results.csv", csv(records)), ("results.md", markdown(&blocks)), ("results.html", page(&blocks))];
    std::fs::create_dir_all(out).map_err(CosimError::file(out))?;
    for (name, text) in files {
        let file = out.join(name);
        std::fs::write(&file, text).map_err(CosimError::file(&file))?;
    }
    Ok(())
}

fn tell(args: &ControlArgs, findings: &Findings, outcome: &Outcome<Record>) -> ExitCode {
    // A reader that has gone away is no failure of the benchmark.
    let _ = writeln!(std::io::stdout().lock(), "{}", markdown(&findings.blocks()));
    eprintln!("written: {0}/results.csv, {0}/results.md, {0}/results.html", args.out.display());
    if !outcome.failed.is_empty() {
        let names = outcome.failed.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        eprintln!("{} runs have failed and are not in the results: {names}", outcome.failed.len());
    }
    match outcome.failed.first() {
        Some((_, error)) => ExitCode::from(error.exit_code()),
        None => ExitCode::from(u8::from(args.check && findings.misses_a_must())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_a_range_with_both_ends_or_one() {
        assert_eq!((seeds("1..5"), seeds("7"), seeds("2..=3")), (Ok(1..=5), Ok(7..=7), Ok(2..=3)));
        assert!(["", "5..1", "a..b", "1..2000", "-1"].iter().all(|it| seeds(it).is_err()));
    }
}
