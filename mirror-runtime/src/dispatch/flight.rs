//! One copy, from leaving to its end.

use tokio::time::{Instant, timeout_at};

use super::{answer, in_flight};
use crate::{
    mirror::{Mirror, MirrorTarget},
    outcome::{FailureKind, MirrorError, ShadowResponse},
    transport::Sending,
};

/// A copy that has left and has not ended. Dropped without an end, by a panic or a runtime's shutdown, it has failed.
#[derive(Debug)]
pub(super) struct Flight {
    mirror: Mirror,
    index: usize,
    ended: bool,
    /// Held until the callback has run, so that draining waits for that too.
    _permit: in_flight::Permit,
}

impl Flight {
    pub(super) fn start(mirror: Mirror, index: usize, permit: in_flight::Permit) -> Self {
        mirror.targets()[index].counters.sent();
        Self {
            mirror,
            index,
            ended: false,
            _permit: permit,
        }
    }

    /// Sends the copy and reads the answer, all before the deadline, and reports what became of it.
    pub(super) async fn run(mut self, sending: Sending, left: Instant, deadline: Instant) {
        let keep = self.mirror.callbacks().wants_answers();
        let outcome = tokio::select! {
            outcome = timeout_at(deadline, answer::receive(sending, left, keep)) => {
                outcome.unwrap_or_else(|_| Err(MirrorError::Timeout(deadline - left)))
            }
            () = in_flight::cut() => Err(MirrorError::Cancelled),
        };
        self.end(&outcome);
        let target = &self.target().target;
        if let Err(error) = &outcome {
            tracing::debug!(mirror = self.mirror.name(), %target, %error, "a copy failed");
        }
        self.mirror.callbacks().report(target, &outcome);
    }

    fn end(&mut self, outcome: &Result<ShadowResponse, MirrorError>) {
        self.ended = true;
        match outcome {
            Ok(answer) => self.target().counters.answered(answer.status()),
            Err(error) => self.target().counters.failed(error.kind()),
        }
    }

    fn target(&self) -> &MirrorTarget {
        &self.mirror.targets()[self.index]
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.ended {
            self.target().counters.failed(FailureKind::Cancelled);
        }
    }
}
