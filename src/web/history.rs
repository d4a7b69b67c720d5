//! What has happened, by HTTP: how far the history goes, the city at an instant, events, one intersection over a time.
//!
//! Reading from disk is done by threads that may wait, [`READERS_MAX`] at a time; a further question is answered 503. Answers are bounded: [`EVENTS_MAX`]
//! events, [`POINTS_MAX`] points, a day. Nothing of it touches the writer or control.

use super::Hall;
use super::guard::{No, no};
use super::routes::own;
use crate::service::history::events::{Question, ask};
use crate::service::history::{Event, EventKind, History, look};
use crate::time::{Millis, Timestamp};
use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Questions that are read for at a time.
const READERS_MAX: usize = 2;
/// Most events in one answer.
const EVENTS_MAX: usize = 1_000;
/// Most points of a series.
const POINTS_MAX: i64 = 2_000;
/// Longest time that a series reads.
const SPAN_MAX: Millis = Millis::from_secs(86_400);

static READERS: Semaphore = Semaphore::const_new(READERS_MAX);

/// How far it goes.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
#[schemars(title = "history")]
pub(super) struct HistoryShown {
    /// Whether any is kept.
    kept: bool,
    /// First instant written since the start \[ms\].
    from_ms: Option<i64>,
    /// Last instant written \[ms\].
    to_ms: Option<i64>,
    /// Bytes on disk.
    bytes: u64,
    /// Moments and events that were not kept since the start.
    missed: u64,
    /// What is wrong at present.
    trouble: Option<String>,
}

/// The city at an instant of the past.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "history_frame")]
pub(super) struct PastFrame {
    /// The newest instant in it \[ms\].
    at_ms: i64,
    /// Every intersection of this engine.
    intersections: Vec<PastSite>,
    /// Files that could not be read.
    damaged: Vec<String>,
}

/// One intersection then.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct PastSite {
    id: String,
    mode: Option<String>,
    field: Option<String>,
    lamps: String,
    stage: Option<String>,
    queues: Vec<Option<i32>>,
}

/// Events.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "history_events")]
pub(super) struct PastEvents {
    /// The newest first.
    events: Vec<Event>,
    /// Whether there are more.
    more: bool,
}

/// One intersection over a time.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "history_series")]
pub(super) struct PastSeries {
    /// Length of a step \[s\].
    step_s: i64,
    /// Steps of which anything is kept.
    points: Vec<PastPoint>,
    /// Files that could not be read.
    damaged: Vec<String>,
}

/// One step.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct PastPoint {
    /// Its first instant \[ms\].
    at_ms: i64,
    /// Mean of the vehicles that were seen; null where nothing was counted.
    vehicles: Option<f64>,
    /// Mean of those that stood.
    halted: Option<f64>,
    /// Vehicles that passed stop lines.
    passed: i64,
    /// Last mode of the engine.
    mode: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AtQuery {
    at_ms: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    from_ms: Option<i64>,
    to_ms: Option<i64>,
    intersection: Option<String>,
    kind: Option<String>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeriesQuery {
    intersection: String,
    from_ms: i64,
    to_ms: i64,
    step_s: Option<i64>,
}

type Seen = State<Arc<Hall>>;
type Asked<T> = Result<Query<T>, axum::extract::rejection::QueryRejection>;
type Answer<T> = Result<Json<T>, No>;

/// How far it goes.
pub(super) async fn extent(State(hall): Seen) -> Response {
    let shown = hall.exhibit.shown.operations.history().map_or_else(HistoryShown::default, |history| {
        let health = history.health();
        let (from, to) = (health.from_ms.load(Ordering::Relaxed), health.to_ms.load(Ordering::Relaxed));
        HistoryShown {
            kept: true,
            from_ms: (from != i64::MAX).then_some(from),
            to_ms: (to != i64::MIN).then_some(to),
            bytes: health.bytes.load(Ordering::Relaxed),
            missed: health.missed.load(Ordering::Relaxed),
            trouble: health.trouble(),
        }
    });
    Json(shown).into_response()
}

/// The city at an instant.
pub(super) async fn frame(State(hall): Seen, query: Asked<AtQuery>) -> Answer<PastFrame> {
    let at = Timestamp(asked(query)?.at_ms);
    let city = read(&hall, move |history| look::city(history.folder(), at)).await?;
    let Some(at_ms) = city.at_ms else {
        return Err(no(StatusCode::NOT_FOUND, "nothing is kept of then, or not yet written"));
    };
    let exhibit = &hall.exhibit;
    let site = |&ix: &usize| {
        let intersection = &exhibit.network.intersections[ix];
        let known = city.sites.get(intersection.id.as_str()).cloned().unwrap_or_default();
        PastSite {
            id: intersection.id.to_string(),
            queues: intersection.lanes.iter().map(|lane| known.halted.get(lane.id.as_str()).copied()).collect(),
            mode: known.mode,
            field: known.field,
            lamps: known.lamps.unwrap_or_default(),
            stage: known.stage,
        }
    };
    Ok(Json(PastFrame { at_ms, intersections: exhibit.own.iter().map(site).collect(), damaged: city.damaged }))
}

/// What happened.
pub(super) async fn events(State(hall): Seen, query: Asked<EventsQuery>) -> Answer<PastEvents> {
    let query = asked(query)?;
    let limit = query.limit.unwrap_or(200);
    if !(1..=EVENTS_MAX).contains(&limit) {
        return Err(no(StatusCode::BAD_REQUEST, "limit: allowed are 1…1000"));
    }
    if query.kind.as_ref().is_some_and(|kind| EventKind::ALL.iter().all(|it| it.name() != kind)) {
        return Err(no(StatusCode::BAD_REQUEST, "kind: allowed are alarm, command, mode, gap"));
    }
    let EventsQuery { from_ms, to_ms, intersection, kind, .. } = query;
    let question = Question { from_ms, to_ms, intersection, kind, limit };
    let (events, more) = read(&hall, move |history| {
        ask(history.folder(), &question).map_err(|error| io::Error::other(error.to_string()))
    })
    .await?;
    Ok(Json(PastEvents { events, more }))
}

/// One intersection over a time.
pub(super) async fn series(State(hall): Seen, query: Asked<SeriesQuery>) -> Answer<PastSeries> {
    let query = asked(query)?;
    let step_s = query.step_s.unwrap_or(60);
    let (from, to) = (Timestamp(query.from_ms), Timestamp(query.to_ms));
    let is_good = (1..=86_400).contains(&step_s)
        && from < to
        && to.0.checked_sub(from.0).is_some_and(|it| it <= SPAN_MAX.0 && it / (step_s * 1_000) <= POINTS_MAX);
    if !is_good {
        return Err(no(StatusCode::BAD_REQUEST, "allowed: from_ms < to_ms, at most a day and 2000 steps"));
    }
    own(&hall, &query.intersection).ok_or_else(|| no(StatusCode::NOT_FOUND, "no such intersection of this engine"))?;
    let (id, step) = (query.intersection, Millis::from_secs(step_s));
    let (steps, damaged) = read(&hall, move |history| look::series(history.folder(), &id, (from, to), step)).await?;
    let point = |(at_ms, it): (i64, look::Step)| PastPoint {
        at_ms,
        vehicles: it.is_counted().then(|| it.vehicles()),
        halted: it.is_counted().then(|| it.halted()),
        passed: it.passed,
        mode: it.mode,
    };
    Ok(Json(PastSeries { step_s, points: steps.into_iter().map(point).collect(), damaged }))
}

fn asked<T>(query: Asked<T>) -> Result<T, No> {
    let refused = |_| no(StatusCode::BAD_REQUEST, "the query is not one of /api/v1/openapi.json");
    query.map(|Query(query)| query).map_err(refused)
}

/// Ask the disk, in a thread that may wait.
async fn read<T: Send + 'static>(
    hall: &Hall,
    ask: impl FnOnce(&History) -> io::Result<T> + Send + 'static,
) -> Result<T, No> {
    let Some(history) = hall.exhibit.shown.operations.history() else {
        return Err(no(StatusCode::NOT_FOUND, "no history is kept: start the engine with --history DIR"));
    };
    let Ok(place) = READERS.try_acquire() else {
        return Err(no(StatusCode::SERVICE_UNAVAILABLE, "others are reading the history; ask again"));
    };
    let answer = spawn_blocking(move || ask(&history)).await;
    drop(place);
    match answer {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(no(StatusCode::SERVICE_UNAVAILABLE, format!("the history cannot be read: {error}"))),
        Err(_) => Err(no(StatusCode::INTERNAL_SERVER_ERROR, "the history could not be read")),
    }
}
