//! The shadow's responses are compared with the primary's, which reach the client as ever.

mod attribute;
mod baseline;
mod conditional;
mod doors;
mod endless;
mod missing;
mod modes;
mod options;
mod redaction;
mod responses;
mod secrets;
mod server;
mod trailers;
mod verdict;

use std::sync::{Arc, Mutex};

use axum::{Router, body::Body, response::Response};
use http::{StatusCode, header};
use mirror_runtime::{CompareMode, Comparison, Mirror, MirrorBuilder, TargetReport};
use testkit::{Primary, Shadow, until};

/// The shadows here say nothing of the type of their bodies.
fn json(builder: MirrorBuilder) -> MirrorBuilder {
    let builder = builder.compare(CompareMode::Json);
    builder.ignore_headers(["content-type"])
}

/// A primary, its shadow and the mirror between them.
struct Pair {
    mirror: Mirror,
    primary: Primary,
    shadow: Shadow,
    found: Arc<Mutex<Vec<Comparison>>>,
}

impl Pair {
    /// A primary and a shadow that give one response each.
    async fn answering(
        options: impl FnOnce(MirrorBuilder) -> MirrorBuilder,
        primary: impl Fn() -> Response + Clone + Send + Sync + 'static,
        shadow: impl Fn() -> Response + Send + Sync + 'static,
    ) -> Self {
        let shadow = Shadow::answering(move |_| shadow()).await;
        let found = Arc::default();
        let noted: Arc<Mutex<Vec<Comparison>>> = Arc::clone(&found);
        let builder = Mirror::builder().name("pair").target(shadow.url());
        let mirror = options(builder)
            .on_mismatch(move |comparison| noted.lock().unwrap().push(comparison.clone()))
            .build()
            .unwrap();
        let app = Router::new()
            .fallback(async move || primary())
            .layer(mirror.layer());
        Self {
            mirror,
            primary: Primary::start(app).await,
            shadow,
            found,
        }
    }

    /// What is found where both respond with JSON.
    async fn json(primary: &'static str, shadow: &'static str) -> Self {
        let options = |builder: MirrorBuilder| builder.compare(CompareMode::Json);
        Self::answering(options, move || ok(primary), move || ok(shadow)).await
    }

    /// What is reported once so many requests were compared, or were not.
    async fn report(&self, requests: u64) -> TargetReport {
        reported(&self.mirror, requests).await
    }

    /// The only mismatch.
    async fn mismatch(&self) -> Comparison {
        until("a mismatch", || !self.found.lock().unwrap().is_empty()).await;
        let mut found = self.found.lock().unwrap();
        assert_eq!(found.len(), 1);
        found.remove(0)
    }
}

async fn reported(mirror: &Mirror, requests: u64) -> TargetReport {
    let report = || mirror.report().targets.remove(0);
    until(&format!("{requests} answers compared"), || {
        let report = report();
        report.compared + report.not_compared >= requests
    })
    .await;
    let report = report();
    assert_eq!(report.compared + report.not_compared, requests);
    report
}

fn ok(body: impl Into<Body>) -> Response {
    Response::new(body.into())
}

fn status(status: u16) -> Response {
    let mut answer = ok("");
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    answer
}

fn with_type(content_type: &'static str) -> Response {
    let mut answer = ok("{}");
    let value = content_type.parse().unwrap();
    answer.headers_mut().insert(header::CONTENT_TYPE, value);
    answer
}
