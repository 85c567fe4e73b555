//! A body that is noted as it streams to the client.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{BoxError, body::Body};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::{Ending, PrimarySide};

/// Passes a body on as it is, and tells the side of the primary what it is.
///
/// What is noted of it is not held here: a body that is not asked for any more must not keep it.
pub(super) struct NotedBody {
    body: Body,
    side: Option<PrimarySide>,
    /// The length of the body, if known: a server that has sent as much may not ask for the end.
    length: Option<u64>,
    passed: u64,
}

impl NotedBody {
    pub(super) fn new(body: Body, side: PrimarySide, length: Option<u64>) -> Self {
        Self {
            body,
            side: Some(side),
            length,
            passed: 0,
        }
    }

    fn piece(&mut self, data: &Bytes) {
        self.passed += data.len() as u64;
        self.side = self.side.take().and_then(|side| side.piece(data));
    }

    fn end(&mut self, ending: Ending) {
        if let Some(side) = self.side.take() {
            side.ended(ending);
        }
    }
}

impl HttpBody for NotedBody {
    type Data = Bytes;
    // As in `Tee`: wrapped once by `Body::new`, so that a server finds the error it knows.
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let frame = ready!(Pin::new(&mut this.body).poll_frame(context));
        match &frame {
            None => this.end(Ending::Complete),
            Some(Err(_)) => this.end(Ending::CutShort),
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    this.piece(data);
                }
                if let (Some(trailers), Some(side)) = (frame.trailers_ref(), &this.side) {
                    side.trailers(trailers);
                }
                // Whoever knows the length does not ask for the end, nor does who has the trailers.
                if frame.is_trailers() || this.body.is_end_stream() {
                    this.end(Ending::Complete);
                }
            }
        }
        Poll::Ready(frame.map(|frame| frame.map_err(axum::Error::into_inner)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for NotedBody {
    fn drop(&mut self) {
        self.end(if self.length == Some(self.passed) {
            Ending::Complete
        } else {
            Ending::CutShort
        });
    }
}
