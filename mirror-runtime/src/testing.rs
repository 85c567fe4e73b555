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
//! Sampling starts at a random point. A test that counts sampled requests calls [`fixed_sampling`]
//! first, or samples every request with [`Capture::sampling_all`].

mod capture;
#[cfg(feature = "compare")]
mod raise;

pub use self::capture::Capture;
#[cfg(feature = "compare")]
pub use self::raise::raise_mismatches;
pub use crate::engine::capturing::CapturedCopy;

/// Makes each mirror of this process that is made from now on start sampling at the same point, so
/// that every run samples the same requests: at 10 %, exactly 1 of the first 10, and 10 of the
/// first 100.
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
}
