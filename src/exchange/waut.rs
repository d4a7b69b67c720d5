//! The timetable of an intersection as SUMO's WAUT: when which of its programmes is switched to.
//!
//! Second 0 of SUMO is taken for midnight of a Monday, local time; a WAUT is repeated every day, or every week where days differ. Dates cannot be said.
//! Programmes count their cycles from second 0 whether they run or not, so each begins in step. Where all of them show one stage, and cycles are whole seconds, SUMO is told to switch in
//! the green of that stage (`GSP` with `synchron`): it waits for it for a cycle at most, and holds it until the new programme is in step. Else lamps jump at the switch,
//! which is told. A run that begins after the last switch of the first day (or week) never switches in SUMO. Source: the SUMO documentation, *Simulation/Traffic Lights*, and what SUMO 1.28 and 1.9.1 do.

use super::ExportReport;
use super::sumo::Logic;
use crate::ids::StageIx;
use crate::network::periods::{DAY, Period};
use crate::network::{Days, Intersection};
use crate::time::Millis;
use quick_xml::escape::escape;
use std::fmt::Write as _;

/// A second.
const SECOND: i64 = 1_000;

/// The stage that all programmes show, at whole seconds: in it one may follow the other.
pub(super) fn common_stage(intersection: &Intersection, logics: &[Logic<'_>]) -> Option<StageIx> {
    if logics.len() < 2 || intersection.timetable.entries.is_empty() {
        return None;
    }
    let all = |stage: &StageIx| logics.iter().all(|it| switching_point(it, *stage).is_some());
    logics.last()?.programme.steps.iter().map(|it| it.stage).find(all)
}

/// Where in the cycle of a programme a stage is in the last second of its green; `None` where SUMO's steps of a second would miss it.
pub(super) fn switching_point(logic: &Logic<'_>, stage: StageIx) -> Option<Millis> {
    let length: Millis = logic.states.iter().map(|it| it.lasts).sum();
    let mut at = Millis::ZERO;
    for it in &logic.states {
        at += it.lasts;
        if it.stage == Some(stage) {
            // The last instant before the end at which the clock of the street shows a whole second.
            let over = (at + logic.programme.offset).0.rem_euclid(SECOND);
            let last = Millis(at.0 - if over == 0 { SECOND } else { over });
            return (length.0 % SECOND == 0 && last >= at - it.lasts).then_some(last);
        }
    }
    None
}

/// The WAUT of an intersection with more than one programme.
pub(super) fn put(
    text: &mut String,
    (intersection, name): (&Intersection, &str),
    (logics, stage): (&[Logic<'_>], Option<StageIx>),
    report: &mut ExportReport,
) {
    let about = intersection.id.as_str();
    let timetable = &intersection.timetable;
    if timetable.entries.is_empty() || logics.is_empty() {
        return;
    }
    if timetable.entries.iter().any(|it| matches!(it.days, Days::Dates(_))) {
        report.lose(about, "days of the calendar in its timetable: SUMO switches by the day of the week alone");
    }
    if !timetable.entries.iter().any(|it| matches!(it.days, Days::Week(_))) || logics.len() < 2 {
        return;
    }
    let programme = |at: Option<usize>| {
        let own = logics.iter().find(|it| it.position == at).or(logics.last());
        own.map(|it| it.name.as_str()).unwrap_or_default()
    };
    let (switches, period) = switches(&timetable.periods(), &programme);
    let day = if period == DAY { "midnight" } else { "midnight of a Monday" };
    report.guess(about, format!("second 0 of SUMO is {day}, local time"));
    if stage.is_none() {
        report
            .lose(about, "its programmes have no stage in common at whole seconds: SUMO's lamps jump when it switches");
    }
    let id = escape(about);
    let waut = escape(format!("{name}.{about}"));
    let start = escape(switches[0].1);
    let _ =
        writeln!(text, "    <WAUT id=\"{waut}\" refTime=\"0\" startProg=\"{start}\" period=\"{}\">", period.0 / SECOND);
    for (at, to) in &switches {
        let _ = writeln!(text, "        <wautSwitch time=\"{}\" to=\"{}\"/>", at.0 / SECOND, escape(*to));
    }
    text.push_str("    </WAUT>\n");
    let how = if stage.is_some() { " procedure=\"GSP\" synchron=\"t\"" } else { "" };
    let _ = writeln!(text, "    <wautJunction wautID=\"{waut}\" junctionID=\"{id}\"{how}/>");
}

/// Begins of programmes from second 0 on, within a day or a week.
fn switches<'a>(periods: &[Period], programme: &dyn Fn(Option<usize>) -> &'a str) -> (Vec<(Millis, &'a str)>, Millis) {
    let mut all: Vec<(Millis, &str)> = Vec::new();
    for (day, begin) in (0..7).map(|day| (day, Millis(DAY.0 * day))) {
        let on = |it: &&Period| matches!(&it.days, Days::Week(week) if week[day as usize]);
        all.extend(periods.iter().filter(on).map(|it| (begin + it.from, programme(it.programme))));
    }
    all.sort_by_key(|it| it.0);
    let of_day = |day: i64| {
        let own = all.iter().filter(move |it| it.0.0 / DAY.0 == day);
        own.map(|it| (Millis(it.0.0 % DAY.0), it.1)).collect::<Vec<_>>()
    };
    let first = of_day(0);
    let alike = (1..7).all(|day| of_day(day) == first);
    let (mut found, period) = if alike { (first, DAY) } else { (all, Millis(7 * DAY.0)) };
    found.dedup_by_key(|it| it.1);
    (found, period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_are_alike_are_one_day() {
        let period = |days, from: i64, to: i64, programme| {
            let hours = |it: i64| Millis::from_secs(3_600 * it);
            Period { days: Days::Week(days), from: hours(from), to: hours(to), programme, carried: false }
        };
        let all = [true; 7];
        let name = |it: Option<usize>| if it.is_some() { "peak" } else { "main" };
        let daily = [period(all, 0, 7, None), period(all, 7, 9, Some(0)), period(all, 9, 24, None)];
        let hours = |it: i64| Millis::from_secs(3_600 * it);
        assert_eq!(switches(&daily, &name), (vec![(hours(0), "main"), (hours(7), "peak"), (hours(9), "main")], DAY));
        let monday = [true, false, false, false, false, false, false];
        let others = monday.map(|it| !it);
        let weekly = [period(monday, 0, 24, None), period(others, 0, 24, Some(0))];
        assert_eq!(switches(&weekly, &name), (vec![(hours(0), "main"), (hours(24), "peak")], Millis(7 * DAY.0)));
    }
}
