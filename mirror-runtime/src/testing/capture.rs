//! The guard that captures.

use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use axum::response::IntoResponse;
use tokio::runtime::{self, Handle};

#[cfg(feature = "compare")]
use crate::comparison::Comparison;
use crate::{
    engine::capturing::{Captured, CapturedCopy},
    mirror::made,
    workers::hold::{unwatch, watch},
};

/// How long a test waits in which no copy and no comparison ends, before it fails. Far more than one
/// needs that nobody has to carry, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(10);

/// Captures the copies that leave on one tokio runtime, until it is dropped.
///
/// Each `#[tokio::test]` has a runtime of its own, so tests that run at the same time do not get
/// one another's copies. They do share the mirrors of attributes, with their counters, sampling and
/// bounds: look at what was captured rather than at counters, use
/// [`sampling_all`](Self::sampling_all), and do not [`drain`](crate::drain), which makes all copies
/// of the process wait.
///
/// Copies to URLs are captured, whatever their transport: no host name is looked up, no connection
/// is opened, and no certificate is needed. A `handler(..)` target is called as in production,
/// because it needs no network. A copy whose request was served before the capture started is sent.
/// A copy whose request was served before the capture was dropped is not sent, however late it
/// leaves.
///
/// A copy gets an empty `200 OK`, unless [`responding_with`](Self::responding_with) sets another
/// response.
///
/// ```
/// use axum::{Json, Router, body::Body, http::Request, routing::get};
/// use mirror_runtime::{Verdict, mirror, testing::Capture};
/// use serde_json::{Value, json};
/// use tower::ServiceExt;
///
/// #[mirror(targets = ["https://rewrite.example.com"], compare = "json")]
/// async fn total() -> Json<Value> {
///     Json(json!({ "total": 5 }))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// // The rewrite, which may be a router too: `move |copy| rewrite.clone().oneshot(copy.into_request())`.
/// let capture = Capture::start().responding_with(async |_| Json(json!({ "total": 6 })));
/// let app = Router::new().route("/total", get(total));
/// let request = Request::get("/total").body(Body::empty()).unwrap();
/// let response = app.oneshot(request).await.unwrap();
/// // Responses are compared when the client has read the handler's.
/// axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
///
/// let comparisons = capture.comparisons().await;
/// assert_eq!(comparisons[0].verdict, Verdict::Mismatch);
/// assert_eq!(comparisons[0].differences[0].pointer, "/total");
/// # }
/// ```
#[must_use = "it captures until it is dropped"]
pub struct Capture {
    captured: Arc<Captured>,
    runtime: runtime::Id,
}

impl Capture {
    /// Starts capturing on the current tokio runtime.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, and if this runtime already has a capture.
    pub fn start() -> Self {
        let captured = Arc::new(Captured::default());
        let runtime = Handle::current().id();
        assert!(
            watch(runtime, Arc::clone(&captured) as _),
            "this runtime has a capture already"
        );
        Self { captured, runtime }
    }

    /// Samples each request for each target, whatever the percentages are. Filters still apply.
    pub fn sampling_all(self) -> Self {
        self.captured.lock().samples_all = true;
        self
    }

    /// Also captures copies to disabled targets, whose environment variable is not set in tests.
    /// Their URL is not known, so they go to `http://off.invalid`. A disabled `baseline` remains
    /// so.
    pub fn including_disabled(self) -> Self {
        self.captured.lock().includes_disabled = true;
        self
    }

    /// Responds to copies with a function, from now on: like a shadow that matches or differs, or
    /// like a broken one.
    ///
    /// If the function never returns, the copy times out. If it panics, the copy fails as
    /// [`MirrorError::Panicked`](crate::MirrorError::Panicked).
    pub fn responding_with<F, R>(self, response: F) -> Self
    where
        F: Fn(CapturedCopy) -> R + Send + Sync + 'static,
        R: Future<Output: IntoResponse> + Send + 'static,
    {
        self.captured.lock().answering = Some(Arc::new(move |copy| {
            let response = response(copy);
            Box::pin(async move { response.await.into_response() })
        }));
        self
    }

    /// Waits for the next copy that has not been returned yet.
    ///
    /// # Panics
    ///
    /// If none was captured, and nothing ended, within 10 s. The message has the counters of the
    /// mirrors.
    pub async fn next(&self) -> CapturedCopy {
        let next = || {
            let mut state = self.captured.lock();
            let copy = state.copies.get(state.returned).cloned()?;
            state.returned += 1;
            Some(copy)
        };
        self.wait("no copy was captured", next).await
    }

    /// All copies of the requests that have a response by now, in the order in which they left.
    /// Waits until they have ended: until they are counted and compared, and their callbacks have
    /// run.
    ///
    /// A request has its response when `oneshot` has returned. If there are no copies, this is
    /// empty.
    ///
    /// # Panics
    ///
    /// If none of them ends within 10 s.
    pub async fn copies(&self) -> Vec<CapturedCopy> {
        self.settled().await;
        self.captured.lock().copies.clone()
    }

    /// All comparisons of the requests that have a response by now. Waits like
    /// [`copies`](Self::copies). A response can be compared when the test has read the handler's
    /// response to its end.
    ///
    /// # Panics
    ///
    /// If none of them ends within 10 s.
    #[cfg(feature = "compare")]
    pub async fn comparisons(&self) -> Vec<Comparison> {
        self.settled().await;
        self.captured.lock().comparisons.clone()
    }

    async fn settled(&self) {
        let settled = || self.captured.is_settled().then_some(());
        self.wait("copies have not ended", settled).await;
    }

    /// Waits for something, and fails if it does not come. Not by a timer of tokio: the time of a
    /// test may be paused.
    async fn wait<T>(&self, failure: &str, look: impl Fn() -> Option<T>) -> T {
        if let Some(found) = look() {
            return found;
        }
        let given_up = self.captured.lock().given_up;
        let (waiting, ended) = mpsc::channel::<()>();
        let captured = Arc::clone(&self.captured);
        thread::spawn(move || {
            if waits_in_vain(&ended, PATIENCE, || captured.ended()) {
                captured.change(|state| state.given_up += 1);
            }
        });
        let found = self.captured.wait(|| {
            let is_given_up = self.captured.lock().given_up > given_up;
            look().map(Some).or(is_given_up.then_some(None))
        });
        let found = found.await;
        drop(waiting);
        found.unwrap_or_else(|| panic!("{failure} within {PATIENCE:?}; {Counters}"))
    }
}

/// Whether the time passes, before the end, without any progress.
fn waits_in_vain(end: &Receiver<()>, time: Duration, progress: impl Fn() -> usize) -> bool {
    let mut seen = progress();
    while end.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
        let now = progress();
        if now == seen {
            return true;
        }
        seen = now;
    }
    false
}

impl Drop for Capture {
    fn drop(&mut self) {
        unwatch(self.runtime);
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let copies = self.captured.lock().copies.len();
        f.debug_struct("Capture")
            .field("copies", &copies)
            .finish_non_exhaustive()
    }
}

/// The state of the mirrors, for the message of a failing test.
struct Counters;

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the counters of the mirrors:\n")?;
        let mut mirrors = made().into_iter();
        mirrors.try_for_each(|mirror| write!(f, "{}", mirror.stats()))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A hundred comparisons of long bodies take longer than one may, on a machine that is busy.
    #[test]
    fn a_test_waits_for_as_long_as_copies_end() {
        const MOMENT: Duration = Duration::from_micros(10);
        let (waiting, end) = mpsc::channel();
        let looks = Cell::new(0);
        let ends_a_hundred = || {
            looks.set(looks.get() + 1);
            looks.get().min(100)
        };
        assert!(waits_in_vain(&end, MOMENT, ends_a_hundred));
        assert_eq!(looks.get(), 101);
        drop(waiting);
        assert!(!waits_in_vain(&end, Duration::from_hours(1), || 0));
    }
}
