//! What must agree.

use std::io::Write;

use axum::{Json, body::Bytes, response::Response};
use flate2::{Compression, write::GzEncoder};
use http::header;
use mirror_runtime::{BufferedResponse, CompareMode, DifferenceKind, MirrorBuilder, Verdict};
use serde::Deserialize;

use super::{Pair, ok, status, with_type};

#[derive(Deserialize, PartialEq)]
struct User {
    #[allow(dead_code, reason = "it is compared")]
    name: String,
}

fn same_length(primary: &BufferedResponse, shadow: &BufferedResponse) -> Verdict {
    if primary.body().len() == shadow.body().len() {
        Verdict::Match
    } else {
        Verdict::Mismatch
    }
}

/// Compared, matched, mismatched and of another schema, for one request.
async fn counts(
    options: impl FnOnce(MirrorBuilder) -> MirrorBuilder,
    primary: impl Fn() -> Response + Clone + Send + Sync + 'static,
    shadow: impl Fn() -> Response + Send + Sync + 'static,
) -> [u64; 4] {
    let pair = Pair::answering(options, primary, shadow).await;
    pair.primary.get("/").await;
    let report = pair.report(1).await;
    [
        report.compared,
        report.matched,
        report.mismatched,
        report.schema_mismatch,
    ]
}

const MATCH: [u64; 4] = [1, 1, 0, 0];
const MISMATCH: [u64; 4] = [1, 0, 1, 0];
const SCHEMA_MISMATCH: [u64; 4] = [1, 0, 0, 1];

#[tokio::test]
async fn each_mode_compares_what_it_says() {
    let typed = CompareMode::typed::<Json<User>>();
    let custom = CompareMode::Custom(same_length);
    for (mode, primary, shadow, expected) in [
        (CompareMode::Status, "a", "b", MATCH),
        (
            CompareMode::Json,
            r#"{"a":1,"b":2}"#,
            r#"{"b":2e0, "a":1}"#,
            MATCH,
        ),
        (CompareMode::Json, r#"{"a":1}"#, r#"{"a":2}"#, MISMATCH),
        (CompareMode::Json, "no JSON", "no JSON", MATCH),
        (CompareMode::Json, "no JSON", "{}", MISMATCH),
        (CompareMode::Bytes, "[1]", "[1]", MATCH),
        (CompareMode::Bytes, "[1]", "[ 1 ]", MISMATCH),
        (typed, r#"{"name":"a"}"#, r#"{"name":"a","age":1}"#, MATCH),
        (typed, r#"{"name":"a"}"#, r#"{"name":"b"}"#, MISMATCH),
        (typed, r#"{"name":"a"}"#, r#"{"nom":"a"}"#, SCHEMA_MISMATCH),
        (custom, "abc", "xyz", MATCH),
        (custom, "abc", "wxyz", MISMATCH),
    ] {
        let options = |builder: MirrorBuilder| builder.compare(mode);
        let found = counts(options, move || ok(primary), move || ok(shadow)).await;
        assert_eq!(found, expected, "{mode:?}: {primary} and {shadow}");
    }
}

#[tokio::test]
async fn statuses_must_agree_in_each_mode_but_a_function() {
    for (mode, expected) in [
        (CompareMode::Status, MISMATCH),
        (CompareMode::Json, MISMATCH),
        (CompareMode::Bytes, MISMATCH),
        (CompareMode::typed::<Json<User>>(), MISMATCH),
        (CompareMode::Custom(same_length), MATCH),
    ] {
        let options = |builder: MirrorBuilder| builder.compare(mode);
        let found = counts(options, || status(200), || status(500)).await;
        assert_eq!(found, expected, "{mode:?}");
    }
}

#[tokio::test]
async fn headers_agree_unless_they_are_left_out() {
    for (mode, named, ignored, expected) in [
        (CompareMode::Json, None, None, MISMATCH),
        (CompareMode::Bytes, None, None, MISMATCH),
        (CompareMode::Json, None, Some("Content-Type"), MATCH),
        (CompareMode::Status, None, None, MATCH),
        (CompareMode::Status, Some("Content-Type"), None, MISMATCH),
    ] {
        let options = |builder: MirrorBuilder| {
            let builder = builder.compare(mode);
            builder.compare_headers(named).ignore_headers(ignored)
        };
        let found = counts(
            options,
            || with_type("text/plain"),
            || with_type("text/html"),
        );
        assert_eq!(found.await, expected, "{mode:?} {named:?} {ignored:?}");
    }
}

#[tokio::test]
async fn rules_leave_out_allow_and_reorder() {
    let primary = r#"{"at":1,"tags":["a","b"],"total":10.0,"id":7}"#;
    let shadow = r#"{"at":2,"tags":["b","a"],"total":10.01,"id":7}"#;
    let options = |builder: MirrorBuilder| {
        builder
            .compare(CompareMode::Json)
            .ignore(["/at"])
            .unordered(["/tags"])
            .tolerance("/total", 0.01)
    };
    let found = counts(options, move || ok(primary), move || ok(shadow)).await;
    assert_eq!(found, MATCH);
    let without = |builder: MirrorBuilder| builder.compare(CompareMode::Json);
    let found = counts(without, move || ok(primary), move || ok(shadow)).await;
    assert_eq!(found, MISMATCH);
}

#[tokio::test]
async fn an_answer_is_compared_without_its_encoding() {
    let encoded = |text: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        let mut answer = ok(Bytes::from(encoder.finish().unwrap()));
        let gzip = "gzip".parse().unwrap();
        answer.headers_mut().insert(header::CONTENT_ENCODING, gzip);
        answer
    };
    let json = |builder: MirrorBuilder| builder.compare(CompareMode::Json);
    let plain = r#"{"a":[1,2,3]}"#;
    let found = counts(json, move || ok(plain), move || encoded(plain)).await;
    assert_eq!(found, MATCH);
    let found = counts(json, move || encoded(plain), || ok("{}")).await;
    assert_eq!(found, MISMATCH);
}

#[tokio::test]
async fn a_mismatch_is_told_with_all_that_is_known_of_it() {
    let pair = Pair::json(r#"{"user":{"name":"Ann"}}"#, r#"{"user":{"name":"Bob"}}"#).await;
    pair.primary.post("/users/7?secret=1", "body").await;
    let comparison = pair.mismatch().await;
    assert_eq!(comparison.mirror, "pair");
    assert_eq!(comparison.target, pair.shadow.url());
    assert_eq!(
        (comparison.method.as_str(), &*comparison.path),
        ("POST", "/users/7")
    );
    assert_eq!(comparison.query.as_deref(), Some("secret=[redacted]"));
    assert_eq!(comparison.primary_status, 200);
    assert_eq!(comparison.shadow_status.unwrap(), 200);
    assert!(!comparison.primary_latency.is_zero());
    assert!(!comparison.shadow_latency.unwrap().is_zero());
    assert_eq!(comparison.verdict, Verdict::Mismatch);
    assert!(!comparison.is_noise());
    let [difference] = &comparison.differences[..] else {
        panic!("{comparison}")
    };
    assert_eq!(difference.pointer, "/user/name");
    assert_eq!(difference.kind, DifferenceKind::Value);
    let values = [&difference.primary, &difference.shadow].map(|value| value.as_deref());
    assert_eq!(values, [Some("\"Ann\""), Some("\"Bob\"")]);
    let report = pair.report(1).await;
    assert_eq!(report.groups[0].comparisons, 1);
    assert_eq!(report.primary_latency.count(), 1);
}

#[tokio::test]
async fn a_match_is_told_to_nobody_and_counted() {
    let pair = Pair::json("[1]", "[1e0]").await;
    for requests in 1..=20 {
        pair.primary.get("/").await;
        assert_eq!(pair.report(requests).await.matched, requests);
    }
    assert!(pair.found.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_function_that_panics_is_counted_and_harms_nobody() {
    let options = |builder: MirrorBuilder| {
        builder.compare(CompareMode::Custom(|_, _| {
            std::panic::resume_unwind(Box::new("as a function may"))
        }))
    };
    let pair = Pair::answering(options, || ok("a"), || ok("b")).await;
    for requests in 1..=10 {
        assert_eq!(pair.primary.get("/").await.text(), "a");
        let report = pair.report(requests).await;
        let reason = mirror_runtime::NotComparedReason::Panicked;
        assert_eq!(report.not_compared_for(reason), requests);
    }
}
