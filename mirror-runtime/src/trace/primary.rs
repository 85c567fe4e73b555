//! What the primary responds, for copies that have ended before it does: an error of the shadow is
//! none of the copy if the primary makes the same.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU16, Ordering::SeqCst},
    },
    time::Duration,
};

use http::StatusCode;
use tokio::{sync::Notify, time::timeout};

use super::context::Traced;

/// The status of the primary's response. Whoever writes it waits for nobody.
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

    fn set(&self, status: u16) {
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
            traced
                .primary
                .set(status.map_or(GONE, |status| status.as_u16()));
        }
    }
}

impl Drop for Primary {
    fn drop(&mut self) {
        if let Some(traced) = self.0.take() {
            traced.primary.set(GONE);
        }
    }
}
