//! The bytes between this process and a shadow.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::tls::TlsStream;

/// What a shadow may send over HTTP/1 before its answer begins: the 64 KiB of a head that is read at most, and `1xx` heads
/// before it.
const BEFORE_ANSWER: usize = 256 * 1024;

/// What it may send then: the 1 MiB of a body that is read at most, and as much again for its framing.
const IN_ANSWER: usize = 2 * 1024 * 1024;

/// Several pieces of no more than this in all are joined before they are written: it takes the system longer to go through a
/// list than it takes to copy the head of a request and a body of 1 KiB.
const JOINED: usize = 2 * 1024;

/// How much more a shadow may send before its connection is given up.
#[derive(Clone, Debug)]
pub(super) struct Allowance(Arc<AtomicUsize>);

impl Allowance {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicUsize::new(BEFORE_ANSWER)))
    }

    /// For connections that carry many copies at once.
    pub(super) fn unlimited() -> Self {
        Self(Arc::new(AtomicUsize::new(usize::MAX)))
    }

    /// A copy is sent.
    pub(super) fn for_head(&self) {
        self.0.store(BEFORE_ANSWER, Relaxed);
    }

    /// Its answer has begun.
    pub(super) fn for_body(&self) {
        self.0.store(IN_ANSWER, Relaxed);
    }

    fn take(&self, bytes: usize) -> io::Result<()> {
        // One task at a time reads from a connection: nothing is lost between the two steps.
        match self.0.load(Relaxed) {
            usize::MAX => Ok(()),
            left if left < bytes => Err(io::Error::other("the answer does not end")),
            left => {
                self.0.store(left - bytes, Relaxed);
                Ok(())
            }
        }
    }
}

/// A connection to a shadow, with or without TLS, from which no more is read than is allowed.
#[derive(Debug)]
pub(super) struct Stream {
    kind: StreamKind,
    allowance: Allowance,
}

#[derive(Debug)]
pub(super) enum StreamKind {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    pub(super) fn new(kind: StreamKind, allowance: Allowance) -> Self {
        Self { kind, allowance }
    }
}

/// Calls a method of the stream underneath, whichever that is.
macro_rules! underneath {
    ($stream:expr, $method:ident($($argument:expr),*)) => {
        match &mut $stream.get_mut().kind {
            StreamKind::Plain(stream) => Pin::new(stream).$method($($argument),*),
            StreamKind::Tls(stream) => Pin::new(stream.as_mut()).$method($($argument),*),
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = underneath!(self.as_mut(), poll_read(context, buffer));
        if let Poll::Ready(Ok(())) = read {
            self.allowance.take(buffer.filled().len() - before)?;
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
        underneath!(self, poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        underneath!(self, poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        underneath!(self, poll_shutdown(context))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [piece] = pieces {
            return underneath!(self, poll_write(context, piece));
        }
        let length = pieces.iter().map(|piece| piece.len()).sum();
        if length > JOINED {
            return underneath!(self, poll_write_vectored(context, pieces));
        }
        let mut joined = [0; JOINED];
        let mut free = &mut joined[..];
        for piece in pieces {
            let (taken, rest) = std::mem::take(&mut free).split_at_mut(piece.len());
            taken.copy_from_slice(piece);
            free = rest;
        }
        underneath!(self, poll_write(context, &joined[..length]))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.kind {
            StreamKind::Plain(stream) => stream.is_write_vectored(),
            StreamKind::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
