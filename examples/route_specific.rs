//! `cargo run --example route_specific`
//!
//! Only what is annotated is mirrored. `methods` and `when` narrow it down further: here to
//! requests that write, and to those of beta testers.

use axum::{
    Router,
    body::Body,
    http::{Request, request::Parts},
    routing::{any, get},
};
use mirror_runtime::mirror;
use testkit::demo::{Client, Server, print_counters, printing, say, settle};

const STAGING: &str = "http://127.0.0.1:20238";

/// Not mirrored.
async fn health() -> &'static str {
    "well"
}

/// Each request is mirrored.
#[mirror(targets = [target(STAGING, name = "staging")])]
async fn users() -> &'static str {
    "users"
}

/// Only requests with these methods are.
#[mirror(targets = [target(STAGING, name = "staging")], methods = [POST, PUT, "PURGE"])]
async fn orders() -> &'static str {
    "orders"
}

/// Only requests about which `when` says so are. It is asked before sampling.
#[mirror(targets = [target(STAGING, name = "staging")], when = is_beta)]
async fn search() -> &'static str {
    "search"
}

fn is_beta(parts: &Parts) -> bool {
    parts.headers.contains_key("x-beta")
}

#[tokio::main]
async fn main() -> testkit::demo::Result {
    let shadow = Router::new().fallback(|| async { "ok" });
    let _staging = Server::start(STAGING, printing("staging", shadow))?;
    let app = Router::new()
        .route("/health", get(health))
        .route("/users", get(users))
        .route("/orders", any(orders))
        .route("/search", get(search));
    let primary = Server::anywhere(app)?;

    let mut client = Client::connect(primary.address()).await?;
    for (method, path, header) in [
        ("GET", "/health", "x-plain"),
        ("GET", "/users", "x-plain"),
        ("GET", "/orders", "x-plain"),
        ("PUT", "/orders", "x-plain"),
        ("PURGE", "/orders", "x-plain"),
        ("GET", "/search?q=tea", "x-plain"),
        ("GET", "/search?q=tea", "x-beta"),
    ] {
        say("client", &format!("{method} {path} with {header}"));
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header, "1").body(Body::empty())?;
        client.send_request(request).await?;
        settle().await;
    }
    print_counters();
    Ok(())
}
