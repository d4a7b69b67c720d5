//! Who wants to go where, and when: trips in the order of their departure, with whole routes.
//!
//! ```text
//! DemandFile ─draw flows─> fill routes by free travel time ─> Demand       all problems at once, or a demand
//! ```

mod build;
mod file;
mod flow;
pub(crate) mod routing;

use std::sync::Arc;

pub use file::*;

use crate::street::{ClassIx, CrossingIx, Problem, RoadIx, Street};

/// One vehicle's wish.
#[derive(Debug, Clone, PartialEq)]
pub struct Trip {
    /// Its name.
    pub id: String,
    /// When it wants to depart \[s\].
    pub depart_s: f64,
    /// Its class.
    pub class: ClassIx,
    /// Roads in order, each linked to the next.
    pub route: Arc<[RoadIx]>,
    /// Where and how fast it departs.
    pub depart: Depart,
}

/// A checked demand.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Demand {
    /// Vehicles in the order of their departure.
    pub trips: Vec<Trip>,
    /// Pedestrians in the order of their arrival: when \[s\] and where.
    pub pedestrians: Vec<(f64, CrossingIx)>,
}

impl Demand {
    /// Check a demand against a street and draw the vehicles that want to depart in `[begin_s, end_s)`.
    ///
    /// # Errors
    /// All problems at once: unknown names, values out of range, roads that no way joins.
    pub fn build(
        street: &Street,
        file: &DemandFile,
        seed: u64,
        begin_s: f64,
        end_s: f64,
    ) -> Result<Self, Vec<Problem>> {
        build::build(street, file, seed, (begin_s, end_s))
    }
}
