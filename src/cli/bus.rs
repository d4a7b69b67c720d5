//! How street and engine talk, as it is said on the command line.

use crate::config::Broker;

/// How street and engine talk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BusArg {
    /// In this process.
    Inproc,
    /// Over the broker at this host and port.
    Mqtt(String, u16),
}

/// Read it.
pub(super) fn bus(text: &str) -> Result<BusArg, String> {
    let broker = || Broker::address(text).map(|(host, port)| BusArg::Mqtt(host, port));
    let known = if text == "inproc" { Some(BusArg::Inproc) } else { broker() };
    known.ok_or_else(|| "allowed are inproc and mqtt://HOST[:PORT]".to_owned())
}
