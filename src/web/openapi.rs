//! The description of the interface (OpenAPI 3.1), made of the table that also makes the routes, and of the types that are answered.
//!
//! OpenAPI 3.1 is JSON Schema 2020-12, which `schemars` writes for every type here already; so there is one derivation and no
//! second set of annotations.

use super::alarms::{AlarmShown, Alarms};
use super::answers::{CorridorShown, Corridors, Detail, Frame, Health, Problem, Trend};
use super::compared::{Performance, ShadowShown};
use super::deeds::{CommandAnswer, GiveCommand, OpenSession, Remark, SessionShown, Shelve};
use super::history::{HistoryShown, PastEvents, PastFrame, PastSeries};
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

/// Where sessions are opened and closed.
pub(super) const SESSION: &str = "/api/v1/session";
/// Where Prometheus looks.
pub(super) const METRICS: &str = "/metrics";
/// Where everything is told as it changes.
pub(super) const EVENTS: &str = "/events";

/// A path and what is behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    Live,
    Ready,
    Metrics,
    Snapshot,
    Geojson,
    Intersection,
    Alarms,
    Trend,
    Corridors,
    Corridor,
    Shadow,
    Performance,
    Session,
    History,
    HistoryFrame,
    HistoryEvents,
    HistorySeries,
    Events,
    Openapi,
}

impl Page {
    /// Every path.
    pub(super) const ALL: [Self; 19] = [
        Self::Live,
        Self::Ready,
        Self::Metrics,
        Self::Snapshot,
        Self::Geojson,
        Self::Intersection,
        Self::Alarms,
        Self::Trend,
        Self::Corridors,
        Self::Corridor,
        Self::Shadow,
        Self::Performance,
        Self::Session,
        Self::History,
        Self::HistoryFrame,
        Self::HistoryEvents,
        Self::HistorySeries,
        Self::Events,
        Self::Openapi,
    ];

    /// How it is asked for.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Live => "/live",
            Self::Ready => "/ready",
            Self::Metrics => METRICS,
            Self::Snapshot => "/api/v1/snapshot",
            Self::Geojson => "/api/v1/network.geojson",
            Self::Intersection => "/api/v1/intersections/{id}",
            Self::Alarms => "/api/v1/alarms",
            Self::Trend => "/api/v1/trend",
            Self::Corridors => "/api/v1/corridors",
            Self::Corridor => "/api/v1/corridors/{corridor}",
            Self::Shadow => "/api/v1/shadow",
            Self::Performance => "/api/v1/performance",
            Self::Session => SESSION,
            Self::History => "/api/v1/history",
            Self::HistoryFrame => "/api/v1/history/frame",
            Self::HistoryEvents => "/api/v1/history/events",
            Self::HistorySeries => "/api/v1/history/series",
            Self::Events => EVENTS,
            Self::Openapi => "/api/v1/openapi.json",
        }
    }

    const fn summary(self) -> &'static str {
        match self {
            Self::Live => "Whether every part of the engine goes on; 503 when one has stopped",
            Self::Ready => "Whether the broker is there and every intersection was decided for; 503 when not",
            Self::Metrics => "Counters and gauges for Prometheus",
            Self::Snapshot => "The city now",
            Self::Geojson => "Lanes, lamps and intersections, to be drawn",
            Self::Intersection => "Plan, lamps, counts by lane, chosen against runner-up, alarms of one intersection",
            Self::Alarms => "Open alarms, and the last words about alarms",
            Self::Trend => "How the city went: means of every ten seconds, six hours back at most",
            Self::Corridors => "Roads that lead straight over three or more signals",
            Self::Corridor => "Lamps of the last minutes and plans along a corridor, for a time–space diagram",
            Self::Shadow => {
                "What another policy would have cost on the same counts, by a model; 404 where none is compared"
            }
            Self::Performance => "Waits, split failures, level of service, arrivals on green by hour",
            Self::Session => "Who is asking, and what he may do",
            Self::History => "How far the history goes, and how it is",
            Self::HistoryFrame => {
                "The city at an instant of the past: the last word of each intersection within 10 s before it"
            }
            Self::HistoryEvents => "Alarms, commands, changes of mode and gaps, the newest first",
            Self::HistorySeries => "One intersection over at most a day, in steps",
            Self::Events => {
                "The city whenever it changes, as server-sent events `city`; with ?intersection=ID also `intersection`"
            }
            Self::Openapi => "This description",
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Metrics => "text/plain",
            Self::Geojson => "application/geo+json",
            Self::Events => "text/event-stream",
            _ => "application/json",
        }
    }

    fn schema(self, generator: &mut SchemaGenerator) -> Value {
        match self {
            Self::Live | Self::Ready => generator.subschema_for::<Health>().into(),
            Self::Snapshot => generator.subschema_for::<Frame>().into(),
            Self::Intersection => generator.subschema_for::<Detail>().into(),
            Self::Alarms => generator.subschema_for::<Alarms>().into(),
            Self::Trend => generator.subschema_for::<Trend>().into(),
            Self::Corridors => generator.subschema_for::<Corridors>().into(),
            Self::Corridor => generator.subschema_for::<CorridorShown>().into(),
            Self::Shadow => generator.subschema_for::<ShadowShown>().into(),
            Self::Performance => generator.subschema_for::<Performance>().into(),
            Self::Session => generator.subschema_for::<SessionShown>().into(),
            Self::History => generator.subschema_for::<HistoryShown>().into(),
            Self::HistoryFrame => generator.subschema_for::<PastFrame>().into(),
            Self::HistoryEvents => generator.subschema_for::<PastEvents>().into(),
            Self::HistorySeries => generator.subschema_for::<PastSeries>().into(),
            Self::Geojson | Self::Openapi => json!({"type": "object"}),
            Self::Metrics | Self::Events => json!({"type": "string"}),
        }
    }

    fn parameters(self) -> Value {
        let name = |name: &str, place: &str, required: bool| json!([{"name": name, "in": place, "required": required, "schema": {"type": "string"}, "description": if name == "corridor" { "Name of a corridor" } else { "Name of an intersection" }}]);
        match self {
            Self::Intersection => name("id", "path", true),
            Self::Corridor => name("corridor", "path", true),
            Self::Events => name("intersection", "query", false),
            Self::HistoryFrame => queries(&[("at_ms", "integer", true)]),
            Self::HistoryEvents => queries(&[
                ("from_ms", "integer", false),
                ("to_ms", "integer", false),
                ("intersection", "string", false),
                ("kind", "string", false),
                ("limit", "integer", false),
            ]),
            Self::HistorySeries => queries(&[
                ("intersection", "string", true),
                ("from_ms", "integer", true),
                ("to_ms", "integer", true),
                ("step_s", "integer", false),
            ]),
            _ => json!([]),
        }
    }
}

fn queries(all: &[(&str, &str, bool)]) -> Value {
    let one = |(name, kind, required): &(&str, &str, bool)| json!({"name": name, "in": "query", "required": required, "schema": {"type": kind}});
    all.iter().map(one).collect()
}

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    OpenSession,
    CloseSession,
    Command,
    Acknowledge,
    Shelve,
    Unshelve,
}

impl Deed {
    /// Everything.
    pub(super) const ALL: [Self; 6] =
        [Self::OpenSession, Self::CloseSession, Self::Command, Self::Acknowledge, Self::Shelve, Self::Unshelve];

    /// Where.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::OpenSession | Self::CloseSession => SESSION,
            Self::Command => "/api/v1/intersections/{id}/command",
            Self::Acknowledge => "/api/v1/intersections/{id}/alarms/{code}/acknowledge",
            Self::Shelve => "/api/v1/intersections/{id}/alarms/{code}/shelve",
            Self::Unshelve => "/api/v1/intersections/{id}/alarms/{code}/unshelve",
        }
    }

    const fn method(self) -> &'static str {
        if matches!(self, Self::CloseSession) { "delete" } else { "post" }
    }

    const fn summary(self) -> &'static str {
        match self {
            Self::OpenSession => "A token for a cookie that the browser keeps",
            Self::CloseSession => "End the session",
            Self::Command => "Hold a stage, call one, run the programme, or release; written to the audit log first",
            Self::Acknowledge => "Say that an alarm was seen",
            Self::Shelve => "Put an alarm aside for a time",
            Self::Unshelve => "Take an alarm up again",
        }
    }

    fn body(self, generator: &mut SchemaGenerator) -> Option<Value> {
        Some(match self {
            Self::OpenSession => generator.subschema_for::<OpenSession>().into(),
            Self::CloseSession => return None,
            Self::Command => generator.subschema_for::<GiveCommand>().into(),
            Self::Acknowledge | Self::Unshelve => generator.subschema_for::<Remark>().into(),
            Self::Shelve => generator.subschema_for::<Shelve>().into(),
        })
    }

    fn answer(self, generator: &mut SchemaGenerator) -> Option<Value> {
        Some(match self {
            Self::OpenSession => generator.subschema_for::<SessionShown>().into(),
            Self::CloseSession => return None,
            Self::Command => generator.subschema_for::<CommandAnswer>().into(),
            Self::Acknowledge | Self::Shelve | Self::Unshelve => generator.subschema_for::<AlarmShown>().into(),
        })
    }

    /// How it is described.
    fn described(self, generator: &mut SchemaGenerator, refused: &Value) -> Value {
        let json = |schema: Value| json!({"application/json": {"schema": schema}});
        let done = match self.answer(generator) {
            Some(schema) => json!({"200": {"description": "Done, or what came of it", "content": json(schema)}}),
            None => json!({"204": {"description": "Done"}}),
        };
        let names = ["id", "code"].into_iter().filter(|name| self.path().contains(&format!("{{{name}}}")));
        let parameter = |name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
        let mut entry = json!({
            "summary": self.summary(),
            "parameters": names.map(parameter).collect::<Vec<_>>(),
            "responses": done,
            "security": [{"token": []}, {"session": []}],
        });
        entry["responses"]["4XX"] = refused.clone();
        entry["responses"]["5XX"] = refused.clone();
        if let Some(schema) = self.body(generator) {
            entry["requestBody"] = json!({"required": true, "content": json(schema)});
        }
        entry
    }
}

/// The whole description.
pub fn document() -> Value {
    let settings =
        SchemaSettings::draft2020_12().with(|it| "/components/schemas".clone_into(it.definitions_path.to_mut()));
    let mut generator = settings.into_generator();
    let problem: Value = generator.subschema_for::<Problem>().into();
    let refused =
        json!({"description": "Refused, and why", "content": {"application/problem+json": {"schema": problem}}});
    let mut paths: Map<String, Value> = Map::new();
    for page in Page::ALL {
        let content = |schema: &Value| json!({page.media_type(): {"schema": schema}});
        let schema = page.schema(&mut generator);
        let mut answers = json!({"200": {"description": "It is", "content": content(&schema)}, "4XX": refused});
        if matches!(page, Page::Live | Page::Ready) {
            answers["503"] = json!({"description": "It is not", "content": content(&schema)});
        }
        let get = json!({"summary": page.summary(), "parameters": page.parameters(), "responses": answers});
        paths.insert(page.path().to_owned(), json!({"get": get}));
    }
    for deed in Deed::ALL {
        let described = deed.described(&mut generator, &refused);
        paths.entry(deed.path()).or_insert_with(|| json!({}))[deed.method()] = described;
    }
    let description = "What the engine shows of itself, and what operators may do. Where tokens are kept, everything of the street wants one.";
    json!({
        "openapi": "3.1.0",
        "info": {"title": "lightwatch", "version": env!("CARGO_PKG_VERSION"), "description": description},
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "lightwatch-PORT"},
            },
        },
    })
}
