//! Those who call: pedestrians, and vehicles that preempt.
//!
//! Pedestrian delay: from the first press of the button, or the first registered call, while walk is not shown, to the begin of walk (UDOT ATSPM, pedestrian delay; codes 90
//! or 45, and 21). A walk that nobody called has none. Preemption: from the call (102) to the entry (105), to the dwell (107), and from the entry to the exit (111), per
//! preempt number (UDOT ATSPM, preempt service and preemption details).

use super::super::hires::code;
use crate::time::{Millis, Timestamp};

/// Longest wait that is believed.
const WAIT_MAX: Millis = Millis::from_secs(1_800);

/// How often something took how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spans {
    /// How often.
    pub count: u64,
    /// All together.
    pub sum: Millis,
    /// The longest.
    pub max: Millis,
}

impl Spans {
    fn add(&mut self, from: Option<Timestamp>, to: Timestamp) {
        if let Some(span) = from.map(|from| to - from).filter(|it| *it <= WAIT_MAX) {
            self.count += 1;
            self.sum += span;
            self.max = self.max.max(span);
        }
    }

    /// Mean \[s\].
    pub fn mean_s(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum.as_secs_f64() / self.count as f64)
    }
}

/// Pedestrians of one phase.
#[derive(Debug, Clone, Default)]
pub struct Pedestrians {
    called: Option<Timestamp>,
    walks: bool,
    /// Pressed buttons.
    pub presses: u64,
    /// Walks.
    pub served: u64,
    /// Waits.
    pub delay: Spans,
}

impl Pedestrians {
    pub(super) fn event(&mut self, at: Timestamp, event: u16) {
        self.presses += u64::from(event == code::BUTTON_ON);
        match event {
            code::BUTTON_ON | code::PED_CALL if !self.walks => {
                self.called.get_or_insert(at);
            }
            code::WALK => {
                self.walks = true;
                self.served += 1;
                self.delay.add(self.called.take(), at);
            }
            code::PED_CLEARANCE | code::DONT_WALK => self.walks = false,
            _ => {}
        }
    }

    pub(super) fn lose(&mut self) {
        self.called = None;
        self.walks = false;
    }
}

/// One preempt number.
#[derive(Debug, Clone, Default)]
pub struct Preemption {
    called: Option<Timestamp>,
    entered: Option<Timestamp>,
    dwells: bool,
    /// Calls.
    pub calls: u64,
    /// From call to entry.
    pub entry: Spans,
    /// From call to dwell.
    pub dwell: Spans,
    /// From entry to exit.
    pub duration: Spans,
}

impl Preemption {
    pub(super) fn event(&mut self, at: Timestamp, event: u16) {
        match event {
            code::PREEMPT_CALL => {
                self.calls += 1;
                self.called.get_or_insert(at);
            }
            code::PREEMPT_ENTRY => {
                self.entry.add(self.called, at);
                self.entered = Some(at);
                self.dwells = false;
            }
            code::PREEMPT_DWELL if !self.dwells => {
                self.dwells = true;
                self.dwell.add(self.called, at);
            }
            code::PREEMPT_EXIT => {
                self.duration.add(self.entered.take(), at);
                self.lose();
            }
            _ => {}
        }
    }

    pub(super) fn lose(&mut self) {
        self.called = None;
        self.entered = None;
        self.dwells = false;
    }
}
