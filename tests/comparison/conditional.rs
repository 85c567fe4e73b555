//! Conditional requests: the client asks with a validator of the primary's, which the shadow may
//! not know.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Request, StatusCode};
use mirror_runtime::{CompareMode, Mirror};
use testkit::{Primary, Shadow};

use super::reported;

/// A resource with this validator, as a server sends it to whoever asks for it.
fn resource(etag: &str, asked: &HeaderMap) -> Response {
    let validator = [("etag", etag)];
    match asked.get("if-none-match") {
        Some(known) if known == etag => (StatusCode::NOT_MODIFIED, validator).into_response(),
        _ => (validator, r#"{"a":1}"#).into_response(),
    }
}

/// What becomes of a request for the resource.
async fn compared(primary: &'static str, shadow: &'static str, condition: &str) -> (u16, String) {
    let shadow = Shadow::answering(move |copy| resource(shadow, &copy.headers)).await;
    let mirror = Mirror::builder()
        .target(shadow.url())
        .compare(CompareMode::Json)
        .build()
        .unwrap();
    let app = axum::Router::new()
        .fallback(async move |headers: HeaderMap| resource(primary, &headers))
        .layer(mirror.layer());
    let request = Request::get("/")
        .header("if-none-match", condition)
        .body(Body::empty());
    let server = Primary::start(app).await;
    let answer = server.send(request.unwrap()).await;
    let report = reported(&mirror, 1).await;
    let counts = [
        ("matched", report.matched),
        ("mismatched", report.mismatched),
    ];
    let counted: Vec<_> = counts.iter().filter(|(_, count)| *count == 1).collect();
    assert_eq!(counted.len(), 1, "{report}");
    (answer.status.as_u16(), counted[0].0.to_owned())
}

#[tokio::test]
async fn answers_are_compared_where_both_have_a_body_or_neither_has() {
    for (shadow, condition, expected) in [
        ("\"1\"", "\"1\"", (304, "matched")),
        ("\"2\"", "\"1\"", (304, "mismatched")),
        ("\"2\"", "\"2\"", (200, "mismatched")),
        ("\"2\"", "\"3\"", (200, "matched")),
    ] {
        let (status, counted) = compared("\"1\"", shadow, condition).await;
        assert_eq!((status, &*counted), expected, "{shadow} {condition}");
    }
}
