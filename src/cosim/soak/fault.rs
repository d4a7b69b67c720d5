//! Everything that goes wrong: the kinds of faults, what each is aimed at, and how often each really had an effect.
//!
//! A fault that is drawn but changes nothing proves nothing, so two numbers are kept for each kind: how often it began, and how
//! many effects it had (messages lost, ticks frozen, readings bent). A run tells both.

use std::collections::BTreeMap;

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A link loses some messages.
    Lost,
    /// It delays them, up to ten seconds.
    Late,
    /// It brings some twice.
    Doubled,
    /// Later ones overtake earlier ones.
    Reordered,
    /// Bytes change on the way.
    Corrupted,
    /// Old messages are said again.
    Replayed,
    /// Nothing passes, and what is sent is gone.
    Cut,
    /// Nothing passes, and all of it comes at the end.
    Held,
    /// The link is cut and back again, several times a minute to several times a second.
    Flapping,
    /// An engine is killed, and started again later.
    EngineKilled,
    /// An engine stands still, and goes on later where it was.
    EngineFrozen,
    /// A broker is killed: clients are thrown out and come back one by one.
    BrokerKilled,
    /// A broker stands still, and delivers everything later.
    BrokerFrozen,
    /// A field controller is killed: the cabinet flashes until it is back.
    FieldKilled,
    /// A field controller stands still, and with it the lamps.
    FieldFrozen,
    /// The clock of an engine is set: an hour, some seconds, part of a second, either way.
    EngineClock,
    /// The clock of a field controller is set, by 0.1 s to an hour, either way.
    FieldClock,
    /// The clock of a field controller goes back by less than a second and stays so.
    FieldBackStep,
    /// The clock of a detector station is set.
    StationClock,
    /// What an engine writes down is not written.
    DiskFull,
    /// What it writes down is torn.
    DiskTorn,
    /// An engine cannot reach the lock that says who leads.
    LockLost,
    /// An engine goes on leading though it has lost the lock.
    Zombie,
    /// A detector station says nothing.
    StationSilent,
    /// It is restarted: its numbers begin again.
    StationRestarted,
    /// A lane is missing in the counts.
    LaneDead,
    /// A lane is always full.
    LaneStuckOn,
    /// A lane is always empty.
    LaneStuckOff,
    /// A lane says the same again and again.
    LaneFrozen,
    /// A lane says anything.
    LaneChatter,
    /// A lane counts everybody twice.
    LaneDoubled,
    /// The field controller's own detectors say nothing.
    CallsSilent,
    /// They are not to be believed, and say so.
    CallsUnknown,
    /// They call for everybody.
    CallsStuckOn,
    /// They call for nobody.
    CallsStuckOff,
    /// Four times as many vehicles as usual.
    Burst,
    /// Next to no vehicles.
    Drought,
    /// Walkers, buses and vehicles on duty ask for green, several a second.
    Asking,
    /// Operators hold stages and programmes.
    Commanding,
}

impl Kind {
    /// Every kind with its name in reports.
    pub const ALL: [(Self, &'static str); 39] = [
        (Self::Lost, "lost"),
        (Self::Late, "late"),
        (Self::Doubled, "doubled"),
        (Self::Reordered, "reordered"),
        (Self::Corrupted, "corrupted"),
        (Self::Replayed, "replayed"),
        (Self::Cut, "cut"),
        (Self::Held, "held"),
        (Self::Flapping, "flapping"),
        (Self::EngineKilled, "engine_killed"),
        (Self::EngineFrozen, "engine_frozen"),
        (Self::BrokerKilled, "broker_killed"),
        (Self::BrokerFrozen, "broker_frozen"),
        (Self::FieldKilled, "field_killed"),
        (Self::FieldFrozen, "field_frozen"),
        (Self::EngineClock, "engine_clock"),
        (Self::FieldClock, "field_clock"),
        (Self::FieldBackStep, "field_back_step"),
        (Self::StationClock, "station_clock"),
        (Self::DiskFull, "disk_full"),
        (Self::DiskTorn, "disk_torn"),
        (Self::LockLost, "lock_lost"),
        (Self::Zombie, "zombie"),
        (Self::StationSilent, "station_silent"),
        (Self::StationRestarted, "station_restarted"),
        (Self::LaneDead, "lane_dead"),
        (Self::LaneStuckOn, "lane_stuck_on"),
        (Self::LaneStuckOff, "lane_stuck_off"),
        (Self::LaneFrozen, "lane_frozen"),
        (Self::LaneChatter, "lane_chatter"),
        (Self::LaneDoubled, "lane_doubled"),
        (Self::CallsSilent, "calls_silent"),
        (Self::CallsUnknown, "calls_unknown"),
        (Self::CallsStuckOn, "calls_stuck_on"),
        (Self::CallsStuckOff, "calls_stuck_off"),
        (Self::Burst, "burst"),
        (Self::Drought, "drought"),
        (Self::Asking, "asking"),
        (Self::Commanding, "commanding"),
    ];

    /// What a fault of this kind is aimed at.
    pub const fn aim(self) -> Aim {
        match self {
            Self::Lost
            | Self::Late
            | Self::Doubled
            | Self::Reordered
            | Self::Corrupted
            | Self::Replayed
            | Self::Cut
            | Self::Held
            | Self::Flapping => Aim::Link,
            Self::EngineKilled | Self::EngineFrozen | Self::EngineClock | Self::LockLost | Self::Zombie => Aim::Engine,
            Self::BrokerKilled | Self::BrokerFrozen => Aim::Broker,
            Self::DiskFull | Self::DiskTorn => Aim::Disk,
            Self::LaneDead
            | Self::LaneStuckOn
            | Self::LaneStuckOff
            | Self::LaneFrozen
            | Self::LaneChatter
            | Self::LaneDoubled => Aim::Lane,
            _ => Aim::Site,
        }
    }

    /// Whether whoever decides cannot see somebody who waits: then nobody can be blamed for his waiting.
    pub const fn hides(self) -> bool {
        matches!(self, Self::LaneStuckOff | Self::LaneFrozen | Self::LaneChatter | Self::CallsStuckOff)
    }
}

/// What a fault is aimed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// A link, by its number.
    Link,
    /// An engine: the first or the second.
    Engine,
    /// A broker: in the centre or at the street.
    Broker,
    /// The disk of the engines.
    Disk,
    /// An intersection with its cabinet and its detector station.
    Site,
    /// A lane of an intersection.
    Lane,
}

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub kind: Kind,
    /// Which link, engine, broker or intersection.
    pub target: usize,
    /// Which lane, where that matters.
    pub lane: usize,
    /// From when on \[ms\],
    pub from: i64,
    /// and before when it is over \[ms\].
    pub until: i64,
    /// How bad: milliseconds, or percent.
    pub size: i64,
}

/// How often each kind began and had an effect.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Faults that began.
    pub begun: BTreeMap<Kind, u64>,
    /// What they did.
    pub effects: BTreeMap<Kind, u64>,
}

impl Tally {
    /// A fault began.
    pub fn begin(&mut self, kind: Kind) {
        *self.begun.entry(kind).or_default() += 1;
    }

    /// It did something.
    pub fn effect(&mut self, kind: Kind) {
        *self.effects.entry(kind).or_default() += 1;
    }

    /// Add what another one counted.
    pub fn add(&mut self, other: &Self) {
        for (ours, theirs) in [(&mut self.begun, &other.begun), (&mut self.effects, &other.effects)] {
            for (&kind, count) in theirs {
                *ours.entry(kind).or_default() += count;
            }
        }
    }

    /// Faults that began.
    pub fn total(&self) -> u64 {
        self.begun.values().sum()
    }
}

/// Name of a kind in reports.
pub fn name(kind: Kind) -> &'static str {
    Kind::ALL.iter().find(|(it, _)| *it == kind).map_or("", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_name_of_its_own() {
        let mut names: Vec<&str> = Kind::ALL.iter().map(|(kind, _)| name(*kind)).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Kind::ALL.len());
    }
}
