//! `cargo run --example ab_analysis`
//!
//! Two ways to rank search results, tried on real queries before any user sees either of them. Both
//! shadows get the same half of the requests, and `on_success` gathers what they find.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use axum::{Json, Router, extract::Query, http::Method, routing::get};
use mirror_runtime::{BufferedResponse, Target, mirror};
use serde::Deserialize;
use testkit::demo::{Client, Server, print_counters, settle};

const EXACT: &str = "http://127.0.0.1:20241";
const FUZZY: &str = "http://127.0.0.1:20242";
const GOODS: [&str; 6] = ["black tea", "green tea", "teapot", "cup", "saucer", "sugar"];
const QUERIES: [&str; 5] = ["tea", "green", "cups", "pot", "milk"];

#[derive(Deserialize)]
struct Search {
    q: String,
}

#[mirror(
    targets = [target(EXACT, name = "a: exact"), target(FUZZY, name = "b: fuzzy")],
    percentage = 50,
    on_success = gather,
)]
async fn search(Query(search): Query<Search>) -> Json<Vec<&'static str>> {
    Json(goods(|good| good.starts_with(&search.q)))
}

async fn exact(Query(search): Query<Search>) -> Json<Vec<&'static str>> {
    Json(goods(|good| good.split(' ').any(|word| word == search.q)))
}

async fn fuzzy(Query(search): Query<Search>) -> Json<Vec<&'static str>> {
    tokio::time::sleep(Duration::from_millis(2)).await;
    let stem = search.q.trim_end_matches('s');
    Json(goods(|good| good.contains(stem)))
}

fn goods(found: impl Fn(&str) -> bool) -> Vec<&'static str> {
    GOODS.into_iter().filter(|good| found(good)).collect()
}

/// What became of the queries of one variant.
#[derive(Default)]
struct Found {
    queries: usize,
    results: usize,
    empty: usize,
    latencies: Vec<Duration>,
}

static FOUND: LazyLock<Mutex<BTreeMap<String, Found>>> = LazyLock::new(Mutex::default);

fn gather(target: &Target, answer: &BufferedResponse) {
    let Ok(goods) = serde_json::from_slice::<Vec<String>>(answer.body()) else {
        return;
    };
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let found = found.entry(target.name().to_owned()).or_default();
    found.queries += 1;
    found.results += goods.len();
    found.empty += usize::from(goods.is_empty());
    found.latencies.push(answer.latency());
}

fn median(latencies: &[Duration]) -> Duration {
    let mut latencies = latencies.to_vec();
    latencies.sort_unstable();
    latencies
        .get(latencies.len() / 2)
        .copied()
        .unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "these counts are small")]
fn print_findings() {
    println!("variant    queries  results per query  nothing found  median latency");
    for (variant, found) in &*FOUND.lock().unwrap_or_else(PoisonError::into_inner) {
        let queries = found.queries.max(1) as f64;
        println!(
            "{variant:<10} {:>7} {:>18.2} {:>13.0}%  {:>14.1?}",
            found.queries,
            found.results as f64 / queries,
            100.0 * found.empty as f64 / queries,
            median(&found.latencies),
        );
    }
}

#[tokio::main]
async fn main() -> testkit::demo::Result {
    let _exact = Server::start(EXACT, Router::new().route("/search", get(exact)))?;
    let _fuzzy = Server::start(FUZZY, Router::new().route("/search", get(fuzzy)))?;
    let primary = Server::anywhere(Router::new().route("/search", get(search)))?;

    let mut client = Client::connect(primary.address()).await?;
    for query in QUERIES.iter().cycle().take(300) {
        let path = format!("/search?q={query}");
        client.send(Method::GET, &path, "").await?;
        // Queries in one burst would measure the burst.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    settle().await;
    print_findings();
    print_counters();
    Ok(())
}
