//! One copy, from its admission to its end.

use std::{future::Future, sync::Arc};

use http::Request;
use tokio::time::Instant;

use super::{
    deadline::Bounded,
    response::{Received, Receiving, Wanted},
};
use crate::{
    body::CopyBody,
    bounds::{Permit, Reservation, Ticket},
    engine::{MirrorTarget, capturing::Capturing},
    exchange::{CopySide, Open},
    mirror::Mirror,
    outcome::{MirrorError, ShadowResponse, ShedReason, SkipReason},
    request::{HeaderRules, Unjoinable},
    target::Recipient,
    transport::{Sending, handler::Candidates},
    workers::{contained, off_path},
};

/// A copy, from when its gate has let it through until it has ended. Dropped before that, by a panic or a runtime's
/// shutdown, it has failed, or was not sent.
#[derive(Debug)]
pub(super) struct Flight {
    mirror: Mirror,
    index: usize,
    ticket: Ticket,
    stage: Stage,
    /// What the copy goes to, where the target is a handler.
    candidates: Option<Candidates>,
    /// Where the answer is to be compared.
    side: Option<CopySide>,
    capturing: Capturing,
    /// Held until the callback has run, so that draining waits for that too.
    permit: Permit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Admitted,
    Left,
    Ended,
}

impl Flight {
    /// Passes the gate of a target, or says why not.
    pub(super) fn admit(
        mirror: &Mirror,
        index: usize,
        open: Option<&Open>,
        candidates: Option<&Candidates>,
    ) -> Result<Self, ShedReason> {
        let target = &mirror.targets()[index];
        let admission = target.gate.admit()?;
        Ok(Self {
            mirror: mirror.clone(),
            index,
            ticket: admission.ticket,
            stage: Stage::Admitted,
            candidates: candidates.filter(|_| target.target.is_handler()).cloned(),
            side: open.map(|open| open.copy(index)),
            capturing: Capturing::here(),
            permit: admission.permit,
        })
    }

    pub(super) fn is_sync(&self) -> bool {
        self.mirror.is_sync()
    }

    /// How the headers of the copies of its mirror differ from those of their originals.
    pub(super) fn header_rules(&self) -> &HeaderRules {
        &self.mirror.shared().options.headers
    }

    /// The request for the target, as `make` makes it.
    pub(super) fn request(
        &self,
        make: impl FnOnce(Recipient<'_>) -> Result<Request<CopyBody>, Unjoinable>,
    ) -> Result<Request<CopyBody>, SkipReason> {
        let recipient = self.capturing.recipient(&self.target().target);
        let recipient = recipient.ok_or(SkipReason::Disabled)?;
        make(recipient).map_err(|_| SkipReason::Unsendable)
    }

    /// Lets the copy leave, unless it cannot: it is counted as sent now. The future sends it and reads the answer, all
    /// within the target's timeout, and reports what became of it.
    ///
    /// The places in the byte budget are kept until then, whatever the connection keeps of the copy.
    pub(super) fn run(
        mut self,
        request: Result<Request<CopyBody>, SkipReason>,
        places: [Option<Arc<Reservation>>; 2],
    ) -> Option<impl Future<Output = ()> + use<>> {
        match request.and_then(|request| self.leave(request)) {
            Ok(sending) => Some(self.finish(sending, Instant::now(), places)),
            Err(reason) => {
                self.stay(reason);
                None
            }
        }
    }

    #[expect(
        clippy::manual_async_fn,
        reason = "the future of an `async fn` has room for each argument twice"
    )]
    fn finish(
        mut self,
        sending: Sending,
        left: Instant,
        places: [Option<Arc<Reservation>>; 2],
    ) -> impl Future<Output = ()> + Send {
        async move {
            let (outcome, is_given_up) = self.outcome(sending, left).await;
            if is_given_up {
                self.permit.give_up();
            }
            let (outcome, noted) = match outcome {
                Ok((answer, noted)) => (Ok(answer), noted),
                Err(error) => (Err(error.safe()), None),
            };
            self.end(&outcome);
            match (self.side.take(), &outcome, noted) {
                (Some(side), Ok(answer), Some((noting, ending))) => {
                    // How long all of it takes is not known of one that was cut.
                    let first_byte = answer.is_cut().then(|| answer.first_byte());
                    let latency = first_byte.unwrap_or_else(|| answer.latency());
                    side.answered(noting.finish(ending, latency));
                }
                (Some(side), Err(error), _) => side.failed(error),
                _ => {}
            }
            if self.mirror.callbacks().wants(&outcome) {
                self.report(outcome).await;
            }
            drop(places);
        }
    }

    /// Calls the callback that wants to know.
    fn report(
        &self,
        outcome: Result<ShadowResponse, MirrorError>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let (mirror, index) = (self.mirror.clone(), self.index);
        off_path(&self.mirror, move || {
            let target = &mirror.targets()[index].target;
            mirror.callbacks().report(target, &outcome);
        })
    }

    fn leave(&mut self, request: Request<CopyBody>) -> Result<Sending, SkipReason> {
        let bytes = request.body().remaining();
        let (mirror, candidates) = (&self.mirror, self.candidates.as_ref());
        let is_probe = self.ticket.is_probe();
        let sending = self
            .capturing
            .send(mirror, self.index, request, candidates, is_probe)?;
        self.stage = Stage::Left;
        if let Some(side) = &mut self.side {
            side.sent();
        }
        self.target().counters.sent(bytes);
        Ok(sending)
    }

    /// It does not leave after all.
    pub(super) fn stay(&mut self, reason: SkipReason) {
        self.stage = Stage::Ended;
        self.target().gate.not_needed(self.ticket);
        self.mirror.not_sent(self.index, reason);
    }

    fn outcome(
        &self,
        sending: Sending,
        left: Instant,
    ) -> impl Future<Output = (Result<Received, MirrorError>, bool)> + Send + use<> {
        let wanted = Wanted {
            keep: self.mirror.callbacks().wants_answers(),
            compare: self.side.is_some(),
            max_compared: self.side.as_ref().and_then(CopySide::max_body),
        };
        let receiving = Receiving::new(sending, left, wanted);
        Bounded::new(receiving, left, self.target().timeout)
    }

    fn end(&mut self, outcome: &Result<ShadowResponse, MirrorError>) {
        self.stage = Stage::Ended;
        let target = self.target();
        match outcome {
            Ok(answer) => {
                let turn = target.gate.answered(self.ticket);
                let latency = (!answer.is_cut()).then(|| answer.latency());
                let counters = &target.counters;
                counters.answered(answer.status(), answer.first_byte(), latency);
                if turn.is_some() {
                    let (mirror, target) = (self.mirror.name(), &target.target);
                    contained(
                        || tracing::warn!(mirror, %target, "the circuit is closed again: copies leave"),
                    );
                }
            }
            Err(error) => {
                let (untold, turn) = target.gate.failed(self.ticket, error);
                target.counters.failed(error.kind());
                let (mirror, target) = (self.mirror.name(), &target.target);
                if let Some(failures) = untold {
                    contained(|| tracing::warn!(mirror, %target, %error, failures, "copies fail"));
                }
                if turn.is_some() {
                    contained(|| {
                        tracing::warn!(
                            mirror,
                            %target,
                            %error,
                            "the circuit is open: copies are shed, and one after each cooldown finds out whether the target is back"
                        );
                    });
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
        match self.stage {
            Stage::Admitted => self.stay(ShedReason::NoRuntime.into()),
            Stage::Left => {
                self.permit.give_up();
                self.end(&Err(MirrorError::Cancelled));
            }
            Stage::Ended => {}
        }
    }
}
