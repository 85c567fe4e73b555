//! Options that handlers share.

#![deny(warnings)]

use std::time::Duration;

use axum::{Json, Router, http::Method, routing::get};
use mirror_runtime::{
    CircuitBreaker, CompareMode, Credentials, Defaults, Host, Mirror, SkipReason, Target,
    Thresholds, mirror,
};

const STAGING: &str = "https://staging.example.com";

const SHADOW: Defaults = Defaults::new()
    .percentage(10.0)
    .timeout(Duration::from_secs(2))
    .connect_timeout(Duration::from_millis(500))
    .max_body(1 << 20)
    .max_in_flight(8)
    .rate_limit(10, Duration::from_secs(1))
    .circuit_breaker(Some(CircuitBreaker::new(3, Duration::from_secs(30))))
    .methods(&[Method::GET, Method::HEAD])
    .set_headers(&[("x-env", "shadow"), ("x-team", "users")])
    .remove_headers(&["x-internal"])
    .credentials(Credentials::Strip)
    .host(Host::Preserve)
    .on_success(|target, response| assert!(target.name().is_empty() || !response.status().is_success()))
    .on_error(|target, error| drop((target.name().len(), error.to_string())))
    .on_skip(count)
    .when(|parts| parts.uri.query().is_none())
    .compare_headers(&["etag"])
    .ignore(&["/generated_at"])
    .unordered(&["/tags"])
    .tolerance(&[("/total", 0.01)])
    .redact(&["/password"])
    .max_compare_body(1 << 10)
    .on_mismatch(|comparison| drop(comparison.to_string()))
    .baseline("https://old.example.com");

static COMPARED: Defaults = SHADOW.compare(CompareMode::Json);

fn count(_: &Target, _: SkipReason) {}

fn strict() -> Thresholds {
    Thresholds::default().with_min_compared(1_000)
}

/// Nothing is compared: what is about comparing says nothing.
#[mirror(defaults = SHADOW, targets = [STAGING])]
async fn plain() {}

/// What the options here contradict does not count.
#[mirror(
    defaults = COMPARED,
    targets = [STAGING],
    timeout = "100ms",
    copy_body = false,
    set_headers = { "x-internal" = "1" },
    remove_headers = ["x-env"],
    compare = "status",
)]
async fn contradicting() {}

#[mirror(
    defaults = COMPARED,
    targets = [STAGING],
    ignore = ["/items/*/id"],
    tolerance = { "/total" = 1 },
    thresholds = strict(),
    record = "mirror-fixtures",
    max_fixtures = 5,
    max_fixture_bytes = "1MiB",
    baseline = env("OLD_REPLICA_URL"),
)]
async fn added() -> Json<u8> {
    Json(1)
}

/// The baseline of the others is a target here.
#[mirror(defaults = self::COMPARED, targets = ["https://old.example.com"], compare = typed)]
async fn old() -> Json<u8> {
    Json(1)
}

fn main() {
    let _: Router = Router::new()
        .route("/plain", get(plain))
        .route("/contradicting", get(contradicting))
        .route("/added", get(added))
        .route("/old", get(old));
    for defaults in [&SHADOW, &COMPARED] {
        Mirror::builder().defaults(defaults).target(STAGING).build().unwrap();
    }
}
