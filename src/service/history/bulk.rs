//! The bulk of the history as Parquet: three tables, one file a minute each.
//!
//! Rows are sorted by intersection, place and instant, so that names become runs and numbers change little from row to row; numbers are
//! kept by dictionary and run length, compressed with Snappy. Every column is described in [`DICTIONARY`], which `lightwatch export
//! --dictionary` prints. References: the format at parquet.apache.org; the way back is [`super::look`], `DuckDB` or pandas.

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, FloatType, Int32Type, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Rows of one column that are handed over at once.
const CHUNK: usize = 65_536;

/// The tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// What detectors counted.
    Counts,
    /// What was decided.
    Decisions,
    /// What field controllers said.
    States,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 3] = [Self::Counts, Self::Decisions, Self::States];

    /// Name of its folder.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::Decisions => "decisions",
            Self::States => "states",
        }
    }

    const fn schema(self) -> &'static str {
        match self {
            Self::Counts => {
                "message counts { required int64 at_ms (TIMESTAMP(MILLIS,true)); required binary intersection (STRING); \
                 required binary place (STRING); required binary kind (STRING); required int32 vehicles; required int32 halted; \
                 required int32 passed; optional float mean_speed_mps; }"
            }
            Self::Decisions => {
                "message decisions { required int64 at_ms (TIMESTAMP(MILLIS,true)); required binary intersection (STRING); \
                 required binary mode (STRING); required binary chosen (STRING); optional binary runner_up (STRING); \
                 required float cost; required int32 labels; }"
            }
            Self::States => {
                "message states { required int64 at_ms (TIMESTAMP(MILLIS,true)); required binary intersection (STRING); \
                 required binary mode (STRING); optional binary stage (STRING); required binary lamps (STRING); \
                 optional binary refused (STRING); }"
            }
        }
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Whole numbers of 64 bits.
    Long(Vec<i64>),
    /// Whole numbers.
    Int(Vec<i32>),
    /// Numbers, or nothing.
    Real(Vec<Option<f32>>),
    /// Texts, by their position among names.
    Text(Vec<u32>),
    /// Texts by their position among names, or nothing.
    MaybeText(Vec<Option<u32>>),
}

impl Column {
    /// Rows in it.
    pub fn len(&self) -> usize {
        match self {
            Self::Long(values) => values.len(),
            Self::Int(values) => values.len(),
            Self::Real(values) => values.len(),
            Self::Text(values) => values.len(),
            Self::MaybeText(values) => values.len(),
        }
    }

    /// The rows of another one behind those of this; of another type they are left out.
    pub fn append(&mut self, other: Self) {
        match (self, other) {
            (Self::Long(all), Self::Long(more)) => all.extend(more),
            (Self::Int(all), Self::Int(more)) => all.extend(more),
            (Self::Real(all), Self::Real(more)) => all.extend(more),
            (Self::Text(all), Self::Text(more)) => all.extend(more),
            (Self::MaybeText(all), Self::MaybeText(more)) => all.extend(more),
            _ => {}
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Write the columns of a table as one file: beside, synced, renamed.
///
/// # Errors
/// What the disk says; then nothing is left of it.
pub fn write(file: &Path, table: Table, columns: &[Column], names: &[ByteArray]) -> io::Result<u64> {
    let beside = file.with_extension("tmp");
    let written = write_beside(&beside, table, columns, names).and_then(|()| fs::rename(&beside, file));
    if let Err(error) = written {
        // When even that fails the next retention finds it.
        let _ = fs::remove_file(&beside);
        return Err(error);
    }
    Ok(fs::metadata(file)?.len())
}

fn write_beside(beside: &Path, table: Table, columns: &[Column], names: &[ByteArray]) -> io::Result<()> {
    let file = File::create(beside)?;
    fill(&file, table, columns, names).map_err(io::Error::other)?;
    file.sync_all()
}

fn fill(file: &File, table: Table, columns: &[Column], names: &[ByteArray]) -> Result<()> {
    let schema = Arc::new(parse_message_type(table.schema())?);
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    for column in columns {
        write_column(&mut group, column, names)?;
    }
    group.close()?;
    writer.close()?;
    Ok(())
}

fn write_column(group: &mut SerializedRowGroupWriter<'_, &File>, column: &Column, names: &[ByteArray]) -> Result<()> {
    let mut writer = group.next_column()?.expect("as many columns as the schema has");
    match column {
        Column::Long(values) => {
            writer.typed::<Int64Type>().write_batch(values, None, None)?;
        }
        Column::Int(values) => {
            writer.typed::<Int32Type>().write_batch(values, None, None)?;
        }
        Column::Real(values) => {
            let levels: Vec<i16> = values.iter().map(|it| i16::from(it.is_some())).collect();
            let values: Vec<f32> = values.iter().copied().flatten().collect();
            writer.typed::<FloatType>().write_batch(&values, Some(&levels), None)?;
        }
        Column::Text(values) => {
            for chunk in values.chunks(CHUNK) {
                let texts: Vec<ByteArray> = chunk.iter().map(|&it| names[it as usize].clone()).collect();
                writer.typed::<ByteArrayType>().write_batch(&texts, None, None)?;
            }
        }
        Column::MaybeText(values) => {
            for chunk in values.chunks(CHUNK) {
                let levels: Vec<i16> = chunk.iter().map(|it| i16::from(it.is_some())).collect();
                let texts: Vec<ByteArray> = chunk.iter().flatten().map(|&it| names[it as usize].clone()).collect();
                writer.typed::<ByteArrayType>().write_batch(&texts, Some(&levels), None)?;
            }
        }
    }
    writer.close()
}

/// What each column of each table means, for whoever is given the files.
pub const DICTIONARY: &[(&str, &str, &str, &str)] = &[
    ("counts", "at_ms", "UTC, ms", "end of the period that was counted"),
    ("counts", "intersection", "name", "where"),
    ("counts", "place", "name", "lane, or piece of lane upstream of it"),
    ("counts", "kind", "lane | feeder", "what the place is"),
    ("counts", "vehicles", "veh", "vehicles in the zone at the end of the period"),
    ("counts", "halted", "veh", "those of them that stand"),
    ("counts", "passed", "veh", "vehicles that passed the stop line in the period"),
    ("counts", "mean_speed_mps", "m/s", "mean speed in the zone, to 0.1; empty where detectors do not tell it"),
    ("decisions", "at_ms", "UTC, ms", "instant of the decision"),
    ("decisions", "intersection", "name", "where"),
    ("decisions", "mode", "warmup | adaptive | degraded | fixed_time | manual", "how the engine drives it"),
    ("decisions", "chosen", "name", "stage that was chosen"),
    ("decisions", "runner_up", "name", "the best alternative; empty where none was looked at"),
    ("decisions", "cost", "veh·s", "cost of the chosen plan over the horizon, all terms together, to 0.1"),
    ("decisions", "labels", "", "labels that the search expanded"),
    ("states", "at_ms", "UTC, ms", "instant of the report"),
    ("states", "intersection", "name", "where"),
    ("states", "mode", "remote | local_actuated | local_fixed | all_red | flash", "who is in charge of the lamps"),
    ("states", "stage", "name", "stage that is shown or being entered; empty where none is"),
    (
        "states",
        "lamps",
        "one letter a signal group",
        "what is shown: G green, g green that yields, y yellow, r red, s red with a turn allowed, u red and yellow, o flashing, O dark",
    ),
    ("states", "refused", "name", "why the newest plan was refused; empty when it was not"),
    ("events", "at_ms", "UTC, ms", "when"),
    ("events", "kind", "alarm | command | mode | gap", "what happened"),
    ("events", "intersection", "name", "where; empty for the whole engine"),
    ("events", "code", "name", "alarm, verb of the command, or whose mode"),
    ("events", "phase", "raised | acknowledged | shelved | cleared | accepted | refused", "what became of it"),
    ("events", "severity", "info | warning | critical", "of an alarm"),
    ("events", "who", "name", "who did it"),
    ("events", "detail", "text", "one line for people"),
];
