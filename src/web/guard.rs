//! What every request has to pass, and what every answer says to the browser.
//!
//! A page of somebody else, open in the same browser, must neither read from here nor be told that this is its own server (DNS
//! rebinding): `Host` must be a name of this machine's loopback, and an `Origin` must be that same host. Ports are free, so that a
//! tunnel works. Only GET and HEAD, no body, a short path.

use super::Hall;
use super::answers::Refused;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Longest path with its query \[bytes\].
pub const PATH_MAX: usize = 2_048;

/// Scripts, styles and data from here, nothing from elsewhere, nobody frames it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; \
                      worker-src 'self' blob:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Judges, lets pass, counts.
pub(super) async fn guard(State(hall): State<Arc<Hall>>, request: Request, next: Next) -> Response {
    let mut answer = match refused(&request) {
        Some((status, why)) => refusal(status, why),
        None => next.run(request).await,
    };
    let class = match answer.status().as_u16() {
        200..300 => 0,
        400..500 => 1,
        500..600 => 2,
        _ => 3,
    };
    hall.readers.answered[class].fetch_add(1, Ordering::Relaxed);
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
    if answer.status() == StatusCode::METHOD_NOT_ALLOWED {
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    answer
}

/// A refusal with its reason.
pub(super) fn refusal(status: StatusCode, why: impl Into<String>) -> Response {
    (status, Json(Refused { error: why.into() })).into_response()
}

/// Why a request is not answered.
fn refused(request: &Request) -> Option<(StatusCode, &'static str)> {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return Some((StatusCode::METHOD_NOT_ALLOWED, "nothing can be changed here; allowed: GET, HEAD"));
    }
    if request.uri().path_and_query().is_none_or(|it| it.as_str().len() > PATH_MAX) {
        return Some((StatusCode::URI_TOO_LONG, "the path is longer than 2048 bytes"));
    }
    let headers = request.headers();
    let has_body = headers.get(header::CONTENT_LENGTH).is_some_and(|it| it != "0");
    if has_body || headers.contains_key(header::TRANSFER_ENCODING) {
        return Some((StatusCode::PAYLOAD_TOO_LARGE, "a request has no body here"));
    }
    judge_names(headers)
}

fn judge_names(headers: &HeaderMap) -> Option<(StatusCode, &'static str)> {
    let text = |name| headers.get(name).map(|it| it.to_str().unwrap_or(""));
    let Some(host) = text(header::HOST) else {
        return Some((StatusCode::BAD_REQUEST, "no Host"));
    };
    if headers.get_all(header::HOST).iter().count() > 1 || !is_loopback(host) {
        return Some((
            StatusCode::MISDIRECTED_REQUEST,
            "Host is not this machine; allowed: localhost, 127.0.0.1, [::1]",
        ));
    }
    let own = |origin: &str| origin.strip_prefix("http://") == Some(host);
    if text(header::ORIGIN).is_some_and(|origin| !own(origin)) {
        return Some((StatusCode::FORBIDDEN, "a page of another origin may not read this"));
    }
    None
}

/// Whether a host with or without its port is the loopback of this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => {
            if port.parse::<u16>().is_err() {
                return false;
            }
            name
        }
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]"
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
}
