//! Controllers of GMNS tables: the phases of the plan that is chosen, the groups that they serve, the ring diagram.

use super::plans::{PlanChoice, PlanRow, chosen};
use super::tables::Tables;
use crate::network::file::{GroupFile, PhaseFile, ProgrammeFile};
use crate::network::import::ring_diagram::{self, Run};
use crate::network::import::sumo::{ImportOptions, ImportReport};
use crate::network::import::times::Times;
use crate::network::table::{Row, Table};
use crate::network::{GroupKind, Intersection, Problems, Turn, timing};
use crate::time::Millis;
use std::collections::BTreeMap;

const CHANGE: (i64, i64) = (2_000, 6_000);
const GREEN_MIN: (i64, i64) = (1_000, 60_000);
const CLEARANCE_MAX: i64 = 30_000;
/// Red clearance and shortest green about which nothing is said.
const RED: Millis = Millis(2_000);
const GREEN: Millis = Millis(5_000);

/// How a movement is served: numbers of the phases with protected and with permissive green, and whether it may turn on red.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Serving {
    protected: Vec<u8>,
    permissive: Vec<u8>,
    on_red: bool,
}

/// One phase of a plan.
#[derive(Debug, Clone, PartialEq)]
struct Timed {
    number: u8,
    ring: usize,
    barrier: usize,
    position: i64,
    green: Option<Millis>,
    green_max: Option<Millis>,
    clearance: Option<Millis>,
    yellow: Option<Millis>,
    red: Option<Millis>,
    green_min: Option<Millis>,
    /// Begin of its green and end of its clearance within the cycle, where the table says them.
    run: Option<(Millis, Millis)>,
}

/// A controller with its plan.
#[derive(Debug)]
pub(super) struct Signals {
    pub(super) id: String,
    /// By movement.
    pub(super) serving: BTreeMap<String, Serving>,
    phases: Vec<Timed>,
    cycle: Option<Millis>,
    /// Phase, part of it, and instant at which that part begins.
    coordination: Option<(u8, String, Millis)>,
    /// Plans that run at their times, with their names.
    pub(super) others: Vec<(String, Signals)>,
    /// When which runs: position in `others`, `None` = this one.
    pub(super) times: Vec<(Option<usize>, Times)>,
    /// Local time less UTC \[min\], where the table says it.
    pub(super) utc_offset_min: Option<i32>,
}

/// A turn as its group sees it.
pub(super) struct Turning<'a> {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) group: Option<String>,
    pub(super) road: String,
    pub(super) turn: Turn,
    pub(super) speed_mps: f64,
    pub(super) serving: &'a Serving,
}

/// A signal group.
pub(super) struct Group {
    pub(super) file: GroupFile,
    /// Positions of its turns.
    pub(super) turns: Vec<usize>,
    serving: Serving,
    pub(super) clearance: Millis,
}

/// All controllers with the plan of each.
pub(super) fn read(
    tables: &Tables,
    choice: &PlanChoice,
    source: &str,
    problems: &mut Problems,
    report: &mut ImportReport,
) -> Vec<Signals> {
    let mut found = Vec::new();
    for (table, row) in tables.rows("signal_controller") {
        let id = table.word(row, "controller_id").to_owned();
        let Some(plans) = chosen(tables, &id, choice, problems, report) else { continue };
        let mut signal = signal(tables, &id, plans.taken, problems);
        same(tables, &signal, &plans.again, problems, report);
        for (name, rows) in plans.others {
            let other = self::signal(tables, &id, rows[0], problems);
            same(tables, &other, &rows[1..], problems, report);
            signal.others.push((name, other));
        }
        signal.times = plans.times;
        if table.text(row, "opt_utc_offset_min").is_some() {
            let minutes = table.within(row, "opt_utc_offset_min", &(-840.0..=840.0), "min", problems);
            signal.utc_offset_min = minutes.map(|it| it as i32);
        }
        found.push(signal);
    }
    if found.is_empty() {
        report.note("network", format!("{source}: no controller with a plan"));
    }
    found
}

/// Further rows of one plan say the same as the first.
fn same(tables: &Tables, first: &Signals, rows: &[PlanRow<'_>], problems: &mut Problems, report: &mut ImportReport) {
    for &(table, row) in rows {
        let other = signal(tables, &first.id, (table, row), problems);
        let equal = (&other.phases, &other.serving, other.cycle, &other.coordination)
            == (&first.phases, &first.serving, first.cycle, &first.coordination);
        if !equal {
            let (plan, name) = (table.word(row, "timing_plan_id"), table.word(row, "opt_programme"));
            let why = format!(
                "plan {plan} is programme `{name}` again, with other timings: those of its first row are taken"
            );
            report.refuse(&first.id, why);
        }
    }
}

/// A controller with one of its plans.
fn signal(tables: &Tables, id: &str, (plans, plan): (&Table, &Row), problems: &mut Problems) -> Signals {
    let name = plans.word(plan, "timing_plan_id");
    let cycle = plans.number(plan, "cycle_length", problems).filter(|it| *it > 0.0).map(Millis::from_secs_f64);
    let (phases, ids) = phases(tables, (id, name), problems);
    let serving = serving(tables, id, &ids, problems);
    let coordination = coordination(tables, (id, name), (plans, plan), problems);
    let (others, times) = (Vec::new(), Vec::new());
    Signals { id: id.to_owned(), serving, phases, cycle, coordination, others, times, utc_offset_min: None }
}

type Names = BTreeMap<String, u8>;

/// Phases of a plan, and their numbers by their names.
fn phases(tables: &Tables, (controller, plan): (&str, &str), problems: &mut Problems) -> (Vec<Timed>, Names) {
    let shared =
        tables.rows("signal_timing_plan").filter(|(table, row)| table.word(row, "timing_plan_id") == plan).count() > 1;
    let theirs = |name: &str, number: u8| {
        let mut rows = tables.rows("signal_phase_mvmt");
        rows.any(|(table, row)| match table.text(row, "timing_phase_id") {
            Some(it) => it == name,
            None => {
                table.word(row, "controller_id") == controller
                    && table.word(row, "signal_phase_num") == number.to_string()
            }
        })
    };
    let (mut found, mut ids) = (Vec::new(), Names::new());
    for (table, row) in
        tables.rows("signal_timing_phase").filter(|(table, row)| table.word(row, "timing_plan_id") == plan)
    {
        let mut whole = |column: &str, range: std::ops::RangeInclusive<f64>| {
            table.within(row, column, &range, "", problems).map(|it| it as i64)
        };
        let number = whole("signal_phase_num", 1.0..=16.0);
        let (ring, barrier, position) =
            (whole("ring", 1.0..=4.0), whole("barrier", 1.0..=8.0), whole("position", 0.0..=99.0));
        let (Some(number), Some(ring), Some(barrier), Some(position)) = (number, ring, barrier, position) else {
            continue;
        };
        let number = number as u8;
        let name = table.word(row, "timing_phase_id").to_owned();
        if shared && !theirs(&name, number) {
            continue;
        }
        if found.iter().any(|it: &Timed| it.number == number) {
            let place = table.place(row, "signal_phase_num");
            problems.push(
                place,
                format_args!("phase {number} of plan `{plan}` is there already"),
                "every phase of a plan once",
            );
            continue;
        }
        let mut seconds = |column: &str| {
            let number = table.number(row, column, problems)?;
            problems.range(table.place(row, column), number, &(0.0..=600.0), "s");
            Some(Millis::from_secs_f64(number.clamp(0.0, 600.0)))
        };
        ids.insert(name, number);
        found.push(Timed {
            number,
            ring: ring as usize,
            barrier: barrier as usize,
            position,
            green: seconds("min_green"),
            green_max: seconds("max_green"),
            clearance: seconds("clearance"),
            yellow: seconds("opt_yellow"),
            red: seconds("opt_all_red"),
            green_min: seconds("opt_min_green"),
            run: seconds("opt_start").zip(seconds("opt_end")),
        });
    }
    (found, ids)
}

fn serving(tables: &Tables, controller: &str, ids: &Names, problems: &mut Problems) -> BTreeMap<String, Serving> {
    let mut found: BTreeMap<String, Serving> = BTreeMap::new();
    let by_name = tables.has("signal_phase_mvmt", "timing_phase_id");
    for (table, row) in tables.rows("signal_phase_mvmt") {
        let number = if by_name {
            ids.get(table.word(row, "timing_phase_id")).copied()
        } else {
            let own = table.word(row, "controller_id") == controller;
            table.word(row, "signal_phase_num").parse().ok().filter(|it| own && ids.values().any(|known| known == it))
        };
        let (Some(number), Some(movement)) = (number, table.text(row, "mvmt_id")) else { continue };
        let it = found.entry(movement.to_owned()).or_default();
        match table.word(row, "protection").to_lowercase().as_str() {
            "" | "protected" => it.protected.push(number),
            "permitted" => it.permissive.push(number),
            "rtor" => it.on_red = true,
            other => {
                problems.push(table.place(row, "protection"), format_args!("`{other}`"), "protected, permitted, rtor");
            }
        }
    }
    for it in found.values_mut() {
        for numbers in [&mut it.protected, &mut it.permissive] {
            numbers.sort_unstable();
            numbers.dedup();
        }
    }
    found.retain(|_, it| !it.protected.is_empty() || !it.permissive.is_empty());
    found
}

/// The coordination of a plan: of its own table, or of columns of the plan as older tables have it.
fn coordination(
    tables: &Tables,
    (controller, plan): (&str, &str),
    own: (&Table, &Row),
    problems: &mut Problems,
) -> Option<(u8, String, Millis)> {
    let mut rows = tables.rows("signal_coordination");
    let of_table = rows.find(|(table, row)| {
        table.word(row, "timing_plan_id") == plan && table.text(row, "controller_id").is_none_or(|it| it == controller)
    });
    let (table, row) = of_table.unwrap_or(own);
    let phase = table.number(row, "coord_phase", problems)? as u8;
    let offset = table.number(row, "offset", problems).unwrap_or_default();
    Some((phase, table.word(row, "coord_ref_to").to_owned(), Millis::from_secs_f64(offset)))
}

impl Signals {
    /// Groups: by the name that our own tables have, else turns of one road that the same phases serve in the same way.
    pub(super) fn groups(
        &self,
        turns: &[Turning<'_>],
        options: &ImportOptions,
        report: &mut ImportReport,
    ) -> Vec<Group> {
        let mut groups: Vec<(String, Group)> = Vec::new();
        for (at, it) in turns.iter().enumerate() {
            let key = it.group.clone().unwrap_or_else(|| format!("{} {:?}", it.road, it.serving));
            if let Some((_, group)) =
                groups.iter_mut().find(|(known, group)| *known == key && group.serving == *it.serving)
            {
                group.turns.push(at);
                continue;
            }
            let taken = |name: &str| groups.iter().any(|(_, group)| group.file.id == name);
            let wanted = it.group.clone().unwrap_or_else(|| it.name.clone());
            let name = if taken(&wanted) { it.id.clone() } else { wanted };
            let group = self.group(name, it, options, report);
            groups.push((key, Group { turns: vec![at], ..group }));
        }
        groups.into_iter().map(|it| it.1).collect()
    }

    fn group(&self, name: String, turn: &Turning<'_>, options: &ImportOptions, report: &mut ImportReport) -> Group {
        let about = format!("{} {name}", self.id);
        let serving = turn.serving;
        let all: Vec<&Timed> = self
            .phases
            .iter()
            .filter(|it| serving.protected.contains(&it.number) || serving.permissive.contains(&it.number))
            .collect();
        // The least green of a turn that has an arrow of its own is that of the arrow.
        let of_arrow = |it: &&&Timed| serving.protected.is_empty() || serving.protected.contains(&it.number);
        let arrows: Vec<&Timed> = all.iter().filter(of_arrow).copied().collect();
        let longest = |value: fn(&Timed) -> Option<Millis>| all.iter().filter_map(|it| value(it)).max();
        let formula = timing::yellow_ite(timing::speed_85th(turn.speed_mps), 0.0);
        let clearance = longest(|it| it.clearance);
        let yellow = options.yellow.or(longest(|it| it.yellow)).unwrap_or_else(|| {
            report.guess(&about, "yellow by the ITE formula, as clearance is told in one");
            clearance.map_or(formula, |it| formula.min(it))
        });
        let red =
            options.all_red.or(longest(|it| it.red)).or(clearance.map(|both| both - yellow)).unwrap_or_else(|| {
                report.guess(&about, "no clearance: 2 s of red after yellow");
                RED
            });
        // Of an actuated phase the least green is told; a fixed one has only its green.
        let actuated = arrows.iter().filter(|it| it.green_max > it.green).filter_map(|it| it.green).max();
        let green =
            options.green_min.or(arrows.iter().filter_map(|it| it.green_min).max()).or(actuated).unwrap_or_else(|| {
                report.guess(&about, "no minimum green of a fixed phase: 5 s");
                GREEN
            });
        let mut within = |what: &str, value: Millis, (least, most): (i64, i64)| {
            let bounded = Millis(value.0.clamp(least, most));
            if bounded != value {
                report.refuse(&about, format!("{what} {value}: taken as {bounded}"));
            }
            bounded
        };
        let file = GroupFile {
            id: name,
            kind: GroupKind::Vehicle,
            change_ms: within("yellow", yellow, CHANGE),
            green_min_ms: within("minimum green", green, GREEN_MIN),
            red_max_ms: None,
            turn_on_red: serving.on_red && turn.turn == Turn::Right,
        };
        let clearance = within("red clearance", red, (0, CLEARANCE_MAX));
        Group { file, turns: Vec::new(), serving: serving.clone(), clearance }
    }

    /// Phases with the groups that they serve.
    pub(super) fn phases(&self, groups: &[Group], report: &mut ImportReport) -> Vec<PhaseFile> {
        let mut found = Vec::new();
        for it in &self.phases {
            let of = |serves: fn(&Serving) -> &Vec<u8>| -> Vec<String> {
                let serving = groups.iter().filter(|group| serves(&group.serving).contains(&it.number));
                serving.map(|group| group.file.id.clone()).collect()
            };
            let protected = of(|it| &it.protected);
            let permissive: Vec<String> =
                of(|it| &it.permissive).into_iter().filter(|it| !protected.contains(it)).collect();
            if protected.is_empty() && permissive.is_empty() {
                report.refuse(&self.id, format!("phase {} serves no movement; left out", it.number));
                continue;
            }
            found.push(PhaseFile {
                number: it.number,
                ring: it.ring,
                barrier: it.barrier,
                groups: protected,
                permissive,
            });
        }
        found
    }

    /// The plan as a programme: where each phase says when it runs, as it says; else phases of each ring by their positions, barrier after barrier,
    /// and a ring that is done earlier waits in its last phase.
    pub(super) fn programme(
        &self,
        phases: &[PhaseFile],
        built: &Intersection,
        report: &mut ImportReport,
    ) -> Option<ProgrammeFile> {
        let Some(cycle) = self.cycle else {
            report.guess(&self.id, "no cycle_length (an actuated plan): every stage in turn");
            return None;
        };
        // A phase with nothing to show has no green, neither the least nor the most of it.
        let shown =
            |it: &&Timed| it.run.is_some() || (it.green, it.green_max) != (Some(Millis::ZERO), Some(Millis::ZERO));
        let known = |it: &&Timed| phases.iter().any(|known| known.number == it.number);
        let mut kept: Vec<&Timed> = self.phases.iter().filter(known).filter(shown).collect();
        kept.sort_by_key(|it| (it.barrier, it.ring, it.position));
        let told: Vec<Run> = kept
            .iter()
            .filter_map(|it| {
                let (start, end) = it.run?;
                let lasts = match (end - start).0.rem_euclid(cycle.0) {
                    0 => cycle,
                    lasts => Millis(lasts),
                };
                Some(Run { ring: it.ring, number: it.number, start: Millis(start.0.rem_euclid(cycle.0)), lasts })
            })
            .collect();
        let reference = self.coordination.as_ref();
        let first = reference.filter(|it| !["begin_of_yellow", "begin_of_red"].contains(&it.1.as_str())).map(|it| it.2);
        if !kept.is_empty() && told.len() == kept.len() {
            return ring_diagram::programme(told, (cycle, first), &self.id, built, report);
        }
        let (mut runs, lasts) = by_splits(&kept);
        if (lasts - cycle).0.abs() > 100 {
            report.refuse(
                &self.id,
                format!("its splits make {lasts} and cycle_length is {cycle}; every stage in turn instead"),
            );
            return None;
        }
        if let Some((phase, part, offset)) = reference {
            let timed = kept.iter().find(|it| it.number == *phase);
            let Some((run, timed)) = runs.iter().find(|it| it.number == *phase).copied().zip(timed) else {
                report.refuse(&self.id, format!("coord_phase {phase} is no phase of its plan: offset 0"));
                return ring_diagram::programme(runs, (cycle, None), &self.id, built, report);
            };
            let clearance = timed.clearance.unwrap_or_default();
            let into = match part.as_str() {
                "begin_of_yellow" => run.lasts - clearance,
                "begin_of_red" => run.lasts - timed.red.unwrap_or_default(),
                _ => Millis::ZERO,
            };
            let shift = *offset - run.start - into;
            for it in &mut runs {
                it.start = Millis((it.start + shift).0.rem_euclid(cycle.0));
            }
        }
        ring_diagram::programme(runs, (cycle, first), &self.id, built, report)
    }
}

/// When each phase runs by its split, from 0 on, and how long all of them last; phases in the order of barrier, ring, position.
fn by_splits(kept: &[&Timed]) -> (Vec<Run>, Millis) {
    let split = |it: &Timed| {
        it.green.unwrap_or(GREEN)
            + it.clearance.unwrap_or_else(|| it.yellow.unwrap_or(Millis(4_000)) + it.red.unwrap_or(RED))
    };
    let mut begin = Millis::ZERO;
    let mut runs: Vec<Run> = Vec::new();
    let mut barriers: Vec<usize> = kept.iter().map(|it| it.barrier).collect();
    barriers.dedup();
    for barrier in barriers {
        let mut rings: BTreeMap<usize, Vec<&Timed>> = BTreeMap::new();
        for it in kept.iter().filter(|it| it.barrier == barrier) {
            rings.entry(it.ring).or_default().push(it);
        }
        let lasts =
            rings.values().map(|ring| ring.iter().map(|it| split(it)).sum::<Millis>()).max().unwrap_or_default();
        for ring in rings.values() {
            let mut at = begin;
            for (place, it) in ring.iter().enumerate() {
                let end = if place + 1 == ring.len() { begin + lasts } else { at + split(it) };
                runs.push(Run { ring: it.ring, number: it.number, start: at, lasts: end - at });
                at = end;
            }
        }
        begin += lasts;
    }
    (runs, begin)
}
