//! The shop, and the rewrite that is to replace it.

use std::time::Duration;

use axum::{Json, Router, extract::Path, routing::get};
use mirror_runtime::mirror;
use serde_json::{Value, json};

pub(crate) const REWRITE: &str = "http://127.0.0.1:20261";

/// Nobody listens there.
const CANARY: &str = "http://127.0.0.1:20262";

/// Responses of the rewrite that are wrong: one of so many.
const WRONG: u64 = 40;

#[mirror(
    targets = [
        target(REWRITE, name = "rewrite"),
        target(CANARY, name = "canary", percentage = 20),
    ],
    compare = "json",
    timeout = "1s",
    name = "orders",
)]
async fn order(Path(id): Path<u64>) -> Json<Value> {
    work(id).await;
    Json(of_order(id, "09:00:00", 250 * id))
}

#[mirror(targets = [target(REWRITE, name = "rewrite")], compare = "json", name = "users")]
async fn user(Path(id): Path<u64>) -> Json<Value> {
    work(id).await;
    Json(of_user(id))
}

#[mirror(targets = [target(REWRITE, name = "rewrite")], name = "refunds")]
async fn refund(Path(id): Path<u64>) -> Json<Value> {
    Json(json!({ "refund": id }))
}

pub(crate) fn app() -> Router {
    Router::new()
        .route("/orders/{id}", get(order))
        .route("/users/{id}", get(user))
        .route("/refunds/{id}", get(refund))
}

/// The new version.
pub(crate) fn rewrite() -> Router {
    let order = |Path(id): Path<u64>| async move {
        work(id + 3).await;
        let cents = if id.is_multiple_of(WRONG) {
            0
        } else {
            250 * id
        };
        Json(of_order(id, "09:00:01", cents))
    };
    let user = |Path(id): Path<u64>| async move {
        work(id).await;
        Json(of_user(id))
    };
    Router::new()
        .route("/orders/{id}", get(order))
        .route("/users/{id}", get(user))
}

fn of_order(id: u64, generated_at: &str, cents: u64) -> Value {
    json!({ "id": id, "items": ["tea", "cup"], "cents": cents, "generated_at": generated_at })
}

fn of_user(id: u64) -> Value {
    json!({ "id": id, "name": format!("user {id}") })
}

/// A database, which is not always as fast.
async fn work(id: u64) {
    tokio::time::sleep(Duration::from_millis(2 + id * 7 % 5)).await;
}
