//! Handler and shadow get the body that the client sent, byte for byte.

use std::convert::Infallible;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::DefaultBodyLimit,
    routing::post,
};
use futures_util::stream;
use http::{HeaderMap, Request, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use mirror_runtime::{Mirror, SkipReason, mirror};
use testkit::{Answer, Primary, Shadow, connect_h2, mirror_named, settled};

const ECHOED: &str = "http://127.77.0.30:20101";

#[mirror(targets = [ECHOED])]
async fn echo(body: Bytes) -> Bytes {
    body
}

/// A body of unknown length, in pieces: chunked over HTTP/1.1.
fn in_pieces(body: &Bytes, size: usize) -> Body {
    let pieces: Vec<_> = body.chunks(size).map(Bytes::copy_from_slice).collect();
    Body::from_stream(stream::iter(pieces.into_iter().map(Ok::<_, Infallible>)))
}

#[tokio::test]
async fn a_body_arrives_identical_at_handler_and_shadow() {
    let shadow = Shadow::at(ECHOED).await;
    let primary = Primary::start(Router::new().route("/", post(echo))).await;
    let binary: Vec<u8> = (0..=255).cycle().take(64 * 1024).collect();
    for body in [
        "".into(),
        "x".into(),
        Bytes::from(binary),
        Bytes::from(vec![0; 300_000]),
    ] {
        let sizes = [1_000_000, 1000, 4096];
        let bodies = sizes
            .map(|size| in_pieces(&body, size))
            .into_iter()
            .chain([body.clone().into()]);
        for sent in bodies {
            let before = shadow.recorded().len();
            assert_eq!(primary.post("/", sent).await.body, body);
            let copy = &shadow.receives(before + 1).await[before];
            assert_eq!(copy.body, body);
            assert_eq!(copy.all("content-length"), [body.len().to_string()]);
            assert_eq!(copy.all("transfer-encoding"), [""; 0]);
        }
    }
}

#[tokio::test]
async fn a_body_over_http_2_arrives_identical_at_handler_and_shadow() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let primary = Primary::start(app(&mirror)).await;
    let mut client = connect_h2(&primary).await;
    let body = Bytes::from(vec![7; 200_000]);
    for sent in [Body::from(body.clone()), in_pieces(&body, 999)] {
        let request = Request::post(format!("http://{}/x", primary.host()))
            .body(sent)
            .unwrap();
        let answer = Answer::read(client.send_request(request).await.unwrap()).await;
        assert_eq!(answer.body, body);
    }
    for copy in shadow.receives(2).await {
        assert_eq!((copy.body.len(), copy.target.as_str()), (body.len(), "/x"));
        assert_eq!(copy.all("x-mirrored-from"), [primary.host()]);
    }
}

const WITHOUT_BODY: &str = "http://127.77.0.31:20101";

#[mirror(targets = [WITHOUT_BODY], copy_body = false)]
async fn without_body(body: Bytes) -> Bytes {
    body
}

#[tokio::test]
async fn a_copy_without_body_has_no_headers_about_one() {
    let shadow = Shadow::at(WITHOUT_BODY).await;
    let primary = Primary::start(Router::new().route("/", post(without_body))).await;
    let request = Request::post("/")
        .header("content-type", "text/plain")
        .header("content-language", "en")
        .header("x-kept", "1");
    assert_eq!(
        primary
            .send(request.body("hello".into()).unwrap())
            .await
            .text(),
        "hello"
    );
    let copy = shadow.receives_one().await;
    assert_eq!((copy.method.as_str(), &*copy.body), ("POST", &b""[..]));
    let about_a_body = copy.headers.keys().map(http::HeaderName::as_str);
    let about_a_body =
        about_a_body.filter(|name| name.starts_with("content-") || *name == "transfer-encoding");
    // It says that there is none.
    assert_eq!(about_a_body.collect::<Vec<_>>(), ["content-length"]);
    assert_eq!(copy.all("content-length"), ["0"]);
    assert_eq!(copy.all("x-kept"), ["1"]);
}

const SMALL_ONLY: &str = "http://127.77.0.32:20101";

#[mirror(targets = [SMALL_ONLY], max_body = "1KiB")]
async fn small_only(body: Body) -> Body {
    body
}

#[tokio::test]
async fn a_body_over_the_limit_reaches_the_handler_whole_and_is_counted() {
    let shadow = Shadow::at(SMALL_ONLY).await;
    let primary = Primary::start(Router::new().route("/", post(small_only))).await;
    let large = Bytes::from((0..=255).cycle().take(100_000).collect::<Vec<u8>>());
    let just_over = Bytes::from(vec![1; 1025]);
    let whole = Bytes::from(vec![2; 1024]);
    let sent = [&large, &just_over, &whole].into_iter();
    for body in sent.flat_map(|body| {
        [
            (body, Body::from(body.clone())),
            (body, in_pieces(body, 100)),
        ]
    }) {
        assert_eq!(primary.post("/", body.1).await.body, body.0);
    }
    let stats = settled(&mirror_named("tests::bodies::small_only"), 6).await;
    assert_eq!(
        (
            stats[0].skipped_for(SkipReason::BodyTooLarge),
            stats[0].answered
        ),
        (4, 2)
    );
    assert!(shadow.recorded().iter().all(|copy| copy.body == whole));
}

#[tokio::test]
async fn a_body_limit_of_the_app_answers_as_it_does_without_a_mirror() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    for limit in [DefaultBodyLimit::max(10), DefaultBodyLimit::disable()] {
        let plain = Router::new()
            .route("/", post(|body: Bytes| async { body }))
            .layer(limit);
        let mirrored = plain.clone().layer(mirror.layer());
        let (plain, mirrored) = (Primary::start(plain).await, Primary::start(mirrored).await);
        for length in [10, 11] {
            let body = Bytes::from(vec![1; length]);
            let expected = plain.post("/", in_pieces(&body, 4)).await;
            let answer = mirrored.post("/", in_pieces(&body, 4)).await;
            assert_eq!(
                (answer.status, answer.body),
                (expected.status, expected.body)
            );
        }
    }
}

#[tokio::test]
async fn trailers_reach_the_handler() {
    async fn trailers(body: Body) -> String {
        let collected = body.collect().await.unwrap();
        let trailers = collected.trailers().cloned().unwrap_or_default();
        format!("{:?} {:?}", collected.to_bytes(), trailers["x-checksum"])
    }
    let shadow = Shadow::start().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let app = Router::new()
        .route("/", post(trailers))
        .layer(mirror.layer());
    let primary = Primary::start(app).await;
    let frames = [
        Frame::data(Bytes::from("hello")),
        Frame::trailers(HeaderMap::from_iter([(
            "x-checksum".parse().unwrap(),
            "5".parse().unwrap(),
        )])),
    ];
    let body = Body::new(StreamBody::new(stream::iter(
        frames.map(Ok::<_, Infallible>),
    )));
    let request = Request::post("/")
        .header("trailer", "x-checksum")
        .body(body)
        .unwrap();
    assert_eq!(primary.send(request).await.text(), r#"b"hello" "5""#);
    assert_eq!(shadow.receives_one().await.body, "hello");
}

#[tokio::test]
async fn a_client_that_awaits_100_continue_is_refused_before_it_sends_its_body() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let app = Router::new().route("/", post(|| async { StatusCode::FORBIDDEN }));
    let primary = Primary::start(app.layer(mirror.layer())).await;
    let answer = primary
        .send_raw("POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert_eq!(
        settled(&mirror, 1).await[0].skipped_for(SkipReason::BodyNotRead),
        1
    );
}

fn app(mirror: &Mirror) -> Router {
    Router::new()
        .route("/{*path}", post(|body: Bytes| async { body }))
        .layer(mirror.layer())
}
