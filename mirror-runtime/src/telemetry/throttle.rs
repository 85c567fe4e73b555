//! Rate-limits failure logs, because a dead shadow must not fill the disk.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::bounds::millis;

/// How often a target's failures are told at most, in milliseconds.
const INTERVAL: u64 = 1000;

/// The failures of one target that the log has not been told of.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    untold: AtomicU64,
    /// When they may be told again.
    next: AtomicU64,
}

impl Throttle {
    /// Takes note of a failure; if it is time to tell, says how many there were since it was told
    /// last.
    pub(crate) fn note(&self) -> Option<u64> {
        self.note_at(millis())
    }

    fn note_at(&self, now: u64) -> Option<u64> {
        self.untold.fetch_add(1, Relaxed);
        let next = self.next.load(Relaxed);
        let turn = now >= next
            && self
                .next
                .compare_exchange(next, now + INTERVAL, Relaxed, Relaxed)
                .is_ok();
        turn.then(|| self.untold.swap(0, Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_others_once_a_second() {
        let failures = Throttle::default();
        let told: Vec<_> = [0, 1, 999, 1000, 1500, 5000]
            .map(|now| failures.note_at(now))
            .into();
        assert_eq!(told, [Some(1), None, None, Some(3), None, Some(2)]);
    }
}
