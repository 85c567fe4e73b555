//! The place of TLS in a build without it, in which no mirror has an `https` target.

use std::{
    convert::Infallible,
    io,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::wire::Wire;
use crate::outcome::MirrorError;

/// A TLS session, of which there is none.
#[derive(Debug)]
pub(super) struct TlsStream<T> {
    never: Infallible,
    over: PhantomData<T>,
}

/// Always fails: the target was refused when its mirror was built.
#[expect(clippy::unused_async, reason = "with TLS it waits for the server")]
pub(super) async fn handshake(
    _: Wire,
    _: &str,
    _: bool,
) -> Result<(Box<TlsStream<Wire>>, bool), MirrorError> {
    Err(MirrorError::Tls("built without TLS".into()))
}

/// There is none.
pub(super) fn wire(session: &TlsStream<Wire>) -> &Wire {
    match session.never {}
}

/// There is nothing to read.
pub(super) fn prepare() {}

impl<T: Unpin> AsyncRead for TlsStream<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.never {}
    }
}

impl<T: Unpin> AsyncWrite for TlsStream<T> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        match self.never {}
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.never {}
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.never {}
    }
}
