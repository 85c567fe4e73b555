//! Only axum calls a mirrored handler that has no name for its original.

#![allow(unused)]

use axum::Json;
use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"])]
async fn find(id: Json<u8>) {}

async fn calls() {
    find(Json(1)).await;
}

fn main() {}
