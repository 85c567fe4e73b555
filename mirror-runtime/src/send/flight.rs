//! One copy, from its admission to its end.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use axum::extract::OriginalUri;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use tokio::{
    task::coop::unconstrained,
    time::{Instant, sleep_until},
};

use super::{
    About,
    deadline::Bounded,
    response::{Failed, Received, Receiving, Wanted},
};
use crate::{
    body::CopyBody,
    bounds::{Permit, Reservation, Ticket, draining},
    engine::{Engine, EngineTarget, capturing::Capturing},
    exchange::{CopySide, Ending, Open},
    outcome::{BufferedResponse, MirrorError, ShedReason, SkipReason},
    recorded::RecordedExchange,
    request::{HeaderRules, MIRRORED_FROM, Unjoinable, arrived_path, changed},
    signature::{MIRROR_SIGNATURE, Subject, body_hash, sign},
    stats::RouteLabel,
    target::Recipient,
    telemetry::{Happened, RequestId},
    trace::{CopySpan, Leaving, Origin},
    transport::{Keeping, Route, Sending, handler::Candidates},
    workers::{Ended, caught},
};

/// A copy, from when its gate has let it through until it has ended. Dropped before that, by a
/// panic or a runtime's shutdown, it has failed, or was not sent.
#[derive(Debug)]
pub(super) struct Flight {
    engine: Arc<Engine>,
    index: usize,
    ticket: Ticket,
    stage: Stage,
    /// The handler that the copy goes to, if the target is one.
    candidates: Option<Candidates>,
    /// Where the response is to be compared.
    side: Option<CopySide>,
    /// The route of the request, as a label.
    route: RouteLabel,
    capturing: Capturing,
    request_id: Option<RequestId>,
    origin: Origin,
    /// From when the copy leaves.
    span: CopySpan,
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
        engine: &Arc<Engine>,
        index: usize,
        open: Option<&Open>,
        candidates: Option<&Candidates>,
        about: About<'_>,
    ) -> Result<Self, ShedReason> {
        let target = &engine.targets[index];
        let admission = target.gate.admit()?;
        Ok(Self {
            engine: Arc::clone(engine),
            index,
            ticket: admission.ticket,
            stage: Stage::Admitted,
            candidates: candidates.filter(|_| target.target().is_handler()).cloned(),
            side: open.map(|open| open.copy(index)),
            route: about.route,
            capturing: Capturing::here(),
            request_id: about.request_id.cloned(),
            origin: about.origin.clone(),
            span: CopySpan::default(),
            permit: admission.permit,
        })
    }

    /// Passes the gate of a sink, or says why not: its request has waited for the response.
    pub(super) fn admit_waiting(
        engine: &Arc<Engine>,
        index: usize,
        permit: Permit,
        request_id: Option<&RequestId>,
        route: RouteLabel,
    ) -> Result<Self, ShedReason> {
        let admission = engine.targets[index].gate.admit_waiting(permit)?;
        Ok(Self {
            engine: Arc::clone(engine),
            index,
            ticket: admission.ticket,
            stage: Stage::Admitted,
            candidates: None,
            side: None,
            route,
            capturing: Capturing::here(),
            request_id: request_id.cloned(),
            // It is sent no copy.
            origin: Origin::none(),
            span: CopySpan::default(),
            permit: admission.permit,
        })
    }

    pub(super) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    pub(super) fn is_sync(&self) -> bool {
        self.engine.options.sync
    }

    /// How the headers of the copies of its mirror differ from those of their originals.
    pub(super) fn header_rules(&self) -> &HeaderRules {
        &self.engine.options.headers
    }

    /// The request for the target, as `make` makes it.
    pub(super) fn request(
        &self,
        make: impl FnOnce(Recipient<'_>) -> Result<Request<CopyBody>, Unjoinable>,
    ) -> Result<Request<CopyBody>, SkipReason> {
        let recipient = self.capturing.recipient(self.target().target());
        let recipient = recipient.ok_or(SkipReason::Disabled)?;
        let mut request = make(recipient).map_err(|_| SkipReason::Unsendable)?;
        let own = self.target().target().own_headers();
        if !own.is_empty() {
            give_headers(&mut request, own)?;
        }
        Ok(request)
    }

    /// Whether functions of the user's change the copy.
    pub(super) fn maps(&self) -> bool {
        self.engine.map_request.is_some() || self.target().target().own_map().is_some()
    }

    /// What changes the copy: the mirror's function, and then the target's. A copy about which one
    /// of them panics does not leave, for nobody knows what is left in it.
    pub(super) fn map(
        &self,
    ) -> impl FnOnce(Request<CopyBody>) -> Result<Request<CopyBody>, SkipReason> + Send + use<>
    {
        let (engine, index) = (Arc::clone(&self.engine), self.index);
        let stand_in = self.capturing.stand_in();
        move |request| {
            let source = &engine.targets[index].source;
            let target = source.target();
            let functions: Vec<_> = engine.map_request.iter().chain(target.own_map()).collect();
            let recipient = target.recipient().or(stand_in);
            let recipient = recipient.ok_or(SkipReason::Disabled)?;
            let names = (&*engine.name, target.name());
            let options = &engine.options;
            let changed = caught(source.code("map_request"), || {
                changed(
                    request,
                    recipient,
                    names,
                    &functions,
                    &options.headers,
                    options.max_body,
                )
            });
            changed.unwrap_or(Err(SkipReason::NotMapped))
        }
    }

    /// The copy will not leave in the time that a drain has.
    pub(super) fn give_up(&mut self) {
        self.permit.give_up();
    }

    /// Signs a copy that leaves now.
    fn sign(&self, request: &mut Request<CopyBody>) -> Result<(), SkipReason> {
        let target = self.target().target();
        let base = match self.capturing.recipient(target) {
            Some(Recipient::Server(destination)) => &*destination.base_path,
            _ => "",
        };
        let path = match request.extensions().get::<OriginalUri>() {
            // A handler is called with what a router has left of the path.
            Some(OriginalUri(uri)) => uri.path_and_query().cloned(),
            None => arrived_path(request.uri(), base),
        };
        let headers = request.headers();
        let (Some(path), Some(from)) = (path, headers.get(MIRRORED_FROM)) else {
            return Err(SkipReason::Unsendable);
        };
        let subject = Subject {
            from: from.as_bytes(),
            method: request.method(),
            path_and_query: path.as_str(),
        };
        let hash = body_hash(request.body().pieces());
        let names = (&*self.engine.name, target.name());
        let now = SystemTime::now();
        if let Some(signature) = sign(&self.engine.key, names, base, subject, &hash, now) {
            let headers = request.headers_mut();
            let inserted = headers.try_insert(MIRROR_SIGNATURE, signature);
            inserted.map_err(|_| SkipReason::Unsendable)?;
        }
        Ok(())
    }

    /// Lets the copy leave, unless it cannot: it is counted as sent now. The future sends it and
    /// reads the response, all within the target's timeout, and reports what became of it.
    ///
    /// The places in the byte budget are kept until then, whatever the connection keeps of the
    /// copy.
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
                Ok((response, noted)) => {
                    // How long all of it takes is not known of one that was cut.
                    let first_byte = response.is_streaming().then(|| response.first_byte());
                    let latency = first_byte.unwrap_or_else(|| response.latency());
                    let noted = noted.map(|(noting, ending)| noting.finish(ending, latency));
                    (Ok(response), noted)
                }
                Err(Failed { error, noting }) => {
                    let reason = CopySide::reason(&error);
                    // A client would have got the beginning as well.
                    let noted =
                        noting.map(|noting| noting.finish(Ending::CutShort, left.elapsed()));
                    (Err(error.safe()), Some(noted.unwrap_or(Err(reason))))
                }
            };
            let elapsed = outcome.is_err().then(|| left.elapsed());
            let reported = self.end(outcome, elapsed);
            let span = std::mem::take(&mut self.span);
            match (self.side.take(), noted) {
                (Some(side), Some(noted)) => side.ended(noted, span),
                _ => span.settle_within(self.target().timeout),
            }
            if let Some(reported) = reported {
                // The callback has ended, or there was no thread for it.
                let _ = reported.await;
            }
            drop(places);
        }
    }

    fn leave(&mut self, mut request: Request<CopyBody>) -> Result<Sending, SkipReason> {
        if !self.capturing.lets_leave(&self.engine) {
            return Err(SkipReason::SwitchedOff);
        }
        if self.engine.options.headers.signs {
            self.sign(&mut request)?;
        }
        let bytes = request.body().remaining();
        let (engine, candidates) = (&self.engine, self.candidates.as_ref());
        let is_probe = self.ticket.is_probe();
        let target = &engine.targets[self.index];
        let leaving = Leaving {
            mirror: &engine.name,
            target: target.target(),
            trace: target.trace,
            rules: &engine.options.headers,
        };
        let span = self.origin.start(&leaving, &mut request);
        let sending = self
            .capturing
            .send(engine, self.index, request, candidates, is_probe);
        let sending = match sending {
            Ok(sending) => span.around(sending),
            Err(reason) => {
                span.stays();
                return Err(reason);
            }
        };
        self.span = span;
        self.stage = Stage::Left;
        if let Some(side) = &mut self.side {
            side.sent();
        }
        self.tell(Happened::Sent { bytes });
        Ok(sending)
    }

    /// Hands an exchange over to a sink: it is counted as sent now. The future has it kept, within
    /// the target's timeout, and reports what became of it.
    pub(super) async fn hand_over(mut self, exchange: Arc<RecordedExchange>) {
        if !self.capturing.lets_leave(&self.engine) {
            self.stay(SkipReason::SwitchedOff);
            return;
        }
        let bytes = exchange.bytes();
        self.stage = Stage::Left;
        self.tell(Happened::Sent { bytes });
        let left = Instant::now();
        let (outcome, is_given_up) = if self.capturing.captures() {
            (Ok(()), false)
        } else {
            let keeping = self.keep(exchange);
            kept(keeping, left, self.target().timeout).await
        };
        if is_given_up {
            self.permit.give_up();
        }
        let elapsed = left.elapsed();
        // 204 says that it was done, and no more.
        let outcome = outcome.map(|()| {
            BufferedResponse::new(StatusCode::NO_CONTENT, HeaderMap::new(), Bytes::new())
                .with_first_byte(elapsed)
                .with_latency(elapsed)
        });
        let failed = outcome.is_err().then_some(elapsed);
        let reported = self.end(outcome.map_err(MirrorError::safe), failed);
        if let Some(reported) = reported {
            // The callback has ended, or there was no thread for it.
            let _ = reported.await;
        }
    }

    /// The future that keeps an exchange; `None` if the sink has panicked, or is none.
    fn keep(&self, exchange: Arc<RecordedExchange>) -> Option<Guarded> {
        let target = self.target();
        let Some(Route::Sink(sink)) = &target.route else {
            return None;
        };
        let keeping = caught(target.source.code(SINK), || {
            sink.keep(exchange, target.target())
        })?;
        Some(Guarded(Some(keeping)))
    }

    /// It does not leave after all.
    pub(super) fn stay(&mut self, reason: SkipReason) {
        self.stage = Stage::Ended;
        self.target().gate.not_needed(self.ticket);
        let request_id = self.request_id.as_ref();
        self.engine.not_sent_of(request_id, self.index, reason);
    }

    fn outcome(
        &self,
        sending: Sending,
        left: Instant,
    ) -> impl Future<Output = (Result<Received, Failed>, bool)> + Send + use<> {
        let wanted = Wanted {
            keep: self.engine.keeps_bodies,
            compare: self.side.is_some(),
            max_compared: self.side.as_ref().and_then(CopySide::max_body),
        };
        let receiving = Receiving::new(sending, left, wanted);
        Bounded::new(receiving, left, self.target().timeout)
    }

    fn end(
        &mut self,
        outcome: Result<BufferedResponse, MirrorError>,
        elapsed: Option<Duration>,
    ) -> Option<Ended> {
        self.stage = Stage::Ended;
        self.span.ended(&outcome, self.side.is_some());
        let target = self.target();
        let (turn, error) = match &outcome {
            Ok(_) => (target.gate.answered(self.ticket), None),
            Err(error) => {
                let turn = target.gate.failed(self.ticket, error);
                (turn, turn.map(|_| error.to_string()))
            }
        };
        let source = &target.source;
        let reported = source.tell_end(self.request_id.as_ref(), self.route, outcome, elapsed);
        if let Some(turn) = turn {
            target.source.tell(Happened::CircuitTurned(turn, error));
        }
        reported
    }

    fn tell(&self, happened: Happened) -> Option<Ended> {
        let source = &self.target().source;
        source.tell_of(self.request_id.as_ref(), happened)
    }

    fn target(&self) -> &EngineTarget {
        &self.engine.targets[self.index]
    }
}

/// Gives a copy the headers of its target alone. A trailer of the same name would be another value
/// of them.
fn give_headers(
    request: &mut Request<CopyBody>,
    set: &[(HeaderName, HeaderValue)],
) -> Result<(), SkipReason> {
    for (name, value) in set {
        let inserted = request
            .headers_mut()
            .try_insert(name.clone(), value.clone());
        inserted.map_err(|_| SkipReason::Unsendable)?;
    }
    let body = request.body_mut();
    let is_set = |trailers: &HeaderMap| set.iter().any(|(name, _)| trailers.contains_key(name));
    if body.trailers().is_some_and(is_set) {
        let mut trailers = body.take_trailers().unwrap_or_default();
        for (name, _) in set {
            trailers.remove(name);
        }
        *body = std::mem::take(body).with_trailers(Some(Arc::new(trailers)));
    }
    Ok(())
}

/// Has an exchange kept, within a time, and says whether a drain has given that up.
async fn kept(
    keeping: Option<Guarded>,
    left: Instant,
    timeout: Duration,
) -> (Result<(), MirrorError>, bool) {
    let Some(mut keeping) = keeping else {
        return (Err(MirrorError::Panicked), false);
    };
    let mut cut = pin!(draining::cut());
    // It is asked also if the sink has taken all of the task's budget.
    let mut deadline = pin!(unconstrained(sleep_until(left + timeout)));
    poll_fn(|context| {
        if let Poll::Ready(outcome) = keeping.poll(context) {
            Poll::Ready((outcome, false))
        } else if cut.as_mut().poll(context).is_ready() {
            Poll::Ready((Err(MirrorError::Cancelled), true))
        } else {
            let over = deadline.as_mut().poll(context);
            over.map(|()| (Err(MirrorError::Timeout(timeout)), false))
        }
    })
    .await
}

/// The name of a sink in the log line of a panic.
const SINK: &str = "sink";

/// The future of a sink, until it has ended or panicked. It is dropped where that does no harm.
struct Guarded(Option<Keeping>);

impl Guarded {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), MirrorError>> {
        let polled = self.0.as_mut();
        let polled = polled.and_then(|keeping| caught(SINK, || keeping.as_mut().poll(context)));
        match polled {
            Some(polled) => polled.map_err(MirrorError::Sink),
            None => Poll::Ready(Err(MirrorError::Panicked)),
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if let Some(keeping) = self.0.take() {
            caught(SINK, || drop(keeping));
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        match self.stage {
            Stage::Admitted => self.stay(ShedReason::NoRuntime.into()),
            Stage::Left => {
                self.permit.give_up();
                self.end(Err(MirrorError::Cancelled), None);
            }
            Stage::Ended => {}
        }
    }
}
