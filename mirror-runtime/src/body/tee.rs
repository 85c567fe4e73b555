//! A body that is noted as the handler reads it.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{BoxError, body::Body};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::{Copied, ReadBody, collector::Collector};
use crate::outcome::SkipReason;

/// Passes a body on to the handler, and tells `done` once what the copies get of it.
pub(crate) struct Tee<F: FnOnce(Copied)> {
    body: Body,
    noting: Option<(Collector, F)>,
}

impl<F: FnOnce(Copied)> Tee<F> {
    /// Notes up to `max` bytes.
    pub(crate) fn new(body: Body, max: usize, done: F) -> Self {
        let noting = match Collector::new(max, body.size_hint().exact()) {
            Ok(collector) => Some((collector, done)),
            Err(reason) => {
                done(Err(reason));
                None
            }
        };
        Self { body, noting }
    }

    fn note(&mut self, frame: &Frame<Bytes>) {
        let Some((collector, _)) = &mut self.noting else {
            return;
        };
        let pushed = match (frame.data_ref(), frame.trailers_ref()) {
            (Some(data), _) => collector.push(data.clone()),
            (None, Some(trailers)) => collector.keep_trailers(trailers),
            (None, None) => Ok(()),
        };
        if let Err(reason) = pushed {
            self.done(Some(reason));
        }
    }

    fn done(&mut self, reason: Option<SkipReason>) {
        if let Some((collector, done)) = self.noting.take() {
            done(match reason {
                None => Ok(ReadBody::Collected(collector.into_copy_body())),
                Some(reason) => Err(reason),
            });
        }
    }
}

impl<F: FnOnce(Copied) + Unpin> HttpBody for Tee<F> {
    type Data = Bytes;
    // As in `Replay`: wrapped once by `Body::new`, so that extractors find the error they know.
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let frame = ready!(Pin::new(&mut this.body).poll_frame(context));
        match &frame {
            None => this.done(None),
            Some(Err(_)) => this.done(Some(SkipReason::PrimaryGone)),
            Some(Ok(frame)) => {
                this.note(frame);
                // Whoever knows the length does not ask for the end.
                if this.body.is_end_stream() {
                    this.done(None);
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

impl<F: FnOnce(Copied)> Drop for Tee<F> {
    fn drop(&mut self) {
        self.done(Some(SkipReason::BodyNotRead));
    }
}
