//! The responses of a candidate are compared as those of a server are.

use std::sync::Mutex;

use axum::{Json, Router, extract::Path, routing::get};
use http::StatusCode;
use mirror_runtime::{BufferedResponse, Comparison, Mirror, Report, Verdict, mirror};
use serde::{Deserialize, Serialize};
use testkit::{Primary, mirror_named, until};

#[derive(Serialize, Deserialize, PartialEq)]
struct Order {
    id: u64,
    total: f64,
}

#[derive(Serialize)]
struct Renamed {
    id: u64,
    sum: f64,
}

/// The report, when so many responses have been compared.
async fn compared(mirror: &Mirror, comparisons: u64) -> Report {
    until("the comparisons", || {
        mirror
            .report()
            .targets
            .iter()
            .all(|target| target.compared + target.not_compared == comparisons)
    })
    .await;
    mirror.report()
}

/// How many of a target's responses matched, did not, and were no such values.
fn verdicts(report: &Report) -> Vec<[u64; 3]> {
    let targets = report.targets.iter();
    targets
        .map(|target| [target.matched, target.mismatched, target.schema_mismatch])
        .collect()
}

#[mirror(targets = [handler(same), handler(rounded), handler(renamed)], compare = typed)]
async fn typed(Path(id): Path<u64>) -> Result<Json<Order>, StatusCode> {
    if id == 0 {
        return Err(StatusCode::NOT_FOUND);
    }
    Ok(Json(Order { id, total: 10.25 }))
}

async fn same(Path(id): Path<u64>) -> Result<Json<Order>, StatusCode> {
    if id == 0 {
        return Err(StatusCode::NOT_FOUND);
    }
    Ok(Json(Order { id, total: 10.25 }))
}

async fn rounded(Path(id): Path<u64>) -> Json<Order> {
    Json(Order { id, total: 10.3 })
}

async fn renamed(Path(id): Path<u64>) -> Json<Renamed> {
    Json(Renamed { id, sum: 10.25 })
}

#[tokio::test]
async fn as_values_of_the_return_type() {
    let primary = Primary::start(Router::new().route("/{id}", get(typed))).await;
    primary.get("/1").await;
    primary.get("/0").await;
    let mirror = mirror_named("tests::handler_targets::comparing::typed");
    let report = compared(&mirror, 2).await;
    assert_eq!(verdicts(&report), [[2, 0, 0], [0, 2, 0], [0, 1, 1]]);
}

static MISMATCHES: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn note(comparison: &Comparison) {
    MISMATCHES.lock().unwrap().push(comparison.to_string());
}

#[mirror(
    targets = [handler(rounded), handler(renamed)],
    compare = "json",
    compare_headers = ["content-type"],
    tolerance = { "/total" = 0.05 },
    redact = ["/sum"],
    on_mismatch = note,
)]
async fn json(Path(id): Path<u64>) -> Json<Order> {
    Json(Order { id, total: 10.25 })
}

#[tokio::test]
async fn as_json_under_the_rules() {
    let primary = Primary::start(Router::new().route("/{id}", get(json))).await;
    primary.get("/1").await;
    let mirror = mirror_named("tests::handler_targets::comparing::json");
    let report = compared(&mirror, 1).await;
    assert_eq!(verdicts(&report), [[1, 0, 0], [0, 1, 0]]);
    until("the callback", || !MISMATCHES.lock().unwrap().is_empty()).await;
    let mismatches = MISMATCHES.lock().unwrap().clone();
    let [mismatch] = &mismatches[..] else {
        panic!("{mismatches:?}")
    };
    assert!(mismatch.contains("handler(renamed)"), "{mismatch}");
    assert!(mismatch.contains("/total"), "{mismatch}");
    let told = mismatch.lines().find(|line| line.contains("/sum"));
    assert!(
        told.is_some_and(|line| !line.contains("10.25")),
        "{mismatch}"
    );
}

fn length(primary: &BufferedResponse, shadow: &BufferedResponse) -> Verdict {
    if primary.body().len() == shadow.body().len() {
        Verdict::Match
    } else {
        Verdict::Mismatch
    }
}

#[mirror(targets = [handler(reversed), handler(longer)], compare = length)]
async fn by_function() -> &'static str {
    "abc"
}

#[mirror(targets = [handler(reversed), handler(longer)], compare = "status")]
async fn by_status() -> &'static str {
    "abc"
}

#[mirror(targets = [handler(reversed), handler(longer)], compare = "bytes")]
async fn by_bytes() -> &'static str {
    "abc"
}

async fn reversed() -> &'static str {
    "cba"
}

async fn longer() -> (StatusCode, &'static str) {
    (StatusCode::CREATED, "abcd")
}

#[tokio::test]
async fn by_what_each_mode_says() {
    for (name, route, expected) in [
        ("by_function", get(by_function), [[1, 0, 0], [0, 1, 0]]),
        ("by_status", get(by_status), [[1, 0, 0], [0, 1, 0]]),
        ("by_bytes", get(by_bytes), [[0, 1, 0], [0, 1, 0]]),
    ] {
        let primary = Primary::start(Router::new().route("/", route)).await;
        assert_eq!(primary.get("/").await.text(), "abc");
        let mirror = mirror_named(&format!("tests::handler_targets::comparing::{name}"));
        let report = compared(&mirror, 1).await;
        assert_eq!(verdicts(&report), expected, "{name}");
    }
}
