//! What neighbours tell each other: expected releases per outgoing link, and how full the approaches are.

use crate::ids::{IntersectionId, LinkId};
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// What one intersection expects to send and has room to take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outflow {
    /// Who publishes it.
    pub intersection: IntersectionId,
    /// Start of the first step of every link.
    pub at: Timestamp,
    /// Expected releases, one entry an outgoing link.
    pub links: Vec<LinkOutflow>,
    /// How full the own approaches are, so that the upstream neighbour can cap its releases by the room left.
    pub entries: Vec<EntryRoom>,
}

/// Vehicles expected to enter one link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkOutflow {
    /// Which link (the exit road of the publisher).
    pub link: LinkId,
    /// Length of a step.
    pub step: Millis,
    /// Vehicles per step \[veh, >= 0\].
    pub vehicles: Vec<f64>,
}

/// How full one approach is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntryRoom {
    /// Which approach (the road by which traffic arrives).
    pub approach: LinkId,
    /// Vehicles on it \[veh\].
    pub vehicles: f64,
    /// Those that stand \[veh\].
    pub queued: f64,
    /// Vehicles that fit \[veh\].
    pub storage: f64,
    /// Until the last of the standing queues begins to move, by the present plan; zero when nobody stands, `None` from a neighbour that
    /// does not plan.
    pub moves_in: Option<Millis>,
    /// Vehicles that have come so far; `None` from a neighbour that does not count them.
    pub entered: Option<Entered>,
}

/// Vehicles that have entered what is counted of an approach, a total that only grows: who misses a message misses nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Entered {
    /// Vehicles since the publisher started \[veh\].
    pub total: u64,
    /// Where they are counted, upstream of the stop line \[m\].
    pub reach_m: f64,
}

impl Outflow {
    /// Length of a step in messages of this engine.
    pub const STEP: Millis = Millis(2_000);

    /// The same with every number rounded to 0.001 vehicles, which is what the wire carries: a publisher rounds before
    /// anybody uses it, so that a neighbour in the same process and one behind a broker compute with the same numbers.
    #[must_use]
    pub fn rounded(mut self) -> Self {
        for link in &mut self.links {
            link.vehicles.iter_mut().for_each(round);
        }
        for entry in &mut self.entries {
            [&mut entry.vehicles, &mut entry.queued, &mut entry.storage].into_iter().for_each(round);
            entry.entered.iter_mut().for_each(|entered| round(&mut entered.reach_m));
        }
        self
    }
}

fn round(value: &mut f64) {
    *value = (*value * 1000.0).round() / 1000.0;
}
