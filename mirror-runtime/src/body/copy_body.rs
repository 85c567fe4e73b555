//! The body of a copy.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::Chunks;

/// The body of a copy: all there, of known length, and shared by the copies of one request.
#[derive(Clone, Debug, Default)]
pub struct CopyBody {
    chunks: Chunks,
    next: usize,
    remaining: u64,
}

impl CopyBody {
    pub(crate) fn new(chunks: Chunks) -> Self {
        let remaining = chunks.len() as u64;
        Self {
            chunks,
            next: 0,
            remaining,
        }
    }

    /// Whether nothing is left to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.remaining == 0
    }
}

impl Body for CopyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(chunk) = self.chunks.as_slice().get(self.next).cloned() else {
            return Poll::Ready(None);
        };
        self.next += 1;
        self.remaining -= chunk.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}
