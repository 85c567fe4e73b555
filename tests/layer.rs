//! The layer fits every place where axum takes one.

use axum::{
    Router,
    handler::Handler,
    routing::{get, post},
};
use mirror_runtime::Mirror;
use testkit::{Primary, Shadow, settled};

#[tokio::test]
async fn one_mirror_serves_routers_method_routers_and_handlers() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let echo = |body: String| async move { body };
    let app = Router::new()
        .route("/router", post(echo))
        .route_layer(mirror.layer())
        .route("/method", post(echo).layer(mirror.layer()))
        .route("/handler", post(echo.layer(mirror.layer())))
        .route("/none", post(echo));
    let primary = Primary::start(app).await;
    for path in ["/router", "/method", "/handler", "/none"] {
        assert_eq!(primary.post(path, path).await.text(), path);
    }
    settled(&mirror, 3).await;
    let mut copied: Vec<_> = shadow
        .recorded()
        .into_iter()
        .map(|copy| copy.body)
        .collect();
    copied.sort();
    assert_eq!(copied, ["/handler", "/method", "/router"]);
}

#[tokio::test]
async fn an_outer_layer_sees_the_path_before_nesting() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let inner = Router::new()
        .route("/b", get(|| async { "nested" }))
        .layer(mirror.layer());
    let primary = Primary::start(Router::new().nest("/a", inner)).await;
    assert_eq!(primary.get("/a/b?c").await.text(), "nested");
    assert_eq!(shadow.receives_one().await.target, "/a/b?c");
}
