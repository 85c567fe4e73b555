//! A shadow that misbehaves: one small TCP server, and one enum of what it does wrong.

mod http2;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Notify,
    task::AbortHandle,
};
use tokio_rustls::TlsAcceptor;

/// What a shadow does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: it responds with 200, and closes.
    None,
    /// Nobody listens at its port.
    Refused,
    /// It accepts, reads, and never responds.
    BlackHole,
    /// It resets the connection as soon as the request arrives.
    Reset,
    /// It closes after half of its response.
    HalfAnswer,
    /// Its response arrives one byte at a time, and takes longer than anybody waits.
    ByteByByte,
    /// Its response has no end.
    Endless,
    /// Its response has 100 MB.
    Huge,
    /// It speaks no HTTP.
    Garbage,
    /// The headers of its response take 1 MB.
    HugeHeaders,
    /// A hundred informational responses come before the real one.
    Informational,
    /// Informational responses come, and nothing else ever does.
    EndlessInformational,
    /// It announces more than it sends, and keeps the connection open.
    LengthTooLong,
    /// It sends more than it announced, and keeps the connection open.
    LengthTooShort,
    /// It redirects to itself.
    RedirectLoop,
    /// Over HTTP/2: it takes the request, says `GOAWAY` without having answered, and closes.
    GoAwayBeforeTheAnswer,
    /// Over HTTP/2: it says `GOAWAY` in the middle of its response, and closes.
    GoAwayInTheAnswer,
}

impl Fault {
    /// Every fault of a server that speaks plain HTTP/1.
    pub const HTTP_1: [Self; 15] = [
        Self::None,
        Self::Refused,
        Self::BlackHole,
        Self::Reset,
        Self::HalfAnswer,
        Self::ByteByByte,
        Self::Endless,
        Self::Huge,
        Self::Garbage,
        Self::HugeHeaders,
        Self::Informational,
        Self::EndlessInformational,
        Self::LengthTooLong,
        Self::LengthTooShort,
        Self::RedirectLoop,
    ];
}

/// A server with a fault. It stops when it is dropped.
pub struct Faulty {
    address: SocketAddr,
    state: Arc<State>,
    tls: Option<TlsAcceptor>,
    /// Holds the port of a server that does not listen.
    deaf: Option<TcpSocket>,
    server: Option<AbortHandle>,
}

struct State {
    fault: Mutex<Fault>,
    requests: AtomicUsize,
    open: AtomicUsize,
    /// Bytes of responses that were written.
    written: AtomicUsize,
    hang_up: Notify,
}

impl Faulty {
    /// A server with a fault, over plain TCP.
    pub fn start(fault: Fault) -> Self {
        Self::bind("127.0.0.1:0", fault, None)
    }

    /// A server with a fault, at a URL that is known beforehand.
    pub fn at(url: &str, fault: Fault) -> Self {
        Self::bind(url.trim_start_matches("http://"), fault, None)
    }

    /// A server with a fault, over TLS.
    pub fn tls(fault: Fault, acceptor: TlsAcceptor) -> Self {
        Self::bind("127.0.0.1:0", fault, Some(acceptor))
    }

    fn bind(address: &str, fault: Fault, tls: Option<TlsAcceptor>) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        let bound = socket.bind(address.parse().unwrap());
        bound.unwrap_or_else(|e| panic!("{address}: {e}"));
        let mut faulty = Self {
            address: socket.local_addr().unwrap(),
            state: Arc::new(State {
                fault: Mutex::new(fault),
                requests: AtomicUsize::new(0),
                open: AtomicUsize::new(0),
                written: AtomicUsize::new(0),
                hang_up: Notify::new(),
            }),
            tls,
            deaf: Some(socket),
            server: None,
        };
        faulty.becomes(fault);
        faulty
    }

    /// From now on it has another fault; one that was dead is there again.
    pub fn becomes(&mut self, fault: Fault) {
        *self.state.fault.lock().unwrap() = fault;
        if fault == Fault::Refused {
            return;
        }
        if let Some(socket) = self.deaf.take() {
            let listener = socket.listen(1024).unwrap();
            let accepting = accept(listener, Arc::clone(&self.state), self.tls.clone());
            self.server = Some(tokio::spawn(accepting).abort_handle());
        }
    }

    /// Closes the connections that are open.
    pub fn hang_up(&self) {
        self.state.hang_up.notify_waiters();
    }

    /// The base URL of the server.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port it listens at.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many requests it got.
    pub fn requests(&self) -> usize {
        self.state.requests.load(Ordering::SeqCst)
    }

    /// How many connections to it are open.
    pub fn open(&self) -> usize {
        self.state.open.load(Ordering::SeqCst)
    }

    /// How many bytes of its endless and huge responses it could write.
    pub fn written(&self) -> usize {
        self.state.written.load(Ordering::SeqCst)
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

async fn accept(listener: TcpListener, state: Arc<State>, tls: Option<TlsAcceptor>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (state, tls) = (Arc::clone(&state), tls.clone());
        tokio::spawn(async move {
            let fault = *state.fault.lock().unwrap();
            state.open.fetch_add(1, Ordering::SeqCst);
            // A client that has had enough breaks the connection, which is its right.
            tokio::select! {
                _ = serve(stream, &state, tls, fault) => {}
                () = state.hang_up.notified() => {}
            }
            state.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

async fn serve(
    stream: TcpStream,
    state: &State,
    tls: Option<TlsAcceptor>,
    fault: Fault,
) -> io::Result<()> {
    if let Some(acceptor) = tls {
        return misbehave(acceptor.accept(stream).await?, state, fault).await;
    }
    if fault == Fault::Reset {
        stream.readable().await?;
        state.requests.fetch_add(1, Ordering::SeqCst);
        return stream.set_zero_linger();
    }
    misbehave(stream, state, fault).await
}

async fn misbehave(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    state: &State,
    fault: Fault,
) -> io::Result<()> {
    if matches!(
        fault,
        Fault::GoAwayBeforeTheAnswer | Fault::GoAwayInTheAnswer
    ) {
        // The last stream that is served.
        let last = u32::from(fault == Fault::GoAwayInTheAnswer);
        return http2::go_away(stream, &state.requests, last).await;
    }
    if !read_head(&mut stream).await? {
        return Ok(());
    }
    state.requests.fetch_add(1, Ordering::SeqCst);
    let answer: Vec<u8> = match fault {
        Fault::BlackHole => Vec::new(),
        Fault::Garbage => b"SSH-2.0-OpenSSH_9.9\r\n\x00\xff\xfe not HTTP\r\n\r\n".into(),
        Fault::HalfAnswer => b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello".into(),
        Fault::LengthTooLong => b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\nhello".into(),
        Fault::LengthTooShort => b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhello".into(),
        Fault::RedirectLoop => {
            b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n".into()
        }
        Fault::HugeHeaders => {
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-huge: ".to_vec();
            [head, vec![b'h'; 1 << 20], b"\r\n\r\n".to_vec()].concat()
        }
        Fault::Informational => {
            let hints = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(100);
            [hints, FINE.to_vec()].concat()
        }
        Fault::Endless => b"HTTP/1.1 200 OK\r\n\r\n".into(),
        Fault::Huge => b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n".into(),
        Fault::ByteByByte => b"HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n".into(),
        _ => FINE.to_vec(),
    };
    if fault != Fault::EndlessInformational {
        stream.write_all(&answer).await?;
    }
    match fault {
        Fault::Endless | Fault::EndlessInformational => loop {
            let part = b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100);
            stream.write_all(&part).await?;
            state.written.fetch_add(part.len(), Ordering::SeqCst);
        },
        Fault::Huge => {
            for _ in 0..100 {
                stream.write_all(&vec![b'x'; 1_000_000]).await?;
                state.written.fetch_add(1_000_000, Ordering::SeqCst);
            }
        }
        Fault::ByteByByte => {
            for _ in 0..2000 {
                stream.write_all(b"x").await?;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        Fault::BlackHole | Fault::LengthTooLong | Fault::LengthTooShort | Fault::RedirectLoop => {
            // Open until the client closes it. What else it sends is a request more.
            let mut more = [0; 1024];
            while stream.read(&mut more).await? > 0 {}
        }
        _ => {
            // What is unread when a socket is closed resets the connection, before the response has
            // arrived.
            stream.shutdown().await?;
            let mut rest = [0; 1024];
            while stream.read(&mut rest).await? > 0 {}
        }
    }
    Ok(())
}

const FINE: &[u8] = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\nfine";

/// Reads up to the end of a head; `false` where the connection is closed without one.
async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<bool> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}
