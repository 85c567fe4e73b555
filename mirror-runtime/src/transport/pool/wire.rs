//! The bytes below a TLS session, counted beside those that come out of it.
//!
//! What TLS says for itself, such as tickets for further sessions, never comes out of it, and takes
//! time all the same.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// Why a connection has ended of which the shadow has sent more than it may.
pub(super) fn flooded() -> io::Error {
    io::Error::other("the shadow sent more than its copies allow")
}

/// What a session takes to be made, with a long chain of certificates, and for tickets.
const FREE: u64 = 128 * 1024;

/// What may come for each byte that comes out of it: a record of the shortest frame takes less than
/// four times its length.
const PER_BYTE: u64 = 8;

/// A TCP connection under a TLS session.
#[derive(Debug)]
pub(super) struct Wire {
    tcp: TcpStream,
    read: u64,
    plain: Arc<AtomicU64>,
}

impl Wire {
    /// Counts against the bytes in `plain`: what has come out of the session.
    pub(super) fn new(tcp: TcpStream, plain: Arc<AtomicU64>) -> Self {
        Self {
            tcp,
            read: 0,
            plain,
        }
    }

    pub(super) fn tcp(&self) -> &TcpStream {
        &self.tcp
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let most = FREE + PER_BYTE * self.plain.load(Relaxed);
        if self.read > most {
            return Poll::Ready(Err(flooded()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.tcp).poll_read(context, buffer);
        self.read += (buffer.filled().len() - before) as u64;
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    #[tokio::test]
    async fn what_a_session_says_for_itself_has_a_bound() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).await;
        let (mut peer, _) = listener.accept().await.unwrap();
        let flood = tokio::spawn(async move { while peer.write_all(&[0; 4096]).await.is_ok() {} });
        let plain = Arc::new(AtomicU64::new(0));
        let mut wire = Wire::new(tcp.unwrap(), Arc::clone(&plain));
        let mut buffer = [0; 4096];
        let (mut read, mut out) = (0, 0);
        // As long as something comes out of it, it goes on.
        while read < 4 * FREE {
            let came = wire.read(&mut buffer).await.unwrap();
            read += came as u64;
            out += came as u64 / PER_BYTE + 1;
            plain.store(out, Relaxed);
        }
        let mut more = 0;
        while let Ok(came) = wire.read(&mut buffer).await {
            more += came as u64;
            assert!(more < 2 * FREE);
        }
        drop(wire);
        flood.await.unwrap();
    }
}
