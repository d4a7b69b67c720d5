//! The gate's own account of what was shown.
//!
//! Kept apart from [`Shown::advance`] on purpose: the layout walks with that one, and a mistake in it must not be
//! repeated by the judge.

use crate::plan::Shown;
use crate::time::Timestamp;
use crate::units::Indication;

/// What a lamp allows, as far as the rules care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Go, protected or permissive.
    Green,
    /// Stop if you can.
    Yellow,
    /// Stop.
    Red,
    /// Stop, get ready.
    RedYellow,
    /// Flashing or dark: the road is open to all.
    Open,
}

impl Class {
    /// The class of a lamp.
    pub(super) const fn of(lamp: Indication) -> Self {
        match lamp {
            Indication::Protected | Indication::Permissive => Self::Green,
            Indication::Yellow => Self::Yellow,
            Indication::Red | Indication::RedTurnAllowed => Self::Red,
            Indication::RedYellow => Self::RedYellow,
            Indication::FlashingYellow | Indication::Dark => Self::Open,
        }
    }

    /// Whether traffic of the group may be on its way through the junction by right.
    pub(super) const fn lets_go(self) -> bool {
        matches!(self, Self::Green | Self::Open)
    }
}

/// The past of one group.
#[derive(Debug, Clone, Copy)]
pub(super) struct GroupPast {
    /// The lamp.
    pub lamp: Indication,
    /// Since when its class is shown.
    pub since: Timestamp,
    /// When it last stopped letting traffic go; `None` while it does or when it never did.
    pub green_end: Option<Timestamp>,
}

impl GroupPast {
    /// The class of the lamp.
    pub(super) const fn class(&self) -> Class {
        Class::of(self.lamp)
    }
}

/// The past of all groups.
#[derive(Debug, Clone)]
pub(super) struct Past(pub Vec<GroupPast>);

impl Past {
    /// The past as a picture tells it.
    pub(super) fn of(shown: &Shown) -> Self {
        let groups = shown.groups.iter();
        Self(groups.map(|it| GroupPast { lamp: it.indication, since: it.since, green_end: it.green_end }).collect())
    }

    /// New lamps are switched on.
    pub(super) fn switch(&mut self, at: Timestamp, lamps: &[Indication]) {
        for (group, &lamp) in self.0.iter_mut().zip(lamps) {
            let (before, after) = (group.class(), Class::of(lamp));
            group.lamp = lamp;
            if before == after {
                continue;
            }
            group.since = at;
            if after.lets_go() {
                group.green_end = None;
            } else if before.lets_go() {
                group.green_end = Some(at);
            }
        }
    }
}
