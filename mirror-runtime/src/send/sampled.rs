//! A request that is to be mirrored, until each of its targets has an outcome.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    thread,
    time::Instant,
};

use axum::{body::Body, response::Response};
use http::{Method, header, request::Parts};
use http_body::Body as _;
use tokio::runtime::Handle;

use super::{
    About, Copies, Departure, Make,
    handover::{Handover, Shares},
    ready::{MadeBefore, Ready},
};
#[cfg(feature = "record")]
use crate::record::point;
use crate::{
    body::{Copied, ReadAhead, ReadBody, Tee, read_ahead},
    engine::{
        BodyMode, Engine, EngineTarget,
        capturing::Capturing,
        twice::{Around, within},
    },
    exchange::{Joining, Open, PrimarySide},
    outcome::{ShedReason, SkipReason},
    request::{CommonRequest, MIRRORED_FROM, Original, expects_continue, has_any, is_upgrade},
    sampling::Share,
    stats::RouteLabel,
    telemetry::{RequestId, request_id_of},
    trace::Origin,
    transport::handler::Candidates,
    workers::{caught, runtime_with_timers},
};

/// A sampled request, and the targets that await its outcome.
///
/// The future that holds it is dropped when the client goes away; what is undecided then is counted
/// in `Drop`.
#[derive(Debug)]
pub(crate) struct Sampled {
    engine: Arc<Engine>,
    /// One bit per target; a mirror has at most 64.
    undecided: u64,
    /// By which it was sampled for the sinks among the targets.
    shares: Shares,
    /// The handlers among the targets, if some of them are.
    /// In a box, for which every request has the room.
    candidates: Option<Box<Candidates>>,
    /// Where the copies' responses are to meet the primary's.
    open: Option<Open>,
    /// Where the request is to meet its response, if sinks are among the targets.
    joining: Option<Box<Joining>>,
    /// The route of the request, as a label.
    route: RouteLabel,
    /// The source of the copies, from its arrival until they leave.
    ready: Option<Box<Ready>>,
    /// The tasks for which the response waits, in `sync` mode.
    copies: Copies,
    /// The id by which those who are told know the request.
    request_id: Option<RequestId>,
    /// The trace that the request belongs to.
    origin: Origin,
}

/// What is asked of the primary's response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// All of it.
    Response,
    /// Its status, which need not be there.
    Status,
}

/// The progress of the primary.
#[derive(Clone, Copy)]
enum Turn {
    Begins,
    HasBegun,
    GoesOn,
}

impl Sampled {
    /// Decides whether a request is mirrored, from its head alone. If it is not, that is all it
    /// costs.
    pub(crate) fn choose(engine: &Arc<Engine>, parts: &mut Parts) -> Option<Self> {
        if engine.switch.is_off() && !is_captured(engine) {
            skip_all(engine, SkipReason::SwitchedOff);
            return Self::replayed(engine);
        }
        if has_any(&parts.headers, [&MIRRORED_FROM]) {
            skip_all(engine, SkipReason::Loop);
            return Self::replayed(engine);
        }
        if !engine.admits(parts) {
            skip_all(engine, SkipReason::Filtered);
            return None;
        }
        let (draw, capturing) = (engine.draw(parts), Capturing::here());
        let drawn = |target: &EngineTarget, share: Share| {
            if share.samples(draw) {
                Ok(())
            } else if share.is_zero() && !target.has_no_share {
                Err(SkipReason::SwitchedOff)
            } else if capturing.samples_all() {
                Ok(())
            } else {
                Err(SkipReason::NotSampled)
            }
        };
        // Why the baseline, which comes last, has no copy beside which it would be sent.
        let (mut targets, mut none) = (0, SkipReason::SwitchedOff);
        let mut shares = Shares::default();
        for (index, target) in engine.targets.iter().enumerate() {
            let is_baseline = engine.is_baseline(index);
            let share = target.share.get();
            let decided = if !capturing.enables(target.target()) {
                Err(SkipReason::Disabled)
            } else if !is_baseline {
                drawn(target, share)
            } else if targets == 0 {
                Err(none)
            } else {
                Ok(())
            };
            if !is_baseline && decided != Err(SkipReason::SwitchedOff) {
                none = SkipReason::NotSampled;
            }
            if let Err(reason) = decided {
                engine.not_sent(index, reason);
            } else if let Some(reason) = target.gate.refuses() {
                engine.not_sent(index, reason.into());
            } else {
                targets |= 1 << index;
                if engine.is_sink(index) {
                    shares.push((index, share));
                }
            }
        }
        if targets == 0 {
            return None;
        }
        engine.look_around(parts);
        let mut sampled = Self::new(engine, targets);
        sampled.shares = shares;
        Some(sampled)
    }

    /// A request that is replayed to a program in which this mirror stands.
    #[cfg(feature = "record")]
    fn replayed(engine: &Arc<Engine>) -> Option<Self> {
        point::is_of(&engine.name).then(|| Self::new(engine, 0))
    }

    #[cfg(not(feature = "record"))]
    const fn replayed(_: &Arc<Engine>) -> Option<Self> {
        None
    }

    fn new(engine: &Arc<Engine>, targets: u64) -> Self {
        Self {
            engine: Arc::clone(engine),
            undecided: targets,
            shares: Shares::new(),
            candidates: None,
            open: None,
            joining: None,
            route: RouteLabel::NONE,
            ready: None,
            copies: Copies::default(),
            request_id: None,
            origin: Origin::none(),
        }
    }

    /// Whether one of the targets that await an outcome is a handler.
    pub(crate) fn wants_candidates(&self) -> bool {
        let mut targets = self.engine.targets.iter().enumerate();
        targets
            .any(|(index, target)| self.undecided >> index & 1 == 1 && target.target().is_handler())
    }

    pub(crate) fn with_candidates(mut self, candidates: Candidates) -> Self {
        self.candidates = Some(Box::new(candidates));
        self
    }

    /// Sends the copies and lets `primary` respond to the request; in `sync` mode the response
    /// waits for the copies.
    #[expect(
        clippy::manual_async_fn,
        reason = "the future of an `async fn` has room for each argument twice"
    )]
    ///
    /// `response` is the response in what `primary` returns, if there is one.
    pub(crate) fn serve<F: Future>(
        mut self,
        parts: Parts,
        body: Body,
        primary: impl FnOnce(Parts, Body) -> F,
        response: impl FnOnce(&mut F::Output, Asked) -> Option<&mut Response>,
    ) -> impl Future<Output = F::Output> {
        async move {
            #[cfg(feature = "record")]
            let is_replayed = self.undecided == 0;
            if self.undecided != 0 {
                if self.engine.tells() {
                    self.request_id = request_id_of(&parts);
                }
                self.origin = Origin::capture(&parts);
            }
            let status = self.origin.primary();
            let side = PrimarySide::new(&self.engine, &parts, &body, self.request_id.as_ref());
            let side = side.map(|(side, open)| {
                self.open = Some(open);
                side
            });
            self.route = RouteLabel::of(&parts);
            self.join(&parts, &body);
            let body = self.prepare(&parts, body).await;
            let mut around = Some(Around::new(&self.engine, &parts));
            if let Some(joining) = &mut self.joining {
                joining.begins();
            }
            let began = Instant::now();
            let mut answer = {
                let mut primary = pin!(primary(parts, body));
                let (sampled, mut turn) = (&mut self, Turn::Begins);
                // The copies leave when the primary has begun and is not given up at once: a client
                // that resets each request as soon as it is sent makes no copies. Servers look for
                // that between the first two times that they poll.
                poll_fn(move |context| {
                    if let Turn::HasBegun = turn {
                        sampled.send();
                        turn = Turn::GoesOn;
                    }
                    let polled = within(&mut around, || primary.as_mut().poll(context));
                    if let Turn::Begins = turn {
                        if polled.is_ready() {
                            sampled.send();
                        } else if sampled.ready.is_some() {
                            turn = Turn::HasBegun;
                            context.waker().wake_by_ref();
                        } else {
                            turn = Turn::GoesOn;
                        }
                    }
                    polled
                })
                .await
                // Here the room that the primary took in this future is free again.
            };
            #[cfg(feature = "record")]
            if is_replayed {
                response(&mut answer, Asked::Response).map(point::take);
                return answer;
            }
            let engine = &self.engine;
            let elapsed = began.elapsed();
            engine.latency.record(elapsed);
            engine.primary.record(self.route, elapsed);
            let joining = self.joining.take();
            if side.is_some() || joining.is_some() {
                let response = response(&mut answer, Asked::Response);
                status.responded(response.as_ref().map(|response| response.status()));
                note(side, joining, response, began, &self.engine);
            } else if status.is_waited_for() {
                let response = response(&mut answer, Asked::Status);
                status.responded(response.map(|response| response.status()));
            }
            if engine.options.sync {
                let longest = engine.longest_timeout();
                let copies = std::mem::take(&mut self.copies);
                copies.wait(longest).await;
            }
            answer
        }
    }

    /// Has the request meet its response, if one of the targets is a sink.
    fn join(&mut self, parts: &Parts, body: &Body) {
        let sinks = self.undecided & self.engine.sinks;
        if sinks == 0 {
            return;
        }
        let lacks_body = !self.engine.options.copies_body() && !body.is_end_stream();
        self.joining = Joining::new(parts, lacks_body);
        if self.joining.is_none() {
            let others = self.undecided & !sinks;
            self.undecided = sinks;
            self.skip(ShedReason::ByteBudget.into());
            self.undecided = others;
        }
    }

    /// Gets what the copies are made of, or sees to it that they leave when the handler has read
    /// the body. Returns the body for the handler.
    ///
    /// What is undecided here afterwards is [ready](Self::send).
    async fn prepare(&mut self, parts: &Parts, body: Body) -> Body {
        if self.undecided == 0 {
            // It is a replay, which is about the response alone.
            return body;
        }
        // No copy could leave without one, and nobody would tell when to stop reading. It is asked
        // for once: each time costs as much as sampling does.
        let runtime = runtime_with_timers().ok_or(ShedReason::NoRuntime.into());
        let needed = runtime.and_then(|runtime| Ok((self.needed(parts, &body)?, runtime)));
        let body = match needed {
            Err(reason) => {
                self.skip(reason);
                body
            }
            Ok((Needed::Nothing, runtime)) => {
                self.make_ready(runtime, parts, Ok(ReadBody::default()));
                body
            }
            Ok((Needed::Body, runtime)) => {
                let options = &self.engine.options;
                match read_ahead(body, options.max_body, options.read_ahead).await {
                    ReadAhead::Ended(body, read) => {
                        self.make_ready(runtime, parts, read);
                        body
                    }
                    ReadAhead::Slow(body) => match self.send_later(runtime, parts) {
                        Some(done) => body.note(done),
                        None => body.into_body(),
                    },
                }
            }
            Ok((Needed::BodyAsItIsRead, runtime)) => match self.send_later(runtime, parts) {
                Some(done) => {
                    let options = &self.engine.options;
                    let (max, within) = (options.max_body, options.read_ahead);
                    Body::new(Tee::new(body, max, within, done))
                }
                None => body,
            },
        };
        if self.ready.is_none() {
            // No more copies will leave from here.
            (self.open, self.candidates) = (None, None);
        }
        body
    }

    /// The work after the handler has read the body. `None` if there are no copies.
    fn send_later(
        &mut self,
        runtime: Handle,
        parts: &Parts,
    ) -> Option<impl FnOnce(Copied) + Send + Unpin + use<>> {
        let options = &self.engine.options;
        // At once: this may take long, and the original's memory is its connection's.
        let mut original = Original::from_parts(parts);
        self.take_within(&mut original, parts);
        let copy = match original.copy(&options.headers) {
            Ok(copy) => copy.in_own_memory(),
            Err(reason) => {
                self.skip(reason);
                return None;
            }
        };
        let (sender, copies) = Copies::later();
        self.copies = copies;
        let mut later = self.take();
        Some(move |read: Copied| {
            let make = read.map(|body| MadeBefore { copy, body });
            // Nobody may be waiting for them.
            let _ = sender.send(later.leave(&runtime, make));
        })
    }

    /// All that is undecided.
    fn take(&mut self) -> Self {
        Self {
            engine: Arc::clone(&self.engine),
            undecided: std::mem::take(&mut self.undecided),
            shares: std::mem::take(&mut self.shares),
            candidates: self.candidates.take(),
            open: self.open.take(),
            joining: self.joining.as_mut().and_then(|joining| joining.split()),
            route: self.route,
            ready: None,
            copies: Copies::default(),
            request_id: self.request_id.clone(),
            origin: self.origin.clone(),
        }
    }

    fn needed(&self, parts: &Parts, body: &Body) -> Result<Needed, SkipReason> {
        let options = &self.engine.options;
        // Most requests have neither.
        let is_special = has_any(&parts.headers, [&header::UPGRADE, &header::EXPECT]);
        if (is_special || parts.method == Method::CONNECT) && is_upgrade(parts) {
            Err(SkipReason::Upgrade)
        } else if body.is_end_stream() || !options.copies_body() {
            Ok(Needed::Nothing)
        } else if options.body == BodyMode::Tee || is_special && expects_continue(&parts.headers) {
            // Reading ahead would make the server ask the client for a body that the handler may
            // not want.
            Ok(Needed::BodyAsItIsRead)
        } else {
            Ok(Needed::Body)
        }
    }

    /// Takes what handlers among the targets get beside what every copy has.
    fn take_within(&self, original: &mut Original, parts: &Parts) {
        if self.candidates.is_some() {
            original.take_within(parts);
        }
    }

    /// The copies of a request whose body has been read are to leave with [`send`](Self::send).
    fn make_ready(&mut self, runtime: Handle, parts: &Parts, read: Copied) {
        match read {
            Ok(body) => {
                let mut ready = Box::new(Ready {
                    runtime: Some(runtime),
                    original: Original::without_headers(parts),
                    body,
                });
                ready.original.take_headers(parts);
                self.take_within(&mut ready.original, parts);
                self.ready = Some(ready);
            }
            Err(reason) => self.skip(reason),
        }
    }

    /// Sends the copies, if they are ready. Nothing is undecided afterwards.
    fn send(&mut self) {
        let Some(mut ready) = self.ready.take() else {
            return;
        };
        let Some(runtime) = ready.runtime.take() else {
            return;
        };
        self.copies = self.leave(&runtime, Ok(ready));
        // No more copies will leave from here.
        (self.open, self.candidates) = (None, None);
    }

    /// Lets the copies leave, and settles each target that gets none.
    fn leave(&mut self, runtime: &Handle, make: Result<impl Make, SkipReason>) -> Copies {
        let mut copies = Copies::default();
        let mut make = match make {
            Ok(make) => make,
            Err(reason) => {
                self.skip(reason);
                return copies;
            }
        };
        let mut departure = Departure::default();
        let mut handover = self.handover();
        while let Some(index) = self.next() {
            let admitted = match &mut handover {
                Some(handover) if self.engine.is_sink(index) => handover.admit(index),
                _ => self.admit(index, &mut departure),
            };
            if let Err(reason) = admitted {
                self.not_sent(index, reason);
            }
        }
        let kept = self.open.as_ref().and_then(Open::kept);
        let copy = move |make: _, body, rules: &_| {
            let copy: Result<CommonRequest, _> = Make::copy(make, body, rules);
            if let (Some(kept), Ok(copy)) = (kept, &copy) {
                kept.keep(copy.body());
            }
            copy
        };
        match handover.filter(|handover| !handover.is_empty()) {
            None => {
                let copy = move |rules: &_| {
                    let body = make.body();
                    copy(make, body, rules)
                };
                departure.leave(runtime, copy, &mut copies);
            }
            Some(handover) if departure.is_empty() => {
                runtime.spawn(handover.run_alone(make));
            }
            Some(handover) => {
                let copy = move |rules: &_| {
                    let body = make.body();
                    tokio::spawn(handover.run(body.clone()));
                    copy(make, body, rules)
                };
                departure.leave(runtime, copy, &mut copies);
            }
        }
        copies
    }

    /// The handover of the request to the sinks among the targets.
    fn handover(&mut self) -> Option<Handover> {
        let waiting = self.joining.as_mut()?.take_waiting()?;
        let (request_id, shares) = (self.request_id.clone(), std::mem::take(&mut self.shares));
        let handover = Handover::new(&self.engine, waiting, request_id, self.route);
        Some(handover.with_shares(shares))
    }

    fn admit(&self, index: usize, departure: &mut Departure) -> Result<(), SkipReason> {
        if departure.is_empty() && self.engine.is_baseline(index) {
            // There is nothing to compare.
            return Err(SkipReason::NotSampled);
        }
        let candidates = self.candidates.as_deref();
        let about = About {
            request_id: self.request_id.as_ref(),
            origin: &self.origin,
            route: self.route,
        };
        departure.admit(&self.engine, index, self.open.as_ref(), candidates, about)
    }

    /// The next undecided target. Whoever takes it decides it.
    fn next(&mut self) -> Option<usize> {
        let index = self.undecided.trailing_zeros();
        self.undecided &= self.undecided.wrapping_sub(1);
        (index < u64::BITS).then_some(index as usize)
    }

    fn skip(&mut self, reason: SkipReason) {
        while let Some(index) = self.next() {
            self.not_sent(index, reason);
        }
    }

    fn not_sent(&self, index: usize, reason: SkipReason) {
        if let Some(open) = &self.open {
            open.not_sent(index, reason);
        }
        let request_id = self.request_id.as_ref();
        self.engine.not_sent_of(request_id, index, reason);
    }
}

impl Drop for Sampled {
    fn drop(&mut self) {
        if thread::panicking() {
            // The handler has, before the copies could leave. Its request is worth as much to a
            // shadow as any.
            caught("copy", || self.send());
        }
        self.skip(SkipReason::PrimaryGone);
    }
}

/// Notes the primary's response, to be compared and for sinks.
fn note(
    side: Option<PrimarySide>,
    joining: Option<Box<Joining>>,
    response: Option<&mut Response>,
    began: Instant,
    engine: &Engine,
) {
    match (response, joining) {
        (Some(response), joining) => {
            if let Some(side) = side {
                side.note(response, began);
            }
            if let Some(joining) = joining {
                joining.note(response, engine.options.max_body);
            }
        }
        (None, Some(joining)) => joining.failed(),
        (None, None) => {}
    }
}

/// Whether a test captures what a mirror would send that is off for all else.
#[cold]
fn is_captured(engine: &Engine) -> bool {
    engine.switch.is_on_for_captures() && Capturing::here().captures()
}

fn skip_all(engine: &Engine, reason: SkipReason) {
    (0..engine.targets.len()).for_each(|index| engine.not_sent(index, reason));
}

/// The copies' need of a body.
enum Needed {
    Nothing,
    Body,
    BodyAsItIsRead,
}
