//! Demand that fits counts: what was counted, how well a model says it, and the scales that make it say it better.
//!
//! In: counts of vehicles from one road to the next (or over a whole stop line) in periods; what a run of a model gave, by the source and
//! the period in which each vehicle set out. Out: a factor for each source and period, and statistics of fit. Pure: runs are made elsewhere.
//!
//! **Fit.** With `p[c][j]` the vehicles of cell `j` (a source in a period) that a run at factors `x₀` brought over count `c`, the model of
//! count `c` at factors `x` is `m[c] = Σⱼ p[c][j]·x[j]/x₀[j]`. Wanted is the least of
//!
//! `2·Σ_c (m[c] − y[c] + y[c]·ln(y[c]/m[c]))  +  Σⱼ ((x[j] − 1)/σ)²`,  `0 ≤ x[j] ≤ 10`
//!
//! the deviance of counts `y` that are Poisson, and the demand that was written down being known to σ. (Squares weighted by what was counted, as GEH
//! nearly does, lean to the small counts: tried, and side streets came out 20 % too low.) It is convex and is found by Fisher scoring of one factor after the
//! other. How vehicles travel hangs on the demand, so run and fit are repeated ([`Fit`] knows no run). Cells that no count sees keep the factor 1.
//!
//! Weakness: sources that always pass the same counts together cannot be told apart; σ shares the change out among them.
//!
//! **Statistics** ([`Fitness`]): GEH `√(2(m − c)²/(m + c))` of hourly volumes with the share below 5 (85 % is what is asked: FHWA Traffic Analysis
//! Toolbox III (2004), table 4; UK DMRB vol. 12a), root mean square error, coefficient of determination.

mod fit;
mod fitness;

pub use fit::{Fit, SCALE_MAX};
pub use fitness::{Compared, Fitness};

use crate::network::Problems;
use crate::network::table::Table;

/// One count.
#[derive(Debug, Clone, PartialEq)]
pub struct Count {
    /// Road at whose end it was counted.
    pub from: String,
    /// Road that was entered; none for all who left the first.
    pub to: Option<String>,
    /// First second.
    pub begin_s: f64,
    /// First second that does not count.
    pub end_s: f64,
    /// Vehicles.
    pub count: f64,
}

impl Count {
    /// Vehicles an hour for so many vehicles.
    pub fn per_hour(&self, vehicles: f64) -> f64 {
        vehicles * 3600.0 / (self.end_s - self.begin_s)
    }
}

/// Columns of a table of counts.
pub const COLUMNS: [&str; 5] = ["from", "to", "begin_s", "end_s", "count"];

/// Counts from a table `from,to,begin_s,end_s,count`; `to` may be empty. `roads` are those of the street, `span` its simulated time.
///
/// # Errors
/// File, line and column of every cell that cannot be used.
pub fn read_counts(text: &str, source: &str, roads: &[&str], span: (f64, f64)) -> Result<Vec<Count>, Problems> {
    let mut problems = Problems::default();
    let table = Table::read(text, source, &COLUMNS, &mut problems);
    table.only(&COLUMNS, &mut problems);
    let mut counts: Vec<Count> = Vec::new();
    for row in table.rows() {
        for column in ["from", "to"] {
            let name = table.word(row, column);
            if !(roads.contains(&name) || column == "to" && name.is_empty()) {
                problems.push(table.place(row, column), format_args!("`{name}`"), "a road of the street");
            }
        }
        let time = |column: &str, problems: &mut Problems| table.within(row, column, &(span.0..=span.1), "s", problems);
        let (begin, end) = (time("begin_s", &mut problems), time("end_s", &mut problems));
        let count = table.within(row, "count", &(0.0..=1e6), "vehicles", &mut problems);
        let (Some(begin_s), Some(end_s), Some(count)) = (begin, end, count) else { continue };
        if end_s <= begin_s {
            problems.push(
                table.place(row, "end_s"),
                format_args!("{end_s} s"),
                format_args!("after begin_s {begin_s} s"),
            );
            continue;
        }
        let new = Count {
            from: table.word(row, "from").to_owned(),
            to: table.text(row, "to").map(str::to_owned),
            begin_s,
            end_s,
            count,
        };
        let same = |it: &Count| (&it.from, &it.to, it.begin_s) == (&new.from, &new.to, new.begin_s);
        if counts.iter().any(same) {
            problems.push(table.place(row, "from"), "the same count twice", "every turn of a period once");
        }
        counts.push(new);
    }
    if counts.is_empty() && problems.is_empty() {
        problems.push(source, "no counts", "at least one row");
    }
    problems.into_result(counts)
}

/// The bounds of the periods in which factors may differ: of a length \[s\], or every begin and end of a count; and those of the run.
pub fn bounds(counts: &[Count], span: (f64, f64), length_s: Option<f64>) -> Vec<f64> {
    let of_counts = || counts.iter().flat_map(|it| [it.begin_s, it.end_s]).collect();
    let mut bounds: Vec<f64> = length_s.map_or_else(of_counts, |length| {
        let whole = ((span.1 - span.0) / length.max(1.0)).ceil() as usize;
        (0..whole).map(|it| span.0 + it as f64 * length).collect()
    });
    bounds.extend([span.0, span.1]);
    bounds.sort_by(f64::total_cmp);
    bounds.dedup();
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_with_empty_cells_for_whole_stop_lines() {
        let text = "from,to,begin_s,end_s,count\na,b,0,300,40\na,,300,600,55\n";
        let counts = read_counts(text, "c.csv", &["a", "b"], (0.0, 600.0)).unwrap();
        assert_eq!((counts[0].to.as_deref(), counts[1].to.as_deref()), (Some("b"), None));
        assert!((counts[0].per_hour(40.0) - 480.0).abs() < 1e-9);
        assert_eq!(bounds(&counts, (0.0, 900.0), None), [0.0, 300.0, 600.0, 900.0]);
        assert_eq!(bounds(&counts, (0.0, 900.0), Some(500.0)), [0.0, 500.0, 900.0]);
    }

    #[test]
    fn bad_cells_are_told_with_line_column_and_range() {
        let text = "from,to,begin_s,end_s,count\na,z,0,300,40\na,b,300,100,5\na,b,0,900,-1\na,b,0,300,1\na,b,0,300,1\n";
        let told = read_counts(text, "c.csv", &["a", "b"], (0.0, 600.0)).unwrap_err().to_string();
        for wanted in [
            "c.csv:2: to: `z` (allowed: a road of the street)",
            "c.csv:3: end_s: 100 s (allowed: after begin_s 300 s)",
            "c.csv:4: end_s: 900 s (allowed: 0…600 s)",
            "c.csv:4: count: -1 vehicles",
            "c.csv:6: from: the same count twice",
        ] {
            assert!(told.contains(wanted), "{wanted} in {told}");
        }
    }
}
