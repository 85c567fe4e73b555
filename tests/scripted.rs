//! A shadow over HTTP/1.1 that follows a script, and closes connections as servers do.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{Router, body::Body, body::Bytes, routing::any};
use http::{Method, Request};
use mirror_runtime::{Mirror, TargetStats};
use testkit::{Primary, settled};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

/// What a shadow does with a request.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// Responds to it.
    Respond,
    /// Responds to it, and closes the connection without having said so.
    RespondAndClose,
    /// Closes the connection.
    Close,
    /// Breaks the connection, as a process does that is killed.
    Reset,
    /// Begins to respond, and closes the connection.
    Begin,
}

/// A shadow that follows a script: what it does with each request, by the number of its connection
/// and of the request on it, both counted from 0.
pub(crate) struct Scripted {
    address: SocketAddr,
    pub(crate) seen: Arc<Seen>,
}

#[derive(Default)]
pub(crate) struct Seen {
    connections: AtomicUsize,
    requests: AtomicUsize,
    pub(crate) bytes: AtomicUsize,
    open: AtomicUsize,
    /// How long an idle connection is kept.
    keeps: Mutex<Option<Duration>>,
}

/// How long before the end of a connection has arrived a shadow has made up its mind. What comes
/// then is lost.
const UNDER_WAY: Duration = Duration::from_millis(500);

impl Scripted {
    /// `headers` are those of responses, with an end of line each.
    pub(crate) async fn start(headers: &'static str, script: fn(usize, usize) -> Step) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Seen>::default();
        let of_task = Arc::clone(&seen);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let number = of_task.connections.fetch_add(1, SeqCst);
                of_task.open.fetch_add(1, SeqCst);
                let seen = Arc::clone(&of_task);
                tokio::spawn(async move {
                    // A client that has had enough breaks the connection, which is its right.
                    let _ = serve(stream, headers, &seen, |request| script(number, request)).await;
                    seen.open.fetch_sub(1, SeqCst);
                });
            }
        });
        Self { address, seen }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(SeqCst)
    }

    pub(crate) fn requests(&self) -> usize {
        self.seen.requests.load(SeqCst)
    }

    /// Closes connections that have been idle for so long, without a word.
    pub(crate) fn keeps_for(&self, time: Duration) {
        *self.seen.keeps.lock().unwrap() = Some(time);
    }

    pub(crate) fn open(&self) -> usize {
        self.seen.open.load(SeqCst)
    }
}

async fn serve(
    mut stream: TcpStream,
    headers: &str,
    seen: &Seen,
    script: impl Fn(usize) -> Step,
) -> io::Result<()> {
    for request in 0.. {
        let keeps = *seen.keeps.lock().unwrap();
        if let Some(keeps) = keeps.filter(|_| request > 0) {
            // A byte at least; it stays for what reads the request.
            let mut byte = [0];
            let idle = timeout(keeps.saturating_sub(UNDER_WAY), stream.peek(&mut byte));
            if idle.await.is_err() {
                sleep(UNDER_WAY).await;
                return stream.shutdown().await;
            }
        }
        let Some(bytes) = read_request(&mut stream).await? else {
            return Ok(());
        };
        seen.requests.fetch_add(1, SeqCst);
        seen.bytes.fetch_add(bytes, SeqCst);
        let step = script(request);
        match step {
            Step::Respond | Step::RespondAndClose => {
                let response = format!("HTTP/1.1 200 OK\r\n{headers}content-length: 2\r\n\r\nok");
                stream.write_all(response.as_bytes()).await?;
            }
            Step::Close => {}
            Step::Reset => return stream.set_zero_linger(),
            Step::Begin => stream.write_all(b"HTTP/1.1 2").await?,
        }
        if !matches!(step, Step::Respond) {
            stream.shutdown().await?;
            // What is unread when a socket is closed resets the connection.
            while stream.read(&mut [0; 1024]).await? > 0 {}
            return Ok(());
        }
    }
    Ok(())
}

/// Reads a request; the length of its body, or `None` at the end.
async fn read_request(stream: &mut TcpStream) -> io::Result<Option<usize>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let length = head.split("content-length:").nth(1);
    let length = length.and_then(|rest| rest.split("\r\n").next()?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    Ok(Some(body.len()))
}

pub(crate) async fn mirrored(shadow: &Scripted) -> (Mirror, Primary) {
    let mirror = Mirror::builder().target(shadow.url());
    let mirror = mirror.timeout(Duration::from_hours(1));
    let mirror = mirror.circuit_breaker(None).build().unwrap();
    let echo = any(|body: Bytes| async { body });
    let primary = Primary::start(Router::new().fallback(echo).layer(mirror.layer())).await;
    (mirror, primary)
}

/// Sends a request, and waits for what becomes of its copy.
pub(crate) async fn one_more(
    mirror: &Mirror,
    primary: &Primary,
    method: Method,
    body: &str,
) -> TargetStats {
    let before = mirror.stats().targets[0].received;
    let request = Request::builder().method(method).uri("/");
    primary
        .send(request.body(Body::from(body.to_owned())).unwrap())
        .await;
    settled(mirror, before + 1).await.remove(0)
}
