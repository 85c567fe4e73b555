//! A router without the state that a handler takes.

#![allow(unused)]

use axum::{Router, extract::State, routing::get};
use mirror_runtime::mirror;

#[derive(Clone)]
struct Db;

#[mirror(targets = ["https://staging.example.com"])]
async fn handler(db: State<Db>) {}

fn main() {
    let _: Router = Router::new().route("/", get(handler));
    let _: Router = Router::new().route("/", get(handler)).with_state(1_u8);
}
