//! The clock on the wall, read here and nowhere else in this module.

use crate::time::{Millis, Timestamp};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Now, UTC. A clock before 1970 reads as 1970.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Sleep until an instant; returns at once when it is over.
pub async fn sleep_until(at: Timestamp) {
    let left = (at - now()).max(Millis::ZERO);
    tokio::time::sleep(Duration::from_millis(left.0.unsigned_abs())).await;
}
