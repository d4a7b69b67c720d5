//! The timetable as other tools say it: on which days, from when until when, each programme runs; and back.
//!
//! A timetable of ours says when a programme *begins*, and it goes on until another one does, over midnight too. Tables of others say from when *until*
//! when, within a day. So a programme that goes on at midnight gets a period that is marked as carried over.
//!
//! ```text
//! entries ──periods()──> periods without gaps on days of the week; on a date from its first entry on
//! periods ──entries()──> an entry a period that is not carried over, and wherever the programme changes; a gap is the first programme
//! ```
//!
//! There and back gives the same entries, each of a time and a programme once, by their first day and time.

use super::{Days, Timetable, TimetableEntry};
use crate::time::Millis;
use std::collections::{BTreeMap, BTreeSet};

/// A day.
pub const DAY: Millis = Millis(86_400_000);

/// A part of some days on which a programme runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// On which days.
    pub days: Days,
    /// After midnight, local time.
    pub from: Millis,
    /// After midnight, later than `from`, at most a day.
    pub to: Millis,
    /// Position in [`Timetable::programmes`]; `None` = the first programme.
    pub programme: Option<usize>,
    /// It began on a day before.
    pub carried: bool,
}

/// What is the same on several days: begin, end, programme, carried over.
type Part = (Millis, Millis, Option<usize>, bool);

impl Timetable {
    /// When which programme runs; without entries the first one always.
    pub fn periods(&self) -> Vec<Period> {
        let mut week: BTreeMap<Part, [bool; 7]> = BTreeMap::new();
        for day in 0..7 {
            let mut begins = self.begins(|it| matches!(it, Days::Week(week) if week[day]));
            begins.entry(Millis::ZERO).or_insert_with(|| {
                let before = (1..=7).find_map(|back| {
                    let other = (day + 7 - back) % 7;
                    let others = self.begins(|it| matches!(it, Days::Week(week) if week[other]));
                    others.last_key_value().map(|it| it.1.0)
                });
                (before.flatten(), true)
            });
            for part in parts(&begins) {
                week.entry(part).or_default()[day] = true;
            }
        }
        let mut dates: BTreeMap<Part, Vec<i64>> = BTreeMap::new();
        for date in self.dates() {
            for part in parts(&self.begins(|it| matches!(it, Days::Dates(dates) if dates.contains(&date)))) {
                dates.entry(part).or_default().push(date);
            }
        }
        let of = |days, (from, to, programme, carried)| Period { days, from, to, programme, carried };
        let week = week.into_iter().map(|(part, days)| of(Days::Week(days), part));
        week.chain(dates.into_iter().map(|(part, days)| of(Days::Dates(days), part))).collect()
    }

    /// All days of the calendar that it names.
    fn dates(&self) -> BTreeSet<i64> {
        let named =
            self.entries.iter().filter_map(|it| if let Days::Dates(dates) = &it.days { Some(dates) } else { None });
        named.flatten().copied().collect()
    }

    /// Programmes that begin on some days, by their times; of two at one time the later in the list.
    fn begins(&self, on: impl Fn(&Days) -> bool) -> BTreeMap<Millis, (Option<usize>, bool)> {
        self.entries.iter().filter(|it| on(&it.days)).map(|it| (it.from, (it.programme, false))).collect()
    }
}

/// Each programme until the next one begins.
fn parts(begins: &BTreeMap<Millis, (Option<usize>, bool)>) -> Vec<Part> {
    let ends = begins.keys().skip(1).copied().chain([DAY]);
    begins.iter().zip(ends).map(|((&from, &(programme, carried)), to)| (from, to, programme, carried)).collect()
}

/// Entries that begin what the periods say. No two periods may hold on one day at one time.
pub fn entries(periods: &[Period]) -> Vec<TimetableEntry> {
    let mut found: BTreeMap<(Millis, Option<usize>), [bool; 7]> = BTreeMap::new();
    let on =
        |day: usize| begins(periods.iter().filter(move |it| matches!(&it.days, Days::Week(week) if week[day])), true);
    let mut running = on(6).last().and_then(|it| it.1);
    for day in 0..7 {
        for (from, programme, carried) in on(day) {
            if !carried || programme != running {
                found.entry((from, programme)).or_default()[day] = true;
            }
            running = programme;
        }
    }
    if found.is_empty() && running.is_some() {
        found.insert((Millis::ZERO, running), [true; 7]);
    }
    let mut dates: BTreeMap<(Millis, Option<usize>), Vec<i64>> = BTreeMap::new();
    let named = periods.iter().filter_map(|it| if let Days::Dates(dates) = &it.days { Some(dates) } else { None });
    for date in named.flatten().copied().collect::<BTreeSet<i64>>() {
        let own = periods.iter().filter(|it| matches!(&it.days, Days::Dates(dates) if dates.contains(&date)));
        for (from, programme, _) in begins(own, false) {
            dates.entry((from, programme)).or_default().push(date);
        }
    }
    let week = found.into_iter().map(|((from, programme), week)| (Days::Week(week), from, programme));
    let dates = dates.into_iter().map(|((from, programme), dates)| (Days::Dates(dates), from, programme));
    let of = |(days, from, programme)| TimetableEntry { days, from, programme };
    let mut all: Vec<TimetableEntry> = week.chain(dates).map(of).collect();
    all.sort_by_key(|it| match &it.days {
        Days::Week(week) => (false, (0..7).zip(week).find(|(_, on)| **on).map_or(7, |it| it.0), it.from),
        Days::Dates(dates) => (true, dates.first().copied().unwrap_or_default(), it.from),
    });
    all
}

/// What begins on a day, with whether it goes on from before; gaps are begins of the first programme, in the morning only where asked for.
fn begins<'a>(periods: impl Iterator<Item = &'a Period>, morning: bool) -> Vec<(Millis, Option<usize>, bool)> {
    let mut own: Vec<&Period> = periods.collect();
    own.sort_by_key(|it| it.from);
    let mut found = Vec::new();
    let mut at = Millis::ZERO;
    for it in own {
        if it.from > at && (morning || at > Millis::ZERO) {
            found.push((at, None, true));
        }
        found.push((it.from, it.programme, it.carried));
        at = it.to;
    }
    if at < DAY {
        found.push((at, None, true));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKDAYS: [bool; 7] = [true, true, true, true, true, false, false];
    const ALL: [bool; 7] = [true; 7];

    fn hours(hours: i64) -> Millis {
        Millis::from_secs(3_600 * hours)
    }

    fn entry(days: Days, from: i64, programme: Option<usize>) -> TimetableEntry {
        TimetableEntry { days, from: hours(from), programme }
    }

    fn there_and_back(entries: &[TimetableEntry]) {
        let timetable = Timetable { entries: entries.to_vec(), ..Timetable::default() };
        let periods = timetable.periods();
        assert_eq!(super::entries(&periods), entries, "{periods:#?}");
    }

    #[test]
    fn entries_come_back_as_they_were() {
        let week = Days::Week;
        there_and_back(&[]);
        there_and_back(&[entry(week(ALL), 0, Some(1))]);
        // a night that goes on over midnight, and over a Sunday that names nothing
        let mut but_sunday = ALL;
        but_sunday[6] = false;
        there_and_back(&[
            entry(week(WORKDAYS), 6, None),
            entry(week(WORKDAYS), 7, Some(0)),
            entry(week(but_sunday), 22, Some(1)),
        ]);
        // an entry that changes nothing on most of its days
        there_and_back(&[entry(week(ALL), 0, None), entry(week(WORKDAYS), 22, None)]);
        there_and_back(&[
            entry(week(WORKDAYS), 0, Some(0)),
            entry(week([false, false, false, false, false, true, true]), 0, None),
            entry(Days::Dates(vec![20_000, 20_007]), 0, None),
            entry(Days::Dates(vec![20_007]), 9, Some(1)),
        ]);
        // dates alone, from nine in the morning on
        there_and_back(&[entry(Days::Dates(vec![20_000]), 9, Some(0)), entry(Days::Dates(vec![20_000]), 18, None)]);
    }

    #[test]
    fn periods_leave_no_gap_in_the_week() {
        let timetable = Timetable {
            entries: vec![entry(Days::Week(WORKDAYS), 6, Some(0)), entry(Days::Week(WORKDAYS), 20, None)],
            ..Timetable::default()
        };
        for day in 0..7 {
            let mut own: Vec<Period> = timetable.periods();
            own.retain(|it| matches!(&it.days, Days::Week(week) if week[day]));
            own.sort_by_key(|it| it.from);
            let ends: Vec<Millis> = own.iter().map(|it| it.to).collect();
            let begins: Vec<Millis> = own.iter().map(|it| it.from).collect();
            assert_eq!((begins[0], *ends.last().unwrap()), (Millis::ZERO, DAY));
            assert_eq!(begins[1..], ends[..ends.len() - 1]);
        }
    }

    #[test]
    fn gaps_are_the_first_programme() {
        let peak =
            Period { days: Days::Week(WORKDAYS), from: hours(7), to: hours(9), programme: Some(0), carried: false };
        let wanted = [entry(Days::Week(WORKDAYS), 7, Some(0)), entry(Days::Week(WORKDAYS), 9, None)];
        assert_eq!(entries(&[peak]), wanted);
    }
}
