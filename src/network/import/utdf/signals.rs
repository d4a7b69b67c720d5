//! Signal groups, phases and the programme of one intersection of a UTDF file.
//!
//! A turn with phases of its own (`Phase1`…`4` protected, `PermPhase1`…`4` permissive) is a signal group; one without goes with the turn beside it. `BRP` says barrier, ring
//! and position of a phase. The programme is the ring diagram of `Start` and `End`: whatever phases are shown together between two instants are a stage.

use super::roads::Leg;
use super::table::Sections;
use crate::network::file::{GroupFile, IntersectionFile, PhaseFile, ProgrammeFile};
use crate::network::import::ring_diagram::{self, Run};
use crate::network::import::sumo::{ImportOptions, ImportReport};
use crate::network::{GroupKind, Intersection, Turn, timing};
use crate::time::Millis;

/// Phases that a file can hold.
const PHASES: std::ops::RangeInclusive<u8> = 1..=8;
/// NEMA's usual places of the eight phases: ring and barrier.
const USUAL: [(usize, usize); 8] = [(1, 1), (1, 1), (1, 2), (1, 2), (2, 1), (2, 1), (2, 2), (2, 2)];
const CHANGE: (i64, i64) = (2_000, 6_000);
const GREEN_MIN: (i64, i64) = (1_000, 60_000);
const CLEARANCE_MAX: i64 = 30_000;

/// A signal group with what serves it.
#[derive(Debug)]
pub(super) struct Group {
    /// For the network file.
    pub(super) file: GroupFile,
    /// Turns: position of the leg, position of the turn.
    pub(super) turns: Vec<(usize, usize)>,
    protected: Vec<u8>,
    permissive: Vec<u8>,
    /// Red clearance after it.
    pub(super) clearance: Millis,
}

/// What is read of one intersection.
pub(super) struct Reading<'a> {
    pub(super) sections: &'a Sections,
    pub(super) id: &'a str,
    pub(super) options: &'a ImportOptions,
}

impl Reading<'_> {
    fn phase(&self, record: &str, phase: u8, report: &mut ImportReport) -> Option<f64> {
        self.sections.number("phases", record, self.id, &format!("d{phase}"), report)
    }

    /// Seconds of a phase as milliseconds.
    fn time(&self, record: &str, phase: u8, report: &mut ImportReport) -> Option<Millis> {
        self.phase(record, phase, report).filter(|it| (0.0..1e4).contains(it)).map(Millis::from_secs_f64)
    }

    /// Groups of all turns that a phase serves; turns that none does are told.
    pub(super) fn groups(&self, legs: &[Leg], report: &mut ImportReport) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for (at, leg) in legs.iter().enumerate() {
            let mut owners: Vec<Option<usize>> = Vec::new();
            for (ix, turn) in leg.turns.iter().enumerate() {
                let column = turn.name.to_lowercase();
                let mut numbers = |record: &str| {
                    let one = |n: u8| self.sections.number("lanes", &format!("{record}{n}"), self.id, &column, report);
                    let all: Vec<f64> = (1..=4).filter_map(one).collect();
                    all.into_iter().filter(|it| (1.0..=8.0).contains(it)).map(|it| it as u8).collect::<Vec<u8>>()
                };
                let (protected, permissive) = (numbers("phase"), numbers("permphase"));
                if protected.is_empty() && permissive.is_empty() {
                    owners.push(None);
                    continue;
                }
                owners.push(Some(groups.len()));
                let group = self.group(&turn.name, (leg.speed_mps, turn.turn), (protected, permissive), report);
                groups.push(Group { turns: vec![(at, ix)], ..group });
            }
            for (ix, turn) in leg.turns.iter().enumerate().filter(|(ix, _)| owners[*ix].is_none()) {
                let beside =
                    (0..owners.len()).filter(|other| owners[*other].is_some()).min_by_key(|other| other.abs_diff(ix));
                match beside.and_then(|other| owners[other]) {
                    Some(owner) => groups[owner].turns.push((at, ix)),
                    None => report.refuse(self.id, format!("{}: no phase serves it; left out", turn.name)),
                }
            }
        }
        groups
    }

    fn group(
        &self,
        name: &str,
        (speed_mps, turn): (f64, Turn),
        (protected, permissive): (Vec<u8>, Vec<u8>),
        report: &mut ImportReport,
    ) -> Group {
        let serving: Vec<u8> = protected.iter().chain(&permissive).copied().collect();
        let first = if protected.is_empty() { &permissive } else { &protected };
        let mut longest =
            |record: &str, phases: &[u8]| phases.iter().filter_map(|it| self.time(record, *it, report)).max();
        let (yellow, all_red, green) =
            (longest("yellow", &serving), longest("allred", &serving), longest("mingreen", first));
        let about = format!("{} {name}", self.id);
        let network = |record: &str, report: &mut ImportReport| {
            self.sections.number("network", record, "", "data", report).map(Millis::from_secs_f64)
        };
        let change = self.options.yellow.or(yellow).or_else(|| network("yellowtime", report)).unwrap_or_else(|| {
            report.guess(&about, "no Yellow: by the ITE formula");
            timing::yellow_ite(timing::speed_85th(speed_mps), 0.0)
        });
        let clearance =
            self.options.all_red.or(all_red).or_else(|| network("allredtime", report)).unwrap_or_else(|| {
                report.guess(&about, "no AllRed: 2 s");
                Millis(2_000)
            });
        let green = self.options.green_min.or(green).unwrap_or_else(|| {
            report.guess(&about, "no MinGreen: 5 s");
            Millis(5_000)
        });
        let mut within = |what: &str, value: Millis, (least, most): (i64, i64)| {
            let bounded = Millis(value.0.clamp(least, most));
            if bounded != value {
                report.refuse(&about, format!("{what} {value}: taken as {bounded}"));
            }
            bounded
        };
        let file = GroupFile {
            id: name.to_owned(),
            kind: GroupKind::Vehicle,
            change_ms: within("Yellow", change, CHANGE),
            green_min_ms: within("MinGreen", green, GREEN_MIN),
            red_max_ms: None,
            turn_on_red: turn == Turn::Right
                && self
                    .sections
                    .text("lanes", "allow rtor", self.id, &name.to_lowercase())
                    .is_some_and(|it| it.0 == "1"),
        };
        let clearance = within("AllRed", clearance, (0, CLEARANCE_MAX));
        Group { file, turns: Vec::new(), protected, permissive, clearance }
    }

    /// Phases that serve a group.
    pub(super) fn phases(&self, groups: &[Group], report: &mut ImportReport) -> Vec<PhaseFile> {
        let mut phases = Vec::new();
        for number in PHASES {
            let of = |serves: fn(&Group) -> &Vec<u8>| {
                groups.iter().filter(|it| serves(it).contains(&number)).map(|it| it.file.id.clone()).collect::<Vec<_>>()
            };
            let protected = of(|it| &it.protected);
            let permissive: Vec<String> =
                of(|it| &it.permissive).into_iter().filter(|it| !protected.contains(it)).collect();
            if protected.is_empty() && permissive.is_empty() {
                continue;
            }
            let brp = self.phase("brp", number, report).map(|it| it as usize).filter(|it| (111..=849).contains(it));
            let (ring, barrier) = brp.map_or_else(
                || {
                    report.guess(self.id, format!("phase {number} has no BRP: its usual place"));
                    USUAL[usize::from(number) - 1]
                },
                |brp| (brp / 10 % 10, brp / 100),
            );
            phases.push(PhaseFile { number, ring, barrier, groups: protected, permissive });
        }
        phases
    }

    /// The ring diagram as a programme; `None` where it is not told or does not go with our rules, which is reported.
    pub(super) fn programme(
        &self,
        file: &IntersectionFile,
        built: &Intersection,
        report: &mut ImportReport,
    ) -> Option<ProgrammeFile> {
        let mut seconds = |record: &str| {
            self.sections.number("timeplans", record, self.id, "data", report).map(Millis::from_secs_f64)
        };
        let (cycle, offset) = (seconds("cycle length"), seconds("offset"));
        let Some(cycle) = cycle.filter(|it| it.0 >= 20_000) else {
            report.guess(self.id, "no Cycle Length: every stage in turn");
            return None;
        };
        let mut runs = Vec::new();
        for phase in &file.phases {
            let (start, end) = (self.time("start", phase.number, report), self.time("end", phase.number, report));
            if let (Some(start), Some(end)) = (start, end) {
                let lasts = match (end - start).0.rem_euclid(cycle.0) {
                    0 => cycle,
                    lasts => Millis(lasts),
                };
                runs.push(Run { ring: phase.ring, number: phase.number, start: Millis(start.0 % cycle.0), lasts });
            }
        }
        if runs.is_empty() {
            report.guess(self.id, "no Start and End of its phases: every stage in turn");
            return None;
        }
        ring_diagram::programme(runs, (cycle, offset), self.id, built, report)
    }

    /// Records of the phases of a programme in which two files differ; they belong to the phases and not to a programme.
    pub(super) fn differs(&self, other: &Sections, phases: &[PhaseFile]) -> Vec<&'static str> {
        let cell = |sections: &Sections, record: &str, phase: u8| {
            sections.text("phases", record, self.id, &format!("d{phase}")).map(|it| it.0.to_owned())
        };
        let differ = |record: &&str| {
            phases.iter().any(|it| cell(self.sections, record, it.number) != cell(other, record, it.number))
        };
        ["Yellow", "AllRed", "MinGreen"].into_iter().filter(|it| differ(&it.to_lowercase().as_str())).collect()
    }
}
