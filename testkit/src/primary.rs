//! The primary: an axum app on a real socket, and requests to it.

use std::net::SocketAddr;

use axum::{Router, body::Body};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

use crate::eventually;

/// A server of an app. It stops when it is dropped.
pub struct Primary {
    address: SocketAddr,
    server: AbortHandle,
}

/// A response of the primary.
#[derive(Debug, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Primary {
    /// Serves an app.
    pub async fn start(app: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async move { axum::serve(listener, app).await };
        Self {
            address,
            server: tokio::spawn(server).abort_handle(),
        }
    }

    /// The address it listens at, as a `Host` header has it.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Sends `GET` over a connection of its own.
    pub async fn get(&self, target: &str) -> Answer {
        self.send(Request::get(target).body(Body::empty()).unwrap())
            .await
    }

    /// Sends `POST` over a connection of its own.
    pub async fn post(&self, target: &str, body: impl Into<Body>) -> Answer {
        self.send(Request::post(target).body(body.into()).unwrap())
            .await
    }

    /// Sends a request over an HTTP/1.1 connection of its own. `Host` is added where there is none.
    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        let host = self.host().parse().unwrap();
        request.headers_mut().entry("host").or_insert(host);
        eventually("the primary's answer", async {
            let (mut sender, connection) = http1::handshake(TokioIo::new(self.connect().await))
                .await
                .unwrap();
            tokio::spawn(connection);
            Answer::read(sender.send_request(request).await.unwrap()).await
        })
        .await
    }

    /// Sends bytes as they are, and returns all that comes back until the connection is closed.
    pub async fn send_raw(&self, request: impl AsRef<[u8]>) -> String {
        String::from_utf8_lossy(&self.exchange(request).await).into_owned()
    }

    /// Sends bytes as they are, and returns all bytes that come back until the connection is
    /// closed.
    pub async fn exchange(&self, request: impl AsRef<[u8]>) -> Vec<u8> {
        let (mut answers, mut requests) = self.connect().await.into_split();
        eventually("the end of the raw answer", async {
            let mut answer = Vec::new();
            // At the same time: a server that responds while it reads would else wait for us as we
            // for it. What it does not read because it refuses the request is its affair, and so is
            // how it closes then.
            let (_, _) = tokio::join!(
                requests.write_all(request.as_ref()),
                answers.read_to_end(&mut answer),
            );
            answer
        })
        .await
    }

    /// A connection to it.
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

impl Drop for Primary {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Answer {
    /// Reads a response to its end.
    pub async fn read(answer: http::Response<hyper::body::Incoming>) -> Self {
        let (head, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self {
            status: head.status,
            headers: head.headers,
            body,
        }
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// An HTTP/2 connection to a primary.
pub async fn connect_h2(primary: &Primary) -> http2::SendRequest<Body> {
    let stream = TokioIo::new(primary.connect().await);
    let (sender, connection) = http2::handshake(TokioExecutor::new(), stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

/// A raw response without the values of its `date` headers: two servers are never asked at the same
/// moment.
pub fn without_date(raw: &[u8]) -> String {
    let mut text = raw.escape_ascii().to_string().replace("\\r\\n", "\r\n");
    while let Some(start) = text.find("\r\ndate: ") {
        let end = text[start + 2..].find("\r\n").map(|end| start + 2 + end);
        text.replace_range(start..end.unwrap_or(text.len()), "");
    }
    text
}
