//! Counts in, traffic state out.

mod observation;

pub use observation::{CountedPlace, Observation, PlaceCount};
