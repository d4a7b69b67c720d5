//! What changes something: sessions, commands, and what people do about alarms. POST and DELETE only, JSON only, operators only.
//!
//! A body is at most [`BODY_MAX`] bytes, there within [`PATIENCE`], and of a known shape with nothing unknown in it; what is wrong is told by
//! line and column and never quoted, because a token may stand in it. What a command does, and that it is written down first, is the
//! business of [`crate::service::operations`].

use super::access::{Person, Role};
use super::alarms::AlarmShown;
use super::guard::{No, no};
use super::routes::own;
use super::{BODY_MAX, Hall, PATIENCE};
use crate::network::Intersection;
use crate::plan::Action;
use crate::service::alarms::Act;
use crate::service::operations::{NotDone, Order};
use crate::time::Millis;
use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, http};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use std::sync::Arc;
use tokio::time::timeout;

/// How long a command may last \[s\].
const LASTS_S: RangeInclusive<i64> = 5..=3_600;
/// How long an alarm may be put aside \[s\].
const SHELF_S: RangeInclusive<i64> = 60..=86_400;
/// Most characters of a reason or note.
const REASON_MAX: usize = 200;

/// Who is asking, and what he may do.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "session")]
pub(super) struct SessionShown {
    /// His name in the file of tokens; `anybody` without.
    name: String,
    /// What he may do.
    role: Role,
    /// Whether commands would be taken from him.
    can_command: bool,
    /// Why not, in one line for people.
    why_not: Option<&'static str>,
    /// Whether opening a session wants a token.
    needs_token: bool,
    /// Whether commands are written to an audit log.
    audit: bool,
}

/// Body of `POST /api/v1/session`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "open_session")]
pub(super) struct OpenSession {
    /// The token, where one is wanted.
    token: Option<String>,
}

/// What may be commanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Verb {
    /// Stay in a stage.
    Hold,
    /// Serve a stage as soon as that is allowed, once.
    Call,
    /// Run the fixed-time programme.
    Fixed,
    /// Back to the engine.
    Release,
}

/// Body of `POST /api/v1/intersections/{id}/command`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "give_command")]
pub(super) struct GiveCommand {
    /// What.
    verb: Verb,
    /// Name of the stage; with `hold` and `call` only.
    stage: Option<String>,
    /// For how long \[s\], 5…3600; not with `release`.
    #[schemars(range(min = 5, max = 3600))]
    seconds: Option<i64>,
    /// Why, 1…200 characters.
    #[schemars(length(min = 1, max = 200))]
    reason: String,
}

/// The answer to a command.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "command_answer")]
pub(super) struct CommandAnswer {
    /// Name of the command in the audit log and on the wire.
    id: String,
    /// Whether it was accepted.
    accepted: bool,
    /// Why, in one line for people.
    reason: String,
    /// Until when it holds \[ms\]; null for a release or a refusal.
    until_ms: Option<i64>,
}

/// Body of `POST .../acknowledge` and `.../unshelve`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "remark")]
pub(super) struct Remark {
    /// Why, at most 200 characters.
    #[schemars(length(max = 200))]
    note: Option<String>,
}

/// Body of `POST .../shelve`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "shelve")]
pub(super) struct Shelve {
    /// For how long \[s\], 60…86400.
    #[schemars(range(min = 60, max = 86400))]
    seconds: i64,
    /// Why, 1…200 characters.
    #[schemars(length(min = 1, max = 200))]
    note: String,
}

type Seen = State<Arc<Hall>>;
type Asking = Extension<Person>;
/// Refused with a reason, or the answer.
type Answer<T> = Result<T, No>;

/// Who is asking.
pub(super) async fn session(State(hall): Seen, Extension(person): Asking) -> Response {
    Json(shown(&hall, person)).into_response()
}

/// A token for a cookie.
pub(super) async fn open_session(State(hall): Seen, request: Request) -> Answer<Response> {
    let body: OpenSession = read(request).await?;
    let opened = hall.door.access.open(body.token.as_deref(), hall.port, hall.is_secure());
    let opened = opened.map_err(|_| no(StatusCode::SERVICE_UNAVAILABLE, "the system gives no random numbers"))?;
    let (person, cookie) = opened.map_err(|why| no(StatusCode::UNAUTHORIZED, why))?;
    tracing::info!(who = person.name, role = ?person.role, "a session is opened");
    Ok(with_cookie(Json(shown(&hall, person)).into_response(), &cookie))
}

/// The cookie goes.
pub(super) async fn close_session(State(hall): Seen, headers: HeaderMap) -> Response {
    let cookie = hall.door.access.close(&headers, hall.port);
    with_cookie(StatusCode::NO_CONTENT.into_response(), &cookie)
}

/// Hold, call, programme, release.
pub(super) async fn command(
    State(hall): Seen,
    Path(id): Path<String>,
    Extension(person): Asking,
    request: Request,
) -> Answer<Json<CommandAnswer>> {
    must_command(&hall, &person)?;
    let ix = site(&hall, &id)?;
    let body: GiveCommand = read(request).await?;
    let (action, seconds) = action(&body, &hall.exhibit.network.intersections[ix])?;
    let reason = remark(Some(body.reason))?.unwrap_or_default();
    let order = Order { action, lasts: Millis::from_secs(seconds), by: person.name, reason };
    let (command, result) = hall.exhibit.shown.operations.command(ix, order).await.map_err(not_done)?;
    let until = (result.accepted && action != Action::Release).then_some(command.expires.0);
    Ok(Json(CommandAnswer { id: command.id, accepted: result.accepted, reason: result.reason, until_ms: until }))
}

/// Seen.
pub(super) async fn acknowledge(
    State(hall): Seen,
    Path((id, code)): Path<(String, String)>,
    Extension(person): Asking,
    request: Request,
) -> Answer<Json<AlarmShown>> {
    let body: Remark = read(request).await?;
    about(&hall, &id, &code, &person, &Act::Acknowledge, remark(body.note)?)
}

/// Put aside for a time.
pub(super) async fn shelve(
    State(hall): Seen,
    Path((id, code)): Path<(String, String)>,
    Extension(person): Asking,
    request: Request,
) -> Answer<Json<AlarmShown>> {
    let body: Shelve = read(request).await?;
    if !SHELF_S.contains(&body.seconds) {
        return Err(no(StatusCode::BAD_REQUEST, "seconds: allowed are 60…86400"));
    }
    let note = remark(Some(body.note))?;
    let until = hall.exhibit.shown.operations.now() + Millis::from_secs(body.seconds);
    about(&hall, &id, &code, &person, &Act::Shelve(until), note)
}

/// Taken up again.
pub(super) async fn unshelve(
    State(hall): Seen,
    Path((id, code)): Path<(String, String)>,
    Extension(person): Asking,
    request: Request,
) -> Answer<Json<AlarmShown>> {
    let body: Remark = read(request).await?;
    about(&hall, &id, &code, &person, &Act::Unshelve, remark(body.note)?)
}

fn about(
    hall: &Hall,
    id: &str,
    code: &str,
    person: &Person,
    act: &Act,
    note: Option<String>,
) -> Answer<Json<AlarmShown>> {
    must_operate(person)?;
    let ix = site(hall, id)?;
    let standing = hall.exhibit.shown.operations.about_alarm(ix, code, act, &person.name, note).map_err(not_done)?;
    Ok(Json(AlarmShown::up(&standing)))
}

fn shown(hall: &Hall, person: Person) -> SessionShown {
    let audit = hall.exhibit.shown.operations.is_audited();
    let why_not = match person.role {
        Role::None => Some("a token is wanted"),
        Role::Viewer if !hall.door.access.needs_token() => Some("open a session first"),
        Role::Viewer if !hall.door.access.has_tokens() => Some("the engine was started without a file of tokens"),
        Role::Viewer => Some("a viewer may only look"),
        Role::Operator if !audit => Some("the engine was started without an audit log"),
        Role::Operator => None,
    };
    let needs_token = hall.door.access.needs_token();
    SessionShown { name: person.name, role: person.role, can_command: why_not.is_none(), why_not, needs_token, audit }
}

fn must_operate(person: &Person) -> Answer<()> {
    match person.role {
        Role::Operator => Ok(()),
        Role::Viewer => Err(no(StatusCode::FORBIDDEN, "only an operator may do this")),
        Role::None => Err(no(StatusCode::UNAUTHORIZED, "a token is wanted here")),
    }
}

fn must_command(hall: &Hall, person: &Person) -> Answer<()> {
    must_operate(person)?;
    if hall.exhibit.shown.operations.is_audited() {
        return Ok(());
    }
    Err(no(StatusCode::CONFLICT, "no command without an audit log: start the engine with --audit DIR"))
}

fn site(hall: &Hall, id: &str) -> Answer<usize> {
    own(hall, id).ok_or_else(|| no(StatusCode::NOT_FOUND, "no such intersection of this engine"))
}

/// What a body means.
fn action(body: &GiveCommand, intersection: &Intersection) -> Answer<(Action, i64)> {
    let bad = |why: String| no(StatusCode::BAD_REQUEST, why);
    let stage = match (body.verb, &body.stage) {
        (Verb::Hold | Verb::Call, Some(name)) => Some(intersection.stage_of(name).ok_or_else(|| {
            let names: Vec<&str> = intersection.stages.iter().map(|it| it.id.as_str()).collect();
            bad(format!("no such stage; allowed: {}", names.join(", ")))
        })?),
        (Verb::Hold | Verb::Call, None) => return Err(bad("hold and call want a stage".to_owned())),
        (Verb::Fixed | Verb::Release, Some(_)) => return Err(bad("a stage stands with hold and call only".to_owned())),
        (Verb::Fixed | Verb::Release, None) => None,
    };
    let seconds = match (body.verb, body.seconds) {
        (Verb::Release, None) => 0,
        (Verb::Release, Some(_)) => return Err(bad("a release has no seconds".to_owned())),
        (_, Some(seconds)) if LASTS_S.contains(&seconds) => seconds,
        _ => return Err(bad("seconds: allowed are 5…3600".to_owned())),
    };
    let action = match (body.verb, stage) {
        (Verb::Hold, Some(stage)) => Action::Stage(stage),
        (Verb::Call, Some(stage)) => Action::Call(stage),
        (Verb::Release, _) => Action::Release,
        _ => Action::FixedTime,
    };
    Ok((action, seconds))
}

/// A reason or note that may be said on.
fn remark(text: Option<String>) -> Answer<Option<String>> {
    let Some(text) = text.map(|it| it.trim().to_owned()) else { return Ok(None) };
    if (1..=REASON_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        return Ok(Some(text));
    }
    Err(no(StatusCode::BAD_REQUEST, "a reason or note has 1…200 characters and no line feeds"))
}

fn not_done(why: NotDone) -> No {
    let status = match why {
        NotDone::StandsBy | NotDone::NotUp => StatusCode::CONFLICT,
        NotDone::NotOwn => StatusCode::NOT_FOUND,
        NotDone::Busy => StatusCode::SERVICE_UNAVAILABLE,
        NotDone::Unanswered => StatusCode::GATEWAY_TIMEOUT,
    };
    no(status, why.to_string())
}

fn with_cookie(mut answer: Response, cookie: &str) -> Response {
    let value = HeaderValue::from_str(cookie).expect("hexadecimal digits and names of ours");
    answer.headers_mut().insert(header::SET_COOKIE, value);
    answer
}

/// The JSON of a body.
async fn read<T: DeserializeOwned>(request: Request) -> Answer<T> {
    let (parts, body): (http::request::Parts, Body) = request.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().is_some_and(|it| it.trim().eq_ignore_ascii_case("application/json")) {
        return Err(no(StatusCode::UNSUPPORTED_MEDIA_TYPE, "allowed: Content-Type: application/json"));
    }
    let too_large = || no(StatusCode::PAYLOAD_TOO_LARGE, "a body has at most 16384 bytes");
    let told = parts.headers.get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse::<usize>().ok());
    if told.is_some_and(|it| it > BODY_MAX) {
        return Err(too_large());
    }
    let bytes = timeout(PATIENCE, to_bytes(body, BODY_MAX)).await;
    let bytes = bytes.map_err(|_| no(StatusCode::REQUEST_TIMEOUT, "the body did not come within 5 s"))?;
    let bytes = bytes.map_err(|_| too_large())?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Data => "JSON, but not what is wanted here (see /api/v1/openapi.json)",
            _ => "not JSON",
        };
        no(StatusCode::BAD_REQUEST, format!("line {} column {}: {what}", error.line(), error.column()))
    })
}
