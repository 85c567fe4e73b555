//! The bytes between this process and a shadow.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::{
    idle::Unread,
    meter::{Frames, Meter},
    tls::{self, TlsStream},
    wire::{Wire, flooded},
};

use crate::bounds::limits;

/// The allowance of a shadow over HTTP/1 before its response begins: the 64 KiB of a head that is
/// read at most, and `1xx` heads before it.
const BEFORE_ANSWER: usize = 256 * 1024;

/// What it may send then: the 1 MiB of a body that is read at most, and as much again for its
/// framing.
const IN_ANSWER: usize = 2 * 1024 * 1024;

/// Several pieces of no more than this in all are joined before they are written: it takes the
/// system longer to go through a list than it takes to copy the head of a request and a body of 1
/// KiB.
const JOINED: usize = 2 * 1024;

/// How much more a shadow may send before its connection is given up.
#[derive(Clone, Debug)]
pub(super) struct Allowance(Arc<Shared>);

/// What a connection and its stream tell each other.
#[derive(Debug)]
struct Shared {
    left: AtomicUsize,
    /// Whether the system is to be asked, before anything is read, if the connection is there.
    asks_first: AtomicBool,
}

impl Allowance {
    pub(super) fn new() -> Self {
        Self(Arc::new(Shared {
            left: AtomicUsize::new(BEFORE_ANSWER),
            asks_first: AtomicBool::new(false),
        }))
    }

    /// A copy is sent.
    pub(super) fn for_head(&self) {
        self.0.left.store(BEFORE_ANSWER, Relaxed);
    }

    /// Its response has begun.
    pub(super) fn for_body(&self) {
        self.0.left.store(IN_ANSWER, Relaxed);
    }

    /// Whether nothing has come since a copy was sent.
    pub(super) fn is_untouched(&self) -> bool {
        self.0.left.load(Relaxed) == BEFORE_ANSWER
    }

    /// The connection, which carries nothing, is to be found closed if it is, also if the runtime
    /// does not know yet.
    pub(super) fn ask_first(&self) {
        self.0.asks_first.store(true, Relaxed);
    }

    fn asks_first(&self) -> bool {
        self.0.asks_first.load(Relaxed) && self.0.asks_first.swap(false, Relaxed)
    }

    fn take(&self, bytes: usize) -> io::Result<()> {
        // One task at a time reads from a connection: nothing is lost between the two steps.
        let left = self.0.left.load(Relaxed).checked_sub(bytes);
        let left = left.ok_or_else(flooded)?;
        self.0.left.store(left, Relaxed);
        Ok(())
    }
}

/// The bound on what a shadow may send.
#[derive(Debug)]
pub(super) enum Bound {
    /// One copy at a time: bytes.
    Http1(Allowance),
    /// Many at once: frames and bytes.
    #[cfg_attr(
        not(feature = "http2"),
        expect(dead_code, reason = "there are no frames to bound")
    )]
    Http2(Box<Frames>, Arc<Meter>),
}

impl Bound {
    #[cfg(feature = "http2")]
    pub(super) fn http2(meter: Arc<Meter>) -> Self {
        Self::Http2(Box::default(), meter)
    }

    fn read(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        match self {
            Self::Http1(allowance) => allowance.take(bytes.len()),
            Self::Http2(frames, meter) => frames.read(bytes, meter),
        }
    }

    /// Whether what came is not what it should be, rather than too much of it.
    fn is_foreign(&self) -> bool {
        match self {
            Self::Http1(_) => false,
            Self::Http2(_, meter) => meter.is_foreign(),
        }
    }

    fn wrote(&self, written: &Poll<io::Result<usize>>) {
        if let (Self::Http2(_, meter), Poll::Ready(Ok(bytes))) = (self, written) {
            meter.wrote(*bytes);
        }
    }
}

fn closed() -> io::Error {
    io::Error::new(
        io::ErrorKind::ConnectionAborted,
        "the shadow has closed the connection while it carried nothing",
    )
}

/// Connections of the process that are open, each of which has a descriptor.
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// The descriptor of a connection, from before it is opened until it is closed.
#[derive(Debug)]
pub(super) struct Descriptor(());

impl Descriptor {
    pub(super) fn take() -> Self {
        OPEN.fetch_add(1, Relaxed);
        Self(())
    }

    /// Whether there are more than there may be, idle ones among them.
    pub(super) fn is_beyond(&self) -> bool {
        let Self(()) = self;
        OPEN.load(Relaxed) > limits::max_connections()
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Relaxed);
    }
}

/// A connection to a shadow, with or without TLS, from which no more is read than is allowed.
#[derive(Debug)]
pub(super) struct Stream {
    kind: StreamKind,
    bound: Bound,
    /// Counts the connections that ended because the shadow sent too much.
    floods: Arc<AtomicU64>,
    is_flooded: bool,
    _descriptor: Descriptor,
}

#[derive(Debug)]
pub(super) enum StreamKind {
    Plain(TcpStream),
    /// With what has come out of the session, against which what goes into it is counted.
    Tls(Box<TlsStream<Wire>>, Arc<AtomicU64>),
}

impl Stream {
    pub(super) fn new(
        kind: StreamKind,
        bound: Bound,
        floods: Arc<AtomicU64>,
        descriptor: Descriptor,
    ) -> Self {
        Self {
            kind,
            bound,
            floods,
            is_flooded: false,
            _descriptor: descriptor,
        }
    }

    /// Whether the shadow has closed a connection that carries nothing, or has begun to send
    /// something for which nobody has asked.
    fn is_unusable(&self) -> bool {
        match Unread::of(self.tcp()) {
            Unread::Nothing => false,
            // A session may have something to say for itself.
            Unread::Bytes => matches!(self.kind, StreamKind::Plain(_)),
            Unread::End => true,
        }
    }

    /// An error before the first bytes after a rest, if the shadow has closed the connection
    /// meanwhile: then it is certain that it has not got them.
    fn still_there(&self) -> io::Result<()> {
        let begins_anew = match &self.bound {
            // It is asked for before a copy leaves.
            Bound::Http1(_) => false,
            Bound::Http2(_, meter) => meter.begins_anew(),
        };
        if begins_anew && Unread::of(self.tcp()) == Unread::End {
            return Err(closed());
        }
        Ok(())
    }

    fn tcp(&self) -> &TcpStream {
        match &self.kind {
            StreamKind::Plain(tcp) => tcp,
            StreamKind::Tls(session, _) => tls::wire(session).tcp(),
        }
    }

    /// Takes account of what was read. What is too much ends the connection; over HTTP/2 only at
    /// the next read, because what was read may hold a response.
    fn count(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        if let StreamKind::Tls(_, plain) = &self.kind {
            plain.fetch_add(bytes.len() as u64, Relaxed);
        }
        let Err(error) = self.bound.read(bytes) else {
            return Ok(());
        };
        if !std::mem::replace(&mut self.is_flooded, true) && !self.bound.is_foreign() {
            self.floods.fetch_add(1, Relaxed);
        }
        match self.bound {
            Bound::Http1(_) => Err(error),
            Bound::Http2(..) => Ok(()),
        }
    }
}

/// Calls a method of the stream underneath, whichever that is.
macro_rules! underneath {
    ($stream:expr, $method:ident($($argument:expr),*)) => {
        match &mut $stream.kind {
            StreamKind::Plain(stream) => Pin::new(stream).$method($($argument),*),
            StreamKind::Tls(stream, _) => Pin::new(stream.as_mut()).$method($($argument),*),
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.is_flooded {
            return Poll::Ready(Err(flooded()));
        }
        if let Bound::Http1(allowance) = &this.bound
            && allowance.asks_first()
            && this.is_unusable()
        {
            return Poll::Ready(Err(closed()));
        }
        let before = buffer.filled().len();
        let read = underneath!(this, poll_read(context, buffer));
        if let Poll::Ready(Ok(())) = read {
            this.count(&mut buffer.filled_mut()[before..])?;
        }
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.still_there()?;
        let written = underneath!(this, poll_write(context, bytes));
        this.bound.wrote(&written);
        written
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        underneath!(self.get_mut(), poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        underneath!(self.get_mut(), poll_shutdown(context))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [piece] = pieces {
            return self.poll_write(context, piece);
        }
        let length = pieces.iter().map(|piece| piece.len()).sum();
        if length > JOINED {
            let this = self.get_mut();
            this.still_there()?;
            let written = underneath!(this, poll_write_vectored(context, pieces));
            this.bound.wrote(&written);
            return written;
        }
        let mut joined = [0; JOINED];
        let mut free = &mut joined[..];
        for piece in pieces {
            let (taken, rest) = std::mem::take(&mut free).split_at_mut(piece.len());
            taken.copy_from_slice(piece);
            free = rest;
        }
        self.poll_write(context, &joined[..length])
    }

    fn is_write_vectored(&self) -> bool {
        match &self.kind {
            StreamKind::Plain(stream) => stream.is_write_vectored(),
            StreamKind::Tls(stream, _) => stream.is_write_vectored(),
        }
    }
}

#[cfg(all(test, feature = "http2", target_os = "linux"))]
mod tests {
    use tokio::{io::AsyncWriteExt, net::TcpListener};

    use super::*;

    /// So that whatever was to be written can be sent over another connection.
    #[tokio::test]
    async fn nothing_is_written_after_a_rest_to_a_shadow_that_has_closed_its_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).await;
        let (peer, _) = listener.accept().await.unwrap();
        let meter = Arc::new(Meter::new());
        let kind = StreamKind::Plain(tcp.unwrap());
        let bound = Bound::http2(Arc::clone(&meter));
        let mut stream = Stream::new(kind, bound, Arc::default(), Descriptor::take());
        stream.write_all(b"one").await.unwrap();
        meter.rests();
        stream.write_all(b"two").await.unwrap();
        meter.rests();
        drop(peer);
        let error = stream.write_all(b"three").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
        assert_eq!(meter.written(), 6);
    }
}
