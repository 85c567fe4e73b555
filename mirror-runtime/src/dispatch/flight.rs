//! One copy, from leaving to its end.

use std::sync::Arc;

use tokio::{
    sync::futures::Notified,
    time::{Instant, timeout_at},
};

use super::{
    answer, drain,
    gate::{Admission, Ticket},
    permit::Permit,
};
use crate::{
    body::Reservation,
    callbacks::off_path,
    copy::Copy,
    mirror::{Mirror, MirrorTarget},
    outcome::{MirrorError, ShadowResponse},
    transport::Sending,
};

/// A copy that has left and has not ended. Dropped without an end, by a panic or a runtime's shutdown, it has failed.
#[derive(Debug)]
pub(super) struct Flight {
    mirror: Mirror,
    index: usize,
    ticket: Ticket,
    ended: bool,
    cut: Option<Notified<'static>>,
    /// Kept until the copy ends, whatever its connection keeps of it.
    _places: [Option<Arc<Reservation>>; 2],
    /// Held until the callback has run, so that draining waits for that too.
    _permit: Permit,
}

impl Flight {
    pub(super) fn start(mirror: Mirror, index: usize, copy: &Copy, admission: Admission) -> Self {
        mirror.targets()[index]
            .counters
            .sent(copy.body().remaining());
        Self {
            mirror,
            index,
            ticket: admission.ticket,
            ended: false,
            cut: Some(drain::cut()),
            _places: copy.places(),
            _permit: admission.permit,
        }
    }

    /// Sends the copy and reads the answer, all within the target's timeout, and reports what became of it.
    pub(super) async fn run(mut self, sending: Sending, left: Instant) {
        let timeout = self.target().timeout;
        let keep = self.mirror.callbacks().wants_answers();
        let cut = self.cut.take();
        let outcome = tokio::select! {
            outcome = timeout_at(left + timeout, answer::receive(sending, left, keep)) => {
                outcome.unwrap_or_else(|_| Err(MirrorError::Timeout(timeout)))
            }
            () = async { if let Some(cut) = cut { cut.await } } => Err(MirrorError::Cancelled),
        };
        self.end(&outcome);
        if self.mirror.callbacks().wants(&outcome) {
            let (mirror, index) = (self.mirror.clone(), self.index);
            let report = move || {
                let target = &mirror.targets()[index].target;
                mirror.callbacks().report(target, &outcome);
            };
            off_path(report).await;
        }
    }

    fn end(&mut self, outcome: &Result<ShadowResponse, MirrorError>) {
        self.ended = true;
        let target = self.target();
        match outcome {
            Ok(answer) => {
                target.gate.answered(self.ticket);
                target.counters.answered(answer.status(), answer.latency());
            }
            Err(error) => {
                let untold = target.gate.failed(self.ticket, error);
                target.counters.failed(error.kind());
                if let Some(failures) = untold {
                    let (mirror, target) = (self.mirror.name(), &target.target);
                    tracing::warn!(mirror, %target, %error, failures, "copies fail");
                }
            }
        }
    }

    fn target(&self) -> &MirrorTarget {
        &self.mirror.targets()[self.index]
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.ended {
            self.end(&Err(MirrorError::Cancelled));
        }
    }
}
