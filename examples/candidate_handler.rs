//! `cargo run --example candidate_handler`
//!
//! Is a rewrite right? The new version of a handler stands beside the old one in the same program,
//! and gets a copy of each request, with the same state. Clients only ever see the old one. What
//! the two say is compared, before the new one is deployed anywhere.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{Method, StatusCode},
    routing::get,
};
use mirror_runtime::mirror;
use serde::{Deserialize, Serialize};
use testkit::demo::{Client, Server, print_counters, settle};

const CUSTOMERS: u64 = 200;

/// Prices in cents, by customer.
type Orders = Arc<BTreeMap<u64, Vec<u64>>>;

#[derive(Serialize, Deserialize, PartialEq)]
struct Invoice {
    customer: u64,
    total: u64,
    discount: u64,
}

/// The handler that clients see: it reads the orders as they come.
#[mirror(
    targets = [handler(invoice_v2)],
    compare = typed,
    on_mismatch = |comparison| println!("{comparison}"),
    name = "invoices",
)]
async fn invoice(
    State(orders): State<Orders>,
    Path(customer): Path<u64>,
) -> Result<Json<Invoice>, StatusCode> {
    let prices = orders.get(&customer).ok_or(StatusCode::NOT_FOUND)?;
    let mut total = 0;
    for price in prices {
        total += price;
    }
    let discount = if total > 10_000 { total / 10 } else { 0 };
    Ok(Json(Invoice {
        customer,
        total: total - discount,
        discount,
    }))
}

/// The rewrite, which is shorter, and gives the discount to those who stay just below it, too.
async fn invoice_v2(
    State(orders): State<Orders>,
    Path(customer): Path<u64>,
) -> Result<Json<Invoice>, StatusCode> {
    let total: u64 = orders
        .get(&customer)
        .ok_or(StatusCode::NOT_FOUND)?
        .iter()
        .sum();
    let discount = if total >= 10_000 { total / 10 } else { 0 };
    Ok(Json(Invoice {
        customer,
        total: total - discount,
        discount,
    }))
}

/// Customer 50 orders for 100.00 exactly.
fn orders() -> Orders {
    let prices = |customer| vec![customer * 100, customer * 60, customer * 40];
    Arc::new((1..CUSTOMERS).map(|id| (id, prices(id))).collect())
}

#[tokio::main]
async fn main() -> testkit::demo::Result {
    let app = Router::new()
        .route("/invoices/{customer}", get(invoice))
        .with_state(orders());
    let primary = Server::anywhere(app)?;

    let mut client = Client::connect(primary.address()).await?;
    // The last one does not exist, and both say so.
    for customer in 1..=CUSTOMERS {
        let path = format!("/invoices/{customer}");
        client.send(Method::GET, &path, "").await?;
    }
    settle().await;
    for mirror in mirror_runtime::mirrors()
        .iter()
        .filter_map(mirror_runtime::MirrorInfo::mirror)
    {
        println!("{}", mirror.report());
    }
    print_counters();
    Ok(())
}
