//! In `sync` mode the response waits for the copies, and copies and handler run at the same time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, routing::get};
use mirror_runtime::{BufferedResponse, FailureKind, Mirror, MirrorError, Target, mirror};
use testkit::{Primary, Shadow, closed_port, eventually, mirror_named, settled};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SYNC: &str = "http://127.77.0.70:20101";

#[mirror(targets = [SYNC], sync = true)]
async fn held() {}

#[tokio::test]
async fn every_copy_has_its_outcome_when_the_client_is_answered() {
    let _shadow = Shadow::at(SYNC).await;
    let primary = Primary::start(Router::new().route("/", get(held))).await;
    for answered in 1..=10 {
        primary.get("/").await;
        let stats = mirror_named("tests::sync::held").stats();
        assert_eq!(
            (stats.targets[0].answered, stats.targets[0].in_flight),
            (answered, 0)
        );
    }
}

#[tokio::test]
async fn callbacks_have_run_when_the_client_is_answered() {
    let shadow = Shadow::start().await;
    let silent = Shadow::holding().await;
    let (successes, errors) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (on_success, on_error) = (Arc::clone(&successes), Arc::clone(&errors));
    let mirror = Mirror::builder()
        .target(shadow.url())
        .target(closed_port().await)
        .target(
            Target::new(silent.url())
                .unwrap()
                .timeout(Duration::from_millis(100))
                .unwrap(),
        )
        .timeout(Duration::from_mins(1))
        .sync(true)
        .on_success(move |_: &Target, _: &BufferedResponse| {
            on_success.fetch_add(1, Ordering::SeqCst);
        })
        .on_error(move |_: &Target, _: &MirrorError| {
            on_error.fetch_add(1, Ordering::SeqCst);
        })
        .build()
        .unwrap();
    let app = Router::new()
        .route("/", get(|| async { "primary" }))
        .layer(mirror.layer());
    let primary = Primary::start(app).await;
    assert_eq!(primary.get("/").await.text(), "primary");
    assert_eq!(
        (
            successes.load(Ordering::SeqCst),
            errors.load(Ordering::SeqCst)
        ),
        (1, 2)
    );
    assert_eq!(
        mirror.stats().targets[2].failed_with(FailureKind::Timeout),
        1
    );
}

#[tokio::test]
async fn the_handler_runs_while_the_copies_are_under_way() {
    // The shadow responds only after the handler has begun, and the handler ends only after the
    // shadow has its copy: one after the other, in either order, would never end.
    let shadow = Arc::new(Shadow::holding().await);
    let mirror = Mirror::builder()
        .target(shadow.url())
        .sync(true)
        .build()
        .unwrap();
    let began = Arc::new(AtomicBool::new(false));
    let handler = {
        let (shadow, began) = (Arc::clone(&shadow), Arc::clone(&began));
        move || async move {
            began.store(true, Ordering::SeqCst);
            shadow.receives(1).await;
            shadow.release();
            "primary"
        }
    };
    let app = Router::new().route("/", get(handler)).layer(mirror.layer());
    let primary = Primary::start(app).await;
    assert_eq!(primary.get("/").await.text(), "primary");
    assert!(began.load(Ordering::SeqCst));
    assert_eq!(mirror.stats().targets[0].answered, 1);
}

/// A client that has said all that it has to say may close its half of the connection. Servers such
/// as hyper's take that for a client that has gone, and drop a request whose response is not there
/// yet: with `sync` it is there later.
#[tokio::test]
async fn a_client_that_closes_its_half_is_answered_only_without_sync() {
    for sync in [false, true] {
        let shadow = Shadow::holding().await;
        let mirror = Mirror::builder().target(shadow.url()).sync(sync);
        let mirror = mirror.build().unwrap();
        let app = Router::new().fallback(get(|| async { "primary" }));
        let primary = Primary::start(app.layer(mirror.layer())).await;
        let mut client = primary.connect().await;
        let request = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        client.write_all(request).await.unwrap();
        client.shutdown().await.unwrap();
        let mut response = String::new();
        let read = client.read_to_string(&mut response);
        eventually("the end", read).await.unwrap();
        assert_eq!(response.ends_with("\r\n\r\nprimary"), !sync, "{response}");
        // Its copy is sent all the same, and counted.
        shadow.receives_one().await;
        shadow.release();
        assert_eq!(settled(&mirror, 1).await[0].answered, 1);
    }
}
