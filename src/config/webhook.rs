//! Where alarms are told by HTTP: `http://HOST[:PORT][/PATH]`, without secrets, because a configuration is no place for them.

use crate::plan::Severity;
use crate::time::Millis;

/// A receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAddress {
    /// `HOST:PORT`.
    pub authority: String,
    /// Path with its query, from `/`.
    pub path: String,
}

impl HttpAddress {
    /// What an address looks like.
    pub const ALLOWED: &str = "http://HOST[:PORT][/PATH], without user, secret or fragment";

    /// Of an address; `None` when it is not [`HttpAddress::ALLOWED`].
    pub fn parse(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("http://")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let is_plain = rest.bytes().all(|byte| byte.is_ascii_graphic());
        if authority.is_empty() || authority.contains(['@', '#', '?']) || path.contains('#') || !is_plain {
            return None;
        }
        let port = authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
        if port.is_some_and(|(host, port)| host.is_empty() || port.parse::<u16>().is_err()) {
            return None;
        }
        let authority = if port.is_some() { authority.to_owned() } else { format!("{authority}:80") };
        Some(Self { authority, path: format!("/{path}") })
    }
}

/// Where to, and from which severity on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Where to.
    pub to: HttpAddress,
    /// Milder alarms are not told.
    pub least: Severity,
    /// Pause before the second try; twice as long before each further one.
    pub pause: Millis,
}

impl Webhook {
    /// Of an address; `None` when it is none.
    pub fn parse(url: &str, least: Severity) -> Option<Self> {
        Some(Self { to: HttpAddress::parse(url)?, least, pause: Millis::from_secs(1) })
    }
}

/// The severity of a name.
pub(super) fn severity(name: &str) -> Option<Severity> {
    Some(match name {
        "info" => Severity::Info,
        "warning" => Severity::Warning,
        "critical" => Severity::Critical,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_plain_http_without_secrets() {
        let good = |url: &str| HttpAddress::parse(url).map(|it| (it.authority, it.path));
        assert_eq!(good("http://127.0.0.1:9093/a?b=c"), Some(("127.0.0.1:9093".into(), "/a?b=c".into())));
        assert_eq!(good("http://pager"), Some(("pager:80".into(), "/".into())));
        assert_eq!(good("http://[::1]/x"), Some(("[::1]:80".into(), "/x".into())));
        for bad in [
            "",
            "https://x/",
            "http://",
            "http:///x",
            "http://li:secret@x/",
            "http://x:y/",
            "http://:1/",
            "http://x/a b",
            "http://x/#a",
        ] {
            assert_eq!(good(bad), None, "{bad}");
        }
    }
}
