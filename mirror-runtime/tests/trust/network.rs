//! Shadows behind a network: connections that end without a word.

use std::{net::SocketAddr, time::Duration};

use axum::{Router, body::Body, routing::get};
use http::Request;
use mirror_runtime::{CompareMode, Mirror, ReportVerdict, Target, Thresholds};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tower::ServiceExt;

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
    content-length: 11\r\n\r\n{\"ok\":true}";

/// Responds to one request, and closes the connection without having said so.
async fn respond(mut connection: TcpStream) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(connection.read_u8().await?);
    }
    connection.write_all(RESPONSE).await
}

/// A shadow whose connections carry one request each, which none of its responses says.
async fn closing() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(respond(connection));
        }
    });
    address
}

/// The primary says of its JSON that it is text, as a handler that returns a string does.
#[tokio::test]
async fn a_shadow_that_closes_each_connection_is_promoted() {
    let shadow = Target::new(format!("http://{}", closing().await)).unwrap();
    let mirror = Mirror::builder()
        .name("closing")
        .target(shadow.named("shadow"))
        .timeout(Duration::from_secs(30))
        .thresholds(Thresholds::default().with_latency_slack(Duration::from_mins(1)))
        .compare(CompareMode::Json)
        .build()
        .unwrap();
    let app = Router::new()
        .route("/x", get(async || r#"{"ok":true}"#))
        .layer(mirror.layer());
    for i in 0..430 {
        let request = Request::get(format!("/x?n={i}"))
            .body(Body::empty())
            .unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let _ = axum::body::to_bytes(response.into_body(), usize::MAX).await;
        // One copy after another: the next finds the connection of the last one closed.
        while mirror.report().targets[0].compared <= i {
            tokio::task::yield_now().await;
        }
    }
    let report = mirror.report();
    assert_eq!(
        report.targets[0].verdict,
        ReportVerdict::Promote,
        "{report}"
    );
    let headers = &report.targets[0].uncompared_headers;
    assert_eq!(*headers, [("content-type".to_owned(), 430)], "{report}");
}
