//! Every option about comparing, in all the ways to write it.

use axum::{
    Json, Router,
    extract::Path,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::get,
};
use mirror_runtime::{BufferedResponse, Comparison, TypedResponse, Verdict, mirror};
use serde::{Deserialize, Serialize};

mod config {
    pub const OLD: &str = "https://old-replica.example.com";
}

mod json {
    use super::{BufferedResponse, Verdict};

    pub fn compare(primary: &BufferedResponse, shadow: &BufferedResponse) -> Verdict {
        if primary.body() == shadow.body() {
            Verdict::Match
        } else {
            Verdict::Mismatch
        }
    }
}

#[derive(Serialize, Deserialize, PartialEq)]
struct User {
    name: String,
}

fn page(_: &Comparison) {}

#[mirror(
    targets = ["https://staging.example.com"],
    compare = "json",
    compare_headers = ["content-type", "ETag"],
    ignore = ["/generated_at", "/items/*/id", "/a~1b/~0", ""],
    unordered = ["/tags"],
    tolerance = { "/total" = 0.01, "/items/*/price" = 1 },
    redact = ["/password"],
    max_compare_body = "64KiB",
    on_mismatch = page,
    baseline = config::OLD,
)]
async fn every_option() -> impl IntoResponse {}

#[mirror(targets = ["https://staging.example.com"], compare = "status", compare_headers = ["location"])]
async fn status() {}

#[mirror(
    targets = ["https://staging.example.com"],
    compare = "bytes",
    max_compare_body = "1MiB",
    on_mismatch = |comparison| tracing::warn!(%comparison),
    baseline = env("OLD_REPLICA_URL"),
)]
async fn bytes() -> &'static str {
    "bytes"
}

#[mirror(targets = ["https://staging.example.com"], compare = json::compare, baseline = "http://[::1]:8080")]
async fn function() {}

#[mirror(
    targets = ["https://staging.example.com"],
    compare = |primary, shadow| {
        if primary.status() == shadow.status() { Verdict::Match } else { Verdict::Mismatch }
    },
)]
async fn closure() {}

#[mirror(targets = ["https://staging.example.com"], compare = typed)]
async fn nothing() {}

#[mirror(targets = ["https://staging.example.com"], compare = typed, ignore = ["/name"])]
async fn typed(Path(id): Path<u64>) -> Result<(StatusCode, HeaderMap, Json<Vec<User>>), String> {
    Err(id.to_string())
}

#[mirror(targets = ["https://staging.example.com"], compare = typed)]
async fn text<'a>() -> &'a str {
    "text"
}

struct Page(String);

impl IntoResponse for Page {
    fn into_response(self) -> axum::response::Response {
        self.0.into_response()
    }
}

impl TypedResponse for Page {
    fn compare(primary: &BufferedResponse, shadow: &BufferedResponse) -> Option<Verdict> {
        String::compare(primary, shadow)
    }
}

#[mirror(targets = ["https://staging.example.com"], compare = typed)]
async fn of_the_users_own<T: Send + Sync + 'static>() -> Page {
    Page(std::any::type_name::<T>().to_owned())
}

fn main() {
    let _: Router = Router::new()
        .route("/every_option", get(every_option))
        .route("/status", get(status))
        .route("/bytes", get(bytes))
        .route("/function", get(function))
        .route("/closure", get(closure))
        .route("/nothing", get(nothing))
        .route("/typed", get(typed))
        .route("/text", get(text))
        .route("/own", get(of_the_users_own::<u8, _>));
}
