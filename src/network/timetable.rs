//! When which fixed-time programme runs: by day of the week and time of the day, and on single days of a calendar.
//!
//! In: an instant (UTC). Out: the programme of the network file that runs then, as a fallback and as a baseline; the engine and the field controller
//! look at the same timetable by their own clocks, so both fall back on the same programme.
//!
//! ```text
//! entries of a day = those that name its date, or else those that name its day of the week
//! programme(at)    = the last entry of today that has begun, or else the last one of the nearest day before that has any, up to a week
//! ```
//!
//! Local time is UTC and a constant. Weakness: no daylight saving time; whoever has it changes `utc_offset_min` twice a year, on both sides.

use super::{Intersection, Programme};
use crate::time::{Millis, Timestamp, civil_of_days, days_of_civil};

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// When which programme runs; without entries the first programme always does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timetable {
    /// Local time less UTC.
    pub utc_offset: Millis,
    /// Programmes besides the first one, with their names.
    pub programmes: Vec<(String, Programme)>,
    /// From when on which one runs.
    pub entries: Vec<TimetableEntry>,
}

/// From a time of the day on a programme runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimetableEntry {
    /// On which days.
    pub days: Days,
    /// After midnight, local time; less than a day.
    pub from: Millis,
    /// Position in [`Timetable::programmes`]; `None` = the first programme.
    pub programme: Option<usize>,
}

/// Days of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Days {
    /// Days of the week, Monday first.
    Week([bool; 7]),
    /// Days of the calendar, as days since 1970; on these no entry of the week counts.
    Dates(Vec<i64>),
}

impl Intersection {
    /// The programme that runs at an instant.
    pub fn programme_at(&self, at: Timestamp) -> &Programme {
        let Some(entry) = self.timetable.entry_at(at) else { return &self.programme };
        entry.programme.map_or(&self.programme, |other| &self.timetable.programmes[other].1)
    }
}

impl Timetable {
    fn entry_at(&self, at: Timestamp) -> Option<&TimetableEntry> {
        let local = at.0 + self.utc_offset.0;
        let (today, time) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        (0..=7).find_map(|back| {
            let begun = |it: &&TimetableEntry| back > 0 || it.from.0 <= time;
            self.of_day(today - back).filter(begun).max_by_key(|it| it.from)
        })
    }

    /// Entries of a day, as days since 1970.
    fn of_day(&self, day: i64) -> impl Iterator<Item = &TimetableEntry> {
        let named = |it: &TimetableEntry| matches!(&it.days, Days::Dates(dates) if dates.contains(&day));
        let special = self.entries.iter().any(named);
        // The first of January 1970 was a Thursday.
        let weekday = (day + 3).rem_euclid(7) as usize;
        self.entries.iter().filter(move |it| match &it.days {
            Days::Dates(dates) => dates.contains(&day),
            Days::Week(week) => !special && week[weekday],
        })
    }
}

/// Days since 1970 as `YYYY-MM-DD`.
pub fn date_to_text(days: i64) -> String {
    let (year, month, day) = civil_of_days(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `2026-10-01` as days since 1970.
pub fn date_from_text(text: &str) -> Option<i64> {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.try_into().ok()?;
    let whole = year.len() == 4 && month.len() == 2 && day.len() == 2;
    let (year, month, day) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let days = days_of_civil(year, month, day);
    // Who writes the 31st of February gets another day back.
    (whole && civil_of_days(days) == (year, month, day)).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::crossroads;

    const WORKDAYS: [bool; 7] = [true, true, true, true, true, false, false];

    fn hours(hours: i64) -> Millis {
        Millis::from_secs(3_600 * hours)
    }

    /// Local time in Beijing.
    fn beijing(year: i64, month: i64, day: i64, hour: i64) -> Timestamp {
        Timestamp(days_of_civil(year, month, day) * DAY) + hours(hour - 8)
    }

    fn site() -> Intersection {
        let mut site = crossroads();
        let other = |offset| Programme { offset: Millis::from_secs(offset), ..site.programme.clone() };
        let programmes = vec![("peak".to_owned(), other(11)), ("night".to_owned(), other(22))];
        let entry = |days, from, programme| TimetableEntry { days, from: hours(from), programme };
        let entries = vec![
            entry(Days::Week(WORKDAYS), 7, Some(0)),
            entry(Days::Week(WORKDAYS), 10, None),
            entry(Days::Week([true; 7]), 22, Some(1)),
            entry(Days::Dates(vec![days_of_civil(2026, 10, 1)]), 9, None),
        ];
        site.timetable = Timetable { utc_offset: hours(8), programmes, entries };
        site
    }

    #[test]
    fn each_time_of_each_day_has_the_programme_of_its_entry() {
        let site = site();
        let offset = |at| site.programme_at(at).offset.0 / 1_000;
        let main = site.programme.offset.0 / 1_000;
        // 2026-09-28 was a Monday.
        assert_eq!(offset(beijing(2026, 9, 28, 7)), 11);
        assert_eq!(offset(beijing(2026, 9, 28, 9)), 11);
        assert_eq!(offset(beijing(2026, 9, 28, 10)), main);
        assert_eq!(offset(beijing(2026, 9, 28, 23)), 22);
        assert_eq!(offset(beijing(2026, 9, 29, 6)), 22, "the night goes on until the morning's entry");
        assert_eq!(offset(beijing(2026, 10, 3, 8)), 22, "a Saturday has no morning peak");
    }

    #[test]
    fn on_a_day_of_the_calendar_only_its_own_entries_count() {
        let site = site();
        let offset = |at| site.programme_at(at).offset.0 / 1_000;
        assert_eq!(offset(beijing(2026, 10, 1, 8)), 22, "a Thursday, but a holiday: yesterday's night goes on");
        assert_eq!(offset(beijing(2026, 10, 1, 9)), site.programme.offset.0 / 1_000);
        assert_eq!(offset(beijing(2026, 10, 1, 23)), site.programme.offset.0 / 1_000, "no night is named for it");
        assert_eq!(offset(beijing(2026, 10, 2, 7)), 11);
    }

    #[test]
    fn without_entries_the_first_programme_always_runs() {
        let site = crossroads();
        assert_eq!(site.programme_at(Timestamp(0)), &site.programme);
    }

    #[test]
    fn dates_are_read_strictly_and_written_back_the_same() {
        assert_eq!(date_from_text("1970-01-02"), Some(1));
        assert_eq!(date_from_text("2026-10-01").map(date_to_text).as_deref(), Some("2026-10-01"));
        for wrong in ["2026-02-31", "2026-2-3", "2026-13-01", "2026-10", "x", "2026-10-01-1"] {
            assert_eq!(date_from_text(wrong), None, "{wrong}");
        }
    }
}
