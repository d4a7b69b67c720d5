//! The sections of a UTDF file: `[Name]`, a title, a head, rows until the next section.
//!
//! A row is found by its record name and the intersection, a value by the column. What is there twice is read once, the first time, and told with its line.

use crate::network::import::sumo::ImportReport;
use crate::network::table::cells;
use std::collections::BTreeMap;

/// All sections of a file.
#[derive(Debug, Default)]
pub(super) struct Sections {
    source: String,
    tables: BTreeMap<String, Table>,
}

/// One section.
#[derive(Debug, Default)]
pub(super) struct Table {
    columns: Vec<String>,
    rows: BTreeMap<(String, String), Row>,
    /// Intersections, in the order of the file.
    order: Vec<String>,
}

#[derive(Debug)]
struct Row {
    line: usize,
    cells: Vec<String>,
}

impl Sections {
    /// Read a file; whatever is no row of a section is told.
    pub(super) fn read(text: &str, source: &str, report: &mut ImportReport) -> Self {
        let mut sections = Self { source: source.to_owned(), ..Self::default() };
        let mut now: Option<String> = None;
        for (line, text) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let cells = cells(text);
            let first = cells.first().map_or("", String::as_str);
            if let Some(name) = first.strip_prefix('[').and_then(|it| it.split(']').next()) {
                let name = name.trim().to_lowercase();
                if sections.tables.contains_key(&name) {
                    report
                        .refuse(&format!("{source}:{line}"), format!("[{name}] is there twice; its rows are read too"));
                }
                sections.tables.entry(name.clone()).or_default();
                now = Some(name);
                continue;
            }
            let Some(table) = now.as_ref().and_then(|name| sections.tables.get_mut(name)) else { continue };
            if cells.iter().all(String::is_empty) {
                continue;
            }
            let head = ["recordname", "intid"].contains(&first.to_lowercase().as_str());
            if head {
                table.columns = cells.iter().map(|it| it.to_lowercase()).collect();
            } else if !table.columns.is_empty() {
                table.add(line, cells, source, report);
            }
        }
        sections
    }

    /// Whether there are rows of a section.
    pub(super) fn has(&self, section: &str) -> bool {
        self.tables.get(section).is_some_and(|it| !it.rows.is_empty())
    }

    /// Intersections of a section, in the order of the file.
    pub(super) fn ids(&self, section: &str) -> &[String] {
        self.tables.get(section).map_or(&[], |it| it.order.as_slice())
    }

    /// Columns of a section but for the first two.
    pub(super) fn columns(&self, section: &str) -> impl Iterator<Item = &str> {
        self.tables.get(section).into_iter().flat_map(|it| it.columns.iter().skip(2).map(String::as_str))
    }

    /// A value, with its line; `None` where nothing stands.
    pub(super) fn text(&self, section: &str, record: &str, id: &str, column: &str) -> Option<(&str, usize)> {
        let table = self.tables.get(section)?;
        let row = table.rows.get(&(id.to_owned(), record.to_lowercase()))?;
        let at = table.columns.iter().position(|it| it == column)?;
        row.cells.get(at).map(String::as_str).filter(|it| !it.is_empty()).map(|it| (it, row.line))
    }

    /// A number; one that is none is told and counts as nothing.
    pub(super) fn number(
        &self,
        section: &str,
        record: &str,
        id: &str,
        column: &str,
        report: &mut ImportReport,
    ) -> Option<f64> {
        let (text, line) = self.text(section, record, id, column)?;
        let number = text.parse::<f64>().ok().filter(|it| it.is_finite());
        if number.is_none() {
            let what = if record.is_empty() { column.to_owned() } else { format!("{record} of {column}") };
            report.refuse(
                &format!("{}:{line}", self.source),
                format!("{what}: {text:?} is no number; taken as not said"),
            );
        }
        number
    }
}

impl Table {
    fn add(&mut self, line: usize, cells: Vec<String>, source: &str, report: &mut ImportReport) {
        let column = |name: &str| self.columns.iter().position(|it| it == name);
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).cloned().unwrap_or_default();
        let (id, record) = (cell(column("intid")), cell(column("recordname")).to_lowercase());
        let key = (id.clone(), record.clone());
        if self.rows.contains_key(&key) {
            let what = [record.as_str(), id.as_str()].join(" ");
            report.refuse(&format!("{source}:{line}"), format!("{}: there already; the first one counts", what.trim()));
            return;
        }
        if !id.is_empty() && !self.order.contains(&id) {
            self.order.push(id);
        }
        self.rows.insert(key, Row { line, cells });
    }
}
