//! `lightwatch measure`: performance measures of a recorded run, or of a log of high-resolution events of any controller.
//!
//! A recording becomes the same events that a log holds ([`crate::measure::hires`]), so both are measured by the same code. What only a recording
//! tells stands in [`recorded`]: approaches, roads between signals.

mod events_out;
mod flow;
mod log;
mod parquet_in;
mod recorded;

use super::recording::{self, Failure};
use crate::measure::atspm::report::LONG;
use crate::measure::atspm::{Report, svg};
use crate::measure::hires::instant;
use crate::time::Timestamp;
use events_out::EventsOut;
use recorded::Recorded;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Performance measures of a recorded run, or of a log of high-resolution events (Indiana enumerations) of any controller.
///
/// Definitions and sources: docs/measures.md. Exit code: 0 good, 64 no such intersection, road or time, 65 not a recording or log, a file
/// that cannot be read or written, or something in it could not be used (the rest was, and each is named).
#[derive(Debug, clap::Args)]
pub struct MeasureArgs {
    /// Folder of a recording (`--record`), or one segment of it; or a log of events as .csv or .parquet.
    recording: PathBuf,
    /// First instant that counts: seconds, or a timestamp such as 2026-11-23T07:00; the beginning unless given.
    #[arg(long, value_name = "WHEN", value_parser = when)]
    from: Option<Timestamp>,
    /// First instant that does not count any more; the end unless given.
    #[arg(long, value_name = "WHEN", value_parser = when)]
    to: Option<Timestamp>,
    /// Of a recording: write a time-space diagram there, with lamps, progression bands and passages of both directions.
    #[arg(long, value_name = "OUT.svg")]
    time_space: Option<PathBuf>,
    /// Of a recording: intersections of the corridor in the direction of travel; the longest straight chain unless given.
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    corridor: Vec<String>,
    /// Write the events there, put in order, for other ATSPM tools: .csv or .parquet; of a recording, OUT.channels.toml beside.
    #[arg(long, value_name = "OUT")]
    events: Option<PathBuf>,
    /// Of a recording: write its lamps as SUMO writes those of its traffic lights (`tlsStates`), a line a change.
    #[arg(long, value_name = "OUT.xml")]
    tls_states: Option<PathBuf>,
    /// Of a log: which detector channel watches which phase; LOG.channels.toml beside the log unless given.
    #[arg(long, value_name = "FILE.toml")]
    channels: Option<PathBuf>,
    /// Of a log: only these signals.
    #[arg(long = "signal", value_name = "A,B,C", value_delimiter = ',')]
    signals: Vec<String>,
    /// Of a log: by how many seconds an event may come too late and is still put in order.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(i64).range(0..=3600))]
    window: i64,
    /// Write the diagrams of each phase there: coordination, splits, split failures.
    #[arg(long, value_name = "DIR")]
    svg: Option<PathBuf>,
    /// Write each table there as CSV, with quarters of an hour, points of the coordination diagram and services.
    #[arg(long, value_name = "DIR")]
    csv: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What was measured.
struct Measured {
    report: Report,
    /// What is to be said besides, line by line.
    remarks: String,
    /// Whether something could not be used.
    wrong: bool,
    /// What only a recording tells.
    recorded: Option<Recorded>,
}

impl MeasureArgs {
    /// Whether points, services and bins are kept.
    fn long(&self) -> bool {
        self.svg.is_some() || self.csv.is_some()
    }

    fn events_out(&self) -> Result<Option<EventsOut>, Failure> {
        self.events.as_deref().map(EventsOut::create).transpose().map_err(|error| self.cannot_write(&error))
    }

    fn cannot_write(&self, error: &io::Error) -> Failure {
        let path = self.events.as_deref().unwrap_or(Path::new(""));
        Failure::Data(format!("{}: {error}", path.display()))
    }
}

/// Seconds, or a timestamp.
fn when(text: &str) -> Result<Timestamp, String> {
    let seconds = recording::instant(text);
    seconds.or_else(|_| {
        instant::read(text.as_bytes())
            .ok_or_else(|| "neither seconds nor a timestamp such as 2026-11-23T07:00".to_owned())
    })
}

/// Where the channels of a log are looked for.
fn channels_beside(log: &Path) -> PathBuf {
    log.with_extension("channels.toml")
}

/// Measure it.
pub fn run(args: &MeasureArgs) -> ExitCode {
    let measured = if log::is_log(&args.recording) { log::measured(args) } else { recorded::measured(args) };
    match measured.and_then(|it| write(&it, args).map(|()| it)) {
        Ok(measured) => {
            recording::print(&if args.json { as_json(&measured) } else { as_text(&measured) });
            eprint!("{}", measured.remarks);
            ExitCode::from(if measured.wrong { 65 } else { 0 })
        }
        Err(failure) => failure.tell("measure"),
    }
}

fn write(measured: &Measured, args: &MeasureArgs) -> Result<(), Failure> {
    let put = |path: &Path, text: &str| {
        std::fs::write(path, text).map_err(|error| Failure::Data(format!("{}: {error}", path.display())))
    };
    let folder = |path: &Path| {
        std::fs::create_dir_all(path).map_err(|error| Failure::Data(format!("{}: {error}", path.display())))
    };
    if let Some(recorded) = &measured.recorded {
        recorded.write(args, &put)?;
    }
    if let Some(to) = &args.csv {
        folder(to)?;
        for table in &measured.report.tables {
            put(&to.join(format!("{}.csv", table.name)), &table.to_csv())?;
        }
        for (name, _) in LONG {
            let path = to.join(format!("{name}.csv"));
            let told = |error: io::Error| Failure::Data(format!("{}: {error}", path.display()));
            write_lines(&path, measured.report.long(name).into_iter().flatten()).map_err(told)?;
        }
    }
    if let Some(to) = &args.svg {
        folder(to)?;
        for (name, drawing) in measured.report.phases.iter().flat_map(svg::draw) {
            put(&to.join(name), &drawing)?;
        }
    }
    Ok(())
}

fn write_lines(path: &Path, lines: impl Iterator<Item = String>) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    for line in lines {
        out.write_all(line.as_bytes())?;
    }
    out.flush()
}

fn as_json(measured: &Measured) -> String {
    let mut told = measured.recorded.as_ref().map_or_else(|| json!({}), Recorded::to_json);
    if let Value::Object(told) = &mut told {
        told.insert("atspm".to_owned(), measured.report.to_json());
    }
    told.to_string() + "\n"
}

fn as_text(measured: &Measured) -> String {
    let recorded = measured.recorded.as_ref().map_or_else(String::new, Recorded::to_text);
    let left_out = measured.report.left_out;
    let note = if left_out > 0 {
        format!("\n{left_out} points, services or bins found no room: take a shorter stretch (--from, --to)\n")
    } else {
        String::new()
    };
    recorded + &measured.report.to_text() + &note
}
