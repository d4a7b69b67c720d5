//! Back from disk: the city at one instant, and one intersection over a time.
//!
//! In: a folder, instants, names. Out: values; what cannot be read is passed over and named, so that one damaged file hides no other.
//! Files are found by their names, which hold their first and last instant; of a file only the columns that are wanted are read.
//! Readers take nothing from the writer: they see what is renamed into place.

use super::bulk::Table;
use super::hour_of;
use super::writer::told;
use crate::time::{Millis, Timestamp};
use parquet::basic::Type;
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, FloatType, Int32Type, Int64Type};
use parquet::file::reader::{FileReader as _, RowGroupReader, SerializedFileReader};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// How far before an instant the last word of an intersection may lie.
pub const REACH: Millis = Millis::from_secs(10);

/// Instants of which folders can be called by hours with four digits of the year \[ms\]: of the years 1 to 9999.
const CALENDAR_MS: (i64, i64) = (-62_135_596_800_000, 253_402_300_799_999);

/// The instant, or the nearest one that the calendar has.
fn bounded(at: Timestamp) -> Timestamp {
    Timestamp(at.0.clamp(CALENDAR_MS.0 + 3_600_000, CALENDAR_MS.1))
}

/// Files of a table that touch a span, oldest first.
///
/// # Errors
/// What the disk says.
pub fn files(folder: &Path, table: Table, from: Timestamp, to: Timestamp) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let (from, to) = (bounded(from), bounded(to));
    let Ok(hours) = fs::read_dir(folder.join(table.name())) else { return Ok(found) };
    // A part that began before the hour was over may reach into the next one.
    let (first, last) = (hour_of(from - Millis::from_secs(3_600)), hour_of(to));
    for hour in hours {
        let hour = hour?;
        let name = hour.file_name().to_string_lossy().into_owned();
        if name < first || name > last {
            continue;
        }
        for file in fs::read_dir(hour.path())? {
            let path = file?.path();
            if span_of(&path).is_some_and(|(begins, ends)| begins <= to && from <= ends) {
                found.push(path);
            }
        }
    }
    found.sort_by_key(|it| span_of(it));
    Ok(found)
}

/// First and last instant of a file, by its name.
pub(super) fn span_of(path: &Path) -> Option<(Timestamp, Timestamp)> {
    let name = path.file_name()?.to_str()?.strip_suffix(".parquet")?;
    let (first, last) = name.rsplit_once('-')?;
    Some((Timestamp(first.parse().ok()?), Timestamp(last.parse().ok()?)))
}

/// The columns of one file that are asked for by name.
#[derive(Debug, Default)]
pub struct Columns {
    /// Instants \[ms\].
    pub at: Vec<i64>,
    /// Texts; `None` where there is none.
    pub texts: BTreeMap<&'static str, Vec<Option<String>>>,
    /// Whole numbers.
    pub ints: BTreeMap<&'static str, Vec<i32>>,
}

/// Read some columns of a file.
///
/// # Errors
/// That it cannot be read, or is damaged.
pub fn read(file: &Path, texts: &[&'static str], ints: &[&'static str]) -> io::Result<Columns> {
    let reader = SerializedFileReader::new(File::open(file)?).map_err(told)?;
    let mut columns = Columns::default();
    for number in 0..reader.num_row_groups() {
        let group = reader.get_row_group(number).map_err(told)?;
        columns.at.extend(values::<Int64Type>(group.as_ref(), "at_ms")?.into_iter().flatten());
        for &name in texts {
            let read = values::<ByteArrayType>(group.as_ref(), name)?;
            let text = |it: ByteArray| String::from_utf8_lossy(it.data()).into_owned();
            columns.texts.entry(name).or_default().extend(read.into_iter().map(|it| it.map(text)));
        }
        for &name in ints {
            let read = values::<Int32Type>(group.as_ref(), name)?;
            columns.ints.entry(name).or_default().extend(read.into_iter().map(Option::unwrap_or_default));
        }
    }
    let rows = columns.at.len();
    let whole = columns.texts.values().all(|it| it.len() == rows) && columns.ints.values().all(|it| it.len() == rows);
    if whole { Ok(columns) } else { Err(io::Error::other("columns of different lengths")) }
}

/// The values of a column, `None` where there is none.
fn values<T: DataType>(group: &dyn RowGroupReader, name: &str) -> io::Result<Vec<Option<T::T>>> {
    let described = group.metadata().columns().iter().position(|it| it.column_path().string() == name);
    let ix = described.ok_or_else(|| io::Error::other(format!("no column {name}")))?;
    let column = group.metadata().column(ix).column_descr();
    let (max, kind) = (column.max_def_level(), column.physical_type());
    if kind != T::get_physical_type() {
        return Err(io::Error::other(format!("column {name} is of another type")));
    }
    let mut reader = get_typed_column_reader::<T>(group.get_column_reader(ix).map_err(told)?);
    let (mut found, mut levels) = (Vec::new(), Vec::new());
    let rows = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
    let mut left = rows;
    while left > 0 {
        let (records, _, _) = reader.read_records(left, Some(&mut levels), None, &mut found).map_err(told)?;
        if records == 0 {
            return Err(io::Error::other(format!("column {name} breaks off")));
        }
        left -= records;
    }
    if max == 0 {
        return Ok(found.into_iter().map(Some).collect());
    }
    let mut found = found.into_iter();
    Ok(levels.into_iter().map(|level| if level == max { found.next() } else { None }).collect())
}

/// A whole column.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Whole numbers of 64 bits.
    Long(Vec<i64>),
    /// Whole numbers.
    Int(Vec<i32>),
    /// Numbers, or nothing.
    Real(Vec<Option<f32>>),
    /// Texts, or nothing.
    Text(Vec<Option<String>>),
}

impl Values {
    /// A value as text; nothing is an empty one.
    pub fn text(&self, row: usize) -> String {
        match self {
            Self::Long(values) => values[row].to_string(),
            Self::Int(values) => values[row].to_string(),
            Self::Real(values) => values[row].map(|it| it.to_string()).unwrap_or_default(),
            Self::Text(values) => values[row].clone().unwrap_or_default(),
        }
    }
}

/// All columns of a file with their names, in its order.
///
/// # Errors
/// That it cannot be read, or is damaged.
pub fn whole(file: &Path) -> io::Result<Vec<(String, Values)>> {
    let reader = SerializedFileReader::new(File::open(file)?).map_err(told)?;
    let mut all: Vec<(String, Values)> = Vec::new();
    for number in 0..reader.num_row_groups() {
        let group = reader.get_row_group(number).map_err(told)?;
        for (ix, column) in group.metadata().columns().iter().enumerate() {
            let name = column.column_path().string();
            let read = typed(group.as_ref(), &name, column.column_type())?;
            match (all.get_mut(ix).map(|(_, values)| values), read) {
                (Some(Values::Long(all)), Values::Long(more)) => all.extend(more),
                (Some(Values::Int(all)), Values::Int(more)) => all.extend(more),
                (Some(Values::Real(all)), Values::Real(more)) => all.extend(more),
                (Some(Values::Text(all)), Values::Text(more)) => all.extend(more),
                (Some(_), _) => return Err(io::Error::other(format!("column {name} changes its type"))),
                (None, read) => all.push((name, read)),
            }
        }
    }
    Ok(all)
}

fn typed(group: &dyn RowGroupReader, name: &str, kind: Type) -> io::Result<Values> {
    Ok(match kind {
        Type::INT64 => Values::Long(values::<Int64Type>(group, name)?.into_iter().flatten().collect()),
        Type::INT32 => Values::Int(values::<Int32Type>(group, name)?.into_iter().flatten().collect()),
        Type::FLOAT => Values::Real(values::<FloatType>(group, name)?),
        Type::BYTE_ARRAY => {
            let text = |it: ByteArray| String::from_utf8_lossy(it.data()).into_owned();
            Values::Text(values::<ByteArrayType>(group, name)?.into_iter().map(|it| it.map(text)).collect())
        }
        other => return Err(io::Error::other(format!("column {name} is of type {other}"))),
    })
}

/// The last word of each intersection before an instant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Site {
    /// How the engine drove it.
    pub mode: Option<String>,
    /// Who was in charge.
    pub field: Option<String>,
    /// What was shown.
    pub lamps: Option<String>,
    /// Stage that was shown.
    pub stage: Option<String>,
    /// Vehicles standing, by lane.
    pub halted: BTreeMap<String, i32>,
}

/// The city at an instant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct City {
    /// The newest instant that is told \[ms\]; `None` when nothing is kept of then.
    pub at_ms: Option<i64>,
    /// What is known, by name.
    pub sites: BTreeMap<String, Site>,
    /// Files that could not be read, with the reason.
    pub damaged: Vec<String>,
}

/// The city as it was: of each intersection the last word within [`REACH`] before the instant.
///
/// # Errors
/// What the disk says of the folder.
pub fn city(folder: &Path, at: Timestamp) -> io::Result<City> {
    let mut city = City::default();
    let at = bounded(at);
    let from = at - REACH;
    for table in Table::ALL {
        for file in files(folder, table, from, at)? {
            let read = match table {
                Table::Counts => read(&file, &["intersection", "place", "kind"], &["halted"]),
                Table::Decisions => read(&file, &["intersection", "mode"], &[]),
                Table::States => read(&file, &["intersection", "mode", "stage", "lamps"], &[]),
            };
            match read {
                Ok(columns) => city.take(table, &columns, from, at),
                Err(error) => city.damaged.push(format!("{}: {error}", file.display())),
            }
        }
    }
    Ok(city)
}

impl City {
    /// Rows of one place stand in order of time, so the last one that fits is the newest.
    fn take(&mut self, table: Table, columns: &Columns, from: Timestamp, to: Timestamp) {
        let text = |name: &str, row: usize| columns.texts.get(name).and_then(|it| it[row].clone());
        for (row, &at) in columns.at.iter().enumerate().filter(|&(_, &it)| (from.0..=to.0).contains(&it)) {
            let Some(id) = text("intersection", row) else { continue };
            let site = self.sites.entry(id).or_default();
            match table {
                Table::Decisions => site.mode = text("mode", row),
                Table::States => {
                    (site.field, site.stage, site.lamps) = (text("mode", row), text("stage", row), text("lamps", row));
                }
                Table::Counts => {
                    if let Some(place) = text("place", row).filter(|_| text("kind", row).as_deref() == Some("lane")) {
                        site.halted.insert(place, columns.ints["halted"][row]);
                    }
                }
            }
            self.at_ms = self.at_ms.max(Some(at));
        }
    }
}

/// One intersection in one step of time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Step {
    /// Sum of vehicles over lanes and seconds.
    vehicles: i64,
    /// The same of those that stand.
    halted: i64,
    /// Vehicles that passed stop lines.
    pub passed: i64,
    /// Instants that were counted.
    instants: std::collections::BTreeSet<i64>,
    /// The last mode of the engine.
    pub mode: Option<String>,
}

impl Step {
    /// Mean of the vehicles that were seen.
    pub fn vehicles(&self) -> f64 {
        self.vehicles as f64 / self.instants.len().max(1) as f64
    }

    /// Mean of those that stood.
    pub fn halted(&self) -> f64 {
        self.halted as f64 / self.instants.len().max(1) as f64
    }

    /// Whether anything was counted.
    pub fn is_counted(&self) -> bool {
        !self.instants.is_empty()
    }
}

/// One intersection over a time, by the first instant of each step \[ms\]; and files that could not be read.
///
/// # Errors
/// What the disk says of the folder.
pub fn series(
    folder: &Path,
    id: &str,
    span: (Timestamp, Timestamp),
    step: Millis,
) -> io::Result<(BTreeMap<i64, Step>, Vec<String>)> {
    let (mut steps, mut damaged) = (BTreeMap::<i64, Step>::new(), Vec::new());
    let bin = |at: i64| at - at.rem_euclid(step.0.max(1));
    for table in [Table::Counts, Table::Decisions] {
        for file in files(folder, table, span.0, span.1)? {
            let (texts, ints): (&[_], &[_]) = match table {
                Table::Counts => (&["intersection", "kind"], &["vehicles", "halted", "passed"]),
                _ => (&["intersection", "mode"], &[]),
            };
            let columns = match read(&file, texts, ints) {
                Ok(columns) => columns,
                Err(error) => {
                    damaged.push(format!("{}: {error}", file.display()));
                    continue;
                }
            };
            let is = |name: &str, row: usize, value: &str| columns.texts[name][row].as_deref() == Some(value);
            for (row, &at) in columns.at.iter().enumerate() {
                if !(span.0.0..span.1.0).contains(&at) || !is("intersection", row, id) {
                    continue;
                }
                let entry = steps.entry(bin(at)).or_default();
                if table == Table::Decisions {
                    entry.mode.clone_from(&columns.texts["mode"][row]);
                } else if is("kind", row, "lane") {
                    entry.vehicles += i64::from(columns.ints["vehicles"][row]);
                    entry.halted += i64::from(columns.ints["halted"][row]);
                    entry.passed += i64::from(columns.ints["passed"][row]);
                    entry.instants.insert(at);
                }
            }
        }
    }
    Ok((steps, damaged))
}
