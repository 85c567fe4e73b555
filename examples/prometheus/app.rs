//! The service, its exporter and its rewrite.

use axum::{
    Json, Router, extract::Path, http::header::CONTENT_TYPE, response::IntoResponse, routing::get,
};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use mirror_runtime::{metrics::BUCKETS, mirror};
use serde::Serialize;

/// Where the rewrite is.
pub(crate) const REWRITE: &str = "http://127.0.0.1:20286";

/// Where a second instance of the service is said to be. There is none: its copies fail.
const CANARY: &str = "http://127.0.0.1:20287";

#[derive(Serialize)]
struct Order {
    id: u64,
    cents: u64,
}

#[mirror(
    name = "orders",
    targets = [target(REWRITE, name = "rewrite"), target(CANARY, name = "canary", percentage = 50)],
    compare = "json",
)]
async fn order(Path(id): Path<u64>) -> Json<Order> {
    Json(Order {
        id,
        cents: id * 100,
    })
}

/// The rewrite rounds some prices.
async fn rewritten_order(Path(id): Path<u64>) -> Json<Order> {
    let cents = if id % 10 == 0 { 999 } else { id * 100 };
    Json(Order { id, cents })
}

/// Installs the exporter. Without boundaries it would make summaries, which cannot be added over
/// instances.
pub(crate) fn exporter() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Prefix("mirror_".to_owned()), &BUCKETS)?
        .install_recorder()
}

/// The service.
pub(crate) fn app(exporter: PrometheusHandle) -> Router {
    Router::new()
        .route("/orders/{id}", get(order))
        .route("/metrics", get(move || async move { scrape(&exporter) }))
}

/// The rewrite.
pub(crate) fn rewrite() -> Router {
    Router::new().route("/orders/{id}", get(rewritten_order))
}

fn scrape(exporter: &PrometheusHandle) -> impl IntoResponse + use<> {
    // So that nothing is older than the scrape. Without it everything is up to five seconds old.
    mirror_runtime::metrics::publish();
    let content_type = (CONTENT_TYPE, "text/plain; version=0.0.4");
    ([content_type], exporter.render())
}
