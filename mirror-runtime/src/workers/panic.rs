//! The user's own code, kept from doing harm: a panic in it ends there.

use std::panic::{self, AssertUnwindSafe};

/// Runs code of the user's. The panic hook has printed the message of a panic by the time it is
/// caught here.
pub(crate) fn caught<T>(option: &'static str, callback: impl FnOnce() -> T) -> Option<T> {
    let value = unpanicked(callback);
    if value.is_none() {
        panicked(option);
    }
    value
}

/// Says that code of the user's has panicked.
pub(crate) fn panicked(option: &'static str) {
    contained(|| tracing::error!(option, "user callback panicked"));
}

/// Runs what tells the log, or what runs on a thread that others need too. A subscriber is code of
/// the user's as well: a panic in it ends here, and nobody is told, because there is nobody to
/// tell.
pub(crate) fn contained(run: impl FnOnce()) {
    unpanicked(run);
}

fn unpanicked<T>(run: impl FnOnce() -> T) -> Option<T> {
    match panic::catch_unwind(AssertUnwindSafe(run)) {
        Ok(value) => Some(value),
        Err(payload) => {
            // Not dropped: the payload is the user's, and its `Drop` may panic too.
            std::mem::forget(payload);
            None
        }
    }
}
