//! When the lamps will change, for vehicles and apps: the meaning of SAE J2735 SPaT, derived from a plan.
//!
//! A plan is replanned every second, so the only end that is certain is what the lease covers. Per group: `min_end` is
//! the planned change or the end of the lease, whichever is earlier (before it the lamp cannot change); `likely_end` is
//! the planned change; `max_end` is only known once the change is certain (inside the lease).

use super::Plan;
use crate::ids::IntersectionId;
use crate::network::Intersection;
use crate::time::Timestamp;
use crate::units::Indication;

/// Signal phase and timing of one intersection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spat {
    /// Which one.
    pub intersection: IntersectionId,
    /// Instant of the picture.
    pub at: Timestamp,
    /// One entry a signal group, in group order.
    pub groups: Vec<GroupTiming>,
}

/// Present lamp of one group and when it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupTiming {
    /// Name of the group.
    pub group: String,
    /// What it shows.
    pub indication: Indication,
    /// It will not end before.
    pub min_end: Timestamp,
    /// When it is planned to end; `None` when the plan does not reach that far.
    pub likely_end: Option<Timestamp>,
    /// It will not end after; `None` while that is open.
    pub max_end: Option<Timestamp>,
}

impl Spat {
    /// The timing that a plan promises at an instant; `None` when the plan says nothing about the instant.
    pub fn of(plan: &Plan, intersection: &Intersection, at: Timestamp) -> Option<Self> {
        let now = plan.interval_at(at)?;
        let certain = plan.issued + plan.lease;
        let groups = intersection
            .groups
            .iter()
            .zip(&now.signals)
            .enumerate()
            .map(|(position, (group, &indication))| {
                let change = plan
                    .intervals
                    .iter()
                    .find(|later| later.start > at && later.signals.get(position) != Some(&indication))
                    .map(|later| later.start);
                GroupTiming {
                    group: group.id.clone(),
                    indication,
                    min_end: change.map_or(certain, |change| change.min(certain)).max(at),
                    likely_end: change,
                    max_end: change.filter(|&change| change <= certain),
                }
            })
            .collect();
        Some(Self { intersection: intersection.id.clone(), at, groups })
    }
}
