//! What is wrong with what one lane says, judged by itself and its lamps.
//!
//! In: one [`Glance`] a period. Out: the fault that this period gives reason for. Memory: a few counters; windows are those of
//! [`Fault::judged_every_s`].
//!
//! ```text
//! stuck on      seconds of protected green (started up, room behind the junction) with somebody standing and nobody passing ≥ 180;
//!               a passage takes back IDLE_A_PASSAGE_S, an empty zone all of it
//! stuck off     nobody seen, quiet ≥ 300 s and n·ln(1 + quiet/known) ≥ −ln 1e-4, n = rate·known/CLUSTER: the chance of nobody when a rate
//!               is known from n clusters of vehicles in a time `known` (Poisson with a gamma rate)
//! undelivered   who stood at red does not come in green: missing = max(0, missing + DELIVERED_VPS·time − passages) ≥ 20 vehicles, over protected green
//!               (started up, room) in which at least two of those who stood at red have not passed yet; not where they still stand
//! frozen        same count and halted, not empty: expected changes ≥ −ln 1e-6 (rate·time while the zone is not full, LN_2 a passage), ≥ 180 s
//! chatter, implausible, at red   sums over their windows
//! ```
//!
//! Quiet time counts as far as neighbours announce that somebody comes, where they speak. Neither quiet nor idle time counts while the
//! intersection is strained: somebody cannot leave it, or another lane is full. Then who does not move, or does not come, is held up elsewhere.
//!
//! The third is a cumulative sum test (Page 1954): a queue delivers twice as much, so that a healthy lane is at nought most of the time; it does not ask what
//! the zone says in green, so that phantoms that dissolve are found as soon as those that stay.
//!
//! Assumptions: who stands with room ahead and protected green moves within seconds; vehicles come in clusters, those as a Poisson stream.
//! Weakness: a vehicle that has broken down at the stop line looks like a detector that is stuck on.

use super::Lamps;
use super::fault::Fault;
use serde::{Deserialize, Serialize};

/// Green without a passage that makes a detector stuck \[s\].
const IDLE_GREEN_S: f64 = 180.0;
/// What one passage takes back of it \[s\]: where the road ahead is blocked one gets through now and then, every half minute of green or so, and where a
/// zone is stuck on while others pass, its picture is frozen.
const IDLE_A_PASSAGE_S: f64 = 20.0;
/// Half of what a queue delivers in green \[veh/s\].
const DELIVERED_VPS: f64 = 0.25;
/// Vehicles that stood and did not come, beyond which zone and stop line contradict each other.
const MISSING: f64 = 20.0;
/// A green this old has no start-up loss left \[s\].
const STARTED_UP_S: f64 = 4.0;
/// Room behind the junction in which somebody should move \[veh\].
pub(super) const ROOM: f64 = 3.0;
/// Vehicles that come together: flows of streets vary more than a Poisson stream of single vehicles does.
const CLUSTER: f64 = 3.0;
/// −ln 1e-4.
const UNLIKELY: f64 = 9.21;
/// Quiet for less than this is not judged \[s\].
const QUIET_S: f64 = 300.0;
/// −ln 1e-6.
const IMPOSSIBLE: f64 = 13.8;
/// The same picture for less than this is a red \[s\].
const STILL_S: f64 = 180.0;
/// A zone that holds less than this share of what fits can take more.
const NOT_FULL: f64 = 0.6;
/// Shortest headway that is believed of a lane \[s\].
const HEADWAY_S: f64 = 1.2;
/// Least road that a vehicle takes \[m\].
const SPACING_M: f64 = 4.0;
/// Vehicles that may straddle the ends of a zone, or of a period.
const STRADDLE: f64 = 4.0;
/// Red for less than this still lets the last ones pass, and late messages arrive \[s\].
const RED_S: f64 = 5.0;
/// Passages at red in a window that are not believed.
const AT_RED: u32 = 5;

/// What a lane says in one period.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glance {
    pub(super) count: u32,
    pub(super) halted: u32,
    pub(super) passed: u32,
    pub(super) dt_s: f64,
    pub(super) lamps: Lamps,
    /// Room behind the junction \[veh\].
    pub(super) room: f64,
    /// How much of what usually comes is announced by neighbours, 0…1.
    pub(super) fed: f64,
    /// Whether somebody cannot leave the intersection, or another of its lanes is full.
    pub(super) strained: bool,
    /// What usually comes \[veh/s\]; `None` while nobody knows.
    pub(super) rate: Option<f64>,
    /// From how long that is known \[s\].
    pub(super) known_s: f64,
    /// Length of the zone \[m\].
    pub(super) zone_m: f64,
    /// Vehicles that fit.
    pub(super) storage: f64,
}

impl Glance {
    /// Whether a lane with this many vehicles is full.
    pub(super) fn is_full(count: u32, storage: f64) -> bool {
        f64::from(count) >= NOT_FULL * storage
    }

    /// Whether nobody is seen.
    pub(super) fn is_quiet(&self) -> bool {
        (self.count, self.halted, self.passed) == (0, 0, 0)
    }
}

/// Sum over a window that begins anew when it is over.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Window {
    sum: f64,
    lasted_s: f64,
}

impl Window {
    /// When a window is over, the sum of as much time as it is long: messages may come less often than that.
    fn add(&mut self, amount: f64, dt_s: f64, length_s: f64) -> Option<f64> {
        self.sum += amount;
        self.lasted_s += dt_s;
        (self.lasted_s >= length_s).then(|| {
            let over = std::mem::take(self);
            over.sum * length_s / over.lasted_s
        })
    }
}

/// What is remembered of one lane.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct LaneWatch {
    idle_s: f64,
    quiet_s: f64,
    /// Rate when it fell quiet \[veh/s\].
    quiet_rate: Option<f64>,
    picture: (u32, u32),
    still_s: f64,
    still_expected: f64,
    ten: Window,
    thirty: Window,
    overfull_s: f64,
    minute_red: Window,
    /// Of those who stood at red, who has not passed yet \[veh\].
    #[serde(default)]
    waiting: u32,
    /// Who should have come since, and did not \[veh\].
    #[serde(default)]
    missing: f64,
}

impl LaneWatch {
    /// Most vehicles that are believed to be in a zone.
    pub(super) fn fits(zone_m: f64) -> u32 {
        (zone_m / SPACING_M + STRADDLE).ceil() as u32
    }

    /// Most passages that are believed of a period: what can pass, and a few that belong to the one before.
    pub(super) fn can_pass(dt_s: f64) -> u32 {
        (dt_s / HEADWAY_S + STRADDLE).ceil() as u32
    }

    /// Look at one period.
    pub(super) fn look(&mut self, seen: &Glance) -> Option<Fault> {
        let sums = self.sums(seen);
        let stuck_on = self.is_stuck_on(seen).then_some(Fault::StuckOn);
        let stuck_off = self.is_stuck_off(seen).then_some(Fault::StuckOff);
        let frozen = self.is_frozen(seen).then_some(Fault::Frozen);
        let undelivered = self.is_undelivered(seen).then_some(Fault::Unbalanced);
        sums.or(stuck_on).or(frozen).or(stuck_off).or(undelivered)
    }

    fn sums(&mut self, seen: &Glance) -> Option<Fault> {
        let passed = f64::from(seen.passed);
        let ten = self.ten.add(passed, seen.dt_s, Fault::Chatter.judged_every_s());
        let chatter = ten.is_some_and(|sum| sum > Fault::Chatter.judged_every_s());
        let thirty = self.thirty.add(passed, seen.dt_s, Fault::Implausible.judged_every_s());
        let many = thirty.is_some_and(|sum| sum > Fault::Implausible.judged_every_s() / HEADWAY_S);
        self.overfull_s = if seen.count > Self::fits(seen.zone_m) { self.overfull_s + seen.dt_s } else { 0.0 };
        let overfull = self.overfull_s >= Fault::Implausible.judged_every_s();
        let red = seen.lamps.red.is_some_and(|since_s| since_s >= RED_S);
        let at_red = self.minute_red.add(if red { passed } else { 0.0 }, seen.dt_s, Fault::AtRed.judged_every_s());
        let at_red = at_red.is_some_and(|sum| sum >= f64::from(AT_RED));
        let first = [(chatter, Fault::Chatter), (many || overfull, Fault::Implausible), (at_red, Fault::AtRed)];
        first.into_iter().find_map(|(is, fault)| is.then_some(fault))
    }

    fn is_stuck_on(&mut self, seen: &Glance) -> bool {
        let rolling = seen.lamps.protected.is_some_and(|since_s| since_s >= STARTED_UP_S);
        if seen.count == 0 {
            self.idle_s = 0.0;
        } else if seen.passed > 0 {
            self.idle_s = (self.idle_s - IDLE_A_PASSAGE_S * f64::from(seen.passed)).max(0.0);
        } else if rolling && seen.halted > 0 && seen.room >= ROOM && !seen.strained {
            self.idle_s = (self.idle_s + seen.dt_s).min(IDLE_GREEN_S);
        }
        self.idle_s >= IDLE_GREEN_S
    }

    fn is_undelivered(&mut self, seen: &Glance) -> bool {
        if seen.lamps.open.is_none() {
            self.waiting = seen.halted;
        } else {
            self.waiting = self.waiting.saturating_sub(seen.passed);
            let rolling = seen.lamps.protected.is_some_and(|since_s| since_s >= STARTED_UP_S);
            if rolling && self.waiting >= 2 && seen.room >= ROOM && !seen.strained {
                let missing = self.missing + DELIVERED_VPS * seen.dt_s - f64::from(seen.passed);
                self.missing = missing.clamp(0.0, MISSING);
            }
        }
        // Where they still stand and hardly anybody passes, it is a detector that is stuck, which takes its own time.
        if self.idle_s >= 0.5 * MISSING / DELIVERED_VPS {
            self.missing = 0.0;
        }
        self.missing >= MISSING
    }

    fn is_stuck_off(&mut self, seen: &Glance) -> bool {
        if !seen.is_quiet() {
            (self.quiet_s, self.quiet_rate) = (0.0, None);
            return false;
        }
        if !seen.strained {
            self.quiet_s += seen.fed * seen.dt_s;
        }
        self.quiet_rate = self.quiet_rate.or(seen.rate);
        let clusters = self.quiet_rate.unwrap_or(0.0) * seen.known_s / CLUSTER;
        self.quiet_s >= QUIET_S && clusters * (self.quiet_s / seen.known_s.max(1.0)).ln_1p() >= UNLIKELY
    }

    fn is_frozen(&mut self, seen: &Glance) -> bool {
        let picture = (seen.count, seen.halted);
        if picture != self.picture || seen.count == 0 {
            (self.picture, self.still_s, self.still_expected) = (picture, 0.0, 0.0);
            return false;
        }
        if seen.halted > 0 && seen.room < ROOM {
            return false; // a full road holds them up
        }
        self.still_s += seen.dt_s;
        // Who passes leaves the picture as it is only when another one comes in the same second.
        self.still_expected += std::f64::consts::LN_2 * f64::from(seen.passed);
        if !Glance::is_full(seen.count, seen.storage) {
            self.still_expected += seen.rate.unwrap_or(0.0) * seen.dt_s;
        }
        self.still_s >= STILL_S && self.still_expected >= IMPOSSIBLE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Lamps = Lamps { protected: None, open: None, red: Some(30.0) };
    const GREEN: Lamps = Lamps { protected: Some(10.0), open: Some(10.0), red: None };

    fn glance(count: u32, halted: u32, passed: u32, lamps: Lamps) -> Glance {
        let (room, rate) = (f64::INFINITY, Some(0.1));
        Glance {
            count,
            halted,
            passed,
            dt_s: 1.0,
            lamps,
            room,
            fed: 1.0,
            strained: false,
            rate,
            known_s: 900.0,
            zone_m: 200.0,
            storage: 26.0,
        }
    }

    /// Second in which the fault is found, of at most an hour.
    fn found(fault: Fault, seen: impl Fn(u32) -> Glance) -> Option<u32> {
        let mut watch = LaneWatch::default();
        (1..=3_600).find(|&second| watch.look(&seen(second)) == Some(fault))
    }

    #[test]
    fn each_fault_is_found_in_its_time() {
        let half = |second: u32| if second % 60 < 30 { RED } else { GREEN };
        assert_eq!(found(Fault::StuckOn, |_| glance(4, 4, 0, GREEN)), Some(180));
        assert_eq!(found(Fault::StuckOff, |_| glance(0, 0, 0, RED)), Some(324));
        let busy = |_| Glance { rate: Some(0.5), ..glance(0, 0, 0, RED) };
        assert_eq!(found(Fault::StuckOff, busy), Some(300), "no sooner than that");
        let slow = |_| Glance { rate: Some(0.05), ..glance(0, 0, 0, RED) };
        assert_eq!(found(Fault::StuckOff, slow), Some(764));
        assert_eq!(found(Fault::Chatter, |second| glance(second % 7, 0, 2, GREEN)), Some(10));
        let fast = |second: u32| glance(second % 7, 0, u32::from(!second.is_multiple_of(10)), GREEN);
        assert_eq!(found(Fault::Implausible, fast), Some(30), "0.9 veh/s");
        assert_eq!(found(Fault::Implausible, |second| glance(60 + second % 2, 0, 0, RED)), Some(30), "60 on 200 m");
        assert_eq!(found(Fault::AtRed, |second| glance(second % 5, 0, u32::from(second % 9 == 0), RED)), Some(60));
        // Two vehicles that never leave, one that passes now and then: 0.1 veh/s would have changed it long ago.
        let still = |second: u32| glance(2, 0, u32::from(second % 30 == 29), half(second));
        assert!(found(Fault::Frozen, still).is_some_and(|second| second <= 200));
    }

    /// A cycle of 80 s, half of it green: 12 are there at the end of red and leave in green; `passes` is what the loop says of it.
    fn cycle(second: u32, passes: impl Fn(u32) -> u32) -> Glance {
        match second % 80 {
            in_red @ 0..40 => glance(in_red * 3 / 10, in_red * 3 / 10, 0, RED),
            in_green => {
                let lamps = Lamps { protected: Some(f64::from(in_green - 40)), ..GREEN };
                let left = 12_u32.saturating_sub((in_green - 40) / 2);
                glance(left, 0, passes(in_green - 40), lamps)
            }
        }
    }

    #[test]
    fn whoever_stood_at_red_and_does_not_come_in_green_is_missed_though_the_zone_empties() {
        let missed = |passes: fn(u32) -> u32| found(Fault::Unbalanced, |second| cycle(second, passes));
        assert_eq!(missed(|_| 0), Some(211), "after 36, 36 and 8 s of green: in the third cycle");
        assert!(
            missed(|green| u32::from(green % 10 == 9)).is_some_and(|second| second <= 7 * 80),
            "one in ten seconds"
        );
        assert_eq!(missed(|green| u32::from(green % 2 == 1 && green < 24)), None, "a queue that leaves");
        assert_eq!(missed(|green| u32::from(green % 3 == 2)), None, "and a slow one");
        let full = |second: u32| Glance { room: 0.0, ..cycle(second, |_| 0) };
        assert_eq!(found(Fault::Unbalanced, full), None, "the road behind the junction is full");
        let yields = |second: u32| {
            let seen = cycle(second, |_| 0);
            Glance { lamps: Lamps { protected: None, ..seen.lamps }, ..seen }
        };
        assert_eq!(found(Fault::Unbalanced, yields), None, "nobody knows when a gap comes");
    }

    #[test]
    fn queues_at_red_full_zones_and_roads_without_room_are_no_fault() {
        let mut watch = LaneWatch::default();
        let cycle = |second: u32| match second % 120 {
            in_red @ 0..90 => glance(in_red / 4, in_red / 4, 0, RED),
            in_green => glance(22 - (in_green - 90) / 2, 5, u32::from(in_green % 2 == 0), GREEN),
        };
        assert!((0..7_200).all(|second| watch.look(&cycle(second)).is_none()));
        let full = Glance { room: 0.0, ..glance(26, 26, 0, GREEN) };
        let mut blocked = LaneWatch::default();
        assert!((0..3_600).all(|_| blocked.look(&full).is_none()), "the road behind the junction is full");
        let unknown = Glance { rate: None, ..glance(0, 0, 0, RED) };
        let mut night = LaneWatch::default();
        assert!((0..3_600).all(|_| night.look(&unknown).is_none()), "nobody knows whether anybody should come");
    }
}
