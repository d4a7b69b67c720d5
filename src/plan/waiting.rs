//! Since when somebody waits at each signal group: the clock of the maximum red.
//!
//! In: what is known of each lane (somebody stands, somebody is there, nobody, unknown), and the lamps. Out: per group the
//! instant since which somebody has been waiting without a break, `None` while it is green or nobody is there.
//!
//! A lane whose detector is silent counts as waiting: bad data must not starve anybody. Crosswalks without a push button
//! count as waiting too. Who stands there at the first look has stood since the lamp turned red, as far as anybody can know: an author
//! that has just begun must not give him a whole maximum red more. A vehicle that moves on a lane with another green group is taken for one that goes with that
//! green; one that stands is not. Weakness: on a shared lane nobody knows which turn the first vehicle wants, so all of
//! them wait.

use super::Shown;
use crate::ids::{GroupIx, LaneIx};
use crate::network::Intersection;
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// What is known of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Presence {
    /// The detector works and sees nobody.
    Nobody,
    /// Somebody is there; nobody stands.
    Moving,
    /// Somebody stands.
    Standing,
    /// Nothing is known.
    Unknown,
}

/// Since when somebody waits at each group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    since: Vec<Option<Timestamp>>,
    /// Whether any lane was ever known.
    looked: bool,
}

impl Waiting {
    /// Nobody waits anywhere.
    pub fn nobody(intersection: &Intersection) -> Self {
        Self { since: vec![None; intersection.groups.len()], looked: false }
    }

    /// Take in what is known of the lanes at an instant, one entry a lane.
    pub fn update(&mut self, intersection: &Intersection, shown: &Shown, lanes: &[Presence], at: Timestamp) {
        let green = |group: GroupIx| shown.groups[group.0].indication.is_green();
        let first_look = !self.looked && lanes.iter().any(|&lane| lane != Presence::Unknown);
        self.looked |= first_look;
        for group in intersection.group_ixs() {
            let somebody = !green(group) && waits(intersection, group, lanes, green);
            let since = &mut self.since[group.0];
            let red_since = shown.groups[group.0].green_end.filter(|_| first_look);
            *since = if somebody { red_since.or(*since).or(Some(at)) } else { None };
        }
    }

    /// The instants, one entry a group.
    pub fn since(&self) -> &[Option<Timestamp>] {
        &self.since
    }

    /// The clock was set: every instant moves by the same span.
    pub fn shift(&mut self, by: Millis) {
        for since in self.since.iter_mut().flatten() {
            *since = *since + by;
        }
    }
}

fn waits(
    intersection: &Intersection,
    group: GroupIx,
    lanes: &[Presence],
    green: impl Fn(GroupIx) -> bool + Copy,
) -> bool {
    intersection.movements.iter().filter(|movement| movement.group == group).any(|movement| {
        let Some(LaneIx(lane)) = movement.lane else { return true };
        match lanes.get(lane).copied().unwrap_or(Presence::Unknown) {
            Presence::Nobody => false,
            Presence::Standing | Presence::Unknown => true,
            Presence::Moving => {
                let others = &intersection.lanes[lane].movements;
                !others.iter().any(|other| green(intersection.movements[other.0].group))
            }
        }
    })
}
