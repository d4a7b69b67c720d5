//! The state of one lane: filter, list of arrivals and the free travel time through its zone, kept in step.

use super::kalman::{LaneFilter, LaneRate, Seen};
use super::moving::Moving;
use super::stall::Stall;
use crate::network::Lane;
use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// Share of an observed difference by which the learned travel time follows.
const TRAVEL_GAIN: f64 = 0.1;
/// Differences above this are a queue or a miscount, not a travel time \[s\].
const TRAVEL_RESIDUAL_MAX_S: f64 = 8.0;
/// Vehicles that share a lane as long as this with a rate nobody knows yet \[veh/s\].
const RATE_PRIOR: f64 = 0.05;

/// What one lane is believed to hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LaneState {
    pub(super) filter: LaneFilter,
    pub(super) moving: Moving,
    /// Learned free travel time through the zone \[s\].
    travel_s: f64,
    count: u32,
    pub(super) heard_at: Option<Timestamp>,
    pub(super) stall: Stall,
}

/// Counts of one lane in one period, after plausibility.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LaneCounts {
    pub(super) count: u32,
    pub(super) halted: u32,
    pub(super) passed: u32,
}

impl LaneState {
    pub(super) fn new(lane: &Lane, classes: usize) -> Self {
        Self {
            filter: LaneFilter::new(RATE_PRIOR),
            moving: Moving::default(),
            travel_s: lane.zone_m / lane.speed_mps,
            count: 0,
            heard_at: None,
            stall: Stall::new(classes),
        }
    }

    /// Learned free travel time through the zone \[s\].
    pub(super) fn travel_s(&self) -> f64 {
        self.travel_s
    }

    /// Begin with what was learned before.
    pub(super) fn resume(&mut self, learned: LaneRate, kept: f64, travel_s: f64) {
        self.filter.resume(learned, kept);
        self.travel_s = travel_s;
    }

    /// Vehicles gained over the period beyond what passed: positive = entered, negative = left sideways.
    pub(super) fn gained(&self, counts: LaneCounts) -> i64 {
        i64::from(counts.count) + i64::from(counts.passed) - i64::from(self.count)
    }

    /// Take out the passages; learn the travel time from a first vehicle that nothing held up.
    pub(super) fn pass(&mut self, passed: u32, at: Timestamp, unhindered: bool) {
        if unhindered
            && passed == 1
            && let Some(due) = self.moving.due().next()
        {
            let residual = (at - due).as_secs_f64();
            if residual.abs() <= TRAVEL_RESIDUAL_MAX_S {
                self.travel_s = (self.travel_s + TRAVEL_GAIN * residual).max(0.5);
            }
        }
        self.moving.pass(passed as usize);
    }

    /// A vehicle entered at the upstream end of the zone.
    pub(super) fn enter(&mut self, at: Timestamp) {
        self.moving.enter(at + Millis::from_secs_f64(self.travel_s));
    }

    /// Close the period: standing vehicles are queued, the filter fuses everything.
    pub(super) fn close(&mut self, counts: LaneCounts, at: Timestamp, dt_s: f64, rolling: bool) {
        let before = self.heard_at.unwrap_or(at - Millis::from_secs_f64(dt_s));
        let due_now = self.moving.queued(at);
        let due_before = self.moving.queued(before);
        self.moving.halt(counts.halted as usize, at);
        let queued = self.moving.queued(at) as f64;
        self.filter.observe(Seen {
            dt_s,
            count: f64::from(counts.count),
            queued,
            queued_variance: if rolling { 1.0 } else { 0.05 },
            passed: f64::from(counts.passed),
            due: due_now.saturating_sub(due_before) as f64,
        });
        self.count = counts.count;
        self.heard_at = Some(at);
    }

    /// No counts for a while: vehicles keep coming at the learned rate and none is seen to leave.
    ///
    /// The worst case, on purpose: a lane that is not heard must look fuller with time, never emptier.
    pub(super) fn coast(&mut self, dt_s: f64) {
        let due = self.filter.rate() * dt_s;
        self.filter.coast(dt_s, due);
    }
}
