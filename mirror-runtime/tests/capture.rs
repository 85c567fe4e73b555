//! The harness for tests of mirrored routes, used as its users do: routers in process, and no network.
//!
//! These are here and not beside the other tests, whose package is that of the benchmarks too: it has what services have,
//! and that is not the feature `testing`.

#[path = "capture/answers.rs"]
mod answers;
#[path = "capture/comparing.rs"]
mod comparing;
#[path = "capture/copies.rs"]
mod copies;
#[path = "capture/guard.rs"]
mod guard;
#[path = "capture/targets.rs"]
mod targets;

use axum::{
    Router,
    body::{Body, to_bytes},
    handler::Handler,
    http::Request,
};
use tower::ServiceExt;

/// Sends a request to a handler, and reads the answer to its end.
async fn send<T: 'static>(handler: impl Handler<T, ()>, request: Request<Body>) -> String {
    let app: Router = Router::new().fallback(handler);
    ask(app, request).await
}

async fn ask(app: Router, request: Request<Body>) -> String {
    let answer = app.oneshot(request).await.unwrap();
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

async fn get<T: 'static>(handler: impl Handler<T, ()>, path: &str) -> String {
    send(handler, Request::get(path).body(Body::empty()).unwrap()).await
}
