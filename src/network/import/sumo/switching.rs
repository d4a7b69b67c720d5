//! A WAUT as the timetable of an intersection.
//!
//! SUMO counts seconds from a midnight that no file names: of a Monday, local time, where a WAUT is repeated every week. One that is repeated every day, or not at all, holds on all days.

use super::ImportOptions;
use super::net::Waut;
use super::report::ImportReport;
use crate::network::file::{TimetableEntryFile, TimetableFile};
use crate::network::periods::{DAY, entries};
use crate::network::{Days, Timetable, TimetableEntry};
use crate::time::Millis;

const MINUTE: i64 = 60_000;

/// The timetable of a traffic light; `position` tells the programme of a name (`None` = the first one), or nothing where there is none of that name.
pub(super) fn timetable(
    waut: &Waut,
    names: &[String],
    position: &dyn Fn(&str) -> Option<Option<usize>>,
    (options, about, report): (&ImportOptions, &str, &mut ImportReport),
) -> Option<TimetableFile> {
    let week = Millis(7 * DAY.0);
    let period = waut.period_s.map(Millis::from_secs_f64);
    let within = match period {
        Some(it) if it == week => week,
        None => {
            report.guess(about, format!("WAUT {} has no period: it holds every day", waut.id));
            DAY
        }
        Some(it) if it == DAY => DAY,
        Some(it) => {
            report.refuse(
                about,
                format!("WAUT {} is repeated after {it}, and a timetable after a day or a week: not taken", waut.id),
            );
            return None;
        }
    };
    let mut begins: Vec<(Millis, &str)> = Vec::new();
    for (at, to) in &waut.switches {
        let at = Millis::from_secs_f64(waut.reference_s + at);
        if at >= within {
            report.refuse(
                about,
                format!("WAUT {}: its switch at {at} lies beyond its period of {within}: not taken", waut.id),
            );
            continue;
        }
        if at.0 % MINUTE != 0 {
            report.refuse(about, format!("WAUT {}: its switch at {at} is taken at the minute that has begun", waut.id));
        }
        begins.push((Millis(at.0 / MINUTE * MINUTE), to));
    }
    begins.sort_by_key(|it| it.0);
    if begins.first().is_none_or(|it| it.0 > Millis::ZERO) {
        begins.insert(0, (Millis::ZERO, &waut.start));
    }
    let mut raw = Vec::new();
    for (at, to) in begins {
        let Some(programme) = position(to) else {
            report.refuse(
                about,
                format!("WAUT {} switches to {to}, which is none of its programmes: not taken", waut.id),
            );
            continue;
        };
        let days = Days::Week([0, 1, 2, 3, 4, 5, 6].map(|day| within == DAY || at.0 / DAY.0 == day));
        raw.push(TimetableEntry { days, from: Millis(at.0 % DAY.0), programme });
    }
    let all = Timetable { entries: raw, ..Timetable::default() };
    let mut periods = all.periods();
    // What goes on at midnight is no entry of its own.
    for it in &mut periods {
        it.carried |= it.from == Millis::ZERO;
    }
    let found = entries(&periods);
    if found.is_empty() {
        return None;
    }
    let utc_offset_min = options.utc_offset_min.unwrap_or_else(|| {
        let day = if within == week { " of a Monday" } else { "" };
        report.guess(about, format!("second 0 of SUMO is midnight{day}, UTC (--utc-offset)"));
        0
    });
    let name = |it: Option<usize>| it.map(|it| names[it].clone()).unwrap_or_default();
    let entries = found.iter().map(|it| TimetableEntryFile::of(it, name(it.programme))).collect();
    Some(TimetableFile { utc_offset_min, entries })
}
