//! What a comparison has found stands in the span of its copy.

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::any,
};
use mirror_runtime::{CompareMode, Mirror, Target};
use testkit::{Shadow, closed_port, settled};

use super::{
    recorded::{Trace, text},
    send, traced,
};

fn text_of(body: &'static str) -> Response {
    body.into_response()
}

#[tokio::test]
async fn each_result_of_a_comparison_is_there() {
    let shadow = Shadow::answering(|copy| {
        let body = if copy.target == "/same" {
            "{\"a\":1}"
        } else {
            "{\"a\":2}"
        };
        text_of(body)
    })
    .await;
    let mirror = Mirror::builder()
        .target(Target::new(shadow.url()).unwrap().named("shadow"))
        .target(Target::new(closed_port().await).unwrap().named("dead"))
        .compare(CompareMode::Bytes)
        .build()
        .unwrap();
    let app = Router::new()
        .fallback(any(|| async { "{\"a\":1}" }))
        .layer(mirror.layer());
    let primary = traced(app).await;
    for (path, result) in [("/same", "match"), ("/other", "mismatch")] {
        let trace = Trace::sampled();
        send(&primary, &trace, path).await;
        for span in trace.copies(2).await {
            let expected = match text(&span, "mirror.target.name").unwrap().as_str() {
                "shadow" => result,
                _ => "not_compared",
            };
            assert_eq!(text(&span, "mirror.comparison").unwrap(), expected);
        }
        trace.has_no_orphans();
    }
}

/// Whatever its copy is compared with, the baseline's is compared with nothing.
#[tokio::test]
async fn the_copy_for_a_baseline_has_a_span_without_a_result() {
    let shadow = Shadow::answering(|_| text_of("same")).await;
    let old = Shadow::answering(|_| text_of("same")).await;
    let mirror = Mirror::builder()
        .target(Target::new(shadow.url()).unwrap().named("shadow"))
        .baseline(Target::new(old.url()).unwrap().named("old"))
        .compare(CompareMode::Bytes)
        .build()
        .unwrap();
    let app = Router::new()
        .fallback(any(|| async { "same" }))
        .layer(mirror.layer());
    let primary = traced(app).await;
    let trace = Trace::sampled();
    send(&primary, &trace, "/").await;
    settled(&mirror, 1).await;
    for span in trace.copies(2).await {
        let expected = match text(&span, "mirror.target.name").unwrap().as_str() {
            "shadow" => Some("match"),
            _ => None,
        };
        assert_eq!(text(&span, "mirror.comparison").as_deref(), expected);
    }
}
