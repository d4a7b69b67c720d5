//! Zone and stop line of an approach against each other: whoever was there must have passed, whoever passes must have been there.
//!
//! In: counts of all lanes of an approach, period by period. Out: lanes that are [`super::Fault::Unbalanced`], at the end of each minute.
//!
//! ```text
//! gained   = Σ lanes (Δcount + passed)          ≥ 0 where nobody vanishes; lane changes cancel out
//! came     = Σ time gained                      never falls where nobody vanishes, nor does its mean over BLOCK_S
//! vanished = Σ blocks max(0, −Δ mean of came)   booked on the lanes that lost, AT_ONCE of one fall at most
//! ghosts   = passages of lanes that were empty, as far as gained > 0: nobody changed lanes for them; where the zone is longer than TRAVEL_S
//! fault      vanished, or ghosts, of a lane beyond their usual share of its own passages, over one of several times: little over a quarter of
//!            an hour, much at once
//! ```
//!
//! Each lane is judged by its own passages, so lanes that lie alike are all to blame. The usual share is that of the approach, learned from
//! clean minutes: some streets have driveways, and lanes beside the counted ones. Before it is learned only the shorter times judge what
//! vanishes, as if nothing did usually. A zone that is switched off and on once has lost its queue once: that is no proof. Nor is noise: who
//! vanishes in one second and is back in the next is still there in the mean of a block, and a queue that is made up for a red is not.
//! Source: conservation of vehicles, as in Vigos, Papageorgiou, Wang (2008); ±30 % over a quarter of an hour is ours, shorter times are set so
//! that no lane of three of our streets and of one of Cologne comes near them in an hour (at most half of `least`).
//!
//! Weakness: an error that zone and stop line share (a camera that misses every third vehicle) is not seen.

use crate::ids::LaneIx;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How far back is looked, and what is too much there.
struct Limit {
    minutes: usize,
    /// Beyond the usual, over what passes.
    share: f64,
    /// Fewer vehicles than this prove nothing.
    least: f64,
}

const VANISHED: [Limit; 4] = [
    Limit { minutes: 2, share: 1.0, least: 20.0 },
    Limit { minutes: 3, share: 0.7, least: 18.0 },
    Limit { minutes: 5, share: 0.5, least: 20.0 },
    Limit { minutes: QUARTER, share: 0.3, least: 16.0 },
];
const GHOSTS: [Limit; 3] = [
    Limit { minutes: 2, share: 0.8, least: 30.0 },
    Limit { minutes: 5, share: 0.6, least: 20.0 },
    Limit { minutes: QUARTER, share: 0.3, least: 12.0 },
];
/// More than this do not count of those who vanish in one block after another.
const AT_ONCE: f64 = 15.0;
/// Time over which counts are averaged before they are compared \[s\]: long beside noise, short beside a red.
const BLOCK_S: f64 = 10.0;
/// Minutes of the longest horizon.
const QUARTER: usize = 15;
/// Minutes from which the usual is learned.
const LESSON: usize = 5;
/// The usual is at most this, of vanished and of ghosts: who lies from the beginning must not teach that lies are usual.
const USUAL_MAX: (f64, f64) = (0.3, 0.5);
/// A minute \[s\].
const MINUTE_S: f64 = 60.0;
/// Zones that are crossed faster tell nothing of ghosts \[s\].
const TRAVEL_S: f64 = 4.0;

/// One lane in one period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Booked {
    pub(super) lane: LaneIx,
    pub(super) before: u32,
    pub(super) count: u32,
    pub(super) passed: u32,
    /// Free travel time through the zone \[s\].
    pub(super) travel_s: f64,
}

/// Sums of one lane over a minute, or several \[veh\].
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Sums {
    vanished: f64,
    ghosts: f64,
    passed: f64,
}

impl Sums {
    fn add(&mut self, other: &Self) {
        self.vanished += other.vanished;
        self.ghosts += other.ghosts;
        self.passed += other.passed;
    }
}

/// Who came into the zone of a lane, as its counts tell.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Came {
    /// Since the beginning \[veh\].
    all: i64,
    /// Over the time of this block \[veh·s\].
    sum: f64,
    /// Mean of the block before \[veh\]; `None` in the first.
    mean: Option<f64>,
    /// Those who vanished in the blocks before this one, up to one in which nobody did \[veh\].
    fallen: f64,
}

/// Books of one approach.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Balance {
    /// Shape `[lane]`.
    came: Vec<Came>,
    /// Of the present block.
    block_s: f64,
    /// The present minute.
    lanes: Vec<Sums>,
    lasted_s: f64,
    /// Those before it, oldest first.
    minutes: VecDeque<Vec<Sums>>,
    /// Clean minutes since something was learned.
    clean: usize,
    /// Usual share of vanished and of ghosts; `None` before anything was learned.
    usual: Option<(f64, f64)>,
}

impl Balance {
    /// Book one period of all lanes of the approach; the lanes that are out of balance, when a minute is over.
    pub(super) fn book(&mut self, lanes: &[Booked], dt_s: f64) -> Vec<LaneIx> {
        self.lanes.resize(lanes.len(), Sums::default());
        self.came.resize(lanes.len(), Came::default());
        let gained = |it: &Booked| i64::from(it.count) + i64::from(it.passed) - i64::from(it.before);
        let net: i64 = lanes.iter().map(gained).sum();
        let ghost = |it: &Booked| if it.before == 0 && it.travel_s >= TRAVEL_S { it.passed } else { 0 };
        let ghosts: i64 = lanes.iter().map(|it| i64::from(ghost(it))).sum();
        for ((sums, came), it) in self.lanes.iter_mut().zip(&mut self.came).zip(lanes) {
            sums.passed += f64::from(it.passed);
            if ghosts > 0 {
                sums.ghosts += net.clamp(0, ghosts) as f64 * f64::from(ghost(it)) / ghosts as f64;
            }
            came.all += gained(it);
            came.sum += came.all as f64 * dt_s;
        }
        self.block_s += dt_s;
        if self.block_s >= BLOCK_S {
            self.compare();
        }
        self.lasted_s += dt_s;
        if self.lasted_s >= MINUTE_S { self.close(lanes) } else { Vec::new() }
    }

    /// Close a block: who was there in the mean of the one before, and has neither passed nor stayed, has vanished.
    fn compare(&mut self) {
        let block_s = std::mem::take(&mut self.block_s);
        let gain = |came: &mut Came| {
            let mean = std::mem::take(&mut came.sum) / block_s;
            came.mean.replace(mean).map_or(0.0, |before| mean - before)
        };
        let gains: Vec<f64> = self.came.iter_mut().map(gain).collect();
        let lost: f64 = gains.iter().map(|it| (-it).max(0.0)).sum();
        let net = -gains.iter().sum::<f64>();
        for ((sums, came), gain) in self.lanes.iter_mut().zip(&mut self.came).zip(gains) {
            let vanished = if net > 0.0 { net * (-gain).max(0.0) / lost } else { 0.0 };
            sums.vanished += vanished.min(AT_ONCE - came.fallen);
            came.fallen = if vanished > 0.0 { (came.fallen + vanished).min(AT_ONCE) } else { 0.0 };
        }
    }

    /// Sums of the last minutes; `None` before there are so many.
    fn last(&self, minutes: usize) -> Option<Vec<Sums>> {
        let mut sums = vec![Sums::default(); self.minutes.back()?.len()];
        let begin = self.minutes.len().checked_sub(minutes)?;
        self.minutes.range(begin..).for_each(|minute| sums.iter_mut().zip(minute).for_each(|(sum, it)| sum.add(it)));
        Some(sums)
    }

    fn close(&mut self, lanes: &[Booked]) -> Vec<LaneIx> {
        self.minutes.push_back(std::mem::take(&mut self.lanes));
        self.lasted_s = 0.0;
        if self.minutes.len() > QUARTER {
            self.minutes.pop_front();
        }
        let blamed = self.blamed(lanes.len());
        let found: Vec<LaneIx> = lanes.iter().zip(blamed).filter(|(_, it)| *it).map(|(it, _)| it.lane).collect();
        self.clean = if found.is_empty() { self.clean + 1 } else { 0 };
        if self.clean >= LESSON {
            self.learn();
        }
        found
    }

    /// Which lanes are to blame. Shape `[lane]`.
    fn blamed(&self, lanes: usize) -> Vec<bool> {
        let mut blamed = vec![false; lanes];
        let usual = self.usual.unwrap_or_default();
        for limit in VANISHED.iter().filter(|limit| self.usual.is_some() || limit.minutes < QUARTER) {
            let sums = self.last(limit.minutes).unwrap_or_default();
            let too_many = |it: &Sums| it.vanished >= limit.least && it.vanished > (usual.0 + limit.share) * it.passed;
            blamed.iter_mut().zip(&sums).for_each(|(lane, it)| *lane |= too_many(it));
        }
        for limit in GHOSTS.iter().filter(|_| self.usual.is_some()) {
            let sums = self.last(limit.minutes).unwrap_or_default();
            let too_many = |it: &Sums| it.ghosts >= limit.least && it.ghosts > (usual.1 + limit.share) * it.passed;
            blamed.iter_mut().zip(&sums).for_each(|(lane, it)| *lane |= too_many(it));
        }
        blamed
    }

    fn learn(&mut self) {
        let Some(sums) = self.last(LESSON) else { return };
        let all = |of: fn(&Sums) -> f64| sums.iter().map(of).sum::<f64>();
        let passed = all(|it| it.passed).max(1.0);
        let share = (all(|it| it.vanished) / passed, all(|it| it.ghosts) / passed);
        let share = (share.0.min(USUAL_MAX.0), share.1.min(USUAL_MAX.1));
        let usual = self.usual.unwrap_or(share);
        self.usual = Some((0.5 * (usual.0 + share.0), 0.5 * (usual.1 + share.1)));
        self.clean = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two lanes for so many times five minutes; `told` is what the zone of the first says of its true count, from 15 minutes on. When is who found first?
    fn run(times: u32, told: impl Fn(u32, u32) -> u32) -> Option<(u32, Vec<LaneIx>)> {
        let mut balance = Balance::default();
        let mut before = [0, 0];
        (0..times * 300).find_map(|second| {
            // One vehicle every four seconds a lane fills up for 30 s and leaves in the next 30.
            let in_cycle = second % 60;
            let truth = if in_cycle < 30 { in_cycle / 4 } else { 7_u32.saturating_sub((in_cycle - 30) / 4) };
            let passed = u32::from(in_cycle > 30 && in_cycle % 4 == 2 && in_cycle < 60);
            let lie = if second < 900 { truth } else { told(second, truth) };
            let lane =
                |ix: usize, count| Booked { lane: LaneIx(ix), before: before[ix], count, passed, travel_s: 14.0 };
            let found = balance.book(&[lane(0, lie), lane(1, truth)], 1.0);
            before = [lie, truth];
            (!found.is_empty()).then_some((second + 1, found))
        })
    }

    #[test]
    fn a_zone_that_makes_vehicles_up_is_found_within_a_quarter_of_an_hour_and_a_true_one_never() {
        assert_eq!(run(24, |_, truth| truth), None);
        let (at, who) = run(6, |_, truth| 3 * truth).expect("two of three vanish");
        assert!(at <= 1_800 && who == [LaneIx(0)], "{at} {who:?}");
        let (at, who) =
            run(6, |second, truth| if second % 60 < 30 { truth + 9 } else { 0 }).expect("nine vanish a cycle");
        assert!(at <= 1_800 && who == [LaneIx(0)], "{at} {who:?}");
    }

    #[test]
    fn lanes_that_lie_alike_are_all_to_blame_within_minutes() {
        let mut balance = Balance::default();
        let mut before = 0;
        let found = (0..900).find_map(|second: u32| {
            // Nine call at red and are gone at green, on three lanes at once, while one passes every four seconds of green.
            let red = second % 60 < 30;
            let count = if red { 9 } else { 0 };
            let lane = |ix| Booked {
                lane: LaneIx(ix),
                before,
                count,
                passed: u32::from(!red && second.is_multiple_of(4)),
                travel_s: 14.0,
            };
            let found = balance.book(&[0, 1, 2].map(lane), 1.0);
            before = count;
            (!found.is_empty()).then_some((second + 1, found))
        });
        assert_eq!(found, Some((180, vec![LaneIx(0), LaneIx(1), LaneIx(2)])));
    }

    #[test]
    fn a_zone_that_loses_its_queue_once_because_it_was_switched_off_is_not_to_blame() {
        let mut balance = Balance::default();
        let mut before = 5;
        for second in 0..1_800 {
            let count = match second {
                899 => 30,
                900 => 0,
                _ => 5,
            };
            let passed = u32::from(second % 10 == 0);
            let found = balance.book(&[Booked { lane: LaneIx(0), before, count, passed, travel_s: 14.0 }], 1.0);
            before = count;
            assert!(found.is_empty(), "{second}");
        }
    }

    #[test]
    fn counts_that_are_wrong_by_a_fifth_anew_every_second_are_no_fault() {
        let mut lots = 1_u64;
        let mut blur = |number: u32| {
            lots = lots.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let unit = (lots >> 33) as f64 / f64::from(1_u32 << 31);
            // Any number near the middle lies within a fifth; the fraction is kept in the mean by the next lot.
            (f64::from(number) * (0.8 + 0.4 * unit) + 0.5) as u32
        };
        let mut balance = Balance::default();
        let mut before = [0; 3];
        for second in 0..7_200 {
            // Queues of up to 20 on three lanes: fuller than most, and noise grows with them.
            let in_cycle = second % 90;
            let truth = if in_cycle < 50 { 2 * in_cycle / 5 } else { 20_u32.saturating_sub((in_cycle - 50) / 2) };
            let passed = u32::from(in_cycle >= 50 && in_cycle % 2 == 1);
            let lanes = [0, 1, 2].map(|ix| Booked {
                lane: LaneIx(ix),
                before: before[ix],
                count: blur(truth),
                passed,
                travel_s: 14.0,
            });
            assert_eq!(balance.book(&lanes, 1.0), [], "{second}");
            before = lanes.map(|it| it.count);
        }
    }

    #[test]
    fn a_zone_that_sees_nobody_is_found_by_those_who_pass_all_the_same() {
        let (at, who) = run(6, |_, _| 0).expect("all of them are ghosts");
        assert!(at <= 1_800 && who == [LaneIx(0)], "{at} {who:?}");
    }
}
