//! One traffic light of the file → one intersection.

use super::ImportOptions;
use super::cycle::Cycle;
use super::error::ImportError;
use super::lanes::stop_lines;
use super::net::{SumoNet, TlLogic};
use super::relations::{Links, reconcile, relations};
use super::report::ImportReport;
use super::right_of_way::RightOfWay;
use super::routes::TurnCounts;
use super::{signals, switching, upstream};
use crate::ids::{DetectorId, IntersectionId, LaneId};
use crate::network::DetectorRole;
use crate::network::file::{
    ApproachFile, DetectorFile, FeederFile, IntersectionFile, NamedProgrammeFile, ProgrammeFile, TimetableFile,
};
use std::collections::BTreeSet;

/// Distance of the stop-bar loop from the end of its lane \[m\].
const LOOP_M: f64 = 1.0;

/// What all intersections of a file are built from.
pub(super) struct Site<'a> {
    pub(super) net: &'a SumoNet<'a>,
    pub(super) right_of_way: &'a RightOfWay,
    pub(super) options: &'a ImportOptions,
    pub(super) turns: &'a TurnCounts,
}

impl Site<'_> {
    /// Build the intersection of a traffic light with the programme that runs and the others; `None` when there is nothing to control, which the report says.
    pub(super) fn intersection(
        &self,
        (logic, others): (&TlLogic, &[&TlLogic]),
        report: &mut ImportReport,
    ) -> Result<Option<IntersectionFile>, ImportError> {
        let mut cycle = Cycle::read(self.net, logic)?;
        for other in others {
            if let Err(why) = cycle.read_further(other) {
                report.refuse(&logic.id, format!("programme {}: {why}; left out", other.programme));
            }
        }
        let links = self.links(logic, cycle.groups)?;
        if links.iter().all(Vec::is_empty) {
            report.refuse(&logic.id, "it controls no link and is left out");
            return Ok(None);
        }
        let programmed = !cycle.states.is_empty();
        if cycle.unswitched.len() == cycle.groups {
            report.refuse(&logic.id, "its programme is switched off in every state; it is left out");
            return Ok(None);
        }
        self.remark(logic, &cycle, &links, report);
        let mut relations = relations(self.net, self.right_of_way, &links);
        reconcile(&mut cycle, &mut relations, &logic.id, report);
        let (stages, programmes) = cycle.stages_and_programmes();
        let (first, programmes, timetable) = self.programmes(logic, programmes, report);
        if first.as_ref().is_none_or(|it| it.steps.is_empty()) && programmed {
            let (place, tl) = (self.net.place_of(logic, logic.offset), logic.id.clone());
            return Err(ImportError::NothingServed { place, tl, programme: logic.programme.clone() });
        }
        let lines = stop_lines(self.net, self.right_of_way, &links, (self.options, self.turns));
        if lines.lanes.is_empty() {
            report.refuse(&logic.id, "it controls no lane of motor vehicles and is left out");
            return Ok(None);
        }
        if programmed {
            Self::remark_unserved(logic, &cycle, &links, report);
        } else {
            report.guess(&logic.id, "no programme; stages from the groups that do not conflict");
        }
        let feeders = upstream::feeders(self.net, &lines.lanes, self.options.range_m, self.turns);
        Ok(Some(IntersectionFile {
            id: IntersectionId::new(logic.id.clone()),
            detectors: Self::detectors(&lines.approaches, &feeders),
            approaches: lines.approaches,
            exits: lines.exits,
            feeders,
            groups: signals::groups(self.net, (&cycle, &links), self.options, &logic.id, report),
            movements: lines.movements,
            conflicts: signals::conflicts(self.net, self.right_of_way, (&cycle, &links, &relations), self.options),
            phases: Vec::new(),
            stages,
            programme: first.filter(|_| programmed),
            programmes,
            timetable,
        }))
    }

    /// The programme that runs, those that are others than it, and when they do.
    ///
    /// Names that begin with that of the first one and a dot (`plan.peak`) lose that: so our own export names them.
    fn programmes(
        &self,
        logic: &TlLogic,
        all: Vec<NamedProgrammeFile>,
        report: &mut ImportReport,
    ) -> (Option<ProgrammeFile>, Vec<NamedProgrammeFile>, Option<TimetableFile>) {
        let mut all = all.into_iter();
        let Some(first) = all.next() else { return (None, Vec::new(), None) };
        let (mut named, mut positions): (Vec<NamedProgrammeFile>, Vec<(String, Option<usize>)>) = Default::default();
        positions.push((first.id.clone(), None));
        for mut it in all.filter(|it| !it.steps.is_empty()) {
            let (id, same) = (it.id.clone(), (it.offset_ms, &it.steps) == (first.offset_ms, &first.steps));
            if same {
                report.note(&logic.id, format!("programme {id} is the same as {}", first.id));
            }
            positions.push((id.clone(), (!same).then_some(named.len())));
            if !same {
                let short = id.strip_prefix(&format!("{}.", first.id)).filter(|it| !it.is_empty()).unwrap_or(&id);
                let taken = named.iter().any(|it| it.id == short);
                short.clone_into(&mut it.id);
                if taken {
                    it.id = id;
                }
                named.push(it);
            }
        }
        let names: Vec<String> = named.iter().map(|it| it.id.clone()).collect();
        // A programme that is loaded again replaces the one before.
        let position = |name: &str| positions.iter().rev().find(|it| it.0 == name).map(|it| it.1);
        let waut = self.net.wauts.iter().rev().find(|it| it.signals.contains(&logic.id));
        let timetable =
            waut.and_then(|it| switching::timetable(it, &names, &position, (self.options, &logic.id, report)));
        if timetable.is_none() && !names.is_empty() {
            let what = format!("programmes {}: nobody says when they run: never", names.join(", "));
            report.guess(&logic.id, what);
        }
        (Some(ProgrammeFile { offset_ms: first.offset_ms, steps: first.steps }), named, timetable)
    }

    /// Connections that the traffic light controls, by letter of its states.
    fn links(&self, logic: &TlLogic, groups: usize) -> Result<Links, ImportError> {
        let mut links = vec![Vec::new(); groups];
        for (position, connection, index) in self.net.controlled(&logic.id) {
            let place = || self.net.place(connection.offset);
            let tl = logic.id.clone();
            if self.right_of_way.row(self.net, position).is_none() {
                let junction = format!("at the end of {}", self.net.lanes[connection.from].id);
                return Err(ImportError::NoConflictInformation { place: place(), junction, tl });
            }
            match links.get_mut(index) {
                Some(group) => group.push(position),
                None => return Err(ImportError::LinkIndexBeyond { place: place(), tl, index, last: groups - 1 }),
            }
        }
        Ok(links)
    }

    /// What is worth knowing about a traffic light before it is built.
    fn remark(&self, logic: &TlLogic, cycle: &Cycle, links: &Links, report: &mut ImportReport) {
        let unused: Vec<String> =
            (0..cycle.groups).filter(|&it| links[it].is_empty()).map(signals::group_name).collect();
        if !unused.is_empty() {
            report.note(&logic.id, format!("{} control nothing", unused.join(", ")));
        }
        let shared: Vec<String> =
            (0..cycle.groups).filter(|&it| links[it].len() > 1).map(signals::group_name).collect();
        if !shared.is_empty() {
            report.note(&logic.id, format!("{} control several movements each", shared.join(", ")));
        }
        let junctions: BTreeSet<usize> =
            links.iter().flatten().filter_map(|&link| self.right_of_way.row(self.net, link)).map(|row| row.0).collect();
        if junctions.len() > 1 {
            let message = format!("it controls {} junctions; links of different ones do not conflict", junctions.len());
            report.guess(&logic.id, message);
        }
        if !cycle.unswitched.is_empty() {
            let groups: Vec<String> = cycle.unswitched.iter().copied().map(signals::group_name).collect();
            report.accept(&logic.id, format!("{} are never switched; they count as green for ever", groups.join(", ")));
        }
    }

    /// Groups that control something and never get green.
    fn remark_unserved(logic: &TlLogic, cycle: &Cycle, links: &Links, report: &mut ImportReport) {
        let served = |group: usize| cycle.states.iter().any(|state| state.green && state.lamps[group].is_green());
        let unserved: Vec<String> =
            (0..cycle.groups).filter(|&it| !links[it].is_empty() && !served(it)).map(signals::group_name).collect();
        report.counts.groups_unserved += unserved.len();
        if !unserved.is_empty() {
            report.refuse(&logic.id, format!("{} control something and are never green", unserved.join(", ")));
        }
    }

    /// A loop and a zone a lane, a zone a feeder.
    fn detectors(approaches: &[ApproachFile], feeders: &[FeederFile]) -> Vec<DetectorFile> {
        let detector = |lane: &LaneId, suffix: &str, role, distance_m: f64, length_m| DetectorFile {
            id: DetectorId::new(format!("{lane}.{suffix}")),
            role,
            lane: lane.clone(),
            distance_m,
            length_m,
        };
        let mut detectors = Vec::new();
        for lane in approaches.iter().flat_map(|approach| &approach.lanes) {
            let zone_m = lane.zone_m.unwrap_or(lane.length_m);
            detectors.push(detector(&lane.id, "stop", DetectorRole::StopBar, LOOP_M.min(lane.length_m), 0.0));
            detectors.push(detector(&lane.id, "zone", DetectorRole::Zone, 0.0, zone_m));
        }
        detectors.extend(feeders.iter().map(|it| detector(&it.id, "zone", DetectorRole::Zone, 0.0, it.zone_m)));
        detectors
    }
}
