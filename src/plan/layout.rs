//! From "this stage, then that one" to intervals, starting from whatever the lamps show.
//!
//! One rule for every case (a normal change, a restart in the middle of yellow, the way back from a local fallback):
//! groups that the next stage does not serve finish their minimum green and go through their change interval; groups
//! that it does serve start together once every conflicting group has cleared; groups green in both stay green.

use super::{Interval, IntervalKind, Shown};
use crate::ids::{GroupIx, StageIx};
use crate::network::{GroupKind, Intersection};
use crate::time::Timestamp;
use crate::units::Indication;

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
/// The first interval starts at `shown.at`. Legs whose stage is already fully shown cost nothing. Between the present
/// and the first leave instant the lamps stay as they are when they are a stage, so a picture that is no stage
/// (start-up, a change under way) should be left at once.
pub fn lay_out(intersection: &Intersection, shown: &Shown, legs: &[Leg], until: Timestamp) -> Vec<Interval> {
    let mut walk = Walk { intersection, shown: shown.clone(), intervals: Vec::new() };
    for leg in legs {
        walk.enter(leg.to, leg.leave.max(walk.shown.at));
    }
    let end = until.max(walk.shown.at + crate::time::Millis(1));
    if let Some(stage) = walk.shown.stage {
        let signals = walk.shown.lamps();
        walk.show(stage, IntervalKind::Green, signals, end);
    }
    walk.intervals
}

/// When each group's lamp next changes on the way to a stage, and when the stage is fully green.
struct Walk<'a> {
    intersection: &'a Intersection,
    shown: Shown,
    intervals: Vec<Interval>,
}

impl Walk<'_> {
    /// Leave what is shown at `leave` (or when minimum greens are over) and go on until `to` is fully green.
    fn enter(&mut self, to: StageIx, leave: Timestamp) {
        let target = &self.intersection.stage(to).signals;
        if self.shown.is_fully(self.intersection.stage(to)) {
            self.shown.stage = Some(to);
            return;
        }
        let start = self.ending(to).fold(leave, |start, group| {
            let earliest = self.shown.groups[group.0].since + self.intersection.groups[group.0].green_min;
            start.max(earliest)
        });
        self.rest_until(start);
        let changes: Vec<Option<Timestamp>> =
            self.intersection.group_ixs().map(|group| self.change_end(group, to, start)).collect();
        let entry = self.entry(to, start, &changes);
        let mut bounds: Vec<Timestamp> =
            changes.iter().flatten().copied().filter(|&end| end < entry).chain([entry]).collect();
        bounds.sort_unstable();
        bounds.dedup();
        for bound in bounds.into_iter().filter(|&bound| bound > start) {
            let now = self.shown.at;
            let lamps: Vec<Indication> = self
                .intersection
                .group_ixs()
                .map(|group| self.lamp_on_the_way(group, target[group.0], changes[group.0], now))
                .collect();
            let yellow = lamps.contains(&Indication::Yellow);
            let kind = if yellow { IntervalKind::Yellow } else { IntervalKind::AllRed };
            self.show(to, kind, lamps, bound);
        }
        let signals = target.clone();
        self.shown.advance(entry, Some(to), &signals);
    }

    /// Groups that are green now and not in the stage.
    fn ending(&self, to: StageIx) -> impl Iterator<Item = GroupIx> + '_ {
        let target = self.intersection.stage(to);
        self.intersection
            .group_ixs()
            .filter(move |&group| self.shown.groups[group.0].indication.is_green() && !target.serves(group))
    }

    /// End of the change interval of a group that is ending or already in it.
    fn change_end(&self, group: GroupIx, to: StageIx, start: Timestamp) -> Option<Timestamp> {
        let shown = &self.shown.groups[group.0];
        let change = self.intersection.groups[group.0].change;
        if shown.indication == Indication::Yellow {
            Some(shown.since + change)
        } else if shown.indication.is_green() && !self.intersection.stage(to).serves(group) {
            Some(start + change)
        } else {
            None
        }
    }

    /// Instant at which the stage can be fully green.
    fn entry(&self, to: StageIx, start: Timestamp, changes: &[Option<Timestamp>]) -> Timestamp {
        let target = self.intersection.stage(to);
        let mut entry = changes.iter().flatten().copied().fold(start, Timestamp::max);
        for starting in self.intersection.group_ixs().filter(|&group| target.serves(group)) {
            if self.shown.groups[starting.0].indication.is_green() {
                continue;
            }
            for clearing in self.intersection.group_ixs() {
                let shown = &self.shown.groups[clearing.0];
                let green_end = if shown.indication.is_green() {
                    (!target.serves(clearing)).then_some(start)
                } else {
                    shown.green_end
                };
                if let Some(green_end) = green_end {
                    entry = entry.max(green_end + self.intersection.intergreens[[clearing.0, starting.0]]);
                }
            }
        }
        entry
    }

    /// What a group shows at `now` while the stage is being entered.
    fn lamp_on_the_way(
        &self,
        group: GroupIx,
        target: Indication,
        change_end: Option<Timestamp>,
        now: Timestamp,
    ) -> Indication {
        let (definition, shown) = (&self.intersection.groups[group.0], self.shown.groups[group.0].indication);
        match change_end {
            Some(end) if now < end && definition.kind != GroupKind::Pedestrian => Indication::Yellow,
            Some(_) => definition.rest,
            None if shown.is_green() && target.is_green() => shown,
            None => definition.rest,
        }
    }

    /// Keep the present lamps until an instant.
    fn rest_until(&mut self, until: Timestamp) {
        if until > self.shown.at {
            let stage = self.shown.stage.unwrap_or_default();
            let fully = self.shown.is_fully(self.intersection.stage(stage));
            let kind = if fully { IntervalKind::Green } else { IntervalKind::AllRed };
            let signals = self.shown.lamps();
            self.show(stage, kind, signals, until);
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
