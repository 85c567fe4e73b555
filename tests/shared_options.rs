//! Options that handlers share, beside those of each.

use axum::{Router, routing::any};
use http::Request;
use mirror_runtime::{Credentials, Defaults, SkipReason, mirror};
use testkit::{Primary, Shadow, mirror_named, settled};

const SHADOW: &str = "http://127.77.0.98:20101";

const SHARED: Defaults = Defaults::new()
    .percentage(0.0)
    .credentials(Credentials::Strip)
    .set_headers(&[("x-env", "shadow"), ("x-of", "all")])
    .ignore(&["/generated_at"]);

#[mirror(defaults = SHARED, targets = [SHADOW], name = "as_shared")]
async fn as_shared() {}

#[mirror(
    defaults = SHARED,
    targets = [SHADOW],
    name = "of_its_own",
    percentage = 100,
    set_headers = { "x-env" = "its own" },
    original = of_its_own_unmirrored,
)]
async fn of_its_own() -> &'static str {
    "called"
}

#[tokio::test]
async fn a_handler_has_what_it_shares_and_its_own_counts() {
    let shadow = Shadow::at(SHADOW).await;
    let app = Router::new()
        .route("/as-shared", any(as_shared))
        .route("/of-its-own", any(of_its_own));
    let primary = Primary::start(app).await;
    for path in ["/as-shared", "/of-its-own"] {
        let request = Request::builder().uri(path).header("cookie", "secret=1");
        let request = request.body(axum::body::Body::empty()).unwrap();
        assert_eq!(primary.send(request).await.status, 200);
    }
    let stats = settled(&mirror_named("as_shared"), 1).await;
    assert_eq!(stats[0].skipped_for(SkipReason::NotSampled), 1);
    let stats = settled(&mirror_named("of_its_own"), 1).await;
    assert_eq!(stats[0].answered, 1);

    let copies = shadow.recorded();
    let [copy] = &copies[..] else {
        panic!("{copies:?}");
    };
    assert_eq!(copy.headers["x-env"], "its own");
    assert_eq!(copy.headers["x-of"], "all");
    assert!(!copy.headers.contains_key("cookie"));
}

#[tokio::test]
async fn the_original_is_called_without_a_copy() {
    assert_eq!(of_its_own_unmirrored().await, "called");
}
