//! The user's own code, kept from doing harm: a panic in it ends there.

mod fair;
mod off_path;
mod skips;

use std::{
    fmt,
    panic::{self, AssertUnwindSafe},
};

use http::request::Parts;

pub(crate) use self::{
    off_path::{compare_off_path, off_path, tell_off_path},
    skips::{prepare as prepare_skips, tell_skip},
};
use crate::{
    Target,
    outcome::{MirrorError, ShadowResponse, SkipReason},
};

type OnSuccess = Box<dyn Fn(&Target, &ShadowResponse) + Send + Sync>;
type OnError = Box<dyn Fn(&Target, &MirrorError) + Send + Sync>;
type OnSkip = Box<dyn Fn(&Target, &SkipReason) + Send + Sync>;
type When = Box<dyn Fn(&Parts) -> bool + Send + Sync>;

/// The functions that a mirror was given.
#[derive(Default)]
pub(crate) struct Callbacks {
    pub(crate) on_success: Option<OnSuccess>,
    pub(crate) on_error: Option<OnError>,
    pub(crate) on_skip: Option<OnSkip>,
    pub(crate) when: Option<When>,
}

impl Callbacks {
    pub(crate) fn wants_answers(&self) -> bool {
        self.on_success.is_some()
    }

    /// Whether somebody asked for an outcome.
    pub(crate) fn wants(&self, outcome: &Result<ShadowResponse, MirrorError>) -> bool {
        match outcome {
            Ok(_) => self.on_success.is_some(),
            Err(_) => self.on_error.is_some(),
        }
    }

    /// Reports why a request was not sent.
    pub(crate) fn report_skip(&self, target: &Target, reason: SkipReason) {
        if let Some(on_skip) = &self.on_skip {
            caught("on_skip", || on_skip(target, &reason));
        }
    }

    /// Reports an outcome to whoever asked for it.
    pub(crate) fn report(&self, target: &Target, outcome: &Result<ShadowResponse, MirrorError>) {
        match (outcome, &self.on_success, &self.on_error) {
            (Ok(answer), Some(on_success), _) => {
                caught("on_success", || on_success(target, answer));
            }
            (Err(error), _, Some(on_error)) => {
                caught("on_error", || on_error(target, error));
            }
            _ => {}
        }
    }

    /// Whether a request is to be mirrored; one about which `when` panics is not.
    pub(crate) fn admits(&self, parts: &Parts) -> bool {
        match &self.when {
            Some(when) => caught("when", || when(parts)).unwrap_or(false),
            None => true,
        }
    }
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callbacks")
            .field("on_success", &self.on_success.is_some())
            .field("on_error", &self.on_error.is_some())
            .field("on_skip", &self.on_skip.is_some())
            .field("when", &self.when.is_some())
            .finish()
    }
}

/// Runs code of the user's. The panic hook has printed the message of a panic by the time it is caught here.
pub(crate) fn caught<T>(option: &'static str, callback: impl FnOnce() -> T) -> Option<T> {
    let value = unpanicked(callback);
    if value.is_none() {
        panicked(option);
    }
    value
}

/// Says that code of the user's has panicked.
pub(crate) fn panicked(option: &'static str) {
    contained(|| tracing::error!(option, "code given to a mirror panicked"));
}

/// Runs what tells the log, or what runs on a thread that others need too. A subscriber is code of the user's as well: a
/// panic in it ends here, and nobody is told, because there is nobody to tell.
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
