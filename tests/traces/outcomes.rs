//! What becomes of copies, as their spans say it.

use std::sync::Arc;

use axum::{Router, extract::Path, response::Response, routing::any};
use http::StatusCode;
use mirror_runtime::{Mirror, Target};
use opentelemetry::trace::Status;
use opentelemetry_sdk::trace::SpanData;
use testkit::{Shadow, closed_port, settled, until};
use tokio::sync::Semaphore;

use super::{
    recorded::{Trace, text},
    send, traced,
};

fn is_error(span: &SpanData) -> bool {
    matches!(span.status, Status::Error { .. })
}

/// A shadow that responds with the status that a path names last.
async fn shadow() -> Shadow {
    Shadow::answering(|copy| {
        let status: u16 = copy.target.rsplit('/').next().unwrap().parse().unwrap();
        Response::builder().status(status).body("".into()).unwrap()
    })
    .await
}

async fn respond(Path((primary, _)): Path<(u16, u16)>) -> StatusCode {
    StatusCode::from_u16(primary).unwrap()
}

#[tokio::test]
async fn a_status_is_an_error_unless_the_primary_makes_the_same() {
    let shadow = shadow().await;
    let mirror = Mirror::builder().target(shadow.url()).build().unwrap();
    let app = Router::new()
        .route("/{primary}/{shadow}", any(respond))
        .layer(mirror.layer());
    let primary = traced(app).await;
    for (path, error) in [
        ("/200/200", None),
        ("/500/200", None),
        ("/200/404", Some("404")),
        ("/404/404", None),
        ("/410/404", None),
        ("/404/500", Some("500")),
        ("/503/500", None),
        ("/200/302", None),
    ] {
        let trace = Trace::sampled();
        send(&primary, &trace, path).await;
        let span = trace.copy().await;
        assert_eq!(is_error(&span), error.is_some(), "{path}");
        assert_eq!(text(&span, "error.type").as_deref(), error, "{path}");
        assert_eq!(text(&span, "mirror.outcome").unwrap(), "answered");
    }
}

/// The span of a copy that ends first waits for what the primary says.
#[tokio::test]
async fn a_copy_that_is_faster_knows_what_the_primary_responds() {
    let shadow = shadow().await;
    let mirror = Mirror::builder().target(shadow.url()).build().unwrap();
    let held = Arc::new(Semaphore::new(0));
    let handler = {
        let held = Arc::clone(&held);
        move |path| async move {
            held.acquire().await.unwrap().forget();
            respond(path).await
        }
    };
    let app = Router::new()
        .route("/{primary}/{shadow}", any(handler))
        .layer(mirror.layer());
    let primary = traced(app).await;
    for (requests, path, error) in [(1, "/404/404", false), (2, "/200/404", true)] {
        let trace = Trace::sampled();
        let sent = send(&primary, &trace, path);
        let answered = async {
            settled(&mirror, requests).await;
            assert!(trace.spans().is_empty());
            held.add_permits(1);
        };
        tokio::join!(sent, answered);
        assert_eq!(is_error(&trace.copy().await), error, "{path}");
    }
}

#[tokio::test]
async fn a_failure_is_an_error_with_its_kind() {
    let mirror = Mirror::builder()
        .target(Target::new(closed_port().await).unwrap().named("dead"))
        .build()
        .unwrap();
    let primary = traced(
        Router::new()
            .fallback(any(|| async {}))
            .layer(mirror.layer()),
    )
    .await;
    let trace = Trace::sampled();
    send(&primary, &trace, "/").await;
    let span = trace.copy().await;
    assert!(is_error(&span));
    assert_eq!(span.name, "GET");
    assert_eq!(text(&span, "mirror.outcome").unwrap(), "failed");
    assert_eq!(text(&span, "error.type").unwrap(), "connect");
    assert_eq!(text(&span, "http.response.status_code"), None);
}

/// That is what its end is to a copy, and what giving it up at a drain's deadline is.
#[test]
fn what_is_given_up_here_is_no_error() {
    let trace = Trace::sampled();
    let runtime = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap()
    };
    let of_shadow = runtime();
    let hangs = of_shadow.block_on(Shadow::holding());
    let of_primary = runtime();
    of_primary.block_on(async {
        let mirror = Mirror::builder().target(hangs.url()).build().unwrap();
        let app = Router::new()
            .fallback(any(|| async {}))
            .layer(mirror.layer());
        let primary = traced(app).await;
        send(&primary, &trace, "/").await;
        until("a copy in flight", || {
            mirror.stats().targets[0].in_flight == 1
        })
        .await;
    });
    drop(of_primary);
    let span = of_shadow.block_on(trace.copy());
    assert_eq!(span.status, Status::Unset);
    assert_eq!(text(&span, "mirror.outcome").unwrap(), "cancelled");
    assert_eq!(text(&span, "error.type"), None);
}
