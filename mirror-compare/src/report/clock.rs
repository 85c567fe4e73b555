//! The time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Says how much time has passed, and what time it is.
pub(super) struct Clock {
    began: Instant,
    /// When it began, in milliseconds since 1970.
    unix_millis: u64,
    /// What is added, in tests: they do not wait.
    #[cfg(test)]
    later: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

/// A point in time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// Since the clock began.
    pub(super) elapsed: Duration,
    /// Since 1970.
    pub(super) unix_millis: u64,
}

impl Clock {
    pub(super) fn new() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            began: Instant::now(),
            unix_millis: millis(unix.unwrap_or_default()),
            #[cfg(test)]
            later: std::sync::Arc::default(),
        }
    }

    /// A clock to which a test adds milliseconds.
    #[cfg(test)]
    pub(super) fn with_hands(later: &std::sync::Arc<std::sync::atomic::AtomicU64>) -> Self {
        Self {
            later: std::sync::Arc::clone(later),
            ..Self::new()
        }
    }

    pub(super) fn now(&self) -> Now {
        #[cfg(test)]
        let later = self.later.load(std::sync::atomic::Ordering::Relaxed);
        #[cfg(not(test))]
        let later = 0;
        let elapsed = self
            .began
            .elapsed()
            .saturating_add(Duration::from_millis(later));
        Now {
            elapsed,
            unix_millis: self.unix_millis.saturating_add(millis(elapsed)),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
