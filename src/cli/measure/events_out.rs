//! Writes events for other tools: CSV as UDOT's ATSPM exports it, or Parquet with the same columns.
//!
//! Written beside and renamed at the end, so whatever has the name is whole. CSV: `SignalId,Timestamp,EventCode,EventParam`, instants as
//! `2026-11-23 15:00:00.000` without a zone. Parquet: text, `TIMESTAMP(MILLIS)` without a zone, two whole numbers of 32 bits, Snappy.

use crate::measure::hires::{Event, instant};
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows that are handed over at once.
const GROUP: usize = 250_000;
const SCHEMA: &str = "message events { required binary SignalId (STRING); required int64 Timestamp (TIMESTAMP(MILLIS,false)); \
                      required int32 EventCode; required int32 EventParam; }";

/// A file that is being written.
pub(super) struct EventsOut {
    path: PathBuf,
    beside: PathBuf,
    to: To,
}

enum To {
    Csv { file: BufWriter<File>, line: String },
    Parquet(Box<Columns>),
}

struct Columns {
    writer: SerializedFileWriter<File>,
    signals: Vec<ByteArray>,
    at: Vec<i64>,
    codes: Vec<i32>,
    params: Vec<i32>,
    last: Option<(u32, ByteArray)>,
}

/// Whether a path is one of Parquet.
pub(super) fn is_parquet(path: &Path) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case("parquet"))
}

impl EventsOut {
    /// Begin one.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".tmp");
        let beside = PathBuf::from(beside);
        let file = File::create(&beside)?;
        let to = if is_parquet(path) {
            let schema = parse_message_type(SCHEMA).map_err(io::Error::other)?;
            let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
            let writer =
                SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties)).map_err(io::Error::other)?;
            let (signals, at, codes, params) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            To::Parquet(Box::new(Columns { writer, signals, at, codes, params, last: None }))
        } else {
            let mut file = BufWriter::with_capacity(1 << 18, file);
            file.write_all(b"SignalId,Timestamp,EventCode,EventParam\n")?;
            To::Csv { file, line: String::new() }
        };
        Ok(Self { path: path.to_owned(), beside, to })
    }

    /// One event more.
    pub(super) fn write(&mut self, event: &Event, signal: &str) -> io::Result<()> {
        match &mut self.to {
            To::Csv { file, line } => {
                line.clear();
                instant::write(event.at, line);
                // Whatever parts columns or lines would not be read back.
                let plain = !signal.contains([',', '"', '\n', '\r']);
                let cleaned = if plain { String::new() } else { signal.replace([',', '"', '\n', '\r'], "_") };
                let signal = if plain { signal } else { &cleaned };
                writeln!(file, "{signal},{line},{},{}", event.code, event.param)
            }
            To::Parquet(columns) => {
                columns.add(event, signal);
                if columns.at.len() >= GROUP { columns.flush() } else { Ok(()) }
            }
        }
    }

    /// Put it in its place.
    pub(super) fn finish(self) -> io::Result<()> {
        let file = match self.to {
            To::Csv { file, .. } => file.into_inner().map_err(io::IntoInnerError::into_error)?,
            To::Parquet(mut columns) => {
                columns.flush()?;
                columns.writer.into_inner().map_err(io::Error::other)?
            }
        };
        file.sync_all()?;
        std::fs::rename(self.beside, self.path)
    }
}

impl Columns {
    fn add(&mut self, event: &Event, signal: &str) {
        let known = self.last.take().filter(|(of, _)| *of == event.signal);
        let (of, name) = known.unwrap_or_else(|| (event.signal, ByteArray::from(signal)));
        self.signals.push(name.clone());
        self.last = Some((of, name));
        self.at.push(event.at.0);
        self.codes.push(event.code.into());
        self.params.push(event.param.into());
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.at.is_empty() {
            return Ok(());
        }
        self.write_group().map_err(io::Error::other)
    }

    fn write_group(&mut self) -> parquet::errors::Result<()> {
        let mut group = self.writer.next_row_group()?;
        let columns = "as many columns as the schema has";
        let mut column = group.next_column()?.expect(columns);
        column.typed::<ByteArrayType>().write_batch(&self.signals, None, None)?;
        column.close()?;
        let mut column = group.next_column()?.expect(columns);
        column.typed::<Int64Type>().write_batch(&self.at, None, None)?;
        column.close()?;
        for values in [&self.codes, &self.params] {
            let mut column = group.next_column()?.expect(columns);
            column.typed::<Int32Type>().write_batch(values, None, None)?;
            column.close()?;
        }
        group.close()?;
        self.signals.clear();
        self.at.clear();
        self.codes.clear();
        self.params.clear();
        Ok(())
    }
}
