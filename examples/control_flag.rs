//! `cargo run --example control_flag`
//!
//! A feature flag says how much a target gets. Clients of flag services keep the flags in memory
//! and refresh them in the background, so this program asks its client every few seconds, and never
//! within a request. What the flag says goes into the layer `file`: the person at the process, and
//! a fleet that lowers it, count before it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, http::Method, routing::get};
use mirror_runtime::{ControlFile, control, mirror};
use testkit::demo::{Client, Server, print_counters, settle};

const SHADOW: &str = "http://127.0.0.1:20262";

#[mirror(targets = [target(SHADOW, name = "rewrite")], name = "orders", percentage = 0)]
async fn orders() -> &'static str {
    "orders"
}

/// What is needed of a client of `OpenFeature`, Unleash, `LaunchDarkly` and others: a flag's value, or
/// nothing, if the client does not know.
trait Flags: Send + Sync {
    fn number(&self, flag: &str) -> Option<f64>;
}

/// Follows the flag. While the client does not know it, what held before holds on.
async fn follow(flags: Arc<dyn Flags>, every: Duration) {
    loop {
        if let Some(percentage) = flags.number("orders-rewrite-percentage") {
            let mut file = ControlFile::default();
            file.reason = Some("flag orders-rewrite-percentage".to_owned());
            let orders = file.mirrors.entry("orders".to_owned()).or_default();
            orders.targets.insert("rewrite".to_owned(), percentage);
            if let Err(error) = file.apply() {
                eprintln!("{error}");
            }
        }
        tokio::time::sleep(every).await;
    }
}

/// A service in memory.
#[derive(Default)]
struct InMemory(Mutex<Option<f64>>);

impl Flags for InMemory {
    fn number(&self, _: &str) -> Option<f64> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InMemory {
    fn set(&self, value: f64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }
}

#[tokio::main]
async fn main() -> testkit::demo::Result {
    let _shadow = Server::start(SHADOW, Router::new().fallback(|| async { "shadow" }))?;
    let primary = Server::anywhere(Router::new().route("/orders", get(orders)))?;
    let mut client = Client::connect(primary.address()).await?;
    let flags = Arc::new(InMemory::default());
    // Every five seconds is often enough; this program is in a hurry.
    tokio::spawn(follow(flags.clone(), Duration::from_millis(50)));
    for percentage in [50_u8, 100, 0] {
        flags.set(percentage.into());
        let in_force = || control("orders").state().targets[0].percentage;
        while (in_force() - f64::from(percentage)).abs() > f64::EPSILON {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        println!("{}", control("orders").state());
        for _ in 0..10 {
            client.send(Method::GET, "/orders", "").await?;
        }
    }
    settle().await;
    print_counters();
    Ok(())
}
