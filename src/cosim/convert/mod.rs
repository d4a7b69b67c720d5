//! Streets and demands of other simulators, put into the form of ours.
//!
//! ```text
//! net.xml, rou.xml ─sumo, sumo_routes─┐
//! roadnet.json, flow.json ─cityflow───┴─programme─> StreetFile, DemandFile, report
//! ```
//!
//! Text in, values out. What the other file says in words that ours does not have is guessed, left out or changed, and the
//! [`ConversionReport`] says so.

pub mod cityflow;
mod programme;
mod report;
pub mod sumo;
mod sumo_routes;
mod sumo_types;
mod vehicle_class;

pub(super) use vehicle_class::defaults as class_of;

pub use report::{ConversionReport, Remark};

use simulator::demand::DemandFile;
use simulator::street::StreetFile;

/// A street with its demand, as files.
#[derive(Debug, Clone, PartialEq)]
pub struct Converted {
    /// The street.
    pub street: StreetFile,
    /// Who drives on it.
    pub demand: DemandFile,
    /// What was guessed, left out or changed.
    pub report: ConversionReport,
}
