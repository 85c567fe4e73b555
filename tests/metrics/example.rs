//! The example `prometheus`: its `/metrics`, over a real socket.

use testkit::{Primary, mirror_named, settled};
use tokio::net::TcpListener;

use super::{
    promtool,
    scrape::{EXPORTER, Scrape},
};

#[path = "../../examples/prometheus/app.rs"]
#[expect(dead_code, reason = "this process has an exporter already")]
mod app;

#[tokio::test]
async fn the_example_is_scraped() {
    let rewrite = TcpListener::bind(app::REWRITE.trim_start_matches("http://")).await;
    let rewrite = rewrite.unwrap();
    tokio::spawn(async move { axum::serve(rewrite, app::rewrite()).await });
    let primary = Primary::start(app::app(EXPORTER.clone())).await;
    // It is known before its first request.
    let before = primary.get("/metrics").await.text().to_owned();
    let orders = [("mirror", "orders"), ("target", "rewrite")];
    assert_eq!(
        Scrape::of(&before).count("mirror_requests_total", &orders),
        0
    );
    for id in 1..=20 {
        primary.get(&format!("/orders/{id}")).await;
    }
    let mirror = mirror_named("orders");
    settled(&mirror, 20).await;
    testkit::until("all are compared", || {
        mirror.stats().targets[0].compared == 20
    })
    .await;
    let response = primary.get("/metrics").await;
    assert_eq!(
        response.headers["content-type"],
        "text/plain; version=0.0.4"
    );
    promtool::check_metrics(response.text());
    let scrape = Scrape::of(response.text());
    assert_eq!(scrape.count("mirror_requests_total", &orders), 20);
    let mismatches = [&orders[..], &[("result", "mismatch")]].concat();
    assert_eq!(scrape.count("mirror_comparisons_total", &mismatches), 2);
}
