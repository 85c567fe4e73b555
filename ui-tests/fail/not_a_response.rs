//! Return types that are no response.

#![allow(unused)]

use axum::{Router, extract::Path, routing::get};
use mirror_runtime::mirror;

struct Plain;

#[mirror(targets = ["https://staging.example.com"])]
async fn plain(id: Path<u64>) -> Plain {
    Plain
}

#[mirror(targets = ["https://staging.example.com"])]
async fn error() -> Result<String, Plain> {
    Err(Plain)
}

#[mirror(targets = ["https://staging.example.com"])]
async fn opaque(id: Path<u64>) -> impl Send {
    Plain
}

#[mirror(targets = ["https://staging.example.com"])]
async fn wrong_body(id: Path<u64>) -> String {
    1
}

fn main() {
    let _: Router = Router::new()
        .route("/plain", get(plain))
        .route("/error", get(error))
        .route("/opaque", get(opaque));
}
