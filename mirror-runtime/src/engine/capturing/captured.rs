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

use super::copy::CapturedCopy;
#[cfg(feature = "compare")]
use crate::comparison::Comparison;

/// What answers copies.
pub(crate) type Answering =
    Arc<dyn Fn(CapturedCopy) -> Pin<Box<dyn Future<Output = Response> + Send>> + Send + Sync>;

/// What the copies of one runtime and their test share.
#[derive(Default)]
pub(crate) struct Captured {
    state: Mutex<State>,
    /// Copies, comparisons and callbacks that are under way.
    open: AtomicUsize,
    changed: Notify,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) samples_all: bool,
    pub(crate) includes_disabled: bool,
    /// `None` for an empty 200.
    pub(crate) answering: Option<Answering>,
    pub(crate) copies: Vec<CapturedCopy>,
    /// How many of them `next` has returned.
    pub(crate) returned: usize,
    #[cfg(feature = "compare")]
    pub(crate) comparisons: Vec<Comparison>,
    /// How often somebody has waited in vain.
    pub(crate) given_up: usize,
}

impl Captured {
    /// Never locked across an await, nor while code of the user's runs.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn enter(&self) {
        self.open.fetch_add(1, SeqCst);
    }

    pub(crate) fn leave(&self) {
        self.open.fetch_sub(1, SeqCst);
        self.changed.notify_waiters();
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_waiters();
    }

    /// Whether nothing is under way.
    pub(crate) fn is_settled(&self) -> bool {
        self.open.load(SeqCst) == 0
    }

    /// Waits until there is what is looked for.
    pub(crate) async fn wait<T>(&self, look: impl Fn() -> Option<T>) -> T {
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
