//! What the detectors of one intersection saw in one period, with names resolved to positions.

use crate::ids::{FeederIx, LaneIx};
use crate::network::DetectorPlace;
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// Counts of one period.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// End of the period.
    pub at: Timestamp,
    /// Number of the message, growing within one run of the source.
    pub seq: u64,
    /// Length of the period.
    pub period: Millis,
    /// One entry a place that reported; a place without an entry was not heard.
    pub places: Vec<PlaceCount>,
}

/// Where something was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CountedPlace {
    /// Zone and stop line of a lane.
    Lane(LaneIx),
    /// A piece of lane upstream.
    Feeder(FeederIx),
}

impl From<DetectorPlace> for CountedPlace {
    fn from(place: DetectorPlace) -> Self {
        match place {
            DetectorPlace::Lane(lane) => Self::Lane(lane),
            DetectorPlace::Feeder(feeder) => Self::Feeder(feeder),
        }
    }
}

/// Counts of one place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceCount {
    /// Where.
    pub place: CountedPlace,
    /// Vehicles in the zone at the end of the period.
    pub count: u32,
    /// Those of them that stand.
    pub halted: u32,
    /// Vehicles that passed the stop line (feeders: the downstream end) in the period; feeders may not know it and say 0.
    pub passed: u32,
    /// Share of the zone's length that is covered by vehicles, 0…1.
    pub occupancy: Option<f64>,
    /// Mean speed of the vehicles in the zone \[m/s\].
    pub mean_speed_mps: Option<f64>,
}
