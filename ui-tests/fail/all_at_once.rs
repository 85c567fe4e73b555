//! Every mistake of the attribute and of the function shows in one build, in source order.

#![allow(unused)]

use axum::{Json, extract::Path};
use mirror_runtime::mirror;

#[mirror(
    percentage = 120,
    targets = ["localhost:8080", target("https://canary.example.com", timout = "1s")],
    on_error = |target, error| { println!("{target}: {error}") },
    timeout = 2,
    methods = [GET, GTE],
    set_headers = { "te" = "trailers", "x-env" = "shadow\n" },
    sync = ,
    max_bdy = "1MiB",
)]
fn handler(order: Json<u64>, id: Path<u64>) {}

fn uses() {
    let _ = handler;
}

fn main() {}
