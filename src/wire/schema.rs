//! JSON Schemas of all payloads, generated from the types that parse them.

use super::{
    AlarmMessage, CommandMessage, CountsMessage, DecisionMessage, OutflowMessage, PlanMessage, PresenceMessage,
    RequestMessage, ResultMessage, SpatMessage, StateMessage,
};
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};

/// Names of the schemas, which are also the channels' names.
pub const NAMES: [&str; 11] =
    ["counts", "plan", "state", "spat", "request", "decision", "outflow", "command", "result", "alarm", "presence"];

/// The schema of a payload (JSON Schema draft-07, which every `AsyncAPI` tool reads), `None` for a name that is none of [`NAMES`].
pub fn of(name: &str) -> Option<Schema> {
    Some(match name {
        "counts" => draft_07::<CountsMessage>(),
        "plan" => draft_07::<PlanMessage>(),
        "state" => draft_07::<StateMessage>(),
        "spat" => draft_07::<SpatMessage>(),
        "request" => draft_07::<RequestMessage>(),
        "decision" => draft_07::<DecisionMessage>(),
        "outflow" => draft_07::<OutflowMessage>(),
        "command" => draft_07::<CommandMessage>(),
        "result" => draft_07::<ResultMessage>(),
        "alarm" => draft_07::<AlarmMessage>(),
        "presence" => draft_07::<PresenceMessage>(),
        _ => return None,
    })
}

fn draft_07<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft07().with_transform(RecursiveTransform(plain_brackets));
    settings.into_generator().into_root_schema_for::<T>()
}

/// Units stand in brackets, which the documentation of the code must escape and a schema must not.
fn plain_brackets(schema: &mut Schema) {
    if let Some(serde_json::Value::String(text)) = schema.get_mut("description") {
        *text = text.replace("\\[", "[").replace("\\]", "]");
    }
}
