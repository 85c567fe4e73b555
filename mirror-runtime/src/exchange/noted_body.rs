//! A body that is noted as it streams to the client.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{BoxError, body::Body, response::Response};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::recorder::Ending;

/// Who is told what a body is.
pub(super) trait Note: Sized {
    /// Notes a piece; `None` if nothing more of the body is to be noted.
    fn piece(self, data: &Bytes) -> Option<Self>;

    /// Notes the trailer fields, which come last.
    fn trailers(&mut self, trailers: &HeaderMap);

    /// The body has ended, or was dropped before that.
    fn ended(self, ending: Ending);

    /// The body has failed.
    fn failed(self) {
        self.ended(Ending::CutShort);
    }
}

/// Passes a body on as it is, and tells who notes it what it is.
pub(super) struct NotedBody<N: Note> {
    body: Body,
    side: Option<N>,
    /// The length of the body, if known: a server that has sent as much may not ask for the end.
    length: Option<u64>,
    passed: u64,
}

impl<N: Note> NotedBody<N> {
    pub(super) fn new(body: Body, side: N, length: Option<u64>) -> Self {
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

impl<N: Note + Unpin> HttpBody for NotedBody<N> {
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
            Some(Err(_)) => {
                if let Some(side) = this.side.take() {
                    side.failed();
                }
            }
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    this.piece(data);
                }
                if let (Some(trailers), Some(side)) = (frame.trailers_ref(), &mut this.side) {
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

impl<N: Note> Drop for NotedBody<N> {
    fn drop(&mut self) {
        self.end(if self.length == Some(self.passed) {
            Ending::Complete
        } else {
            Ending::CutShort
        });
    }
}

/// What the response says that its length is: a server reads no further.
pub(super) fn length(response: &Response) -> Option<u64> {
    let length = response.headers().get(http::header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}
