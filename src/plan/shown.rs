//! What the lamps show now, and since when: the only past that a plan has to respect.

use super::Interval;
use crate::ids::{GroupIx, StageIx};
use crate::network::{Intersection, Stage};
use crate::time::{Millis, Timestamp};
use crate::units::Indication;
use serde::{Deserialize, Serialize};

/// What one group shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupShown {
    /// The lamp.
    pub indication: Indication,
    /// Since when it shows it. Protected and permissive green count as one green.
    pub since: Timestamp,
    /// When its last green ended; `None` while green or when it never was. Flashing and dark count as green: the road
    /// is open to all.
    pub green_end: Option<Timestamp>,
}

/// What all groups show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Instant of the picture.
    pub at: Timestamp,
    /// The stage shown or being entered; `None` when the lamps belong to none (start-up, flash).
    pub stage: Option<StageIx>,
    /// One entry a group.
    pub groups: Vec<GroupShown>,
}

impl Shown {
    /// Everything red since long ago: how a controller starts.
    pub fn all_red(intersection: &Intersection, at: Timestamp) -> Self {
        let groups = intersection
            .groups
            .iter()
            .map(|group| GroupShown { indication: group.rest, since: at, green_end: None })
            .collect();
        Self { at, stage: None, groups }
    }

    /// The lamps alone.
    pub fn lamps(&self) -> Vec<Indication> {
        self.groups.iter().map(|group| group.indication).collect()
    }

    /// Whether the lamps are exactly those of a stage.
    pub fn is_fully(&self, stage: &Stage) -> bool {
        self.groups.iter().zip(&stage.signals).all(|(group, &signal)| group.indication == signal)
    }

    /// When a group turned green, while it is green.
    pub fn green_since(&self, group: GroupIx) -> Option<Timestamp> {
        let group = &self.groups[group.0];
        group.indication.is_green().then_some(group.since)
    }

    /// The clock was set: every instant moves by the same span.
    pub fn shift(&mut self, by: Millis) {
        self.at = self.at + by;
        for group in &mut self.groups {
            group.since = group.since + by;
            group.green_end = group.green_end.map(|end| end + by);
        }
    }

    /// The picture after new lamps are switched on at `at`; keeps `since` where a group's class (green, yellow, red) stays.
    pub fn advance(&mut self, at: Timestamp, stage: Option<StageIx>, lamps: &[Indication]) {
        self.at = at;
        self.stage = stage;
        for (group, &lamp) in self.groups.iter_mut().zip(lamps) {
            let was_green = group.indication.is_green();
            let was_open = matches!(group.indication, Indication::FlashingYellow | Indication::Dark);
            let is_open = matches!(lamp, Indication::FlashingYellow | Indication::Dark);
            let same = group.indication == lamp || (was_green && lamp.is_green());
            if lamp.is_green() || is_open {
                group.green_end = None;
            } else if was_green || was_open {
                group.green_end = Some(at);
            }
            if !same {
                group.since = at;
            }
            group.indication = lamp;
        }
    }

    /// The picture after intervals were followed up to (not including) an instant.
    #[must_use]
    pub fn following(&self, intervals: &[Interval], until: Timestamp) -> Self {
        let mut picture = self.clone();
        for interval in intervals {
            if interval.end > self.at && interval.start < until && until > self.at {
                picture.advance(interval.start.max(self.at), Some(interval.stage), &interval.signals);
            }
        }
        picture.at = until;
        picture
    }
}
