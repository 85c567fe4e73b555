//! The time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Says how much time has passed, and what time it is.
pub(super) struct Clock {
    began: Instant,
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
        Self {
            began: Instant::now(),
            #[cfg(test)]
            later: std::sync::Arc::default(),
        }
    }

    /// A clock to which a test adds milliseconds.
    #[cfg(test)]
    pub(super) fn with_hands(later: &std::sync::Arc<std::sync::atomic::AtomicU64>) -> Self {
        Self {
            began: Instant::now(),
            later: std::sync::Arc::clone(later),
        }
    }

    pub(super) fn now(&self) -> Now {
        #[cfg(test)]
        let later = self.later.load(std::sync::atomic::Ordering::Relaxed);
        #[cfg(not(test))]
        let later = 0;
        let unix = SystemTime::now().duration_since(UNIX_EPOCH);
        let millis = unix.unwrap_or_default().as_millis();
        Now {
            elapsed: self.began.elapsed() + Duration::from_millis(later),
            unix_millis: u64::try_from(millis)
                .unwrap_or(u64::MAX)
                .saturating_add(later),
        }
    }
}
