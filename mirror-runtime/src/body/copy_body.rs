//! The body of a copy.

use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::{Chunks, Reservation};

/// The body of a copy: all there, of known length, and shared by the copies of one request.
///
/// Its `Debug` tells the length and not the bytes.
#[derive(Clone, Default)]
pub struct CopyBody {
    chunks: Chunks,
    next: usize,
    remaining: u64,
    reservation: Option<Arc<Reservation>>,
}

impl CopyBody {
    pub(crate) fn new(chunks: Chunks, reservation: Arc<Reservation>) -> Self {
        let remaining = chunks.len() as u64;
        Self {
            chunks,
            next: 0,
            remaining,
            reservation: Some(reservation),
        }
    }

    /// How many bytes are left to send.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    /// Whether nothing is left to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.remaining == 0
    }

    /// All of it, in one piece.
    pub(crate) fn to_bytes(&self) -> Bytes {
        match &self.chunks {
            Chunks::Empty => Bytes::new(),
            Chunks::One(piece) => piece.clone(),
            Chunks::Many(pieces) => pieces.concat().into(),
        }
    }

    /// What keeps the body's place in the byte budget.
    pub(crate) fn reservation(&self) -> Option<Arc<Reservation>> {
        self.reservation.clone()
    }
}

impl fmt::Debug for CopyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyBody")
            .field("remaining", &self.remaining)
            .finish_non_exhaustive()
    }
}

impl Body for CopyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.next;
        let chunk = match &mut self.chunks {
            // Nobody asks for it again, and a clone is an allocation.
            Chunks::One(chunk) if next == 0 => Some(std::mem::take(chunk)),
            chunks => chunks.as_slice().get(next).cloned(),
        };
        let Some(chunk) = chunk.filter(|_| !self.is_empty()) else {
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
