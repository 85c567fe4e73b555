//! What a candidate gets of the request.

use axum::{
    Extension, Router,
    body::Body,
    extract::{MatchedPath, OriginalUri, Path, Query, State},
    routing::post,
};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Uri, Version};
use mirror_runtime::mirror;
use testkit::{Primary, mirror_named, settled};

use super::{AppState, Log, Page};

#[derive(Clone)]
struct Layered(&'static str);

/// All that extractors can tell of a request, but for the marker of a copy.
#[expect(clippy::too_many_arguments, reason = "it is a handler")]
async fn everything(
    State(log): State<Log>,
    method: Method,
    version: Version,
    uri: Uri,
    OriginalUri(original): OriginalUri,
    matched: MatchedPath,
    Path(id): Path<u64>,
    Query(page): Query<Page>,
    Extension(Layered(layered)): Extension<Layered>,
    mut headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let marker = headers.remove("x-mirrored-from");
    assert_eq!(marker.as_ref(), headers.get("host"), "the marker of a copy");
    log.note(format!(
        "{method} {version:?} {uri} of {original} by {} id {id} page {} {layered} {headers:?} {body:?}",
        matched.as_str(),
        page.number,
    ));
    StatusCode::IM_A_TEAPOT
}

macro_rules! see_everything {
    ($name:ident, $($option:tt)*) => {
        #[mirror(targets = [handler(everything)], name = $($option)*)]
        #[expect(clippy::too_many_arguments, reason = "it is a handler")]
        async fn $name(
            State(log): State<Log>,
            method: Method,
            version: Version,
            uri: Uri,
            OriginalUri(original): OriginalUri,
            matched: MatchedPath,
            Path(id): Path<u64>,
            Query(page): Query<Page>,
            Extension(Layered(layered)): Extension<Layered>,
            headers: HeaderMap,
            body: Bytes,
        ) -> &'static str {
            assert!(!headers.contains_key("x-mirrored-from"));
            log.note(format!(
                "{method} {version:?} {uri} of {original} by {} id {id} page {} {layered} {headers:?} {body:?}",
                matched.as_str(),
                page.number,
            ));
            "primary"
        }
    };
}

see_everything!(buffered, "everything.buffered");
see_everything!(teed, "everything.teed", body = "tee");

#[tokio::test]
async fn a_candidate_sees_what_the_primary_sees() {
    for (mirror, route) in [
        ("everything.buffered", post(buffered)),
        ("everything.teed", post(teed)),
    ] {
        let log = Log::default();
        let inner = Router::new().route("/orders/{id}", route);
        let app = Router::new()
            .nest("/api", inner)
            .layer(Extension(Layered("layered")))
            .with_state(AppState {
                log: log.clone(),
                tenant: "a",
            });
        let primary = Primary::start(app).await;
        let request = Request::post("/api/orders/7?number=3&x=%2e")
            .header("x-custom", "a")
            .header("x-custom", "b")
            .header("authorization", "Bearer secret")
            .header("te", "trailers");
        let answer = primary
            .send(request.body(Body::from("the body")).unwrap())
            .await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "primary"));
        let stats = settled(&mirror_named(mirror), 1).await;
        assert_eq!(
            (stats[0].name.as_str(), stats[0].answered),
            ("handler(everything)", 1)
        );
        assert_eq!(
            stats[0].answered_with(StatusCode::BAD_REQUEST),
            1,
            "{}",
            stats[0]
        );
        let lines = log.lines();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0], lines[1]);
        assert!(lines[0].starts_with("POST HTTP/1.1 /orders/7?number=3&x=%2e of /api/orders/7"));
    }
}

#[mirror(
    targets = [handler(changed_v2)],
    copy_body = false,
    set_headers = { "x-env" = "shadow" },
    remove_headers = ["x-internal"],
    credentials = "strip",
)]
async fn changed(State(_): State<Log>, _: HeaderMap, _: String) {}

async fn changed_v2(State(log): State<Log>, headers: HeaderMap, body: String) {
    let mut names: Vec<_> = headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    log.note(format!("{} {body:?}", names.join(" ")));
}

#[tokio::test]
async fn options_about_the_copy_hold_for_a_candidate() {
    let log = Log::default();
    let app = Router::new().route("/", post(changed));
    let primary = Primary::start(app.with_state(log.clone())).await;
    let request = Request::post("/")
        .header("x-internal", "1")
        .header("x-kept", "1")
        .header("cookie", "session=secret")
        .header("content-type", "text/plain");
    primary
        .send(request.body(Body::from("body")).unwrap())
        .await;
    settled(&mirror_named("tests::handler_targets::request::changed"), 1).await;
    assert_eq!(log.lines(), ["host x-env x-kept x-mirrored-from \"\""]);
}
