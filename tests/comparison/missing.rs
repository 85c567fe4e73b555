//! Where one of two responses fails, is broken off, or never is: nothing is compared, and it is
//! counted why.

use std::{convert::Infallible, time::Duration};

use axum::{BoxError, Router, body::Body};
use futures_util::{StreamExt, stream};
use http::{Method, Request};
use mirror_runtime::{CircuitBreaker, DifferenceKind, Mirror, NotComparedReason};
use testkit::{Fault, Faulty, Primary, Shadow, settled, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{Layer, ServiceExt};

use super::{Pair, json, ok, reported};

#[tokio::test]
async fn a_copy_that_fails_is_not_compared() {
    for (fault, reason) in [
        (Fault::Refused, NotComparedReason::Failed),
        (Fault::Garbage, NotComparedReason::Failed),
    ] {
        let shadow = Faulty::start(fault);
        let mirror = json(Mirror::builder().target(shadow.url()))
            .build()
            .unwrap();
        let app = Router::new()
            .fallback(async || "hello")
            .layer(mirror.layer());
        let primary = Primary::start(app).await;
        assert_eq!(primary.get("/").await.text(), "hello");
        let report = reported(&mirror, 1).await;
        assert_eq!(report.not_compared_for(reason), 1, "{fault:?}");
        assert_eq!(report.unanswered.failed, 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_copy_whose_answer_breaks_off_has_failed_and_differs() {
    let shadow = Faulty::start(Fault::HalfAnswer);
    let mirror = json(Mirror::builder().target(shadow.url()))
        .build()
        .unwrap();
    let app = Router::new().fallback(async || "hello");
    let primary = Primary::start(app.layer(mirror.layer())).await;
    assert_eq!(primary.get("/").await.text(), "hello");
    let report = reported(&mirror, 1).await;
    assert_eq!((report.mismatched, report.unanswered.failed), (1, 1));
    assert_eq!(report.groups[0].kind, DifferenceKind::CutShort, "{report}");
}

#[tokio::test]
async fn what_an_open_circuit_keeps_from_a_target_is_in_the_report() {
    let shadow = Faulty::start(Fault::Refused);
    let breaker = CircuitBreaker::new(2, Duration::from_hours(1));
    let builder = Mirror::builder().target(shadow.url());
    let mirror = json(builder.circuit_breaker(breaker)).build().unwrap();
    let app = Router::new().fallback(async || "hello");
    let primary = Primary::start(app.layer(mirror.layer())).await;
    for requests in 1..=5 {
        primary.get("/").await;
        settled(&mirror, requests).await;
    }
    let report = reported(&mirror, 2).await;
    assert_eq!((report.not_compared, report.unanswered.count()), (2, 5));
    assert_eq!(report.unanswered.circuit_open, 3);
    assert!(report.to_string().contains("failed 2, circuit_open 3"));
}

#[tokio::test]
async fn a_request_that_is_not_copied_is_not_counted() {
    let pair = Pair::answering(
        |builder| json(builder).methods([Method::POST]),
        || ok("1"),
        || ok("1"),
    )
    .await;
    pair.primary.get("/").await;
    pair.primary.post("/", "").await;
    assert_eq!(pair.report(1).await.matched, 1);
}

#[tokio::test]
async fn a_primary_that_fails_in_the_middle_is_not_compared() {
    let broken = || {
        let pieces = [Ok("[1,"), Err(BoxError::from("as a body may"))];
        ok(Body::from_stream(stream::iter(pieces)))
    };
    let pair = Pair::answering(json, broken, || ok("[1,2]")).await;
    let request = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let answer = pair.primary.send_raw(request).await;
    assert!(!answer.contains("\r\n0\r\n"), "{answer}");
    let report = pair.report(1).await;
    assert_eq!(report.not_compared_for(NotComparedReason::CutShort), 1);
}

#[tokio::test]
async fn an_answer_that_its_client_does_not_read_is_not_compared() {
    let stuck = || {
        let beginning = stream::iter(vec!["x"; 10_000]).map(Ok::<_, Infallible>);
        ok(Body::from_stream(beginning.chain(stream::pending())))
    };
    let pair = Pair::answering(json, stuck, || ok("x")).await;
    let mut connection = pair.primary.connect().await;
    let request = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    connection.write_all(request).await.unwrap();
    connection.read_exact(&mut [0; 10_000]).await.unwrap();
    drop(connection);
    let report = pair.report(1).await;
    assert_eq!(report.not_compared_for(NotComparedReason::CutShort), 1);
}

#[tokio::test]
async fn where_the_primary_gives_no_answer_each_copy_is_counted() {
    let shadows = [Shadow::start().await, Shadow::start().await];
    let [first, second] = &shadows;
    let builder = Mirror::builder().target(first.url()).target(second.url());
    let mirror = json(builder).build().unwrap();
    let panics = async || -> &'static str { std::panic::resume_unwind(Box::new("a handler")) };
    let app = Router::new()
        .route("/panic", axum::routing::get(panics))
        .route("/", axum::routing::get(async || "shadow"))
        .layer(mirror.layer());
    let primary = Primary::start(app).await;
    let request = "GET /panic HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    primary.send_raw(request).await;
    settled(&mirror, 1).await;
    primary.get("/").await;
    until("both requests are counted for both", || {
        mirror.report().targets.iter().all(|target| {
            let gone = target.not_compared_for(NotComparedReason::PrimaryGone);
            (target.matched, gone, target.not_compared) == (1, 1, 1)
        })
    })
    .await;
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_leaves_a_count() {
    let shadow = Shadow::start().await;
    let mirror = json(Mirror::builder().target(shadow.url()))
        .build()
        .unwrap();
    let app = Router::new()
        .fallback(async || std::future::pending::<&str>().await)
        .layer(mirror.layer());
    let primary = Primary::start(app).await;
    let mut client = primary.connect().await;
    let request = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    client.write_all(request).await.unwrap();
    shadow.receives(1).await;
    drop(client);
    let report = reported(&mirror, 1).await;
    assert_eq!(report.not_compared_for(NotComparedReason::PrimaryGone), 1);
}

#[tokio::test]
async fn an_answer_of_another_type_leaves_a_count() {
    let shadow = Shadow::start().await;
    let mirror = json(Mirror::builder().target(shadow.url()))
        .build()
        .unwrap();
    let other = tower::service_fn(async |_: Request<Body>| {
        Ok::<_, Infallible>(http::Response::new(String::from("not axum's")))
    });
    let request = Request::get("http://a/").body(Body::empty()).unwrap();
    let answer = mirror.layer().layer(other).oneshot(request).await.unwrap();
    assert_eq!(answer.into_body(), "not axum's");
    let report = reported(&mirror, 1).await;
    assert_eq!(report.not_compared_for(NotComparedReason::PrimaryGone), 1);
}
