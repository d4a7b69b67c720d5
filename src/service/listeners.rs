//! Who hears of everything that an engine does, besides the broker: a webhook, the history, a recorder, a shadow. None of them is ever waited
//! for.

use super::history::History;
use super::lookout::Shadowing;
use super::recorder::Recorder;
use super::webhook::Webhook;
use std::sync::Arc;

/// Nobody by default.
#[derive(Debug, Clone, Default)]
pub struct Listeners {
    /// Told of alarms.
    pub webhook: Option<Arc<Webhook>>,
    /// Keeps everything.
    pub history: Option<Arc<History>>,
    /// Keeps what controllers hear and say, to be driven again.
    pub recorder: Option<Arc<Recorder>>,
    /// Compares another policy with the one on duty.
    pub shadow: Option<Shadowing>,
}
