//! Offering a request's body to a stream in pieces, as the shadow's window opens.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use h2::SendStream;
use http::HeaderMap;
use http_body::Body as _;

use super::Meter;
use crate::{body::CopyBody, bounds::Reservation};

/// How much of a body is handed over before it has been written: some frames, so that the
/// connection always has one to write. What is beyond it stays where it is until the window opens.
pub(super) const MAX_HANDED_OVER: usize = 64 * 1024;

/// A piece of a body in the hands of its connection, with its place in the byte budget: that is
/// given back when the connection has let go of the bytes, and not before.
#[derive(Debug)]
pub(super) struct Piece {
    bytes: Bytes,
    _place: Option<Arc<Reservation>>,
    meter: Arc<Meter>,
}

impl Piece {
    fn new(bytes: Bytes, place: Option<Arc<Reservation>>, meter: &Arc<Meter>) -> Self {
        meter.takes_piece();
        Self {
            bytes,
            _place: place,
            meter: Arc::clone(meter),
        }
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.meter.lets_piece_go();
    }
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }
}

/// A body on its way, and the stream that it goes to.
#[derive(Debug)]
pub(super) struct Sending {
    stream: SendStream<Piece>,
    body: CopyBody,
    trailers: Option<HeaderMap>,
    place: Option<Arc<Reservation>>,
    meter: Arc<Meter>,
    /// What was taken out of the body, and is still to be handed over.
    next: Bytes,
    /// Whether the stream takes no more: all was handed over, or the shadow wants nothing more.
    ended: bool,
}

impl Sending {
    pub(super) fn new(stream: SendStream<Piece>, mut body: CopyBody, meter: &Arc<Meter>) -> Self {
        let trailers = body.take_trailers();
        Self {
            stream,
            ended: body.is_empty() && trailers.is_none(),
            place: body.reservation(),
            meter: Arc::clone(meter),
            body,
            trailers,
            next: Bytes::new(),
        }
    }

    /// Hands over what the shadow has room for. It ends early if the shadow wants no more, which
    /// its response tells.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while !self.ended {
            if self.next.is_empty() {
                let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
                let data = frame
                    .and_then(Result::ok)
                    .and_then(|frame| frame.into_data().ok());
                self.next = data.unwrap_or_default();
            }
            if self.next.is_empty() {
                self.end();
                break;
            }
            match ready!(self.poll_room(context)) {
                Some(room) => {
                    let bytes = self.next.split_to(room.min(self.next.len()));
                    self.hand_over(bytes);
                }
                None => self.ended = true,
            }
        }
        Poll::Ready(())
    }

    /// Waits for room in the window; `None` if the stream takes no more.
    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Option<usize>> {
        let wanted = self.next.len().min(MAX_HANDED_OVER);
        self.stream.reserve_capacity(wanted);
        loop {
            // What was granted before is not told again.
            let room = self.stream.capacity();
            if room > 0 {
                return Poll::Ready(Some(room));
            }
            let Some(Ok(_)) = ready!(self.stream.poll_capacity(context)) else {
                return Poll::Ready(None);
            };
        }
    }

    fn hand_over(&mut self, bytes: Bytes) {
        let is_last = self.next.is_empty() && self.body.is_empty() && self.trailers.is_none();
        let piece = Piece::new(bytes, self.place.clone(), &self.meter);
        self.ended |= self.stream.send_data(piece, is_last).is_err() || is_last;
    }

    /// The end of a body whose last byte has been handed over without it.
    fn end(&mut self) {
        self.ended = true;
        // A stream that takes no more is told of by its response.
        let _ = if let Some(trailers) = self.trailers.take() {
            self.stream.send_trailers(trailers)
        } else {
            let nothing = Piece::new(Bytes::new(), None, &self.meter);
            self.stream.send_data(nothing, true)
        };
    }
}

impl Drop for Sending {
    /// Ends both halves of the stream. What has been handed over and not been written is let go; if
    /// nothing is left to end, nothing is sent.
    fn drop(&mut self) {
        self.stream.send_reset(h2::Reason::CANCEL);
    }
}
