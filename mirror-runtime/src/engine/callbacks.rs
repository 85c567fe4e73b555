//! The user's own code, kept from doing harm: a panic in it ends there.

use std::fmt;

use http::request::Parts;

use crate::{
    outcome::{MirrorError, ShadowResponse, SkipReason},
    target::Target,
    workers::caught,
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
