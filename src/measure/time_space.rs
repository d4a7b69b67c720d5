//! What a time–space diagram shows, noted down while a run goes on: lamps and vehicles along a corridor.
//!
//! In: lamps and counts of each second. Out: a [`Trace`]. Of vehicles only what detectors tell is noted: when one enters the zone of an
//! approach and when one passes the stop line; [`Trace`] pairs the two in order, which is a trajectory as long as nobody overtakes.

use super::corridor::{Corridor, Stop};
use super::entries::Entries;
use crate::estimate::{CountedPlace, Observation};
use crate::network::Network;
use crate::plan::StateReport;
use crate::time::Timestamp;
use crate::units::Indication;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Length of a diagram that nobody said more about \[s\].
const DIAGRAM_S: i64 = 600;

/// What a diagram shows of a run unless it is told: the middle of it.
pub fn stretch(seconds: &Range<i64>) -> Range<i64> {
    let middle = seconds.start + (seconds.end - seconds.start) / 2;
    (middle - DIAGRAM_S / 2).max(seconds.start)..(middle + DIAGRAM_S / 2).min(seconds.end)
}

/// A corridor over a stretch of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// First second.
    pub from_s: i64,
    /// First second after it.
    pub to_s: i64,
    /// In the direction of travel.
    pub stops: Vec<StopTrace>,
    /// Vehicles where they are known: second and distance along the corridor \[m\]; straight between the points.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<Vec<(i64, f64)>>,
}

/// One signal of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StopTrace {
    /// Its name.
    pub name: String,
    /// Distance of the stop line from that of the first \[m\].
    pub distance_m: f64,
    /// Free speed on the road to the next \[m/s\]; 0 at the last.
    pub speed_mps: f64,
    /// Length of the zone before the stop line \[m\].
    pub zone_m: f64,
    /// Stretches with the same lamp: first second, first second after it, `G` green, `y` yellow (red is what is left).
    pub lamps: Vec<(i64, i64, char)>,
    /// Seconds in which vehicles passed the stop line on the lanes of the corridor.
    pub passages: Vec<i64>,
    /// Vehicles of the whole approach: second of entry, second of passage.
    pub vehicles: Vec<(i64, i64)>,
}

/// Notes a trace down.
#[derive(Debug, Clone)]
pub struct Tracer {
    seconds: Range<i64>,
    sites: Vec<Site>,
}

#[derive(Debug, Clone)]
struct Site {
    stop: Stop,
    groups: Vec<usize>,
    entries: Entries,
    /// Entries of those who have not passed, `None` for who was there at the beginning.
    inside: std::collections::VecDeque<Option<i64>>,
    begun: bool,
    trace: StopTrace,
}

impl Tracer {
    /// Of a corridor, over a range of seconds.
    pub fn new(network: &Network, corridor: &Corridor, seconds: Range<i64>) -> Self {
        let sites = corridor.stops.iter().map(|stop| Site::new(network, stop)).collect();
        Self { seconds, sites }
    }

    /// One second of the intersection at a position: lamps up to now, counts of the second.
    pub fn second(&mut self, ix: usize, state: &StateReport, seen: Option<&Observation>) {
        let second = state.shown.at.0.div_euclid(1000);
        if self.seconds.contains(&second) {
            self.sites.iter_mut().filter(|site| site.stop.ix == ix).for_each(|site| site.second(second, state, seen));
        }
    }

    /// What was noted.
    pub fn finish(self) -> Trace {
        let (from_s, to_s) = (self.seconds.start, self.seconds.end);
        Trace { from_s, to_s, stops: self.sites.into_iter().map(|site| site.trace).collect(), paths: Vec::new() }
    }
}

impl Site {
    fn new(network: &Network, stop: &Stop) -> Self {
        let intersection = &network.intersections[stop.ix];
        let movements = stop.lanes.iter().flat_map(|lane| &intersection.lanes[lane.0].movements);
        // A lane may also lead to a turn with a lamp of its own: the corridor's lamp is the first through movement's.
        let mut all: Vec<&crate::network::Movement> = movements.map(|it| &intersection.movements[it.0]).collect();
        if all.iter().any(|it| it.turn == crate::network::Turn::Through) {
            all.retain(|it| it.turn == crate::network::Turn::Through);
        }
        let zones = stop.approach.iter().map(|lane| intersection.lanes[lane.0].zone_m);
        Self {
            groups: all.iter().map(|it| it.group.0).collect(),
            entries: Entries::new(&stop.approach),
            inside: std::collections::VecDeque::new(),
            begun: false,
            trace: StopTrace {
                name: stop.name.clone(),
                distance_m: stop.distance_m,
                speed_mps: stop.speed_mps,
                zone_m: zones.fold(0.0, f64::max),
                lamps: Vec::new(),
                passages: Vec::new(),
                vehicles: Vec::new(),
            },
            stop: stop.clone(),
        }
    }

    fn second(&mut self, second: i64, state: &StateReport, seen: Option<&Observation>) {
        let shows = |group: &usize| state.shown.groups.get(*group).map(|it| it.indication);
        let lamps: Vec<Indication> = self.groups.iter().filter_map(shows).collect();
        if lamps.iter().any(|lamp| lamp.is_green()) {
            self.shown(second, 'G');
        } else if lamps.contains(&Indication::Yellow) {
            self.shown(second, 'y');
        }
        let Some(seen) = seen.filter(|seen| seen.at == Timestamp::from_secs(second)) else { return };
        if !self.begun {
            self.begun = true;
            let there: u32 = counts(seen, &self.stop.approach).map(|(count, _)| count).sum();
            self.inside.extend((0..there).map(|_| None));
        }
        self.inside.extend(self.entries.entered(seen).iter().map(|_| Some(second)));
        let passed: u32 = counts(seen, &self.stop.approach).map(|(_, passed)| passed).sum();
        for entered in (0..passed).filter_map(|_| self.inside.pop_front()).flatten().collect::<Vec<_>>() {
            self.trace.vehicles.push((entered, second));
        }
        let along: u32 = counts(seen, &self.stop.lanes).map(|(_, passed)| passed).sum();
        self.trace.passages.extend((0..along).map(|_| second));
    }

    /// The state at the end of a second tells what was shown in it.
    fn shown(&mut self, second: i64, lamp: char) {
        match self.trace.lamps.last_mut() {
            Some((_, until, last)) if *last == lamp && *until == second - 1 => *until = second,
            _ => self.trace.lamps.push((second - 1, second, lamp)),
        }
    }
}

/// Count and passages of lanes.
fn counts<'a>(seen: &'a Observation, lanes: &'a [crate::ids::LaneIx]) -> impl Iterator<Item = (u32, u32)> + use<'a> {
    let of = |place: &&crate::estimate::PlaceCount| match place.place {
        CountedPlace::Lane(lane) => lanes.contains(&lane),
        CountedPlace::Feeder(_) => false,
    };
    seen.places.iter().filter(of).map(|place| (place.count, place.passed))
}
