//! JSON Schemas of all payloads, generated from the types that parse them.

use super::{
    AlarmMessage, CommandMessage, CountsMessage, DecisionMessage, OutflowMessage, PlanMessage, PresenceMessage,
    RequestMessage, ResultMessage, SpatMessage, StateMessage,
};
use schemars::{Schema, schema_for};

/// Names of the schemas, which are also the channels' names.
pub const NAMES: [&str; 11] =
    ["counts", "plan", "state", "spat", "request", "decision", "outflow", "command", "result", "alarm", "presence"];

/// The schema of a payload (JSON Schema 2020-12), `None` for a name that is none of [`NAMES`].
pub fn of(name: &str) -> Option<Schema> {
    Some(match name {
        "counts" => schema_for!(CountsMessage),
        "plan" => schema_for!(PlanMessage),
        "state" => schema_for!(StateMessage),
        "spat" => schema_for!(SpatMessage),
        "request" => schema_for!(RequestMessage),
        "decision" => schema_for!(DecisionMessage),
        "outflow" => schema_for!(OutflowMessage),
        "command" => schema_for!(CommandMessage),
        "result" => schema_for!(ResultMessage),
        "alarm" => schema_for!(AlarmMessage),
        "presence" => schema_for!(PresenceMessage),
        _ => return None,
    })
}
