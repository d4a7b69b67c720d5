//! The rules of one lamp change: what was shown, and what shall be shown from an instant on.

use super::past::{Class, GroupPast, Past};
use super::{Note, RED_MIN, RED_YELLOW_MAX, Rule, YELLOW_MAX};
use crate::ids::GroupIx;
use crate::network::{Conflict, GroupKind, Intersection};
use crate::time::{Millis, Timestamp};
use crate::units::Indication;

/// One lamp change.
pub(super) struct Step<'a> {
    /// Where.
    pub intersection: &'a Intersection,
    /// What was shown up to `at`.
    pub past: &'a Past,
    /// What shall be shown from `at` on, one lamp a group.
    pub lamps: &'a [Indication],
    /// When.
    pub at: Timestamp,
    /// Whether everything before `at` was really shown, so that it is nobody's fault any more.
    pub first: bool,
}

impl Step<'_> {
    /// Every rule of a lamp change.
    pub(super) fn check(&self, notes: &mut Vec<Note>) {
        self.check_conflicts(notes);
        for (group, (past, &lamp)) in self.past.0.iter().zip(self.lamps).enumerate() {
            let group = GroupIx(group);
            self.check_green_min(group, past, lamp, notes);
            self.check_change(group, past, lamp, notes);
            self.check_yellow(group, past, lamp, notes);
            self.check_intergreens(group, past, lamp, notes);
            self.check_red_min(group, past, lamp, notes);
            self.check_red_yellow(group, past, lamp, notes);
        }
    }

    fn note(&self, rule: Rule, group: GroupIx, found: String, allowed: String) -> Note {
        Note { rule, group: Some(group), at: self.at, found, allowed }
    }

    fn check_conflicts(&self, notes: &mut Vec<Note>) {
        let conflicts = &self.intersection.conflicts;
        for b in 0..self.lamps.len() {
            for a in 0..b {
                let (ga, gb, la, lb) = (GroupIx(a), GroupIx(b), self.lamps[a], self.lamps[b]);
                let crossing =
                    conflicts.between(ga, gb) == Conflict::Crossing && conflicts.between(gb, ga) == Conflict::Crossing;
                let moving = |lamp: Indication| lamp.is_green() || lamp == Indication::Yellow;
                let both_move = crossing && moving(la) && moving(lb) && (la.is_green() || lb.is_green());
                if both_move || !conflicts.compatible((ga, la), (gb, lb)) {
                    let found = format!("{} beside {} of group {b}", la.letter(), lb.letter());
                    notes.push(self.note(Rule::Conflict, ga, found, "not together".to_owned()));
                }
            }
        }
    }

    fn check_green_min(&self, group: GroupIx, past: &GroupPast, lamp: Indication, notes: &mut Vec<Note>) {
        let (green, least) = (self.at - past.since, self.intersection.groups[group.0].green_min);
        if past.class() == Class::Green && Class::of(lamp) != Class::Green && green < least {
            notes.push(self.note(Rule::GreenMin, group, format!("{green} of green"), format!("at least {least}")));
        }
    }

    /// Which lamp may follow which.
    fn check_change(&self, group: GroupIx, past: &GroupPast, lamp: Indication, notes: &mut Vec<Note>) {
        let has_yellow = self.intersection.groups[group.0].kind != GroupKind::Pedestrian;
        let broken = match (past.class(), Class::of(lamp)) {
            (Class::Green, Class::Red) => has_yellow.then_some((Rule::MissingYellow, "yellow first")),
            (Class::Green, Class::Yellow) => (!has_yellow).then_some((Rule::MissingYellow, "red, without yellow")),
            (Class::Green, Class::RedYellow) => Some((Rule::RedYellow, "yellow or red")),
            (Class::Red | Class::RedYellow | Class::Open, Class::Yellow) => {
                Some((Rule::MissingYellow, "yellow only after green"))
            }
            (Class::Yellow, Class::Green | Class::RedYellow) => Some((Rule::YellowToGreen, "red first")),
            (Class::Open, Class::Green | Class::RedYellow) => Some((Rule::Flash, "red first")),
            _ => None,
        };
        if let Some((rule, allowed)) = broken {
            let found = format!("{} after {}", lamp.letter(), past.lamp.letter());
            notes.push(self.note(rule, group, found, allowed.to_owned()));
        }
    }

    fn check_yellow(&self, group: GroupIx, past: &GroupPast, lamp: Indication, notes: &mut Vec<Note>) {
        if past.class() != Class::Yellow {
            return;
        }
        let (yellow, least) = (self.at - past.since, self.intersection.groups[group.0].change);
        if Class::of(lamp) != Class::Yellow && yellow < least {
            notes.push(self.note(Rule::ShortYellow, group, yellow.to_string(), format!("at least {least}")));
        }
        let ends_late_already = self.first && Class::of(lamp) != Class::Yellow;
        if yellow > least.max(YELLOW_MAX) && !ends_late_already {
            notes.push(self.note(Rule::LongYellow, group, yellow.to_string(), format!("at most {YELLOW_MAX}")));
        }
    }

    /// A group that starts, or that turns from permissive to protected, finds every conflicting group cleared.
    fn check_intergreens(&self, group: GroupIx, past: &GroupPast, lamp: Indication, notes: &mut Vec<Note>) {
        let promoted = lamp == Indication::Protected && past.lamp == Indication::Permissive;
        if Class::of(lamp) != Class::Green || (past.class() == Class::Green && !promoted) {
            return;
        }
        for (other, clearing) in self.past.0.iter().enumerate() {
            let goes_on = Class::of(self.lamps[other]).lets_go();
            let end = if clearing.class().lets_go() { Some(self.at) } else { clearing.green_end };
            let least = self.intersection.intergreens[[other, group.0]];
            if let Some(cleared) = end.map(|end| self.at - end)
                && !goes_on
                && cleared < least
            {
                let found = format!("{cleared} after the green of group {other}");
                notes.push(self.note(Rule::Intergreen, group, found, format!("at least {least}")));
            }
        }
    }

    fn check_red_min(&self, group: GroupIx, past: &GroupPast, lamp: Indication, notes: &mut Vec<Note>) {
        let was_red = matches!(past.class(), Class::Red) && past.green_end.is_some();
        let red = self.at - past.since;
        let leaves = matches!(Class::of(lamp), Class::Green | Class::RedYellow);
        if was_red && leaves && red < RED_MIN {
            notes.push(self.note(Rule::RedMin, group, format!("{red} of red"), format!("at least {RED_MIN}")));
        }
    }

    fn check_red_yellow(&self, group: GroupIx, past: &GroupPast, lamp: Indication, notes: &mut Vec<Note>) {
        let shown = self.at - past.since;
        let ends_late_already = self.first && Class::of(lamp) != Class::RedYellow;
        if past.class() == Class::RedYellow && shown > RED_YELLOW_MAX && !ends_late_already {
            let allowed = format!("at most {RED_YELLOW_MAX}");
            notes.push(self.note(Rule::RedYellow, group, shown.to_string(), allowed));
        }
    }
}

/// A yellow (or red and yellow) that is still shown when the plan ends must not have lasted too long by then.
pub(super) fn check_yellow_at_end(intersection: &Intersection, past: &Past, end: Timestamp, notes: &mut Vec<Note>) {
    for (group, (past, definition)) in past.0.iter().zip(&intersection.groups).enumerate() {
        let (rule, most) = match past.class() {
            Class::Yellow => (Rule::LongYellow, definition.change.max(YELLOW_MAX)),
            Class::RedYellow => (Rule::RedYellow, RED_YELLOW_MAX),
            _ => continue,
        };
        let shown: Millis = end - past.since;
        if shown > most {
            let (found, allowed) = (shown.to_string(), format!("at most {most}"));
            notes.push(Note { rule, group: Some(GroupIx(group)), at: end, found, allowed });
        }
    }
}
