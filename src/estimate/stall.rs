//! Queues that have green and do not move.
//!
//! Something the counts do not show may hold a queue up: a full road behind the junction, a turning vehicle that finds no
//! gap, an incident. In: what passed and what stands, and the *service class* that the lamps gave the lane (`service`). Out:
//! what is left of each class's discharge.
//!
//! The classes are kept apart because they tell different things. A turn that must yield and finds no gap says nothing
//! about the same turn under an arrow: were both written off, the arrow would never come, and whoever waits inside the
//! junction would hold it for ever. A queue that does not move although nobody may cross it, though, is blocked downstream, in
//! every class.

use serde::{Deserialize, Serialize};

/// A queue that has green and does not move for this long is starting up, not stalled \[s\].
const PATIENCE_S: f64 = 4.0;
/// Protected green without a passage after which something stands in the way \[s\].
const BLOCKED_S: f64 = 40.0;
/// A stall is forgotten at this share of the time that it took, once the lane is red.
const FADE: f64 = 0.5;
/// Stalls count no longer than this \[s\].
const LONGEST_S: f64 = 60.0;

/// Stalls of one lane, one entry a service class: how long a standing queue has had green without a passage \[s\].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Stall {
    stalled_s: Vec<f64>,
    /// How long nobody has crossed its way and it has stood all the same \[s\].
    blocked_s: f64,
}

/// The lamps of a lane as far as a stall goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ShownClass {
    /// Number of the class.
    pub(super) number: usize,
    /// Whether nobody may cross the lane's way.
    pub(super) is_protected: bool,
}

impl Stall {
    pub(super) fn new(classes: usize) -> Self {
        Self { stalled_s: vec![0.0; classes], blocked_s: 0.0 }
    }

    /// Note one period. `class` is `None` while the lamps are those of no stage, `served` says that green has lasted
    /// long enough for the start-up to be over.
    pub(super) fn watch(&mut self, passed: u32, halted: u32, served: bool, class: Option<ShownClass>, dt_s: f64) {
        if passed > 0 {
            self.blocked_s = 0.0;
        } else if served && halted > 0 && class.is_some_and(|class| class.is_protected) {
            self.blocked_s = (self.blocked_s + dt_s).min(LONGEST_S);
        }
        if passed > 0 {
            self.stalled_s.fill(0.0);
        } else if served && halted > 0 {
            for (number, stalled_s) in self.stalled_s.iter_mut().enumerate() {
                if class.is_some_and(|class| class.is_protected || class.number == number) {
                    *stalled_s = (*stalled_s + dt_s).min(LONGEST_S);
                }
            }
        } else if !served {
            for stalled_s in &mut self.stalled_s {
                *stalled_s = (*stalled_s - FADE * dt_s).max(0.0);
            }
        }
    }

    /// Whether the queue has green of this class and does not move.
    pub(super) fn is_stalled(&self, class: usize) -> bool {
        self.stalled_s[class] > PATIENCE_S
    }

    /// Whether the queue has had [`BLOCKED_S`] of protected green since somebody last passed.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked_s >= BLOCKED_S
    }

    /// What is left of the discharge of a class \[veh/s\] after nobody was seen to pass for a while.
    ///
    /// The mean of a Poisson rate with one passage of prior at `rate`, given none in the time of the stall.
    pub(super) fn left_of(&self, rate: f64, class: usize) -> f64 {
        rate / (1.0 + rate * (self.stalled_s[class] - PATIENCE_S).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YIELDS: Option<ShownClass> = Some(ShownClass { number: 0, is_protected: false });
    const ARROW: Option<ShownClass> = Some(ShownClass { number: 1, is_protected: true });

    #[test]
    fn a_turn_that_finds_no_gap_says_nothing_about_its_arrow() {
        let mut stall = Stall::new(2);
        (0..30).for_each(|_| stall.watch(0, 2, true, YIELDS, 1.0));
        assert!(stall.is_stalled(0) && stall.left_of(0.5, 0) < 0.05);
        assert!(!stall.is_stalled(1));
        assert!((stall.left_of(0.5, 1) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_protected_queue_that_stands_is_blocked_in_every_class_until_somebody_passes() {
        let mut stall = Stall::new(2);
        (0..10).for_each(|_| stall.watch(0, 2, true, ARROW, 1.0));
        assert!(stall.is_stalled(0) && stall.is_stalled(1));
        stall.watch(1, 1, true, ARROW, 1.0);
        assert!(!stall.is_stalled(0) && !stall.is_stalled(1));
    }

    #[test]
    fn a_stall_is_forgotten_while_the_lane_is_red() {
        let mut stall = Stall::new(1);
        (0..20).for_each(|_| stall.watch(0, 1, true, YIELDS, 1.0));
        (0..40).for_each(|_| stall.watch(0, 1, false, None, 1.0));
        assert!((stall.left_of(0.5, 0) - 0.5).abs() < 1e-12);
    }
}
