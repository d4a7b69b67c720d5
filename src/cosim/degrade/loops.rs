//! Counts of a site that has loops and no zones: what a cabinet can make of passages.
//!
//! In: for each lane the vehicles that crossed the loop at the upstream end of its zone and the stop-bar loop in a second,
//! and the lamps. Out: vehicles in between (`count`) and those that should have reached the stop line (`halted`), by the
//! balance of both loops; feeders say nothing. Reference: input–output method (Sharma, Bullock, Bonneson 2007).
//!
//! A vehicle that changes lanes between the loops makes one balance too high and another too low: one that passes a stop
//! bar where the balance is empty is taken from the sibling lane with most vehicles, and a lane that has had green for
//! [`GREEN_EMPTY_S`] while nobody passed is empty. Weakness: a lane held up by a full road downstream is taken for empty.

use crate::estimate::{CountedPlace, Observation, PlaceCount};
use crate::ids::LaneIx;
use crate::network::{Detector, DetectorPlace, DetectorRole, Intersection, Network};
use crate::plan::{Shown, StateReport};
use crate::time::{Millis, Timestamp};
use std::collections::VecDeque;
use std::sync::Arc;

/// Green without a passage after which nobody is there \[s\].
const GREEN_EMPTY_S: i64 = 8;
/// Vehicles that get in on the road itself begin behind its first metres; the loop lies beyond them \[m\].
const LOOP_FROM_BEGIN_M: f64 = 12.0;

/// The network with loops for zones, as it is laid out on the street.
pub fn with_loops(network: &Network) -> Network {
    let mut network = network.clone();
    for intersection in &mut network.intersections {
        let lanes = &intersection.lanes;
        let of = |detector: &Detector| match (detector.role, detector.place) {
            (DetectorRole::StopBar, DetectorPlace::Lane(_)) => Some(detector.clone()),
            (DetectorRole::Zone, DetectorPlace::Lane(lane)) => {
                let lane = &lanes[lane.0];
                let distance_m = lane.zone_m.min(lane.length_m - LOOP_FROM_BEGIN_M).max(0.5 * lane.length_m.min(10.0));
                Some(Detector { role: DetectorRole::Advance, distance_m, length_m: 0.0, ..detector.clone() })
            }
            _ => None,
        };
        intersection.detectors = intersection.detectors.iter().filter_map(of).collect();
    }
    network
}

/// Balances of all lanes.
#[derive(Debug)]
pub struct LoopCounts {
    network: Arc<Network>,
    /// Per intersection and lane: when each vehicle between the loops is due at the stop line.
    due: Vec<Vec<VecDeque<Timestamp>>>,
    /// Per intersection and lane: the last passage or the begin of the green, whichever was later.
    quiet_since: Vec<Vec<Option<Timestamp>>>,
}

impl LoopCounts {
    /// Every lane is empty.
    pub fn new(network: Arc<Network>) -> Self {
        let lanes = || network.intersections.iter().map(|it| it.lanes.len());
        Self {
            due: lanes().map(|lanes| vec![VecDeque::new(); lanes]).collect(),
            quiet_since: lanes().map(|lanes| vec![None; lanes]).collect(),
            network,
        }
    }

    /// Turn passages over both loops into counts. `states` are what the field controllers show.
    pub fn balance(&mut self, counts: &mut [Observation], states: &[StateReport], at: Timestamp) {
        let network = Arc::clone(&self.network);
        for (ix, seen) in counts.iter_mut().enumerate() {
            let site = &network.intersections[ix];
            let shown = states.get(ix).map(|state| &state.shown);
            for place in &seen.places {
                if let CountedPlace::Lane(lane) = place.place {
                    self.pass(ix, site, lane, place, at);
                    self.reset(ix, site, lane, place, shown, at);
                }
            }
            for place in &mut seen.places {
                if let CountedPlace::Lane(lane) = place.place {
                    let due = &self.due[ix][lane.0];
                    place.count = due.len() as u32;
                    place.halted = due.partition_point(|&due| due <= at) as u32;
                }
                (place.occupancy, place.mean_speed_mps) = (None, None);
            }
        }
    }

    fn pass(&mut self, ix: usize, site: &Intersection, lane: LaneIx, seen: &PlaceCount, at: Timestamp) {
        let place = &site.lanes[lane.0];
        let travel = Millis::from_secs_f64(place.zone_m / place.speed_mps);
        for _ in 0..seen.count {
            self.due[ix][lane.0].push_back(at + travel);
        }
        for _ in 0..seen.passed {
            if self.due[ix][lane.0].pop_front().is_none() {
                let siblings = site.approaches[place.approach].lanes.iter();
                let fullest = siblings.max_by_key(|other| (self.due[ix][other.0].len(), other.0));
                fullest.map(|other| self.due[ix][other.0].pop_front());
            }
        }
    }

    fn reset(
        &mut self,
        ix: usize,
        site: &Intersection,
        lane: LaneIx,
        seen: &PlaceCount,
        shown: Option<&Shown>,
        at: Timestamp,
    ) {
        let groups = site.lanes[lane.0].movements.iter().map(|movement| site.movements[movement.0].group);
        let green = shown.and_then(|shown| groups.filter_map(|group| shown.green_since(group)).max());
        let quiet = &mut self.quiet_since[ix][lane.0];
        let Some(green) = green else {
            *quiet = None;
            return;
        };
        let since = if seen.passed > 0 { at } else { quiet.map_or(green, |quiet| quiet.max(green)) };
        *quiet = Some(since);
        if at - since >= Millis::from_secs(GREEN_EMPTY_S) {
            let due = &mut self.due[ix][lane.0];
            let waiting = due.partition_point(|&due| due <= at);
            due.drain(..waiting);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::{THROUGH_NS, crossroads, lane};
    use crate::plan::FieldMode;

    struct Site {
        counts: LoopCounts,
        state: StateReport,
    }

    impl Site {
        fn new() -> Self {
            let site = crossroads();
            let state = StateReport {
                intersection: site.id.clone(),
                config_hash: site.config_hash.clone(),
                shown: Shown::all_red(&site, Timestamp::from_secs(0)),
                mode: FieldMode::Remote,
                applied: None,
                refused: None,
                nonce: 1,
            };
            let network = Network { city: "c".into(), intersections: vec![site], links: Vec::new() };
            Self { counts: LoopCounts::new(Arc::new(network)), state }
        }

        /// A second: vehicles over the entry loop and the stop bar of one lane; count and halted after it.
        fn second(&mut self, second: i64, of: LaneIx, entered: u32, passed: u32) -> (u32, u32) {
            let place = |at, count, passed| PlaceCount {
                place: CountedPlace::Lane(at),
                count,
                halted: 0,
                passed,
                occupancy: None,
                mean_speed_mps: None,
            };
            let (at, period) = (Timestamp::from_secs(second), Millis::from_secs(1));
            let mut seen = [Observation { at, seq: 1, period, places: vec![place(of, entered, passed)] }];
            self.counts.balance(&mut seen, std::slice::from_ref(&self.state), at);
            (seen[0].places[0].count, seen[0].places[0].halted)
        }
    }

    #[test]
    fn who_crossed_one_loop_and_not_the_other_is_there_and_waits_once_due() {
        let mut site = Site::new();
        assert_eq!(site.second(1, lane(0, 0), 2, 0), (2, 0));
        assert_eq!(site.second(20, lane(0, 0), 1, 0), (3, 2));
        assert_eq!(site.second(21, lane(0, 0), 0, 1), (2, 1));
    }

    #[test]
    fn who_changed_lanes_is_taken_from_the_sibling() {
        let mut site = Site::new();
        site.second(1, lane(0, 0), 3, 0);
        assert_eq!(site.second(20, lane(0, 1), 0, 1), (0, 0));
        assert_eq!(site.second(21, lane(0, 0), 0, 0), (2, 2));
    }

    #[test]
    fn a_green_that_nobody_uses_empties_the_lane_and_a_used_one_does_not() {
        let mut site = Site::new();
        site.second(1, lane(0, 0), 9, 0);
        let stage = crossroads().stage(THROUGH_NS).signals.clone();
        site.state.shown.advance(Timestamp::from_secs(20), Some(THROUGH_NS), &stage);
        for second in 20..28 {
            assert!(site.second(second, lane(0, 0), 0, u32::from(second == 22)).0 > 0, "second {second}");
        }
        assert_eq!(site.second(29, lane(0, 0), 0, 0), (8, 8));
        assert_eq!(site.second(30, lane(0, 0), 0, 0), (0, 0));
    }

    #[test]
    fn zones_become_loops_at_their_upstream_end() {
        let mut site = crossroads();
        let of = |role, length_m| Detector {
            id: "d".into(),
            role,
            place: DetectorPlace::Lane(lane(0, 0)),
            distance_m: 0.0,
            length_m,
        };
        site.detectors = vec![of(DetectorRole::StopBar, 0.0), of(DetectorRole::Zone, 200.0)];
        let laid = with_loops(&Network { city: "c".into(), intersections: vec![site], links: Vec::new() });
        let [stop, entry] = &laid.intersections[0].detectors[..] else { panic!("two loops") };
        assert_eq!((stop.role, entry.role), (DetectorRole::StopBar, DetectorRole::Advance));
        assert!((entry.distance_m - 200.0).abs() < 1e-9 && entry.length_m == 0.0);
    }
}
