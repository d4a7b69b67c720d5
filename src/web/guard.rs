//! What every request has to pass, and what every answer says to the browser.
//!
//! A page of somebody else, open in the same browser, must neither read from here nor change anything, nor be told that this is its own
//! server (DNS rebinding): `Host` must be a name of this machine's loopback or the one that the operator gave, and an `Origin` must be that
//! same host. Ports are free, so that a tunnel works. A change that a cookie vouches for must name its origin. GET and HEAD have no
//! body; paths are short; whoever may not look where tokens are wanted is told so before anything is looked up ([`super::access`]).

use super::Hall;
use super::access::{Person, Role};
use super::answers::Problem;
use super::openapi::{EVENTS, METRICS, SESSION};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Longest path with its query \[bytes\].
pub const PATH_MAX: usize = 2_048;

/// Scripts, styles and data from here, nothing from elsewhere, nobody frames it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; \
                      worker-src 'self' blob:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Judges, lets pass, counts.
pub(super) async fn guard(State(hall): State<Arc<Hall>>, mut request: Request, next: Next) -> Response {
    let mut answer = match judge(&hall, &request) {
        Err((status, why)) => refusal(status, why),
        Ok(person) => {
            request.extensions_mut().insert(person);
            next.run(request).await
        }
    };
    if answer.status() == StatusCode::METHOD_NOT_ALLOWED {
        answer = not_allowed(&answer);
    }
    let class = match answer.status().as_u16() {
        200..300 => 0,
        400..500 => 1,
        500..600 => 2,
        _ => 3,
    };
    hall.readers.answered[class].fetch_add(1, Ordering::Relaxed);
    if matches!(answer.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        hall.readers.denied.fetch_add(1, Ordering::Relaxed);
    }
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if answer.status() == StatusCode::UNAUTHORIZED {
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    answer
}

/// A refusal with its reason (RFC 9457).
pub(super) fn refusal(status: StatusCode, why: impl Into<String>) -> Response {
    let title = status.canonical_reason().unwrap_or("Refused");
    let problem = Problem { title, status: status.as_u16(), detail: why.into() };
    let body = serde_json::to_vec(&problem).expect("texts and a number");
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
}

/// A refusal that is handed on: a status and its reason.
pub(super) struct No(StatusCode, Cow<'static, str>);

/// Not done, and why.
pub(super) fn no(status: StatusCode, why: impl Into<Cow<'static, str>>) -> No {
    No(status, why.into())
}

impl IntoResponse for No {
    fn into_response(self) -> Response {
        refusal(self.0, self.1)
    }
}

/// The router names the methods; the reason is ours.
fn not_allowed(answer: &Response) -> Response {
    let allowed = answer.headers().get(header::ALLOW).and_then(|it| it.to_str().ok()).unwrap_or("GET,HEAD");
    let allowed = allowed.replace(',', ", ");
    let mut refused = refusal(StatusCode::METHOD_NOT_ALLOWED, format!("allowed here: {allowed}"));
    if let Ok(value) = HeaderValue::from_str(&allowed) {
        refused.headers_mut().insert(header::ALLOW, value);
    }
    refused
}

type Refused = (StatusCode, &'static str);

/// Who asks, or why he is not answered.
fn judge(hall: &Hall, request: &Request) -> Result<Person, Refused> {
    if request.uri().path_and_query().is_none_or(|it| it.as_str().len() > PATH_MAX) {
        return Err((StatusCode::URI_TOO_LONG, "the path is longer than 2048 bytes"));
    }
    let (headers, changes) = (request.headers(), ![Method::GET, Method::HEAD].contains(request.method()));
    let has_body = headers.get(header::CONTENT_LENGTH).is_some_and(|it| it != "0");
    let has_none = [Method::GET, Method::HEAD, Method::DELETE].contains(request.method());
    if has_none && (has_body || headers.contains_key(header::TRANSFER_ENCODING)) {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, "such a request has no body here"));
    }
    judge_names(headers, hall.door.host.as_deref(), hall.is_secure())?;
    let person = hall.door.access.who(headers, hall.port).map_err(|why| (StatusCode::UNAUTHORIZED, why))?;
    if changes && person.by_cookie && !headers.contains_key(header::ORIGIN) {
        return Err((StatusCode::FORBIDDEN, "a change by cookie must name its Origin"));
    }
    if person.role < Role::Viewer && is_private(request.uri().path()) {
        return Err((
            StatusCode::UNAUTHORIZED,
            "a token is wanted here: Authorization: Bearer TOKEN, or POST /api/v1/session",
        ));
    }
    Ok(person)
}

/// What only viewers see; the page itself, health, and the way to a session hold nothing of the street.
fn is_private(path: &str) -> bool {
    (path.starts_with("/api/") && path != SESSION) || path == METRICS || path == EVENTS
}

fn judge_names(headers: &HeaderMap, own_name: Option<&str>, secure: bool) -> Result<(), Refused> {
    let text = |name| headers.get(name).map(|it| it.to_str().unwrap_or(""));
    let host = text(header::HOST).ok_or((StatusCode::BAD_REQUEST, "no Host"))?;
    let is_own =
        is_loopback(host) || own_name.is_some_and(|name| name_of(host).is_some_and(|it| it.eq_ignore_ascii_case(name)));
    if headers.get_all(header::HOST).iter().count() > 1 || !is_own {
        return Err((
            StatusCode::MISDIRECTED_REQUEST,
            "Host is not this machine; allowed: localhost, 127.0.0.1, [::1], and the name of --http-name",
        ));
    }
    let scheme = if secure { "https://" } else { "http://" };
    if text(header::ORIGIN).is_some_and(|origin| origin.strip_prefix(scheme) != Some(host)) {
        return Err((StatusCode::FORBIDDEN, "a page of another origin may not do this"));
    }
    Ok(())
}

/// The name in a host with or without its port.
fn name_of(host: &str) -> Option<&str> {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => port.parse::<u16>().is_ok().then_some(name),
        _ => Some(host),
    }
}

/// Whether a host with or without its port is the loopback of this machine.
fn is_loopback(host: &str) -> bool {
    name_of(host).is_some_and(|name| name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_has_three_names_and_any_port() {
        for good in ["localhost", "LOCALHOST:8087", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:65535"] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in [
            "",
            "lightwatch.example",
            "localhost.example:8087",
            "127.0.0.1:",
            "127.0.0.1:x",
            "127.0.0.1.example",
            "::1",
            "[::1]x",
        ] {
            assert!(!is_loopback(bad), "{bad}");
        }
    }

    #[test]
    fn a_name_beyond_the_loopback_is_good_only_when_it_was_given() {
        let ask = |host: &'static str, origin: Option<&'static str>, own, secure| {
            let mut headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
            headers.extend(origin.map(|it| (header::ORIGIN, HeaderValue::from_static(it))));
            judge_names(&headers, own, secure).map_err(|(status, _)| status.as_u16())
        };
        assert_eq!(ask("tc.example:8443", None, None, true), Err(421));
        assert_eq!(ask("TC.example:8443", None, Some("tc.example"), true), Ok(()));
        assert_eq!(ask("tc.example.evil", None, Some("tc.example"), true), Err(421));
        assert_eq!(ask("tc.example", Some("https://tc.example"), Some("tc.example"), true), Ok(()));
        assert_eq!(ask("tc.example", Some("http://tc.example"), Some("tc.example"), true), Err(403));
        assert_eq!(ask("localhost:1", Some("http://localhost:2"), None, false), Err(403));
    }

    #[test]
    fn only_the_page_health_and_the_way_to_a_session_are_open_where_tokens_are_wanted() {
        for open in ["/", "/live", "/ready", "/assets/index.js", SESSION] {
            assert!(!is_private(open), "{open}");
        }
        for closed in [METRICS, EVENTS, "/api/v1/snapshot", "/api/v1/session/", "/api/v1/openapi.json"] {
            assert!(is_private(closed), "{closed}");
        }
    }
}
