//! What the programs share: a shadow, the log, and how a copy is sent.

#[cfg(any(feature = "aws-lc", feature = "ring"))]
mod tls;

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body, http::Request, routing::get};
use mirror_runtime::{Mirror, TargetStats, drain};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tower::ServiceExt;

#[cfg(any(feature = "aws-lc", feature = "ring"))]
pub use tls::Shadow;

/// The URL of a shadow without TLS.
pub async fn plain() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            tokio::spawn(respond(connection));
        }
    });
    url
}

/// Responds to each request of a connection. None of them has a body.
async fn respond(mut connection: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    let mut read = Vec::new();
    while connection.read_buf(&mut read).await? > 0 {
        if read.ends_with(b"\r\n\r\n") {
            let response = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            connection.write_all(response).await?;
            connection.flush().await?;
            read.clear();
        }
    }
    Ok(())
}

/// Sends a request to a mirrored route, and waits for its copy.
pub async fn request(app: Router) {
    let request = Request::get("/").body(Body::empty()).unwrap();
    assert!(app.oneshot(request).await.unwrap().status().is_success());
    assert_eq!(drain(Duration::from_secs(60)).await.cut, 0);
}

/// What becomes of one request for each target of a mirror.
pub async fn outcomes(mirror: &Mirror) -> Vec<TargetStats> {
    let app = Router::new().route("/", get(|| async {}));
    request(app.layer(mirror.layer())).await;
    mirror.stats().targets
}

/// Sends a copy, which the shadow must respond to.
pub async fn assert_answered(mirror: &Mirror) {
    for target in outcomes(mirror).await {
        assert_eq!(target.answered, 1, "{target}");
    }
}

/// What was logged as an error.
#[derive(Clone, Default)]
pub struct Errors(Arc<Mutex<Vec<u8>>>);

impl Errors {
    /// Keeps the errors of the program from now on.
    pub fn kept() -> Self {
        let errors = Self::default();
        let writer = errors.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::ERROR)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .init();
        errors
    }

    /// The lines.
    pub fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

impl Write for Errors {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
