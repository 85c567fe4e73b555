//! Responses that are empty, come in pieces or late, or are too large.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use axum::{
    BoxError, Router,
    body::{Body, Bytes},
    response::Response,
};
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Request};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, StreamBody};
use mirror_runtime::{DifferenceKind, Mirror, MirrorBuilder, NotComparedReason};
use testkit::{Primary, Shadow, until};
use tokio::sync::Notify;
use tower::{Layer, ServiceExt};

use super::{Pair, json, ok, reported, status};

#[tokio::test]
async fn answers_without_a_body_are_compared() {
    for code in [200, 204, 304, 404] {
        let pair = Pair::answering(json, move || status(code), move || status(code)).await;
        assert_eq!(pair.primary.get("/").await.status, code);
        assert_eq!(pair.report(1).await.matched, 1, "{code}");
    }
}

#[tokio::test]
async fn the_answers_to_head_are_compared_without_their_bodies() {
    let pair = Pair::answering(json, || ok("{}"), || ok("[]")).await;
    let head = Request::head("/").body(Body::empty()).unwrap();
    assert_eq!(pair.primary.send(head).await.text(), "");
    assert_eq!(pair.report(1).await.matched, 1);
}

#[tokio::test]
async fn a_validator_that_differs_is_a_mismatch() {
    let pair = Pair::answering(json, || status(304), || ok("{}")).await;
    pair.primary.get("/").await;
    let report = pair.report(1).await;
    assert_eq!(report.groups[0].kind, DifferenceKind::NotModified);
}

/// A body whose length is not known.
fn streamed(pieces: &[&'static str]) -> Body {
    let pieces: Vec<_> = pieces
        .iter()
        .map(|piece| Ok::<_, Infallible>(*piece))
        .collect();
    Body::from_stream(stream::iter(pieces))
}

#[tokio::test]
async fn a_body_in_pieces_is_compared_as_a_whole() {
    let primary = || ok(streamed(&["{\"a\"", ":", "1}"]));
    let pair = Pair::answering(json, primary, || ok(r#"{"a":1}"#)).await;
    assert_eq!(pair.primary.get("/").await.text(), r#"{"a":1}"#);
    assert_eq!(pair.report(1).await.matched, 1);
}

#[tokio::test]
async fn a_body_of_a_length_that_its_header_tells_is_compared() {
    let primary = || {
        let mut answer = ok(streamed(&["[1,", "2]"]));
        let length = "5".parse().unwrap();
        answer.headers_mut().insert("content-length", length);
        answer
    };
    let pair = Pair::answering(json, primary, || ok("[1,2]")).await;
    assert_eq!(pair.primary.get("/").await.text(), "[1,2]");
    assert_eq!(pair.report(1).await.matched, 1);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_compared() {
    let large = || "x".repeat(1001);
    let options = |builder: MirrorBuilder| json(builder).max_compare_body(1000);
    let report = async |primary: fn() -> Response, shadow: fn() -> Response, text: String| {
        let pair = Pair::answering(options, primary, shadow).await;
        assert_eq!(pair.primary.get("/").await.text(), text);
        pair.report(1).await
    };
    let pieces = || ok(streamed(&["x"; 1001]));
    let whole = || ok("x".repeat(1001));
    let limit = || ok("x".repeat(1000));
    for report in [
        report(whole, limit, large()).await,
        report(pieces, limit, large()).await,
    ] {
        assert_eq!(report.not_compared_for(NotComparedReason::TooLarge), 1);
    }
    // The primary's is whole: the shadow's is another one.
    for report in [
        report(limit, whole, "x".repeat(1000)).await,
        report(limit, pieces, "x".repeat(1000)).await,
    ] {
        assert_eq!(report.groups[0].kind, DifferenceKind::TooLarge, "{report}");
    }
    let report = report(limit, limit, "x".repeat(1000)).await;
    assert_eq!(report.matched, 1);
}

#[tokio::test]
async fn as_much_is_compared_as_is_read_of_an_answer() {
    let megabyte = || ok("x".repeat(1 << 20));
    let options = |builder: MirrorBuilder| json(builder).max_compare_body(1 << 20);
    let pair = Pair::answering(options, megabyte, megabyte).await;
    assert_eq!(pair.primary.get("/").await.body.len(), 1 << 20);
    let report = pair.report(1).await;
    assert_eq!(report.matched, 1, "{report}");
}

#[tokio::test]
async fn a_slow_shadow_keeps_no_client_waiting() {
    let shadow = Shadow::holding().await;
    let mirror = json(Mirror::builder().target(shadow.url()))
        .build()
        .unwrap();
    let app = Router::new()
        .fallback(async || "late")
        .layer(mirror.layer());
    let primary = Primary::start(app).await;
    assert_eq!(primary.get("/").await.text(), "late");
    let report = mirror.report().targets.remove(0);
    assert_eq!((report.compared, report.not_compared), (0, 0));
    shadow.release();
    assert_eq!(reported(&mirror, 1).await.matched, 1);
}

#[tokio::test]
async fn a_slow_primary_is_waited_for() {
    static GO_ON: Notify = Notify::const_new();
    let shadow = Shadow::answering(|_| ok("[1]")).await;
    let mirror = json(Mirror::builder().target(shadow.url()))
        .build()
        .unwrap();
    let app = Router::new()
        .fallback(async || {
            GO_ON.notified().await;
            "[1]"
        })
        .layer(mirror.layer());
    let primary = Primary::start(app).await;
    let answer = async { primary.get("/").await };
    let shadow_first = async {
        until("the copy ends", || mirror.stats().targets[0].answered == 1).await;
        assert_eq!(mirror.report().targets[0].compared, 0);
        GO_ON.notify_one();
    };
    assert_eq!(tokio::join!(answer, shadow_first).0.text(), "[1]");
    assert_eq!(reported(&mirror, 1).await.matched, 1);
}

/// Everything that a server can see of a response.
async fn seen(mut body: Body) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let hint = body.size_hint();
        seen.push(format!("{:?} {}", hint.exact(), body.is_end_stream()));
        match body.frame().await {
            None => break,
            // Wrapped as often as the handler's.
            Some(Err(error)) => seen.push(format!("{error:?}")),
            Some(Ok(frame)) => seen.push(format!("{frame:?}")),
        }
    }
    seen
}

#[tokio::test]
async fn a_body_is_passed_on_as_it_is() {
    let trailers = || HeaderMap::from_iter([("x-sum".parse().unwrap(), "5".parse().unwrap())]);
    let bodies: [fn() -> Body; 5] = [
        || Body::from("whole"),
        || streamed(&["in", "", "pieces"]),
        Body::empty,
        || {
            let pieces = [Ok("a"), Err(BoxError::from("broken")), Ok("after")];
            Body::from_stream(stream::iter(pieces))
        },
        || {
            let pieces = ["a", "b"].map(|piece| Ok::<_, Infallible>(Bytes::from(piece)));
            Body::from_stream(stream::iter(pieces))
        },
    ];
    let with_trailers = move || {
        let data = Ok::<_, Infallible>(Frame::data(Bytes::from("data")));
        let frames = stream::iter([data, Ok(Frame::trailers(trailers()))]);
        Body::new(StreamBody::new(frames.boxed()))
    };
    let shadow = Shadow::start().await;
    let mirror = json(Mirror::builder().target(shadow.url()))
        .build()
        .unwrap();
    let makers: Vec<Box<dyn Fn() -> Body>> = bodies
        .into_iter()
        .map(|body| Box::new(body) as Box<dyn Fn() -> Body>)
        .chain([Box::new(with_trailers) as Box<dyn Fn() -> Body>])
        .collect();
    for (requests, body) in (1..).zip(makers) {
        let answer = Arc::new(Mutex::new(Some(body())));
        let answering = tower::service_fn(move |_: Request<Body>| {
            let answer = ok(answer.lock().unwrap().take().unwrap());
            async move { Ok::<_, Infallible>(answer) }
        });
        let service = mirror.layer().layer(answering);
        let request = Request::get("http://a/").body(Body::empty()).unwrap();
        let answer = service.oneshot(request).await.unwrap();
        assert_eq!(seen(answer.into_body()).await, seen(body()).await);
        reported(&mirror, requests).await;
    }
}
