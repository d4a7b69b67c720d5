//! Local control: what the controller does by itself.
//!
//! Every tick it is asked anew which stage to go to, and the way there is laid out from the lamps really shown, whatever
//! they are. A change under way is finished first, as its layout comes out the same each time. Actuated on fresh calls,
//! otherwise the fixed-time programme of the network, unless that would come too late for somebody.

use super::Calls;
use crate::baseline::actuated::{Actuated, ActuatedSettings};
use crate::ids::StageIx;
use crate::network::Intersection;
use crate::plan::layout::{Leg, lay_out};
use crate::plan::{Interval, Shown, fixed_time};
use crate::time::{Millis, Timestamp};
use crate::units::Indication;

/// How far the way is laid out.
const AHEAD: Millis = Millis::from_secs(20);

/// Local control and what it intends.
#[derive(Debug, Clone)]
pub(super) struct Local {
    actuated: Actuated,
    intervals: Vec<Interval>,
}

impl Local {
    /// Local control that has seen nothing yet.
    pub(super) fn new() -> Self {
        Self { actuated: Actuated::new(ActuatedSettings::default()), intervals: Vec::new() }
    }

    /// What it intends from the last instant on.
    pub(super) fn intervals(&self) -> &[Interval] {
        &self.intervals
    }

    /// Lamps from `at` on, and the stage that they belong to; actuated when calls are given.
    pub(super) fn lamps(
        &mut self,
        intersection: &Intersection,
        shown: &Shown,
        calls: Option<&Calls>,
        at: Timestamp,
    ) -> (Option<StageIx>, Vec<Indication>) {
        let legs = match calls {
            Some(calls) => self.actuated_legs(intersection, shown, calls, at),
            // Whoever was served last by somebody else may be due before the programme comes round to him.
            None => match self.actuated.overdue(intersection, shown, at) {
                Some(to) => vec![Leg { to, leave: at }],
                None => fixed_time::legs(intersection, intersection.programme_at(at), shown, at, at + AHEAD),
            },
        };
        self.intervals = lay_out(intersection, shown, &legs, at + AHEAD);
        match self.intervals.first() {
            Some(first) => (Some(first.stage), first.signals.clone()),
            None => (shown.stage, shown.lamps()),
        }
    }

    fn actuated_legs(&mut self, intersection: &Intersection, shown: &Shown, calls: &Calls, at: Timestamp) -> Vec<Leg> {
        let unhealthy: Vec<bool> = calls.lanes.iter().map(Option::is_none).collect();
        let present: Vec<bool> = calls.lanes.iter().map(|call| call.unwrap_or(false)).collect();
        self.actuated.set_unhealthy(&unhealthy);
        let to = self.actuated.decide(intersection, shown, &present, at);
        to.map(|to| Leg { to, leave: at }).into_iter().collect()
    }
}
