//! What the copies of a request know of it.

use std::{
    fmt,
    pin::pin,
    sync::atomic::{AtomicBool, AtomicU16, Ordering::SeqCst},
    time::Duration,
};

use axum::extract::MatchedPath;
use http::StatusCode;
use opentelemetry::Context;
use tokio::{sync::Notify, time::timeout};

/// The status of the primary's response: an error of a shadow is none of its copy if the primary
/// makes the same. Whoever writes it waits for nobody.
#[derive(Debug, Default)]
pub(super) struct Responded {
    status: AtomicU16,
    is_awaited: AtomicBool,
    changed: Notify,
}

/// There is no response yet.
const PENDING: u16 = 0;

/// There will be none.
const GONE: u16 = 1;

impl Responded {
    /// The status; `None` if there is none, or none yet.
    pub(super) fn status(&self) -> Option<StatusCode> {
        StatusCode::from_u16(self.status.load(SeqCst)).ok()
    }

    pub(super) fn is_pending(&self) -> bool {
        self.status.load(SeqCst) == PENDING
    }

    /// The status of the response; `None` if there is none.
    pub(super) fn set(&self, status: Option<StatusCode>) {
        let status = status.map_or(GONE, |status| status.as_u16());
        self.status.store(status, SeqCst);
        if self.is_awaited.load(SeqCst) {
            self.changed.notify_waiters();
        }
    }

    /// Waits until the primary has responded, or is gone, or a time is over.
    pub(super) async fn wait(&self, within: Duration) {
        let mut changed = pin!(self.changed.notified());
        changed.as_mut().enable();
        self.is_awaited.store(true, SeqCst);
        if self.is_pending() {
            let _ = timeout(within, changed).await;
        }
    }
}

/// What copies know of their request.
pub(super) struct Traced {
    /// The context of the primary's span. Not the span itself, which would be open for as long as a
    /// copy is under way: whoever ends a span by dropping it waits for the last that holds it.
    pub(super) context: Context,
    pub(super) template: Option<MatchedPath>,
    pub(super) primary: Responded,
}

/// Nothing of the context, which has the baggage of the request.
impl fmt::Debug for Traced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traced")
            .field("template", &self.template)
            .finish_non_exhaustive()
    }
}
