//! Reads a log as Parquet, group by group and batch by batch, whatever types its columns have.
//!
//! Columns are found by name as in CSV. Instants: timestamps of any unit, whole numbers by their size, or text; signals: text or whole numbers;
//! codes and parameters: whole numbers, or floats as programs write them that know missing values. A row that lacks something is counted and named by its
//! number; a group that is damaged ends the reading, and what stands before it was used.

use crate::measure::hires::row::{Meaning, meaning};
use crate::measure::hires::{Event, Names, Noted, SIGNALS_MAX, code, instant};
use crate::time::Timestamp;
use parquet::basic::{LogicalType, TimeUnit};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use std::fs::File;

/// Rows that are read at once.
const BATCH: usize = 32_768;

/// One value, of whatever type.
enum Value {
    Whole(i64),
    Text(ByteArray),
}

/// Where the columns are.
struct Places {
    signal: Option<usize>,
    at: usize,
    code: usize,
    param: usize,
    /// What a millisecond is in the column of instants; `None`: by the size of the number.
    per_ms: Option<Unit>,
}

#[derive(Clone, Copy)]
enum Unit {
    Millis,
    Micros,
    Nanos,
}

/// Hand each event to `take`, with the number of its row. `alone` is the name of the signal where none is told.
///
/// # Errors
/// That it is no Parquet or lacks a column, or what `take` says.
pub(super) fn read(
    file: File,
    alone: &str,
    names: &mut Names,
    unread: &mut Noted,
    mut take: impl FnMut(Event, u64, &Names) -> std::io::Result<()>,
) -> std::result::Result<(), String> {
    let reader = SerializedFileReader::new(file).map_err(|error| error.to_string())?;
    let places = places(&reader)?;
    let mut row = 0;
    for group in 0..reader.num_row_groups() {
        let read = read_group(&reader, group, &places, |values| {
            row += 1;
            match event(values, &places, alone, names) {
                Ok(event) => take(event, row, names),
                Err(why) => {
                    unread.note(row, || why);
                    Ok(())
                }
            }
        });
        match read {
            Ok(()) => {}
            Err(ParquetError::External(error)) => return Err(error.to_string()),
            Err(error) => {
                unread.note(row + 1, || format!("cannot be read on: {error}"));
                break;
            }
        }
    }
    Ok(())
}

fn places(reader: &SerializedFileReader<File>) -> std::result::Result<Places, String> {
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let place = |wanted| {
        let is = |column: &parquet::schema::types::ColumnDescPtr| {
            meaning(column.name()) == Some(wanted) && column.max_rep_level() == 0
        };
        schema.columns().iter().position(is)
    };
    let (Some(at), Some(code), Some(param)) = (place(Meaning::At), place(Meaning::Code), place(Meaning::Param)) else {
        return Err(
            "no columns for timestamp, event code and parameter, such as SignalId, Timestamp, EventCode, EventParam"
                .into(),
        );
    };
    let per_ms = match schema.column(at).logical_type_ref() {
        Some(LogicalType::Timestamp(time)) => Some(match time.unit {
            TimeUnit::MILLIS => Unit::Millis,
            TimeUnit::MICROS => Unit::Micros,
            TimeUnit::NANOS => Unit::Nanos,
        }),
        _ => None,
    };
    Ok(Places { signal: place(Meaning::Signal), at, code, param, per_ms })
}

/// The values of one row: signal, instant, code, parameter.
type Row<'a> = [Option<&'a Value>; 4];

fn read_group(
    reader: &SerializedFileReader<File>,
    group: usize,
    places: &Places,
    mut row: impl FnMut(Row<'_>) -> std::io::Result<()>,
) -> Result<()> {
    let group = reader.get_row_group(group)?;
    let wanted = [places.signal, Some(places.at), Some(places.code), Some(places.param)];
    let mut columns = Vec::new();
    for ix in wanted.into_iter().flatten() {
        columns.push((group.get_column_reader(ix)?, group.metadata().column(ix).column_descr().max_def_level()));
    }
    let mut left = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
    while left > 0 {
        let rows = left.min(BATCH);
        let batches: Vec<Vec<Option<Value>>> =
            columns.iter_mut().map(|(column, max)| batch(column, *max, rows)).collect::<Result<_>>()?;
        for at in 0..rows {
            let mut values = batches.iter().map(|batch| batch[at].as_ref());
            let signal = if places.signal.is_some() { values.next().flatten() } else { None };
            let rest = [values.next(), values.next(), values.next()].map(Option::flatten);
            row([signal, rest[0], rest[1], rest[2]]).map_err(|error| ParquetError::External(Box::new(error)))?;
        }
        left -= rows;
    }
    Ok(())
}

/// So many values of a column.
fn batch(column: &mut ColumnReader, max: i16, rows: usize) -> Result<Vec<Option<Value>>> {
    match column {
        ColumnReader::Int32ColumnReader(it) => typed(it, max, rows, |value| Some(Value::Whole(i64::from(*value)))),
        ColumnReader::Int64ColumnReader(it) => typed(it, max, rows, |value| Some(Value::Whole(*value))),
        ColumnReader::Int96ColumnReader(it) => typed(it, max, rows, |value| Some(Value::Whole(value.to_millis()))),
        ColumnReader::FloatColumnReader(it) => typed(it, max, rows, |value| whole(f64::from(*value))),
        ColumnReader::DoubleColumnReader(it) => typed(it, max, rows, |value| whole(*value)),
        ColumnReader::ByteArrayColumnReader(it) => typed(it, max, rows, |value| Some(Value::Text(value.clone()))),
        _ => Err(ParquetError::General("a column of a type that holds neither numbers nor text".to_owned())),
    }
}

fn whole(value: f64) -> Option<Value> {
    (value.fract().abs() < f64::EPSILON && value.abs() < 1e15).then_some(Value::Whole(value as i64))
}

fn typed<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    max: i16,
    rows: usize,
    value: impl Fn(&T::T) -> Option<Value>,
) -> Result<Vec<Option<Value>>> {
    let (mut found, mut levels, mut read) = (Vec::new(), Vec::new(), 0);
    while read < rows {
        let (records, ..) = reader.read_records(rows - read, Some(&mut levels), None, &mut found)?;
        if records == 0 {
            return Err(ParquetError::EOF("a column breaks off".to_owned()));
        }
        read += records;
    }
    let mut found = found.iter();
    if max == 0 {
        return Ok(found.map(value).collect());
    }
    Ok(levels.iter().map(|&level| if level == max { found.next().and_then(&value) } else { None }).collect())
}

fn event(row: Row<'_>, places: &Places, alone: &str, names: &mut Names) -> std::result::Result<Event, String> {
    let [signal, at, code, param] = row;
    let at = match at.ok_or("no timestamp")? {
        Value::Whole(number) => match places.per_ms {
            Some(Unit::Millis) => Timestamp(*number),
            Some(Unit::Micros) => Timestamp(number.div_euclid(1_000)),
            Some(Unit::Nanos) => Timestamp(number.div_euclid(1_000_000)),
            None => instant::since_1970(*number),
        },
        Value::Text(text) => instant::read(text.data()).ok_or("no timestamp")?,
    };
    let number = |value: Option<&Value>, limit: u16| match value {
        Some(Value::Whole(number)) => u16::try_from(*number).ok().filter(|it| *it <= limit),
        _ => None,
    };
    let code = number(code, code::MAX).ok_or("no event code (0 to 1023)")?;
    let param = number(param, u16::MAX).ok_or("no parameter (0 to 65535)")?;
    let position = match (signal, places.signal) {
        (Some(Value::Text(text)), _) => {
            let name = std::str::from_utf8(text.data()).ok().filter(|it| !it.is_empty() && it.len() <= 128);
            names.position(name.ok_or("no signal")?)
        }
        (Some(Value::Whole(number)), _) => names.position(&number.to_string()),
        (None, Some(_)) => return Err("no signal".into()),
        (None, None) => names.position(alone),
    };
    let signal = position.ok_or_else(|| format!("more than {SIGNALS_MAX} signals"))?;
    Ok(Event { at, code, param, signal })
}
