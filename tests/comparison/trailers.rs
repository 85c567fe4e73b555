//! Trailers of responses: shown to callbacks, and compared.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Body, response::Response};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Frame;
use http_body_util::StreamBody;
use mirror_runtime::{CompareMode, Comparison, DifferenceKind, Mirror, MirrorBuilder};
use testkit::{
    Authority, Primary, Shadow, connect_h2, eventually, passes_where_trusted, settled,
    trusted_file, until,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::reported;

type Fields = &'static [(&'static str, &'static str)];

/// A response with trailers, as a gRPC server gives it.
fn with_trailers(body: &'static str, fields: Fields) -> Response {
    let fields = fields.iter().map(|(name, value)| {
        let name = HeaderName::from_static(name);
        (name, HeaderValue::from_static(value))
    });
    let frames = [
        Frame::data(Bytes::from(body)),
        Frame::trailers(fields.collect::<HeaderMap>()),
    ];
    let frames = stream::iter(frames.map(Ok::<_, std::convert::Infallible>));
    Response::new(Body::new(StreamBody::new(frames)))
}

/// A shadow that gives the same response over HTTP/1.1 to each request.
async fn saying(response: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                stream.read_buf(&mut head).await.unwrap();
            }
            stream.write_all(response.as_bytes()).await.unwrap();
        }
    });
    url
}

/// What is found between a primary with these trailers and a shadow at a URL.
struct Found {
    mirror: Mirror,
    primary: Primary,
    mismatches: Arc<Mutex<Vec<Comparison>>>,
    /// The trailers that `on_success` was shown.
    shown: Arc<Mutex<Vec<Option<HeaderMap>>>>,
}

impl Found {
    async fn between(
        primary: fn() -> Response,
        shadow: &str,
        options: impl FnOnce(MirrorBuilder) -> MirrorBuilder,
    ) -> Self {
        let mismatches: Arc<Mutex<Vec<_>>> = Arc::default();
        let shown: Arc<Mutex<Vec<_>>> = Arc::default();
        let (found, told) = (Arc::clone(&mismatches), Arc::clone(&shown));
        let builder = Mirror::builder()
            .target(shadow)
            .compare(CompareMode::Bytes)
            .on_success(move |_, response| {
                told.lock().unwrap().push(response.trailers().cloned());
            })
            .on_mismatch(move |comparison| found.lock().unwrap().push(comparison.clone()));
        let mirror = options(builder).build().unwrap();
        let app = Router::new()
            .fallback(async move || primary())
            .layer(mirror.layer());
        Self {
            mirror,
            primary: Primary::start(app).await,
            mismatches,
            shown,
        }
    }

    /// Sends a request over HTTP/2, which asks no body whose trailers have come for its end.
    async fn ask(&self) {
        let request = http::Request::get(format!("http://{}/", self.primary.host()));
        let mut sender = connect_h2(&self.primary).await;
        let response = sender.send_request(request.body(Body::empty()).unwrap());
        let response = eventually("a response", response).await.unwrap();
        let body = http_body_util::BodyExt::collect(response.into_body());
        assert!(
            eventually("its end", body)
                .await
                .unwrap()
                .trailers()
                .is_some()
        );
    }

    /// The only difference that is found.
    async fn difference(&self) -> String {
        until("a mismatch", || !self.mismatches.lock().unwrap().is_empty()).await;
        let found = self.mismatches.lock().unwrap().remove(0);
        assert_eq!(found.differences.len(), 1, "{found}");
        assert_eq!(found.differences[0].kind, DifferenceKind::Trailer);
        found.differences[0].to_string()
    }
}

#[tokio::test]
async fn a_call_that_fails_at_the_shadow_alone_is_a_mismatch() {
    let shadow = saying(concat!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        "5\r\nhello\r\n0\r\ngrpc-status: 13\r\ngrpc-message: no\r\n\r\n"
    ))
    .await;
    let primary = || with_trailers("hello", &[("grpc-status", "0")]);
    let found = Found::between(primary, &shadow, |builder| builder).await;
    found.ask().await;
    assert_eq!(found.difference().await, "  ~ trailer grpc-status: 0 -> 13");
    let report = found.mirror.report();
    assert_eq!(report.targets[0].groups[0].kind, DifferenceKind::Trailer);
    assert!(
        report.to_string().contains("grpc-status  trailer"),
        "{report}"
    );
    until("on_success", || !found.shown.lock().unwrap().is_empty()).await;
    let shown = found.shown.lock().unwrap();
    assert_eq!(shown[0].as_ref().unwrap()["grpc-message"], "no");
}

#[tokio::test]
async fn the_status_of_a_call_may_stand_in_the_headers() {
    for (shadow, is_same) in [
        (
            "HTTP/1.1 200 OK\r\ngrpc-status: 5\r\ncontent-length: 0\r\n\r\n",
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\ngrpc-status: 0\r\ncontent-length: 0\r\n\r\n",
            false,
        ),
    ] {
        let primary = || with_trailers("", &[("grpc-status", "5")]);
        let found = Found::between(primary, &saying(shadow).await, |builder| builder).await;
        found.ask().await;
        let report = reported(&found.mirror, 1).await;
        assert_eq!(report.matched == 1, is_same, "{report}");
    }
}

#[tokio::test]
async fn trailers_are_compared_as_headers_are_if_they_are_named() {
    let shadow = saying(concat!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        "5\r\nhello\r\n0\r\nx-sum: 2\r\nx-token: canary-2\r\n\r\n"
    ))
    .await;
    let primary = || with_trailers("hello", &[("x-sum", "1"), ("x-token", "canary-1")]);
    let names = |builder: MirrorBuilder| builder.compare_headers(["x-sum"]);
    let found = Found::between(primary, &shadow, names).await;
    found.ask().await;
    assert_eq!(found.difference().await, "  ~ trailer x-sum: 1 -> 2");
    let found = Found::between(primary, &shadow, |builder| builder).await;
    found.ask().await;
    let report = reported(&found.mirror, 1).await;
    assert_eq!(report.matched, 1, "{report}");
    let secret = |builder: MirrorBuilder| builder.compare_headers(["x-token"]);
    let found = Found::between(primary, &shadow, secret).await;
    found.ask().await;
    let difference = found.difference().await;
    assert_eq!(difference, "  ~ trailer x-token: [redacted] -> [redacted]");
}

/// Runs in a process that trusts the authority: the test below starts it.
#[tokio::test]
async fn trailers_of_http2_where_the_shadow_is_trusted() {
    let Some(file) = trusted_file() else { return };
    let authority = Authority::new();
    std::fs::write(file, authority.pem()).unwrap();
    let primary = || with_trailers("hello", &[("grpc-status", "0"), ("x-sum", "1")]);
    for (fields, expected) in [
        (&[("grpc-status", "0"), ("x-sum", "1")][..], None),
        (
            &[("grpc-status", "13"), ("x-sum", "1")],
            Some("  ~ trailer grpc-status: 0 -> 13"),
        ),
        (
            &[("grpc-status", "0")],
            Some("  - trailer x-sum (the primary's only): 1"),
        ),
    ] {
        let acceptor = authority.certifies("localhost", 2090, "h2");
        let answer = move |_: &_| with_trailers("hello", fields);
        let shadow = Shadow::tls_answering(acceptor, answer).await;
        let url = format!("https://localhost:{}", shadow.port());
        let names = |builder: MirrorBuilder| builder.compare_headers(["x-sum"]);
        let found = Found::between(primary, &url, names).await;
        found.ask().await;
        settled(&found.mirror, 1).await;
        match expected {
            None => assert_eq!(reported(&found.mirror, 1).await.matched, 1),
            Some(expected) => assert_eq!(found.difference().await, expected),
        }
    }
}

#[tokio::test]
async fn trailers_of_http2_are_compared() {
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/trusted-by-trailers.pem");
    let test = "comparison::trailers::trailers_of_http2_where_the_shadow_is_trusted";
    passes_where_trusted(test, file).await;
}
