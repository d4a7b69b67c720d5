//! Controllers compared: results of an experiment → paired differences, winners and losers, tables, and a report to sign.
//!
//! ```text
//! outcomes ─study─> cells, differences, movements ─┬─ tables ─> CSV, Parquet
//!                                                  └─ report ─> one HTML file
//! ```
//!
//! [`study`] and [`measures`] compute and draw nothing; [`tables`] and [`report`] only say how it looks.

pub mod measures;
pub mod parquet;
pub mod report;
pub mod study;
pub mod tables;
