//! A log of somebody else's: read, put in order, measured, and what was wrong with it told.

use super::flow::Flow;
use super::{MeasureArgs, Measured, channels_beside, events_out};
use crate::cli::recording::Failure;
use crate::measure::atspm::report::named;
use crate::measure::hires::{Channels, Names, Noted, Order, Reader};
use crate::time::{Millis, Timestamp};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

const BUFFER: usize = 1 << 20;

/// Whether a path is a log and not a recording.
pub(super) fn is_log(path: &Path) -> bool {
    let extension = path.extension().map(std::ffi::OsStr::to_ascii_lowercase).unwrap_or_default();
    !path.is_dir() && ["csv", "txt", "tsv", "parquet"].iter().any(|it| extension == *it)
}

/// Measure it.
pub(super) fn measured(args: &MeasureArgs) -> Result<Measured, Failure> {
    if args.time_space.is_some() || !args.corridor.is_empty() || args.tls_states.is_some() {
        let why = "--time-space, --corridor, --tls-states: a log tells nothing of roads and lamps; they need a recording (a folder of --record)";
        return Err(Failure::Usage(why.to_owned()));
    }
    let file = args.recording.display().to_string();
    let cannot = |why: &dyn std::fmt::Display| Failure::Data(format!("{file}: {why}"));
    let channels = channels(args)?;
    let without_channels = channels.is_empty();
    let span = args.from.unwrap_or(Timestamp(i64::MIN))..args.to.unwrap_or(Timestamp(i64::MAX));
    if span.is_empty() {
        return Err(Failure::Usage("--from, --to: nothing left".to_owned()));
    }
    let opened = File::open(&args.recording).map_err(|error| cannot(&error))?;
    let mut flow = Flow::new(channels, span, Millis::from_secs(args.window), args.long(), args.events_out()?);
    let alone = args.recording.file_stem().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let (mut names, mut unread) = (Names::default(), Noted::default());
    let mut rows = 0;
    let wanted =
        |names: &Names, signal: u32| args.signals.is_empty() || args.signals.iter().any(|it| it == names.of(signal));
    if events_out::is_parquet(&args.recording) {
        let take = |event: crate::measure::hires::Event, row, names: &Names| {
            if !wanted(names, event.signal) {
                return Ok(());
            }
            rows += 1;
            flow.push(event, row, names)
        };
        super::parquet_in::read(opened, &alone, &mut names, &mut unread, take).map_err(|why| cannot(&why))?;
    } else {
        let mut reader = Reader::open(BufReader::with_capacity(BUFFER, opened), &alone).map_err(|why| cannot(&why))?;
        while let Some((event, line)) = reader.next(&mut names) {
            if wanted(&names, event.signal) {
                rows += 1;
                flow.push(event, line, &names).map_err(|error| args.cannot_write(&error))?;
            }
        }
        unread = reader.unread;
    }
    let (report, order) = flow.finish(&names).map_err(|error| args.cannot_write(&error))?;
    let (remarks, wrong) = remarks(&file, &unread, &order, rows);
    let mut remarks = remarks;
    if without_channels {
        remarks +=
            "no channels are known (--channels FILE.toml), so nothing is measured of detectors but the watchdog\n";
    }
    Ok(Measured { report, remarks, wrong, recorded: None })
}

fn channels(args: &MeasureArgs) -> Result<Channels, Failure> {
    let beside = channels_beside(&args.recording);
    let path = match &args.channels {
        Some(path) => path,
        None if beside.is_file() => &beside,
        None => return Ok(Channels::default()),
    };
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
    let read = text.and_then(|text| Channels::parse(&text));
    read.map_err(|why| Failure::Data(format!("{}: {why}", path.display())))
}

/// What to say about the log, and whether something of it could not be used.
fn remarks(file: &str, unread: &Noted, order: &Order, rows: u64) -> (String, bool) {
    let mut text = named("cannot be read", unread, file);
    text += &named("too late to be put right", &order.late, file);
    text += &named("a clock gone wild", &order.astray, file);
    let used = rows - order.late.count - order.astray.count - order.duplicates;
    let used = format!(
        "{file}: {used} events used; {} duplicates, {} out of order and put right, {} too late, {} with a wild clock, {} not readable; {} gaps of more than 15 min\n",
        order.duplicates, order.put_right, order.late.count, order.astray.count, unread.count, order.gaps
    );
    text.push_str(&used);
    (text, unread.count + order.late.count + order.astray.count > 0)
}
