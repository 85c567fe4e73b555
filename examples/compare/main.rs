//! `cargo run --example compare`
//!
//! Can the rewrite take over? It answers real requests beside the primary, and its answers are compared with the
//! primary's. Three things differ: a field has another name, a total is rounded, a list is in another order. Two fields
//! differ with each answer, whoever gives it; a second server of the old version shows that they are noise.
//!
//! First the answers are compared as they are. Then the team says what it means to change.

mod orders;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use axum::{Router, http::Method};
use mirror_runtime::{CompareMode, Comparison, Mirror, MirrorBuilder, Target};
use support::{Client, Server};

/// Enough for the report to be sure: without a mismatch, 381 answers are.
const ORDERS: usize = 400;

/// Puts a mirror around the orders, sends it requests, and prints so many mismatches and what the report says.
async fn compare(mirror: MirrorBuilder, shown: usize) -> support::Result {
    let (sender, found) = std::sync::mpsc::channel();
    let mirror = mirror
        // What comes too late for this example is not looked at.
        .on_mismatch(move |comparison: &Comparison| drop(sender.send(comparison.to_string())))
        .build()?;
    let app: Router = orders::primary().layer(mirror.layer());
    let primary = Server::anywhere(app)?;
    let mut client = Client::connect(primary.address()).await?;
    for id in 0..ORDERS {
        client
            .send(Method::GET, &format!("/orders/{id}"), "")
            .await?;
        if id < shown
            && let Ok(comparison) = found.recv_timeout(Duration::from_secs(1))
        {
            println!("{comparison}\n");
        }
    }
    mirror_runtime::drain(Duration::from_secs(5)).await;
    println!("{}", mirror.report());
    Ok(())
}

#[tokio::main]
async fn main() -> support::Result {
    let rewrite = Server::anywhere(orders::rewrite())?;
    let old = Server::anywhere(orders::primary())?;
    let mirror = || -> support::Result<MirrorBuilder> {
        Ok(Mirror::builder()
            .name("orders")
            .target(Target::new(rewrite.url())?.named("rewrite"))
            .baseline(Target::new(old.url())?.named("old version"))
            .compare(CompareMode::Json))
    };

    println!("1   The answers as they are\n");
    compare(mirror()?, 2).await?;

    println!("2   The renamed field, the rounding and the order are meant\n");
    let rules = mirror()?
        .ignore(["/customer", "/client"])
        .tolerance("/total", 0.005)
        .unordered(["/items"]);
    compare(rules, 0).await
}
