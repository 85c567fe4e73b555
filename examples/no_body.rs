//! `cargo run --example no_body`
//!
//! `copy_body = false` sends copies without the body and without the headers that describe one. The
//! handler still gets all of it. Good for `GET`, where a body means nothing, and for uploads that
//! the shadow does not need.

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Request, header},
    routing::get,
};
use mirror_runtime::mirror;
use testkit::demo::{Client, Server, print_counters, say, settle};

const STAGING: &str = "http://127.0.0.1:20236";

#[mirror(targets = [STAGING], copy_body = false)]
async fn search(headers: HeaderMap, body: Bytes) -> String {
    describe(&headers, &body)
}

#[mirror(targets = [STAGING])]
async fn create(headers: HeaderMap, body: Bytes) -> String {
    describe(&headers, &body)
}

fn describe(headers: &HeaderMap, body: &[u8]) -> String {
    let header = |name| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or("none").to_owned()
    };
    format!(
        "body of {} bytes, content-type: {}, content-length: {}",
        body.len(),
        header(header::CONTENT_TYPE),
        header(header::CONTENT_LENGTH),
    )
}

async fn staging(request: Request<Body>) {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1024).await.unwrap_or_default();
    let got = describe(&parts.headers, &body);
    say(
        "staging",
        &format!("{:<4} got a {got}", parts.method.as_str()),
    );
}

#[tokio::main]
async fn main() -> testkit::demo::Result {
    let _staging = Server::start(STAGING, Router::new().fallback(staging))?;
    let app = Router::new().route("/items", get(search).post(create));
    let primary = Server::anywhere(app)?;

    let mut client = Client::connect(primary.address()).await?;
    for method in ["GET", "POST"] {
        let request = Request::builder()
            .method(method)
            .uri("/items?q=tea")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(r#"{"sort":"price"}"#))?;
        let answer = client.send_request(request).await?;
        say("primary", &format!("{method:<4} got a {}", answer.body));
        settle().await;
    }
    print_counters();
    Ok(())
}
