//! Tables of text as other people hand them over: CSV with the names of its columns in the first line.
//!
//! Cells are separated by commas; one in double quotes may hold commas, and `""` in it is a quote. Columns are told by
//! their names, in any order. Every bad cell is a [`Problem`](super::Problem) with file, line and column; a table that
//! lacks a column has no rows.

use super::Problems;

/// A table with the number of each of its lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    source: String,
    columns: Vec<String>,
    rows: Vec<Row>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number in the file, from 1.
    pub line: usize,
    cells: Vec<String>,
}

impl Table {
    /// Read a table; the columns in `needed` must be there, others may.
    pub fn read(text: &str, source: &str, needed: &[&str], problems: &mut Problems) -> Self {
        let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate().filter(|it| !it.1.trim().is_empty());
        let columns: Vec<String> = lines.next().map(|(_, line)| cells(line)).unwrap_or_default();
        let mut table = Self { source: source.to_owned(), columns, rows: Vec::new() };
        let absent: Vec<&&str> = needed.iter().filter(|it| !table.has(it)).collect();
        for column in &absent {
            let message = format!("no column `{column}` among `{}`", table.columns.join(","));
            problems.push(format_args!("{source}:1"), message, needed.join(","));
        }
        for (at, column) in table.columns.iter().enumerate().filter(|(_, it)| !it.is_empty()) {
            if table.columns[..at].contains(column) {
                problems.push(format_args!("{source}:1"), format_args!("column `{column}` twice"), "every column once");
            }
        }
        if !absent.is_empty() {
            return table;
        }
        for (number, line) in lines {
            let cells = cells(line);
            if cells.len() == table.columns.len() {
                table.rows.push(Row { line: number + 1, cells });
            } else {
                let place = format!("{source}:{}", number + 1);
                problems.push(place, format_args!("{} cells", cells.len()), format_args!("{}", table.columns.len()));
            }
        }
        table
    }

    /// Columns that are not in `known` are told as problems.
    pub fn only(&self, known: &[&str], problems: &mut Problems) {
        for name in self.columns.iter().filter(|name| !known.contains(&name.as_str())) {
            let place = format!("{}:1", self.source);
            problems.push(place, format_args!("unknown column `{name}`"), known.join(","));
        }
    }

    /// Whether there is a column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|it| it == column)
    }

    /// Its rows, in the order of the file.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    /// A cell; `None` where nothing stands or there is no such column.
    pub fn text<'a>(&self, row: &'a Row, column: &str) -> Option<&'a str> {
        let at = self.columns.iter().position(|it| it == column)?;
        row.cells.get(at).map(String::as_str).filter(|it| !it.is_empty())
    }

    /// A cell, empty where nothing stands.
    pub fn word<'a>(&self, row: &'a Row, column: &str) -> &'a str {
        self.text(row, column).unwrap_or_default()
    }

    /// A finite number; one that is none is a problem and counts as nothing.
    pub fn number(&self, row: &Row, column: &str, problems: &mut Problems) -> Option<f64> {
        let cell = self.text(row, column)?;
        let number = cell.parse::<f64>().ok().filter(|it| it.is_finite());
        if number.is_none() {
            problems.push(self.place(row, column), format_args!("`{cell}`"), "a number");
        }
        number
    }

    /// A finite number within a range; one that is not there, none or outside is a problem.
    pub fn within(
        &self,
        row: &Row,
        column: &str,
        range: &std::ops::RangeInclusive<f64>,
        unit: &str,
        problems: &mut Problems,
    ) -> Option<f64> {
        if self.text(row, column).is_none() {
            problems.push(self.place(row, column), "nothing", format_args!("{}…{} {unit}", range.start(), range.end()));
        }
        let number = self.number(row, column, problems)?;
        problems.range(self.place(row, column), number, range, unit);
        range.contains(&number).then_some(number)
    }

    /// Where a cell stands: file, line, column.
    pub fn place(&self, row: &Row, column: &str) -> String {
        format!("{}:{}: {column}", self.source, row.line)
    }
}

/// Values between commas; one in quotes may hold commas.
pub(crate) fn cells(line: &str) -> Vec<String> {
    let (mut found, mut now, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                now.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => found.push(std::mem::take(&mut now).trim().to_owned()),
            _ => now.push(letter),
        }
    }
    found.push(now.trim().to_owned());
    found
}

/// A cell as it is written: in quotes where it holds a comma, a quote or the end of a line.
pub fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_in_quotes_holds_commas_and_quotes_and_is_written_back_the_same() {
        let cell = "a, \"b\"";
        assert_eq!(cells(&format!("1,{},2", quoted(cell))), ["1", cell, "2"]);
    }

    #[test]
    fn every_bad_cell_is_told_with_file_line_and_column() {
        let mut problems = Problems::default();
        let table = Table::read("id,speed\na,x\n\nb,99\nc\nd,\n", "t.csv", &["id", "speed"], &mut problems);
        let speeds: Vec<_> =
            table.rows().map(|row| table.within(row, "speed", &(0.0..=60.0), "m/s", &mut problems)).collect();
        assert_eq!(speeds, [None, None, None]);
        let told = problems.to_string();
        for wanted in [
            "t.csv:5: 1 cells (allowed: 2)",
            "t.csv:2: speed: `x` (allowed: a number)",
            "t.csv:4: speed: 99 m/s (allowed: 0…60 m/s)",
            "t.csv:6: speed: nothing (allowed: 0…60 m/s)",
        ] {
            assert!(told.contains(wanted), "{wanted} in {told}");
        }
    }

    #[test]
    fn a_table_without_a_needed_column_has_no_rows() {
        let mut problems = Problems::default();
        let table = Table::read("id,speed,id\na,1,2\n", "t.csv", &["name"], &mut problems);
        assert_eq!(table.rows().count(), 0);
        let told = problems.to_string();
        assert!(told.contains("no column `name`") && told.contains("column `id` twice"), "{told}");
    }
}
