//! Traffic mirroring for axum: some of a handler's requests are also sent, in the background, to another server, and
//! the client notices nothing.
//!
//! A team that replaces a service or a route puts [`#[mirror]`](macro@mirror) on the handler concerned. A share of its
//! requests then also goes to the new version, the *shadow*. The team sees what became of every copy, and compares the
//! answers, until it trusts the new version.
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
//! - [`#[mirror]`](macro@mirror) on a handler. Its options are checked when the program is compiled.
//! - [`Mirror::builder`], for options that are known at start-up. Its options are checked when it is built.
//! - [`Mirror::layer`], which puts a built mirror around a router, a method router or a handler.
//!
//! Names, defaults and checks of the options are the same. Handlers of the same program are targets of the attribute
//! alone.
//!
//! # What happens to a request
//!
//! 1. A request that is a copy itself, whose method is not among `methods`, or that `when` refuses, goes to the handler
//!    and no further. So does one that the percentage of no target chooses. None of its body is read for it, none of its
//!    headers is cloned.
//! 2. The body of a sampled request is read, up to `max_body` and for as long as `read_ahead` says. The handler gets it
//!    afterwards as it arrived: bytes, trailers, length and errors. A body that is larger streams on to the handler, and
//!    its copies are skipped; what is late is noted as the handler reads it. With `body = "tee"`, and for a request with
//!    `Expect: 100-continue`, the handler starts at once, and all of the body is noted so.
//! 3. The handler begins, and the copies leave, each on a task of its own: those of a request that its client resets at
//!    once do not, and those of a body that is noted leave at its end.
//! 4. The handler's answer goes to the client, at once; with `sync`, when the copies have ended. A callback that blocks is
//!    waited for until a second after the longest `timeout`. Copies that leave late, with a tee, are waited for only if
//!    they have left when the handler returns. A client that closes its half of the connection after the request may not
//!    be answered then: servers such as hyper's drop a request whose response is not there yet, and with `sync` it is
//!    there later.
//! 5. Each copy ends with an answer that was read, or with a [`MirrorError`], within its `timeout`. It is counted, and
//!    `on_success` or `on_error` is called.
//!
//! # What a copy is
//!
//! The same method, the path and query that arrived, byte for byte (before any router took a prefix off), joined to the
//! target's base path; all end-to-end headers; the body; and `X-Mirrored-From`, with the host that the original was for.
//! Not copied are the headers of the connection and those that `Connection` names ([RFC 9110 section 7.6.1]), but
//! `TE: trailers` from HTTP/2 to HTTP/2, and `Expect`; `Host` and the length are the copy's own, and a `POST`, `PUT` or
//! `PATCH` without a body has the length 0. Trailers belong to the body ([`CopyBody::trailers`]), and travel where the
//! protocol has a place for them behind a body of known length: over HTTP/2. Redirects are not followed, TLS is verified, proxies of the
//! environment are not used, and nothing in a request can send its copy to another server than the target.
//!
//! # Accounting
//!
//! Every request has exactly one outcome for each target. It is *sent*, and then *answered* (by any HTTP answer,
//! whatever its status) or *failed*; or it is *skipped*, deliberately, for a [`SkipReason`]; or it is *shed*, to protect
//! the process, for a [`ShedReason`]. In every snapshot that [`Mirror::stats`] takes,
//! `received == sent + skipped + shed` and `sent == answered + failed + in_flight`. [`mirrors`] gives all mirrors of the
//! program, those of attributes among them.
//!
//! ```
//! for mirror in mirror_runtime::mirrors() {
//!     for target in mirror.stats().targets {
//!         println!("{}: {} of {} copies failed", target.name, target.failed, target.sent);
//!     }
//! }
//! ```
//!
//! # Comparing answers
//!
//! With [`compare`](MirrorBuilder::compare), the answers of shadows are compared with the primary's, and
//! [`Mirror::report`] says whether each target can take over: `promote`, `hold`, `regressed`, or that too little was
//! compared. Without it, the primary's answer is not touched.
//!
//! ```
//! use axum::{Router, routing::get};
//! use mirror_runtime::{CompareMode, Mirror};
//!
//! let mirror = Mirror::builder()
//!     .target("https://rewrite.example.com")
//!     .compare(CompareMode::Json)
//!     .ignore(["/generated_at"])
//!     .tolerance("/total", 0.01)
//!     .on_mismatch(|comparison| eprintln!("{comparison}"))
//!     .build()?;
//! let app: Router = Router::new()
//!     .route("/orders", get(|| async { "[]" }))
//!     .layer(mirror.layer())
//!     .route("/report", get(move || async move { mirror.report().to_string() }));
//! # Ok::<(), mirror_runtime::ConfigError>(())
//! ```
//!
//! 1. The primary's answer streams to its client as ever. Its status and headers are noted, and up to `max_compare_body`
//!    bytes of its body, as they pass.
//! 2. Up to as much is kept of a shadow's answer.
//! 3. When both are there, a thread of the mirrors' own compares them. No request waits for that.
//! 4. The result is counted for the report, and a mismatch is given to `on_mismatch`.
//!
//! A `baseline` is a server that runs the old version. It gets a copy of each request that some target gets, and is a
//! target like others in [`Mirror::stats`]. Where it differs from the primary about as often as a target does, the
//! difference is noise ([`Thresholds`] says what that means): a comparison with nothing else in it counts as a match, and
//! `on_mismatch` is not called for it. A comparison waits for the baseline's answer, or for the end of its `timeout`.
//!
//! Each copy that was sent is compared once, or counted as not compared for a [`NotComparedReason`]: its body is too
//! large, was cut short by the server or by the client that went away, or had no place in the byte budget or in the
//! queue; or the copy failed. So it is where the primary gives no answer at all, because the handler panics or the client
//! goes away before.
//!
//! An answer of a shadow waits for the primary's for the longest `timeout`, and a body of the primary is noted for as
//! long. Then it is counted as [`TimedOut`](NotComparedReason::TimedOut), and the memory of both is given back, whether
//! the handler still runs, streams on, or has a client that does not read.
//!
//! In tests, with the feature `testing`, the environment variable `MIRROR_RAISE_ON_MISMATCH=1` makes a mismatch a panic: of
//! the thread that compares, which prints the differences, and then of `testing::raise_mismatches`, which fails the test.
//!
//! # Observing
//!
//! An [`Observer`] is told of each [`Event`]: what was not sent and why, what was sent, how it ended, what was compared. One
//! is given to a mirror ([`MirrorBuilder::observer`]) or to all of the process ([`observe`]).
//!
//! # From a mismatch to a test
//!
//! With [`record`](MirrorBuilder::record), or where the environment variable `MIRROR_RECORD` names a directory, each mismatch
//! is written into a file: the request, both answers, and how they were compared, without what is secret. [`fixtures`] says
//! what is in it. [`replay!`](macro@replay) in a test file makes a test of each, which gives the request to the app and fails
//! where it does not answer as the primary did. It is off by default, and nothing is kept of requests then.
//!
//! # Testing
//!
//! With the feature `testing`, which is for `[dev-dependencies]`, `testing::Capture` takes the copies of a test before they
//! leave, whatever their targets are: no network, no certificates, no variables in the environment. A test sees what
//! would have been sent, answers it, and sees how the answers compare. Without a capture the feature costs a request one
//! load of a counter, and without the feature nothing.
//!
//! # TLS
//!
//! Copies to `https` targets use rustls, and trust what the system trusts. The features name the crypto provider:
//!
//! | feature | provider |
//! |---|---|
//! | `tls-aws-lc`, the default | aws-lc, also if `tls-ring` is on as well |
//! | `tls-ring` | ring |
//! | `tls` | the one that the program has installed when the mirror is built: `CryptoProvider::install_default` |
//! | none of them | there is no TLS |
//!
//! Two providers in one program make `ClientConfig::builder()` of its own code panic, unless it has installed one. So a program
//! with ring depends on this crate with `default-features = false, features = ["tls-ring"]`. What the program installs is never
//! changed. A target that has no provider is a [`ConfigError`] of [`MirrorBuilder::build`]; one of an attribute is off, and the
//! log has an error that says what to write.
//!
//! # Bounds
//!
//! A copy beyond a bound is shed at once, never queued; the primary waits for none of this.
//!
//! | what | bound |
//! |---|---|
//! | copies in flight to a target | `max_in_flight`, 256 |
//! | copies in flight in the process | [`Limits::max_in_flight`], 1,024 |
//! | copies in flight to servers in the process: each may hold a connection | [`Limits::max_connections`], half of the files that the process may open, and at most 1,024 |
//! | bytes of bodies held for copies in the process | [`Limits::byte_budget`], 64 MiB; each body counts once, with the memory that it takes, as it arrives; a target and headers, and trailers, of over 4 KiB count too |
//! | bytes of them held for bodies that are not complete after `read_ahead` | half |
//! | time that the handler waits for a body | `read_ahead`, 1 s in all, however slowly it comes |
//! | time that the end of a body is waited for which the handler has let go of | `read_ahead`, at most 1 s, and at most 64 KiB; the response does not wait for it |
//! | bytes of a body that is copied | `max_body`, 2 MiB |
//! | time of a copy | `timeout`, 5 s, from leaving to the last byte of the answer; `connect_timeout`, 1 s, is a part of it |
//! | attempts at a connection over TCP | one address after the other beside those before it, each 250 ms after the last, and each once more after a quarter of what is left of `connect_timeout` if that is 200 ms and more: a busy server drops some, and the system tries again after 1 s only. 4 at once for a connection, 2 at the same address, and 64 beside first ones in the process |
//! | failures in a row before a target is left alone | `circuit_breaker`, 5; one copy in 5 s finds out whether it is back |
//! | copies to a target in a time | `rate_limit`, none |
//! | bytes of an answer that are kept for `on_success` | 64 KiB |
//! | bytes of a body that is compared, on either side | `max_compare_body`, 256 KiB; what waits to be compared has a place in the byte budget |
//! | time that an answer waits for the primary's | the longest `timeout` of the mirror |
//! | answers of a mirror that wait to be compared | 256; further ones are counted as not compared |
//! | threads that compare | one for every four processors, at least 2 and at most 4, and one more; mirrors take turns, and none takes the last thread |
//! | calls of `on_mismatch` of a mirror that wait | 64; further ones are left out, which the log tells; mirrors take turns on 2 threads |
//! | fixtures of a group of differences that are recorded | `max_fixtures`, 3 |
//! | bytes of fixtures in a directory | `max_fixture_bytes`, 16 MiB |
//! | frames of a response that are read | 1,024, and one more for each 128 bytes: a chunk takes as long to read whatever is in it |
//! | fields of a response's trailers | 100, and 64 KiB; a copy whose response has more has failed |
//! | bytes of an answer that are read | 1 MiB of its body, 64 KiB of its head, 256 KiB with `1xx` answers before it; then its connection is closed |
//! | connections to a target | over HTTP/1 as many as copies were in flight at once; over HTTP/2 as many as the server's limit on streams asks for, so that no copy waits for another to end; idle ones are closed after 30 s, or when the server says so (`Keep-Alive`) |
//! | time for which a connection takes new copies | [`Limits::max_connection_age`], 5 min; a host name is looked up again then |
//! | copies in a row that time out on an HTTP/2 connection | 3, and it takes no more |
//! | frames that a shadow may send over HTTP/2 | for each copy in flight 128, 4 for each KiB of its body and 2,048 short ones of content, in 192 KiB and 2 MiB of content; 64 while there is none; then its connection is closed and counted ([`TargetStats::floods`]) |
//! | `1xx` heads of a response over HTTP/2 | 64 |
//! | times that a copy is sent again | 1 ([`TargetStats::resends`]) |
//! | log entries about failures | one in a second for each target, with the number since the last |
//! | callbacks that run at once | 4 in the process, on threads of their own, of which a mirror takes 3 at most |
//! | look-ups of host names | one at a time for each host, used for 10 s; 4 threads for all hosts, and 1,024 hosts that wait for one |
//!
//! # Shutting down
//!
//! Copies outlive their requests. [`drain`] waits for them.
//!
//! ```no_run
//! # async fn shutdown_signal() {}
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! # let app = axum::Router::new();
//! use std::time::Duration;
//!
//! let listener = tokio::net::TcpListener::bind("0.0.0.0:3000").await?;
//! axum::serve(listener, app).with_graceful_shutdown(shutdown_signal()).await?;
//! let drained = mirror_runtime::drain(Duration::from_secs(5)).await;
//! println!("{} copies ended, {} were cut", drained.finished, drained.cut);
//! # Ok(())
//! # }
//! ```
//!
//! # Security
//!
//! A copy carries what its original carried, cookies and tokens included, unless `credentials = "strip"`; choose
//! `https://` targets that may see them. The log warns of credentials that would leave the machine over plain HTTP.
//! `X-Mirrored-From` is a hint and no proof: any client can send it, and a request that carries it is not mirrored. A
//! shadow does what the copies ask of it: mirror writes only to one that has its own database.
//!
//! # Limitations
//!
//! - A handler is called when its body has been read, so one that streams its request body, or answers while it reads,
//!   starts later: by `read_ahead` at most, whatever the client does, and then its own limits on time begin. Use
//!   `body = "tee"` where that is too late, or `copy_body = false`.
//! - A handler that leaves a body unread makes the server close the connection. Where the body was read ahead, the
//!   server reads on instead.
//! - With `body = "tee"` a copy leaves when the handler has read the last byte, and a body that it does not read is not
//!   copied. Neither is one that is late, where the handler does not read it ([`BodyStalled`](SkipReason::BodyStalled)).
//!   A handler that takes a body for complete before its end has come, as extractors of forms do, lets the server close
//!   the connection up to a second later than without a mirror, if the client never sends the end.
//! - `WebSocket`s and `CONNECT` are skipped: a tunnel has one end. Another `Upgrade` is an offer, and its request is copied
//!   without it.
//! - A runtime without timers, and an executor that is not tokio's, serve requests and send no copies
//!   ([`NoRuntime`](ShedReason::NoRuntime)).
//! - A copy whose handler blocks its thread before it first waits for something leaves when it no longer does.
//! - Where a target has a base path, a request whose path climbs (`/a/../..`, `%2e%2e`) is skipped as
//!   [`Unsendable`](SkipReason::Unsendable): its copy could leave the base path, at some server, so each way to write `..`
//!   counts that some server understands. So are requests without a path, such as `OPTIONS *`.
//! - A copy has one header more than its request. Where that makes 101, which many servers refuse, an `Accept: */*` is left
//!   out, and then repeated headers are joined to one line each; a request of 100 different headers has a copy of 101.
//! - An answer with a head of over 64 KiB, or of over 100 headers, is none: its copy has failed.
//! - With a layer, answers are compared where they are axum's `Response`, as those of routers, method routers and handlers
//!   are. Between other layers, within one `ServiceBuilder`, they may be of another type; the log says so, and each copy is
//!   counted as [`PrimaryGone`](NotComparedReason::PrimaryGone).
//! - An answer of the primary that ends by more than the longest `timeout` later than the shadow's is not compared.
//! - Those of the attribute are in [its own manual](macro@mirror).
//!
//! [RFC 9110 section 7.6.1]: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1

#[doc(hidden)]
pub mod __private;
mod body;
mod bounds;
mod comparison;
mod drain;
mod engine;
mod error;
mod exchange;
#[cfg(fuzzing)]
mod fuzz;
mod mirror;
mod outcome;
mod record;
mod report;
mod request;
mod sampling;
mod send;
mod stats;
mod target;
mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;
mod workers;

// What benchmarks and fuzz targets reach of comparing, and nobody else needs.
#[doc(hidden)]
pub mod __compare {
    pub use mirror_compare::{Ending, Subject, compare};
}

#[cfg(fuzzing)]
#[doc(hidden)]
pub mod __fuzz {
    pub use crate::fuzz::*;
}

pub use mirror_macros::{mirror, replay};

pub use self::{
    body::CopyBody,
    bounds::{CircuitBreaker, Limits},
    comparison::{
        Answer, CompareMode, Comparison, Difference, DifferenceKind, NotComparedReason, Rules,
        Typed, TypedAnswer, Verdict,
    },
    drain::{Drained, drain},
    engine::BodyMode,
    error::ConfigError,
    mirror::{
        Credentials, Host, Mirror, MirrorBuilder, MirrorLayer, MirrorService, ResponseFuture,
        mirror_named, mirrors,
    },
    outcome::{FailureKind, MirrorError, ShadowResponse, ShedReason, SkipReason},
    record::format as fixtures,
    report::{
        DifferenceGroup, Example, MatchRate, Report, ReportVerdict, TargetReport, Thresholds,
        Unanswered,
    },
    stats::{Latency, MirrorStats, TargetStats},
    target::{Http2, Target},
    telemetry::{Event, EventKind, Observer, observe},
    transport::{Sending, Transport, Unsendable},
};

#[cfg(feature = "reqwest")]
pub use self::transport::ReqwestTransport;

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
