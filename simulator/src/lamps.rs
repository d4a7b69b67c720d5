//! The lamps that a step is driven by: what controllers command, and fixed programmes where nobody does.
//!
//! In: for each signal the letters that its controller shows, or nothing. Out: the letters of all signals, one after the
//! other. Every string that is shown goes past the monitor.

use crate::street::{Signal, SignalIx, Street};

/// Lamps commanded from outside; a signal that nobody commands runs its fixed programme.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lamps(Vec<Option<String>>);

impl Lamps {
    /// Nobody commands anything.
    #[must_use]
    pub fn new(street: &Street) -> Self {
        Self(vec![None; street.signals.len()])
    }

    /// Command a signal: one letter a group, as in [`crate::street::StageFile::state`]. A string that the monitor calls garbled is
    /// shown as dark lamps.
    pub fn set(&mut self, signal: SignalIx, letters: &str) {
        let kept = self.0[signal.at()].get_or_insert_default();
        kept.clear();
        kept.push_str(letters);
    }

    /// Leave a signal to its programme.
    pub fn release(&mut self, signal: SignalIx) {
        self.0[signal.at()] = None;
    }

    /// What is commanded.
    pub fn get(&self, signal: SignalIx) -> Option<&str> {
        self.0.get(signal.at()).and_then(Option::as_deref)
    }
}

/// State of a fixed programme at an instant \[s\]; dark without one.
pub(crate) fn programme(signal: &Signal, at_s: f64) -> Option<&str> {
    let mut left = (at_s - signal.offset_s).rem_euclid(signal.cycle_s.max(0.001)) + 1e-9;
    for stage in &signal.stages {
        if left < stage.duration_s {
            return Some(&stage.state);
        }
        left -= stage.duration_s;
    }
    signal.stages.last().map(|stage| stage.state.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::MonitorTable;
    use crate::street::StageFile;

    #[test]
    fn a_programme_begins_at_its_offset_and_comes_again_after_its_cycle() {
        let stage = |duration_s, state: &str| StageFile { duration_s, state: state.to_owned() };
        let stages = vec![stage(30.0, "G"), stage(3.0, "y"), stage(27.0, "r")];
        let table = MonitorTable::default();
        let signal = Signal { id: "s".to_owned(), groups: 1, stages, cycle_s: 60.0, offset_s: 10.0, table };
        let shown: Vec<_> = [0.0, 9.0, 10.0, 39.0, 40.0, 43.0, 70.0].map(|at| programme(&signal, at).unwrap()).into();
        assert_eq!(shown, ["r", "r", "G", "G", "y", "r", "G"]);
    }
}
