//! Moments as plain numbers, for what keeps them in atomics.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn since_start() -> Duration {
    START.elapsed()
}

/// Milliseconds since the first use of this clock.
pub(crate) fn millis() -> u64 {
    u64::try_from(since_start().as_millis()).unwrap_or(u64::MAX)
}

/// Nanoseconds since the first use of this clock: enough for 584 years.
pub(crate) fn nanos() -> u64 {
    u64::try_from(since_start().as_nanos()).unwrap_or(u64::MAX)
}
