//! A connection that was used before and closes as a copy leaves: over HTTP/1.1 nobody knows
//! whether the copy arrived. It is sent once more if that does no harm.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{Router, body::Body, body::Bytes, routing::any};
use http::{Method, Request};
use mirror_runtime::{FailureKind, Mirror, TargetStats};
use testkit::{Primary, settled, until};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What a shadow does with a request.
#[derive(Clone, Copy)]
enum Step {
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
struct Scripted {
    address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: AtomicUsize,
    bytes: AtomicUsize,
    open: AtomicUsize,
}

impl Scripted {
    /// `headers` are those of responses, with an end of line each.
    async fn start(headers: &'static str, script: fn(usize, usize) -> Step) -> Self {
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

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn connections(&self) -> usize {
        self.seen.connections.load(SeqCst)
    }

    fn requests(&self) -> usize {
        self.seen.requests.load(SeqCst)
    }

    fn open(&self) -> usize {
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

async fn mirrored(shadow: &Scripted) -> (Mirror, Primary) {
    let mirror = Mirror::builder().target(shadow.url());
    let mirror = mirror.timeout(Duration::from_hours(1));
    let mirror = mirror.circuit_breaker(None).build().unwrap();
    let echo = any(|body: Bytes| async { body });
    let primary = Primary::start(Router::new().fallback(echo).layer(mirror.layer())).await;
    (mirror, primary)
}

/// Sends a request, and waits for what becomes of its copy.
async fn one_more(mirror: &Mirror, primary: &Primary, method: Method, body: &str) -> TargetStats {
    let before = mirror.stats().targets[0].received;
    let request = Request::builder().method(method).uri("/");
    primary
        .send(request.body(Body::from(body.to_owned())).unwrap())
        .await;
    settled(mirror, before + 1).await.remove(0)
}

/// The first connection is used once, and closes when it is used again.
fn closes_when_used_again(connection: usize, request: usize) -> Step {
    if (connection, request) == (0, 1) {
        Step::Close
    } else {
        Step::Respond
    }
}

#[tokio::test]
async fn a_copy_whose_method_may_be_repeated_is_sent_once_more() {
    for (method, body) in [
        (Method::GET, ""),
        (Method::HEAD, ""),
        (Method::OPTIONS, ""),
        (Method::DELETE, ""),
        (Method::PUT, "hello"),
        (Method::DELETE, "hello"),
    ] {
        let shadow = Scripted::start("", closes_when_used_again).await;
        let (mirror, primary) = mirrored(&shadow).await;
        one_more(&mirror, &primary, Method::GET, "").await;
        if method == Method::HEAD {
            // A response to it has no body, and this shadow's has.
            continue;
        }
        let stats = one_more(&mirror, &primary, method.clone(), body).await;
        assert_eq!((stats.answered, stats.failed), (2, 0), "{method}: {stats}");
        assert_eq!((stats.sent, stats.resends), (2, 1), "{method}: {stats}");
        assert_eq!(
            (shadow.connections(), shadow.requests()),
            (2, 3),
            "{method}"
        );
        // With its body.
        assert_eq!(shadow.seen.bytes.load(SeqCst), 2 * body.len(), "{method}");
    }
}

#[tokio::test]
async fn a_copy_whose_method_may_not_be_repeated_is_not() {
    for method in [
        Method::POST,
        Method::PATCH,
        Method::from_bytes(b"BREW").unwrap(),
    ] {
        let shadow = Scripted::start("", closes_when_used_again).await;
        let (mirror, primary) = mirrored(&shadow).await;
        one_more(&mirror, &primary, Method::GET, "").await;
        let stats = one_more(&mirror, &primary, method.clone(), "hello").await;
        assert_eq!(
            stats.failed_with(FailureKind::Request),
            1,
            "{method}: {stats}"
        );
        assert_eq!((stats.resends, shadow.requests()), (0, 2), "{method}");
    }
}

#[tokio::test]
async fn a_connection_that_is_reset_is_like_one_that_is_closed() {
    let shadow = Scripted::start("", |connection, request| {
        if (connection, request) == (0, 1) {
            Step::Reset
        } else {
            Step::Respond
        }
    })
    .await;
    let (mirror, primary) = mirrored(&shadow).await;
    one_more(&mirror, &primary, Method::GET, "").await;
    let stats = one_more(&mirror, &primary, Method::GET, "").await;
    assert_eq!((stats.answered, stats.resends), (2, 1), "{stats}");
}

#[tokio::test]
async fn a_copy_is_sent_once_more_and_never_twice() {
    let shadow = Scripted::start("", |connection, request| {
        if (connection, request) == (0, 0) {
            Step::Respond
        } else {
            Step::Close
        }
    })
    .await;
    let (mirror, primary) = mirrored(&shadow).await;
    one_more(&mirror, &primary, Method::GET, "").await;
    let stats = one_more(&mirror, &primary, Method::GET, "").await;
    assert_eq!(stats.failed_with(FailureKind::Request), 1, "{stats}");
    assert_eq!((stats.resends, shadow.requests()), (1, 3), "{stats}");
}

/// Then it was no accident.
#[tokio::test]
async fn a_copy_on_a_new_connection_is_not_sent_again() {
    let shadow = Scripted::start("", |_, _| Step::Close).await;
    let (mirror, primary) = mirrored(&shadow).await;
    let stats = one_more(&mirror, &primary, Method::GET, "").await;
    assert_eq!((stats.failed, stats.resends), (1, 0), "{stats}");
    assert_eq!(shadow.requests(), 1);
}

#[tokio::test]
async fn a_copy_whose_response_has_begun_is_not_sent_again() {
    let shadow = Scripted::start("", |_, request| match request {
        0 => Step::Respond,
        _ => Step::Begin,
    })
    .await;
    let (mirror, primary) = mirrored(&shadow).await;
    one_more(&mirror, &primary, Method::GET, "").await;
    let stats = one_more(&mirror, &primary, Method::GET, "").await;
    assert_eq!((stats.failed, stats.resends), (1, 0), "{stats}");
    assert_eq!(shadow.requests(), 2);
}

/// The next copy leaves at the moment at which the shadow closes.
#[tokio::test]
async fn no_copy_that_may_be_repeated_is_lost_to_a_shadow_that_closes_after_each_response() {
    let shadow = Scripted::start("", |_, _| Step::RespondAndClose).await;
    let (mirror, primary) = mirrored(&shadow).await;
    for sent in 1..=500 {
        let stats = one_more(&mirror, &primary, Method::GET, "").await;
        assert_eq!((stats.answered, stats.failed), (sent, 0), "{stats}");
    }
    assert_eq!(shadow.requests(), 500);
}

/// How long a connection is kept, of which the shadow has said something.
async fn is_closed_after(headers: &'static str, seconds: u64) -> bool {
    let shadow = Scripted::start(headers, |_, _| Step::Respond).await;
    let (mirror, primary) = mirrored(&shadow).await;
    one_more(&mirror, &primary, Method::GET, "").await;
    assert_eq!(shadow.open(), 1, "{headers}");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
    one_more(&mirror, &primary, Method::GET, "").await;
    shadow.connections() == 2
}

#[tokio::test]
async fn a_connection_is_not_used_for_longer_than_the_shadow_keeps_it() {
    for headers in [
        "keep-alive: timeout=5\r\n",
        "Keep-Alive: timeout=5, max=1000\r\nConnection: keep-alive\r\n",
        "keep-alive: max=1000, Timeout=\"5\"\r\n",
        "keep-alive: max=1000\r\nkeep-alive: timeout=5\r\n",
    ] {
        assert!(is_closed_after(headers, 5).await, "{headers}");
        assert!(!is_closed_after(headers, 2).await, "{headers}");
    }
}

#[tokio::test]
async fn a_shadow_cannot_make_connections_be_kept_for_longer() {
    for headers in [
        "keep-alive: timeout=99999999999999999999\r\n",
        "keep-alive: timeout=3600\r\n",
        "keep-alive: timeout=-1\r\n",
        "keep-alive: timeout\r\n",
        "keep-alive: \r\n",
    ] {
        assert!(is_closed_after(headers, 31).await, "{headers}");
        assert!(!is_closed_after(headers, 20).await, "{headers}");
    }
}

#[tokio::test]
async fn a_connection_that_the_shadow_does_not_keep_is_closed() {
    let shadow = Scripted::start("keep-alive: timeout=0\r\n", |_, _| Step::Respond).await;
    let (mirror, primary) = mirrored(&shadow).await;
    one_more(&mirror, &primary, Method::GET, "").await;
    until("it is closed", || shadow.open() == 0).await;
    let stats = one_more(&mirror, &primary, Method::GET, "").await;
    assert_eq!((stats.answered, shadow.connections()), (2, 2), "{stats}");
}
