//! Handing answers over to be compared, away from the path of the primary.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::{meeting::Exchange, recorder::Noted};
use crate::{bounds::Gauge, engine::capturing::Capturing};

/// Handovers that have not been made yet.
pub(super) static HANDING_OVER: Gauge = Gauge::new();

/// Answers of shadows that were there before the primary's was. Dropped, it hands them over to who compares them.
struct Handover {
    exchange: Arc<Exchange>,
    ready: Vec<(usize, Noted)>,
    /// Keeps a test waiting that looks at the comparisons.
    _capturing: Capturing,
}

/// Hands answers over on a task of their own. That wakes a thread, which takes longer than to spawn the task, and the
/// primary's answer need not wait for it.
pub(super) fn hand_over(exchange: &Arc<Exchange>, ready: Vec<(usize, Noted)>) {
    if ready.is_empty() {
        return;
    }
    // There is no other bound than that on requests: each hands over once.
    HANDING_OVER.enter(1, usize::MAX);
    let handover = Handover {
        exchange: Arc::clone(exchange),
        ready,
        _capturing: Capturing::here(),
    };
    // Where there is no runtime, it is handed over here, and so it is where the task is dropped.
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(async move { drop(handover) });
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        self.exchange.compare_all(std::mem::take(&mut self.ready));
        // After they are counted as pending, so that a drain sees them all the time.
        HANDING_OVER.leave(1);
        crate::drain::ended();
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;

    use super::*;
    use crate::{
        comparison::{CompareMode, NotComparedReason},
        mirror::Mirror,
    };

    #[test]
    fn what_a_runtime_has_not_handed_over_at_its_end_is_counted() {
        let mirror = Mirror::builder()
            .target("http://127.0.0.1:9")
            .compare(CompareMode::Json)
            .build()
            .unwrap();
        let (parts, body) = Request::new(Body::empty()).into_parts();
        let (_side, open) = Exchange::of(&mirror, &parts, &body);
        let count = || mirror.report().targets.remove(0).not_compared;
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.unwrap();
        let entered = runtime.enter();
        let ready = vec![(0, Err(NotComparedReason::TimedOut))];
        hand_over(open.exchange(), ready);
        drop(entered);
        // The task has not run.
        assert_eq!(count(), 0);
        drop(runtime);
        assert_eq!(count(), 1);
    }
}
