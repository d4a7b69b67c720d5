//! What the street is: intersections with lanes, movements, signal groups, conflicts, stages, and the links between them.
//!
//! Two forms. [`mod@file`] is what an operator or an importer wrote (names, optional values). The types here are what the
//! program uses: positions instead of names, every table complete, checked as a whole by [`Network::build`], which
//! reports *all* problems at once with their place. A [`Network`] that exists is valid:
//!
//! - every index is in range, every id unique within its kind;
//! - no stage shows green to two groups in conflict, unless one of them is permissive and yields to the other;
//! - every group is green in some stage, or [`Network::notes`] names it as never green;
//! - intergreens cover the change interval of the clearing group.
//!
//! Words are the field's: a *stage* is what is green together (SUMO and CityFlow call it a phase), a *phase* is NEMA's
//! timing unit, a *signal group* is the set of lamps that always show the same.

mod build;
pub mod derive;
pub mod file;
mod geometry;
pub mod import;
mod join;
mod notes;
pub mod periods;
mod places;
pub mod problem;
#[cfg(test)]
pub(crate) mod sample;
pub mod table;
mod text;
mod timetable;
pub mod timing;
mod to_file;
mod types;

pub use geometry::{Geometry, Point};
pub use problem::{Problem, Problems};
pub use text::{json_problem, toml_problem};
pub use timetable::{Days, Timetable, TimetableEntry, date_from_text, date_to_text};
pub use types::*;
