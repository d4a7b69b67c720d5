//! Experiments: runs over places, controllers, demands, settings and seeds, each one a self-contained job with a JSON result.
//!
//! ```text
//! places, controllers, demands, settings, seeds ─plan─> jobs ─jobs::pool─> results ─collect─> one table
//!                                                          └ execute: our simulator or SUMO, seen by an observer
//! ```
//!
//! A job is what one run needs and nothing else; who runs it, where and when changes nothing in its result: no clock is in it.
//! Common random numbers: demand and drivers hang on place, demand and seed alone, so every controller meets the same vehicles.

pub mod collect;
mod corridor_drawing;
pub mod execute;
pub mod job;
pub mod movements;
pub mod observer;
pub mod outcome;
pub mod place;
pub mod plan;
pub mod seen_street;
pub mod seen_sumo;
pub mod trips;
