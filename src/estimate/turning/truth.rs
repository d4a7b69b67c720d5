//! Turn shares against a street whose truth is known: four shared lanes, four roads behind the junction that count.

use crate::estimate::{CountedPlace, Entered, EntryRoom, Estimator, Observation, Outflow, PlaceCount};
use crate::ids::{GroupIx, LinkId};
use crate::network::sample::{LEFT_NS, THROUGH_EW, THROUGH_NS, crossroads, lane, movement};
use crate::network::{Intersection, Link};
use crate::plan::Shown;
use crate::time::{Millis, Timestamp};
use crate::units::Indication;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::sync::Arc;

/// Where the roads behind the junction are counted, from the stop line here \[m\].
const TO_COUNTER_M: f64 = 60.0;
const SPEED_MPS: f64 = 13.89;
const HEADWAY_S: i64 = 2;

/// Even chances from a seed (Knuth's MMIX generator).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A shared lane: vehicles in order, with the second at which each reaches the stop line and whether it goes straight on.
#[derive(Default)]
struct TrueLane {
    vehicles: VecDeque<(i64, bool)>,
    last_left: i64,
}

/// What is on the way to a counter behind the junction, and what it has counted.
#[derive(Default, Clone)]
struct TrueRoad {
    arriving: Vec<f64>,
    entered: u64,
}

/// How the street is and how well it is seen.
struct Setting {
    intersection: Intersection,
    /// Which legs have a counter behind them.
    counted: Vec<usize>,
    /// Share of the vehicles that a counter misses; as many are counted twice.
    miscount: f64,
    /// A neighbour is heard every so many seconds.
    hear_every: i64,
    seed: u64,
}

impl Setting {
    fn new(counted: &[usize]) -> Self {
        Self { intersection: crossroads(), counted: counted.to_vec(), miscount: 0.0, hear_every: 1, seed: 7 }
    }

    /// Run for `secs`; `truth(second)` are the shares of straight on of the four shared lanes. Gives what is believed,
    /// second by second.
    fn run(&self, secs: i64, truth: impl Fn(i64) -> [f64; 4]) -> Vec<[f64; 4]> {
        let intersection = Arc::new(self.intersection.clone());
        let links: Vec<Link> = self.counted.iter().map(|&leg| link(leg)).collect();
        let mut estimator = Estimator::new(Arc::clone(&intersection), &links, &crate::estimate::Settings::default());
        let mut shown = Shown::all_red(&intersection, Timestamp::from_secs(-100));
        let mut chance = Chance(self.seed);
        let mut lanes: [TrueLane; 4] = Default::default();
        let mut roads = vec![TrueRoad::default(); 4];
        let mut believed = Vec::new();
        for second in 1..=secs {
            let at = Timestamp::from_secs(second);
            let lamps = self.lamps(second);
            shown.advance(at, None, &lamps);
            let mut places = Vec::new();
            for (leg, street) in lanes.iter_mut().enumerate() {
                if chance.next() < 0.2 {
                    street.vehicles.push_back((second + 14, chance.next() < truth(second)[leg]));
                }
                let turns = [movement(leg, 0), movement(leg, 1)];
                let open = turns.map(|m| lamps[intersection.movements[m.0].group.0].is_green());
                let mut passed = 0;
                if let Some(&(due, straight)) = street.vehicles.front()
                    && due <= second
                    && second - street.last_left >= HEADWAY_S
                    && open[usize::from(!straight)]
                {
                    street.vehicles.pop_front();
                    street.last_left = second;
                    passed = 1;
                    let exit = intersection.movements[turns[usize::from(!straight)].0].exit.unwrap();
                    let travel_s = 2.0 + TO_COUNTER_M / SPEED_MPS * (0.8 + 0.5 * chance.next());
                    roads[exit.0].arriving.push(second as f64 + travel_s);
                }
                let queued = street.vehicles.iter().filter(|(due, _)| *due <= second).count() as u32;
                let halted = if second - street.last_left > 3 { queued } else { 0 };
                let (place, count) = (CountedPlace::Lane(lane(leg, 0)), street.vehicles.len() as u32);
                places.push(PlaceCount { place, count, halted, passed, occupancy: None, mean_speed_mps: None });
            }
            let seen = Observation { at, seq: second as u64, period: Millis::from_secs(1), places };
            estimator.observe(&seen, &shown);
            for road in &mut roads {
                let before = road.arriving.len();
                road.arriving.retain(|&arrives| arrives > second as f64);
                for _ in road.arriving.len()..before {
                    let luck = chance.next();
                    road.entered += if luck < self.miscount { 0 } else { 1 + u64::from(luck > 1.0 - self.miscount) };
                }
            }
            if second % self.hear_every == 0 {
                self.counted.iter().for_each(|&leg| estimator.hear(&word(leg, roads[leg].entered, at)));
            }
            believed.push([0, 1, 2, 3].map(|leg| estimator.turning.shares()[movement(leg, 0).0]));
        }
        believed
    }

    /// Half a minute north–south, half a minute east–west; where right turns have their own green, that in between.
    fn lamps(&self, second: i64) -> Vec<Indication> {
        let stage = |stage: crate::ids::StageIx| self.intersection.stage(stage).signals.clone();
        match second % 70 {
            0..25 => stage(THROUGH_NS),
            30..40 => stage(LEFT_NS),
            45..65 => stage(THROUGH_EW),
            _ => vec![Indication::Red; 8],
        }
    }
}

fn link(leg: usize) -> Link {
    let id = LinkId::new(format!("out{leg}"));
    Link {
        id: id.clone(),
        from: "crossroads".into(),
        to: format!("next{leg}").as_str().into(),
        approach: id,
        length_m: 260.0,
        speed_mps: SPEED_MPS,
        share_prior: 1.0,
    }
}

fn word(leg: usize, total: u64, at: Timestamp) -> Outflow {
    let entered = Some(Entered { total, reach_m: 260.0 - TO_COUNTER_M });
    let approach = LinkId::new(format!("out{leg}"));
    let entry = EntryRoom { approach, vehicles: 0.0, queued: 0.0, storage: 50.0, moves_in: None, entered };
    Outflow { intersection: format!("next{leg}").as_str().into(), at, links: Vec::new(), entries: vec![entry] }
}

/// Mean of what was believed of a leg in a span of seconds.
fn mean(believed: &[[f64; 4]], leg: usize, span: std::ops::Range<usize>) -> f64 {
    believed[span.clone()].iter().map(|shares| shares[leg]).sum::<f64>() / span.len() as f64
}

const TRUTH: [f64; 4] = [0.55, 0.9, 0.7, 0.35];

#[test]
fn shares_are_found_from_what_enters_the_roads_behind_the_junction() {
    let believed = Setting::new(&[0, 1, 2, 3]).run(5_400, |_| TRUTH);
    for (leg, truly) in TRUTH.into_iter().enumerate() {
        let share = mean(&believed, leg, 1_800..5_400);
        assert!((share - truly).abs() < 0.05, "leg {leg}: {share:.3} for {truly}");
    }
}

#[test]
fn miscounts_and_lost_messages_do_not_bend_the_shares() {
    let setting = Setting { miscount: 0.05, hear_every: 7, ..Setting::new(&[0, 1, 2, 3]) };
    let believed = setting.run(5_400, |_| TRUTH);
    for (leg, truly) in TRUTH.into_iter().enumerate() {
        let share = mean(&believed, leg, 1_800..5_400);
        assert!((share - truly).abs() < 0.05, "leg {leg}: {share:.3} for {truly}");
    }
}

#[test]
fn a_road_without_a_counter_gets_what_the_others_leave_over() {
    let believed = Setting::new(&[0, 2]).run(5_400, |_| TRUTH);
    // straight on from 0 leads to 2 and the right turns of 3 merge there; 0 the other way round
    for leg in [0, 2, 1, 3] {
        let share = mean(&believed, leg, 1_800..5_400);
        assert!((share - TRUTH[leg]).abs() < 0.05, "leg {leg}: {share:.3} for {}", TRUTH[leg]);
    }
}

#[test]
fn shares_follow_a_change_of_the_demand() {
    let believed = Setting::new(&[0, 1, 2, 3]).run(9_000, |second| [if second < 3_600 { 0.8 } else { 0.3 }; 4]);
    for leg in 0..4 {
        let (before, after) = (mean(&believed, leg, 1_800..3_600), mean(&believed, leg, 6_600..9_000));
        // half an hour after the change a few hundredths of the old shares and of the prior are left
        assert!((before - 0.8).abs() < 0.05 && (after - 0.3).abs() < 0.12, "leg {leg}: {before:.3}, then {after:.3}");
    }
}

#[test]
fn lamps_alone_tell_the_shares_where_the_turns_have_their_own_greens() {
    let mut setting = Setting::new(&[]);
    for leg in [0, 2] {
        setting.intersection.movements[movement(leg, 1).0].group = GroupIx(2 * leg + 1);
        setting.intersection.stages[THROUGH_NS.0].signals[2 * leg + 1] = Indication::Red;
    }
    let believed = setting.run(7_200, |_| [0.55, 0.5, 0.9, 0.5]);
    for (leg, truly) in [(0, 0.55), (2, 0.9)] {
        let share = mean(&believed, leg, 1_800..7_200);
        assert!((share - truly).abs() < 0.05, "leg {leg}: {share:.3} for {truly}");
    }
    assert!(believed.iter().all(|shares| (shares[1] - 0.8).abs() < 0.01), "nothing tells the turns of leg 1");
}

#[test]
fn shares_without_any_evidence_are_those_of_the_file() {
    let believed = Setting::new(&[]).run(1_800, |_| TRUTH);
    assert!(believed.iter().flatten().all(|share| (share - 0.8).abs() < 0.01));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn whatever_the_truth_the_shares_come_near_it_and_stay_shares(
        truth in prop::array::uniform4(0.05..0.95_f64), miscount in 0.0..0.1_f64, hear_every in 1_i64..15, seed in any::<u64>(),
    ) {
        let setting = Setting { miscount, hear_every, seed, ..Setting::new(&[0, 1, 2, 3]) };
        let believed = setting.run(5_400, |_| truth);
        prop_assert!(believed.iter().flatten().all(|share| (0.0..=1.0).contains(share)));
        for (leg, truly) in truth.into_iter().enumerate() {
            let share = mean(&believed, leg, 1_800..5_400);
            prop_assert!((share - truly).abs() < 0.12, "leg {}: {:.3} for {}", leg, share, truly);
        }
    }
}
