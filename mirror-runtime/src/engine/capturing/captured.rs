//! The copies that a capture has taken, and its responses to them.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use axum::response::Response;
use http::Request;
use http_body_util::BodyExt;
use tokio::sync::Notify;

use super::copy::CapturedCopy;
#[cfg(feature = "compare")]
use crate::comparison::Comparison;
use crate::{
    body::CopyBody,
    request::in_own_memory,
    target::{Destination, Recipient},
    transport::{Sending, handler::Guarded},
    workers::hold::Watcher,
};

/// The target that stands in for one that is off. Nobody has a name in `.invalid` (RFC 6761 section
/// 6.4).
static OFF: LazyLock<Option<Destination>> =
    LazyLock::new(|| Destination::parse("http://off.invalid").ok());

/// The function that responds to copies.
pub(crate) type Answering =
    Arc<dyn Fn(CapturedCopy) -> Pin<Box<dyn Future<Output = Response> + Send>> + Send + Sync>;

/// The state that the copies of one runtime share with their test.
#[derive(Default)]
pub(crate) struct Captured {
    state: Mutex<State>,
    /// Copies, comparisons and callbacks that are under way.
    open: AtomicUsize,
    /// How many of them have ended.
    ended: AtomicUsize,
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

    /// Who stands in for a target that is off, if copies to it are captured.
    pub(super) fn stand_in(&self) -> Option<Recipient<'static>> {
        let wanted = self.lock().includes_disabled;
        let off = OFF.as_ref().filter(|_| wanted)?;
        Some(Recipient::Server(off))
    }

    /// Takes a copy, when the future is polled. Then it is there for the test.
    pub(super) fn capture(
        self: Arc<Self>,
        mirror: &str,
        target: &str,
        mut copy: Request<CopyBody>,
    ) -> Sending {
        // It is kept for as long as the capture.
        in_own_memory(&mut copy);
        let (mirror, target) = (mirror.to_owned(), target.to_owned());
        Box::pin(async move {
            let (parts, body) = copy.into_parts();
            let Ok(body) = body.collect().await;
            let copy = CapturedCopy {
                mirror,
                target,
                request: Request::from_parts(parts, body.to_bytes()),
            };
            self.change(|state| state.copies.push(copy.clone()));
            let answering = self.lock().answering.clone();
            let answer = async move {
                match answering {
                    Some(answering) => answering(copy).await,
                    None => Response::default(),
                }
            };
            Guarded::new(answer).await
        })
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_waiters();
    }

    /// Whether nothing is under way.
    pub(crate) fn is_settled(&self) -> bool {
        self.open.load(SeqCst) == 0
    }

    /// How many copies, comparisons and callbacks have ended.
    pub(crate) fn ended(&self) -> usize {
        self.ended.load(SeqCst)
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

impl Watcher for Captured {
    fn enter(&self) {
        self.open.fetch_add(1, SeqCst);
    }

    fn leave(&self) {
        self.ended.fetch_add(1, SeqCst);
        self.open.fetch_sub(1, SeqCst);
        self.changed.notify_waiters();
    }
}
