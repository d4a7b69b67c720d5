//! Further programmes: a combined file holds one time plan, so there is a file a plan (`AM`, `PM`), and a table of our own with their times.
//!
//! | Column of the times | |
//! |---|---|
//! | `plan` | name of the plan; empty: that of the first file |
//! | `time_day` | `XXXXXXXX_HHMM_HHMM`, days from Sunday to Saturday and holidays |
//! | `intid` | an intersection; empty: all |
//! | `dates`, `goes_on`, `utc_offset_min` | which days the holidays are; it began the day before; local time less UTC |

use super::signals::Reading;
use super::table::Sections;
use super::{PlanText, TimesText};
use crate::network::file::{IntersectionFile, NamedProgrammeFile};
use crate::network::import::sumo::ImportReport;
use crate::network::import::times::{Times, timetable};
use crate::network::table::Table;
use crate::network::{Intersection, Problems};
use std::collections::BTreeSet;

/// Plans and their times.
pub(super) struct Plans {
    files: Vec<(String, Sections)>,
    rows: Vec<TimeRow>,
}

/// One row of the times.
struct TimeRow {
    id: Option<String>,
    plan: String,
    times: Times,
    utc_offset_min: Option<i32>,
}

impl Plans {
    /// Read all of them; what is wrong with the times is told at once.
    pub(super) fn read(
        plans: &[PlanText<'_>],
        times: Option<TimesText<'_>>,
        base: &Sections,
        report: &mut ImportReport,
    ) -> Result<Self, Problems> {
        let files: Vec<(String, Sections)> =
            plans.iter().map(|it| (it.name.to_owned(), Sections::read(it.text, it.source, report))).collect();
        let mut problems = Problems::default();
        problems.unique("--plan", files.iter().map(|it| it.0.as_str()));
        for (it, (_, sections)) in plans.iter().zip(&files) {
            if !sections.has("timeplans") || !sections.has("phases") {
                problems.say(it.source, "no rows of [Timeplans] and [Phases]: a plan is a combined UTDF file (CSV)");
            }
        }
        let rows = times.map(|it| time_rows(it, &files, base, &mut problems)).unwrap_or_default();
        problems.into_result(Self { files, rows })
    }

    /// Whether there is anything beyond the first file.
    fn is_empty(&self) -> bool {
        self.files.is_empty() && self.rows.is_empty()
    }

    /// Programmes and timetable of an intersection whose first programme is known.
    pub(super) fn put(
        &self,
        (reading, built): (&Reading<'_>, &Intersection),
        file: &mut IntersectionFile,
        report: &mut ImportReport,
    ) {
        if self.is_empty() {
            return;
        }
        let Some(first) = file.programme.clone() else {
            report.refuse(reading.id, "no programme of the first file, so its other plans are not taken");
            return;
        };
        let mut positions: Vec<Option<usize>> = Vec::new();
        for (name, sections) in &self.files {
            positions.push(None);
            let differs = reading.differs(sections, &file.phases);
            if !differs.is_empty() {
                let what =
                    format!("plan {name}: {} is another one there; that of the first file counts", differs.join(", "));
                report.refuse(reading.id, what);
            }
            let own = Reading { sections, id: reading.id, options: reading.options };
            let Some(it) = own.programme(file, built, report) else {
                report.refuse(reading.id, format!("plan {name}: not taken"));
                continue;
            };
            if it != first {
                positions.pop();
                positions.push(Some(file.programmes.len()));
                file.programmes.push(NamedProgrammeFile { id: name.clone(), offset_ms: it.offset_ms, steps: it.steps });
            }
        }
        let position = |name: &str| self.files.iter().position(|it| it.0 == name).and_then(|it| positions[it]);
        let own: Vec<&TimeRow> =
            self.rows.iter().filter(|it| it.id.as_deref().is_none_or(|id| id == reading.id)).collect();
        let times: Vec<(Option<usize>, &Times)> = own.iter().map(|it| (position(&it.plan), &it.times)).collect();
        let names: Vec<&str> = file.programmes.iter().map(|it| it.id.as_str()).collect();
        let offset = own.iter().find_map(|it| it.utc_offset_min);
        file.timetable = timetable(&times, &names, (reading.options, offset), (reading.id, report));
        if own.is_empty() && !names.is_empty() {
            report.guess(reading.id, "nobody says when its other plans run: never (--times)");
        }
    }
}

fn time_rows(
    text: TimesText<'_>,
    files: &[(String, Sections)],
    base: &Sections,
    problems: &mut Problems,
) -> Vec<TimeRow> {
    let table = Table::read(text.text, text.source, &["plan", "time_day"], problems);
    table.only(&["intid", "plan", "time_day", "dates", "goes_on", "utc_offset_min"], problems);
    let plans: BTreeSet<&str> = files.iter().map(|it| it.0.as_str()).collect();
    let mut found = Vec::new();
    for row in table.rows() {
        let (id, plan) = (table.text(row, "intid"), table.word(row, "plan"));
        if id.is_some_and(|id| base.text("nodes", "", id, "type").is_none_or(|it| it.0 != "0")) {
            let what = format!("`{}`", table.word(row, "intid"));
            problems.push(
                table.place(row, "intid"),
                what,
                "the INTID of a signal (type 0 of [Nodes]), or nothing for all",
            );
        }
        if !plan.is_empty() && !plans.contains(plan) {
            let known: Vec<&str> = plans.iter().copied().collect();
            let allowed = format!("a name of --plan ({}), or nothing for the first file", known.join(", "));
            problems.push(table.place(row, "plan"), format_args!("`{plan}`"), allowed);
        }
        let offset = table.text(row, "utc_offset_min");
        let offset = offset.and_then(|_| table.within(row, "utc_offset_min", &(-840.0..=840.0), "min", problems));
        let Some(times) = Times::of_row((&table, row), ["time_day", "dates", "goes_on"], problems) else {
            if table.text(row, "time_day").is_none() {
                problems.push(table.place(row, "time_day"), "nothing", "XXXXXXXX_HHMM_HHMM");
            }
            continue;
        };
        let (id, plan) = (id.map(str::to_owned), plan.to_owned());
        found.push(TimeRow { id, plan, times, utc_offset_min: offset.map(|it| it as i32) });
    }
    found
}
