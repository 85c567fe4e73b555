//! What finds the capture of a runtime.

use std::sync::{
    Arc, LazyLock, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use axum::response::Response;
use http::Request;
use http_body_util::BodyExt;
use tokio::runtime::{self, Handle};

use super::{captured::Captured, copy::CapturedCopy};
#[cfg(feature = "compare")]
use crate::comparison::Comparison;
use crate::{
    body::CopyBody,
    request::in_own_memory,
    target::{Destination, Recipient},
    transport::{Sending, handler::Guarded},
};

/// How many captures there are: all that programs without one look at.
static COUNT: AtomicUsize = AtomicUsize::new(0);

static CAPTURES: Mutex<Vec<(runtime::Id, Arc<Captured>)>> = Mutex::new(Vec::new());

/// The target that stands in for one that is off. Nobody has a name in `.invalid` (RFC 6761 section 6.4).
static OFF: LazyLock<Option<Destination>> =
    LazyLock::new(|| Destination::parse("http://off.invalid").ok());

/// Something of a capture that is under way.
pub(crate) struct Hold(Arc<Captured>);

/// Begins to capture on a runtime; `false` where another does already.
pub(crate) fn begin(runtime: runtime::Id, captured: &Arc<Captured>) -> bool {
    let mut all = all();
    if all.iter().any(|(other, _)| *other == runtime) {
        return false;
    }
    all.push((runtime, Arc::clone(captured)));
    COUNT.store(all.len(), Relaxed);
    true
}

/// Captures no more on a runtime.
pub(crate) fn end(runtime: runtime::Id) {
    let mut all = all();
    all.retain(|(other, _)| *other != runtime);
    COUNT.store(all.len(), Relaxed);
}

fn all() -> MutexGuard<'static, Vec<(runtime::Id, Arc<Captured>)>> {
    CAPTURES.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hold {
    pub(crate) fn of_this_runtime() -> Option<Self> {
        if COUNT.load(Relaxed) == 0 {
            return None;
        }
        let runtime = Handle::try_current().ok()?.id();
        let all = all();
        let (_, captured) = all.iter().find(|(id, _)| *id == runtime)?;
        captured.enter();
        Some(Self(Arc::clone(captured)))
    }

    pub(crate) fn samples_all(&self) -> bool {
        self.0.lock().samples_all
    }

    /// Who stands in for a target that is off, where copies to it are captured.
    pub(crate) fn stand_in(&self) -> Option<Recipient<'static>> {
        let wanted = self.0.lock().includes_disabled;
        let off = OFF.as_ref().filter(|_| wanted)?;
        Some(Recipient::Server(off))
    }

    /// Takes a copy, when the future is polled. Then it is there for the test.
    pub(crate) fn capture(
        &self,
        mirror: &str,
        target: &str,
        mut copy: Request<CopyBody>,
    ) -> Sending {
        // It is kept for as long as the capture.
        in_own_memory(&mut copy);
        let captured = Arc::clone(&self.0);
        let (mirror, target) = (mirror.to_owned(), target.to_owned());
        Box::pin(async move {
            let (parts, body) = copy.into_parts();
            let Ok(body) = body.collect().await;
            let copy = CapturedCopy {
                mirror,
                target,
                request: Request::from_parts(parts, body.to_bytes()),
            };
            captured.change(|state| state.copies.push(copy.clone()));
            let answering = captured.lock().answering.clone();
            let answer = async move {
                match answering {
                    Some(answering) => answering(copy).await,
                    None => Response::default(),
                }
            };
            Guarded::new(answer).await
        })
    }

    #[cfg(feature = "compare")]
    pub(crate) fn compared(&self, comparison: Comparison) {
        self.0.change(|state| state.comparisons.push(comparison));
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl std::fmt::Debug for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hold").finish_non_exhaustive()
    }
}
