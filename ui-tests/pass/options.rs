//! Every option, in all the ways to write it.

use axum::{
    Router,
    body::Bytes,
    http::{self, request::Parts},
    routing::any,
};
use mirror_runtime::{BufferedResponse, MirrorError, ShadowRequest, SkipReason, Target, mirror};

mod count {
    use super::{BufferedResponse, SkipReason, Target};

    pub fn success(_: &Target, _: &BufferedResponse) {}

    pub fn skip(_: &Target, _: SkipReason) {}
}

fn log<E: std::fmt::Display>(target: &Target, error: &E) {
    tracing::warn!(%target, %error);
}

fn without_cookies(copy: &mut ShadowRequest) {
    copy.headers_mut().remove("cookie");
}

fn is_v2(parts: &Parts) -> bool {
    parts.uri.path().starts_with("/v2")
}

#[mirror(
    targets = [
        "https://staging.example.com",
        target("https://canary.example.com/base", percentage = 5, timeout = "1s", name = "canary"),
        target("http://[::1]:8080/", percentage = 0.1),
        target("http://grpc.example.com", http2 = "prior-knowledge"),
        target("https://old.example.com", http2 = "off", percentage = 1),
        target("https://new.example.com", http2 = "alpn"),
        target(env("GRPC_URL"), http2 = "prior-knowledge"),
        target(
            env("SHADOW_URL"),
            set_headers = { "x-env" = "shadow", "X-Other" = "" },
            map_request = |copy| copy.set_body(""),
            name = "shadow",
        ),
        env("OTHER_SHADOW_URL"),
    ],
    percentage = 12.5,
    sticky = header("X-User-Id"),
    timeout = "1m 30s",
    connect_timeout = "250ms",
    sync = true,
    copy_body = true,
    max_body = "2MiB",
    body = "tee",
    max_in_flight = 64,
    rate_limit = "100/s",
    circuit_breaker = { failures = 3, cooldown = "30s" },
    on_success = count::success,
    on_error = log::<MirrorError>,
    on_skip = count::skip,
    methods = [GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH, TRACE, "PURGE"],
    when = is_v2,
    set_headers = { "x-env" = "shadow", "X-Other" = "" },
    remove_headers = ["x-internal"],
    credentials = "strip",
    host = "preserve",
    map_request = without_cookies,
    mask = ["/email", "/user/*/phone", ""],
    name = "orders.all",
    key = env("MIRROR_KEY"),
)]
async fn paths(body: Bytes) -> Bytes {
    body
}

#[mirror(
    targets = ["https://staging.example.com"],
    percentage = 0,
    sticky = path,
    copy_body = false,
    sync = false,
    circuit_breaker = off,
    rate_limit = "6000/m",
    on_success = |target, response| {
        let (name, status): (&str, http::StatusCode) = (target.name(), response.status());
        tracing::info!(name, %status, latency = ?response.latency());
    },
    on_error = |target, error| tracing::warn!(%target, %error),
    on_skip = |target, reason| tracing::debug!(name = target.name(), reason = reason.as_str()),
    when = |parts| parts.headers.contains_key("x-beta"),
    credentials = "forward",
    host = "target"
)]
async fn closures(body: Bytes) -> Bytes {
    body
}

#[mirror(
    targets = ["https://staging.example.com"],
    on_success = |_: &Target, _: &BufferedResponse| (),
    on_error = move |_, error: &MirrorError| drop(error.to_string()),
    on_skip = |_: &Target, reason: SkipReason| assert_ne!(reason, SkipReason::Loop),
    body = "buffer",
    read_ahead = "250ms",
    circuit_breaker = { failures = 1 },
    when = |parts: &http::request::Parts| -> bool { parts.uri.query().is_none() },
)]
async fn closures_with_types() {}

#[mirror(
    targets = ["https://staging.example.com"],
    circuit_breaker = { cooldown = "1m" },
    sticky = cookie("__Host-sid"),
)]
async fn half_of_a_breaker() {}

fn main() {
    let _: Router = Router::new()
        .route("/paths", any(paths))
        .route("/closures", any(closures))
        .route("/types", any(closures_with_types))
        .route("/breaker", any(half_of_a_breaker));
}
