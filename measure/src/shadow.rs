//! Shadows that cost as little as possible, so that what is measured is who sends to them.

use std::{
    cell::Cell,
    future::{Future, poll_fn},
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Larger than the head of every request that is measured.
const BUFFER: usize = 64 << 10;

/// What a shadow has seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// Connections that were made to it.
    pub connections: AtomicU64,
    /// Requests that have arrived whole.
    pub requests: AtomicU64,
}

/// How a shadow behaves.
#[derive(Clone, Debug)]
pub enum Manner {
    /// Responds to each request, after a time, with a body of so many bytes.
    Answers {
        /// The time until it responds.
        after: Duration,
        /// The length of the body.
        bytes: usize,
    },
    /// Takes requests and never responds.
    Silent,
}

impl Manner {
    /// Responds at once, with the two bytes of `ok`, so to say.
    pub const OK: Self = Self::Answers {
        after: Duration::ZERO,
        bytes: 2,
    };
}

/// Serves on a free port of this machine, on the runtime that calls it, and returns its URL.
pub fn start(manner: Manner) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the address of a listener");
    listener
        .set_nonblocking(true)
        .expect("a listener that does not block");
    let listener = TcpListener::from_std(listener).expect("a runtime with I/O");
    tokio::spawn(serve(listener, manner, Arc::default()));
    format!("http://{address}")
}

/// Serves all connections until the runtime ends. Once a connection is open, nothing is allocated
/// for its requests.
pub async fn serve(listener: TcpListener, manner: Manner, seen: Arc<Seen>) {
    let answer = match manner {
        Manner::Answers { bytes, .. } => {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n");
            [head.into_bytes(), vec![b'x'; bytes]].concat()
        }
        Manner::Silent => Vec::new(),
    };
    let answer: Arc<[u8]> = answer.into();
    loop {
        let Ok((connection, _)) = listener.accept().await else {
            // No descriptor left: one may be free again soon.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        seen.connections.fetch_add(1, Relaxed);
        let _ = connection.set_nodelay(true);
        let (manner, answer, seen) = (manner.clone(), Arc::clone(&answer), Arc::clone(&seen));
        tokio::spawn(async move {
            let answering = answer_all(connection, manner, &answer, &seen);
            counting_work(answering).await
        });
    }
}

thread_local! {
    static WORK: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// What the shadows of this thread have taken so far to answer: their own part of a time that is
/// measured around it.
pub fn work() -> Duration {
    WORK.get()
}

async fn counting_work<F: Future>(answering: F) -> F::Output {
    let mut answering = pin!(answering);
    poll_fn(|context| {
        let begun = Instant::now();
        let polled = answering.as_mut().poll(context);
        WORK.set(WORK.get() + begun.elapsed());
        polled
    })
    .await
}

async fn answer_all(
    mut connection: TcpStream,
    manner: Manner,
    answer: &[u8],
    seen: &Seen,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    let mut filled = 0;
    loop {
        let Some(request) = whole_request(&buffer[..filled]) else {
            filled += match connection.read(&mut buffer[filled..]).await? {
                0 => return Ok(()),
                read => read,
            };
            continue;
        };
        // The body is read and dropped.
        let mut rest = request.saturating_sub(filled);
        while rest > 0 {
            let read = connection.read(&mut buffer).await?;
            if read == 0 {
                return Ok(());
            }
            rest = rest.saturating_sub(read);
        }
        buffer.copy_within(request.min(filled)..filled, 0);
        filled = filled.saturating_sub(request);
        seen.requests.fetch_add(1, Relaxed);
        if let Manner::Answers { after, .. } = manner {
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            connection.write_all(answer).await?;
        }
    }
}

/// The length of the request at the front, with its body, once its head is there.
fn whole_request(bytes: &[u8]) -> Option<usize> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head) = request.parse(bytes).ok()? else {
        return None;
    };
    let length = request
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .and_then(|header| {
            std::str::from_utf8(header.value)
                .ok()?
                .trim()
                .parse::<usize>()
                .ok()
        });
    Some(head + length.unwrap_or(0))
}
