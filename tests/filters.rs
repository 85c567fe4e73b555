//! Which requests are not copied at all.

use std::sync::Mutex;

use axum::{Router, routing::any};
use http::{Method, Request, request::Parts};
use mirror_runtime::{Mirror, SkipReason, mirror};
use testkit::{Primary, Shadow, mirror_named, settled};

const FILTERED: &str = "http://127.77.0.60:20101";

#[mirror(targets = [FILTERED], methods = [GET, "PURGE"], when = is_wanted, name = "filtered")]
async fn filtered() {}

fn is_wanted(request: &Parts) -> bool {
    !request.headers.contains_key("x-unwanted")
}

#[tokio::test]
async fn methods_and_when_leave_requests_out() {
    let shadow = Shadow::at(FILTERED).await;
    let primary = Primary::start(Router::new().route("/", any(filtered))).await;
    for (method, header, _) in [
        ("GET", "x-wanted", true),
        ("PURGE", "x-wanted", true),
        ("POST", "x-wanted", false),
        ("GET", "x-unwanted", false),
    ] {
        let request = Request::builder()
            .method(method)
            .uri("/")
            .header(header, "1");
        assert_eq!(
            primary
                .send(request.body(axum::body::Body::empty()).unwrap())
                .await
                .status,
            200
        );
    }
    let stats = settled(&mirror_named("filtered"), 4).await;
    assert_eq!(
        (
            stats[0].answered,
            stats[0].skipped_for(SkipReason::Filtered)
        ),
        (2, 2)
    );
    let methods: Vec<_> = shadow
        .recorded()
        .iter()
        .map(|copy| copy.method.to_string())
        .collect();
    assert!(methods.contains(&"GET".to_owned()) && methods.contains(&"PURGE".to_owned()));
}

#[tokio::test]
async fn the_builder_has_the_same_filters_and_samples_what_passes_them() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder()
        .target(shadow.url())
        .percentage(50.0)
        .methods([Method::GET])
        .when(|request| request.uri.path() != "/health")
        .build()
        .unwrap();
    let app = Router::new()
        .fallback(any(|| async {}))
        .layer(mirror.layer());
    let primary = Primary::start(app).await;
    for _ in 0..10 {
        primary.get("/health").await;
        primary.post("/x", "").await;
        primary.get("/x").await;
    }
    let stats = settled(&mirror, 30).await;
    // Half of what passes, wherever sampling starts.
    let left_out = stats[0].skipped_for(SkipReason::NotSampled);
    assert_eq!(stats[0].answered + left_out, 10);
    assert!((4..=6).contains(&left_out), "{left_out}");
    assert_eq!(stats[0].skipped_for(SkipReason::Filtered), 20);
}

/// The URIs that `when` was shown, and the one that the handler sees.
static SHOWN: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn show(request: &Parts) -> bool {
    SHOWN.lock().unwrap().push(request.uri.to_string());
    assert_ne!(request.uri.query(), Some("panic"), "as a filter may");
    request.uri.path().starts_with("/api/v1/")
}

const SHOWN_TO: &str = "http://127.77.0.61:20101";

#[mirror(targets = [SHOWN_TO], when = show, name = "shown")]
async fn shown(uri: http::Uri) -> String {
    uri.to_string()
}

#[tokio::test]
async fn when_sees_the_uri_of_the_copy_wherever_routers_are_nested() {
    let shadow = Shadow::at(SHOWN_TO).await;
    let other = Shadow::start().await;
    let mirror = Mirror::builder()
        .target(other.url())
        .when(show)
        .build()
        .unwrap();
    let users = Router::new().route("/attribute", any(shown)).route(
        "/layer",
        any(|uri: http::Uri| async move { uri.to_string() }).layer(mirror.layer()),
    );
    let v1 = Router::new().nest("/v1", users);
    let primary = Primary::start(Router::new().nest("/api", v1)).await;
    for (path, mirror) in [("attribute", None), ("layer", Some(mirror))] {
        // The handler sees what it saw before, also if `when` panics.
        for query in ["", "?a=%2F", "?panic"] {
            let target = format!("/api/v1/{path}{query}");
            assert_eq!(primary.get(&target).await.text(), format!("/{path}{query}"));
        }
        let uris = std::mem::take(&mut *SHOWN.lock().unwrap());
        let expected = ["", "?a=%2F", "?panic"].map(|query| format!("/api/v1/{path}{query}"));
        assert_eq!(uris, expected);
        let mirror = mirror.unwrap_or_else(|| mirror_named("shown"));
        let stats = settled(&mirror, 3).await.remove(0);
        let filtered = stats.skipped_for(SkipReason::Filtered);
        assert_eq!((stats.answered, filtered), (2, 1), "{stats}");
    }
    let copied = |shadow: &Shadow| {
        let recorded = shadow.recorded().into_iter();
        let mut targets: Vec<_> = recorded.map(|copy| copy.target).collect();
        targets.sort();
        targets
    };
    assert_eq!(
        copied(&shadow),
        ["/api/v1/attribute", "/api/v1/attribute?a=%2F"]
    );
    assert_eq!(copied(&other), ["/api/v1/layer", "/api/v1/layer?a=%2F"]);
}

#[tokio::test]
async fn a_copy_is_not_copied_again() {
    let last = Shadow::start().await;
    let second_mirror = Mirror::new([last.url()]).unwrap();
    let app = |mirror: &Mirror| {
        Router::new()
            .fallback(any(|| async { "ok" }))
            .layer(mirror.layer())
    };
    let second = Primary::start(app(&second_mirror)).await;
    let first_mirror = Mirror::new([format!("http://{}", second.host())]).unwrap();
    let first = Primary::start(app(&first_mirror)).await;
    assert_eq!(first.get("/").await.text(), "ok");
    assert_eq!(settled(&first_mirror, 1).await[0].answered, 1);
    assert_eq!(
        settled(&second_mirror, 1).await[0].skipped_for(SkipReason::Loop),
        1
    );
    assert_eq!(last.connections(), 0);
}

#[tokio::test]
async fn a_request_that_leaves_http_is_not_copied() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let app = Router::new()
        .fallback(any(|| async { "ok" }))
        .layer(mirror.layer());
    let primary = Primary::start(app).await;
    let upgrade = Request::get("/")
        .header("connection", "upgrade")
        .header("upgrade", "websocket");
    let upgrade = upgrade.body(axum::body::Body::empty()).unwrap();
    assert_eq!(primary.send(upgrade).await.text(), "ok");
    assert_eq!(
        settled(&mirror, 1).await[0].skipped_for(SkipReason::Upgrade),
        1
    );
}
