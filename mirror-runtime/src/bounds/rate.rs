//! At most so many copies in a time, by the generic cell rate algorithm: one word, no lock, no
//! timer.

use crate::bounds::sync::{AtomicU64, Ordering::Relaxed};

/// The rate of one target.
#[derive(Debug)]
pub(crate) struct Rate {
    /// When the next copy would leave if all left at the steady rate, in nanoseconds.
    next: AtomicU64,
    /// The time between two copies at the steady rate, in nanoseconds.
    interval: u64,
    /// How far ahead of the steady rate copies may be, in nanoseconds.
    ahead: u64,
}

impl Rate {
    /// So many copies at once, and so many in each `period` of nanoseconds. Neither may be zero.
    pub(crate) fn new(copies: u64, period: u64) -> Self {
        let interval = (period / copies).max(1);
        Self {
            next: AtomicU64::new(0),
            interval,
            ahead: interval.saturating_mul(copies - 1),
        }
    }

    /// Whether a copy may leave. `now` is in nanoseconds since any fixed moment.
    pub(crate) fn admit(&self, now: u64) -> bool {
        let admitted = self.next.fetch_update(Relaxed, Relaxed, |next| {
            let at = next.max(now);
            (at - now <= self.ahead).then_some(at + self.interval)
        });
        admitted.is_ok()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn so_many_leave_at_once_and_then_one_in_each_interval() {
        let rate = Rate::new(10, 1000);
        assert_eq!((0..20).filter(|_| rate.admit(5)).count(), 10);
        assert!(!rate.admit(104));
        assert!(rate.admit(105));
        assert!(!rate.admit(105));
        assert_eq!((0..20).filter(|_| rate.admit(1_000_000)).count(), 10);
    }

    #[test]
    fn a_long_time_keeps_to_the_rate() {
        let rate = Rate::new(7, 1000);
        let admitted = (0..100_000).filter(|now| rate.admit(*now)).count();
        assert!((700..=715).contains(&admitted), "{admitted}");
    }
}
