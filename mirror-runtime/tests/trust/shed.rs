//! What is left out so that the process is safe is told, and counts against `promote`.

use std::convert::Infallible;

use axum::{Router, body::Body, response::Response};
use futures_util::future::join_all;
use http::Request;
use mirror_runtime::{CompareMode, Mirror, ReportVerdict, ShedReason, Target, testing::Capture};
use tokio::sync::watch;
use tower::ServiceExt;

const DOCUMENT: &str = r#"{"ok":true}"#;

/// Bursts of requests at once, to a shadow that responds when all of a burst have been there.
fn bursts(mirror: &Mirror, bursts: u32, at_once: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let app = Router::new()
        .fallback(async || Ok::<_, Infallible>(Response::new(Body::from(DOCUMENT))))
        .layer(mirror.layer());
    for burst in 0..bursts {
        runtime.block_on(async {
            let (open, gate) = watch::channel(false);
            let capture = Capture::start().responding_with(move |_| {
                let mut gate = gate.clone();
                async move {
                    let _ = gate.wait_for(|open| *open).await;
                    Response::new(Body::from(DOCUMENT))
                }
            });
            let requests = (0..at_once).map(|i| {
                let path = format!("/x?n={}", burst * at_once + i);
                let request = Request::get(path).body(Body::empty()).unwrap();
                let app = app.clone();
                async move {
                    let response = app.oneshot(request).await.unwrap();
                    let _ = axum::body::to_bytes(response.into_body(), usize::MAX).await;
                }
            });
            join_all(requests).await;
            open.send(true).unwrap();
            let _ = capture.copies().await;
        });
    }
}

#[test]
fn requests_beyond_a_bound_are_told_and_not_promoted() {
    let mirror = Mirror::builder()
        .name("bursts")
        .target(Target::new("http://shadow.test").unwrap().named("shadow"))
        .max_in_flight(100)
        .compare(CompareMode::Json)
        .build()
        .unwrap();
    bursts(&mirror, 6, 150);
    let stats = mirror.stats();
    let shed = stats.targets[0].shed_for(ShedReason::InFlightLimit);
    assert!(shed * 4 > stats.targets[0].received, "{stats}");
    let report = mirror.report();
    assert_ne!(
        report.targets[0].verdict,
        ReportVerdict::Promote,
        "{report}"
    );
    let reason = ShedReason::InFlightLimit.as_str();
    assert!(report.targets[0].reason.contains(reason), "{report}");
}
