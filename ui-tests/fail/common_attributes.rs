//! Attributes that stand on the wrong side of the mirror.

#![allow(unused)]

use axum::{Json, extract::State};
use mirror_runtime::mirror;

mod utoipa {
    /// In place of one that makes a document beside the handler.
    pub use axum::debug_handler as path;
}

#[mirror(targets = ["https://staging.example.com"])]
#[utoipa::path]
async fn path_below() {}

#[axum::debug_handler]
/// Documented.
#[tracing::instrument]
#[mirror(targets = ["https://staging.example.com"])]
async fn debug_handler_above() {}

#[mirror(targets = ["https://staging.example.com"])]
#[mirror(targets = ["https://canary.example.com"])]
async fn two_mirrors() {}

fn main() {}
