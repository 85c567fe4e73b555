//! A client that sends real requests over one real connection.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

use super::{Result, say};

/// No response of an example takes that long. It keeps a mistake from becoming a hang.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client of a primary, with one connection that is kept open.
#[derive(Debug)]
pub struct Client {
    host: String,
    sender: SendRequest<Body>,
}

/// A response, and how long the client waited for it.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as text.
    pub body: String,
    /// The time from the request to the end of the body.
    pub latency: Duration,
}

impl Client {
    /// Connects to a server.
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self {
            host: address.to_string(),
            sender,
        })
    }

    /// Sends `GET` and prints what comes back.
    pub async fn get(&mut self, path: &str) -> Result<Answer> {
        let answer = self.send(Method::GET, path, "").await?;
        print(&format!("GET {path}"), &answer);
        Ok(answer)
    }

    /// Sends `POST` with a JSON body and prints what comes back.
    pub async fn post(&mut self, path: &str, json: &str) -> Result<Answer> {
        let answer = self.send(Method::POST, path, json).await?;
        print(&format!("POST {path} {json}"), &answer);
        Ok(answer)
    }

    /// Sends a request and prints nothing. A body, where there is one, is JSON.
    pub async fn send(&mut self, method: Method, path: &str, json: &str) -> Result<Answer> {
        let mut request = Request::builder().method(method).uri(path);
        if !json.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        self.send_request(request.body(Body::from(json.to_owned()))?)
            .await
    }

    /// Sends any request and prints nothing.
    pub async fn send_request(&mut self, mut request: Request<Body>) -> Result<Answer> {
        let host = self.host.parse()?;
        request.headers_mut().entry(header::HOST).or_insert(host);
        let begun = Instant::now();
        let (head, body) = timeout(PATIENCE, async {
            self.sender.ready().await?;
            let (head, body) = self.sender.send_request(request).await?.into_parts();
            hyper::Result::Ok((head, body.collect().await?.to_bytes()))
        })
        .await??;
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
            latency: begun.elapsed(),
        })
    }
}

fn print(request: &str, answer: &Answer) {
    let status = answer.status.as_u16();
    say(
        "client",
        &format!("{request}  ->  {status} {}", answer.body),
    );
}
