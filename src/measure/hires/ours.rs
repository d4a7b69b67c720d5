//! What our street tells, as events: lamps, counts and requests of each second.
//!
//! | Event | Made of |
//! |---|---|
//! | 0 1 7 8 9 10 11 12, phase | lamps of a signal group, at the instant that its state tells; red clearance is the shortest intergreen of the group less its change interval |
//! | 4, 5, 6, 20 before 7 | 20 while a vehicle on duty is expected; 4 when nobody stood on its lanes and nobody had passed for the passage time; else 5 under local actuated control (it ends green for no third reason), 6 under a plan |
//! | 21 22 23, 45 90 89 | lamps of pedestrians, with their change interval as clearance; their requests |
//! | 82 81 on channel 3·lane + 1 | advance: a vehicle enters the zone of the lane, found by balance ([`Entries`]), in the middle of the second |
//! | 82 81 on channel 3·lane + 2 | count: passages over the stop line, spread over the second |
//! | 82 81 on channel 3·lane + 3 | presence: somebody stands on the lane or passes in the second |
//! | 102 105 107 104 111, 112 115 | requests of vehicles on duty and of buses; served when the lamp is green; over when they are due |
//! | 173 | the field controller begins or ends to flash |
//!
//! Phase numbers: those of the NEMA phases that serve a group with protected green, one group each; else 1 + the position of the group, above the NEMA numbers where there are
//! any. Weakness: counts are of whole seconds, so presence is known to the second, and a vehicle that moves in a queue is taken for present.

use super::channels::{Channels, Role, Watches};
use super::{Event, Names, code};
use crate::estimate::{CountedPlace, Observation};
use crate::ids::{GroupIx, LaneIx};
use crate::measure::entries::Entries;
use crate::network::{GroupKind, Intersection, Network, Turn};
use crate::plan::{FieldMode, GroupShown, Request, RequestKind, StateReport};
use crate::time::{Millis, Timestamp};
use crate::units::Indication;
use std::collections::BTreeMap;

/// A pulse of a detector lasts so long, or half of its share of the second.
const PULSE: Millis = Millis(200);
/// Nobody has passed for so long: the green has gapped out (FHWA Signal Timing Manual, passage time 2 to 4 s).
const PASSAGE: Millis = Millis::from_secs(3);
/// A request that is repeated within this time is the same.
const SAME_REQUEST: Millis = Millis::from_secs(600);

/// Turns seconds into events.
#[derive(Debug)]
pub struct Translator {
    sites: Vec<Site>,
}

#[derive(Debug)]
struct Site {
    signal: u32,
    groups: Vec<Group>,
    approaches: Vec<Entries>,
    lanes: Vec<Lane>,
    mode: Option<FieldMode>,
    asked: BTreeMap<String, Timestamp>,
    expected: Vec<Expected>,
}

#[derive(Debug)]
struct Group {
    phase: u16,
    kind: GroupKind,
    change: Millis,
    clearance: Millis,
    lanes: Vec<usize>,
    before: Option<GroupShown>,
    /// End of red clearance, or of the clearance of pedestrians.
    clears: Option<Timestamp>,
}

#[derive(Debug, Clone, Default)]
struct Lane {
    present: bool,
    halted: bool,
    passed: Option<Timestamp>,
}

/// A vehicle that asked for green.
#[derive(Debug)]
struct Expected {
    group: usize,
    on_duty: bool,
    due: Timestamp,
    served: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lamp {
    Green,
    Yellow,
    Red,
    None,
}

fn lamp(indication: Indication) -> Lamp {
    match indication {
        Indication::Protected | Indication::Permissive => Lamp::Green,
        Indication::Yellow => Lamp::Yellow,
        Indication::FlashingYellow | Indication::Dark => Lamp::None,
        Indication::Red | Indication::RedTurnAllowed | Indication::RedYellow => Lamp::Red,
    }
}

/// Phase number of each group.
fn numbers(intersection: &Intersection) -> Vec<u16> {
    let mut numbers = vec![0; intersection.groups.len()];
    for phase in &intersection.phases {
        if let Some(group) = phase.groups.iter().find(|group| numbers[group.0] == 0) {
            numbers[group.0] = u16::from(phase.number);
        }
    }
    let above = if intersection.phases.is_empty() { 0 } else { 16 };
    let others = numbers.iter_mut().zip(1..).filter(|(number, _)| **number == 0);
    others.for_each(|(number, at)| *number = above + at);
    numbers
}

/// Channel of a lane.
fn channel(lane: usize, role: Role) -> u16 {
    let of_role = match role {
        Role::Advance => 1,
        Role::Count => 2,
        Role::Presence => 3,
    };
    u16::try_from(3 * lane + of_role).unwrap_or(u16::MAX)
}

/// What the channels and phases of a network are.
pub fn channels(network: &Network) -> Channels {
    let mut channels = Channels::default();
    for intersection in &network.intersections {
        let (id, numbers) = (intersection.id.as_str(), numbers(intersection));
        for (group, &number) in intersection.groups.iter().zip(&numbers) {
            channels.name(id, number, group.id.clone());
        }
        for (ix, lane) in intersection.lanes.iter().enumerate() {
            let movements = || lane.movements.iter().map(|it| &intersection.movements[it.0]);
            let Some(serves) = movements().find(|it| it.turn == Turn::Through).or_else(|| movements().next()) else {
                continue;
            };
            for role in [Role::Advance, Role::Count, Role::Presence] {
                let advance = role == Role::Advance;
                let travel = if advance { Millis::from_secs_f64(lane.zone_m / lane.speed_mps) } else { Millis::ZERO };
                channels.watch(id, channel(ix, role), Watches { phase: numbers[serves.group.0], role, travel });
            }
        }
    }
    channels
}

impl Translator {
    /// Of the intersections of a network, which get their positions among the names.
    pub fn new(network: &Network, names: &mut Names) -> Self {
        let site = |it: &Intersection| names.position(it.id.as_str()).map(|signal| Site::new(it, signal));
        Self { sites: network.intersections.iter().map_while(site).collect() }
    }

    /// One second of the intersection at a position; events are added to `out`, by and large in order.
    pub fn second(
        &mut self,
        ix: usize,
        state: &StateReport,
        seen: Option<&Observation>,
        requests: &[Request],
        out: &mut Vec<Event>,
    ) {
        let Some(site) = self.sites.get_mut(ix) else { return };
        let signal = site.signal;
        let mut put = |at: Timestamp, code: u16, param: u16| out.push(Event { at, code, param, signal });
        site.ask(requests, &mut put);
        site.flash(state, &mut put);
        site.lamps(state, &mut put);
        site.serve(state, &mut put);
        if let Some(seen) = seen.filter(|it| it.at == state.shown.at) {
            site.detect(seen, &mut put);
        }
    }
}

impl Site {
    fn new(intersection: &Intersection, signal: u32) -> Self {
        let numbers = numbers(intersection);
        let group = |ix: GroupIx| {
            let it = &intersection.groups[ix.0];
            let rows = intersection.intergreens.row(ix.0);
            let least = rows.iter().copied().filter(|it| *it > Millis::ZERO).min().unwrap_or(it.change);
            Group {
                phase: numbers[ix.0],
                kind: it.kind,
                change: it.change,
                clearance: (least - it.change).max(Millis::ZERO),
                lanes: intersection.lanes_of(ix).map(|lane| lane.0).collect(),
                before: None,
                clears: None,
            }
        };
        Self {
            signal,
            groups: intersection.group_ixs().map(group).collect(),
            approaches: intersection.approaches.iter().map(|it| Entries::new(&it.lanes)).collect(),
            lanes: vec![Lane::default(); intersection.lanes.len()],
            mode: None,
            asked: BTreeMap::new(),
            expected: Vec::new(),
        }
    }

    fn ask(&mut self, requests: &[Request], put: &mut impl FnMut(Timestamp, u16, u16)) {
        for request in requests {
            let Some(group) = self.groups.get(request.group.0) else { continue };
            let again =
                self.asked.insert(request.id.clone(), request.at).is_some_and(|at| request.at - at < SAME_REQUEST);
            self.asked.retain(|_, at| request.at - *at < SAME_REQUEST);
            let due = request.eta.unwrap_or(request.at);
            match request.kind {
                _ if again => {
                    let same =
                        |it: &&mut Expected| it.group == request.group.0 && request.kind != RequestKind::Pedestrian;
                    self.expected.iter_mut().filter(same).for_each(|it| it.due = due);
                }
                RequestKind::Pedestrian => {
                    put(request.at, code::PED_CALL, group.phase);
                    put(request.at, code::BUTTON_ON, group.phase);
                    put(request.at + PULSE, code::BUTTON_OFF, group.phase);
                }
                RequestKind::Emergency => {
                    put(request.at, code::PREEMPT_CALL, group.phase);
                    put(request.at, code::PREEMPT_ENTRY, group.phase);
                    self.expected.push(Expected { group: request.group.0, on_duty: true, due, served: false });
                }
                RequestKind::Transit => {
                    put(request.at, code::PRIORITY_IN, group.phase);
                    self.expected.push(Expected { group: request.group.0, on_duty: false, due, served: false });
                }
            }
        }
    }

    fn flash(&mut self, state: &StateReport, put: &mut impl FnMut(Timestamp, u16, u16)) {
        let flashes = state.mode == FieldMode::Flash;
        let did = self.mode.replace(state.mode).is_some_and(|it| it == FieldMode::Flash);
        if flashes != did {
            put(state.shown.at, code::FLASH, if flashes { code::AUTOMATIC_FLASH } else { code::NOT_FLASH });
        }
    }

    fn lamps(&mut self, state: &StateReport, put: &mut impl FnMut(Timestamp, u16, u16)) {
        let on_duty: Vec<usize> = self.expected.iter().filter(|it| it.on_duty).map(|it| it.group).collect();
        for (group, now) in self.groups.iter_mut().zip(&state.shown.groups) {
            if let Some(end) = group.clears.filter(|&end| end <= state.shown.at) {
                group.clear(end, put);
            }
            let Some(before) = group.before.replace(*now) else { continue };
            let (was, is) = (lamp(before.indication), lamp(now.indication));
            if was == is {
                continue;
            }
            if was == Lamp::Green && group.kind != GroupKind::Pedestrian {
                let end = if is == Lamp::Yellow { now.since } else { now.green_end.unwrap_or(now.since) };
                let used = group.lanes.iter().map(|&lane| &self.lanes[lane]);
                let used = used.clone().any(|it| it.halted || it.passed.is_some_and(|at| end - at <= PASSAGE));
                let why = match state.mode {
                    _ if !on_duty.is_empty() => code::PREEMPT_FORCE_OFF,
                    _ if !used => code::GAP_OUT,
                    FieldMode::LocalActuated => code::MAX_OUT,
                    _ => code::FORCE_OFF,
                };
                put(end, why, group.phase);
                put(end, code::GREEN_END, group.phase);
                if is != Lamp::None {
                    put(end, code::YELLOW, group.phase);
                }
            }
            group.becomes(was, is, now, put);
        }
    }

    /// Vehicles that asked: served when their lamp is green, gone when they are due.
    fn serve(&mut self, state: &StateReport, put: &mut impl FnMut(Timestamp, u16, u16)) {
        let (groups, at) = (&self.groups, state.shown.at);
        self.expected.retain_mut(|it| {
            let phase = groups[it.group].phase;
            let green = state.shown.groups.get(it.group).is_some_and(|it| it.indication.is_green());
            if green && !it.served && it.on_duty {
                put(at, code::PREEMPT_DWELL, phase);
            }
            it.served |= green;
            let gone = it.served && it.due <= at || it.due + SAME_REQUEST < at;
            if gone && it.on_duty {
                put(at, code::PREEMPT_CALL_OFF, phase);
                put(at, code::PREEMPT_EXIT, phase);
            } else if gone {
                put(at, code::PRIORITY_OUT, phase);
            }
            !gone
        });
    }

    fn detect(&mut self, seen: &Observation, put: &mut impl FnMut(Timestamp, u16, u16)) {
        let begin = seen.at - seen.period;
        for entries in &mut self.approaches {
            let entered = entries.entered(seen);
            for lane in LaneIx::all(self.lanes.len()) {
                let count = entered.iter().filter(|it| **it == lane).count();
                pulses(begin, seen.period, count, |at, code| put(at, code, channel(lane.0, Role::Advance)));
            }
        }
        for place in &seen.places {
            let CountedPlace::Lane(ix) = place.place else { continue };
            let Some(lane) = self.lanes.get_mut(ix.0) else { continue };
            let passed = place.passed as usize;
            pulses(begin, seen.period, passed, |at, code| put(at, code, channel(ix.0, Role::Count)));
            let present = place.halted > 0 || passed > 0;
            if present != lane.present {
                put(begin, if present { code::DETECTOR_ON } else { code::DETECTOR_OFF }, channel(ix.0, Role::Presence));
            }
            lane.present = present;
            lane.halted = place.halted > 0;
            if passed > 0 {
                lane.passed = Some(seen.at);
            }
        }
    }
}

impl Group {
    /// Another lamp, but for the end of green.
    fn becomes(&mut self, was: Lamp, is: Lamp, now: &GroupShown, put: &mut impl FnMut(Timestamp, u16, u16)) {
        if self.kind == GroupKind::Pedestrian {
            match is {
                Lamp::Green => {
                    self.clear(now.since, put);
                    put(now.since, code::WALK, self.phase);
                }
                _ if was == Lamp::Green => {
                    let end = now.green_end.unwrap_or(now.since);
                    put(end, code::PED_CLEARANCE, self.phase);
                    self.clears = Some(end + self.change);
                }
                _ => {}
            }
            return;
        }
        match (was, is) {
            (_, Lamp::Green) => {
                self.clear(now.since, put);
                put(now.since, code::PHASE_ON, self.phase);
                put(now.since, code::GREEN, self.phase);
            }
            (Lamp::Green | Lamp::Yellow, Lamp::Red) => {
                put(now.since, code::YELLOW_END, self.phase);
                if self.clearance > Millis::ZERO {
                    put(now.since, code::RED_CLEARANCE, self.phase);
                    self.clears = Some(now.since + self.clearance);
                } else {
                    put(now.since, code::PHASE_INACTIVE, self.phase);
                }
            }
            _ => {}
        }
    }

    /// A clearance is over, at `at` at the latest.
    fn clear(&mut self, at: Timestamp, put: &mut impl FnMut(Timestamp, u16, u16)) {
        let Some(end) = self.clears.take() else { return };
        if self.kind == GroupKind::Pedestrian {
            put(end.min(at), code::DONT_WALK, self.phase);
        } else {
            put(end.min(at), code::RED_CLEARANCE_END, self.phase);
            put(end.min(at), code::PHASE_INACTIVE, self.phase);
        }
    }
}

/// So many pulses, spread evenly over a period.
fn pulses(begin: Timestamp, period: Millis, count: usize, mut put: impl FnMut(Timestamp, u16)) {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    for number in 0..count {
        let share = period.0 / count;
        let on = begin + Millis(number * share + share / 2);
        put(on, code::DETECTOR_ON);
        put(on + PULSE.min(Millis(share / 2)), code::DETECTOR_OFF);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::entries::tests::seen;
    use crate::network::sample::{LEFT_NS, THROUGH_NS, crossroads, lane};
    use crate::plan::Shown;

    /// Code, parameter and instant \[ms\] of what happens when `stage` is shown from second 0 and all is yellow from `yellow` on, then red.
    fn told(mode: FieldMode, lanes: &[(usize, u32, u32)], requests: &[Request]) -> Vec<(u16, u16, i64)> {
        let intersection = crossroads();
        let network = Network { city: "x".into(), intersections: vec![intersection.clone()], links: Vec::new() };
        let mut translator = Translator::new(&network, &mut Names::default());
        let (mut shown, mut out) = (Shown::all_red(&intersection, Timestamp::from_secs(-9)), Vec::new());
        let green = intersection.stage(THROUGH_NS).signals.clone();
        for second in 0..25 {
            let lamps: Vec<Indication> = match second {
                0 => shown.lamps(),
                1..=10 => green.clone(),
                11..=13 => green.iter().map(|it| if it.is_green() { Indication::Yellow } else { *it }).collect(),
                _ => vec![Indication::Red; 8],
            };
            shown.advance(Timestamp::from_secs(second), Some(THROUGH_NS), &lamps);
            let state = StateReport {
                intersection: intersection.id.clone(),
                config_hash: String::new(),
                shown: shown.clone(),
                mode,
                applied: None,
                refused: None,
                nonce: 1,
            };
            let requests = if second == 5 { requests } else { &[] };
            translator.second(0, &state, Some(&seen(second, lanes)), requests, &mut out);
        }
        out.sort();
        out.iter().map(|it| (it.code, it.param, it.at.0)).collect()
    }

    fn of(told: &[(u16, u16, i64)], param: u16) -> Vec<(u16, i64)> {
        told.iter().filter(|it| it.1 == param && it.0 < 81).map(|it| (it.0, it.2)).collect()
    }

    #[test]
    fn a_green_nobody_used_gaps_out_and_its_clearances_follow() {
        let told = told(FieldMode::Remote, &[(lane(0, 0).0, 0, 0)], &[]);
        let expected = [
            (0, 1_000),
            (1, 1_000),
            (4, 11_000),
            (7, 11_000),
            (8, 11_000),
            (9, 14_000),
            (10, 14_000),
            (11, 15_000),
            (12, 15_000),
        ];
        assert_eq!(of(&told, 1), expected);
        assert_eq!(of(&told, 3), [], "red all along");
    }

    #[test]
    fn a_green_in_use_is_forced_off_by_a_plan_and_maxes_out_in_local_control() {
        let passing = [(lane(0, 0).0, 3, 1)];
        let end = |mode, requests: &[Request]| {
            let told = told(mode, &passing, requests);
            told.into_iter().find(|it| it.1 == 1 && [4, 5, 6, 20].contains(&it.0))
        };
        assert_eq!(end(FieldMode::Remote, &[]), Some((6, 1, 11_000)));
        assert_eq!(end(FieldMode::LocalActuated, &[]), Some((5, 1, 11_000)));
        let fire = Request {
            intersection: "crossroads".into(),
            id: "ladder".into(),
            at: Timestamp::from_secs(5),
            kind: RequestKind::Emergency,
            group: GroupIx(2),
            eta: Some(Timestamp::from_secs(30)),
            class: None,
        };
        assert_eq!(end(FieldMode::Remote, std::slice::from_ref(&fire)), Some((20, 1, 11_000)));
        let told = told(FieldMode::Remote, &passing, &[fire]);
        assert_eq!(
            told.iter().filter(|it| it.0 > 100).map(|it| (it.0, it.1)).collect::<Vec<_>>(),
            [(102, 3), (105, 3)]
        );
    }

    #[test]
    fn passages_are_pulses_within_their_second_and_presence_lasts() {
        let told = told(FieldMode::Remote, &[(lane(0, 1).0, 3, 2)], &[]);
        let on =
            |channel: u16| told.iter().filter(|it| it.1 == channel && it.0 == 82).map(|it| it.2).collect::<Vec<_>>();
        let first = 3 * lane(0, 1).0 as u16;
        assert_eq!(on(first + 2)[..4], [-750, -250, 250, 750]);
        assert_eq!(on(first + 3), [-1_000]);
        assert_eq!(on(first + 1).len(), 48, "two come for two who pass, but for those who were there at first");
        let pairs = told.iter().filter(|it| it.1 == first + 2 && it.0 == 81).count();
        assert_eq!(pairs, 50);
    }

    #[test]
    fn channels_say_which_phase_serves_whom() {
        let network = Network { city: "x".into(), intersections: vec![crossroads()], links: Vec::new() };
        let channels = channels(&network);
        let of_left = &channels.of("crossroads").unwrap()[&(3 * lane(0, 1).0 as u16 + 1)];
        assert_eq!((of_left[0].phase, of_left[0].role, of_left[0].travel), (2, Role::Advance, Millis(14_399)));
        assert_eq!(channels.phase_name("crossroads", 2), "g1");
        assert!(crossroads().stage(LEFT_NS).serves(GroupIx(1)));
    }
}
