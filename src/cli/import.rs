//! `lightwatch import`: networks of other tools → our own form, with a report of what was guessed and refused.

use crate::cosim::convert::cityflow::{Text, from_cityflow};
use crate::cosim::convert::{ConversionReport, Converted};
use crate::cosim::survey::survey;
use crate::network::date_from_text;
use crate::network::import::sumo::{self, AdditionalText, ImportOptions, ImportReport, Imported, RouteText};
use crate::network::import::{gmns, gmns::PlanChoice, utdf};
use crate::time::Millis;
use clap::{Args, Subcommand};
use serde::Serialize;
use simulator::demand::{Demand, DemandFile};
use simulator::street::{Problem, Street};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A file is not there, cannot be read or written, or does not hold what it should.
const BAD_DATA: u8 = 65;

/// Import a network.
#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
enum From {
    /// Import a SUMO network (*.net.xml).
    Sumo(SumoArgs),
    /// Import signals of Synchro: a combined UTDF file (CSV).
    Utdf(UtdfArgs),
    /// Import a network with its signals from tables of the General Modeling Network Specification.
    Gmns(GmnsArgs),
    /// Import a `CityFlow` road network with its flow, as a scenario.
    Cityflow(CityflowArgs),
}

/// What every import of signals may be told.
#[derive(Debug, Args)]
struct Wanted {
    /// Folder for network.toml, map.json and report.json; made when missing.
    #[arg(long)]
    out: PathBuf,
    /// Name of the city, the second level of every topic; by default the name of the file or folder.
    #[arg(long)]
    city: Option<String>,
    /// Detection range upstream of the stop lines, in metres.
    #[arg(long, default_value_t = 200.0)]
    range: f64,
    /// One yellow for all vehicle groups, in seconds; by default the file's (of SUMO: or ITE's, whichever is longer).
    #[arg(long)]
    yellow: Option<f64>,
    /// One red clearance for all conflicts, in seconds; by default the file's (of SUMO: or ITE's, whichever is longer).
    #[arg(long)]
    all_red: Option<f64>,
    /// One minimum green for all groups, in seconds; by default the file's, or 5 s.
    #[arg(long)]
    min_green: Option<f64>,
    /// Local time less UTC of timetables, in minutes; by default the file's, or 0.
    #[arg(long, value_name = "MIN", allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(-840..=840))]
    utc_offset: Option<i32>,
    /// A holiday, YYYY-MM-DD, for files that name holidays without their dates. May be repeated.
    #[arg(long, value_name = "DATE", value_parser = date)]
    holiday: Vec<i64>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// A day of the calendar, as days since 1970.
fn date(text: &str) -> Result<i64, String> {
    date_from_text(text).ok_or_else(|| "a day as YYYY-MM-DD".to_owned())
}

impl Wanted {
    fn options(&self, source: &Path) -> ImportOptions {
        ImportOptions {
            city: self.city.clone().unwrap_or_else(|| city_of(source)),
            range_m: self.range,
            yellow: self.yellow.map(Millis::from_secs_f64),
            all_red: self.all_red.map(Millis::from_secs_f64),
            green_min: self.min_green.map(Millis::from_secs_f64),
            utc_offset_min: self.utc_offset,
            holidays: self.holiday.clone(),
        }
    }
}

/// Import a SUMO network.
#[derive(Debug, Args)]
struct SumoArgs {
    /// The network, not gzipped.
    net: PathBuf,
    /// Routes; their edges are checked, and shares of movements are counted from them. May be repeated.
    #[arg(long)]
    routes: Vec<PathBuf>,
    /// An additional file: its programmes join those of the network, its `WAUT` elements become the timetable. May be repeated.
    #[arg(long, value_name = "FILE.add.xml")]
    additional: Vec<PathBuf>,
    #[command(flatten)]
    wanted: Wanted,
}

/// Import signals of Synchro.
#[derive(Debug, Args)]
struct UtdfArgs {
    /// The combined UTDF file with `[Nodes]`, `[Links]`, `[Lanes]`, `[Timeplans]`, `[Phases]`.
    file: PathBuf,
    /// A further time plan: its name and a combined UTDF file of which `[Timeplans]` and `[Phases]` are read. May be repeated.
    #[arg(long, value_name = "NAME=FILE.csv", value_parser = plan_file)]
    plan: Vec<(String, PathBuf)>,
    /// When each plan runs: a table `plan,time_day` and, as far as wanted, `intid,dates,goes_on,utc_offset_min`.
    #[arg(long, value_name = "FILE.csv", requires = "plan")]
    times: Option<PathBuf>,
    #[command(flatten)]
    wanted: Wanted,
}

/// `peak=peak.csv`.
fn plan_file(text: &str) -> Result<(String, PathBuf), String> {
    let parts = text.split_once('=').filter(|(name, file)| !name.is_empty() && !file.is_empty());
    parts
        .map(|(name, file)| (name.to_owned(), file.into()))
        .ok_or_else(|| "a name and a file, NAME=FILE.csv".to_owned())
}

/// Import GMNS tables.
#[derive(Debug, Args)]
struct GmnsArgs {
    /// The folder with node.csv, link.csv, movement.csv, `signal_controller.csv` and the other tables.
    folder: PathBuf,
    /// Which timing plan: its `timing_plan_id`, or a day and time such as "mon 07:30"; all of them, at their times, unless given.
    #[arg(long, value_name = "PLAN")]
    plan: Option<PlanChoice>,
    #[command(flatten)]
    wanted: Wanted,
}

/// Import a `CityFlow` road network.
#[derive(Debug, Args)]
struct CityflowArgs {
    /// The road network, JSON.
    roadnet: PathBuf,
    /// Who drives, JSON.
    #[arg(long)]
    flow: Option<PathBuf>,
    /// Folder for network.toml, map.json, scenario.toml, street.toml and report.json; made when missing.
    #[arg(long)]
    out: PathBuf,
    /// Name of the city, the second level of every topic; by default the name of the folder of the road network.
    #[arg(long)]
    city: Option<String>,
    /// Detection range upstream of the stop lines, in metres.
    #[arg(long, default_value_t = 200.0)]
    range: f64,
    /// Simulated time of the scenario, in seconds.
    #[arg(long, value_name = "S", default_value_t = 3600, value_parser = clap::value_parser!(i64).range(1..=172_800))]
    duration: i64,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// A failure with its exit code.
struct Failure(u8, String);

/// Run the subcommand.
pub fn run(args: &ImportArgs) -> ExitCode {
    let done = match &args.from {
        From::Sumo(sumo) => from_sumo(sumo),
        From::Utdf(utdf) => from_utdf(utdf),
        From::Gmns(gmns) => from_gmns(gmns),
        From::Cityflow(cityflow) => cityflow_scenario(cityflow),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(code, message)) => {
            eprintln!("error: {message}");
            ExitCode::from(code)
        }
    }
}

fn from_sumo(args: &SumoArgs) -> Result<(), Failure> {
    let net = read(&args.net)?;
    let texts = |paths: &[PathBuf]| -> Result<Vec<(String, String)>, Failure> {
        paths.iter().map(|path| Ok((shown(path), read(path)?))).collect()
    };
    let (routes, additionals) = (texts(&args.routes)?, texts(&args.additional)?);
    let routes: Vec<RouteText<'_>> = routes.iter().map(|(source, text)| RouteText { text, source }).collect();
    let additionals: Vec<AdditionalText<'_>> =
        additionals.iter().map(|(source, text)| AdditionalText { text, source }).collect();
    let options = args.wanted.options(&args.net);
    let imported = sumo::import_with(&net, &shown(&args.net), (&routes, &additionals), &options)
        .map_err(|error| Failure(BAD_DATA, error.to_string()))?;
    put(&args.wanted.out, &imported, args.wanted.json)
}

fn from_utdf(args: &UtdfArgs) -> Result<(), Failure> {
    let plans: Vec<(&str, String, String)> = args
        .plan
        .iter()
        .map(|(name, path)| Ok((name.as_str(), read(path)?, shown(path))))
        .collect::<Result<_, Failure>>()?;
    let plans: Vec<utdf::PlanText<'_>> =
        plans.iter().map(|(name, text, source)| utdf::PlanText { name, text, source }).collect();
    let times = args.times.as_ref().map(|path| Ok((read(path)?, shown(path)))).transpose()?;
    let times = times.as_ref().map(|(text, source)| utdf::TimesText { text, source });
    let (base, options) = (read(&args.file)?, args.wanted.options(&args.file));
    let imported = utdf::import_with_plans(&base, &shown(&args.file), &plans, times, &options)
        .map_err(|error| Failure(BAD_DATA, error.to_string()))?;
    put(&args.wanted.out, &imported, args.wanted.json)
}

fn from_gmns(args: &GmnsArgs) -> Result<(), Failure> {
    let entries = fs::read_dir(&args.folder).map_err(|error| about(BAD_DATA, &args.folder, error))?;
    let mut texts = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(|error| about(BAD_DATA, &args.folder, error))?.path();
        if path.extension().is_some_and(|it| it.eq_ignore_ascii_case("csv")) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
            texts.insert(name, read(&path)?);
        }
    }
    let plan = args.plan.clone().unwrap_or_default();
    let imported = gmns::import(&texts, &shown(&args.folder), &plan, &args.wanted.options(&args.folder))
        .map_err(|error| Failure(BAD_DATA, error.to_string()))?;
    put(&args.wanted.out, &imported, args.wanted.json)
}

/// Write what was imported, and tell it.
fn put(out: &Path, imported: &Imported, as_json: bool) -> Result<(), Failure> {
    write(out, imported)?;
    if as_json {
        println!("{}", json(imported));
    } else {
        print!("{}", imported.report);
        println!("written: {}", [NETWORK, MAP, REPORT].map(|name| shown(&out.join(name))).join(", "));
    }
    Ok(())
}

const NETWORK: &str = "network.toml";
const MAP: &str = super::load::MAP;
const REPORT: &str = "report.json";
const STREET: &str = "street.toml";
const SCENARIO: &str = "scenario.toml";

/// A scenario as `lightwatch simulate` reads it.
#[derive(Serialize)]
struct Scenario {
    duration_s: i64,
    street: StreetOf,
    demand: DemandFile,
}

#[derive(Serialize)]
struct StreetOf {
    file: &'static str,
}

/// Both parts of an import that makes a street and a network.
#[derive(Serialize)]
struct Reports<'a> {
    street: &'a ConversionReport,
    network: &'a ImportReport,
}

fn cityflow_scenario(args: &CityflowArgs) -> Result<(), Failure> {
    let bad = |error: &dyn Display| Failure(BAD_DATA, error.to_string());
    let roadnet = read(&args.roadnet)?;
    let flow = args.flow.as_deref().map(|path| Ok((shown(path), read(path)?))).transpose()?;
    let source = shown(&args.roadnet);
    let flow = flow.as_ref().map(|(source, text)| Text { text, source });
    let converted = from_cityflow(Text { text: &roadnet, source: &source }, flow).map_err(|error| bad(&error))?;
    let Converted { street, demand, report } = converted;
    let built = Street::build(street.clone()).map_err(|problems| refused(&source, &problems))?;
    let of_demand = flow.map_or(source.as_str(), |flow| flow.source);
    Demand::build(&built, &demand, 1, 0.0, args.duration as f64).map_err(|problems| refused(of_demand, &problems))?;
    let folder = args.roadnet.parent().filter(|it| it.file_name().is_some()).unwrap_or(&args.roadnet);
    let city = args.city.clone().unwrap_or_else(|| city_of(folder));
    let options = ImportOptions { city, range_m: args.range, ..ImportOptions::default() };
    let surveyed = survey(&built, &source, &options).map_err(|error| bad(&error))?;
    let toml = |value: Result<String, toml::ser::Error>| value.expect("streets and trips are always TOML");
    let scenario = Scenario { duration_s: args.duration, street: StreetOf { file: STREET }, demand };
    let story = format!("# {} of CityFlow, as it was imported.\n", options.city);
    let reports = Reports { street: &report, network: &surveyed.report };
    let json = serde_json::to_string_pretty(&reports).expect("a report of strings and counts is always JSON");
    let files = [
        (NETWORK, surveyed.file.to_toml()),
        (MAP, map(&surveyed)),
        (STREET, toml(toml::to_string(&street))),
        (SCENARIO, story + &toml(toml::to_string(&scenario))),
        (REPORT, json.clone() + "\n"),
    ];
    write_all(&args.out, &files)?;
    if args.json {
        println!("{json}");
    } else {
        print!("{report}{}", surveyed.report);
        println!("written: {}", files.map(|(name, _)| shown(&args.out.join(name))).join(", "));
    }
    Ok(())
}

/// What our own street says of a file of another simulator.
fn refused(source: &str, problems: &[Problem]) -> Failure {
    Failure(BAD_DATA, problems.iter().map(|it| format!("{source}: {it}")).collect::<Vec<_>>().join("\n"))
}

/// The text of a file.
fn read(path: &Path) -> Result<String, Failure> {
    let bytes = fs::read(path).map_err(|error| about(BAD_DATA, path, error))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        about(BAD_DATA, path, format!("byte {at} is not UTF-8 text; allowed: UTF-8, not compressed"))
    })
}

fn write(folder: &Path, imported: &Imported) -> Result<(), Failure> {
    let files = [(NETWORK, imported.file.to_toml()), (MAP, map(imported)), (REPORT, json(imported) + "\n")];
    write_all(folder, &files)
}

fn map(imported: &Imported) -> String {
    serde_json::to_string(&imported.geometry).expect("names and points are always JSON") + "\n"
}

fn write_all(folder: &Path, files: &[(&str, String)]) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| about(BAD_DATA, folder, error))?;
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| about(BAD_DATA, &path, error))?;
    }
    Ok(())
}

fn json(imported: &Imported) -> String {
    serde_json::to_string_pretty(&imported.report).expect("a report of strings and counts is always JSON")
}

fn about(code: u8, path: &Path, error: impl Display) -> Failure {
    Failure(code, format!("{}: {error}", path.display()))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// The name of a file without its endings, as far as a topic allows.
pub(super) fn city_of(net: &Path) -> String {
    let name = net.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    let city: String =
        stem.chars().map(|it| if it.is_ascii_alphanumeric() || "_-".contains(it) { it } else { '_' }).collect();
    if city.is_empty() { "city".to_owned() } else { city }
}
