//! Times at which plans are used, as tables tell them, and the timetable that follows.
//!
//! A table says from when until when a plan is used (`01111100_0700_0900`: days from Sunday to Saturday and holidays, begin, end); where several are at a time, the one
//! that is used least of the week is meant (a peak goes before all day). From that follows what runs in each part of a week and of each holiday, and from that the
//! entries ([`crate::network::periods`]). The form is that of GMNS, which has it from UTDF.

use super::sumo::{ImportOptions, ImportReport};
use crate::network::file::{TimetableEntryFile, TimetableFile};
use crate::network::periods::{Period, entries};
use crate::network::table::{Row, Table};
use crate::network::{Days, Problems, date_from_text};
use crate::time::Millis;
use std::collections::BTreeSet;

/// Minutes of a day.
const DAY_MIN: u32 = 24 * 60;
/// Position of holidays among the days of a [`Times`].
const HOLIDAY: usize = 7;

/// When a plan is used: days, first minute, first minute after it. Over midnight the second is the smaller.
#[derive(Debug, Clone)]
pub(super) struct Times {
    /// Sunday to Saturday, holidays.
    pub(super) days: [bool; 8],
    /// Which days the holidays are, as days since 1970, where the table says it.
    pub(super) dates: Vec<i64>,
    pub(super) from: u32,
    pub(super) to: u32,
    /// Whether it only goes on there from the day before, where the table says it.
    pub(super) goes_on: Option<bool>,
}

impl Times {
    /// Of a row: columns of the times, of the dates of holidays, and of whether it goes on; `None` where no times stand.
    pub(super) fn of_row(
        (table, row): (&Table, &Row),
        [times, dates, goes_on]: [&str; 3],
        problems: &mut Problems,
    ) -> Option<Self> {
        let told = table.text(row, times)?;
        let Some(mut read) = Self::read(told) else {
            let allowed = "XXXXXXXX_HHMM_HHMM, days from Sunday to Saturday and holidays as 0 and 1";
            problems.push(table.place(row, times), format_args!("`{told}`"), allowed);
            return None;
        };
        for text in table.word(row, dates).split_whitespace() {
            let allowed = "days as YYYY-MM-DD with blanks between them";
            match date_from_text(text) {
                Some(date) => read.dates.push(date),
                None => problems.push(table.place(row, dates), format_args!("`{text}`"), allowed),
            }
        }
        read.goes_on = match table.text(row, goes_on) {
            None => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(other) => {
                problems.push(table.place(row, goes_on), format_args!("`{other}`"), "true, false");
                None
            }
        };
        Some(read)
    }

    pub(super) fn hold(&self, day: usize, minute: u32) -> bool {
        let within = if self.from <= self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        };
        self.days[day] && within
    }

    /// Minutes of a week, holidays counted as an eighth day.
    pub(super) fn minutes(&self) -> u32 {
        let a_day = if self.from <= self.to { self.to - self.from } else { self.to + DAY_MIN - self.from };
        self.days.iter().filter(|it| **it).count() as u32 * a_day
    }

    /// `XXXXXXXX_HHMM_HHMM`, with or without colons.
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('_');
        let (days, from, to) = (parts.next()?, minute(parts.next()?)?, minute(parts.next()?)?);
        let bits: Vec<bool> = days.chars().map(|it| it == '1').collect();
        let good = days.chars().all(|it| "01".contains(it)) && parts.next().is_none();
        Some(Self { days: bits.try_into().ok().filter(|_| good)?, dates: Vec::new(), from, to, goes_on: None })
    }
}

/// `HHMM` or `HH:MM` as minutes of the day, up to 24:00.
pub(super) fn minute(text: &str) -> Option<u32> {
    let digits: String = text.chars().filter(|it| *it != ':').collect();
    let number: u32 = digits.parse().ok().filter(|_| (3..=4).contains(&digits.len()))?;
    let (hour, minute) = (number / 100, number % 100);
    (hour * 60 + minute <= DAY_MIN && minute < 60).then_some(hour * 60 + minute)
}

/// When which programme runs: times with the position of the programme among the named ones, `None` = the first; `None` where the first always does.
pub(super) fn timetable(
    times: &[(Option<usize>, &Times)],
    names: &[&str],
    (options, utc_offset_min): (&ImportOptions, Option<i32>),
    (about, report): (&str, &mut ImportReport),
) -> Option<TimetableFile> {
    let holidays = holidays(times, options, (about, report));
    let found = entries(&periods(times, &holidays));
    if found.is_empty() {
        return None;
    }
    let name = |it: Option<usize>| it.map(|it| names[it].to_owned()).unwrap_or_default();
    let entries = found.iter().map(|it| TimetableEntryFile::of(it, name(it.programme))).collect();
    let utc_offset_min = options.utc_offset_min.or(utc_offset_min).unwrap_or_else(|| {
        report.guess(about, "nobody says in which time zone its plans are: UTC (--utc-offset)");
        0
    });
    Some(TimetableFile { utc_offset_min, entries })
}

/// Which days the holidays are.
fn holidays(
    times: &[(Option<usize>, &Times)],
    options: &ImportOptions,
    (about, report): (&str, &mut ImportReport),
) -> BTreeSet<i64> {
    let told: BTreeSet<i64> = times.iter().flat_map(|it| &it.1.dates).copied().collect();
    if !told.is_empty() {
        return told;
    }
    // Where one plan alone is told there is nothing to choose on holidays.
    let matters = times.iter().any(|it| it.1.days[HOLIDAY]) && times.iter().any(|it| it.0.is_some());
    if options.holidays.is_empty() && matters {
        report.guess(
            about,
            "nobody says which days are holidays: its plans go by the day of the week on them (--holiday)",
        );
    }
    if matters { options.holidays.iter().copied().collect() } else { BTreeSet::new() }
}

/// What runs when, on each day of the week and on each holiday.
fn periods(times: &[(Option<usize>, &Times)], holidays: &BTreeSet<i64>) -> Vec<Period> {
    let mut found = Vec::new();
    for day in 0..7 {
        // Sunday comes first there, Monday here.
        let on = |times: &Times, minute: u32| times.hold((day + 1) % 7, minute);
        let mut week = [false; 7];
        week[day] = true;
        found.extend(of_day(times, &on, &Days::Week(week), holidays.is_empty()));
    }
    for &date in holidays {
        let on = |times: &Times, minute: u32| {
            times.hold(HOLIDAY, minute) && (times.dates.is_empty() || times.dates.contains(&date))
        };
        found.extend(of_day(times, &on, &Days::Dates(vec![date]), false));
    }
    found
}

/// The parts of a day; what begins at midnight goes on from before where the table or, without holidays, nobody says anything else.
fn of_day(
    times: &[(Option<usize>, &Times)],
    on: &dyn Fn(&Times, u32) -> bool,
    days: &Days,
    goes_on: bool,
) -> Vec<Period> {
    let mut bounds: BTreeSet<u32> =
        times.iter().flat_map(|it| [it.1.from, it.1.to]).filter(|it| *it < DAY_MIN).collect();
    bounds.insert(0);
    let ends: Vec<u32> = bounds.iter().skip(1).copied().chain([DAY_MIN]).collect();
    let mut found: Vec<(usize, Period)> = Vec::new();
    for (&from, to) in bounds.iter().zip(ends) {
        let meant = (0..times.len()).filter(|&it| on(times[it].1, from)).min_by_key(|&it| times[it].1.minutes());
        let Some(meant) = meant else { continue };
        let minutes = |it: u32| Millis::from_secs(60 * i64::from(it));
        if let Some((_, last)) = found.last_mut().filter(|(before, it)| *before == meant && it.to == minutes(from)) {
            last.to = minutes(to);
            continue;
        }
        let (programme, times) = times[meant];
        // What began before midnight goes on; whether a plan of the whole day does is a matter of words only as long as there are no holidays.
        let carried = if from == 0 { times.goes_on.unwrap_or(goes_on || times.from != 0) } else { false };
        let days = days.clone();
        found.push((meant, Period { days, from: minutes(from), to: minutes(to), programme, carried }));
    }
    found.into_iter().map(|it| it.1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_hold_on_their_days_and_over_midnight() {
        let peak = Times::read("01111100_06:00_0900").unwrap();
        assert!(peak.hold(1, 360) && !peak.hold(1, 540) && !peak.hold(0, 400));
        let night = Times::read("11111111_2200_0500").unwrap();
        assert!(night.hold(7, 1400) && night.hold(0, 10) && !night.hold(0, 600));
        assert!(Times::read("0111110_0600_0900").is_none() && Times::read("01111100_0660_0900").is_none());
    }

    #[test]
    fn a_peak_goes_before_all_day_and_holidays_are_days_of_their_own() {
        let times = ["11111111_0000_2400", "01111100_0700_0900"].map(|it| Times::read(it).unwrap());
        let times = [(None, &times[0]), (Some(0), &times[1])];
        let told = |holidays: Vec<i64>| {
            let options = ImportOptions { utc_offset_min: Some(60), holidays, ..ImportOptions::default() };
            let mut report = ImportReport::default();
            let found = timetable(&times, &["peak"], (&options, None), ("x", &mut report)).unwrap();
            let one = |it: &TimetableEntryFile| {
                format!("{:?} {} {} {}", it.days.len(), it.dates.join(" "), it.from, it.programme)
            };
            (found.utc_offset_min, found.entries.iter().map(one).collect::<Vec<_>>(), report.guessed.len())
        };
        assert_eq!(told(Vec::new()), (60, ["5  07:00 peak", "5  09:00 "].map(str::to_owned).to_vec(), 1));
        let (_, entries, guessed) = told(vec![20_000]);
        // On the morning after a holiday the plan of the day begins at midnight.
        assert_eq!(entries, ["0  00:00 ", "5  07:00 peak", "5  09:00 ", "0 2024-10-04 00:00 "]);
        assert_eq!(guessed, 0);
    }
}
