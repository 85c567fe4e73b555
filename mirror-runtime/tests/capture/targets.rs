//! What is captured for each kind of target.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Request, Response},
};
use mirror_runtime::{
    CopyBody, Keeping, Mirror, RecordedExchange, Sending, Sink, SkipReason, Target, Transport,
    Unsendable, mirror, mirror_named, testing::Capture,
};

use crate::{ask, get, until};

#[mirror(
    targets = [env("MIRROR_CAPTURE_UNSET"), "https://staging.example.com"],
    name = "unset"
)]
async fn unset() {}

#[tokio::test]
async fn a_target_that_is_off_gets_nothing_unless_it_is_asked_for() {
    let capture = Capture::start();
    get(unset, "/path").await;
    let copies = capture.copies().await;
    assert_eq!(copies.len(), 1);
    assert_eq!(copies[0].target(), "https://staging.example.com");
    let target = mirror_named("unset").unwrap().stats().targets.remove(0);
    assert_eq!(target.skipped_for(SkipReason::Disabled), 1);

    let capture = capture.including_disabled();
    get(unset, "/path?query").await;
    let copies = capture.copies().await;
    let off = copies
        .iter()
        .find(|copy| copy.target() == "MIRROR_CAPTURE_UNSET");
    assert_eq!(off.unwrap().uri(), "http://off.invalid/path?query");
    let target = mirror_named("unset").unwrap().stats().targets.remove(0);
    assert_eq!((target.sent, target.answered), (1, 1));
}

#[tokio::test]
async fn a_handler_is_called_as_in_production() {
    async fn rewrite() -> &'static str {
        "rewritten"
    }
    #[mirror(targets = [handler(rewrite), "https://staging.example.com"], compare = "bytes")]
    async fn primary() -> &'static str {
        "primary"
    }
    let capture = Capture::start().responding_with(async |_| "primary");
    get(primary, "/").await;
    let comparisons = capture.comparisons().await;
    let found = |target: &str| {
        let found = comparisons.iter().find(|found| found.target == target);
        found.unwrap().verdict.to_string()
    };
    assert_eq!(found("handler(rewrite)"), "mismatch");
    assert_eq!(found("https://staging.example.com"), "match");
    assert_eq!(capture.copies().await.len(), 1);
}

/// A client that cannot send each path, and that must not send at all here.
#[derive(Debug)]
struct Picky;

impl Transport for Picky {
    fn send(&self, copy: Request<CopyBody>, _: Duration) -> Result<Sending, Unsendable> {
        if copy.uri().path().contains("%2e") {
            return Err(Unsendable);
        }
        Ok(Box::pin(async move {
            panic!("sent: {copy:?}");
            #[expect(unreachable_code, reason = "the type of the future")]
            Ok(Response::default())
        }))
    }
}

#[tokio::test]
async fn a_transport_of_the_users_sends_nothing_and_refuses_what_it_cannot_send() {
    let mirror = Mirror::builder()
        .target(Target::new("https://staging.example.com").unwrap())
        .transport(Picky)
        .build()
        .unwrap();
    let app = Router::new().fallback(async || ()).layer(mirror.layer());
    let capture = Capture::start();
    for path in ["/a", "/%2e"] {
        ask(app.clone(), Request::get(path).body(Body::empty()).unwrap()).await;
    }
    let copies = capture.copies().await;
    assert_eq!(copies.len(), 1);
    assert_eq!(copies[0].uri().path(), "/a");
    let target = mirror.stats().targets.remove(0);
    assert_eq!(target.skipped_for(SkipReason::Unsendable), 1);
}

/// A sink that must be given nothing.
#[derive(Debug)]
struct Unreachable;

impl Sink for Unreachable {
    fn keep(&self, _: Arc<RecordedExchange>, _: &Target) -> Keeping {
        unreachable!("a test keeps no records")
    }
}

#[tokio::test]
async fn a_sink_is_given_nothing() {
    let capture = Capture::start();
    let mirror = Mirror::builder()
        .target(Target::sink("log", Unreachable))
        .target("https://staging.example.com")
        .build()
        .unwrap();
    let handler = || async { "hello" };
    let app = Router::new().route("/", axum::routing::get(handler));
    let request = Request::get("/").body(Body::empty()).unwrap();
    assert_eq!(ask(app.layer(mirror.layer()), request).await, "hello");
    assert_eq!(capture.copies().await.len(), 1);
    until("the record", || mirror.stats().targets[0].answered == 1).await;
}
