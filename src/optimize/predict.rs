//! Tables that make a step of the search cheap: flat, single precision, arrivals summed up, so that a red lane costs two
//! look-ups. Single precision is enough: a cost of 10 000 veh·s is still told to a thousandth.

use super::problem::Problem;
use super::yielding::Yielding;
use ndarray::Array2;

/// A lane that is (nearly) oversaturated is believed to clear at this share of its discharge at least.
const HEADROOM_SHARE_MIN: f64 = 0.15;
/// And never slower than this \[veh/step\].
const HEADROOM_MIN: f64 = 0.02;

/// What the model looks up: the problem in single precision, and what follows from lane and stage alone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tables {
    lanes: usize,
    stages: usize,
    steps: usize,
    /// Arrivals \[veh\]. Index `lane * steps + step`.
    arrivals: Vec<f32>,
    /// Arrivals before each step \[veh\] and their integral over time \[veh·step\], trapezoidal. Index `lane * (steps + 1) + step`.
    summed: Vec<Summed>,
    /// Discharge \[veh/step\]. Index `stage * lanes + lane`.
    discharge: Vec<f32>,
    /// Discharge during a change \[veh/step\]. Index `(from * stages + to) * lanes + lane`.
    discharge_between: Vec<f32>,
    /// What each stage gives each lane of its best discharge, 0…1. Index `stage * lanes + lane`.
    served_share: Vec<f32>,
    /// Lanes that give way in each stage. Shape `[stage][any]`.
    gives_way: Vec<Vec<Yielding>>,
    /// Weight of all buses that ask.
    pub(super) buses: f32,
    /// What depends on the lane alone.
    pub(super) lane: Vec<LaneTable>,
}

/// Arrivals before a step and their integral.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Summed {
    /// Vehicles.
    pub(super) arrived: f32,
    /// Vehicle steps.
    pub(super) area: f32,
}

/// A lane in the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LaneTable {
    /// Weight of a vehicle.
    pub(super) weight: f32,
    /// Queue from which the junction upstream suffers \[veh\].
    pub(super) storage: f32,
    /// Queue at the beginning \[veh\].
    pub(super) queue: f32,
    /// Room downstream \[veh\], the step from which on it grows, and its growth \[veh/step\].
    pub(super) room: f32,
    pub(super) room_from: f32,
    pub(super) room_rate: f32,
    /// Best discharge in any stage \[veh/step\].
    pub(super) discharge_best: f32,
    /// Share of its clearing that others wait for: 0 for a side road, which gets no green of its own.
    pub(super) held_for: f32,
    /// One over what the lasting discharge exceeds the arrivals by \[step/veh\].
    pub(super) clearing: f32,
}

impl Tables {
    pub(super) fn new(problem: &Problem) -> Self {
        let (lanes, steps) = problem.arrivals.dim();
        let best = |lane| problem.discharge.column(lane).iter().copied().fold(0.0, f64::max);
        let served_share = Array2::from_shape_fn(problem.discharge.raw_dim(), |(stage, lane)| {
            let best = best(lane);
            if best > 0.0 { problem.discharge[[stage, lane]] / best } else { 0.0 }
        });
        let single = |values: &mut dyn Iterator<Item = &f64>| values.map(|&value| value as f32).collect();
        Self {
            lanes,
            stages: problem.stages(),
            steps,
            arrivals: single(&mut problem.arrivals.iter()),
            summed: (0..lanes).flat_map(|lane| summed(problem.arrivals.row(lane).to_vec())).collect(),
            discharge: single(&mut problem.discharge.iter()),
            discharge_between: single(&mut problem.discharge_between.iter()),
            served_share: single(&mut served_share.iter()),
            gives_way: (0..problem.stages()).map(|stage| Yielding::of_stage(problem, stage)).collect(),
            buses: (0..lanes)
                .filter(|&lane| problem.joins[lane].is_some())
                .map(|lane| problem.weight[lane])
                .sum::<f64>() as f32,
            lane: (0..lanes).map(|lane| LaneTable::new(problem, lane, best(lane))).collect(),
        }
    }

    /// Steps that are known.
    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    /// Arrivals of one lane from one step to another.
    pub(super) fn arrivals_of(&self, lane: usize, from: usize, to: usize) -> &[f32] {
        &self.arrivals[lane * self.steps + from..lane * self.steps + to]
    }

    /// What arrived at a lane before a step.
    pub(super) fn summed(&self, lane: usize, step: usize) -> Summed {
        self.summed[lane * (self.steps + 1) + step]
    }

    /// What arrives at a lane from one step to another.
    pub(super) fn arrived(&self, lane: usize, from: usize, to: usize) -> f32 {
        self.summed(lane, to).arrived - self.summed(lane, from).arrived
    }

    /// Discharge of each lane in a stage.
    pub(super) fn discharge(&self, stage: usize) -> &[f32] {
        &self.discharge[stage * self.lanes..(stage + 1) * self.lanes]
    }

    /// Discharge of each lane during a change.
    pub(super) fn discharge_between(&self, from: usize, to: usize) -> &[f32] {
        let pair = from * self.stages + to;
        &self.discharge_between[pair * self.lanes..(pair + 1) * self.lanes]
    }

    /// Lanes that give way in a stage, in order.
    pub(super) fn gives_way(&self, stage: usize) -> &[Yielding] {
        &self.gives_way[stage]
    }

    /// Whether a lane gives way in a stage.
    pub(super) fn must_give_way(&self, stage: usize, lane: usize) -> bool {
        self.gives_way[stage].iter().any(|yielding| yielding.lane == lane)
    }

    /// What a stage gives each lane of its best discharge.
    pub(super) fn served_share(&self, stage: usize) -> &[f32] {
        &self.served_share[stage * self.lanes..(stage + 1) * self.lanes]
    }
}

impl LaneTable {
    fn new(problem: &Problem, lane: usize, discharge_best: f64) -> Self {
        let headroom = headroom(problem.discharge_lasting[lane], problem.rate[lane]);
        Self {
            weight: problem.weight[lane] as f32,
            storage: problem.storage[lane] as f32,
            queue: problem.queue[lane] as f32,
            room: if binds(problem, lane, discharge_best) { problem.room[lane] as f32 } else { f32::INFINITY },
            room_from: problem.room_from[lane] as f32,
            room_rate: problem.room_rate[lane] as f32,
            discharge_best: discharge_best as f32,
            held_for: if problem.side_road[lane] { 0.0 } else { 1.0 },
            clearing: (1.0 / headroom) as f32,
        }
    }
}

/// Whether the room downstream can ever be less than what a lane would release. Where it cannot, the lane need not be walked
/// step by step.
fn binds(problem: &Problem, lane: usize, discharge_best: f64) -> bool {
    let mut arrived = problem.queue[lane];
    (0..problem.arrivals.ncols()).any(|step| {
        arrived += problem.arrivals[[lane, step]];
        let released = arrived.min(discharge_best * (step + 1) as f64);
        problem.room_at(lane, step) < released + 1.0
    })
}

/// By how much a discharge exceeds the arrivals \[veh/step\], as far as is believed of an oversaturated lane.
pub(super) fn headroom(discharge: f64, rate: f64) -> f64 {
    (discharge - rate).max(HEADROOM_SHARE_MIN * discharge).max(HEADROOM_MIN)
}

/// Running sums of one lane: one entry more than there are steps.
fn summed(arrivals: Vec<f64>) -> impl Iterator<Item = Summed> {
    let (mut arrived, mut area) = (0.0, 0.0);
    std::iter::once(Summed::default()).chain(arrivals.into_iter().map(move |arriving| {
        area += arrived + 0.5 * arriving;
        arrived += arriving;
        Summed { arrived: arrived as f32, area: area as f32 }
    }))
}
