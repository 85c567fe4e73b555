//! What comparisons hold and how many wait.

use std::{
    convert::Infallible,
    sync::{
        Condvar, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{Router, body::Body, routing::get};
use futures_util::{StreamExt, stream};
use mirror_runtime::{CompareMode, Limits, Mirror, NotComparedReason, TargetReport, Verdict};
use testkit::{Fault, Faulty, Primary, Shadow, until};

use crate::TURN;

fn report(mirror: &Mirror) -> TargetReport {
    mirror.report().targets.remove(0)
}

async fn noted(mirror: &Mirror, requests: u64) -> TargetReport {
    until(&format!("{requests} answers compared"), || {
        let report = report(mirror);
        report.compared + report.not_compared == requests
    })
    .await;
    report(mirror)
}

/// An app whose responses have 60,000 bytes.
fn app(mirror: &Mirror) -> Router {
    Router::new()
        .route("/", get(async || "x".repeat(60_000)))
        .layer(mirror.layer())
}

#[tokio::test]
async fn an_answer_is_held_until_its_shadow_has_had_its_time() {
    let _turn = TURN.lock().await;
    Limits::new().byte_budget(100_000).apply();
    let hung = Faulty::start(Fault::BlackHole);
    let slow = Mirror::builder()
        .target(hung.url())
        .timeout(Duration::from_millis(300))
        .compare(CompareMode::Bytes)
        .build()
        .unwrap();
    let primary = Primary::start(app(&slow)).await;
    // There is room for one of them.
    let answers = tokio::join!(primary.get("/"), primary.get("/"));
    assert_eq!(
        (answers.0.body.len(), answers.1.body.len()),
        (60_000, 60_000)
    );
    let report = noted(&slow, 2).await;
    assert_eq!(report.not_compared, 2, "{report}");
    // All of it is given back.
    let shadow = Shadow::answering(|_| axum::response::Response::new(Body::from("short"))).await;
    let quick = Mirror::builder()
        .target(shadow.url())
        .compare(CompareMode::Bytes)
        .build()
        .unwrap();
    let primary = Primary::start(app(&quick)).await;
    assert_eq!(primary.get("/").await.body.len(), 60_000);
    let report = noted(&quick, 1).await;
    Limits::new().apply();
    assert_eq!(report.mismatched, 1, "{report}");
}

/// While a shadow does not respond, the primary's response reached its client, and takes no memory
/// that others need unless it is to be compared.
#[tokio::test]
async fn a_slow_shadow_holds_no_more_of_an_answer_than_is_compared() {
    let _turn = TURN.lock().await;
    let silent = Shadow::holding().await;
    let differs = Shadow::answering(|_| axum::response::Response::new(Body::from("short"))).await;
    for (max, compared) in [(1_000, 1), (60_000, 0)] {
        Limits::new().byte_budget(100_000).apply();
        let mirror = |shadow: &Shadow, max| {
            let builder = Mirror::builder().target(shadow.url());
            let builder = builder.compare(CompareMode::Bytes).max_compare_body(max);
            builder.build().unwrap()
        };
        let (slow, quick) = (mirror(&silent, max), mirror(&differs, 60_000));
        let primary = Primary::start(app(&slow)).await;
        assert_eq!(primary.get("/").await.body.len(), 60_000);
        until("the copy is under way", || {
            slow.stats().targets[0].in_flight == 1
        })
        .await;
        let primary = Primary::start(app(&quick)).await;
        assert_eq!(primary.get("/").await.body.len(), 60_000);
        let found = noted(&quick, 1).await;
        Limits::new().apply();
        assert_eq!(found.compared, compared, "{found}");
        assert_eq!(slow.stats().targets[0].in_flight, 1);
        mirror_runtime::drain(Duration::ZERO).await;
    }
}

#[tokio::test]
async fn an_answer_without_room_is_not_compared_and_reaches_its_client() {
    let _turn = TURN.lock().await;
    Limits::new().byte_budget(50_000).apply();
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder()
        .target(shadow.url())
        .compare(CompareMode::Bytes)
        .build()
        .unwrap();
    let pieces = get(async || {
        let pieces = stream::iter(vec!["x"; 60_000]).map(Ok::<_, Infallible>);
        Body::from_stream(pieces)
    });
    let app = app(&mirror).route("/pieces", pieces.layer(mirror.layer()));
    let primary = Primary::start(app).await;
    for path in ["/", "/pieces"] {
        assert_eq!(primary.get(path).await.body.len(), 60_000);
    }
    let report = noted(&mirror, 2).await;
    Limits::new().apply();
    assert_eq!(
        report.not_compared_for(NotComparedReason::Shed),
        2,
        "{report}"
    );
}

static DOOR: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

/// Waits at the door.
fn wait(_: &mirror_runtime::BufferedResponse, _: &mirror_runtime::BufferedResponse) -> Verdict {
    let is_open = DOOR.0.lock().unwrap();
    drop(DOOR.1.wait_while(is_open, |is_open| !*is_open).unwrap());
    Verdict::Match
}

#[tokio::test]
async fn beyond_so_many_comparisons_answers_are_not_compared_and_a_drain_waits_for_the_rest() {
    let _turn = TURN.lock().await;
    let shadow = Shadow::answering(|_| axum::response::Response::new(Body::from("a"))).await;
    let mirror = Mirror::builder()
        .target(shadow.url())
        .compare(CompareMode::Custom(wait))
        .build()
        .unwrap();
    let app = Router::new()
        .route("/", get(async || "b"))
        .layer(mirror.layer());
    let primary = Primary::start(app).await;
    for _ in 0..266 {
        assert_eq!(primary.get("/").await.text(), "b");
    }
    let shed = |mirror: &Mirror| report(mirror).not_compared_for(NotComparedReason::Shed);
    until("what is too much is not compared", || shed(&mirror) == 10).await;
    assert_eq!(report(&mirror).compared, 0);
    let drain = tokio::spawn(mirror_runtime::drain(Duration::from_hours(1)));
    // Once copies are shed, the drain has begun.
    let draining = mirror_runtime::ShedReason::Draining;
    while mirror.stats().targets[0].shed_for(draining) == 0 {
        primary.get("/").await;
    }
    assert!(!drain.is_finished());
    *DOOR.0.lock().unwrap() = true;
    DOOR.1.notify_all();
    let drained = crate::eventually("the drain", drain).await.unwrap();
    assert_eq!(drained.cut, 0);
    assert_eq!(report(&mirror).compared, 256);
    assert_eq!(shed(&mirror), 10);
}

static SHUT: (Mutex<bool>, Condvar) = (Mutex::new(true), Condvar::new());

/// Takes as long as the test likes.
fn take_long(
    _: &mirror_runtime::BufferedResponse,
    _: &mirror_runtime::BufferedResponse,
) -> Verdict {
    pass();
    Verdict::Match
}

#[tokio::test]
async fn a_mirror_whose_comparisons_take_long_keeps_none_of_another_mirror() {
    static TOLD: AtomicUsize = AtomicUsize::new(0);
    let _turn = TURN.lock().await;
    let shadow = Shadow::answering(|_| axum::response::Response::new(Body::from("a"))).await;
    let builder = || Mirror::builder().target(shadow.url());
    let slow = builder().compare(CompareMode::Custom(take_long));
    let slow = slow.build().unwrap();
    let stuck = builder()
        .compare(CompareMode::Bytes)
        .on_mismatch(|_: &_| pass());
    let stuck = stuck.build().unwrap();
    let light = builder()
        .compare(CompareMode::Bytes)
        .on_mismatch(|_: &_| {
            TOLD.fetch_add(1, SeqCst);
        })
        .build()
        .unwrap();
    let app = |mirror: &Mirror| {
        let app = Router::new().route("/", get(async || "b"));
        app.layer(mirror.layer())
    };
    for (mirror, requests) in [(&slow, 300), (&stuck, 10)] {
        let primary = Primary::start(app(mirror)).await;
        for _ in 0..requests {
            assert_eq!(primary.get("/").await.text(), "b");
        }
    }
    // It has more than its share, and no more.
    until("what is too much is not compared", || {
        report(&slow).not_compared_for(NotComparedReason::Shed) == 300 - 256
    })
    .await;
    let primary = Primary::start(app(&light)).await;
    for _ in 0..50 {
        assert_eq!(primary.get("/").await.text(), "b");
    }
    let light = noted(&light, 50).await;
    assert_eq!(light.mismatched, 50, "{light}");
    until("each mismatch is told", || TOLD.load(SeqCst) == 50).await;
    assert_eq!(report(&slow).compared, 0);
    *SHUT.0.lock().unwrap() = false;
    SHUT.1.notify_all();
    until("the slow ones are compared", || {
        report(&slow).compared == 256
    })
    .await;
}

/// Waits until the test has seen enough.
fn pass() {
    let is_shut = SHUT.0.lock().unwrap();
    drop(SHUT.1.wait_while(is_shut, |is_shut| *is_shut).unwrap());
}
