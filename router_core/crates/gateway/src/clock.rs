//! The time of day.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in UTC microseconds.
pub(crate) fn utc_now_us() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
}
