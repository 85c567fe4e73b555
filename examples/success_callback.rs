//! `cargo run --example success_callback`
//!
//! `on_success` hears of each HTTP response of a shadow, whatever its status: success means that
//! the copy was answered.

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use mirror_runtime::{BufferedResponse, Target, mirror};
use testkit::demo::{Client, Server, print_counters, say, settle};

const STAGING: &str = "http://127.0.0.1:20235";

#[mirror(targets = [target(STAGING, name = "staging")], on_success = answered)]
async fn job(Path(id): Path<u32>) -> String {
    format!("job {id}")
}

/// Runs after the client got its response. It must not block.
fn answered(target: &Target, answer: &BufferedResponse) {
    let server = answer.headers().get(header::SERVER);
    let server = server.and_then(|value| value.to_str().ok());
    let text = String::from_utf8_lossy(answer.body());
    let more = if answer.is_truncated() { ".." } else { "" };
    say(
        target.name(),
        &format!(
            "{} by {}, {} bytes, after {:.1?}: {text:.20}{more}",
            answer.status(),
            server.unwrap_or("nobody"),
            answer.body().len(),
            answer.latency(),
        ),
    );
}

async fn staging(Path(id): Path<u32>) -> impl IntoResponse {
    let (status, body) = match id {
        1 => (StatusCode::ACCEPTED, "queued".to_owned()),
        2 => (StatusCode::INTERNAL_SERVER_ERROR, "out of tea".to_owned()),
        // More than the 64 KiB that are kept for callbacks.
        _ => (StatusCode::OK, "a long response ".repeat(10_000)),
    };
    (status, [(header::SERVER, "rewrite/2.0")], body)
}

#[tokio::main]
async fn main() -> testkit::demo::Result {
    let _staging = Server::start(STAGING, Router::new().route("/jobs/{id}", get(staging)))?;
    let primary = Server::anywhere(Router::new().route("/jobs/{id}", get(job)))?;

    let mut client = Client::connect(primary.address()).await?;
    for id in 1..=3 {
        client.get(&format!("/jobs/{id}")).await?;
        settle().await;
    }
    print_counters();
    for mirror in mirror_runtime::mirrors()
        .iter()
        .filter_map(mirror_runtime::MirrorInfo::mirror)
    {
        let stats = mirror.stats();
        let staging = stats.target("staging").ok_or("staging has counters")?;
        for status in [StatusCode::OK, StatusCode::INTERNAL_SERVER_ERROR] {
            let class = status.as_u16() / 100;
            println!("{class}xx responses: {}", staging.answered_with(status));
        }
    }
    Ok(())
}
