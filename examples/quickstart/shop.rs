//! The primary: it takes orders, and its handler is mirrored.

use std::time::Duration;

use axum::{Json, Router, http::StatusCode, routing::post};
use mirror_runtime::{Mirror, mirror};
use serde::{Deserialize, Serialize};
use testkit::demo::Result;

pub(crate) const STAGING: &str = "http://127.0.0.1:20211";
pub(crate) const CANARY: &str = "http://127.0.0.1:20212";

/// Where orders go that are mirrored, and where those go that are not.
pub(crate) const MIRRORED: &str = "/orders";
pub(crate) const PLAIN: &str = "/plain/orders";

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct NewOrder {
    pub(crate) item: String,
    pub(crate) quantity: u32,
}

#[derive(Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct Order {
    pub(crate) item: String,
    pub(crate) quantity: u32,
    pub(crate) cents: u32,
}

impl NewOrder {
    /// What the shop makes of an order. Each item costs 2.50.
    pub(crate) fn accept(self) -> Order {
        Order {
            cents: self.quantity * 250,
            item: self.item,
            quantity: self.quantity,
        }
    }
}

/// This is all it takes.
#[mirror(
    targets = [target(STAGING, name = "staging"), target(CANARY, name = "canary", percentage = 50)],
    timeout = "500ms",
    name = "orders",
)]
async fn create_order(Json(order): Json<NewOrder>) -> (StatusCode, Json<Order>) {
    save(order).await
}

/// The same without the attribute, to compare with.
async fn create_order_plain(Json(order): Json<NewOrder>) -> (StatusCode, Json<Order>) {
    save(order).await
}

async fn save(order: NewOrder) -> (StatusCode, Json<Order>) {
    // A database.
    tokio::time::sleep(Duration::from_millis(3)).await;
    (StatusCode::CREATED, Json(order.accept()))
}

pub(crate) fn app() -> Router {
    Router::new()
        .route(MIRRORED, post(create_order))
        .route(PLAIN, post(create_order_plain))
}

/// The mirror that the attribute made. It is there from the first request on.
pub(crate) fn mirror() -> Result<Mirror> {
    let orders = mirror_runtime::mirror_named("orders");
    orders.ok_or_else(|| "the mirror `orders` has not served a request".into())
}
