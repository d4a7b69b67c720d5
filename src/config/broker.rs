//! Where the broker is and who we are there.

use super::file::BrokerFile;
use super::{plain_name, seconds};
use crate::network::Problems;
use crate::time::Millis;

/// Port of MQTT without TLS.
const PORT: u16 = 1883;

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

impl Broker {
    /// Host and port of `mqtt://HOST[:PORT]`, `None` for anything else; the port is 1883 unless said.
    pub fn address(url: &str) -> Option<(String, u16)> {
        let rest = url.strip_prefix("mqtt://")?;
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
        let port = port.map_or(Some(PORT), |port| port.parse().ok().filter(|&port| port > 0))?;
        (!host.is_empty() && host.chars().all(fits)).then(|| (host.to_owned(), port))
    }
}

pub(super) fn check(file: &BrokerFile, key: &dyn Fn(&str) -> String, problems: &mut Problems) -> Broker {
    let (host, port) = Broker::address(&file.url).unwrap_or_else(|| {
        problems.push(key("broker.url"), format_args!("`{}`", file.url), "mqtt://HOST[:PORT]");
        (String::new(), PORT)
    });
    plain_name(&key("broker.client_id"), &file.client_id, problems);
    let keep_alive = seconds(key("broker.keep_alive_s"), file.keep_alive_s, &(2..=300), problems);
    Broker { host, port, client_id: file.client_id.clone(), keep_alive }
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
