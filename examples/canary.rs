//! `cargo run --example canary`
//!
//! Is the new version fit for traffic? A fifth of the requests is copied to the new version, and
//! the same fifth to one more instance of the old one, so that the two are judged by the same
//! requests. No client ever sees the new version.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::Path,
    http::{Method, StatusCode},
    routing::get,
};
use mirror_runtime::{BufferedResponse, Target, TargetStats, mirror};
use testkit::demo::{Client, Server, print_counters, settle};

const STABLE: &str = "http://127.0.0.1:20239";
const CANARY: &str = "http://127.0.0.1:20240";
const REQUESTS: u32 = 500;

/// Requests in one burst would measure the burst.
const PACE: Duration = Duration::from_millis(2);

/// Worse than this, and the canary is not let in.
const MAX_MORE_ERRORS: f64 = 1.0;

#[mirror(
    targets = [target(STABLE, name = "stable"), target(CANARY, name = "canary")],
    percentage = 20,
    timeout = "1s",
    on_success = note_latency,
    name = "users",
)]
async fn user(Path(id): Path<u32>) -> String {
    format!("user {id}")
}

static LATENCIES: LazyLock<Mutex<HashMap<String, Vec<Duration>>>> = LazyLock::new(Mutex::default);

fn note_latency(target: &Target, answer: &BufferedResponse) {
    let mut latencies = LATENCIES.lock().unwrap_or_else(PoisonError::into_inner);
    let latencies = latencies.entry(target.name().to_owned()).or_default();
    latencies.push(answer.latency());
}

fn median_latency(target: &str) -> Duration {
    let mut latencies = LATENCIES.lock().unwrap_or_else(PoisonError::into_inner);
    let latencies = latencies.entry(target.to_owned()).or_default();
    latencies.sort_unstable();
    latencies
        .get(latencies.len() / 2)
        .copied()
        .unwrap_or_default()
}

/// The share of copies without a good response, in percent: no response at all counts as much as a
/// 5xx.
#[expect(clippy::cast_precision_loss, reason = "these counts are small")]
fn errors(stats: &TargetStats) -> f64 {
    let errors = stats.failed + stats.answered_with(StatusCode::INTERNAL_SERVER_ERROR);
    100.0 * errors as f64 / stats.sent.max(1) as f64
}

async fn old_version(Path(id): Path<u32>) -> String {
    tokio::time::sleep(Duration::from_millis(3)).await;
    format!("user {id}")
}

/// Faster, and wrong about some users.
async fn new_version(Path(id): Path<u32>) -> Result<String, StatusCode> {
    match id % 20 {
        7 => Err(StatusCode::INTERNAL_SERVER_ERROR),
        _ => Ok(format!("user {id}")),
    }
}

#[tokio::main]
async fn main() -> testkit::demo::Result {
    let _stable = Server::start(STABLE, Router::new().route("/users/{id}", get(old_version)))?;
    let _canary = Server::start(CANARY, Router::new().route("/users/{id}", get(new_version)))?;
    let primary = Server::anywhere(Router::new().route("/users/{id}", get(user)))?;

    let mut client = Client::connect(primary.address()).await?;
    let mut wrong = 0;
    for id in 1..=REQUESTS {
        let path = format!("/users/{id}");
        let answer = client.send(Method::GET, &path, "").await?;
        tokio::time::sleep(PACE).await;
        wrong += u32::from(answer.body != format!("user {id}"));
    }
    settle().await;
    println!("{REQUESTS} requests, {wrong} wrong responses to clients\n");

    let users = mirror_runtime::mirror_named("users");
    let stats = users.ok_or("`users` has served requests")?.stats();
    let stable = stats.target("stable").ok_or("it is a target")?;
    let canary = stats.target("canary").ok_or("it is a target")?;
    println!("          copies  errors  median latency");
    for version in [stable, canary] {
        let (name, sent, errors) = (&version.name, version.sent, errors(version));
        println!(
            "{name:<9} {sent:>6} {errors:>6.1}%  {:.1?}",
            median_latency(name)
        );
    }
    let more = errors(canary) - errors(stable);
    let verdict = if more > MAX_MORE_ERRORS {
        "keep it out"
    } else {
        "let it in"
    };
    println!("verdict   {verdict}: the canary has {more:.1} points more errors than stable");
    print_counters();
    Ok(())
}
