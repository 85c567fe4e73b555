//! The primary's span: it is told, and never waits.

use axum::{Router, body::Body, routing::any};
use http::StatusCode;
use mirror_runtime::{BodyMode, Mirror, mirror};
use opentelemetry::Value;
use testkit::{Shadow, mirror_named, settled};

use super::{
    recorded::{Trace, attribute},
    send, traced,
};

const HANGS: &str = "http://127.77.0.171:20101";

#[mirror(targets = [HANGS], name = "beside_one_that_hangs")]
async fn beside_one_that_hangs(_: Body) {}

#[tokio::test]
async fn it_ends_when_its_response_does_though_the_shadow_hangs() {
    let hangs = Shadow::holding_at(HANGS).await;
    let app = Router::new().route("/attribute", any(beside_one_that_hangs));
    let mirror = |body| {
        Mirror::builder()
            .target(hangs.url())
            .body(body)
            .build()
            .unwrap()
    };
    let (buffer, tee) = (mirror(BodyMode::Buffer), mirror(BodyMode::Tee));
    let layered = |mirror: &Mirror| any(|_: Body| async {}).layer(mirror.layer());
    let app = app
        .route("/layer", layered(&buffer))
        .route("/tee", layered(&tee));
    let primary = traced(app).await;
    let mut traces = Vec::new();
    for path in ["/attribute", "/layer", "/tee"] {
        let trace = Trace::sampled();
        assert_eq!(send(&primary, &trace, path).await.status, StatusCode::OK);
        traces.push(trace);
    }
    hangs.receives(3).await;
    for trace in &traces {
        trace.server().await;
        assert_eq!(trace.spans().len(), 1, "no copy has ended");
    }
    hangs.release();
    for trace in &traces {
        let (server, copy) = (trace.server().await, trace.copy().await);
        assert_eq!(copy.parent_span_id, server.span_context.span_id());
        assert!(copy.end_time >= server.end_time);
    }
    settled(&mirror_named("beside_one_that_hangs"), 1).await;
}

#[tokio::test]
async fn it_says_whether_its_request_is_sampled() {
    let shadow = Shadow::start().await;
    let build = |percentage| {
        let builder = Mirror::builder()
            .target(shadow.url())
            .percentage(percentage);
        builder.build().unwrap()
    };
    let (all, none) = (build(100.0), build(0.0));
    let app = Router::new()
        .route("/all", any(|| async {}).layer(all.layer()))
        .route("/none", any(|| async {}).layer(none.layer()));
    let primary = traced(app).await;
    for (path, sampled) in [("/all", Some(Value::Bool(true))), ("/none", None)] {
        let trace = Trace::sampled();
        send(&primary, &trace, path).await;
        let server = trace.server().await;
        assert_eq!(attribute(&server, "mirror.sampled"), sampled);
    }
    settled(&all, 1).await;
}
