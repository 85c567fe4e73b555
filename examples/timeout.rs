//! `cargo run --example timeout`
//!
//! One deadline per copy, from leaving to the last byte of the response. The shadows here take 400
//! ms: one target allows that, the other does not. The client waits for neither.

use std::time::Duration;

use axum::{Router, routing::get};
use mirror_runtime::{BufferedResponse, MirrorError, Target, mirror};
use testkit::demo::{Client, Server, print_counters, say, settle};

const PATIENT: &str = "http://127.0.0.1:20227";
const STRICT: &str = "http://127.0.0.1:20228";

#[mirror(
    targets = [
        target(PATIENT, name = "patient"),
        target(STRICT, name = "strict", timeout = "100ms"),
    ],
    timeout = "2s",
    on_success = answered,
    on_error = failed,
)]
async fn report() -> &'static str {
    "the report"
}

fn answered(target: &Target, answer: &BufferedResponse) {
    let millis = answer.latency().as_millis();
    say(
        target.name(),
        &format!("{} after {millis} ms", answer.status()),
    );
}

fn failed(target: &Target, error: &MirrorError) {
    say(target.name(), &error.to_string());
}

#[tokio::main]
async fn main() -> testkit::demo::Result {
    let slow = || {
        Router::new().fallback(|| async {
            tokio::time::sleep(Duration::from_millis(400)).await;
        })
    };
    let _patient = Server::start(PATIENT, slow())?;
    let _strict = Server::start(STRICT, slow())?;
    let primary = Server::anywhere(Router::new().route("/report", get(report)))?;

    let mut client = Client::connect(primary.address()).await?;
    for _ in 0..3 {
        client.get("/report").await?;
        settle().await;
    }
    print_counters();
    Ok(())
}
