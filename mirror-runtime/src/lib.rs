//! [`#[mirror]`](macro@mirror) on an axum handler also sends a share of its requests, in the
//! background, to another server. The client notices nothing.
//!
//! A team that replaces a service or a route puts it on the handler. A share of the requests then
//! also goes to the new version, the *shadow*. The team sees the outcome of every copy, and compares
//! the responses, until it trusts the new version. [`start`](guide::start) goes from `cargo new` to
//! the first copy.
//!
//! ```
//! use axum::{Json, Router, extract::Query, routing::get};
//! use mirror_runtime::mirror;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize)]
//! struct Page {
//!     number: u32,
//! }
//!
//! #[derive(Serialize)]
//! struct User {
//!     name: String,
//! }
//!
//! #[mirror(targets = ["https://staging.example.com"], percentage = 10, timeout = "2s")]
//! async fn list_users(Query(page): Query<Page>) -> Json<Vec<User>> {
//!     Json(vec![User { name: format!("first of page {}", page.number) }])
//! }
//!
//! let app: Router = Router::new().route("/users", get(list_users));
//! ```
//!
//! # Three doors to one mirror
//!
//! - [`#[mirror]`](macro@mirror) on a handler. Its options are checked when the program is
//!   compiled.
//! - [`Mirror::builder`], for options that are known at start-up. Its options are checked when it
//!   is built.
//! - [`Mirror::layer`], which puts a built mirror around a router, a method router or a handler.
//!
//! The names, the defaults and the checks of the options are the same. Only the attribute takes
//! handlers of the same program as targets.
//!
//! # Chapters
//!
//! | chapter | contents |
//! |---|---|
//! | [`#[mirror]`](macro@mirror) | every option, targets, handlers as targets, the expansion |
//! | [`start`](guide::start) | from `cargo new` to the first copy in ten minutes, and to the first comparison |
//! | [`features`](guide::features) | every feature, and TLS with aws-lc, ring or your own provider |
//! | [`copies`](guide::copies) | what happens to a request, and the bytes of its copy |
//! | [`counters`](guide::counters) | every outcome, its meaning and what to do about it |
//! | [`metrics`](guide::metrics) | what a recorder of the facade `metrics` gets: Prometheus, dashboards, alerts |
//! | [`comparing`](guide::comparing) | rules, baselines and reports |
//! | [`verdict`](guide::verdict) | when a shadow may take over: the rule, its level, its limits |
//! | [`recording`](guide::recording) | tests made from mismatches, by `replay!` |
//! | [`log`](guide::log) | requests with their responses in files |
//! | [`testing`](guide::testing) | keeping `cargo test` from sending copies, and capturing them |
//! | [`traces`](guide::traces) | copies as spans of OpenTelemetry, the headers of traces, baggage, request ids |
//! | [`extending`](guide::extending) | observers for metrics and traces, transports and sinks of your own |
//! | [`control`](guide::control) | switching mirrors and setting shares while the program runs, from this process, a file or the environment |
//! | [`shutdown`](guide::shutdown) | waiting for copies in flight, with [`drain`] |
//! | [`bounds`](guide::bounds) | guarantees, and every limit with its default |
//! | [`limitations`](guide::limitations) | what is not mirrored, and why |
//! | [`alternatives`](guide::alternatives) | nginx, Envoy, Diffy, GoReplay, and by hand |
//!
//! # Observers
//!
//! An [`Observer`] is told of each [`Event`]: what was not sent and why, what was sent, how it
//! ended, what was compared. One is given to a mirror ([`MirrorBuilder::observer`]) or to the whole
//! process ([`observe`]).
//!
//! # Security
//!
//! A copy carries what its original carried, cookies and tokens included, unless
//! `credentials = "strip"` is set. Choose `https://` targets that may see them. The log warns of
//! credentials that would leave the machine over plain HTTP. `X-Mirrored-From` is a hint, not a
//! proof: any client can send it, and a request that carries it is not mirrored. With a key, copies
//! are signed, and [`Mirrored`] verifies them. `mask` replaces fields of bodies by keyed hashes. A shadow does what
//! its copies ask for: mirror writes only to a shadow that has its own database.
//!
//! # Tests
//!
//! A test that calls a mirrored handler sends real copies. `MIRROR_DISABLED=1` in the environment
//! switches all mirrors off, and so does `testing::isolate` for one process: see
//! [`testing`](guide::testing).
//!
//! # Versions
//!
//! It works with axum 0.8 on tokio. MSRV: Rust 1.95, with which everything is tested.

#[doc(hidden)]
pub mod __private;
mod body;
mod bounds;
#[cfg(feature = "compare")]
mod comparison;
mod control;
mod drain;
mod engine;
mod error;
mod exchange;
#[cfg(fuzzing)]
mod fuzz;
pub mod guide;
mod key;
mod mask;
#[cfg(feature = "metrics")]
pub mod metrics;
mod mirror;
mod mirrored;
mod outcome;
#[cfg(feature = "record")]
mod record;
mod recorded;
#[cfg(feature = "compare")]
mod report;
mod request;
mod sampling;
mod send;
mod signature;
mod stats;
mod target;
mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
mod trace;
mod transport;
mod workers;

#[cfg(fuzzing)]
#[doc(hidden)]
pub mod __fuzz {
    pub use crate::fuzz::*;
}

pub use mirror_compare::{Ending, RuleError, ThresholdError};
pub use mirror_macros::mirror;
#[cfg(feature = "record")]
pub use mirror_macros::replay;

pub use self::{
    body::CopyBody,
    bounds::{CircuitBreaker, Limits},
    control::{
        Control, ControlAll, ControlError, ControlFile, ControlFileMirror, ControlSource,
        ControlState, TargetControl, control, control_all, disable_all, enable_all,
    },
    drain::{Drained, drain},
    engine::BodyMode,
    error::ConfigError,
    key::Key,
    mirror::{
        AcceptEncoding, Credentials, Defaults, Host, Mirror, MirrorBuilder, MirrorInfo,
        MirrorLayer, MirrorService, ResponseFuture, mirror_named, mirrors,
    },
    mirrored::{Mirrored, NotMirrored, Proof, Unproved, VerifyMirrored},
    outcome::{
        BufferedResponse, Callback, CallbackOutcome, Completion, FailureKind, FixtureOutcome,
        MirrorError, ShedReason, SinkError, SkipReason,
    },
    recorded::{BudgetPlace, RecordedExchange, RecordedRequest, RecordedResponse},
    sampling::Sticky,
    stats::{Latency, MirrorStats, TargetStats},
    target::{Http2, ShadowRequest, Target, Trace},
    telemetry::{Event, EventKind, Observer, observe, request_id},
    transport::{Keeping, Sending, Sink, Transport, Unsendable},
};

#[cfg(feature = "record")]
pub use self::record::format as fixtures;
#[cfg(feature = "reqwest")]
pub use self::transport::ReqwestTransport;
#[cfg(feature = "compare")]
pub use self::{
    comparison::{
        CompareMode, Comparison, Difference, DifferenceKind, KnownSecrets, NotComparedReason,
        Rules, Subject, Typed, TypedResponse, Verdict, compare,
    },
    engine::CompareAt,
    mirror::{CompareAtServer, CompareAtServerFuture, CompareAtServerService},
    report::{
        DifferenceGroup, Evidence, Example, MatchRate, Paired, Report, ReportVerdict, RouteReport,
        ShapeFinding, Standing, Suggestion, TargetEvidence, TargetReport, Thresholds, Unanswered,
        UnfitBaseline, VersionsSeen, WindowReport,
    },
};
#[cfg(feature = "log")]
pub use self::{recorded::set_build, transport::FileSink};
#[cfg(feature = "log")]
pub use mirror_record::{LogOptions, Record, SyncPolicy};

#[cfg(all(doctest, feature = "record"))]
#[doc = include_str!("../README.md")]
struct Readme;

// Outside of the package: only the tests of the workspace read it, and no package has them.
#[cfg(all(doctest, feature = "record"))]
#[doc = include_str!("../../README.md")]
struct ReadmeOfTheWorkspace;
