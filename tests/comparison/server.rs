//! Responses are compared as the client gets them, from outside of all layers.

use axum::{
    Router,
    body::to_bytes,
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::get,
};
use http::StatusCode;
use mirror_runtime::{CompareAt, CompareAtServer, CompareMode, Mirror, NotComparedReason, mirror};
use testkit::{Primary, Shadow, mirror_named};

use super::{reported, status};

/// What every response of the primary's program goes through: an envelope, a header, and another
/// body for an error.
async fn envelope(response: Response) -> Response {
    if response.status() == StatusCode::NOT_FOUND {
        return (StatusCode::NOT_FOUND, "{\"error\":\"not found\"}").into_response();
    }
    let body = to_bytes(response.into_body(), 1024).await.unwrap();
    let body = format!("{{\"data\":{}}}", str::from_utf8(&body).unwrap());
    ([("x-frame-options", "DENY")], body).into_response()
}

const GET: &str = "GET /orders HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

fn shadow_response(path: &str) -> Response {
    if path == "/missing" {
        return (StatusCode::NOT_FOUND, "{\"error\":\"not found\"}").into_response();
    }
    let headers = [("x-frame-options", "DENY")];
    (headers, "{\"data\":{\"id\":1}}").into_response()
}

fn routes() -> Router {
    Router::new()
        .route("/orders", get(|| async { "{\"id\":1}" }))
        .route("/missing", get(|| async { status(404) }))
}

async fn mirror(at: CompareAt) -> (Mirror, Shadow) {
    let shadow = Shadow::answering(|request| shadow_response(&request.target)).await;
    let mirror = Mirror::builder()
        .name("envelope")
        .target(shadow.url())
        .compare(CompareMode::Json)
        .compare_at(at)
        .compare_headers(["x-frame-options"])
        .build()
        .unwrap();
    (mirror, shadow)
}

#[tokio::test]
async fn what_layers_do_is_part_of_the_response_at_the_server() {
    let (mirror, _shadow) = mirror(CompareAt::Server).await;
    let app = routes()
        .layer(mirror.layer())
        .layer(map_response(envelope))
        .layer(CompareAtServer::new());
    let primary = Primary::start(app).await;
    let response = primary.get("/orders").await;
    assert_eq!(response.text(), "{\"data\":{\"id\":1}}");
    assert_eq!(primary.get("/missing").await.status, 404);
    let report = reported(&mirror, 2).await;
    assert_eq!(report.matched, 2, "{report}");
}

#[tokio::test]
async fn what_layers_do_is_no_part_of_the_response_of_a_handler() {
    let (mirror, _shadow) = mirror(CompareAt::Handler).await;
    let app = routes()
        .layer(mirror.layer())
        .layer(map_response(envelope))
        .layer(CompareAtServer::new());
    let primary = Primary::start(app).await;
    primary.get("/orders").await;
    assert_eq!(reported(&mirror, 1).await.mismatched, 1);
}

#[tokio::test]
async fn without_the_layer_it_is_compared_where_the_mirror_stands() {
    let (mirror, _shadow) = mirror(CompareAt::Server).await;
    let app = routes().layer(map_response(envelope)).layer(mirror.layer());
    let primary = Primary::start(app).await;
    primary.get("/orders").await;
    assert_eq!(reported(&mirror, 1).await.matched, 1);
}

#[tokio::test]
async fn a_layer_that_gives_no_response_leaves_nothing_to_compare() {
    let (mirror, _shadow) = mirror(CompareAt::Server).await;
    let app = routes()
        .layer(mirror.layer())
        .layer(map_response(async |response: Response| {
            assert!(response.status().is_client_error());
            response
        }))
        .layer(CompareAtServer::new());
    let primary = Primary::start(app).await;
    assert_eq!(primary.send_raw(GET).await, "");
    let report = reported(&mirror, 1).await;
    assert_eq!(report.not_compared_for(NotComparedReason::PrimaryGone), 1);
    // The next is compared: without its body, it differs.
    assert_eq!(primary.get("/missing").await.status, 404);
    assert_eq!(reported(&mirror, 2).await.mismatched, 1);
}

const REWRITE: &str = "http://127.77.0.162:20101";

#[mirror(
    targets = [REWRITE],
    name = "at the server",
    compare = "json",
    compare_at = "server"
)]
async fn order() -> &'static str {
    "{\"id\":1}"
}

#[tokio::test]
async fn a_handler_is_compared_at_the_server_as_well() {
    let _shadow = Shadow::answering_at(REWRITE, |_| shadow_response("/orders")).await;
    let app = Router::new()
        .route("/orders", get(order))
        .layer(map_response(envelope))
        .layer(CompareAtServer::new());
    Primary::start(app).await.get("/orders").await;
    assert_eq!(reported(&mirror_named("at the server"), 1).await.matched, 1);
}
