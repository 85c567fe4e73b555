//! The attribute inside a `macro_rules!`, with values from outside.

use axum::{Json, Router, routing::post};
use mirror_runtime::mirror;

macro_rules! handler {
    ($name:ident, $body:ty, $url:expr, $percentage:expr, $timeout:literal, $callback:expr) => {
        #[mirror(targets = [$url], percentage = $percentage, timeout = $timeout, on_error = $callback)]
        async fn $name(body: $body) -> $body {
            body
        }
    };
}

handler!(
    text,
    String,
    "https://staging.example.com",
    10,
    "2s",
    |_, _| ()
);
handler!(
    json,
    Json<u64>,
    "https://staging.example.com",
    0.5,
    "2s",
    drop_both
);

macro_rules! bounded {
    ($name:ident, $copies:expr, $breaker:tt) => {
        #[mirror(targets = ["http://[::1]"], max_in_flight = $copies, circuit_breaker = $breaker)]
        async fn $name() {}
    };
}

bounded!(few, 5, off);
bounded!(many, 5_000, { failures = 5 });

fn drop_both<A, B>(_: &A, _: &B) {}

fn main() {
    let _: Router = Router::new()
        .route("/text", post(text))
        .route("/json", post(json))
        .route("/few", post(few))
        .route("/many", post(many));
}
