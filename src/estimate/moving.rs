//! The vehicles of one zone as a list of stop-line arrival times.
//!
//! Every vehicle that is in the zone has one entry: the instant at which it would cross the stop line if nothing held
//! it up. The entry instant is visible in successive counts (entered = Δcount + passed), so counts alone give arrival
//! times to the second. Vehicles whose instant has passed and that have not are the *vertical* queue: the integral
//! of its length over time is the control delay, wherever the vehicles stand.
//!
//! Inputs: vehicles entering, passing, vanishing (lane changes) \[veh\]; instants. Output: queue \[veh\], arrival
//! instants of the others.
//! Assumptions: first in, first out; free speed over the zone. Weakness: a slow vehicle arrives later than the list says.
//! Source: input–output balance as in Sharma, Bullock, Bonneson (2007), read per vehicle.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Arrival instants of the vehicles in one zone, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Moving {
    due: VecDeque<Timestamp>,
}

impl Moving {
    /// Vehicles in the zone.
    pub fn len(&self) -> usize {
        self.due.len()
    }

    /// Whether the zone is empty.
    pub fn is_empty(&self) -> bool {
        self.due.is_empty()
    }

    /// Arrival instants, ascending.
    pub fn due(&self) -> impl DoubleEndedIterator<Item = Timestamp> + '_ {
        self.due.iter().copied()
    }

    /// Vehicles that should have arrived by an instant: the vertical queue.
    pub fn queued(&self, at: Timestamp) -> usize {
        self.due.partition_point(|&due| due <= at)
    }

    /// Add a vehicle.
    pub fn enter(&mut self, due: Timestamp) {
        let place = self.due.partition_point(|&other| other <= due);
        self.due.insert(place, due);
    }

    /// Take out the first vehicles: they passed the stop line.
    pub fn pass(&mut self, vehicles: usize) {
        self.due.drain(..vehicles.min(self.due.len()));
    }

    /// Take out one vehicle that left sideways; the last one that is still moving, since queued ones seldom change lanes.
    pub fn leave(&mut self) -> Option<Timestamp> {
        self.due.pop_back()
    }

    /// At least `halted` vehicles stand: the first ones are due now whatever was expected of them.
    pub fn halt(&mut self, halted: usize, at: Timestamp) {
        for due in self.due.iter_mut().take(halted) {
            *due = (*due).min(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn a_vehicle_joins_the_queue_when_it_is_due_and_leaves_it_when_it_passes() {
        let mut zone = Moving::default();
        zone.enter(at(14));
        zone.enter(at(10));
        assert_eq!((zone.queued(at(9)), zone.queued(at(10)), zone.queued(at(20))), (0, 1, 2));
        zone.pass(1);
        assert_eq!((zone.len(), zone.queued(at(13))), (1, 0));
    }

    #[test]
    fn standing_vehicles_are_queued_however_early_it_is() {
        let mut zone = Moving::default();
        (0..3).for_each(|i| zone.enter(at(20 + i)));
        zone.halt(2, at(5));
        assert_eq!(zone.queued(at(5)), 2);
    }

    #[test]
    fn more_passages_than_vehicles_empty_the_zone_and_no_more() {
        let mut zone = Moving::default();
        zone.enter(at(1));
        zone.pass(5);
        assert!(zone.is_empty() && zone.leave().is_none());
    }
}
