//! What a service may prove and asks others to prove: its identity at the broker, the keys of its messages, and the log of what it was told.
//!
//! Both are values that the command line has read from files; nothing here reads one. Keys may be replaced while everything runs
//! ([`Keys::replace`]); the identity at the broker is that of the start.

use super::tls::Tls;
use crate::network::Network;
use crate::wire::{KeyRing, Message, Packet, Rejection, encode};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

/// Identity and keys; nothing of both by default, as for a broker of one's own on one machine.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// TLS towards the broker; without it everything goes in the clear.
    pub tls: Option<Tls>,
    /// Keys of messages.
    pub keys: Keys,
    /// Folder of the audit log; `None` = not kept, commands are acted on at once.
    pub audit: Option<PathBuf>,
}

/// Keys that all parts of a service share, and that may be changed at any time.
#[derive(Debug, Clone, Default)]
pub struct Keys(Arc<RwLock<Arc<KeyRing>>>);

impl Keys {
    /// Begin with these.
    pub fn new(ring: KeyRing) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(ring))))
    }

    /// Those of this moment.
    pub fn current(&self) -> Arc<KeyRing> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on these.
    pub fn replace(&self, ring: KeyRing) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }

    /// The packet of a message, signed where a key is there for it.
    ///
    /// # Errors
    /// Those of [`encode()`] and [`KeyRing::seal`].
    pub fn encode(&self, message: &Message, network: &Network) -> Result<Packet, Rejection> {
        encode(message, network).and_then(|packet| self.current().seal(packet))
    }
}
