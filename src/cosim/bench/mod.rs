//! The benchmark of control: every controller on every map and seed in SUMO, kept, judged and told.
//!
//! ```text
//! table, maps ─> runs ─> jobs ─> judge ─> csv, markdown, page
//!                         └ execute: SUMO with one controller, or the conflict-free floor
//! ```
//!
//! In: folders with maps, a table, seeds, versions of SUMO. Out: one record a run, and the tables made of them. Each run is
//! deterministic by itself, so it does not matter how many run side by side or in which order; only the times of decisions
//! are a clock's.

pub mod ablation;
pub mod execute;
pub mod judge;
pub mod maps;
pub mod report;
pub mod run;
pub mod table;
