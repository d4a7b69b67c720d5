//! `lightwatch export`: what the history holds, for others: CSV, Parquet, GeoJSON, and what each column means.
//!
//! Reads what is in place; an engine may go on writing meanwhile. Files that are damaged are passed over, named, and end with exit code 1.

use crate::network::{Geometry, Network};
use crate::service::history::bulk::{Column, DICTIONARY, Table, write};
use crate::service::history::events::{Question, ask};
use crate::service::history::look::{Values, files, whole};
use crate::time::Timestamp;
use crate::web::geojson;
use clap::ValueEnum;
use parquet::data_type::ByteArray;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Name of the map that an engine puts beside its history.
const MAP: &str = "network.geojson";

/// Puts the map of a network beside a history, for exports as GeoJSON.
pub(super) fn put_map(folder: &Path, network: &Network, geometry: &Geometry) {
    let map = geojson(network, geometry).to_string();
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(folder.join(MAP), map));
    if let Err(error) = written {
        tracing::warn!(%error, "there is no map beside the history");
    }
}

/// Take data out of the history of `run --history`: CSV, Parquet or GeoJSON
///
/// Exit code: 0 good, 1 a file was damaged and passed over (the rest is written), 64 the command line is wrong, 65 nothing can be read or written.
#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    /// Folder of the history
    #[arg(long, value_name = "DIR", required_unless_present = "dictionary")]
    history: Option<PathBuf>,
    /// What to take; geojson is always of counts
    #[arg(long, value_enum, default_value = "counts")]
    table: Kind,
    /// As what
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// From this instant on, UTC ms
    #[arg(long, value_name = "MS", default_value_t = 0)]
    from: i64,
    /// Up to this instant, UTC ms
    #[arg(long, value_name = "MS", default_value_t = i64::MAX)]
    to: i64,
    /// Of this intersection only
    #[arg(long, value_name = "NAME")]
    intersection: Option<String>,
    /// Where to; CSV and GeoJSON go to standard output without it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print what each column means, and stop
    #[arg(long)]
    dictionary: bool,
}

/// What can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Counts,
    Decisions,
    States,
    Events,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Parquet,
    Geojson,
}

/// Run it.
pub fn run(args: &ExportArgs) -> ExitCode {
    if args.dictionary {
        print!("{}", dictionary());
        return ExitCode::SUCCESS;
    }
    let Some(folder) = &args.history else { return ExitCode::from(64) };
    match export(args, folder) {
        Ok(damaged) => {
            for it in &damaged {
                eprintln!("lightwatch export: passed over: {it}");
            }
            ExitCode::from(u8::from(!damaged.is_empty()))
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            eprintln!("lightwatch export: {error}");
            ExitCode::from(64)
        }
        Err(error) => {
            eprintln!("lightwatch export: {}: {error}", folder.display());
            ExitCode::from(65)
        }
    }
}

/// Every column with its unit and meaning, as a table in Markdown.
fn dictionary() -> String {
    let mut text = "| Table | Column | Unit or values | Meaning |\n|---|---|---|---|\n".to_owned();
    for (table, column, unit, meaning) in DICTIONARY {
        let unit = unit.replace('|', "\\|");
        let _ = writeln!(text, "| {table} | `{column}` | {unit} | {meaning} |");
    }
    text
}

fn export(args: &ExportArgs, folder: &Path) -> io::Result<Vec<String>> {
    // A folder that is not there is a mistake and not an empty history.
    std::fs::read_dir(folder)?;
    let table = match args.table {
        Kind::Counts => Table::Counts,
        Kind::Decisions => Table::Decisions,
        Kind::States => Table::States,
        Kind::Events if args.format == Format::Csv => return events(args, folder),
        Kind::Events => return Err(io::Error::new(io::ErrorKind::InvalidInput, "events are given as CSV only")),
    };
    match args.format {
        Format::Csv => csv(args, folder, table),
        Format::Parquet => parquet(args, folder, table),
        Format::Geojson if table == Table::Counts => as_geojson(args, folder),
        Format::Geojson => Err(io::Error::new(io::ErrorKind::InvalidInput, "geojson is of counts only")),
    }
}

type Named = Vec<(String, Values)>;

/// The columns of each file with the rows that are wanted; what was damaged.
fn each(
    args: &ExportArgs,
    folder: &Path,
    table: Table,
    mut take: impl FnMut(&Named, &[usize]) -> io::Result<()>,
) -> io::Result<Vec<String>> {
    let mut damaged = Vec::new();
    for file in files(folder, table, Timestamp(args.from), Timestamp(args.to))? {
        match whole(&file) {
            Ok(columns) => take(&columns, &rows(args, &columns))?,
            Err(error) => damaged.push(format!("{}: {error}", file.display())),
        }
    }
    Ok(damaged)
}

/// The rows within the time and of the intersection.
fn rows(args: &ExportArgs, columns: &Named) -> Vec<usize> {
    let of = |name: &str| columns.iter().find(|(known, _)| known == name).map(|(_, values)| values);
    let (Some(Values::Long(at)), Some(Values::Text(sites))) = (of("at_ms"), of("intersection")) else {
        return Vec::new();
    };
    let is_wanted = |row: &usize| {
        (args.from..args.to).contains(&at[*row])
            && args.intersection.as_ref().is_none_or(|wanted| sites[*row].as_ref() == Some(wanted))
    };
    (0..at.len()).filter(is_wanted).collect()
}

fn out(args: &ExportArgs) -> io::Result<Box<dyn Write>> {
    Ok(match &args.out {
        Some(file) => Box::new(BufWriter::new(File::create(file)?)),
        None => Box::new(BufWriter::new(io::stdout().lock())),
    })
}

/// A field of CSV (RFC 4180).
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn csv(args: &ExportArgs, folder: &Path, table: Table) -> io::Result<Vec<String>> {
    let mut out = out(args)?;
    let names: Vec<&str> = DICTIONARY.iter().filter(|it| it.0 == table.name()).map(|it| it.1).collect();
    writeln!(out, "{}", names.join(","))?;
    let damaged = each(args, folder, table, |columns, rows| {
        for &row in rows {
            let fields: Vec<String> = columns.iter().map(|(_, values)| field(&values.text(row))).collect();
            writeln!(out, "{}", fields.join(","))?;
        }
        Ok(())
    })?;
    out.flush()?;
    Ok(damaged)
}

fn events(args: &ExportArgs, folder: &Path) -> io::Result<Vec<String>> {
    let question = Question {
        from_ms: Some(args.from),
        to_ms: Some(args.to),
        intersection: args.intersection.clone(),
        kind: None,
        limit: usize::MAX >> 2,
    };
    let (events, _) = ask(folder, &question).map_err(|error| io::Error::other(error.to_string()))?;
    let mut out = out(args)?;
    writeln!(out, "at_ms,kind,intersection,code,phase,severity,who,detail")?;
    for it in events.iter().rev() {
        let texts = [&it.intersection, &it.code, &it.phase, &it.severity, &it.who];
        let texts: Vec<String> = texts.iter().map(|it| field(it.as_deref().unwrap_or_default())).collect();
        writeln!(out, "{},{},{},{}", it.at_ms, it.kind, texts.join(","), field(&it.detail))?;
    }
    out.flush()?;
    Ok(Vec::new())
}

/// One file of everything that is wanted.
fn parquet(args: &ExportArgs, folder: &Path, table: Table) -> io::Result<Vec<String>> {
    let Some(file) = &args.out else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "parquet wants --out FILE"));
    };
    let (mut names, mut known): (Vec<ByteArray>, BTreeMap<String, u32>) = (Vec::new(), BTreeMap::new());
    let mut number = |text: &str| {
        *known.entry(text.to_owned()).or_insert_with(|| {
            names.push(ByteArray::from(text));
            names.len() as u32 - 1
        })
    };
    let mut all: Vec<Column> = Vec::new();
    let damaged = each(args, folder, table, |columns, rows| {
        for (ix, (name, values)) in columns.iter().enumerate() {
            let is_optional = ["runner_up", "stage", "refused"].contains(&name.as_str());
            let taken = match values {
                Values::Long(values) => Column::Long(rows.iter().map(|&row| values[row]).collect()),
                Values::Int(values) => Column::Int(rows.iter().map(|&row| values[row]).collect()),
                Values::Real(values) => Column::Real(rows.iter().map(|&row| values[row]).collect()),
                Values::Text(values) if is_optional => {
                    Column::MaybeText(rows.iter().map(|&row| values[row].as_deref().map(&mut number)).collect())
                }
                Values::Text(values) => {
                    Column::Text(rows.iter().map(|&row| number(values[row].as_deref().unwrap_or_default())).collect())
                }
            };
            match all.get_mut(ix) {
                Some(column) => column.append(taken),
                None => all.push(taken),
            }
        }
        Ok(())
    })?;
    if all.is_empty() {
        return Err(io::Error::other("nothing is kept of then"));
    }
    write(file, table, &all, &names)?;
    Ok(damaged)
}

/// What an intersection saw.
#[derive(Default)]
struct Sums {
    seconds: std::collections::BTreeSet<i64>,
    vehicles: i64,
    halted: i64,
    passed: i64,
}

/// The map with means over the time at each intersection.
fn as_geojson(args: &ExportArgs, folder: &Path) -> io::Result<Vec<String>> {
    let mut map: Value = serde_json::from_slice(&std::fs::read(folder.join(MAP))?)?;
    let mut sums: BTreeMap<String, Sums> = BTreeMap::new();
    let damaged = each(args, folder, Table::Counts, |columns, rows| {
        let of = |name: &str| columns.iter().find(|(known, _)| known == name).map(|(_, values)| values);
        let (Some(Values::Long(at)), Some(Values::Text(sites)), Some(Values::Text(kinds))) =
            (of("at_ms"), of("intersection"), of("kind"))
        else {
            return Ok(());
        };
        let int = |name: &str, row: usize| if let Some(Values::Int(it)) = of(name) { i64::from(it[row]) } else { 0 };
        for &row in rows.iter().filter(|&&row| kinds[row].as_deref() == Some("lane")) {
            let sum = sums.entry(sites[row].clone().unwrap_or_default()).or_default();
            sum.seconds.insert(at[row]);
            sum.vehicles += int("vehicles", row);
            sum.halted += int("halted", row);
            sum.passed += int("passed", row);
        }
        Ok(())
    })?;
    let features = map["features"].as_array_mut().ok_or_else(|| io::Error::other(format!("{MAP}: no features")))?;
    features.retain(|it| it["properties"]["kind"] == "intersection");
    for feature in features {
        let properties = &mut feature["properties"];
        let Some(sum) = properties["id"].as_str().and_then(|id| sums.get(id)) else { continue };
        let seconds = sum.seconds.len().max(1) as f64;
        properties["counted"] = json!(sum.seconds.len());
        properties["vehicles_mean"] = json!(sum.vehicles as f64 / seconds);
        properties["halted_mean"] = json!(sum.halted as f64 / seconds);
        properties["passed"] = json!(sum.passed);
    }
    let mut out = out(args)?;
    serde_json::to_writer(&mut out, &map)?;
    out.flush()?;
    Ok(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_with_a_comma_or_quotes_is_quoted() {
        assert_eq!(field("plain"), "plain");
        assert_eq!(field("a,\"b\""), "\"a,\"\"b\"\"\"");
    }

    #[test]
    fn the_dictionary_names_every_column_once() {
        let names: std::collections::BTreeSet<_> = DICTIONARY.iter().map(|it| (it.0, it.1)).collect();
        assert_eq!(names.len(), DICTIONARY.len());
        assert_eq!(dictionary().lines().count(), DICTIONARY.len() + 2);
    }
}
