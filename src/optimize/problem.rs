//! The question put to the search: where the signal stands, what is expected, what is allowed. Numbers only.

use crate::estimate::{Forecast, STEP_S};
use crate::ids::StageIx;
use crate::network::{Intersection, Lane, VEHICLE_SPACING_M};
use crate::plan::Shown;
use crate::time::Millis;
use ndarray::{Array1, Array2, Array3};

/// Where the signal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The stage shown, or the one being entered.
    pub stage: StageIx,
    /// Steps until it is fully green; 0 when it is.
    pub green_in: usize,
    /// Steps until it may be left: rest of the change, then of the minimum green.
    pub free_in: usize,
    /// Steps that it has been fully green.
    pub green_for: usize,
}

/// One decision problem in whole steps of [`STEP_S`].
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// Where the signal stands.
    pub start: Start,
    /// Steps from leaving one stage to the full green of another. Shape `[from][to]`.
    pub intergreen: Array2<usize>,
    /// Shortest green of each stage, in steps. Shape `[stage]`.
    pub green_min: Vec<usize>,
    /// Discharge while a queue stands and nobody goes first \[veh/step\]. Shape `[stage][lane]`.
    pub discharge: Array2<f64>,
    /// Best discharge of each lane once whatever holds it up is gone \[veh/step\]. Shape `[lane]`.
    pub discharge_lasting: Array1<f64>,
    /// Discharge during the change \[veh/step\] of lanes that are green on both sides. Shape `[from][to][lane]`.
    pub discharge_between: Array3<f64>,
    /// Lanes whose queues go first while a lane must give way. Index `stage * lanes + lane`.
    pub gives_way: Vec<Vec<usize>>,
    /// Step from which on those who come to the lanes that go first stand behind: a bus in its queue. `None` where they go first
    /// whenever they come. Shape `[lane]`.
    pub joins: Vec<Option<usize>>,
    /// Expected arrivals \[veh\]. Shape `[lane][step]`; at least horizon + longest change + longest minimum green steps.
    pub arrivals: Array2<f64>,
    /// Queue now \[veh\]. Shape `[lane]`.
    pub queue: Array1<f64>,
    /// Vehicles that the roads downstream take from now on \[veh\], may be infinite. Shape `[lane]`.
    pub room: Array1<f64>,
    /// Step from which on that room grows. Shape `[lane]`.
    pub room_from: Array1<f64>,
    /// Its growth from then on \[veh/step\]. Shape `[lane]`.
    pub room_rate: Array1<f64>,
    /// Queue at which a lane begins to block the junction upstream \[veh\]; infinite where there is none. Shape `[lane]`.
    pub storage: Array1<f64>,
    /// Arrival rate beyond the horizon \[veh/step\]. Shape `[lane]`.
    pub rate: Array1<f64>,
    /// Whether a lane has no lamp: a road that joins an approach without a signal. Shape `[lane]`.
    pub side_road: Vec<bool>,
    /// People per vehicle. Shape `[lane]`.
    pub weight: Array1<f64>,
}

impl Problem {
    /// Longest change plus minimum green on top of a horizon, in steps: how far a forecast must reach beyond it.
    pub fn margin(intersection: &Intersection) -> usize {
        let changes = intersection.stage_ixs().flat_map(|from| {
            intersection
                .stage_ixs()
                .map(move |to| steps_up(intersection.intergreen(from, to) + intersection.green_min(to)))
        });
        changes.max().unwrap_or(0) + 1
    }

    /// The problem of an intersection from what is shown and forecast.
    ///
    /// `stage` is the stage shown or being entered, `green_in` the time until it is fully green.
    pub fn new(
        intersection: &Intersection,
        shown: &Shown,
        forecast: &Forecast,
        stage: StageIx,
        green_in: Millis,
    ) -> Self {
        let stages = intersection.stages.len();
        let lanes = intersection.lanes.len();
        let between = |from: usize, to: usize| intersection.intergreen(StageIx(from), StageIx(to));
        let discharge = forecast.discharge.mapv(|rate| rate * STEP_S);
        let discharge_between = Array3::from_shape_fn((stages, stages, lanes), |(from, to, lane)| {
            let kept = intersection.lanes[lane].movements.iter().any(|movement| {
                let group = intersection.movements[movement.0].group;
                intersection.stages[from].serves(group) && intersection.stages[to].serves(group)
            });
            if kept { discharge[[from, lane]].min(discharge[[to, lane]]) } else { 0.0 }
        });
        Self {
            start: start(intersection, shown, stage, green_in),
            intergreen: Array2::from_shape_fn((stages, stages), |(from, to)| steps_up(between(from, to))),
            green_min: intersection.stage_ixs().map(|stage| steps_up(intersection.green_min(stage)).max(1)).collect(),
            joins: vec![None; lanes],
            side_road: vec![false; lanes],
            gives_way: intersection
                .stage_ixs()
                .flat_map(|stage| intersection.lane_ixs().map(move |lane| (stage, lane)))
                .map(|(stage, lane)| intersection.gives_way_to(stage, lane).iter().map(|first| first.0).collect())
                .collect(),
            discharge,
            discharge_lasting: forecast.discharge_lasting.mapv(|rate| rate * STEP_S),
            discharge_between,
            arrivals: forecast.arrivals.clone(),
            queue: forecast.queue.clone(),
            room: forecast.room.clone(),
            room_from: forecast.room_from.mapv(|from_s| from_s / STEP_S),
            room_rate: forecast.room_rate.mapv(|rate| rate * STEP_S),
            storage: intersection.lanes.iter().map(storage).collect(),
            rate: forecast.rate.mapv(|rate| rate * STEP_S),
            weight: Array1::ones(lanes),
        }
    }

    /// Vehicles that the roads downstream take from a lane from now until a step \[veh\].
    pub fn room_at(&self, lane: usize, step: usize) -> f64 {
        self.room[lane] + self.room_rate[lane] * (step as f64 - self.room_from[lane]).max(0.0)
    }

    /// Number of stages.
    pub fn stages(&self) -> usize {
        self.green_min.len()
    }

    /// Number of lanes.
    pub fn lanes(&self) -> usize {
        self.queue.len()
    }
}

/// Share of a lane that a queue may fill before it disturbs the junction upstream.
const FILL_MAX: f64 = 0.8;

/// Queue at which a lane begins to block the junction upstream. Only whole vehicles fit: on a road of 12 m the tail of the
/// second one stays in the junction.
fn storage(lane: &Lane) -> f64 {
    if lane.is_source { f64::INFINITY } else { FILL_MAX * (lane.length_m / VEHICLE_SPACING_M).floor() }
}

/// Where the signal stands, in steps.
fn start(intersection: &Intersection, shown: &Shown, stage: StageIx, green_in: Millis) -> Start {
    let served = || intersection.group_ixs().filter(move |&group| intersection.stage(stage).serves(group));
    let since = served().filter_map(|group| shown.green_since(group)).max();
    if green_in > Millis::ZERO {
        let free_in = green_in + intersection.green_min(stage);
        return Start { stage, green_in: steps_up(green_in), free_in: steps_up(free_in), green_for: 0 };
    }
    let green_for = since.map_or(Millis::ZERO, |since| shown.at - since);
    let rest = served()
        .filter_map(|group| shown.green_since(group).map(|since| since + intersection.groups[group.0].green_min))
        .map(|until| until - shown.at)
        .max()
        .unwrap_or(Millis::ZERO);
    Start {
        stage,
        green_in: 0,
        free_in: steps_up(rest.max(Millis::ZERO)),
        green_for: (green_for.as_secs_f64() / STEP_S).floor().max(0.0) as usize,
    }
}

/// Whole steps that cover a duration.
fn steps_up(duration: Millis) -> usize {
    (duration.as_secs_f64() / STEP_S - 1e-9).ceil().max(0.0) as usize
}
