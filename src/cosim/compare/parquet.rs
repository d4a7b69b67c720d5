//! A table as a Parquet file: texts, whole numbers and numbers, each of which may be missing; Snappy.

use crate::measure::atspm::report::{Cell, Table};
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Count,
    Number,
}

/// Write a table.
///
/// # Errors
/// What the disk says.
pub fn write(file: &Path, table: &Table) -> io::Result<()> {
    let beside = file.with_extension("parquet.half");
    fill(&beside, table).map_err(io::Error::other)?;
    std::fs::rename(&beside, file)
}

fn kinds(table: &Table) -> Vec<Kind> {
    let of = |column: usize| {
        let cells = table.rows.iter().filter_map(|row| row.get(column));
        cells.fold(Kind::Count, |kind, cell| match (kind, cell) {
            (_, Cell::Text(_)) | (Kind::Text, _) => Kind::Text,
            (_, Cell::Number(..)) | (Kind::Number, _) => Kind::Number,
            _ => Kind::Count,
        })
    };
    (0..table.columns.len()).map(of).collect()
}

fn fill(file: &Path, table: &Table) -> Result<()> {
    let kinds = kinds(table);
    let mut schema = format!("message {} {{ ", table.name);
    for (name, kind) in table.columns.iter().zip(&kinds) {
        let (of, note) = match kind {
            Kind::Text => ("binary", " (STRING)"),
            Kind::Count => ("int64", ""),
            Kind::Number => ("double", ""),
        };
        // Names of settings have a dot, which the schema's language does not know in names.
        write!(schema, "optional {of} {}{note}; ", name.replace('.', "_")).expect("writing to a string cannot fail");
    }
    let schema = Arc::new(parse_message_type(&(schema + "}"))?);
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer = SerializedFileWriter::new(std::fs::File::create(file)?, schema, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    for (at, kind) in kinds.iter().enumerate() {
        let cells = || table.rows.iter().map(|row| &row[at]);
        let there: Vec<i16> = cells().map(|it| i16::from(*it != Cell::None)).collect();
        let mut column = group.next_column()?.expect("as many columns as the schema has");
        match kind {
            Kind::Text => {
                let values: Vec<ByteArray> = cells().filter_map(Cell::text).map(|it| it.as_str().into()).collect();
                column.typed::<ByteArrayType>().write_batch(&values, Some(&there), None)?;
            }
            Kind::Count => {
                let values: Vec<i64> = cells().filter_map(Cell::number).map(|it| it as i64).collect();
                column.typed::<Int64Type>().write_batch(&values, Some(&there), None)?;
            }
            Kind::Number => {
                let values: Vec<f64> = cells().filter_map(Cell::number).collect();
                column.typed::<DoubleType>().write_batch(&values, Some(&there), None)?;
            }
        }
        column.close()?;
    }
    group.close()?;
    writer.close()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::file::reader::{FileReader as _, SerializedFileReader};

    #[test]
    fn what_was_written_is_read_back_with_its_gaps() {
        let table = Table {
            name: "t",
            columns: ["name", "engine.x", "n"].map(str::to_owned).to_vec(),
            rows: vec![
                vec![Cell::Text("a".into()), Cell::Number(1.5, 3), Cell::Count(2)],
                vec![Cell::Text("b".into()), Cell::None, Cell::None],
            ],
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.parquet");
        write(&file, &table).unwrap();
        let reader = SerializedFileReader::new(std::fs::File::open(&file).unwrap()).unwrap();
        let rows: Vec<String> = reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        assert_eq!(rows, ["{name: \"a\", engine_x: 1.5, n: 2}", "{name: \"b\", engine_x: null, n: null}"]);
        write(&file, &Table { rows: Vec::new(), ..table }).unwrap();
    }
}
