//! The timetable of one intersection: names become positions, times of the day and dates become numbers.

use super::stages::{Sequences, checked_programme};
use crate::network::file::{IntersectionFile, ProgrammeFile, TimetableEntryFile, Weekday};
use crate::network::problem::Problems;
use crate::network::{Days, Timetable, TimetableEntry, date_from_text};
use crate::time::Millis;

/// Most programmes besides the first one.
const PROGRAMMES_MAX: usize = 100;
/// Most entries.
const ENTRIES_MAX: usize = 1_000;
/// Most dates of an entry.
const DATES_MAX: usize = 400;

pub(super) fn timetable(
    file: &IntersectionFile,
    sequences: &Sequences,
    place: &str,
    problems: &mut Problems,
) -> Timetable {
    let names: Vec<&str> = file.programmes.iter().map(|it| it.id.as_str()).collect();
    problems.unique(format_args!("{place}.programmes"), names.iter().copied());
    if names.len() > PROGRAMMES_MAX {
        problems.push(format_args!("{place}.programmes"), names.len(), format_args!("0…{PROGRAMMES_MAX}"));
    }
    let programmes = file.programmes.iter().map(|it| {
        let place = format!("{place}.programmes[{}]", it.id);
        problems.id(format_args!("{place}.id"), &it.id);
        let written = ProgrammeFile { offset_ms: it.offset_ms, steps: it.steps.clone() };
        (it.id.clone(), checked_programme(&written, file, &sequences.stages, &place, problems))
    });
    let programmes = programmes.collect();
    let Some(written) = &file.timetable else { return Timetable { programmes, ..Timetable::default() } };
    let place = format!("{place}.timetable");
    problems.range(format_args!("{place}.utc_offset_min"), written.utc_offset_min, &(-840..=840), "min");
    if written.entries.len() > ENTRIES_MAX {
        problems.push(format_args!("{place}.entries"), written.entries.len(), format_args!("0…{ENTRIES_MAX}"));
    }
    let entries = written.entries.iter().enumerate();
    let entries = entries.filter_map(|(at, it)| entry(it, &names, &format!("{place}.entries[{at}]"), problems));
    let entries = entries.collect();
    Timetable { utc_offset: Millis::from_secs(60 * i64::from(written.utc_offset_min)), programmes, entries }
}

fn entry(written: &TimetableEntryFile, names: &[&str], place: &str, problems: &mut Problems) -> Option<TimetableEntry> {
    let from = time_of_day(&written.from);
    if from.is_none() {
        problems.push(format_args!("{place}.from"), format_args!("`{}`", written.from), "00:00…23:59");
    }
    let programme = match written.programme.as_str() {
        "" => Some(None),
        name => names.iter().position(|it| *it == name).map(Some),
    };
    if programme.is_none() {
        let known = "a name of `programmes`, or nothing for `programme`";
        problems.push(format_args!("{place}.programme"), format_args!("`{}`", written.programme), known);
    }
    if !written.dates.is_empty() && !written.days.is_empty() {
        problems.push(format_args!("{place}.dates"), "days and dates", "one of the two");
    }
    if written.dates.len() > DATES_MAX {
        problems.push(format_args!("{place}.dates"), written.dates.len(), format_args!("0…{DATES_MAX}"));
    }
    let mut dates = Vec::new();
    for text in &written.dates {
        match date_from_text(text) {
            Some(day) => dates.push(day),
            None => problems.push(format_args!("{place}.dates"), format_args!("`{text}`"), "YYYY-MM-DD"),
        }
    }
    let week = |day: Weekday| written.days.is_empty() || written.days.contains(&day);
    let days = if written.dates.is_empty() { Days::Week(Weekday::ALL.map(week)) } else { Days::Dates(dates) };
    Some(TimetableEntry { days, from: from?, programme: programme? })
}

/// `07:30` as time after midnight.
fn time_of_day(text: &str) -> Option<Millis> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, below: i64| {
        let digits = text.len() == 2 && text.bytes().all(|it| it.is_ascii_digit());
        text.parse::<i64>().ok().filter(|&it| digits && it < below)
    };
    Some(Millis::from_secs(3_600 * number(hours, 24)? + 60 * number(minutes, 60)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_strictly() {
        assert_eq!(time_of_day("07:30"), Some(Millis::from_secs(27_000)));
        for wrong in ["7:30", "24:00", "07:60", "0730", "07:3a", "+7:30", ""] {
            assert_eq!(time_of_day(wrong), None, "{wrong}");
        }
    }
}
