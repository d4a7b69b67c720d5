//! Whether the detectors of an intersection can be believed, lane by lane, and what is believed in their place.
//!
//! In: [`Observation`]s with the lamps that were shown, and the room behind the junction. Out: the same observation with what is not
//! believed replaced, and a verdict a lane. No clock: time is that of the counts.
//!
//! ```text
//! trusted ──a fault is found (fault, lane_watch, balance)──> distrusted ──five clean windows of that fault──> trusted
//!    │ counts as they are, within what can physically be        │ counts of the profile's vehicles (profile, stand_in),
//!    │ profile learns                                           │ at least one a cycle: the minimum recall
//! ```
//!
//! While every lane is trusted the observation passes through unchanged, so healthy detectors decide as if nobody watched them. One
//! source can say no more than what fits on its lane and passes it ([`lane_watch`]), however loudly.
//!
//! Weaknesses: a liar who invents traffic that agrees with zone, stop line and lamps is believed; neighbours are not asked. After a
//! restart profiles are learned anew.

mod balance;
mod fault;
mod lane_watch;
mod profile;
mod stand_in;

pub use fault::Fault;
use serde::{Deserialize, Serialize};

use super::{CountedPlace, Observation, PlaceCount};
use crate::ids::LaneIx;
use crate::network::{Approach, Intersection, Lane};
use crate::plan::Shown;
use crate::time::Timestamp;
use crate::units::Indication;
use balance::{Balance, Booked};
use lane_watch::{Glance, LaneWatch, ROOM};
use profile::Profile;
use stand_in::StandIn;

/// Clean windows that lead back to trust.
const CLEAN_WINDOWS: f64 = 5.0;
/// Longer than this between two messages nothing can be booked against each other \[s\].
const GAP_S: f64 = 3.0;
/// Periods without a word that make a lane silent, where they are longer than its window.
const SILENT_PERIODS: f64 = 3.0;
/// Longest period that is reckoned with \[s\].
const PERIOD_MAX_S: f64 = 60.0;

/// What the lamps of a lane have shown, and for how long \[s\].
#[derive(Debug, Clone, Copy, PartialEq)]
struct Lamps {
    /// All its movements protected.
    protected: Option<f64>,
    /// Any of them green.
    open: Option<f64>,
    /// All of them red, and no turn allowed.
    red: Option<f64>,
}

/// What neighbours say of the roads behind and before the junction.
#[derive(Debug, Clone, PartialEq)]
pub struct Around {
    /// Room behind the junction \[veh\], infinite where nothing is known. Shape `[lane]`.
    pub room: Vec<f64>,
    /// Flow that is announced \[veh/s\]; `None` where no neighbour speaks. Shape `[approach]`.
    pub announced: Vec<Option<f64>>,
}

/// Why a lane is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Distrust {
    fault: Fault,
    clean_s: f64,
}

/// What is kept of one lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Watched {
    watch: LaneWatch,
    profile: Profile,
    stand_in: StandIn,
    distrust: Option<Distrust>,
    /// Count of the last period in which it was heard, with its instant.
    heard: Option<(Timestamp, u32)>,
}

/// Watches the detectors of one intersection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inspector {
    lanes: Vec<Watched>,
    approaches: Vec<Balance>,
    seen_at: Option<Timestamp>,
    began: Option<Timestamp>,
}

impl Inspector {
    /// Nothing was seen; everything is trusted.
    pub fn new(intersection: &Intersection) -> Self {
        let lane = || Watched {
            watch: LaneWatch::default(),
            profile: Profile::new(),
            stand_in: StandIn::default(),
            distrust: None,
            heard: None,
        };
        Self {
            lanes: intersection.lanes.iter().map(|_| lane()).collect(),
            approaches: vec![Balance::default(); intersection.approaches.len()],
            seen_at: None,
            began: None,
        }
    }

    /// What is wrong with each lane; `None` = trusted. Shape `[lane]`.
    pub fn verdicts(&self) -> impl Iterator<Item = Option<Fault>> + '_ {
        self.lanes.iter().map(|lane| lane.distrust.map(|distrust| distrust.fault))
    }

    /// Whether a lane is believed.
    pub fn trusts(&self, lane: LaneIx) -> bool {
        self.lanes[lane.0].distrust.is_none()
    }

    /// Judge one message, and say what is believed of it. `around` is what neighbours say.
    pub fn inspect(
        &mut self,
        intersection: &Intersection,
        seen: &Observation,
        shown: &Shown,
        around: &Around,
    ) -> Observation {
        let dt_s = self.seen_at.map_or(seen.period, |before| seen.at - before).as_secs_f64().clamp(0.1, PERIOD_MAX_S);
        self.began.get_or_insert(seen.at);
        let mut said: Vec<Option<&PlaceCount>> = vec![None; self.lanes.len()];
        for place in &seen.places {
            if let CountedPlace::Lane(lane) = place.place {
                said[lane.0] = Some(place);
            }
        }
        let unbalanced = self.balance(intersection, &said, dt_s);
        let fed = self.fed(intersection, around, seen.at);
        let strained = self.strained(intersection, &said, around);
        let mut believed = Observation { places: Vec::with_capacity(seen.places.len()), ..seen.clone() };
        believed.places.extend(seen.places.iter().filter(|it| matches!(it.place, CountedPlace::Feeder(_))).cloned());
        for ix in intersection.lane_ixs() {
            let (definition, lamps) = (&intersection.lanes[ix.0], lamps(intersection, ix, shown));
            let found = match said[ix.0] {
                Some(place) => self.look(
                    (ix, definition),
                    place,
                    (lamps, around.room[ix.0], fed[definition.approach], strained[ix.0]),
                    (dt_s, seen.at),
                ),
                None => self.is_silent(intersection, ix, seen).then_some(Fault::Silent),
            };
            let found = found.or(unbalanced.contains(&ix).then_some(Fault::Unbalanced));
            self.lanes[ix.0].judge(found, dt_s);
            believed.places.extend(self.believed((ix, definition), said[ix.0], lamps, (dt_s, seen.at)));
        }
        self.seen_at = Some(seen.at);
        // Feeders and lanes in the order in which they were told: what is healthy goes through unchanged.
        let order = |it: &PlaceCount| seen.places.iter().position(|told| told.place == it.place).unwrap_or(usize::MAX);
        believed.places.sort_by_key(order);
        believed
    }

    fn balance(&mut self, intersection: &Intersection, said: &[Option<&PlaceCount>], dt_s: f64) -> Vec<LaneIx> {
        let mut found = Vec::new();
        for (books, approach) in self.approaches.iter_mut().zip(&intersection.approaches) {
            let booked = approach.lanes.iter().map(|&lane| {
                let (place, (_, before)) = (said[lane.0]?, self.lanes[lane.0].heard?);
                let it = &intersection.lanes[lane.0];
                let travel_s = it.zone_m / it.speed_mps;
                Some(Booked { lane, before, count: place.count, passed: place.passed, travel_s })
            });
            let booked: Option<Vec<Booked>> = booked.collect();
            if let Some(booked) = booked.filter(|_| dt_s <= GAP_S) {
                found.extend(books.book(&booked, dt_s));
            }
        }
        found
    }

    /// How much of what usually comes is announced, 0…1; 1 where nobody announces. Shape `[approach]`.
    fn fed(&self, intersection: &Intersection, around: &Around, at: Timestamp) -> Vec<f64> {
        let usual = |lanes: &[LaneIx]| -> f64 {
            lanes.iter().map(|lane| self.lanes[lane.0].profile.rate(at).unwrap_or(0.0)).sum()
        };
        let fed = |(approach, announced): (&Approach, &Option<f64>)| match (announced, usual(&approach.lanes)) {
            (Some(announced), usual) if usual > 0.0 => (announced / usual).clamp(0.0, 1.0),
            _ => 1.0,
        };
        intersection.approaches.iter().zip(&around.announced).map(fed).collect()
    }

    /// Whether who does not move, or does not come, may be held up elsewhere: somebody cannot leave the intersection, or another lane is full.
    /// Being full says nothing for a lane itself, or a detector that is stuck on would excuse itself. Shape `[lane]`.
    fn strained(&self, intersection: &Intersection, said: &[Option<&PlaceCount>], around: &Around) -> Vec<bool> {
        let is_full = |ix: LaneIx| {
            let storage = intersection.lanes[ix.0].storage();
            self.trusts(ix) && said[ix.0].is_some_and(|place| Glance::is_full(place.count, storage))
        };
        let full: Vec<bool> = intersection.lane_ixs().map(is_full).collect();
        let many = full.iter().filter(|is_full| **is_full).count();
        let blocked = around.room.iter().any(|&room| room < ROOM);
        full.iter().map(|&own| blocked || many > usize::from(own)).collect()
    }

    fn look(
        &mut self,
        (ix, definition): (LaneIx, &Lane),
        place: &PlaceCount,
        (lamps, room, fed, strained): (Lamps, f64, f64, bool),
        (dt_s, at): (f64, Timestamp),
    ) -> Option<Fault> {
        let lane = &mut self.lanes[ix.0];
        let glance = Glance {
            count: place.count,
            halted: place.halted,
            passed: place.passed,
            dt_s,
            lamps,
            room,
            fed,
            strained,
            rate: lane.profile.rate(at),
            known_s: lane.profile.known_s(),
            zone_m: definition.zone_m,
            storage: definition.storage(),
        };
        let found = lane.watch.look(&glance);
        if lane.distrust.is_none() && found.is_none() {
            lane.profile.learn(place.passed, glance.is_quiet(), dt_s, at);
        }
        found
    }

    fn is_silent(&self, intersection: &Intersection, ix: LaneIx, seen: &Observation) -> bool {
        let is_counted = |place: crate::network::DetectorPlace| CountedPlace::from(place) == CountedPlace::Lane(ix);
        let has_detector = intersection.detectors.iter().any(|detector| is_counted(detector.place));
        let since = self.lanes[ix.0].heard.map(|(at, _)| at).or(self.began.filter(|_| has_detector));
        let patience_s = Fault::Silent.judged_every_s().max(SILENT_PERIODS * seen.period.as_secs_f64());
        since.is_some_and(|since| (seen.at - since).as_secs_f64() >= patience_s)
    }

    /// What is believed of one lane; `None` where nothing was said and nothing is made up yet.
    fn believed(
        &mut self,
        of: (LaneIx, &Lane),
        said: Option<&PlaceCount>,
        lamps: Lamps,
        (dt_s, at): (f64, Timestamp),
    ) -> Option<PlaceCount> {
        let lane = &mut self.lanes[of.0.0];
        if let Some(place) = said {
            lane.heard = Some((at, place.count));
        }
        // Silence says nothing against what is heard after it.
        if lane.distrust.is_none_or(|it| it.fault == Fault::Silent && said.is_some()) {
            return said.map(|place| capped(place, of.1.zone_m, dt_s));
        }
        let rate = lane.profile.rate(at).unwrap_or(0.0);
        Some(lane.stand_in.count(of, rate, &lamps, dt_s, at))
    }
}

/// No more than what fits and what can pass.
fn capped(place: &PlaceCount, zone_m: f64, dt_s: f64) -> PlaceCount {
    let count = place.count.min(LaneWatch::fits(zone_m));
    let passed = place.passed.min(LaneWatch::can_pass(dt_s));
    PlaceCount { count, halted: place.halted.min(count), passed, ..place.clone() }
}

impl Watched {
    /// Raise or lower the distrust by what this period gives reason for.
    fn judge(&mut self, found: Option<Fault>, dt_s: f64) {
        match (found, &mut self.distrust) {
            (Some(fault), distrust) => {
                if distrust.is_none() {
                    self.profile.doubt();
                }
                // The first name stays while it lasts, unless the new one takes longer to come back from.
                let known = distrust.filter(|known| known.fault.judged_every_s() >= fault.judged_every_s());
                *distrust = Some(Distrust { fault: known.map_or(fault, |known| known.fault), clean_s: 0.0 });
                self.profile.forget_quiet();
            }
            (None, Some(distrust)) => {
                distrust.clean_s += dt_s;
                if distrust.clean_s >= CLEAN_WINDOWS * distrust.fault.judged_every_s() {
                    self.distrust = None;
                    self.stand_in = StandIn::default();
                }
            }
            (None, None) => {}
        }
    }
}

fn lamps(intersection: &Intersection, lane: LaneIx, shown: &Shown) -> Lamps {
    let groups = || {
        let movements = intersection.lanes[lane.0].movements.iter();
        movements.map(|movement| &shown.groups[intersection.movements[movement.0].group.0])
    };
    let age = |since: Timestamp| (shown.at - since).as_secs_f64();
    let all = |lamp: Indication| {
        let same = groups().all(|group| group.indication == lamp);
        let youngest = groups().map(|group| age(group.since)).reduce(f64::min);
        youngest.filter(|_| same)
    };
    let open = groups().filter(|group| group.indication.is_green()).map(|group| age(group.since));
    Lamps { protected: all(Indication::Protected), open: open.reduce(f64::max), red: all(Indication::Red) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::{THROUGH_EW, THROUGH_NS, crossroads, lane};
    use crate::time::Millis;

    /// A crossroads second by second; lane 0 says what a test makes it say.
    struct Site {
        intersection: Intersection,
        inspector: Inspector,
        shown: Shown,
        second: i64,
        announced: Option<f64>,
        /// Room behind the junction \[veh\].
        room: f64,
        /// A lane that says 20 vehicles are there, whatever comes.
        full: Option<LaneIx>,
    }

    impl Site {
        fn new() -> Self {
            let intersection = crossroads();
            let inspector = Inspector::new(&intersection);
            let shown = Shown::all_red(&intersection, Timestamp::from_secs(0));
            Self { intersection, inspector, shown, second: 0, announced: None, room: f64::INFINITY, full: None }
        }

        /// A second in which a vehicle every five arrives, waits and leaves in green; what lane 0 says of it instead, and what is believed.
        fn second(&mut self, says: impl Fn(PlaceCount) -> Option<PlaceCount>) -> (Observation, Observation) {
            self.second += 1;
            let in_cycle = self.second % 60;
            let stage = if in_cycle < 30 { THROUGH_NS } else { THROUGH_EW };
            let at = Timestamp::from_secs(self.second);
            self.shown.advance(at, Some(stage), &self.intersection.stage(stage).signals.clone());
            let picture = |in_cycle: i64| {
                let green = in_cycle < 30;
                let waiting = if green { (12 - in_cycle / 2).max(0) } else { (in_cycle - 30) * 2 / 5 } as u32;
                let passed = u32::from(green && in_cycle % 2 == 0 && in_cycle <= 24 && in_cycle > 0);
                (waiting, if green { 0 } else { waiting }, passed)
            };
            let place = |ix: LaneIx| {
                // Legs 1 and 3 have their green half a cycle later.
                let (count, halted, passed) = picture((in_cycle + if ix.0 / 2 % 2 == 1 { 30 } else { 0 }) % 60);
                let count = if self.full == Some(ix) { 20 } else { count };
                let place = CountedPlace::Lane(ix);
                PlaceCount { place, count, halted, passed, occupancy: None, mean_speed_mps: None }
            };
            let others = self.intersection.lane_ixs().skip(1).map(place);
            let places = says(place(lane(0, 0))).into_iter().chain(others).collect();
            let told = Observation { at, seq: self.second as u64, period: Millis::from_secs(1), places };
            let around = Around {
                room: vec![self.room; self.intersection.lanes.len()],
                announced: vec![self.announced; self.intersection.approaches.len()],
            };
            let believed = self.inspector.inspect(&self.intersection, &told, &self.shown, &around);
            (told, believed)
        }

        /// Seconds until the verdict on lane 0 is this one.
        fn until(&mut self, wanted: Option<Fault>, says: impl Fn(PlaceCount) -> Option<PlaceCount>) -> Option<i64> {
            (1..=3_600).find(|_| {
                self.second(&says);
                self.inspector.verdicts().next() == Some(wanted)
            })
        }
    }

    #[test]
    fn what_healthy_detectors_say_goes_through_unchanged() {
        let mut site = Site::new();
        for _ in 0..3_600 {
            let (told, believed) = site.second(Some);
            assert_eq!(told, believed);
        }
        assert!(site.inspector.verdicts().all(|fault| fault.is_none()));
    }

    #[test]
    fn a_silent_lane_is_replaced_by_its_profile_and_comes_back_after_five_clean_windows() {
        let mut site = Site::new();
        (0..900).for_each(|_| drop(site.second(Some)));
        assert_eq!(site.until(Some(Fault::Silent), |_| None), Some(10));
        let passed = |site: &mut Site| {
            let (_, believed) = site.second(|_| None);
            believed.places.iter().find(|it| it.place == CountedPlace::Lane(lane(0, 0))).map_or(0, |it| it.passed)
        };
        let served: u32 = (0..600).map(|_| passed(&mut site)).sum();
        assert!((80..=130).contains(&served), "0.2 veh/s for ten minutes are 120: {served}");
        assert_eq!(site.until(None, Some), Some(50));
    }

    #[test]
    fn a_detector_that_sees_nobody_any_more_is_found_after_five_minutes() {
        let mut site = Site::new();
        (0..900).for_each(|_| drop(site.second(Some)));
        let nobody = |place: PlaceCount| Some(PlaceCount { count: 0, halted: 0, passed: 0, ..place });
        assert_eq!(site.until(Some(Fault::StuckOff), nobody), Some(300));
        assert!(!site.inspector.trusts(lane(0, 0)) && site.inspector.trusts(lane(0, 1)));
        assert_eq!(site.until(None, Some), Some(300));
    }

    #[test]
    fn a_lane_to_which_the_neighbours_send_nobody_is_not_taken_for_dead() {
        let nobody = |place: PlaceCount| Some(PlaceCount { count: 0, halted: 0, passed: 0, ..place });
        for (announced, found) in [(Some(0.0), false), (Some(0.01), false), (Some(0.4), true), (None, true)] {
            let mut site = Site::new();
            (0..900).for_each(|_| drop(site.second(Some)));
            site.announced = announced;
            (0..400).for_each(|_| drop(site.second(nobody)));
            assert_eq!(site.inspector.trusts(lane(0, 0)), !found, "{announced:?}");
        }
    }

    #[test]
    fn whoever_is_held_up_elsewhere_is_not_taken_for_a_detector_that_is_stuck() {
        type Says = fn(u32, PlaceCount) -> PlaceCount;
        let nobody: Says = |_, place| PlaceCount { count: 0, halted: 0, passed: 0, ..place };
        let stands: Says = |second, place| PlaceCount { count: 4 + second / 50, halted: 4, passed: 0, ..place };
        for (fault, says) in [(Fault::StuckOff, nobody), (Fault::StuckOn, stands)] {
            for (room, full, found) in [
                (f64::INFINITY, None, true),
                (1.0, None, false),
                (f64::INFINITY, Some(lane(1, 0)), false),
                (f64::INFINITY, Some(lane(0, 0)), true),
            ] {
                let mut site = Site::new();
                (0..900).for_each(|_| drop(site.second(Some)));
                (site.room, site.full) = (room, full);
                let seen = (0..600).any(|second| {
                    site.second(|place| Some(says(second, place)));
                    site.inspector.verdicts().next() == Some(Some(fault))
                });
                assert_eq!(seen, found, "{fault:?}, room {room}, full {full:?}");
            }
        }
    }

    #[test]
    fn each_of_eight_faults_is_found_in_the_time_that_is_stated_replaced_by_the_profile_and_given_back() {
        type Says = fn(i64, PlaceCount) -> Option<PlaceCount>;
        let planted: [(Fault, i64, Says); 8] = [
            (Fault::Silent, 10, |_, _| None),
            // Seven greens of 26 s after start-up.
            (Fault::StuckOn, 450, |s, it| Some(PlaceCount { count: 4 + s as u32 / 50, halted: 4, passed: 0, ..it })),
            (Fault::StuckOff, 300, |_, it| Some(PlaceCount { count: 0, halted: 0, passed: 0, ..it })),
            (Fault::Chatter, 20, |_, it| Some(PlaceCount { passed: 2, ..it })),
            (Fault::Implausible, 60, |s, it| Some(PlaceCount { passed: u32::from(s % 10 > 0), ..it })),
            (Fault::Frozen, 240, |_, it| Some(PlaceCount { count: 2, halted: 2, ..it })),
            (Fault::Unbalanced, 900, |_, it| Some(PlaceCount { count: 3 * it.count, ..it })),
            (Fault::AtRed, 120, |s, it| Some(PlaceCount { passed: u32::from(s % 4 == 0), ..it })),
        ];
        for (fault, stated_s, says) in planted {
            let mut site = Site::new();
            (0..1_200).for_each(|_| drop(site.second(Some)));
            let began = site.second;
            let lie = |site: &Site| {
                let second = site.second + 1 - began;
                move |it: PlaceCount| says(second, it)
            };
            let found = (1..=stated_s).find(|_| {
                let says = lie(&site);
                site.second(says);
                site.inspector.verdicts().next() == Some(Some(fault))
            });
            assert!(found.is_some(), "{fault:?} within {stated_s} s: {:?}", site.inspector.verdicts().next());
            let one = |_| {
                let says = lie(&site);
                let (_, believed) = site.second(says);
                believed.places.iter().find(|it| it.place == CountedPlace::Lane(lane(0, 0))).map_or(0, |it| it.passed)
            };
            let passed: u32 = (0..600).map(one).sum();
            assert!((80..=140).contains(&passed), "{fault:?}: 0.2 veh/s for ten minutes are 120: {passed}");
            assert!(site.inspector.verdicts().skip(1).all(|it| it.is_none()), "{fault:?}: the others are in order");
            let windows_s = CLEAN_WINDOWS * fault.judged_every_s();
            let back = site.until(None, Some).expect("it is given back") as f64;
            // Begun windows still hold lies when they have ended, and may give them another name: those of a minute, or the balance's.
            let longest_s = if fault == Fault::Unbalanced { windows_s + 900.0 } else { windows_s.max(300.0) + 120.0 };
            assert!((windows_s - 60.0..=longest_s).contains(&back), "{fault:?}: {back} s");
        }
    }

    #[test]
    fn one_source_says_no_more_than_fits_on_its_lane() {
        let mut site = Site::new();
        let shouts = |place: PlaceCount| Some(PlaceCount { count: 100_000, halted: 100_000, passed: 90_000, ..place });
        for _ in 0..9 {
            let (_, believed) = site.second(shouts);
            assert!(believed.places[0].count <= 54 && believed.places[0].passed <= 5);
        }
    }
}
