//! `cargo run --example synchronous`
//!
//! By default the client's response never waits for a copy. With `sync = true` it waits until each
//! copy was answered, failed or timed out, and its callback has run: useful in tests, where the
//! next line wants to look at the shadow.

use std::time::Duration;

use axum::{Router, routing::get};
use mirror_runtime::{BufferedResponse, Target, mirror};
use testkit::demo::{Client, Server, print_counters, say, settle};

const STAGING: &str = "http://127.0.0.1:20229";

#[mirror(targets = [target(STAGING, name = "staging")], on_success = answered)]
async fn in_background() -> &'static str {
    "from the primary"
}

#[mirror(targets = [target(STAGING, name = "staging")], on_success = answered, sync = true)]
async fn in_step() -> &'static str {
    "from the primary"
}

fn answered(target: &Target, answer: &BufferedResponse) {
    let millis = answer.latency().as_millis();
    say(
        target.name(),
        &format!("responded to its copy, {millis} ms after it left"),
    );
}

#[tokio::main]
async fn main() -> testkit::demo::Result {
    let slow = Router::new().fallback(|| async {
        tokio::time::sleep(Duration::from_millis(300)).await;
    });
    let _staging = Server::start(STAGING, slow)?;
    let app = Router::new()
        .route("/background", get(in_background))
        .route("/sync", get(in_step));
    let primary = Server::anywhere(app)?;

    let mut client = Client::connect(primary.address()).await?;
    for path in ["/background", "/sync"] {
        say("client", &format!("GET {path}"));
        let answer = client.send(axum::http::Method::GET, path, "").await?;
        let millis = answer.latency.as_millis();
        say("client", &format!("has its response after {millis} ms"));
        settle().await;
    }
    print_counters();
    Ok(())
}
