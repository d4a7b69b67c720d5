//! What is answered, as values: each made from pictures, each with a schema that the description of the interface is made of.
//!
//! Instants are those of the engine's clock \[UTC ms\], in a demo those of the simulated street; ages are of the wall's time.

use super::Exhibit;
use super::alarms::{AlarmShown, is_trouble, worst};
use super::compared::{self, ShadowTotals};
use super::corridor::Corridor;
use super::lately::Lately;
use crate::estimate::{CountedPlace, PlaceCount};
use crate::network::Intersection;
use crate::plan::{Action, FieldMode, IntervalKind, Mode, Scene, Severity};
use crate::service::board::{Held, Picture, age};
use crate::service::mqtt::Status;
use crate::units::lamps_to_string;
use axum::body::Bytes;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Why a request was refused (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "problem")]
pub struct Problem {
    /// The status in words.
    pub title: &'static str,
    /// The status.
    pub status: u16,
    /// One line for people.
    pub detail: String,
}

/// Whether the process goes on, or is ready.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Health {
    /// Whether it is.
    pub ok: bool,
    /// What is missing; empty when nothing is.
    pub missing: Vec<String>,
}

/// The city at one instant.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "snapshot")]
pub struct Frame {
    /// City or site.
    pub city: String,
    /// Version of the program.
    pub version: &'static str,
    /// Name of the engine.
    pub engine: String,
    /// Under which number its plans are published; null while another engine leads.
    pub epoch: Option<u64>,
    /// Whether the broker is there.
    pub broker: bool,
    /// Instant of the newest decision \[ms\].
    pub at_ms: i64,
    /// The numbers that matter.
    pub totals: Totals,
    /// What another policy would have cost; null where none is compared.
    pub shadow: Option<ShadowTotals>,
    /// Every intersection of this engine, in order of its name.
    pub intersections: Vec<Site>,
}

/// The numbers that matter.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Totals {
    /// Vehicles that detectors see, as last counted.
    pub vehicles: u64,
    /// Those of them that stand.
    pub halted: u64,
    /// Vehicles that passed stop lines in the last period of counts \[veh/min\].
    pub passed_per_min: f64,
    /// Mean speed of the vehicles seen, where detectors tell it \[m/s\].
    pub mean_speed_mps: Option<f64>,
    /// Intersections by mode of the engine; `none` before the first decision.
    pub modes: BTreeMap<&'static str, u32>,
    /// Open alarms by severity, without those that are put aside.
    pub alarms: BTreeMap<&'static str, u32>,
    /// Age of the oldest counts among all intersections \[s\]; null where some were never heard.
    pub counts_age_s: Option<i64>,
}

/// One intersection in the picture of the city.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Site {
    /// Its name.
    pub id: String,
    /// How the engine drives it.
    pub mode: Option<Mode>,
    /// Who is in charge at the street.
    pub field: Option<FieldMode>,
    /// One letter a signal group, as the field controller shows them.
    pub lamps: String,
    /// Stage that is shown or being entered.
    pub stage: Option<String>,
    /// Vehicles standing on each lane, in the network's order; null where nothing was heard.
    pub queues: Vec<Option<u32>>,
    /// Worst open alarm, without those that are put aside.
    pub alarm: Option<Severity>,
}

/// Everything about one intersection.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "intersection")]
pub struct Detail {
    /// As in the picture of the city.
    #[serde(flatten)]
    pub site: Site,
    /// Instant of its last decision \[ms\].
    pub at_ms: i64,
    /// How long hearing and deciding took \[µs\].
    pub took_us: u64,
    /// Age of the last counts \[s\].
    pub counts_age_s: Option<i64>,
    /// Lanes with what is counted on them.
    pub lanes: Vec<Lane>,
    /// Signal groups with when they will change.
    pub groups: Vec<Group>,
    /// What was decided and why.
    pub why: Option<Why>,
    /// The plan that came of it.
    pub plan: Option<PlanShown>,
    /// What the field controller obeys.
    pub applied: Option<PlanName>,
    /// Why it refused the newest plan.
    pub refused: Option<String>,
    /// Open alarms.
    pub alarms: Vec<AlarmShown>,
    /// Names of its stages, in order.
    pub stages: Vec<String>,
    /// What an operator holds.
    pub command: Option<Commanded>,
}

/// What an operator holds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Commanded {
    /// `hold`, `call` or `fixed`.
    pub verb: &'static str,
    /// Stage that is held or called.
    pub stage: Option<String>,
    /// Until when \[ms\].
    pub until_ms: i64,
    /// Who commanded it; null when that was before a restart.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// A lane.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Lane {
    /// Its name.
    pub id: String,
    /// Groups whose lamps its vehicles obey, by position.
    pub groups: Vec<usize>,
    /// Vehicles in its zone; null where it was not heard.
    pub vehicles: Option<u32>,
    /// Those of them that stand.
    pub halted: Option<u32>,
    /// Vehicles that passed the stop line in the last period.
    pub passed: Option<u32>,
    /// Mean speed in the zone \[m/s\].
    pub mean_speed_mps: Option<f64>,
}

/// A signal group.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Group {
    /// Its name.
    pub id: String,
    /// Its letter in the lamps.
    pub lamp: Option<char>,
    /// Since when it shows it \[ms\].
    pub since_ms: Option<i64>,
    /// When it is planned to change \[ms\].
    pub likely_end_ms: Option<i64>,
}

/// Chosen against runner-up.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Why {
    /// Stage that was chosen.
    pub chosen: String,
    /// The best alternative that was looked at.
    pub runner_up: Option<String>,
    /// Cost terms of the chosen plan \[veh·s\].
    pub cost: BTreeMap<String, f64>,
    /// The same terms of the runner-up.
    pub runner_up_cost: BTreeMap<String, f64>,
    /// Scene it was taken in.
    pub scene: Scene,
    /// Labels that the search expanded.
    pub labels: u64,
    /// One line for people.
    pub reason: String,
}

/// A plan by author and number.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PlanName {
    /// Fencing number of its author.
    pub epoch: u64,
    /// Number within the epoch.
    pub seq: u64,
}

/// A plan.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PlanShown {
    /// Which one.
    #[serde(flatten)]
    pub name: PlanName,
    /// When it was made \[ms\].
    pub issued_ms: i64,
    /// How long it may be obeyed \[ms\].
    pub lease_ms: i64,
    /// What is shown, in order.
    pub intervals: Vec<IntervalShown>,
}

/// A stretch of time in which no lamp changes.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct IntervalShown {
    /// Stage shown or being entered.
    pub stage: String,
    /// Kind.
    pub kind: IntervalKind,
    /// First instant \[ms\].
    pub start_ms: i64,
    /// First instant after it \[ms\].
    pub end_ms: i64,
    /// One letter a group.
    pub lamps: String,
}

/// How the city went while this engine ran, at most six hours back.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "trend")]
pub struct Trend {
    /// Length of a step \[ms\].
    pub step_ms: i64,
    /// Steps, the oldest first; the last one has only begun.
    pub points: Vec<TrendPoint>,
}

/// Means over a step.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TrendPoint {
    /// Begin of the step \[ms\].
    pub at_ms: i64,
    /// Vehicles that detectors saw.
    pub vehicles: f64,
    /// Those of them that stood.
    pub halted: f64,
    /// Vehicles that passed stop lines \[veh/min\].
    pub passed_per_min: f64,
    /// Mean speed of the vehicles seen, where detectors tell it \[m/s\].
    pub mean_speed_mps: Option<f64>,
    /// Open alarms.
    pub alarms: f64,
    /// Intersections in another mode than adaptive.
    pub not_adaptive: f64,
}

/// A road that leads straight over several signals.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CorridorName {
    /// Its name, of its first and its last intersection.
    pub id: String,
    /// Names of its intersections, in order.
    pub intersections: Vec<String>,
}

/// All of them.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "corridors")]
pub struct Corridors {
    /// The longest first.
    pub corridors: Vec<CorridorName>,
}

/// A corridor with what was lately shown and what is planned.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "corridor")]
pub struct CorridorShown {
    /// Its name.
    pub id: String,
    /// Instant of the newest decision \[ms\].
    pub at_ms: i64,
    /// Its signals, in order.
    pub stops: Vec<Stop>,
}

/// A signal of a corridor.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Stop {
    /// Name of the intersection.
    pub id: String,
    /// Distance from the first stop line \[m\].
    pub at_m: f64,
    /// Free speed on the way here \[m/s\].
    pub speed_mps: f64,
    /// Groups, by position, that the through traffic obeys away from the first intersection.
    pub forward: Vec<usize>,
    /// Groups of the through traffic towards the first intersection.
    pub backward: Vec<usize>,
    /// Share of the arrivals that were on green in the last hour, away from the first intersection and towards it, 0…1; null before anything
    /// was seen, or where there is no such way.
    pub on_green: [Option<f64>; 2],
    /// When vehicles crossed the stop line in the last minutes on lanes from which one can go straight on, away from the first intersection and
    /// towards it: the end of the second, once for each vehicle \[ms\].
    pub passed_ms: [Vec<i64>; 2],
    /// Lamps of the last five minutes, the oldest first.
    pub shown: Vec<Shown>,
    /// What is planned.
    pub plan: Vec<IntervalShown>,
}

/// Lamps from an instant on.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Shown {
    /// Since when \[ms\].
    pub from_ms: i64,
    /// One letter a group.
    pub lamps: String,
    /// Stage that was shown or being entered.
    pub stage: Option<String>,
}

impl Frame {
    /// The city now.
    pub(super) fn of(exhibit: &Exhibit) -> Self {
        let (mut totals, mut sites, mut at) = (Totals::default(), Vec::with_capacity(exhibit.own.len()), 0);
        let (mut speed_sum, mut speed_weight, mut oldest) = (0.0, 0.0, Some(0));
        let worst = worst(&exhibit.shown.operations.desk().standing(), &mut totals);
        for &ix in &exhibit.own {
            let (picture, intersection) = (exhibit.board().look(ix), &exhibit.network.intersections[ix]);
            let site = Site::of(&picture, intersection, worst.get(&ix).copied());
            *totals.modes.entry(mode_name(site.mode)).or_default() += 1;
            at = at.max(picture.at.0);
            oldest = oldest.zip(picture.counted).map(|(oldest, counted)| age(counted).0.div_euclid(1_000).max(oldest));
            for place in picture.counts.iter().flat_map(|counts| &counts.places) {
                totals.vehicles += u64::from(place.count);
                totals.halted += u64::from(place.halted);
                if let Some(speed) = place.mean_speed_mps.filter(|_| place.count > 0) {
                    speed_sum += speed * f64::from(place.count);
                    speed_weight += f64::from(place.count);
                }
            }
            totals.passed_per_min += passed_per_min(&picture);
            sites.push(site);
        }
        totals.mean_speed_mps = (speed_weight > 0.0).then(|| round(speed_sum / speed_weight));
        totals.passed_per_min = round(totals.passed_per_min);
        totals.counts_age_s = oldest;
        Self {
            city: exhibit.network.city.clone(),
            version: env!("CARGO_PKG_VERSION"),
            engine: exhibit.engine.clone(),
            epoch: exhibit.authority.epoch(),
            broker: *exhibit.shown.link.status().borrow() == Status::Online,
            at_ms: at,
            totals,
            shadow: ShadowTotals::of(exhibit),
            intersections: sites,
        }
    }

    /// As JSON.
    pub(super) fn to_bytes(&self) -> Bytes {
        serde_json::to_vec(self).expect("names and finite numbers are always JSON").into()
    }
}

impl Site {
    fn of(picture: &Picture, intersection: &Intersection, alarm: Option<Severity>) -> Self {
        let stage = picture.state.as_ref().and_then(|state| state.shown.stage);
        let counted = |lane| place(picture, lane).map(|it| it.halted);
        Self {
            id: intersection.id.to_string(),
            mode: picture.decision.as_ref().map(|it| it.mode),
            field: picture.state.as_ref().map(|it| it.mode),
            lamps: picture.state.as_ref().map(|it| lamps_to_string(&it.shown.lamps())).unwrap_or_default(),
            stage: stage.map(|it| intersection.stage(it).id.clone()),
            queues: intersection.lane_ixs().map(|lane| counted(CountedPlace::Lane(lane))).collect(),
            alarm,
        }
    }
}

impl Detail {
    /// An intersection now.
    pub(super) fn of(exhibit: &Exhibit, ix: usize) -> Self {
        let (picture, intersection) = (exhibit.board().look(ix), &exhibit.network.intersections[ix]);
        let stage = |ix| intersection.stage(ix).id.clone();
        let alarms = exhibit.shown.operations.desk().standing_at(ix);
        let worst = alarms.iter().filter(|it| is_trouble(it)).map(|it| it.alarm.severity).max();
        Self {
            site: Site::of(&picture, intersection, worst),
            at_ms: picture.at.0,
            took_us: u64::try_from(picture.took.as_micros()).unwrap_or(u64::MAX),
            counts_age_s: picture.counted.map(|it| age(it).0.div_euclid(1_000)),
            lanes: lanes(&picture, intersection),
            groups: groups(&picture, intersection),
            why: picture.decision.as_ref().map(|it| Why {
                chosen: stage(it.chosen),
                runner_up: it.runner_up.map(stage),
                cost: it.cost.clone(),
                runner_up_cost: it.runner_up_cost.clone(),
                scene: it.scene,
                labels: it.labels,
                reason: it.reason.clone(),
            }),
            plan: picture.plan.as_ref().map(|plan| PlanShown {
                name: PlanName { epoch: plan.epoch, seq: plan.seq },
                issued_ms: plan.issued.0,
                lease_ms: plan.lease.0,
                intervals: plan.intervals.iter().map(|it| interval(it, intersection)).collect(),
            }),
            applied: picture
                .state
                .as_ref()
                .and_then(|it| it.applied)
                .map(|it| PlanName { epoch: it.epoch, seq: it.seq }),
            refused: picture.state.as_ref().and_then(|it| it.refused.clone()),
            alarms: alarms.iter().map(AlarmShown::up).collect(),
            stages: intersection.stages.iter().map(|it| it.id.clone()).collect(),
            command: picture.held.as_ref().and_then(|it| commanded(it, intersection)),
        }
    }
}

impl CorridorShown {
    /// A corridor now.
    pub(super) fn of(exhibit: &Exhibit, corridor: &Corridor, lately: &Lately) -> Self {
        let mut at_ms = 0;
        let mut stops = corridor.stops.clone();
        for (stop, &ix) in stops.iter_mut().zip(&corridor.sites) {
            let (picture, intersection) = (exhibit.board().look(ix), &exhibit.network.intersections[ix]);
            at_ms = at_ms.max(picture.at.0);
            if let Some(place) = exhibit.own.iter().position(|&own| own == ix) {
                stop.shown = lately.lamps(place);
            }
            stop.on_green = [&stop.forward, &stop.backward].map(|groups| compared::on_green(exhibit, ix, groups));
            stop.passed_ms = [&stop.forward, &stop.backward].map(|groups| compared::passed(exhibit, ix, groups));
            let intervals = picture.plan.iter().flat_map(|plan| &plan.intervals);
            stop.plan = intervals.map(|it| interval(it, intersection)).collect();
        }
        Self { id: corridor.name.id.clone(), at_ms, stops }
    }
}

fn commanded(held: &Held, intersection: &Intersection) -> Option<Commanded> {
    let verb = match held.action {
        Action::Stage(_) => "hold",
        Action::Call(_) => "call",
        Action::FixedTime => "fixed",
        Action::Release => return None,
    };
    let stage = held.action.stage().map(|it| intersection.stage(it).id.clone());
    Some(Commanded { verb, stage, until_ms: held.until.0, by: held.by.clone(), reason: held.reason.clone() })
}

fn lanes(picture: &Picture, intersection: &Intersection) -> Vec<Lane> {
    let lane = |ix: crate::ids::LaneIx| {
        let (lane, seen) = (&intersection.lanes[ix.0], place(picture, CountedPlace::Lane(ix)));
        let mut groups: Vec<usize> = lane.movements.iter().map(|it| intersection.movements[it.0].group.0).collect();
        groups.sort_unstable();
        groups.dedup();
        Lane {
            id: lane.id.to_string(),
            groups,
            vehicles: seen.map(|it| it.count),
            halted: seen.map(|it| it.halted),
            passed: seen.map(|it| it.passed),
            mean_speed_mps: seen.and_then(|it| it.mean_speed_mps).map(round),
        }
    };
    intersection.lane_ixs().map(lane).collect()
}

fn groups(picture: &Picture, intersection: &Intersection) -> Vec<Group> {
    let group = |(ix, group): (usize, &crate::network::SignalGroup)| {
        let shown = picture.state.as_ref().and_then(|it| it.shown.groups.get(ix));
        let timing = picture.spat.as_ref().and_then(|it| it.groups.get(ix));
        Group {
            id: group.id.clone(),
            lamp: shown.map(|it| it.indication.letter()),
            since_ms: shown.map(|it| it.since.0),
            likely_end_ms: timing.and_then(|it| it.likely_end).map(|it| it.0),
        }
    };
    intersection.groups.iter().enumerate().map(group).collect()
}

fn interval(interval: &crate::plan::Interval, intersection: &Intersection) -> IntervalShown {
    IntervalShown {
        stage: intersection.stage(interval.stage).id.clone(),
        kind: interval.kind,
        start_ms: interval.start.0,
        end_ms: interval.end.0,
        lamps: lamps_to_string(&interval.signals),
    }
}

fn place(picture: &Picture, place: CountedPlace) -> Option<&PlaceCount> {
    picture.counts.as_ref()?.places.iter().find(|it| it.place == place)
}

/// Over stop lines only: what passes from a feeder is counted again at the line.
fn passed_per_min(picture: &Picture) -> f64 {
    let Some(counts) = &picture.counts else { return 0.0 };
    let lanes = counts.places.iter().filter(|it| matches!(it.place, CountedPlace::Lane(_)));
    let passed: u32 = lanes.map(|it| it.passed).sum();
    f64::from(passed) * 60.0 / counts.period.as_secs_f64().max(0.001)
}

fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// The name of a mode, as on the wire.
pub(super) const fn mode_name(mode: Option<Mode>) -> &'static str {
    match mode {
        None => "none",
        Some(Mode::Warmup) => "warmup",
        Some(Mode::Adaptive) => "adaptive",
        Some(Mode::Degraded) => "degraded",
        Some(Mode::FixedTime) => "fixed_time",
        Some(Mode::Manual) => "manual",
    }
}

/// The name of a severity, as on the wire.
pub(super) const fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}
