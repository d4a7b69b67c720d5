//! The clock on the wall, and a steady one that nobody can set; read here and nowhere else in this module.

use crate::time::{Millis, Timestamp};
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Two clocks read further apart than this are not compared.
const READ_APART: Millis = Millis(5);

/// Now, UTC. A clock before 1970 reads as 1970.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Now, on a clock that begins somewhere in this process and only goes forward, also while the process is frozen.
pub fn steady() -> Timestamp {
    static BEGIN: OnceLock<Instant> = OnceLock::new();
    let since = BEGIN.get_or_init(Instant::now).elapsed();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Both clocks at one instant; `None` when the process was interrupted between the two.
pub fn both() -> Option<(Timestamp, Timestamp)> {
    let before = steady();
    let wall = now();
    (steady() - before <= READ_APART).then_some((wall, before))
}

/// Sleep until an instant; returns at once when it is over.
pub async fn sleep_until(at: Timestamp) {
    let left = (at - now()).max(Millis::ZERO);
    tokio::time::sleep(Duration::from_millis(left.0.unsigned_abs())).await;
}
