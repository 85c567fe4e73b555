//! Handing responses over to be compared, away from the path of the primary.

use tokio::runtime::Handle;

use crate::{
    bounds::{Gauge, draining},
    workers::Hold,
};

/// Handovers that have not been made yet.
static HANDING_OVER: Gauge = Gauge::new();

/// Whether there is none to be made.
pub(super) fn is_empty() -> bool {
    HANDING_OVER.count() == 0
}

/// Responses of shadows that were there before the primary's was. Dropped, it hands them over to
/// who compares them.
struct Handover<F: FnOnce()> {
    ready: Option<F>,
    /// Keeps a test waiting that looks at the comparisons.
    _hold: Hold,
}

/// Hands responses over on a task of their own. That wakes a thread, which takes longer than to
/// spawn the task, and the primary's response need not wait for it.
pub(super) fn hand_over(ready: impl FnOnce() + Send + 'static) {
    // There is no other bound than that on requests: each hands over once.
    HANDING_OVER.enter(1, usize::MAX);
    let handing_over = Handover {
        ready: Some(ready),
        _hold: Hold::here(),
    };
    // If there is no runtime, it is handed over here, and so it is if the task is dropped.
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(async move { drop(handing_over) });
    }
}

impl<F: FnOnce()> Drop for Handover<F> {
    fn drop(&mut self) {
        if let Some(ready) = self.ready.take() {
            ready();
        }
        // After they are counted as pending, so that a drain sees them all the time.
        HANDING_OVER.leave(1);
        draining::ended();
    }
}
