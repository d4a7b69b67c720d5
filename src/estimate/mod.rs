//! Counts in, traffic state out.

mod observation;
mod outflow;

pub use observation::{CountedPlace, Observation, PlaceCount};
pub use outflow::{EntryRoom, LinkOutflow, Outflow};
