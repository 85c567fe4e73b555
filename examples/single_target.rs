//! `cargo run --example single_target`
//!
//! One handler, one shadow: each request of the handler is copied to it. The client gets the primary's answer.

use axum::{Router, extract::Path, routing::get};
use mirror_runtime::mirror;
use testkit::demo::{Client, Server, print_counters, printing, settle};

const STAGING: &str = "http://127.0.0.1:20221";

#[mirror(targets = [STAGING])]
async fn user(Path(id): Path<u32>) -> String {
    format!("user {id}, from the primary")
}

#[tokio::main]
async fn main() -> testkit::demo::Result {
    let rewrite = Router::new().route("/users/{id}", get(|| async { "a user, from staging" }));
    let _staging = Server::start(STAGING, printing("staging", rewrite))?;
    let primary = Server::anywhere(Router::new().route("/users/{id}", get(user)))?;

    let mut client = Client::connect(primary.address()).await?;
    for id in 1..=3 {
        client.get(&format!("/users/{id}?from=app")).await?;
        settle().await;
    }
    print_counters();
    Ok(())
}
