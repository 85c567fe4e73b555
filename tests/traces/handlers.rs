//! Handlers of the program as targets, and sinks.

use std::sync::Arc;

use axum::{Router, routing::any};
use http::HeaderMap;
use mirror_runtime::{Keeping, Mirror, RecordedExchange, Sink, Target, mirror};
use opentelemetry::trace::SpanKind;
use testkit::{settled, until};

use super::{
    recorded::{Trace, attribute, text},
    send, traced,
};

async fn candidate(headers: HeaderMap) -> String {
    let span = tracing::info_span!("inside");
    span.in_scope(|| headers["traceparent"].to_str().unwrap().to_owned())
}

fn seen(_: &Target, response: &mirror_runtime::BufferedResponse) {
    let seen = String::from_utf8(response.body().to_vec()).unwrap();
    SEEN.lock().unwrap().push(seen);
}

static SEEN: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());

#[mirror(targets = [handler(candidate)], name = "beside_a_candidate", on_success = seen)]
async fn beside_a_candidate(_: HeaderMap) -> String {
    String::new()
}

#[tokio::test]
async fn a_handler_runs_within_the_span_of_its_copy() {
    let primary = traced(Router::new().route("/", any(beside_a_candidate))).await;
    let trace = Trace::sampled();
    send(&primary, &trace, "/").await;
    let copy = trace.copy().await;
    assert_eq!(copy.span_kind, SpanKind::Internal);
    assert_eq!(attribute(&copy, "server.address"), None);
    assert_eq!(
        text(&copy, "mirror.target.name").unwrap(),
        "handler(candidate)"
    );
    let spans = trace.spans();
    let inside = spans.iter().find(|span| span.name == "inside").unwrap();
    assert_eq!(inside.parent_span_id, copy.span_context.span_id());
    settled(&testkit::mirror_named("beside_a_candidate"), 1).await;
    let id = copy.span_context.span_id().to_string();
    until("what it has got", || !SEEN.lock().unwrap().is_empty()).await;
    let seen = SEEN.lock().unwrap().clone();
    assert!(seen.len() == 1 && seen[0].contains(&id), "{seen:?}");
    trace.has_no_orphans();
}

#[derive(Debug)]
struct Kept;

impl Sink for Kept {
    fn keep(&self, exchange: Arc<RecordedExchange>, _: &Target) -> Keeping {
        Box::pin(async move {
            drop(exchange);
            Ok(())
        })
    }
}

/// What keeps the record has spans of its own.
#[tokio::test]
async fn a_sink_is_sent_no_copy_and_has_no_span() {
    let mirror = Mirror::builder()
        .target(Target::sink("kept", Kept))
        .build()
        .unwrap();
    let app = Router::new()
        .fallback(any(|| async {}))
        .layer(mirror.layer());
    let primary = traced(app).await;
    let trace = Trace::sampled();
    send(&primary, &trace, "/").await;
    assert_eq!(settled(&mirror, 1).await[0].answered, 1);
    trace.server().await;
    assert_eq!(trace.spans().len(), 1);
}
