//! The time of a copy: until its deadline, or until a drain gives it up.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::{
    sync::futures::Notified,
    task::coop::{Unconstrained, unconstrained},
    time::{Instant, Sleep, sleep_until},
};

use super::response::{Failed, Received, Receiving};
use crate::{bounds::draining, outcome::MirrorError};

pin_project! {
    /// The conditions for which a copy waits, within its time. It takes less than a `timeout` in a
    /// `select!`, and each copy has one.
    pub(super) struct Bounded {
        answer: Receiving,
        #[pin]
        cut: Notified<'static>,
        // It is polled even if the response has taken all of the task's budget.
        #[pin]
        deadline: Unconstrained<Sleep>,
        timeout: Duration,
    }
}

impl Bounded {
    /// Bounds what is waited for since a copy left.
    pub(super) fn new(answer: Receiving, left: Instant, timeout: Duration) -> Self {
        Self {
            answer,
            cut: draining::cut(),
            deadline: unconstrained(sleep_until(left + timeout)),
            timeout,
        }
    }
}

impl Future for Bounded {
    /// The outcome of the copy, with what was noted of a response that broke off, and whether a
    /// drain cancelled it.
    type Output = (Result<Received, Failed>, bool);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(answer) = this.answer.poll(context) {
            let failed = |error| Failed {
                error,
                noting: this.answer.broken(),
            };
            Poll::Ready((answer.map_err(failed), false))
        } else if this.cut.poll(context).is_ready() {
            let cut = this.answer.cut(MirrorError::Cancelled);
            Poll::Ready((cut.map_err(Failed::from), true))
        } else if this.deadline.poll(context).is_ready() {
            let timeout = MirrorError::Timeout(*this.timeout);
            let cut = this.answer.cut(timeout);
            Poll::Ready((cut.map_err(Failed::from), false))
        } else {
            Poll::Pending
        }
    }
}
