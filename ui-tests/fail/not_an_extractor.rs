//! Arguments that are not extracted from a request: the error names the argument.

#![allow(unused)]

use axum::{Router, extract::Path, routing::get};
use mirror_runtime::mirror;

struct Plain;

#[mirror(targets = ["https://staging.example.com"])]
async fn last(id: Path<u64>, plain: Plain) {}

#[mirror(targets = ["https://staging.example.com"])]
async fn first(plain: Plain, id: Path<u64>) {}

#[mirror(targets = ["https://staging.example.com"])]
async fn missing(missing: Missing, id: Path<u64>) {}

fn main() {
    let _: Router = Router::new()
        .route("/last", get(last))
        .route("/first", get(first));
}
