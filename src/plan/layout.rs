//! From "this stage, then that one" to intervals, starting from whatever the lamps show.
//!
//! One rule for every case (a normal change, a restart in the middle of yellow, the way back from a local fallback or from
//! flash): groups that the next stage does not serve finish their minimum green and go through their change interval;
//! groups that it does serve start together once every conflicting group has cleared; groups green in both stay green.
//!
//! Consequences of the one rule: a yellow that is under way ends on its own time even while another group still has to
//! finish its minimum green; a group that has just lost its green gets it back after [`RED_MIN`] of red at the earliest;
//! a group that turns from permissive to protected waits like one that starts; flashing groups go to red and count as
//! just cleared; pedestrians go to red at once and only those who conflict with them wait for their clearance.

use super::{Interval, IntervalKind, Shown};
use crate::ids::{GroupIx, StageIx};
use crate::network::{GroupKind, Intersection};
use crate::time::{Millis, Timestamp};
use crate::units::Indication;

/// A group that lost its green is red at least this long, after its yellow, before it is green again.
const RED_MIN: Millis = Millis(1_000);
/// A stage that is entered is shown at least this long, so that a group that starts because it may yield to another does
/// not start at the instant at which the other ends.
const STAGE_MIN: Millis = Millis(1_000);

/// One move of a plan: leave what is shown for a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// Stage to enter.
    pub to: StageIx,
    /// When to begin leaving what is shown before it; later when minimum greens ask for it.
    pub leave: Timestamp,
}

/// Intervals from `shown.at` to `until` that visit the legs in order and rest in the last one.
///
/// The first interval starts at `shown.at`. Legs whose stage is already fully shown cost nothing. Without legs a change
/// under way is finished. Between the present and the first leave instant greens stay, and yellows end when they must.
pub fn lay_out(intersection: &Intersection, shown: &Shown, legs: &[Leg], until: Timestamp) -> Vec<Interval> {
    let mut walk = Walk { intersection, shown: shown.clone(), entered: None, intervals: Vec::new() };
    for leg in legs {
        walk.enter(leg.to, leg.leave.max(walk.shown.at));
    }
    if let (true, Some(stage)) = (legs.is_empty(), walk.shown.stage) {
        walk.enter(stage, shown.at);
    }
    let end = until.max(walk.shown.at + Millis(1));
    if let Some(stage) = walk.shown.stage {
        let signals = walk.shown.lamps();
        walk.show(stage, IntervalKind::Green, signals, end);
    }
    walk.intervals
}

/// The lamps as the plan goes on.
struct Walk<'a> {
    intersection: &'a Intersection,
    shown: Shown,
    /// When the stage of the last leg was fully green.
    entered: Option<Timestamp>,
    intervals: Vec<Interval>,
}

/// What happens to one group on the way to a stage.
#[derive(Debug, Clone, Copy)]
struct Passage {
    /// When it stops being green; `None` when it is not, or stays.
    green_end: Option<Timestamp>,
    /// When its yellow is over; `None` when it has none.
    yellow_end: Option<Timestamp>,
}

impl Walk<'_> {
    /// Leave what is shown at `leave` (or when minimum greens are over) and go on until `to` is fully green.
    fn enter(&mut self, to: StageIx, leave: Timestamp) {
        if self.shown.is_fully(self.intersection.stage(to)) {
            self.shown.stage = Some(to);
            return;
        }
        let leave = self.entered.map_or(leave, |entered| leave.max(entered + STAGE_MIN));
        let start = self.ending(to).fold(leave, |start, group| {
            let earliest = self.shown.groups[group.0].since + self.intersection.groups[group.0].green_min;
            start.max(earliest)
        });
        let passages: Vec<Passage> =
            self.intersection.group_ixs().map(|group| self.passage(group, to, start)).collect();
        let entry = self.entry(to, start, &passages);
        let ends = passages.iter().flat_map(|passage| [passage.green_end, passage.yellow_end]).flatten();
        let mut bounds: Vec<Timestamp> = ends.filter(|&end| end < entry).chain([start, entry]).collect();
        bounds.sort_unstable();
        let before = self.shown.clone();
        for bound in bounds {
            let now = self.shown.at;
            let groups = self.intersection.group_ixs();
            let lamps = groups.map(|group| self.lamp_on_the_way(group, &before, passages[group.0], now)).collect();
            self.show_picture(&before, to, lamps, bound);
        }
        let signals = self.intersection.stage(to).signals.clone();
        self.shown.advance(entry, Some(to), &signals);
        self.entered = Some(entry);
    }

    /// Show lamps on the way from a picture to a stage.
    fn show_picture(&mut self, before: &Shown, to: StageIx, lamps: Vec<Indication>, until: Timestamp) {
        let rests_in = before.stage.filter(|&stage| self.intersection.stage(stage).signals == lamps);
        if let Some(stage) = rests_in {
            self.show(stage, IntervalKind::Green, lamps, until);
        } else {
            let yellow = lamps.contains(&Indication::Yellow);
            let kind = if yellow { IntervalKind::Yellow } else { IntervalKind::AllRed };
            self.show(to, kind, lamps, until);
        }
    }

    /// Groups that are green now and not in the stage.
    fn ending(&self, to: StageIx) -> impl Iterator<Item = GroupIx> + '_ {
        let target = self.intersection.stage(to);
        self.intersection
            .group_ixs()
            .filter(move |&group| self.shown.groups[group.0].indication.is_green() && !target.serves(group))
    }

    /// What happens to a group when the stage is entered and what is shown is left at `start`.
    fn passage(&self, group: GroupIx, to: StageIx, start: Timestamp) -> Passage {
        let (definition, shown) = (&self.intersection.groups[group.0], &self.shown.groups[group.0]);
        let has_yellow = definition.kind != GroupKind::Pedestrian;
        match shown.indication {
            Indication::Yellow => {
                let over = (shown.since + definition.change).max(self.shown.at);
                Passage { green_end: None, yellow_end: Some(over) }
            }
            Indication::Protected | Indication::Permissive if !self.intersection.stage(to).serves(group) => {
                Passage { green_end: Some(start), yellow_end: has_yellow.then(|| start + definition.change) }
            }
            _ => Passage { green_end: None, yellow_end: None },
        }
    }

    /// Instant at which the stage can be fully green.
    fn entry(&self, to: StageIx, start: Timestamp, passages: &[Passage]) -> Timestamp {
        let target = self.intersection.stage(to);
        let mut entry = passages.iter().filter_map(|passage| passage.yellow_end).fold(start, Timestamp::max);
        for starting in self.intersection.group_ixs().filter(|&group| target.serves(group)) {
            let shown = &self.shown.groups[starting.0];
            let promoted =
                target.signals[starting.0] == Indication::Protected && shown.indication == Indication::Permissive;
            if shown.indication.is_green() && !promoted {
                continue;
            }
            if let Some(red) = self.red_since(starting, passages) {
                entry = entry.max(red + RED_MIN);
            }
            for clearing in self.intersection.group_ixs() {
                if let Some(green_end) = self.green_end(clearing, passages) {
                    entry = entry.max(green_end + self.intersection.intergreens[[clearing.0, starting.0]]);
                }
            }
        }
        entry
    }

    /// When a group that was green is red again; `None` when it is green or never was.
    fn red_since(&self, group: GroupIx, passages: &[Passage]) -> Option<Timestamp> {
        let shown = &self.shown.groups[group.0];
        match passages[group.0].yellow_end {
            Some(end) => Some(end),
            None if is_open(shown.indication) => Some(self.shown.at),
            None => shown.green_end.map(|_| shown.since),
        }
    }

    /// When a group stopped or will stop letting traffic go; `None` while it stays green or when it never was.
    fn green_end(&self, group: GroupIx, passages: &[Passage]) -> Option<Timestamp> {
        let shown = &self.shown.groups[group.0];
        if is_open(shown.indication) { Some(self.shown.at) } else { passages[group.0].green_end.or(shown.green_end) }
    }

    /// What a group shows at `now`, before the stage is fully green.
    fn lamp_on_the_way(&self, group: GroupIx, before: &Shown, passage: Passage, now: Timestamp) -> Indication {
        let shown = before.groups[group.0].indication;
        let stays = shown.is_green() && passage.green_end.is_none_or(|end| now < end);
        if stays {
            shown
        } else if passage.yellow_end.is_some_and(|end| now < end) {
            Indication::Yellow
        } else if shown.is_red() && shown != Indication::RedYellow {
            shown
        } else {
            self.intersection.groups[group.0].rest
        }
    }

    /// Append an interval from the present to `end` and move on.
    fn show(&mut self, stage: StageIx, kind: IntervalKind, signals: Vec<Indication>, end: Timestamp) {
        let start = self.shown.at;
        if end <= start {
            return;
        }
        self.shown.advance(start, Some(stage), &signals);
        self.shown.at = end;
        match self.intervals.last_mut() {
            Some(last) if last.stage == stage && last.kind == kind && last.signals == signals => last.end = end,
            _ => self.intervals.push(Interval { stage, start, end, kind, signals }),
        }
    }
}

/// Flashing or dark: everybody may be on the way.
fn is_open(lamp: Indication) -> bool {
    matches!(lamp, Indication::FlashingYellow | Indication::Dark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::{LEFT_NS, THROUGH_EW, THROUGH_NS, crossroads};
    use crate::units::{lamps_from_str, lamps_to_string};

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn shown(intersection: &Intersection, steps: &[(i64, StageIx, &str)], now: i64) -> Shown {
        let mut shown = Shown::all_red(intersection, at(-100));
        for &(secs, stage, lamps) in steps {
            shown.advance(at(secs), Some(stage), &lamps_from_str(lamps).unwrap());
        }
        shown.at = at(now);
        shown
    }

    fn drawn(intersection: &Intersection, shown: &Shown, legs: &[(StageIx, i64)], until: i64) -> Vec<(i64, String)> {
        let legs: Vec<Leg> = legs.iter().map(|&(to, leave)| Leg { to, leave: at(leave) }).collect();
        let intervals = lay_out(intersection, shown, &legs, at(until));
        intervals.iter().map(|it| (it.start.0 / 1000, lamps_to_string(&it.signals))).collect()
    }

    fn expect(drawn: &[(i64, String)], expected: &[(i64, &str)]) {
        let drawn: Vec<(i64, &str)> = drawn.iter().map(|(start, lamps)| (*start, lamps.as_str())).collect();
        assert_eq!(drawn, expected);
    }

    #[test]
    fn a_normal_change_is_green_yellow_all_red_green() {
        let crossroads = crossroads();
        let shown = shown(&crossroads, &[(-60, THROUGH_NS, "GgrrGgrr")], 0);
        let drawn = drawn(&crossroads, &shown, &[(THROUGH_EW, 5)], 30);
        expect(&drawn, &[(0, "GgrrGgrr"), (5, "yyrryyrr"), (8, "rrrrrrrr"), (9, "rrGgrrGg")]);
    }

    #[test]
    fn a_minimum_green_delays_the_change() {
        let crossroads = crossroads();
        let shown = shown(&crossroads, &[(-2, THROUGH_NS, "GgrrGgrr")], 0);
        let drawn = drawn(&crossroads, &shown, &[(THROUGH_EW, 0)], 30);
        expect(&drawn, &[(0, "GgrrGgrr"), (3, "yyrryyrr"), (6, "rrrrrrrr"), (7, "rrGgrrGg")]);
    }

    #[test]
    fn a_restart_in_mid_yellow_goes_on_where_it_stopped() {
        let crossroads = crossroads();
        let shown = shown(&crossroads, &[(-60, THROUGH_NS, "GgrrGgrr"), (-2, THROUGH_EW, "yyrryyrr")], 0);
        let onward = drawn(&crossroads, &shown, &[(THROUGH_EW, 0)], 30);
        expect(&onward, &[(0, "yyrryyrr"), (1, "rrrrrrrr"), (2, "rrGgrrGg")]);
        expect(&drawn(&crossroads, &shown, &[], 30), &[(0, "yyrryyrr"), (1, "rrrrrrrr"), (2, "rrGgrrGg")]);
    }

    #[test]
    fn a_way_back_in_mid_yellow_passes_through_red() {
        let crossroads = crossroads();
        let shown = shown(&crossroads, &[(-60, THROUGH_NS, "GgrrGgrr"), (-2, THROUGH_EW, "yyrryyrr")], 0);
        // the left turns wait for the opposed throughs: 4 s after the end of their green
        expect(
            &drawn(&crossroads, &shown, &[(THROUGH_NS, 0)], 30),
            &[(0, "yyrryyrr"), (1, "rrrrrrrr"), (2, "GgrrGgrr")],
        );
    }

    #[test]
    fn groups_that_stay_green_stay_and_promotion_waits_for_the_opposed_clearance() {
        let crossroads = crossroads();
        let shown = shown(&crossroads, &[(-60, THROUGH_NS, "GgrrGgrr")], 0);
        let drawn = drawn(&crossroads, &shown, &[(LEFT_NS, 0)], 30);
        expect(&drawn, &[(0, "ygrrygrr"), (3, "rgrrrgrr"), (4, "rGrrrGrr")]);
    }

    #[test]
    fn a_stage_that_only_adds_green_costs_no_change() {
        let mut crossroads = crossroads();
        crossroads.stages[LEFT_NS.0].signals = lamps_from_str("GrrrGrrr").unwrap();
        let shown = shown(&crossroads, &[(-60, LEFT_NS, "GrrrGrrr")], 0);
        expect(&drawn(&crossroads, &shown, &[(THROUGH_NS, 4)], 30), &[(0, "GrrrGrrr"), (4, "GgrrGgrr")]);
    }

    #[test]
    fn pedestrians_are_red_at_once_and_only_conflicts_wait_for_their_clearance() {
        let mut crossroads = crossroads();
        crossroads.groups[1].kind = GroupKind::Pedestrian;
        crossroads.groups[1].change = Millis::from_secs(10);
        crossroads.intergreens[[1, 2]] = Millis::from_secs(11);
        let shown = shown(&crossroads, &[(-60, THROUGH_NS, "GgrrGgrr")], 0);
        let drawn_ew = drawn(&crossroads, &shown, &[(THROUGH_EW, 0)], 30);
        expect(&drawn_ew, &[(0, "yrrryyrr"), (3, "rrrrrrrr"), (11, "rrGgrrGg")]);
        assert_eq!(crossroads.intergreen(THROUGH_NS, THROUGH_EW), Millis::from_secs(11));
    }

    #[test]
    fn the_way_back_from_flash_clears_everybody_first() {
        let crossroads = crossroads();
        let mut shown = shown(&crossroads, &[(-60, THROUGH_NS, "oooooooo")], 0);
        shown.stage = None;
        expect(&drawn(&crossroads, &shown, &[(THROUGH_EW, 0)], 30), &[(0, "rrrrrrrr"), (4, "rrGgrrGg")]);
    }

    #[test]
    fn a_yellow_ends_on_its_own_time_while_another_group_finishes_its_minimum_green() {
        let crossroads = crossroads();
        // through-ns began 1 s ago beside the left turns that go on; now everything is to stop
        let steps = [(-60, LEFT_NS, "rGrrrGrr"), (-1, LEFT_NS, "GyrrGyrr")];
        let drawn = drawn(&crossroads, &shown(&crossroads, &steps, 0), &[(THROUGH_EW, 0)], 30);
        expect(&drawn, &[(0, "GyrrGyrr"), (2, "GrrrGrrr"), (4, "yrrryrrr"), (7, "rrrrrrrr"), (8, "rrGgrrGg")]);
    }
}
