//! A packet from the broker as a message about one intersection of the street.

use crate::network::Network;
use crate::service::Rejects;
use crate::service::mqtt::Received;
use crate::wire::{self, Message};

/// The message in a packet, with the position of the intersection it is about; what cannot be read is counted.
pub(super) fn arrived(received: &Received, network: &Network, rejects: &Rejects) -> Option<(usize, Message)> {
    match wire::decode(&received.topic, &received.payload, network, None) {
        Ok(message) => Some((network.position(message.intersection()?.as_str())?, message)),
        Err(rejection) => {
            rejects.count(&received.topic, &rejection);
            None
        }
    }
}
