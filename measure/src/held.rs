//! Copies by hand over connections that are held by hand: those of hyper, driven by the copy's own
//! task, and bare TCP, which is the least that a copy can take. Neither copes with anything: a copy
//! whose connection has been closed is lost.

use std::{
    future::{Future, poll_fn},
    io::Write,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use ::hyper_util::rt::TokioIo;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri};
use http_body::Body as _;
use http_body_util::Full;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::by_hand::Client;

/// Connections that wait for a copy.
#[derive(Debug)]
pub(crate) struct Held<C> {
    idle: Arc<Mutex<Vec<C>>>,
}

impl<C> Held<C> {
    pub(crate) fn new() -> Self {
        Self {
            idle: Arc::default(),
        }
    }

    fn take(&self) -> Option<C> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop()
    }

    fn keep(&self, connection: C) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(connection);
    }
}

impl<C> Clone for Held<C> {
    fn clone(&self) -> Self {
        Self {
            idle: Arc::clone(&self.idle),
        }
    }
}

async fn connect(uri: &Uri) -> Option<TcpStream> {
    let address: SocketAddr = uri.authority()?.as_str().parse().ok()?;
    let stream = TcpStream::connect(address).await.ok()?;
    stream.set_nodelay(true).ok()?;
    Some(stream)
}

/// One of hyper's, in a box, because it is large.
pub(crate) type OfHyper = Box<HyperConnection>;

#[derive(Debug)]
pub(crate) struct HyperConnection {
    sender: SendRequest<Full<Bytes>>,
    driver: Connection<TokioIo<TcpStream>, Full<Bytes>>,
}

impl HyperConnection {
    async fn open(uri: &Uri) -> Option<OfHyper> {
        let stream = TokioIo::new(connect(uri).await?);
        let (sender, driver) = http1::handshake(stream).await.ok()?;
        Some(Box::new(Self { sender, driver }))
    }

    /// Sends a copy and reads its response.
    async fn exchange(&mut self, copy: Request<Full<Bytes>>) -> Option<()> {
        let mut answer = pin!(self.sender.send_request(copy));
        let answer = poll_fn(|context| {
            drive(&mut self.driver, context);
            answer.as_mut().poll(context)
        });
        let mut body = answer.await.ok()?.into_body();
        let mut frame = |context: &mut Context<'_>| match Pin::new(&mut body).poll_frame(context) {
            Poll::Pending => {
                drive(&mut self.driver, context);
                Pin::new(&mut body).poll_frame(context)
            }
            frame @ Poll::Ready(_) => frame,
        };
        while let Some(frame) = poll_fn(&mut frame).await {
            frame.ok()?;
        }
        Some(())
    }
}

fn drive(driver: &mut Connection<TokioIo<TcpStream>, Full<Bytes>>, context: &mut Context<'_>) {
    // Its end shows in the response.
    let _ = Pin::new(driver).poll(context);
}

impl Client for Held<OfHyper> {
    async fn send(self, method: Method, url: String, headers: HeaderMap, body: Bytes) {
        let Ok(uri) = url.parse::<Uri>() else { return };
        let connection = match self.take() {
            Some(connection) => Some(connection),
            None => HyperConnection::open(&uri).await,
        };
        let Some(mut connection) = connection else {
            return;
        };
        let mut copy = Request::new(Full::new(body));
        *copy.method_mut() = method;
        *copy.uri_mut() = uri
            .path_and_query()
            .cloned()
            .map(Uri::from)
            .unwrap_or_default();
        *copy.headers_mut() = headers;
        if connection.exchange(copy).await.is_some() {
            self.keep(connection);
        }
    }
}

impl Client for Held<TcpStream> {
    async fn send(self, method: Method, url: String, headers: HeaderMap, body: Bytes) {
        let Ok(uri) = url.parse::<Uri>() else { return };
        let stream = match self.take() {
            Some(stream) => Some(stream),
            None => connect(&uri).await,
        };
        let Some(mut stream) = stream else { return };
        let copy = written(&method, &uri, &headers, &body);
        // The responses of the benchmarks come in one piece.
        let mut answer = [0; 1024];
        let sent = stream.write_all(&copy).await.is_ok();
        if sent && matches!(stream.read(&mut answer).await, Ok(1..)) {
            self.keep(stream);
        }
    }
}

/// A request as it travels over HTTP/1.1.
fn written(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(512 + body.len());
    let target = uri.path_and_query().map_or("/", |path| path.as_str());
    // Into memory nothing fails to be written.
    let _ = write!(text, "{method} {target} HTTP/1.1\r\n");
    for (name, value) in headers {
        text.extend_from_slice(name.as_ref());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"\r\n");
    text.extend_from_slice(body);
    text
}
