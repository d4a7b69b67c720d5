//! Where the broker is and who we are there.

use super::file::BrokerFile;
use super::{plain_name, seconds};
use crate::network::Problems;
use crate::time::Millis;
use std::path::PathBuf;

/// Port of MQTT without TLS.
const PORT: u16 = 1883;
/// Port of MQTT over TLS.
const PORT_TLS: u16 = 8883;

/// A broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// Host name or address (IPv6 without its brackets).
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Name of this client.
    pub client_id: String,
    /// Keep-alive interval.
    pub keep_alive: Millis,
}

/// Where a broker is, as a URL says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Host name or address (IPv6 without its brackets).
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whether it is spoken to over TLS.
    pub tls: bool,
}

/// The files that TLS needs, as written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsFiles {
    /// Authority that the broker's certificate comes from.
    pub ca: Option<Place>,
    /// Own certificate, with those between it and the authority.
    pub certificate: Option<Place>,
    /// Private key of the certificate.
    pub private_key: Option<Place>,
}

/// Where something is read from that must not stand in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file, relative to the configuration.
    File(PathBuf),
    /// A credential that systemd hands to the service, by its name.
    Credential(String),
}

impl Place {
    /// `credential:NAME` or a path; `None` for an empty text.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("credential:") {
            Some(name) => Some(Self::Credential(name.to_owned())),
            None => (!text.is_empty()).then(|| Self::File(PathBuf::from(text))),
        }
    }
}

impl Address {
    /// How a URL of a broker is written.
    pub const ALLOWED: &str = "mqtt://HOST[:PORT] or mqtts://HOST[:PORT]";

    /// Host and port of `mqtt://HOST[:PORT]` or `mqtts://HOST[:PORT]`, `None` for anything else; the port is 1883, with TLS 8883, unless said.
    pub fn parse(url: &str) -> Option<Self> {
        let (rest, tls) = match url.strip_prefix("mqtts://") {
            Some(rest) => (rest, true),
            None => (url.strip_prefix("mqtt://")?, false),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.strip_prefix('[') {
            Some(v6) => {
                let (host, after) = v6.split_once(']')?;
                (host, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
            }
            None => rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port))),
        };
        let v6 = rest.starts_with('[');
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-' || c == '_' || (v6 && c == ':');
        let usual = if tls { PORT_TLS } else { PORT };
        let port = port.map_or(Some(usual), |port| port.parse().ok().filter(|&port| port > 0))?;
        (!host.is_empty() && host.chars().all(fits)).then(|| Self { host: host.to_owned(), port, tls })
    }
}

impl Broker {
    /// Host and port of `mqtt://HOST[:PORT]`, `None` for anything else; the port is 1883 unless said.
    pub fn address(url: &str) -> Option<(String, u16)> {
        Address::parse(url).filter(|address| !address.tls).map(|address| (address.host, address.port))
    }
}

pub(super) fn check(
    file: &BrokerFile,
    key: &dyn Fn(&str) -> String,
    problems: &mut Problems,
) -> (Broker, Option<TlsFiles>) {
    let address = Address::parse(&file.url);
    if address.is_none() {
        problems.push(key("broker.url"), format_args!("`{}`", file.url), Address::ALLOWED);
    }
    let Address { host, port, tls } = address.unwrap_or(Address { host: String::new(), port: PORT, tls: false });
    let files = tls_files(file, tls, key, problems);
    plain_name(&key("broker.client_id"), &file.client_id, problems);
    let keep_alive = seconds(key("broker.keep_alive_s"), file.keep_alive_s, &(2..=300), problems);
    (Broker { host, port, client_id: file.client_id.clone(), keep_alive }, files)
}

/// What TLS needs, `None` without it; half of it, or all of it for nothing, is a mistake.
fn tls_files(file: &BrokerFile, tls: bool, key: &dyn Fn(&str) -> String, problems: &mut Problems) -> Option<TlsFiles> {
    let places = [("ca", &file.ca), ("certificate", &file.certificate), ("private_key", &file.private_key)];
    let [ca, certificate, private_key] = places.map(|(_, text)| Place::parse(text));
    if !tls {
        for (name, text) in places.iter().filter(|(_, text)| !text.is_empty()) {
            problems.push(
                key(&format!("broker.{name}")),
                format_args!("`{text}` for {}", file.url),
                "with mqtts:// only",
            );
        }
        return None;
    }
    if ca.is_none() {
        problems.push(key("broker.ca"), "none for mqtts://", "the authority of the broker's certificate");
    }
    if certificate.is_some() != private_key.is_some() {
        let missing = if certificate.is_none() { "broker.certificate" } else { "broker.private_key" };
        problems.push(key(missing), "none", "certificate and private_key, both or neither");
    }
    Some(TlsFiles { ca, certificate, private_key })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port_that_may_be_left_out() {
        for (url, host, port) in [
            ("mqtt://127.0.0.1:1884", "127.0.0.1", 1884),
            ("mqtt://broker.city.example", "broker.city.example", 1883),
            ("mqtt://broker/", "broker", 1883),
            ("mqtt://[::1]:1885", "::1", 1885),
            ("mqtt://[::1]", "::1", 1883),
        ] {
            assert_eq!(Broker::address(url), Some((host.to_owned(), port)), "{url}");
        }
    }

    #[test]
    fn anything_else_is_no_address() {
        for url in [
            "",
            "broker",
            "tcp://x",
            "mqtt://",
            "mqtt://:1883",
            "mqtt://x:0",
            "mqtt://x:65536",
            "mqtt://u:p@x",
            "mqtt://x/y",
            "mqtt://[::1",
        ] {
            assert_eq!(Broker::address(url), None, "{url}");
        }
    }
}
