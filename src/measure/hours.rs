//! Slots of all intersections, kept: of the city by hour for a day, of each intersection for the last hour.
//!
//! In: a [`Slot`] of an intersection whenever one is over. Out: sums.

use super::quality::{SLOT, Slot};
use crate::time::{Millis, Timestamp};
use std::collections::{BTreeMap, VecDeque};

/// Length of an hour.
pub const HOUR: Millis = Millis::from_secs(3_600);
/// Hours that are kept of the city.
const HOURS_KEPT: usize = 24;

/// What is kept.
#[derive(Debug, Clone)]
pub struct Hours {
    city: BTreeMap<Timestamp, Slot>,
    sites: Vec<VecDeque<Slot>>,
    /// Begin of the newest slot of all.
    newest: Timestamp,
}

impl Hours {
    /// Of so many intersections.
    pub fn new(intersections: usize) -> Self {
        Self { city: BTreeMap::new(), sites: vec![VecDeque::new(); intersections], newest: Timestamp(0) }
    }

    /// A slot of an intersection is over.
    pub fn take(&mut self, ix: usize, slot: Slot) {
        let Some(site) = self.sites.get_mut(ix) else { return };
        let hour = Timestamp(slot.begin.0 - slot.begin.0.rem_euclid(HOUR.0));
        if site.back().is_some_and(|last| slot.begin <= last.begin) {
            // The clock was set back: what was counted by the other one is of another day.
            site.clear();
            self.city.retain(|&begin, _| begin < hour);
        }
        self.newest = slot.begin;
        *self.city.entry(hour).or_insert_with(|| Slot { begin: hour, ..Slot::default() }) += &slot;
        while self.city.len() > HOURS_KEPT {
            self.city.pop_first();
        }
        while site.front().is_some_and(|first| first.begin + HOUR <= slot.begin) {
            site.pop_front();
        }
        site.push_back(slot);
        debug_assert!(i64::try_from(site.len()).is_ok_and(|slots| slots <= HOUR.0 / SLOT.0), "an hour of slots");
    }

    /// The city by hour, the oldest first.
    pub fn city(&self) -> impl Iterator<Item = &Slot> + '_ {
        self.city.values()
    }

    /// An intersection over the last hour; `None` where nothing was seen of it.
    pub fn last_hour(&self, ix: usize) -> Option<Slot> {
        let lately = |slot: &&Slot| slot.begin + HOUR > self.newest;
        let site = || self.sites.get(ix).into_iter().flatten().filter(lately);
        let first = site().next()?;
        let mut sum = Slot { begin: first.begin, lanes: vec![(0, 0); first.lanes.len()], ..Slot::default() };
        site().for_each(|slot| sum += slot);
        Some(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(minute: i64, vehicles: u64) -> Slot {
        let begin = Timestamp::from_secs(minute * 60);
        Slot { begin, vehicles, waited_s: 10.0 * vehicles as f64, lanes: vec![(1, 1)], ..Slot::default() }
    }

    #[test]
    fn the_city_is_summed_by_hour_and_an_intersection_over_the_last_one() {
        let mut hours = Hours::new(2);
        for five in 0..24 {
            hours.take(0, slot(5 * five, 2));
            hours.take(1, slot(5 * five, 1));
        }
        let city: Vec<u64> = hours.city().map(|it| it.vehicles).collect();
        assert_eq!(city, [36, 36]);
        let last = hours.last_hour(0).unwrap();
        assert_eq!((last.vehicles, last.begin, last.lanes), (24, Timestamp::from_secs(3_600), vec![(12, 12)]));
        assert!(hours.last_hour(7).is_none());
        hours.take(0, slot(180, 1));
        assert!(hours.last_hour(1).is_none(), "what was two hours ago is not the last one");
        hours.take(0, slot(5, 9));
        assert_eq!((hours.last_hour(0).unwrap().vehicles, hours.city().count()), (9, 1), "the clock was set back");
    }
}
