//! What was learned, for runs in simulated time: found in a folder at the begin, left there at the end (`--state DIR`).
//!
//! The clock of a street is its own. What was learned at a later hour than the run begins is taken for learned just now, as it is when a
//! run is repeated; what was learned earlier is as old as the clocks say.

use crate::controller::{Learned, Memory};
use crate::cosim::error::CosimError;
use crate::network::Network;
use crate::service::learned_store::LearnedStore;
use crate::time::{Millis, Timestamp};
use std::path::Path;

/// What was learned of a street before, for a run that begins at a second. What does not fit is told.
pub(super) fn read(folder: &Path, street: &str, network: &Network, begin_s: i64) -> Vec<Memory> {
    let store = LearnedStore::new(folder, street);
    let begin = Timestamp::from_secs(begin_s);
    let found = store.read(network, |at| (begin - at).max(Millis::ZERO));
    for reason in &found.refused {
        eprintln!("not taken: {}: {reason}", store.file().display());
    }
    let (known, all) = (found.memories.len(), network.intersections.len());
    eprintln!("{known} of {all} intersections begin with what was learned before");
    found.memories
}

/// Leave what was learned.
///
/// # Errors
/// A file that cannot be written.
pub(super) fn write(folder: &Path, street: &str, learned: &[Learned]) -> Result<(), CosimError> {
    let store = LearnedStore::new(folder, street);
    store.write(learned).map_err(CosimError::file(store.file()))
}
