//! The harness for tests of mirrored routes, used as its users do: routers in process, and no
//! network.
//!
//! These are here and not beside the other tests, whose package is that of the benchmarks too: it
//! has what services have, and that is not the feature `testing`.

mod comparing;
mod copies;
mod guard;
mod responses;
mod targets;

use axum::{
    Router,
    body::{Body, to_bytes},
    handler::Handler,
    http::Request,
};
use tower::ServiceExt;

/// Sends a request to a handler, and reads the response to its end.
async fn send<T: 'static>(handler: impl Handler<T, ()>, request: Request<Body>) -> String {
    let app: Router = Router::new().fallback(handler);
    ask(app, request).await
}

async fn ask(app: Router, request: Request<Body>) -> String {
    let answer = app.oneshot(request).await.unwrap();
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

/// Waits until a condition holds, for a while.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(20), waiting).await;
    assert!(waited.is_ok(), "waited in vain: {what}");
}

async fn get<T: 'static>(handler: impl Handler<T, ()>, path: &str) -> String {
    send(handler, Request::get(path).body(Body::empty()).unwrap()).await
}
