//! The user's own code, kept from doing harm: a panic in it ends there.

use std::panic::{self, AssertUnwindSafe};

/// Code of the user's, as the log calls it if it panics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code<'a> {
    /// The option that it was given to, or what it is.
    option: &'static str,
    mirror: Option<&'a str>,
    target: Option<&'a str>,
}

impl<'a> Code<'a> {
    pub(crate) const fn new(option: &'static str) -> Self {
        Self {
            option,
            mirror: None,
            target: None,
        }
    }

    /// The same code, run for a mirror.
    pub(crate) const fn of(mut self, mirror: &'a str) -> Self {
        self.mirror = Some(mirror);
        self
    }

    /// The same code, run for a target.
    pub(crate) const fn with_target(mut self, target: &'a str) -> Self {
        self.target = Some(target);
        self
    }
}

impl From<&'static str> for Code<'_> {
    fn from(option: &'static str) -> Self {
        Self::new(option)
    }
}

/// Runs code of the user's. The panic hook has printed the message of a panic by the time it is
/// caught here.
pub(crate) fn caught<'a, T>(code: impl Into<Code<'a>>, callback: impl FnOnce() -> T) -> Option<T> {
    let value = unpanicked(callback);
    if value.is_none() {
        panicked(code.into());
    }
    value
}

/// Says that code of the user's has panicked.
pub(crate) fn panicked(code: Code<'_>) {
    let Code {
        option,
        mirror,
        target,
    } = code;
    contained(|| {
        tracing::error!(
            option,
            mirror,
            target,
            "code of the program panicked, and the mirror goes on without its result: the message of the panic is on standard error"
        );
    });
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
