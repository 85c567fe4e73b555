//! The response of the primary, as the spans of its copies hear of it.

use std::sync::Arc;

use http::StatusCode;

use super::traced::Traced;

/// Tells copies what the primary responds. Dropped before it has, there is no response.
#[derive(Debug)]
pub(crate) struct Primary(Option<Arc<Traced>>);

impl Primary {
    pub(super) fn new(traced: Option<Arc<Traced>>) -> Self {
        Self(traced)
    }

    /// Whether anybody may ask for it.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn responded(mut self, status: Option<StatusCode>) {
        if let Some(traced) = self.0.take() {
            traced.primary.set(status);
        }
    }
}

impl Drop for Primary {
    fn drop(&mut self) {
        if let Some(traced) = self.0.take() {
            traced.primary.set(None);
        }
    }
}
