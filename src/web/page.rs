//! The page: files that `make dashboard` made of `dashboard/`, built into the binary.
//!
//! Where there are none when the program is built (no Node), it is built all the same, and the page says what to run. A build for
//! development reads them from the disk when they are asked for, so that the page can be changed without building again.
//! A browser keeps what it has and asks whether it is still so (`ETag`, the digest of the file): nothing that is old is ever shown.

use super::openapi::Page;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use rust_embed::RustEmbed;
use std::fmt::Write as _;

#[derive(RustEmbed)]
#[folder = "dashboard/dist"]
#[allow_missing = true]
struct Files;

/// Whether the page is in this binary.
pub fn is_there() -> bool {
    Files::get("index.html").is_some()
}

/// The page itself, or what to run to have it.
pub(super) fn index(asked: &HeaderMap) -> Response {
    file("index.html", asked).unwrap_or_else(|| {
        let html = "text/html; charset=utf-8";
        ([(header::CONTENT_TYPE, html)], without_a_page()).into_response()
    })
}

/// A file of the page; `None` where there is none of that name.
pub(super) fn file(name: &str, asked: &HeaderMap) -> Option<Response> {
    let file = Files::get(name)?;
    let tag = tag(&file.metadata.sha256_hash());
    let kept = asked.get(header::IF_NONE_MATCH).is_some_and(|it| it.as_bytes() == tag.as_bytes());
    let headers = [
        (header::CONTENT_TYPE, media_type(name).to_owned()),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::ETAG, tag),
    ];
    if kept {
        return Some((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Some((headers, file.data.into_owned()).into_response())
}

fn tag(digest: &[u8]) -> String {
    let mut text = String::from('"');
    for byte in &digest[..16] {
        let _ = write!(text, "{byte:02x}");
    }
    text + "\""
}

/// The kinds of file that a build of the page consists of.
fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json" | "map") => "application/json",
        _ => "application/octet-stream",
    }
}

fn without_a_page() -> String {
    let paths = Page::ALL.iter().map(|page| page.path()).filter(|path| !path.contains('{'));
    let mut links = String::new();
    for path in paths {
        let _ = writeln!(links, "<li><a href=\"{path}\">{path}</a></li>");
    }
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>lightwatch</title>\n<h1>lightwatch {}</h1>\n\
         <p>The page was not built into this program. With Node 20.19 or newer, run <code>make dashboard</code>, then build again; \
         <code>make demo</code> does both.</p>\n<p>What it would show is answered here:</p>\n<ul>\n{links}</ul>\n</html>\n",
        env!("CARGO_PKG_VERSION")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_file_of_the_page_has_its_media_type() {
        for (name, kind) in [
            ("index.html", "text/html"),
            ("assets/a.b.js", "text/javascript"),
            ("x.css", "text/css"),
            ("x", "application/octet"),
        ] {
            assert!(media_type(name).starts_with(kind), "{name}");
        }
    }

    #[test]
    fn what_lies_outside_is_no_file_of_the_page() {
        for name in ["../package.json", "../../Cargo.toml", "/etc/passwd", "assets/../../package.json", ""] {
            assert!(file(name, &HeaderMap::new()).is_none(), "{name}");
        }
    }

    #[test]
    fn without_a_page_it_is_said_what_to_run() {
        let text = without_a_page();
        assert!(text.contains("make dashboard") && text.contains("/api/v1/snapshot"), "{text}");
    }
}
