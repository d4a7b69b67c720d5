//! One second of a recorded run, explained: what was, what was chosen over what and why in numbers, what comes next.
//!
//! In: a round of a recording, driven again up to there ([`super::redrive`]). Out: a value for people and programs. What was decided
//! and sent is told as it was recorded; queues, arrivals, room, seeds and deadlines are those of the controller that was driven
//! again, which are the same as long as [`Checked::is_same`].

use super::redrive::Checked;
use super::round::Round;
use crate::controller::Account;
use crate::estimate::{CountedPlace, Observation};
use crate::ids::LaneIx;
use crate::network::{Intersection, Network};
use crate::optimize::Report;
use crate::plan::{Decision, IntervalKind, Mode, Plan, StateReport};
use crate::time::{Millis, Timestamp};
use crate::wire::{Channel, Message, Rejection};
use serde::Serialize;

/// Arrivals are told for this long.
const SOON: Millis = Millis::from_secs(10);

/// One second of one intersection.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// Where.
    pub intersection: String,
    /// When \[s\].
    pub at_s: f64,
    /// What the field controller said of itself.
    pub field: Option<FieldPart>,
    /// Lamps, group by group.
    pub groups: Vec<GroupPart>,
    /// Traffic, lane by lane.
    pub lanes: Vec<LanePart>,
    /// How much is heard: `healthy`, `partial`, `blind`.
    pub counts: Option<String>,
    /// Open requests, one line each.
    pub requests: Vec<String>,
    /// What was decided.
    pub decision: Option<DecisionPart>,
    /// What the maximum-red guard did.
    pub guard: Option<String>,
    /// What the gate said.
    pub gate: Option<String>,
    /// The plan that was sent, interval by interval.
    pub plan: Option<PlanPart>,
    /// How the controller, driven again up to this second, compares with the recording.
    pub redriven: Option<Checked>,
}

/// What the field controller said of itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldPart {
    /// Who is in charge.
    pub mode: String,
    /// Stage shown or being entered.
    pub stage: Option<String>,
    /// Lamp string.
    pub lamps: String,
    /// The plan that is obeyed, as `epoch.seq`.
    pub obeys: Option<String>,
    /// Why the newest plan was refused.
    pub refused: Option<String>,
}

/// One signal group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupPart {
    /// Its name.
    pub group: String,
    /// Its lamp, a letter.
    pub lamp: char,
    /// How long it has shown it \[s\].
    pub for_s: f64,
    /// How long somebody has waited there \[s\].
    pub waiting_s: Option<f64>,
}

/// One lane.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LanePart {
    /// Its name.
    pub lane: String,
    /// Lamps of its movements, a letter each.
    pub lamps: String,
    /// Vehicles counted in the zone, those that stand, those that passed in this second; `None` where nothing was heard.
    pub counted: Option<[u32; 3]>,
    /// Estimated queue \[veh\].
    pub queue: Option<f64>,
    /// Expected at the stop line within ten seconds \[veh\].
    pub arrivals_10s: Option<f64>,
    /// Learned arrival rate \[veh/h\].
    pub rate_veh_per_h: Option<f64>,
    /// Room on the roads downstream \[veh\]; `None` where nothing is known.
    pub room: Option<f64>,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecisionPart {
    /// Number of the plan that came of it.
    pub seq: u64,
    /// Mode it was taken in.
    pub mode: Mode,
    /// Stage to show or to go on showing.
    pub chosen: String,
    /// The best alternative that was looked at.
    pub over: Option<String>,
    /// Cost terms \[veh·s\] (scores \[veh\]) of both, the sum last.
    pub terms: Vec<Term>,
    /// How much the alternative would cost more \[veh·s\].
    pub gain: Option<f64>,
    /// Other plans that were compared, with their cost \[veh·s\].
    pub seeds: Vec<(String, f64)>,
    /// Labels that the search expanded.
    pub labels: u64,
    /// Whether the budget ended the search.
    pub cut_short: bool,
    /// Why, in one line.
    pub reason: String,
}

/// One cost term of both sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Term {
    /// Its name.
    pub term: String,
    /// Of the chosen plan.
    pub chosen: f64,
    /// Of the alternative.
    pub over: Option<f64>,
}

/// The plan that was sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanPart {
    /// Epoch and number.
    pub number: String,
    /// Until when it may be obeyed \[s\].
    pub lease_until_s: f64,
    /// What is shown from when to when.
    pub intervals: Vec<IntervalPart>,
}

/// One interval.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IntervalPart {
    /// Start and end \[s\].
    pub from_s: f64,
    /// End \[s\].
    pub to_s: f64,
    /// Kind.
    pub kind: IntervalKind,
    /// Stage shown or being entered.
    pub stage: String,
    /// Lamp string.
    pub lamps: String,
}

/// What was recorded of one second.
struct Recorded {
    state: Option<StateReport>,
    counts: Option<Observation>,
    decision: Option<Decision>,
    plan: Option<Plan>,
}

impl Explanation {
    /// Of one second; `account` and `redriven` are those of the controller that was driven again, where an engine had a part.
    ///
    /// # Errors
    /// A message that cannot be decoded.
    pub fn new(
        network: &Network,
        ix: usize,
        round: &Round,
        account: Option<&Account>,
        redriven: Option<Checked>,
    ) -> Result<Self, Rejection> {
        let intersection = &network.intersections[ix];
        let recorded = Recorded::of(round, network)?;
        Ok(Self {
            intersection: intersection.id.to_string(),
            at_s: round.at.as_secs_f64(),
            field: recorded.state.as_ref().map(|state| field(state, intersection)),
            groups: groups(&recorded, account, round.at, intersection),
            lanes: intersection.lane_ixs().map(|lane| lane_part(lane, &recorded, account, intersection)).collect(),
            counts: account.map(|account| format!("{:?}", account.health).to_lowercase()),
            requests: account.map(|account| requests(account, round.at, intersection)).unwrap_or_default(),
            decision: recorded.decision.as_ref().map(|it| decision(it, account, intersection)),
            guard: account.map(|account| guard(account, intersection)),
            gate: account.map(|account| gate(account, recorded.plan.is_some())),
            plan: recorded.plan.as_ref().map(|plan| plan_part(plan, intersection)),
            redriven,
        })
    }
}

impl Recorded {
    fn of(round: &Round, network: &Network) -> Result<Self, Rejection> {
        let mut recorded = Self { state: None, counts: None, decision: None, plan: None };
        for channel in [Channel::State, Channel::Counts, Channel::Decision, Channel::Plan] {
            match round.message(&channel, network)? {
                Some(Message::State(it)) => recorded.state = Some(it),
                Some(Message::Counts { observation, .. }) => recorded.counts = Some(observation),
                Some(Message::Decision(it)) => recorded.decision = Some(it),
                Some(Message::Plan(it)) => recorded.plan = Some(it),
                _ => {}
            }
        }
        Ok(recorded)
    }
}

fn field(state: &StateReport, intersection: &Intersection) -> FieldPart {
    FieldPart {
        mode: format!("{:?}", state.mode),
        stage: state.shown.stage.map(|stage| intersection.stage(stage).id.clone()),
        lamps: crate::units::lamps_to_string(&state.shown.lamps()),
        obeys: state.applied.map(|plan| format!("{}.{}", plan.epoch, plan.seq)),
        refused: state.refused.clone(),
    }
}

fn groups(recorded: &Recorded, account: Option<&Account>, at: Timestamp, it: &Intersection) -> Vec<GroupPart> {
    let Some(state) = &recorded.state else { return Vec::new() };
    let waiting = |group: usize| account.and_then(|account| account.waiting.get(group).copied().flatten());
    let shown = state.shown.groups.iter().enumerate().zip(&it.groups);
    let part = |((ix, shown), group): ((usize, &crate::plan::GroupShown), &crate::network::SignalGroup)| GroupPart {
        group: group.id.clone(),
        lamp: shown.indication.letter(),
        for_s: (at - shown.since).as_secs_f64(),
        waiting_s: waiting(ix).map(|since| (at - since).as_secs_f64()),
    };
    shown.map(part).collect()
}

fn lane_part(lane: LaneIx, recorded: &Recorded, account: Option<&Account>, it: &Intersection) -> LanePart {
    let place = &it.lanes[lane.0];
    let lamps = recorded.state.as_ref().map(|state| state.shown.lamps());
    let lamp = |movement: &crate::ids::MovementIx| {
        let group = it.movements[movement.0].group;
        lamps.as_ref().and_then(|lamps| lamps.get(group.0)).map(|lamp| lamp.letter())
    };
    let counts = recorded.counts.iter().flat_map(|counts| &counts.places);
    let mut counted =
        counts.filter(|count| count.place == CountedPlace::Lane(lane)).map(|it| [it.count, it.halted, it.passed]);
    let forecast = account.map(|account| &account.forecast);
    LanePart {
        lane: place.id.to_string(),
        lamps: place.movements.iter().filter_map(lamp).collect(),
        counted: counted.next_back(),
        queue: forecast.map(|it| tenth(it.queue[lane.0])),
        arrivals_10s: account.map(|account| tenth(account.arrivals_within(SOON)[lane.0])),
        rate_veh_per_h: forecast.map(|it| (it.rate[lane.0] * 3600.0).round()),
        room: forecast.map(|it| it.room[lane.0]).filter(|room| room.is_finite()).map(tenth),
    }
}

fn requests(account: &Account, at: Timestamp, it: &Intersection) -> Vec<String> {
    let line = |request: &crate::plan::Request| {
        let eta = request.eta.map_or("waits".to_owned(), |eta| format!("due in {}", eta - at));
        let group = &it.groups[request.group.0].id;
        format!("{:?} {} at group {group}, asked {} ago, {eta}", request.kind, request.id, at - request.at)
    };
    account.requests.iter().map(line).collect()
}

fn decision(decision: &Decision, account: Option<&Account>, it: &Intersection) -> DecisionPart {
    let name = |stage| it.stage(stage).id.clone();
    let over = |term: &str| decision.runner_up_cost.get(term).copied();
    let term = |(term, &chosen): (&String, &f64)| Term { term: term.clone(), chosen, over: over(term) };
    let mut terms: Vec<Term> = decision.cost.iter().map(term).collect();
    let sum = |cost: &std::collections::BTreeMap<String, f64>| cost.values().sum::<f64>();
    let both = !decision.cost.is_empty() && !decision.runner_up_cost.is_empty();
    let gain = both.then(|| sum(&decision.runner_up_cost) - sum(&decision.cost));
    if terms.len() > 1 {
        let over = both.then(|| sum(&decision.runner_up_cost));
        terms.push(Term { term: "together".to_owned(), chosen: sum(&decision.cost), over });
    }
    let report = account.and_then(|account| account.report.as_ref());
    let seeds = report.map(|report: &Report| {
        report.seeds.iter().map(|(kind, cost)| (format!("{kind:?}").to_lowercase(), tenth(*cost))).collect()
    });
    DecisionPart {
        seq: decision.seq,
        mode: decision.mode,
        chosen: name(decision.chosen),
        over: decision.runner_up.map(name),
        terms,
        gain,
        seeds: seeds.unwrap_or_default(),
        labels: decision.labels,
        cut_short: report.is_some_and(|report| report.cut_short),
        reason: decision.reason.clone(),
    }
}

fn guard(account: &Account, it: &Intersection) -> String {
    let left = |urgent: crate::controller::stabilise::Urgent| urgent.deadline - account.base.at;
    match (account.urgent, account.next_deadline(it)) {
        (Some(urgent), _) => {
            let group = &it.groups[urgent.group.0].id;
            format!("changed the proposal: the maximum red of group {group} is over in {}", left(urgent))
        }
        (None, Some(next)) => {
            let group = &it.groups[next.group.0].id;
            format!("let it pass; the next maximum red is over in {} (group {group})", left(next))
        }
        (None, None) => "let it pass; nobody waits at red".to_owned(),
    }
}

fn gate(account: &Account, sent: bool) -> String {
    match (account.refusals.as_slice(), sent) {
        ([], true) => "passed, every rule".to_owned(),
        ([], false) => "nothing was sent".to_owned(),
        (refusals, true) => format!("passed after {} refused: {}", refusals.len(), refusals.join("; ")),
        (refusals, false) => format!("refused everything, nothing was sent: {}", refusals.join("; ")),
    }
}

fn plan_part(plan: &Plan, it: &Intersection) -> PlanPart {
    let interval = |interval: &crate::plan::Interval| IntervalPart {
        from_s: interval.start.as_secs_f64(),
        to_s: interval.end.as_secs_f64(),
        kind: interval.kind,
        stage: it.stage(interval.stage).id.clone(),
        lamps: crate::units::lamps_to_string(&interval.signals),
    };
    PlanPart {
        number: format!("{}.{}", plan.epoch, plan.seq),
        lease_until_s: (plan.issued + plan.lease).as_secs_f64(),
        intervals: plan.intervals.iter().map(interval).collect(),
    }
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
