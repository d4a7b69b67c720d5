//! What was turned away, counted by reason, and told at most once a minute for each reason.
//!
//! A detector that has gone mad sends for days; the log must show that it does and still be readable.

use crate::wire::{Reason, Rejection};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const QUIET: Duration = Duration::from_secs(60);

/// Counters of everything turned away.
#[derive(Debug, Default)]
pub struct Rejects {
    by_reason: Mutex<BTreeMap<Reason, Told>>,
}

#[derive(Debug, Default)]
struct Told {
    count: u64,
    untold: u64,
    last: Option<Instant>,
}

impl Rejects {
    /// Count one; say so when this reason has been quiet for a minute.
    pub fn count(&self, topic: &str, rejection: &Rejection) {
        if let Some(untold) = self.note(rejection.reason, Instant::now()) {
            tracing::warn!(topic, reason = %rejection.reason, detail = %rejection.detail, count = untold, "messages turned away");
        }
    }

    /// How many for each reason; reasons that never came are left out.
    pub fn counts(&self) -> BTreeMap<Reason, u64> {
        let by_reason = self.by_reason.lock().unwrap_or_else(PoisonError::into_inner);
        by_reason.iter().map(|(&reason, told)| (reason, told.count)).collect()
    }

    /// How many in all.
    pub fn total(&self) -> u64 {
        self.counts().values().sum()
    }

    /// The number since the last time it was told, when it is time to tell again.
    fn note(&self, reason: Reason, now: Instant) -> Option<u64> {
        let mut by_reason = self.by_reason.lock().unwrap_or_else(PoisonError::into_inner);
        let told = by_reason.entry(reason).or_default();
        told.count += 1;
        told.untold += 1;
        let due = told.last.is_none_or(|last| now.saturating_duration_since(last) >= QUIET);
        due.then(|| {
            told.last = Some(now);
            std::mem::take(&mut told.untold)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_told_once_a_minute_with_the_number_since_and_others_are_told_beside_it() {
        let rejects = Rejects::default();
        let start = Instant::now();
        assert_eq!(rejects.note(Reason::TooBig, start), Some(1));
        assert_eq!(rejects.note(Reason::TooBig, start), None);
        assert_eq!(rejects.note(Reason::Negative, start), Some(1));
        assert_eq!(rejects.note(Reason::TooBig, start + QUIET), Some(2));
        assert_eq!(rejects.counts(), BTreeMap::from([(Reason::TooBig, 3), (Reason::Negative, 1)]));
        assert_eq!(rejects.total(), 4);
    }
}
