//! The description of the interface (OpenAPI 3.1), made of the table that also makes the routes, and of the types that are answered.
//!
//! OpenAPI 3.1 is JSON Schema 2020-12, which `schemars` writes for every type here already; so there is one derivation and no
//! second set of annotations.

use super::answers::{Alarms, CorridorShown, Corridors, Detail, Frame, Health, Refused, Trend};
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

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
    Events,
    Openapi,
}

impl Page {
    /// Every path.
    pub(super) const ALL: [Self; 12] = [
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
        Self::Events,
        Self::Openapi,
    ];

    /// How it is asked for.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Live => "/live",
            Self::Ready => "/ready",
            Self::Metrics => "/metrics",
            Self::Snapshot => "/api/v1/snapshot",
            Self::Geojson => "/api/v1/network.geojson",
            Self::Intersection => "/api/v1/intersections/{id}",
            Self::Alarms => "/api/v1/alarms",
            Self::Trend => "/api/v1/trend",
            Self::Corridors => "/api/v1/corridors",
            Self::Corridor => "/api/v1/corridors/{corridor}",
            Self::Events => "/events",
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
            _ => json!([]),
        }
    }
}

/// The whole description.
pub fn document() -> Value {
    let settings =
        SchemaSettings::draft2020_12().with(|it| "/components/schemas".clone_into(it.definitions_path.to_mut()));
    let mut generator = settings.into_generator();
    let refused: Value = generator.subschema_for::<Refused>().into();
    let mut paths = Map::new();
    for page in Page::ALL {
        let content = |schema: &Value| json!({page.media_type(): {"schema": schema}});
        let schema = page.schema(&mut generator);
        let mut answers = json!({
            "200": {"description": "It is", "content": content(&schema)},
            "4XX": {"description": "Refused: method, path, size, Host, Origin", "content": {"application/json": {"schema": refused}}},
        });
        if matches!(page, Page::Live | Page::Ready) {
            answers["503"] = json!({"description": "It is not", "content": content(&schema)});
        }
        let get = json!({"summary": page.summary(), "parameters": page.parameters(), "responses": answers});
        paths.insert(page.path().to_owned(), json!({"get": get}));
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "lightwatch", "version": env!("CARGO_PKG_VERSION"), "description": "What the engine shows of itself; read only, for this machine only."},
        "paths": paths,
        "components": {"schemas": generator.take_definitions(true)},
    })
}
