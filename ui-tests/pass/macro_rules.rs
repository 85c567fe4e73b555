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

fn drop_both<A, B>(_: &A, _: &B) {}

fn main() {
    let _: Router = Router::new()
        .route("/text", post(text))
        .route("/json", post(json));
}
