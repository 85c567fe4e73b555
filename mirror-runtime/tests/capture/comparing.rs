//! Comparing with responses that a test gives.

use std::{
    future::poll_fn,
    sync::{Condvar, Mutex},
    task::Poll,
};

use axum::{Json, Router, http::StatusCode, routing::get as route};
use mirror_runtime::{Comparison, DifferenceKind, Verdict, mirror, mirror_named, testing::Capture};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{get, until};

#[mirror(
    targets = ["https://rewrite.example.com"],
    name = "compared",
    compare = "json",
    ignore = ["/at"],
    baseline = "https://old.example.com"
)]
async fn order() -> Json<Value> {
    Json(json!({ "total": 5, "at": 1 }))
}

#[tokio::test]
async fn a_rewrite_that_answers_alike_matches() {
    let rewrite = Router::new().route(
        "/order",
        route(async || Json(json!({ "at": 2, "total": 5 }))),
    );
    let capture =
        Capture::start().responding_with(move |copy| rewrite.clone().oneshot(copy.into_request()));
    get(order, "/order").await;
    let comparisons = capture.comparisons().await;
    assert_eq!(comparisons.len(), 1);
    assert_eq!(comparisons[0].verdict, Verdict::Match, "{}", comparisons[0]);
    assert_eq!(capture.copies().await.len(), 2, "one for the baseline");
}

#[tokio::test]
async fn a_difference_is_found() {
    let capture = Capture::start().responding_with(async |copy| {
        let is_old = copy.target() == "https://old.example.com";
        Json(json!({ "total": if is_old { 5 } else { 6 } }))
    });
    get(order, "/order").await;
    let comparisons = capture.comparisons().await;
    let [comparison] = &comparisons[..] else {
        panic!("{comparisons:?}")
    };
    assert_eq!(comparison.verdict, Verdict::Mismatch);
    assert_eq!(comparison.mirror, "compared");
    let [difference] = &comparison.differences[..] else {
        panic!("{comparison}")
    };
    assert_eq!(difference.pointer, "/total");
    assert_eq!(difference.kind, DifferenceKind::Value);
}

#[tokio::test]
async fn whoever_is_told_of_a_mismatch_has_been_told() {
    static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    static DOOR: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());
    fn tell(comparison: &Comparison) {
        TOLD.lock().unwrap().push(comparison.path.clone());
        let is_open = DOOR.0.lock().unwrap();
        drop(DOOR.1.wait_while(is_open, |is_open| !*is_open).unwrap());
    }
    #[mirror(targets = ["https://rewrite.example.com"], name = "told", compare = "status", on_mismatch = tell)]
    async fn primary() {}
    let capture = Capture::start().responding_with(async |_| StatusCode::NOT_FOUND);
    get(primary, "/one").await;
    let mirror = mirror_named("told").unwrap();
    until("it is being told", || {
        mirror.report().targets[0].compared == 1 && !TOLD.lock().unwrap().is_empty()
    })
    .await;
    let mut comparisons = std::pin::pin!(capture.comparisons());
    let waits = poll_fn(|context| Poll::Ready(comparisons.as_mut().poll(context).is_pending()));
    assert!(waits.await);
    *DOOR.0.lock().unwrap() = true;
    DOOR.1.notify_all();
    assert_eq!(comparisons.await.len(), 1);
    assert_eq!(*TOLD.lock().unwrap(), ["/one"]);
}
