//! Tests of mirrored routes without a network. Needs the feature `testing`, in
//! `[dev-dependencies]`:
//!
//! ```toml
//! [dev-dependencies]
//! mirror-runtime = { version = "0.1", features = ["testing"] }
//! ```
//!
//! A [`Capture`] takes the copies that would have been sent, whatever their targets are, and
//! responds to them. Everything else behaves as in production: filters, sampling, headers, bounds,
//! counters, callbacks, comparisons.
//!
//! ```
//! use axum::{Router, body::Body, http::Request, routing::post};
//! use mirror_runtime::{mirror, testing::Capture};
//! use tower::ServiceExt;
//!
//! #[mirror(targets = ["https://staging.example.com/v2"], percentage = 10, set_headers = { "x-env" = "shadow" })]
//! async fn create_order(item: String) -> String {
//!     format!("ordered: {item}")
//! }
//!
//! # // A `#[tokio::test]`, as a user writes it.
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() {
//!     let capture = Capture::start().sampling_all();
//!     let app = Router::new().route("/orders", post(create_order));
//!
//!     let request = Request::post("/orders?urgent").body(Body::from("tea")).unwrap();
//!     let response = app.oneshot(request).await.unwrap();
//!     assert_eq!(response.status(), 200);
//!
//!     let copy = capture.next().await;
//!     assert_eq!(copy.target(), "https://staging.example.com/v2");
//!     assert_eq!(copy.method(), "POST");
//!     assert_eq!(copy.uri(), "https://staging.example.com/v2/orders?urgent");
//!     assert_eq!(copy.headers()["x-env"], "shadow");
//!     assert_eq!(copy.body(), "tea");
//! }
//! ```
//!
//! Without a capture, copies are sent, in a test as well. [`isolate`] switches all mirrors of the
//! process off, and the environment variable `MIRROR_DISABLED=1` does so for whole test runs.
//!
//! Sampling starts at a random point. A test that counts sampled requests calls [`fixed_sampling`]
//! first, or samples every request with [`Capture::sampling_all`].

mod capture;
#[cfg(feature = "compare")]
mod raise;

pub use self::capture::Capture;
#[cfg(feature = "compare")]
pub use self::raise::raise_mismatches;
pub use crate::engine::capturing::CapturedCopy;

/// Switches all mirrors of this process off, for good: no copies are sent, and each request is
/// counted as skipped, for [`SwitchedOff`](crate::SkipReason::SwitchedOff).
///
/// Call it at the beginning of each test that serves requests to mirrored routes, unless the test
/// has a [`Capture`]: tests of one program share a process, and run in any order. Further calls do
/// nothing. The log is told of the first, once. The environment variable `MIRROR_DISABLED=1` does
/// the same for all that is started with it: see the chapter [testing](crate::guide::testing).
///
/// A [`Capture`] works as without it: the requests of its runtime are sampled, and their copies go
/// to the capture, or, with [`handler(..)`](macro@crate::mirror), to a handler of this program. So
/// nothing leaves the process, whether a test captures or not.
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use mirror_runtime::{Mirror, SkipReason, testing::isolate};
/// use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// isolate();
/// let mirror = Mirror::new(["https://staging.example.com"]).unwrap();
/// let app = Router::new().route("/", get(|| async { "primary" })).layer(mirror.layer());
/// app.oneshot(Request::new(Body::empty())).await.unwrap();
/// let target = &mirror.stats().targets[0];
/// assert_eq!((target.sent, target.skipped_for(SkipReason::SwitchedOff)), (0, 1));
/// # }
/// ```
pub fn isolate() {
    if crate::control::isolate() {
        crate::workers::contained(|| {
            tracing::warn!(
                source = "testing::isolate",
                "all mirrors of this process are switched off, and no copies are sent"
            );
        });
    }
}

/// Makes each mirror of this process that is made from now on start sampling at the same point, so
/// that every run samples the same requests: at 10 %, exactly 1 of the first 10, and 10 of the
/// first 100. With [`sticky`](crate::MirrorBuilder::sticky), every run samples the same users, also
/// if no [`key`](crate::MirrorBuilder::key) is set.
///
/// A mirror is made when it is built. The mirror of an attribute is made when its first request
/// arrives.
///
/// ```
/// use mirror_runtime::{Mirror, testing::fixed_sampling};
///
/// fixed_sampling();
/// let mirror = Mirror::builder().target("https://staging.example.com").percentage(10.0).build()?;
/// # Ok::<(), mirror_runtime::ConfigError>(())
/// ```
pub fn fixed_sampling() {
    crate::sampling::fix();
    crate::key::fix();
}
