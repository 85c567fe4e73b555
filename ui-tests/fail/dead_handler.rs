//! A handler that is routed nowhere is dead code, mirrored or not.

#![deny(dead_code)]

use axum::{Router, routing::get};
use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"])]
async fn forgotten(body: String) -> String {
    body
}

#[mirror(targets = ["https://staging.example.com"], original = forgotten_unmirrored)]
async fn forgotten_too(body: String) {
    drop(body);
}

#[mirror(targets = ["https://staging.example.com"])]
async fn routed() {}

struct Users;

impl Users {
    #[mirror(targets = ["https://staging.example.com"])]
    async fn associated() {}
}

fn main() {
    drop::<Router>(Router::new().route("/", get(routed)));
    let Users = Users;
}
