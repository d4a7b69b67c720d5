//! `lightwatch import`: networks of other tools → our own form, with a report of what was guessed and refused.

use crate::network::import::sumo::{self, ImportOptions, Imported, RouteText};
use crate::time::Millis;
use clap::{Args, Subcommand};
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
}

/// Import a SUMO network.
#[derive(Debug, Args)]
struct SumoArgs {
    /// The network, not gzipped.
    net: PathBuf,
    /// Routes; their edges are checked, and shares of movements are counted from them. May be repeated.
    #[arg(long)]
    routes: Vec<PathBuf>,
    /// Folder for network.toml and report.json; made when missing.
    #[arg(long)]
    out: PathBuf,
    /// Name of the city, the second level of every topic; by default the name of the file.
    #[arg(long)]
    city: Option<String>,
    /// Detection range upstream of the stop lines, in metres.
    #[arg(long, default_value_t = 200.0)]
    range: f64,
    /// One yellow for all vehicle groups, in seconds; by default the file's or ITE's, whichever is longer.
    #[arg(long)]
    yellow: Option<f64>,
    /// One red clearance for all conflicts, in seconds; by default the file's or ITE's, whichever is longer.
    #[arg(long)]
    all_red: Option<f64>,
    /// One minimum green for all groups, in seconds; by default 5 s or the file's minDur.
    #[arg(long)]
    min_green: Option<f64>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// A failure with its exit code.
struct Failure(u8, String);

/// Run the subcommand.
pub fn run(args: &ImportArgs) -> ExitCode {
    let From::Sumo(sumo) = &args.from;
    match from_sumo(sumo) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(code, message)) => {
            eprintln!("error: {message}");
            ExitCode::from(code)
        }
    }
}

fn from_sumo(args: &SumoArgs) -> Result<(), Failure> {
    let net = read(&args.net)?;
    let routes: Vec<(String, String)> =
        args.routes.iter().map(|path| Ok((shown(path), read(path)?))).collect::<Result<_, Failure>>()?;
    let routes: Vec<RouteText<'_>> = routes.iter().map(|(source, text)| RouteText { text, source }).collect();
    let options = ImportOptions {
        city: args.city.clone().unwrap_or_else(|| city_of(&args.net)),
        range_m: args.range,
        yellow: args.yellow.map(Millis::from_secs_f64),
        all_red: args.all_red.map(Millis::from_secs_f64),
        green_min: args.min_green.map(Millis::from_secs_f64),
    };
    let imported = sumo::import_with_routes(&net, &shown(&args.net), &routes, &options)
        .map_err(|error| Failure(BAD_DATA, error.to_string()))?;
    write(&args.out, &imported)?;
    if args.json {
        println!("{}", json(&imported));
    } else {
        print!("{}", imported.report);
        println!("written: {}, {}", shown(&args.out.join(NETWORK)), shown(&args.out.join(REPORT)));
    }
    Ok(())
}

const NETWORK: &str = "network.toml";
const REPORT: &str = "report.json";

/// The text of a file.
fn read(path: &Path) -> Result<String, Failure> {
    let bytes = fs::read(path).map_err(|error| about(BAD_DATA, path, error))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        about(BAD_DATA, path, format!("byte {at} is not UTF-8 text; allowed: XML in UTF-8, not compressed"))
    })
}

fn write(folder: &Path, imported: &Imported) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| about(BAD_DATA, folder, error))?;
    let files = [(NETWORK, imported.file.to_toml()), (REPORT, json(imported) + "\n")];
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
fn city_of(net: &Path) -> String {
    let name = net.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    let city: String =
        stem.chars().map(|it| if it.is_ascii_alphanumeric() || "_-".contains(it) { it } else { '_' }).collect();
    if city.is_empty() { "city".to_owned() } else { city }
}
