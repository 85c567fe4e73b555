//! A body that is noted as the handler reads it.

use std::{
    pin::Pin,
    task::{Context, Poll},
    thread,
    time::Duration,
};

use axum::{BoxError, body::Body};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::{Copied, ReadBody, collector::Collector, deadline::Deadline, leftover::Leftover};
use crate::outcome::SkipReason;

/// Passes a body on to the handler, and tells `done` once what the copies get of it.
///
/// A handler that lets go of the body need not have asked for its end: an extractor that knows the
/// end of what it reads, as that of forms does, never does. Then the rest is looked at, and the
/// copies leave if there was nothing more.
pub(crate) struct Tee<F: FnOnce(Copied) + Send + 'static> {
    body: Body,
    noting: Option<(Collector, F)>,
    /// The time after which its client is slow; none if it is known to be.
    deadline: Option<Deadline>,
    /// Whether the handler has asked for any of it. Until then a client that expects `100 Continue`
    /// has not got it.
    asked: bool,
    /// How long the end may be waited for.
    within: Duration,
    /// Why there is no copy if the handler does not read to the end.
    unread: SkipReason,
}

impl<F: FnOnce(Copied) + Send + 'static> Tee<F> {
    /// Notes up to `max` bytes. A body that is not complete `within` the time is slow.
    pub(crate) fn new(body: Body, max: usize, within: Duration, done: F) -> Self {
        let noting = match Collector::new(max, body.size_hint().exact()) {
            Ok(collector) => Some((collector, done)),
            Err(reason) => {
                done(Err(reason));
                None
            }
        };
        Self {
            body,
            noting,
            deadline: Some(Deadline::new(within)),
            asked: false,
            within,
            unread: SkipReason::BodyNotRead,
        }
    }

    /// Notes what follows the beginning of a body that was read ahead.
    pub(super) fn after(body: Body, collector: Collector, within: Duration, done: F) -> Self {
        Self {
            body,
            noting: Some((collector, done)),
            deadline: None,
            asked: true,
            within,
            unread: SkipReason::BodyStalled,
        }
    }

    fn note(&mut self, frame: &Frame<Bytes>) {
        if let Some((collector, _)) = &mut self.noting
            && let Err(reason) = collector.push_frame(frame)
        {
            self.done(Some(reason));
        }
    }

    /// The client is waited for.
    fn wait(&mut self, context: &mut Context<'_>) {
        let Some((collector, _)) = &mut self.noting else {
            return;
        };
        if let Some(deadline) = &mut self.deadline
            && deadline.poll(context).is_ready()
        {
            self.deadline = None;
            if let Err(reason) = collector.slow_down() {
                self.done(Some(reason));
            }
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

    /// Whether all that is known of the length has been read, and no more than the end may be to
    /// come.
    fn may_be_complete(&self) -> bool {
        let to_come = self.body.size_hint().exact();
        self.asked && to_come.is_none_or(|to_come| to_come == 0)
    }
}

impl<F: FnOnce(Copied) + Send + Unpin + 'static> HttpBody for Tee<F> {
    type Data = Bytes;
    // As in `Replay`: wrapped once by `Body::new`, so that extractors find the error they know.
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        this.asked = true;
        let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) else {
            this.wait(context);
            return Poll::Pending;
        };
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

impl<F: FnOnce(Copied) + Send + 'static> Drop for Tee<F> {
    fn drop(&mut self) {
        if self.noting.is_none() {
            return;
        }
        // A panic ends the connection, too.
        if thread::panicking() || !self.may_be_complete() {
            self.done(Some(self.unread));
        } else if let Some((collector, done)) = self.noting.take() {
            let body = std::mem::take(&mut self.body);
            Leftover::new(body, collector, self.unread).read(self.within, done);
        }
    }
}
