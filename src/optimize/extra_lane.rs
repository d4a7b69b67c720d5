//! Lanes of the problem that no stop line has: who asks for green, and roads that join without a signal.
//!
//! In: their queue, arrivals and weight, what each stage gives them, who goes first. Out: a longer [`Problem`]; without any it stays as
//! it was, to the bit.

use super::problem::Problem;
use ndarray::{Array1, Array2, Array3, Axis, concatenate};

/// One such lane, in steps.
#[derive(Debug, Clone)]
pub(super) struct ExtraLane {
    /// Weight of a vehicle, 1 = a car and its people.
    pub(super) weight: f64,
    /// Who waits now \[veh\].
    pub(super) queue: f64,
    /// Who comes in each step \[veh\]; nobody in those beyond.
    pub(super) arrivals: Vec<f64>,
    /// Who comes later \[veh/step\].
    pub(super) rate: f64,
    /// Discharge in each stage \[veh/step\]. Shape `[stage]`.
    pub(super) discharge: Vec<f64>,
    /// Discharge during a change, from those before and after it.
    pub(super) between: fn(f64, f64) -> f64,
    /// Lanes whose queues go first in each stage. Shape `[stage][any]`.
    pub(super) first: Vec<Vec<usize>>,
    /// Step from which on others stand behind; `None` where they go first whenever they come.
    pub(super) joins: Option<usize>,
    /// Whether it has no lamp.
    pub(super) side_road: bool,
}

impl Problem {
    /// Add some lanes.
    pub(super) fn add(&mut self, more: &[ExtraLane]) {
        if more.is_empty() {
            return;
        }
        let (lanes, steps) = self.arrivals.dim();
        let (stages, rows) = (self.stages(), more.len());
        let discharge = Array2::from_shape_fn((stages, rows), |(stage, row)| more[row].discharge[stage]);
        let between = Array3::from_shape_fn((stages, stages, rows), |(from, to, row)| {
            (more[row].between)(discharge[[from, row]], discharge[[to, row]])
        });
        let arrivals =
            Array2::from_shape_fn((rows, steps), |(row, step)| more[row].arrivals.get(step).copied().unwrap_or(0.0));
        let gives_way = (0..stages).flat_map(|stage| {
            let own = self.gives_way[stage * lanes..(stage + 1) * lanes].to_vec();
            own.into_iter().chain(more.iter().map(|row| row.first[stage].clone()).collect::<Vec<_>>())
        });
        self.gives_way = gives_way.collect();
        self.joins.extend(more.iter().map(|row| row.joins));
        self.side_road.extend(more.iter().map(|row| row.side_road));
        self.arrivals = concatenate![Axis(0), self.arrivals, arrivals];
        self.discharge = concatenate![Axis(1), self.discharge, discharge];
        self.discharge_between = concatenate![Axis(2), self.discharge_between, between];
        self.add_numbers(more);
    }

    /// What a lane has one number of.
    fn add_numbers(&mut self, more: &[ExtraLane]) {
        let extend = |column: &mut Array1<f64>, value: &dyn Fn(&ExtraLane) -> f64| {
            let more: Array1<f64> = more.iter().map(value).collect();
            *column = concatenate![Axis(0), *column, more];
        };
        extend(&mut self.discharge_lasting, &|row| row.discharge.iter().copied().fold(0.0, f64::max));
        extend(&mut self.queue, &|row| row.queue);
        extend(&mut self.rate, &|row| row.rate);
        extend(&mut self.weight, &|row| row.weight);
        extend(&mut self.storage, &|_| f64::INFINITY);
        extend(&mut self.room, &|_| f64::INFINITY);
        extend(&mut self.room_from, &|_| 0.0);
        extend(&mut self.room_rate, &|_| 0.0);
    }
}
