//! The ends of overrides and of mirrors: a thread waits for them, so that no request looks at a
//! clock.

use std::{
    sync::{Condvar, PoisonError},
    thread,
    time::{Duration, SystemTime},
};

use super::table::{self, Table};
use crate::workers::contained;

/// The clock may be set, and a computer may sleep. After either, what has ended is off this late
/// at most.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Something may end earlier than what is waited for.
static CHANGED: Condvar = Condvar::new();

/// Sees to it that the next end is not missed. There is a thread for as long as something is to
/// end.
pub(super) fn see_to(table: &mut Table) {
    if table.next_end.is_none() {
        return;
    }
    if table.has_timer {
        CHANGED.notify_one();
        return;
    }
    let thread = thread::Builder::new().name("mirror-control".to_owned());
    table.has_timer = thread.spawn(wait).is_ok();
    if !table.has_timer {
        table.notices.push(super::report::Notice::NoTimer);
    }
}

fn wait() {
    while let Some(end) = table::with(|table, _| {
        table.has_timer = table.next_end.is_some();
        table.next_end
    }) {
        let left = end.duration_since(SystemTime::now()).unwrap_or_default();
        let table = table::lock();
        let still = |table: &mut Table| table.next_end == Some(end);
        let waited = CHANGED.wait_timeout_while(table, left.min(LONGEST_WAIT), still);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
    contained(|| tracing::trace!("nothing is to end any more"));
}
