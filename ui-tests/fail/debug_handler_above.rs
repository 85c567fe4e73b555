//! `#[debug_handler]` looks at the function below it, so it goes below the mirror.

#![allow(unused)]

use axum::{Json, debug_handler, extract::State};
use mirror_runtime::mirror;

#[debug_handler]
#[mirror(targets = ["https://staging.example.com"])]
async fn no_argument() {}

#[debug_handler]
#[mirror(targets = ["https://staging.example.com"])]
async fn state(id: State<u8>, body: Json<u64>) {}

fn main() {}
