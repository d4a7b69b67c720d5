//! The model that the search believes in: point queues under a stage, and what each second costs.
//!
//! A red lane: its queue grows by the arrivals. A green lane: `served = min(queue + arrivals, discharge, room)` a step, after
//! the start-up time when the queue has to start. The terminal cost is what the queues left at the horizon will still
//! cost: a lane green at the end clears in a triangle `q²/2(s − a)`; another first waits for its turn.
//!
//! A lane that gives way: nothing until the queues that go first have cleared, then the discharge that was learned in gaps
//! (the queue clearance of Highway Capacity Manual 7, ch. 31, permitted left turns).
//!
//! `W` labels that stand in the same stage at the same step are walked side by side: lamps, arrivals and limits are the
//! same for all of them, only their queues differ, so one look-up serves `W` queues and the arithmetic fills a vector register.

#![expect(clippy::inline_always, reason = "compiled with its caller for wide registers: search::run")]
#![expect(
    clippy::needless_range_loop,
    reason = "one label's place in several arrays: zipping four of them hides the formula"
)]

use super::given::{Given, Step, Waits, YIELDING_MAX, larger, smaller};
use super::predict::{LaneTable, Tables};
use super::problem::Problem;
use super::report::CostTerms;
use super::settings::Settings;
use ndarray::Array2;
use std::cell::RefCell;

/// Longest clearing that others are believed to wait for, in steps.
const CLEARING_MAX: f32 = 60.0;

/// Problem, tables and prices together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model<'a> {
    pub(super) problem: &'a Problem,
    pub(super) tables: &'a Tables,
    pub(super) settings: &'a Settings,
    /// Where served vehicles (of the first label) are noted down, when somebody wants to know. Shape `[lane][step]`.
    pub(super) served: Option<&'a RefCell<Array2<f64>>>,
}

/// Queues of several labels \[veh\], one entry a lane.
pub(super) type Queues<const W: usize> = [[f32; W]];

/// What some steps cost each of `W` labels \[veh·s\].
#[derive(Debug, Clone, Copy)]
pub(super) struct Costs<const W: usize> {
    pub(super) delay: [f32; W],
    pub(super) stops: [f32; W],
}

impl Model<'_> {
    /// Steps of the horizon.
    pub(super) fn horizon(&self) -> usize {
        self.settings.horizon_s.min(self.tables.steps())
    }

    /// Stay in a stage from one step to another; `startup` applies to lanes that are not rolling yet.
    #[inline(always)]
    pub(super) fn stay<const W: usize>(
        &self,
        queues: &mut Queues<W>,
        stage: usize,
        from: usize,
        to: usize,
        startup: f32,
    ) -> Costs<W> {
        let waits = self.waits(queues, stage, from, from);
        let (mut costs, mut next) = (Costs::ZERO, 0);
        for (lane, (queue, &rate)) in queues.iter_mut().zip(self.tables.discharge(stage)).enumerate() {
            let given = Given::lasting(rate, startup).after(waits.of(lane, &mut next));
            self.walk(lane, queue, from, to, &given, &mut costs);
        }
        costs
    }

    /// Leave a stage for another at a step; returns the cost of the change and the minimum green, and the step at
    /// which the new stage may be left. Cut off at the horizon.
    #[inline(always)]
    pub(super) fn change<const W: usize>(
        &self,
        queues: &mut Queues<W>,
        from: usize,
        to: usize,
        at: usize,
    ) -> (Costs<W>, usize) {
        let tables = self.tables;
        let (green, free) = self.change_ends(from, to, at);
        let waits = self.waits(queues, to, at, green);
        let rates = tables.discharge(from).iter().zip(tables.discharge_between(from, to)).zip(tables.discharge(to));
        let (mut costs, mut next) = (Costs::ZERO, 0);
        for (lane, (queue, ((&before, &between), &after))) in queues.iter_mut().zip(rates).enumerate() {
            let (change, startup) = if between > 0.0 {
                (Given::lasting(between, 0.0), 0.0)
            } else {
                (Given::ending(before, self.settings.yellow_used_s as f32), self.settings.startup_s as f32)
            };
            let entered = Given::lasting(after, startup).after(waits.of(lane, &mut next));
            self.walk(lane, queue, at, green, &change, &mut costs);
            self.walk(lane, queue, green, free, &entered, &mut costs);
        }
        (costs, free)
    }

    /// How long each lane that gives way in a stage finds no gap from step `green` on: until the queues that go first are
    /// gone.
    #[inline(always)]
    fn waits<const W: usize>(&self, queues: &Queues<W>, stage: usize, at: usize, green: usize) -> Waits<'_, W> {
        let lanes = self.tables.gives_way(stage);
        let mut steps = [[0.0; W]; YIELDING_MAX];
        for (wait, yielding) in steps.iter_mut().zip(lanes) {
            for &(other, clearing) in &yielding.first {
                let arrived = self.ahead_by(other, yielding.joins, at, green);
                for (wait, queue) in wait.iter_mut().zip(queues[other]) {
                    *wait = larger(*wait, (queue + arrived) * clearing);
                }
            }
        }
        Waits { lanes, steps }
    }

    /// By how much the queue of a lane at step `at` grows until `green` for somebody who joins it at a step: whoever comes after him
    /// stands behind him.
    #[inline(always)]
    fn ahead_by(&self, lane: usize, joins: usize, at: usize, green: usize) -> f32 {
        let behind = self.tables.arrived(lane, joins.min(at), at);
        self.tables.arrived(lane, at, joins.clamp(at, green)) - behind
    }

    /// Steps at which a change ends in full green, and at which that green may be left; cut off at the horizon.
    fn change_ends(&self, from: usize, to: usize, at: usize) -> (usize, usize) {
        let green = at + self.problem.intergreen[[from, to]];
        let free = green + self.problem.green_min[to];
        (green.min(self.horizon()), free.min(self.horizon()))
    }

    /// Nobody is served from one step to another: the rest of a change under way.
    pub(super) fn closed<const W: usize>(&self, queues: &mut Queues<W>, from: usize, to: usize) -> Costs<W> {
        let mut costs = Costs::ZERO;
        for (lane, queue) in queues.iter_mut().enumerate() {
            self.walk(lane, queue, from, to, &Given::lasting(0.0, 0.0), &mut costs);
        }
        costs
    }

    /// What the queues left at the end will still cost. `remaining` is the number of steps until `stage` is fully green.
    ///
    /// Every queue needs its clearing triangle `q²/2(s − a)`, whatever is green at the end. A lane that the last stage does not
    /// serve (or serves at a part of what it could discharge) also waits for its turn; but only the vehicles that a usual
    /// green would have served lose that time, so that neither an endless queue nor a blocked one holds the signal.
    #[inline(always)]
    pub(super) fn terminal<const W: usize>(&self, queues: &Queues<W>, stage: usize, remaining: usize) -> [f32; W] {
        let (settings, tables) = (self.settings, self.tables);
        let shares = tables.served_share(stage);
        let mut clearing = [0.0f32; W];
        for ((queue, &share), lane) in queues.iter().zip(shares).zip(&tables.lane) {
            if share > 0.0 {
                for (clearing, &queued) in clearing.iter_mut().zip(queue) {
                    *clearing =
                        larger(*clearing, lane.held_for * share * smaller(queued * lane.clearing, CLEARING_MAX));
                }
            }
        }
        let wait = clearing.map(|clearing| settings.terminal_red_s as f32 + 0.5 * clearing);
        let mut total = [0.0f32; W];
        for ((queue, &share), lane) in queues.iter().zip(shares).zip(&tables.lane) {
            let turn_max = lane.discharge_best * settings.terminal_green_s as f32;
            let after_start = share * remaining as f32;
            for j in 0..W {
                let waiting = smaller(queue[j], turn_max) * ((1.0 - share) * wait[j] + after_start);
                total[j] += lane.weight * (waiting + 0.5 * queue[j] * queue[j] * lane.clearing);
            }
        }
        total.map(|total| total * settings.terminal_weight as f32)
    }

    /// One lane over some steps.
    #[inline(always)]
    fn walk<const W: usize>(
        &self,
        lane: usize,
        queue: &mut [f32; W],
        from: usize,
        to: usize,
        given: &Given<'_, W>,
        costs: &mut Costs<W>,
    ) {
        if from >= to {
            return;
        }
        if given.rate <= 0.0 {
            self.red(lane, queue, from, to, costs);
            return;
        }
        let steps = (to - from) as f32;
        let lasts =
            given.is_even() && self.may_sum_up(lane) && queue.iter().all(|&queued| queued >= given.rate * steps + 1.0);
        if lasts {
            // A queue that lasts through all steps loses the same every step.
            // (What it spills is counted as if nobody had left: a long queue costs a little too much.)
            self.red(lane, queue, from, to, costs);
            let weight = self.tables.lane[lane].weight;
            for j in 0..W {
                queue[j] -= given.rate * steps;
                costs.delay[j] -= weight * 0.5 * given.rate * steps * steps;
            }
        } else {
            self.green(lane, queue, from, to, given, costs);
        }
    }

    /// A lane that nobody leaves.
    #[inline(always)]
    fn red<const W: usize>(&self, lane: usize, queue: &mut [f32; W], from: usize, to: usize, costs: &mut Costs<W>) {
        let LaneTable { weight, storage, .. } = self.tables.lane[lane];
        let (before, after) = (self.tables.summed(lane, from), self.tables.summed(lane, to));
        let arrived = after.arrived - before.arrived;
        let steps = (to - from) as f32;
        let on_arrivals = after.area - before.area - before.arrived * steps;
        let stopped = weight * arrived * self.settings.stop_cost_s as f32;
        for j in 0..W {
            costs.delay[j] += weight * (queue[j] * steps + on_arrivals);
            costs.stops[j] += stopped;
        }
        if storage < f32::INFINITY {
            let price = 0.5 * steps * weight * self.settings.spill_price as f32;
            for j in 0..W {
                let spilled = larger(queue[j] - storage, 0.0) + larger(queue[j] + arrived - storage, 0.0);
                costs.delay[j] += price * spilled;
            }
        }
        for queued in queue {
            *queued += arrived;
        }
    }

    /// A lane that is served, step by step.
    #[inline(always)]
    fn green<const W: usize>(
        &self,
        lane: usize,
        queue: &mut [f32; W],
        from: usize,
        to: usize,
        given: &Given<'_, W>,
        costs: &mut Costs<W>,
    ) {
        let LaneTable { weight, storage, .. } = self.tables.lane[lane];
        let (mut delay, mut stops) = ([0.0f32; W], [0.0f32; W]);
        let is_free = !given.is_ending() && given.gaps.is_empty() && self.tables.lane[lane].room == f32::INFINITY;
        let all_open = if is_free { given.startup.into_iter().fold(0.0, larger) } else { f32::INFINITY };
        for (passed, &arriving) in self.tables.arrivals_of(lane, from, to).iter().enumerate() {
            let present = queue[0] + arriving;
            if passed as f32 >= all_open {
                // Most steps: the same discharge for all labels.
                for j in 0..W {
                    let before = queue[j];
                    let after = larger(before + arriving - given.rate, 0.0);
                    delay[j] += 0.5 * (before + after);
                    stops[j] += arriving * smaller(before, 1.0);
                    queue[j] = after;
                }
            } else {
                let room = self.room(lane, from + passed, queue);
                let block_price = self.settings.block_price as f32;
                let step = Step { arriving, open: given.open(passed, from + passed), room, block_price };
                step.serve(given, queue, &mut delay, &mut stops);
            }
            if let Some(note) = self.served {
                note.borrow_mut()[[lane, from + passed]] += f64::from(present - queue[0]);
            }
            if storage < f32::INFINITY {
                for j in 0..W {
                    delay[j] += self.settings.spill_price as f32 * larger(queue[j] - storage, 0.0);
                }
            }
        }
        let stop_cost = weight * self.settings.stop_cost_s as f32;
        for j in 0..W {
            costs.delay[j] += weight * delay[j];
            costs.stops[j] += stop_cost * stops[j];
        }
    }

    /// Whether several steps of a lane may be taken as one: no limit downstream, nobody takes notes.
    #[inline(always)]
    fn may_sum_up(&self, lane: usize) -> bool {
        self.tables.lane[lane].room == f32::INFINITY && self.served.is_none()
    }

    /// What still fits on the road downstream \[veh\]: the room at the beginning and its growth, less what has left.
    #[inline(always)]
    fn room<const W: usize>(&self, lane: usize, step: usize, queue: &[f32; W]) -> [f32; W] {
        let table = &self.tables.lane[lane];
        if table.room == f32::INFINITY {
            return [f32::INFINITY; W];
        }
        let arrived = self.tables.summed(lane, step).arrived;
        let room = table.room + table.room_rate * larger(step as f32 - table.room_from, 0.0);
        queue.map(|queued| larger(room - (table.queue + arrived - queued), 0.0))
    }
}

impl<const W: usize> Costs<W> {
    pub(super) const ZERO: Self = Self { delay: [0.0; W], stops: [0.0; W] };
}

impl Costs<1> {
    /// The cost of a single walk as terms of a report.
    pub(super) fn terms(self) -> CostTerms {
        CostTerms { delay: self.delay[0].into(), stops: self.stops[0].into(), ..CostTerms::default() }
    }
}
