//! Detectors that cannot be right, from their pulses alone.
//!
//! | Finding | When |
//! |---|---|
//! | `silent` | a channel of the file of channels, no pulse in the whole log, which is longer than 15 min |
//! | `stuck_on` | present for ten minutes and more without a break |
//! | `chatter` | more than 50 pulses in a minute: one in 1.2 s, the physical limit of a lane |
//! | `unpaired` | more than one in twenty begins or ends of presence without the other |
//! | `fault` | the controller itself has found one (codes 84 to 88) |
//! | `unknown` | pulses of a channel that is not in the file of channels |
//!
//! What the engine thinks of its detectors while it runs is another matter (`estimate::health`): there is more to see there. Sources: UDOT ATSPM watchdog; vendors'
//! detector diagnostics (maximum presence, erratic counts).

use crate::time::{Millis, Timestamp};

const SILENT: Millis = Millis::from_secs(15 * 60);
const STUCK: Millis = Millis::from_secs(10 * 60);
const PULSES_MAX: u64 = 50;
const UNPAIRED_SHARE: f64 = 0.05;
/// Fewer events than this say nothing about pairs.
const UNPAIRED_MIN: u64 = 20;

/// What is seen of one channel.
#[derive(Debug, Clone, Default)]
pub struct Watchdog {
    known: bool,
    on_since: Option<Timestamp>,
    minute: (i64, u64),
    /// Begins of presence.
    pub pulses: u64,
    /// All events.
    pub events: u64,
    /// Begins without an end and ends without a begin.
    pub unpaired: u64,
    /// Longest presence.
    pub longest: Millis,
    /// Most pulses in a minute.
    pub per_minute: u64,
    /// Faults that the controller found.
    pub faults: u64,
    heard: bool,
}

impl Watchdog {
    /// Of a channel that is in the file, or is not.
    pub(super) fn new(known: bool) -> Self {
        Self { known, ..Self::default() }
    }

    pub(super) fn event(&mut self, at: Timestamp, on: bool) {
        self.events += 1;
        let since = self.on_since.take();
        match (since, on) {
            (None, false) if self.heard => self.unpaired += 1,
            (Some(_), true) => self.unpaired += 1,
            (Some(since), false) => self.longest = self.longest.max(at - since),
            _ => {}
        }
        self.heard = true;
        if on {
            self.on_since = Some(since.unwrap_or(at));
            self.pulses += 1;
            let minute = at.0.div_euclid(60_000);
            self.minute = if self.minute.0 == minute { (minute, self.minute.1 + 1) } else { (minute, 1) };
            self.per_minute = self.per_minute.max(self.minute.1);
        }
    }

    pub(super) fn lose(&mut self) {
        self.on_since = None;
        self.heard = false;
    }

    pub(super) fn finish(&mut self, at: Timestamp) {
        if let Some(since) = self.on_since {
            self.longest = self.longest.max(at - since);
        }
    }

    /// What is wrong, in a log of this length.
    pub fn findings(&self, length: Millis, any_known: bool) -> Vec<&'static str> {
        let unpaired = self.events >= UNPAIRED_MIN && self.unpaired as f64 > UNPAIRED_SHARE * self.events as f64;
        let all = [
            (self.known && self.pulses == 0 && length >= SILENT, "silent"),
            (self.longest >= STUCK, "stuck_on"),
            (self.per_minute > PULSES_MAX, "chatter"),
            (unpaired, "unpaired"),
            (self.faults > 0, "fault"),
            (!self.known && any_known, "unknown"),
        ];
        all.into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect()
    }
}
