//! How two HTTP responses differ, and whether one service can replace another.
//!
//! This crate compares the responses of two versions of a service to the same request, leaves out
//! what may differ, and hides what is secret. It sums comparisons up into a verdict: `promote`,
//! `hold` or `regressed`. It does no I/O and knows no framework: a response is a status, headers
//! and bytes. `mirror-runtime` compares with it what an axum handler and its shadow respond.
//!
//! # Two responses
//!
//! ```
//! use http::{HeaderMap, Method, StatusCode};
//! use mirror_compare::{BufferedResponse, CompareMode, Rules, Subject, Verdict, compare};
//!
//! let response = |body: &'static str| BufferedResponse::new(StatusCode::OK, HeaderMap::new(), body);
//! let old = response(r#"{"total":12.5,"tags":["a","b"],"at":"09:00:00","card":"4111"}"#);
//! let new = response(r#"{"at":"09:00:01","card":"4242","tags":["b","a"],"total":13}"#);
//!
//! let mut rules = Rules::default();
//! rules.ignore("/at")?;
//! rules.unordered("/tags")?;
//! rules.redact("/card")?;
//!
//! let subject = Subject::new(&Method::GET, "/orders/7");
//! let comparison = compare(subject, &old, &new, CompareMode::Json, &rules);
//! assert_eq!(comparison.verdict, Verdict::Mismatch);
//!
//! let shown: Vec<_> = comparison.differences.iter().map(ToString::to_string).collect();
//! assert_eq!(shown, ["  ~ /card: [redacted] -> [redacted]", "  ~ /total: 12.5 -> 13"]);
//! # Ok::<(), mirror_compare::RuleError>(())
//! ```
//!
//! # Many responses
//!
//! A [`Recorder`](report::Recorder) takes note of comparisons, in bounded memory, and reports on
//! them. What it knows is [`Evidence`](report::Evidence), which can be serialized and merged with
//! that of other processes.
//!
//! ```
//! use http::{HeaderMap, Method, StatusCode};
//! use mirror_compare::{BufferedResponse, CompareMode, Rules, Subject, compare};
//! use mirror_compare::report::{Recorder, ReportVerdict, Standing, Thresholds};
//!
//! let response = BufferedResponse::new(StatusCode::OK, HeaderMap::new(), "{}");
//! let recorder = Recorder::new("staging", Thresholds::default().with_min_compared(500));
//! for i in 0..500 {
//!     let path = format!("/orders/{i}");
//!     let subject = Subject::new(&Method::GET, &path).with_names("orders", "staging");
//!     let rules = Rules::default();
//!     let mut comparison = compare(subject, &response, &response, CompareMode::Json, &rules);
//!     recorder.record(&mut comparison, None);
//! }
//! let report = recorder.report(Standing::default());
//! assert_eq!(report.verdict, ReportVerdict::Promote);
//! ```
//!
//! # Features
//!
//! - `compare` (default): comparing and reports. Without it the crate has responses, rules,
//!   latencies and [redaction](redact).
//! - `axum`: [`TypedResponse`] for `Json`, `Html` and `NoContent` of axum.

mod encoding;
mod error;
pub mod fixture;
mod json;
mod latency;
mod model;
pub mod redact;
mod route;
mod rules;

#[cfg(feature = "compare")]
mod compare;
#[cfg(feature = "compare")]
mod engine;
#[cfg(feature = "compare")]
mod fingerprint;
#[cfg(feature = "compare")]
pub mod report;
#[cfg(all(test, feature = "axum"))]
mod tests;
#[cfg(feature = "compare")]
mod typed;

#[cfg(fuzzing)]
pub use self::json::spelled;
#[cfg(feature = "compare")]
pub use self::{
    compare::{Subject, compare},
    engine::compared_body,
    model::{Comparison, Difference, Group},
    typed::TypedResponse,
};
pub use self::{
    error::{RuleError, ThresholdError},
    latency::{Latency, LatencyRecorder},
    model::{
        BufferedResponse, CompareMode, DifferenceKind, Ending, NotComparedReason, Typed, Verdict,
        is_bodiless,
    },
    route::route_of,
    rules::{Rules, Written},
};

#[cfg(all(doctest, feature = "compare"))]
#[doc = include_str!("../README.md")]
struct Readme;
