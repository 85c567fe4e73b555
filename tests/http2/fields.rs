//! What of a request and of a response travels over HTTP/2 only.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Request, Response, Version};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use mirror_runtime::{BufferedResponse, CompareMode, Target};
use testkit::{Primary, Shadow, connect_h2, eventually, prior_knowledge, settled, until};

use super::{mirrored, to};

fn trailers(name: &'static str, value: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
}

/// A body of one message, and trailers.
fn message(trailers: HeaderMap) -> Body {
    let frames = [
        Frame::data(Bytes::from_static(b"\0\0\0\0\0")),
        Frame::trailers(trailers),
    ];
    Body::new(StreamBody::new(stream::iter(
        frames.map(Ok::<_, Infallible>),
    )))
}

/// A call of gRPC, with trailers of its own.
async fn call(primary: &Primary, te: &str) {
    let request = Request::post(format!("http://{}/shop.Orders/Create", primary.host()))
        .header("te", te)
        .header("content-type", "application/grpc")
        .body(message(trailers("x-sum", "5")));
    let mut client = connect_h2(primary).await;
    let response = client.send_request(request.unwrap());
    let response = eventually("the primary's response", response)
        .await
        .unwrap();
    response.into_body().collect().await.unwrap();
}

#[tokio::test]
async fn te_trailers_travels_over_http2() {
    let shadow = Shadow::start().await;
    let (mirror, primary) = mirrored(to(prior_knowledge(shadow.url()))).await;
    for (requests, te) in (1..).zip(["trailers", "gzip"]) {
        call(&primary, te).await;
        settled(&mirror, requests).await;
    }
    let recorded = shadow.recorded();
    // Nothing else may stand there (RFC 9113 section 8.2.2).
    let expected: [&[&str]; 2] = [&["trailers"], &[]];
    for (copy, expected) in recorded.iter().zip(expected) {
        assert_eq!(copy.all("te"), expected, "{:?}", copy.headers);
    }
    assert_eq!(recorded.len(), 2);
}

#[tokio::test]
async fn te_does_not_travel_over_http1() {
    let shadow = Shadow::start().await;
    let (_mirror, primary) = mirrored(to(shadow.url().try_into().unwrap())).await;
    call(&primary, "trailers").await;
    let copy = shadow.receives_one().await;
    assert!(copy.all("te").is_empty(), "{:?}", copy.headers);
}

#[tokio::test]
async fn trailers_of_requests_travel_over_http2() {
    let shadow = Shadow::start().await;
    let (mirror, primary) = mirrored(to(prior_knowledge(shadow.url()))).await;
    call(&primary, "trailers").await;
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!(stats.answered, 1, "{stats}");
    let copy = shadow.receives_one().await;
    assert_eq!(copy.body, &b"\0\0\0\0\0"[..]);
    assert_eq!(copy.trailers, Some(trailers("x-sum", "5")));
}

#[tokio::test]
async fn trailers_of_responses_are_shown_to_callbacks() {
    let shadow = Shadow::answering(|_| Response::new(message(trailers("grpc-status", "13")))).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noting = Arc::clone(&seen);
    let builder = to(prior_knowledge(shadow.url()));
    let builder = builder.on_success(move |_: &Target, response: &BufferedResponse| {
        noting.lock().unwrap().push(response.trailers().cloned());
    });
    let (_mirror, primary) = mirrored(builder).await;
    call(&primary, "trailers").await;
    until("the callback", || seen.lock().unwrap().len() == 1).await;
    assert_eq!(*seen.lock().unwrap(), [Some(trailers("grpc-status", "13"))]);
}

/// gRPC says there what became of a call, whose status is always 200.
#[tokio::test]
async fn a_call_that_failed_does_not_match_one_that_did_not() {
    for (of_shadow, matches) in [("0", 1), ("13", 0)] {
        let shadow =
            Shadow::answering(move |_| Response::new(message(trailers("grpc-status", of_shadow))));
        let shadow = shadow.await;
        let mirror = to(prior_knowledge(shadow.url()))
            .compare(CompareMode::Status)
            .build();
        let mirror = mirror.unwrap();
        let well = axum::Router::new()
            .fallback(|_: Bytes| async { Response::new(message(trailers("grpc-status", "0"))) });
        let primary = Primary::start(well.layer(mirror.layer())).await;
        call(&primary, "trailers").await;
        until("it is compared", || {
            mirror.report().targets[0].compared == 1
        })
        .await;
        let report = mirror.report();
        assert_eq!(report.targets[0].matched, matches, "{report}");
    }
}

#[tokio::test]
async fn a_copy_is_the_request_that_arrived() {
    let shadow = Shadow::start().await;
    let target = prior_knowledge(format!("{}/base", shadow.url()));
    let (mirror, primary) = mirrored(to(target)).await;
    let request = Request::post("/x%2Fy?z=%20&&")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .header("x-empty", "")
        .header("connection", "x-hop")
        .header("x-hop", "1")
        .body("hello".into());
    primary.send(request.unwrap()).await;
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!(stats.answered, 1, "{stats}");
    let copy = shadow.receives_one().await;
    assert_eq!(copy.version, Version::HTTP_2);
    assert_eq!(copy.target, format!("{}/base/x%2Fy?z=%20&&", shadow.url()));
    assert_eq!(copy.body, "hello");
    assert_eq!(copy.all("content-length"), ["5"]);
    assert_eq!(copy.all("x-empty"), [""]);
    assert_eq!(copy.all("cookie"), ["a=1", "b=2"]);
    assert_eq!(copy.all("x-mirrored-from"), [primary.host()]);
    for name in ["host", "connection", "x-hop"] {
        assert!(copy.all(name).is_empty(), "{name}: {:?}", copy.headers);
    }
}
