//! Counting what is under way, up to a bound.

use crate::bounds::sync::{AtomicUsize, Ordering::SeqCst};

/// How many are under way.
#[derive(Debug)]
pub(crate) struct Gauge {
    count: AtomicUsize,
}

impl Gauge {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Self {
            count: AtomicUsize::new(0),
        }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self {
            count: AtomicUsize::new(0),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(SeqCst)
    }

    /// Counts so many more, unless that would be more than the bound. There is never more than the
    /// bound, not even for a moment, so nobody is turned away because of somebody else who is about
    /// to be.
    pub(crate) fn enter(&self, more: usize, bound: usize) -> bool {
        // `SeqCst`: who counts and then sees no drain is seen by the drain.
        let entered = self.count.fetch_update(SeqCst, SeqCst, |count| {
            count.checked_add(more).filter(|count| *count <= bound)
        });
        entered.is_ok()
    }

    /// Counts so many less. They must have entered.
    pub(crate) fn leave(&self, less: usize) {
        self.count.fetch_sub(less, SeqCst);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_the_last_that_enters() {
        let gauge = Gauge::new();
        assert!(gauge.enter(2, 3) && gauge.enter(1, 3));
        assert!(!gauge.enter(1, 3));
        assert!(!gauge.enter(usize::MAX, usize::MAX));
        gauge.leave(2);
        assert!(gauge.enter(2, 3));
        assert_eq!(gauge.count(), 3);
        assert!(gauge.enter(0, 0) == (gauge.count() == 0));
    }
}
