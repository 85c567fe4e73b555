//! Comparing by the attribute, with servers as target and as baseline.

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering::SeqCst},
};

use axum::{Json, Router, response::IntoResponse, routing::get};
use mirror_runtime::{Comparison, mirror};
use serde_json::{Value, json};
use testkit::{Primary, Shadow, mirror_named, until};

const REWRITE: &str = "http://127.77.0.160:20101";
const OLD: &str = "http://127.77.0.161:20101";

static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn tell(comparison: &Comparison) {
    TOLD.lock().unwrap().push(comparison.to_string());
}

/// Another number each time, as a clock.
fn now() -> u64 {
    static CLOCK: AtomicU64 = AtomicU64::new(0);
    CLOCK.fetch_add(1, SeqCst)
}

fn order(total: u64) -> Value {
    json!({ "at": now(), "total": total })
}

#[mirror(
    targets = [REWRITE],
    name = "baselined",
    compare = "json",
    baseline = OLD,
    on_mismatch = tell
)]
async fn baselined() -> Json<Value> {
    Json(order(5))
}

#[tokio::test]
async fn what_the_baseline_of_an_attribute_differs_in_is_noise() {
    // The rewrite is wrong once.
    static REWRITTEN: AtomicU64 = AtomicU64::new(0);
    let total = || 5 + u64::from(REWRITTEN.fetch_add(1, SeqCst) == 60);
    let rewrite = move || Json(order(total())).into_response();
    let rewrite = Shadow::answering_at(REWRITE, move |_| rewrite()).await;
    let old = Shadow::answering_at(OLD, |_| Json(order(5)).into_response()).await;
    let primary = Primary::start(Router::new().route("/", get(baselined))).await;
    for requests in 1..=120 {
        primary.get("/").await;
        // One after the other: the differences so far say what is noise.
        let mirror = mirror_named("baselined");
        until("the answers are compared", || {
            mirror.report().targets[0].compared == requests
        })
        .await;
    }
    rewrite.receives(120).await;
    old.receives(120).await;
    let report = mirror_named("baselined").report();
    let [target] = &report.targets[..] else {
        panic!("{report}")
    };
    assert_eq!((target.noise, target.mismatched), (119, 1), "{report}");
    assert_eq!(target.baseline_latency.count(), 120);
    until("the mismatch is told", || !TOLD.lock().unwrap().is_empty()).await;
    let told = TOLD.lock().unwrap().clone();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("~ /at (noise)"), "{}", told[0]);
    assert!(told[0].contains("~ /total: 5 -> 6"), "{}", told[0]);
}
