//! Back from the checked network to the form that people read, complete: every default is written out.
//!
//! Building the result gives the same network again, hashes included.

use super::file::{
    ApproachFile, ConflictFile, DetectorFile, ExitFile, FeederFile, FeederShareFile, GroupFile, IntersectionFile,
    LaneFile, LinkFile, MovementFile, NamedProgrammeFile, NetworkFile, PhaseFile, ProgrammeFile, ProgrammeStepFile,
    StageFile, TimetableEntryFile, TimetableFile, Weekday,
};
use super::{
    Conflict, Days, Detector, DetectorPlace, Feeder, Intersection, Lane, Link, Movement, Network, Programme,
    ProgrammeStep, SignalGroup, TimetableEntry, date_to_text,
};
use crate::ids::GroupIx;
use crate::units::{Indication, lamps_to_string};

impl Network {
    /// The network with every default written out.
    pub fn to_file(&self) -> NetworkFile {
        NetworkFile {
            city: self.city.clone(),
            intersections: self.intersections.iter().map(Intersection::to_file).collect(),
            links: self.links.iter().map(link).collect(),
        }
    }
}

impl Intersection {
    /// The intersection with every default written out.
    pub fn to_file(&self) -> IntersectionFile {
        IntersectionFile {
            id: self.id.clone(),
            approaches: self
                .approaches
                .iter()
                .map(|approach| ApproachFile {
                    id: approach.id.clone(),
                    lanes: approach.lanes.iter().map(|it| lane(&self.lanes[it.0])).collect(),
                })
                .collect(),
            exits: self
                .exits
                .iter()
                .map(|exit| ExitFile { id: exit.id.clone(), link: exit.link.clone(), length_m: exit.length_m })
                .collect(),
            feeders: self.feeders.iter().map(|it| self.feeder(it)).collect(),
            groups: self.groups.iter().map(group).collect(),
            movements: self.movements.iter().map(|it| self.movement(it)).collect(),
            conflicts: self.conflict_files(),
            phases: self.phase_files(),
            stages: self
                .stages
                .iter()
                .map(|stage| StageFile { id: stage.id.clone(), signals: lamps_to_string(&stage.signals) })
                .collect(),
            programme: Some(self.programme_file(&self.programme)),
            programmes: self.timetable.programmes.iter().map(|(id, it)| self.named(id, it)).collect(),
            timetable: self.timetable_file(),
            detectors: self.detectors.iter().map(|it| self.detector(it)).collect(),
        }
    }

    fn feeder(&self, feeder: &Feeder) -> FeederFile {
        let into = feeder.into.iter();
        FeederFile {
            id: feeder.id.clone(),
            distance_m: feeder.distance_m,
            zone_m: feeder.zone_m,
            speed_mps: feeder.speed_mps,
            into: into.map(|&(lane, share)| FeederShareFile { lane: self.lanes[lane.0].id.clone(), share }).collect(),
            gives_way_at: feeder.gives_way_at.map(|it| self.feeders[it.0].id.clone()),
        }
    }

    fn movement(&self, movement: &Movement) -> MovementFile {
        MovementFile {
            id: movement.id.clone(),
            lane: movement.lane.map(|it| self.lanes[it.0].id.clone()),
            group: self.groups[movement.group.0].id.clone(),
            exit: movement.exit.map(|it| self.exits[it.0].id.clone()),
            turn: movement.turn,
            share: Some(movement.share_prior),
            yields_to: movement.yields_to.iter().map(|it| self.movements[it.0].id.clone()).collect(),
        }
    }

    fn conflict_files(&self) -> Vec<ConflictFile> {
        let mut files = Vec::new();
        for a in self.group_ixs() {
            for b in self.group_ixs().skip(a.0 + 1).filter(|&b| self.conflicts.conflicting(a, b)) {
                let red = |from: GroupIx, to: GroupIx| self.intergreens[[from.0, to.0]] - self.groups[from.0].change;
                let yields = |asking, other| self.conflicts.between(asking, other) == Conflict::Yields;
                files.push(ConflictFile {
                    between: [self.groups[a.0].id.clone(), self.groups[b.0].id.clone()],
                    red_clearance_ms: [red(a, b), red(b, a)],
                    yields: [yields(a, b), yields(b, a)],
                });
            }
        }
        files
    }

    fn phase_files(&self) -> Vec<PhaseFile> {
        let names = |groups: &[GroupIx]| groups.iter().map(|it| self.groups[it.0].id.clone()).collect();
        let phases = self.phases.iter().map(|phase| PhaseFile {
            number: phase.number,
            ring: phase.ring + 1,
            barrier: phase.barrier + 1,
            groups: names(&phase.groups),
            permissive: names(&phase.permissive),
        });
        phases.collect()
    }

    fn programme_file(&self, programme: &Programme) -> ProgrammeFile {
        let step =
            |step: &ProgrammeStep| ProgrammeStepFile { stage: self.stage(step.stage).id.clone(), green_ms: step.green };
        ProgrammeFile { offset_ms: programme.offset, steps: programme.steps.iter().map(step).collect() }
    }

    fn named(&self, id: &str, programme: &Programme) -> NamedProgrammeFile {
        let ProgrammeFile { offset_ms, steps } = self.programme_file(programme);
        NamedProgrammeFile { id: id.to_owned(), offset_ms, steps }
    }

    fn timetable_file(&self) -> Option<TimetableFile> {
        let timetable = &self.timetable;
        let name = |at: usize| timetable.programmes[at].0.clone();
        let entries: Vec<TimetableEntryFile> = timetable
            .entries
            .iter()
            .map(|entry| TimetableEntryFile::of(entry, entry.programme.map(name).unwrap_or_default()))
            .collect();
        let utc_offset_min = i32::try_from(timetable.utc_offset.0 / 60_000).unwrap_or_default();
        (!entries.is_empty()).then_some(TimetableFile { utc_offset_min, entries })
    }

    fn detector(&self, detector: &Detector) -> DetectorFile {
        DetectorFile {
            id: detector.id.clone(),
            role: detector.role,
            lane: match detector.place {
                DetectorPlace::Lane(it) => self.lanes[it.0].id.clone(),
                DetectorPlace::Feeder(it) => self.feeders[it.0].id.clone(),
            },
            distance_m: detector.distance_m,
            length_m: detector.length_m,
        }
    }
}

impl TimetableEntryFile {
    /// An entry with the name of its programme, empty for the first one.
    pub fn of(entry: &TimetableEntry, programme: String) -> Self {
        let minutes = entry.from.0 / 60_000;
        let (days, dates) = match &entry.days {
            Days::Week(week) if week.iter().all(|&day| day) => (Vec::new(), Vec::new()),
            Days::Week(week) => {
                (Weekday::ALL.into_iter().zip(week).filter(|(_, on)| **on).map(|it| it.0).collect(), Vec::new())
            }
            Days::Dates(dates) => (Vec::new(), dates.iter().map(|&day| date_to_text(day)).collect()),
        };
        Self { days, dates, from: format!("{:02}:{:02}", minutes / 60, minutes % 60), programme }
    }
}

fn lane(lane: &Lane) -> LaneFile {
    LaneFile {
        id: lane.id.clone(),
        length_m: lane.length_m,
        zone_m: Some(lane.zone_m),
        speed_mps: lane.speed_mps,
        saturation: Some(lane.saturation_prior),
        is_source: lane.is_source,
    }
}

fn group(group: &SignalGroup) -> GroupFile {
    GroupFile {
        id: group.id.clone(),
        kind: group.kind,
        change_ms: group.change,
        green_min_ms: group.green_min,
        red_max_ms: Some(group.red_max),
        turn_on_red: group.rest == Indication::RedTurnAllowed,
    }
}

fn link(link: &Link) -> LinkFile {
    LinkFile {
        id: link.id.clone(),
        from: link.from.clone(),
        to: link.to.clone(),
        approach: link.approach.clone(),
        length_m: link.length_m,
        speed_mps: link.speed_mps,
        share: link.share_prior,
    }
}
