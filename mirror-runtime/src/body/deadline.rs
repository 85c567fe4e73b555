//! The time that there is to read a body.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep};

use crate::workers::runtime_with_timers;

/// The time that there is to read a body. It begins when the client is waited for.
pub(super) struct Deadline {
    pub(super) within: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    pub(super) fn new(within: Duration) -> Self {
        Self {
            within,
            timer: None,
        }
    }

    /// Whether it has passed, for a body that always has something to yield.
    pub(super) fn has_passed(&self) -> bool {
        let timer = self.timer.as_ref();
        timer.is_some_and(|timer| timer.deadline() <= Instant::now())
    }

    /// Waits for it. On a runtime without timers it never comes: nothing is read ahead there.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.timer.is_none() && runtime_with_timers().is_some() {
            self.timer = Some(Box::pin(sleep(self.within)));
        }
        match &mut self.timer {
            Some(timer) => timer.as_mut().poll(context),
            None => Poll::Pending,
        }
    }
}
