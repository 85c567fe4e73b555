//! What a capture has taken, and what it does with it.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use axum::response::Response;
use tokio::sync::Notify;

use super::CapturedCopy;
use crate::Comparison;

/// What answers copies.
pub(super) type Answering =
    Arc<dyn Fn(CapturedCopy) -> Pin<Box<dyn Future<Output = Response> + Send>> + Send + Sync>;

/// What the copies of one runtime and their test share.
#[derive(Default)]
pub(super) struct Captured {
    state: Mutex<State>,
    /// Copies, comparisons and callbacks that are under way.
    open: AtomicUsize,
    changed: Notify,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) samples_all: bool,
    pub(super) includes_disabled: bool,
    /// `None` for an empty 200.
    pub(super) answering: Option<Answering>,
    pub(super) copies: Vec<CapturedCopy>,
    /// How many of them `next` has returned.
    pub(super) returned: usize,
    pub(super) comparisons: Vec<Comparison>,
    /// How often somebody has waited in vain.
    pub(super) given_up: usize,
}

impl Captured {
    /// Never locked across an await, nor while code of the user's runs.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn enter(&self) {
        self.open.fetch_add(1, SeqCst);
    }

    pub(super) fn leave(&self) {
        self.open.fetch_sub(1, SeqCst);
        self.changed.notify_waiters();
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_waiters();
    }

    /// Whether nothing is under way.
    pub(super) fn is_settled(&self) -> bool {
        self.open.load(SeqCst) == 0
    }

    /// Waits until there is what is looked for.
    pub(super) async fn wait<T>(&self, look: impl Fn() -> Option<T>) -> T {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(found) = look() {
                return found;
            }
            changed.await;
        }
    }
}
