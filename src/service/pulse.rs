//! Whether the engine goes on: every task that controls shows a sign of life, and whoever asks hears of the first that does not.
//!
//! A process that is there is not an engine that works: tasks wait for each other, a thread loops, a library panics. So each part says
//! "I went on" as it goes round ([`Part::beat`]), and a part that has been silent for longer than its patience has stopped. On it hang the
//! lease ([`super::standby`]) and the watchdog ([`super::watchdog`]).

use super::clock;
use crate::time::Millis;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The parts of one engine.
#[derive(Debug, Default)]
pub struct Pulse {
    parts: Mutex<Vec<Arc<Part>>>,
}

/// One part.
#[derive(Debug)]
pub struct Part {
    name: String,
    patience: Millis,
    /// When it showed its last sign, on the steady clock \[ms\].
    last: AtomicI64,
}

impl Pulse {
    /// A further part; it counts as alive now, and has to show signs from now on.
    pub fn part(&self, name: &str, patience: Millis) -> Arc<Part> {
        let last = AtomicI64::new(clock::steady().0);
        let part = Arc::new(Part { name: name.to_owned(), patience, last });
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).push(part.clone());
        part
    }

    /// The first part that has been silent for too long.
    pub fn stopped(&self) -> Option<String> {
        let now = clock::steady().0;
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let late = |part: &&Arc<Part>| now - part.last.load(Ordering::Relaxed) > part.patience.0;
        parts.iter().find(late).map(|part| part.name.clone())
    }
}

impl Part {
    /// It went on.
    pub fn beat(&self) {
        self.last.store(clock::steady().0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_never_beats_has_stopped_and_the_others_have_not() {
        let pulse = Pulse::default();
        assert_eq!(pulse.stopped(), None, "nobody is missed where nobody is");
        let patient = pulse.part("patient", Millis::from_secs(3_600));
        let hasty = pulse.part("hasty", Millis(-1));
        assert_eq!(pulse.stopped().as_deref(), Some("hasty"), "its patience is over before it began");
        hasty.beat();
        patient.beat();
        assert_eq!(pulse.stopped().as_deref(), Some("hasty"));
    }
}
