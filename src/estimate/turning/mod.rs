//! Turn shares: which part of a shared lane's vehicles takes each of its movements, learned while running.
//!
//! In: passages of every lane \[veh\], what the lamps show, how many vehicles have entered the roads downstream (neighbours
//! tell, [`Entered`]). Out: a share a movement, ≥ 0, one in sum over the movements of a lane.
//!
//! Two kinds of rows go into one recursive least squares of the intersection ([`regression`]):
//!
//! - **Entries downstream.** Per exit road and [`WINDOW`]: entered = passages whose movement is known + Σ share · passages
//!   of the shared lanes that lead there + inflow from the side. Passages are taken a travel time earlier. All lanes
//!   that merge into the road are one row, so none is charged with another's vehicles.
//! - **Lamps.** While only one movement of a lane has green, who passes takes it, and a queue that stands in front of that
//!   green has a head that does not: each is one vehicle whose turn is known. The lane being first in, first out, the
//!   others are a random sample, so what is known is left out of the first kind of row.
//!
//! Exits without detectors are what the others leave over. Shares fade towards the prior with [`MEMORY_S`] and keep
//! a [`FLOOR`], because a turn that nobody took for a quarter of an hour may be taken next.
//!
//! Assumptions: first in, first out; the share of a link that arrives at the neighbour is that of the file. Weaknesses:
//! an incident behind the stop line looks like a head that takes another turn, once a green; where a road forks or
//! fills on the way to the neighbour, the shares are biased ([`LINK_SHARE_MIN`] leaves the worst out).
//!
//! Source: turning fractions from counts by least squares, Cremer and Keller (1987); Nihan and Davis (1987).

mod passages;
mod regression;
#[cfg(test)]
mod truth;

use super::{Entered, LearnedTurns, Outflow};
use crate::ids::{LaneIx, MovementIx};
use crate::network::{Intersection, Link, Problems};
use crate::plan::Shown;
use crate::time::{Millis, Timestamp};
use crate::units::Indication;
use passages::Passages;
use regression::{Regression, TURN_VARIANCE};
use serde::{Deserialize, Serialize};

/// Time constant of the memory \[s\].
const MEMORY_S: f64 = 1_200.0;
/// Shortest span of a row: long beside the error of the travel time, short beside a cycle.
const WINDOW: Millis = Millis::from_secs(20);
/// After a silence as long as this a new span begins.
const GAP_MAX: Millis = Millis::from_secs(90);
/// From a standing queue over the junction, beyond the time at free speed \[s\].
const START_S: f64 = 2.0;
/// Spread of the travel times, as a share of their mean, and at least \[s\].
const SPREAD: f64 = 0.15;
const SPREAD_MIN_S: f64 = 1.0;
/// Roads on which it takes longer to the neighbour's first detector tell too late \[s\].
const TRAVEL_MAX_S: f64 = 60.0;
/// Links of which less arrives at the neighbour are not used: who turns off on the way is not known well enough.
const LINK_SHARE_MIN: f64 = 0.9;
/// Variance of a row from vehicles that are counted in the neighbouring span \[veh²\].
const EDGE_VARIANCE: f64 = 1.5;
/// Faster entries than this are a counter that was set \[veh/s\].
const ENTRY_RATE_MAX: f64 = 4.0;
/// A red as old as this lets nobody pass any more.
const CLOSED_AFTER: Millis = Millis::from_secs(2);
/// No share is believed to be below this part of an even split.
const FLOOR: f64 = 0.02;

/// Shares of all movements of one intersection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Turning {
    lanes: Vec<SharedLane>,
    roads: Vec<Road>,
    /// One column a shared lane (turn unknown), then one a movement (turn known).
    passages: Passages,
    regression: Regression,
    /// One entry a movement.
    shares: Vec<f64>,
    solved_at: Option<Timestamp>,
    rows: usize,
}

/// A lane with several movements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct SharedLane {
    lane: LaneIx,
    movements: Vec<MovementIx>,
    /// The movement that the first vehicle does not take, once it has stood in front of its green.
    head_is_not: Option<usize>,
}

/// A road that leaves, as far as the neighbour's first detectors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Road {
    link: Link,
    /// Movements that lead to it.
    movements: Vec<MovementIx>,
    last: Option<(Timestamp, u64)>,
}

/// What one period showed of one lane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Passed {
    pub(super) lane: LaneIx,
    /// Passages \[veh\].
    pub(super) vehicles: u32,
    /// Whether a queue stands in front of a green although there is room behind the junction.
    pub(super) held_up: bool,
}

impl Turning {
    pub(super) fn new(intersection: &Intersection, links: &[Link]) -> Self {
        let shared = intersection.lane_ixs().filter(|lane| intersection.lanes[lane.0].movements.len() > 1);
        let lanes: Vec<SharedLane> = shared
            .map(|lane| SharedLane { lane, movements: intersection.lanes[lane.0].movements.clone(), head_is_not: None })
            .collect();
        let from_here = links.iter().filter(|link| link.from == intersection.id && link.share_prior >= LINK_SHARE_MIN);
        let road = |link: &Link| {
            let leads = |m: &MovementIx| leads_to(intersection, *m, link);
            let movements: Vec<MovementIx> = MovementIx::all(intersection.movements.len()).filter(leads).collect();
            let asked = lanes.iter().any(|lane| lane.movements.iter().any(|m| movements.contains(m)));
            asked.then(|| Road { link: link.clone(), movements, last: None })
        };
        let roads: Vec<Road> = from_here.filter_map(road).collect();
        let shares: Vec<f64> = intersection.movements.iter().map(|movement| movement.share_prior).collect();
        let prior = |lane: &SharedLane| lane.movements.iter().map(|m| shares[m.0]).collect();
        Self {
            passages: Passages::new(lanes.len() + shares.len()),
            regression: Regression::new(lanes.iter().map(prior).collect(), roads.len()),
            solved_at: None,
            rows: 0,
            lanes,
            roads,
            shares,
        }
    }

    /// Share of each movement, in the order of the intersection.
    pub(super) fn shares(&self) -> &[f64] {
        &self.shares
    }

    /// What was learned.
    pub(super) fn learned(&self) -> LearnedTurns {
        self.regression.learned()
    }

    /// What of it does not fit these lanes and roads.
    pub(super) fn judge(&self, learned: &LearnedTurns, problems: &mut Problems) {
        self.regression.judge(learned, problems);
    }

    /// Go on with what was learned before an absence, faded as if nobody had passed since; false and unchanged when it has no
    /// solution.
    pub(super) fn resume(&mut self, learned: &LearnedTurns, absence: Millis) -> bool {
        if !self.regression.resume(learned) {
            return false;
        }
        self.regression.fade((-absence.as_secs_f64().max(0.0) / MEMORY_S).exp());
        self.read_shares();
        true
    }

    /// Take in the passages of one period.
    pub(super) fn observe(&mut self, intersection: &Intersection, passed: &[Passed], shown: &Shown, at: Timestamp) {
        if self.lanes.is_empty() {
            return;
        }
        let mut columns = vec![0.0; self.lanes.len() + self.shares.len()];
        for seen in passed {
            if let Some(place) = self.lanes.iter().position(|shared| shared.lane == seen.lane) {
                self.attribute(intersection, place, *seen, shown, &mut columns);
            } else if let [only] = intersection.lanes[seen.lane.0].movements[..] {
                columns[self.lanes.len() + only.0] += f64::from(seen.vehicles);
            }
        }
        self.passages.add(at, &columns);
        self.solve(at);
    }

    /// Whose turn the lamps tell, and who is left.
    fn attribute(
        &mut self,
        intersection: &Intersection,
        place: usize,
        seen: Passed,
        shown: &Shown,
        columns: &mut [f64],
    ) {
        let shared = &mut self.lanes[place];
        let known = columns.len() - self.shares.len();
        let mut unknown = f64::from(seen.vehicles);
        let sole = sole_open(intersection, &shared.movements, shown);
        if seen.vehicles > 0
            && let Some(not) = shared.head_is_not.take()
            && sole.is_none_or(|(movement, _)| movement != not)
        {
            // The lamps have told this one's turn already.
            unknown -= 1.0;
            let may = |movement: usize| sole.map_or(movement != not, |(sole, _)| movement == sole);
            let takers = || shared.movements.iter().enumerate().filter(|(movement, _)| may(*movement));
            let all: f64 = takers().map(|(_, m)| self.shares[m.0]).sum();
            for (_, m) in takers() {
                columns[known + m.0] += self.shares[m.0] / all;
            }
        }
        let Some((movement, protected)) = sole else {
            columns[place] += unknown;
            return;
        };
        columns[known + shared.movements[movement].0] += unknown;
        if protected && unknown > 0.0 {
            self.regression.add(&[(place, movement, unknown)], None, unknown, TURN_VARIANCE * unknown);
            self.rows += 1;
        }
        if protected && seen.held_up && shared.head_is_not.is_none() {
            shared.head_is_not = Some(movement);
            self.regression.add(&[(place, movement, 1.0)], None, 0.0, TURN_VARIANCE);
            self.rows += 1;
        }
    }

    /// Take in how many vehicles have entered the neighbour's approaches.
    pub(super) fn hear(&mut self, outflow: &Outflow) {
        for place in 0..self.roads.len() {
            let link = &self.roads[place].link;
            let entry = outflow.entries.iter().find(|entry| entry.approach == link.approach);
            if link.to == outflow.intersection
                && let Some(entered) = entry.and_then(|entry| entry.entered)
            {
                self.hear_road(place, entered, outflow.at);
            }
        }
    }

    fn hear_road(&mut self, place: usize, entered: Entered, at: Timestamp) {
        let road = &mut self.roads[place];
        let Some((from, before)) = road.last else {
            road.last = Some((at, entered.total));
            return;
        };
        let span = at - from;
        if span < WINDOW && span > Millis::ZERO && entered.total >= before {
            return;
        }
        road.last = Some((at, entered.total));
        let vehicles = entered.total.saturating_sub(before) as f64;
        let seconds = span.as_secs_f64();
        if (WINDOW..=GAP_MAX).contains(&span) && entered.total >= before && vehicles <= ENTRY_RATE_MAX * seconds {
            self.add_row(place, (from, at), entered.reach_m, vehicles);
        }
    }

    /// One row: what entered a road in a span, against what may have gone there.
    fn add_row(&mut self, place: usize, (from, to): (Timestamp, Timestamp), reach_m: f64, entered: f64) {
        let road = &self.roads[place];
        let travel_s = START_S + (road.link.length_m - reach_m).max(0.0) / road.link.speed_mps;
        if travel_s > TRAVEL_MAX_S {
            return;
        }
        let spread_s = (SPREAD * travel_s).max(SPREAD_MIN_S);
        let delays = [-1.0, 0.0, 1.0].map(|side| Millis::from_secs_f64(travel_s + side * spread_s));
        let Some(passed) = self.passages.between(from, to, &delays) else { return };
        let part = road.link.share_prior;
        let known: f64 = road.movements.iter().map(|m| passed[self.lanes.len() + m.0]).sum();
        let mut terms = Vec::new();
        for (lane, shared) in self.lanes.iter().enumerate() {
            let here = |m: &MovementIx| road.movements.contains(m);
            let leading = shared.movements.iter().enumerate().filter(|(_, m)| here(m));
            terms.extend(leading.map(|(movement, _)| (lane, movement, part * passed[lane])));
        }
        let random: f64 = terms.iter().map(|(_, _, vehicles)| vehicles).sum();
        let variance = EDGE_VARIANCE + TURN_VARIANCE * random + (1.0 - part) * known;
        let inflow = Some((place, (to - from).as_secs_f64()));
        self.regression.add(&terms, inflow, entered - part * known, variance);
        self.rows += 1;
    }

    /// Solve once a span, when there is anything new.
    fn solve(&mut self, at: Timestamp) {
        let since = at - *self.solved_at.get_or_insert(at);
        if self.rows == 0 || since < WINDOW {
            return;
        }
        self.regression.fade((-since.as_secs_f64() / MEMORY_S).exp());
        self.read_shares();
        self.solved_at = Some(at);
        self.rows = 0;
    }

    fn read_shares(&mut self) {
        for (shared, shares) in self.lanes.iter().zip(self.regression.shares()) {
            for (m, share) in shared.movements.iter().zip(shares) {
                self.shares[m.0] = (1.0 - FLOOR) * share + FLOOR / shared.movements.len() as f64;
            }
        }
    }
}

/// The one movement of a lane that may go while all others have been stopped for a while, and whether nothing but its
/// own queue can hold it up.
fn sole_open(intersection: &Intersection, movements: &[MovementIx], shown: &Shown) -> Option<(usize, bool)> {
    let group = |m: &MovementIx| &shown.groups[intersection.movements[m.0].group.0];
    let closed = |m: &MovementIx| group(m).indication == Indication::Red && shown.at - group(m).since >= CLOSED_AFTER;
    let mut open = movements.iter().enumerate().filter(|(_, m)| !closed(m));
    let (movement, m) = open.next()?;
    let alone = open.next().is_none() && group(m).indication.is_green();
    alone.then(|| (movement, group(m).indication == Indication::Protected))
}

fn leads_to(intersection: &Intersection, movement: MovementIx, link: &Link) -> bool {
    intersection.movements[movement.0].exit.is_some_and(|exit| intersection.exits[exit.0].link == link.id)
}
