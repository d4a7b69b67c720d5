//! Which timing plan is meant: by name, by day and time, or the first that there is.

use super::tables::Tables;
use crate::network::Problems;
use crate::network::import::sumo::ImportReport;
use crate::network::table::{Row, Table};
use std::str::FromStr;

/// Days of a `time_day`, in its order.
const DAYS: [&str; 8] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat", "hol"];
/// The same as columns of `time_set_definitions`.
const COLUMNS: [&str; 8] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "holiday"];

/// Which plan of each controller is taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PlanChoice {
    /// Of those with a cycle the one that is used most of the week, and the others at their times.
    #[default]
    First,
    /// The one of this `timing_plan_id`.
    Named(String),
    /// The first that is used on a day (0 Sunday … 6 Saturday, 7 holiday) at a minute of it.
    At(usize, u32),
}

impl FromStr for PlanChoice {
    type Err = String;

    /// `mon 07:30`, or the name of a plan.
    fn from_str(text: &str) -> Result<Self, String> {
        let Some((day, time)) = text.split_once(' ') else { return Ok(Self::Named(text.to_owned())) };
        let at = DAYS.iter().position(|it| it.eq_ignore_ascii_case(day));
        match at.zip(minute(time)) {
            Some((day, minute)) => Ok(Self::At(day, minute)),
            None => Err(format!("`{text}`: a plan, or a day ({}) and a time HH:MM", DAYS.join(", "))),
        }
    }
}

/// When a plan is used: days, first minute, first minute after it. Over midnight the second is the smaller.
#[derive(Debug)]
pub(super) struct Times {
    /// Sunday to Saturday, holidays.
    pub(super) days: [bool; 8],
    pub(super) from: u32,
    pub(super) to: u32,
}

/// The plan of a controller that becomes its programme, and those that run at their times.
pub(super) struct Chosen<'t> {
    pub(super) taken: (&'t Table, &'t Row),
    pub(super) others: Vec<((&'t Table, &'t Row), Times)>,
}

impl Times {
    fn hold(&self, day: usize, minute: u32) -> bool {
        let within = if self.from <= self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        };
        self.days[day] && within
    }

    /// Minutes of a week, holidays counted as an eighth day.
    fn minutes(&self) -> u32 {
        let a_day = if self.from <= self.to { self.to - self.from } else { self.to + 24 * 60 - self.from };
        self.days.iter().filter(|it| **it).count() as u32 * a_day
    }

    /// `XXXXXXXX_HHMM_HHMM`, with or without colons.
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('_');
        let (days, from, to) = (parts.next()?, minute(parts.next()?)?, minute(parts.next()?)?);
        let bits: Vec<bool> = days.chars().map(|it| it == '1').collect();
        let good = days.chars().all(|it| "01".contains(it)) && parts.next().is_none();
        Some(Self { days: bits.try_into().ok().filter(|_| good)?, from, to })
    }

    fn of_set(table: &Table, row: &Row) -> Option<Self> {
        let is = |column: &str| ["true", "1", "t", "yes"].contains(&table.word(row, column).to_lowercase().as_str());
        // The specification writes one of them with a capital letter.
        let days = COLUMNS.map(|it| is(it) || is("Friday") && it == "friday");
        Some(Self { days, from: minute(table.word(row, "start_time"))?, to: minute(table.word(row, "end_time"))? })
    }
}

/// `HHMM` or `HH:MM` as minutes of the day, up to 24:00.
fn minute(text: &str) -> Option<u32> {
    let digits: String = text.chars().filter(|it| *it != ':').collect();
    let number: u32 = digits.parse().ok().filter(|_| (3..=4).contains(&digits.len()))?;
    let (hour, minute) = (number / 100, number % 100);
    (hour * 60 + minute <= 24 * 60 && minute < 60).then_some(hour * 60 + minute)
}

/// The plans of a controller; those that are not taken are told.
pub(super) fn chosen<'t>(
    tables: &'t Tables,
    controller: &str,
    choice: &PlanChoice,
    problems: &mut Problems,
    report: &mut ImportReport,
) -> Option<Chosen<'t>> {
    let own: Vec<(&Table, &Row)> = tables
        .rows("signal_timing_plan")
        .filter(|(table, row)| table.word(row, "controller_id") == controller)
        .collect();
    let mut times = Vec::new();
    for &(table, row) in &own {
        let set = table.text(row, "timeday_id").and_then(|id| {
            let mut sets = tables.rows("time_set_definitions");
            sets.find(|(sets, row)| sets.word(row, "timeday_id") == id).and_then(|(sets, row)| Times::of_set(sets, row))
        });
        let told = table.text(row, "time_day");
        let read = told.and_then(Times::read);
        if told.is_some() && read.is_none() {
            let what = format!("`{}`", told.unwrap_or_default());
            problems.push(
                table.place(row, "time_day"),
                what,
                "XXXXXXXX_HHMM_HHMM, days from Sunday to Saturday and holidays as 0 and 1",
            );
        }
        times.push(read.or(set));
    }
    let fits = |at: &usize| {
        let (table, row) = own[*at];
        match choice {
            PlanChoice::First => table.text(row, "cycle_length").is_some() || own.len() == 1,
            PlanChoice::Named(name) => table.word(row, "timing_plan_id") == name,
            PlanChoice::At(day, minute) => times[*at].as_ref().is_none_or(|it| it.hold(*day, *minute)),
        }
    };
    // At a time the plan that is used least of the week is the one that is meant: a peak goes before all day, and that before one without times.
    let mut candidates: Vec<usize> = (0..own.len()).filter(fits).collect();
    let used = |at: &usize| times[*at].as_ref().map_or(u32::MAX, Times::minutes);
    match choice {
        PlanChoice::First => candidates.sort_by_key(|at| std::cmp::Reverse(used(at))),
        PlanChoice::At(..) => candidates.sort_by_key(used),
        PlanChoice::Named(_) => {}
    }
    let Some(taken) = candidates.first().copied() else {
        report.refuse(controller, "no timing plan fits; left out");
        return None;
    };
    let mut others = Vec::new();
    for (at, times) in times.into_iter().enumerate().filter(|(at, _)| *at != taken) {
        let (table, row) = own[at];
        if let Some(times) = times.filter(|_| *choice == PlanChoice::First) {
            others.push(((table, row), times));
        } else {
            let told = [table.word(row, "timing_plan_id"), table.word(row, "time_day")].join(" ");
            report.note(controller, format!("plan {} is not taken", told.trim()));
        }
    }
    Some(Chosen { taken: own[taken], others })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_named_or_told_by_day_and_time() {
        assert_eq!("2".parse(), Ok(PlanChoice::Named("2".to_owned())));
        assert_eq!("Tue 07:30".parse(), Ok(PlanChoice::At(2, 450)));
        assert!("someday 07:30".parse::<PlanChoice>().is_err() && "mon 25:00".parse::<PlanChoice>().is_err());
    }

    #[test]
    fn times_hold_on_their_days_and_over_midnight() {
        let peak = Times::read("01111100_06:00_0900").unwrap();
        assert!(peak.hold(1, 360) && !peak.hold(1, 540) && !peak.hold(0, 400));
        let night = Times::read("11111111_2200_0500").unwrap();
        assert!(night.hold(7, 1400) && night.hold(0, 10) && !night.hold(0, 600));
        assert!(Times::read("0111110_0600_0900").is_none() && Times::read("01111100_0660_0900").is_none());
    }
}
