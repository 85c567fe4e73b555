//! `cargo run --example multiple_targets`
//!
//! Three shadows get a copy of each request, whether the others are well or not: one of them is not
//! even running.

use axum::{Json, Router, routing::post};
use mirror_runtime::mirror;
use serde_json::{Value, json};
use testkit::demo::{Client, Server, print_counters, printing, settle};

const STAGING: &str = "http://127.0.0.1:20222";

#[mirror(targets = [
    // The path of a `const`.
    STAGING,
    // A literal. The path and query of each request are put behind its base path.
    target("http://127.0.0.1:20223/audit/v2", name = "audit"),
    // Nothing listens here.
    target("http://127.0.0.1:20224", name = "gone", timeout = "1s"),
])]
async fn create_order(Json(order): Json<Value>) -> Json<Value> {
    Json(json!({ "id": 1, "item": order["item"] }))
}

#[tokio::main]
async fn main() -> testkit::demo::Result {
    let shadow = || Router::new().fallback(|| async { "ok" });
    let _staging = Server::start(STAGING, printing("staging", shadow()))?;
    let _audit = Server::start("http://127.0.0.1:20223", printing("audit", shadow()))?;
    let primary = Server::anywhere(Router::new().route("/orders", post(create_order)))?;

    let mut client = Client::connect(primary.address()).await?;
    for item in ["tea", "cup"] {
        let order = json!({ "item": item }).to_string();
        client.post("/orders?channel=web", &order).await?;
        settle().await;
    }
    print_counters();
    Ok(())
}
