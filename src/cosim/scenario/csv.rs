//! Demand as tables: `trips_csv` and `counts_csv`.
//!
//! The first line names the columns. Every bad cell is told with file, line and column.

use crate::network::Problems;
use crate::network::table::{Row, Table};
use simulator::demand::{Depart, FlowFile, Process, TripFile};

fn read(text: &str, source: &str, columns: &[&str], problems: &mut Problems) -> Table {
    let table = Table::read(text, source, columns, problems);
    table.only(columns, problems);
    table
}

/// The number of a cell, 0 where there is none: that has become a problem.
fn number(table: &Table, row: &Row, column: &str, problems: &mut Problems) -> f64 {
    if table.text(row, column).is_none() {
        problems.push(table.place(row, column), "``", "a number");
    }
    table.number(row, column, problems).unwrap_or_default()
}

fn roads(cell: &str) -> Vec<String> {
    cell.split_whitespace().map(str::to_owned).collect()
}

/// Trips of a table.
pub fn trips(text: &str, source: &str, problems: &mut Problems) -> Vec<TripFile> {
    let table = read(text, source, &["id", "depart_s", "class", "route"], problems);
    let trip = |row: &Row| TripFile {
        id: table.word(row, "id").to_owned(),
        depart_s: number(&table, row, "depart_s", problems),
        class: table.word(row, "class").to_owned(),
        route: roads(table.word(row, "route")),
        depart: Depart::default(),
    };
    table.rows().map(trip).collect()
}

/// Flows of a table.
pub fn counts(text: &str, source: &str, problems: &mut Problems) -> Vec<FlowFile> {
    let table = read(text, source, &["id", "route", "begin_s", "end_s", "veh_per_h"], problems);
    let flow = |row: &Row| FlowFile {
        id: table.word(row, "id").to_owned(),
        route: roads(table.word(row, "route")),
        begin_s: number(&table, row, "begin_s", problems),
        end_s: number(&table, row, "end_s", problems),
        veh_per_h: number(&table, row, "veh_per_h", problems),
        process: Process::default(),
        profile: Vec::new(),
        classes: Vec::new(),
        depart: Depart::default(),
    };
    table.rows().map(flow).collect()
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
