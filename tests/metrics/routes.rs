//! The label `http_route`.

use axum::{Router, routing::get};
use mirror_runtime::{Mirror, metrics::Options};
use testkit::{Primary, Shadow, passes_with, settled};

use super::{
    counting::named,
    scrape::{self, Scrape},
};

const ALONE: &str = "MIRROR_TESTS_ALONE";

/// In a process of its own, since all of it tells routes.
#[tokio::test]
async fn a_hundred_routes_are_told_apart_and_the_rest_is_other() {
    const TEST: &str = "routes::a_hundred_routes_are_told_apart_and_the_rest_is_other";
    if std::env::var_os(ALONE).is_none() {
        return passes_with(TEST, vec![(ALONE, "1".to_owned())]).await;
    }
    Options::new().http_route(true).apply();
    assert_eq!(Options::current(), Options::new().http_route(true));
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder()
        .name("routes")
        .target(named(shadow.url(), "a"))
        .build()
        .unwrap();
    let app = (0..120).fold(Router::new(), |app, i| {
        app.route(&format!("/route{i}/x"), get(|| async {}))
    });
    let app = app.route("/orders/{id}", get(|| async {}));
    // The fallback has no route.
    let app = app.layer(mirror.layer());
    let app = app.fallback_service(get(|| async {}).layer(mirror.layer()));
    let primary = Primary::start(app).await;
    primary.get("/orders/7").await;
    primary.get("/orders/8?token=s3cret-canary").await;
    for i in 0..120 {
        primary.get(&format!("/route{i}/x")).await;
    }
    primary.get("/route0/x").await;
    primary.get("/nowhere/s3cret-canary").await;
    settled(&mirror, 124).await;
    let text = scrape::text().await;
    for path in ["s3cret", "/orders/7", "/nowhere"] {
        assert!(!text.contains(path), "{path}");
    }
    let matched = r#"outcome="answered",code="2xx",error_type="",http_route="/orders/{id}"} 2"#;
    let orders = || {
        text.lines()
            .filter(|line| line.contains("/orders"))
            .collect::<Vec<_>>()
    };
    assert!(text.contains(matched), "{:#?}", orders());
    // The parser takes no braces in values.
    let scrape = Scrape::of(&text.replace("{id}", ":id"));
    let routes = |name: &str| scrape.values(name, "http_route");
    for name in [
        "mirror_copies_total",
        "mirror_copy_duration_seconds",
        "mirror_copy_first_byte_seconds",
        "mirror_primary_duration_seconds",
    ] {
        let routes = routes(name);
        assert_eq!(routes.len(), 101, "{name}: {routes:?}");
        assert!(routes.contains_key("_other") && routes.contains_key("/orders/:id"));
    }
    assert!(routes("mirror_requests_total").is_empty());
    let of = |route| [("mirror", "routes"), ("http_route", route)];
    let copies = |route| scrape.count("mirror_copies_total", &of(route));
    assert_eq!(
        [
            copies("/orders/:id"),
            copies("/route0/x"),
            copies("/route1/x")
        ],
        [2, 2, 1]
    );
    assert_eq!(copies("_other"), 21);
    let primaries = "mirror_primary_duration_seconds_count";
    assert_eq!(scrape.count(primaries, &of("_other")), 21);
    // All together they are still what was sent.
    let all = [("mirror", "routes")];
    assert_eq!(scrape.count("mirror_copies_total", &all), 124);
    let sent = [("mirror", "routes"), ("outcome", "sent")];
    assert_eq!(scrape.count("mirror_requests_total", &sent), 124);
    assert_eq!(
        scrape.count("mirror_copy_duration_seconds_count", &all),
        124
    );
}
