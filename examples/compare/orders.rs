//! The orders, as the old version and as the rewrite respond.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{Json, Router, extract::Path, routing::get};
use serde_json::{Value, json};

pub(crate) fn primary() -> Router {
    Router::new().route("/orders/{id}", get(order))
}

pub(crate) fn rewrite() -> Router {
    Router::new().route("/orders/{id}", get(rewritten_order))
}

async fn order(Path(id): Path<u32>) -> Json<Value> {
    Json(json!({
        "id": id,
        "customer": "Ann",
        "items": ["tea", "cup"],
        "total": f64::from(id) * 1.25 + 0.004,
        "answered_at": nanoseconds(),
        "request": number(),
    }))
}

/// A field of another name, a total to the cent, and the items in another order.
async fn rewritten_order(Path(id): Path<u32>) -> Json<Value> {
    Json(json!({
        "id": id,
        "client": "Ann",
        "items": ["cup", "tea"],
        "total": f64::from(id) * 1.25,
        "answered_at": nanoseconds(),
        "request": number(),
    }))
}

/// Noise: no two responses are of the same moment.
fn nanoseconds() -> u128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos())
}

/// Noise: each response has a number of its own.
fn number() -> u64 {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    NUMBER.fetch_add(1, Relaxed)
}
