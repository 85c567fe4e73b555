//! What the verdict rests on: which build, which routes, which requests.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use axum::{
    Router,
    routing::{get, post},
};
use mirror_runtime::{Mirror, ReportVerdict, control};
use testkit::{Primary, Shadow, settled};

use super::{Pair, json, ok, reported};

#[tokio::test]
async fn a_new_version_of_the_shadow_begins_the_report_anew() {
    let version = Arc::new(AtomicUsize::new(1));
    let deployed = Arc::clone(&version);
    let pair = Pair::answering(
        |builder| json(builder).version_header("x-version"),
        || ok("1"),
        move || {
            let version = deployed.load(SeqCst);
            let mut response = ok(if version == 1 { "2" } else { "1" });
            let headers = response.headers_mut();
            headers.insert("x-version", version.into());
            response
        },
    )
    .await;
    for _ in 0..5 {
        pair.primary.get("/").await;
    }
    let report = pair.report(5).await;
    assert_eq!(
        (report.mismatched, report.version.as_deref()),
        (5, Some("1"))
    );
    version.store(2, SeqCst);
    for request in 1..=3 {
        pair.primary.get("/").await;
        settled(&pair.mirror, 5 + request).await;
    }
    let report = pair.report(3).await;
    assert_eq!((report.matched, report.version.as_deref()), (3, Some("2")));
    // The counters of the target are read when its first response is compared.
    assert!(report.unanswered.sampled <= 3, "{report}");
    // The counters go on.
    let stats = pair.mirror.stats();
    let target = &stats.targets[0];
    assert_eq!((target.compared, target.raw_mismatched), (8, 5));
}

#[tokio::test]
async fn a_restarted_report_knows_nothing_of_before() {
    let pair = Pair::json("1", "2").await;
    for _ in 0..3 {
        pair.primary.get("/").await;
    }
    pair.report(3).await;
    pair.mirror.restart_report();
    let report = pair.report(0).await;
    assert_eq!((report.mismatched, report.since), (0, None));
    pair.primary.get("/").await;
    let report = pair.report(1).await;
    assert_eq!((report.mismatched, report.unanswered.sampled), (1, 1));
    assert!(report.since.is_some());
    assert_eq!(pair.mirror.stats().targets[0].raw_mismatched, 4);
}

#[tokio::test]
async fn a_report_is_begun_anew_by_name() {
    let shadow = Shadow::answering(|_| ok("2")).await;
    let named = |name: &'static str| {
        json(Mirror::builder().target(shadow.url()).name(name))
            .build()
            .unwrap()
    };
    let (mirror, other) = (named("restarted by name"), named("not restarted"));
    for mirror in [&mirror, &other] {
        let app = Router::new().fallback(async || ok("1"));
        let primary = Primary::start(app.layer(mirror.layer())).await;
        primary.get("/").await;
        reported(mirror, 1).await;
    }
    let activity = mirror.activity();
    control("restarted by name").by("ada").restart_report();
    assert_ne!(mirror.activity(), activity);
    assert_eq!(reported(&mirror, 0).await.since, None);
    assert_eq!(mirror.stats().targets[0].report_since, None);
    let report = reported(&other, 1).await;
    assert_eq!(other.stats().targets[0].report_since, report.since);
    // There is nothing to begin anew, and nothing to fail.
    control("a mirror that nobody has").restart_report();
}

#[tokio::test]
async fn comparisons_are_told_apart_by_route() {
    let shadow = Shadow::answering(|copy| {
        ok(if copy.target.starts_with("/invoices") {
            "2"
        } else {
            "1"
        })
    })
    .await;
    let mirror = json(Mirror::builder().target(shadow.url()).max_body(10))
        .build()
        .unwrap();
    let routes = Router::new()
        .route("/orders/{id}", get(async || ok("1")))
        .route("/upload", post(async |_: String| ok("1")))
        .fallback(async || ok("1"))
        .layer(mirror.layer());
    let primary = Primary::start(Router::new().nest("/v1", routes.clone()).merge(routes)).await;
    for path in [
        "/v1/orders/7",
        "/orders/8",
        "/orders/9",
        "/invoices/10",
        "/invoices/11",
    ] {
        primary.get(path).await;
    }
    primary.post("/upload", "more than ten bytes").await;
    settled(&mirror, 6).await;
    let report = reported(&mirror, 5).await;
    let rows: Vec<_> = report
        .routes
        .iter()
        .map(|row| (&*row.route, row.compared, row.differ, row.not_compared))
        .collect();
    assert_eq!(
        rows,
        [
            ("/invoices/*", 2, 2, 0),
            ("/orders/{id}", 2, 0, 0),
            ("/upload", 0, 0, 1),
            ("/v1/orders/{id}", 1, 0, 0),
        ]
    );
    assert_eq!(report.distinct, 5);
    assert!(
        report.reason.contains("/upload: 1 request, none compared"),
        "{report}"
    );
}

#[tokio::test]
async fn requests_with_other_bodies_are_other_requests() {
    let pair = Pair::json("1", "1").await;
    for i in 0..30 {
        pair.primary
            .post("/graphql", format!("{{{}}}", i % 25))
            .await;
    }
    let report = pair.report(30).await;
    assert_eq!(
        (report.distinct, report.verdict),
        (25, ReportVerdict::NotEnoughData)
    );
}
