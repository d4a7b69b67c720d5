//! Local actuated control: what a controller does by itself when nobody plans for it.
//!
//! Fully actuated, stage based. A lane *calls* while a vehicle is present on its detector; the stage that is green is
//! extended by its own lanes and ended for the others':
//!
//! ```text
//!            minimum green            nobody waits elsewhere: rest
//!   entered ───────────────> running ────────────────────────────┐
//!                              │  ^                               │
//!                              │  └───────────────────────────────┘
//!                              ├─ gap-out: no lane that would lose green was seen for the passage time
//!                              ├─ max-out: the maximum green is over since the first waiting call
//!                              └─ maximum red: a waiting group must be served now to be in time
//!                              v
//!            next stage in programme order that answers a call; stages without calls are skipped
//! ```
//!
//! In: lamps shown, presence per lane, time. Out: the stage to go to, `None` to stay. The caller lays the change out with
//! minimum greens and intergreens. Deterministic: the same calls give the same stages.
//!
//! Assumptions and weaknesses: presence should come from the last 30…50 m at most; a zone of 200 m never gaps out. Lanes
//! whose detector is unhealthy ([`Actuated::set_unhealthy`]) and crosswalks (no push buttons here) are on *minimum
//! recall*: they are called while red and never extend. A lane calls for every turn that starts on it, as nobody knows
//! which one is wanted.
//!
//! Source: FHWA Traffic Signal Timing Manual (2008), ch. 5 (passage time, gap-out, max-out, recall, simultaneous gap).

use super::service;
use crate::ids::{GroupIx, LaneIx, StageIx};
use crate::network::Intersection;
use crate::plan::Shown;
use crate::time::{Millis, Timestamp};

/// Settings of local actuated control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActuatedSettings {
    /// How long a vehicle extends the green after it was last seen; 1…10 s.
    pub passage: Millis,
    /// Longest green while somebody waits elsewhere; 10…120 s.
    pub green_max: Millis,
}

impl Default for ActuatedSettings {
    fn default() -> Self {
        Self { passage: Millis::from_secs(3), green_max: Millis::from_secs(60) }
    }
}

/// Local actuated control of one intersection.
#[derive(Debug, Clone)]
pub struct Actuated {
    settings: ActuatedSettings,
    /// Lanes whose detector is not to be believed.
    unhealthy: Vec<bool>,
    /// When a vehicle was last seen on each lane.
    seen: Vec<Option<Timestamp>>,
    /// The stage that is green and when it became so.
    green: Option<(StageIx, Timestamp)>,
    /// Since when somebody waits elsewhere during this green.
    waiting: Option<Timestamp>,
}

/// One second for the decision and one for the street to follow it.
const REACTION: Millis = Millis::from_secs(2);

impl Actuated {
    /// A controller that has seen nothing yet.
    pub fn new(settings: ActuatedSettings) -> Self {
        Self { settings, unhealthy: Vec::new(), seen: Vec::new(), green: None, waiting: None }
    }

    /// Say which lanes' detectors are not to be believed, in lane order; they go on minimum recall.
    pub fn set_unhealthy(&mut self, lanes: &[bool]) {
        self.unhealthy = lanes.to_vec();
    }

    /// The stage to go to, `None` to stay; `calls` is presence per lane, in lane order. A lane without an entry counts
    /// as unhealthy.
    pub fn decide(
        &mut self,
        intersection: &Intersection,
        shown: &Shown,
        calls: &[bool],
        at: Timestamp,
    ) -> Option<StageIx> {
        self.watch(intersection, calls, at);
        let order = stage_order(intersection);
        let Some(stage) = shown.stage else { return order.first().copied() };
        if !shown.is_fully(intersection.stage(stage)) {
            return Some(stage);
        }
        let entered = self.entered(stage, at);
        let waiting = self.waiting_stages(intersection, shown, calls, &order, stage);
        let Some(&next) = waiting.first() else {
            self.waiting = None;
            return None;
        };
        let since = *self.waiting.get_or_insert(at);
        if at - entered < intersection.green_min(stage) {
            return None;
        }
        if let Some(urgent) = self.urgent(intersection, shown, calls, &waiting, stage, at) {
            return Some(urgent);
        }
        let max_out = at - since >= self.settings.green_max;
        let gap_out = !self.extends(intersection, stage, next, at);
        (max_out || gap_out).then_some(next)
    }

    /// Where to go now when somebody may wait at every red group, because one of them would be red for too long; `None` while
    /// there is time, or a change is under way.
    pub fn overdue(&self, intersection: &Intersection, shown: &Shown, at: Timestamp) -> Option<StageIx> {
        let stage = shown.stage.filter(|&stage| shown.is_fully(intersection.stage(stage)))?;
        let waiting = self.waiting_stages(intersection, shown, &[], &stage_order(intersection), stage);
        self.urgent(intersection, shown, &[], &waiting, stage, at)
    }

    /// Remember who was seen.
    fn watch(&mut self, intersection: &Intersection, calls: &[bool], at: Timestamp) {
        self.seen.resize(intersection.lanes.len(), None);
        for lane in intersection.lane_ixs() {
            if self.healthy(lane, calls) && calls[lane.0] {
                self.seen[lane.0] = Some(at);
            }
        }
    }

    fn healthy(&self, lane: LaneIx, calls: &[bool]) -> bool {
        lane.0 < calls.len() && !self.unhealthy.get(lane.0).copied().unwrap_or(false)
    }

    /// Since when the stage is green.
    fn entered(&mut self, stage: StageIx, at: Timestamp) -> Timestamp {
        match self.green {
            Some((green, since)) if green == stage => since,
            _ => {
                self.waiting = None;
                self.green = Some((stage, at));
                at
            }
        }
    }

    /// Whether somebody waits for a group that is red in the stage (or for a crosswalk).
    fn waits(&self, intersection: &Intersection, group: GroupIx, stage: StageIx, calls: &[bool]) -> bool {
        if intersection.stage(stage).serves(group) {
            return false;
        }
        let mut movements = intersection.movements.iter().filter(|movement| movement.group == group);
        movements.any(|movement| movement.lane.is_none_or(|lane| !self.healthy(lane, calls) || calls[lane.0]))
    }

    /// Whether a lane is only permissive in the stage, has somebody on it, and another stage serves it better.
    fn waits_for_protection(&self, intersection: &Intersection, lane: LaneIx, stage: StageIx, calls: &[bool]) -> bool {
        (!self.healthy(lane, calls) || calls[lane.0]) && !service::speaks_for(intersection, stage, lane)
    }

    /// Stages that answer a call, in programme order after the present one.
    fn waiting_stages(
        &self,
        intersection: &Intersection,
        shown: &Shown,
        calls: &[bool],
        order: &[StageIx],
        stage: StageIx,
    ) -> Vec<StageIx> {
        let answers = |candidate: StageIx| {
            let served = |group: &GroupIx| intersection.stage(candidate).serves(*group);
            let by_group = intersection.group_ixs().filter(served).any(|group| {
                !shown.groups[group.0].indication.is_green() && self.waits(intersection, group, stage, calls)
            });
            by_group
                || intersection.lane_ixs().any(|lane| {
                    service::speaks_for(intersection, candidate, lane)
                        && self.waits_for_protection(intersection, lane, stage, calls)
                })
        };
        let place = order.iter().position(|&it| it == stage).map_or(0, |place| place + 1);
        let after = order[place.min(order.len())..].iter().chain(&order[..place.min(order.len())]);
        after.copied().filter(|&it| it != stage && answers(it)).collect()
    }

    /// Where to go now because a waiting group would otherwise be red for longer than allowed.
    fn urgent(
        &self,
        intersection: &Intersection,
        shown: &Shown,
        calls: &[bool],
        waiting: &[StageIx],
        stage: StageIx,
        at: Timestamp,
    ) -> Option<StageIx> {
        let mut from = stage;
        let mut reach = at;
        for &next in waiting {
            let direct = at + intersection.intergreen(stage, next);
            reach = reach + intersection.intergreen(from, next);
            for group in intersection.group_ixs().filter(|&group| intersection.stage(next).serves(group)) {
                if !self.waits(intersection, group, stage, calls) {
                    continue;
                }
                let red = shown.groups[group.0].green_end.unwrap_or(shown.groups[group.0].since);
                let deadline = red + intersection.groups[group.0].red_max - REACTION;
                if direct >= deadline {
                    return Some(next);
                }
                if reach >= deadline {
                    return waiting.first().copied();
                }
            }
            reach = reach + intersection.green_min(next);
            from = next;
        }
        None
    }

    /// Whether a lane that would lose its green was seen within the passage time.
    fn extends(&self, intersection: &Intersection, stage: StageIx, next: StageIx, at: Timestamp) -> bool {
        intersection.lane_ixs().any(|lane| {
            let recent = self.seen[lane.0].is_some_and(|seen| at - seen < self.settings.passage);
            recent && service::speaks_for(intersection, stage, lane) && !service::speaks_for(intersection, next, lane)
        })
    }
}

/// Stages in the order of the programme, then those that it does not use.
fn stage_order(intersection: &Intersection) -> Vec<StageIx> {
    let mut order: Vec<StageIx> = Vec::new();
    for stage in intersection.programme.steps.iter().map(|step| step.stage).chain(intersection.stage_ixs()) {
        if !order.contains(&stage) {
            order.push(stage);
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::{self, LEFT_EW, LEFT_NS, THROUGH_EW, THROUGH_NS, lane};
    use crate::plan::layout::{Leg, lay_out};

    /// Runs the controller second by second; `present` says which lanes have somebody at a second.
    fn run(seconds: i64, controller: &mut Actuated, present: impl Fn(i64) -> Vec<LaneIx>) -> Vec<StageIx> {
        let crossroads = sample::crossroads();
        let mut shown = Shown::all_red(&crossroads, Timestamp::from_secs(0));
        shown.advance(Timestamp::from_secs(0), Some(THROUGH_NS), &crossroads.stage(THROUGH_NS).signals);
        let mut history = Vec::new();
        for second in 0..seconds {
            let at = Timestamp::from_secs(second);
            shown.at = at;
            let lanes = present(second);
            let calls: Vec<bool> = crossroads.lane_ixs().map(|lane| lanes.contains(&lane)).collect();
            if let Some(to) = controller.decide(&crossroads, &shown, &calls, at) {
                let intervals = lay_out(&crossroads, &shown, &[Leg { to, leave: at }], at + Millis::from_secs(1));
                let now = intervals.iter().find(|it| it.start <= at && at < it.end).expect("covered");
                shown.advance(at, Some(now.stage), &now.signals);
            }
            history.push(shown.stage.expect("a stage"));
        }
        history
    }

    fn first(history: &[StageIx], stage: StageIx) -> Option<usize> {
        history.iter().position(|&it| it == stage)
    }

    #[test]
    fn without_calls_it_rests() {
        let history = run(300, &mut Actuated::new(ActuatedSettings::default()), |_| Vec::new());
        assert!(history.iter().all(|&stage| stage == THROUGH_NS));
    }

    #[test]
    fn it_gaps_out_towards_the_caller_and_skips_stages_without_calls() {
        let history = run(60, &mut Actuated::new(ActuatedSettings::default()), |second| {
            let mut lanes = vec![lane(1, 0)];
            if second < 20 {
                lanes.push(lane(0, 0));
            }
            lanes
        });
        // last seen at 19 s, passage 3 s
        assert_eq!(first(&history, THROUGH_EW), Some(22));
        assert_eq!(first(&history, LEFT_NS), None);
    }

    #[test]
    fn it_maxes_out_against_an_endless_queue() {
        let history = run(100, &mut Actuated::new(ActuatedSettings::default()), |second| {
            if second < 10 { vec![lane(0, 0)] } else { vec![lane(0, 0), lane(1, 0)] }
        });
        assert_eq!(first(&history, THROUGH_EW), Some(70));
    }

    #[test]
    fn a_left_turn_that_is_only_permissive_gets_its_stage() {
        let history = run(60, &mut Actuated::new(ActuatedSettings::default()), |_| vec![lane(0, 1)]);
        assert!(first(&history, LEFT_NS).is_some());
    }

    #[test]
    fn everyone_is_served_within_the_maximum_red_under_full_demand() {
        let all: Vec<LaneIx> = sample::crossroads().lane_ixs().collect();
        let history = run(1200, &mut Actuated::new(ActuatedSettings::default()), |_| all.clone());
        for stage in [THROUGH_NS, LEFT_NS, THROUGH_EW, LEFT_EW] {
            assert!(history.contains(&stage), "{stage}");
        }
        // a through lane waits from the last second of its stage to the first of it, and 4 s of intergreen
        for stage in [THROUGH_NS, THROUGH_EW] {
            let visits: Vec<usize> = (0..history.len()).filter(|&second| history[second] == stage).collect();
            let longest = visits.windows(2).map(|pair| pair[1] - pair[0] - 1 + 4).max().expect("visits");
            assert!(longest <= 120, "{stage}: {longest} s");
        }
    }

    #[test]
    fn a_broken_detector_means_minimum_recall_for_its_lanes_and_no_extension() {
        let mut controller = Actuated::new(ActuatedSettings::default());
        controller.set_unhealthy(&[true; 8]);
        let all: Vec<LaneIx> = sample::crossroads().lane_ixs().collect();
        let history = run(66, &mut controller, |_| all.clone());
        for stage in [LEFT_NS, THROUGH_EW, LEFT_EW] {
            assert!(first(&history, stage).is_some(), "{stage} is recalled");
        }
        assert_eq!(first(&history, LEFT_NS), Some(5), "an endless call of a broken detector extends nothing");
    }
}
