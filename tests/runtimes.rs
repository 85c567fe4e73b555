//! No client and no task is tied to a tokio runtime that is gone.

use axum::{
    Router,
    body::{Body, Bytes},
    routing::{get, post},
};
use futures_util::FutureExt;
use mirror_runtime::{BodyMode, CompareMode, FailureKind, Mirror, ShedReason};
use testkit::{Primary, Shadow, settled};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_mirror_outlives_the_runtimes_it_sends_from() {
    let shadow_runtime = runtime();
    let shadow = shadow_runtime.block_on(Shadow::start());
    let mirror = Mirror::new([shadow.url()]).unwrap();
    // The shadow responds only while its own runtime runs.
    std::thread::spawn(move || shadow_runtime.block_on(std::future::pending::<()>()));
    for sent in 1..=3 {
        runtime().block_on(async {
            let app = Router::new()
                .route("/", get(|| async { "primary" }))
                .layer(mirror.layer());
            assert_eq!(Primary::start(app).await.get("/").await.text(), "primary");
            assert_eq!(settled(&mirror, sent).await[0].answered, sent);
        });
    }
}

#[test]
fn copies_of_a_runtime_that_is_shut_down_are_counted() {
    let runtime = runtime();
    let mirror = runtime.block_on(async {
        let shadow = Shadow::holding().await;
        let mirror = Mirror::new([shadow.url()]).unwrap();
        let app = Router::new()
            .route("/", get(|| async { "primary" }))
            .layer(mirror.layer());
        Primary::start(app).await.get("/").await;
        shadow.receives(1).await;
        mirror
    });
    drop(runtime);
    let stats = &mirror.stats().targets[0];
    assert_eq!(
        (stats.failed_with(FailureKind::Cancelled), stats.in_flight),
        (1, 0)
    );
}

/// A mirrored app in every way in which a request is read and its response waits.
fn mirrors(shadow: &str) -> Vec<Mirror> {
    let mut mirrors = Vec::new();
    for sync in [false, true] {
        for body in [BodyMode::Buffer, BodyMode::Tee] {
            for compare in [None, Some(CompareMode::Bytes)] {
                let mirror = Mirror::builder().target(shadow).sync(sync).body(body);
                let mirror = match compare {
                    Some(mode) => mirror.compare(mode),
                    None => mirror,
                };
                mirrors.push(mirror.build().unwrap());
            }
        }
    }
    mirrors
}

fn echo() -> Router {
    Router::new().route("/", post(|body: Bytes| async { body }))
}

/// The primary is what the program is there for, also where it cannot mirror.
fn assert_only_shed(mirror: &Mirror, requests: u64) {
    let stats = &mirror.stats().targets[0];
    let shed = stats.shed_for(ShedReason::NoRuntime);
    assert_eq!((stats.received, shed), (requests, requests), "{stats}");
}

#[test]
fn a_runtime_without_timers_serves_requests_and_sheds_copies() {
    use std::io::{Read, Write};

    let runtime = Builder::new_current_thread().enable_io().build().unwrap();
    runtime.block_on(async {
        for mirror in mirrors("http://127.0.0.1:9") {
            let primary = Primary::start(echo().layer(mirror.layer())).await;
            let host = primary.host();
            // Half of the body comes late: it is waited for without a timer, too.
            let client = tokio::task::spawn_blocking(move || {
                let mut client = std::net::TcpStream::connect(&host).unwrap();
                let head =
                    "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 10\r\n\r\n";
                for part in [head, "hello", "world"] {
                    client.write_all(part.as_bytes()).unwrap();
                    std::thread::yield_now();
                }
                let mut response = String::new();
                client.read_to_string(&mut response).unwrap();
                response
            });
            let response = client.await.unwrap();
            assert!(response.ends_with("\r\n\r\nhelloworld"), "{response}");
            assert_only_shed(&mirror, 1);
        }
    });
}

#[test]
fn an_executor_that_is_not_tokio_serves_requests_and_copies_are_shed() {
    for mirror in mirrors("http://127.0.0.1:9") {
        let app = echo().layer(mirror.layer());
        for body in [
            Body::from("helloworld"),
            Body::from_stream(futures_util::stream::iter(
                ["hello", "world"].map(Ok::<_, std::convert::Infallible>),
            )),
        ] {
            let request = http::Request::post("/").body(body).unwrap();
            let read = async {
                let response = app.clone().oneshot(request).await.unwrap();
                axum::body::to_bytes(response.into_body(), 100).await
            };
            let mut read = Box::pin(read);
            // An executor of the simplest kind.
            let read = loop {
                if let Some(read) = read.as_mut().now_or_never() {
                    break read;
                }
            };
            assert_eq!(read.unwrap(), "helloworld");
        }
        assert_only_shed(&mirror, 2);
    }
}
