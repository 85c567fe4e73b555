//! The attribute inside a `macro_rules!`, with values from outside.

use axum::{Json, Router, extract::Path, routing::post};
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

/// All of a handler from outside, its body as one block.
macro_rules! whole {
    ($(#[$attribute:meta])* $visibility:vis $name:ident($($argument:pat => $extractor:ty),*) -> $response:ty $body:block) => {
        #[mirror(
            targets = ["https://staging.example.com"],
            crate = $crate::shared::mirror_runtime,
            on_error = drop_both,
            compare = "json",
            ignore = ["/a"],
        )]
        $(#[$attribute])*
        $visibility async fn $name($($argument: $extractor),*) -> $response $body
    };
}

mod shared {
    pub use mirror_runtime;
}

whole!(pub from_block(Path(id) => Path<u64>) -> String { id.to_string() });
whole!(#[allow(unused)] from_items() -> &'static str {
    const TEXT: &str = "text";
    TEXT
});

macro_rules! without_response {
    ($name:ident, $body:block) => {
        #[mirror(targets = [env("SHADOW_URL")])]
        async fn $name() $body
    };
}

without_response!(nothing, {});

struct Users;

macro_rules! in_an_impl {
    ($name:ident, $body:block) => {
        #[mirror(targets = [env("SHADOW_URL")])]
        async fn $name() -> String $body
    };
}

impl Users {
    const ONE: u64 = 1;

    in_an_impl!(one, { Self::ONE.to_string() });
}

fn drop_both<A, B>(_: &A, _: &B) {}

fn main() {
    let _: Router = Router::new()
        .route("/text", post(text))
        .route("/json", post(json))
        .route("/few", post(few))
        .route("/many", post(many))
        .route("/from-block/{id}", post(from_block))
        .route("/from-items", post(from_items))
        .route("/nothing", post(nothing));
}
