//! What a copy that was captured is answered.

use std::sync::{Arc, Mutex};

use axum::{Router, http::StatusCode, routing::get as route};
use mirror_runtime::{FailureKind, Mirror, TargetStats, testing::Capture};
use tower::ServiceExt;

use crate::ask;

/// A mirror, its router, and what its callbacks were told.
fn mirrored() -> (Mirror, Router, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (answers, errors) = (Arc::clone(&told), Arc::clone(&told));
    let mirror = Mirror::builder()
        .target("https://staging.example.com")
        .on_success(move |_, answer| {
            let text = String::from_utf8_lossy(answer.body());
            let answer = format!("{} {text}", answer.status());
            answers.lock().unwrap().push(answer);
        })
        .on_error(move |_, error| errors.lock().unwrap().push(error.kind().to_string()))
        .build()
        .unwrap();
    let app = Router::new()
        .fallback(async || "primary")
        .layer(mirror.layer());
    (mirror, app, told)
}

/// Lets a capture respond to one copy; what was counted, and what the callbacks were told.
async fn answered(capture: Capture) -> (TargetStats, Vec<String>) {
    let (mirror, app, told) = mirrored();
    let request = axum::http::Request::get("/path").body(axum::body::Body::empty());
    assert_eq!(ask(app, request.unwrap()).await, "primary");
    assert_eq!(capture.copies().await.len(), 1);
    let told = told.lock().unwrap().clone();
    (mirror.stats().targets.remove(0), told)
}

#[tokio::test]
async fn an_answer_is_empty_unless_something_else_is_said() {
    let (_, told) = answered(Capture::start()).await;
    assert_eq!(told, ["200 OK "]);
}

#[tokio::test]
async fn a_function_answers() {
    let answer = async |copy: mirror_runtime::testing::CapturedCopy| {
        (StatusCode::IM_A_TEAPOT, copy.uri().path().to_owned())
    };
    let capture = Capture::start().responding_with(answer);
    let (target, told) = answered(capture).await;
    assert_eq!(told, ["418 I'm a teapot /path"]);
    assert_eq!(target.answered_with(StatusCode::IM_A_TEAPOT), 1);
}

#[tokio::test]
async fn a_router_answers() {
    let rewrite: Router = Router::new().route("/path", route(async || "rewritten"));
    let capture =
        Capture::start().responding_with(move |copy| rewrite.clone().oneshot(copy.into_request()));
    let (_, told) = answered(capture).await;
    assert_eq!(told, ["200 OK rewritten"]);
}

#[tokio::test(start_paused = true)]
async fn no_answer_is_a_timeout() {
    let capture = Capture::start().responding_with(async |_| std::future::pending::<()>().await);
    let (target, told) = answered(capture).await;
    assert_eq!(told, ["timeout"]);
    assert_eq!(target.failed_with(FailureKind::Timeout), 1);
}

#[tokio::test]
async fn a_panic_is_a_failure() {
    let capture =
        Capture::start().responding_with(async |_| -> () { panic!("the shadow is broken") });
    let (target, told) = answered(capture).await;
    assert_eq!(told, ["panicked"]);
    assert_eq!(target.failed_with(FailureKind::Panicked), 1);
}
