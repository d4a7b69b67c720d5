//! The street: a microscopic, lane-based traffic simulator that lightwatch is tried on. It knows nothing of the engine.
//!
//! ```text
//! StreetFile ─build─> Street ─┐
//! DemandFile ─build─> Demand ─┴─> Simulation ─step(lamps)─> detectors, results, trace hash
//! ```
//!
//! No clock, file or thread-local random number: the same street, demand, seed and lamps give the same bytes, for any
//! number of threads.

pub mod demand;
pub mod detector;
mod emissions;
mod engine;
pub mod grid;
pub mod incident;
mod invariants;
pub mod lamps;
pub mod model;
pub mod monitor;
pub mod pedestrian;
pub mod random;
pub mod results;
mod simulation;
pub mod street;

pub use simulation::{Place, Settings, Simulation, VehicleView};
