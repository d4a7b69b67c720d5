//! What the neighbours said: who is on the way from them, and how much their roads still take.
//!
//! In: their outflow messages (`outflow`). Out: arrivals a step at this stop line \[veh\], of those whom no detector sees yet;
//! room downstream \[veh\].
//!
//! Releases, those announced and those of the last seconds that are still between the neighbour's stop line and the zone, are
//! shifted by the travel time of the road and dispersed by Robertson's recursion `q'(k) = F·q(k − T) + (1 − F)·q'(k − 1)`,
//! `F = 1/(1 + 0.35·0.8·T)`, T in steps of travel time (Robertson 1969, TRANSYT).
//!
//! Weakness: what was released in the past is what was announced for its first second, not what was counted.

use super::forecast::STEP_S;
use super::{EntryRoom, LinkOutflow, Outflow};
use crate::ids::LinkId;
use crate::network::{Intersection, Link};
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Outflow messages older than this are not used.
const OUTFLOW_MAX_AGE: Millis = Millis::from_secs(5);
/// Most releases of the past that are remembered of a road; it says one a second.
const RELEASES_KEPT: usize = 120;
/// Beyond what is announced the mean of so many last bins goes on.
const LASTING_BINS: usize = 5;
/// Who starts from a queue crosses the junction by this much later than at free speed \[s\]; meanwhile nobody sees him.
const CROSSING_S: f64 = 1.5;
/// Robertson's F on long roads \[-\]: a platoon is not blurred beyond what the release of a whole green would be.
const SMOOTHING_MIN: f64 = 0.15;
/// Share of a road that may be filled before nothing more is released into it.
const FILL_MAX: f64 = 0.9;
/// Vehicles that stand on a road before it counts as held up \[veh\].
const STANDING_MIN: f64 = 0.9;
/// Those who still come in while the lamp that lets them in turns yellow \[veh\]: a road of 12 m on which somebody stands is full.
const COMING_IN_YELLOW: f64 = 2.0;

/// What the neighbours said last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Neighbours {
    /// Robertson's α·β.
    dispersion: f64,
    arriving: Vec<Arriving>,
    leaving: Vec<Leaving>,
}

/// A road that arrives here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Arriving {
    link: Link,
    approach: usize,
    heard: Option<(Timestamp, LinkOutflow)>,
    /// What was released before the last message, as announced for the second in which it happened \[veh/s\], oldest first:
    /// who has left the neighbour and has not come into the zone yet is seen by nobody.
    released: VecDeque<(Timestamp, f64)>,
}

/// A road that leaves here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Leaving {
    link: Link,
    heard: Option<(Timestamp, EntryRoom)>,
}

impl Neighbours {
    pub(super) fn new(intersection: &Intersection, links: &[Link], dispersion: f64) -> Self {
        let arriving = links
            .iter()
            .filter(|link| link.to == intersection.id)
            .filter_map(|link| {
                let approach = intersection.approaches.iter().position(|approach| approach.id == link.approach)?;
                Some(Arriving { link: link.clone(), approach, heard: None, released: VecDeque::new() })
            })
            .collect();
        let leaving = links
            .iter()
            .filter(|link| link.from == intersection.id)
            .map(|link| Leaving { link: link.clone(), heard: None })
            .collect();
        Self { dispersion, arriving, leaving }
    }

    pub(super) fn hear(&mut self, outflow: &Outflow) {
        for arriving in self.arriving.iter_mut().filter(|arriving| arriving.link.from == outflow.intersection) {
            if let Some(release) = outflow.links.iter().find(|release| release.link == arriving.link.id) {
                arriving.hear(outflow.at, release);
            }
        }
        for leaving in self.leaving.iter_mut().filter(|leaving| leaving.link.to == outflow.intersection) {
            if let Some(entry) = outflow.entries.iter().find(|entry| entry.approach == leaving.link.approach) {
                leaving.heard = Some((outflow.at, entry.clone()));
            }
        }
    }

    /// What each neighbour upstream of an approach released and announced, as arrivals a step at this stop line \[veh\]; empty
    /// when nobody speaks. `reach_s` is the free travel time over what is seen of the lane.
    pub(super) fn releases(&self, approach: usize, at: Timestamp, steps: usize, reach_s: f64) -> Vec<Vec<f64>> {
        let towards = self.arriving.iter().filter(|arriving| arriving.approach == approach);
        towards.filter_map(|arriving| dispersed(arriving, self.dispersion, at, steps, reach_s)).collect()
    }

    /// What the roads downstream still take from a lane with these exits; the tightest decides, since a lane is first in,
    /// first out.
    pub(super) fn room(&self, exits: &[(LinkId, f64)], at: Timestamp) -> Room {
        exits
            .iter()
            .filter(|(_, share)| *share >= 0.1)
            .filter_map(|(link, share)| {
                self.room_of_link(link, at).map(|room| Room { vehicles: room.vehicles / share, ..room })
            })
            .fold(Room::UNLIMITED, |least, room| if room.vehicles < least.vehicles { room } else { least })
    }

    fn room_of_link(&self, link: &LinkId, at: Timestamp) -> Option<Room> {
        let leaving = self.leaving.iter().find(|leaving| leaving.link.id == *link)?;
        let (said, entry) = leaving.heard.as_ref()?;
        if at - *said > OUTFLOW_MAX_AGE {
            return None;
        }
        let coming = if entry.queued >= STANDING_MIN { COMING_IN_YELLOW } else { 0.0 };
        let vehicles = (FILL_MAX * entry.storage - entry.vehicles - coming).max(0.0);
        let grows_in_s = entry.moves_in.map_or(0.0, |time| (*said + time - at).max(Millis::ZERO).as_secs_f64());
        Some(Room { vehicles, grows_in_s })
    }
}

/// What the roads downstream still take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Room {
    /// Vehicles that fit now \[veh\].
    pub(super) vehicles: f64,
    /// When more begin to fit \[s\].
    pub(super) grows_in_s: f64,
}

impl Room {
    const UNLIMITED: Self = Self { vehicles: f64::INFINITY, grows_in_s: 0.0 };
}

impl Arriving {
    /// The neighbour speaks: what it announced for the present is remembered, the rest is replaced.
    fn hear(&mut self, at: Timestamp, release: &LinkOutflow) {
        if self.heard.as_ref().is_some_and(|(said, _)| *said >= at) {
            return;
        }
        let rate = release.vehicles.first().copied().unwrap_or(0.0) / release.step.as_secs_f64().max(0.1);
        self.released.push_back((at, rate));
        if self.released.len() > RELEASES_KEPT {
            self.released.pop_front();
        }
        self.heard = Some((at, release.clone()));
    }

    /// Free travel time from the neighbour's stop line to this one \[s\].
    fn travel_s(&self) -> f64 {
        self.link.length_m / self.link.speed_mps
    }

    /// Rate of release at an instant \[veh/s\]: what was released, then what is announced.
    fn rate_at(&self, instant: Timestamp) -> f64 {
        let Some((said, release)) = &self.heard else { return 0.0 };
        if instant < *said {
            let before = self.released.iter().rev().find(|(then, _)| *then <= instant);
            return before.map_or(0.0, |(_, rate)| *rate);
        }
        let bin_s = release.step.as_secs_f64().max(0.1);
        let bin = ((instant - *said).as_secs_f64() / bin_s) as usize;
        let last = &release.vehicles[release.vehicles.len().saturating_sub(LASTING_BINS)..];
        let lasting = || last.iter().sum::<f64>() / last.len().max(1) as f64;
        release.vehicles.get(bin).copied().unwrap_or_else(lasting) / bin_s
    }
}

/// What one neighbour released and announced, as arrivals a step at this stop line; `None` when it has not spoken lately.
///
/// `reach_s` is the free travel time over what is seen: who was released before that is counted already, and only those between
/// the neighbour's stop line and the place where they are first seen are taken from what it said before.
fn dispersed(arriving: &Arriving, dispersion: f64, at: Timestamp, steps: usize, reach_s: f64) -> Option<Vec<f64>> {
    let (said, _) = arriving.heard.as_ref()?;
    if at - *said > OUTFLOW_MAX_AGE {
        return None;
    }
    let travel_s = arriving.travel_s();
    let smoothing = (1.0 / (1.0 + dispersion * travel_s / STEP_S)).max(SMOOTHING_MIN);
    let unseen_since = at - Millis::from_secs_f64((travel_s - reach_s).max(0.0) + CROSSING_S);
    let lead_s = 0.8 * travel_s; // the front of a dispersed platoon, as in TRANSYT
    let mut smooth = 0.0;
    let flow = (0..steps).map(|step| {
        let released = at + Millis::from_secs_f64(step as f64 * STEP_S - lead_s);
        let rate = if released < unseen_since { 0.0 } else { arriving.rate_at(released) };
        smooth += smoothing * (rate * STEP_S * arriving.link.share_prior - smooth);
        smooth
    });
    Some(flow.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::IntersectionId;

    /// A road of 300 m at 10 m/s, whose neighbour releases 0.5 veh/s up to 20 s and nothing from then on.
    fn road() -> Arriving {
        let link = Link {
            id: LinkId::new("road"),
            from: IntersectionId::new("there"),
            to: IntersectionId::new("here"),
            approach: LinkId::new("road"),
            length_m: 300.0,
            speed_mps: 10.0,
            share_prior: 1.0,
        };
        let mut road = Arriving { link, approach: 0, heard: None, released: VecDeque::new() };
        for second in 0..=20 {
            let rate = if second < 20 { 1.0 } else { 0.0 };
            let said = LinkOutflow { link: road.link.id.clone(), step: Outflow::STEP, vehicles: vec![rate, 0.0] };
            road.hear(Timestamp::from_secs(second), &said);
        }
        road
    }

    fn expected(reach_s: f64) -> f64 {
        dispersed(&road(), 0.28, Timestamp::from_secs(20), 120, reach_s).unwrap().iter().sum()
    }

    #[test]
    fn who_has_left_the_neighbour_and_is_not_in_the_zone_yet_is_expected() {
        assert!((expected(20.0) - 0.5 * (10.0 + CROSSING_S)).abs() < 0.6, "the last 10 s of green: {}", expected(20.0));
        assert!((expected(0.0) - 10.0).abs() < 0.6, "the whole green where nothing is seen: {}", expected(0.0));
    }

    #[test]
    fn who_is_seen_already_is_not_expected_again() {
        assert!(expected(30.0) <= 0.5 * CROSSING_S + 0.01, "{}", expected(30.0));
    }

    #[test]
    fn a_neighbour_that_fell_silent_is_not_believed() {
        assert!(dispersed(&road(), 0.28, Timestamp::from_secs(26), 60, 20.0).is_none());
    }

    /// What a road of some length takes on which some vehicles stand, said 1 s ago by a neighbour that sees them move in 9 s.
    fn room_on(storage: f64, vehicles: f64, queued: f64) -> Room {
        let (said, moves_in) = (Timestamp::from_secs(20), Some(Millis::from_secs(9)));
        let entry = EntryRoom { approach: "road".into(), vehicles, queued, storage, moves_in, entered: None };
        let neighbours = Neighbours {
            arriving: Vec::new(),
            leaving: vec![Leaving { link: road().link, heard: Some((said, entry)) }],
            dispersion: 0.28,
        };
        neighbours.room(&[(LinkId::new("road"), 0.5)], Timestamp::from_secs(21))
    }

    #[test]
    fn a_short_road_on_which_somebody_stands_is_full_until_he_moves() {
        let (free, held) = (room_on(3.2, 1.0, 0.0), room_on(3.2, 1.0, 1.0));
        assert!((free.vehicles - 3.76).abs() < 1e-9, "half of the lane goes there: {free:?}");
        assert_eq!(held, Room { vehicles: 0.0, grows_in_s: 8.0 });
    }

    #[test]
    fn on_a_long_road_a_few_who_stand_leave_room() {
        assert!((room_on(50.0, 10.0, 10.0).vehicles - 66.0).abs() < 1e-9);
    }
}
