//! Those who ask for green and whom no lane detector tells: walkers who have called, buses that have said when they come.
//!
//! In: who asks, where, since when or when \[s\], how many people. Out: a lane of its own for each of them in the [`Problem`], so that
//! the search trades their time against everybody else's. Without anybody who asks the problem stays as it is.
//!
//! ```text
//! weight of a vehicle on a lane   1                            (a car and its people: the unit of every cost)
//! weight of a walker              pedestrian / car · (1 + waited / patience)
//! weight of a bus                 people / car − 1             (its own vehicle is counted on the road already)
//! ```
//!
//! A minute of waiting on foot counts as two in a vehicle (value of waiting time: Wardman 2004), and more the longer it lasts: after some
//! 30 s people begin to cross at red (Highway Capacity Manual 7, ch. 19, pedestrian delay). They all start at once when they may. A bus stands behind the queue that it finds
//! when it comes: its lane is served once the longest of its group's lanes has let go who was there before it, and those who come after
//! it do not count.
//!
//! Assumptions: more walkers come as they have come so far; the expected arrival of a bus is right to a few seconds. Weaknesses: nobody
//! knows on which lane of its group the bus is, so the longest is believed; the weight of walkers grows from second to second,
//! not within the horizon.
//!
//! Sources: passenger-weighted delay in Christofa, Papamichail, Skabardonis 2013 (person-based traffic responsive signal control);
//! priority requests as in NTCIP 1211.

use super::extra_lane::ExtraLane;
use super::problem::Problem;
use crate::estimate::{Forecast, STEP_S};
use crate::ids::{GroupIx, StageIx};
use crate::network::Intersection;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Walkers who start in one step: the whole kerb.
const WALKERS_A_STEP: f64 = 3.0;
/// What a bus lane discharges \[veh/step\].
const BUSES_A_STEP: f64 = 0.5;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Asker {
    /// People at a crossing who have called.
    Walkers {
        /// How many wait now.
        people: f64,
        /// How many more come \[1/s\].
        rate: f64,
        /// How long the first of them has waited \[s\].
        waited_s: f64,
    },
    /// A bus or tram.
    Bus {
        /// How many people are in it.
        people: f64,
        /// When it reaches the stop line if nothing holds it up \[s from now\]; at most 0 for one that is there.
        due_s: f64,
    },
}

/// A request for green as the search sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Asking {
    /// Group that serves it.
    pub group: GroupIx,
    /// Who asks.
    pub who: Asker,
}

/// How many people are where nobody counts them, and how patient they are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct People {
    /// People in a vehicle that a detector counts, 1…10: what all other weights are relative to.
    pub car: f64,
    /// People in a bus or tram that asks for priority, 0…500; 0 = no priority.
    pub transit: f64,
    /// Weight of a walker, 0…20; 0 = walkers are only served by the maximum red.
    pub pedestrian: f64,
    /// Wait after which a walker counts twice \[s\], 5…600.
    pub patience_s: f64,
}

impl Default for People {
    fn default() -> Self {
        Self { car: 1.3, transit: 30.0, pedestrian: 2.0, patience_s: 30.0 }
    }
}

impl Problem {
    /// Give everybody who asks a lane; those who weigh nothing are left out.
    pub fn ask(&mut self, intersection: &Intersection, forecast: &Forecast, asking: &[Asking], people: &People) {
        let steps = self.arrivals.ncols();
        let lane = |it: &Asking| match it.who {
            Asker::Walkers { people: waiting, rate, waited_s } => {
                let weight = people.pedestrian / people.car * (1.0 + waited_s.max(0.0) / people.patience_s);
                walkers(intersection, it.group, (waiting, rate), weight, steps)
            }
            Asker::Bus { people: inside, due_s } => bus(intersection, forecast, it.group, due_s, inside / people.car),
        };
        let matters = |it: &ExtraLane| it.weight > 0.0 && it.joins.is_none_or(|joins| joins < steps);
        let lanes: Vec<ExtraLane> = asking.iter().map(lane).filter(matters).collect();
        self.add(&lanes);
    }
}

/// What each stage gives whom a group serves.
fn served_by(intersection: &Intersection, group: GroupIx, discharge: f64) -> Vec<f64> {
    let serves = |stage: StageIx| intersection.stage(stage).serves(group);
    intersection.stage_ixs().map(|stage| if serves(stage) { discharge } else { 0.0 }).collect()
}

fn walkers(
    intersection: &Intersection,
    group: GroupIx,
    (waiting, rate): (f64, f64),
    weight: f64,
    steps: usize,
) -> ExtraLane {
    ExtraLane {
        weight,
        queue: waiting,
        arrivals: vec![rate * STEP_S; steps],
        rate: rate * STEP_S,
        discharge: served_by(intersection, group, WALKERS_A_STEP.max(waiting)),
        between: f64::min,
        first: vec![Vec::new(); intersection.stages.len()],
        joins: None,
        side_road: false,
    }
}

fn bus(intersection: &Intersection, forecast: &Forecast, group: GroupIx, due_s: f64, cars: f64) -> ExtraLane {
    let joins = (due_s / STEP_S).round().max(0.0) as usize;
    let mut lanes: Vec<usize> = intersection.lanes_of(group).map(|lane| lane.0).collect();
    lanes.sort_unstable();
    lanes.dedup();
    let discharge = served_by(intersection, group, BUSES_A_STEP);
    let behind = |(stage, &served): (usize, &f64)| -> Vec<usize> {
        let open = |&&lane: &&usize| served > 0.0 && forecast.discharge[[stage, lane]] > 0.0;
        lanes.iter().filter(open).copied().collect()
    };
    let here = joins == 0;
    let mut arrivals = vec![0.0; joins];
    arrivals.extend((!here).then_some(1.0));
    ExtraLane {
        weight: (cars - f64::from(u8::from(!lanes.is_empty()))).max(0.0),
        queue: f64::from(u8::from(here)),
        arrivals,
        rate: 0.0,
        first: discharge.iter().enumerate().map(behind).collect(),
        discharge,
        between: f64::min,
        joins: Some(joins),
        side_road: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::sample::{THROUGH_EW, THROUGH_NS, crossroads};
    use crate::optimize::{Report, Settings, plan};
    use crate::plan::Shown;
    use crate::time::{Millis, Timestamp};
    use ndarray::{Array1, Array2};

    /// Green for north and south since 30 s; some vehicles wait on the lane of the road across, others come from the north.
    fn report(across: f64, north: f64, asking: &[Asking], people: &People) -> Report {
        let intersection = crossroads();
        let now = Timestamp::from_secs(100);
        let mut shown = Shown::all_red(&intersection, now - Millis::from_secs(60));
        shown.advance(now - Millis::from_secs(30), Some(THROUGH_NS), &intersection.stage(THROUGH_NS).signals);
        shown.at = now;
        let forecast = forecast(&intersection, across, north, now);
        let settings = Settings { people: *people, ..Settings::default() };
        let mut problem = Problem::new(&intersection, &shown, &forecast, THROUGH_NS, Millis::ZERO);
        let before = problem.clone();
        problem.ask(&intersection, &forecast, asking, people);
        assert_eq!(problem == before, asking.is_empty() || people.transit + people.pedestrian <= 0.0);
        plan(&problem, &settings, &[])
    }

    fn forecast(intersection: &Intersection, across: f64, north: f64, at: Timestamp) -> Forecast {
        let lanes = intersection.lanes.len();
        let serves = |stage: usize, lane: usize| intersection.stages[stage].serves(GroupIx(lane));
        let mut queue = Array1::zeros(lanes);
        queue[2] = across;
        Forecast {
            at,
            vehicles: queue.clone(),
            queue,
            arrivals: Array2::from_shape_fn((lanes, 80), |(lane, _)| if lane == 0 { north } else { 0.0 }),
            rate: Array1::zeros(lanes),
            discharge: Array2::from_shape_fn((4, lanes), |(s, l)| if serves(s, l) { 0.5 } else { 0.0 }),
            discharge_lasting: Array1::from_elem(lanes, 0.5),
            room: Array1::from_elem(lanes, f64::INFINITY),
            room_from: Array1::zeros(lanes),
            room_rate: Array1::zeros(lanes),
            side_roads: Vec::new(),
        }
    }

    fn bus(due_s: f64) -> Asking {
        Asking { group: GroupIx(2), who: Asker::Bus { people: 30.0, due_s } }
    }

    fn walkers(waited_s: f64) -> Asking {
        Asking { group: GroupIx(2), who: Asker::Walkers { people: 1.0, rate: 0.02, waited_s } }
    }

    /// When the road across begins to be green, if it does \[s\].
    fn green_across(report: &Report) -> Option<usize> {
        let to_ew = report.chosen.moves.iter().find(|it| it.to == THROUGH_EW)?;
        Some(to_ew.leave + 4)
    }

    #[test]
    fn a_bus_finds_green_when_it_comes_and_earlier_when_others_stand_before_it() {
        let people = People::default();
        assert_eq!(green_across(&report(0.0, 0.15, &[], &people)), None, "nobody wants it");
        let alone = green_across(&report(0.0, 0.15, &[bus(25.0)], &people)).expect("the bus is worth a change");
        assert!((20..=25).contains(&alone), "green at {alone}");
        // Three vehicles are not worth it when the road is full; with the bus behind them they are, and need 6 s before it.
        let others = green_across(&report(3.0, 0.42, &[], &people)).unwrap_or(99);
        let behind = green_across(&report(3.0, 0.42, &[bus(25.0)], &people)).expect("the bus is worth a change");
        assert!(behind <= 19 && others > 30, "green at {behind}, without the bus at {others}");
    }

    #[test]
    fn a_green_is_held_for_a_bus_that_comes_soon_and_not_for_one_of_no_account() {
        // Six wait across; the bus comes from the north in nine seconds.
        let from_north = Asking { group: GroupIx(0), ..bus(9.0) };
        let left = |asking: &[Asking]| report(6.0, 0.1, asking, &People::default()).chosen.moves[0].leave;
        assert!(left(&[]) <= 2);
        assert!((9..=13).contains(&left(&[from_north])), "{}", left(&[from_north]));
        let empty = Asking { group: GroupIx(0), who: Asker::Bus { people: 0.0, due_s: 9.0 } };
        assert!(left(&[empty, walkers(0.0)]) <= 2);
    }

    #[test]
    fn walkers_are_served_the_sooner_the_longer_they_have_waited_and_not_at_any_price() {
        let people = People { pedestrian: 1.0, ..People::default() };
        let at = |waited_s, north| green_across(&report(0.0, north, &[walkers(waited_s)], &people)).unwrap_or(99);
        assert!(at(0.0, 0.0) <= 5, "the road is empty");
        let waits: Vec<usize> = [0.0, 30.0, 90.0].into_iter().map(|waited| at(waited, 0.3)).collect();
        assert!(waits.is_sorted_by(|a, b| a >= b) && waits[0] > waits[2], "{waits:?}");
        let nobody = People { pedestrian: 0.0, transit: 0.0, ..people };
        assert_eq!(green_across(&report(0.0, 0.3, &[walkers(90.0)], &nobody)), None);
    }
}
