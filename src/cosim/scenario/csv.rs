//! Demand as tables: `trips_csv` and `counts_csv`.
//!
//! The first line names the columns; cells are separated by commas and hold no quotes. Every bad cell is told with file,
//! line and column.

use crate::network::Problems;
use simulator::demand::{Depart, FlowFile, Process, TripFile};

/// A table: cells of the wanted columns, with the number of each line.
struct Table<'a> {
    source: &'a str,
    rows: Vec<(usize, Vec<&'a str>)>,
}

impl<'a> Table<'a> {
    fn read(text: &'a str, source: &'a str, columns: &[&str], problems: &mut Problems) -> Self {
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let header: Vec<&str> = lines.next().map(|(_, line)| cells(line)).unwrap_or_default();
        let places: Vec<Option<usize>> = columns.iter().map(|it| header.iter().position(|name| name == it)).collect();
        for (column, _) in columns.iter().zip(&places).filter(|(_, place)| place.is_none()) {
            let message = format!("no column `{column}` among `{}`", header.join(","));
            problems.push(format_args!("{source}:1"), message, columns.join(","));
        }
        for name in header.iter().filter(|name| !columns.contains(name)) {
            problems.push(format_args!("{source}:1"), format_args!("unknown column `{name}`"), columns.join(","));
        }
        let Some(places) = places.into_iter().collect::<Option<Vec<usize>>>() else {
            return Self { source, rows: Vec::new() };
        };
        let mut rows = Vec::new();
        for (number, line) in lines {
            let found = cells(line);
            if found.len() == header.len() {
                rows.push((number + 1, places.iter().map(|&place| found[place]).collect()));
            } else {
                let place = format!("{source}:{}", number + 1);
                problems.push(place, format_args!("{} cells", found.len()), format_args!("{}", header.len()));
            }
        }
        Self { source, rows }
    }

    fn number(&self, line: usize, column: &str, cell: &str, problems: &mut Problems) -> f64 {
        match cell.parse::<f64>() {
            Ok(number) if number.is_finite() => number,
            _ => {
                problems.push(format_args!("{}:{line}: {column}", self.source), format_args!("`{cell}`"), "a number");
                0.0
            }
        }
    }
}

fn cells(line: &str) -> Vec<&str> {
    line.split(',').map(str::trim).collect()
}

fn roads(cell: &str) -> Vec<String> {
    cell.split_whitespace().map(str::to_owned).collect()
}

/// Trips of a table.
pub fn trips(text: &str, source: &str, problems: &mut Problems) -> Vec<TripFile> {
    let table = Table::read(text, source, &["id", "depart_s", "class", "route"], problems);
    let trip = |(line, row): &(usize, Vec<&str>)| TripFile {
        id: row[0].to_owned(),
        depart_s: table.number(*line, "depart_s", row[1], problems),
        class: row[2].to_owned(),
        route: roads(row[3]),
        depart: Depart::default(),
    };
    table.rows.iter().map(trip).collect()
}

/// Flows of a table.
pub fn counts(text: &str, source: &str, problems: &mut Problems) -> Vec<FlowFile> {
    let table = Table::read(text, source, &["id", "route", "begin_s", "end_s", "veh_per_h"], problems);
    let flow = |(line, row): &(usize, Vec<&str>)| FlowFile {
        id: row[0].to_owned(),
        route: roads(row[1]),
        begin_s: table.number(*line, "begin_s", row[2], problems),
        end_s: table.number(*line, "end_s", row[3], problems),
        veh_per_h: table.number(*line, "veh_per_h", row[4], problems),
        process: Process::default(),
        profile: Vec::new(),
        classes: Vec::new(),
        depart: Depart::default(),
    };
    table.rows.iter().map(flow).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_may_stand_in_any_order() {
        let mut problems = Problems::default();
        let text = "class,id,route,depart_s\ncar,a,r1 r2,3.5\nbus,b,r2,7\n";
        let trips = trips(text, "t.csv", &mut problems);
        assert!(problems.is_empty(), "{problems}");
        assert_eq!((trips.len(), trips[0].route.len(), trips[1].class.as_str()), (2, 2, "bus"));
        assert!((trips[0].depart_s - 3.5).abs() < 1e-9);
    }

    #[test]
    fn every_bad_cell_is_told_with_its_line() {
        let mut problems = Problems::default();
        counts("id,route,begin_s,end_s,veh_per_h\na,r1,x,10,y\nb,r1,0\n", "c.csv", &mut problems);
        let text = problems.to_string();
        for wanted in ["c.csv:2: begin_s: `x`", "c.csv:2: veh_per_h: `y`", "c.csv:3: 3 cells (allowed: 5)"] {
            assert!(text.contains(wanted), "{wanted} in {text}");
        }
    }

    #[test]
    fn a_missing_and_a_strange_column_are_told() {
        let mut problems = Problems::default();
        trips("id,when,class,route\n", "t.csv", &mut problems);
        let text = problems.to_string();
        assert!(text.contains("no column `depart_s`") && text.contains("unknown column `when`"), "{text}");
    }
}
