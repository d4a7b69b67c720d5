//! Who answers what.

use super::Hall;
use super::alarms::Alarms;
use super::answers::{CorridorShown, Corridors, Detail, Health, Trend};
use super::compared::{Performance, ShadowShown};
use super::deeds;
use super::events::{STREAMS_MAX, stream_of};
use super::guard::{guard, refusal};
use super::history;
use super::lately::STEP_MS;
use super::openapi::{Deed, Page, document};
use super::{hold, metrics, page};
use crate::service::mqtt::Status;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, delete, get, post};
use axum::{Json, Router, middleware};
use std::sync::Arc;

type Seen = State<Arc<Hall>>;

/// Every path behind the guard.
pub(super) fn router(hall: Arc<Hall>) -> Router {
    let mut router = Router::new().route("/", get(index));
    for page in Page::ALL {
        router = router.route(page.path(), behind(page));
    }
    for deed in Deed::ALL {
        router = router.route(deed.path(), doing(deed));
    }
    router.fallback(other).layer(middleware::from_fn_with_state(Arc::clone(&hall), guard)).with_state(hall)
}

fn behind(page: Page) -> MethodRouter<Arc<Hall>> {
    match page {
        Page::Live => get(live),
        Page::Ready => get(ready),
        Page::Metrics => get(counted),
        Page::Snapshot => get(snapshot),
        Page::Geojson => get(map),
        Page::Intersection => get(intersection),
        Page::Alarms => get(alarms),
        Page::Trend => get(trend),
        Page::Corridors => get(all_corridors),
        Page::Corridor => get(one_corridor),
        Page::Shadow => get(shadow),
        Page::Performance => get(performance),
        Page::Session => get(deeds::session),
        Page::History => get(history::extent),
        Page::HistoryFrame => get(history::frame),
        Page::HistoryEvents => get(history::events),
        Page::HistorySeries => get(history::series),
        Page::Events => get(events),
        Page::Openapi => get(described),
    }
}

fn doing(deed: Deed) -> MethodRouter<Arc<Hall>> {
    match deed {
        Deed::OpenSession => post(deeds::open_session),
        Deed::CloseSession => delete(deeds::close_session),
        Deed::Command => post(deeds::command),
        Deed::Acknowledge => post(deeds::acknowledge),
        Deed::Shelve => post(deeds::shelve),
        Deed::Unshelve => post(deeds::unshelve),
    }
}

async fn index(headers: HeaderMap) -> Response {
    page::index(&headers)
}

/// A file of the page, or nothing.
async fn other(uri: Uri, headers: HeaderMap) -> Response {
    let file = page::file(uri.path().trim_start_matches('/'), &headers);
    file.unwrap_or_else(|| refusal(StatusCode::NOT_FOUND, "no such path; /api/v1/openapi.json names all of them"))
}

async fn live(State(hall): Seen) -> Response {
    health(hall.exhibit.pulse.stopped().into_iter().map(|part| format!("{part} has stopped")).collect())
}

async fn ready(State(hall): Seen) -> Response {
    let exhibit = &hall.exhibit;
    let mut missing: Vec<String> =
        exhibit.pulse.stopped().map(|part| format!("{part} has stopped")).into_iter().collect();
    if *exhibit.shown.link.status().borrow() != Status::Online {
        missing.push("the broker is not there".to_owned());
    }
    let undecided = exhibit.own.iter().filter(|&&ix| exhibit.board().look(ix).decision.is_none()).count();
    if undecided > 0 {
        missing.push(format!("{undecided} of {} intersections were not decided for yet", exhibit.own.len()));
    }
    health(missing)
}

fn health(missing: Vec<String>) -> Response {
    let ok = missing.is_empty();
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Health { ok, missing })).into_response()
}

async fn counted(State(hall): Seen) -> Response {
    let text = metrics::text(&hall.exhibit, &hall.readers);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

async fn snapshot(State(hall): Seen) -> Response {
    let frame = hall.frame.borrow().1.clone();
    ([(header::CONTENT_TYPE, "application/json")], frame).into_response()
}

async fn map(State(hall): Seen) -> Response {
    ([(header::CONTENT_TYPE, "application/geo+json")], hall.map.clone()).into_response()
}

async fn intersection(State(hall): Seen, Path(id): Path<String>) -> Response {
    match own(&hall, &id) {
        Some(ix) => Json(Detail::of(&hall.exhibit, ix)).into_response(),
        None => refusal(StatusCode::NOT_FOUND, "no such intersection of this engine"),
    }
}

async fn alarms(State(hall): Seen) -> Response {
    Json(Alarms::of(&hall.exhibit)).into_response()
}

async fn trend(State(hall): Seen) -> Response {
    Json(Trend { step_ms: STEP_MS, points: hold(&hall.lately).points() }).into_response()
}

async fn all_corridors(State(hall): Seen) -> Response {
    Json(Corridors { corridors: hall.corridors.iter().map(|it| it.name.clone()).collect() }).into_response()
}

async fn one_corridor(State(hall): Seen, Path(id): Path<String>) -> Response {
    match hall.corridors.iter().find(|it| it.name.id == id) {
        Some(corridor) => Json(CorridorShown::of(&hall.exhibit, corridor, &hold(&hall.lately))).into_response(),
        None => refusal(StatusCode::NOT_FOUND, "no such corridor; /api/v1/corridors names all of them"),
    }
}

async fn shadow(State(hall): Seen) -> Response {
    match ShadowShown::of(&hall.exhibit) {
        Some(shown) => Json(shown).into_response(),
        None => refusal(StatusCode::NOT_FOUND, "no policy is compared; [shadow] in the configuration names one"),
    }
}

async fn performance(State(hall): Seen) -> Response {
    Json(Performance::of(&hall.exhibit)).into_response()
}

async fn described() -> Response {
    Json(document()).into_response()
}

async fn events(State(hall): Seen, RawQuery(query): RawQuery) -> Response {
    let wanted = match query.as_deref().map(|it| it.strip_prefix("intersection=")) {
        None => None,
        Some(None) => return refusal(StatusCode::BAD_REQUEST, "allowed: ?intersection=ID"),
        Some(Some(id)) => {
            let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy().into_owned();
            match own(&hall, &id) {
                None => return refusal(StatusCode::NOT_FOUND, "no such intersection of this engine"),
                found => found,
            }
        }
    };
    let full = || refusal(StatusCode::SERVICE_UNAVAILABLE, format!("{STREAMS_MAX} streams are open already"));
    stream_of(hall, wanted).unwrap_or_else(full)
}

/// The position of an intersection of this engine.
pub(super) fn own(hall: &Hall, id: &str) -> Option<usize> {
    let ix = hall.exhibit.network.position(id)?;
    hall.exhibit.own.contains(&ix).then_some(ix)
}
