//! The tables of a GMNS network, with every key and every reference looked at before anything is made of them.

use crate::network::Problems;
use crate::network::table::{Row, Table};
use std::collections::{BTreeMap, BTreeSet};

/// Tables that are read: name, primary key, other columns without which nothing can be done, whether the network can do without it.
const TABLES: [(&str, &str, &[&str], bool); 11] = [
    ("config", "", &[], true),
    ("node", "node_id", &["x_coord", "y_coord"], false),
    ("link", "link_id", &["from_node_id", "to_node_id"], false),
    ("lane", "lane_id", &["link_id", "lane_num"], true),
    ("movement", "mvmt_id", &["node_id", "ib_link_id", "ob_link_id", "type"], false),
    ("signal_controller", "controller_id", &[], false),
    ("signal_timing_plan", "", &["timing_plan_id", "controller_id"], false),
    (
        "signal_timing_phase",
        "timing_phase_id",
        &["timing_plan_id", "signal_phase_num", "ring", "barrier", "position"],
        false,
    ),
    ("signal_phase_mvmt", "signal_phase_mvmt_id", &["mvmt_id"], false),
    ("signal_coordination", "coordination_id", &["timing_plan_id"], true),
    ("time_set_definitions", "timeday_id", &["start_time", "end_time"], true),
];
/// References: table, column, table and column that it must be found in.
const REFERENCES: [(&str, &str, &str, &str); 17] = [
    ("link", "from_node_id", "node", "node_id"),
    ("link", "to_node_id", "node", "node_id"),
    ("lane", "link_id", "link", "link_id"),
    ("movement", "node_id", "node", "node_id"),
    ("movement", "ib_link_id", "link", "link_id"),
    ("movement", "ob_link_id", "link", "link_id"),
    ("signal_timing_plan", "controller_id", "signal_controller", "controller_id"),
    ("signal_timing_plan", "timeday_id", "time_set_definitions", "timeday_id"),
    ("signal_timing_phase", "timing_plan_id", "signal_timing_plan", "timing_plan_id"),
    ("signal_phase_mvmt", "timing_phase_id", "signal_timing_phase", "timing_phase_id"),
    ("signal_phase_mvmt", "mvmt_id", "movement", "mvmt_id"),
    ("signal_phase_mvmt", "link_id", "link", "link_id"),
    ("signal_phase_mvmt", "controller_id", "signal_controller", "controller_id"),
    ("signal_coordination", "timing_plan_id", "signal_timing_plan", "timing_plan_id"),
    ("signal_coordination", "controller_id", "signal_controller", "controller_id"),
    ("signal_coordination", "coord_contr_id", "signal_controller", "controller_id"),
    ("signal_timing_plan", "coord_contr_id", "signal_controller", "controller_id"),
];

/// All tables that are there.
pub(super) struct Tables(BTreeMap<&'static str, Table>);

impl Tables {
    /// Read and check; `texts` by name, without the ending.
    pub(super) fn read(texts: &BTreeMap<String, String>, source: &str, problems: &mut Problems) -> Self {
        let mut tables = BTreeMap::new();
        for (name, key, columns, may_lack) in TABLES {
            let place = format!("{source}/{name}.csv");
            let Some(text) = texts.get(name) else {
                if !may_lack {
                    problems.say(&place, "this table is missing, and nothing can be done without it");
                }
                continue;
            };
            let needed: Vec<&str> =
                [key].into_iter().filter(|it| !it.is_empty()).chain(columns.iter().copied()).collect();
            let table = Table::read(text, &place, &needed, problems);
            unique(&table, name, key, problems);
            tables.insert(name, table);
        }
        let tables = Self(tables);
        for (table, column, other, key) in REFERENCES {
            tables.refer((table, column), (other, key), problems);
        }
        tables
    }

    /// Rows of a table; none where it is missing.
    pub(super) fn rows(&self, name: &str) -> impl Iterator<Item = (&Table, &Row)> {
        self.0.get(name).into_iter().flat_map(|table| table.rows().map(move |row| (table, row)))
    }

    /// Whether a table has a column.
    pub(super) fn has(&self, name: &str, column: &str) -> bool {
        self.0.get(name).is_some_and(|it| it.has(column))
    }

    fn refer(&self, (name, column): (&str, &str), (other, key): (&str, &str), problems: &mut Problems) {
        let known: BTreeSet<&str> = self.rows(other).filter_map(|(table, row)| table.text(row, key)).collect();
        for (table, row) in self.rows(name) {
            let Some(value) = table.text(row, column) else { continue };
            if !known.contains(value) {
                let allowed = format!("a {key} of {other}.csv");
                problems.push(table.place(row, column), format_args!("`{value}` is not there"), allowed);
            }
        }
    }
}

/// A primary key stands in every row, and once. A plan of several controllers may have one number for all of them.
fn unique(table: &Table, name: &str, key: &str, problems: &mut Problems) {
    let keys: &[&str] = if name == "signal_timing_plan" { &["timing_plan_id", "controller_id"] } else { &[key] };
    if keys.iter().any(|it| it.is_empty()) {
        return;
    }
    let mut seen: BTreeMap<Vec<&str>, usize> = BTreeMap::new();
    for row in table.rows() {
        let value: Vec<&str> = keys.iter().map(|it| table.word(row, it)).collect();
        if value.iter().any(|it| it.is_empty()) {
            problems.push(table.place(row, keys[0]), "nothing", "a name of its own");
        } else if let Some(first) = seen.insert(value.clone(), row.line) {
            let message = format!("`{}` stands in line {first} already", value.join(" "));
            problems.push(table.place(row, keys[0]), message, "every name once");
        }
    }
}
