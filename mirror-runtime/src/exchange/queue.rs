//! Comparing away from the path of requests.

use crate::{
    bounds::{Gauge, draining},
    workers::compare_off_path,
};

/// Comparisons that wait or run. Their number is bounded where they wait.
static PENDING: Gauge = Gauge::new();

/// A comparison, counted until it has ended. A drain waits for that.
struct Pending;

impl Pending {
    fn begin() -> Self {
        PENDING.enter(1, usize::MAX);
        Self
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        PENDING.leave(1);
        draining::ended();
    }
}

/// Whether no comparison waits or runs.
pub(super) fn is_empty() -> bool {
    PENDING.count() == 0
}

/// Queues a comparison, and drops it if the queue of its mirror is full.
///
/// What it holds is given back before it is counted as ended, so that who waits for that finds the
/// memory.
pub(super) fn compare(key: usize, comparison: impl FnOnce() + Send + 'static) -> bool {
    let pending = Pending::begin();
    compare_off_path(key, move || {
        comparison();
        drop(pending);
    })
}
