//! `cargo run --example prometheus`
//!
//! A service whose mirror is seen in Prometheus: `GET /metrics` returns what the mirror counts, with
//! what else the service measures. The rewrite behind the mirror is wrong about one order of ten.
//!
//! The example calls its own service, scrapes it, prints some of what it gets, and ends. With an
//! address it serves until it is interrupted, for `curl`, or for a Prometheus of your own:
//!
//! ```sh
//! cargo run --example prometheus -- 127.0.0.1:9898
//! curl http://127.0.0.1:9898/metrics
//! ```
//!
//! `app.rs` needs no other file: it can be copied.

mod app;

use std::{error::Error, time::Duration};

use tokio::net::TcpListener;

/// Of what `/metrics` returns, that which is printed.
const SHOWN: [&str; 6] = [
    "mirror_requests_total",
    "mirror_copies_total",
    "mirror_copy_duration_seconds_count",
    "mirror_primary_duration_seconds_count",
    "mirror_comparisons_total",
    "mirror_verdict",
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1);
    let exporter = app::exporter()?;
    let rewrite = TcpListener::bind(app::REWRITE.trim_start_matches("http://")).await?;
    tokio::spawn(async move { axum::serve(rewrite, app::rewrite()).await });
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let server = tokio::spawn(async move { axum::serve(listener, app::app(exporter)).await });

    let client = reqwest::Client::builder().no_proxy().build()?;
    for id in 1..=40 {
        client.get(format!("{url}/orders/{id}")).send().await?;
    }
    if address.is_some() {
        println!("serving {url}/metrics, until you press Ctrl-C");
        return Ok(server.await??);
    }
    // Copies are in the background: this waits for the last of them.
    mirror_runtime::drain(Duration::from_secs(5)).await;
    let metrics = client.get(format!("{url}/metrics")).send().await?;
    let metrics = metrics.text().await?;
    println!("GET {url}/metrics, without series that are zero:\n");
    let shown = |line: &&str| SHOWN.iter().any(|name| line.starts_with(name));
    for line in metrics.lines().filter(shown) {
        if !line.ends_with(" 0") {
            println!("{line}");
        }
    }
    println!("\n{} lines in all", metrics.lines().count());
    Ok(())
}
