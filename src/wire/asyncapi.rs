//! The `AsyncAPI` 3 document of the wire, written from the same tables that the code runs on.
//!
//! Topics, quality of service and retain flags come from [`Topic`] and [`Channel`], payloads refer to the schemas of
//! [`super::schema`]. Seen from the engine: it receives counts and sends plans.

use super::{Channel, Qos, ROOT, Topic, schema};
use crate::plan::Verb;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// Who publishes, seen from the engine.
#[derive(Debug, Clone, Copy)]
enum Direction {
    Receive,
    Send,
    Both,
}

/// The document as YAML; ends with a line feed.
pub fn yaml() -> String {
    let mut text = String::from("# Generated from the code: BLESS=1 cargo test --test it wire\n");
    write_map(&mut text, document().as_object().expect("the document is a map"), 0);
    text
}

fn document() -> Value {
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "lightwatch wire",
            "version": "1.0.0",
            "description": "Lane counts in, leased signal timing plans out. Ids in topics are percent-encoded outside \
                [A-Za-z0-9_.-], one level each, at most 512 bytes. A payload has at most 64 KiB. Unknown fields are ignored; \
                unknown names in enumerations, numbers out of range and known fields that occur twice turn the message away. \
                The newest message of a topic replaces the older ones.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "servers": { "broker": server() },
        "channels": each(channel),
        "operations": operations(),
        "components": { "messages": each(message) },
    })
}

fn server() -> Value {
    json!({
        "host": "localhost:1883",
        "protocol": "mqtt",
        "protocolVersion": "5.0",
        "bindings": { "mqtt": {
            "cleanSession": true,
            "keepAlive": 5,
            "lastWill": {
                "topic": address("presence"),
                "qos": 1,
                "retain": true,
                "message": "{\"v\":1,\"status\":\"offline\",\"version\":\"0.1.0\"}",
            },
            "bindingVersion": "0.2.0",
        } },
    })
}

/// One entry a schema, in their order.
fn each(entry: impl Fn(&str) -> Value) -> Value {
    Value::Object(schema::NAMES.into_iter().map(|name| (name.to_owned(), entry(name))).collect())
}

fn channel(name: &str) -> Value {
    let mut parameters = Map::new();
    for level in address(name).split('/').filter_map(|level| level.strip_prefix('{')?.strip_suffix('}')) {
        parameters.insert(level.to_owned(), parameter(level));
    }
    json!({
        "address": address(name),
        "description": about(name).1,
        "parameters": parameters,
        "messages": { name: { "$ref": format!("#/components/messages/{name}") } },
    })
}

/// The topic with its parameters in braces, taken from a topic of the code.
fn address(name: &str) -> String {
    let text = sample(name).to_string();
    let tail = text.rsplit('/').next().unwrap_or_default();
    match name {
        "presence" => format!("{ROOT}/{{city}}/$engine/{{engine}}/{tail}"),
        "command" | "result" => format!("{ROOT}/{{city}}/{{intersection}}/{name}/{{verb}}"),
        "alarm" => format!("{ROOT}/{{city}}/{{intersection}}/{name}/{{code}}"),
        _ => format!("{ROOT}/{{city}}/{{intersection}}/{tail}"),
    }
}

fn parameter(level: &str) -> Value {
    match level {
        "city" => json!({ "description": "Name of the city or site." }),
        "intersection" => json!({ "description": "Name of the intersection." }),
        "engine" => json!({ "description": "Name of the engine." }),
        "code" => json!({ "description": "Stable name of the alarm, [a-z0-9_]{1,64}." }),
        _ => json!({ "description": "What to do.", "enum": Verb::ALL.map(Verb::name) }),
    }
}

fn message(name: &str) -> Value {
    json!({
        "name": name,
        "title": name,
        "contentType": "application/json",
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-07",
            "schema": { "$ref": format!("./schemas/{name}.schema.json") },
        },
    })
}

fn operations() -> Value {
    let mut operations = Map::new();
    for name in schema::NAMES {
        let actions: &[&str] = match about(name).0 {
            Direction::Receive => &["receive"],
            Direction::Send => &["send"],
            Direction::Both => &["receive", "send"],
        };
        for action in actions {
            operations.insert(format!("{action}_{name}"), operation(name, action));
        }
    }
    Value::Object(operations)
}

fn operation(name: &str, action: &str) -> Value {
    let topic = sample(name);
    let qos = match topic.qos() {
        Qos::AtMostOnce => 0,
        Qos::AtLeastOnce => 1,
    };
    json!({
        "action": action,
        "channel": { "$ref": format!("#/channels/{name}") },
        "bindings": { "mqtt": { "qos": qos, "retain": topic.retain(), "bindingVersion": "0.2.0" } },
    })
}

/// A topic of each schema.
fn sample(name: &str) -> Topic {
    let channel = match name {
        "counts" => Channel::Counts,
        "plan" => Channel::Plan,
        "state" => Channel::State,
        "spat" => Channel::Spat,
        "request" => Channel::Request,
        "decision" => Channel::Decision,
        "outflow" => Channel::Outflow,
        "command" => Channel::Command(Verb::Release),
        "result" => Channel::Result(Verb::Release),
        "alarm" => Channel::Alarm("code".to_owned()),
        _ => return Topic::Presence { city: "city".to_owned(), engine: "engine".to_owned() },
    };
    Topic::Intersection { city: "city".to_owned(), intersection: "intersection".into(), channel }
}

fn about(name: &str) -> (Direction, &'static str) {
    use Direction::{Both, Receive, Send};
    match name {
        "counts" => (Receive, "Detectors to engine: what the detectors of one intersection saw, once a second."),
        "plan" => (Send, "Engine to field controller: a leased timing plan, sent again every second."),
        "state" => (Receive, "Field controller to all: lamps, mode, the plan that is really applied, once a second."),
        "spat" => (Send, "Engine to vehicles and apps: when each lamp will change (the meaning of SAE J2735 SPaT)."),
        "request" => (Receive, "Bus, fire engine, push button to engine: somebody asks for green."),
        "decision" => (Send, "Engine to log and page: what was decided and why."),
        "outflow" => (Both, "Engine to engine: expected releases per outgoing link, and how full the approaches are."),
        "command" => (Receive, "Operations to engine: hold a stage, run the fixed programme, release. Never retained."),
        "result" => (Send, "Engine to operations: the answer to a command. Never retained."),
        "alarm" => (Both, "Something is wrong, has been seen, or is over. Retained."),
        _ => (Send, "Whether an engine is there; its last will says that it is not."),
    }
}

fn write_map(text: &mut String, map: &Map<String, Value>, depth: usize) {
    for (key, value) in map {
        let is_plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let key = if is_plain { key.clone() } else { format!("{key:?}") };
        let indent = "  ".repeat(depth);
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                let _ = writeln!(text, "{indent}{key}:");
                write_map(text, inner, depth + 1);
            }
            // What JSON writes on one line is YAML as well.
            other => {
                let _ = writeln!(text, "{indent}{key}: {other}");
            }
        }
    }
}
