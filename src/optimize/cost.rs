//! The model that the search believes in: point queues under a stage, and what each second costs.
//!
//! A red lane: its queue grows by the arrivals. A green lane: `served = min(queue + arrivals, discharge, room)` a step, after
//! the start-up time when the queue has to start. The terminal cost is what the queues left at the horizon will still
//! cost: a lane green at the end clears in a triangle `q²/2(s − a)`; another first waits for its turn.

use super::predict::Tables;
use super::problem::Problem;
use super::report::CostTerms;
use super::settings::Settings;
use ndarray::Array2;
use std::cell::RefCell;

/// Longest clearing that others are believed to wait for, in steps.
const CLEARING_MAX: f64 = 60.0;

/// Problem, tables and prices together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model<'a> {
    pub(super) problem: &'a Problem,
    pub(super) tables: &'a Tables,
    pub(super) settings: &'a Settings,
    /// Where served vehicles are noted down, when somebody wants to know. Shape `[lane][step]`.
    pub(super) served: Option<&'a RefCell<Array2<f64>>>,
}

/// What a lane is given over some steps.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Given {
    /// Discharge \[veh/step\].
    rate: f64,
    /// Steps from the beginning in which nothing starts.
    startup: f64,
    /// Steps from the beginning after which the discharge ends.
    ends: f64,
}

impl Given {
    const RED: Self = Self { rate: 0.0, startup: 0.0, ends: 0.0 };

    /// Whether it is the rest of a green that is over.
    fn is_ending(self) -> bool {
        self.ends < f64::INFINITY
    }

    /// Share of a step in which the discharge runs.
    fn open(self, passed: f64) -> f64 {
        if self.is_ending() {
            (self.ends - passed).clamp(0.0, 1.0)
        } else {
            (passed + 1.0 - self.startup).clamp(0.0, 1.0)
        }
    }
}

impl Model<'_> {
    /// Steps of the horizon.
    pub(super) fn horizon(&self) -> usize {
        self.settings.horizon_s.min(self.problem.arrivals.ncols())
    }

    /// Stay in a stage from one step to another; `startup` applies to lanes that are not rolling yet.
    pub(super) fn stay(&self, queue: &mut [f64], stage: usize, from: usize, to: usize, startup: f64) -> CostTerms {
        let rates = self.problem.discharge.row(stage);
        self.all_lanes(queue, from, to, |lane| Given { rate: rates[lane], startup, ends: f64::INFINITY })
    }

    /// Leave a stage for another at a step; returns the cost of the change and the minimum green, and the step at
    /// which the new stage may be left. Cut off at the horizon.
    pub(super) fn change(&self, queue: &mut [f64], from: usize, to: usize, at: usize) -> (CostTerms, usize) {
        let horizon = self.horizon();
        let green = at + self.problem.intergreen[[from, to]];
        let free = green + self.problem.green_min[to];
        let ending = self.problem.discharge.row(from);
        let between = &self.problem.discharge_between;
        let mut cost = self.all_lanes(queue, at, green.min(horizon), |lane| {
            let kept = between[[from, to, lane]];
            if kept > 0.0 {
                Given { rate: kept, startup: 0.0, ends: f64::INFINITY }
            } else {
                Given { rate: ending[lane], startup: 0.0, ends: self.settings.yellow_used_s }
            }
        });
        if green < horizon {
            cost += self.enter(queue, Some(from), to, green, free.min(horizon));
        }
        cost.changes += self.settings.change_cost_s;
        (cost, free.min(horizon))
    }

    /// Nobody is served from one step to another: the rest of a change under way.
    pub(super) fn closed(&self, queue: &mut [f64], from: usize, to: usize) -> CostTerms {
        self.all_lanes(queue, from, to, |_| Given::RED)
    }

    /// The first steps of a stage that has just turned fully green.
    pub(super) fn enter(
        &self,
        queue: &mut [f64],
        from: Option<usize>,
        to: usize,
        green: usize,
        until: usize,
    ) -> CostTerms {
        let starting = self.problem.discharge.row(to);
        self.all_lanes(queue, green, until, |lane| {
            let rolling = from.is_some_and(|from| self.problem.discharge_between[[from, to, lane]] > 0.0);
            let startup = if rolling { 0.0 } else { self.settings.startup_s };
            Given { rate: starting[lane], startup, ends: f64::INFINITY }
        })
    }

    /// What the queues left at the end will still cost. `remaining` is the number of steps until `stage` is fully green.
    ///
    /// Every queue needs its clearing triangle `q²/2(s − a)`, whatever is green at the end. A lane that the last stage does not
    /// serve (or serves at a part of what it could discharge) also waits for its turn; but only the vehicles that a usual
    /// green would have served lose that time, so that neither an endless queue nor a blocked one holds the signal.
    pub(super) fn terminal(&self, queue: &[f64], stage: usize, remaining: usize) -> f64 {
        let (problem, settings, tables) = (self.problem, self.settings, self.tables);
        let shares = tables.served_share.row(stage);
        let mut clearing: f64 = 0.0;
        for ((&queued, &share), &headroom) in queue.iter().zip(shares).zip(&tables.headroom) {
            if share > 0.0 && queued > 0.0 {
                clearing = clearing.max(share * (queued / headroom).min(CLEARING_MAX));
            }
        }
        let wait = settings.terminal_red_s + 0.5 * clearing;
        let mut total = 0.0;
        for (lane, &queued) in queue.iter().enumerate() {
            if queued > 0.0 {
                let turn = queued.min(tables.discharge_best[lane] * settings.terminal_green_s);
                let waiting = turn * ((1.0 - shares[lane]) * wait + shares[lane] * remaining as f64);
                total += problem.weight[lane] * (waiting + queued * queued / (2.0 * tables.headroom[lane]));
            }
        }
        total * settings.terminal_weight
    }

    fn all_lanes(&self, queue: &mut [f64], from: usize, to: usize, given: impl Fn(usize) -> Given) -> CostTerms {
        let mut cost = CostTerms::default();
        if from >= to {
            return cost;
        }
        for (lane, queued) in queue.iter_mut().enumerate() {
            let given = given(lane);
            let (delay, stops) = if given.rate <= 0.0 {
                self.red(lane, queued, from, to)
            } else {
                self.green(lane, queued, from, to, given)
            };
            let weight = self.problem.weight[lane];
            cost.delay += weight * delay;
            cost.stops += weight * stops * self.settings.stop_cost_s;
        }
        cost
    }

    /// Queue, delay \[veh·step\] and stops \[veh\] of a lane that nobody leaves.
    fn red(&self, lane: usize, queued: &mut f64, from: usize, to: usize) -> (f64, f64) {
        let (cumulated, area) = (&self.tables.cumulated, &self.tables.area);
        let before = cumulated[[lane, from]];
        let arrived = cumulated[[lane, to]] - before;
        let steps = (to - from) as f64;
        let mut delay = *queued * steps + area[[lane, to]] - area[[lane, from]] - before * steps;
        delay += 0.5 * steps * (self.spilled(lane, *queued) + self.spilled(lane, *queued + arrived));
        *queued += arrived;
        (delay, arrived)
    }

    /// The same of a lane that is served.
    fn green(&self, lane: usize, queued: &mut f64, from: usize, to: usize, given: Given) -> (f64, f64) {
        let cumulated = &self.tables.cumulated;
        if *queued <= 0.0 && cumulated[[lane, to]] <= cumulated[[lane, from]] {
            return (0.0, 0.0); // nobody there, nobody coming
        }
        let steps = (to - from) as f64;
        let never_empty = *queued >= given.rate * steps + 1.0;
        if never_empty && given.startup <= 0.0 && !given.is_ending() && self.may_sum_up(lane) {
            // A queue that lasts through all steps loses the same every step.
            let (delay, arrived) = self.red(lane, queued, from, to);
            *queued -= given.rate * steps;
            // (what it spills is counted as if nobody had left: a long queue costs a little too much)
            return (delay - 0.5 * given.rate * steps * steps, arrived);
        }
        let (mut delay, mut stops) = (0.0, 0.0);
        let mut before = *queued;
        for (passed, &arriving) in self.tables.arrivals_of(lane, from, to).iter().enumerate() {
            let open = given.open(passed as f64);
            // Whoever finds no queue rolls through while others would still be starting.
            let capacity = if before < 0.5 && !given.is_ending() { given.rate } else { given.rate * open };
            let served = self.within_room(lane, from + passed, before, (before + arriving).min(capacity));
            let after = before + arriving - served;
            if let Some(note) = self.served {
                note.borrow_mut()[[lane, from + passed]] += served;
            }
            delay += 0.5 * (before + after) + self.spilled(lane, after);
            stops += if open > 0.0 { arriving * before.min(1.0) } else { arriving };
            before = after;
        }
        *queued = before;
        (delay, stops)
    }

    /// Price of what stands beyond the upstream end of a lane, in the junction behind it \[veh\].
    fn spilled(&self, lane: usize, queued: f64) -> f64 {
        self.settings.spill_price * (queued - self.problem.storage[lane]).max(0.0)
    }

    /// Whether several steps of a lane may be taken as one: no limit downstream, nobody takes notes.
    fn may_sum_up(&self, lane: usize) -> bool {
        self.problem.room[lane] == f64::INFINITY && self.served.is_none()
    }

    /// What of a service fits on the road downstream.
    fn within_room(&self, lane: usize, step: usize, queued: f64, served: f64) -> f64 {
        let room = self.problem.room[lane];
        if room == f64::INFINITY {
            return served;
        }
        let out = self.problem.queue[lane] + self.tables.cumulated[[lane, step]] - queued;
        served.min((room + self.problem.room_rate[lane] * step as f64 - out).max(0.0))
    }
}
