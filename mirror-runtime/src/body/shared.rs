//! The body of a copy.

use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use super::Chunks;
use crate::bounds::Reservation;

/// The body of a copy: complete, of known length, and shared by the copies of one request.
///
/// The trailers of the request are a part of it and come after the last byte. Trailers about
/// framing, routing and the connection ([RFC 9110 section 6.5.1]) are left out, and so are those
/// that the options of the mirror remove.
///
/// `Debug` shows the length, not the bytes.
///
/// [RFC 9110 section 6.5.1]: https://www.rfc-editor.org/rfc/rfc9110.html#section-6.5.1
#[derive(Clone, Default)]
pub struct CopyBody {
    chunks: Chunks,
    next: usize,
    remaining: u64,
    trailers: Option<Arc<HeaderMap>>,
    reservation: Option<Arc<Reservation>>,
}

impl CopyBody {
    pub(crate) fn new(chunks: Chunks, reservation: Arc<Reservation>) -> Self {
        let remaining = chunks.len() as u64;
        Self {
            chunks,
            next: 0,
            remaining,
            trailers: None,
            reservation: Some(reservation),
        }
    }

    /// A body of these bytes, unless the byte budget has no place for them.
    pub(crate) fn from_bytes(bytes: Bytes) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let reservation = Reservation::new(bytes.len())?;
        Some(Self::new(Chunks::One(bytes), Arc::new(reservation)))
    }

    /// All of it in one piece, with the place of that if it has to be made. `None` if the byte
    /// budget has none.
    pub(crate) fn in_one_piece(&self) -> Option<(Bytes, Option<Reservation>)> {
        let place = match &self.chunks {
            Chunks::Many(_) => Some(Reservation::new(self.chunks.len())?),
            Chunks::Empty | Chunks::One(_) => None,
        };
        Some((self.to_bytes(), place))
    }

    /// The number of bytes left to send.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    /// The trailers of the copy, unless they have been taken or there are none.
    ///
    /// A transport that has no place for them leaves them out. HTTP/1.1 has none after a body of
    /// stated length.
    #[must_use]
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.trailers.as_deref()
    }

    /// Takes the trailers out. The rest ends with its last byte.
    pub(crate) fn take_trailers(&mut self) -> Option<HeaderMap> {
        self.trailers.take().map(Arc::unwrap_or_clone)
    }

    pub(crate) fn with_trailers(mut self, trailers: Option<Arc<HeaderMap>>) -> Self {
        self.trailers = trailers.filter(|trailers| !trailers.is_empty());
        self
    }

    /// Whether no bytes are left to send. There may still be [trailers](Self::trailers).
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

    /// The pieces of it.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.chunks.as_slice().iter().map(|piece| &**piece)
    }

    /// The body's place in the byte budget.
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
            let trailers = self.take_trailers().map(Frame::trailers);
            return Poll::Ready(trailers.map(Ok));
        };
        self.next += 1;
        self.remaining -= chunk.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_empty() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    fn with_trailers(bytes: &'static str) -> CopyBody {
        let chunks = Chunks::One(Bytes::from_static(bytes.as_bytes()));
        let trailers = HeaderMap::from_iter([(http::header::ETAG, "x".parse().unwrap())]);
        CopyBody::new(chunks, Arc::default()).with_trailers(Some(Arc::new(trailers)))
    }

    #[tokio::test]
    async fn trailers_come_after_the_last_byte() {
        for bytes in ["hello", ""] {
            let mut body = with_trailers(bytes);
            let other = body.clone();
            if !bytes.is_empty() {
                let data = body.frame().await.unwrap().unwrap();
                assert_eq!(data.into_data().unwrap(), bytes);
            }
            assert!(body.is_empty() && !body.is_end_stream());
            let trailers = body.frame().await.unwrap().unwrap();
            assert_eq!(trailers.into_trailers().unwrap().len(), 1);
            assert!(body.is_end_stream() && body.frame().await.is_none());
            // Each copy has its own.
            assert_eq!(other.trailers().map(HeaderMap::len), Some(1));
        }
    }

    #[tokio::test]
    async fn a_body_whose_trailers_were_taken_ends_with_its_last_byte() {
        let mut body = with_trailers("hello");
        assert_eq!(body.take_trailers().map(|all| all.len()), Some(1));
        assert!(body.trailers().is_none());
        assert!(body.frame().await.unwrap().unwrap().is_data());
        assert!(body.is_end_stream());
    }
}
