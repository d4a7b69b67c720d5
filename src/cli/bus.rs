//! How street and engine talk, as it is said on the command line.

use crate::config::Broker;
use crate::controller::{Memory, Settings};
use crate::cosim::bus::Bus;
use crate::cosim::error::CosimError;
use crate::cosim::in_process::InProcess;
use crate::cosim::mqtt_bus::MqttBus;
use crate::network::Network;
use std::sync::Arc;

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

/// The engine at the other end of it; settings of the controllers in the order of the network, and what they begin with.
///
/// # Errors
/// [`CosimError::Broker`] when the broker is not there.
pub(super) fn engine(
    bus: &BusArg,
    network: &Arc<Network>,
    controllers: Vec<Settings>,
    memories: Vec<Memory>,
) -> Result<Box<dyn Bus>, CosimError> {
    match bus {
        BusArg::Inproc => Ok(Box::new(InProcess::new(Arc::clone(network), controllers).resumed(&memories))),
        BusArg::Mqtt(host, port) => {
            let bus = MqttBus::connect(host, *port, network, controllers, memories)?;
            eprintln!("topics of this run: {}", bus.topics());
            Ok(Box::new(bus))
        }
    }
}
