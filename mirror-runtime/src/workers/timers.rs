//! The runtime of the caller, if it has what copies need.

use std::cell::Cell;

use tokio::{
    runtime::{self, Handle},
    time::sleep,
};

use super::caught;

thread_local! {
    /// The runtime that was asked about last, and whether it has timers.
    static ASKED: Cell<Option<(runtime::Id, bool)>> = const { Cell::new(None) };
}

/// The runtime of the caller, if there is one that has timers: without them no copy has an end.
pub(crate) fn runtime_with_timers() -> Option<Handle> {
    let runtime = Handle::try_current().ok()?;
    let id = runtime.id();
    let known = ASKED.get().filter(|(asked, _)| *asked == id);
    let has_timers = known.map_or_else(|| ask(id), |(_, has_timers)| has_timers);
    has_timers.then_some(runtime)
}

/// tokio tells nobody whether a runtime has timers but by a panic.
fn ask(runtime: runtime::Id) -> bool {
    let has_timers = caught("timer", || drop(sleep(std::time::Duration::ZERO))).is_some();
    if !has_timers {
        tracing::error!(
            "no copies are sent from a tokio runtime without timers: call `enable_time` on its builder"
        );
    }
    ASKED.set(Some((runtime, has_timers)));
    has_timers
}
