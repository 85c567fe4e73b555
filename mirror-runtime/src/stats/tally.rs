//! Counting ends in several ways, so that they always add up.

use crate::bounds::sync::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

/// Counters by index: of things that did not start, and of things that started and ended in one way
/// or another.
#[derive(Debug)]
pub(crate) struct Tally<const NOT_STARTED: usize, const ENDED: usize> {
    not_started: [AtomicU64; NOT_STARTED],
    started: AtomicU64,
    ended: [AtomicU64; ENDED],
}

/// A snapshot of a [`Tally`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot<const NOT_STARTED: usize, const ENDED: usize> {
    pub(crate) not_started: [u64; NOT_STARTED],
    pub(crate) started: u64,
    pub(crate) ended: [u64; ENDED],
}

impl<const NOT_STARTED: usize, const ENDED: usize> Tally<NOT_STARTED, ENDED> {
    pub(crate) fn new() -> Self {
        Self {
            not_started: std::array::from_fn(|_| AtomicU64::new(0)),
            started: AtomicU64::new(0),
            ended: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    pub(crate) fn not_started(&self, index: usize) {
        self.not_started[index].fetch_add(1, Relaxed);
    }

    /// Something starts. It must be counted as ended later, by something that happens after this.
    pub(crate) fn started(&self) {
        self.started.fetch_add(1, Relaxed);
    }

    pub(crate) fn ended(&self, index: usize) {
        // With the `Acquire` in `snapshot`: who sees the end sees the start.
        self.ended[index].fetch_add(1, Release);
    }

    /// A number that changes whenever something is counted.
    pub(crate) fn sum(&self) -> u64 {
        let all = self.not_started.iter().chain([&self.started]);
        let all = all.chain(&self.ended).map(|count| count.load(Relaxed));
        all.fold(0, u64::wrapping_add)
    }

    pub(crate) fn snapshot(&self) -> Snapshot<NOT_STARTED, ENDED> {
        // Ends are read before starts, so that nothing has ended that has not started.
        let ended = std::array::from_fn(|index| self.ended[index].load(Acquire));
        Snapshot {
            ended,
            started: self.started.load(Relaxed),
            not_started: std::array::from_fn(|index| self.not_started[index].load(Relaxed)),
        }
    }
}
