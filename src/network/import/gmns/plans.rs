//! Which timing plan is meant, and when each of them runs: by name, by day and time, or all of them.

use super::tables::Tables;
use crate::network::Problems;
use crate::network::import::sumo::ImportReport;
use crate::network::import::times::{Times, minute};
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

/// A row of the table of plans.
pub(super) type PlanRow<'t> = (&'t Table, &'t Row);

/// The plan of a controller that becomes its programme, and those that run at their times.
pub(super) struct Chosen<'t> {
    pub(super) taken: PlanRow<'t>,
    /// Its other rows: the same plan at other times.
    pub(super) again: Vec<PlanRow<'t>>,
    /// Name and rows of each other.
    pub(super) others: Vec<(String, Vec<PlanRow<'t>>)>,
    /// When which runs: position in `others`, `None` = the taken one.
    pub(super) times: Vec<(Option<usize>, Times)>,
}

/// The times of a set.
fn of_set(table: &Table, row: &Row) -> Option<Times> {
    let is = |column: &str| ["true", "1", "t", "yes"].contains(&table.word(row, column).to_lowercase().as_str());
    // The specification writes one of them with a capital letter.
    let days = COLUMNS.map(|it| is(it) || is("Friday") && it == "friday");
    let (from, to) = (minute(table.word(row, "start_time"))?, minute(table.word(row, "end_time"))?);
    Some(Times { days, dates: Vec::new(), from, to, goes_on: None })
}

/// When a plan is used, by its own column or by the set of times that it names.
fn times_of(tables: &Tables, plan: PlanRow<'_>, problems: &mut Problems) -> Option<Times> {
    let (table, row) = plan;
    let told = table.text(row, "time_day").is_some();
    let read = Times::of_row(plan, ["time_day", "opt_dates", "opt_goes_on"], problems);
    let mut set = || {
        let id = table.text(row, "timeday_id")?;
        let (sets, row) = tables.rows("time_set_definitions").find(|(sets, row)| sets.word(row, "timeday_id") == id)?;
        let read = of_set(sets, row);
        if read.is_none() {
            let what = format!("`{}` to `{}`", sets.word(row, "start_time"), sets.word(row, "end_time"));
            problems.push(sets.place(row, "start_time"), what, "HH:MM, 00:00…24:00");
        }
        read
    };
    if told { read } else { set() }
}

/// The plans of a controller; those that are not taken are told.
pub(super) fn chosen<'t>(
    tables: &'t Tables,
    controller: &str,
    choice: &PlanChoice,
    problems: &mut Problems,
    report: &mut ImportReport,
) -> Option<Chosen<'t>> {
    let own: Vec<PlanRow<'t>> = tables
        .rows("signal_timing_plan")
        .filter(|(table, row)| table.word(row, "controller_id") == controller)
        .collect();
    let times: Vec<Option<Times>> = own.iter().map(|it| times_of(tables, *it, problems)).collect();
    let named = tables.has("signal_timing_plan", "opt_programme");
    // In our own tables a plan has a row a time, and the first programme has no name.
    let programme = |at: usize| own[at].0.word(own[at].1, "opt_programme");
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
        PlanChoice::First => {
            candidates.sort_by_key(|&at| (named && !programme(at).is_empty(), std::cmp::Reverse(used(&at))));
        }
        PlanChoice::At(..) => candidates.sort_by_key(used),
        PlanChoice::Named(_) => {}
    }
    let Some(taken) = candidates.first().copied() else {
        report.refuse(controller, "no timing plan fits; left out");
        return None;
    };
    let mut found = Chosen { taken: own[taken], again: Vec::new(), others: Vec::new(), times: Vec::new() };
    for (at, times) in times.into_iter().enumerate() {
        let (table, row) = own[at];
        if *choice != PlanChoice::First {
            if at != taken {
                let told = [table.word(row, "timing_plan_id"), table.word(row, "time_day")].join(" ");
                report.note(controller, format!("plan {} is not taken", told.trim()));
            }
            continue;
        }
        let name = if named { programme(at) } else { table.word(row, "timing_plan_id") };
        let position = if at == taken {
            None
        } else if named && name == programme(taken) {
            found.again.push(own[at]);
            None
        } else if let Some(known) = found.others.iter().position(|it| it.0 == name) {
            found.others[known].1.push(own[at]);
            Some(known)
        } else if times.is_some() || named {
            found.others.push((name.to_owned(), vec![own[at]]));
            Some(found.others.len() - 1)
        } else {
            report.note(controller, format!("plan {name} is not taken: it has no times"));
            continue;
        };
        found.times.extend(times.map(|it| (position, it)));
    }
    Some(found)
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
}
