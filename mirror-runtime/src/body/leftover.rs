//! The rest of a body that its handler has dropped.

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http_body::Body as _;
use tokio::time::timeout;

use super::{Copied, ReadBody, collector::Collector};
use crate::{
    outcome::SkipReason,
    workers::{Hold, runtime_with_timers},
};

/// How long the end of a body is waited for that its handler takes for complete, or `read_ahead` if
/// that is less. The end comes with the last bytes, or in the next packet. The response does not
/// wait for it, but a server that would close the connection because of a body that is not read
/// does so later.
const MOMENT: Duration = Duration::from_secs(1);

/// How many bytes may stand behind what the handler took for the end, such as the epilogue of a
/// form: as much as a server takes off a connection at once. It would throw that away without a
/// mirror.
const MAX_LEFT: usize = 64 * 1024;

/// Reads what is left, and tells whether that was all.
pub(super) struct Leftover {
    body: Body,
    /// Taken at the end.
    collector: Option<Collector>,
    left: usize,
    unread: SkipReason,
}

impl Leftover {
    pub(super) fn new(body: Body, collector: Collector, unread: SkipReason) -> Self {
        Self {
            body,
            collector: Some(collector),
            left: MAX_LEFT,
            unread,
        }
    }

    /// Tells `done` what the copies get: at once if the end is there, and otherwise a moment later,
    /// from a task.
    pub(super) fn read(mut self, within: Duration, done: impl FnOnce(Copied) + Send + 'static) {
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(copied) = pin!(&mut self).poll(&mut context) {
            return done(copied);
        }
        let Some(runtime) = runtime_with_timers() else {
            return done(Err(self.unread));
        };
        // Keeps a test waiting that looks at the copies.
        let (hold, unread) = (Hold::here(), self.unread);
        runtime.spawn(async move {
            let copied = timeout(within.min(MOMENT), self).await;
            done(copied.unwrap_or(Err(unread)));
            hold.end();
        });
    }

    fn end(&mut self) -> Copied {
        let collector = self.collector.take().ok_or(self.unread)?;
        Ok(ReadBody::Collected(collector.into_copy_body()))
    }

    fn push(&mut self, frame: &http_body::Frame<Bytes>) -> Result<(), SkipReason> {
        // One that holds nothing counts, too: there may be any number of them.
        let length = frame.data_ref().map_or(1, |data| data.len().max(1));
        self.left = self.left.checked_sub(length).ok_or(self.unread)?;
        let collector = self.collector.as_mut().ok_or(self.unread)?;
        collector.push_frame(frame)
    }
}

impl Future for Leftover {
    type Output = Copied;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Copied> {
        let this = &mut *self;
        loop {
            match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                None => return Poll::Ready(this.end()),
                Some(Err(_)) => return Poll::Ready(Err(SkipReason::PrimaryGone)),
                Some(Ok(frame)) => {
                    if let Err(reason) = this.push(&frame) {
                        return Poll::Ready(Err(reason));
                    }
                    if this.body.is_end_stream() {
                        return Poll::Ready(this.end());
                    }
                }
            }
        }
    }
}
